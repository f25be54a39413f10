"""The index of a folder on a Chroma server: one process writes, any number answer.

Rows and vectors are in collections that all share. Records, which are the commit point, and what is pending are in
collections of the present writer: a successor copies them and deletes them, so the server itself refuses a record of
somebody who was stopped and goes on later. What such a one may still write of rows and vectors is of texts that are
named by their hashes, and harms nobody; what it may still delete is only what nobody wrote or counted on since (see
`ServerCollection`). Between that look and that deletion lie milliseconds within the server.

Replaced rows stay for `grace` seconds, as other processes may be reading them. Layouts, pictures of pages, and the
lexical index are files of each process. Vector files and their care are the server's own matter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rag.domain import Paragraph
from rag.errors import IbidError, IndexMismatchError, StorageError
from rag.index.chroma import CONFIGURATIONS, Near, chunks
from rag.index.chroma_server import PAGE, Connection, ServerCollection, connection_to
from rag.index.embedder import Vectors
from rag.index.lease import Lease, Reached, Term, present, take, terms_in
from rag.index.owner import Lock, Owner, acquire, remove_owner, write_owner
from rag.index.records import LAYOUT, FileStamp, Record, Row, paragraph_of, row_id
from rag.index.server import Server
from rag.index.server_records import OF_A_TERM, SHARED, copy, end_earlier, records_in
from rag.index.store import Health, Mend, Store
from rag.index.watch import Watch

_TRIES = 5
"""How often records are read that change while they are read."""


class ServerStore(Store):
    """An open index on a server, which is read until `begin_writing`. Use `open_server_store`; close it when done."""

    grace = 120.0
    """Longer than another process takes to notice what was replaced, and to make its index of words anew."""

    keeps_second_vectors = False

    def __init__(self, folder: Path, fingerprint: str, doing: str, *, lock: Lock, connection: Connection) -> None:
        super().__init__(folder, fingerprint, lock, None, None, None, None, None)
        self._connection = connection
        self._doing = doing
        self._lease: Lease | None = None
        self._seen: tuple[int, str] | None = None
        self._turn = threading.RLock()
        self._watch: Watch | None = None
        self._is_behind = False
        self._is_uncertain = False
        self._last: Term | None = None
        self._reached = Reached()

    @property
    def place(self) -> str:
        return str(self._connection.server)

    @property
    def is_writer(self) -> bool:
        return self._lease is not None and not self._lease.is_lost

    @property
    def lease_holder(self) -> str | None:
        """As `Store.lease_holder`. Raises StorageError where the server does not answer."""
        terms = self._connection.terms()
        last = terms_in(terms)[-1:] if terms else []
        return last[0].who if last and last[0].is_running else None

    @property
    def is_in_charge(self) -> bool:
        """As `Store.is_in_charge`, by what was seen last. An index that was cleared is left to whoever cleared it, or
        asks."""
        return self.is_writer or self._last is None or not (self._last.is_running or self._last.is_empty)

    @property
    def reached(self) -> Reached:
        if self._lease is not None and self.is_writer:
            return self._lease.reached
        last = self._last.reached if self._last is not None else Reached()
        # What has come in by now cannot be asked before it is taken up.
        return self._reached if self._is_behind and last.is_all else last

    def tell(self, reached: Reached) -> None:
        if self._lease is not None:
            self._lease.tell(reached)

    def begin_writing(self) -> None:
        """Take the lease, unless it is held. Raises IndexBusyError where another process has it."""
        with self._turn:
            if self._lease is not None and self.is_writer:
                self._make_sure(self._lease)
                return
            terms = self._connection.made_terms()
            self._refuse_another_index(present(terms_in(terms)))
            lease = take(terms, self._doing, fingerprint=self.fingerprint, layout=LAYOUT)
            # From here on it is renewed, however long it takes to copy.
            self._lease, self._seen = lease, None
            try:
                self._make_sure(lease)
            except BaseException:
                with suppress(IbidError):
                    lease.release()
                raise

    def _make_sure(self, lease: Lease) -> None:
        """Write to the collections of this lease, and know the records that are in them."""
        held = (self._paragraphs, self._windows, self._documents, self._pending)
        if any(one is None or one.lease is not lease for one in held):
            self._take_over(lease)
        elif self._is_uncertain:
            self._records = records_in(self._documents)
            lease.publish(self.generation)
        self._is_uncertain = False

    def _take_over(self, lease: Lease) -> None:
        """Make the records of the term before those of this one, and end what that left."""
        before, self._is_uncertain = present(lease.earlier), True
        self._paragraphs, self._windows = (self._made(name, name, lease) for name in SHARED)
        self._documents, self._pending = (self._made(name, f"{name}-{lease.epoch}", lease) for name in OF_A_TERM)
        if before is not None and not before.is_empty:
            for name, into in zip(OF_A_TERM, (self._documents, self._pending), strict=True):
                if old := self._connection.collection(f"{name}-{before.epoch}"):
                    copy(old, into)
        self._records = records_in(self._documents)
        lease.publish(self.generation)
        end_earlier(self._connection, lease)
        self.delete_superseded()
        self.make_good(self.check().torn)

    def _made(self, kind: str, name: str, lease: Lease) -> ServerCollection:
        return self._connection.made(name, CONFIGURATIONS[kind], is_stamped=kind in SHARED, lease=lease)

    def _refuse_another_index(self, term: Term | None) -> None:
        if term is None or term.is_empty or (term.fingerprint, term.layout) == (self.fingerprint, LAYOUT):
            return
        raise IndexMismatchError(
            f"The index on {self.place} was made with {term.fingerprint} (layout {term.layout}), this Ibid uses "
            f"{self.fingerprint} (layout {LAYOUT}). Run `ibid ingest --rebuild`."
        )

    def follow(self) -> bool:
        """Take up what another process wrote; whether there was anything, which for the writer there never is. Raises
        StorageError where the server does not answer, IndexMismatchError where the index is of another Ibid by now."""
        with self._turn:
            for _ in range(_TRIES):
                # Here, where nobody begins to write meanwhile.
                if self.is_writer:
                    return False
                rows = self._connection.terms()
                terms = terms_in(rows) if rows else []
                if not self.reached.is_all:
                    self._reached = self.reached
                self._last, term = terms[-1] if terms else None, present(terms)
                self._refuse_another_index(term)
                now = (term.epoch, term.version) if term else None
                if now == self._seen and (now or not self._records):
                    return False
                self._is_behind = True
                if self._read(term):
                    self._seen = now
                    return True
            raise StorageError(f"The index on {self.place} changes faster than it can be read. Try again in a moment.")

    def _read(self, term: Term | None) -> bool:
        """Whether the records of a term could be read whole."""
        if term is None or term.is_empty:
            self._paragraphs = self._windows = self._documents = self._pending = None
            self._records = {}
            return True
        found = [self._connection.collection(name, is_stamped=True) for name in SHARED]
        found += [self._connection.collection(f"{name}-{term.epoch}") for name in OF_A_TERM]
        if None in found:
            return False  # the next term has begun
        records = records_in(found[2])
        # Pages shift where one is deleted meanwhile: what was told, or what is read twice, is whole.
        if self._generation_of(records) != term.version and records != records_in(found[2]):
            return False
        self._paragraphs, self._windows, self._documents, self._pending = found
        self._records = records
        return True

    def watch(self, changed: Callable[[], None]) -> None:
        """From now on say in time that this process still writes, and call `changed` whenever another one wrote. Until
        `close`; while the server does not answer it is asked again and again."""
        self._watch = Watch(lambda: self._look(changed))

    def _look(self, changed: Callable[[], None]) -> None:
        lease = self._lease
        if lease is not None and self.is_writer:
            lease.renew()
            return
        with self._turn:
            self.follow()
            if self._is_behind and not self.is_writer:
                changed()
                self._is_behind = False

    def _put_records(self, records: Sequence[Record]) -> None:
        with self._published():
            super()._put_records(records)

    def remove(self, document_ids: Sequence[str]) -> None:
        with self._published():
            super().remove(document_ids)

    def restamp(self, stamps: Iterable[tuple[str, FileStamp]]) -> None:
        with self._published():
            super().restamp(stamps)

    @contextmanager
    def _published(self) -> Iterator[None]:
        """What is done to the records, and told to who reads them. Where the server did not say that it is done, it may
        be: then they are read again before anything else is written."""
        before = self.generation
        try:
            yield
            if self._lease is not None and (now := self.generation) != before:
                self._lease.publish(now)
        except StorageError:
            self._is_uncertain = True
            raise

    def put_vectors(self, vectors: Mapping[str, Vectors]) -> None:
        # What is there already is counted on from now on: an earlier writer must not take it away.
        self._windows.restamp(self._windows.get(ids=list(vectors), include=[])["ids"])
        super().put_vectors(vectors)

    def delete_superseded(self) -> None:
        """As `Store.delete_superseded`, of what was replaced a while ago. Who only reads deletes nothing."""
        if self.is_writer:
            super().delete_superseded()

    def make_good(self, torn: Any) -> None:
        if self.is_writer:
            super().make_good(torn)

    def _open_anew(self) -> None:
        """Nothing of a server is kept in this process's memory."""

    def _delete_what_is_not_current(self) -> None:
        """Left to `delete_superseded`: somebody may be reading it."""

    def check(self) -> Health:
        """As `Store.check`, of what was read last: the watch follows, and tells those who build on it. Waits for
        nobody."""
        if self._paragraphs is None:
            return Health(documents=0, paragraphs=0, rows_expected=0, rows_stored=0, sampled=0, unreachable=0)
        return self._looked_up()

    @property
    def window_count(self) -> int:
        return 0 if self._windows is None else int(self._windows.count())

    def nearest(
        self, vector: Vectors, limit: int, among: Sequence[str] | None = None, *, keeps: bool = False
    ) -> list[Near]:
        return [] if self._windows is None else super().nearest(vector, limit, among, keeps=keeps)

    def paragraphs(self, row_ids: Sequence[str]) -> dict[str, Paragraph]:
        return {} if self._paragraphs is None else super().paragraphs(row_ids)

    def rows(self, of: Sequence[Record] | None = None) -> Iterator[tuple[str, Row]]:
        """As `Store.rows`. Asked for by their ids, page by page, as rows shift where others are deleted meanwhile.
        Raises StorageError where not all are there."""
        records = list(self._records.values()) if of is None else of
        keys = [row_id(r.prefix, number) for r in records for number in range(1, r.paragraphs + 1)]
        for some in chunks(keys, PAGE):
            page = self._paragraphs.get(ids=some)
            if len(page["ids"]) < len(some) and not self.is_writer:
                raise StorageError(f"The index on {self.place} was replaced while it was read. Try again in a moment.")
            for key, m in zip(page["ids"], page["metadatas"], strict=True):
                yield key, Row(paragraph_of(m), float(m["shredding"]), str(m["hash"]))

    def further_parts(self, of: Sequence[Record] | None = None) -> Iterator[tuple[str, str]]:
        """As `Store.further_parts`, asked for by their ids."""
        long = [r for r in (self._records.values() if of is None else of) if r.rows > r.paragraphs]
        part, keys = 1, [row_id(r.prefix, number, 1) for r in long for number in range(1, r.paragraphs + 1)]
        while keys:
            following: list[str] = []
            for some in chunks(keys, PAGE):
                page = self._paragraphs.get(ids=some)
                for key, m in zip(page["ids"], page["metadatas"], strict=True):
                    yield key, str(m["hash"])
                    following.append(key.rpartition("/")[0] + f"/{part + 1}")
            part, keys = part + 1, following

    def close(self) -> None:
        """Give the lease back, and the files of this process."""
        try:
            if self._watch is not None:
                self._watch.end()
            if self._lease is not None:
                # Where the server is gone, it runs out by itself.
                with suppress(IbidError):
                    self._lease.release()
            self._connection.close()
            remove_owner(self.folder)
        finally:
            self._lock.release()


def open_server_store(
    folder: Path, fingerprint: str, doing: str, *, server: Server, wait: float, mend: Mend
) -> ServerStore:
    """The index on the server, to be read; `folder` is where this process keeps what it makes of it, and one process
    at a time has it. Raises IndexBusyError where another has, StorageError where the server cannot be reached,
    IndexMismatchError where the index was made with another embedder or layout."""
    lock = acquire(folder, wait)
    try:
        write_owner(folder, Owner(pid=os.getpid(), doing=doing))
        connection = connection_to(server)
        try:
            store = ServerStore(folder, fingerprint, doing, lock=lock, connection=connection)
            store._mend = mend
            store.follow()
            return store
        except BaseException:
            connection.close()
            raise
    except BaseException:
        remove_owner(folder)
        lock.release()
        raise
