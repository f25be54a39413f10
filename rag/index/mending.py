"""Vectors made anew from the texts in the store, where a kill or damage took the files they were in.

A vector depends on its text alone, and the texts are in a database that survives kills: nothing is lost but the time
that embedding takes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from rag.index.embedding import MiniLM
from rag.index.records import row_id
from rag.index.store import Store
from rag.index.windows import windows_of

GROUP = 256
"""Texts that are embedded together, at least a document's."""


def remake_vectors(store: Store, embedder: MiniLM) -> None:
    """Make the vectors that the store lacks, each distinct text's once, and say so: of many it takes a while."""
    lacking = store.lacking()
    if not lacking:
        return
    logging.getLogger(__name__).warning(
        "The vector files of %s were left half written. Making the vectors of %d documents anew from their texts …",
        store.folder,
        len(lacking),
    )
    for texts in _groups(store, embedder, lacking):
        store.put_vectors(dict(zip(texts, embedder.vectors(list(texts.values())), strict=True)))


def _groups(store: Store, embedder: MiniLM, lacking: dict[str, set[str]]) -> Iterator[dict[str, str]]:
    """The texts without a vector by their hashes, each once."""
    done: set[str] = set()
    group: dict[str, str] = {}
    for document_id, hashes in sorted(lacking.items()):
        record = store.records()[document_id]
        keys = [row_id(record.prefix, number) for number in range(1, record.paragraphs + 1)]
        paragraphs = sorted(store.paragraphs(keys).values(), key=lambda paragraph: paragraph.number)
        windows = windows_of(record.title, paragraphs, embedder)
        group |= {window.hash: window.text for window in windows if window.hash in hashes - done}
        done.update(group)
        if len(group) >= GROUP:
            yield group
            group = {}
    if group:
        yield group
