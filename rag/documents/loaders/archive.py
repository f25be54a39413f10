"""Office files, books and the like are ZIP archives: their members, within limits."""

from __future__ import annotations

import posixpath
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from rag.documents.loaders.markup import Element, xml_tree
from rag.errors import DocumentError

MOST_UNPACKED = 300_000_000
"""Bytes that one member may come to: the text of the longest books is a hundredth of it, and a tree of it fits the
memory that a parser has."""

_ENCRYPTED = 0x1


class Archive:
    """Raises DocumentError where the bytes are no ZIP archive."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = ZipFile(BytesIO(data))
        except (BadZipFile, ValueError, OSError) as error:
            raise DocumentError("is damaged: it ends early or was changed. Export or download it again") from error
        self.names = self._zip.namelist()
        self.unpacked_size = sum(member.file_size for member in self._zip.infolist())

    def read(self, name: str) -> bytes | None:
        """A member's bytes; None where there is none of that name. Raises DocumentError where it cannot be unpacked."""
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            return None
        if member.flag_bits & _ENCRYPTED:
            raise DocumentError("needs a password: save a copy without one, and add that")
        if member.file_size > MOST_UNPACKED:
            raise DocumentError(
                f"unpacks to {member.file_size / 1e6:,.0f} MB, more than the {MOST_UNPACKED / 1e6:,.0f} MB read"
            )
        try:
            return self._zip.read(member)
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise DocumentError(f"is damaged: {name} inside it cannot be unpacked") from error

    def tree(self, name: str) -> Element | None:
        """A member that is XML; None where there is none of that name."""
        data = self.read(name)
        return None if data is None else xml_tree(data)

    def needed_tree(self, name: str) -> Element:
        root = self.tree(name)
        if root is None:
            raise DocumentError(f"is damaged: {name} is missing inside it")
        return root


def beside(member: str, reference: str) -> str:
    """The name of the member that another refers to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(member), reference))
