"""Ranges of measures in a text, "under 20 kg", "5 to 20 kg", "20 kg and over", and whether one holds an amount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import regex

from rag.domain import Span
from rag.text import language
from rag.text.values import Amount, find_amounts

_BEFORE = {
    name: regex.compile(rf"(?:{language.pattern(name)})\s*$", regex.IGNORECASE)
    for name in ("ranges.below", "ranges.up_to", "ranges.above", "ranges.from")
}
_UNIT = r"\s*[\p{L}%€$£°]*\.?\s*"
_AFTER = {
    name: regex.compile(rf"{_UNIT}(?:{language.pattern(name)})", regex.IGNORECASE)
    for name in ("ranges.and_more", "ranges.and_less")
}
_TO = regex.compile(rf"{_UNIT}(?:[-–—]|{language.pattern('ranges.to')})\s*", regex.IGNORECASE)
_LOOKED_BACK = 20
"""Letters before a number in which its range may be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From `low` to `high`, of a unit of measure; `excludes` those of the two that are not in it themselves."""

    low: float
    high: float
    measure: str
    excludes: frozenset[float] = frozenset()

    def holds(self, amount: Amount) -> bool:
        is_inside = self.low <= amount.value <= self.high
        return amount.measure == self.measure and is_inside and amount.value not in self.excludes


def ranges_of(text: str) -> list[Range]:
    """The ranges of a text, in order."""
    found = list(find_amounts(text))
    return [*_between(text, found), *_open(text, found)]


def _between(text: str, found: list[tuple[Span, Amount]]) -> Iterator[Range]:
    for (one, low), (other, high) in pairwise(found):
        if high.measure and low.measure in (None, high.measure) and _TO.fullmatch(text, one.end, other.start):
            yield Range(low=low.value, high=high.value, measure=high.measure)


def _open(text: str, found: list[tuple[Span, Amount]]) -> Iterator[Range]:
    for span, amount in found:
        if amount.measure is None:
            continue
        before, value = text[max(span.start - _LOOKED_BACK, 0) : span.start], amount.value
        if _BEFORE["ranges.below"].search(before):
            yield Range(low=-inf, high=value, measure=amount.measure, excludes=frozenset({value}))
        elif _BEFORE["ranges.above"].search(before):
            yield Range(low=value, high=inf, measure=amount.measure, excludes=frozenset({value}))
        elif _BEFORE["ranges.up_to"].search(before) or _AFTER["ranges.and_less"].match(text, span.end):
            yield Range(low=-inf, high=value, measure=amount.measure)
        elif _BEFORE["ranges.from"].search(before) or _AFTER["ranges.and_more"].match(text, span.end):
            yield Range(low=value, high=inf, measure=amount.measure)
