"""The source pane: a document open at a place, with the words marked that were cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from rag.documents.layout import Layout
from rag.documents.loaders.formats import FORMATS
from rag.documents.reading import kind_read
from rag.domain import Json, Paragraph, Passage, document_name
from rag.errors import DocumentError, IbidError
from rag.index.records import Record
from ui.web.desk import QUICK, Desk, View
from ui.web.finding import MOST, places_of
from ui.web.folder import Folder
from ui.web.guide import guide_html
from ui.web.origins import origin_of
from ui.web.pages import Sheet, as_button, download_link, paged_html
from ui.web.prose import Mark
from ui.web.reading import AROUND, copies_html, empty_reader_html, gone_html, origin_html, reader_html
from ui.web.tab import Tab
from ui.web.who import User

_CHANGED = "This document has changed since it was quoted; the words are not at this place any more."
_UNPLACED = "Where on the page the words stand is not known; they are marked in the text."


class Source(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.guide, self.questions, self.find]

    def lay_out(self) -> None:
        with gr.Column(elem_id="source", min_width=0):
            self.desk.reader.render()
        self.arriving = [self.desk.reader]

    def wire(self) -> None:
        shown = [self.desk.reader]
        self.desk.on_sent("cite", self.cite, shown)
        self.desk.on_sent("read", self.read, shown)
        self.desk.bridge.shut(empty_reader_html, None, shown, **QUICK)

    def arrive(self, tab: Tab) -> tuple[str]:
        return (self.read(tab) if tab.sent.get("document") else empty_reader_html(),)

    def cite(self, tab: Tab) -> str:
        """Open a citation: its document, the paragraph, and the span; other citations of the answer marked too."""
        return _open(tab.folder, tab.sent, [_mark(one) for one in tab.sent.get("others", ())])

    def read(self, tab: Tab) -> str:
        """Open a document at a paragraph, and at a span if one is named."""
        return _open(tab.folder, tab.sent, [])

    # --- called by the page's script, once the text is shown

    def guide(self, given: Mapping[str, Any], user: User) -> Json:
        """The guide to a document, as markup; none where it is gone or tells nothing."""
        with suppress(IbidError):
            folder, record = self._named(given, user)
            if record is not None:
                return {"html": guide_html(folder.key, record, folder.guide(record))}
        return {"html": ""}

    def questions(self, given: Mapping[str, Any], user: User) -> Json:
        """Questions that a document answers: each was asked."""
        with suppress(IbidError):
            folder, record = self._named(given, user)
            if record is not None:
                return {"questions": list(folder.questions(record))}
        return {"questions": []}

    def find(self, given: Mapping[str, Any], user: User) -> Json:
        """Where words stand in a document: `places` as paragraph, start and end in its text, and whether there are
        `more`."""
        with suppress(IbidError):
            folder, record = self._named(given, user)
            if record is not None:
                passages = folder.read(record.document_id, 1, record.paragraphs)
                found = places_of(str(given.get("words") or ""), passages)
                return {"places": [[at, span.start, span.end] for at, span in found], "more": len(found) == MOST}
        return {"places": [], "more": False}

    def _named(self, given: Mapping[str, Any], user: User) -> tuple[Folder, Record | None]:
        folder = self.desk.seen(given.get("folder"), user)
        return folder, folder.record(str(given.get("document")))


def _open(folder: Folder, place: Mapping[str, Any], others: Sequence[Mark]) -> str:
    """A document at a place, with the span that is wanted marked, if it still reads as it was quoted: as its page, where
    it has pages and nobody wants its text."""
    document_id = str(place.get("document"))
    record = folder.record(document_id)
    if record is None:
        return gone_html(document_id)
    number = min(max(_whole(place.get("paragraph"), 1), 1), record.paragraphs)
    passages = folder.read(document_id, number - AROUND, number + AROUND)
    opened = _marked(_Opened(record=record, passages=passages, number=number, marks=others), place)
    if not folder.bot.originals.has_pages(record):
        return _text_html(folder, opened, download_link(folder.key, record) if _is_packed(record) else "")
    if place.get("as") != "text":
        try:
            return _page_html(folder, opened, asked=_whole(place.get("page"), 0))
        except DocumentError as error:
            told = f"The page cannot be shown: {document_name(document_id)} {error}. Here is its text."
            opened = replace(opened, notice=opened.notice or told)
    return _text_html(folder, opened, f"{as_button('page')}{download_link(folder.key, record)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A document open at the paragraph `number`: what of it is around that, what is marked, and what is to be said."""

    record: Record
    passages: Sequence[Passage]
    number: int
    marks: Sequence[Mark]
    notice: str | None = None

    @property
    def current(self) -> Mark | None:
        return next((mark for mark in self.marks if mark.current), None)

    @property
    def paragraph(self) -> Paragraph | None:
        found = (passage.paragraph for passage in self.passages)
        return next((paragraph for paragraph in found if paragraph.number == self.number), None)

    @property
    def words(self) -> str:
        """Those of the current mark."""
        if self.current is None:
            return ""
        return "".join(_cut(passage.paragraph, self.current) for passage in self.passages)


def _marked(opened: _Opened, place: Mapping[str, Any]) -> _Opened:
    """With the span that a place names, or without marks where the words have changed."""
    if place.get("start") is None:
        return opened
    mark = _mark(place, current=True)
    changed = not opened.record.revision.startswith(str(place.get("revision") or ""))
    if changed and not _reads_as(opened.passages, mark, str(place.get("quote") or "")):
        return replace(opened, marks=[], notice=_CHANGED)
    return replace(opened, marks=[*opened.marks, mark])


def _text_html(folder: Folder, opened: _Opened, tools: str) -> str:
    return reader_html(
        folder.key,
        opened.record,
        opened.passages,
        opened.number,
        opened.marks,
        opened.notice,
        tools=tools,
        beside=_beside(folder, opened.record),
    )


def _page_html(folder: Folder, opened: _Opened, *, asked: int) -> str:
    """The page that is asked for, else the one of the place. Raises DocumentError where it cannot be drawn."""
    layout = folder.bot.originals.layout_of(opened.record)
    own = _page_of(opened, layout)
    image = folder.bot.originals.page_image(opened.record, asked or own)
    sheet = Sheet(image=image, number=asked or own, own=own, paragraph=opened.number, words=opened.words)
    notice = opened.notice
    current = opened.current
    if current and not any(place.rectangle for place in layout.places(current.start, current.end)):
        notice = notice or _UNPLACED
    beside = _beside(folder, opened.record)
    return paged_html(folder.key, opened.record, sheet, layout, marks=opened.marks, notice=notice, beside=beside)


def _beside(folder: Folder, record: Record) -> str:
    """Where else the file lies, and where it is from."""
    return f"{copies_html(folder.copies(record))}{origin_html(origin_of(record, folder.settings))}"


def _page_of(opened: _Opened, layout: Layout) -> int:
    """Where the words stand that somebody came for, or the paragraph."""
    spans = [(one.start, one.end) for one in (opened.current, opened.paragraph) if one is not None]
    pages = (layout.page_at(start, end) for start, end in spans)
    return next((page for page in pages if page is not None), 1)


def _is_packed(record: Record) -> bool:
    """Whether a document is of a kind that nobody can read but by its program: its text alone does not show how it
    looks."""
    kind = kind_read(record.revision, name=record.document_id)
    return kind is None or not FORMATS[kind].is_text


def _cut(paragraph: Paragraph, mark: Mark) -> str:
    return paragraph.text[max(mark.start - paragraph.start, 0) : max(mark.end - paragraph.start, 0)]


def _reads_as(passages: Sequence[Passage], mark: Mark, quote: str) -> bool:
    return any(
        passage.paragraph.text[mark.start - passage.paragraph.start : mark.end - passage.paragraph.start] == quote
        for passage in passages
        if passage.paragraph.start <= mark.start < mark.end <= passage.paragraph.end
    )


def _mark(described: Mapping[str, Any], *, current: bool = False) -> Mark:
    return Mark(_whole(described.get("start"), 0), _whole(described.get("end"), 0), current)


def _whole(value: object, otherwise: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return otherwise
