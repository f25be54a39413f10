"""Tables by the lines that are drawn on a page: lines that cross make a grid, and the grid makes cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

_Box: TypeAlias = tuple[float, float, float, float]

_THIN = 3.0  # points: what is thicker is no line
_SHORTEST = 6.0
_NEAR = 3.0
"""Points: lines so near are one, as the two sides of a double line and the borders of two cells with a gap are."""

_OPEN = 6.0
"""Points: so far beyond the outermost upright line the level ones go where a table has no side."""

_MOST_LINES, _MOST_CELLS = 400, 3_000
_FEWEST_BANDS = 3  # of a table without upright lines


class _Line(NamedTuple):
    """A level or upright line: where it is on the other axis, and from where to where it goes."""

    at: float
    start: float
    end: float


class Cell(NamedTuple):
    """Counted from 0, and how many columns and rows it goes over."""

    row: int
    column: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The edges of columns and rows, from left to right and top to bottom, and what lies between."""

    xs: Sequence[float]
    ys: Sequence[float]
    cells: Sequence[Cell]

    @property
    def box(self) -> _Box:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]


def grids_of(lines: Iterable[_Box], words: Sequence[_Box]) -> list[Grid]:
    """The grids that the lines of a page make, those with two rows and two columns at least: one box around a text is
    none. Where no upright line parts columns, the gaps between the words do."""
    boxes = list(lines)
    level = _merged(
        _Line((top + bottom) / 2, left, right) for left, top, right, bottom in boxes if bottom - top <= _THIN
    )
    upright = _merged(
        _Line((left + right) / 2, top, bottom) for left, top, right, bottom in boxes if right - left <= _THIN
    )
    if not level or len(level) + len(upright) > _MOST_LINES:
        return []
    found = (_grid(some, others) for some, others in _connected(level, upright))
    grids = [grid for grid in found if grid is not None]
    rest = [line for line in level if not any(_is_inside(line, grid) for grid in grids)]
    return [*grids, *_banded(rest, words)]


def _merged(lines: Iterable[_Line]) -> list[_Line]:
    """Pieces of one line put together, double lines made one."""
    rows: list[list[_Line]] = []
    for line in sorted(lines):
        if rows and line.at - rows[-1][0].at <= _NEAR:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in _end_to_end(row) if line.end - line.start >= _SHORTEST]


def _end_to_end(row: Sequence[_Line]) -> list[_Line]:
    at = sum(line.at for line in row) / len(row)
    found: list[_Line] = []
    for _, start, end in sorted(row, key=lambda line: line.start):
        if found and start - found[-1].end <= _NEAR:
            found[-1] = _Line(at, found[-1].start, max(end, found[-1].end))
        else:
            found.append(_Line(at, start, end))
    return found


def _connected(level: Sequence[_Line], upright: Sequence[_Line]) -> Iterable[tuple[list[_Line], list[_Line]]]:
    """Lines in groups whose members cross or touch one another."""
    groups: list[tuple[list[_Line], list[_Line]]] = []
    for line in upright:
        met = [other for other in level if _meet(other, line)]
        touched = [group for group in groups if any(other in group[0] for other in met)]
        groups = [group for group in groups if not any(group is other for other in touched)]
        levels = dict.fromkeys([*met, *(other for group in touched for other in group[0])])
        groups.append((sorted(levels), sorted([line, *(other for group in touched for other in group[1])])))
    return groups


def _meet(level: _Line, upright: _Line) -> bool:
    return _covers(level, upright.at) and _covers(upright, level.at)


def _covers(line: _Line, at: float) -> bool:
    return line.start - _NEAR <= at <= line.end + _NEAR


def _grid(level: Sequence[_Line], upright: Sequence[_Line]) -> Grid | None:
    xs = _with_open_sides([line.at for line in upright], level)
    ys = _with_open_sides([line.at for line in level], upright)
    if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    cells = _cells(xs, ys, level, upright)
    columns, rows = {cell.column for cell in cells}, {cell.row for cell in cells}
    return Grid(xs, ys, cells) if cells and len(columns) > 1 and len(rows) > 1 else None


def _with_open_sides(edges: Sequence[float], across: Sequence[_Line]) -> list[float]:
    """The edges in order, and where the lines across end beyond them."""
    found = [edge for i, edge in enumerate(sorted(edges)) if not i or edge - sorted(edges)[i - 1] > _NEAR]
    if not found or not across:
        return found
    first, last = min(line.start for line in across), max(line.end for line in across)
    return [*([first] if first < found[0] - _OPEN else []), *found, *([last] if last > found[-1] + _OPEN else [])]


def _cells(xs: Sequence[float], ys: Sequence[float], level: Sequence[_Line], upright: Sequence[_Line]) -> list[Cell]:
    """From top to bottom and left to right: a cell ends where a line is. None where one would be no rectangle."""
    middles = [(low + high) / 2 for low, high in pairwise(xs)], [(low + high) / 2 for low, high in pairwise(ys)]
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    for row, y in enumerate(middles[1]):
        for column, x in enumerate(middles[0]):
            if (row, column) in taken:
                continue
            width = 1 + _run(xs[column + 1 : -1], upright, y)
            height = 1 + _run(ys[row + 1 : -1], level, x)
            held = {(row + i, column + j) for i in range(height) for j in range(width)}
            if held & taken or not _is_whole(held, middles, xs, ys, level, upright):
                return []
            taken |= held
            cells.append(Cell(row, column, width, height))
    return cells


def _run(edges: Sequence[float], lines: Sequence[_Line], at: float) -> int:
    """Over how many of these edges one can go at `at` before a line is in the way."""
    for i, edge in enumerate(edges):
        if any(abs(line.at - edge) <= _NEAR and _covers(line, at) for line in lines):
            return i
    return len(edges)


def _is_whole(
    held: set[tuple[int, int]],
    middles: tuple[Sequence[float], Sequence[float]],
    xs: Sequence[float],
    ys: Sequence[float],
    level: Sequence[_Line],
    upright: Sequence[_Line],
) -> bool:
    """Whether no line goes through these places of the grid, which are a rectangle."""
    for row, column in held:
        if (row, column + 1) in held and _run([xs[column + 1]], upright, middles[1][row]) == 0:
            return False
        if (row + 1, column) in held and _run([ys[row + 1]], level, middles[0][column]) == 0:
            return False
    return True


def _is_inside(line: _Line, grid: Grid) -> bool:
    left, top, right, bottom = grid.box
    return top - _NEAR <= line.at <= bottom + _NEAR and line.start < right and line.end > left


def _banded(level: Sequence[_Line], words: Sequence[_Box]) -> list[Grid]:
    """Tables whose rows alone are ruled: level lines of one length under one another."""
    groups: list[list[_Line]] = []
    for line in level:
        same = next((one for one in groups if _is_as_long(one[0], line)), None)
        if same is None:
            groups.append([line])
        else:
            same.append(line)
    found = (_of_bands(lines, words) for lines in groups if len(lines) > _FEWEST_BANDS)
    return [grid for grid in found if grid is not None]


def _is_as_long(one: _Line, other: _Line) -> bool:
    return abs(one.start - other.start) <= _NEAR and abs(one.end - other.end) <= _NEAR


def _of_bands(lines: Sequence[_Line], words: Sequence[_Box]) -> Grid | None:
    ys = [line.at for line in lines]
    left, right = lines[0].start, lines[0].end
    inside = [box for box in words if ys[0] < (box[1] + box[3]) / 2 < ys[-1] and left < (box[0] + box[2]) / 2 < right]
    xs = [left, *_gaps(inside), right]
    if len(xs) < 3:
        return None
    cells = [Cell(row, column, 1, 1) for row in range(len(ys) - 1) for column in range(len(xs) - 1)]
    return Grid(xs, ys, cells)


def _gaps(words: Sequence[_Box]) -> list[float]:
    """The middles of the upright strips that no word reaches into, wider than the space between two words."""
    if not words:
        return []
    height = sorted(box[3] - box[1] for box in words)[len(words) // 2]
    found: list[float] = []
    reached = min(box[0] for box in words)
    for left, _, right, _ in sorted(words):
        if left - reached > height / 2:
            found.append((left + reached) / 2)
        reached = max(reached, right)
    return found
