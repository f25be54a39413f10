"""What a run brought, and its file: one line of fingerprint, then one line per case."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals.cases import case_from
from evals.domain import Case, Score
from rag.answer_json import answer_from
from rag.domain import Answer
from rag.errors import CaseError


@dataclass(frozen=True, slots=True)
class GoldParagraph:
    """A right paragraph as it stood when the case was asked, for showing beside the answer."""

    document: str
    number: int
    text: str

    def json(self) -> dict[str, Any]:
        return {"document": self.document, "paragraph": self.number, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a case brought: the answer, the seconds to its first statement and in all, and, where it was asked again
    with the cited paragraphs hidden, that answer; or the error that ended it."""

    answer: Answer | None = None
    first: float | None = None
    total: float = 0.0
    without: Answer | None = None
    error: str | None = None

    def json(self) -> dict[str, Any]:
        return {
            "answer": self.answer.json() if self.answer else None,
            "seconds": {"first": self.first, "total": self.total},
            "without": self.without.json() if self.without else None,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case with what it brought and its scores. `round` counts the repeats of a case from 1."""

    case: Case
    asked: Asked
    scores: tuple[Score, ...]
    gold: tuple[GoldParagraph, ...] = ()
    round: int = 1

    @property
    def answer(self) -> Answer | None:
        return self.asked.answer

    @property
    def error(self) -> str | None:
        return self.asked.error

    @property
    def key(self) -> tuple[str, int]:
        return self.case.id, self.round

    @property
    def certainty(self) -> float:
        """The gate's reading; 0 where it was not asked, as nothing was found."""
        return self.answer.gate.score if self.answer and self.answer.gate else 0.0

    def score(self, name: str) -> float | None:
        return next((score.value for score in self.scores if score.name == name), None)

    def json(self) -> dict[str, Any]:
        """The contract's `case`, `answer`, `scores`, `error`, and what a report and a comparison need beside."""
        return {
            "case": self.case.id,
            **self.asked.json(),
            "scores": [score.json() for score in self.scores],
            "round": self.round,
            "asked": self.case.json(),
            "gold": [paragraph.json() for paragraph in self.gold],
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was kept: what its numbers depend on, and its results in order."""

    described: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def suite(self) -> str:
        return str(self.described.get("suite") or "")

    @property
    def name(self) -> str:
        """As people tell runs apart: suite, mode, when it was made, with which code, of which tags."""
        told = self.described
        made, code, tags = str(told.get("made") or "")[:16], str(told.get("code") or "")[:7], told.get("tags") or ()
        parts = (self.suite, told.get("model") or told.get("mode"), made, code and f"code {code}", *map(str, tags))
        return " · ".join(str(part) for part in parts if part)


def write_run(
    path: Path,
    *,
    described: Mapping[str, Any],
    results: Iterable[Result],
    progress: Callable[[Result], None] | None = None,
) -> Run:
    """Write `run.jsonl` as results come. Raises CaseError where the file cannot be written."""
    kept: list[Result] = []
    with writing(path), path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(described, ensure_ascii=False) + "\n")
        for result in results:
            file.write(json.dumps(result.json(), ensure_ascii=False) + "\n")
            kept.append(result)
            if progress is not None:
                progress(result)
    return Run(described, tuple(kept))


def read_run(path: Path) -> Run:
    """A run that was kept. Raises CaseError where the file is none."""
    try:
        head, *lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Name a run; `ibid eval run` makes one.") from error
    try:
        described = json.loads(head)
        if not isinstance(described, dict) or "corpus" not in described:
            raise ValueError("its first line is no fingerprint")
        return Run(described, tuple(_result_from(json.loads(line)) for line in lines if line.strip()))
    except (ValueError, KeyError, TypeError, AttributeError, CaseError) as error:
        raise CaseError(f"{path} is not a run ({error}). `ibid eval run` makes one.") from error


def read_head(path: Path) -> Mapping[str, Any] | None:
    """What a kept run's numbers depend on, without its results; None where the file is no run."""
    try:
        with path.open(encoding="utf-8") as file:
            described = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    return described if isinstance(described, dict) and "corpus" in described else None


def slim(run: Run) -> Run:
    """The run without passages, timings and paths: what a baseline needs to be compared with, and no more."""

    def lighter(answer: Answer | None) -> Answer | None:
        return replace(answer, passages=(), closest=(), seconds={}) if answer is not None else None

    kept = [
        replace(r, asked=replace(r.asked, answer=lighter(r.answer), without=None, first=None, total=0.0), gold=())
        for r in run.results
    ]
    described = {name: value for name, value in run.described.items() if name not in ("folder", "questions")}
    return Run(described, tuple(kept))


def asked_from(described: Mapping[str, Any]) -> Asked:
    seconds = described.get("seconds") or {}
    return Asked(
        answer=answer_from(described["answer"]) if described.get("answer") else None,
        first=seconds.get("first"),
        total=float(seconds.get("total") or 0.0),
        without=answer_from(described["without"]) if described.get("without") else None,
        error=described.get("error"),
    )


def _result_from(described: Mapping[str, Any]) -> Result:
    return Result(
        case=case_from(described["asked"]),
        asked=asked_from(described),
        scores=tuple(Score(one["name"], one["value"], one.get("explanation", "")) for one in described["scores"]),
        gold=tuple(GoldParagraph(one["document"], int(one["paragraph"]), one["text"]) for one in described["gold"]),
        round=int(described.get("round", 1)),
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around the writing of a file, whose folder is made. Raises CaseError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror}.") from error
