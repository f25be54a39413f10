"""The structure that an author gave a PDF: which block a piece of a page belongs to, as PDFium reads it."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

from pypdfium2 import raw

_DEEPEST = 60
_MOST_SPANNED = 1_000


class Tag(NamedTuple):
    """The innermost block element that a piece of text belongs to: its number in the author's order (of the page), its
    name, the number of its table row, and that of its cell."""

    number: int
    name: str
    row: int
    cell: int = 0


class TaggedCell(NamedTuple):
    """A cell of a table row, an empty one too: its number, the columns and rows that it goes over, and whether it names
    others."""

    number: int
    width: int
    height: int
    is_header: bool


class Tags(NamedTuple):
    """By the identifier of a piece of marked content, which block it belongs to; by the number of a table row, its
    table's number and its cells."""

    by_content: dict[int, Tag]
    rows: dict[int, tuple[int, list[TaggedCell]]]


_BLOCKS = frozenset(
    [
        "P",
        "H",
        *(f"H{level}" for level in range(1, 7)),
        "Title",
        "LI",
        "TD",
        "TH",
        "Caption",
        "BlockQuote",
        "Note",
        "TOCI",
    ]
)
_HOLDERS = ("LI", "TD", "TH")  # a P inside one of these is the same block
OUTSIDE = Tag(0, "", 0)
NO_TAGS = Tags({}, {})


def tags_of(page: Any) -> Tags:
    """What the author's structure says of a page."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return NO_TAGS
    found = _Tags()
    for i in range(raw.FPDF_StructTree_CountChildren(tree)):
        child = raw.FPDF_StructTree_GetChildAtIndex(tree, i)
        if child:
            found.visit(child, OUTSIDE, 0)
    raw.FPDF_StructTree_Close(tree)
    return Tags(found.by_content, found.rows)


class _Tags:
    def __init__(self) -> None:
        self.by_content: dict[int, Tag] = {}
        self.rows: dict[int, tuple[int, list[TaggedCell]]] = {}
        self._count = 0
        self._table = 0

    def visit(self, element: Any, above: Tag, depth: int) -> None:
        tag = self._entered(element, above)
        for i in range(raw.FPDF_StructElement_CountChildren(element)):
            content = raw.FPDF_StructElement_GetChildMarkedContentID(element, i)
            if content >= 0:
                self.by_content[content] = tag
                continue
            child = raw.FPDF_StructElement_GetChildAtIndex(element, i) if depth < _DEEPEST else None
            if child:
                self.visit(child, tag, depth + 1)

    def _entered(self, element: Any, above: Tag) -> Tag:
        name = _name(element)
        if name == "Table":
            self._table = self._next()
        if name == "TR":
            row = self._next()
            self.rows[row] = self._table, []
            return above._replace(row=row, cell=0)
        if name not in _BLOCKS or (name == "P" and above.name in _HOLDERS):
            return above
        number = self._next()
        if name not in ("TD", "TH") or above.row not in self.rows:
            return Tag(number, name, above.row, above.cell)
        cell = TaggedCell(number, _span(element, b"ColSpan"), _span(element, b"RowSpan"), name == "TH")
        self.rows[above.row][1].append(cell)
        return Tag(number, name, above.row, number)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _span(element: Any, name: bytes) -> int:
    """Over how many columns or rows a cell goes."""
    value = ctypes.c_float()
    for i in range(raw.FPDF_StructElement_GetAttributeCount(element)):
        attributes = raw.FPDF_StructElement_GetAttributeAtIndex(element, i)
        said = raw.FPDF_StructElement_Attr_GetValue(attributes, name) if attributes else None
        if said and raw.FPDF_StructElement_Attr_GetNumberValue(said, ctypes.byref(value)):
            return min(max(int(value.value), 1), _MOST_SPANNED)
    return 1


def _name(element: Any) -> str:
    size = raw.FPDF_StructElement_GetType(element, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    raw.FPDF_StructElement_GetType(element, buffer, size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le", "replace")
