"""Tables as text: a row is a block in which each cell stands behind the name of its column.

So a row can be found, quoted and checked by itself: "Locker: L-158" says what "L-158" alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import regex

from rag.documents.loaders.loaded import Piece
from rag.domain import Role

Row = Sequence[str]
_VALUE = regex.compile(r"[\p{Sc}+\-–(]?\s*\d")
_YEAR = regex.compile(r"(?:19|20)\d\d")
_LONGEST_NAME = 80


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
    if len(rows) > 1 and is_header(rows[0]):
        yield Piece(text=_plain(rows[0]), role=Role.TABLE)
        yield from (Piece(text=_named(rows[0], row), role=Role.TABLE) for row in rows[1:])
    else:
        yield from (Piece(text=_plain(row), role=Role.TABLE) for row in rows)


def is_header(row: Row) -> bool:
    """Whether a row names columns: each name once, and names rather than values; years may name columns too."""
    names = [cell for cell in row if cell]
    if len(set(names)) < len(names) or max(map(len, names), default=0) > _LONGEST_NAME:
        return False
    return not any(_VALUE.match(name) and not _YEAR.fullmatch(name) for name in names) and not _YEAR.fullmatch(names[0])


def _plain(row: Row) -> str:
    return "\t".join(cell for cell in row if cell)


def _named(header: Row, row: Row) -> str:
    names = [*header, *([""] * (len(row) - len(header)))]
    return "\t".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=False) if cell)
