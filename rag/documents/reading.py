"""From a file to its text and blocks: the seam where file formats are added.

A loader is a function from the file's bytes to `Loaded`; to add a format, write one beside
`rag/documents/loaders/rtf.py`, describe it in `formats`, tell its bytes in `kinds` and name it in `table`. Nothing here
knows of stores or settings.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rag.documents.apart import PARSERS, READERS
from rag.documents.front_matter import describe
from rag.documents.layout import Layout
from rag.documents.loaders.formats import FORMATS, Kind, kind_named
from rag.documents.loaders.kinds import kind_of
from rag.documents.loaders.loaded import Loaded
from rag.documents.loaders.markdown import load_markdown
from rag.documents.loaders.plain import load_plain
from rag.documents.roles import PARSER_VERSION, split_paragraphs
from rag.domain import Document, Paragraph
from rag.errors import DocumentError
from rag.plugged import NOTHING_PLUGGED, Plugged, version_of

_HERE = {Kind.PLAIN: load_plain, Kind.MARKDOWN: load_markdown}
"""What needs no process of its own: nothing in it is unpacked, followed or nested."""


def revision_of(data: bytes, *, name: str, plugged: Plugged = NOTHING_PLUGGED) -> str:
    """Equal revisions have equal paragraphs: the parser's version, a hash, and the loader with its version where it
    has one. That is in the hash too: rows are told apart by the beginning of a revision."""
    version = _version_by_content(data, name, plugged)
    digest = hashlib.sha256(version.encode() + data).hexdigest()
    return "-".join(filter(None, (PARSER_VERSION, digest, version)))


def is_current(revision: str, *, name: str, plugged: Plugged = NOTHING_PLUGGED) -> bool:
    """Whether a revision was made by these versions."""
    parser, _, rest = revision.partition("-")
    version = rest.partition("-")[2]
    if parser != PARSER_VERSION:
        return False
    # What a file was read as need not be what its name says.
    return version == _version_by_name(name, plugged) or (plugged.reader_of(name) is None and version in _KIND_BY)


def kind_read(revision: str, *, name: str) -> Kind | None:
    """What a document was read as: by its revision, and where that does not tell, by its name."""
    version = revision.partition("-")[2].partition("-")[2]
    return _KIND_BY.get(version) or kind_named(name)


def _version_by_content(data: bytes, name: str, plugged: Plugged) -> str:
    """As `_version_by_name`, but of the format that the bytes are in, where it has a version."""
    by_name = _version_by_name(name, plugged)
    if plugged.reader_of(name):
        return by_name
    try:
        return _version(kind_of(data, name)) or by_name
    except DocumentError:
        return by_name


def _version_by_name(name: str, plugged: Plugged) -> str:
    """The loader with its version; empty for text and Markdown, and where a name does not tell."""
    if reader := plugged.reader_of(name):
        return f"by{version_of(reader)}"
    kind = kind_named(name)
    return _version(kind) if kind else ""


def _version(kind: Kind) -> str:
    return f"{kind}{FORMATS[kind].version}" if FORMATS[kind].version else ""


_KIND_BY = {_version(kind): kind for kind in FORMATS if _version(kind)}
"""The formats by their loaders of now."""


def load(data: bytes, *, name: str, plugged: Plugged = NOTHING_PLUGGED) -> Loaded:
    """A file's text, its blocks and where its words stand.

    Raises DocumentError with the reason where the bytes hold no text.
    """
    if reader := plugged.reader_of(name):
        return _load_with(reader, data, name=name, plugged=plugged)
    kind = kind_of(data, name)
    return _HERE[kind](data) if kind in _HERE else PARSERS.load(kind, data)


def _load_with(reader: str, data: bytes, *, name: str, plugged: Plugged) -> Loaded:
    if not data:
        raise DocumentError("the file is empty")
    with plugged.folder() as folder:
        return READERS.read(reader, data, ending=PurePosixPath(name).suffix.lower(), folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A file as it is read: the document, its paragraphs, a warning if its text had to be guessed at, and where its
    words stand on pages, if its format knows."""

    document: Document
    paragraphs: tuple[Paragraph, ...]
    warning: str | None
    layout: Layout


def read_document(document_id: str, data: bytes, *, plugged: Plugged = NOTHING_PLUGGED) -> ParsedDocument:
    """The document in a file's bytes. Raises DocumentError with the reason where they hold no text."""
    path = PurePosixPath(document_id)
    loaded = load(data, name=path.name, plugged=plugged)
    paragraphs = split_paragraphs(document_id, loaded.text, loaded.blocks)
    if not paragraphs:
        raise DocumentError("the file holds no text")
    at = loaded.layout.page_at
    title, day, author = describe(paragraphs, loaded.title or path.stem)
    return ParsedDocument(
        document=Document(
            id=document_id,
            title=title,
            text=loaded.text,
            revision=revision_of(data, name=path.name, plugged=plugged),
            date=day,
            author=author,
        ),
        paragraphs=tuple(replace(one, page=at(one.start, one.end)) for one in paragraphs),
        warning=loaded.warning,
        layout=loaded.layout,
    )
