"""Tables that are drawn with lines: words into cells, cells into rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from math import fsum
from typing import TypeAlias

from rag.documents.loaders.loaded import Cells
from rag.documents.loaders.pdf.characters import SPACE, Line, pieces_of
from rag.documents.loaders.pdf.filling import boxes_of, filled
from rag.documents.loaders.pdf.grids import Cell, Grid, grids_of
from rag.documents.loaders.pdf.joining import Draft, draft_of, row_of
from rag.documents.loaders.pdf.lines import lines_of
from rag.documents.loaders.pdf.pdfium import Character, Frame, Page
from rag.domain import Role

_Box: TypeAlias = tuple[float, float, float, float]
_Row: TypeAlias = list[tuple[Cell, list[Line]]]

_FEWEST_RULES = 4  # of a table
_FILLED = 0.4  # of the cells: with less it is a chart's raster, or squared paper
_LONGEST = 450
"""Characters of the cell that a letter of the table stands in, on average: longer ones are the columns and boxes that a
page is laid out in."""

_FEWEST_CELLS = 3
_FEWEST_STACKS = 2
_LEVEL = 0.5  # of a line's height
_ROOM = 0.85  # of a cell's width
_HEADER_ALONE = 3  # level lines
_SAME_EDGE = 6.0  # points


@dataclass(slots=True)
class Table(Line):
    """A whole table, placed on its page like a line of text."""

    box: _Box = (0.0, 0.0, 0.0, 0.0)
    rows: list[Draft] = field(default_factory=list)

    def __post_init__(self) -> None:
        Line.__post_init__(self)
        self.left, self.top, self.right, self.bottom = self.box
        self.height = self.bottom - self.top


def tables_of(page: Page, frame: Frame, characters: Sequence[Character]) -> tuple[list[Table], list[Character]]:
    """The tables that lines on the page part into cells, and the characters outside them."""
    rules = page.rules()
    grids = grids_of(map(frame.turned, rules), boxes_of(characters)) if len(rules) >= _FEWEST_RULES else []
    if not grids:
        return [], list(characters)
    fill = filled(grids, characters)
    made = {number: _table(page, frame, grids[number], cells) for number, cells in fill.cells().items()}
    tables = {number: table for number, table in made.items() if table is not None}
    return list(tables.values()), fill.outside(frozenset(tables))


def _table(page: Page, frame: Frame, grid: Grid, cells: Mapping[Cell, Sequence[Character]]) -> Table | None:
    """The table that a grid is; None where it is something else."""
    read = {cell: lines_of(pieces_of(page, some), tagged=False) for cell, some in cells.items()}
    lines = {cell: some for cell, some in read.items() if some}
    if not _is_table(grid, lines):
        return None
    has_gaps = any(all(line.cells > 1 for line in some) for some in lines.values())
    if not has_gaps:
        lines = {cell: [_without_gaps(line) for line in some] for cell, some in lines.items()}
    characters = [character for some in cells.values() for character in some if character.text != "\n"]
    return Table(characters, box=grid.box, rows=list(_rows(page, frame, grid, lines, has_gaps=has_gaps)))


def _without_gaps(line: Line) -> Line:
    """A line of a cell that is justified: no values stand far apart in it."""
    if line.cells == 1:
        return line
    return Line([SPACE if one.text == "\t" else one for one in line.characters], line.bold)


def _is_table(grid: Grid, lines: Mapping[Cell, Sequence[Line]]) -> bool:
    sizes = [sum(len(line.characters) for line in some) for some in lines.values()]
    if len(sizes) < max(_FEWEST_CELLS, _FILLED * len(grid.cells)) or fsum(n * n for n in sizes) > _LONGEST * sum(sizes):
        return False
    rows = {cell.row for cell in lines}
    return (
        len(rows) > 1
        and len({cell.column for cell in lines}) > 1
        and not any(_are_rows(grid, {cell: some for cell, some in lines.items() if cell.row == row}) for row in rows)
    )


def _are_rows(grid: Grid, row: Mapping[Cell, Sequence[Line]]) -> bool:
    """Whether several rows stand in one: at some height new text begins in several cells, though it would have fitted
    behind that above. Where no more than a header is ruled, one such height tells, else two."""
    begun: Counter[int] = Counter()
    for cell, lines in row.items():
        room = grid.xs[cell.column + cell.width] - grid.xs[cell.column]
        for above, line in pairwise(lines):
            if above.width + _first_word(line) < _ROOM * room and not _are_numbers(lines):
                begun[round(line.bottom / line.height)] += 1
    told = [count for count in begun.values() if count >= _FEWEST_STACKS]
    return len(told) >= (1 if len(grid.ys) <= _HEADER_ALONE else _FEWEST_STACKS)


def _first_word(line: Line) -> float:
    first = line.text.split()[0] if line.text.split() else ""
    return line.width * (len(first) + 1) / max(1, len(line.text))


def _rows(page: Page, frame: Frame, grid: Grid, lines: Mapping[Cell, list[Line]], *, has_gaps: bool) -> Iterator[Draft]:
    """A draft for each row that has text."""
    told: list[_Row] = []
    for _, cells in groupby(grid.cells, key=lambda cell: cell.row):
        told.extend(_parted([(cell, lines.get(cell, [])) for cell in cells]))
    rows = [row for row in told if any(some for _, some in row)]
    # A row without text goes, and a gap in each line of a cell parts values that no border does.
    is_spanned = has_gaps or (len(rows) < len(told) and any(cell.height > 1 for cell in grid.cells))
    is_set_off = [all(line.bold for _, some in row for line in some) for row in rows]
    for row in rows:
        drafts = [draft_of(some, some, page=page.number, frame=frame) if some else None for _, some in row]
        yield row_of(
            drafts,
            Cells(
                texts=(),
                table=grid,
                spans=tuple((cell.width, cell.height) for cell, _ in row),
                may_name_columns=is_set_off[0] and not all(is_set_off),
                is_spanned=is_spanned,
            ),
        )


def _parted(row: _Row) -> list[_Row]:
    """The rows that stand in one without a line between them: numbers under one another in several cells, at the same
    heights. A cell that has one line goes over all of them if it stands before the others, or at no row's height."""
    stacks = [some for _, some in row if len(some) > 1 and _are_numbers(some)]
    feet = [line.bottom for line in max(stacks, key=len, default=[])]
    if len(stacks) < _FEWEST_STACKS or any(cell.height > 1 for cell, _ in row):
        return [row]
    found: list[_Row] = [[] for _ in feet]
    first = next(place for place, (_, some) in enumerate(row) if len(some) > 1)
    for place, (cell, some) in enumerate(row):
        rows = [next((i for i, foot in enumerate(feet) if _are_level(foot, line)), -1) for line in some]
        if len(some) == 1 and (place < first or rows == [-1]):
            found[0].append((cell._replace(height=len(feet)), some))
        elif -1 in rows or len(set(rows)) < len(rows):
            return [row]
        else:
            for i in range(len(feet)):
                found[i].append((cell, [some[rows.index(i)]] if i in rows else []))
    return found


def _are_numbers(lines: Sequence[Line]) -> bool:
    """A dash may stand for one that is not known."""
    digits = sum(any(letter.isdigit() for letter in line.text) for line in lines)
    return 2 * digits > len(lines) and not any(letter.isalpha() for line in lines for letter in line.text)


def _are_level(foot: float, line: Line) -> bool:
    return abs(line.bottom - foot) < _LEVEL * line.height


def carry_on(drafts: Sequence[Draft]) -> None:
    """Make one table of two where the second begins a page and goes on with the first; a header that is repeated there
    is the page's, and no row."""
    before: Draft | None = None
    header = ""
    carried: dict[object, object] = {}
    for draft in (one for one in drafts if one.role is not Role.BOILERPLATE):
        if draft.cells is not None:
            if before is not None and before.cells is not None and _goes_on(before, draft):
                carried[draft.cells.table] = carried.get(before.cells.table, before.cells.table)
                draft.role = Role.BOILERPLATE if draft.text == header else draft.role
            elif before is None or before.cells is None or before.cells.table != draft.cells.table:
                header = draft.text
        before = draft
    for draft in drafts:
        if draft.role is Role.BOILERPLATE:
            draft.cells = None
        elif draft.cells is not None and draft.cells.table in carried:
            draft.cells = replace(draft.cells, table=carried[draft.cells.table])


def _goes_on(before: Draft, draft: Draft) -> bool:
    """Whether a row on the next page is of the same table: by its columns."""
    one, other = before.cells, draft.cells
    if one is None or other is None or one.table == other.table or draft.page != before.last_page + 1:
        return False
    if isinstance(one.table, Grid) and isinstance(other.table, Grid):
        xs = one.table.xs, other.table.xs
        return len(xs[0]) == len(xs[1]) and all(abs(x - y) < _SAME_EDGE for x, y in zip(*xs, strict=True))
    return sum(width for width, _ in one.spans) == sum(width for width, _ in other.spans)
