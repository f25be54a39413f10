"""The documents as the multilingual embedder sees them, from the first question on that needs it.

A question in another language than the documents shares no words with them, and the shipped embedder knows English
alone. Making a second set of vectors takes twice as long as the first, and most folders are asked in their own
language: so they are made once somebody asks otherwise, and kept up to date from then on by every ingest.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from functools import cached_property

from rag.domain import Passage, Question
from rag.index.embedder import Embedder
from rag.index.multilingual import MODEL_NAME, MultilingualE5
from rag.index.second_vectors import is_begun
from rag.index.store import Store
from rag.search.retrieve import HybridRetriever
from rag.search.second_embedder import SecondEmbedder
from rag.text.identify import is_foreign

MOST_AT_ONCE = 1_000
"""Texts that a question waits for, about half a minute on two processors. More are left to the next ingest."""

FEW = 0.25
"""The share of documents in another language than the question from which on they are searched across languages: of
fewer, some are told as another language by mistake, code and tables among them."""

_SAMPLED, _SAMPLE = 12, range(1, 7)
"""Documents, and paragraphs of each, by which their languages are told."""


def _untold(done: int) -> None:
    """Nobody wants to know how many are done."""


class Languages:
    """The multilingual vectors of an open index."""

    def __init__(self, store: Store, *, retriever: HybridRetriever, shipped: Embedder) -> None:
        self._store = store
        self._retriever = retriever
        self._shipped = shipped
        self._multilingual = _Multilingual(store)
        self._one_at_a_time = threading.Lock()
        self._sampled: tuple[str, Sequence[Sequence[str]]] = ("", ())

    def seen_by(self, retriever: HybridRetriever) -> Languages:
        """The same vectors for somebody who sees what another retriever finds."""
        seen = copy.copy(self)
        seen._retriever, seen._sampled = retriever, ("", ())
        return seen

    @property
    def can_be_made(self) -> bool:
        """Not in an index that several processes share."""
        return self._store.keeps_second_vectors

    @property
    def is_wanted(self) -> bool:
        """Whether a question ever needed them, of this process or of an earlier one."""
        return self.can_be_made and is_begun(self._store, MODEL_NAME)

    @property
    def is_whole(self) -> bool:
        """Whether all documents that are in can be searched by them."""
        return self._second.covers(self._retriever.snapshot.generation)

    def are_foreign_to(self, question: str) -> bool:
        """Whether many of the documents are in another language than the question, as far as that can be told."""
        texts = self._texts()
        foreign = sum(is_foreign(question, some) for some in texts)
        return bool(texts) and foreign >= FEW * len(texts)

    @property
    def can_catch_up(self) -> bool:
        """Whether vectors are missing, and so few that a question can wait for them. Whoever asks wants them: from now
        on every ingest makes them."""
        return not self.is_whole and len(set[str]().union(*self._second.lacking().values())) <= MOST_AT_ONCE

    def complete(self, told: Callable[[int], None] = _untold) -> None:
        """Make the vectors that are missing; as `SecondEmbedder.complete`."""
        with self._one_at_a_time:
            self._second.complete(self._shipped, told)

    def nearest(self, question: Question) -> list[Passage]:
        """The passages that mean most like a question, best first; none where not all is there."""
        return self._retriever.nearest(question, by=self._second)

    def likenesses(self, question: str, *, texts: Sequence[str]) -> list[float]:
        """The cosine of a question and each of these texts."""
        asked = self._second.query_vector(question)
        return [float(asked @ vector) for vector in self._multilingual.embedding.get_text_embedding_batch(texts)]

    def _texts(self) -> Sequence[Sequence[str]]:
        """The first paragraphs of some documents, spread over all."""
        snapshot = self._retriever.snapshot
        generation, texts = self._sampled
        if generation != snapshot.generation:
            chosen = snapshot.records[:: max(len(snapshot.records) // _SAMPLED, 1)][:_SAMPLED]
            found = [self._retriever.passages_of(record.document_id, _SAMPLE) for record in chosen]
            texts = [[one.paragraph.text for one in passages] for passages in found]
            self._sampled = (snapshot.generation, texts)
        return texts

    @property
    def _second(self) -> SecondEmbedder:
        return self._multilingual.vectors


class _Multilingual:
    """The embedder and its vectors, loaded for whoever needs them first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def embedding(self) -> MultilingualE5:
        return MultilingualE5()

    @cached_property
    def vectors(self) -> SecondEmbedder:
        return SecondEmbedder(self.embedding, self._store)
