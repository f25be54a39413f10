"""Answers that a language model writes, and what stands in for one that cannot stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answer.evidence import DeclinedError, NotInDocumentsError, Writing, settled, stands
from rag.answer.generate import generate
from rag.answer.outcomes import abstaining, possible, with_passages
from rag.answer.rewriting import condense, translate
from rag.domain import Answer, Confidence, Passage, Question, summed
from rag.errors import IbidError
from rag.search.followup import StandAlone
from rag.text.identify import differ

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_REMEMBERED_TURNS = 4
_CUT = {
    "length": "The answer was cut off: {name} wrote as much as it may.",
    "content_filter": "The answer was cut off by the filter of {name}.",
}
_LIKELY = 0.8
"""From here on the documents' own sentence is shown where the model found no answer. A policy: of those it would be
given without a model, so many are right."""
LONGEST_THOUGHT = 20_000
"""Characters of what a model thinks aloud that are kept."""
_MAY_BE = "{name} found no answer. This comes closest; read it in its place before you rely on it."
_IN_SPITE = "{name} found no answer, and says what comes closest; read it in its place before you rely on it."


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that writes, how much a term tells in the documents, and about how many `tokens` of them it is given at
    once. `strict`: what no document says is left out. `tells_thoughts`: what it thinks aloud is kept beside its
    answer."""

    llm: LLM
    rarity: Callable[[str], float]
    strict: bool
    tokens: int
    tells_thoughts: bool = False

    @property
    def name(self) -> str:
        """The model and, where it is elsewhere, the host it runs on."""
        host = getattr(self.llm, "host", None)
        return f"{self.llm.metadata.model_name} at {host}" if host else self.llm.metadata.model_name

    def condense(self, question: Question) -> StandAlone | None:
        """A follow-up made to stand alone; None where the server fails: the words of the question before do then, and
        if it is gone for good the answer will say so."""
        try:
            return condense(question.text, [turn.question for turn in question.turns[-_REMEMBERED_TURNS:]], self.llm)
        except IbidError:
            return None

    def translate(self, question: str, *, texts: Sequence[str]) -> StandAlone | None:
        """A question in the language of these texts; None where the server fails: it is searched as it was asked."""
        try:
            return translate(question, texts, self.llm)
        except IbidError:
            return None

    def written(
        self, answer: Answer, *, quoted: Iterable[Answer], given: Sequence[Passage] = (), task: str = ""
    ) -> Iterator[Answer]:
        """The answer as the model writes it of the passages that it is `given`, else of the answer's own; what was
        `quoted` without it where nothing of that can stand."""
        written, cut, refused = replace(answer, mode="generative", model=self.name), None, False
        given = given or answer.passages
        try:
            for writing in generate(answer.question, given, self.llm, self.rarity, self.strict, task):
                usage = summed(answer.usage, writing.usage)
                cited = {one.paragraph.key for statement in writing.statements for one in statement.citations}
                shown = with_passages(written, [one for one in given if one.paragraph.key in cited])
                written = self._thinking(replace(shown, statements=writing.statements, usage=usage), writing, given)
                cut, refused = writing.cut, writing.refused
                if writing.statements and not refused:
                    yield written
        except NotInDocumentsError:
            yield self._silent(written, quoted=quoted)
            return
        except DeclinedError as error:
            yield from _instead(quoted, f"{self.name} declined: “{error}”", usage=written.usage)
            return
        except IbidError as error:
            if stands(written.statements) and not refused:
                # What was shown stays; what was still open is marked.
                why = f"The answer broke off: {error}"
                yield replace(settled(written), notice=why, complete=True, cut="broken")
            else:
                yield from _instead(quoted, str(error), usage=written.usage)
            return
        if refused and written.statements:
            yield replace(possible(written, written.statements), notice=_IN_SPITE.format(name=self.name))
            return
        if stands(written.statements):
            told = _CUT[cut].format(name=self.name) if cut else written.notice
            yield replace(written, notice=told, complete=True, cut=cut)
            return
        yield from _instead(quoted, f"What {self.name} wrote {_why(written)}.", usage=written.usage)

    def _thinking(self, written: Answer, writing: Writing, given: Sequence[Passage]) -> Answer:
        """With what the model thought, if that is to be told: it may speak of all that it was given."""
        if not (self.tells_thoughts and writing.thought):
            return written
        named = dict.fromkeys([*written.named, *(one.paragraph.document_id for one in given)])
        return replace(written, reasoning=_shortened(writing.thought), named=tuple(named))

    def _silent(self, written: Answer, *, quoted: Iterable[Answer]) -> Answer:
        """An abstention, as the model found no answer; what is likely one without it, as what may be one."""
        *_, best = quoted
        is_likely = best.confidence is Confidence.HIGH and best.gate is not None and best.gate.score >= _LIKELY
        if not (is_likely and best.statements):
            return abstaining(written)
        return replace(possible(best, best.statements), notice=_MAY_BE.format(name=self.name), usage=written.usage)


def _shortened(thought: str) -> str:
    return thought if len(thought) <= LONGEST_THOUGHT else f"{thought[:LONGEST_THOUGHT].rstrip()} …"


def _why(written: Answer) -> str:
    """Why nothing of it is shown."""
    if not written.statements:
        return "says nothing of your documents"
    texts = [statement.text for statement in written.statements]
    if differ(texts, [passage.paragraph.text for passage in written.passages]):
        return "is in another language than your documents, and cannot be checked against them"
    return "could not be matched to your documents"


def _instead(quoted: Iterable[Answer], why: str, *, usage: Mapping[str, float]) -> Iterator[Answer]:
    """The extractive answer in place of a written one, and why; what that one used stays told."""
    for answer in quoted:
        instead = answer.notice or "These are sentences of the documents themselves."
        yield replace(answer, notice=f"{why} {instead}", usage=usage)
