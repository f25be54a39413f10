"""The index of one folder in Chroma: rows of paragraphs, the vectors of their texts, and one record per document.

A row is one place of a text; a vector stands once for a text, however many places it has, under the text's hash. That
is no saving but a need: among more equal vectors than a search weighs, they and all their neighbours are out of reach.

The record is the commit point. A new revision's rows are written beside the old ones, then the vectors that are
missing, then the record is upserted, then, once nobody reads them any more, the old rows are deleted, and before
them the vectors that no other row needs; a kill at any moment leaves the old version or the new one, and no vector
without a row. What was under way is noted in `pending` first, so a start sweeps just those documents.

Chroma loses vectors without an error when two processes write to one path, so a file lock admits one owner.
The only file that imports chromadb and filelock.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout

from rag.domain import Document, Json, Paragraph, Role, Source
from rag.errors import IbidError, IndexBusyError, IndexDamagedError, IndexMismatchError, StorageError
from rag.index import vector_files

Vectors = npt.NDArray[np.float32]
T = TypeVar("T")
Mend = Callable[["Store"], None]
"""What gives a store the vectors that it is `lacking`."""

Near = tuple[str, float]
"""A text near a vector: its hash, and the cosine of the two."""

LAYOUT = "3"
"""Of rows and records. An index of another layout is rebuilt from the folder, never converted."""

WRITE_BATCH = 5_000
"""Chroma refuses more than 5,461 rows at once."""

READ_PAGE = 10_000
"""Chroma fails on a `get` of more than about 32,000 rows."""

NEAREST = {"space": "cosine", "ef_search": 200, "ef_construction": 200, "max_neighbors": 32}
_UNSEARCHED = {"space": "l2", "ef_search": 2, "ef_construction": 2, "max_neighbors": 2}
"""Chroma wants a vector for everything; where none is searched it costs as little as Chroma lets it."""

_CONFIGURATIONS = {
    # The shipped embedder's vectors have length one: their product is the cosine, and Chroma keeps every bit of them.
    "windows": NEAREST | {"space": "ip"},
    "paragraphs": _UNSEARCHED,
    "documents": _UNSEARCHED,
    "pending": _UNSEARCHED,
}
_NO_VECTOR = [1.0]
_SAMPLE = 16
_SECOND = "vectors-"
"""How the collections of second embedders are called, before the fingerprint."""

_NEARLY_FULL = 4_000_000
"""Bytes. With less than that free it is the disk that Chroma failed for: SQLite gives back what it could not use."""

_LOOK = 0.2
"""Seconds for which a process that only looks at the lock may hold it, and far more than it takes."""

_HANDLES = 8
"""Files that SQLite and Chroma may want to open for one write, at most."""

_LOST = "vectors-lost"
"""The file that says that vectors are being made anew: until it is gone they are not all there."""

_SEAL = "vectors.json"
"""The checksums of the vector files, there while the index is closed and was closed in order."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells an unchanged file at the cost of a stat. `settled` is false where the file was changed so
    shortly before the scan that a later change could carry the same time. When a file was `changed` the system notes
    by itself: a rewrite that gives itself the old time of modification is seen."""

    size: int
    modified_ns: int
    settled: bool = True
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One document of the index, as committed."""

    document_id: str
    title: str
    revision: str
    paragraphs: int
    rows: int
    stamp: FileStamp
    date: date | None = None
    author: str | None = None
    warning: str | None = None

    @property
    def source(self) -> Source:
        return Source(self.title, self.revision, self.date, self.author)

    @property
    def prefix(self) -> str:
        return row_prefix(self.document_id, self.revision)

    def json(self) -> Json:
        """As `ibid status --json` lists it."""
        return {
            "document": self.document_id,
            "title": self.title,
            "paragraphs": self.paragraphs,
            "date": self.date.isoformat() if self.date else None,
            "author": self.author,
            "warning": self.warning,
            "revision": self.revision,
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """A row to be written: a paragraph's `part`-th vector, and the hash of the text it was made from. Pieces of equal
    hashes have equal vectors."""

    paragraph: Paragraph
    part: int
    text_hash: str
    vector: Vectors
    shredding: float


@dataclass(frozen=True, slots=True)
class SecondRow:
    """A second embedder's vector of a text that is in the store."""

    text_hash: str
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph's first row as read back for ranking: the paragraph, and the hash of the text its vector is of."""

    paragraph: Paragraph
    shredding: float
    text_hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A document to commit with the pieces of all its paragraphs."""

    document: Document
    paragraphs: int
    pieces: Sequence[Piece]
    stamp: FileStamp
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds an index: for the one line that a second process prints, and, where the owner answers for others,
    its address and the token that opens it."""

    pid: int
    doing: str
    address: str | None = None
    token: str | None = None

    def __str__(self) -> str:
        where = f" at {self.address}" if self.address else ""
        return f"process {self.pid} ({self.doing}){where}"


@dataclass(frozen=True, slots=True)
class Health:
    """What a look at the index found; `torn` are the documents of which not everything can be found."""

    documents: int
    paragraphs: int
    rows_expected: int
    rows_stored: int
    sampled: int
    unreachable: int
    torn: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.torn and self.rows_stored <= self.rows_expected


class _VectorsLostError(IndexDamagedError):
    """Rows are there, and most of those that were looked up are not found by their vectors."""


def row_prefix(document_id: str, revision: str) -> str:
    return f"{hashlib.sha256(document_id.encode()).hexdigest()[:12]}:{revision[:12]}"


def row_id(prefix: str, number: int, part: int = 0) -> str:
    return f"{prefix}#{number}/{part}"


def place_of(key: str) -> tuple[str, int]:
    """The prefix of a row id and the number of its paragraph."""
    prefix, _, rest = key.partition("#")
    return prefix, int(rest.partition("/")[0])


def _prefix_of(key: str) -> str:
    return key.partition("#")[0]


def read_owner(folder: Path) -> Owner | None:
    """Who last took the lock of the index in `folder`; None where it was given back. Whether that process still holds
    it, `is_held` tells."""
    try:
        owner = Owner(**json.loads((folder / "owner.json").read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (owner.doing, owner.address or "", owner.token or "")
    is_owner = isinstance(owner.pid, int) and all(isinstance(text, str) for text in texts)
    return owner if is_owner and (owner.address or "http://").startswith("http://") else None


def remove_index(folder: Path) -> None:
    """Delete an index, and only an index. Raises IndexBusyError while another process owns it."""
    lock = _acquire(folder, wait=0.0)
    try:
        for name in ("chroma", "lexical", "lexical.new", "owner.json", "folder.txt", _SEAL, _LOST):
            _remove(folder / name)
    finally:
        lock.release()


def _remove(path: Path) -> None:
    """Delete what is there, whatever it is."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


@dataclass(slots=True)
class Store:
    """An open index. Use `open_store`; close it when done."""

    folder: Path
    fingerprint: str
    _lock: FileLock
    _client: Any
    _paragraphs: Any
    _windows: Any
    _documents: Any
    _pending: Any
    _records: dict[str, Record] = field(default_factory=dict)
    set_aside: tuple[str, ...] = ()
    """Documents that the look at the start found torn: out of the index until they are read again."""
    _stamps: vector_files.Stamps = field(default_factory=dict)
    _is_shut: bool = False
    _mend: Mend | None = None

    def records(self) -> dict[str, Record]:
        """The committed documents by id, sorted by id."""
        return dict(sorted(self._records.items()))

    @property
    def generation(self) -> str:
        """Equal generations hold equal paragraphs: what derivatives of the store are stamped with."""
        listed = [f"{LAYOUT} {self.fingerprint}", *(f"{key} {r.revision}" for key, r in sorted(self._records.items()))]
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:32]

    def commit(self, changes: Sequence[Change]) -> None:
        """Write the rows of all changes and the vectors that are new, then their records. Old rows stay until
        `delete_superseded`."""
        self._note_pending([change.document.id for change in changes])
        pieces = [(change, piece) for change in changes for piece in change.pieces]
        for batch in _chunks(pieces, WRITE_BATCH):
            with _translated(self.folder):
                self._paragraphs.upsert(
                    ids=[_id_of(change, piece) for change, piece in batch],
                    embeddings=[_NO_VECTOR] * len(batch),
                    metadatas=[_row_metadata(change, piece) for change, piece in batch],
                )
        self._add_windows({piece.text_hash: piece.vector for _, piece in pieces})
        self._put_records([_record_of(change) for change in changes])

    def _put_records(self, records: Sequence[Record]) -> None:
        for some in _chunks(records, WRITE_BATCH):
            with _translated(self.folder):
                self._documents.upsert(
                    ids=[record.document_id for record in some],
                    embeddings=[_NO_VECTOR] * len(some),
                    metadatas=[_record_metadata(record) for record in some],
                )
            self._records.update((record.document_id, record) for record in some)

    def put_vectors(self, vectors: Mapping[str, Vectors]) -> None:
        """Give texts that lost their vectors these, by the hash of the text."""
        self._add_windows(vectors)

    def lacking(self) -> dict[str, set[str]]:
        """The hashes of the texts that have no vector, by the id of each document that holds one."""
        return self._lacking_in(self._windows)

    def _lacking_in(self, collection: Any) -> dict[str, set[str]]:
        with _translated(self.folder):
            there = set(_all(collection, [], lambda page: page["ids"]))
        found: dict[str, set[str]] = {}
        for _, metadata in self._current_rows():
            if metadata["hash"] not in there:
                found.setdefault(str(metadata["document"]), set()).add(str(metadata["hash"]))
        return found

    def _add_windows(self, vectors: Mapping[str, Vectors]) -> None:
        """Write the vectors of texts that have none yet."""
        for some in _chunks(list(vectors), WRITE_BATCH):
            with _translated(self.folder):
                there = set(self._windows.get(ids=list(some), include=[])["ids"])
                if new := [text_hash for text_hash in some if text_hash not in there]:
                    self._windows.add(ids=new, embeddings=np.stack([vectors[text_hash] for text_hash in new]))

    def restamp(self, stamps: Iterable[tuple[str, FileStamp]]) -> None:
        """Note that files were seen again with other times and the same bytes."""
        for some in _chunks(list(stamps), WRITE_BATCH):
            records = [replace(self._records[key], stamp=stamp) for key, stamp in some]
            with _translated(self.folder):
                self._documents.update(
                    ids=[record.document_id for record in records],
                    metadatas=[_record_metadata(record) for record in records],
                )
            self._records.update((record.document_id, record) for record in records)

    def remove(self, document_ids: Sequence[str]) -> None:
        """Take documents out of the index: their records first, their rows with `delete_superseded`."""
        self._note_pending(document_ids)
        for some in _chunks(list(document_ids), WRITE_BATCH):
            with _translated(self.folder):
                self._documents.delete(ids=list(some))
            for document_id in some:
                self._records.pop(document_id, None)

    def delete_superseded(self) -> None:
        """Delete the rows of pending documents that are not of their current revision, and the vectors that only
        they needed. The caller makes sure that no query reads them any more."""
        current = self._prefixes
        with _translated(self.folder):
            noted = [
                (str(key), str(m["document"]))
                for key, m in _all(self._pending, ["metadatas"], lambda r: zip(r["ids"], r["metadatas"], strict=True))
            ]
            for some in _chunks(noted, 200):
                where = {"document": {"$in": [document_id for _, document_id in some]}}
                rows = list(
                    _all(self._paragraphs, ["metadatas"], lambda r: zip(r["ids"], r["metadatas"], strict=True), where)
                )
                stale = {key: str(m["hash"]) for key, m in rows if _prefix_of(key) not in current}
                if stale:
                    self._expect_written([document_id for _, document_id in some])
                kept = {str(m["hash"]) for key, m in rows if key not in stale}
                # Before the rows: of a vector without a row nobody would know any more after a kill.
                self._delete_windows(sorted(set(stale.values()) - kept))
                self._delete(self._paragraphs, list(stale))
                self._pending.delete(ids=[key for key, _ in some])

    def _expect_written(self, document_ids: Sequence[str]) -> None:
        """Chroma does not always say so where it could not write: old rows go when the new record is read back."""
        found = self._documents.get(ids=list(document_ids), include=["metadatas"])
        written = {key: m["revision"] for key, m in zip(found["ids"], found["metadatas"], strict=True)}
        expected = {key: self._records[key].revision for key in document_ids if key in self._records}
        if written != expected:
            raise StorageError(NOT_WRITTEN.format(folder=self.folder))

    def _delete(self, collection: Any, keys: Sequence[str]) -> None:
        for batch in _chunks(keys, WRITE_BATCH):
            collection.delete(ids=list(batch))
            if collection.get(ids=list(batch), include=[])["ids"]:
                raise StorageError(NOT_WRITTEN.format(folder=self.folder))

    def _delete_windows(self, hashes: Sequence[str]) -> None:
        """Delete the vectors of those of these texts that stand in no current row."""
        current = self._prefixes
        for some in _chunks(hashes, 200):
            rows = _all(
                self._paragraphs,
                ["metadatas"],
                lambda r: zip(r["ids"], r["metadatas"], strict=True),
                {"hash": {"$in": list(some)}},
            )
            kept = {str(m["hash"]) for key, m in rows if _prefix_of(key) in current}
            if unneeded := [text_hash for text_hash in some if text_hash not in kept]:
                self._delete(self._windows, unneeded)

    @property
    def _prefixes(self) -> frozenset[str]:
        return frozenset(record.prefix for record in self._records.values())

    def vectors_by_hash(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of texts with these hashes; what is not there is left out."""
        return _by_hash(self.folder, self._windows, hashes)

    @property
    def window_count(self) -> int:
        """How many texts have a vector."""
        with _translated(self.folder):
            return int(self._windows.count())

    def nearest(self, vector: Vectors, limit: int, among: Sequence[str] | None = None) -> list[Near]:
        """The texts nearest to a vector, best first; with `among` only those with these hashes, which all must be
        in."""
        with _translated(self.folder):
            return _nearest(self._windows, vector, limit, among)

    def second_vectors(self, fingerprint: str) -> SecondVectors:
        """The vectors of a second embedder, none as yet where it is new here."""
        with _translated(self.folder):
            collection = self._client.get_or_create_collection(
                f"{_SECOND}{fingerprint}", embedding_function=None, configuration={"hnsw": NEAREST}
            )
            whole = (collection.metadata or {}).get("generation")
            # Vectors that were lost are made anew by the next ingest.
            is_whole = whole == self.generation and collection.count() == self._windows.count()
        return SecondVectors(self, collection.name, whole if is_whole else None)

    def paragraphs(self, row_ids: Sequence[str]) -> dict[str, Paragraph]:
        """The paragraphs of first-part rows, by row id. A row that is gone is left out."""
        found: dict[str, Paragraph] = {}
        for some in _chunks(list(row_ids), WRITE_BATCH):
            with _translated(self.folder):
                rows = self._paragraphs.get(ids=list(some), include=["metadatas"])
            for key, metadata in zip(rows["ids"], rows["metadatas"], strict=True):
                found[key] = _paragraph_of(metadata)
        return found

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every first-part row of a committed revision, with its row id, in no particular order."""
        for key, m in self._current_rows({"part": 0}):
            yield key, Row(_paragraph_of(m), float(m["shredding"]), str(m["hash"]))

    def further_parts(self) -> Iterator[tuple[str, str]]:
        """The other rows, of paragraphs that take several vectors: row ids and the hashes of their texts."""
        for key, m in self._current_rows({"part": {"$gt": 0}}):
            yield key, str(m["hash"])

    def _current_rows(self, where: Any = None) -> Iterator[tuple[str, Any]]:
        current = self._prefixes
        with _translated(self.folder):
            for key, metadata in _all(
                self._paragraphs, ["metadatas"], lambda r: zip(r["ids"], r["metadatas"], strict=True), where
            ):
                if _prefix_of(key) in current:
                    yield key, metadata

    def check(self) -> Health:
        """Count the rows and look a sample of them up by their own vectors. Raises IndexDamagedError where the index
        cannot be read, or so much of it is not found that whole files must be damaged."""
        with suppress(IndexDamagedError):
            if self._is_shut:
                self._open_anew()
            health = self._looked_up()
            if health.is_whole:
                return health
        # A Chroma that could not open a file for a while holds less in memory than on the disk, and stays so.
        self._open_anew()
        health = self._looked_up()
        if health.rows_stored > health.rows_expected:
            self._delete_what_is_not_current()
            health = self._looked_up()
        return health

    def _delete_what_is_not_current(self) -> None:
        current = self._prefixes
        with _translated(self.folder):
            keys = list(_all(self._paragraphs, [], lambda page: page["ids"]))
            self._delete(self._paragraphs, [key for key in keys if _prefix_of(key) not in current])

    def _open_anew(self) -> None:
        with _translated(self.folder):
            if not self._is_shut:
                self._client.close()
            # Until there are files to be had again.
            self._is_shut = True
            client = _client_of(self.folder)
            try:
                before = (self._paragraphs, self._windows, self._documents, self._pending)
                self._paragraphs, self._windows, self._documents, self._pending = (
                    client.get_collection(collection.name, embedding_function=None) for collection in before
                )
            except BaseException:
                client.close()
                raise
            self._client, self._is_shut = client, False

    def _looked_up(self) -> Health:
        records = list(self._records.values())
        expected = sum(record.rows for record in records)
        sample = _sampled(records)
        try:
            stored = int(self._paragraphs.count())
            # Where documents are being replaced, old and new rows stand side by side.
            fits = stored == expected or (stored > expected and self._pending.count())
            lacking = set() if fits else self._lacking_rows(records)
            # What was sampled may have been replaced since.
            lost = [key for key in self._unreachable(list(sample)) if _prefix_of(key) in self._prefixes]
        except (ChromaError, ValueError, TypeError) as error:
            raise _in_our_words(self.folder, error) from error
        torn = lacking | {sample[key] for key in lost}
        if 2 * len(lost) > len(sample) or 2 * len(lacking) > len(records):
            damage = IndexDamagedError if lacking else _VectorsLostError
            raise damage(
                f"{_DAMAGED.format(folder=self.folder)} ({stored} of {expected} rows stored, "
                f"{len(lost)} of {len(sample)} sampled ones not found)"
            )
        paragraphs = sum(record.paragraphs for record in records)
        stored = min(stored, expected) if fits else stored
        return Health(len(records), paragraphs, expected, stored, len(sample), len(lost), tuple(sorted(torn)))

    def _lacking_rows(self, records: Sequence[Record]) -> set[str]:
        """The documents of which rows are missing, but for those that were replaced since."""
        there = Counter(map(_prefix_of, _all(self._paragraphs, [], lambda page: page["ids"])))
        current = self._prefixes
        return {r.document_id for r in records if there[r.prefix] < r.rows and r.prefix in current}

    def _unreachable(self, row_ids: Sequence[str]) -> list[str]:
        """Those of the rows that are gone, or that a search by their own vectors does not find."""
        rows = self._paragraphs.get(ids=list(row_ids), include=["metadatas"]) if row_ids else {"ids": []}
        hashes = {key: str(m["hash"]) for key, m in zip(rows["ids"], rows.get("metadatas") or (), strict=True)}
        vectors = self.vectors_by_hash(sorted(set(hashes.values())))
        found = {text_hash: _is_found(self._windows, vector) for text_hash, vector in vectors.items()}
        return [key for key in row_ids if not found.get(hashes.get(key, ""))]

    def make_good(self, torn: Iterable[str]) -> None:
        """Give texts that lost their vectors new ones, where it can be done, and put aside what stays torn. The caller
        makes sure that no query reads these documents."""
        damaged = set(torn)
        if damaged and self._mend is not None and self.lacking():
            self._mend(self)
            damaged = {*self.check().torn, *self.lacking()}
        if damaged:
            self.put_aside(damaged)

    def put_aside(self, document_ids: Iterable[str]) -> None:
        """Take torn documents out, so that the next ingest reads them again. The caller makes sure that no query
        reads them."""
        torn = sorted(document_ids)
        self.remove(torn)
        self.delete_superseded()
        # Of a row that was lost nothing tells any more which vector it left.
        needed = {str(m["hash"]) for _, m in self._current_rows()}
        with _translated(self.folder):
            strays = [key for key in _all(self._windows, [], lambda page: page["ids"]) if key not in needed]
            for some in _chunks(strays, WRITE_BATCH):
                self._windows.delete(ids=list(some))
        self.set_aside = tuple(sorted({*self.set_aside, *torn}))

    def announce(self, doing: str, address: str | None = None, token: str | None = None) -> None:
        """Tell other processes of this user who holds the index, what for, and where it answers for them."""
        _write_owner(self.folder, Owner(os.getpid(), doing, address, token))

    def close(self) -> None:
        try:
            _remove(self.folder / "owner.json")
            if not self._is_shut:
                self._client.close()
            # Without a seal the next start looks closer.
            with suppress(*vector_files.UNREADABLE):
                vector_files.write_seal(self.folder / _SEAL, self.folder / "chroma", self._stamps)
        finally:
            self._lock.release()

    def _note_pending(self, document_ids: Sequence[str]) -> None:
        for some in _chunks(list(document_ids), WRITE_BATCH):
            with _translated(self.folder):
                self._pending.upsert(
                    ids=[hashlib.sha256(document_id.encode()).hexdigest() for document_id in some],
                    embeddings=[_NO_VECTOR] * len(some),
                    metadatas=[{"document": document_id} for document_id in some],
                )


@dataclass(slots=True)
class SecondVectors:
    """The vectors that a second embedder made of the same rows, in a collection of its own; the store's stay as they
    are. `generation` is the store's when they were last whole: only for that one can they be searched."""

    store: Store
    _name: str
    generation: str | None

    @property
    def _collection(self) -> Any:
        return self.store._client.get_collection(self._name, embedding_function=None)

    def lacking(self) -> dict[str, set[str]]:
        """The hashes of the texts that have no vector here, by the id of each document that holds one."""
        return self.store._lacking_in(self._collection)

    def put(self, rows: Sequence[SecondRow]) -> None:
        """Write vectors. Raises IndexMismatchError where they are of another length than those before."""
        for some in _chunks(rows, WRITE_BATCH):
            with _translated(self.store.folder):
                self._collection.upsert(
                    ids=[row.text_hash for row in some], embeddings=np.stack([row.vector for row in some])
                )

    def finish(self) -> None:
        """Delete the vectors of texts that are gone, and note what generation this is, if it is whole. The caller
        makes sure that no query reads older ones."""
        with _translated(self.store.folder):
            wanted = set(_all(self.store._windows, [], lambda page: page["ids"]))
            there = set(_all(self._collection, [], lambda page: page["ids"]))
            for some in _chunks(sorted(there - wanted), WRITE_BATCH):
                self._collection.delete(ids=list(some))
            if wanted <= there:
                self.generation = self.store.generation
                self._collection.modify(metadata={"generation": self.generation})

    def nearest(self, vector: Vectors, limit: int, among: Sequence[str] | None = None) -> list[Near]:
        """As `Store.nearest`."""
        with _translated(self.store.folder):
            return _nearest(self._collection, vector, limit, among)


NOT_WRITTEN = (
    "Not all could be written to {folder}. Nothing is lost: see that it is on a disk with room, and try again."
)
_DAMAGED = "The index in {folder} is damaged. Run `ibid ingest --rebuild`: it is made anew from your folder"


def open_store(folder: Path, fingerprint: str, doing: str, wait: float = 0.0, mend: Mend | None = None) -> Store:
    """Become the owner of the index in `folder`, making it if need be, and sweep what a kill left behind. Where vectors
    were lost, `mend` is called to `put_vectors` of what is `lacking`; documents that stay torn are taken out
    (`Store.set_aside`).

    Raises IndexBusyError where another process owns it for longer than `wait` seconds, IndexMismatchError
    where it was made with another embedder or layout, IndexDamagedError where Chroma cannot read all of it.
    """
    lock = _acquire(folder, wait)
    try:
        _write_owner(folder, Owner(os.getpid(), doing))
        with _translated(folder):
            vector_files.clear_unsaved(folder / "chroma")
            broken, stamps = vector_files.broken(folder / "chroma", vector_files.read_seal(folder / _SEAL))
        is_lost = (folder / _LOST).exists() or any(segment.collection.startswith("windows-") for segment in broken)
        try:
            return _opened(folder, fingerprint, lock, broken, stamps, is_lost, mend)
        except IndexDamagedError as error:
            # Chroma may find what the files do not show: the log says other things than they do.
            is_of_vectors = isinstance(error, _VectorsLostError) or isinstance(error.__cause__, ChromaError)
            if mend is None or is_lost or not is_of_vectors:
                raise
            return _opened(folder, fingerprint, lock, _saved(folder), {}, True, mend)
    except BaseException:
        _remove(folder / "owner.json")
        lock.release()
        raise


def _saved(folder: Path) -> list[vector_files.Segment]:
    found = vector_files.segments(folder / "chroma")
    return [segment for segment in found if segment.is_saved and not segment.collection.startswith(_SECOND)]


def _opened(
    folder: Path,
    fingerprint: str,
    lock: FileLock,
    broken: Sequence[vector_files.Segment],
    stamps: vector_files.Stamps,
    is_lost: bool,
    mend: Mend | None,
) -> Store:
    """The open store, without the files of the `broken` segments. Where the vectors are lost, it has those that `mend`
    makes; what Chroma keeps of rows and records without looking for it in those files is whole without them."""
    if is_lost and mend is None:
        files = "half made anew" if not broken else "its vector files do not fit one another"
        raise IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({files})")
    with _translated(folder):
        if is_lost:
            (folder / _LOST).touch()
        for segment in vector_files.segments(folder / "chroma"):
            if segment in broken or (is_lost and segment.collection.startswith("windows-")):
                vector_files.forget(segment)
        (folder / _SEAL).unlink(missing_ok=True)
    of_vectors = [segment.collection for segment in broken if segment.collection.startswith(_SECOND)]
    store = _read_in(folder, fingerprint, lock, [*of_vectors, *([f"windows-{fingerprint}"] if is_lost else [])])
    store._stamps, store._mend = stamps, mend
    try:
        if any(segment.collection.startswith("documents-") for segment in broken):
            store._put_records(list(store._records.values()))
        store.delete_superseded()
        if is_lost and mend is not None:
            mend(store)
            (folder / _LOST).unlink(missing_ok=True)
        store.make_good(store.check().torn)
        return store
    except BaseException:
        store._client.close()
        raise


def _client_of(folder: Path) -> Any:
    return chromadb.PersistentClient(str(folder / "chroma"), ChromaSettings(anonymized_telemetry=False))


def _read_in(folder: Path, fingerprint: str, lock: FileLock, lost: Sequence[str]) -> Store:
    """The store with nothing in the collections of these names, which hold vectors and nothing else."""
    with _translated(folder):
        client = _client_of(folder)
        try:
            _refuse_another_index(folder, client, fingerprint)
            there = {collection.name for collection in client.list_collections()}
            for name in there.intersection(lost):
                client.delete_collection(name)
            # Chroma's own embedder would download a model: it is never given a chance.
            collections = [
                client.get_or_create_collection(
                    f"{name}-{fingerprint}",
                    embedding_function=None,
                    configuration={"hnsw": _CONFIGURATIONS[name]},
                    metadata={"layout": LAYOUT},
                )
                for name in ("paragraphs", "windows", "documents", "pending")
            ]
            store = Store(folder, fingerprint, lock, client, *collections)
            store._records = {record.document_id: record for record in _read_records(store._documents)}
        except BaseException:
            client.close()
            raise
    return store


def proof_of(token: str, nonce: str) -> str:
    """What only an owner who knows the token can answer to a number made up for it."""
    return hmac.new(token.encode(), nonce.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_held(folder: Path) -> bool:
    """Whether a process that lives owns the index in `folder`. The lock alone tells: the id of a process that was
    killed may be another's by now, and is 1 in every container."""
    try:
        with (folder / "lock").open("rb") as file:
            # Shared, so that two that look do not hold each other up; whoever wants to own it waits a moment.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False  # who opens the index is told why it cannot be


def _acquire(folder: Path, wait: float) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=max(wait, _LOOK), poll_interval=0.02)
    except Timeout as error:
        owner = read_owner(folder)
        raise IndexBusyError(
            f"The index is in use by {owner or 'another process'}. Wait for it to finish, or stop it, and try again."
        ) from error
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror}. Free space or set IBID_HOME elsewhere."
        ) from error
    return lock


def _write_owner(folder: Path, owner: Owner) -> None:
    try:
        # Nobody else may read the token; a file of an earlier owner may have been readable.
        _remove(folder / "owner.json")
        with open(folder / "owner.json", "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(json.dumps(asdict(owner)))
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror}. Free space or set IBID_HOME elsewhere."
        ) from error


def _refuse_another_index(folder: Path, client: Any, fingerprint: str) -> None:
    for collection in client.list_collections():
        if collection.name.startswith(_SECOND):
            continue
        made_with = collection.name.partition("-")[2]
        layout = (collection.metadata or {}).get("layout")
        if made_with != fingerprint or layout != LAYOUT:
            raise IndexMismatchError(
                f"The index in {folder} was made with {made_with} (layout {layout}), this Ibid uses {fingerprint} "
                f"(layout {LAYOUT}). Run `ibid ingest --rebuild`."
            )


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What can go wrong below us and is no damage: how Chroma, SQLite or the system say it, and what to do."""

    needles: tuple[str, ...]
    numbers: tuple[int, ...]
    error: type[IbidError]
    advice: str

    def fits(self, error: BaseException) -> bool:
        number = error.errno if isinstance(error, OSError) else None
        return number in self.numbers or any(needle in str(error) for needle in self.needles)


_FULL = _Trouble(
    ("disk is full", "No space left", "code: 13", "File too large", "quota exceeded"),
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    StorageError,
    "The disk under {folder} is full. Nothing is lost: free space and run `ibid ingest`.",
)
_NO_HANDLES = _Trouble(
    ("Too many open files",),
    (errno.EMFILE, errno.ENFILE),
    StorageError,
    "No more files can be opened, so {folder} cannot be read. Nothing is lost: close other programs, or raise "
    "`ulimit -n`, and try again.",
)
_TROUBLES = (
    _FULL,
    _NO_HANDLES,
    _Trouble(
        ("expecting embedding with dimension",),
        (),
        IndexMismatchError,
        "The second embedder makes vectors of another length than those in {folder}. Run `ibid ingest --rebuild`, or "
        "name another model in IBID_EMBED_MODEL.",
    ),
    _Trouble(
        ("readonly", "read-only", "ermission denied"),
        (errno.EROFS, errno.EACCES, errno.EPERM),
        StorageError,
        "Cannot write to {folder}: it is read-only. Set IBID_HOME to a folder of yours.",
    ),
)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Chroma's errors in our words."""
    try:
        yield
    except (ChromaError, OSError, sqlite3.Error) as error:
        raise _in_our_words(folder, error) from error


def _in_our_words(folder: Path, error: Exception) -> IbidError:
    trouble = next((trouble for trouble in _TROUBLES if trouble.fits(error)), None) or _trouble_here(folder)
    if trouble is not None:
        return trouble.error(trouble.advice.format(folder=folder))
    return IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({_first_line(error)})")


def _trouble_here(folder: Path) -> _Trouble | None:
    """What the machine is short of: Chroma often says no more than that it failed."""
    try:
        with ExitStack() as opened:
            for _ in range(_HANDLES):
                opened.callback(os.close, os.open(folder, os.O_RDONLY))
        return _FULL if shutil.disk_usage(folder).free < _NEARLY_FULL else None
    except OSError as error:
        return _NO_HANDLES if _NO_HANDLES.fits(error) else None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _all(collection: Any, include: list[str], pick: Callable[[Any], Iterable[T]], where: Any = None) -> Iterator[T]:
    offset = 0
    while True:
        page = collection.get(include=include, where=where, limit=READ_PAGE, offset=offset)
        if not page["ids"]:
            return
        yield from pick(page)
        offset += len(page["ids"])


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _sampled(records: Sequence[Record]) -> dict[str, str]:
    """Row ids spread over the documents and over their paragraphs, each with the id of its document."""
    step = max(1, len(records) // _SAMPLE)
    spread = [record for record in records[::step] if record.paragraphs]
    found: dict[str, str] = {}
    for i in range(_SAMPLE if spread else 0):
        record = spread[i % len(spread)]
        found[row_id(record.prefix, 1 + i * 7919 % record.paragraphs)] = record.document_id
    return found


def _is_found(collection: Any, vector: Vectors) -> bool:
    distances = collection.query(query_embeddings=[vector], n_results=1, include=["distances"])["distances"][0]
    return bool(distances) and distances[0] <= 1e-3


def _by_hash(folder: Path, collection: Any, hashes: Iterable[str]) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for some in _chunks(list(hashes), WRITE_BATCH):
        with _translated(folder):
            rows = collection.get(ids=list(some), include=["embeddings"])
        found.update(
            (str(key), np.asarray(vector, dtype=np.float32))
            for key, vector in zip(rows["ids"], rows["embeddings"], strict=True)
        )
    return found


def _id_of(change: Change, piece: Piece) -> str:
    return row_id(row_prefix(change.document.id, change.document.revision), piece.paragraph.number, piece.part)


def _nearest(collection: Any, vector: Vectors, limit: int, among: Sequence[str] | None) -> list[Near]:
    if among is not None and not among:
        return []
    ids = list(among) if among is not None else None
    found = collection.query(query_embeddings=[vector], n_results=limit, ids=ids, include=["distances"])
    return [
        (str(key), 1.0 - float(distance)) for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]


def _row_metadata(change: Change, piece: Piece) -> dict[str, Any]:
    paragraph = piece.paragraph
    metadata: dict[str, Any] = {
        "document": paragraph.document_id,
        "revision": change.document.revision[:12],
        "number": paragraph.number,
        "part": piece.part,
        "start": paragraph.start,
        "end": paragraph.end,
        "role": paragraph.role.value,
        "hash": piece.text_hash,
        "shredding": piece.shredding,
    }
    optional = {
        # Here and not as Chroma's document: of those it also makes a trigram index that nothing asks, which takes
        # half the time of a commit (2.0 of 3.8 s for 2,116 paragraphs).
        "text": paragraph.text if piece.part == 0 else None,
        "heading": json.dumps(paragraph.heading, ensure_ascii=False) if paragraph.heading else None,
        "page": paragraph.page,
        "speaker": paragraph.speaker,
    }
    return metadata | {key: value for key, value in optional.items() if value is not None}


def _paragraph_of(metadata: Any) -> Paragraph:
    return Paragraph(
        metadata["document"],
        int(metadata["number"]),
        metadata["text"],
        int(metadata["start"]),
        int(metadata["end"]),
        Role(metadata["role"]),
        tuple(json.loads(metadata["heading"])) if "heading" in metadata else (),
        metadata.get("page"),
        metadata.get("speaker"),
    )


def _record_of(change: Change) -> Record:
    document = change.document
    return Record(
        document.id,
        document.title,
        document.revision,
        change.paragraphs,
        len(change.pieces),
        change.stamp,
        document.date,
        document.author,
        change.warning,
    )


def _record_metadata(record: Record) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "title": record.title,
        "revision": record.revision,
        "paragraphs": record.paragraphs,
        "rows": record.rows,
        "size": record.stamp.size,
        # Chroma keeps integers to 64 bits; nanoseconds since 1970 fit until the year 2262.
        "modified_ns": record.stamp.modified_ns,
        "settled": record.stamp.settled,
        "changed_ns": record.stamp.changed_ns,
    }
    optional = {
        "date": record.date.isoformat() if record.date else None,
        "author": record.author,
        "warning": record.warning,
    }
    return metadata | {key: value for key, value in optional.items() if value is not None}


def _read_records(collection: Any) -> Iterator[Record]:
    for key, m in _all(collection, ["metadatas"], lambda r: zip(r["ids"], r["metadatas"], strict=True)):
        yield Record(
            key,
            m["title"],
            m["revision"],
            int(m["paragraphs"]),
            int(m["rows"]),
            FileStamp(int(m["size"]), int(m["modified_ns"]), bool(m["settled"]), int(m.get("changed_ns", 0))),
            date.fromisoformat(m["date"]) if "date" in m else None,
            m.get("author"),
            m.get("warning"),
        )
