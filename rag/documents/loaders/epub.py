"""EPUB books: the chapters in the order in which they are read, each a page of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from rag.documents.loaders.archive import Archive, beside
from rag.documents.loaders.html.loading import page_text
from rag.documents.loaders.html.walking import pieces_of
from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.documents.loaders.markup import Element, below, html_tree
from rag.domain import Role
from rag.errors import DocumentError

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/encryption.xml"


def load_epub(data: bytes) -> Loaded:
    """Raises DocumentError where the book is damaged or locked."""
    archive = Archive(data)
    package = next(below(archive.needed_tree(_CONTAINER), "rootfile"), None)
    if package is None:
        raise DocumentError("is damaged: it does not say where the book is")
    name = package.get("full-path") or ""
    root = archive.needed_tree(name)
    chapters = list(_chapters(archive, name, root))
    if not chapters and _RIGHTS in archive.names:
        raise DocumentError("is locked by its seller (DRM) and cannot be read")
    return assembled([*_front(root), *chapters])


def _front(package: Element) -> Iterator[Piece]:
    """Title and authors, which a book names beside its text."""
    title = next(below(package, "title"), None)
    authors = [" ".join((one.text or "").split()) for one in below(package, "creator")]
    if title is not None and title.text:
        yield Piece(text=" ".join(title.text.split()), role=Role.TITLE, level=1)
    if any(authors):
        yield Piece(text=f"By {' and '.join(filter(None, authors))}", role=Role.BYLINE)


def _chapters(archive: Archive, package_name: str, package: Element) -> Iterator[Piece]:
    items = {item.get("id"): item for item in below(package, "item")}
    for reference in below(package, "itemref"):
        item = items.get(reference.get("idref"))
        if (
            item is None
            or "html" not in (item.get("media-type") or "")
            or "nav" in (item.get("properties") or "").split()
        ):
            continue
        data = archive.read(beside(package_name, unquote(item.get("href") or "")))
        if data is not None and data.strip():
            yield from _pieces(data)


def _pieces(data: bytes) -> list[Piece]:
    try:
        return pieces_of(html_tree(page_text(data)[0]))
    except DocumentError:
        return []  # a chapter that is only a picture
