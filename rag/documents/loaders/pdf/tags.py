"""The structure that an author gave a PDF: which block a piece of a page belongs to, as PDFium reads it."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

from pypdfium2 import raw

_DEEPEST = 60


class Tag(NamedTuple):
    """The innermost block element that a piece of text belongs to: its number in the author's order (of the page), its
    name, and the number of its table row."""

    number: int
    name: str
    row: int


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


def tags_of(page: Any) -> dict[int, Tag]:
    """By the identifier of a piece of marked content: which block it belongs to."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return {}
    found = _Tags()
    for i in range(raw.FPDF_StructTree_CountChildren(tree)):
        child = raw.FPDF_StructTree_GetChildAtIndex(tree, i)
        if child:
            found.visit(child, OUTSIDE, 0)
    raw.FPDF_StructTree_Close(tree)
    return found.by_content


class _Tags:
    def __init__(self) -> None:
        self.by_content: dict[int, Tag] = {}
        self._count = 0

    def visit(self, element: Any, above: Tag, depth: int) -> None:
        tag = self._entered(_name(element), above)
        for i in range(raw.FPDF_StructElement_CountChildren(element)):
            content = raw.FPDF_StructElement_GetChildMarkedContentID(element, i)
            if content >= 0:
                self.by_content[content] = tag
                continue
            child = raw.FPDF_StructElement_GetChildAtIndex(element, i) if depth < _DEEPEST else None
            if child:
                self.visit(child, tag, depth + 1)

    def _entered(self, name: str, above: Tag) -> Tag:
        row = self._next() if name == "TR" else above.row
        if name in _BLOCKS and not (name == "P" and above.name in _HOLDERS):
            return Tag(self._next(), name, row)
        return above._replace(row=row)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _name(element: Any) -> str:
    size = raw.FPDF_StructElement_GetType(element, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    raw.FPDF_StructElement_GetType(element, buffer, size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le", "replace")
