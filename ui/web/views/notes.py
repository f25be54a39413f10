"""The notes, over the conversation: what somebody kept of answers and sources, as their browser brings it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from rag.domain import Citation, Json, Passage, Span, document_name
from rag.errors import DocumentError, IbidError
from rag.index.records import Record
from ui.web.desk import Desk, View, html
from ui.web.folder import Folder
from ui.web.note_cards import head_html, note_html
from ui.web.note_files import exported_notes
from ui.web.notes import MOST_QUOTED, Collection, Note, Remark, collection_from, quote_of, span_of_letters
from ui.web.passages import Shelf
from ui.web.who import User


class Notes(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.notes, self.quote, self.export_notes]

    def lay_out(self) -> None:
        with gr.Column(elem_id="notes", min_width=0):
            html("notes-head", head_html(is_kept_here=self.desk.names))
            html("notes-list", '<div class="notes-cards"></div>')

    def wire(self) -> None:
        """The page's script fills the list: the server is told of notes only where they are shown or exported."""

    # --- called by the page's script

    def notes(self, given: Mapping[str, Any], user: User) -> Json:
        """The notes that a browser keeps, as markup."""
        folder = self.desk.seen(given.get("folder"), user)
        shelf = Shelf(folder.key, folder.paragraph_of)
        cards = "".join(note_html(note, shelf) for note in _checked(folder, given).notes)
        return {"html": f'<ol class="notes-list">{cards}</ol>'}

    def quote(self, given: Mapping[str, Any], user: User) -> Json:
        """The words that somebody chose in a document, as an answer to no question; or a problem, in one line."""
        try:
            folder = self.desk.seen(given.get("folder"), user)
            return {"answer": _quoted(folder, given)}
        except IbidError as error:
            return {"problem": str(error)}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return {"problem": "Nothing is selected there. Select the words to keep."}

    def export_notes(self, given: Mapping[str, Any], user: User) -> Json:
        """The notes as a file: its name, its type and its bytes in base64."""
        folder = self.desk.seen(given.get("folder"), user)
        file = exported_notes(_checked(folder, given), str(given.get("kind")))
        return {"name": file.name, "type": file.type, "base64": base64.b64encode(file.data).decode()}


def _checked(folder: Folder, given: Mapping[str, Any]) -> Collection:
    """What a browser keeps, with what is to be said of places that are not as they were."""
    collection = collection_from(given.get("kept"))
    records = {record.document_id: record for record in folder.bot.documents}
    return replace(collection, notes=tuple(_remarked(folder, records, note) for note in collection.notes))


def _remarked(folder: Folder, records: Mapping[str, Record], note: Note) -> Note:
    found = {one.mark: _remark(folder, records, one) for one in note.answer.sources}
    return replace(note, remarks={mark: remark for mark, remark in found.items() if remark is not None})


def _remark(folder: Folder, records: Mapping[str, Record], citation: Citation) -> Remark | None:
    """None where the document is as it was."""
    paragraph = citation.paragraph
    name, record = document_name(paragraph.document_id), records.get(paragraph.document_id)
    if record is None:
        return Remark(f"{name} is not among your documents any more.")
    now = folder.paragraph(*paragraph.key)
    stands = now is not None and Span(citation.start, citation.end).shifted(-now.start).of(now.text) == citation.quote
    if record.revision == citation.source.revision:
        # The browser's word is not enough: what it keeps can be changed by hand.
        return None if stands else Remark(f"These words do not stand at their place in {name}.")
    if stands:
        return Remark(f"{name} has changed since; these words still stand at their place.", lapsed=False)
    return Remark(f"{name} has changed since it was quoted; these words are not at their place any more.")


def _quoted(folder: Folder, given: Mapping[str, Any]) -> Json:
    """Raises DocumentError where the document is not what is shown, and what numbers raise that are none."""
    document_id = str(given.get("document"))
    record = folder.record(document_id)
    if record is None:
        raise DocumentError(f"{document_name(document_id)} is not among your documents any more.")
    if record.revision != given.get("revision"):
        raise DocumentError(f"{document_name(document_id)} has changed since it was opened. Open it again.")
    pieces = list(given["pieces"])
    if len(pieces) > MOST_QUOTED:
        raise DocumentError(f"A quote may have {MOST_QUOTED} paragraphs, this has {len(pieces)}. Select less at once.")
    passages = [_passage(folder, document_id, int(piece["paragraph"])) for piece in pieces]
    spans = [_span(passage, piece) for passage, piece in zip(passages, pieces, strict=True)]
    return quote_of(passages, spans).json()


def _passage(folder: Folder, document_id: str, number: int) -> Passage:
    found = folder.read(document_id, number, number)
    if not found:
        raise DocumentError(f"{document_name(document_id)} has no paragraph {number}. Open it again.")
    return found[0]


def _span(passage: Passage, piece: Mapping[str, Any]) -> Span:
    """What a mark of the page covers, or letters that were selected."""
    paragraph = passage.paragraph
    if piece.get("start") is None:
        to = piece.get("to")
        return span_of_letters(passage, int(piece["from"]), None if to is None else int(to))
    start, end = int(piece["start"]), int(piece["end"])
    if not paragraph.start <= start < end <= paragraph.end:
        raise ValueError(f"{start} to {end} is not in paragraph {paragraph.number}")
    return Span(start, end)
