"""Answers that a language model writes, and what stands in for one that cannot stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answer.evidence import NotInDocumentsError, settled
from rag.answer.generate import condense, generate
from rag.answer.outcomes import abstaining
from rag.domain import Answer, Question, Verdict, summed
from rag.errors import IbidError
from rag.search.followup import StandAlone

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_REMEMBERED_TURNS = 4


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
        written = replace(answer, mode="generative", model=self.name)
        try:
            for writing in generate(answer.question, answer.passages, self.llm, self.rarity, self.strict, task):
                usage = summed(answer.usage, writing.usage)
                written = replace(written, statements=writing.statements, usage=usage)
                if writing.statements:
                    yield written
        except NotInDocumentsError:
            yield abstaining(written)
            return
        except IbidError as error:
            if _stands(written):
                # What was shown stays; what was still open is marked.
                yield replace(settled(written), notice=f"The answer broke off: {error}", complete=True)
            else:
                yield from _instead(quoted, str(error), usage=written.usage)
            return
        if _stands(written):
            yield replace(written, complete=True)
            return
        yield from _instead(quoted, f"Nothing that {self.name} wrote stands in your documents.", usage=written.usage)


def _stands(written: Answer) -> bool:
    return any(statement.verdict is Verdict.VERIFIED for statement in written.statements)


def _instead(quoted: Iterable[Answer], why: str, *, usage: Mapping[str, float]) -> Iterator[Answer]:
    """The extractive answer in place of a written one, and why; what that one used stays told."""
    for answer in quoted:
        instead = answer.notice or "These are sentences of the documents themselves."
        yield replace(answer, notice=f"{why} {instead}", usage=usage)
