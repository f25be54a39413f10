"""Whose uploads a document is among, by its id: everybody's, or those of one user alone.

Users are called whatever they are called, and file systems take neither every sign nor tell large letters from small
ones everywhere. So a name is spelled in small letters, digits and hyphens, all else byte by byte, and can be read back.
"""

from __future__ import annotations

import re

UPLOADS = "uploads"
"""The root of uploads that are everybody's."""
LONGEST = 200
"""Signs of a name as it is spelled: file systems take 255."""

_OWN = f"{UPLOADS}-"
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")
_SPELLED = re.compile(r"(?:[a-z0-9-]|=[0-9a-f]{2})+")


def spelled(user: str) -> str:
    """A user's name as one that every file system takes, and none takes for another's. Raises ValueError for an empty
    or an over-long one."""
    name = "".join(chr(byte) if byte in _PLAIN else f"={byte:02x}" for byte in user.encode("utf-8", "surrogatepass"))
    if not name or len(name) > LONGEST:
        raise ValueError("a user's name may not be empty" if not name else "a user's name is too long")
    return name


def unspelled(name: str) -> str | None:
    """The user whose name is spelled so; None where nobody's is."""
    if not _SPELLED.fullmatch(name):
        return None
    try:
        data = re.sub(rb"=(..)", lambda found: bytes.fromhex(found[1].decode()), name.encode())
        user = data.decode("utf-8", "surrogatepass")
        return user if spelled(user) == name else None
    except ValueError:
        return None


def root_of(user: str | None) -> str:
    """The first part of the ids of a user's uploads; of everybody's for None."""
    return UPLOADS if user is None else f"{_OWN}{spelled(user)}"


def is_upload(document_id: str) -> bool:
    """Whether somebody brought a document along; else it lies in the documents folder."""
    root, _, name = document_id.partition("/")
    return bool(name) and (root == UPLOADS or owner_of(document_id) is not None)


def owner_of(document_id: str) -> str | None:
    """The user among whose own uploads a document is; None for every other document."""
    root = document_id.partition("/")[0]
    return unspelled(root.removeprefix(_OWN)) if root.startswith(_OWN) else None
