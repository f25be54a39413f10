"""From a file to its text and blocks: the seam where file formats are added.

A loader is a function from the file's bytes to `Loaded`; to add a format, write one beside
`rag/documents/loaders/markdown.py` and name its endings in `LOADERS`. Nothing here knows of stores or settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath

from rag.documents.front_matter import describe
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


def read_document(document_id: str, data: bytes) -> tuple[Document, tuple[Paragraph, ...], str | None]:
    """The document, its paragraphs, and a warning where its text had to be guessed at.

    Raises DocumentError with the reason where the bytes hold no text.
    """
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
    document = Document(document_id, title, loaded.text, revision_of(data), day, author)
    return document, paragraphs, loaded.warning
