"""The files of a folder, looked at and not opened, but for those whose name does not say what they are. Knows nothing
of the index."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.documents.ignoring import Ignored, ignored_in
from rag.documents.left_out import LeftOut, is_hidden, is_none_by_name, reason_for
from rag.documents.loaders.formats import is_document
from rag.documents.loaders.kinds import is_document_within
from rag.errors import FolderError
from rag.plugged import NOTHING_PLUGGED, Plugged


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    document_id: str
    path: Path
    size: int
    modified_ns: int
    problem: str | None = None
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in a folder, in the order of names: the files that a loader reads, and those that none reads."""

    files: Sequence[FoundFile]
    left_out: Sequence[LeftOut]


def scan(root: str, folder: Path, *, plugged: Plugged = NOTHING_PLUGGED) -> Scan:
    """The files under `folder`. Hidden ones, those that its `.ibidignore` names and folders behind links are not
    looked at.

    A file that cannot be looked at comes with its `problem`, and so does a folder, whose id ends in `/`; what
    the index holds of such a folder stays. Raises FolderError where the folder itself, or what it ignores, is
    missing or unreadable.
    """
    try:
        if not folder.is_dir():
            kind = "is a file, not a folder" if folder.exists() else "does not exist"
            raise FolderError(
                f"The documents folder {folder} {kind}. Nothing was changed. Check --documents or IBID_DOCUMENTS."
            )
        walk = _Walk(root=root, inside=folder.resolve(), ignored=ignored_in(folder), plugged=plugged)
        found = list(walk.through(folder, ""))
    except OSError as error:
        raise FolderError(
            f"The documents folder {folder} cannot be read: {error.strerror}. Nothing was changed."
        ) from error
    files = [one for one in found if isinstance(one, FoundFile)]
    return Scan(files, [one for one in found if isinstance(one, LeftOut)])


def left_out_of(roots: Mapping[str, Path], *, plugged: Plugged = NOTHING_PLUGGED) -> list[LeftOut]:
    """What no loader reads in these folders as they are now, by the first part of the document ids. Empty for a folder
    that cannot be read: what is wrong with it the ingest says."""
    found: list[LeftOut] = []
    for root, folder in roots.items():
        with suppress(FolderError):
            found += scan(root, folder, plugged=plugged).left_out
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    root: str
    inside: Path
    ignored: Ignored
    plugged: Plugged

    def through(self, folder: Path, below: str) -> Iterator[FoundFile | LeftOut]:
        """What lies in `folder`, which is `below` the top, and in the folders in it. Raises OSError where the folder
        itself cannot be listed."""
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        alike = Counter(_printable(entry.name) for entry in listed)
        for entry in listed:
            name = _printable(entry.name)
            path = f"{below}{name if alike[name] == 1 else _readable(entry.name)}"
            if is_hidden(entry.name):
                continue
            try:
                yield from self._at(entry, path)
            except OSError as error:
                yield FoundFile(
                    document_id=f"{self.root}/{path}",
                    path=Path(entry.path),
                    size=0,
                    modified_ns=0,
                    problem=error.strerror or str(error),
                )

    def _at(self, entry: os.DirEntry[str], path: str) -> Iterator[FoundFile | LeftOut]:
        is_folder = entry.is_dir(follow_symlinks=False)
        if self.ignored.names(path, is_folder=is_folder):
            return
        if is_folder:
            yield from self._below(Path(entry.path), path)
        elif is_document(entry.name, self.plugged) or self._is_by_content(entry):
            yield from self._look_at(entry, f"{self.root}/{path}")
        else:
            yield LeftOut(f"{self.root}/{path}", _reason_for(entry))

    def _is_by_content(self, entry: os.DirEntry[str]) -> bool:
        """Whether a file whose name does not say what it is is a document by what it holds."""
        path = Path(entry.path)
        with suppress(OSError):
            if is_none_by_name(entry.name) or not entry.is_file() or not _resolved(path).is_relative_to(self.inside):
                return False
            now = entry.stat()
            return _is_by_content(path, (now.st_size, now.st_mtime_ns, now.st_ctime_ns))
        return False

    def _below(self, folder: Path, below: str) -> Iterator[FoundFile | LeftOut]:
        try:
            yield from self.through(folder, f"{below}/")
        except FileNotFoundError:
            return
        except OSError as error:
            problem = f"the folder cannot be read: {error.strerror}"
            yield FoundFile(document_id=f"{self.root}/{below}/", path=folder, size=0, modified_ns=0, problem=problem)

    def _look_at(self, entry: os.DirEntry[str], document_id: str) -> Iterator[FoundFile]:
        """The file at `entry`; nothing where it is a link to a folder inside. Raises OSError where it cannot be
        looked at."""
        path = Path(entry.path)
        if entry.is_symlink() and not _resolved(path).is_relative_to(self.inside):
            yield FoundFile(
                document_id=document_id,
                path=path,
                size=0,
                modified_ns=0,
                problem="a link that leads out of the documents folder",
            )
            return
        status = entry.stat()
        if not stat.S_ISDIR(status.st_mode):
            problem = None if stat.S_ISREG(status.st_mode) else "not a regular file"
            yield FoundFile(
                document_id=document_id,
                path=path,
                size=status.st_size,
                modified_ns=status.st_mtime_ns,
                problem=problem,
                changed_ns=status.st_ctime_ns,
            )


@lru_cache(maxsize=10_000)
def _is_by_content(path: Path, _looks: tuple[int, int, int]) -> bool:
    """As `is_document_within`. Remembered while the file looks the same, as a folder is looked at before each question.
    Raises OSError where it cannot be opened."""
    with path.open("rb") as file:
        return is_document_within(file, path.name)


def _reason_for(entry: os.DirEntry[str]) -> str:
    with suppress(OSError):
        if entry.is_symlink() and not entry.is_file():
            return "a link to a folder" if entry.is_dir() else "a link that leads nowhere"
        return reason_for(entry.name) if entry.is_file() else "not a regular file"
    return "a link that leads nowhere"


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
