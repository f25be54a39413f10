"""Plain text: the blocks are found by `rag.documents.paragraphs`."""

from __future__ import annotations

from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded
from rag.documents.paragraphs import text_blocks


def load_plain(data: bytes) -> Loaded:
    text, warning = decode(data)
    return Loaded(text, text_blocks(text), warning)
