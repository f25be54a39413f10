"""The files behind the documents that are in: their very bytes, their pages as pictures, where words stand on these.

A file is given out only as it was read: what has changed since is another document, of which nothing was quoted.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from rag.documents.apart import DRAWERS
from rag.documents.layout import Layout
from rag.documents.loaders.formats import Kind
from rag.documents.page_image import PageImage
from rag.documents.reading import kind_read, revision_of
from rag.documents.scan import scan
from rag.errors import DocumentError, FolderError
from rag.index.records import Record
from rag.index.snapshot import MayRead
from rag.index.store import Store
from rag.settings import Settings

_CHANGED = "has changed since it was read: let Ibid look for changes"
_GONE = "is not in its folder any more"
_NOT_IN = "is not among the documents"


def anything(_document_id: str) -> bool:
    """Whoever nothing is kept from."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """Of the documents in a store that somebody may read, which were found in the folders of the settings. Raises
    DocumentError for any other."""

    store: Store
    settings: Settings
    may_read: MayRead = anything

    def has_pages(self, record: Record) -> bool:
        """Whether pages of the document can be drawn."""
        return kind_read(record.revision, name=record.document_id) is Kind.PDF

    def layout_of(self, record: Record) -> Layout:
        """Where its words stand on its pages; empty where that is not known."""
        self._expect_readable(record)
        return self.store.layouts.read(record.prefix)

    def page_image(self, record: Record, number: int) -> PageImage:
        """Its page `number`, counted from 1. Raises DocumentError where it has none, or the file has changed."""
        self._expect_readable(record)
        if not self.has_pages(record):
            raise DocumentError("has no pages to be shown: only a PDF has")
        kept = self.store.page_images.read(record.revision, number)
        if kept is not None:
            return kept
        image = DRAWERS.draw(self.read(record), page=number)
        # It may have been deleted while its page was drawn, and then nothing of it is kept.
        if any(one.revision == record.revision for one in self.store.records().values()):
            self.store.page_images.write(record.revision, number, image)
        return image

    def read(self, record: Record) -> bytes:
        """The bytes that the document was read from. Raises DocumentError where its file is gone or has changed."""
        self._expect_readable(record)
        try:
            data = _bytes(self._path(record.document_id), record.stamp.size)
        except (OSError, FolderError) as error:
            raise DocumentError(_GONE) from error
        if revision_of(data, name=record.document_id, plugged=self.settings.plugged) != record.revision:
            raise DocumentError(_CHANGED)
        return data

    def _expect_readable(self, record: Record) -> None:
        if not self.may_read(record.document_id):
            raise DocumentError(_NOT_IN)

    def _path(self, document_id: str) -> Path:
        """Where the file of a document lies. Raises DocumentError, FolderError."""
        root, _, name = document_id.partition("/")
        folder = self.settings.roots.get(root)
        if folder is None:
            raise DocumentError(_GONE)
        if (folder / name).exists():
            return folder / name
        # Ids are names as people type them: the file's own may be composed otherwise.
        files = scan(root, folder, plugged=self.settings.plugged).files
        found = (file.path for file in files if file.document_id == document_id)
        if (path := next(found, None)) is None:
            raise DocumentError(_GONE)
        return path


def _bytes(path: Path, size: int) -> bytes:
    """What a file of this size holds. Raises DocumentError for another, before it is read; OSError."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        raise DocumentError(_CHANGED)
    return path.read_bytes()
