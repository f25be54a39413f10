"""Lines become the text of a paragraph, with a place for each character; paragraphs that a column or page end cut in
two become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

import regex

from rag.documents.loaders.loaded import Cells
from rag.documents.loaders.pdf.characters import Line
from rag.documents.loaders.pdf.pdfium import SOFT_HYPHEN, Frame
from rag.documents.loaders.pdf.scripts import MARKER, UNSPACED, runs_left
from rag.domain import Role

_HARD_HYPHEN = regex.compile(r"[^\W\d_]-$")
_RANGE = regex.compile(r"\d[-\u2010\u2011\u2013]$")
_HYPHEN = regex.compile(r"[^\W\d_][-\u00ad]$")
_SENTENCE_END = regex.compile(r"[.!?:。！？][”\"’)\]]?$")
_GOES_ON = regex.compile(r"[^\W_]|[(“\"„«‘]")
_LOWER = regex.compile(r"[a-zß-öø-ÿ]")
_FOOT, _TOP = 0.9, 0.01
"""Of the page's height: what stands below the one is no paragraph to go on, above the other no continuation."""

_SHORT_LINE = 80
_SAME_SIZE = 0.06


class Glyph(NamedTuple):
    """One code point of a paragraph and where it stands, in points for its reader; the height is its line's. Page 0:
    nowhere."""

    text: str
    page: int = 0
    turn: int = 0
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(slots=True, kw_only=True)
class Draft:
    """A paragraph in the making.

    `depth` is how far down its page it begins, as a share of the page's
    height; `count` its lines; `is_first` whether it begins a column; `is_full` whether its last line fills the column.
    `cells` where it is a whole table row: its cells are parted by tabs, and their texts are in the glyphs alone.
    """

    glyphs: list[Glyph]
    role: Role
    page: int
    last_page: int
    tag: str = ""
    height: float
    bold: bool
    depth: float
    count: int
    is_first: bool
    is_full: bool
    is_indented: bool
    level: int = 0
    cells: Cells | None = None

    @property
    def text(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs)

    def append(self, other: Draft, glue: str) -> None:
        self.glyphs.extend([Glyph(glue)] if glue else [])
        self.glyphs.extend(other.glyphs)
        self.last_page = other.last_page


def glyphs_of(lines: Sequence[Line], page: int, turn: int) -> list[Glyph]:
    """The lines as one text: words that were cut at a line end have a soft hyphen there, rows of cells stay lines."""
    glyphs: list[Glyph] = []
    for line in lines:
        fresh = list(_glyphs(line, page, turn))
        if glyphs and fresh:
            _open_or_close(glyphs, fresh[0].text, line.cells)
        glyphs.extend(fresh)
    return glyphs


def _glyphs(line: Line, page: int, turn: int) -> Iterable[Glyph]:
    last = len(line.characters) - 1
    for i, character in enumerate(line.characters):
        if character.text == SOFT_HYPHEN and i < last:
            continue
        if character.right > character.left:
            yield Glyph(character.text, page, turn, character.left, line.top, character.right, line.bottom)
        else:
            yield Glyph(character.text)


def _open_or_close(glyphs: list[Glyph], first: str, cells: int) -> None:
    """Put what parts them between a line and the one that begins with `first`; a hyphen that may be the line end's own
    becomes a soft one, to be settled when the whole document is known."""
    ending = "".join(glyph.text for glyph in glyphs[-2:])
    if ending.endswith(SOFT_HYPHEN) or (_HARD_HYPHEN.search(ending) and _LOWER.match(first)):
        glyphs[-1] = glyphs[-1]._replace(text=SOFT_HYPHEN)
    else:
        glyphs.extend(map(Glyph, _gap(ending, first, cells)))


def _gap(ending: str, first: str, cells: int = 1) -> str:
    """What parts the end of a line from the beginning of the next: nothing in scripts without spaces, and within a
    number or a range ("1-", "800")."""
    if UNSPACED.match(first) and UNSPACED.match(ending[-1]):
        return ""
    if cells > 1:
        return "\n"
    return "" if first.isdecimal() and _RANGE.search(ending) else " "


def draft_of(lines: Sequence[Line], column: Sequence[Line], *, page: int, frame: Frame) -> Draft:
    """A body paragraph of its lines, which stand in a column of the page."""
    glyphs = glyphs_of(lines, page, frame.turn)
    to_left = runs_left("".join(glyph.text for glyph in glyphs))
    return Draft(
        glyphs=glyphs,
        role=Role.BODY,
        page=page,
        last_page=page,
        height=median(line.height for line in lines),
        bold=all(line.bold for line in lines),
        depth=min(line.top for line in lines) / frame.depth,
        count=len(lines),
        is_first=False,
        is_full=_is_full(lines[-1], column, to_left),
        is_indented=len(lines) > 1 and _is_first_line_indented(lines, to_left),
    )


def row_of(cells: Sequence[Draft | None], told: Cells) -> Draft:
    """A table row of its cells, of which one at least is not empty."""
    row = next(cell for cell in cells if cell is not None)
    glyphs = with_tabs(cell.glyphs if cell else () for cell in cells)
    return replace(row, glyphs=glyphs, role=Role.TABLE, is_full=True, cells=told)


def with_tabs(cells: Iterable[Sequence[Glyph]]) -> list[Glyph]:
    """The cells of a row, parted by tabs."""
    return [glyph for cell in cells for glyph in (Glyph("\t"), *cell)][1:]


def cells_of(row: Iterable[Glyph]) -> list[list[Glyph]]:
    """The way back."""
    cells: list[list[Glyph]] = [[]]
    for glyph in row:
        if glyph.text == "\t":
            cells.append([])
        else:
            cells[-1].append(glyph)
    return cells


def _is_full(last: Line, column: Sequence[Line], to_left: bool) -> bool:
    left, right = min(line.left for line in column), max(line.right for line in column)
    room = last.left - left if to_left else right - last.right
    return room < 0.12 * (right - left) + 2 * last.height


def _is_first_line_indented(lines: Sequence[Line], to_left: bool) -> bool:
    step = 0.6 * lines[0].height
    return lines[0].right < lines[1].right - step if to_left else lines[0].left > lines[1].left + step


def joined(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts in reading order, those that go on after a column or page end put together again."""
    whole: list[Draft] = []
    before: Draft | None = None
    for draft in drafts:
        if before is not None and _is_continuation(before, draft):
            _join(before, draft)
            continue
        whole.append(draft)
        if _may_go_on(draft):
            before = draft
    return whole


def _may_go_on(draft: Draft) -> bool:
    """Not what stands between two halves: furniture, footers, single lines."""
    is_line = draft.count == 1 and len(draft.glyphs) < _SHORT_LINE
    return draft.role is not Role.BOILERPLATE and draft.depth <= _FOOT and not is_line


def _is_continuation(before: Draft, draft: Draft) -> bool:
    if not draft.is_first or draft.is_indented or not before.is_full or draft.depth <= _TOP:
        return False
    if before.bold != draft.bold or not _may_be_one(before, draft):
        return False
    # A tagged paragraph is whole on its page.
    if draft.page - before.last_page not in ((1,) if draft.tag else (0, 1)):
        return False
    if abs(before.height - draft.height) >= _SAME_SIZE * before.height:
        return False
    return not _SENTENCE_END.search(before.text) and _GOES_ON.match(draft.text) is not None


def _may_be_one(before: Draft, draft: Draft) -> bool:
    """By their roles: two halves of a paragraph or list item; of an item without tags the second half looks like any
    paragraph."""
    if draft.role is before.role:
        return draft.role is Role.BODY or (draft.role is Role.LIST and not MARKER.match(draft.text))
    return before.role is Role.LIST and draft.role is Role.BODY and draft.glyphs[0].text.islower()


def _join(before: Draft, draft: Draft) -> None:
    first = draft.glyphs[0].text
    glue = _gap("".join(glyph.text for glyph in before.glyphs[-2:]), first)
    if _HYPHEN.search(before.text) and first.islower():
        before.glyphs[-1] = before.glyphs[-1]._replace(text=SOFT_HYPHEN)
        glue = ""
    before.append(draft, glue)
    before.count += draft.count
    before.is_full = draft.is_full
