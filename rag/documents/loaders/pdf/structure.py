"""The paragraphs of a page: by its tags where they cover it, else by its geometry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median

from rag.documents.loaders.pdf.characters import Line, pieces_of
from rag.documents.loaders.pdf.columns import columns
from rag.documents.loaders.pdf.groups import paragraphs
from rag.documents.loaders.pdf.joining import Draft, draft_of
from rag.documents.loaders.pdf.lines import lines_of
from rag.documents.loaders.pdf.pdfium import Character, Frame, Page
from rag.documents.loaders.pdf.scripts import ENDS, MARKER, runs_left
from rag.documents.loaders.pdf.tables import Table, tables_of
from rag.documents.loaders.pdf.tagged_tables import place_columns, tagged_row
from rag.documents.loaders.pdf.tags import OUTSIDE, Tag
from rag.domain import Role

_ROLES = {
    "P": Role.BODY,
    "H": Role.HEADING,
    **{f"H{level}": Role.HEADING for level in range(1, 7)},
    "Title": Role.TITLE,
    "LI": Role.LIST,
    "TD": Role.TABLE,
    "TH": Role.TABLE,
    "Caption": Role.CAPTION,
    "BlockQuote": Role.BODY,
    "Note": Role.BODY,
    "TOCI": Role.LIST,
}
_COVERED = 0.85  # of a page's characters: with less the tags are not the page
_ONE_TAG, _FEW_TAGS = 2_500, 4  # characters, groups: one tag around nearly everything says nothing
_LONG = 700  # characters: Word exports wrap whole pages in one P
_GAP, _SHORT = 1.35, 0.2
_FIRST_TAGS, _FIRST_PARAGRAPHS = 3, 2
"""How many of a page's blocks, or a column's paragraphs, may go on from the one before, as a running head may come
first."""


def drafts_of(page: Page) -> list[Draft]:
    """The page's paragraphs in reading order; text that is turned another way than most comes after the rest."""
    found: list[Draft] = []
    for frame, characters in page.characters().items():
        pieces = pieces_of(page, characters)
        groups = _by_tag(pieces) if page.tags.by_content else []
        drafts = list(_tagged(page, frame, groups) if groups else _untagged(page, frame, characters, pieces))
        if groups:
            place_columns(drafts)
        found.extend(drafts)
    return found


def _untagged(page: Page, frame: Frame, characters: Sequence[Character], pieces: Sequence[Line]) -> Iterator[Draft]:
    tables, rest = tables_of(page, frame, characters)
    outside = pieces_of(page, rest) if tables else pieces
    for column in columns([*outside, *tables]) if pieces else ():
        yield from _with_tables(page, frame, column)


def _with_tables(page: Page, frame: Frame, column: Sequence[Line]) -> Iterator[Draft]:
    """A column's paragraphs, and the rows of its tables between them."""
    tables = sorted((line for line in column if isinstance(line, Table)), key=lambda table: table.top)
    lines = lines_of([line for line in column if not isinstance(line, Table)], tagged=False)
    within = [*lines, *tables]
    for i, table in enumerate([*tables, None]):
        above = [line for line in lines if table is None or line.bottom <= (table.top + table.bottom) / 2]
        for draft in _in_column(page, frame, above, within):
            draft.is_first = draft.is_first and not i
            yield draft
        lines = lines[len(above) :]
        yield from table.rows if table is not None else ()


def _in_column(page: Page, frame: Frame, column: Sequence[Line], within: Sequence[Line]) -> Iterator[Draft]:
    """The paragraphs of some lines of a column, `within` all of them."""
    for i, lines in enumerate(paragraphs(column, within)):
        draft = draft_of(lines, within, page=page.number, frame=frame)
        draft.role = _role(lines, draft.text)
        draft.is_first = i < _FIRST_PARAGRAPHS
        yield draft


def _role(lines: Sequence[Line], text: str) -> Role:
    if lines[0].cells > 1 and len(lines) > 1:
        return Role.TABLE
    return Role.LIST if MARKER.match(text) else Role.BODY


def _by_tag(pieces: Sequence[Line]) -> list[tuple[Tag, list[Line]]]:
    """The pieces of each block in the author's order, those outside the tree first; nothing where the tags do not
    cover the page."""
    groups: dict[Tag, list[Line]] = defaultdict(list)
    for piece in pieces:
        groups[piece.tag or OUTSIDE].append(piece)
    sizes = {tag: sum(len(piece.characters) for piece in group) for tag, group in groups.items()}
    covered = sum(size for tag, size in sizes.items() if tag.name)
    if not pieces or covered < _COVERED * sum(sizes.values()):
        return []
    return [] if max(sizes.values()) > _ONE_TAG and len(groups) < _FEW_TAGS else sorted(groups.items())


def _tagged(page: Page, frame: Frame, groups: Sequence[tuple[Tag, list[Line]]]) -> Iterator[Draft]:
    for (row, _), some in groupby(enumerate(groups), key=_row_or_place):
        cells: dict[int, list[Draft]] = {}
        for i, (tag, pieces) in some:
            for draft in _in_tag(page, frame, tag, pieces):
                draft.is_first = i < _FIRST_TAGS
                cells.setdefault(tag.cell, []).append(draft)
        if row:
            table, told = page.tags.rows[row]
            yield from tagged_row(cells, (page.number, table), told)
        else:
            yield from cells.get(0, ())


def _row_or_place(numbered: tuple[int, tuple[Tag, list[Line]]]) -> tuple[int, int]:
    """The row of a cell, and of anything else where it stands."""
    place, (tag, _) = numbered
    return (tag.row, 0) if tag.row else (0, place)


def _in_tag(page: Page, frame: Frame, tag: Tag, pieces: list[Line]) -> Iterator[Draft]:
    if not tag.name:
        yield from _outside(page, frame, lines_of(pieces, tagged=False))
        return
    for some in _cut(lines_of(pieces, tagged=True)):
        draft = draft_of(some, some, page=page.number, frame=frame)
        draft.role, draft.tag, draft.is_full = _ROLES[tag.name], tag.name, True
        yield draft


def _outside(page: Page, frame: Frame, lines: list[Line]) -> Iterator[Draft]:
    """What a tagged page has outside its tree: running heads, page numbers, labels of drawings."""
    for draft in _in_column(page, frame, lines, lines):
        draft.role = Role.BOILERPLATE
        yield draft


def _cut(lines: list[Line]) -> Iterator[list[Line]]:
    """One long P at its gaps, list items and short last lines."""
    if sum(len(line.characters) for line in lines) < _LONG:
        yield lines
        return
    pitch = median([b.bottom - a.bottom for a, b in pairwise(lines) if b.bottom > a.bottom] or [0])
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    current = [lines[0]]
    for before, line in pairwise(lines):
        if _is_cut(before, line, pitch=pitch, edge=right - _SHORT * (right - left)):
            yield current
            current = []
        current.append(line)
    yield current


def _is_cut(before: Line, line: Line, *, pitch: float, edge: float) -> bool:
    if line.bottom - before.bottom > _GAP * pitch or MARKER.match(line.text):
        return True
    is_below = line.bottom > before.bottom
    return is_below and before.right < edge and ENDS.search(before.text) is not None and not runs_left(before.text)
