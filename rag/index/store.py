"""The index of one folder in Chroma: rows of paragraphs, the vectors of their texts, and one record per document.

A row is one place of a text; a vector stands once for a text, however many places it has, under the text's hash. That
is no saving but a need: among more equal vectors than a search weighs, they and all their neighbours are out of reach.

The record is the commit point. A new revision's rows are written beside the old ones, then the vectors that are
missing, then the record is upserted, then, once nobody reads them any more, the old rows are deleted, and before
them the vectors that no other row needs; a kill at any moment leaves the old version or the new one, and no vector
without a row. What was under way is noted in `pending` first, so a start sweeps just those documents.

Chroma loses vectors without an error when two processes write to one path, so a file lock admits one owner.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rag.domain import Paragraph
from rag.errors import IndexDamagedError, IndexMismatchError, StorageError
from rag.index import failures, vector_files
from rag.index.chroma import (
    CONFIGURATIONS,
    DAMAGED,
    NO_VECTOR,
    NOT_WRITTEN,
    WRITE_BATCH,
    Near,
    chunks,
    client_of,
    ids_of,
    is_chromas,
    is_found,
    rows_of,
    translated,
    vectors_of,
)
from rag.index.embedder import Vectors
from rag.index.layouts import Layouts
from rag.index.lease import Reached
from rag.index.narrowed import Narrowed
from rag.index.owner import Lock, Owner, acquire, remove_owner, remove_path, write_owner, write_reached
from rag.index.page_images import PageImages
from rag.index.records import (
    LAYOUT,
    Change,
    FileStamp,
    Record,
    Row,
    id_of,
    paragraph_of,
    prefix_of,
    record_from,
    record_metadata,
    record_of,
    row_id,
    row_metadata,
    row_prefix,
)
from rag.index.vector_files import LOST, SEAL

Mend = Callable[["Store"], None]
"""What gives a store the vectors that it is `lacking`."""

_TOLD_AFTER = 1.0
"""Seconds from one word of how far an ingest is to the next."""
_SAMPLE = 16
_SOUND = 1e-3
"""How far from one the length of a vector may be that is as it was made."""
_LAYOUTS, _PAGES = "layouts", "pages"

DERIVED = ("lexical", "lexical.new", _LAYOUTS, _PAGES, failures.NAME)
"""What is made of an index, or beside it."""

SECOND = "vectors-"
"""How the collections of second embedders are called, before the fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


def remove_index(folder: Path) -> None:
    """Delete an index, and only an index. Raises IndexBusyError while another process owns it."""
    lock = acquire(folder, wait=0.0)
    try:
        for name in ("chroma", *DERIVED, "owner.json", "folder.txt", SEAL, LOST):
            remove_path(folder / name)
    finally:
        lock.release()


@dataclass(slots=True)
class Store:
    """An open index. Use `open_store`; close it when done."""

    grace: ClassVar[float] = 0.0
    """Seconds that replaced rows stay for processes that nobody waits for."""

    keeps_second_vectors: ClassVar[bool] = True
    """Whether vectors of other embedders can lie beside its own."""

    folder: Path
    fingerprint: str
    _lock: Lock
    client: Any
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
    _narrowed: Narrowed = field(default_factory=Narrowed)
    _told: float = 0.0

    @property
    def place(self) -> str:
        """Where the index is, for people."""
        return str(self.folder)

    @property
    def is_writer(self) -> bool:
        """Whether it is this process that may write."""
        return True

    @property
    def lease_holder(self) -> str | None:
        """The process that may write to an index on a server at present; None where that is nobody, or the index is
        on this machine."""
        return None

    @property
    def is_in_charge(self) -> bool:
        """Whether it falls to this process to bring the index in line unasked: on a server to the one that writes, and
        to each while none does. An index on this machine is looked after when it is asked."""
        return False

    @property
    def reached(self) -> Reached:
        """How far the ingest of an index on a server is, in whichever process, or how far it came that was cut
        short."""
        return Reached()

    def tell(self, reached: Reached) -> None:
        """Tell those who share the index how far the ingest of this process is."""
        if reached.is_all or time.monotonic() - self._told > _TOLD_AFTER:
            write_reached(self.folder, reached.files_done, reached.files)
            self._told = time.monotonic()

    def begin_writing(self) -> None:
        """Before an ingest. Who opened it holds it, and may write until it is closed."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever another process wrote: to what is locked nobody does."""

    def records(self) -> dict[str, Record]:
        """The committed documents by id, sorted by id."""
        return dict(sorted(self._records.items()))

    @property
    def generation(self) -> str:
        """Equal generations hold equal paragraphs: what derivatives of the store are stamped with."""
        return self._generation_of(self._records)

    def _generation_of(self, records: Mapping[str, Record]) -> str:
        listed = [f"{LAYOUT} {self.fingerprint}", *(f"{key} {r.revision}" for key, r in sorted(records.items()))]
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:32]

    def commit(self, changes: Sequence[Change]) -> None:
        """Write the layouts and rows of all changes and the vectors that are new, then their records. Old rows stay
        until `delete_superseded`, and so do old layouts."""
        self._note_pending([change.document.id for change in changes])
        with translated(self.folder):
            for change in changes:
                self.layouts.write(row_prefix(change.document.id, change.document.revision), change.layout)
        pieces = [(change, piece) for change in changes for piece in change.pieces]
        for batch in chunks(pieces, WRITE_BATCH):
            with translated(self.folder):
                self._paragraphs.upsert(
                    ids=[id_of(change, piece) for change, piece in batch],
                    embeddings=[NO_VECTOR] * len(batch),
                    metadatas=[row_metadata(change, piece) for change, piece in batch],
                )
        self.put_vectors({piece.text_hash: piece.vector for _, piece in pieces})
        self._put_records([record_of(change) for change in changes])

    @property
    def layouts(self) -> Layouts:
        """Where words stand on pages, by the prefix of a record."""
        return Layouts(self.folder / _LAYOUTS)

    @property
    def page_images(self) -> PageImages:
        """Pages that were drawn, by the revision of a record."""
        return PageImages(self.folder / _PAGES)

    def _put_records(self, records: Sequence[Record]) -> None:
        for some in chunks(records, WRITE_BATCH):
            with translated(self.folder):
                self._documents.upsert(
                    ids=[record.document_id for record in some],
                    embeddings=[NO_VECTOR] * len(some),
                    metadatas=[record_metadata(record) for record in some],
                )
            self._records.update((record.document_id, record) for record in some)

    def lacking(self) -> dict[str, set[str]]:
        """The hashes of the texts that have no vector, by the id of each document that holds one."""
        return self.lacking_in(self._windows)

    def lacking_in(self, collection: Any) -> dict[str, set[str]]:
        with translated(self.folder):
            there = set(ids_of(collection))
        found: dict[str, set[str]] = {}
        for _, metadata in self._current_rows():
            if metadata["hash"] not in there:
                found.setdefault(str(metadata["document"]), set()).add(str(metadata["hash"]))
        return found

    def put_vectors(self, vectors: Mapping[str, Vectors]) -> None:
        """Write vectors by the hash of their text, for texts that have none yet."""
        for some in chunks(list(vectors), WRITE_BATCH):
            with translated(self.folder):
                there = set(self._windows.get(ids=list(some), include=[])["ids"])
                if new := [text_hash for text_hash in some if text_hash not in there]:
                    self._windows.add(ids=new, embeddings=np.stack([vectors[text_hash] for text_hash in new]))

    def restamp(self, stamps: Iterable[tuple[str, FileStamp]]) -> None:
        """Note that files were seen again with other times and the same bytes."""
        for some in chunks(list(stamps), WRITE_BATCH):
            records = [replace(self._records[key], stamp=stamp) for key, stamp in some]
            with translated(self.folder):
                self._documents.update(
                    ids=[record.document_id for record in records],
                    metadatas=[record_metadata(record) for record in records],
                )
            self._records.update((record.document_id, record) for record in records)

    def remove(self, document_ids: Sequence[str]) -> None:
        """Take documents out of the index: their records first, their rows with `delete_superseded`."""
        self._note_pending(document_ids)
        for some in chunks(list(document_ids), WRITE_BATCH):
            with translated(self.folder):
                self._documents.delete(ids=list(some))
            for document_id in some:
                self._records.pop(document_id, None)

    def delete_superseded(self) -> None:
        """Delete the rows, layouts and pages of pending documents that are not of their current revision, and the
        vectors that only they needed. The caller makes sure that no query reads them any more."""
        current = self._prefixes
        with translated(self.folder):
            noted = [
                (str(key), str(m["document"]))
                for key, m in rows_of(self._pending)
                if self._may_go(float(m.get("noted", 0.0)))
            ]
            self.layouts.keep_only(current, of=[row_prefix(document_id, "") for _, document_id in noted])
            if noted:
                self.page_images.keep_only({record.revision for record in self._records.values()})
            for some in chunks(noted, 200):
                where = {"document": {"$in": [document_id for _, document_id in some]}}
                rows = list(rows_of(self._paragraphs, where))
                stale = {key: str(m["hash"]) for key, m in rows if prefix_of(key) not in current}
                if stale:
                    self._expect_written([document_id for _, document_id in some])
                kept = {str(m["hash"]) for key, m in rows if key not in stale}
                # Before the rows: of a vector without a row nobody would know any more after a kill.
                self._delete_windows(sorted(set(stale.values()) - kept))
                self._delete(self._paragraphs, list(stale))
                self._pending.delete(ids=[key for key, _ in some])

    def _may_go(self, noted: float) -> bool:
        """Whether rows can go that were replaced at this time: once nobody else can be reading them."""
        return not self.grace or time.time() - noted > self.grace

    def _expect_written(self, document_ids: Sequence[str]) -> None:
        """Chroma does not always say so where it could not write: old rows go when the new record is read back."""
        found = self._documents.get(ids=list(document_ids), include=["metadatas"])
        written = {key: m["revision"] for key, m in zip(found["ids"], found["metadatas"], strict=True)}
        expected = {key: self._records[key].revision for key in document_ids if key in self._records}
        if written != expected:
            raise StorageError(NOT_WRITTEN.format(folder=self.place))

    def _delete(self, collection: Any, keys: Sequence[str]) -> None:
        for batch in chunks(keys, WRITE_BATCH):
            collection.delete(ids=list(batch))
            if collection.get(ids=list(batch), include=[])["ids"]:
                raise StorageError(NOT_WRITTEN.format(folder=self.place))

    def _delete_windows(self, hashes: Sequence[str]) -> None:
        """Delete the vectors of those of these texts that stand in no current row."""
        current = self._prefixes
        for some in chunks(hashes, 200):
            rows = rows_of(self._paragraphs, {"hash": {"$in": list(some)}})
            kept = {str(m["hash"]) for key, m in rows if prefix_of(key) in current}
            if unneeded := [text_hash for text_hash in some if text_hash not in kept]:
                self._delete(self._windows, unneeded)

    @property
    def _prefixes(self) -> frozenset[str]:
        return frozenset(record.prefix for record in self._records.values())

    def vectors_by_hash(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        """The stored vectors of texts with these hashes; what is not there is left out."""
        with translated(self.folder):
            return dict(zip(*vectors_of(self._windows, hashes), strict=True))

    @property
    def window_count(self) -> int:
        """How many texts have a vector."""
        with translated(self.folder):
            return int(self._windows.count())

    def nearest(
        self, vector: Vectors, limit: int, among: Sequence[str] | None = None, *, keeps: bool = False
    ) -> list[Near]:
        """The texts nearest to a vector, best first; with `among` only those with these hashes, which all must be
        in. Where it `keeps` the vectors of these, the next search among the same ones takes less time."""
        with translated(self.folder):
            return self._narrowed.nearest(self._windows, vector, limit, among, keeps=keeps)

    def window_hashes(self) -> set[str]:
        """The hashes of the texts that have a vector."""
        with translated(self.folder):
            return set(ids_of(self._windows))

    def paragraphs(self, row_ids: Sequence[str]) -> dict[str, Paragraph]:
        """The paragraphs of first-part rows, by row id. A row that is gone is left out."""
        found: dict[str, Paragraph] = {}
        for some in chunks(list(row_ids), WRITE_BATCH):
            with translated(self.folder):
                rows = self._paragraphs.get(ids=list(some), include=["metadatas"])
            for key, metadata in zip(rows["ids"], rows["metadatas"], strict=True):
                found[key] = paragraph_of(metadata)
        return found

    def rows(self, of: Sequence[Record] | None = None) -> Iterator[tuple[str, Row]]:
        """Every first-part row of a committed revision, with its row id, in no particular order; with `of` those of
        these records only."""
        for key, m in self._current_rows({"part": 0}, of):
            yield key, Row(paragraph_of(m), float(m["shredding"]), str(m["hash"]))

    def further_parts(self, of: Sequence[Record] | None = None) -> Iterator[tuple[str, str]]:
        """The other rows, of paragraphs that take several vectors: row ids and the hashes of their texts."""
        for key, m in self._current_rows({"part": {"$gt": 0}}, of):
            yield key, str(m["hash"])

    def _current_rows(self, where: Any = None, of: Sequence[Record] | None = None) -> Iterator[tuple[str, Any]]:
        current = self._prefixes
        # Of most documents Chroma finds all rows sooner than those that it is told to look for.
        is_few = of is not None and 2 * len(of) < len(self._records)
        asked = [where] if of is None or not is_few else [_among(some, where) for some in chunks(of, 200)]
        with translated(self.folder):
            for one in asked:
                for key, metadata in rows_of(self._paragraphs, one):
                    if prefix_of(key) in current:
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
        with translated(self.folder):
            keys = [key for key in ids_of(self._paragraphs) if prefix_of(key) not in current]
            self._delete(self._paragraphs, keys)

    def _open_anew(self) -> None:
        with translated(self.folder):
            if not self._is_shut:
                self.client.close()
            # Until there are files to be had again.
            self._is_shut = True
            client = client_of(self.folder)
            try:
                before = (self._paragraphs, self._windows, self._documents, self._pending)
                self._paragraphs, self._windows, self._documents, self._pending = (
                    client.get_collection(collection.name, embedding_function=None) for collection in before
                )
            except BaseException:
                client.close()
                raise
            self.client, self._is_shut = client, False

    def _looked_up(self) -> Health:
        records = list(self._records.values())
        expected = sum(record.rows for record in records)
        sample = _sampled(records)
        with translated(self.folder, ValueError, TypeError):
            stored = int(self._paragraphs.count())
            # Where documents are being replaced, old and new rows stand side by side.
            fits = stored == expected or (stored > expected and self._pending.count())
            lacking = set() if fits else self._lacking_rows(records)
            # What was sampled may have been replaced since.
            lost = [key for key in self._unreachable(list(sample)) if prefix_of(key) in self._prefixes]
        torn = lacking | {sample[key] for key in lost}
        if 2 * len(lost) > len(sample) or 2 * len(lacking) > len(records):
            damage = IndexDamagedError if lacking else _VectorsLostError
            raise damage(
                f"{DAMAGED.format(folder=self.place)} ({stored} of {expected} rows stored, "
                f"{len(lost)} of {len(sample)} sampled ones not found)"
            )
        paragraphs = sum(record.paragraphs for record in records)
        stored = min(stored, expected) if fits else stored
        return Health(
            documents=len(records),
            paragraphs=paragraphs,
            rows_expected=expected,
            rows_stored=stored,
            sampled=len(sample),
            unreachable=len(lost),
            torn=tuple(sorted(torn)),
        )

    def _lacking_rows(self, records: Sequence[Record]) -> set[str]:
        """The documents of which rows are missing, but for those that were replaced since."""
        there = Counter(map(prefix_of, ids_of(self._paragraphs)))
        current = self._prefixes
        return {r.document_id for r in records if there[r.prefix] < r.rows and r.prefix in current}

    def _unreachable(self, row_ids: Sequence[str]) -> list[str]:
        """Those of the rows that are gone, or that a search by their own vectors does not find."""
        rows = self._paragraphs.get(ids=list(row_ids), include=["metadatas"]) if row_ids else {"ids": []}
        hashes = {key: str(m["hash"]) for key, m in zip(rows["ids"], rows.get("metadatas") or (), strict=True)}
        vectors = self.vectors_by_hash(sorted(set(hashes.values())))
        found = {text_hash: is_found(self._windows, vector) for text_hash, vector in vectors.items()}
        return [key for key in row_ids if not found.get(hashes.get(key, ""))]

    def make_good(self, torn: Iterable[str]) -> None:
        """Give texts that lost their vectors new ones, where it can be done, and put aside what stays torn. The caller
        makes sure that no query reads these documents."""
        damaged = set(torn)
        if damaged and self._mend is not None and self.lacking():
            self._mend(self)
            damaged = {*self.check().torn, *self.lacking()}
        if damaged:
            self._insert_anew(damaged)
            damaged = {*self.check().torn, *self.lacking()}
        if damaged:
            self.put_aside(damaged)

    def _insert_anew(self, document_ids: AbstractSet[str]) -> None:
        """Put vectors that are there, and that no search comes to, into Chroma's graph once more: now and then it leads
        to a lone text beside a thousand nearly equal ones no more."""
        hashes = sorted({str(m["hash"]) for _, m in self._current_rows() if m["document"] in document_ids})
        with translated(self.folder):
            vectors = self.vectors_by_hash(hashes)
            # All are of length one: what is not was damaged.
            sound = {key: one for key, one in vectors.items() if abs(float(np.linalg.norm(one)) - 1.0) < _SOUND}
            lost = [key for key, vector in sound.items() if not is_found(self._windows, vector)]
            for some in chunks(lost, WRITE_BATCH):
                self._windows.delete(ids=list(some))
                self._windows.upsert(ids=list(some), embeddings=[sound[key] for key in some])

    def put_aside(self, document_ids: Iterable[str]) -> None:
        """Take torn documents out, so that the next ingest reads them again. The caller makes sure that no query
        reads them."""
        torn = sorted(document_ids)
        self.remove(torn)
        self.delete_superseded()
        # Of a row that was lost nothing tells any more which vector it left.
        needed = {str(m["hash"]) for _, m in self._current_rows()}
        with translated(self.folder):
            strays = [key for key in ids_of(self._windows) if key not in needed]
            for some in chunks(strays, WRITE_BATCH):
                self._windows.delete(ids=list(some))
        self.set_aside = tuple(sorted({*self.set_aside, *torn}))

    def announce(self, doing: str, address: str | None = None, token: str | None = None) -> None:
        """Tell other processes of this user who holds the index, what for, and where it answers for them."""
        write_owner(self.folder, Owner(pid=os.getpid(), doing=doing, address=address, token=token))

    def close(self) -> None:
        try:
            remove_owner(self.folder)
            if not self._is_shut:
                self.client.close()
            vector_files.blank_unused(self.folder / "chroma")
            # Without a seal the next start looks closer.
            with suppress(*vector_files.UNREADABLE):
                vector_files.write_seal(self.folder / SEAL, self.folder / "chroma", self._stamps)
        finally:
            self._lock.release()

    def _note_pending(self, document_ids: Sequence[str]) -> None:
        for some in chunks(list(document_ids), WRITE_BATCH):
            with translated(self.folder):
                self._pending.upsert(
                    ids=[hashlib.sha256(document_id.encode()).hexdigest() for document_id in some],
                    embeddings=[NO_VECTOR] * len(some),
                    metadatas=[{"document": document_id, "noted": time.time()} for document_id in some],
                )


def open_store(folder: Path, fingerprint: str, doing: str, wait: float = 0.0, mend: Mend | None = None) -> Store:
    """Become the owner of the index in `folder`, making it if need be, and sweep what a kill left behind. Where vectors
    were lost, `mend` is called to `put_vectors` of what is `lacking`; documents that stay torn are taken out
    (`Store.set_aside`).

    Raises IndexBusyError where another process owns it for longer than `wait` seconds, IndexMismatchError
    where it was made with another embedder or layout, IndexDamagedError where Chroma cannot read all of it.
    """
    lock = acquire(folder, wait)
    try:
        write_owner(folder, Owner(pid=os.getpid(), doing=doing))
        with translated(folder):
            vector_files.clear_unsaved(folder / "chroma")
            broken, stamps = vector_files.broken(folder / "chroma", vector_files.read_seal(folder / SEAL))
        is_lost = (folder / LOST).exists() or any(segment.collection.startswith("windows-") for segment in broken)
        try:
            return _opened(folder, fingerprint, lock, broken, stamps, is_lost, mend)
        except IndexDamagedError as error:
            # Chroma may find what the files do not show: the log says other things than they do.
            is_of_vectors = isinstance(error, _VectorsLostError) or is_chromas(error.__cause__)
            if mend is None or is_lost or not is_of_vectors:
                raise
            return _opened(folder, fingerprint, lock, _saved(folder), {}, True, mend)
    except BaseException:
        remove_owner(folder)
        lock.release()
        raise


def _saved(folder: Path) -> list[vector_files.Segment]:
    found = vector_files.segments(folder / "chroma")
    return [segment for segment in found if segment.is_saved and not segment.collection.startswith(SECOND)]


def _opened(
    folder: Path,
    fingerprint: str,
    lock: Lock,
    broken: Sequence[vector_files.Segment],
    stamps: vector_files.Stamps,
    is_lost: bool,
    mend: Mend | None,
) -> Store:
    """The open store, without the files of the `broken` segments. Where the vectors are lost, it has those that `mend`
    makes; what Chroma keeps of rows and records without looking for it in those files is whole without them."""
    if is_lost and mend is None:
        files = "half made anew" if not broken else "its vector files do not fit one another"
        raise IndexDamagedError(f"{DAMAGED.format(folder=folder)} ({files})")
    with translated(folder):
        if is_lost:
            (folder / LOST).touch()
        for segment in vector_files.segments(folder / "chroma"):
            if segment in broken or (is_lost and segment.collection.startswith("windows-")):
                vector_files.forget(segment)
        (folder / SEAL).unlink(missing_ok=True)
    of_vectors = [segment.collection for segment in broken if segment.collection.startswith(SECOND)]
    store = _read_in(folder, fingerprint, lock, [*of_vectors, *([f"windows-{fingerprint}"] if is_lost else [])])
    store._stamps, store._mend = stamps, mend
    try:
        if any(segment.collection.startswith("documents-") for segment in broken):
            store._put_records(list(store._records.values()))
        store.delete_superseded()
        if is_lost and mend is not None:
            mend(store)
            (folder / LOST).unlink(missing_ok=True)
        store.make_good(store.check().torn)
        return store
    except BaseException:
        store.client.close()
        raise


def _read_in(folder: Path, fingerprint: str, lock: Lock, lost: Sequence[str]) -> Store:
    """The store with nothing in the collections of these names, which hold vectors and nothing else."""
    with translated(folder):
        client = client_of(folder)
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
                    configuration={"hnsw": CONFIGURATIONS[name]},
                    metadata={"layout": LAYOUT},
                )
                for name in ("paragraphs", "windows", "documents", "pending")
            ]
            store = Store(folder, fingerprint, lock, client, *collections)
            store._records = {key: record_from(key, m) for key, m in rows_of(store._documents)}
        except BaseException:
            client.close()
            raise
    return store


def _refuse_another_index(folder: Path, client: Any, fingerprint: str) -> None:
    for collection in client.list_collections():
        if collection.name.startswith(SECOND):
            continue
        made_with = collection.name.partition("-")[2]
        layout = (collection.metadata or {}).get("layout")
        if made_with != fingerprint or layout != LAYOUT:
            raise IndexMismatchError(
                f"The index in {folder} was made with {made_with} (layout {layout}), this Ibid uses {fingerprint} "
                f"(layout {LAYOUT}). Run `ibid ingest --rebuild`."
            )


def _among(records: Sequence[Record], where: Any) -> Any:
    """The rows of these documents, of those that are asked for."""
    of_them = {"document": {"$in": [record.document_id for record in records]}}
    return {"$and": [of_them, where]} if where else of_them


def _sampled(records: Sequence[Record]) -> dict[str, str]:
    """Row ids spread over the documents and over their paragraphs, each with the id of its document."""
    step = max(1, len(records) // _SAMPLE)
    spread = [record for record in records[::step] if record.paragraphs]
    found: dict[str, str] = {}
    for i in range(_SAMPLE if spread else 0):
        record = spread[i % len(spread)]
        found[row_id(record.prefix, 1 + i * 7919 % record.paragraphs)] = record.document_id
    return found
