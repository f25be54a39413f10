"""Tables by the author's own structure: cells into rows, rows into columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

from rag.documents.loaders.loaded import Cells
from rag.documents.loaders.pdf.joining import Draft, Glyph, cells_of, row_of, with_tabs
from rag.documents.loaders.pdf.tags import TaggedCell

_Row: TypeAlias = tuple[Draft, Cells]
_Reach: TypeAlias = tuple[float, float]

_LONGEST = 1_200
"""Characters of a cell: a longer one is a piece of a page that a table only lays out."""


def tagged_row(cells: Mapping[int, Sequence[Draft]], table: object, row: Sequence[TaggedCell]) -> list[Draft]:
    """A row of its drafts, by the numbers of their cells. They stay what they are where they are no row."""
    drafts = [draft for some in cells.values() for draft in some]
    numbers = [cell.number for cell in row]
    longest = max(sum(len(draft.glyphs) for draft in some) for some in cells.values())
    if longest > _LONGEST or any(number not in numbers for number in cells):
        return drafts
    spans = tuple((cell.width, cell.height) for cell in row)
    told = Cells(texts=(), table=table, spans=spans, names_columns=all(cell.is_header for cell in row))
    return [row_of([_as_one(cells.get(number, ())) for number in numbers], told)]


def _as_one(drafts: Sequence[Draft]) -> Draft | None:
    for draft in drafts[1:]:
        drafts[0].append(draft, " ")
    return drafts[0] if drafts else None


def place_columns(drafts: Sequence[Draft]) -> None:
    """Put the empty cells into the rows of a page, whose structure may leave out what has no text: the cells of a
    column stand under one another. Where that does not tell the columns, nothing does."""
    tables: dict[object, list[_Row]] = defaultdict(list)
    for draft in drafts:
        if draft.cells is not None:
            tables[draft.cells.table].append((draft, draft.cells))
    for rows in tables.values():
        if not (_are_whole(rows) if _have_spans(rows) else _are_in_columns(rows)):
            for draft, cells in rows:
                draft.cells = replace(cells, is_spanned=True)


def _have_spans(rows: Sequence[_Row]) -> bool:
    return any(span != (1, 1) for _, cells in rows for span in cells.spans)


def _are_whole(rows: Sequence[_Row]) -> bool:
    """Whether all rows have as many columns, with those of cells above that go over them."""
    hanging: list[tuple[int, int]] = []
    counts = set()
    for _, cells in rows:
        counts.add(sum(width for width, _ in (*cells.spans, *hanging)))
        hanging = [(width, height - 1) for width, height in (*hanging, *cells.spans) if height > 1]
    return len(counts) == 1


def _are_in_columns(rows: Sequence[_Row]) -> bool:
    """Whether each cell stands in a column of its own, with the shorter rows filled up with empty ones."""
    count = max(len(cells.spans) for _, cells in rows)
    columns: dict[int, _Reach] = {}
    for draft, cells in sorted(rows, key=lambda row: -len(row[1].spans)):
        placed = _placed(cells_of(draft.glyphs), columns, count)
        if placed is None:
            return False
        columns |= {place: _around(_reach(cell), columns.get(place)) for place, cell in placed.items()}
        draft.glyphs = with_tabs(placed.get(place, ()) for place in range(count))
        draft.cells = replace(cells, spans=((1, 1),) * count)
    return not any(_overlap(one, other) for one, other in combinations(columns.values(), 2))


def _placed(
    cells: Sequence[Sequence[Glyph]], columns: Mapping[int, _Reach], count: int
) -> dict[int, Sequence[Glyph]] | None:
    """The cells that have text by their columns; None where one stands in no column, or in several."""
    filled = {place: cell for place, cell in enumerate(cells) if _is_text(cell)}
    if len(cells) == count:
        return filled
    placed: dict[int, Sequence[Glyph]] = {}
    for cell in filled.values():
        under = [place for place, column in columns.items() if _overlap(column, _reach(cell))]
        if len(under) != 1 or under[0] in placed:
            return None
        placed[under[0]] = cell
    return placed


def _is_text(cell: Sequence[Glyph]) -> bool:
    return any(glyph.right > glyph.left for glyph in cell)


def _reach(cell: Sequence[Glyph]) -> _Reach:
    """From where to where the text of a cell goes."""
    sized = [glyph for glyph in cell if glyph.right > glyph.left]
    return min(glyph.left for glyph in sized), max(glyph.right for glyph in sized)


def _around(one: _Reach, other: _Reach | None) -> _Reach:
    return (min(one[0], other[0]), max(one[1], other[1])) if other else one


def _overlap(one: _Reach, other: _Reach) -> bool:
    return one[0] < other[1] and other[0] < one[1]
