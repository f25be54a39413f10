"""Who holds an index: a file lock admits one process, and a file beside it says which, and where it answers.

The only file that imports filelock.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexBusyError, StorageError
from rag.home import write_whole

Lock = FileLock
"""What is held as long as an index is open."""

_OWNER, _READING = "owner.json", "reading.json"
_LOOK = 0.2
"""Seconds for which a process that only looks at the lock may hold it, and far more than it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


def read_owner(folder: Path) -> Owner | None:
    """Who last took the lock of the index in `folder`; None where it was given back. Whether that process still holds
    it, `is_held` tells."""
    try:
        owner = Owner(**json.loads((folder / _OWNER).read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (owner.doing, owner.address or "", owner.token or "")
    is_owner = isinstance(owner.pid, int) and all(isinstance(text, str) for text in texts)
    return owner if is_owner and (owner.address or "http://").startswith("http://") else None


def holder_of(folder: Path) -> str:
    """Who holds the index in `folder`, in words, and how far it is where it reads the documents."""
    owner = read_owner(folder)
    told = f", which is reading this folder: {done} files so far" if owner and (done := _reached(folder, owner)) else ""
    return f"{owner or 'another process'}{told}"


def _reached(folder: Path, owner: Owner) -> str:
    """How far the ingest of an owner is, "12 of 40"; empty where it is at none."""
    try:
        told = json.loads((folder / _READING).read_text())
        is_own = told["pid"] == owner.pid
        return f"{int(told['files_done']):,} of {int(told['files']):,}" if is_own else ""
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def write_reached(folder: Path, files_done: int, files: int) -> None:
    """Say how far the ingest of this process, which holds the index in `folder`, is; all of them, and it is at none.
    An ingest does not end because nobody could be told of it."""
    with suppress(OSError):
        if files_done >= files:
            remove_path(folder / _READING)
            return
        told = {"pid": os.getpid(), "files_done": files_done, "files": files}
        write_whole(folder / _READING, json.dumps(told).encode())


def acquire(folder: Path, wait: float) -> FileLock:
    """The lock of the index in `folder`, held. Raises IndexBusyError where another process has it for longer than
    `wait` seconds, StorageError where the folder cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Another thread may give it back than the one that took it.
        lock = FileLock(folder / "lock", thread_local=False)
        lock.acquire(timeout=max(wait, _LOOK), poll_interval=0.02)
    except Timeout as error:
        raise IndexBusyError(
            f"The index is in use by {holder_of(folder)}. Wait for it to finish, or stop it, and try again."
        ) from error
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror}. Free space or set IBID_HOME elsewhere."
        ) from error
    return lock


def write_owner(folder: Path, owner: Owner) -> None:
    """Say who holds the index in `folder`. Raises StorageError where it cannot be written."""
    try:
        # Nobody else may read the token; a file of an earlier owner may have been readable.
        remove_owner(folder)
        with open(folder / _OWNER, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(json.dumps(asdict(owner)))
    except OSError as error:
        raise StorageError(
            f"Cannot write to {folder}: {error.strerror}. Free space or set IBID_HOME elsewhere."
        ) from error


def remove_owner(folder: Path) -> None:
    """Say no more that this process holds the index in `folder`, before its lock is given back."""
    for name in (_READING, _OWNER):
        remove_path(folder / name)


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


def proof_of(token: str, nonce: str) -> str:
    """What only an owner who knows the token can answer to a number made up for it."""
    return hmac.new(token.encode(), nonce.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def remove_path(path: Path) -> None:
    """Delete what is there, whatever it is."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
