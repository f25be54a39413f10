"""An inverted index with BM25 scores, in segments: what is added is a segment of its own, what is gone stays in its
segment without a place, and small segments are joined. A score is to the bit what one segment of all would give.

Terms are kept as 64-bit hashes, so that no vocabulary needs loading.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
"""Where paragraphs stand; below zero for none."""
Mask = npt.NDArray[np.bool_]
"""Which paragraphs, by their places."""

K1, B = 1.2, 0.75
"""BM25's usual constants (Robertson & Zaragoza 2009, The Probabilistic Relevance Framework)."""

LARGEST = 20_000
"""Paragraphs of a segment that is built, or joined of others: what is worked on at once takes some 150 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some paragraphs, from 0: for each term hash a run of (paragraph, count) pairs, and the length of each paragraph
    in terms. `name` is its own for ever, as what it holds never changes."""

    hashes: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]
    name: str = field(default_factory=lambda: uuid4().hex)

    @property
    def size(self) -> int:
        return len(self.lengths)

    @property
    def is_whole(self) -> bool:
        """Whether its parts fit one another."""
        postings = self.offsets[-1] if len(self.offsets) else -1
        return len(self.offsets) == len(self.hashes) + 1 and postings == len(self.postings) == len(self.counts)

    def runs(self, hashes: npt.NDArray[np.uint64]) -> Iterator[slice]:
        """The run of each term; an empty one for a term that stands nowhere here."""
        at = np.searchsorted(self.hashes, hashes)
        for place, hashed in zip(at.tolist(), hashes, strict=True):
            if place == len(self.hashes) or self.hashes[place] != hashed:
                yield slice(0, 0)
            else:
                yield slice(int(self.offsets[place]), int(self.offsets[place + 1]))


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment, and where each of its paragraphs stands in the whole: below zero what is gone or not seen."""

    segment: Segment
    places: npt.NDArray[np.int32]
    stays: Mask
    all_stay: bool

    @classmethod
    def at(cls, segment: Segment, places: npt.NDArray[np.integer]) -> Placed:
        stays = places >= 0
        return cls(segment, places.astype(np.int32, copy=False), stays, bool(stays.all()))

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.stays))

    def frequency(self, run: slice) -> int:
        """How many of the paragraphs in a run stay."""
        if self.all_stay:
            return int(run.stop - run.start)
        return int(np.count_nonzero(self.stays[self.segment.postings[run]]))


@dataclass(frozen=True, slots=True)
class Leg:
    """An inverted index over `size` paragraphs, of which `count` are there to be found. `normals` are what the lengths
    of each segment's paragraphs weigh beside their mean."""

    segments: tuple[Placed, ...]
    size: int
    count: int
    normals: tuple[Scores, ...]

    @classmethod
    def of(cls, segments: Sequence[Placed], *, size: int) -> Leg:
        """Over these segments."""
        lengths, there = np.zeros(size, np.int32), np.zeros(size, np.bool_)
        for placed in segments:
            here = placed.places[placed.stays]
            lengths[here], there[here] = placed.segment.lengths[placed.stays], True
        # In the order of places, so that the mean does not hang on how the segments lie.
        mean = _mean(lengths[there])
        normals = tuple(_normal(placed.segment.lengths, mean) for placed in segments)
        return cls(tuple(segments), size, int(np.count_nonzero(there)), normals)

    def scores(self, query: Sequence[str]) -> Scores:
        """The BM25 score of every paragraph, `[size]`, zero where no term of the query stands."""
        scores = np.zeros(self.size, dtype=np.float32)
        counted = Counter(query)
        if not counted:
            return scores
        runs = self._runs(list(counted))
        times = np.array(list(counted.values()), np.float32)
        weights = times * _weight(self.count, self._frequencies(runs, len(counted)))
        for placed, normal, found in zip(self.segments, self.normals, runs, strict=True):
            segment = placed.segment
            postings = np.concatenate([segment.postings[run] for run in found])
            counts = np.concatenate([segment.counts[run] for run in found]).astype(np.float32)
            weighed = np.repeat(weights, [run.stop - run.start for run in found])
            # Added up term by term, in the order of the query, wherever a paragraph lies.
            local = np.bincount(postings, _impacts(weighed, counts, normal[postings]), minlength=segment.size)
            scores[placed.places[placed.stays]] = local[placed.stays]
        return scores

    def document_frequency(self, term: str) -> int:
        return int(self._frequencies(self._runs([term]), 1)[0])

    def holding(self, term: str) -> Places:
        """Where the paragraphs stand that hold a term."""
        found = [
            placed.places[placed.segment.postings[run]]
            for placed, (run,) in zip(self.segments, self._runs([term]), strict=True)
        ]
        places = np.concatenate(found) if found else np.zeros(0, np.int32)
        return places[places >= 0].astype(np.int64)

    def narrowed(self, seen: Mask) -> Leg:
        """This leg as if only the paragraphs that are `seen` were in it, each at its place: what nobody sees counts for
        nothing, not in a score, nor in how rare a term is, how many paragraphs there are and how long they are."""
        narrowed = []
        for placed in self.segments:
            is_seen = np.zeros(placed.segment.size, np.bool_)
            is_seen[placed.stays] = seen[placed.places[placed.stays]]
            if is_seen.any():
                narrowed.append(Placed.at(placed.segment, np.where(is_seen, placed.places, -1)))
        return Leg.of(narrowed, size=self.size)

    def patched(self, places: Places, added: Leg, at: Places) -> Leg:
        """This leg with each paragraph moved to its new place, or gone where that is below zero, and with those of
        another one `at` their places."""
        moved = [Placed.at(one.segment, _through(places, one)) for one in self.segments]
        new = [Placed.at(one.segment, _through(at, one)) for one in added.segments]
        size = int((places >= 0).sum()) + added.size
        return Leg.of(_tidied([*moved, *new]), size=size)

    def _runs(self, terms: Sequence[str]) -> list[list[slice]]:
        """The runs of the terms in each segment."""
        hashes = np.array([hash_of(term) for term in terms], dtype=np.uint64)
        return [list(placed.segment.runs(hashes)) for placed in self.segments]

    def _frequencies(self, runs: Sequence[Sequence[slice]], count: int) -> npt.NDArray[np.int64]:
        """How many paragraphs hold each term."""
        found = np.zeros(count, np.int64)
        for placed, of_terms in zip(self.segments, runs, strict=True):
            found += np.array([placed.frequency(run) for run in of_terms], np.int64)
        return found


def _through(places: Places, placed: Placed) -> Places:
    """The places of what was placed before."""
    there = np.full(placed.segment.size, -1, np.int64)
    there[placed.stays] = places[placed.places[placed.stays]]
    return there


def _tidied(segments: Sequence[Placed]) -> list[Placed]:
    """Without those of which nothing stays; one of which most is gone is written anew, and a small one is joined with
    the one before it until each is twice the next: what is added costs its own size, again and again but seldom."""
    kept: list[Placed] = []
    for placed in segments:
        if not placed.count:
            continue
        kept.append(_joined([placed]) if 2 * placed.count < placed.segment.size else placed)
        while len(kept) > 1 and kept[-2].count < 2 * kept[-1].count and kept[-2].count + kept[-1].count <= LARGEST:
            kept[-2:] = [_joined(kept[-2:])]
    return kept


def _joined(segments: Sequence[Placed]) -> Placed:
    """One segment of what stays of several."""
    hashes = np.unique(np.concatenate([one.segment.hashes for one in segments]))
    ids, postings, counts, first = [], [], [], 0
    for one in segments:
        segment = one.segment
        stays = one.stays[segment.postings]
        at = np.searchsorted(hashes, segment.hashes).astype(np.int32)
        ids.append(np.repeat(at, np.diff(segment.offsets))[stays])
        local = (np.cumsum(one.stays) - 1 + first).astype(np.int32)
        postings.append(local[segment.postings[stays]])
        counts.append(segment.counts[stays])
        first += one.count
    of_terms = np.concatenate(ids)
    # Each part is in order already, and that of the next follows it.
    order = np.argsort(of_terms, kind="stable")
    segment = _segment(
        hashes,
        np.bincount(of_terms, minlength=len(hashes)),
        postings=np.concatenate(postings)[order],
        counts=np.concatenate(counts)[order],
        lengths=np.concatenate([one.segment.lengths[one.stays] for one in segments]),
    )
    return Placed.at(segment, np.concatenate([one.places[one.stays] for one in segments]))


class SegmentBuilder:
    """Collects the terms of paragraphs, one after the other, and turns them into a segment."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._terms = array("i")
        self._counts = array("H")
        self._distinct = array("i")
        self._lengths = array("i")

    @property
    def size(self) -> int:
        return len(self._lengths)

    def add(self, paragraph_terms: list[str]) -> None:
        counted = Counter(paragraph_terms)
        vocabulary = self._vocabulary
        self._terms.extend([vocabulary.setdefault(term, len(vocabulary)) for term in counted])
        self._counts.extend([min(count, 65_535) for count in counted.values()])
        self._distinct.append(len(counted))
        self._lengths.append(len(paragraph_terms))

    def build(self) -> Segment:
        term_ids = np.frombuffer(self._terms, dtype=np.int32) if len(self._terms) else np.zeros(0, np.int32)
        counts = np.frombuffer(self._counts, dtype=np.uint16) if len(self._counts) else np.zeros(0, np.uint16)
        paragraphs = np.repeat(np.arange(self.size, dtype=np.int32), np.array(self._distinct, dtype=np.int64))
        hashes = np.array([hash_of(term) for term in self._vocabulary], dtype=np.uint64)
        by_hash = np.argsort(hashes)
        place = np.empty(len(hashes), dtype=np.int32)
        place[by_hash] = np.arange(len(hashes), dtype=np.int32)
        of_terms = place[term_ids]
        order = np.argsort(of_terms, kind="stable")
        return _segment(
            hashes[by_hash],
            np.bincount(of_terms, minlength=len(hashes)),
            postings=paragraphs[order],
            counts=counts[order],
            lengths=np.array(self._lengths, dtype=np.int32),
        )


class LegBuilder:
    """Makes a leg of paragraphs that come one after the other, in segments of at most LARGEST."""

    def __init__(self) -> None:
        self._segments: list[Placed] = []
        self._first = 0
        self._now = SegmentBuilder()

    def add(self, paragraph_terms: list[str]) -> None:
        if self._now.size == LARGEST:
            self._end()
        self._now.add(paragraph_terms)

    def build(self) -> Leg:
        if self._now.size:
            self._end()
        return Leg.of(self._segments, size=self._first)

    def _end(self) -> None:
        segment = self._now.build()
        self._segments.append(Placed.at(segment, np.arange(self._first, self._first + segment.size)))
        self._first += segment.size
        self._now = SegmentBuilder()


def _segment(
    hashes: npt.NDArray[np.uint64],
    frequency: npt.NDArray[np.int64],
    *,
    postings: npt.NDArray[np.int32],
    counts: npt.NDArray[np.uint16],
    lengths: npt.NDArray[np.int32],
) -> Segment:
    """Of postings that are sorted by term and paragraph, so many of each term."""
    used = frequency > 0
    offsets = np.concatenate([[0], np.cumsum(frequency[used])]).astype(np.int64)
    return Segment(hashes=hashes[used], offsets=offsets, postings=postings, counts=counts, lengths=lengths)


def _weight(size: int, frequency: npt.NDArray[np.int64]) -> Scores:
    """How much a term tells that stands in so many of `size` paragraphs."""
    return np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def _mean(lengths: npt.NDArray[np.int32]) -> float:
    return float(lengths.astype(np.float32).mean()) if len(lengths) else 1.0


def _normal(lengths: npt.NDArray[np.int32], mean: float) -> Scores:
    return np.asarray(K1 * (1 - B + B * lengths.astype(np.float32) / max(mean, 1e-9)), np.float32)


def _impacts(weights: Scores, counts: Scores, normal: Scores) -> Scores:
    return np.asarray(weights * counts * (K1 + 1) / (counts + normal), np.float32)


def hash_of(term: str) -> int:
    """64 bits of it: two of a million terms collide with a chance of 3e-8."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
