"""The evidence for an answer: what was retrieved, its sentences, and how likely they answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from rag.answer.candidate import Candidate
from rag.answer.candidates import PASSAGES, candidates
from rag.answer.ended import BEGINNING, asks_for_the_former, said_end
from rag.answer.gate import GATE_FEATURES, Gate
from rag.answer.reasons import asks_why, gives_reason
from rag.domain import Answer, Citation, GateReading, Key, Passage, Question, last_citing, summed
from rag.index.embedder import Embedder
from rag.search.cross_encoder import READ_FEATURES, Reading
from rag.search.filing import years_in, years_of
from rag.search.followup import StandAlone, asks_of_the_told, expand, is_other_one, stands_alone, tells_who_said
from rag.search.languages import Languages
from rag.search.learned import Learned
from rag.search.parts import Part, parts_of
from rag.search.ranking import MOST_CERTAIN
from rag.search.referring import beside
from rag.search.retrieve import HybridRetriever, Retrieval
from rag.text import terms
from rag.text.identify import differ
from rag.text.overlap import Inquiry, coverage, seen_by
from rag.text.values import find_measured

_TWO = 2
"""Wordings of what was searched for: what was asked, and of what."""
_FEWEST_WORDS = 4
"""Of what tells why, or who: "New boat." is a label."""


class Rewriter(Protocol):
    """A model that words questions anew, for searching; None where it cannot be asked."""

    def condense(self, question: Question) -> StandAlone | None:
        """A follow-up made to stand alone."""

    def translate(self, question: str, *, texts: Sequence[str]) -> StandAlone | None:
        """A question in the language of these texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an answer stands on, before it is judged. `features` are those that the gate reads, by name; `usage` is what
    a model used to make the question stand alone."""

    retrieval: Retrieval
    inquiry: Inquiry
    candidates: tuple[Candidate, ...]
    features: Mapping[str, float]
    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Gathers evidence and says how certain it makes."""

    retriever: HybridRetriever
    embedder: Embedder
    learned: Learned
    gate: Gate
    languages: Languages

    def gather(self, question: Question, *, rewriter: Rewriter | None = None) -> Evidence:
        """Retrieval, its sentences and the gate's features. A follow-up is made to stand alone by a model, or by the
        question before, unless it is a whole question and answered as it is; what is asked in another language than the
        documents' is searched in theirs too, where there is a model."""
        alone = self._stand_alone(question, rewriter)
        if rewriter is None and alone.question is not None:
            if is_other_one(question.text):
                question = replace(question, text=alone.question, turns=(), without=_last_told(question))
                alone = StandAlone(None)
            elif stands_alone(question.text):
                as_asked = self.gather(replace(question, turns=()))
                if self.judged(as_asked).is_open:
                    return as_asked
                return max(as_asked, self._gather_as(question, alone, rewriter), key=self.certainty)
        return self._gather_as(question, alone, rewriter)

    def _gather_as(self, question: Question, alone: StandAlone, rewriter: Rewriter | None) -> Evidence:
        retrieval = self.retriever.search(question, expansion=alone.question)
        if rewriter is not None and (translated := _translated(alone.question or question.text, retrieval, rewriter)):
            alone = StandAlone(translated.question, summed(alone.usage, translated.usage))
            retrieval = self.retriever.search(question, expansion=alone.question) if alone.question else retrieval
        started = time.perf_counter()
        spoken_of = _spoken_of(question) if alone.question is not None else frozenset()
        told = _told(question) if alone.question is not None and asks_of_the_told(question.text) else ()
        read = [
            self._weigh(retrieval, inquiry, readings, spoken_of=spoken_of, told=told)
            for inquiry, readings in zip(retrieval.inquiries, retrieval.readings, strict=True)
        ]
        retrieval.seconds["sentences"] = time.perf_counter() - started
        # A follow-up is judged in both its wordings: the carried words may fit the passage and not the sentence.
        return replace(max(read, key=self.certainty), usage=alone.usage)

    def gather_parts(self, question: Question) -> list[tuple[Part, Evidence]]:
        """Each part of a question that asks several things, with its evidence; nothing for any other."""
        parts = parts_of(question.text)
        return [(part, self.gather(replace(question, text=part.alone))) for part in parts]

    def judged(self, evidence: Evidence) -> GateReading:
        """The gate's reading of it."""
        return self.gate.read(evidence.features, dense_used=evidence.retrieval.dense_used)

    def certainty(self, evidence: Evidence) -> float:
        """How likely the evidence holds the answer, 0 to 1."""
        return self.judged(evidence).score if evidence.retrieval.passages else 0.0

    def _stand_alone(self, question: Question, rewriter: Rewriter | None) -> StandAlone:
        if not question.turns:
            return StandAlone(None)
        alone = rewriter.condense(question) if rewriter is not None else None
        if alone is not None and alone.question is not None:
            return alone
        # What the model worded was no such question, or nothing at all: it is worded without one.
        return StandAlone(self.worded_alone(question), alone.usage if alone is not None else {})

    def worded_alone(self, question: Question) -> str | None:
        """A follow-up made to stand alone without a model; None where it does already."""
        earlier = _earlier(question) if question.turns else None
        return expand(question.text, earlier, _sentence_told(last_citing(question.turns))) if earlier else None

    def _weigh(
        self,
        retrieval: Retrieval,
        inquiry: Inquiry,
        readings: Mapping[Key, Reading],
        *,
        spoken_of: AbstractSet[str],
        told: Sequence[Citation],
    ) -> Evidence:
        passages = [*retrieval.passages, *retrieval.further]
        found = candidates(
            inquiry,
            passages,
            embedder=self.embedder if retrieval.dense_used else None,
            model=self.learned.sentences_read if readings else self.learned.sentences,
            readings=readings,
            spoken_of=spoken_of,
            ended=self._ended(inquiry.question, passages[:PASSAGES]),
        )
        if told:
            # What is asked behind a sentence is not told by it alone.
            others = [one for one in found if gives_reason(one.sentence.text) or not _is_among(one, told)]
            found = [one for one in others if one.words >= _FEWEST_WORDS] or found
        features = gate_features(inquiry, retrieval, found=found, readings=readings)
        return Evidence(retrieval=retrieval, inquiry=inquiry, candidates=tuple(found), features=features)

    def _ended(self, question: str, passages: Sequence[Passage]) -> frozenset[str]:
        """Of the documents of these passages those that say of themselves that they hold no more; none where the
        question asks for what was."""
        if asks_for_the_former(question):
            return frozenset()
        asked, read = years_in(question), self.retriever.passages_of
        sources = {one.paragraph.document_id: one.source for one in passages}
        others = [document for document, source in sources.items() if not years_of(document, source) & asked]
        beginnings = {one: [passage.paragraph for passage in read(one, BEGINNING)] for one in others}
        return frozenset(one for one, paragraphs in beginnings.items() if said_end(paragraphs))


def _spoken_of(question: Question) -> frozenset[str]:
    """The documents that the first sentence of the last answer was quoted from."""
    last = last_citing(question.turns)
    return frozenset(one.paragraph.document_id for one in last.statements[0].citations) if last else frozenset()


def _earlier(question: Question) -> str | None:
    """The question before, as it was searched for: the last one that was answered, and asked of something by itself;
    where only a document was asked for, that one. None where nothing was asked yet but for documents."""
    # What was refused, or only talked about, left nothing to lean on.
    answered = [turn for turn in question.turns if turn.answer.citations] or question.turns[-1:]
    last = answered[-1].answer
    titles = {citation.source.title for citation in last.citations}
    if last.gate is None and len(last.searched_for) < _TWO and len(titles) == 1:
        return beside("What is said", f"“{titles.pop()}”")
    facts = [one for one in answered if one.answer.gate is not None or len(one.answer.searched_for) >= _TWO]
    of_things = [turn for turn in facts if not asks_of_the_told(turn.question)] or facts
    return next(reversed(of_things[-1].answer.searched_for), of_things[-1].question) if of_things else None


def _sentence_told(answer: Answer | None) -> str:
    """What an answer that quotes something says first; of what may answer, the words in bold."""
    if answer is None:
        return ""
    first = answer.citations[0]
    return first.bold.shifted(-first.start).of(first.quote) if answer.is_uncertain and first.bold else first.quote


def _told(question: Question) -> Sequence[Citation]:
    """What the last answer quoted, but for what tells already who said or decided so."""
    last = last_citing(question.turns)
    asks_for_reason = asks_why(question.text)
    return tuple(
        one
        for one in (last.citations if last else ())
        if one.paragraph.speaker is None and (asks_for_reason or not tells_who_said(one.quote))
    )


def _last_told(question: Question) -> frozenset[Key]:
    """The paragraph that the last answer quoted first, beside what is left out anyway."""
    last = last_citing(question.turns)
    return question.without | {one.paragraph.key for one in (last.citations[:1] if last else ())}


def _is_among(candidate: Candidate, told: Sequence[Citation]) -> bool:
    """Whether a sentence was told."""
    key, span = candidate.passage.paragraph.key, candidate.span
    return any(one.paragraph.key == key and one.start < span.end and span.start < one.end for one in told)


def _translated(asked: str, retrieval: Retrieval, rewriter: Rewriter) -> StandAlone | None:
    """The question in the language of the passages; None where it is in that already, or nothing was retrieved."""
    texts = [passage.paragraph.text for passage in retrieval.passages]
    return rewriter.translate(asked, texts=texts) if differ([asked], texts) else None


def gate_features(
    inquiry: Inquiry, retrieval: Retrieval, *, found: Sequence[Candidate], readings: Mapping[Key, Reading]
) -> dict[str, float]:
    """GATE_FEATURES by name; zeros where nothing was found."""
    if not found or not len(retrieval.features):
        return dict.fromkeys(GATE_FEATURES, 0.0)
    best = found[0]
    sentence = best.features
    passages = retrieval.features
    everything = frozenset(stem for c in found for stem in c.sentence.present)
    return {
        "sentence coverage": sentence["coverage"],
        "context coverage": sentence["context coverage"],
        "whole coverage": float(passages["whole coverage"][:3].max()),
        "loose coverage": sentence["loose coverage"],
        "pairs": sentence["pairs"],
        "names": _names_told(inquiry, best),
        "missing weight": 1.0 - coverage(inquiry, everything),
        "passage cosine": float(passages["cosine"].max()),
        "sentence cosine": max(candidate.features["cosine"] for candidate in found[:3]),
        "sentence share": best.share,
        "passage share": retrieval.passages[0].score,
        "kind missing": sentence["kind missing"],
        "few terms": 1.0 / max(len(inquiry.weighted), 1),
        **_reader_features(readings),
        **{name: sentence[name] for name in READ_FEATURES},
    }


def _names_told(inquiry: Inquiry, best: Candidate) -> float:
    """Share of the names and numbers of the question that a sentence tells; all where it has none. A measure that it
    does not tell, "a 6 TB server", is the asker's own: no text knows it."""
    filed = years_of(best.passage.paragraph.document_id, best.passage.source)
    own = {stem for measure, _ in find_measured(inquiry.question) for stem in terms.stems(measure)} | filed
    (seen,) = seen_by(inquiry, [best.sentence])
    told = inquiry.names & seen.present
    asked = told | (inquiry.names - own)
    return len(told) / len(asked) if asked else 1.0


def _reader_features(readings: Mapping[Key, Reading]) -> dict[str, float]:
    relevances = sorted((reading.relevance for reading in readings.values()), reverse=True)
    bounded = np.clip(relevances, -MOST_CERTAIN, MOST_CERTAIN)
    return {
        "reader best": float(bounded[0]) if len(bounded) else 0.0,
        "reader second": float(bounded[1]) if len(bounded) > 1 else -MOST_CERTAIN if len(bounded) else 0.0,
        "reader sum": float(np.logaddexp.reduce(bounded)) if len(bounded) else 0.0,
    }
