"""Files that people bring along: kept in `IBID_HOME/uploads`, never in a documents folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import regex

from rag.documents.loaders.formats import READS
from rag.documents.reading import can_load
from rag.errors import DocumentError, StorageError

_LONGEST_NAME = 200
_UNFIT = regex.compile(r"[\p{C}/\\:*?\"<>|]+")


def keep_upload(source: Path, name: str, uploads: Path, max_file_mb: float) -> str:
    """Keep a file as an upload and return its document id; a second one of a name gets a new name.

    Raises DocumentError for a kind that is not read, a file over the limit or one that has gone, StorageError where
    it cannot be written.
    """
    name = _shortened(_UNFIT.sub("-", name).strip(" .") or "upload.txt")
    if not can_load(name):
        raise DocumentError(f"this kind of file is not read. {READS}")
    try:
        brought = source.open("rb")
    except OSError as error:
        raise DocumentError("it has gone by now, or was added already. Add it again where it is missing") from error
    with brought:
        size = os.fstat(brought.fileno()).st_size
        if size > max_file_mb * 1_000_000:
            raise DocumentError(f"{size / 1e6:.1f} MB is more than the limit of {max_file_mb:g} MB (IBID_MAX_FILE_MB)")
        return f"uploads/{_kept(brought, name, uploads)}"


def _kept(brought: BinaryIO, name: str, uploads: Path) -> str:
    target = None
    try:
        uploads.mkdir(parents=True, exist_ok=True)
        target = _claimed(uploads, name)
        with target.open("wb") as file:
            shutil.copyfileobj(brought, file)
    except OSError as error:
        if target is not None:
            # Half a file would be read as a whole one.
            target.unlink(missing_ok=True)
        raise StorageError(
            f"Cannot keep {name} in {uploads}: {error.strerror}. Free space, or set IBID_HOME."
        ) from error
    return target.name


def delete_upload(document_id: str, uploads: Path) -> None:
    """Delete an uploaded file. Raises DocumentError for what is no upload: documents are never deleted."""
    root, _, name = document_id.partition("/")
    target = uploads / name
    if root != "uploads" or not name or target.parent != uploads or not _is_file(target):
        raise DocumentError(f"{document_id} is not an uploaded file. Ibid deletes nothing else.")
    # Somebody else may have been quicker.
    target.unlink(missing_ok=True)


def _shortened(name: str) -> str:
    """A name that file systems take, with room for a number: at most so many bytes, the ending kept."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if dot and len(ending) < 10 else (name, "")
    return stem.encode()[:_LONGEST_NAME].decode("utf-8", "ignore") + ending


def _claimed(uploads: Path, name: str) -> Path:
    """A new, empty file for `name` that nobody else has: `leave.md`, `leave (2).md`, …"""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if dot else (name, "")
    count = 1
    while True:
        target = uploads / (name if count == 1 else f"{stem} ({count}){ending}")
        try:
            target.touch(exist_ok=False)
            return target
        except FileExistsError:
            count += 1


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
