"""The nouns of measuring: Case, Gold, Score. Frozen data, as in `rag.domain`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, int]
"""A paragraph: the id of its document, and its number there."""


SOURCES = ("human", "feedback", "synthetic", "variant")
"""Where a case is from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """Where the evidence stands: a verbatim piece of a document, a page of it, or the document as a whole.
    `document` is the path below the documents folder, empty where only the quote is known and no document was found
    that holds it; `grade` weighs it in nDCG."""

    document: str = ""
    quote: str | None = None
    page: int | None = None
    grade: int = 1

    def json(self) -> dict[str, Any]:
        described = {"document": self.document, "quote": self.quote, "page": self.page}
        return _told(described) | ({"grade": self.grade} if self.grade != 1 else {})


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """Something an answer has to say, by any of these wordings; `vital` if it is no answer without."""

    any: tuple[str, ...]
    vital: bool = True

    def json(self) -> dict[str, Any]:
        return {"any": list(self.any), "vital": self.vital}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question and what a right answer has to do. `near` is the paragraph an unanswerable question was
    written against. `turns` are earlier questions, asked in order. `cluster` groups cases that stand or fall
    together, where somebody says so. `key_points` are what an answer has to say, each by any of its wordings;
    `must_not` what it never may."""

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
    key_points: tuple[KeyPoint, ...] = ()
    must_not: tuple[str, ...] = ()
    cluster: str = ""
    source: str = "human"

    def json(self) -> dict[str, Any]:
        """As a line of a `questions.jsonl`; what is absent is left out."""
        described = {
            "id": self.id,
            "question": self.question,
            "turns": list(self.turns),
            "answers": list(self.answers),
            "gold": [gold.json() for gold in self.gold],
            "all_gold": self.all_gold or None,
            "near": self.near.json() if self.near else None,
            "key_points": [point.json() for point in self.key_points],
            "must_not": list(self.must_not),
            "reference": self.reference,
            "tags": list(self.tags),
            "cluster": self.cluster,
            "source": self.source if self.source != "human" else None,
        }
        return {**_told(described), "answerable": self.answerable}


@dataclass(frozen=True, slots=True)
class Score:
    """A number for one case, with the reason a person can check. None is "could not be judged", never "wrong"."""

    name: str
    value: float | None
    explanation: str = ""

    def json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "explanation": self.explanation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its 95 % interval and the number of cases it stands on."""

    value: float
    low: float
    high: float
    n: int
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def bounds(self) -> str:
        """As it is printed beside the value; empty where the estimate has none."""
        return "" if math.isnan(self.low) else f"{self.low:.3f} – {self.high:.3f}"

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


def _told(described: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in described.items() if value not in (None, [], "")}
