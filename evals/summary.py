"""What a run says: each metric with its interval and threshold, and which questions to look at first.

Pure functions of results. Variants of a case and synthetic cases are told apart and never mixed into the rest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from evals.cases import clusters_of
from evals.domain import Interval
from evals.intervals import mean_interval
from evals.metric import Group, Metric
from evals.results import Result
from evals.scorers import METRICS
from rag.errors import CaseError

THRESHOLDS = Path(__file__).parent / "thresholds.toml"


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
    UNJUDGED = "could not be judged"


@dataclass(frozen=True, slots=True, kw_only=True)
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


def read_thresholds(suite: str, *, path: Path = THRESHOLDS, metrics: Sequence[Metric] = METRICS) -> dict[str, Limit]:
    """The limits of a suite, by metric; none for a suite without any. Raises CaseError where the file is malformed or
    names none of the metrics."""
    try:
        described = tomllib.loads(path.read_text(encoding="utf-8")).get(suite, {})
        limits = {
            name: Limit(**{bound: float(value) for bound, value in one.items()}) for name, one in described.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} is no file of thresholds ({error}).") from error
    known = {metric.name for metric in metrics if metric.is_shown}
    for name, limit in limits.items():
        if name not in known or (limit.least is None) == (limit.most is None):
            raise CaseError(f"{path}: [{suite}] {name} is no metric with a `least` or a `most`.")
    return limits


def summarise(results: Sequence[Result], *, limits: Mapping[str, Limit] | None = None) -> Summary:
    """The run in figures; `limits` by metric."""
    first = [result for result in results if result.round == 1]
    variants = [result for result in first if result.case.source == "variant"]
    synthetic = [result for result in first if result.case.source == "synthetic"]
    own = [result for result in first if result.case.source not in ("variant", "synthetic")]
    measured = own or synthetic
    return Summary(
        rows=_rows(measured, limits=limits or {}),
        synthetic=_rows(synthetic, limits={}) if own else (),
        causes=_by_cause(measured),
        flips=flip_rates(own, variants=variants),
        flaky=_flaky(results),
        seconds=_seconds(measured),
        usage=_usage(measured),
        cases=len(first),
        errors=sum(result.error is not None for result in first),
    )


def _rows(results: Sequence[Result], *, limits: Mapping[str, Limit]) -> tuple[Row, ...]:
    """A line for each metric that some case has, group by group, in each what may not fall first."""
    shown = [metric for metric in METRICS if metric.is_shown]
    return tuple(sorted(rows_of(results, metrics=shown, limits=limits), key=_place))


def rows_of(results: Sequence[Result], *, metrics: Iterable[Metric], limits: Mapping[str, Limit]) -> list[Row]:
    """A line for each of these metrics that some case has; `limits` by metric."""
    rows = [_row(metric, results=results, limits=limits) for metric in metrics]
    return [row for row in rows if row.interval.n]


def _place(row: Row) -> tuple[int, bool]:
    return list(Group).index(row.metric.group), not row.metric.is_safety


def cause_of(result: Result) -> Cause | None:
    """Why a case failed, or that nobody can tell; None where it came out as it should."""
    answer = result.answer
    if answer is None:
        return Cause.ERROR
    if result.score("leak_free") == 0:
        return Cause.LEAKED
    if not result.case.answerable:
        return Cause.UNDER_ABSTAINED if result.score("abstained") == 0 else None
    came_out = verdict(result)
    if came_out is not False:
        return None if came_out else Cause.UNJUDGED
    # Of a question without gold nobody knows where it should have been found.
    has_gold = bool(result.case.gold)
    checks: tuple[tuple[Cause, bool], ...] = (
        (Cause.NOT_INDEXED, has_gold and not result.score("gold_indexed")),
        (Cause.NOT_RETRIEVED, has_gold and not result.score("mrr@10") and not result.score("citation_recall")),
        (Cause.OVER_ABSTAINED, not result.score("answered")),
        (Cause.NOT_CITED, has_gold and not result.score("citation_recall")),
        (Cause.WRONG_SENTENCE, bool(result.score("answer_in_paragraph")) and not result.score("answer_in_two")),
    )
    return next((cause for cause, holds in checks if holds), Cause.WRONG_TEXT)


def verdict(result: Result) -> bool | None:
    """Whether a case came out as it should: answered rightly, or rightly not answered. None where that could not be
    judged."""
    score = result.score("right" if result.case.answerable else "abstained")
    return None if score is None else bool(score)


def flip_rates(base: Sequence[Result], *, variants: Sequence[Result]) -> dict[str, Interval]:
    """By kind of variant, and in all, the share whose verdict is not that of its case."""
    verdicts = {result.case.id: verdict(result) for result in base}
    flipped: dict[str, list[tuple[str, float]]] = {}
    for result in variants:
        origin, _, kind = result.case.id.rpartition("~")
        came_out, of_origin = verdict(result), verdicts.get(origin)
        if came_out is None or of_origin is None:
            continue
        for name in (kind, "all"):
            flipped.setdefault(name, []).append((origin, float(came_out != of_origin)))
    return {
        kind: mean_interval([f for _, f in pairs], clusters=[o for o, _ in pairs]) for kind, pairs in flipped.items()
    }


def _row(metric: Metric, *, results: Sequence[Result], limits: Mapping[str, Limit]) -> Row:
    if metric.over_run is not None:
        return Row(metric, metric.over_run(results), limits.get(metric.name))
    judged = metric.values(results)
    clusters = clusters_of([result.case for result, _ in judged])
    return Row(metric, mean_interval([value for _, value in judged], clusters=clusters), limits.get(metric.name))


def _by_cause(results: Sequence[Result]) -> dict[Cause, tuple[Result, ...]]:
    causes = [(cause_of(result), result) for result in results]
    return {cause: found for cause in Cause if (found := tuple(r for c, r in causes if c is cause))}


def _flaky(results: Sequence[Result]) -> Interval | None:
    rounds: dict[str, set[bool | None]] = {}
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
