"""A question about facts, from its evidence to its answer: quoted by code, or written by a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from rag.answer.foreign import across_languages, nearest_across
from rag.answer.gathering import Evidence, Gathering, Rewriter
from rag.answer.outcomes import abstaining, quoted
from rag.answer.sections import in_sections
from rag.answer.several import Asked, in_turn, joined
from rag.domain import Answer, Passage, Question
from rag.index.embedder import Embedder
from rag.search.parts import Part
from rag.text import dictionary
from rag.text.identify import language_by_words, likeliest_language

if TYPE_CHECKING:
    from rag.answer.writing import Writer


_ENGLISH = "en"
_LONG = 100
"""Words of a paragraph, for how likely it holds one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The evidence for a question and, where it asks several things, for each of its parts."""

    gathering: Gathering
    evidence: Evidence
    parts: Sequence[tuple[Part, Evidence]]

    @classmethod
    def of(cls, question: Question, *, gathering: Gathering, rewriter: Rewriter | None) -> Found:
        evidence = gathering.gather(question, rewriter=rewriter)
        return cls(gathering=gathering, evidence=evidence, parts=gathering.gather_parts(question))

    @property
    def searched_for(self) -> tuple[str, ...]:
        return (*self.evidence.retrieval.searched_for, *(part.inquiry.question for _, part in self.parts))

    @property
    def passages(self) -> list[Passage]:
        """All that was found, the best for each part first."""
        every = (self.evidence, *(part for _, part in self.parts))
        return in_turn([[*one.retrieval.passages, *one.retrieval.further] for one in every])


def answered(question: Question, found: Found, *, writer: Writer | None) -> Iterator[Answer]:
    """The answer that the evidence allows, as it grows. A model judges for itself whether the passages answer: the gate
    was fitted for quoting."""
    retrieval = found.evidence.retrieval
    answer = Answer(
        question=question.text,
        searched_for=tuple(dict.fromkeys((question.text, *found.searched_for))),
        missing_terms=retrieval.missing_terms,
        usage=found.evidence.usage,
        complete=False,
    )
    if not retrieval.passages:
        yield abstaining(answer, question.scope)
        return
    answer = replace(answer, passages=retrieval.passages, gate=found.gathering.judged(found.evidence))
    yield answer
    without_model = _quoted(answer, found, scope=question.scope)
    if writer is None:
        *grown, last = without_model
        yield from grown
        inquiry, languages = found.evidence.inquiry, found.gathering.languages
        yield from across_languages(question, last, inquiry=inquiry, languages=languages)
        return
    read = found.gathering.retriever.passages_of
    shown = in_turn([*nearest_across(question, found.gathering.languages), found.passages])
    given = in_sections(shown, read=read, tokens=writer.tokens, without=question.without)
    yield from writer.written(answer, quoted=without_model, given=given)


def _quoted(answer: Answer, found: Found, *, scope: frozenset[str] | None) -> Iterator[Answer]:
    """The answer in sentences of the documents, as it grows."""
    grown = _quoted_of(answer, found.evidence, gathering=found.gathering, scope=scope)
    if not found.parts:
        yield from grown
        return
    *_, whole = grown
    yield joined(whole, [_quoted_part(*one, gathering=found.gathering, scope=scope) for one in found.parts])


def _quoted_part(part: Part, evidence: Evidence, *, gathering: Gathering, scope: frozenset[str] | None) -> Asked:
    alone = Answer(question=evidence.inquiry.question, passages=evidence.retrieval.passages)
    *_, last = _quoted_of(alone, evidence, gathering=gathering, scope=scope)
    is_of_kind = not any(one.features["kind missing"] for one in evidence.candidates[:1])
    return Asked(part, last, is_of_kind)


def _quoted_of(
    answer: Answer, evidence: Evidence, *, gathering: Gathering, scope: frozenset[str] | None
) -> Iterator[Answer]:
    return quoted(
        answer,
        evidence,
        gate=gathering.judged(evidence),
        scope=scope,
        commonness=_commonness_in(evidence.inquiry.question, gathering.embedder),
        read=gathering.retriever.passages_of,
    )


def _commonness_in(question: str, embedder: Embedder) -> Callable[[str], float]:
    """How likely a paragraph in the language of a question holds a word: the shipped embedder's vocabulary tells that
    of English, a dictionary that of others."""

    @cache
    def language() -> str | None:
        by_words = language_by_words(question)
        return by_words if by_words == _ENGLISH else likeliest_language(question)

    def commonness(stem: str) -> float:
        known = embedder.commonness(stem)
        code = language()
        return known if code in (None, _ENGLISH) else max(known, _LONG * dictionary.share(stem, code))

    return commonness
