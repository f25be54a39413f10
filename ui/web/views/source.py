"""The source pane: a document open at a place, with the words marked that were cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from rag.domain import Passage
from ui.web.desk import QUICK, View
from ui.web.folders import OpenFolder
from ui.web.reading import AROUND, Mark, empty_reader_html, gone_html, reader_html
from ui.web.tab import Tab


class Source(View):
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


def _open(folder: OpenFolder, place: Mapping[str, Any], others: Sequence[Mark]) -> str:
    """A document at a place, with the span that is wanted marked, if it still reads as it was quoted."""
    document_id = str(place.get("document"))
    record = folder.record(document_id)
    if record is None:
        return gone_html(document_id)
    number = min(max(_whole(place.get("paragraph"), 1), 1), record.paragraphs)
    passages = folder.read(document_id, number - AROUND, number + AROUND)
    marks = list(others)
    notice = None
    if place.get("start") is not None:
        mark = _mark(place, current=True)
        changed = bool(place.get("revision")) and place["revision"] != record.revision
        if changed and not _reads_as(passages, mark, str(place.get("quote") or "")):
            notice = "This document has changed since it was quoted; the words are not at this place any more."
            marks = []
        else:
            marks.append(mark)
    return reader_html(folder.key, record, passages, number, marks, notice)


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
