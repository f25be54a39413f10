"""Answers as HTML: statements with numbered chips, verdicts, the closest passages.

Pure functions from nouns to markup. Everything that is not ours goes through `markup.escaped`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.tables import columns_of
from rag.answer.tables import runs_of as runs_of_rows
from rag.domain import Answer, Citation, Confidence, Role, Statement, Verdict, document_name
from rag.text.units import cells_of
from ui.web.chips import chip_html
from ui.web.conversation import Exchange, State
from ui.web.foot import AGAIN, foot_html
from ui.web.markup import escaped, exact
from ui.web.passages import Shelf, passage_html
from ui.web.prose import is_markdown, prose_html, row_html, rows_html, runs_of, table_html, written_row_html
from ui.words import ROLE_NAMES

_UNFOLD = (
    '<button type="button" class="act unfold" data-act="unfold" aria-expanded="false" hidden>Show all of it</button>'
)
_QUESTION_ACTS = (
    '<div class="acts"><button type="button" class="act" data-act="edit">Edit</button>'
    '<button type="button" class="act" data-act="drop" aria-label="Delete this question and its answer">Delete</button></div>'
)


def exchange_html(exchange: Exchange, number: int, shelf: Shelf) -> str:
    """One question with what was answered; `number` counts the questions of a conversation from 1."""
    state = "pending" if exchange.state is State.RUNNING else exchange.state.value
    answer = exchange.answer
    body = (
        answer_html(answer, str(number), shelf)
        if answer
        else '<p class="waiting">Searching your documents…</p>'
        if state == "pending"
        else ""
    )
    return (
        f'<article class="turn {state}" id="turn-{number}" data-turn="{number}" aria-labelledby="question-{number}">'
        f'<div class="asked"><h2 class="question" id="question-{number}" dir="auto">{escaped(exchange.question)}</h2>'
        f"{_UNFOLD}{_QUESTION_ACTS}</div>"
        f"{_searched_html(answer)}"
        f'<div class="answer">{body}{_ending_html(exchange)}</div>'
        f"{foot_html(answer, number, shelf) if answer and exchange.state is State.DONE else ''}"
        "</article>"
    )


def _searched_html(answer: Answer | None) -> str:
    if answer is None or len(answer.searched_for) < 2:
        return ""
    words = answer.searched_for[-1]
    return (
        f'<p class="searched" dir="auto">Searched for: {escaped(words)} <button type="button" class="act" '
        f'data-act="edit" data-words="{exact(words)}" aria-label="Edit what was searched for">Edit</button></p>'
    )


def answer_html(answer: Answer, name: str, shelf: Shelf, *, names_sources: bool = False) -> str:
    """What an answer says. By `name` its citations are told apart from those of others on the page; with
    `names_sources` each statement names the document it is from, without it only where there are several."""
    if answer.abstained:
        return _abstention_html(answer, shelf)
    kind = "maybe" if answer.confidence is Confidence.LOW else "notice"
    notice = f'<p class="{kind}" dir="auto">{escaped(answer.notice)}</p>' if answer.notice else ""
    return f"{notice}{_statements_html(answer, name, shelf, names_sources)}{_unmentioned_html(answer)}{_closest_html(answer, shelf)}"


def _unmentioned_html(answer: Answer) -> str:
    words = ", ".join(f"“<b>{escaped(word)}</b>”" for word in answer.unmentioned)
    return f'<p class="missing" dir="auto">Nothing here mentions {words}.</p>' if words else ""


def _statements_html(answer: Answer, name: str, shelf: Shelf, names_sources: bool) -> str:
    if (table := _table_of_rows_html(answer.statements, name, shelf)) is not None:
        return table
    documents = {citation.paragraph.document_id for citation in answer.citations}
    names = names_sources or len(documents) > 1
    rendered = [_statement_html(one, name, shelf, names_source=names) for one in answer.statements]
    for run in runs_of_rows([one.cells if not one.conflicts_with else () for one in answer.statements]):
        if answer.statements[run.start].cells and not answer.statements[run.start].conflicts_with:
            rows = answer.statements[run.start : run.stop]
            rendered[run.start : run.stop] = [_written_table_html(rows, name, shelf), *[""] * (len(run) - 1)]
    parts = []
    for group in _sides(answer.statements):
        inside = "".join(rendered[i] for i in group)
        parts.append(
            '<div class="conflict" role="group" aria-label="Sources that differ"><p class="conflict-head">Your sources differ on '
            f'this</p><div class="sides">{inside}</div></div>'
            if len(group) > 1
            else inside
        )
    return "".join(parts)


def _table_of_rows_html(statements: Sequence[Statement], name: str, shelf: Shelf) -> str | None:
    """Statements that are whole rows of one table as that table, so that they can be compared; None for any others."""
    cited = [citation for statement in statements for citation in statement.citations]
    # Rows of two documents are told apart by the names of these, and what differs is told side by side.
    is_of_one = len({citation.paragraph.document_id for citation in cited}) == 1
    are_plain = all(one.is_quote and not one.conflicts_with for one in statements)
    are_rows = is_of_one and are_plain and len(cited) == len(statements)
    runs = list(runs_of(one.paragraph for one in cited if one.quote == one.paragraph.text)) if are_rows else []
    if len(runs) != 1 or not runs[0].columns or len(runs[0].paragraphs) < len(statements):
        return None
    columns = runs[0].columns
    rows = "".join(
        f'<div class="statement {statement.verdict.value}" dir="auto"><span class="marks">{chip_html(one, name, shelf)}</span>'
        f'<div class="said">{row_html(one.paragraph, columns, bold=one.bold)}</div></div>'
        for statement, one in zip(statements, cited, strict=True)
    )
    lead = f'<p class="lead" dir="auto">{escaped(statements[0].lead)}</p>' if statements[0].lead else ""
    return f'{lead}<div class="scroll" tabindex="0">{rows_html(columns, rows)}</div>'


def _written_table_html(statements: Sequence[Statement], name: str, shelf: Shelf) -> str:
    """Rows that a model wrote, as the table that they are: each with its marks and what is doubted of it."""
    columns = columns_of(statements[0].cells)
    rows = "".join(
        f'<div class="statement {statement.verdict.value}" dir="auto">'
        f'<span class="marks">{"".join(chip_html(one, name, shelf) for one in statement.citations)}</span>'
        f'<div class="said">{written_row_html(statement.cells)}{_doubt_html(statement)}</div></div>'
        for statement in statements
    )
    return f'<div class="scroll" tabindex="0">{rows_html(columns, rows)}</div>'


def _doubt_html(statement: Statement) -> str:
    if statement.verdict is Verdict.UNSUPPORTED:
        reason = escaped(statement.reason or "")
        return f'<span class="why"><strong>Not found in your documents.</strong> {reason}</span>'
    return f'<span class="from">{escaped(statement.doubt)}</span>' if statement.verdict is Verdict.TRANSLATED else ""


def _sides(statements: Sequence[Statement]) -> list[list[int]]:
    """Places of statements, those that differ together where the first of them stands."""
    groups: list[list[int]] = []
    placed: set[int] = set()
    for i in range(len(statements)):
        if i in placed:
            continue
        group, open_ends = {i}, [i]
        while open_ends:
            others = {o for o in statements[open_ends.pop()].conflicts_with if 0 <= o < len(statements)}
            open_ends += others - group - placed
            group |= others - placed
        placed |= group
        groups.append(sorted(group))
    return groups


def _statement_html(statement: Statement, name: str, shelf: Shelf, names_source: bool) -> str:
    role = statement.citations[0].paragraph.role if statement.citations else None
    classes = f"statement {statement.verdict.value}{' by-reader' if role is Role.COMMENT else ''}"
    badge = f'<span class="badge">{ROLE_NAMES[role]}</span> ' if role in (Role.COMMENT, Role.CAPTION) else ""
    chips = "".join(chip_html(citation, name, shelf) for citation in statement.citations)
    why = _doubt_html(statement)
    said = _said_html(statement)
    source = "".join(
        f'<span class="from">{escaped(_source(c))}</span>' for c in statement.citations[:1] if names_source
    )
    return f'<div class="{classes}" dir="auto">{badge}{said}{chips}{source}{why}</div>'


def _said_html(statement: Statement) -> str:
    """What a statement says, with our words in front: a quote as it looks in its document, a row under the names of its
    columns."""
    lead = f'<span class="lead">{escaped(statement.lead)}</span> ' if statement.lead else ""
    if not statement.is_quote:
        return f'{lead}<span class="said">{escaped(statement.text)}</span>'
    citation = statement.citations[0]
    quote, document_id, role = citation.quote, citation.paragraph.document_id, citation.paragraph.role
    columns = cells_of((statement.lead or "").removesuffix(":"))
    inside = citation.bold.shifted(-citation.start) if citation.bold else None
    table = table_html(quote, document_id, head=columns, bold=inside) if role is Role.TABLE else None
    if table:
        return f'{"" if "<th>" in table else lead}<div class="said scroll" tabindex="0">{table}</div>'
    tag = "q" if statement.takes_quotation_marks else "span"
    # Rows, items and lines of code are told apart by their lines.
    is_code = is_markdown(document_id) and quote.startswith("```")
    kind = " code" if is_code else " lines" if role in (Role.TABLE, Role.LIST) and "\n" in quote else ""
    shown, bold = (quote, None) if kind else (statement.text, statement.bold)
    return f'{lead}<{tag} class="said{kind}">{prose_html(shown, document_id, bold=bold)}</{tag}>'


def _source(citation: Citation) -> str:
    facts = (citation.source.title, document_name(citation.paragraph.document_id), citation.source.day)
    return " · ".join(fact for fact in facts if fact)


def _abstention_html(answer: Answer, shelf: Shelf) -> str:
    parts = [f'<p class="notfound">{escaped(answer.notice or "Not in your documents.")}</p>']
    if answer.missing_terms:
        words = ", ".join(f"<b>{escaped(term)}</b>" for term in answer.missing_terms)
        parts.append(f'<p class="missing">Never found in them: {words}</p>')
    return "".join([*parts, _closest_html(answer, shelf)])


def _closest_html(answer: Answer, shelf: Shelf) -> str:
    if not answer.closest:
        return ""
    head = "Related passages – not an answer" if answer.abstained else "Related passages"
    items = "".join(f"<li>{passage_html(passage, shelf, answer.question)}</li>" for passage in answer.closest)
    return (
        f'<div class="closest" role="group" aria-label="Closest passages"><p class="closest-head">{head}</p>'
        f"<ul>{items}</ul></div>"
    )


def _ending_html(exchange: Exchange) -> str:
    if exchange.state is State.FAILED:
        problem = escaped(exchange.problem or "Something went wrong.")
        return f'<p class="failed" role="alert">{problem}</p><p>{AGAIN}</p>'
    if exchange.state is State.STOPPED:
        return f'<p class="stopped">This answer was stopped before it was complete.</p><p>{AGAIN}</p>'
    return ""
