"""Vectors made anew from the texts in the store, where a kill or damage took the files they were in.

A paragraph's vector depends on its text alone, and the texts are in a database that survives kills: nothing is lost but
the time that embedding takes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from rag.embedding import MiniLM
from rag.store import Record, Store, row_id
from rag.windows import windows_of

GROUP = 256
"""Paragraphs that are embedded together, at least a document's."""


def remake_vectors(store: Store, embedder: MiniLM) -> None:
    """Make the vectors of all documents, and say so: of many it takes a while."""
    records = list(store.records().values())
    logging.getLogger(__name__).warning(
        "The vector files of %s were left half written. Making the vectors of %d documents anew from their texts …",
        store.folder,
        len(records),
    )
    for group in _groups(records):
        texts: dict[str, str] = {}
        for record in group:
            keys = [row_id(record.prefix, number) for number in range(1, record.paragraphs + 1)]
            paragraphs = sorted(store.paragraphs(keys).values(), key=lambda paragraph: paragraph.number)
            texts |= {window.hash: window.text for window in windows_of(record.title, paragraphs, embedder)}
        vectors = embedder.vectors(list(texts.values()))
        store.put_vectors([record.document_id for record in group], dict(zip(texts, vectors, strict=True)))


def _groups(records: list[Record]) -> Iterator[list[Record]]:
    group: list[Record] = []
    for record in records:
        group.append(record)
        if sum(one.paragraphs for one in group) >= GROUP:
            yield group
            group = []
    if group:
        yield group
