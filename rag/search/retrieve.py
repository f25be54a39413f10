"""From a question to passages: three legs, one fusion, a reader of the best, one linear ranking.

Index unit is the paragraph. The dense leg is left out where the texts are in no language of the embedder's
own (told by their function words, else by how finely its vocabulary cuts them). With a second embedder the dense leg
is that one's, in every language; what was fitted on the shipped embedder's measures (cosines, which language, which
model ranks) keeps them. Equal texts are one passage. Queries work on a snapshot: while documents are replaced they
see the old version or the new one, never a mixture.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rag.domain import Citation, Key, Passage, Question, Ranks
from rag.errors import EmbeddingError, IndexMismatchError
from rag.index.chroma import Near
from rag.index.embedder import Embedder
from rag.index.newest import Newest, Seen, Whole
from rag.index.records import row_prefix
from rag.index.snapshot import ActiveQueries, MayRead, Snapshot
from rag.index.store import Store
from rag.search.cross_encoder import Reader, Reading
from rag.search.features import Features
from rag.search.fusion import pool
from rag.search.learned import Learned
from rag.search.legs import Legs, View, by_cosine, by_grams, by_words, view_of
from rag.search.meant import as_meant
from rag.search.paragraphs import Paragraphs
from rag.search.ranker import Ranker, Reordered, reordered
from rag.search.ranking import in_order, ranked, ranked_as_read
from rag.search.reading import CandidateReader
from rag.search.second_embedder import SecondEmbedder
from rag.search.wording import without_frame
from rag.text import terms
from rag.text.overlap import Inquiry, inquire

CANDIDATES = 20
"""How many are ranked and can become passages."""

READ_FROM = 60
READ = 30
"""With a reader: how many are ranked without it, and how many of the best of them it reads. Of 739 questions over eight
collections that were each left out of the fitting, the right paragraph stands among the READ in .89."""

PASSAGES = 10
"""As many as a question brings, unless more are asked for."""

_FOUND_WITHOUT = "The shipped embedder found the passages instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What a search brought.

    `inquiries` are the question as asked and, for a follow-up, as expanded; `further` the passages that come after
    those that were asked for; `features` what ranking knew of each of the passages; `missing_terms` are words of the
    question, as written, that stand nowhere in the documents. `dense_used` is said of the shipped embedder's vectors,
    `second_used` of a second one's, and `trouble` why that one, or a ranker, could not be asked. `readings` are, for
    each of the inquiries, what the reader made of the paragraphs that it read. It `is_guess` where question and
    documents share no word and the vectors do not know the language: what is near is shown, and answers nothing.
    """

    inquiries: tuple[Inquiry, ...]
    passages: tuple[Passage, ...]
    further: tuple[Passage, ...]
    features: Features
    missing_terms: tuple[str, ...]
    dense_used: bool
    seconds: dict[str, float]
    second_used: bool = False
    is_guess: bool = False
    trouble: str | None = None
    readings: tuple[Mapping[Key, Reading], ...] = ()

    @property
    def searched_for(self) -> tuple[str, ...]:
        return tuple(inquiry.question for inquiry in self.inquiries)

    @property
    def by_meaning(self) -> bool:
        """Whether any embedder took part, or words alone."""
        return self.dense_used or self.second_used


class HybridRetriever:
    """The retriever of the product; `rag.llamaindex` makes it a LlamaIndex one for other people's engines.

    With a `reader` the best candidates are read before they are ranked; a `ranker` of somebody else's has the last word
    in its place.

    >>> retriever.search(Question("Who besieged West Aleppo?")).passages[0].paragraph.place
    '000_8ce4b84d20215b01.txt ¶6'
    """

    def __init__(
        self,
        store: Store,
        *,
        embedder: Embedder,
        learned: Learned,
        folder: Path,
        second: SecondEmbedder | None = None,
        reader: Reader | None = None,
        ranker: Ranker | None = None,
        seconds: float | None = None,
    ) -> None:
        self._store = store
        self._second = second
        self._embedder = embedder
        self._learned = learned
        self._ranker = ranker
        self._active = ActiveQueries()
        self._paragraphs = Paragraphs(store)
        self._reader = (
            CandidateReader(reader=reader, embedder=embedder, paragraphs=self._paragraphs, seconds=seconds)
            if reader is not None
            else None
        )
        self._newest: Newest = Whole(store, folder)

    @property
    def snapshot(self) -> Snapshot:
        return self._newest.snapshot

    def seen_by(self, may_read: MayRead) -> HybridRetriever:
        """This retriever for somebody who may not read all documents. It finds, ranks and tells of words what one over
        those alone would; the index, the models and what is remembered are the same ones."""
        seen = copy.copy(self)
        seen._newest = Seen(self._newest, may_read)
        return seen

    def refresh(self, *, keep_old: bool = False) -> None:
        """Take up what was committed since, then, unless they are kept, delete the rows that nobody reads any more."""
        self._newest.take_up()
        if not keep_old:
            self._active.wait_for_those_before()
            self._store.delete_superseded()

    def search(self, question: Question, *, expansion: str | None = None, limit: int = PASSAGES) -> Retrieval:
        """The passages for a question, best first, at most `limit`; `expansion` is searched too and fused. Both are
        read as they are meant. Raises ScopeError where a document of the scope is not in the index."""
        clock = _Clock()
        with self._active.reading():
            snapshot = self.snapshot
            view = view_of(snapshot, question)
            asked = [question.text, *([expansion] if expansion else [])]
            queries = list(dict.fromkeys(as_meant(one, view=view, paragraphs=self._paragraphs) for one in asked))
            second = self._ask_second(view, queries, offline=question.offline, clock=clock)
            most_read = READ // len(queries)
            found = [
                self._rank(view, query, near=near, most_read=most_read, clock=clock)
                for query, near in zip(queries, second.near or [()] * len(queries), strict=True)
            ]
            rarity = self._rarity(snapshot)
            missing = snapshot.missing_terms(queries[0])
        passages, features = _fused(found)
        dense_used = any(one.dense_used for one in found)
        troubles = [second.trouble, *(one.trouble for one in found)]
        return Retrieval(
            inquiries=tuple(inquire(query, rarity, truncated=not dense_used) for query in queries),
            passages=tuple(passages[:limit]),
            further=tuple(passages[limit:]),
            features=features.at(range(min(limit, len(passages)))),
            missing_terms=missing,
            dense_used=dense_used,
            seconds=clock.seconds,
            second_used=bool(second.near),
            is_guess=not second.near and all(one.is_guess for one in found),
            trouble=next(filter(None, troubles), None),
            readings=tuple(one.readings for one in found),
        )

    def meant_by(self, question: Question) -> str:
        """The words of a question without slips of the pen, and without what is said around it; with the capitals that
        the documents write. Raises ScopeError as `search` does."""
        with self._active.reading():
            view = view_of(self.snapshot, question)
            return as_meant(without_frame(question.text), view=view, paragraphs=self._paragraphs)

    def nearest(
        self, question: Question, *, by: SecondEmbedder, languages: frozenset[str] = frozenset(), limit: int = PASSAGES
    ) -> list[Passage]:
        """The passages that a second embedder finds nearest to a question, best first, by its cosines alone; none where
        its vectors do not cover the documents, those in certain `languages` where it is asked of these alone. Raises
        ScopeError as `search` does, EmbeddingError where it fails."""
        with self._active.reading():
            view = view_of(self.snapshot, question)
            if not by.covers(view.snapshot.generation, languages):
                return []
            cosines = by_cosine(
                view, by.nearest(by.query_vector(question.text), view.needed, view.among, keeps=view.is_scoped)
            )
            found = self._paragraphs.at(view.snapshot, list(cosines)[:limit])
        return [
            Passage(
                paragraph=one.paragraph,
                source=one.record.source,
                score=max(cosines[one.ordinal], 0.0),
                ranks=Ranks(dense=rank),
                similarity=cosines[one.ordinal],
            )
            for rank, one in enumerate(found, start=1)
        ]

    def single_legs(self, question: str, *, limit: int) -> dict[str, list[Key]]:
        """The ranking of each leg by itself, best first; the dense one even where it would be left out."""
        with self._active.reading():
            view = view_of(self.snapshot, Question(question))
            legs = {
                "words": by_words(view, question),
                "grams": by_grams(view, question),
                "dense": by_cosine(view, self._near(view, question)),
            }
        places = {
            leg: [view.snapshot.locate(ordinal) for ordinal in list(found)[:limit]] for leg, found in legs.items()
        }
        return {leg: [(record.document_id, number) for record, number in found] for leg, found in places.items()}

    def passages_of(self, document_id: str, numbers: Sequence[int]) -> list[Passage]:
        """Paragraphs of one document as passages without ranks, for answers about the document itself."""
        with self._active.reading():
            return self._paragraphs.of(self.snapshot, document_id, numbers=numbers)

    def elsewhere(self, citation: Citation) -> list[Key]:
        """Paragraphs of other documents with the text of the one that is cited, one of each."""
        with self._active.reading():
            prefix = row_prefix(citation.paragraph.document_id, citation.source.revision)
            return self.snapshot.elsewhere(prefix, citation.paragraph.number)

    def holding(self, words: str) -> list[Key]:
        """The paragraphs in which, or in the title and the headings above which, every word of these stands that
        carries meaning, in any form; in the order of the documents."""
        stems = terms.content_stems(words) or terms.stems(words)
        with self._active.reading():
            snapshot = self.snapshot
            found = [frozenset(map(int, snapshot.index.words.holding(stem))) for stem in stems]
            places = sorted(frozenset.intersection(*found)) if found else []
            located = [snapshot.locate(place) for place in places]
        return [(record.document_id, number) for record, number in located]

    def rarity(self, stem: str) -> float:
        """How much a term tells in the current documents."""
        return self._rarity(self.snapshot)(stem)

    def _rarity(self, snapshot: Snapshot) -> Callable[[str], float]:
        return lambda stem: snapshot.rarity(stem, self._embedder.commonness(stem))

    def _rank(self, view: View, query: str, *, near: Sequence[Near], most_read: int, clock: _Clock) -> _Found:
        legs = self._legs(view, query, near=near, clock=clock)
        reads = self._reader is not None and bool(legs.dense)
        wide = reads or self._ranker is not None
        with clock.timing("fetch"):
            candidates = self._paragraphs.at(view.snapshot, pool(legs.normalised, READ_FROM if wide else CANDIDATES))
        with clock.timing("fuse"):
            inquiry = inquire(query, self._rarity(view.snapshot), truncated=not legs.dense)
            table = ranked(inquiry, candidates, legs=legs, learned=self._learned)
        readings: dict[int, Reading] = {}
        if reads and self._reader is not None:
            with clock.timing("read"):
                readings = self._reader.read(view, inquiry, candidates=table.best_first[:most_read])
                relevances = {ordinal: one.relevance for ordinal, one in readings.items()}
                table = ranked_as_read(query, table, relevances=relevances, learned=self._learned)
        found = Reordered(*in_order(table, legs))
        if self._ranker is not None:
            with clock.timing("ranker"):
                some = range(min(len(found.passages), READ))
                passages = found.passages[: len(some)]
                found = reordered(self._ranker, query, passages=passages, features=found.features.at(some))
        by_key = {one.paragraph.key: readings[one.ordinal] for one in candidates if one.ordinal in readings}
        return _Found(
            passages=found.passages,
            features=found.features,
            dense_used=bool(legs.dense),
            is_guess=not (legs.dense or legs.words or legs.grams),
            readings=by_key,
            trouble=found.trouble,
        )

    def _legs(self, view: View, query: str, *, near: Sequence[Near], clock: _Clock) -> Legs:
        with clock.timing("lexical"):
            words, grams = by_words(view, query), by_grams(view, query)
        dense: dict[int, float] = {}
        with clock.timing("language"):
            is_known = self._is_known(view, query, words=words)
        if is_known:
            with clock.timing("embed"):
                vector = self._embedder.query_vector(query)
            with clock.timing("dense"):
                dense = by_cosine(view, self._store.nearest(vector, view.needed, view.among, keeps=view.is_scoped))
        elif not (words or grams or near):
            with clock.timing("dense"):
                near = self._near(view, query)
        return Legs(words=words, grams=grams, dense=dense, second=by_cosine(view, near))

    def _near(self, view: View, query: str) -> Sequence[Near]:
        return self._store.nearest(self._embedder.query_vector(query), view.needed, view.among, keeps=view.is_scoped)

    def _is_known(self, view: View, query: str, *, words: dict[int, float]) -> bool:
        """Whether the embedder knows the language of the texts that the words leg found; where it cannot tell, how
        finely its vocabulary cuts them decides. Where no word is found, the question alone tells."""
        found = list(words)[:10]
        texts = [one.paragraph.text for one in self._paragraphs.at(view.snapshot, found)] or [query]
        speaks = self._embedder.speaks(texts)
        if speaks is not None:
            return speaks
        shredding = float(view.snapshot.index.shredding[found].mean()) if found else self._embedder.shredding(query)
        return shredding <= self._learned.shredding_limit

    def _ask_second(self, view: View, queries: Sequence[str], *, offline: bool, clock: _Clock) -> _Second:
        """What a second embedder finds near each query; nothing where it may not be asked, its vectors do not cover
        this snapshot yet, or it fails."""
        if self._second is None or offline or not self._second.covers(view.snapshot.generation):
            return _Second()
        second = self._second
        try:
            with clock.timing("second embedder"):
                return _Second(
                    [
                        second.nearest(second.query_vector(query), view.needed, view.among, keeps=view.is_scoped)
                        for query in queries
                    ]
                )
        except (EmbeddingError, IndexMismatchError) as error:
            return _Second(trouble=f"{error} {_FOUND_WITHOUT}")


@dataclass(frozen=True, slots=True)
class _Second:
    """What a second embedder found near each query, or nothing; `trouble` says what went wrong."""

    near: Sequence[Sequence[Near]] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What one wording of a question brought, best first."""

    passages: list[Passage]
    features: Features
    dense_used: bool
    is_guess: bool
    readings: Mapping[Key, Reading]
    trouble: str | None


def _fused(found: Sequence[_Found]) -> tuple[Sequence[Passage], Features]:
    """The passages of several wordings of one question, by their mean share."""
    last = found[-1]
    if len(found) == 1:
        return last.passages, last.features
    total: dict[Key, float] = {}
    kept: dict[Key, tuple[Passage, np.ndarray]] = {}
    for one in found:
        for passage, row in zip(one.passages, one.features.values, strict=True):
            key = passage.paragraph.key
            total[key] = total.get(key, 0.0) + passage.score / len(found)
            # The last wording is the fullest: its ranks and features stand.
            kept[key] = (passage, row)
    order = sorted(total, key=lambda key: (-total[key], key))
    passages = [replace(kept[key][0], score=total[key]) for key in order]
    rows = np.array([kept[key][1] for key in order], dtype=np.float32).reshape(len(order), len(last.features.names))
    return passages, Features(last.features.names, rows)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Adds up the wall time of each part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started
