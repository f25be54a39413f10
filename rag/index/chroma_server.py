"""A Chroma server: the connection, its six verbs behind a lease, and its errors in our words.

Beside `chroma` the only file that imports chromadb.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from chromadb import Collection
from chromadb.api.fastapi import FastAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.config import System
from chromadb.errors import ChromaError, NotFoundError

from rag.errors import IndexBusyError, StorageError, first_line
from rag.index.chroma import NO_VECTOR, UNSEARCHED, WRITE_BATCH, chunks
from rag.index.lease import Lease
from rag.index.server import Server, address_of

QUICK = httpx.Timeout(3.0)
"""Seconds for what a question waits for."""

PATIENT = httpx.Timeout(120.0, connect=3.0)
"""Seconds for what reads or writes thousands of rows."""

PAGE = 2_000
"""Rows that are read together: a few megabytes, within seconds."""

_REFUSED = (401, 403)


class Client:
    """The server, asked with one time limit. Chroma's own client opens connections that it never closes, and asks
    three times before a limit can be set."""

    def __init__(self, server: Server, timeout: httpx.Timeout) -> None:
        """Raises StorageError for an address that is none."""
        self.server = server
        self._system = System(
            ChromaSettings(
                chroma_api_impl="chromadb.api.fastapi.FastAPI",
                # Whole, as Chroma would make an address of a host and a port that no IPv6 fits.
                chroma_server_host=address_of(server),
                chroma_server_http_port=8000,  # wanted, and not looked at
                chroma_server_ssl_enabled=server.url.startswith("https"),
                chroma_server_headers=dict(server.headers),
                anonymized_telemetry=False,
            )
        )
        self._api = self._system.instance(FastAPI)
        self._api._session.timeout = timeout  # Chroma sets none, and has no setting for one

    def look(self) -> None:
        """Raises StorageError where the server cannot be reached, refuses, or is none, and where what the settings
        name is not on it."""
        with told(self.server):
            answer = self._api._session.get(f"{self._api._api_url}/heartbeat")
            if answer.status_code in _REFUSED:
                answer.raise_for_status()
            if answer.status_code != httpx.codes.OK or "heartbeat" not in answer.text:
                raise StorageError(f"What answers at {self.server.url} is no Chroma server. Correct IBID_CHROMA_URL.")
            self._api.get_tenant(self.server.tenant)
            self._api.get_database(self.server.database, self.server.tenant)

    def described(self, name: str) -> Any:
        """What the server says of the collection of this name. Raises NotFoundError."""
        return self._api.get_collection(name, self.server.tenant, self.server.database)

    def make(self, name: str, nearest: Any) -> None:
        """Make a collection of this name, unless there is one."""
        place = {"tenant": self.server.tenant, "database": self.server.database}
        self._api.get_or_create_collection(name, configuration={"hnsw": nearest}, **place)

    def drop(self, name: str) -> None:
        """Raises NotFoundError."""
        self._api.delete_collection(name, self.server.tenant, self.server.database)

    def collection(self, described: Any) -> Any:
        """The collection that this describes. Nobody is asked for it."""
        return Collection(client=self._api, model=described, embedding_function=None)

    def close(self) -> None:
        self._api._session.close()
        self._system.stop()


@contextmanager
def told(server: Server) -> Iterator[None]:
    """What goes wrong with the server, in our words."""
    try:
        yield
    except NotFoundError as error:
        raise StorageError(_not_found(server, first_line(error))) from error
    except (httpx.HTTPError, ChromaError, ValueError) as error:
        raise StorageError(_in_our_words(server, error)) from error


def _not_found(server: Server, what: str) -> str:
    if what.startswith(("Tenant", "Database")):
        return f"{what.split('. ')[0]} on {server}. Correct IBID_CHROMA_TENANT and IBID_CHROMA_DATABASE, or make it."
    return f"The index on {server} was cleared or taken over just now. Try again in a moment."


def _in_our_words(server: Server, error: Exception) -> str:
    code = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
    if (error.code() if isinstance(error, ChromaError) else code) in _REFUSED:
        return f"The Chroma server at {server.url} refuses the token. Set IBID_CHROMA_TOKEN to one that it takes."
    if isinstance(error, httpx.TransportError) or str(error).startswith("Could not connect"):
        return (
            f"The Chroma server at {server.url} does not answer. Start it, or correct IBID_CHROMA_URL. What runs here "
            "goes on by itself once it is there."
        )
    said = first_line(error).replace(server.token, "…") if server.token else first_line(error)
    return f"The Chroma server at {server.url} failed ({said[:120]}). See its log, and try again."


@dataclass(slots=True)
class ServerCollection:
    """A collection on the server, with Chroma's verbs. Whatever writes asks the lease first. With `is_stamped`, what
    is written carries the lease's number, and only what carries no higher one can be deleted: a writer who was stopped
    in the middle of a request cannot take away what its successor counts on."""

    server: Server
    name: str
    quick: Any
    patient: Any
    is_stamped: bool
    lease: Lease | None = None

    def get(
        self, ids: Sequence[str] | None = None, include: Sequence[str] = ("metadatas",), **asked: Any
    ) -> dict[str, Any]:
        """As Chroma's; many `ids` are asked for page by page."""
        collection = self.patient if self.lease or ids is None else self.quick
        with told(self.server):
            if ids is None:
                found: dict[str, Any] = collection.get(include=list(include), **asked)
                return found
            whole: dict[str, Any] = {"ids": [], **{name: [] for name in include}}
            for some in chunks(list(ids), PAGE):
                page = collection.get(ids=list(some), include=list(include), **asked)
                for name, values in whole.items():
                    values.extend(page[name])
            return whole

    def query(self, **asked: Any) -> Any:
        with told(self.server):
            return self.quick.query(**asked)

    def count(self) -> int:
        with told(self.server):
            return int(self.quick.count())

    def add(self, ids: Sequence[str], embeddings: Any, metadatas: Sequence[Any] | None = None) -> None:
        self._write("add", ids=list(ids), embeddings=embeddings, metadatas=self._stamped(len(ids), metadatas))

    def upsert(self, ids: Sequence[str], embeddings: Any, metadatas: Sequence[Any] | None = None) -> None:
        self._write("upsert", ids=list(ids), embeddings=embeddings, metadatas=self._stamped(len(ids), metadatas))

    def update(self, ids: Sequence[str], metadatas: Sequence[Any]) -> None:
        self._write("update", ids=list(ids), metadatas=self._stamped(len(ids), metadatas))

    def restamp(self, ids: Sequence[str]) -> None:
        """Make what is there the present writer's own, so that no earlier one can delete it."""
        for some in chunks(list(ids), WRITE_BATCH):
            self.update(some, [{} for _ in some])

    def delete(self, ids: Sequence[str]) -> None:
        if not self.is_stamped:
            self._write("delete", ids=list(ids))
        elif self.lease is not None:
            self._write("delete", ids=list(ids), where={"epoch": {"$lte": self.lease.epoch}})

    def _stamped(self, count: int, metadatas: Sequence[Any] | None) -> list[Any] | None:
        if not self.is_stamped or self.lease is None:
            return list(metadatas) if metadatas is not None else None
        return [{**metadata, "epoch": self.lease.epoch} for metadata in metadatas or [{}] * count]

    def _write(self, verb: str, **what: Any) -> None:
        if self.lease is None:
            raise IndexBusyError(f"This process only reads from {self.server}.")
        self.lease.require()
        with told(self.server):
            try:
                getattr(self.patient, verb)(**what)
            except NotFoundError as error:
                self.lease.lose()
                raise IndexBusyError(self.lease.lost) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The server, asked in two ways: for what a question waits for, and for what takes its time."""

    server: Server
    quick: Client
    patient: Client

    def collection(self, name: str, *, is_stamped: bool = False, lease: Lease | None = None) -> ServerCollection | None:
        """What is there under this name; None where nothing is."""
        full = self.server.name(name)
        with told(self.server):
            try:
                # Once, and quickly: also who looks whether the server answers comes here.
                described = self.quick.described(full)
            except NotFoundError:
                return None
        quick, patient = self.quick.collection(described), self.patient.collection(described)
        return ServerCollection(self.server, full, quick, patient, is_stamped=is_stamped, lease=lease)

    def made(
        self, name: str, nearest: Any, *, is_stamped: bool = False, lease: Lease | None = None
    ) -> ServerCollection:
        """What is there under this name, made if need be."""
        with told(self.server):
            self.patient.make(self.server.name(name), nearest)
        found = self.collection(name, is_stamped=is_stamped, lease=lease)
        if found is None:
            raise StorageError(_not_found(self.server, ""))
        return found

    def drop(self, name: str) -> None:
        """Delete a collection, if there is one."""
        with told(self.server), suppress(NotFoundError):
            self.patient.drop(self.server.name(name))

    def terms(self) -> Terms | None:
        """The terms of the leases; None where nobody wrote yet."""
        found = self.collection("lease")
        return Terms(found.quick, self.server) if found else None

    def made_terms(self) -> Terms:
        return Terms(self.made("lease", UNSEARCHED).quick, self.server)

    def close(self) -> None:
        self.quick.close()
        self.patient.close()


@dataclass(frozen=True, slots=True)
class Terms:
    """The rows of the leases (see `lease.Rows`)."""

    rows: Any
    server: Server

    def get(self) -> Any:
        with told(self.server):
            return self.rows.get(include=["metadatas"])

    def add(self, ids: list[str], metadatas: list[Any]) -> None:
        with told(self.server):
            self.rows.add(ids=ids, embeddings=[NO_VECTOR] * len(ids), metadatas=metadatas)

    def update(self, ids: list[str], metadatas: list[Any]) -> None:
        with told(self.server):
            self.rows.update(ids=ids, metadatas=metadatas)

    def delete(self, ids: list[str]) -> None:
        with told(self.server):
            self.rows.delete(ids=ids)


def connection_to(server: Server) -> Connection:
    """Raises StorageError as `Client` and `Client.look`."""
    connection = Connection(server=server, quick=Client(server, QUICK), patient=Client(server, PATIENT))
    try:
        connection.quick.look()
    except BaseException:
        connection.close()
        raise
    return connection
