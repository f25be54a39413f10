"""What one query sees: the paragraphs of one generation of the store, and the lexical index over them.

A query takes a snapshot and keeps it, so that while documents are replaced it sees the old version or the
new one. `ActiveQueries` lets the writer wait until nobody reads an old snapshot any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.documents.context import context_of
from rag.domain import Key, Role
from rag.errors import ScopeError
from rag.index.inverted import Mask
from rag.index.lexical import LexicalIndex, LexicalText, build_index, open_index, patched, save_index
from rag.index.records import Record, place_of, prefix_of
from rag.index.store import Store
from rag.text import terms

MayRead = Callable[[str], bool]
"""Whether somebody may read the document of an id."""

BACKGROUND = 500
"""Paragraphs of English that a term's rarity leans on."""

NOT_RANKED = (Role.TITLE, Role.HEADING)
"""They name a place and say nothing of it; every paragraph below is indexed under them anyway."""

_ROLES = list(Role)
_COMMENT = _ROLES.index(Role.COMMENT)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Paragraphs by ordinal: documents in the order of their ids, paragraphs by number. `ranked` tells which
    of them can be found at all. In one that is narrowed only those that are `seen` have documents."""

    generation: str
    records: tuple[Record, ...]
    firsts: npt.NDArray[np.int64]
    by_prefix: dict[str, int]
    index: LexicalIndex
    ranked: Mask
    seen: Mask | None = None

    @property
    def size(self) -> int:
        """How many ordinals there are."""
        return self.index.size

    @cached_property
    def count(self) -> int:
        """How many paragraphs the documents have."""
        return sum(record.paragraphs for record in self.records)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each document stands among the records, by its id."""
        return {record.document_id: i for i, record in enumerate(self.records)}

    def narrowed(self, may_read: MayRead) -> Snapshot:
        """What somebody sees who may not read all documents: the others are as if they were not in, also in how rare
        their words are. Itself where nothing is left out."""
        chosen = [i for i, record in enumerate(self.records) if may_read(record.document_id)]
        if len(chosen) == len(self.records):
            return self
        seen = np.zeros(self.size, dtype=np.bool_)
        for i in chosen:
            seen[self.firsts[i] : self.firsts[i] + self.records[i].paragraphs] = True
        records = tuple(self.records[i] for i in chosen)
        return replace(
            self,
            records=records,
            firsts=self.firsts[chosen],
            by_prefix={record.prefix: i for i, record in enumerate(records)},
            index=self.index.narrowed(seen),
            ranked=self.ranked & seen,
            seen=seen,
        )

    @cached_property
    def ranked_share(self) -> float:
        """The share of windows that lead to a paragraph that can be found."""
        if not self.count or not len(self._starts):
            return 1.0
        led = np.logical_or.reduceat(self.ranked[self.index.holders], self._starts)
        if self.seen is None:
            return float(led.mean())
        return float(led.sum() / max(np.logical_or.reduceat(self.seen[self.index.holders], self._starts).sum(), 1))

    @cached_property
    def ranked_windows(self) -> list[str]:
        """The hashes of the windows of all that can be found."""
        return self.windows_of(self.ranked)

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """Where in the index's windows another one begins."""
        windows = self.index.windows
        return np.flatnonzero(np.concatenate([[len(windows) > 0], windows[1:] != windows[:-1]])[: len(windows)])

    @property
    def window_count(self) -> int:
        """How many different texts the store keeps vectors of."""
        return len(self._starts)

    def windows_of(self, allowed: Mask) -> list[str]:
        """The hashes of the windows of these paragraphs, each once."""
        return [window.decode() for window in np.unique(self.index.windows[allowed[self.index.holders]]).tolist()]

    def holders(self, windows: Sequence[str], allowed: Mask) -> list[list[int]]:
        """For each window the paragraphs that hold it, each text once (see `collapse`)."""
        wanted = np.array(windows, dtype=self.index.windows.dtype)
        first = np.searchsorted(self.index.windows, wanted, side="left")
        end = np.searchsorted(self.index.windows, wanted, side="right")
        holders = np.asarray(self.index.holders)
        found: list[list[int]] = [[] for _ in windows]
        alone = np.flatnonzero(end - first == 1)
        places = holders[first[alone]]
        for i, place, is_allowed in zip(alone.tolist(), places.tolist(), allowed[places].tolist(), strict=True):
            if is_allowed:
                found[i].append(place)
        for i in np.flatnonzero(end - first > 1).tolist():
            places = holders[first[i] : end[i]]
            found[i] = self.collapse(places[allowed[places]])
        return found

    def ordinal(self, document: int, number: int) -> int:
        return int(self.firsts[document]) + number - 1

    def locate(self, ordinal: int) -> tuple[Record, int]:
        """The document's record and the paragraph's number."""
        document = int(np.searchsorted(self.firsts, ordinal, side="right")) - 1
        return self.records[document], ordinal - int(self.firsts[document]) + 1

    def allowed(self, scope: frozenset[str] | None, without: frozenset[Key]) -> Mask:
        """Which paragraphs a query may find. Raises ScopeError for a document that is not in."""
        if scope is None and not without:
            return self.ranked
        allowed = np.full(self.size, scope is None)
        documents = self.places
        for document_id in scope or ():
            if document_id not in documents:
                raise ScopeError(f"{document_id} is not in the index. `ibid status` lists what is.")
            first = self.ordinal(documents[document_id], 1)
            allowed[first : first + self.records[documents[document_id]].paragraphs] = True
        for document_id, number in without:
            if document_id in documents and number <= self.records[documents[document_id]].paragraphs:
                allowed[self.ordinal(documents[document_id], number)] = False
        return allowed & self.ranked

    def collapse(self, ordered: npt.ArrayLike) -> list[int]:
        """Of paragraphs with equal texts only one: the document's own words before a comment, then the first. They
        stay in the order in which each text first came."""
        places = np.asarray(ordered, dtype=np.int64)
        twins = self.index.twins[places]
        # Without a loop: the line of a form may stand in 20,000 places.
        preferred = np.lexsort((places, self.index.roles[places] == _COMMENT, twins))
        _, chosen = np.unique(twins[preferred], return_index=True)
        _, appearance = np.unique(twins, return_index=True)
        found: list[int] = places[preferred[chosen]][np.argsort(appearance)].tolist()
        return found

    def equal_to(self, ordinals: npt.NDArray[np.int64]) -> Mask:
        """Which paragraphs have the text of one of these."""
        return np.isin(self.index.twins, self.index.twins[ordinals])

    def elsewhere(self, prefix: str, number: int) -> list[Key]:
        """The paragraphs of other documents that have the text of this one, the first of each, in the order of the
        documents; none where it is not in any more."""
        if (document := self.by_prefix.get(prefix)) is None:
            return []
        same = self.index.twins == self.index.twins[self.ordinal(document, number)]
        places = np.flatnonzero(same if self.seen is None else same & self.seen)
        documents = np.searchsorted(self.firsts, places, side="right") - 1
        _, at = np.unique(documents, return_index=True)
        found = [self.locate(place) for place in places[at[documents[at] != document]].tolist()]
        return [(record.document_id, number) for record, number in found]

    def rarity(self, stem: str, commonness: float) -> float:
        """How much a term tells: its rarity in the documents, leaning on its `commonness` in English at large
        as if BACKGROUND more paragraphs had been read, so that a small folder does not take every verb it
        happens not to use for a rare name."""
        seen = self.index.words.document_frequency(stem) + BACKGROUND * commonness
        return float(np.log((self.count + BACKGROUND + 1) / (seen + 0.5)))

    def missing_terms(self, question: str) -> tuple[str, ...]:
        """Words of the question that stand nowhere, neither as a word nor, without accents, as its spelling."""
        absent = [word for word in terms.content_words(question) if not self.holds(word)]
        return tuple(terms.as_written(question, absent))

    def holds(self, word: str) -> bool:
        """Whether a word stands anywhere, in any form."""
        (stem,) = terms.stemmed([word])
        return bool(self.index.words.document_frequency(stem) or self.index.grams.document_frequency(word))

    def spelled(self, word: str, among: Mask | None = None) -> int:
        """In how many paragraphs, or in how many among some, a word stands as it is spelled, if without its accents."""
        leg, term = self.index.grams, word
        if len(word) == terms.GRAM:
            # In that leg it is a piece of longer ones, too.
            leg, (term,) = self.index.words, terms.stemmed([word])
        if among is None:
            return leg.document_frequency(term)
        return int(np.count_nonzero(among[leg.holding(term)]))


def open_snapshot(store: Store, folder: Path, earlier: Snapshot | None = None) -> Snapshot:
    """The current paragraphs with the lexical index in `folder`; where that is of another generation, the one of an
    `earlier` snapshot is patched from what changed since, or it is built anew. Vectors that were lost are made anew
    first, or the documents they are of are put aside."""
    generation = store.generation
    records = tuple(store.records().values())
    counts = [record.paragraphs for record in records]
    firsts = np.cumsum([0, *counts], dtype=np.int64)[:-1]
    by_prefix = {record.prefix: i for i, record in enumerate(records)}
    index = open_index(folder, generation)
    if index is None or index.size != sum(counts):
        index = _index_of(store, records, firsts, earlier=earlier)
        save_index(index, folder, generation)
    ranked = ~np.isin(index.roles, [_ROLES.index(role) for role in NOT_RANKED])
    snapshot = Snapshot(
        generation=generation, records=records, firsts=firsts, by_prefix=by_prefix, index=index, ranked=ranked
    )
    if store.is_writer and store.window_count < snapshot.window_count:
        store.make_good(store.lacking())
        return open_snapshot(store, folder)
    return snapshot


def _index_of(
    store: Store, records: Sequence[Record], firsts: npt.NDArray[np.int64], *, earlier: Snapshot | None
) -> LexicalIndex:
    """The index of these documents; of those that are in the `earlier` snapshot no paragraph is read again."""
    there = earlier.by_prefix if earlier is not None else {}
    new = [record for record in records if record.prefix not in there]
    texts = _texts(store, new)
    if earlier is None or len(new) == len(records):
        return build_index(texts)
    places = np.full(earlier.size, -1, dtype=np.int64)
    at = [np.zeros(0, dtype=np.int64)]
    for record, first in zip(records, firsts.tolist(), strict=True):
        here = np.arange(first, first + record.paragraphs)
        if record.prefix in there:
            was = int(earlier.firsts[there[record.prefix]])
            places[was : was + record.paragraphs] = here
        else:
            at.append(here)
    return patched(earlier.index, places, texts, np.concatenate(at))


def _texts(store: Store, records: Sequence[Record]) -> Iterator[LexicalText]:
    """The paragraphs of these documents, in order."""
    counts = [record.paragraphs for record in records]
    firsts = np.cumsum([0, *counts]).tolist()
    by_prefix = {record.prefix: i for i, record in enumerate(records)}
    texts: list[LexicalText | None] = [None] * sum(counts)
    further: dict[Key, set[str]] = {}
    for key, text_hash in store.further_parts(of=records):
        further.setdefault(place_of(key), set()).add(text_hash)
    for key, row in store.rows(of=records):
        document = by_prefix.get(prefix_of(key))
        if document is not None:
            texts[firsts[document] + row.paragraph.number - 1] = LexicalText(
                text=row.paragraph.text,
                context=context_of(records[document].title, row.paragraph),
                role=row.paragraph.role,
                shredding=row.shredding,
                windows=(row.text_hash, *further.get(place_of(key), ())),
            )
    # A row that Chroma lost is found by `Store.check`; here it only must not shift its neighbours.
    texts.reverse()
    return (texts.pop() or LexicalText(text="", context="") for _ in range(len(texts)))


class ActiveQueries:
    """Counts queries under way, so that a writer can wait for those that began before it looked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._active: set[int] = set()
        self._next = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            ticket = self._next
            self._next += 1
            self._active.add(ticket)
        try:
            yield
        finally:
            with self._changed:
                self._active.remove(ticket)
                self._changed.notify_all()

    def wait_for_those_before(self) -> None:
        with self._changed:
            limit = self._next
            self._changed.wait_for(lambda: all(ticket >= limit for ticket in self._active))
