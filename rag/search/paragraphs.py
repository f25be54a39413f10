"""The paragraphs behind ordinals and numbers, remembered: popular ones come back question after question."""

from __future__ import annotations

from collections.abc import Sequence

from rag.domain import Paragraph, Passage, Ranks
from rag.index.records import row_id
from rag.index.snapshot import Snapshot
from rag.index.store import Store
from rag.search.ranking import Candidate

REMEMBERED = 10_000
"""Paragraphs kept in memory, about 10 MB."""
_FEW = 100
"""Paragraphs of one document: whoever asks for more goes through it once, and drives out what comes back."""


class Paragraphs:
    """The paragraphs of a store, as a snapshot counts them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory: dict[str, Paragraph] = {}

    def at(self, snapshot: Snapshot, ordinals: Sequence[int]) -> list[Candidate]:
        """In the order of the ordinals; those that were lost are left out."""
        places = [(ordinal, *snapshot.locate(ordinal)) for ordinal in ordinals]
        keys = [row_id(record.prefix, number) for _, record, number in places]
        found = self._remembered(keys)
        return [
            Candidate(ordinal, record, found[key])
            for (ordinal, record, _), key in zip(places, keys, strict=True)
            if key in found
        ]

    def of(self, snapshot: Snapshot, document_id: str, *, numbers: Sequence[int]) -> list[Passage]:
        """Of one document, in its order, as passages without ranks; none where it is not in."""
        place = snapshot.places.get(document_id)
        if place is None:
            return []
        record = snapshot.records[place]
        keys = [row_id(record.prefix, number) for number in numbers]
        found = self._remembered(keys) if len(keys) <= _FEW else self._store.paragraphs(keys)
        ordered = sorted(found.values(), key=lambda paragraph: paragraph.number)
        return [Passage(paragraph=paragraph, source=record.source, score=0.0, ranks=Ranks()) for paragraph in ordered]

    def _remembered(self, row_ids: Sequence[str]) -> dict[str, Paragraph]:
        """By row id. A row id names a revision, so what it stands for never changes."""
        memory = self._memory
        if len(memory) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be reading from that.
            memory = self._memory = {}
        memory.update(self._store.paragraphs([key for key in row_ids if key not in memory]))
        return {key: memory[key] for key in row_ids if key in memory}
