"""OpenDocument texts: paragraphs, lists, tables, notes and readers' comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from rag.documents.loaders.archive import Archive
from rag.documents.loaders.counting import counted
from rag.documents.loaders.loaded import Cells, Loaded, Piece, assembled, with_title
from rag.documents.loaders.markup import Element, attribute, below, child, holder, name_of, span_in
from rag.documents.loaders.rows import with_names
from rag.domain import Role
from rag.errors import DocumentError

_FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_ASIDE = frozenset(["note", "annotation", "tracked-changes", "text-box", "annotation-end"])
_UNREAD = frozenset(["tracked-changes", "forms", "sequence-decls", "variable-decls"])
_SPACES = regex.compile(r"[ \t\r\n]+")
_LINE_END = regex.compile(r" *\n *")
_LOWEST_LEVEL = 6
_MOST_SPACES = 100
_MOST_SPANNED = 1000
_MOST_REPEATED = 50
"""A blank cell that is repeated further than that is the rest of a row."""
_INDEXES = ("table-of-content", "alphabetical-index", "illustration-index", "table-index")


@dataclass(frozen=True, slots=True)
class _Level:
    """What stands before an item: its number between two signs; nothing but a bullet where `form` is empty."""

    form: str = ""
    before: str = ""
    after: str = ""
    start: int = 1

    def label(self, number: int) -> str:
        form = _FORMS.get(self.form)
        return f"{self.before}{counted(number, form)}{self.after} " if form else "• "


def load_odt(data: bytes) -> Loaded:
    """Raises DocumentError where the archive is damaged or encrypted."""
    archive = Archive(data)
    manifest = archive.tree("META-INF/manifest.xml")
    if manifest is not None and next(below(manifest, "encryption-data"), None) is not None:
        raise DocumentError("needs a password: save a copy without one, and add that")
    content = archive.needed_tree("content.xml")
    body = child(content, "body", "text")
    if body is None:
        raise DocumentError("is damaged: its text is missing")
    walk = _Walk(_titles(content), _lists(content, archive.tree("styles.xml")))
    walk.through(body, Role.BODY)
    return assembled(with_title(with_names(walk.pieces)))


def _titles(content: Element) -> set[str]:
    """The names of the styles of a title: the format's own, and those made from it."""
    made = (one for one in below(content, "style") if attribute(one, "parent-style-name") == "Title")
    return {"Title", *(attribute(one, "name") or "" for one in made)}


def _lists(*parts: Element | None) -> dict[tuple[str, int], _Level]:
    """By the name of a list's style and the depth in it, from 1: what stands before an item."""
    levels = {}
    for style in (one for part in parts if part is not None for one in below(part, "list-style")):
        for one in style:
            depth = attribute(one, "level") or ""
            if depth.isdigit():
                levels[attribute(style, "name") or "", int(depth)] = _level(one)
    return levels


def _level(element: Element) -> _Level:
    if name_of(element) != "list-level-style-number":
        return _Level()
    around = (attribute(element, "num-prefix") or "", attribute(element, "num-suffix") or "")
    start = attribute(element, "start-value") or "1"
    return _Level(attribute(element, "num-format") or "", *around, int(start) if start.isdigit() else 1)


class _Walk:
    def __init__(self, titles: set[str], lists: dict[tuple[str, int], _Level]) -> None:
        self.pieces: list[Piece] = []
        self._titles = titles
        self._lists = lists
        self._label = ""

    def through(self, element: Iterable[Element], role: Role, speaker: str | None = None) -> None:
        for inner in element:
            name = name_of(inner)
            if name in ("p", "h"):
                self._paragraph(inner, role, speaker)
            elif name == "table-row":
                self._row(inner, role)
            elif name == "list":
                self._list(inner, Role.LIST if role is Role.BODY else role, speaker)
            elif name in _INDEXES:
                self.through(inner, Role.BOILERPLATE)
            elif name and name not in _UNREAD:
                self.through(inner, role, speaker)

    def _list(self, element: Element, role: Role, speaker: str | None, depth: int = 1, style: str = "") -> None:
        style = attribute(element, "style-name") or style
        level = self._lists.get((style, depth), _Level())
        items = [item for item in element if name_of(item) == "list-item"]
        for number, item in enumerate(items, level.start):
            self._label = level.label(number)
            for inner in item:
                if name_of(inner) == "list":
                    self._list(inner, role, speaker, depth + 1, style)
                elif name_of(inner):
                    self.through([inner], role, speaker)
        self._label = ""

    def _paragraph(self, paragraph: Element, role: Role, speaker: str | None) -> None:
        words = _LINE_END.sub("\n", "".join(_words(paragraph))).strip()
        if words:
            words, self._label = self._label + words, ""
        level = (
            int(attribute(paragraph, "outline-level") or 1) if name_of(paragraph) == "h" and role is Role.BODY else 0
        )
        if level:
            role = Role.HEADING
        elif role is Role.BODY and attribute(paragraph, "style-name") in self._titles:
            role = Role.TITLE
        self.pieces.append(Piece(text=words, role=role, level=min(level, _LOWEST_LEVEL), speaker=speaker))
        self._aside(paragraph)

    def _aside(self, paragraph: Element) -> None:
        """Text boxes, notes and comments come after the paragraph that they stand in."""
        for inner in below(paragraph, "text-box", "note-body", "annotation"):
            if name_of(inner) == "annotation":
                creator = child(inner, "creator")
                self.through(_without(inner), Role.COMMENT, None if creator is None else creator.text)
            else:
                self.through(inner, Role.BODY)

    def _row(self, row: Element, role: Role) -> None:
        cells = list(_cells(row))
        texts = tuple(text for text, _ in cells)
        told = Cells(
            texts=texts,
            table=holder(row, "table"),
            names_columns=name_of(row.getparent()) == "table-header-rows",
            spans=tuple(span for _, span in cells),
        )
        text = "\t".join(texts).strip()
        self.pieces.append(Piece(text=text, role=Role.TABLE if role is Role.BODY else role, cells=told))


def _cells(row: Element) -> Iterator[tuple[str, tuple[int, int]]]:
    """The cells of a row with the columns that each goes over, and 0 rows where one above goes over it."""
    covered = 0
    for cell in row:
        name = name_of(cell)
        times = span_in(attribute(cell, "number-columns-repeated"), most=_MOST_REPEATED)
        if name == "covered-table-cell":
            # First those that the cell beside them goes over.
            hidden = min(covered, times)
            covered -= hidden
            yield from [("", (1, 0))] * (times - hidden)
        elif name == "table-cell":
            text = " ".join("".join(_words(one)).strip() for one in below(cell, "p", "h"))
            columns = span_in(attribute(cell, "number-columns-spanned"), most=_MOST_SPANNED)
            covered = columns - 1
            yield from [(text, (columns, 1))] * times


def _without(annotation: Element) -> list[Element]:
    """A comment's paragraphs; its author and date are not its text."""
    return [one for one in annotation if name_of(one) in ("p", "list")]


def _words(element: Element) -> Iterator[str]:
    yield _SPACES.sub(" ", element.text or "")
    for inner in element:
        name = name_of(inner)
        if name == "s":
            count = attribute(inner, "c") or "1"
            yield " " * min(int(count) if count.isdigit() else 1, _MOST_SPACES)
        elif name in ("tab", "line-break"):
            yield "\t" if name == "tab" else "\n"
        elif name and name not in _ASIDE:
            yield from _words(inner)
        yield _SPACES.sub(" ", inner.tail or "")
