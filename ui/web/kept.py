"""What named users keep of conversations and notes: a file for each record, in a folder of each user's own.

The texts are the page's; nothing is known of them but which documents they quote, as what may not be read any more is
kept, and not shown.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import regex

from rag.domain import Json
from rag.errors import IbidError, StorageError
from rag.home import made_private, write_whole
from rag.index.snapshot import MayRead

MOST_BYTES = 20_000_000
"""Of a user, about two hundred long conversations; where there are more, those go that were kept longest ago."""
MOST_RECORDS = 2_000
LONGEST = 1_000_000
WITHHELD = "This answer quotes a document that is not open to you any more."

_KEY = regex.compile(r"ibid:[\w-]{1,64}|ibid-note:[0-9a-f]{1,64}:[\w-]{1,64}|ibid-notes:[0-9a-f]{1,64}")
_TALK, _TITLE = "ibid:", "ibid-notes:"
_one_at_a_time = threading.Lock()


class KeepingError(IbidError):
    """What somebody wants to have kept is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A text under its key. Each time that it is kept it gets another `revision`."""

    key: str
    revision: int
    text: str


class Kept:
    """The records in a folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def records(self) -> Iterator[Record]:
        """All of them; what is damaged is left out."""
        return (one for one in map(self._read, self._files()) if one is not None)

    def put(self, key: str, text: str) -> tuple[int, Sequence[str]]:
        """Keep a text in place of the one that has that key; returns its revision, and the keys of those that had to go
        for it. What an answer of it withholds stays as it was. Raises KeepingError for what cannot be kept,
        StorageError where it cannot be written."""
        _expect_a_record(key, text)
        with self._writing():
            path = self._path(key)
            before = self._read(path)
            text = _with_what_was_withheld(text, before.text if before else "")
            gone = _too_many([one for one in self._files() if one != path], len(text.encode()))
            record = Record(key=key, revision=time.time_ns() // 1_000, text=text)
            self._write(path, record)
            keys = [one.key for one in map(self._read, gone) if one is not None]
            for one in gone:
                one.unlink(missing_ok=True)
        return record.revision, keys

    def remove(self, key: str) -> None:
        """Raises KeepingError for a key that is none, StorageError where it cannot be removed."""
        _expect_a_key(key)
        with self._writing():
            self._path(key).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return list(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _read(self, path: Path) -> Record | None:
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            told = json.loads(path.read_text(encoding="utf-8"))
            if path == self._path(str(told["key"])):
                return Record(key=told["key"], revision=int(told["revision"]), text=str(told["text"]))
        return None

    def _write(self, path: Path, record: Record) -> None:
        """Whoever reads meanwhile, or after a kill, reads all of the old one or all of the new."""
        told = {"key": record.key, "revision": record.revision, "text": record.text}
        write_whole(path, json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))

    def _path(self, key: str) -> Path:
        """By its kind, and a hash: file systems take neither every sign nor tell all letters apart."""
        kind = key.partition(":")[0]
        return self._folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with _one_at_a_time:
                made_private(self._folder)
                yield
        except OSError as error:
            raise StorageError(
                f"Cannot write to {self._folder}: {error.strerror}. Free space, or set IBID_HOME."
            ) from error


def shown(record: Record, may_read: MayRead) -> Record | None:
    """A record as its owner may see it now: without the answers that quote what they may not read; None for a note that
    does, and for what cannot be told."""
    if record.key.startswith(_TITLE):
        return record
    try:
        told = json.loads(record.text)
        if not record.key.startswith(_TALK):
            return record if _may_be_shown(told, may_read) else None
        exchanges = [one if _may_be_shown(one, may_read) else _withheld(one) for one in told["exchanges"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if exchanges == told["exchanges"]:
        return record
    return replace(record, text=json.dumps({**told, "exchanges": exchanges}))


def _may_be_shown(told: Any, may_read: MayRead) -> bool:
    return all(may_read(document) for document in _documents(told))


def _documents(value: Any) -> Iterator[str]:
    """Every document that anything in an answer is of."""
    if isinstance(value, dict):
        if isinstance(document := value.get("document"), str):
            yield document
        for one in value.values():
            yield from _documents(one)
    elif isinstance(value, list):
        for one in value:
            yield from _documents(one)


def _withheld(exchange: Mapping[str, Any]) -> Json:
    return {**exchange, "answer": None, "state": "failed", "problem": WITHHELD}


def _with_what_was_withheld(text: str, before: str) -> str:
    """A conversation comes back as it was shown: what was withheld of it is not lost by that."""
    if WITHHELD not in text or not before:
        return text
    told = json.loads(text)
    had = {_known_by(one): one for one in json.loads(before).get("exchanges", [])}
    exchanges = [had.get(_known_by(one), one) if one.get("problem") == WITHHELD else one for one in told["exchanges"]]
    return json.dumps({**told, "exchanges": exchanges})


def _known_by(exchange: Mapping[str, Any]) -> tuple[str, str]:
    return str(exchange.get("asked")), str(exchange.get("question"))


def _expect_a_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise KeepingError("Only conversations and notes are kept here.")


def _expect_a_record(key: str, text: str) -> None:
    _expect_a_key(key)
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise KeepingError(f"Not kept: a conversation may have {LONGEST:,} bytes. Begin a new one.")
    if key.startswith(_TITLE):
        return
    try:
        told = json.loads(text)
        is_whole = isinstance(told, dict) and all(isinstance(one, dict) for one in told.get("exchanges", []))
        is_whole = is_whole and (not key.startswith(_TALK) or bool(told["exchanges"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise KeepingError("Only conversations and notes are kept here.")


def _too_many(others: Sequence[Path], size: int) -> list[Path]:
    """The conversations that have to go for `size` bytes more, the oldest first. Raises KeepingError where there are
    not enough of them."""
    known = [(path, path.stat()) for path in others]
    total, count = size + sum(status.st_size for _, status in known), len(known) + 1
    gone: list[Path] = []
    for path, status in sorted(known, key=lambda one: one[1].st_mtime_ns):
        if total <= MOST_BYTES and count <= MOST_RECORDS:
            break
        if path.name.startswith("ibid-") and not path.name.startswith(("ibid-note-", "ibid-notes-")):
            total, count = total - status.st_size, count - 1
            gone.append(path)
    if total > MOST_BYTES or count > MOST_RECORDS:
        raise KeepingError("Not kept: your notes are full. Export them, then delete some.")
    return gone
