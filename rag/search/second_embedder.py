"""An embedder beside the shipped one: the dense leg goes by its vectors as soon as all of them are there.

The shipped embedder's own vectors are always made too, here and for free. They answer until then, whenever the
other one cannot be asked, and after it was given up. Any LlamaIndex `BaseEmbedding` can be the second one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

import numpy as np

from rag.domain import Json
from rag.errors import EmbeddingError, translated
from rag.index.chroma import Near
from rag.index.embedder import Embedder, SecondEmbedding, Vectors
from rag.index.second_vectors import SecondRow, second_vectors
from rag.index.store import Store
from rag.index.windows import Window, in_groups, windows_lacking

REMEMBERED = 200
"""Questions whose vectors are kept."""


class SecondEmbedder:
    """A second embedder and the vectors it made for an open index."""

    def __init__(self, embedding: SecondEmbedding, store: Store) -> None:
        self._embedding = embedding
        self._store = store
        self._asked: dict[str, Vectors] = {}
        self._vectors = second_vectors(store, fingerprint_of(embedding))

    @property
    def name(self) -> str:
        """The model and, where it is elsewhere, the host it runs on: who receives text."""
        host = getattr(self._embedding, "host", None)
        return f"{self._embedding.model_name} at {host}" if host else self._embedding.model_name

    @property
    def is_whole(self) -> bool:
        """Whether every paragraph that is in has its vectors."""
        return self.covers(self._store.generation)

    def json(self) -> Json:
        """As `ibid status --json` tells it."""
        return {"name": self.name, "is_whole": self.is_whole}

    @property
    def languages(self) -> frozenset[str]:
        """Those whose documents are to have vectors; none where all documents are."""
        return self._vectors.languages

    def want(self, languages: frozenset[str]) -> None:
        """Let documents in these languages have vectors too, now and later, unless all are to have some."""
        self._vectors.want(languages)

    def covers(self, generation: str, languages: frozenset[str] = frozenset()) -> bool:
        """Whether the documents in these languages, or all, have their vectors in a generation of the store."""
        return self._vectors.covers(generation, languages)

    def query_vector(self, question: str) -> Vectors:
        """Raises EmbeddingError where it cannot be had. The last questions are remembered: one is often asked of
        several documents in turn."""
        if len(self._asked) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be about to read from that.
            self._asked = {}
        asked = self._asked
        if question not in asked:
            with translated(EmbeddingError, f"The embedder {self.name}"):
                asked[question] = np.asarray(self._embedding.get_query_embedding(question), dtype=np.float32)
        return asked[question]

    def lacking(self) -> dict[str, set[str]]:
        """The hashes of the texts that it has made no vector of, by the id of each document that holds one."""
        return self._vectors.lacking()

    def nearest(self, vector: Vectors, limit: int, among: Sequence[str] | None, *, keeps: bool) -> list[Near]:
        """As `Store.nearest`, among its own vectors."""
        return self._vectors.nearest(vector, limit, among, keeps=keeps)

    def complete(
        self, shipped: Embedder, told: Callable[[int], None], *, documents: frozenset[str] | None = None
    ) -> None:
        """Make the vectors that are missing, of these documents where not of all; texts that were ever embedded here
        are not sent again.

        `told` is called with the number of texts sent so far after each group; what it raises ends it, as does
        EmbeddingError where the embedder fails, and IndexMismatchError where its vectors have another length than
        before. What was made until then stays. The caller makes sure that no query reads an older generation.
        """
        if self.covers(self._store.generation, self.languages):
            return
        wanted = frozenset(self._store.records()) if documents is None else documents
        lacking = {document: hashes for document, hashes in self.lacking().items() if document in wanted}
        missing = windows_lacking(self._store, lacking, shipped)
        sent = 0
        # What one request brought is written at once: no more than that is ever paid for twice.
        for group in in_groups(missing, self._embedding.embed_batch_size):
            sent += self._put(group)
            told(sent)
        self._vectors.finish(wanted)

    def _put(self, group: Sequence[Window]) -> int:
        """Make and write the vectors of a group; how many texts were sent for it."""
        with translated(EmbeddingError, f"The embedder {self.name}"):
            made = self._embedding.get_text_embedding_batch([window.text for window in group])
            vectors = [np.asarray(vector, dtype=np.float32) for vector in made]
        self._vectors.put([SecondRow(window.hash, vector) for window, vector in zip(group, vectors, strict=True)])
        return len(group)


def fingerprint_of(embedding: SecondEmbedding) -> str:
    """Whose vectors can be compared: the same model of the same host. Made of the signs that Chroma takes in names."""
    who = f"{embedding.class_name()} {embedding.model_name} {getattr(embedding, 'host', '')}"
    readable = re.sub(r"[^A-Za-z0-9]+", "-", embedding.model_name).strip("-")[:60]
    return f"{readable}-{hashlib.sha256(who.encode()).hexdigest()[:8]}"
