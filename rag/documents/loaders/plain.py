"""Plain text: the blocks are found by `rag.documents.blocks`."""

from __future__ import annotations

from rag.documents.blocks import text_blocks
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded


def load_plain(data: bytes) -> Loaded:
    text, warning = decode(data)
    return Loaded(text=text, blocks=text_blocks(text), warning=warning)
