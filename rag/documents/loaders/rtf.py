"""RTF: its text, a paragraph a line. The only file that imports striprtf."""

from __future__ import annotations

from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from rag.documents.loaders.loaded import Cells, Loaded, Piece, assembled
from rag.documents.loaders.rows import with_names
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
    return assembled(with_names(_pieces(text)))


def _pieces(text: str) -> Iterator[Piece]:
    table = 0
    for line in text.splitlines():
        if line.count("|") < _FEWEST_BARS:
            table += 1
            yield Piece(text=line)
            continue
        # A bar stands behind each cell.
        cells = tuple(cell.strip() for cell in line.removesuffix("|").split("|"))
        yield Piece(text="\t".join(cells).strip(), role=Role.TABLE, cells=Cells(texts=cells, table=table))
