"""`IBID_HOME` is for its owner alone: it holds the texts of documents that nobody else may be allowed to read."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

from rag.errors import StorageError

KEPT = ("indexes", "uploads", "origins", "users", "tmp", "folders.json", "feedback.jsonl", "gate.json", "evals")
"""What Ibid keeps in a home."""


def make_private(home: Path) -> None:
    """Make the folder, and let nobody else look into it and what Ibid keeps there, also where an earlier version did.

    A folder that holds other things too stays as it is, only Ibid's own are closed. What belongs to another user
    cannot be closed; a line says so. Raises StorageError where the folder cannot be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = [home / name for name in KEPT if (home / name).exists()]
        is_ours_alone = len(list(home.iterdir())) == len(kept)
    except OSError as error:
        raise StorageError(f"Cannot write to {home}: {error.strerror}. Set IBID_HOME to a folder of yours.") from error
    open_to_others = [path for path in (*([home] if is_ours_alone else []), *kept) if not _closed(path)]
    if open_to_others:
        logging.getLogger(__name__).warning(
            "Others can read %s, which holds the texts of documents, and it cannot be closed. "
            "Set IBID_HOME to a folder of yours.",
            open_to_others[0],
        )


def made_private(folder: Path) -> Path:
    """The folder, made where it is missing, with those above it, for its owner alone. Raises OSError."""
    for one in reversed((folder, *folder.parents)):
        if not one.is_dir():
            one.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_whole(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, in place of what it held: whoever reads meanwhile, or after a kill, reads all
    of the old or all of the new. Raises OSError, and then the old one stands."""
    half = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    try:
        with open(half, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _closed(path: Path) -> bool:
    """Whether only its owner can get at it, now if not before."""
    try:
        status = path.stat()
        if not status.st_mode & 0o077:
            return True
        if status.st_uid != os.geteuid():
            return False
        path.chmod(stat.S_IMODE(status.st_mode) & ~0o077)
        # Some file systems take it and do nothing.
        return not path.stat().st_mode & 0o077
    except OSError:
        return False
