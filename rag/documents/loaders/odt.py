"""OpenDocument texts: paragraphs, lists, tables, notes and readers' comments."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from rag.documents.loaders.archive import Archive
from rag.documents.loaders.loaded import Loaded, Piece, assembled, with_title
from rag.documents.loaders.markup import Element, attribute, below, child, name_of
from rag.domain import Role
from rag.errors import DocumentError

_ASIDE = frozenset(["note", "annotation", "tracked-changes", "text-box", "annotation-end"])
_UNREAD = frozenset(["tracked-changes", "forms", "sequence-decls", "variable-decls"])
_SPACES = regex.compile(r"[ \t\r\n]+")
_LINE_END = regex.compile(r" *\n *")
_LOWEST_LEVEL = 6
_MOST_SPACES = 100
_INDEXES = ("table-of-content", "alphabetical-index", "illustration-index", "table-index")


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
    walk = _Walk(_titles(content))
    walk.through(body, Role.BODY)
    return assembled(with_title(walk.pieces))


def _titles(content: Element) -> set[str]:
    """The names of the styles of a title: the format's own, and those made from it."""
    made = (one for one in below(content, "style") if attribute(one, "parent-style-name") == "Title")
    return {"Title", *(attribute(one, "name") or "" for one in made)}


class _Walk:
    def __init__(self, titles: set[str]) -> None:
        self.pieces: list[Piece] = []
        self._titles = titles

    def through(self, element: Element, role: Role, speaker: str | None = None) -> None:
        for inner in element:
            name = name_of(inner)
            if name in ("p", "h"):
                self._paragraph(inner, role, speaker)
            elif name == "table-row":
                self._row(inner, role)
            elif name == "list" and role is Role.BODY:
                self.through(inner, Role.LIST)
            elif name in _INDEXES:
                self.through(inner, Role.BOILERPLATE)
            elif name and name not in _UNREAD:
                self.through(inner, role, speaker)

    def _paragraph(self, paragraph: Element, role: Role, speaker: str | None) -> None:
        words = _LINE_END.sub("\n", "".join(_words(paragraph))).strip()
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
        cells = [
            " ".join("".join(_words(one)).strip() for one in below(cell, "p", "h")) for cell in row if name_of(cell)
        ]
        self.pieces.append(Piece(text="\t".join(cells).strip(), role=Role.TABLE if role is Role.BODY else role))


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
