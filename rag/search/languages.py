"""The documents as the multilingual embedder sees them, from the first question on that needs it.

A question in another language than the documents shares no words with them, and the shipped embedder knows English
alone. Making a second set of vectors takes twice as long as the first, and most folders are in English and asked in
it: so they are made once somebody asks otherwise, of the documents in those languages, and kept up to date from then on
by every ingest.
"""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rag.domain import Passage, Question
from rag.index.embedder import Embedder
from rag.index.multilingual import MODEL_NAME, MultilingualE5
from rag.index.records import Record
from rag.index.second_vectors import is_begun
from rag.index.store import Store
from rag.search.retrieve import HybridRetriever
from rag.search.second_embedder import SecondEmbedder
from rag.text.identify import is_foreign_to

MOST_AT_ONCE = 1_000
"""Texts that a question waits for, about half a minute on two processors. More are left to the next ingest."""


def _untold(done: int) -> None:
    """Nobody wants to know how many are done."""


KNOWN = "en"
"""What the shipped embedder knows."""

FEW = 5
"""A policy, as no training folder is in several languages: with it no English question of 100 is answered by the one
Spanish page among 229 English ones, and 55 of them without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Documents that the shipped embedder cannot compare with a question, and their `languages`: they `differ` from the
    question's, or are its own. They `are_most` of those that it is asked of, and are that `share` of them as if there
    were FEW more: of a handful none is scarce."""

    documents: frozenset[str]
    languages: frozenset[str]
    differ: bool
    share: float
    are_most: bool


class Languages:
    """The multilingual vectors of an open index: of documents in those languages that a question ever needed."""

    def __init__(self, store: Store, *, retriever: HybridRetriever, shipped: Embedder) -> None:
        self._store = store
        self._retriever = retriever
        self._shipped = shipped
        self._multilingual = _Multilingual(store)
        self._one_at_a_time = threading.Lock()

    def seen_by(self, retriever: HybridRetriever) -> Languages:
        """The same vectors for somebody who sees what another retriever finds."""
        seen = copy.copy(self)
        seen._retriever = retriever
        return seen

    @property
    def can_be_made(self) -> bool:
        """Not in an index that several processes share."""
        return self._store.keeps_second_vectors

    @property
    def is_wanted(self) -> bool:
        """Whether a question ever needed them, of this process or of an earlier one."""
        return self.can_be_made and is_begun(self._store, MODEL_NAME)

    def foreign_to(self, question: Question) -> list[Foreign]:
        """Those of the documents that it is asked of which are in another language than it, and those which are in its
        own where the shipped embedder does not know that, as far as it can be told; the most first. They are compared
        apart: the multilingual embedder finds texts in one language more alike, whatever they mean."""
        records = self._retriever.snapshot.records
        asked = [one for one in records if question.scope is None or one.document_id in question.scope]
        language_of = dict(self._told(asked))
        others = frozenset(one for one in set(language_of.values()) if is_foreign_to(question.text, one))
        own = frozenset(language_of.values()) - others - {KNOWN}

        def foreign(languages: frozenset[str], *, differ: bool) -> Foreign:
            documents = frozenset(one for one, language in language_of.items() if language in languages)
            share = (len(documents) + FEW) / (len(asked) + FEW)
            are_most = 2 * len(documents) > len(asked)
            return Foreign(documents=documents, languages=languages, differ=differ, share=share, are_most=are_most)

        found = [foreign(some, differ=differ) for some, differ in ((others, True), (own, False)) if some]
        return sorted(found, key=lambda one: -len(one.documents))

    def cover(self, foreign: Sequence[Foreign]) -> bool:
        """Whether all these documents can be searched by them."""
        return self._second.covers(self._retriever.snapshot.generation, _languages_of(foreign))

    def can_catch_up(self, foreign: Sequence[Foreign]) -> bool:
        """Whether vectors are missing, and so few that a question can wait for them. Whoever asks wants them: from now
        on every ingest makes them."""
        self._second.want(_languages_of(foreign))
        if self.cover(foreign):
            return False
        missing = set[str]().union(*self._lacking().values())
        return len(missing) <= MOST_AT_ONCE

    def complete(self, told: Callable[[int], None] = _untold) -> None:
        """Make the vectors that are missing; as `SecondEmbedder.complete`."""
        with self._one_at_a_time:
            self._second.complete(self._shipped, told, documents=self._wanted())

    def nearest(self, question: Question, foreign: Foreign) -> list[Passage]:
        """The passages of these documents that mean most like a question, best first; none where not all is there."""
        scope = None if question.scope is None and self._are_all(foreign) else foreign.documents
        return self._retriever.nearest(replace(question, scope=scope), by=self._second, languages=foreign.languages)

    def likenesses(self, question: str, *, texts: Sequence[str]) -> list[float]:
        """The cosine of a question and each of these texts."""
        asked = self._second.query_vector(question)
        return [float(asked @ vector) for vector in self._multilingual.embedding.get_text_embedding_batch(texts)]

    def _told(self, records: Iterable[Record]) -> Iterator[tuple[str, str]]:
        """Documents and their languages. One without words of its own, such as a table, is in that of most."""
        # Of all, whoever asks: whose documents have vectors is told once for all.
        known = Counter(record.language for record in self._store.records().values() if record.language)
        common = known.most_common(1)[0][0] if known else None
        for record in records:
            if language := record.language or common:
                yield record.document_id, language

    def _wanted(self) -> frozenset[str] | None:
        """The documents that are to have vectors, None for all."""
        languages = self._second.languages
        if not languages:
            return None
        return frozenset(one for one, language in self._told(self._store.records().values()) if language in languages)

    def _lacking(self) -> dict[str, set[str]]:
        wanted = self._wanted()
        return {one: hashes for one, hashes in self._second.lacking().items() if wanted is None or one in wanted}

    def _are_all(self, foreign: Foreign) -> bool:
        return len(foreign.documents) == len(self._retriever.snapshot.records)

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


def _languages_of(foreign: Sequence[Foreign]) -> frozenset[str]:
    return frozenset[str]().union(*(one.languages for one in foreign))
