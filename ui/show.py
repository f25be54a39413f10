"""Nouns as lines of text for a terminal. Everything from documents and questions goes through `safe`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import regex
from rich.markup import escape

from rag.domain import Answer, Citation, Json, Passage, Role, Statement, Verdict, document_name
from rag.text.units import cell_spans, cells_of, is_tagged, without_tags
from ui.words import REASONING, ROLE_NAMES, also_text, excerpt, left_out_text, verdict_text

if TYPE_CHECKING:
    from rag.documents.left_out import LeftOut
    from rag.ingest import FileOutcome, Report

_NAMED = 5
"""Files that are named in a line that counts more of them."""

_FENCED = regex.compile(r"\s*(?P<fence>```|~~~)[^\n]*\n.*\n\s*(?P=fence)\s*", regex.DOTALL)
"""A whole block of code in Markdown."""
_LINES = regex.compile(r"[\t-\r\x85]")
_CONTROL = regex.compile(r"\p{Cc}")


def safe(text: str) -> str:
    """Text from anywhere, to be printed on one line: no markup, and nothing that a terminal would obey."""
    return escape(_CONTROL.sub("�", _LINES.sub(" ", text)))


def answer_lines(answer: Answer) -> Iterator[str]:
    if len(answer.searched_for) > 1:
        yield f"[dim]searched for: {safe(answer.searched_for[-1])}[/dim]"
    if answer.notice:
        yield safe(answer.notice)
    if answer.abstained:
        yield from _abstention_lines(answer)
        yield from _reasoning_lines(answer)
        return
    for statement in answer.statements:
        yield _statement_line(statement)
    if any(statement.conflicts_with for statement in answer.statements):
        yield "[yellow]Your sources differ on this.[/yellow]"
    if answer.statements:
        yield ""
        for _, citations in groupby(answer.sources, key=lambda citation: citation.paragraph.key):
            yield from _citation_lines(list(citations))
        yield f"[dim]{_verdict_line(answer)}[/dim]"
    if answer.unmentioned:
        yield f"Nothing here mentions {safe(', '.join(f'“{word}”' for word in answer.unmentioned))}."
    if answer.closest:
        yield "\nRelated passages:"
        yield from _closest_lines(answer)
    yield from _reasoning_lines(answer)


def _reasoning_lines(answer: Answer) -> Iterator[str]:
    if answer.reasoning:
        yield f"\n[dim]{REASONING}:[/dim]"
        yield from (f"[dim]{safe(line)}[/dim]" for line in answer.reasoning.splitlines() if line.strip())


def passage_lines(passage: Passage, number: int) -> Iterator[str]:
    ranks = passage.ranks
    legs = "  ".join(
        f"{leg} {rank if rank is not None else '–'}"
        for leg, rank in (("dense", ranks.dense), ("words", ranks.words), ("grams", ranks.grams))
    )
    facts = f"{passage.paragraph.role.value}  score {passage.score:.3f}  {legs}"
    yield f"[bold]{number:2}[/bold]  {safe(passage.paragraph.place)}  [dim]{facts}[/dim]"
    yield f"    {safe(excerpt(passage.paragraph.text))}"


def outcome_line(outcome: FileOutcome) -> str:
    from rag.ingest import Outcome  # heavy: kept out of `ibid --help`

    detail = f": {safe(outcome.detail)}" if outcome.detail else ""
    colour = "red" if outcome.outcome is Outcome.FAILED else "green"
    return f"[{colour}]{outcome.outcome.value:9}[/{colour}] {safe(document_name(outcome.document_id))}{detail}"


def summary_line(report: Report) -> str:
    from rag.ingest import Outcome  # heavy: kept out of `ibid --help`

    counts = report.counts
    said = ", ".join(f"{counts[kind]} {kind.value}" for kind in Outcome if counts.get(kind))
    return f"{said or 'no documents found'} · {report.paragraphs_embedded} passages embedded · {report.seconds:.1f} s"


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """One line that names some of the files that no loader reads; none where there are none."""
    if not left_out:
        return
    count = len(left_out)
    named = ", ".join(safe(str(one)) for one in left_out[:_NAMED])
    more = f" … {count - _NAMED} more" if count > _NAMED else ""
    yield f"[dim]{left_out_text(count)}: {named}{more}[/dim]"


def folder_lines(status: Json) -> Iterator[str]:
    """What of a folder is not in, of what `ibid status --json` tells."""
    from rag.documents.left_out import LeftOut  # heavy: kept out of `ibid --help`

    if failed := len(status["failed"]):
        yield f"{failed} file{'' if failed == 1 else 's'} could not be read: `ibid status --failed` says why"
    yield from left_out_lines([LeftOut(one["document"], one["reason"]) for one in status["left_out"]])


def _statement_line(statement: Statement) -> str:
    marks = "".join(safe(f"[{citation.mark}]") for citation in statement.citations)
    lead, said = statement.lead, _quoted(statement)
    if (cells := _row_of(statement)) is not None:
        lead, said = _row_line(cells, lead=lead)
    before = f"[italic]{safe(lead)}[/italic] " if lead else ""
    if statement.verdict is Verdict.UNSUPPORTED:
        reason = safe(statement.reason or "")
        return f"{before}[strike]{safe(statement.text)}[/strike] [red]not found in your documents: {reason}[/red]"
    if statement.verdict is Verdict.TRANSLATED:
        return f"{before}{safe(statement.text)} [cyan]{marks}[/cyan] [yellow]{safe(statement.doubt)}[/yellow]"
    return f"{before}{said} [cyan]{marks}[/cyan]"


def _quoted(statement: Statement) -> str:
    """What it says, in quotation marks where it is a quote, the answer itself in bold; the lines of a program below one
    another."""
    if statement.is_quote and _FENCED.fullmatch(code := statement.citations[0].quote):
        return "".join(f"\n    {_code_line(line)}" for line in code.strip().splitlines()[1:-1]) + "\n   "
    bold, text = statement.bold, statement.text
    marked = (
        f"{safe(text[: bold.start])}[bold]{safe(bold.of(text))}[/bold]{safe(text[bold.end :])}" if bold else safe(text)
    )
    return f"“{marked}”" if statement.takes_quotation_marks else marked


def _code_line(line: str) -> str:
    """`safe` doubles a backslash at the end, against a bracket behind it; here a line ends."""
    escaped = safe(line)
    return escaped[:-1] if len(escaped) > len(escape(line + " ")) - 1 else escaped


def _row_of(statement: Statement) -> list[str] | None:
    """The cells of the row that it quotes, the one that is in bold so; None where it quotes no row."""
    citation = statement.citations[0] if statement.is_quote else None
    if citation is None or citation.paragraph.role is not Role.TABLE or len(cells_of(citation.quote)) < 2:
        return None
    if "\n" in citation.quote.strip() and not is_tagged(citation.quote):
        return None
    cells = []
    for cell in cell_spans(citation.quote):
        at, said = cell.shifted(citation.start), safe(without_tags(cell.of(citation.quote)))
        is_bold = citation.bold is not None and at.start <= citation.bold.start < at.end
        cells.append(f"[bold]{said}[/bold]" if is_bold else said)
    return cells


def _row_line(cells: Sequence[str], *, lead: str | None) -> tuple[str | None, str]:
    """The words in front of a row, and its cells side by side, each behind the name of its column where the lead names
    as many."""
    names = cells_of((lead or "").removesuffix(":"))
    if len(names) < 2 or len(names) != len(cells):
        return lead, " | ".join(cell for cell in cells if cell)
    return None, " | ".join(f"{safe(name)}: {cell}" for name, cell in zip(names, cells, strict=True) if cell)


def _citation_lines(citations: Sequence[Citation]) -> Iterator[str]:
    """The place of citations of one paragraph, said once."""
    citation = citations[0]
    marks = "".join(f"[{one.mark}]" for one in citations)
    paragraph = citation.paragraph
    role = ROLE_NAMES[paragraph.role]
    date = f", {citation.source.day}" if citation.source.day else ""
    about = f"  [dim]({role})[/dim]" if role else ""
    yield f"[cyan]{safe(marks)}[/cyan] {safe(citation.source.title)}{date}"
    also = f"  [dim]{safe(also_text(citation))}[/dim]" if citation.also else ""
    yield f"    {safe(paragraph.place)}{about}{also}"


def _abstention_lines(answer: Answer) -> Iterator[str]:
    if answer.missing_terms:
        words = safe(", ".join(f"“{word}”" for word in answer.missing_terms))
        yield f"{'Nowhere in them stands' if len(answer.missing_terms) == 1 else 'Nowhere in them stand'} {words}."
    if answer.closest:
        yield "\nThe closest passages, related but no answer:"
        yield from _closest_lines(answer)


def _closest_lines(answer: Answer) -> Iterator[str]:
    for passage in answer.closest:
        said_by = f"{passage.paragraph.said_by}: " if passage.paragraph.said_by else ""
        shown = excerpt(passage.paragraph.text, about=answer.question)
        yield f"  [dim]{safe(passage.paragraph.place)}[/dim]  {safe(said_by + shown)}"


def _verdict_line(answer: Answer) -> str:
    seconds = answer.seconds.get("total")
    took = f" · {seconds:.2f} s" if seconds is not None else ""
    return f"{safe(verdict_text(answer))}{took}"
