"""From a file to its text and blocks: the seam where file formats are added.

A loader is a function from the file's bytes to `Loaded`; to add a format, write one beside
`rag/documents/loaders/markdown.py` and name its endings in `LOADERS`. Nothing here knows of stores or settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rag.documents.front_matter import describe
from rag.documents.layout import Layout
from rag.documents.loaders.decoding import Loaded
from rag.documents.loaders.markdown import load_markdown
from rag.documents.loaders.plain import load_plain
from rag.documents.roles import PARSER_VERSION, split_paragraphs
from rag.domain import Document, Paragraph
from rag.errors import DocumentError

Loader = Callable[[bytes], Loaded]

LOADERS: dict[str, Loader] = {
    ".txt": load_plain,
    ".text": load_plain,
    ".md": load_markdown,
    ".markdown": load_markdown,
}


def can_load(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in LOADERS


def revision_of(data: bytes) -> str:
    """Equal revisions have equal paragraphs: the parser's version and a hash of the bytes."""
    return f"{PARSER_VERSION}-{hashlib.sha256(data).hexdigest()}"


def is_current(revision: str) -> bool:
    """Whether a revision was made by this version of the parser."""
    return revision.startswith(f"{PARSER_VERSION}-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A file as it is read: the document, its paragraphs, a warning if its text had to be guessed at, and where its
    words stand on pages, if its format knows."""

    document: Document
    paragraphs: tuple[Paragraph, ...]
    warning: str | None
    layout: Layout


def read_document(document_id: str, data: bytes) -> ParsedDocument:
    """The document in a file's bytes. Raises DocumentError with the reason where they hold no text."""
    path = PurePosixPath(document_id)
    loader = LOADERS.get(path.suffix.lower())
    if loader is None:
        known = ", ".join(sorted(LOADERS))
        raise DocumentError(f"{path.suffix or 'no ending'}: not a format Ibid reads yet (it reads {known})")
    loaded = loader(data)
    paragraphs = split_paragraphs(document_id, loaded.text, loaded.blocks)
    if not paragraphs:
        raise DocumentError("the file holds no text")
    title, day, author = describe(paragraphs, path.stem)
    return ParsedDocument(
        document=Document(document_id, title, loaded.text, revision_of(data), day, author),
        paragraphs=tuple(_on_its_page(paragraph, loaded.layout) for paragraph in paragraphs),
        warning=loaded.warning,
        layout=loaded.layout,
    )


def _on_its_page(paragraph: Paragraph, layout: Layout) -> Paragraph:
    """The paragraph with the page that its block names, else with the one that the layout knows."""
    if paragraph.page is not None or not layout:
        return paragraph
    return replace(paragraph, page=layout.page_at(paragraph.start, paragraph.end))
