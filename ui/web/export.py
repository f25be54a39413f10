"""A conversation as a file to keep: Markdown, HTML or JSON, with every quote and its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from rag.answer.tables import columns_of, runs_of
from rag.documents.context import display
from rag.domain import Answer, Citation, Statement, Verdict
from ui.web.conversation import Conversation, Exchange, State
from ui.web.markup import attribute, escaped
from ui.words import also_text

_MARKDOWN_SIGNS = regex.compile(r"([\\`*_{}\[\]<>#|!~&])")
# What makes a list or a rule at the beginning of a line.
_MARKDOWN_START = regex.compile(r"^(?:([-+=])|(\d+)([.)]))")
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c1c1a}"
    "blockquote{margin:.4rem 0 .4rem 1rem;padding-left:.8rem;border-left:3px solid #d9d4c4}"
    ".unsupported{text-decoration:underline wavy #b3261e}footer,small{color:#5f5b50}"
)


_STOPPED = "This answer was stopped before it was complete."


@dataclass(frozen=True, slots=True)
class File:
    """A file for the browser to save."""

    name: str
    type: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")


def exported(conversation: Conversation, kind: str) -> File:
    """The conversation as `markdown`, `html` or `json`. Raises KeyError for another kind."""
    ending, media_type, write = _KINDS[kind]
    name = file_name(conversation.title, ending, otherwise="conversation")
    return File(name, media_type, encoded(write(conversation)))


def file_name(title: str, ending: str, *, otherwise: str) -> str:
    """By the title of what is in it, `otherwise` where nothing of that may stand in a name."""
    stem = regex.sub(r"[^\p{L}\p{N}]+", "-", title.lower()).strip("-")[:60] or otherwise
    return f"{stem}.{ending}"


def encoded(text: str) -> bytes:
    """As UTF-8; half of a surrogate pair, which no encoding takes, is replaced."""
    return text.encode("utf-8", "replace")


def _json(conversation: Conversation) -> str:
    return json.dumps(conversation.json(), ensure_ascii=False, indent=2) + "\n"


def _markdown(conversation: Conversation) -> str:
    lines = [f"# {plain(conversation.title)}", ""]
    for number, exchange in enumerate(conversation.exchanges, start=1):
        lines += [f"## {plain(exchange.question)}", "", *_markdown_exchange(exchange, f"{number}-"), ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_exchange(exchange: Exchange, notes: str) -> Iterator[str]:
    if exchange.answer is None:
        yield f"*{plain(exchange.problem or 'No answer.')}*"
        return
    stopped = _STOPPED if exchange.state is State.STOPPED else ""
    yield from answer_markdown(exchange.answer, notes=notes, stopped=stopped)


def answer_markdown(answer: Answer, *, notes: str = "", stopped: str = "") -> Iterator[str]:
    """Its footnotes are named by their marks behind `notes`, so that they are their own in the whole file; `stopped`
    is said behind the statements."""
    if answer.notice:
        yield f"*{plain(answer.notice)}*"
    for run in runs_of([one.cells for one in answer.statements]):
        said = answer.statements[run.start : run.stop]
        if said[0].cells:
            yield from ["", *_table_markdown(said, notes=notes), ""]
        else:
            yield from (f"- {statement_markdown(one, notes=notes)}" for one in said)
    if stopped:
        yield f"- *{stopped}*"
    yield ""
    if answer.missing_terms:
        yield f"Never found: {plain(', '.join(answer.missing_terms))}"
    for passage in answer.closest:
        yield f"- Related, not an answer: {plain(passage.source.title)}, {plain(passage.paragraph.place)}"
    for citation in answer.sources:
        yield note_markdown(citation, notes=notes)


def _table_markdown(rows: Sequence[Statement], *, notes: str) -> Iterator[str]:
    """Rows that a model wrote, as a table; the footnotes' names and what is doubted of a row stand in its last cell."""
    columns = columns_of(rows[0].cells)
    yield f"| {' | '.join(map(plain, columns))} | |"
    yield f"|{'---|' * (len(columns) + 1)}"
    for row in rows:
        marks = _marks(row, notes)
        told = " ".join(filter(None, (plain(row.doubt), marks)))
        yield f"| {' | '.join(plain(value) for _, value in row.cells)} | {told} |"


def _marks(statement: Statement, notes: str) -> str:
    return "".join(f"[^{notes}{citation.mark}]" for citation in statement.citations)


def statement_markdown(statement: Statement, *, notes: str = "") -> str:
    """A statement with its footnotes' names, which begin with `notes`."""
    return f"{plain(said(statement))}{_marks(statement, notes)}"


def note_markdown(citation: Citation, *, notes: str = "") -> str:
    """The footnote of a citation: its quote and its place."""
    return f"[^{notes}{citation.mark}]: “{plain(display(citation.quote))}” – {plain(place_of(citation))}"


def _html(conversation: Conversation) -> str:
    parts = []
    for exchange in conversation.exchanges:
        parts.append(f'<h2 dir="auto">{escaped(exchange.question)}</h2>')
        answer = exchange.answer
        parts.append(answer_html(answer) if answer else f"<p>{escaped(exchange.problem or 'No answer.')}</p>")
        if answer and exchange.state is State.STOPPED:
            parts.append(f"<p><em>{_STOPPED}</em></p>")
    return page_html(conversation.title, parts, foot="Every quote is a verbatim slice of the document named beside it.")


def page_html(title: str, parts: Sequence[str], *, foot: str) -> str:
    """A page of its own, `parts` and `foot` as markup."""
    head = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{attribute(title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1 dir="auto">{escaped(title)}</h1>',
    ]
    return "\n".join([*head, *parts, f"<footer>{foot}</footer></body></html>\n"])


def answer_html(answer: Answer) -> str:
    """What an answer says, then its quotes with their places."""
    parts = [f"<p><em>{escaped(answer.notice)}</em></p>"] if answer.notice else []
    for statement in answer.statements:
        marks = "".join(f"<sup>[{citation.mark}]</sup>" for citation in statement.citations)
        parts.append(
            f'<p class="{attribute(statement.verdict.value)}" dir="auto">{escaped(said(statement))}{marks}</p>'
        )
    for citation in answer.sources:
        parts.append(
            f'<blockquote dir="auto">[{citation.mark}] “{escaped(display(citation.quote))}”<br>'
            f"<small>{escaped(place_of(citation))}</small></blockquote>"
        )
    if answer.missing_terms:
        parts.append(f"<p>Never found: {escaped(', '.join(answer.missing_terms))}</p>")
    for passage in answer.closest:
        place = escaped(f"{passage.source.title}, {passage.paragraph.place}")
        parts.append(f"<p><small>Related, not an answer: {place}</small></p>")
    return "\n".join(parts)


def said(statement: Statement) -> str:
    """A statement with our words around it: in front, and what is doubted of it behind."""
    lead = f"{statement.lead} " if statement.lead else ""
    if statement.verdict is not Verdict.VERIFIED:
        return f"{lead}{statement.text} {statement.doubt}".rstrip()
    return f"{lead}“{statement.text}”" if statement.takes_quotation_marks else f"{lead}{statement.text}"


def place_of(citation: Citation) -> str:
    """Where a quote stands: its document, the page, the paragraph and the characters, and other documents that have
    its text."""
    dated = f", {citation.source.date.isoformat()}" if citation.source.date else ""
    also = f"; {also_text(citation)}" if citation.also else ""
    at = f"characters {citation.start}–{citation.end}"
    return f"{citation.source.title}{dated}, {citation.paragraph.place}, {at}{also}"


def plain(text: str) -> str:
    """Text that Markdown takes as it stands: no text of a document becomes a link or a picture."""
    # Some readers make links of bare addresses.
    plain = _MARKDOWN_SIGNS.sub(r"\\\1", display(text)).replace("://", "\\://")
    return _MARKDOWN_START.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", plain)


_KINDS: dict[str, tuple[str, str, Callable[[Conversation], str]]] = {
    "markdown": ("md", "text/markdown", _markdown),
    "html": ("html", "text/html", _html),
    "json": ("json", "application/json", _json),
}
