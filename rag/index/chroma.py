"""Chroma: its client, its limits, its pages, and its errors in our words.

The only file that imports chromadb.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from rag.errors import IbidError, IndexDamagedError, IndexMismatchError, StorageError, first_line
from rag.index.embedder import Vectors

T = TypeVar("T")

Near = tuple[str, float]
"""A text near a vector: its hash, and the cosine of the two."""

WRITE_BATCH = 5_000
"""Chroma refuses more than 5,461 rows at once."""

READ_PAGE = 10_000
"""Chroma fails on a `get` of more than about 32,000 rows."""

NEAREST = {"space": "cosine", "ef_search": 200, "ef_construction": 200, "max_neighbors": 32}

UNSEARCHED = {"space": "l2", "ef_search": 2, "ef_construction": 2, "max_neighbors": 2}
"""Chroma wants a vector for everything; where none is searched it costs as little as Chroma lets it."""

CONFIGURATIONS = {
    # The shipped embedder's vectors have length one: their product is the cosine, and Chroma keeps every bit of them.
    "windows": NEAREST | {"space": "ip"},
    "paragraphs": UNSEARCHED,
    "documents": UNSEARCHED,
    "pending": UNSEARCHED,
}

NO_VECTOR = [1.0]
"""Of length one: `vector_files` knows by that which vectors are whole."""

_NEARLY_FULL = 4_000_000
"""Bytes. With less than that free it is the disk that Chroma failed for: SQLite gives back what it could not use."""

_HANDLES = 8
"""Files that SQLite and Chroma may want to open for one write, at most."""

NOT_WRITTEN = (
    "Not all could be written to {folder}. Nothing is lost: see that it is on a disk with room, and try again."
)

DAMAGED = "The index in {folder} is damaged. Run `ibid ingest --rebuild`: it is made anew from your folder"


def client_of(folder: Path) -> Any:
    """Chroma on the files of the index in `folder`; it sends nothing about itself."""
    path, settings = str(folder / "chroma"), ChromaSettings(anonymized_telemetry=False)
    try:
        return chromadb.PersistentClient(path, settings)
    except AttributeError:
        # An attempt in this process that failed leaves something behind; Chroma stumbles over it and clears it away.
        return chromadb.PersistentClient(path, settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What can go wrong below us and is no damage: how Chroma, SQLite or the system say it, and what to do."""

    needles: tuple[str, ...]
    numbers: tuple[int, ...]
    error: type[IbidError]
    advice: str

    def fits(self, error: BaseException) -> bool:
        number = error.errno if isinstance(error, OSError) else None
        return number in self.numbers or any(needle in str(error) for needle in self.needles)


_FULL = Trouble(
    needles=("disk is full", "No space left", "code: 13", "File too large", "quota exceeded"),
    numbers=(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    error=StorageError,
    advice="The disk under {folder} is full. Nothing is lost: free space and run `ibid ingest`.",
)

_NO_HANDLES = Trouble(
    needles=("Too many open files",),
    numbers=(errno.EMFILE, errno.ENFILE),
    error=StorageError,
    advice="No more files can be opened, so {folder} cannot be read. Nothing is lost: close other programs, or raise "
    "`ulimit -n`, and try again.",
)

TROUBLES = (
    _FULL,
    _NO_HANDLES,
    Trouble(
        needles=("expecting embedding with dimension",),
        numbers=(),
        error=IndexMismatchError,
        advice="The second embedder makes vectors of another length than those in {folder}. Run "
        "`ibid ingest --rebuild`, or name another model in IBID_EMBED_MODEL.",
    ),
    Trouble(
        needles=("readonly", "read-only", "ermission denied"),
        numbers=(errno.EROFS, errno.EACCES, errno.EPERM),
        error=StorageError,
        advice="Cannot write to {folder}: it is read-only. Set IBID_HOME to a folder of yours.",
    ),
)


@contextmanager
def translated(folder: Path, *others: type[Exception]) -> Iterator[None]:
    """Chroma's errors in our words, and `others` that what it returns may lead to."""
    try:
        yield
    except (ChromaError, OSError, sqlite3.Error, *others) as error:
        raise _in_our_words(folder, error) from error


def _in_our_words(folder: Path, error: Exception) -> IbidError:
    trouble = next((trouble for trouble in TROUBLES if trouble.fits(error)), None) or _trouble_here(folder)
    if trouble is not None:
        return trouble.error(trouble.advice.format(folder=folder))
    return IndexDamagedError(f"{DAMAGED.format(folder=folder)} ({first_line(error)[:120]})")


def _trouble_here(folder: Path) -> Trouble | None:
    """What the machine is short of: Chroma often says no more than that it failed."""
    try:
        with ExitStack() as opened:
            for _ in range(_HANDLES):
                opened.callback(os.close, os.open(folder, os.O_RDONLY))
        return _FULL if shutil.disk_usage(folder).free < _NEARLY_FULL else None
    except OSError as error:
        return _NO_HANDLES if _NO_HANDLES.fits(error) else None


def _all_of(collection: Any, include: list[str], pick: Callable[[Any], Iterable[T]], where: Any = None) -> Iterator[T]:
    """Everything in a collection that fits `where`, page by page, as `pick` takes it from a page."""
    offset = 0
    while True:
        page = collection.get(include=include, where=where, limit=READ_PAGE, offset=offset)
        if not page["ids"]:
            return
        yield from pick(page)
        offset += len(page["ids"])


def ids_of(collection: Any) -> Iterator[str]:
    """The id of everything in a collection."""
    return _all_of(collection, [], lambda page: page["ids"])


def rows_of(collection: Any, where: Any = None) -> Iterator[tuple[str, Any]]:
    """The id and the metadata of everything in a collection that fits `where`."""
    return _all_of(collection, ["metadatas"], lambda page: zip(page["ids"], page["metadatas"], strict=True), where)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def is_found(collection: Any, vector: Vectors) -> bool:
    """Whether a search by a vector finds it, or its equal."""
    distances = collection.query(query_embeddings=[vector], n_results=1, include=["distances"])["distances"][0]
    return bool(distances) and distances[0] <= 1e-3


def nearest(collection: Any, vector: Vectors, limit: int, among: Sequence[str] | None) -> list[Near]:
    """The texts nearest to a vector, best first; with `among` only those with these hashes, which all must be in."""
    if among is not None and not among:
        return []
    ids = list(among) if among is not None else None
    found = collection.query(query_embeddings=[vector], n_results=limit, ids=ids, include=["distances"])
    return [
        (str(key), 1.0 - float(distance)) for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]


def vectors_of(collection: Any, keys: Sequence[str]) -> tuple[list[str], Vectors]:
    """The vectors of texts, `[len(found), dimensions]`, with the hashes of those that are found, in the same order."""
    pages = [collection.get(ids=list(some), include=["embeddings"]) for some in chunks(keys, WRITE_BATCH)]
    found = [page for page in pages if page["ids"]]
    hashes = [str(key) for page in found for key in page["ids"]]
    parts = [np.asarray(page["embeddings"], dtype=np.float32) for page in found]
    return hashes, np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)


def is_chromas(error: BaseException | None) -> bool:
    """Whether Chroma itself raised it."""
    return isinstance(error, ChromaError)
