"""A question in another language than the documents: the sentence of theirs that means most like it.

Its words cannot be compared with theirs, and the reader knows English alone. So what is found is never more than what
may answer, and how likely that is was fitted on cosines alone (`evals/fitting/fit_foreign.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.answerable import is_telling
from rag.answer.candidate import Candidate
from rag.answer.candidates import NOT_PROSE
from rag.answer.extract import in_its_place
from rag.answer.gate import likelihood
from rag.answer.mentions import unknown_identifiers
from rag.answer.outcomes import FOREIGN, abstaining, noted, possible
from rag.answer.quoting import statement_of, unmarked
from rag.answer.verify import settle
from rag.documents.context import display
from rag.domain import Answer, Confidence, GateReading, Passage, Question, Span, Statement
from rag.search.languages import Languages
from rag.search.learned import learned_content, linear_from
from rag.text.identify import is_foreign
from rag.text.overlap import Inquiry, view_sentences
from rag.text.units import is_without_stops

FOREIGN_FEATURES = ("passage", "lead", "sentence")
"""The cosine of the best passage, how far it leads the mean of the others, and the cosine of the sentence."""

READ = 5
"""Passages whose sentences are looked at."""

OF_PARAGRAPH = 2.0
"""How much the cosine of its paragraph weighs beside a sentence's own."""

_FEWEST, _USUAL = 4, 0.77
"""Passages that the best one is compared with, at least, and about what cosine they have, for where there are fewer."""

_NEVER = 1.0
PREPARING = "Reading your documents once more, for questions in other languages…"
_IN_THEIRS = (
    "Most of your documents are in another language than your question: ask in theirs, or with a model, which "
    "translates."
)
_LATER = (
    "{which} in another language than your question, or in one that takes a second look. For that they have to be read "
    "once more: ask again in a while, or run `ibid ingest` first."
)
_MOST, _SOME = "Your documents are", "Some of your documents are"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The sentence of some passages that means most like a question, and what is known of it (FOREIGN_FEATURES)."""

    candidate: Candidate
    features: dict[str, float]

    def reading(self, share: float) -> GateReading:
        """How likely it answers, where its documents are that share of all: the fewer they are, the less is an answer
        theirs. It is never given as the answer: no word of it was compared."""
        described = learned_content()["foreign"]
        model = linear_from(described["model"], FOREIGN_FEATURES)
        alone = likelihood(self.features, model)
        odds = alone / max(1.0 - alone, 1e-9) * share
        return GateReading(odds / (1.0 + odds), _NEVER, float(described["floor"]))


def across_languages(question: Question, answer: Answer, *, inquiry: Inquiry, languages: Languages) -> Iterator[Answer]:
    """The finished answer that stands without this; where it is none, or no more than possible, and documents are in
    another language than the question or than English, what they say instead if that is likelier."""
    foreign = languages.foreign_to(question) if answer.confidence is not Confidence.HIGH else []
    if not foreign:
        yield answer
        return
    differ = any(one.differ and one.are_most for one in foreign)
    if not languages.can_be_made:
        yield noted(answer, _IN_THEIRS) if answer.abstained and differ else answer
        return
    if languages.can_catch_up(foreign):
        yield replace(answer, statements=(), abstained=False, closest=(), notice=PREPARING, complete=False)
        languages.complete()
    if not languages.cover(foreign):
        later = _LATER.format(which=_MOST if foreign[0].are_most else _SOME)
        yield noted(answer, later) if answer.abstained or differ else answer
        return
    nearest = [replace(answer, passages=tuple(languages.nearest(question, one))) for one in foreign]
    found = _likeliest(
        [
            _quoted(one, inquiry=inquiry, languages=languages, share=group.share)
            for one, group in zip(nearest, foreign, strict=True)
        ]
    )
    if found is not None and (differ or _is_likelier(found, answer)):
        yield found
    elif answer.abstained and foreign[0].are_most:
        yield noted(abstaining(nearest[0], question.scope), _IN_THEIRS if differ else None)
    else:
        yield answer


def _likeliest(found: Sequence[Answer | None]) -> Answer | None:
    return max((one for one in found if one is not None), key=_score, default=None)


def _is_likelier(found: Answer, answer: Answer) -> bool:
    """Than an answer that another embedder judged: where what is asked about stands nowhere in that one, it is."""
    return answer.abstained or bool(answer.unmentioned) or _score(found) > _score(answer)


def _score(answer: Answer) -> float:
    return answer.gate.score if answer.gate else 0.0


def nearest_across(question: Question, languages: Languages) -> list[list[Passage]]:
    """For a model: what means most like a question in documents that the shipped embedder cannot compare with it;
    nothing where there are none, nor while many vectors are missing."""
    foreign = languages.foreign_to(question) if languages.can_be_made else []
    if foreign and languages.can_catch_up(foreign):
        languages.complete()
    return [languages.nearest(question, one) for one in foreign]


def _quoted(answer: Answer, *, inquiry: Inquiry, languages: Languages, share: float) -> Answer | None:
    """What may answer, quoted from one of its passages, which are of that share of the documents; None where none is
    near."""
    told = most_alike(inquiry, answer.passages, languages=languages)
    if told is None or unknown_identifiers(answer.question, [one.paragraph.text for one in answer.passages]):
        return None
    reading = told.reading(share)
    if not reading.is_possible:
        return None
    found = replace(answer, gate=reading, abstained=False, unmentioned=())
    shown = possible(found, [settle(_in_its_place(told.candidate))], are_alternatives=True)
    document = told.candidate.passage.paragraph.document_id
    texts = [one.paragraph.text for one in answer.passages if one.paragraph.document_id == document]
    # Among documents in several languages it may be one in that of the question.
    return noted(shown, FOREIGN if is_foreign(answer.question, texts) else None)


def _in_its_place(candidate: Candidate) -> Statement:
    """A sentence in bold between those around it; where a text has none, a clause of it, as what it tells may begin or
    end in its neighbours."""
    alone, paragraph = unmarked(statement_of(candidate, 1)), candidate.passage.paragraph
    if not is_without_stops(candidate.sentence.text):
        return in_its_place(candidate, shares={})
    around = candidate.sentences[max(candidate.index - 1, 0) : candidate.index + 2]
    whole = Span(around[0].span.start, around[-1].span.end).shifted(paragraph.start)
    citation = replace(candidate.passage.cited(whole, 1), bold=candidate.span)
    return replace(alone, text=display(citation.quote), citations=(citation,))


def most_alike(inquiry: Inquiry, passages: Sequence[Passage], *, languages: Languages) -> Told | None:
    """The sentence of the first passages that means most like the question; None where they have none."""
    candidates = [
        candidate
        for passage in [one for one in passages if one.paragraph.role not in NOT_PROSE][:READ]
        for candidate in _sentences(passage)
        if is_telling(candidate, inquiry)
    ]
    if not candidates:
        return None
    alike = languages.likenesses(inquiry.question, texts=[one.sentence.text for one in candidates])
    weighed = [own + OF_PARAGRAPH * (one.passage.similarity or 0.0) for own, one in zip(alike, candidates, strict=True)]
    best = max(range(len(weighed)), key=weighed.__getitem__)
    return Told(candidate=candidates[best], features=_features(passages, sentence=alike[best]))


def _sentences(passage: Passage) -> list[Candidate]:
    sentences = view_sentences(passage.paragraph.text, truncated=True)
    return [Candidate(passage=passage, sentences=sentences, index=i) for i in range(len(sentences))]


def _features(passages: Sequence[Passage], *, sentence: float) -> dict[str, float]:
    first, *others = [passage.similarity or 0.0 for passage in passages]
    others += [_USUAL] * (_FEWEST - len(others))
    mean = sum(others) / len(others)
    return {"passage": first, "lead": first - mean, "sentence": sentence}
