"""The nouns of scoring: an attempt at a case, and a metric, which says what an attempt is worth and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

from evals.domain import Case, Interval
from evals.ranking import Grades, any_gold
from evals.results import Result
from rag.domain import Answer, Confidence, Key, Paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A case with the answer that it brought, and all else that a score looks at: the right paragraphs `graded` by
    gold, the paragraphs `stored`, the texts of the `files` read anew, and the answer `without` what the first one
    cites, where it was asked again."""

    case: Case
    answer: Answer
    graded: Grades
    stored: Mapping[Key, Paragraph]
    files: Mapping[str, str]
    without: Answer | None = None

    @property
    def right(self) -> frozenset[Key]:
        return frozenset(key for grades in self.graded.values() for key in grades)

    @property
    def wanted(self) -> Grades:
        """The golds that are each wanted; where any will do, all as one."""
        return self.graded if self.case.all_gold else any_gold(self.graded)

    @property
    def ranked(self) -> list[Key]:
        return [passage.paragraph.key for passage in self.answer.passages]

    @property
    def cited(self) -> list[Key]:
        return [citation.paragraph.key for citation in self.answer.citations]

    @property
    def is_answered(self) -> bool:
        """Whether it is given as an answer, and not as what may answer."""
        return self.answer.confidence is Confidence.HIGH and bool(self.answer.statements)


class Group(StrEnum):
    RETRIEVAL = "retrieval"
    CITATIONS = "citations"
    ANSWERS = "answers"
    ABSTENTION = "abstention"
    SAFETY = "safety"


def _every(_case: Case) -> bool:
    return True


def _unexplained(_attempt: Attempt) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run: the mean of a score over the cases that have it, or over those with a `tag`, or what
    `over_run` makes of all results.

    `score` is what an attempt at a case is `asked_of` is worth, `why` the reason a person can check. Without `score`
    it shows that of another metric, named in `of`, or what a judge added. `less_is_better` for faults; `is_safety`
    where a comparison allows no fall at all; not `is_shown` where only other figures are made of it.
    """

    name: str
    title: str
    group: Group
    _: KW_ONLY
    score: Callable[[Attempt], float | None] | None = None
    why: Callable[[Attempt], str] = _unexplained
    asked_of: Callable[[Case], bool] = _every
    over_run: Callable[[Sequence[Result]], Interval] | None = None
    of: str = ""
    tag: str | None = None
    less_is_better: bool = False
    is_safety: bool = False
    is_inverse: bool = False
    is_shown: bool = True

    def values(self, results: Sequence[Result]) -> list[tuple[Result, float]]:
        """The cases that were judged, each with its value."""
        found = []
        for result in results:
            value = result.score(self.of or self.name)
            if value is not None and (self.tag is None or self.tag in result.case.tags):
                found.append((result, 1.0 - value if self.is_inverse else value))
        return found
