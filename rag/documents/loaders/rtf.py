"""RTF: its text, a paragraph a line. The only file that imports striprtf."""

from __future__ import annotations

from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from rag.documents.loaders.loaded import Loaded, Piece, assembled
from rag.domain import Role
from rag.errors import DocumentError

_FEWEST_BARS = 2


def load_rtf(data: bytes) -> Loaded:
    """Raises DocumentError where the file breaks off inside a code."""
    try:
        # Its own codes say which code page a byte is of; latin-1 hands every byte on as it is.
        text = rtf_to_text(data.decode("latin-1"), errors="replace")
    except (ValueError, LookupError, IndexError, UnicodeError) as error:
        raise DocumentError("is damaged: its RTF codes cannot be read") from error
    return assembled(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    for line in text.splitlines():
        is_row = line.count("|") >= _FEWEST_BARS
        yield Piece(text=line.replace("|", "\t").strip() if is_row else line, role=Role.TABLE if is_row else None)
