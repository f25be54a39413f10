"""Which documents a user may read: what the file of IBID_READERS grants, and their own uploads.

Whom the file does not name sees no document. One that cannot be read lets nobody read anything, until it is mended.
"""

from __future__ import annotations

import logging
import threading
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex

from rag.documents.ignoring import Granted, granted_by
from rag.domain import document_name
from rag.errors import ServerError
from rag.owners import is_upload, owner_of
from ui.web.who import User

EVERYBODY = "*"

_log = logging.getLogger("ibid.readers")
_granted = lru_cache(1_000)(granted_by)
_AT = regex.compile(r" \(at line (\d+), column \d+\)$| \(at end of document\)$")
_CLOSED = "Nobody may read anything here until IBID_READERS is mended ({where}). Whoever runs this chat is told more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a user may read: of the documents what the `patterns` name, all of them for None; of the uploads their own
    and those that are everybody's. Nothing where there is a `problem`, which says so. Whoever runs the chat reads
    all."""

    user: User
    patterns: tuple[str, ...] | None = None
    problem: str | None = None

    def may_read(self, document_id: str) -> bool:
        if self.user is None:
            return True
        if self.problem is not None:
            return False
        if (owner := owner_of(document_id)) is not None:
            return owner == self.user
        if self.patterns is None:
            return True
        if is_upload(document_id):
            return bool(self.patterns)
        return document_name(document_id) in self._granted

    @property
    def is_restricted(self) -> bool:
        """Whether documents of the folder may be kept from them."""
        return self.user is not None and (self.patterns is not None or self.problem is not None)

    @property
    def _granted(self) -> Granted:
        return _granted(self.patterns or ())


class Readers:
    """The rules of a file, read again when it changes; of none where there is no file, and then everybody reads all."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: object = None
        self._granted: Mapping[str, tuple[str, ...]] = {}
        self._problem: str | None = None

    def expect_whole(self) -> None:
        """Raises ServerError where the file cannot be read or is wrong."""
        if self._path is None:
            return
        try:
            read_readers(self._path)
        except ValueError as error:
            raise ServerError(f"IBID_READERS={self._path}: {error}.") from None

    def reader(self, user: User) -> Reader:
        """What that user may read now."""
        if self._path is None or user is None:
            return Reader(user=user)
        with self._lock:
            self._look_again(self._path)
            granted, problem = self._granted, self._problem
        if problem is not None:
            return Reader(user=user, patterns=(), problem=problem)
        return Reader(user=user, patterns=(*granted.get(EVERYBODY, ()), *_own(granted, user)))

    def _look_again(self, path: Path) -> None:
        now = _stamp(path)
        if now is not None and now == self._seen:
            return
        try:
            self._granted, self._problem = read_readers(path), None
        except ValueError as error:
            if self._problem is None or now != self._seen:
                _log.error("IBID_READERS=%s: %s. Nobody may read anything until it is mended.", path, error)
            where = str(error).partition(":")[0] if str(error).startswith("line ") else "it cannot be read"
            self._granted, self._problem = {}, _CLOSED.format(where=where)
        self._seen = now


def _own(granted: Mapping[str, tuple[str, ...]], user: str) -> tuple[str, ...]:
    # Somebody called like the entry for everybody has none of their own.
    return () if user == EVERYBODY else granted.get(user, ())


def _stamp(path: Path) -> object:
    """Another one after every change; None where there is no such file."""
    with suppress(OSError):
        status = path.stat()
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
    return None


def read_readers(path: Path) -> dict[str, tuple[str, ...]]:
    """The patterns of each user. Raises ValueError for a file that cannot be read, or is wrong: then it begins with the
    line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _wrong(line, "is not UTF-8") from error
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _misread(text, str(error)) from error
    return {user: _patterns(text, user, value) for user, value in told.items()}


def _wrong(line: int, said: str) -> ValueError:
    """Said in one line, whatever names and patterns hold."""
    return ValueError(f"line {line}: {' '.join(said.split())}")


def _misread(text: str, said: str) -> ValueError:
    found = _AT.search(said)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    advice = 'write lines such as anna = ["hr/", "public/"]; names with other signs go in quotes'
    return _wrong(line, f"{_AT.sub('', said)}; {advice}")


def _patterns(text: str, user: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        said = (
            f'“{user}” needs a list of patterns, such as ["hr/", "public/"]; a name with a dot or an @ goes in quotes'
        )
        raise _wrong(_line_of(text, user), said)
    try:
        granted_by(value)
    except ValueError as error:
        raise _wrong(_line_of(text, user), str(error)) from None
    # As document ids are composed.
    return tuple(unicodedata.normalize("NFC", one) for one in value)


def _line_of(text: str, user: str) -> int:
    """Where the entry of a user begins: behind the last lines that are whole without it."""
    lines: Sequence[str] = text.split("\n")
    last = 0
    for count in range(1, len(lines) + 1):
        with suppress(tomllib.TOMLDecodeError, RecursionError):
            if user in tomllib.loads("\n".join(lines[:count])):
                return last + 1
            last = count
    return last + 1
