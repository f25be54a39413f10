"""Tables as text: a row is a block in which each cell stands behind the name of its column.

So a row can be found, quoted and checked by itself: "Locker: L-158" says what "L-158" alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import regex

from rag.documents.loaders.loaded import Cells, Piece
from rag.domain import Role

Row = Sequence[str]
_VALUE = regex.compile(r"[\p{Sc}+\-–(]?\s*\d")
_HYPHENED = regex.compile(r"\d+-\p{L}")
_LETTERS = regex.compile(r"[^\W\d_]")
_YEAR = regex.compile(r"(?:19|20)\d\d")
_LONGEST_NAME = 80
_FEWEST_UNSAID = 3
"""Columns of a table whose format does not say that its first row names them: of two, one often names the other."""


def pieces_of_rows(rows: Iterable[Row]) -> Iterator[Piece]:
    """Blank rows part tables; single cells above a table are text about it."""
    table: list[Row] = []
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            table.append(cells)
        else:
            yield from _pieces(table)
            table = []
    yield from _pieces(table)


def _pieces(table: list[Row]) -> Iterator[Piece]:
    first = next((i for i, row in enumerate(table) if sum(map(bool, row)) > 1), len(table))
    yield from (Piece(text=_plain(row), role=Role.BODY) for row in table[:first])
    rows = table[first:]
    if len(rows) > 1 and is_header(rows[0], above=rows[1:]):
        yield from (Piece(text=text, role=Role.TABLE) for text in _named_rows(rows))
    else:
        yield from (Piece(text=_plain(row), role=Role.TABLE) for row in rows)


def with_names(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with the rows of each table behind the names of its columns, where it is sure what these are."""
    found: list[Piece] = []
    for table, group in groupby(pieces, key=lambda piece: piece.cells and piece.cells.table):
        rows = list(group)
        found += _with_names(rows) if table is not None else rows
    return found


def _with_names(pieces: list[Piece]) -> list[Piece]:
    cells = [piece.cells for piece in pieces if piece.cells is not None]
    if not _are_told(cells):
        return pieces
    texts = _named_rows([one.texts for one in cells])
    is_shown = len(texts) == len(pieces)
    return [replace(piece, text=text) for piece, text in zip(pieces if is_shown else pieces[1:], texts, strict=True)]


def _are_told(rows: Sequence[Cells]) -> bool:
    """Whether the first row names the columns of all others, by its format or by its looks."""
    first, others = rows[0], rows[1:]
    names = [name for name in first.texts if name]
    fits = all(len(one.texts) <= len(first.texts) for one in others) and not any(one.is_spanned for one in rows)
    if not others or not fits or len(names) < 2 or any(one.names_columns for one in others):
        return False
    if first.names_columns:
        return len(set(names)) == len(names) and max(map(len, names)) <= _LONGEST_NAME
    has_values = any(_is_value(cell) for one in others for cell in one.texts)
    above = [one.texts for one in others]
    return len(names) >= _FEWEST_UNSAID and has_values and is_header(first.texts, above=above)


def _named_rows(rows: Sequence[Row]) -> list[str]:
    """The rows behind the names in the first of them, which is left out where the others say them all."""
    names, *others = rows
    is_said = all(any(row[i : i + 1] and row[i] for row in others) for i, name in enumerate(names) if name)
    return [*([] if is_said else [_plain(names)]), *(_named(names, row) for row in others)]


def is_header(row: Row, *, above: Sequence[Row]) -> bool:
    """Whether a row names the columns of the rows that it stands `above`: each name once, and names rather than values.
    Years may name columns, and so may what begins with a number ("2025 budget") over cells that are numbers alone."""
    names = [cell for cell in row if cell]
    if len(set(names)) < len(names) or max(map(len, names), default=0) > _LONGEST_NAME:
        return False
    values = [i for i, cell in enumerate(row) if _is_value(cell) and not _YEAR.fullmatch(cell)]
    are_over_numbers = all(_LETTERS.search(row[i]) and _are_numbers(above, i) for i in values)
    return are_over_numbers and _YEAR.fullmatch(names[0]) is None


def _are_numbers(rows: Sequence[Row], column: int) -> bool:
    """Whether most cells of a column are numbers without a word, and some are."""
    cells = [row[column] for row in rows if len(row) > column and row[column]]
    return 2 * sum(_VALUE.match(cell) is not None and not _LETTERS.search(cell) for cell in cells) > len(cells)


def _is_value(cell: str) -> bool:
    """ "£5.20", "3 June" and "10:00", but not "7-day strength (N/mm²)", which is mostly words."""
    if not _VALUE.match(cell) or _HYPHENED.match(cell):
        return False
    words = cell.split()
    plain = sum(_LETTERS.search(word) is not None and not regex.search(r"\d", word) for word in words)
    return plain < 2 or plain * 2 <= len(words)


def _plain(row: Row) -> str:
    return "\t".join(cell for cell in row if cell)


def _named(header: Row, row: Row) -> str:
    names = [*header, *([""] * (len(row) - len(header)))]
    return "\t".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=False) if cell)
