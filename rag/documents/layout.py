"""Where the words of a text stand on the pages that they come from.

A loader that knows pages gives a `Layout` beside the text. Its runs are keyed by offsets, like everything else here, so
that no noun, row or JSON field has to carry a place: who shows a citation asks `places(start, end)`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the page as it is shown, from its top left corner: 0 ≤ left < right ≤ 1."""

_SAME_LINE = 0.5
"""Of the lower rectangle's height, what two share that stand on one line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page, counted from 1, and a piece of it; the rectangle is None where only the page is known."""

    page: int
    rectangle: Rectangle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A word, or any piece `[start, end)` of a document's text that stands in one place."""

    start: int
    end: int
    place: Place


@dataclass(frozen=True, slots=True)
class Layout:
    """The runs of a text in its order, not overlapping. Text between two runs stands nowhere (spaces, line ends)."""

    runs: Sequence[Run] = ()

    def __bool__(self) -> bool:
        return bool(self.runs)

    def places(self, start: int, end: int) -> list[Place]:
        """Where `[start, end)` of the text stands, in its order: a rectangle for each line touched, around all runs of
        that line. Empty where the layout does not know."""
        found: list[Place] = []
        for run in self._touched(start, end):
            joined = _joined(found[-1], run.place) if found else None
            if joined is not None:
                found[-1] = joined
            else:
                found.append(run.place)
        return found

    def page_at(self, start: int, end: int) -> int | None:
        """The page on which `[start, end)` begins."""
        first = next(self._touched(start, end), None)
        return first.place.page if first else None

    def _touched(self, start: int, end: int) -> Iterator[Run]:
        """The runs that have a part of `[start, end)`."""
        first = bisect_right(self.runs, start, key=lambda run: run.start) - 1
        for i in range(max(first, 0), len(self.runs)):
            if self.runs[i].start >= end:
                return
            if self.runs[i].end > start:
                yield self.runs[i]


def _joined(one: Place, other: Place) -> Place | None:
    """Both as one place, if they are on one line; None if not."""
    if one.page != other.page:
        return None
    if one.rectangle is None or other.rectangle is None:
        return one if one.rectangle == other.rectangle else None
    left, top, right, bottom = one.rectangle
    other_left, other_top, other_right, other_bottom = other.rectangle
    shared = min(bottom, other_bottom) - max(top, other_top)
    if shared < _SAME_LINE * min(bottom - top, other_bottom - other_top):
        return None
    return Place(
        one.page, (min(left, other_left), min(top, other_top), max(right, other_right), max(bottom, other_bottom))
    )
