"""An answer without a model: whole sentences of the documents, chosen, never written.

The best one or two sentences of the best passages, each cited by its exact span. A second sentence comes only
if it is likely in its own right; a sentence that leans on the one before it ("He added …") brings that one
along; where two sources give different numbers for what was asked, both are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import regex

from rag.documents.context import context_of, display
from rag.documents.voices import is_signature, lead_of
from rag.domain import Citation, Passage, Role, Span, Statement
from rag.index.embedding import MiniLM
from rag.index.snapshot import Key
from rag.search.cross_encoder import NO_EVIDENCE, READ_FEATURES, Reading
from rag.search.fusion import probabilities
from rag.search.learned import Linear
from rag.text import terms
from rag.text.overlap import (
    SENTENCE_FEATURES,
    Inquiry,
    SentenceView,
    coverage,
    sentence_features,
    stems_of,
    view_sentences,
)
from rag.text.values import amounts

Features = npt.NDArray[np.float32]

PASSAGES = 5
"""Passages whose sentences are looked at."""

MOST_SENTENCES = 24
"""Sentences that are embedded for a question; the others keep the cosine of their passage's best."""

MOST_WORDS = 60
"""Of an answer with a second sentence; a single long sentence is shown whole."""

ANSWER_FEATURES = (*SENTENCE_FEATURES, "belief", "cosine", *READ_FEATURES)

_CONTEXT_COVERAGE, _COSINE, _EVIDENCE = map(ANSWER_FEATURES.index, ("context coverage", "cosine", "evidence"))

_YEAR = regex.compile(r"(?<![\d.,])(?:1\d{3}|20\d{2})(?![\d.,]\d|\d)")
_SAME_EVENT = 0.75
_ALIKE = 0.6
_SECOND_AT = 0.05
_NOT_PROSE = (Role.BOILERPLATE, Role.BYLINE)
_MARKER = regex.compile(r"(?:[•▪●◦‣⁃·*–—-]|\(?\d{1,4}[.)])\s+(?=\S)")
_LEANING = regex.compile(
    r"(?i)^[\"“'‘(]?(?:he|she|it|they|this|that|these|those|his|her|its|their|such|both|the former|the latter|there|then|"
    r"however|instead|moreover|furthermore|also|but|and|so|yet|thus|therefore|as a result|likewise|meantime|meanwhile)\b"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage that could be the answer. `share` is its part of the belief, 0 to 1."""

    passage: Passage
    sentences: tuple[SentenceView, ...]
    index: int
    features: Features
    share: float = 0.0

    @property
    def sentence(self) -> SentenceView:
        return self.sentences[self.index]

    @property
    def span(self) -> Span:
        """The sentence with its predecessor where it leans on it, in the document's coordinates."""
        first = self.index
        if first > 0 and _LEANING.match(self.sentence.text):
            first -= 1
        start = self.sentences[first].span.start
        if first == 0:
            # A bullet or a comment's number belongs to the paragraph, not to what it says.
            marker = _MARKER.match(self.passage.paragraph.text, start)
            start = marker.end() if marker and marker.end() < self.sentence.span.end else start
        return Span(start, self.sentence.span.end).shifted(self.passage.paragraph.start)

    @property
    def evidence(self) -> float:
        """The reader's log-odds that this sentence answers; 0 where it read nothing."""
        return float(self.features[_EVIDENCE])

    @property
    def was_read(self) -> bool:
        return self.evidence != 0.0

    @property
    def words(self) -> int:
        start = self.passage.paragraph.start
        return len(self.span.shifted(-start).of(self.passage.paragraph.text).split())


def candidates(
    inquiry: Inquiry,
    passages: Sequence[Passage],
    embedder: MiniLM | None,
    model: Linear,
    readings: Mapping[Key, Reading] = MappingProxyType({}),
) -> list[Candidate]:
    """The sentences of the best passages, most likely first. `embedder` is None where it does not know the
    language; then the sentences are judged by their words alone. `readings` tell what the reader made of the
    passages, by the paragraph's key."""
    usable = [p for p in passages if p.paragraph.role not in _NOT_PROSE][:PASSAGES] or list(passages[:PASSAGES])
    found: list[Candidate] = []
    for passage in usable:
        sentences = view_sentences(passage.paragraph.text, inquiry.truncated)
        context = stems_of(context_of(passage.source.title, passage.paragraph), inquiry.truncated)
        rows = sentence_features(inquiry, sentences, context)
        belief = np.log(max(passage.score, 1e-4))
        read = _read_features(sentences, readings.get(passage.paragraph.key), bool(readings))
        for i in range(len(sentences)):
            features = np.concatenate([rows[i], np.array([belief, 0.0], dtype=np.float32), read[i]])
            found.append(Candidate(passage, sentences, i, features))
    if embedder is not None:
        found = _with_cosines(inquiry.question, found, embedder)
    if not found:
        return []
    telling = [candidate for candidate in found if _tells(candidate)] or found
    shares = probabilities(model.scores(np.stack([candidate.features for candidate in telling])))
    shared = [replace(candidate, share=float(share)) for candidate, share in zip(telling, shares, strict=True)]
    return sorted(shared, key=lambda c: (-c.share, c.passage.paragraph.key, c.index))


def extract(inquiry: Inquiry, ranked: Sequence[Candidate]) -> tuple[Statement, ...]:
    """One or two statements, each a verbatim sentence with its citation; their verdict is still pending.

    `ranked` is not empty. Conflicting numbers for what was asked come as two statements that name each other.
    """
    best = ranked[0]
    rival = _disagreeing(inquiry, best, ranked[1:])
    if rival is not None:
        first, second = _statement(best, 1), _statement(rival, 2)
        return replace(first, conflicts_with=(1,)), replace(second, conflicts_with=(0,))
    second_best = _second(best, ranked[1:])
    chosen = [best] if second_best is None else [best, second_best]
    return tuple(_statement(candidate, mark) for mark, candidate in enumerate(chosen, start=1))


def _read_features(sentences: Sequence[SentenceView], reading: Reading | None, has_read: bool) -> Features:
    """`[len(sentences), len(READ_FEATURES)]`."""
    rows = np.zeros((len(sentences), len(READ_FEATURES)), dtype=np.float32)
    for i, sentence in enumerate(sentences if has_read else ()):
        rows[i] = (
            (NO_EVIDENCE, NO_EVIDENCE, 0.0)
            if reading is None
            else (
                max(reading.evidence_in(sentence.span), NO_EVIDENCE),
                max(reading.strongest_in(sentence.span), NO_EVIDENCE),
                reading.begins_in(sentence.span),
            )
        )
    return rows


def _with_cosines(question: str, found: list[Candidate], embedder: MiniLM) -> list[Candidate]:
    """Add to each candidate the cosine of question and sentence. Only the likeliest are embedded."""
    order = sorted(range(len(found)), key=lambda i: (-float(found[i].features[_CONTEXT_COVERAGE]), i))[:MOST_SENTENCES]
    texts = [question[:1000], *(found[i].sentence.text[:1000] for i in order)]
    vectors = embedder.remembered(texts)
    cosines = vectors[1:] @ vectors[0]
    features = [candidate.features.copy() for candidate in found]
    for row in features:
        row[_COSINE] = cosines.min()
    for i, cosine in zip(order, cosines, strict=True):
        features[i][_COSINE] = cosine
    return [replace(candidate, features=row) for candidate, row in zip(found, features, strict=True)]


def _tells(candidate: Candidate) -> bool:
    """“If a fire starts:” announces an answer and is none, and neither is “Regards, Michael”."""
    sentence = candidate.sentence.text
    if candidate.passage.paragraph.role is Role.COMMENT and is_signature(sentence):
        return False
    return not sentence.endswith(":") and any(map(str.isalnum, sentence))


def _second(best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """The next sentence that is likely in its own right, does not repeat the first and leaves the answer short. Of what
    the reader has read, it must say that this one answers too."""
    for other in others[:3]:
        if other.share < _SECOND_AT or (other.was_read and other.evidence <= 0):
            return None
        overlaps = other.passage.paragraph.key == best.passage.paragraph.key and (
            other.span.start < best.span.end and best.span.start < other.span.end
        )
        repeats = other.sentence.present <= best.sentence.present
        if not overlaps and not repeats and best.words + other.words <= MOST_WORDS:
            return other
    return None


def _disagreeing(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """A sentence of another paragraph that answers the same with another number, year or date."""
    elsewhere = [other for other in others[:8] if other.passage.paragraph.key != best.passage.paragraph.key]
    for other in elsewhere:
        if inquiry.kind == "number" and _other_number(inquiry, best, other):
            return other
        if inquiry.kind == "date" and _other_year(inquiry, best, other):
            return other
        if _same_but_for_a_value(inquiry, best, other):
            return other
    return None


def _same_but_for_a_value(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """Two sentences with nearly the same words, most of the question in both, and numbers that differ: "The daily
    allowance is €45" and "The daily allowance is €52"."""
    ours, theirs = ({a.value for a in amounts(one.sentence.text)} for one in (best, other))
    if not ours - theirs or not theirs - ours:
        return False
    words, others = ({stem for stem in one.sentence.present if stem.isalpha()} for one in (best, other))
    alike = len(words & others) / max(len(words | others), 1)
    return alike >= _ALIKE and coverage(inquiry, best.sentence.present & other.sentence.present) >= _SAME_EVENT


def _other_number(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """The same unit, none of the numbers in common, and nearly as much of the question in it."""
    ours, theirs = _asked_amounts(inquiry, best), _asked_amounts(inquiry, other)
    shared_units = {unit for _, unit in ours} & {unit for _, unit in theirs}
    if not shared_units or {v for v, u in ours if u in shared_units} & {v for v, u in theirs if u in shared_units}:
        return False
    covered = coverage(inquiry, best.sentence.present)
    return coverage(inquiry, other.sentence.present) >= max(0.75 * covered, 0.3)


def _other_year(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """None of the years in common, and every word of the question that the best sentence has: two events of one
    subject have their years each, and only the same words make them the same event."""
    ours, theirs = set(_YEAR.findall(best.sentence.text)), set(_YEAR.findall(other.sentence.text))
    if not ours or not theirs or ours & theirs:
        return False
    asked = set(inquiry.stems) & best.sentence.present
    return asked <= other.sentence.present and coverage(inquiry, frozenset(asked)) >= _SAME_EVENT


def _asked_amounts(inquiry: Inquiry, candidate: Candidate) -> set[tuple[float, str]]:
    """Numbers of the candidate whose unit the question names ("how many days": 13 days); for a question that
    names no unit found here, spans of time where it asks how long."""
    long = regex.search(r"(?i)\bhow long\b", inquiry.question) is not None
    times = set(terms.stemmed(["second", "minute", "hour", "day", "week", "month", "year", "decade", "century"]))
    wanted = set(terms.stems(inquiry.question)) | (times if long else set())
    return {(a.value, a.unit) for a in amounts(candidate.sentence.text) if a.unit is not None and a.unit in wanted}


def _statement(candidate: Candidate, mark: int) -> Statement:
    span = candidate.span
    citation = Citation(mark, candidate.passage.paragraph, candidate.passage.source, span.start, span.end)
    return Statement(display(citation.quote), (citation,), lead=lead_of(citation))
