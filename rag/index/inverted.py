"""An inverted index with BM25 scores: built from the terms of paragraphs, or patched from another one.

Terms are kept as 64-bit hashes, so that no vocabulary needs loading.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
"""Where paragraphs stand; below zero for none."""
Mask = npt.NDArray[np.bool_]
"""Which paragraphs, by their places."""

K1, B = 1.2, 0.75
"""BM25's usual constants (Robertson & Zaragoza 2009, The Probabilistic Relevance Framework)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One inverted index: for each term hash a run of (paragraph, BM25 impact) pairs. `counts`, beside each of them,
    and `lengths`, of each paragraph, are what the impacts are made of."""

    hashes: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    impacts: npt.NDArray[np.float32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        return len(self.lengths)

    def scores(self, query: Sequence[str]) -> Scores:
        """The BM25 score of every paragraph, `[size]`, zero where no term of the query stands."""
        scores = np.zeros(self.size, dtype=np.float32)
        for term, times in Counter(query).items():
            run = self._run(term)
            scores[self.postings[run]] += times * self.impacts[run]
        return scores

    def document_frequency(self, term: str) -> int:
        run = self._run(term)
        return int(run.stop - run.start)

    def _run(self, term: str) -> slice:
        hashed = np.uint64(hash_of(term))
        at = int(np.searchsorted(self.hashes, hashed))
        if at == len(self.hashes) or self.hashes[at] != hashed:
            return slice(0, 0)
        return slice(int(self.offsets[at]), int(self.offsets[at + 1]))

    def narrowed(self, seen: Mask) -> Leg:
        """This leg as if only the paragraphs that are `seen` were in it, each at its place."""
        lengths = self.lengths[seen]
        facts = (self.hashes, self.offsets, self.postings, self.impacts, self.counts, self.lengths)
        return _NarrowedLeg(*facts, seen, len(lengths), _mean(lengths))

    @property
    def _terms(self) -> npt.NDArray[np.int64]:
        """The place of each posting's term among `hashes`."""
        return np.repeat(np.arange(len(self.hashes)), np.diff(self.offsets))

    def patched(self, places: Places, added: Leg, at: Places) -> Leg:
        """This leg with each paragraph moved to its new place, or taken out where that is below zero, and with those
        of another one `at` their places: to the bit what a builder makes of all of them. Both keep their order."""
        size = int((places >= 0).sum()) + added.size
        hashes = np.union1d(self.hashes, added.hashes)
        moved = places[self.postings]
        stays = moved >= 0
        kept = (np.searchsorted(hashes, self.hashes)[self._terms] * size + moved)[stays]
        new = np.searchsorted(hashes, added.hashes)[added._terms] * size + at[added.postings]
        between = np.searchsorted(kept, new)
        keys = np.insert(kept, between, new)
        frequency = np.bincount(keys // max(size, 1), minlength=len(hashes))
        lengths = np.zeros(size, np.int32)
        lengths[places[places >= 0]], lengths[at] = self.lengths[places >= 0], added.lengths
        return _weighed(
            hashes[frequency > 0],
            frequency[frequency > 0],
            postings=(keys % max(size, 1)).astype(np.int32),
            counts=np.insert(self.counts[stays], between, added.counts),
            lengths=lengths,
        )


@dataclass(frozen=True, slots=True)
class _NarrowedLeg(Leg):
    """What nobody sees counts for nothing: not in a score, nor in how rare a term is, how many paragraphs there are
    and how long they are. Weighed at each query, to the bit as a builder weighs those that are seen alone."""

    seen: Mask
    seen_count: int
    mean_length: float

    def scores(self, query: Sequence[str]) -> Scores:
        scores = np.zeros(self.size, dtype=np.float32)
        for term, times in Counter(query).items():
            run = self._run(term)
            is_seen = self.seen[self.postings[run]]
            places, counts = self.postings[run][is_seen], self.counts[run][is_seen]
            weight = _weight(self.seen_count, np.array(len(places)))
            scores[places] += times * _impacts(weight, counts, _normal(self.lengths[places], self.mean_length))
        return scores

    def document_frequency(self, term: str) -> int:
        return int(np.count_nonzero(self.seen[self.postings[self._run(term)]]))


class LegBuilder:
    """Collects the terms of paragraphs, one after the other, and turns them into a Leg."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._terms = array("i")
        self._counts = array("H")
        self._distinct = array("i")
        self._lengths = array("i")

    def add(self, paragraph_terms: list[str]) -> None:
        counted = Counter(paragraph_terms)
        vocabulary = self._vocabulary
        self._terms.extend([vocabulary.setdefault(term, len(vocabulary)) for term in counted])
        self._counts.extend([min(count, 65_535) for count in counted.values()])
        self._distinct.append(len(counted))
        self._lengths.append(len(paragraph_terms))

    def build(self) -> Leg:
        size = len(self._lengths)
        term_ids = np.frombuffer(self._terms, dtype=np.int32) if len(self._terms) else np.zeros(0, np.int32)
        counts = np.frombuffer(self._counts, dtype=np.uint16) if len(self._counts) else np.zeros(0, np.uint16)
        paragraphs = np.repeat(np.arange(size, dtype=np.int32), np.array(self._distinct, dtype=np.int64))
        hashes = np.array([hash_of(term) for term in self._vocabulary], dtype=np.uint64)
        by_hash = np.argsort(hashes)
        place = np.empty(len(hashes), dtype=np.int32)
        place[by_hash] = np.arange(len(hashes), dtype=np.int32)
        order = np.argsort(place[term_ids], kind="stable")
        return _weighed(
            hashes[by_hash],
            np.bincount(place[term_ids], minlength=len(hashes)),
            postings=paragraphs[order],
            counts=counts[order],
            lengths=np.array(self._lengths, dtype=np.int32),
        )


def _weighed(
    hashes: npt.NDArray[np.uint64],
    frequency: npt.NDArray[np.int64],
    *,
    postings: npt.NDArray[np.int32],
    counts: npt.NDArray[np.uint16],
    lengths: npt.NDArray[np.int32],
) -> Leg:
    """The leg of these postings, which are sorted by term and paragraph, with their impacts."""
    weight, normal = _weight(len(lengths), frequency), _normal(lengths, _mean(lengths))
    impacts = _impacts(np.repeat(weight, frequency), counts, normal[postings])
    offsets = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
    return Leg(hashes, offsets, postings, impacts, counts, lengths)


def _weight(size: int, frequency: npt.NDArray[np.int64]) -> Scores:
    """How much a term tells that stands in so many of `size` paragraphs."""
    return np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def _mean(lengths: npt.NDArray[np.int32]) -> float:
    return float(lengths.astype(np.float32).mean()) if len(lengths) else 1.0


def _normal(lengths: npt.NDArray[np.int32], mean: float) -> Scores:
    return K1 * (1 - B + B * lengths.astype(np.float32) / max(mean, 1e-9))


def _impacts(weight: Scores, counts: npt.NDArray[np.uint16], normal: Scores) -> Scores:
    counted = counts.astype(np.float32)
    return (weight * counted * (K1 + 1) / (counted + normal)).astype(np.float32)


def hash_of(term: str) -> int:
    """64 bits of it: two of a million terms collide with a chance of 3e-8."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
