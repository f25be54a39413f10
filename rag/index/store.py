"""The index of one folder in Chroma: rows of paragraphs with their vectors, and one record per document.

The record is the commit point. A new revision's rows are written beside the old ones, then the record is
upserted, then, once nobody reads them any more, the old rows are deleted; a kill at any moment leaves the old
version or the new one. What was under way is noted in `pending` first, so a start sweeps just those documents.

Chroma loses vectors without an error when two processes write to one path, so a file lock admits one owner.
The only file that imports chromadb and filelock.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from rag.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, StorageError

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

_HNSW_HEADER = struct.Struct("<i6Q2i3QdQ")
_HNSW_ROOM, _HNSW_COUNT, _HNSW_SIZE = 2, 3, 4
"""The header of hnswlib's files as Chroma writes them, and where in it stand the elements there is room for, the
elements there are, and the bytes of one."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells an unchanged file at the cost of a stat. `settled` is false where the file was changed so
    shortly before the scan that a later change could carry the same time."""

    size: int
    modified_ns: int
    settled: bool = True


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
    """Who last took the lock of the index in `folder`; None where it was given back."""
    try:
        return Owner(**json.loads((folder / "owner.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_index(folder: Path) -> None:
    """Delete an index, and only an index. Raises IndexBusyError while another process owns it."""
    lock = _acquire(folder, wait=0.0)
    try:
        for name in ("chroma", "lexical", "lexical.new", "owner.json", "folder.txt"):
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    finally:
        lock.release()


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
        records = [_record_of(change) for change in changes]
        for some in _chunks(records, WRITE_BATCH):
            with _translated(self.folder):
                self._documents.upsert(
                    ids=[record.document_id for record in some],
                    embeddings=[[1.0]] * len(some),
                    metadatas=[_record_metadata(record) for record in some],
                )
            self._records.update((record.document_id, record) for record in some)

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
                for batch in _chunks(stale, WRITE_BATCH):
                    self._paragraphs.delete(ids=list(batch))
                self._pending.delete(ids=[key for key, _ in some])

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
        return SecondVectors(self, collection, whole if is_whole else None)

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
            raise IndexDamagedError(f"{_DAMAGED.format(folder=self.folder)} ({_first_line(error)})") from error
        health = Health(
            len(records), sum(r.paragraphs for r in records), expected, stored, len(sample), int(unreachable)
        )
        if not health.is_whole:
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
            (self.folder / "owner.json").unlink(missing_ok=True)
            self._client.close()
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
    _collection: Any
    generation: str | None

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


_DAMAGED = "The index in {folder} is damaged. Run `ibid ingest --rebuild`: it is made anew from your folder"


def open_store(folder: Path, fingerprint: str, doing: str, wait: float = 0.0) -> Store:
    """Become the owner of the index in `folder`, making it if need be, and sweep what a kill left behind.

    Raises IndexBusyError where another process owns it for longer than `wait` seconds, IndexMismatchError
    where it was made with another embedder or layout, IndexDamagedError where Chroma cannot read all of it.
    """
    lock = _acquire(folder, wait)
    try:
        _write_owner(folder, Owner(os.getpid(), doing))
        _check_vector_files(folder)
        with _translated(folder):
            client = chromadb.PersistentClient(str(folder / "chroma"), ChromaSettings(anonymized_telemetry=False))
            _refuse_another_index(folder, client, fingerprint)
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
        with _translated(folder):
            store._records = {record.document_id: record for record in _read_records(store._documents)}
        store.delete_superseded()
        store.check()
        return store
    except BaseException:
        (folder / "owner.json").unlink(missing_ok=True)
        lock.release()
        raise


def _acquire(folder: Path, wait: float) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=wait)
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
        (folder / "owner.json").unlink(missing_ok=True)
        with open(folder / "owner.json", "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(json.dumps(asdict(owner)))
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror}. Free space or set IBID_HOME elsewhere."
        ) from error


def _check_vector_files(folder: Path) -> None:
    """Compare the sizes of Chroma's vector files with their headers: from files cut short it answers in part, or
    ends the whole process with a segmentation fault, in either case without an error."""
    for header in (folder / "chroma").glob("*/header.bin"):
        try:
            described = _HNSW_HEADER.unpack(header.read_bytes())
            # What holds nothing yet is saved with the room it has.
            elements = described[_HNSW_COUNT] or described[_HNSW_ROOM]
            expected = {"data_level0.bin": elements * described[_HNSW_SIZE], "length.bin": elements * 4}
            short = [name for name, size in expected.items() if (header.parent / name).stat().st_size != size]
            if _links(header.parent / "link_lists.bin") != described[_HNSW_COUNT]:
                short.append("link_lists.bin")
        except (OSError, struct.error, ValueError) as error:
            raise IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({_first_line(error)})") from error
        if short or described[_HNSW_COUNT] > described[_HNSW_ROOM]:
            what = ", ".join(short) or header.name
            raise IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({what} does not fit the rest)")


def _links(path: Path) -> int:
    """For how many elements hnswlib's upper links are there: each a size in bytes, mostly 0, and that many bytes."""
    words = np.fromfile(path, dtype="<u4")
    at = elements = 0
    for place in np.flatnonzero(words).tolist():
        if place >= at:
            elements += place - at + 1
            at = place + 1 + int(words[place]) // 4
    return elements + len(words) - at if at <= len(words) else -1


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


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Chroma's errors in our words. A full disk reaches us as an InternalError with SQLite's text in it."""
    try:
        yield
    except (ChromaError, OSError) as error:
        text = str(error)
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or "disk is full" in text or "No space left" in text or "code: 13" in text or "File too large" in text:
            raise StorageError(
                f"The disk under {folder} is full. Nothing is lost: free space and run `ibid ingest`."
            ) from error
        if "expecting embedding with dimension" in text:
            raise IndexMismatchError(
                f"The second embedder makes vectors of another length than those in {folder}. Run `ibid ingest "
                "--rebuild`, or name another model in IBID_EMBED_MODEL."
            ) from error
        if "readonly" in text or "read-only" in text or "ermission denied" in text:
            raise StorageError(
                f"Cannot write to {folder}: it is read-only. Set IBID_HOME to a folder of yours."
            ) from error
        raise IndexDamagedError(f"{_DAMAGED.format(folder=folder)} ({_first_line(error)})") from error


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
            FileStamp(int(m["size"]), int(m["modified_ns"]), bool(m["settled"])),
            date.fromisoformat(m["date"]) if "date" in m else None,
            m.get("author"),
            m.get("warning"),
        )
