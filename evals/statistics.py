"""Intervals, curves and the one model that is fitted here. Pure functions of arrays.

Proportions get Wilson intervals, means a bootstrap over clusters (Miller 2024, arXiv 2411.00640: normal
intervals are too narrow below a few hundred cases, and ignoring clusters makes them up to three times so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evals.domain import Interval

Array = npt.NDArray[np.float64]

Z95 = 1.959964
RESAMPLES = 2_000


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927). With n = 0 it is the whole range."""
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0, 0)
    p = successes / n
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * float(np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)))
    return Interval(p, max(0.0, centre - half), min(1.0, centre + half), n)


def mean_interval(values: Sequence[float], clusters: Sequence[str] | None = None, seed: int = 0) -> Interval:
    """The mean with a percentile bootstrap interval; whole clusters are drawn together."""
    array = np.asarray(values, dtype=float)
    if not len(array):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    names = np.unique(np.asarray(clusters if clusters is not None else np.arange(len(array))), return_inverse=True)[1]
    sums, counts = np.bincount(names, weights=array), np.bincount(names)
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = rng.integers(0, len(sums), len(sums))
        means[i] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(array.mean()), float(low), float(high), len(array))


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> Interval:
    """The chance that a positive scores above a negative, ties half (Mann & Whitney 1947), with Hanley and
    McNeil's interval (1982)."""
    p, q = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    if not len(p) or not len(q):
        return Interval(float("nan"), 0.0, 1.0, 0)
    ordered = np.sort(q)
    below, upto = np.searchsorted(ordered, p, "left"), np.searchsorted(ordered, p, "right")
    a = float((below + upto).sum() / (2 * len(p) * len(q)))
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (len(p) - 1) * (q1 - a * a) + (len(q) - 1) * (q2 - a * a)) / (len(p) * len(q))
    half = Z95 * float(np.sqrt(max(variance, 0.0)))
    return Interval(a, max(0.0, a - half), min(1.0, a + half), len(p) + len(q))


def threshold_at(negatives: Sequence[float], share: float) -> float:
    """The least threshold that lets at most `share` of the negatives through."""
    ordered = np.sort(np.asarray(negatives, dtype=float))[::-1]
    allowed = int(np.floor(share * len(ordered)))
    return float(np.nextafter(ordered[allowed], np.inf)) if allowed < len(ordered) else float(ordered[-1])


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At `threshold`: how much is answered, and how often what is answered is wrong."""

    threshold: float
    coverage: float
    risk: float


def risk_coverage(scores: Sequence[float], right: Sequence[bool]) -> list[CurvePoint]:
    """Answer the most certain first: coverage and risk after each case (El-Yaniv & Wiener 2010)."""
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    wrong = np.cumsum(~np.asarray(right, dtype=bool)[order])
    n = np.arange(1, len(order) + 1)
    return [
        CurvePoint(float(np.asarray(scores)[order[i]]), float(n[i] / len(order)), float(wrong[i] / n[i]))
        for i in range(len(order))
    ]


def area_under_risk(curve: Sequence[CurvePoint]) -> float:
    """Mean risk over all coverages: 0 is perfect, the overall error rate is chance order."""
    return float(np.mean([point.risk for point in curve])) if curve else float("nan")


def fit_choice(
    alternatives: Sequence[Array], chosen: Sequence[int], l2: float = 0.01, weights: Sequence[float] | None = None
) -> Array:
    """Weights of the conditional logit (McFadden 1974): each case's `alternatives` is `[k, f]`, `chosen` the row
    that was right. Newton steps on the mean negative log-likelihood plus `l2/2` times the squared weights.

    With two alternatives, one of them zeros, it is logistic regression.
    """
    count = alternatives[0].shape[1]
    beta = np.zeros(count)
    shares = np.asarray(weights if weights is not None else np.ones(len(chosen)), dtype=float)
    shares = shares / shares.sum()
    loss = _choice_loss(beta, alternatives, chosen, shares, l2)
    for _ in range(100):
        gradient, hessian = l2 * beta, l2 * np.eye(count)
        for rows, pick, share in zip(alternatives, chosen, shares, strict=True):
            p = _softmax(rows @ beta)
            mean = p @ rows
            gradient = gradient + share * (mean - rows[pick])
            hessian = hessian + share * ((rows * p[:, None]).T @ rows - np.outer(mean, mean))
        step = np.linalg.solve(hessian, gradient)
        # A full Newton step can overshoot where the choices are nearly certain: halve it until it helps.
        size = 1.0
        while (after := _choice_loss(beta - size * step, alternatives, chosen, shares, l2)) > loss and size > 1e-6:
            size /= 2
        beta, gained, loss = beta - size * step, loss - after, after
        if gained < 1e-9:
            break
    return beta


def _choice_loss(beta: Array, alternatives: Sequence[Array], chosen: Sequence[int], shares: Array, l2: float) -> float:
    picked = [_softmax(rows @ beta)[pick] for rows, pick in zip(alternatives, chosen, strict=True)]
    return float(-(shares * np.log(np.maximum(picked, 1e-300))).sum() + l2 / 2 * beta @ beta)


def _softmax(logits: Array) -> Array:
    powers: Array = np.exp(logits - logits.max())
    shares: Array = powers / powers.sum()
    return shares


def fit_logistic(
    rows: Array, labels: Sequence[bool], l2: float = 0.01, weights: Sequence[float] | None = None
) -> tuple[Array, float]:
    """Weights and bias of a logistic regression, by `fit_choice`."""
    with_bias = np.hstack([rows, np.ones((len(rows), 1))])
    pairs = [np.stack([row, np.zeros_like(row)]) for row in with_bias]
    beta = fit_choice(pairs, [0 if label else 1 for label in labels], l2, weights)
    return beta[:-1], float(beta[-1])
