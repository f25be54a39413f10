"""Results made by hand, small enough to check by eye."""

from __future__ import annotations

from evals.domain import Case, Gold, Score
from evals.results import Asked, Result, Run
from rag.domain import Answer, GateReading, Statement, Verdict

DESCRIBED = {"version": 1, "corpus": "c", "code": "k", "suite": "made", "mode": "extractive", "made": "today"}


def result(
    name: str,
    *,
    answerable: bool = True,
    error: str | None = None,
    text: str = "It is so.",
    tags: tuple[str, ...] = ("fact",),
    source: str = "human",
    number: int = 1,
    certainty: float | None = None,
    **scores: float | None,
) -> Result:
    """A result with these scores; `hit_at_5` stands for hit@5."""
    case = Case(
        id=name,
        question=f"What of {name}?",
        answers=("so",),
        gold=(Gold(document="a.txt", quote=name),) if answerable else (),
        answerable=answerable,
        tags=tags,
        source=source,
    )
    gate = GateReading(certainty, 0.5) if certainty is not None else None
    told = (Statement(text=text, citations=(), verdict=Verdict.VERIFIED),) if text else ()
    answer = None if error else Answer(question=case.question, statements=told, abstained=not told, gate=gate)
    named = tuple(Score(key.replace("_at_", "@"), value) for key, value in scores.items())
    asked = Asked(answer=answer, first=0.1, total=0.2, error=error)
    return Result(case=case, asked=asked, scores=named, round=number)


def run(*results: Result) -> Run:
    return Run(DESCRIBED, results)
