"""Answers that a language model writes, and what stands in for one that cannot stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answer.evidence import DeclinedError, NotInDocumentsError, settled, stands
from rag.answer.generate import condense, generate
from rag.answer.outcomes import abstaining
from rag.domain import Answer, Question, summed
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


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that writes, and how much a term tells in the documents. `strict`: what no document says is left out."""

    llm: LLM
    rarity: Callable[[str], float]
    strict: bool

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

    def written(self, answer: Answer, *, quoted: Iterable[Answer], task: str = "") -> Iterator[Answer]:
        """The answer as the model writes it; what was `quoted` without it where nothing of that can stand."""
        written, cut = replace(answer, mode="generative", model=self.name), None
        try:
            for writing in generate(answer.question, answer.passages, self.llm, self.rarity, self.strict, task):
                usage = summed(answer.usage, writing.usage)
                written = replace(written, statements=writing.statements, usage=usage)
                cut = writing.cut
                if writing.statements:
                    yield written
        except NotInDocumentsError:
            yield abstaining(written)
            return
        except DeclinedError as error:
            yield from _instead(quoted, f"{self.name} declined: “{error}”", usage=written.usage)
            return
        except IbidError as error:
            if stands(written.statements):
                # What was shown stays; what was still open is marked.
                yield replace(settled(written), notice=f"The answer broke off: {error}", complete=True)
            else:
                yield from _instead(quoted, str(error), usage=written.usage)
            return
        if stands(written.statements):
            notice = _CUT[cut].format(name=self.name) if cut else written.notice
            yield replace(written, notice=notice, complete=True)
            return
        yield from _instead(quoted, f"What {self.name} wrote {_why(written)}.", usage=written.usage)


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
