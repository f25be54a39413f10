"""The files of a folder, looked at and not opened. Knows nothing of the index."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.documents.reading import can_load
from rag.errors import FolderError


@dataclass(frozen=True, slots=True)
class FoundFile:
    document_id: str
    path: Path
    size: int
    modified_ns: int
    problem: str | None = None
    changed_ns: int = 0


def scan(root: str, folder: Path) -> Iterator[FoundFile]:
    """The files under `folder` that a loader reads, hidden ones and links out of the folder left aside.

    A file that cannot be looked at comes with its `problem`, and so does a folder, whose id ends in `/`; what
    the index holds of such a folder stays. Raises FolderError where the folder itself is
    missing or unreadable.
    """
    try:
        if not folder.is_dir():
            kind = "is a file, not a folder" if folder.exists() else "does not exist"
            raise FolderError(f"The documents folder {folder} {kind}. Nothing was changed. Check IBID_DOCUMENTS.")
        yield from _scan_folder(root, folder, "", folder.resolve())
    except OSError as error:
        raise FolderError(
            f"The documents folder {folder} cannot be read: {error.strerror}. Nothing was changed."
        ) from error


def _scan_folder(root: str, folder: Path, below: str, inside: Path) -> Iterator[FoundFile]:
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    alike = Counter(_printable(entry.name) for entry in listed)
    for entry in listed:
        if entry.name.startswith("."):
            continue
        name = _printable(entry.name)
        path = f"{below}{name if alike[name] == 1 else _readable(entry.name)}"
        document_id = f"{root}/{path}"
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _scan_below(root, Path(entry.path), path, inside)
            elif can_load(entry.name):
                yield from _look_at(entry, document_id, inside)
        except OSError as error:
            yield FoundFile(document_id, Path(entry.path), 0, 0, error.strerror or str(error))


def _look_at(entry: os.DirEntry[str], document_id: str, inside: Path) -> Iterator[FoundFile]:
    """The file at `entry`; nothing where it is a link to a folder inside. Raises OSError where it cannot be
    looked at."""
    path = Path(entry.path)
    if entry.is_symlink() and not _resolved(path).is_relative_to(inside):
        yield FoundFile(document_id, path, 0, 0, "a link that leads out of the documents folder")
        return
    status = entry.stat()
    if not stat.S_ISDIR(status.st_mode):
        problem = None if stat.S_ISREG(status.st_mode) else "not a regular file"
        yield FoundFile(document_id, path, status.st_size, status.st_mtime_ns, problem, status.st_ctime_ns)


def _scan_below(root: str, folder: Path, below: str, inside: Path) -> Iterator[FoundFile]:
    try:
        yield from _scan_folder(root, folder, f"{below}/", inside)
    except FileNotFoundError:
        return
    except OSError as error:
        yield FoundFile(f"{root}/{below}/", folder, 0, 0, f"the folder cannot be read: {error.strerror}")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 says of links that lead to one another
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def _printable(name: str) -> str:
    """A file name as people type it: accents composed (macOS takes them apart)."""
    return unicodedata.normalize("NFC", _readable(name))


def _readable(name: str) -> str:
    """A file name as text that every store takes: bytes that are no UTF-8 become `\\xff`, each its own, and a
    backslash is doubled, so that it is never the name of another file."""
    return name.replace("\\", r"\\").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
