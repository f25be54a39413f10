"""The number formats of the cells of an XLSX file, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

import regex

from rag.documents.loaders.archive import Archive, beside
from rag.documents.loaders.markup import Element, attribute, below, child, name_of, streamed
from rag.documents.loaders.number_formats import BUILT_IN
from rag.errors import DocumentError

_WORKBOOK = "xl/workbook.xml"
_ROW = regex.compile(r"\d{1,7}")
_PLACE = regex.compile(rf"(?P<column>[A-Z]{{1,3}}){_ROW.pattern}")

Formats = Mapping[int, str]
"""The codes of one row, by column, from 0."""


class CellFormats:
    """Of a file without any that is not the general one, nothing is read but its list of formats; where that cannot be
    read, there are none."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._codes: list[str] = []
        self._members: dict[str, str] = {}
        with suppress(DocumentError):
            self._codes = _codes(archive)
            self._members = _members(archive) if any(self._codes) else {}

    def rows(self, sheet: str) -> Iterator[tuple[int, Formats]]:
        """Those rows of a sheet that have any, from 0, in order."""
        member = self._members.get(sheet)
        data = self._archive.read(member) if member else None
        if data is None:
            return
        for number, row in enumerate(streamed(data, "row")):
            said = row.get("r") or str(number + 1)
            codes = {column: code for column, code in self._of_row(row) if code}
            if codes and _ROW.fullmatch(said):
                yield int(said) - 1, codes

    def _of_row(self, row: Element) -> Iterator[tuple[int, str]]:
        column = -1
        for cell in row:
            place = _PLACE.fullmatch(cell.get("r") or "")
            column = _column(place["column"]) if place else column + 1
            style = cell.get("s") or ""
            if style.isdecimal() and int(style) < len(self._codes):
                yield column, self._codes[int(style)]


def _codes(archive: Archive) -> list[str]:
    """The format code of each style that a cell can have; empty for the general one."""
    styles = archive.tree("xl/styles.xml")
    if styles is None:
        return []
    own = {one.get("numFmtId"): one.get("formatCode") or "" for one in below(styles, "numFmt")}
    named = {str(number): code for number, code in BUILT_IN.items()} | own
    cells = child(styles, "cellXfs")
    return [named.get(one.get("numFmtId"), "") for one in cells if name_of(one) == "xf"] if cells is not None else []


def _members(archive: Archive) -> dict[str, str]:
    """The member that holds a sheet, by its name."""
    workbook, relations = archive.tree(_WORKBOOK), archive.tree("xl/_rels/workbook.xml.rels")
    if workbook is None or relations is None:
        return {}
    targets = {one.get("Id"): one.get("Target") or "" for one in below(relations, "Relationship")}
    sheets = {one.get("name"): targets.get(attribute(one, "id"), "") for one in below(workbook, "sheet")}
    return {name: beside(_WORKBOOK, target).lstrip("/") for name, target in sheets.items() if name and target}


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
