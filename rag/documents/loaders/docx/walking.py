"""A walk through a Word document's body, its notes and its comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import regex

from rag.documents.loaders.docx.numbering import Numbering
from rag.documents.loaders.docx.styles import ParagraphStyle, Styles
from rag.documents.loaders.formulas import on_one_line, raised
from rag.documents.loaders.loaded import Cells, Piece
from rag.documents.loaders.markup import Element, attribute, below, child, holder, name_of, span_in
from rag.domain import Role

_UNREAD = frozenset(["del", "moveFrom", "Fallback", "pPr", "rPr", "instrText", "delText", "sectPr", "tblPr", "trPr"])
"""What was deleted, the second copy of a drawing for old programs, field codes, and settings."""

_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_REFERENCES = ("footnoteReference", "endnoteReference")
_LINE_END = regex.compile(r"[ \t]*\n[ \t\n]*")
_HEX, _FIRST_ROW = regex.compile(r"[0-9A-Fa-f]{4}"), 0x0020
"""How older programs write that the first row of a table is set off."""
_MOST_SPANNED = 63
"""Columns of a table, in Word."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """Who speaks: the document, a footnote with its number in front, or a reader."""

    role: Role | None = None
    speaker: str | None = None
    mark: str = ""


class Walk:
    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self.pieces: list[Piece] = []
        self._styles = styles
        self._numbering = numbering

    def through(self, element: Element, voice: _Voice | None = None) -> None:
        voice = voice or _Voice()
        for inner in element:
            name = name_of(inner)
            if name == "p":
                voice = self._paragraph(inner, voice)
            elif name == "tbl":
                self._table(inner, voice)
            elif name and name not in _UNREAD:
                self.through(inner, voice)

    def notes(self, root: Element | None, name: str) -> None:
        """Footnotes and endnotes, each behind the number that stands for it in the text."""
        for note in root if root is not None else ():
            if name_of(note) == name and attribute(note, "type") in (None, "normal"):
                self.through(note, _Voice(Role.BODY, mark=f"[{attribute(note, 'id')}] "))

    def comments(self, root: Element | None) -> None:
        for comment in root if root is not None else ():
            if name_of(comment) == "comment":
                self.through(comment, _Voice(Role.COMMENT, attribute(comment, "author") or None))

    def _paragraph(self, paragraph: Element, voice: _Voice) -> _Voice:
        """Add a paragraph and the text boxes in it; returns the voice for what follows, the mark being used up."""
        boxes: list[Element] = []
        words = "".join(_words(paragraph, boxes)).strip()
        if words:
            piece = self._piece(words, self._styles.of(paragraph), voice)
            self.pieces.append(piece)
            voice = replace(voice, mark="")
        for box in boxes:
            self.through(box, voice)
        return voice

    def _piece(self, words: str, style: ParagraphStyle, voice: _Voice) -> Piece:
        label = self._numbering.label(style.numbering)
        role = voice.role or _role(style, label)
        text = _LINE_END.sub("\n", voice.mark + label + words)
        return Piece(text=text, role=role, level=style.level if role is Role.HEADING else 0, speaker=voice.speaker)

    def _table(self, table: Element, voice: _Voice) -> None:
        for row in below(table, "tr"):
            if holder(row, "tbl") is not table or child(row, "trPr", "del") is not None:
                continue
            boxes: list[Element] = []
            held = [cell for cell in below(row, "tc") if holder(cell, "tr") is row]
            texts = [_cell(cell, boxes) for cell in held]
            cells = Cells(
                texts=tuple(texts),
                table=table,
                names_columns=_is_on(child(row, "trPr", "tblHeader")),
                spans=tuple(map(_span, held)),
                may_name_columns=_is_first_row_marked(table),
                is_spanned=any(child(cell, "tcPr", "hMerge") is not None for cell in held),
            )
            piece = Piece(text="\t".join(texts), role=voice.role or Role.TABLE, speaker=voice.speaker, cells=cells)
            self.pieces.append(piece)
            for box in boxes:
                self.through(box, voice)


def _role(style: ParagraphStyle, label: str) -> Role:
    if style.name == "title":
        return Role.TITLE
    if style.name.startswith("toc "):
        return Role.BOILERPLATE
    if style.level:
        return Role.HEADING
    if style.name == "caption":
        return Role.CAPTION
    return Role.LIST if label else Role.BODY


def _words(element: Element, boxes: list[Element]) -> Iterator[str]:
    """The text below an element; text boxes are put aside, as they stand in the middle of a sentence."""
    for inner in element:
        name = name_of(inner)
        if name == "t":
            yield inner.text or ""
        elif name in _SIGNS:
            yield _SIGNS[name]
        elif name == "r" and _is_on(child(inner, "rPr", "vanish")):
            continue
        elif name == "r" and _is_raised(inner):
            yield raised("".join(_words(inner, boxes)))
        elif name == "oMath":
            yield on_one_line(inner)
        elif name in _REFERENCES:
            yield f"[{attribute(inner, 'id')}]"
        elif name == "txbxContent":
            boxes.append(inner)
        elif name and name not in _UNREAD:
            yield from _words(inner, boxes)


def _cell(cell: Element, boxes: list[Element]) -> str:
    """A cell on one line, with what stands in tables inside it."""
    words = ("".join(_words(one, boxes)) for one in below(cell, "p") if not _is_in_box(one, cell))
    return " ".join(" ".join(words).split())


def _span(cell: Element) -> tuple[int, int]:
    """Columns, and rows: 0 where the cell goes on with the one above it."""
    wide, merged = child(cell, "tcPr", "gridSpan"), child(cell, "tcPr", "vMerge")
    columns = span_in(attribute(wide, "val") if wide is not None else None, most=_MOST_SPANNED)
    goes_on = merged is not None and attribute(merged, "val") != "restart"
    return columns, 0 if goes_on else 1


def _is_first_row_marked(table: Element) -> bool:
    look = child(table, "tblPr", "tblLook")
    if look is None:
        return False
    bits = attribute(look, "val") or ""
    is_in_bits = _HEX.fullmatch(bits) is not None and int(bits, 16) & _FIRST_ROW != 0
    return attribute(look, "firstRow") in ("1", "true") or (attribute(look, "firstRow") is None and is_in_bits)


def _is_on(setting: Element | None) -> bool:
    return setting is not None and attribute(setting, "val") not in ("0", "false", "off")


def _is_in_box(paragraph: Element, cell: Element) -> bool:
    holding = holder(paragraph, "txbxContent", "tc", "Fallback")
    while holding is not None and holding is not cell:
        if name_of(holding) != "tc":
            return True
        holding = holder(holding, "txbxContent", "tc", "Fallback")
    return False


def _is_raised(run: Element) -> bool:
    place = child(run, "rPr", "vertAlign")
    return place is not None and attribute(place, "val") == "superscript"
