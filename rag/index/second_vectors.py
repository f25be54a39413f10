"""The vectors that a second embedder made of the same texts, in a collection of its own in the same index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rag.index.chroma import NEAREST, WRITE_BATCH, Near, chunks, ids_of, translated
from rag.index.embedder import Vectors
from rag.index.narrowed import Narrowed
from rag.index.store import SECOND, Store


@dataclass(frozen=True, slots=True)
class SecondRow:
    """A second embedder's vector of a text that is in the store."""

    text_hash: str
    vector: Vectors


@dataclass(slots=True)
class SecondVectors:
    """The vectors that a second embedder made of the same texts, in a collection of its own; the store's stay as they
    are. `languages` are those whose documents are to have vectors, none where all documents are. `generation` is the
    store's when these last had theirs: only for that one can they be searched."""

    store: Store
    _name: str
    generation: str | None
    languages: frozenset[str] = frozenset()
    _narrowed: Narrowed = field(default_factory=Narrowed)

    @property
    def _collection(self) -> Any:
        return self.store.client.get_collection(self._name, embedding_function=None)

    def covers(self, generation: str, languages: frozenset[str] = frozenset()) -> bool:
        """Whether the documents in these languages, or all, can be searched in that generation."""
        has_them = bool(languages) and languages <= self.languages
        return self.generation == generation and (has_them or not self.languages)

    def want(self, languages: frozenset[str]) -> None:
        """Let documents in these languages have vectors too, unless all are to have some; for later runs as well."""
        with translated(self.store.folder):
            is_for_all = not self.languages and self._collection.count() > 0
            if not is_for_all and not languages <= self.languages:
                self.languages |= languages
                self.generation = None
                self._note(0)

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

    def finish(self, documents: frozenset[str]) -> None:
        """Delete the vectors of texts that are gone, and note what generation this is, if these documents have all of
        theirs. The caller makes sure that no query reads older ones."""
        with translated(self.store.folder):
            gone = set(ids_of(self._collection)) - self.store.window_hashes()
            for some in chunks(sorted(gone), WRITE_BATCH):
                self._collection.delete(ids=list(some))
            if documents.isdisjoint(self.lacking()):
                self.generation = self.store.generation
                self._note(int(self._collection.count()))

    def _note(self, vectors: int) -> None:
        noted = {"generation": self.generation, "languages": " ".join(sorted(self.languages)), "vectors": vectors}
        self._collection.modify(metadata={name: value for name, value in noted.items() if value})

    def nearest(
        self, vector: Vectors, limit: int, among: Sequence[str] | None = None, *, keeps: bool = False
    ) -> list[Near]:
        """As `Store.nearest`."""
        with translated(self.store.folder):
            return self._narrowed.nearest(self._collection, vector, limit, among, keeps=keeps)


def second_vectors(store: Store, fingerprint: str) -> SecondVectors:
    """The vectors of a second embedder, none as yet where it is new here."""
    with translated(store.folder):
        collection = store.client.get_or_create_collection(
            f"{SECOND}{fingerprint}", embedding_function=None, configuration={"hnsw": NEAREST}
        )
        noted = collection.metadata or {}
        generation = noted.get("generation")
        # Vectors that were lost are made anew by the next ingest.
        is_whole = generation == store.generation and collection.count() == noted.get("vectors", store.window_count)
    languages = frozenset(str(noted.get("languages", "")).split())
    return SecondVectors(store, collection.name, generation if is_whole else None, languages)


def is_begun(store: Store, model: str) -> bool:
    """Whether vectors of a model whose name begins so were ever made here."""
    with translated(store.folder):
        return any(one.name.startswith(f"{SECOND}{model}") for one in store.client.list_collections())
