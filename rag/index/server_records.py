"""What is kept of an index on a server: what all writers share, what is of one writer's term, and clearing both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rag.index.chroma import NO_VECTOR, WRITE_BATCH, chunks, rows_of
from rag.index.chroma_server import Connection, ServerCollection, connection_to
from rag.index.lease import Lease, Reached, take
from rag.index.owner import acquire, remove_path
from rag.index.records import Record, record_from
from rag.index.server import Server
from rag.index.store import DERIVED

SHARED = ("paragraphs", "windows")
OF_A_TERM = ("documents", "pending")


def records_in(documents: Any) -> dict[str, Record]:
    return {key: record_from(key, m) for key, m in rows_of(documents)}


def copy(old: ServerCollection, into: ServerCollection) -> None:
    """Everything in a collection that is not searched, into another one."""
    for some in chunks(list(rows_of(old)), WRITE_BATCH):
        into.upsert(
            ids=[key for key, _ in some],
            embeddings=[NO_VECTOR] * len(some),
            metadatas=[metadata for _, metadata in some],
        )


def end_earlier(connection: Connection, lease: Lease) -> None:
    """Delete what is of earlier terms, so that no writer of one can commit any more, and forget them."""
    for term in lease.earlier:
        for name in OF_A_TERM:
            connection.drop(f"{name}-{term.epoch}")
    lease.forget_earlier()


def remove_server_index(folder: Path, *, server: Server) -> None:
    """Clear the index on the server, and what this process made of it. Raises IndexBusyError while another process
    writes it, or has the folder."""
    lock = acquire(folder, wait=0.0)
    try:
        connection = connection_to(server)
        try:
            lease = take(connection.made_terms(), "reset", fingerprint="", layout="")
            try:
                lease.reached = Reached()
                lease.publish("", is_empty=True)
                for name in SHARED:
                    connection.drop(name)
                end_earlier(connection, lease)
            finally:
                lease.release()
        finally:
            connection.close()
        for name in DERIVED:
            remove_path(folder / name)
    finally:
        lock.release()
