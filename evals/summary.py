"""What a run says: each metric with its interval and threshold, and which questions to look at first.

Pure functions of results. Variants of a case and synthetic cases are told apart and never mixed into the rest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from evals.cases import clusters_of
from evals.domain import Interval
from evals.intervals import area_under_risk, calibration_error, mean_interval, risk_coverage
from evals.run import Result
from rag.errors import CaseError

THRESHOLDS = Path(__file__).parent / "thresholds.toml"


class Group(StrEnum):
    RETRIEVAL = "retrieval"
    CITATIONS = "citations"
    ANSWERS = "answers"
    SILENCE = "silence"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Metric:
    """A score over the cases that have it, or over those with a `tag`. `less_is_better` for faults; `is_safety`
    where a comparison allows no fall at all."""

    name: str
    title: str
    group: Group
    score: str = ""
    tag: str | None = None
    less_is_better: bool = False
    is_safety: bool = False
    invert: bool = False

    def values(self, results: Sequence[Result]) -> list[tuple[Result, float]]:
        """The cases that were judged, each with its value."""
        found = []
        for result in results:
            value = result.score(self.score or self.name)
            if value is not None and (self.tag is None or self.tag in result.case.tags):
                found.append((result, 1.0 - value if self.invert else value))
        return found


KINDS_OF_SILENCE = (
    "absent",
    "out-of-scope",
    "near-entity",
    "near-year",
    "near-unit",
    "near-attribute",
    "near-negation",
    "false-premise",
)

METRICS: tuple[Metric, ...] = (
    Metric("hit@1", "right paragraph first", Group.RETRIEVAL),
    Metric("hit@5", "right paragraph in first 5", Group.RETRIEVAL),
    Metric("recall@5", "evidence in first 5", Group.RETRIEVAL),
    Metric("mrr@10", "mean reciprocal rank", Group.RETRIEVAL),
    Metric("ndcg@10", "nDCG@10", Group.RETRIEVAL),
    Metric("resolves", "marks lead to a passage shown", Group.CITATIONS, is_safety=True),
    Metric("exact", "every quote is the exact slice", Group.CITATIONS, is_safety=True),
    Metric("stands_or_marked", "every statement cited or marked", Group.CITATIONS, is_safety=True),
    Metric("reader_introduced", "readers’ words told as theirs", Group.CITATIONS, is_safety=True),
    Metric("citation_precision", "cited paragraphs that are right", Group.CITATIONS),
    Metric("citation_recall", "evidence that is cited", Group.CITATIONS),
    Metric("answer_in_paragraph", "answer in a right paragraph", Group.CITATIONS),
    Metric("answer_in_one", "answer in first highlight", Group.CITATIONS),
    Metric("answer_in_two", "answer in first two highlights", Group.CITATIONS),
    Metric("changes_without", "changes without what it cites", Group.CITATIONS),
    Metric("contains_answer", "reference answer told", Group.ANSWERS),
    Metric("token_f1", "token F1", Group.ANSWERS),
    Metric("numbers_match", "numbers of the reference told", Group.ANSWERS),
    Metric("key_points", "vital points told", Group.ANSWERS),
    Metric("brief", "at most 60 words", Group.ANSWERS),
    Metric("judged_support", "judged supported", Group.ANSWERS),
    Metric("right", "answerable, answered rightly", Group.SILENCE),
    Metric("answered", "answerable, answered", Group.SILENCE),
    Metric("false_answer", "unanswerable, answered", Group.SILENCE, "abstained", invert=True, less_is_better=True),
    *(
        Metric(f"false_answer:{kind}", f"  {kind}", Group.SILENCE, "abstained", kind, True, invert=True)
        for kind in KINDS_OF_SILENCE
    ),
    Metric("wrong", "all, answered wrongly", Group.SILENCE, less_is_better=True),
    Metric("selective", "selective score", Group.SILENCE),
    Metric("leak_free", "nothing said that must not be", Group.SAFETY, is_safety=True),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """The least or the most a metric may be."""

    least: float | None = None
    most: float | None = None

    def allows(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. A limit fails where the point estimate is beyond it."""

    metric: Metric
    interval: Interval
    limit: Limit | None = None

    @property
    def passes(self) -> bool | None:
        return None if self.limit is None else self.limit.allows(self.interval.value)


class Cause(StrEnum):
    """Why a question was not answered rightly: the first of these that holds, in the order of the work."""

    ERROR = "ended in an error"
    NOT_INDEXED = "not indexed"
    NOT_RETRIEVED = "not retrieved"
    OVER_ABSTAINED = "retrieved, but no answer given"
    NOT_CITED = "retrieved, but not cited"
    WRONG_SENTENCE = "right paragraph, wrong sentence"
    WRONG_TEXT = "right citation, wrong text"
    UNDER_ABSTAINED = "answered, though the documents do not say"
    LEAKED = "said what must not be said"


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in figures. `causes` holds the questions that failed, by why; `flips` how often a variant changed the
    verdict of its case, by kind of variant; `flaky` the share of cases whose repeats differ, None without any."""

    rows: tuple[Row, ...]
    synthetic: tuple[Row, ...]
    causes: Mapping[Cause, tuple[Result, ...]]
    flips: Mapping[str, Interval]
    flaky: Interval | None
    seconds: Mapping[str, tuple[float, float]]
    usage: Mapping[str, float]
    cases: int
    errors: int

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.passes is False)


def read_thresholds(suite: str, path: Path = THRESHOLDS) -> dict[str, Limit]:
    """The limits of a suite, by metric; none for a suite without any. Raises CaseError where the file is malformed or
    names no metric."""
    try:
        described = tomllib.loads(path.read_text(encoding="utf-8")).get(suite, {})
        limits = {
            name: Limit(**{bound: float(value) for bound, value in one.items()}) for name, one in described.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} is no file of thresholds ({error}).") from error
    known = {metric.name for metric in METRICS} | set(DERIVED)
    for name, limit in limits.items():
        if name not in known or (limit.least is None) == (limit.most is None):
            raise CaseError(f"{path}: [{suite}] {name} is no metric with a `least` or a `most`.")
    return limits


def summarise(results: Sequence[Result], limits: Mapping[str, Limit] | None = None) -> Summary:
    """The run in figures; `limits` by metric."""
    first = [result for result in results if result.round == 1]
    variants = [result for result in first if result.case.source == "variant"]
    synthetic = [result for result in first if result.case.source == "synthetic"]
    own = [result for result in first if result.case.source not in ("variant", "synthetic")]
    measured = own or synthetic
    limits = limits or {}
    rows = [_row(metric, measured, limits) for metric in METRICS]
    rows += [_derived_row(name, metric, measured, limits) for name, metric in DERIVED.items()]
    return Summary(
        tuple(row for row in sorted(rows, key=lambda row: list(Group).index(row.metric.group)) if row.interval.n),
        tuple(row for metric in METRICS if (row := _row(metric, synthetic, {})).interval.n) if own else (),
        _by_cause(measured),
        flip_rates(own, variants),
        _flaky(results),
        _seconds(measured),
        _usage(measured),
        len(first),
        sum(result.error is not None for result in first),
    )


def cause_of(result: Result) -> Cause | None:
    """Why a case failed; None where it did not."""
    answer = result.answer
    if answer is None:
        return Cause.ERROR
    if result.score("leak_free") == 0:
        return Cause.LEAKED
    if not result.case.answerable:
        return Cause.UNDER_ABSTAINED if result.score("abstained") == 0 else None
    if result.score("right"):
        return None
    checks: tuple[tuple[Cause, bool], ...] = (
        (Cause.NOT_INDEXED, not result.score("gold_indexed")),
        (Cause.NOT_RETRIEVED, not result.score("mrr@10") and not result.score("citation_recall")),
        (Cause.OVER_ABSTAINED, not result.score("answered")),
        (Cause.NOT_CITED, not result.score("citation_recall")),
        (Cause.WRONG_SENTENCE, bool(result.score("answer_in_paragraph")) and not result.score("answer_in_two")),
    )
    return next((cause for cause, holds in checks if holds), Cause.WRONG_TEXT)


def verdict(result: Result) -> bool:
    """Whether a case came out as it should: answered rightly, or rightly not answered."""
    return bool(result.score("right" if result.case.answerable else "abstained"))


def flip_rates(base: Sequence[Result], variants: Sequence[Result]) -> dict[str, Interval]:
    """By kind of variant, and in all, the share whose verdict is not that of its case."""
    verdicts = {result.case.id: verdict(result) for result in base}
    flipped: dict[str, list[tuple[str, float]]] = {}
    for result in variants:
        origin, _, kind = result.case.id.rpartition("~")
        if origin in verdicts:
            for name in (kind, "all"):
                flipped.setdefault(name, []).append((origin, float(verdict(result) != verdicts[origin])))
    return {kind: mean_interval([f for _, f in pairs], [o for o, _ in pairs]) for kind, pairs in flipped.items()}


def _row(metric: Metric, results: Sequence[Result], limits: Mapping[str, Limit]) -> Row:
    judged = metric.values(results)
    clusters = clusters_of([result.case for result, _ in judged])
    return Row(metric, mean_interval([value for _, value in judged], clusters), limits.get(metric.name))


def _certain(results: Sequence[Result]) -> tuple[list[float], list[bool]]:
    """The gate's reading of each answered case that passed it, and whether the answer was right."""
    answered = [r for r in results if r.answer is not None and r.answer.gate and r.answer.statements]
    return [r.answer.gate.score for r in answered if r.answer and r.answer.gate], [
        bool(r.score("right")) for r in answered
    ]


def _risk_area(results: Sequence[Result]) -> Interval:
    scores, right = _certain(results)
    return _without_interval(area_under_risk(risk_coverage(scores, right)), len(scores))


def _miscalibration(results: Sequence[Result]) -> Interval:
    scores, right = _certain(results)
    return _without_interval(calibration_error(scores, right), len(scores))


def _without_interval(value: float, n: int) -> Interval:
    return Interval(value, float("nan"), float("nan"), n)


DERIVED: dict[str, tuple[Metric, Callable[[Sequence[Result]], Interval]]] = {
    "risk_area": (
        Metric("risk_area", "area under risk–coverage", Group.SILENCE, less_is_better=True),
        _risk_area,
    ),
    "calibration_error": (
        Metric("calibration_error", "calibration error of the gate", Group.SILENCE, less_is_better=True),
        _miscalibration,
    ),
}


def _derived_row(
    name: str,
    derived: tuple[Metric, Callable[[Sequence[Result]], Interval]],
    results: Sequence[Result],
    limits: Mapping[str, Limit],
) -> Row:
    metric, measure = derived
    return Row(metric, measure(results), limits.get(name))


def _by_cause(results: Sequence[Result]) -> dict[Cause, tuple[Result, ...]]:
    causes = [(cause_of(result), result) for result in results]
    return {cause: found for cause in Cause if (found := tuple(r for c, r in causes if c is cause))}


def _flaky(results: Sequence[Result]) -> Interval | None:
    rounds: dict[str, set[bool]] = {}
    for result in results:
        rounds.setdefault(result.case.id, set()).add(verdict(result))
    if all(result.round == 1 for result in results):
        return None
    return mean_interval([float(len(verdicts) > 1) for verdicts in rounds.values()])


def _seconds(results: Sequence[Result]) -> dict[str, tuple[float, float]]:
    """The median and the 95th percentile of the seconds to the first statement and in all."""
    timed: dict[str, list[float]] = {
        "first": [r.asked.first for r in results if r.asked.first is not None],
        "total": [r.asked.total for r in results if r.asked.total],
    }
    return {
        name: (float(np.quantile(spent, 0.5)), float(np.quantile(spent, 0.95)))
        for name, spent in timed.items()
        if spent
    }


def _usage(results: Sequence[Result]) -> dict[str, Any]:
    """What a model's server reported, added up: tokens, and money where it says so."""
    total: dict[str, Any] = {}
    for result in results:
        for kind, count in (result.answer.usage if result.answer else {}).items():
            total[kind] = total.get(kind, 0) + count
    return total
