"""An answer without a model: whole sentences of the documents, chosen, never written.

The best one or two sentences of the best passages, each cited by its exact span. A second sentence comes only
if it is likely in its own right; a sentence that leans on the one before it ("He added …") brings that one
along; where two sources give different numbers for what was asked, both are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import regex

from rag.documents.context import context_of, display
from rag.documents.voices import is_signature, lead_of
from rag.domain import Citation, Key, Passage, Role, Span, Statement
from rag.index.embedder import Embedder
from rag.search.cross_encoder import NO_EVIDENCE, READ_FEATURES, Reading
from rag.search.features import Features, Numbers, blank
from rag.search.filing import asks_for_the_newest, years_in, years_of
from rag.search.fusion import probabilities
from rag.search.learned import Linear
from rag.text import terms
from rag.text.names import names
from rag.text.overlap import (
    SENTENCE_FEATURES,
    Inquiry,
    SentenceView,
    coverage,
    sentence_features,
    stems_of,
    view_sentences,
)
from rag.text.units import cells_of
from rag.text.values import amounts

PASSAGES = 5
"""Passages whose sentences are looked at."""

MOST_SENTENCES = 24
"""Sentences that are embedded for a question; the others keep the cosine of their passage's best."""

ROW_NAMED = 3.0
"""Log-odds for a row with every name of the question."""

MOST_WORDS = 60
"""Of an answer with a second sentence; a single long sentence is shown whole."""

ANSWER_FEATURES = (*SENTENCE_FEATURES, "belief", "cosine", *READ_FEATURES)

_OF_BOTH = ("coverage", "loose coverage", "pairs", "names", "context coverage", "cosine", *READ_FEATURES)
"""Features of a question and its answer that stand for both together."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence of a passage that could be the answer. `features` is what is known of it (ANSWER_FEATURES), `share` how
    likely it is among the others, 0 to 1."""

    passage: Passage
    sentences: tuple[SentenceView, ...]
    index: int
    features: Mapping[str, float] = field(default_factory=dict)
    share: float = 0.0

    @property
    def sentence(self) -> SentenceView:
        return self.sentences[self.index]

    @property
    def span(self) -> Span:
        """The sentence with its predecessor where it leans on it, in the document's coordinates."""
        first = self.index
        if first > 0 and _LEANING.match(self.sentence.text) and not _asks(self.sentences[first - 1]):
            first -= 1
        start = self.sentences[first].span.start
        if first == 0:
            # A bullet or a comment's number belongs to the paragraph, not to what it says.
            marker = _MARKER.match(self.passage.paragraph.text, start)
            start = marker.end() if marker and marker.end() < self.sentence.span.end else start
        return Span(start, self.sentence.span.end).shifted(self.passage.paragraph.start)

    @property
    def is_answered_next(self) -> bool:
        """Whether it is a question, and the sentence after it in its paragraph is none."""
        after = self.sentences[self.index + 1 : self.index + 2]
        return _asks(self.sentence) and bool(after) and not _asks(after[0])

    @property
    def evidence(self) -> float:
        """The reader's log-odds that this sentence answers; 0 where it read nothing."""
        return self.features["evidence"]

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
    *,
    embedder: Embedder | None,
    model: Linear,
    readings: Mapping[Key, Reading] = MappingProxyType({}),
) -> list[Candidate]:
    """The sentences of the best passages, most likely first. `embedder` is None where it does not know the
    language; then the sentences are judged by their words alone. `readings` tell what the reader made of the
    passages, by the paragraph's key."""
    usable = [p for p in passages if p.paragraph.role not in _NOT_PROSE][:PASSAGES] or list(passages[:PASSAGES])
    found: list[Candidate] = []
    described: list[Numbers] = []
    for passage in usable:
        sentences = view_sentences(passage.paragraph.text, inquiry.truncated)
        found += [Candidate(passage=passage, sentences=sentences, index=i) for i in range(len(sentences))]
        described.append(_described(inquiry, passage, sentences, readings).values)
    if not found:
        return []
    features = Features(ANSWER_FEATURES, np.concatenate(described))
    if embedder is not None:
        features["cosine"] = _cosines(inquiry.question, found, features["context coverage"], embedder)
    _give_questions_to_their_answers(found, features)
    telling = [i for i, candidate in enumerate(found) if _tells(candidate)] or list(range(len(found)))
    chosen = features.at(telling)
    shares = probabilities(model.scores(chosen) + _policy(inquiry, [found[i] for i in telling]))
    shared = [
        replace(found[place], features=chosen.row(row), share=float(shares[row])) for row, place in enumerate(telling)
    ]
    return sorted(shared, key=lambda c: (-c.share, c.passage.paragraph.key, c.index))


def extract(inquiry: Inquiry, ranked: Sequence[Candidate]) -> tuple[Statement, ...]:
    """One or two statements, each a verbatim sentence with its citation; their verdict is still pending.

    `ranked` is not empty. Conflicting numbers for what was asked come as two statements that name each other.
    """
    best = ranked[0]
    rival = _disagreeing(inquiry, best, ranked[1:])
    if rival is not None:
        first, second = (
            _dated(_statement(one, mark)) for mark, one in enumerate(_meant(inquiry.question, best, rival), start=1)
        )
        return replace(first, conflicts_with=(1,)), replace(second, conflicts_with=(0,))
    second_best = _second(best, ranked[1:])
    chosen = [best] if second_best is None else [best, second_best]
    return tuple(_statement(candidate, mark) for mark, candidate in enumerate(chosen, start=1))


def _described(
    inquiry: Inquiry, passage: Passage, sentences: Sequence[SentenceView], readings: Mapping[Key, Reading]
) -> Features:
    """What is known of each sentence of a passage but its cosine."""
    features = blank(ANSWER_FEATURES, len(sentences))
    context = stems_of(context_of(passage.source.title, passage.paragraph), inquiry.truncated)
    features.put(SENTENCE_FEATURES, sentence_features(inquiry, sentences, context))
    features["belief"] = np.log(max(passage.score, 1e-4))
    if readings and sentences:
        reading = readings.get(passage.paragraph.key)
        features.put(READ_FEATURES, [_as_read(sentence, reading) for sentence in sentences])
    return features


def _as_read(sentence: SentenceView, reading: Reading | None) -> tuple[float, float, float]:
    """READ_FEATURES of a sentence; those of the least telling where its paragraph was not read."""
    if reading is None:
        return NO_EVIDENCE, NO_EVIDENCE, 0.0
    return (
        max(reading.evidence_in(sentence.span), NO_EVIDENCE),
        max(reading.strongest_in(sentence.span), NO_EVIDENCE),
        reading.begins_in(sentence.span),
    )


def _cosines(question: str, found: Sequence[Candidate], coverage: Numbers, embedder: Embedder) -> Numbers:
    """The cosine of the question and each sentence. Only those that cover most of it are embedded; the others get the
    least of theirs."""
    order = sorted(range(len(found)), key=lambda i: (-float(coverage[i]), i))[:MOST_SENTENCES]
    texts = [question[:1000], *(found[i].sentence.text[:1000] for i in order)]
    vectors = embedder.remembered(texts)
    cosines = vectors[1:] @ vectors[0]
    told = np.full(len(found), cosines.min(), dtype=np.float32)
    told[order] = cosines
    return told


def _policy(inquiry: Inquiry, candidates: Sequence[Candidate]) -> Numbers:
    """What is added to what was fitted: of a table the row that has every name of the question is the one that is
    meant. No training text has tables."""
    asked = inquiry.names
    named = [bool(asked) and one.sentence.is_row and asked <= one.sentence.present for one in candidates]
    return ROW_NAMED * np.array(named, dtype=np.float32)


def _tells(candidate: Candidate) -> bool:
    """“If a fire starts:” announces an answer and is none, and neither is “Regards, Michael”, a question that is
    answered right after it, or the names of a table's columns."""
    sentence = candidate.sentence
    if candidate.passage.paragraph.role is Role.COMMENT and is_signature(sentence.text):
        return False
    if sentence.is_header or candidate.is_answered_next:
        return False
    return not sentence.text.endswith(":") and any(map(str.isalnum, sentence.text))


def _give_questions_to_their_answers(found: Sequence[Candidate], features: Features) -> None:
    """What follows a question in its paragraph answers it: what is known of both is known of the answer."""
    kinds = [features.names.index(name) for name in _OF_BOTH]
    for i, candidate in enumerate(found):
        if candidate.is_answered_next:
            both = features.values[i : i + 2, kinds]
            features.values[i + 1, kinds] = both.max(axis=0)


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
        if _same_but_for_a_value(inquiry, best, other) and not _of_others(best, other):
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


def _of_others(best: Candidate, other: Candidate) -> bool:
    """Whether each speaks of somebody or something that the other does not name: two bikes have a price each."""
    ours, theirs = names(best.sentence.text), names(other.sentence.text)
    return bool(ours - theirs) and bool(theirs - ours)


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
    citation = Citation(
        mark=mark,
        paragraph=candidate.passage.paragraph,
        source=candidate.passage.source,
        start=span.start,
        end=span.end,
    )
    lead = lead_of(citation) or _columns_of(candidate)
    return Statement(text=display(citation.quote), citations=(citation,), lead=lead)


def _meant(question: str, best: Candidate, rival: Candidate) -> tuple[Candidate, Candidate]:
    """Two that differ: first the one of the year that is asked for, or the newer where the question wants the newest."""
    asked = years_in(question)
    ours, theirs = (years_of(one.passage.paragraph.document_id, one.passage.source) for one in (best, rival))
    if asked:
        return (rival, best) if theirs & asked and not ours & asked else (best, rival)
    days = best.passage.source.date, rival.passage.source.date
    is_newer = days[0] is not None and days[1] is not None and days[1] > days[0]
    return (rival, best) if is_newer and asks_for_the_newest(question) else (best, rival)


def _dated(statement: Statement) -> Statement:
    """With the date of its document in front, so that it is seen which of two is newer."""
    day = statement.citations[0].source.day
    return replace(statement, lead=statement.lead or f"{day}:") if day else statement


def _columns_of(candidate: Candidate) -> str | None:
    """What the cells of a row are, to read it by."""
    header = candidate.sentences[0]
    if not (candidate.sentence.is_row and header.is_header):
        return None
    return f"{' | '.join(cells_of(header.text.splitlines()[0]))}:"


def _asks(sentence: SentenceView) -> bool:
    return sentence.text.rstrip("*_\"'”’)").endswith(("?", "？", "؟"))
