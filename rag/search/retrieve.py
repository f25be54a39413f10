"""From a question to passages: three legs, one fusion, a reader of the best, one linear reranking.

Index unit is the paragraph. The dense leg is left out where the texts are in no language of the embedder's
own (told by how finely its vocabulary cuts them). With a second embedder the dense leg is that one's, in every
language; what was fitted on the shipped embedder's measures (cosines, which language, which model ranks) keeps
them. Equal texts are one passage. Queries work on a snapshot: while documents are replaced they see the old version
or the new one, never a mixture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.documents.context import context_of
from rag.domain import Paragraph, Passage, Ranks, Role, Span
from rag.errors import EmbeddingError, IndexMismatchError
from rag.index.chroma import Near
from rag.index.embedding import MiniLM, Vectors
from rag.index.records import Record, row_id
from rag.index.snapshot import Key, Mask, Readers, Snapshot, open_snapshot
from rag.index.store import Store
from rag.search.cross_encoder import PassageText, Reader, Reading
from rag.search.fusion import MOST_CERTAIN, RANKING_FEATURES, Scores, normalised, pool, probabilities, top
from rag.search.learned import Learned
from rag.search.second_embedder import SecondEmbedder
from rag.text import terms
from rag.text.overlap import Inquiry, inquire, paragraph_features, stems_of, view_sentences

Features = npt.NDArray[np.float32]
_READER = RANKING_FEATURES.index("reader")

LEG_DEPTH = 100
"""How many paragraphs each leg brings."""

CANDIDATES = 20
"""How many are reranked and can become passages."""

READ_FROM = 60
READ = 30
"""With a reader: how many are ranked without it, and how many of the best of them it reads. Of 739 questions over eight
collections that were each left out of the fitting, the right paragraph stands among the READ in .89."""

LONG = 700
MOST_WINDOWS = 3
"""A paragraph of more characters is read in windows, at most so many: those with the most words of the question."""

BRIEF = 400
"""A paragraph of fewer characters is read with its neighbours' words."""

REMEMBERED = 10_000
"""Paragraphs kept in memory, about 10 MB: popular ones come back question after question."""

ROLE_PENALTY = {Role.COMMENT: 0.25, Role.CAPTION: 0.1, Role.BOILERPLATE: 2.5}
"""Subtracted from a candidate's logit: at equal evidence the document's own prose goes first. A policy, not a
fitted number: the training texts have no roles."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search brought.

    `inquiries` are the question as asked and, for a follow-up, as expanded; `features` the passages' ranking
    features, `[len(passages), …]`; `shredding` is what decided whether the dense leg was used; `missing_terms`
    are words of the question, as written, that stand nowhere in the documents. `dense_used` is said of the shipped
    embedder's vectors, `second_used` of a second one's, and `trouble` why that one could not be asked. `readings` are,
    for each of the inquiries, what the reader made of the paragraphs that it read.
    """

    inquiries: tuple[Inquiry, ...]
    passages: tuple[Passage, ...]
    features: Features
    searched_for: tuple[str, ...]
    missing_terms: tuple[str, ...]
    dense_used: bool
    shredding: float
    seconds: dict[str, float]
    second_used: bool = False
    trouble: str | None = None
    readings: tuple[Mapping[Key, Reading], ...] = ()

    @property
    def by_meaning(self) -> bool:
        """Whether any embedder took part, or words alone."""
        return self.dense_used or self.second_used


@dataclass(frozen=True, slots=True)
class _Legs:
    """Scores by ordinal in each leg, already masked; `dense`, the shipped embedder's cosines, is empty where the leg
    was left out, `second` where no second embedder was asked."""

    words: dict[int, float]
    grams: dict[int, float]
    dense: dict[int, float]
    second: dict[int, float]

    def named(self) -> dict[str, dict[int, float]]:
        legs = {
            "words": normalised(self.words, 0.0),
            "grams": normalised(self.grams, 0.0),
            "dense": normalised(self.second or self.dense),
        }
        return {name: scores for name, scores in legs.items() if scores}


class HybridRetriever(BaseRetriever):
    """The retriever of the product, also a LlamaIndex `BaseRetriever` for other people's engines.

    >>> retriever.search("Who besieged West Aleppo?").passages[0].paragraph.place
    '000_8ce4b84d20215b01.txt ¶6'
    """

    def __init__(
        self,
        store: Store,
        embedder: MiniLM,
        learned: Learned,
        folder: Path,
        limit: int = 10,
        second: SecondEmbedder | None = None,
        reader: Reader | None = None,
        seconds: float | None = None,
    ) -> None:
        super().__init__()
        self._store = store
        self._reader = reader
        self._seconds = seconds
        self._second = second
        self._embedder = embedder
        self._learned = learned
        self._folder = folder
        self._limit = limit
        self._readers = Readers()
        self._paragraphs: dict[str, Paragraph] = {}
        self._snapshot = open_snapshot(self._store, self._folder)

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def learn(self, learned: Learned) -> None:
        self._learned = learned

    def refresh(self) -> None:
        """Take up what was committed since, then delete the rows that nobody reads any more."""
        if self._snapshot.generation != self._store.generation:
            self._snapshot = open_snapshot(self._store, self._folder)
        self._readers.wait_for_those_before()
        self._store.delete_superseded()

    def search(
        self,
        question: str,
        expansion: str | None = None,
        scope: frozenset[str] | None = None,
        without: frozenset[Key] = frozenset(),
        limit: int | None = None,
        use_second: bool = True,
    ) -> Retrieval:
        """The passages for a question, best first, at most `limit`.

        `expansion` is searched too and fused. `scope` holds document ids, `without` paragraphs to leave out of
        every leg. With `use_second` false a second embedder, if there is one, is not asked. Raises ScopeError where a
        document of the scope is not in the index.
        """
        with self._readers.reading():
            snapshot = self._snapshot
            allowed = snapshot.allowed(scope, without)
            among = snapshot.windows_of(allowed) if scope is not None else None
            clock = _Clock()
            queries = [question, *([expansion] if expansion else [])]
            asked = _Asked()
            if use_second and self._second is not None:
                with clock.timing("second embedder"):
                    asked = _ask(self._second, snapshot, queries, among, len(without))
            ranked = [
                self._rank(snapshot, query, near, allowed, among, len(without), READ // len(queries), clock)
                for query, near in zip(queries, asked.near or [()] * len(queries), strict=True)
            ]
            passages, features = _fuse_queries(ranked, limit or self._limit)
            dense_used = any(one.dense_used for one in ranked)
            rarity = self._rarity(snapshot)
            inquiries = tuple(inquire(query, rarity, truncated=not dense_used) for query in queries)
            missing = snapshot.missing_terms(question)
        shredding = max(one.shredding for one in ranked)
        return Retrieval(
            inquiries,
            passages,
            features,
            tuple(queries),
            missing,
            dense_used,
            shredding,
            clock.seconds,
            bool(asked.near),
            asked.trouble,
            tuple(one.readings for one in ranked),
        )

    def single_legs(self, question: str, limit: int) -> dict[str, list[Key]]:
        """The ranking of each leg by itself, best first; the dense one even where it would be left out."""
        with self._readers.reading():
            snapshot, index = self._snapshot, self._snapshot.index
            legs = {
                "words": _leg(index.words.scores(terms.stems(question)), snapshot.ranked, snapshot),
                "grams": _leg(index.grams.scores(terms.grams(question)), snapshot.ranked, snapshot),
                "dense": _dense(snapshot, self._near(snapshot, self._vector(question), None, 0), snapshot.ranked),
            }
        places = {leg: [snapshot.locate(ordinal) for ordinal in list(scores)[:limit]] for leg, scores in legs.items()}
        return {leg: [(record.document_id, number) for record, number in found] for leg, found in places.items()}

    def passages_of(self, document_id: str, numbers: Sequence[int]) -> list[Passage]:
        """Paragraphs of one document as passages without ranks, for answers about the document itself."""
        with self._readers.reading():
            snapshot = self._snapshot
            record = next((r for r in snapshot.records if r.document_id == document_id), None)
            if record is None:
                return []
            found = self._store.paragraphs([row_id(record.prefix, number) for number in numbers])
        ordered = sorted(found.values(), key=lambda paragraph: paragraph.number)
        return [Passage(paragraph, record.source, 0.0, Ranks()) for paragraph in ordered]

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [as_node(passage) for passage in self.search(query_bundle.query_str).passages]

    def _rank(
        self,
        snapshot: Snapshot,
        query: str,
        near_second: Sequence[Near],
        allowed: Mask,
        among: Sequence[str] | None,
        masked: int,
        most_read: int,
        clock: _Clock,
    ) -> _Ranked:
        with clock.timing("lexical"):
            words = _leg(snapshot.index.words.scores(terms.stems(query)), allowed, snapshot)
            grams = _leg(snapshot.index.grams.scores(terms.grams(query)), allowed, snapshot)
        dense: dict[int, float] = {}
        shredding = self._shredding(snapshot, query, words)
        if shredding <= self._learned.shredding_limit:
            with clock.timing("embed"):
                unit = self._vector(query)
            with clock.timing("dense"):
                dense = _dense(snapshot, self._near(snapshot, unit, among, masked), allowed)
        legs = _Legs(words, grams, dense, _dense(snapshot, near_second, allowed))
        named = legs.named()
        reads = self._reader is not None and bool(dense)
        candidates = pool(named, READ_FROM if reads else CANDIDATES)
        with clock.timing("fetch"):
            paragraphs = self._fetch(snapshot, candidates)
        with clock.timing("fuse"):
            present = [candidate for candidate in candidates if candidate in paragraphs]
            inquiry = inquire(query, self._rarity(snapshot), truncated=not dense)
            table = self._described(inquiry, legs, named, present, paragraphs)
            logits = self._logits(table, legs)
        readings: dict[int, Reading] = {}
        if reads:
            with clock.timing("read"):
                best = [present[i] for i in np.argsort(-logits, kind="stable")[:most_read]]
                readings = self._read(snapshot, inquiry, best, paragraphs, allowed)
                table, logits = self._with_readings(table, readings)
        passages, features = _in_order(table, logits, legs, named)
        by_key = {paragraphs[ordinal][1].key: reading for ordinal, reading in readings.items()}
        return _Ranked(passages, features, bool(dense), shredding, by_key)

    def _vector(self, query: str) -> Vectors:
        if self._embedder.fits(query):
            unit: Vectors = self._embedder.vectors([query])[0]
            return unit
        return np.array(self._embedder.get_query_embedding(query), dtype=np.float32)

    def _shredding(self, snapshot: Snapshot, query: str, words: dict[int, float]) -> float:
        """How finely the embedder's vocabulary cuts the texts that the words leg found: above a limit they are
        in no language it was trained on. Where no word is found, the question alone tells."""
        found = list(words)[:10]
        if found:
            return float(snapshot.index.shredding[found].mean())
        return self._embedder.shredding(query)

    def _near(self, snapshot: Snapshot, vector: Vectors, among: Sequence[str] | None, masked: int) -> Sequence[Near]:
        return self._store.nearest(vector, _needed(snapshot, masked), among)

    def _rarity(self, snapshot: Snapshot) -> Callable[[str], float]:
        return lambda stem: snapshot.rarity(stem, self._embedder.commonness(stem))

    def rarity(self, stem: str) -> float:
        """How much a term tells in the current documents."""
        return self._rarity(self._snapshot)(stem)

    def _fetch(self, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, tuple[Record, Paragraph]]:
        places = {ordinal: snapshot.locate(ordinal) for ordinal in ordinals}
        keys = {ordinal: row_id(record.prefix, number) for ordinal, (record, number) in places.items()}
        found = self._remembered(list(keys.values()))
        return {o: (places[o][0], found[key]) for o, key in keys.items() if key in found}

    def _remembered(self, row_ids: Sequence[str]) -> dict[str, Paragraph]:
        """Paragraphs by row id. A row id names a revision, so what it stands for never changes."""
        memory = self._paragraphs
        if len(memory) > REMEMBERED:
            # A new one, not the old one emptied: another thread may be reading from that.
            memory = self._paragraphs = {}
        memory.update(self._store.paragraphs([key for key in row_ids if key not in memory]))
        return {key: memory[key] for key in row_ids if key in memory}

    def _described(
        self,
        inquiry: Inquiry,
        legs: _Legs,
        named: dict[str, dict[int, float]],
        candidates: list[int],
        paragraphs: dict[int, tuple[Record, Paragraph]],
    ) -> _Table:
        """The candidates with their features; that of the reader is 0 until it has read."""
        rows = np.zeros((len(candidates), len(RANKING_FEATURES)), dtype=np.float32)
        for i, ordinal in enumerate(candidates):
            record, paragraph = paragraphs[ordinal]
            context = stems_of(context_of(record.title, paragraph), inquiry.truncated)
            scores = [named.get(leg, {}).get(ordinal, 0.0) for leg in ("dense", "words", "grams")]
            legs_of_one = (*scores, legs.dense.get(ordinal, 0.0))
            rows[i, :4] = legs_of_one
            rows[i, 4:8] = legs_of_one if inquiry.is_typed else 0.0
            rows[i, 8:_READER] = paragraph_features(inquiry, view_sentences(paragraph.text, inquiry.truncated), context)
        return _Table(candidates, [paragraphs[ordinal] for ordinal in candidates], rows)

    def _logits(self, table: _Table, legs: _Legs) -> Scores:
        model = self._learned.ranking if legs.dense else self._learned.ranking_without_dense
        logits: Scores = model.scores(table.rows) - table.penalties
        return logits

    def _read(
        self,
        snapshot: Snapshot,
        inquiry: Inquiry,
        ordinals: Sequence[int],
        paragraphs: dict[int, tuple[Record, Paragraph]],
        allowed: Mask,
    ) -> dict[int, Reading]:
        """What the reader makes of these paragraphs; in its time, the first of them at least."""
        assert self._reader is not None
        texts = self._passage_texts(snapshot, inquiry, ordinals, paragraphs, allowed)
        read = self._reader.read(inquiry.question, texts, seconds=self._seconds)
        return {ordinal: one for ordinal, one in zip(ordinals, read, strict=True) if one is not None}

    def _passage_texts(
        self,
        snapshot: Snapshot,
        inquiry: Inquiry,
        ordinals: Sequence[int],
        paragraphs: dict[int, tuple[Record, Paragraph]],
        allowed: Mask,
    ) -> list[PassageText]:
        brief = {ordinal for ordinal in ordinals if len(paragraphs[ordinal][1].text) < BRIEF}
        beside = {n for ordinal in brief for n in (ordinal - 1, ordinal + 1) if 0 <= n < snapshot.size}
        near = paragraphs | self._fetch(snapshot, sorted(beside - paragraphs.keys()))

        def words_of(neighbour: int, ordinal: int) -> str:
            if ordinal not in brief or neighbour not in near or near[neighbour][0] is not near[ordinal][0]:
                return ""
            # What may not be found is not read either.
            return near[neighbour][1].text if allowed[neighbour] else ""

        def text_of(ordinal: int) -> PassageText:
            record, paragraph = paragraphs[ordinal]
            context = context_of(record.title, paragraph)
            return PassageText(
                text=paragraph.text,
                context=context,
                before=words_of(ordinal - 1, ordinal),
                after=words_of(ordinal + 1, ordinal),
                windows=self._windows(inquiry, context, paragraph.text),
            )

        return [text_of(ordinal) for ordinal in ordinals]

    def _windows(self, inquiry: Inquiry, context: str, text: str) -> tuple[Span, ...]:
        """The windows of a long paragraph that hold the most words of the question, in reading order."""
        if len(text) <= LONG:
            return ()
        windows = self._embedder.cut([text], [self._embedder.clipped(context)])[0].windows
        telling = sorted(windows, key=lambda window: -len(stems_of(window.of(text)) & set(inquiry.stems)))
        return tuple(sorted(telling[:MOST_WINDOWS], key=lambda window: window.start))

    def _with_readings(self, table: _Table, readings: Mapping[int, Reading]) -> tuple[_Table, Scores]:
        """Only what was read, ranked by what was read too."""
        read = [i for i, ordinal in enumerate(table.ordinals) if ordinal in readings]
        chosen = _Table([table.ordinals[i] for i in read], [table.paragraphs[i] for i in read], table.rows[read])
        relevances = [readings[ordinal].relevance for ordinal in chosen.ordinals]
        chosen.rows[:, _READER] = np.clip(relevances, -MOST_CERTAIN, MOST_CERTAIN)
        return chosen, self._learned.ranking_read.scores(chosen.rows) - chosen.penalties


@dataclass(frozen=True, slots=True)
class _Table:
    """Candidates to be ordered: their ordinals, what they are, and their features `[n, len(RANKING_FEATURES)]`."""

    ordinals: list[int]
    paragraphs: list[tuple[Record, Paragraph]]
    rows: Features

    @property
    def penalties(self) -> Scores:
        return np.array([ROLE_PENALTY.get(p.role, 0.0) for _, p in self.paragraphs], dtype=np.float32)


def _in_order(
    table: _Table, logits: Scores, legs: _Legs, named: dict[str, dict[int, float]]
) -> tuple[list[Passage], Features]:
    """The candidates as passages, the likeliest first."""
    belief = probabilities(logits)
    ranks = {leg: {o: i for i, o in enumerate(scores, start=1)} for leg, scores in named.items()}
    # Where no word is shared and no cosine known, a second embedder alone tells them apart.
    order = sorted(
        range(len(table.ordinals)),
        key=lambda i: (-belief[i], -legs.second.get(table.ordinals[i], -1.0), table.ordinals[i]),
    )
    passages = [
        Passage(
            table.paragraphs[i][1],
            table.paragraphs[i][0].source,
            float(belief[i]),
            Ranks(*(ranks.get(leg, {}).get(table.ordinals[i]) for leg in ("dense", "words", "grams"))),
            legs.dense.get(table.ordinals[i]),
        )
        for i in order
    ]
    return passages, table.rows[order]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a second embedder found near each query, or nothing; `trouble` says what went wrong."""

    near: Sequence[Sequence[Near]] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class _Ranked:
    passages: list[Passage]
    features: Features
    dense_used: bool
    shredding: float
    readings: Mapping[Key, Reading]


def as_node(passage: Passage) -> NodeWithScore:
    """A passage as LlamaIndex's own noun, with its place in the metadata."""
    paragraph = passage.paragraph
    metadata: dict[str, Any] = {
        "document": paragraph.document_id,
        "paragraph": paragraph.number,
        "title": passage.source.title,
        "role": paragraph.role.value,
        "heading": " › ".join(paragraph.heading),
    }
    node = TextNode(
        id_=f"{paragraph.document_id}#{paragraph.number}",
        text=paragraph.text,
        metadata=metadata,
        start_char_idx=paragraph.start,
        end_char_idx=paragraph.end,
    )
    return NodeWithScore(node=node, score=passage.score)


def _leg(scores: Scores, allowed: Mask, snapshot: Snapshot) -> dict[int, float]:
    scores = np.where(allowed, scores, 0)
    depth = LEG_DEPTH + LEG_DEPTH // 2
    found: dict[int, float] = {}
    while True:
        ordered = top(scores, depth)
        found |= {ordinal: float(scores[ordinal]) for ordinal in snapshot.collapse(ordered)}
        if len(found) >= LEG_DEPTH or len(ordered) < depth:
            return dict(list(found.items())[:LEG_DEPTH])
        # However many places a text has, they do not keep the other texts out.
        scores[snapshot.equal_to(ordered)] = 0


def _ask(
    second: SecondEmbedder, snapshot: Snapshot, queries: Sequence[str], among: Sequence[str] | None, masked: int
) -> _Asked:
    """What a second embedder finds near each query; nothing where its vectors do not cover this snapshot yet, or
    where it fails."""
    if not second.covers(snapshot.generation):
        return _Asked()
    needed = _needed(snapshot, masked)
    try:
        return _Asked([second.nearest(second.query_vector(query), needed, among) for query in queries])
    except (EmbeddingError, IndexMismatchError) as error:
        return _Asked(trouble=str(error))


def _needed(snapshot: Snapshot, masked: int) -> int:
    """How many texts to ask for, as titles and parts of long paragraphs come along, so that LEG_DEPTH paragraphs are
    left."""
    return int(1.5 * LEG_DEPTH / max(snapshot.ranked_share, 0.25)) + masked


def _dense(snapshot: Snapshot, near: Sequence[Near], allowed: Mask) -> dict[int, float]:
    """The cosines of the paragraphs that hold texts, by ordinal, best first; a text of another generation leads
    nowhere."""
    best: dict[int, float] = {}
    held = snapshot.holders([text_hash for text_hash, _ in near], allowed)
    for ordinals, (_, similarity) in zip(held, near, strict=True):
        for ordinal in ordinals:
            best[ordinal] = max(similarity, best.get(ordinal, -1.0))
    ordered = sorted(best, key=lambda ordinal: (-best[ordinal], ordinal))
    return {ordinal: best[ordinal] for ordinal in snapshot.collapse(ordered)[:LEG_DEPTH]}


def _fuse_queries(ranked: Sequence[_Ranked], limit: int) -> tuple[tuple[Passage, ...], Features]:
    """The passages of several wordings of one question, by their mean belief."""
    if len(ranked) == 1:
        return tuple(ranked[0].passages[:limit]), ranked[0].features[:limit]
    total: dict[Key, float] = {}
    kept: dict[Key, tuple[Passage, Features]] = {}
    for one in ranked:
        for passage, row in zip(one.passages, one.features, strict=True):
            key = passage.paragraph.key
            total[key] = total.get(key, 0.0) + passage.score / len(ranked)
            # The last wording is the fullest: its ranks and features stand.
            kept[key] = (passage, row)
    order = sorted(total, key=lambda key: (-total[key], key))[:limit]
    passages = tuple(
        Passage(p.paragraph, p.source, total[key], p.ranks, p.similarity) for key in order for p in [kept[key][0]]
    )
    rows = np.array([kept[key][1] for key in order], dtype=np.float32).reshape(len(order), -1)
    return passages, rows


class _Clock:
    """Adds up the wall time of each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started
