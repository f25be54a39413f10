"""Is the change better, or is it noise? Two runs, question by question.

Differences are paired, with intervals over clusters; what flipped is listed; and where nothing can be told, so is
the smallest difference that could have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.cases import clusters_of
from evals.intervals import Difference, holm, mcnemar, paired_difference
from evals.metric import Metric
from evals.results import Result, Run
from evals.scorers import METRICS
from evals.summary import verdict

ALPHA = 0.05
_TOLD_BY = ("right", "ndcg@10")
"""The metrics whose smallest detectable difference is told for the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One metric in both runs, over the cases that both judged. `p` is adjusted for all metrics compared (Holm)."""

    metric: Metric
    before: float
    after: float
    difference: Difference
    p: float

    @property
    def fell(self) -> bool:
        """Whether the mean is worse than it was, by however little."""
        worse = self.after > self.before if self.metric.less_is_better else self.after < self.before
        return bool(worse) and self.before != self.after

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies on the worse side, and still does when all metrics asked are counted."""
        interval = self.difference.interval
        beyond = interval.low > 0 if self.metric.less_is_better else interval.high < 0
        return beyond and self.p < ALPHA

    @property
    def is_better(self) -> bool:
        interval = self.difference.interval
        beyond = interval.high < 0 if self.metric.less_is_better else interval.low > 0
        return beyond and self.p < ALPHA

    @property
    def fails(self) -> bool:
        """What a gate does not let pass: a metric that is worse, or a safety score that fell at all."""
        return self.is_worse or (self.metric.is_safety and self.fell)

    @property
    def why(self) -> str:
        """Why it does not pass."""
        return "worse beyond noise" if self.is_worse else "a safety score fell"


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose verdict is another one now."""

    before: Result
    after: Result

    @property
    def is_fixed(self) -> bool:
        return verdict(self.after) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, paired by case. `added` and `removed` are the ids that only one of them has; `changed` those whose
    question or gold is not the same, which are not compared; `differs` names what else is not the same."""

    before: Run
    after: Run
    changes: tuple[Change, ...]
    flips: tuple[Flip, ...]
    cases: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def fixed(self) -> int:
        return sum(flip.is_fixed for flip in self.flips)

    @property
    def broken(self) -> int:
        return len(self.flips) - self.fixed

    @property
    def p(self) -> float:
        """McNemar's exact test: were as many verdicts broken as fixed?"""
        return mcnemar(self.fixed, broken=self.broken)

    @property
    def failed(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.fails)

    @property
    def conclusion(self) -> str:
        """In one sentence, what can be said."""
        better = [change.metric.title.strip() for change in self.changes if change.is_better]
        worse = [change.metric.title.strip() for change in self.changes if change.is_worse]
        if not self.cases:
            return "The two runs have no question in common."
        if not better and not worse:
            least = max((c.difference.detectable for c in self.changes if c.metric.name in _TOLD_BY), default=1.0)
            same = all(not change.difference.interval.value for change in self.changes)
            told = "Every score is the same" if same and not self.flips else "No difference can be told from noise"
            return f"{told}: {self.cases} questions are not enough to tell less than {100 * least:.1f} points."
        parts = [f"better: {', '.join(better)}"] if better else []
        parts += [f"worse: {', '.join(worse)}"] if worse else []
        return f"{'; '.join(parts).capitalize()}."


def compare(before: Run, *, after: Run, only: Sequence[str] = ()) -> Comparison:
    """Pair two runs by case; repeats of a case count as their mean, variants and synthetic cases like others. `only`
    names the metrics that are compared; all of them where it is empty."""
    ours, theirs = _by_case(before), _by_case(after)
    shared = [key for key in theirs if key in ours]
    changed = [key for key in shared if not _is_same_case(ours[key][0], after=theirs[key][0])]
    paired = [key for key in shared if key not in changed]
    both = [Flip(ours[key][0], theirs[key][0]) for key in paired]
    flips = [one for one in both if {verdict(one.before), verdict(one.after)} == {True, False}]
    return Comparison(
        before=before,
        after=after,
        changes=_changes([(ours[key], theirs[key]) for key in paired], only=only),
        flips=tuple(sorted(flips, key=lambda flip: (flip.is_fixed, flip.after.case.id))),
        cases=len(paired),
        added=tuple(key for key in theirs if key not in ours),
        removed=tuple(key for key in ours if key not in theirs),
        changed=tuple(changed),
        differs=tuple(
            name
            for name in ("corpus", "code", "embedder", "second embedder", "gate", "mode", "model", "settings")
            if before.described.get(name) != after.described.get(name)
        ),
    )


def _by_case(run: Run) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in run.results:
        found.setdefault(result.case.id, []).append(result)
    return found


def _is_same_case(before: Result, *, after: Result) -> bool:
    return before.case.json() == after.case.json()


def _changes(pairs: Sequence[tuple[list[Result], list[Result]]], *, only: Sequence[str]) -> tuple[Change, ...]:
    shown = [metric for metric in METRICS if metric.is_shown and (not only or metric.name in only)]
    measured = [(metric, found) for metric in shown if (found := _paired_values(metric, pairs=pairs))]
    differences = []
    for _, found in measured:
        clusters = clusters_of([result.case for result, _, _ in found])
        differences.append(
            paired_difference([b for _, b, _ in found], after=[a for _, _, a in found], clusters=clusters)
        )
    adjusted = holm([difference.p for difference in differences])
    return tuple(
        Change(
            metric=metric,
            before=_mean(b for _, b, _ in found),
            after=_mean(a for _, _, a in found),
            difference=difference,
            p=p,
        )
        for (metric, found), difference, p in zip(measured, differences, adjusted, strict=True)
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _paired_values(
    metric: Metric, *, pairs: Sequence[tuple[list[Result], list[Result]]]
) -> list[tuple[Result, float, float]]:
    """The cases that both runs judged, with the mean over the repeats of each."""
    found = []
    for before, after in pairs:
        ours = [value for _, value in metric.values(before)]
        theirs = [value for _, value in metric.values(after)]
        if ours and theirs:
            found.append((after[0], _mean(ours), _mean(theirs)))
    return found
