"""Plain text: the blocks are found by `rag.documents.blocks`; subtitles become what is said in them."""

from __future__ import annotations

from rag.documents.blocks import text_blocks
from rag.documents.loaders.cues import cue_pieces
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.loaded import Loaded, assembled


def load_plain(data: bytes) -> Loaded:
    text, warning = decode(data)
    cues = cue_pieces(text)
    if cues:
        return assembled(cues, warning)
    return Loaded(text=text, blocks=text_blocks(text), warning=warning)
