"""Tables as text: a row is a block in which each cell stands behind the name of its column.

So a row can be found, quoted and checked by itself: "Locker: L-158" says what "L-158" alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, zip_longest

import regex

from rag.documents.layout import Run
from rag.documents.loaders.loaded import Cells, Piece
from rag.domain import Role
from rag.text.dates import is_year

Row = Sequence[str]
_VALUE = regex.compile(r"[\p{Sc}+\-–(]?\s*\d")
_HYPHENED = regex.compile(r"\d+-\p{L}")
_LETTERS = regex.compile(r"[^\W\d_]")
_LONGEST_NAME = 80
_FEWEST_UNSAID = 3
"""Columns of a table whose format does not say that its first row names them: of two, one often names the other."""


@dataclass(frozen=True, slots=True)
class _Headed:
    """The names of a table's columns, and its rows."""

    names: Row
    rows: Sequence[Row]

    def goes_on(self, rows: Sequence[Row]) -> bool:
        """Whether these rows, which follow after a gap, are more of it: a name over each of their cells, and numbers
        where it has numbers."""
        numbers = [i for i, _ in enumerate(self.names) if _are_numbers(self.rows, i)]
        told = [cell for row in rows for i, cell in enumerate(row) if i in numbers and cell]
        return bool(told) and all(map(_is_number, told)) and all(self._names_all(row) for row in rows)

    def _names_all(self, row: Row) -> bool:
        return not any(cell and not name for name, cell in zip_longest(self.names, row, fillvalue=""))


def pieces_of_rows(rows: Iterable[Row]) -> Iterator[Piece]:
    """Blank rows part tables, or groups of rows of one; single cells above a table are text about it."""
    table: list[Row] = []
    headed: _Headed | None = None
    for row in chain(rows, [[]]):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            table.append(cells)
        elif table:
            pieces, headed = _pieces(table, headed)
            yield from pieces
            table = []


def _pieces(table: list[Row], before: _Headed | None) -> tuple[list[Piece], _Headed | None]:
    """The pieces of rows without a gap, and what names their columns, where something does."""
    first = next((i for i, row in enumerate(table) if sum(map(bool, row)) > 1), len(table))
    above = [Piece(text=_plain(row), role=Role.BODY) for row in table[:first]]
    rows = table[first:]
    if len(rows) > 1 and is_header(rows[0], above=rows[1:]):
        headed: _Headed | None = _Headed(rows[0], rows[1:])
        texts = _named_rows(rows)
    elif before is not None and rows and before.goes_on(rows):
        headed, texts = before, [_named_cells(before.names, _cells_of(row)) for row in rows]
    else:
        headed, texts = before if not rows else None, [_plain(row) for row in rows]
    return [*above, *(Piece(text=text, role=Role.TABLE) for text in texts)], headed


def with_names(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with the rows of each table behind the names of its columns, where it is sure what these are."""
    found: list[Piece] = []
    for table, group in groupby(pieces, key=lambda piece: piece.cells and piece.cells.table):
        rows = list(group)
        found += _with_names(rows) if table is not None else rows
    return found


def _with_names(pieces: list[Piece]) -> list[Piece]:
    cells = [piece.cells for piece in pieces if piece.cells is not None]
    if any(one.is_spanned for one in cells):
        return pieces
    titles = _title_count(cells)
    if titles:
        return [*pieces[:titles], *_with_names(pieces[titles:])]
    grid = _grid(cells)
    depth = _header_depth(cells)
    names, others = _names(grid[:depth]), grid[depth:]
    if not _are_told(cells, names, others=others, depth=depth):
        return pieces
    told = [_told(names, row) for row in others]
    rows = [
        replace(piece, text=_text_of(row), runs=_runs_of(row)) for piece, row in zip(pieces[depth:], told, strict=True)
    ]
    return [*([] if _is_said(names, others) else _header(pieces[:depth], names)), *rows]


def _header(pieces: Sequence[Piece], names: Row) -> list[Piece]:
    """The rows that name the columns as one, or as they stand where each of their words has its place."""
    return list(pieces) if pieces[0].runs else [replace(pieces[0], text=_plain(names))]


def _title_count(rows: Sequence[Cells]) -> int:
    """Rows at the top with a single cell over several columns: what they say is of the whole table."""
    return next((i for i, row in enumerate(rows) if not _is_title(row)), 0)


def _is_title(row: Cells) -> bool:
    return len(row.texts) == 1 and bool(row.spans) and row.spans[0][0] > 1


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands over `width` columns from the `first` on, from 0."""

    text: str
    first: int
    width: int
    runs: Sequence[Run] = ()


def _grid(rows: Sequence[Cells]) -> list[list[_Cell]]:
    """The cells of each row with their columns; one that goes over several rows stands in each of them."""
    grid: list[list[_Cell]] = []
    hanging: dict[int, tuple[_Cell, int]] = {}
    for row in rows:
        line: list[_Cell] = []
        column = 0
        above = {cell.first: cell for cell in grid[-1]} if grid else {}
        spans, runs = row.spans or ((1, 1),) * len(row.texts), row.runs or ((),) * len(row.texts)
        for text, (width, height), places in zip(row.texts, spans, runs, strict=True):
            while column in hanging:
                column = _hung(line, hanging, column)
            cell = _Cell(text, column, width, places)
            if not height and column in above:
                cell = _Cell(above[column].text, column, width, above[column].runs)
            line.append(cell)
            if height > 1:
                hanging[column] = (cell, height)
            column += width
        for later in sorted(place for place in hanging if place >= column):
            _hung(line, hanging, later)
        hanging = {place: (cell, left - 1) for place, (cell, left) in hanging.items() if left > 1}
        grid.append(sorted(line, key=lambda one: one.first))
    return grid


def _hung(line: list[_Cell], hanging: dict[int, tuple[_Cell, int]], column: int) -> int:
    """Put a cell of a row above into the line; returns the column behind it."""
    cell, _ = hanging[column]
    line.append(cell)
    return cell.first + cell.width


def _header_depth(rows: Sequence[Cells]) -> int:
    """How many rows name the columns: those of which the format says so, else the first, and the second below cells
    that go over several columns."""
    said = next((i for i, row in enumerate(rows) if not row.names_columns), 0)
    if said:
        return said
    return 2 if rows and len(rows) > 2 and any(width > 1 for width, _ in rows[0].spans) else 1


def _names(header: Sequence[Sequence[_Cell]]) -> list[str]:
    """The name of each column: what stands over it, from above."""
    over: dict[int, list[str]] = {}
    for row in header:
        for cell in row:
            for column in range(cell.first, cell.first + cell.width):
                said = over.setdefault(column, [])
                if cell.text and cell.text not in said:
                    said.append(cell.text)
    return [" ".join(over.get(column, [])) for column in range(max(over, default=-1) + 1)]


def _are_told(rows: Sequence[Cells], names: Row, *, others: Sequence[Sequence[_Cell]], depth: int) -> bool:
    """Whether the names are those of the columns of all other rows, by the table's format or by its looks."""
    given = [name for name in names if name]
    fits = all(cell.first + cell.width <= len(names) for row in others for cell in row)
    if not others or not fits or len(given) < 2 or any(row.names_columns for row in rows[depth:]):
        return False
    if rows[0].names_columns:
        return len(set(given)) == len(given) and max(map(len, given)) <= _LONGEST_NAME
    has_values = any(_is_value(cell.text) for row in others for cell in row)
    above = [_in_columns(row, len(names)) for row in others]
    # Nothing in the corner: what stands above the columns beside it names them.
    is_marked = rows[0].may_name_columns and _are_numbers(above, 1)
    is_said = len(given) >= _FEWEST_UNSAID or not names[0] or is_marked
    return is_said and has_values and is_header(names, above=above)


def _in_columns(row: Sequence[_Cell], columns: int) -> Row:
    texts = [""] * columns
    for cell in row:
        texts[cell.first] = cell.text
    return texts


def _named_cells(names: Row, row: Sequence[_Cell]) -> str:
    return _text_of(_told(names, row))


def _told(names: Row, row: Sequence[_Cell]) -> list[tuple[str, _Cell]]:
    """Each cell and what goes before it: the name of its column, or of those that it goes over; one that goes over all
    parts groups of rows, and has none."""
    if len(row) == 1 and row[0].width == len(names):
        return [("", row[0])]
    told = []
    for cell in row:
        over = dict.fromkeys(name for name in names[cell.first : cell.first + cell.width] if name)
        told.append((f"{' / '.join(over)}: " if over else "", cell))
    return [(name, cell) for name, cell in told if cell.text]


def _text_of(told: Sequence[tuple[str, _Cell]]) -> str:
    return "\t".join(name + cell.text for name, cell in told)


def _runs_of(told: Sequence[tuple[str, _Cell]]) -> list[Run]:
    """The places of the cells' words, counted from the row's beginning; the names stand in another row."""
    runs: list[Run] = []
    at = 0
    for name, cell in told:
        at += len(name)
        runs.extend(replace(run, start=at + run.start, end=at + run.end) for run in cell.runs)
        at += len(cell.text) + 1
    return runs


def _is_said(names: Row, others: Sequence[Sequence[_Cell]]) -> bool:
    """Whether the rows say all names."""
    held = {i for row in others for cell in row if cell.text for i in range(cell.first, cell.first + cell.width)}
    return all(i in held for i, name in enumerate(names) if name)


def _named_rows(rows: Sequence[Row]) -> list[str]:
    """The rows behind the names in the first of them, which is left out where the others say them all."""
    names, others = rows[0], [_cells_of(row) for row in rows[1:]]
    header = [] if _is_said(names, others) else [_plain(names)]
    return [*header, *(_named_cells(names, row) for row in others)]


def _cells_of(row: Row) -> list[_Cell]:
    """Each in a column of its own."""
    return [_Cell(text, i, 1) for i, text in enumerate(row)]


def is_header(row: Row, *, above: Sequence[Row]) -> bool:
    """Whether a row names the columns of the rows that it stands `above`: each name once, and names rather than values.
    Years may name columns, and so may what begins with a number ("2025 budget") over cells that are numbers alone."""
    names = [cell for cell in row if cell]
    if len(set(names)) < len(names) or max(map(len, names), default=0) > _LONGEST_NAME:
        return False
    values = [i for i, cell in enumerate(row) if _is_value(cell) and not is_year(cell)]
    are_over_numbers = all(_LETTERS.search(row[i]) and _are_numbers(above, i) for i in values)
    return are_over_numbers and not is_year(names[0])


def _are_numbers(rows: Sequence[Row], column: int) -> bool:
    """Whether most cells of a column are numbers without a word, and some are."""
    cells = [row[column] for row in rows if len(row) > column and row[column]]
    return 2 * sum(map(_is_number, cells)) > len(cells)


def _is_number(cell: str) -> bool:
    return _VALUE.match(cell) is not None and not _LETTERS.search(cell)


def _is_value(cell: str) -> bool:
    """ "£5.20", "3 June" and "10:00", but not "7-day strength (N/mm²)", which is mostly words."""
    if not _VALUE.match(cell) or _HYPHENED.match(cell):
        return False
    words = cell.split()
    plain = sum(_LETTERS.search(word) is not None and not regex.search(r"\d", word) for word in words)
    return plain < 2 or plain * 2 <= len(words)


def _plain(row: Row) -> str:
    return "\t".join(cell for cell in row if cell)
