"""Files that people bring along: kept in `IBID_HOME/uploads`, those of a named user in a folder of their own, never in
a documents folder.

Until they are kept they wait in `IBID_HOME/tmp`, where Gradio's upload alone writes.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

import regex

from rag.documents.left_out import is_one_to_read
from rag.documents.loaders.formats import READS
from rag.errors import DocumentError, StorageError
from rag.home import made_private
from rag.owners import UPLOADS, is_upload
from rag.plugged import NOTHING_PLUGGED, Plugged
from ui.web.bodies import looks_like_a_file

_JOIN = "/gradio_api/queue/join"
_MOST_FILES = 1_000
"""As many as Gradio takes in one upload."""
_FORGOTTEN_AFTER = 3_600.0
"""Seconds after which nobody comes back to an upload."""
_LONGEST_NAME = 200
_GONE = "it has gone by now, or was added already. Add it again where it is missing"
NO_UPLOAD = "{document} is not an uploaded file. Ibid deletes nothing else."
_UNFIT = regex.compile(r"[\p{C}/\\:*?\"<>|]+")


class Waiting:
    """The files that this server wrote in uploads and has not taken in yet, in the folder `temporary`.

    `page` is Gradio's, and `taking` the number of the one event that takes files in.
    """

    def __init__(self, page: Any, *, taking: int, temporary: Path) -> None:
        self._page = page
        self._taking = taking
        self._folder = temporary

    def __contains__(self, path: object) -> bool:
        # Written by Gradio's upload alone.
        if not isinstance(path, str) or path not in self._page.upload_file_set:
            return False
        return _is_below(path, self._folder)

    def without(self, path: str, given: Any) -> Any:
        """Only the event that takes files in may bring some, as its first value; Gradio's page puts them into what
        it tells of the event as well."""
        if path.rstrip("/") != _JOIN or not isinstance(given, dict) or type(given.get("fn_index")) is not int:
            return given
        if given["fn_index"] != self._taking:
            return given
        data = given.get("data")
        if isinstance(data, list) and data and self._are_uploads(data[0]):
            given = {**given, "data": [None, *data[1:]]}
        return {**given, "event_data": None} if self._are_uploads(given.get("event_data")) else given

    def tidy(self) -> None:
        """Delete what nobody came back to."""
        until = time.time() - _FORGOTTEN_AFTER
        for path in self._folder.rglob("*"):
            with suppress(OSError):
                if path.is_file() and path.stat().st_mtime < until:
                    path.unlink()
                    self._page.upload_file_set.discard(str(path))

    def _are_uploads(self, value: Any) -> bool:
        return isinstance(value, list) and len(value) <= _MOST_FILES and all(map(self._is_upload, value))

    def _is_upload(self, value: Any) -> bool:
        if not looks_like_a_file(value) or value.get("path") not in self:
            return False
        url = value.get("url")
        others = [one for name, one in value.items() if name not in ("path", "url", "meta")]
        return (url is None or (isinstance(url, str) and _file_path(url) == value["path"])) and not any(
            isinstance(one, dict | list) for one in others
        )


def take_waiting(
    path: Path,
    *,
    temporary: Path,
    uploads: Path,
    max_file_mb: float,
    plugged: Plugged = NOTHING_PLUGGED,
    root: str = UPLOADS,
) -> str:
    """Keep a file that waits and return its document id; it waits no more, whatever became of it. Of several who bring
    one at once only the first has it.

    Raises DocumentError for a path that names no file below `temporary`, and what `keep_upload` raises.
    """
    if not _is_below(str(path), temporary):
        raise DocumentError(_GONE)
    mine = path.with_name(secrets.token_hex(8))
    try:
        path.rename(mine)
    except OSError as error:
        raise DocumentError(_GONE) from error
    try:
        return keep_upload(mine, path.name, uploads, max_file_mb, plugged=plugged, root=root)
    finally:
        mine.unlink(missing_ok=True)


def _is_below(path: str, folder: Path) -> bool:
    """Whether it is a file in a folder, links followed."""
    try:
        return os.path.isfile(path) and Path(path).resolve().is_relative_to(folder)  # noqa: PTH113 – of any text
    except (OSError, ValueError):
        return False


def _file_path(address: str) -> str:
    """The path in the address that a page has of an uploaded file; empty where it is none."""
    found = regex.search(r"/gradio_api/file=(.*)$", address, regex.DOTALL)
    return unquote(found[1]) if found else ""


def keep_upload(
    source: Path,
    name: str,
    uploads: Path,
    max_file_mb: float,
    *,
    plugged: Plugged = NOTHING_PLUGGED,
    root: str = UPLOADS,
) -> str:
    """Keep a file as an upload and return its document id, which begins with `root`; another one of a name gets a
    new name.

    Raises DocumentError for a kind that is not read, a file over the limit, one that has gone or is there already,
    StorageError where it cannot be written.
    """
    name = _fitting(name)
    try:
        brought = source.open("rb")
    except OSError as error:
        raise DocumentError(_GONE) from error
    with brought:
        size = os.fstat(brought.fileno()).st_size
        if size > max_file_mb * 1_000_000:
            raise DocumentError(f"{size / 1e6:.1f} MB is more than the limit of {max_file_mb:g} MB (IBID_MAX_FILE_MB)")
        return f"{root}/{_kept(brought, name, uploads, plugged)}"


def keep_bytes(
    data: bytes, name: str, uploads: Path, *, plugged: Plugged = NOTHING_PLUGGED, root: str = UPLOADS
) -> str:
    """Keep what was fetched as an upload and return its document id, as `keep_upload` does and with its errors."""
    return f"{root}/{_kept(BytesIO(data), _fitting(name), uploads, plugged)}"


def _fitting(name: str) -> str:
    """A name that a file may have."""
    return _shortened(_UNFIT.sub("-", name).strip(" .") or "upload.txt")


def _kept(brought: BinaryIO, name: str, uploads: Path, plugged: Plugged) -> str:
    """The name that a file is kept under. Raises DocumentError for a kind that is not read, StorageError."""
    if not is_one_to_read(name, brought, plugged):
        raise DocumentError(f"this kind of file is not read. {READS}")
    brought.seek(0)
    target = None
    try:
        made_private(uploads)
        if kept := _same(brought, name, uploads):
            raise DocumentError("it is there already" if kept.name == name else f"it is there already, as {kept.name}")
        target = _claimed(uploads, name)
        with target.open("wb") as file:
            shutil.copyfileobj(brought, file)
    except OSError as error:
        if target is not None:
            # Half a file would be read as a whole one.
            target.unlink(missing_ok=True)
        raise StorageError(
            f"Cannot keep {name} in {uploads}: {error.strerror}. Free space, or set IBID_HOME."
        ) from error
    return target.name


def delete_upload(document_id: str, uploads: Path) -> None:
    """Delete a file that was uploaded to that folder. Raises DocumentError for what is no upload: documents are never
    deleted."""
    name = document_id.partition("/")[2]
    target = uploads / name
    if not is_upload(document_id) or target.parent != uploads or not _is_file(target):
        raise DocumentError(NO_UPLOAD.format(document=document_id))
    # Somebody else may have been quicker.
    target.unlink(missing_ok=True)


def _shortened(name: str) -> str:
    """A name that file systems take, with room for a number: at most so many bytes, the ending kept."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if dot and len(ending) < 10 else (name, "")
    return stem.encode()[:_LONGEST_NAME].decode("utf-8", "ignore") + ending


def _same(brought: BinaryIO, name: str, uploads: Path) -> Path | None:
    """The upload under that name, or a numbered one, that holds the very bytes that are brought."""
    data = brought.read()
    brought.seek(0)
    for target in map(uploads.joinpath, _numbered(name)):
        if not target.exists():
            return None
        if target.stat().st_size == len(data) and target.read_bytes() == data:
            return target
    return None


def _claimed(uploads: Path, name: str) -> Path:
    """A new, empty file for `name` that nobody else has."""
    for target in map(uploads.joinpath, _numbered(name)):
        with suppress(FileExistsError):
            target.touch(exist_ok=False)
            return target
    raise AssertionError("there is always another number")


def _numbered(name: str) -> Iterator[str]:
    """`leave.md`, `leave (2).md`, … without an end."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if dot else (name, "")
    yield name
    yield from (f"{stem} ({count}){ending}" for count in itertools.count(2))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
