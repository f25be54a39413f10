"""The nouns of measuring: Case, Gold, Score. Frozen data, as in `rag.domain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Gold:
    """Where the evidence stands: a verbatim piece of a document, a page of it, or the document as a whole.
    `document` is the path below the documents folder; `grade` weighs it in nDCG."""

    document: str
    quote: str | None = None
    page: int | None = None
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what a right answer has to do. `near` is the paragraph an unanswerable question was
    written against. `turns` are earlier questions, asked in order. `cluster` groups cases that stand or fall
    together; a document's cases are one cluster where it is not given."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    gold: tuple[Gold, ...] = ()
    answerable: bool = True
    all_gold: bool = False
    tags: tuple[str, ...] = ()
    near: Gold | None = None
    reference: str | None = None
    turns: tuple[str, ...] = ()
    key_points: tuple[dict[str, Any], ...] = ()
    must_not: tuple[str, ...] = ()
    cluster: str = ""
    source: str = "human"


@dataclass(frozen=True, slots=True)
class Score:
    """A number for one case, with the reason a person can check. None is "could not be judged", never "wrong"."""

    name: str
    value: float | None
    explanation: str = ""

    def json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "explanation": self.explanation}


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval and the number of cases it stands on."""

    value: float
    low: float
    high: float
    n: int
    notes: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"
