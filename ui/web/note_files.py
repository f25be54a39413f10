"""Notes as a file to keep: Markdown, HTML or Word, in their order, with every comment, quote and place."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator

import docx
import regex
from docx.document import Document as Word
from docx.text.paragraph import Paragraph as Lines

from rag.documents.context import display
from rag.domain import Answer
from ui.web.export import (
    File,
    answer_html,
    answer_markdown,
    encoded,
    file_name,
    page_html,
    place_of,
    plain,
    said,
)
from ui.web.markup import REORDERING, escaped
from ui.web.notes import Collection, Note, numbered

_FOOT = "Every quote is a verbatim slice of the document named beside it, as it stood when it was kept."
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# No XML holds them.
_UNFIT = regex.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def exported_notes(collection: Collection, kind: str) -> File:
    """The notes as `markdown`, `html` or `docx`. Raises KeyError for another kind."""
    ending, media_type, write = _KINDS[kind]
    name = file_name(collection.title, ending, otherwise="notes")
    return File(name, media_type, write(Collection(collection.title, tuple(numbered(collection.notes)))))


def _markdown(collection: Collection) -> bytes:
    lines = [f"# {plain(collection.title)}", ""]
    for note in collection.notes:
        lines += [f"## {plain(note.heading)}", "", *_markdown_note(note), ""]
    return encoded("\n".join([*lines, f"*{_FOOT}*"]) + "\n")


def _markdown_note(note: Note) -> Iterator[str]:
    for remark in _remarks(note):
        yield from (f"*{plain(remark)}*", "")
    if note.comment.strip():
        yield from ("  \n".join(["**Comment:**", *map(plain, _lines(note.comment))]), "")
    yield from answer_markdown(note.answer)


def _html(collection: Collection) -> bytes:
    parts = [part for note in collection.notes for part in _html_note(note)]
    return encoded(page_html(collection.title, parts, foot=_FOOT))


def _html_note(note: Note) -> Iterator[str]:
    yield f'<h2 dir="auto">{escaped(note.heading)}</h2>'
    for remark in _remarks(note):
        yield f'<p dir="auto"><em>{escaped(remark)}</em></p>'
    if note.comment.strip():
        lines = "<br>\n".join(map(escaped, _lines(note.comment)))
        yield f'<p dir="auto"><strong>Comment:</strong><br>\n{lines}</p>'
    yield answer_html(note.answer)


def _docx(collection: Collection) -> bytes:
    word = docx.Document()
    told = word.core_properties
    # The library's own model names itself as the author, of a day in 2013.
    told.title, told.author, told.comments = _fit(collection.title)[:255], "", ""
    told.created = told.modified = dt.datetime.now(dt.UTC)
    word.add_heading(_fit(collection.title), level=0)
    for note in collection.notes:
        _docx_note(word, note)
    _written(word.add_paragraph(), _FOOT, italic=True)
    held = io.BytesIO()
    word.save(held)
    return held.getvalue()


def _docx_note(word: Word, note: Note) -> None:
    word.add_heading(_fit(note.heading), level=1)
    for remark in _remarks(note):
        _written(word.add_paragraph(), remark, italic=True)
    if note.comment.strip():
        _written(word.add_paragraph(), "Comment: ", bold=True).add_run(_fit("\n".join(_lines(note.comment))))
    _docx_answer(word, note.answer)


def _docx_answer(word: Word, answer: Answer) -> None:
    if answer.notice:
        _written(word.add_paragraph(), answer.notice, italic=True)
    for statement in answer.statements:
        marks = "".join(f"[{citation.mark}]" for citation in statement.citations)
        _written(word.add_paragraph(), said(statement)).add_run(marks).font.superscript = True
    for citation in answer.sources:
        told = f"[{citation.mark}] “{display(citation.quote)}” – {place_of(citation)}"
        _written(word.add_paragraph(style="Quote"), told)
    if answer.missing_terms:
        _written(word.add_paragraph(), f"Never found: {', '.join(answer.missing_terms)}")
    for passage in answer.closest:
        _written(word.add_paragraph(), f"Related, not an answer: {passage.source.title}, {passage.paragraph.place}")


def _written(paragraph: Lines, text: str, *, italic: bool = False, bold: bool = False) -> Lines:
    run = paragraph.add_run(_fit(text))
    run.italic, run.bold = italic or None, bold or None
    return paragraph


def _fit(text: str) -> str:
    """What Word can hold: the rest is shown as what it is."""
    return REORDERING.sub(lambda found: f"U+{ord(found.group()):04X}", _UNFIT.sub("�", text))


def _remarks(note: Note) -> list[str]:
    return [f"[{mark}] {remark.text}" for mark, remark in note.remarks.items()]


def _lines(comment: str) -> list[str]:
    return [line.strip() for line in comment.split("\n") if line.strip()]


_KINDS: dict[str, tuple[str, str, Callable[[Collection], bytes]]] = {
    "markdown": ("md", "text/markdown", _markdown),
    "html": ("html", "text/html", _html),
    "docx": ("docx", _WORD, _docx),
}
