"""What the reader is given of each candidate, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.documents.context import context_of
from rag.domain import Span
from rag.index.embedder import Embedder
from rag.search.cross_encoder import PassageText, Reader, Reading
from rag.search.legs import View
from rag.search.paragraphs import Paragraphs
from rag.search.ranking import Candidate
from rag.text.overlap import Inquiry, stems_of
from rag.text.units import columns_of, rows_of

LONG = 700
MOST_WINDOWS = 3
"""A paragraph of more characters is read in windows, at most so many: those with the most words of the question."""

BRIEF = 400
"""A paragraph of fewer characters is read with its neighbours' words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateReader:
    """Reads candidates beside their neighbours, within `seconds`, if any are given."""

    reader: Reader
    embedder: Embedder
    paragraphs: Paragraphs
    seconds: float | None = None

    def read(self, view: View, inquiry: Inquiry, *, candidates: Sequence[Candidate]) -> dict[int, Reading]:
        """What the reader makes of them, by ordinal; of the first of them at least."""
        texts = self._texts(view, inquiry, candidates)
        read = self.reader.read(inquiry.question, texts, seconds=self.seconds)
        return {one.ordinal: reading for one, reading in zip(candidates, read, strict=True) if reading is not None}

    def _texts(self, view: View, inquiry: Inquiry, candidates: Sequence[Candidate]) -> list[PassageText]:
        brief = {one.ordinal for one in candidates if len(one.paragraph.text) < BRIEF}
        # What may not be found is not read either.
        around = {n for ordinal in brief for n in (ordinal - 1, ordinal + 1) if 0 <= n < view.snapshot.size}
        beside = {n for n in around if view.allowed[n]}
        near = {one.ordinal: one for one in candidates}
        near |= {one.ordinal: one for one in self.paragraphs.at(view.snapshot, sorted(beside - near.keys()))}

        def words_of(neighbour: int, one: Candidate) -> str:
            if one.ordinal not in brief or neighbour not in near or near[neighbour].record is not one.record:
                return ""
            return near[neighbour].paragraph.text

        def text_of(one: Candidate) -> PassageText:
            context = _with_columns(context_of(one.record.title, one.paragraph), one.paragraph.text)
            return PassageText(
                text=one.paragraph.text,
                context=context,
                before=words_of(one.ordinal - 1, one),
                after=words_of(one.ordinal + 1, one),
                windows=self._windows(inquiry, context, text=one.paragraph.text),
            )

        return [text_of(one) for one in candidates]

    def _windows(self, inquiry: Inquiry, context: str, *, text: str) -> tuple[Span, ...]:
        """The windows of a long paragraph that hold the most words of the question, in reading order."""
        if len(text) <= LONG:
            return ()
        windows = self.embedder.cut([text], [self.embedder.clipped(context)])[0].windows
        telling = sorted(windows, key=lambda window: -len(stems_of(window.of(text)) & set(inquiry.stems)))
        return tuple(sorted(telling[:MOST_WINDOWS], key=lambda window: window.start))


def _with_columns(context: str, text: str) -> str:
    """With the names of a table's columns: a window of its rows is read without them."""
    rows = rows_of(text) if len(text) > LONG else None
    if rows is None or rows.header is None:
        return context
    return f"{context} › {columns_of(rows.header.of(text))}"
