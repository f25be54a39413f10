"""Where uploads that were fetched came from: a line for each, in a folder `origins` beside theirs. The
file itself stays as its server gave it."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import StorageError
from rag.home import made_private, write_whole
from rag.index.records import Record
from rag.owners import is_upload, owner_of
from rag.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The address that gave a document, and when."""

    address: str
    fetched: dt.datetime


def keep_origin(document_id: str, origin: Origin, *, size: int, origins: Path) -> None:
    """Note where an upload of `size` bytes came from. Raises StorageError where that cannot be written."""
    told = {"address": origin.address, "fetched": origin.fetched.isoformat(timespec="seconds"), "size": size}
    try:
        made_private(origins)
        write_whole(_path(document_id, origins), json.dumps(told, ensure_ascii=False).encode())
    except OSError as error:
        raise StorageError(
            f"Cannot note in {origins} where {document_id} came from: {error.strerror}. Free space, or set IBID_HOME."
        ) from error


def origin_of(record: Record, settings: Settings) -> Origin | None:
    """Where a document came from; None where it was not fetched, or another file has its name by now."""
    if not is_upload(record.document_id):
        return None
    try:
        origins = settings.origins_of(owner_of(record.document_id))
        told = json.loads(_path(record.document_id, origins).read_text(encoding="utf-8"))
        origin = Origin(address=str(told["address"]), fetched=dt.datetime.fromisoformat(told["fetched"]))
        return origin if told["size"] == record.stamp.size else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def forget_origin(document_id: str, origins: Path) -> None:
    with suppress(OSError, ValueError):
        _path(document_id, origins).unlink(missing_ok=True)


def _path(document_id: str, origins: Path) -> Path:
    return origins / f"{document_id.rpartition('/')[2]}.json"
