"""The legs of a search: paragraphs by their words, by character n-grams, and by the cosines of an embedder.

Each leg gives scores by ordinal, best first, of what the query may find; equal texts come once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rag.domain import Question
from rag.index.chroma import Near
from rag.index.inverted import Mask
from rag.index.snapshot import Snapshot
from rag.search.fusion import Scores, normalised, top
from rag.text import terms
from rag.text.dates import Day, find_whole_dates

LEGS = ("dense", "words", "grams")

_OF_TWO_DIGITS = 100
LEG_DEPTH = 100
"""How many paragraphs each leg brings."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a query may find of a snapshot: `allowed` by ordinal; `among` the hashes of the texts that a vector search
    is narrowed to, None for all; `is_scoped` where it was asked of some documents, which will be asked again; `masked`
    how many paragraphs were left out one by one."""

    snapshot: Snapshot
    allowed: Mask
    among: Sequence[str] | None
    is_scoped: bool
    masked: int

    @property
    def needed(self) -> int:
        """How many texts to ask a vector search for, as titles and parts of long paragraphs come along, so that
        LEG_DEPTH paragraphs are left."""
        return int(1.5 * LEG_DEPTH / max(self.snapshot.ranked_share, 0.25)) + self.masked


def view_of(snapshot: Snapshot, question: Question) -> View:
    """Raises ScopeError where a document of the question's scope is not in."""
    allowed = snapshot.allowed(question.scope, question.without)
    is_scoped = question.scope is not None
    among = snapshot.windows_of(allowed) if is_scoped else None
    if not is_scoped and snapshot.seen is not None:
        among = snapshot.ranked_windows
    return View(snapshot=snapshot, allowed=allowed, among=among, is_scoped=is_scoped, masked=len(question.without))


@dataclass(frozen=True, kw_only=True)
class Legs:
    """Scores by ordinal in each leg; `dense`, the shipped embedder's cosines, is empty where the leg was left out,
    `second` where no second embedder was asked."""

    words: dict[int, float]
    grams: dict[int, float]
    dense: dict[int, float]
    second: dict[int, float]

    @cached_property
    def normalised(self) -> dict[str, dict[int, float]]:
        """Each leg that found anything, its scores between 0 and 1."""
        legs = {
            "words": normalised(self.words, 0.0),
            "grams": normalised(self.grams, 0.0),
            "dense": normalised(self.second or self.dense),
        }
        return {name: scores for name, scores in legs.items() if scores}


def by_words(view: View, query: str) -> dict[int, float]:
    return _leg(view.snapshot.index.words.scores([*terms.stems(query), *terms.joined(query), *_days_of(query)]), view)


def by_grams(view: View, query: str) -> dict[int, float]:
    return _leg(view.snapshot.index.grams.scores([*terms.grams(query), *terms.joined(query), *_days_of(query)]), view)


@lru_cache(maxsize=64)
def _days_of(query: str) -> tuple[str, ...]:
    """The days of a query as tables write them, in what the query does not have itself: of "6 April 2023" those of
    2023-04-06, and 06.04.2023. Remembered, as both legs ask."""
    days = [one.readings[0] for one in find_whole_dates(query) if len(one.readings) == 1]
    written = [form for day in days if day.month and day.day for form in _forms(day)]
    there = frozenset(terms.written(query))
    return tuple(token for token in dict.fromkeys(terms.written(" ".join(written))) if token not in there)


def _forms(day: Day) -> list[str]:
    if day.year is None or day.year < _OF_TWO_DIGITS:
        return [f"{day.month:02}-{day.day:02}"]
    return [f"{day.year}-{day.month:02}-{day.day:02}", f"{day.day:02}.{day.month:02}.{day.year}"]


def by_cosine(view: View, near: Sequence[Near]) -> dict[int, float]:
    """The cosines of the paragraphs that hold these texts; a text of another generation leads nowhere."""
    best: dict[int, float] = {}
    held = view.snapshot.holders([text_hash for text_hash, _ in near], view.allowed)
    for ordinals, (_, similarity) in zip(held, near, strict=True):
        for ordinal in ordinals:
            best[ordinal] = max(similarity, best.get(ordinal, -1.0))
    ordered = sorted(best, key=lambda ordinal: (-best[ordinal], ordinal))
    return {ordinal: best[ordinal] for ordinal in view.snapshot.collapse(ordered)[:LEG_DEPTH]}


def _leg(scores: Scores, view: View) -> dict[int, float]:
    scores = np.where(view.allowed, scores, 0)
    depth = LEG_DEPTH + LEG_DEPTH // 2
    found: dict[int, float] = {}
    while True:
        ordered = top(scores, depth)
        found |= {ordinal: float(scores[ordinal]) for ordinal in view.snapshot.collapse(ordered)}
        if len(found) >= LEG_DEPTH or len(ordered) < depth:
            return dict(list(found.items())[:LEG_DEPTH])
        # However many places a text has, they do not keep the other texts out.
        scores[view.snapshot.equal_to(ordered)] = 0
