"""The vectors that a second embedder made of the same texts, in a collection of its own in the same index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.index.chroma import NEAREST, WRITE_BATCH, Near, chunks, ids_of, nearest, translated
from rag.index.embedder import Vectors
from rag.index.store import SECOND, Store


@dataclass(frozen=True, slots=True)
class SecondRow:
    """A second embedder's vector of a text that is in the store."""

    text_hash: str
    vector: Vectors


@dataclass(slots=True)
class SecondVectors:
    """The vectors that a second embedder made of the same texts, in a collection of its own; the store's stay as they
    are. `generation` is the store's when they were last whole: only for that one can they be searched."""

    store: Store
    _name: str
    generation: str | None

    @property
    def _collection(self) -> Any:
        return self.store.client.get_collection(self._name, embedding_function=None)

    def lacking(self) -> dict[str, set[str]]:
        """The hashes of the texts that have no vector here, by the id of each document that holds one."""
        return self.store.lacking_in(self._collection)

    def put(self, rows: Sequence[SecondRow]) -> None:
        """Write vectors. Raises IndexMismatchError where they are of another length than those before."""
        for some in chunks(rows, WRITE_BATCH):
            with translated(self.store.folder):
                self._collection.upsert(
                    ids=[row.text_hash for row in some], embeddings=np.stack([row.vector for row in some])
                )

    def finish(self) -> None:
        """Delete the vectors of texts that are gone, and note what generation this is, if it is whole. The caller
        makes sure that no query reads older ones."""
        with translated(self.store.folder):
            wanted = self.store.window_hashes()
            there = set(ids_of(self._collection))
            for some in chunks(sorted(there - wanted), WRITE_BATCH):
                self._collection.delete(ids=list(some))
            if wanted <= there:
                self.generation = self.store.generation
                self._collection.modify(metadata={"generation": self.generation})

    def nearest(self, vector: Vectors, limit: int, among: Sequence[str] | None = None) -> list[Near]:
        """As `Store.nearest`."""
        with translated(self.store.folder):
            return nearest(self._collection, vector, limit, among)


def second_vectors(store: Store, fingerprint: str) -> SecondVectors:
    """The vectors of a second embedder, none as yet where it is new here."""
    with translated(store.folder):
        collection = store.client.get_or_create_collection(
            f"{SECOND}{fingerprint}", embedding_function=None, configuration={"hnsw": NEAREST}
        )
        whole = (collection.metadata or {}).get("generation")
        # Vectors that were lost are made anew by the next ingest.
        is_whole = whole == store.generation and collection.count() == store.window_count
    return SecondVectors(store, collection.name, whole if is_whole else None)


def is_begun(store: Store, model: str) -> bool:
    """Whether vectors of a model whose name begins so were ever made here."""
    with translated(store.folder):
        return any(one.name.startswith(f"{SECOND}{model}") for one in store.client.list_collections())
