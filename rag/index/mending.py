"""Vectors made anew from the texts in the store, where a kill or damage took the files they were in.

A vector depends on its text alone, and the texts are in a database that survives kills: nothing is lost but the time
that embedding takes.
"""

from __future__ import annotations

import logging

from rag.index.embedder import Embedder
from rag.index.store import Store
from rag.index.windows import in_groups, windows_lacking

GROUP = 256
"""Texts that are embedded and written together."""


def remake_vectors(store: Store, embedder: Embedder) -> None:
    """Make the vectors that the store lacks, each distinct text's once, and say so: of many it takes a while."""
    lacking = store.lacking()
    if not lacking:
        return
    logging.getLogger(__name__).warning(
        "The vector files of %s were left half written. Making the vectors of %d documents anew from their texts …",
        store.place,
        len(lacking),
    )
    for group in in_groups(windows_lacking(store, lacking, embedder), GROUP):
        vectors = embedder.vectors([window.text for window in group])
        store.put_vectors({window.hash: vector for window, vector in zip(group, vectors, strict=True)})
