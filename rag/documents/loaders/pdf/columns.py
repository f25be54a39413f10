"""The columns of a page, by where its lines stand: a page is cut at its gutter, and each half again (an XY-cut)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from rag.documents.loaders.pdf.characters import Line
from rag.documents.loaders.pdf.scripts import UNSPACED, runs_left

_DEEPEST = 4
_FEWEST_LINES = 6
_MARGIN = 0.12  # of the width: no gutter so near an edge
_STEP = 3  # points
_CROSSING = 0.3  # of the lines: more across it, and it is no gutter
_WIDE = 0.3  # of a line's height: the narrowest gutter
_LARGE = 1.2  # of the usual height: a heading
_FEWEST_LETTERS = 20
"""Characters a line on both sides; with fewer it is a table. Half of it where words have no spaces."""

_LONGEST_COUNTED = 60


class _Gutter(NamedTuple):
    crossing: int
    room: float
    x: int


def columns(lines: Sequence[Line], depth: int = 0) -> Iterator[list[Line]]:
    """The lines in groups that are read one after the other: what crosses the gutter parts the page into bands, and in
    each band one half is read before the other."""
    gutter = _gutter(lines) if depth < _DEEPEST and len(lines) >= _FEWEST_LINES else None
    if gutter is None:
        yield list(lines)
        return
    right_first = runs_left("".join(line.text for line in lines))
    for spans, band in _bands(lines, gutter.x):
        if spans:
            yield band
            continue
        for half in _halves(band, gutter.x, right_first):
            yield from columns(half, depth + 1)


def _gutter(lines: Sequence[Line]) -> _Gutter | None:
    """The x that the fewest lines cross, with real text on both sides."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    margin = _MARGIN * (right - left)
    found = (_at(lines, x) for x in range(int(left + margin), int(right - margin), _STEP))
    best = max((gutter for gutter in found if gutter), key=lambda one: (-one.crossing, one.room), default=None)
    return best if best and best.room > _WIDE * median(line.height for line in lines) else None


def _at(lines: Sequence[Line], x: int) -> _Gutter | None:
    crossing = sum(line.left < x - 1 and line.right > x + 1 for line in lines)
    if crossing > _CROSSING * len(lines):
        return None
    left = [line for line in lines if line.right <= x + 1]
    right = [line for line in lines if line.left >= x - 1]
    fewest = _FEWEST_LETTERS // (2 if UNSPACED.search("".join(line.text for line in lines[:9])) else 1)
    if not (_is_text(left, fewest) and _is_text(right, fewest)):
        return None
    return _Gutter(crossing, min(line.left for line in right) - max(line.right for line in left), x)


def _is_text(lines: Sequence[Line], fewest: int) -> bool:
    return len(lines) > 2 and sum(min(len(line.text), _LONGEST_COUNTED) for line in lines) >= fewest * len(lines)


def _bands(lines: Sequence[Line], x: int) -> list[tuple[bool, list[Line]]]:
    """From top to bottom: whether the lines of a band go across the gutter, and the lines."""
    usual = median(line.height for line in lines)
    bands: list[tuple[bool, list[Line]]] = []
    for line in sorted(lines, key=lambda line: line.top):
        spans = (line.left < x - 1 and line.right > x + 1) or (
            line.height > _LARGE * usual and not _has_neighbour(line, lines, x)
        )
        if bands and bands[-1][0] == spans:
            bands[-1][1].append(line)
        else:
            bands.append((spans, [line]))
    return bands


def _has_neighbour(line: Line, lines: Sequence[Line], x: int) -> bool:
    """Whether anything stands at its height on the other side of the gutter."""
    return any(
        other.top < line.bottom and other.bottom > line.top and (other.left > x) != (line.left > x)
        for other in lines
        if other is not line
    )


def _halves(band: Sequence[Line], x: int, right_first: bool) -> list[list[Line]]:
    left = [line for line in band if line.left + line.right < 2 * x]
    right = [line for line in band if line.left + line.right >= 2 * x]
    return [half for half in ((right, left) if right_first else (left, right)) if half]
