"""The index of one folder in Chroma: rows of paragraphs with their vectors, and one record per document.

The record is the commit point. A new revision's rows are written beside the old ones, then the record is
upserted, then, once nobody reads them any more, the old rows are deleted; a kill at any moment leaves the old
version or the new one. What was under way is noted in `pending` first, so a start sweeps just those documents.

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

from rag import vector_files
from rag.domain import Document, Json, Paragraph, Role, Source
from rag.errors import IbidError, IndexBusyError, IndexDamagedError, IndexMismatchError, StorageError

Vectors = npt.NDArray[np.float32]
T = TypeVar("T")
Near = tuple[str, int, float]
"""A row near a vector: its row prefix, its paragraph's number, and the cosine of the two."""

LAYOUT = "2"
"""Of rows and records. An index of another layout is rebuilt from the folder, never converted."""

WRITE_BATCH = 5_000
"""Chroma refuses more than 5,461 rows at once."""

READ_PAGE = 10_000
"""Chroma fails on a `get` of more than about 32,000 rows."""

NEAREST = {"space": "cosine", "ef_search": 200, "ef_construction": 200, "max_neighbors": 32}
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
    """A row to be written: a paragraph's `part`-th vector, and the hash of the text it was made from."""

    paragraph: Paragraph
    part: int
    text_hash: str
    vector: Vectors
    shredding: float


@dataclass(frozen=True, slots=True)
class SecondRow:
    """A second embedder's vector of a row that is in the store."""

    row_id: str
    document_id: str
    text_hash: str
    vector: Vectors


@dataclass(frozen=True, slots=True)
class Row:
    """A row as read back for ranking, without its vector."""

    paragraph: Paragraph
    shredding: float


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
    documents: int
    paragraphs: int
    rows_expected: int
    rows_stored: int
    sampled: int
    unreachable: int

    @property
    def is_whole(self) -> bool:
        return self.rows_expected == self.rows_stored and not self.unreachable


def row_prefix(document_id: str, revision: str) -> str:
    return f"{hashlib.sha256(document_id.encode()).hexdigest()[:12]}:{revision[:12]}"


def row_id(prefix: str, number: int, part: int = 0) -> str:
    return f"{prefix}#{number}/{part}"


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
    _documents: Any
    _pending: Any
    _records: dict[str, Record] = field(default_factory=dict)
    _stamps: vector_files.Stamps = field(default_factory=dict)
    _is_shut: bool = False

    def records(self) -> dict[str, Record]:
        """The committed documents by id, sorted by id."""
        return dict(sorted(self._records.items()))

    @property
    def generation(self) -> str:
        """Equal generations hold equal paragraphs: what derivatives of the store are stamped with."""
        listed = [f"{LAYOUT} {self.fingerprint}", *(f"{key} {r.revision}" for key, r in sorted(self._records.items()))]
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:32]

    def commit(self, changes: Sequence[Change]) -> None:
        """Write the rows of all changes, then their records. Old rows stay until `delete_superseded`."""
        self._note_pending([change.document.id for change in changes])
        pieces = [(change, piece) for change in changes for piece in change.pieces]
        for batch in _chunks(pieces, WRITE_BATCH):
            with _translated(self.folder):
                self._paragraphs.upsert(
                    ids=[_id_of(change, piece) for change, piece in batch],
                    embeddings=np.stack([piece.vector for _, piece in batch]),
                    metadatas=[_row_metadata(change, piece) for change, piece in batch],
                )
        self._put_records([_record_of(change) for change in changes])

    def _put_records(self, records: Sequence[Record]) -> None:
        for some in _chunks(records, WRITE_BATCH):
            with _translated(self.folder):
                self._documents.upsert(
                    ids=[record.document_id for record in some],
                    embeddings=[[1.0]] * len(some),
                    metadatas=[_record_metadata(record) for record in some],
                )
            self._records.update((record.document_id, record) for record in some)

    def put_vectors(self, document_ids: Sequence[str], vectors: Mapping[str, Vectors]) -> None:
        """Give the rows of these documents their vectors again, by the hash of the text they are made from."""
        for some in _chunks(list(document_ids), 200):
            with _translated(self.folder):
                rows = _all(
                    self._paragraphs,
                    ["metadatas"],
                    lambda page: zip(page["ids"], page["metadatas"], strict=True),
                    {"document": {"$in": list(some)}},
                )
                found = [(key, metadata) for key, metadata in rows if metadata["hash"] in vectors]
                for batch in _chunks(found, WRITE_BATCH):
                    self._paragraphs.upsert(
                        ids=[key for key, _ in batch],
                        embeddings=np.stack([vectors[metadata["hash"]] for _, metadata in batch]),
                        metadatas=[metadata for _, metadata in batch],
                    )

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
        """Delete the rows of pending documents that are not of their current revision. The caller makes
        sure that no query reads them any more."""
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
                stale = [key for key, m in rows if not self._is_current(str(m["document"]), str(m["revision"]))]
                if stale:
                    self._expect_written([document_id for _, document_id in some])
                self._delete_rows(stale)
                self._pending.delete(ids=[key for key, _ in some])

    def _expect_written(self, document_ids: Sequence[str]) -> None:
        """Chroma does not always say so where it could not write: old rows go when the new record is read back."""
        found = self._documents.get(ids=list(document_ids), include=["metadatas"])
        written = {key: m["revision"] for key, m in zip(found["ids"], found["metadatas"], strict=True)}
        expected = {key: self._records[key].revision for key in document_ids if key in self._records}
        if written != expected:
            raise StorageError(_NOT_WRITTEN.format(folder=self.folder))

    def _delete_rows(self, keys: Sequence[str]) -> None:
        for batch in _chunks(keys, WRITE_BATCH):
            self._paragraphs.delete(ids=list(batch))
            if self._paragraphs.get(ids=list(batch), include=[])["ids"]:
                raise StorageError(_NOT_WRITTEN.format(folder=self.folder))

    def _is_current(self, document_id: str, revision: str) -> bool:
        record = self._records.get(document_id)
        return record is not None and record.revision[:12] == revision

    def vectors_by_hash(self, document_ids: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of these documents, by the hash of the text they were made from."""
        found: dict[str, Vectors] = {}
        for some in _chunks(list(document_ids), 500):
            with _translated(self.folder):
                rows = _all(
                    self._paragraphs,
                    ["metadatas", "embeddings"],
                    lambda r: zip(r["metadatas"], r["embeddings"], strict=True),
                    where={"document": {"$in": list(some)}},
                )
                found.update((str(m["hash"]), np.asarray(v, dtype=np.float32)) for m, v in rows)
        return found

    def nearest(self, vector: Vectors, limit: int, document_ids: Sequence[str] | None) -> list[Near]:
        """The rows nearest to a vector, best first."""
        with _translated(self.folder):
            return _nearest(self._paragraphs, vector, limit, document_ids)

    def second_vectors(self, fingerprint: str) -> SecondVectors:
        """The vectors of a second embedder, none as yet where it is new here."""
        with _translated(self.folder):
            collection = self._client.get_or_create_collection(
                f"{_SECOND}{fingerprint}", embedding_function=None, configuration={"hnsw": NEAREST}
            )
            whole = (collection.metadata or {}).get("generation")
            # Vectors that were lost are made anew by the next ingest.
            is_whole = whole == self.generation and collection.count() == sum(r.rows for r in self._records.values())
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
        current = {record.prefix for record in self._records.values()}
        with _translated(self.folder):
            for key, metadata in _all(
                self._paragraphs, ["metadatas"], lambda r: zip(r["ids"], r["metadatas"], strict=True), {"part": 0}
            ):
                if key.partition("#")[0] in current:
                    yield key, Row(_paragraph_of(metadata), float(metadata["shredding"]))

    def check(self) -> Health:
        """Count the rows and look a sample of them up by their own vectors. Raises IndexDamagedError where
        the index would answer only in part."""
        try:
            if self._is_shut:
                self._open_anew()
            return self._looked_up()
        except IndexDamagedError:
            # A Chroma that could not open a file for a while holds less in memory than on the disk, and stays so.
            self._open_anew()
            health = self._looked_up(strict=False)
            if not health.unreachable and health.rows_stored > health.rows_expected:
                self._delete_what_is_not_current()
            return self._looked_up()

    def _delete_what_is_not_current(self) -> None:
        current = {record.prefix for record in self._records.values()}
        with _translated(self.folder):
            keys = list(_all(self._paragraphs, [], lambda page: page["ids"]))
            self._delete_rows([key for key in keys if key.partition("#")[0] not in current])

    def _open_anew(self) -> None:
        with _translated(self.folder):
            if not self._is_shut:
                self._client.close()
            # Until there are files to be had again.
            self._is_shut = True
            self._client = _client_of(self.folder)
            names = [collection.name for collection in (self._paragraphs, self._documents, self._pending)]
            self._paragraphs, self._documents, self._pending = (
                self._client.get_collection(name, embedding_function=None) for name in names
            )
            self._is_shut = False

    def _looked_up(self, strict: bool = True) -> Health:
        records = list(self._records.values())
        expected = sum(record.rows for record in records)
        sample = [row_id(r.prefix, 1 + i * 7919 % r.paragraphs) for i, r in enumerate(_spread(records, _SAMPLE))]
        try:
            stored = int(self._paragraphs.count())
            if self._pending.count():
                # Old and new rows of documents that are being replaced stand side by side.
                stored = min(stored, expected)
            rows = self._paragraphs.get(ids=sample, include=["embeddings"]) if sample else {"ids": [], "embeddings": []}
            unreachable = len(sample) - len(rows["ids"])
            for vector in rows["embeddings"]:
                found = self._paragraphs.query(query_embeddings=[vector], n_results=1, include=["distances"])
                unreachable += not found["distances"][0] or found["distances"][0][0] > 1e-3
        except (ChromaError, ValueError, TypeError) as error:
            raise _in_our_words(self.folder, error) from error
        health = Health(
            len(records), sum(r.paragraphs for r in records), expected, stored, len(sample), int(unreachable)
        )
        if strict and not health.is_whole:
            raise IndexDamagedError(
                f"{_DAMAGED.format(folder=self.folder)} ({stored} of {expected} rows stored, "
                f"{health.unreachable} of {health.sampled} sampled ones not found)"
            )
        return health

    def announce(self, doing: str, address: str | None = None, token: str | None = None) -> None:
        """Tell other processes of this user who holds the index, what for, and where it answers for them."""
        _write_owner(self.folder, Owner(os.getpid(), doing, address, token))

    def close(self) -> None:
        try:
            _remove(self.folder / "owner.json")
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
                    embeddings=[[1.0]] * len(some),
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

    def lacking(self) -> list[Record]:
        """The documents of which not every row has its vector."""
        with _translated(self.store.folder):
            there = Counter(key.partition("#")[0] for key in _all(self._collection, [], lambda page: page["ids"]))
        return [record for record in self.store.records().values() if there[record.prefix] != record.rows]

    def by_hash(self, hashes: Iterable[str]) -> dict[str, Vectors]:
        """The vectors there are of texts with these hashes, also of rows that were superseded since."""
        found: dict[str, Vectors] = {}
        for some in _chunks(list(hashes), 200):
            with _translated(self.store.folder):
                rows = self._collection.get(where={"hash": {"$in": list(some)}}, include=["metadatas", "embeddings"])
            for metadata, vector in zip(rows["metadatas"], rows["embeddings"], strict=True):
                found[str(metadata["hash"])] = np.asarray(vector, dtype=np.float32)
        return found

    def put(self, rows: Sequence[SecondRow]) -> None:
        """Write vectors of rows. Raises IndexMismatchError where they are of another length than those before."""
        for some in _chunks(rows, WRITE_BATCH):
            with _translated(self.store.folder):
                self._collection.upsert(
                    ids=[row.row_id for row in some],
                    embeddings=np.stack([row.vector for row in some]),
                    metadatas=[{"document": row.document_id, "hash": row.text_hash} for row in some],
                )

    def finish(self) -> None:
        """Delete what belongs to no current revision, and note what generation this is, if it is whole. The caller
        makes sure that no query reads older ones."""
        current = {record.prefix for record in self.store.records().values()}
        with _translated(self.store.folder):
            keys = list(_all(self._collection, [], lambda page: page["ids"]))
            for some in _chunks([key for key in keys if key.partition("#")[0] not in current], WRITE_BATCH):
                self._collection.delete(ids=list(some))
            if not self.lacking():
                self.generation = self.store.generation
                self._collection.modify(metadata={"generation": self.generation})

    def nearest(self, vector: Vectors, limit: int, document_ids: Sequence[str] | None) -> list[Near]:
        """As `Store.nearest`."""
        with _translated(self.store.folder):
            return _nearest(self._collection, vector, limit, document_ids)


_NOT_WRITTEN = (
    "Not all could be written to {folder}. Nothing is lost: see that it is on a disk with room, and try again."
)
_DAMAGED = "The index in {folder} is damaged. Run `ibid ingest --rebuild`: it is made anew from your folder"


def open_store(
    folder: Path, fingerprint: str, doing: str, wait: float = 0.0, mend: Callable[[Store], None] | None = None
) -> Store:
    """Become the owner of the index in `folder`, making it if need be, and sweep what a kill left behind. Where vectors
    were lost, `mend` is called to `put_vectors` of all documents.

    Raises IndexBusyError where another process owns it for longer than `wait` seconds, IndexMismatchError
    where it was made with another embedder or layout, IndexDamagedError where Chroma cannot read all of it.
    """
    lock = _acquire(folder, wait)
    try:
        _write_owner(folder, Owner(os.getpid(), doing))
        with _translated(folder):
            vector_files.clear_unsaved(folder / "chroma")
            broken, stamps = vector_files.broken(folder / "chroma", vector_files.read_seal(folder / _SEAL))
        try:
            return _opened(folder, fingerprint, lock, broken, stamps, mend)
        except IndexDamagedError as error:
            # Chroma may find what the files do not show: the log says other things than they do.
            if mend is None or broken or not isinstance(error.__cause__, ChromaError):
                raise
            return _opened(folder, fingerprint, lock, _saved(folder), {}, mend)
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
    mend: Callable[[Store], None] | None,
) -> Store:
    """The open store, without the vectors of the `broken` segments but for those that `mend` makes."""
    lost = {segment.collection.partition("-")[0] for segment in broken}
    if (folder / _LOST).exists():
        lost.add("paragraphs")
    if "paragraphs" in lost and mend is None:
        files = "half made anew" if not broken else "its vector files do not fit one another"
        raise IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({files})")
    with _translated(folder):
        if "paragraphs" in lost:
            (folder / _LOST).touch()
        for segment in vector_files.segments(folder / "chroma"):
            if segment in broken or ("paragraphs" in lost and segment.collection.startswith("paragraphs-")):
                vector_files.forget(segment)
        (folder / _SEAL).unlink(missing_ok=True)
    store = _read_in(folder, fingerprint, lock, broken)
    store._stamps = stamps
    try:
        if "documents" in lost:
            store._put_records(list(store._records.values()))
        if "paragraphs" in lost and mend is not None:
            mend(store)
            (folder / _LOST).unlink(missing_ok=True)
        store.delete_superseded()
        store.check()
        return store
    except BaseException:
        store._client.close()
        raise


def _client_of(folder: Path) -> Any:
    return chromadb.PersistentClient(str(folder / "chroma"), ChromaSettings(anonymized_telemetry=False))


def _read_in(folder: Path, fingerprint: str, lock: FileLock, broken: Sequence[vector_files.Segment]) -> Store:
    with _translated(folder):
        client = _client_of(folder)
        try:
            _refuse_another_index(folder, client, fingerprint)
            for segment in broken:
                if segment.collection.startswith(_SECOND):
                    client.delete_collection(segment.collection)
            # Chroma's own embedder would download a model: it is never given a chance.
            collections = [
                client.get_or_create_collection(
                    f"{name}-{fingerprint}",
                    embedding_function=None,
                    configuration={"hnsw": NEAREST if name == "paragraphs" else {"space": "l2"}},
                    metadata={"layout": LAYOUT},
                )
                for name in ("paragraphs", "documents", "pending")
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


def _spread(items: Sequence[T], most: int) -> list[T]:
    step = max(1, len(items) // most)
    return list(items[::step])[:most]


def _id_of(change: Change, piece: Piece) -> str:
    return row_id(row_prefix(change.document.id, change.document.revision), piece.paragraph.number, piece.part)


def _nearest(collection: Any, vector: Vectors, limit: int, document_ids: Sequence[str] | None) -> list[Near]:
    where: Any = {"document": {"$in": list(document_ids)}} if document_ids is not None else None
    found = collection.query(query_embeddings=[vector], n_results=limit, where=where, include=["distances"])
    return [
        (*_parse_row_id(key), 1.0 - float(distance))
        for key, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]


def _parse_row_id(key: str) -> tuple[str, int]:
    prefix, _, rest = key.partition("#")
    return prefix, int(rest.partition("/")[0])


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
