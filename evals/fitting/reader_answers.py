"""The whole way of a question to its sentences, as the product goes it, for every judged question: ranked, read, ranked
again, the sentences of the best five described. Each real collection by models that have not seen it.

python -m evals.fitting.reader_answers        writes asked.pkl, and knows what the other steps wrote
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from evals.fitting.fit_records import Asked, Kind, Sentence, write_asked
from evals.fitting.reader_batches import Lists
from evals.fitting.reader_lists import PREPARED, TRAINING
from evals.fitting.reader_ranking import READ, UNREAD, Array, Candidates, fit_apart, read_candidates
from evals.fitting.reader_windows import SEED, Floats, Searched, Windows, prepared_collections
from evals.fitting.training_texts import Gold, Origin
from rag.domain import Role
from rag.index.embedding import MiniLM
from rag.index.onnx import open_tokenizer
from rag.search.cross_encoder import MODELS, NO_EVIDENCE, Reading
from rag.search.fusion import probabilities
from rag.search.ranking import MOST_CERTAIN, ROLE_PENALTY
from rag.text.overlap import (
    SENTENCE_FEATURES,
    Inquiry,
    SentenceView,
    coverage,
    inquire,
    sentence_features,
    stems_of,
    view_sentences,
)

READ_AT_MOST = 30
"""Paragraphs that are read of a question."""
PASSAGES, BEST_COSINE_OF, BEST_COVERAGE_OF = 5, 10, 3
LEAST_SHARE = 1e-4
"""Of belief, where its logarithm is told."""
NOT_AMONG = 99
_LONGEST = 1000
"""Letters of a sentence that are embedded."""
_SILENT = (Role.BOILERPLATE, Role.BYLINE)

Places = npt.NDArray[np.int64]
"""Of candidates, in `Candidates`."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What is read of a question's candidates, in the order before and, with the share of belief of each, after it."""

    read: Places
    order: Places
    shares: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A sentence of one of the best passages, but for its cosine."""

    view: SentenceView
    paragraph: int
    role: Role
    features: Mapping[str, float]
    is_of_right: bool

    @property
    def tells(self) -> bool:
        text = self.view.text
        return not text.endswith(":") and any(map(str.isalnum, text)) and self.role not in _SILENT


class TokenScores:
    """What the reader said of each word piece of the windows that it liked best."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "out/scores.npz") as stored:
            self._pieces, self._ends = stored["tok"], stored["off"]
            keys = [(int(number), int(place)) for number, place in stored["keys"]]
        self._numbers = {key: i for i, key in enumerate(keys)}

    def of(self, number: int, place: int) -> Floats | None:
        """`[pieces, 3]` as `tokens` of the reader, of a window of an evaluated list; None where they were not kept."""
        at = self._numbers.get((number, place))
        return None if at is None else self._pieces[self._ends[at] : self._ends[at + 1]].astype(np.float32)


class Answers:
    """Questions of one collection, asked of all of it and of one document alone, with and without the right
    paragraphs. `first` is the number of its first window."""

    def __init__(self, windows: Windows, *, embedder: MiniLM, lists: Lists, first: int, scores: TokenScores) -> None:
        self._windows, self._embedder, self._first = windows, embedder, first
        self._lists, self._scores = lists, scores
        self._texts = windows.collection.texts
        self._rarity = Searched(windows.collection, embedder=embedder).rarity
        self._tokenizer = open_tokenizer(MODELS / "all-MiniLM-L6-v2" / "tokenizer.json")
        cases = windows.collection.cases
        # Of equal questions the first one's.
        self._golds = {
            one.question: () if one.origin is Origin.SWAPPED else tuple(one.golds) for one in reversed(cases)
        }

    def asked(self, one: Candidates, *, unread: Array, read: Array) -> Iterator[Asked]:
        """In each way that leaves a candidate. `unread` and `read` are weights of ranking."""
        ways = ((False, False), (True, False), (False, True), (True, True))
        for is_masked, is_scoped in ways if one.is_answerable else ((False, False), (False, True)):
            kept = self._kept(one, is_masked=is_masked, is_scoped=is_scoped)
            if len(kept):
                ordered = self._ordered(one, kept, unread=unread, read=read)
                kind = Kind.MASKED if is_masked else Kind.ANSWERABLE if one.is_answerable else Kind.UNANSWERABLE
                yield from self._described(one, ordered, kind=kind, is_scoped=is_scoped)

    def _kept(self, one: Candidates, *, is_masked: bool, is_scoped: bool) -> Places:
        kept = np.flatnonzero(~one.is_right) if is_masked else np.arange(len(one.is_right))
        if is_scoped:
            documents = np.array([self._texts[place].document for place in one.paragraphs])
            right = np.flatnonzero(one.is_right)
            kept = kept[documents[kept] == documents[right[0] if len(right) else 0]]
        return kept

    def _ordered(self, one: Candidates, kept: Places, *, unread: Array, read: Array) -> Ordered:
        likeliest = kept[np.argsort(-(one.features(UNREAD) @ unread)[kept], kind="stable")[:READ_AT_MOST]]
        penalties = [ROLE_PENALTY.get(self._texts[place].role, 0.0) for place in one.paragraphs[likeliest]]
        logits = (one.features(READ) @ read)[likeliest] - np.array(penalties)
        shares = np.exp(logits - logits.max())
        order = np.argsort(-logits, kind="stable")
        return Ordered(likeliest, likeliest[order], (shares / shares.sum())[order])

    def _described(self, one: Candidates, ordered: Ordered, *, kind: Kind, is_scoped: bool) -> Iterator[Asked]:
        """Nothing where there is no sentence to choose from."""
        question = self._lists.asked(one.number)
        inquiry = inquire(question, self._rarity)
        found = [
            sentence
            for at, share in zip(ordered.order[:PASSAGES], ordered.shares, strict=False)
            for sentence in self._sentences(one, int(at), share=float(share), inquiry=inquiry)
        ]
        if not found:
            return
        golds = () if kind is Kind.MASKED else self._golds[question]
        yield Asked(
            collection=one.collection,
            kind=kind,
            is_scoped=is_scoped,
            sentences=self._judged([one for one in found if one.tells] or found, question=question, golds=golds),
            relevances=np.clip(one.relevances[ordered.read], -MOST_CERTAIN, MOST_CERTAIN),
            gold_rank=next((rank for rank, at in enumerate(ordered.order) if one.is_right[at]), NOT_AMONG),
            has_names=bool(inquiry.names),
            terms=len(inquiry.weighted),
            missing_weight=1 - coverage(inquiry, frozenset().union(*(sentence.view.present for sentence in found))),
            passage_share=float(ordered.shares[0]),
            passage_cosine=float(one.column("cosine")[ordered.order[:BEST_COSINE_OF]].max()),
            whole_coverage=float(one.column("whole coverage")[ordered.order[:BEST_COVERAGE_OF]].max()),
        )

    def _sentences(self, one: Candidates, at: int, *, share: float, inquiry: Inquiry) -> Iterator[Found]:
        place = int(one.paragraphs[at])
        text = self._texts[place]
        views = view_sentences(text.text)
        described = sentence_features(inquiry, views, stems_of(text.context))
        readings = list(self._readings(one.number, place))
        for view, row in zip(views, described, strict=True):
            span = view.span
            features = {
                **dict(zip(SENTENCE_FEATURES, map(float, row), strict=True)),
                "belief": float(np.log(max(share, LEAST_SHARE))),
                "evidence": max([NO_EVIDENCE, *(of.evidence_in(span) for of in readings)]),
                "strongest evidence": max([NO_EVIDENCE, *(of.strongest_in(span) for of in readings)]),
                "begins": max([0.0, *(of.begins_in(span) for of in readings)]),
            }
            yield Found(
                view=view, paragraph=place, role=text.role, features=features, is_of_right=bool(one.is_right[at])
            )

    def _readings(self, number: int, place: int) -> Iterator[Reading]:
        """Of each window of a paragraph that was read."""
        for at, window in enumerate(self._lists.candidates[number]):
            scores = self._scores.of(number, at)
            if window < 0 or scores is None or self._windows.places[window - self._first][0] != place:
                continue
            span = self._windows.places[window - self._first][1]
            encoding = self._tokenizer.encode(span.of(self._texts[place].text), add_special_tokens=False)
            places = np.array(encoding.offsets[: len(scores)], np.float32).reshape(-1, 2) + np.float32(span.start)
            begins, ends, evidence = scores[: len(places)].T
            yield Reading(
                relevance=0.0,
                places=places,
                evidence=evidence,
                begins=probabilities(begins),
                ends=probabilities(ends),
            )

    def _judged(self, found: Sequence[Found], *, question: str, golds: Sequence[Gold]) -> list[Sentence]:
        texts = [question, *(one.view.text for one in found)]
        asked, *vectors = self._embedder.remembered([self._embedder.clipped(text[:_LONGEST]) for text in texts])
        # What a real collection has as its answer is where people would look for it, not what they have to see.
        needs_answer = not self._windows.collection.is_real
        return [
            Sentence(
                {**one.features, "cosine": float(vector @ asked)},
                one.is_of_right,
                any(gold.holds(one.paragraph, span=one.view.span, needs_answer=needs_answer) for gold in golds),
            )
            for one, vector in zip(found, vectors, strict=True)
        ]


def main() -> None:
    lists, embedder, scores = Lists(PREPARED), MiniLM(), TokenScores(PREPARED)
    candidates = read_candidates(PREPARED)
    unread, read = fit_apart(candidates, UNREAD), fit_apart(candidates, READ)
    of: dict[str, list[Candidates]] = defaultdict(list)
    for one in candidates:
        of[one.collection].append(one)
    asked: list[Asked] = []
    first = 0
    for collection in prepared_collections(TRAINING, Random(SEED)):
        windows = Windows(collection, embedder=embedder, cache=PREPARED / "cache")
        answers = Answers(windows, embedder=embedder, lists=lists, first=first, scores=scores)
        held = collection.name if collection.name in unread else None
        for one in of[collection.name]:
            asked += answers.asked(one, unread=unread[held], read=read[held])
        first += len(windows)
        print(collection.name, len(asked), flush=True)
    write_asked(PREPARED, asked, rankings=(unread[None], read[None]))


if __name__ == "__main__":
    main()
