"""A conversation as a file to keep: Markdown, HTML or JSON, with every quote and its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from rag.documents.context import display
from rag.domain import Answer, Citation, Statement, Verdict
from ui.web.conversation import Conversation, Exchange, State
from ui.web.markup import attribute, escaped

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
    text: str


def exported(conversation: Conversation, kind: str) -> File:
    """The conversation as `markdown`, `html` or `json`. Raises KeyError for another kind."""
    ending, media_type, write = _KINDS[kind]
    stem = regex.sub(r"[^\p{L}\p{N}]+", "-", conversation.title.lower()).strip("-")[:60] or "conversation"
    return File(f"{stem}.{ending}", media_type, write(conversation))


def _json(conversation: Conversation) -> str:
    return json.dumps(conversation.json(), ensure_ascii=False, indent=2) + "\n"


def _markdown(conversation: Conversation) -> str:
    lines = [f"# {plain(conversation.title)}", ""]
    for number, exchange in enumerate(conversation.exchanges, start=1):
        lines += [f"## {plain(exchange.question)}", "", *_markdown_answer(exchange, number), ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_answer(exchange: Exchange, number: int) -> Iterator[str]:
    """Its footnotes are named by question and mark, so that they are their own in the whole file."""
    answer = exchange.answer
    if answer is None:
        yield f"*{plain(exchange.problem or 'No answer.')}*"
        return
    if answer.notice:
        yield f"*{plain(answer.notice)}*"
    for statement in answer.statements:
        yield f"- {statement_markdown(statement, notes=f'{number}-')}"
    if exchange.state is State.STOPPED:
        yield f"- *{_STOPPED}*"
    yield ""
    if answer.missing_terms:
        yield f"Never found: {plain(', '.join(answer.missing_terms))}"
    for passage in answer.closest:
        yield f"- Related, not an answer: {plain(passage.source.title)}, {plain(passage.paragraph.place)}"
    for citation in answer.sources:
        yield note_markdown(citation, notes=f"{number}-")


def statement_markdown(statement: Statement, *, notes: str = "") -> str:
    """A statement with its footnotes' names, which begin with `notes`."""
    marks = "".join(f"[^{notes}{citation.mark}]" for citation in statement.citations)
    return f"{plain(_said(statement))}{marks}"


def note_markdown(citation: Citation, *, notes: str = "") -> str:
    """The footnote of a citation: its quote and its place."""
    return f"[^{notes}{citation.mark}]: “{plain(display(citation.quote))}” – {plain(_place(citation))}"


def _html(conversation: Conversation) -> str:
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{attribute(conversation.title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1 dir="auto">{escaped(conversation.title)}</h1>',
    ]
    for exchange in conversation.exchanges:
        parts.append(f'<h2 dir="auto">{escaped(exchange.question)}</h2>')
        answer = exchange.answer
        parts.append(_html_answer(answer) if answer else f"<p>{escaped(exchange.problem or 'No answer.')}</p>")
        if answer and exchange.state is State.STOPPED:
            parts.append(f"<p><em>{_STOPPED}</em></p>")
    parts.append("<footer>Every quote is a verbatim slice of the document named beside it.</footer></body></html>\n")
    return "\n".join(parts)


def _html_answer(answer: Answer) -> str:
    parts = [f"<p><em>{escaped(answer.notice)}</em></p>"] if answer.notice else []
    for statement in answer.statements:
        marks = "".join(f"<sup>[{citation.mark}]</sup>" for citation in statement.citations)
        parts.append(
            f'<p class="{attribute(statement.verdict.value)}" dir="auto">{escaped(_said(statement))}{marks}</p>'
        )
    for citation in answer.sources:
        parts.append(
            f'<blockquote dir="auto">[{citation.mark}] “{escaped(display(citation.quote))}”<br>'
            f"<small>{escaped(_place(citation))}</small></blockquote>"
        )
    if answer.missing_terms:
        parts.append(f"<p>Never found: {escaped(', '.join(answer.missing_terms))}</p>")
    for passage in answer.closest:
        place = escaped(f"{passage.source.title}, {passage.paragraph.place}")
        parts.append(f"<p><small>Related, not an answer: {place}</small></p>")
    return "\n".join(parts)


def _said(statement: Statement) -> str:
    lead = f"{statement.lead} " if statement.lead else ""
    if statement.verdict is not Verdict.VERIFIED:
        return f"{lead}{statement.text} {statement.doubt}".rstrip()
    return f"{lead}“{statement.text}”" if statement.takes_quotation_marks else f"{lead}{statement.text}"


def _place(citation: Citation) -> str:
    dated = f", {citation.source.date.isoformat()}" if citation.source.date else ""
    return f"{citation.source.title}{dated}, {citation.paragraph.place}, characters {citation.start}–{citation.end}"


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
