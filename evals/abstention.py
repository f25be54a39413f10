"""How well the gate tells what can be answered: figures of a run in which it is open, and answerable questions stand
beside unanswerable ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from evals.domain import Interval
from evals.intervals import auroc, mean_interval, risk_coverage, threshold_at
from evals.metric import Group, Metric
from evals.results import Result
from rag.answer.gate import shipped_gate

FEW = 0.05
"""Of the unanswerable questions that may be answered."""


def _before_the_gate(results: Sequence[Result], *, answerable: bool) -> list[Result]:
    """The cases of a kind that the gate had a say in, also where nothing was found for it to judge; a question about
    the documents themselves ("who wrote the first one?") is not searched for and never comes before it."""
    asked = [result for result in results if result.case.answerable is answerable]
    return [one for one in asked if one.answer is None or one.answer.gate or one.answer.seconds]


def _certainties(results: Sequence[Result], *, answerable: bool) -> list[float]:
    return [result.certainty for result in _before_the_gate(results, answerable=answerable)]


def _ranking(results: Sequence[Result]) -> Interval:
    return auroc(_certainties(results, answerable=True), negatives=_certainties(results, answerable=False))


def _answered_at_few(results: Sequence[Result]) -> Interval:
    at = threshold_at(_certainties(results, answerable=False), share=FEW)
    return mean_interval([float(score >= at) for score in _certainties(results, answerable=True)])


def _answered_as_shipped(results: Sequence[Result], *, answerable: bool) -> Interval:
    least = shipped_gate().threshold
    return mean_interval([float(score >= least) for score in _certainties(results, answerable=answerable)])


def _risk_at(share: float) -> Callable[[Sequence[Result]], Interval]:
    """Answer the most certain questions first, this share of them: how many answers are wrong?"""

    def risk(results: Sequence[Result]) -> Interval:
        asked = _before_the_gate(results, answerable=True)
        right = [bool(result.score("answer_in_two")) for result in asked]
        curve = risk_coverage([result.certainty for result in asked], right=right)
        point = curve[max(0, round(share * len(curve)) - 1)]
        return mean_interval(
            [float(not ok) for r, ok in zip(asked, right, strict=True) if r.certainty >= point.threshold]
        )

    return risk


_gate = partial(Metric, group=Group.ABSTENTION)

GATE_METRICS: tuple[Metric, ...] = (
    _gate("auroc", "AUROC of the gate", over_run=_ranking),
    _gate("answered_at_few", f"answered where {FEW:.0%} false positives are allowed", over_run=_answered_at_few),
    _gate("answered_shipped", "answered, as shipped", over_run=partial(_answered_as_shipped, answerable=True)),
    _gate(
        "false_positives_shipped", "false positives, as shipped", less_is_better=True,
        over_run=partial(_answered_as_shipped, answerable=False),
    ),
    *(
        _gate(
            f"risk@{share}", f"wrong among the most certain {share:.0%}", less_is_better=True, over_run=_risk_at(share)
        )
        for share in (0.25, 0.5, 0.75, 1.0)
    ),
)  # fmt: skip
