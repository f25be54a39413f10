"""Intervals, comparisons, curves and the one model that is fitted here. Pure functions of arrays.

Independent proportions get Wilson intervals, all else a bootstrap over clusters (Miller 2024, arXiv 2411.00640:
normal intervals are too narrow below a few hundred cases, and ignoring clusters makes them up to three times so).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evals.domain import Interval

Array = npt.NDArray[np.float64]

Z95 = 1.959964
Z80 = 0.841621
RESAMPLES = 10_000
_AT_ONCE = 2_000_000
"""Numbers drawn at a time, so that many cases do not take gigabytes."""


def wilson(successes: int, *, n: int) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927). With n = 0 it is the whole range."""
    if n == 0:
        return Interval(value=float("nan"), low=0.0, high=1.0, n=0)
    p = successes / n
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * float(np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n)))
    return Interval(value=p, low=max(0.0, centre - half), high=min(1.0, centre + half), n=n)


def mean_interval(values: Sequence[float], *, clusters: Sequence[str] | None = None, seed: int = 0) -> Interval:
    """The mean with its 95 % interval; cases of a cluster stand or fall together.

    Wilson's interval where every cluster is a single case and every value 0 or 1; else the percentile bootstrap
    over whole clusters (Field & Welsh 2007), RESAMPLES draws with a fixed seed. Where all values are 0, or all 1, no
    draw could differ and the bootstrap would claim certainty: then Wilson's over the clusters.
    """
    array = np.asarray(values, dtype=float)
    if not len(array):
        return Interval(value=float("nan"), low=float("nan"), high=float("nan"), n=0)
    sums, counts = _by_cluster(array, clusters=clusters)
    if len(sums) == len(array) and np.isin(array, (0.0, 1.0)).all():
        return wilson(int(array.sum()), n=len(array))
    if array.min() == array.max() and array[0] in (0.0, 1.0):
        return replace(wilson(round(array[0]) * len(sums), n=len(sums)), n=len(array))
    low, high = np.quantile(_resampled_means(sums, counts=counts, seed=seed), [0.025, 0.975])
    return Interval(value=float(array.mean()), low=float(low), high=float(high), n=len(array))


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two measurements of the same cases: `interval` of the mean of after − before, its two-sided bootstrap p
    value, and the least mean difference that as many cases could have told from none (see `detectable`)."""

    interval: Interval
    p: float
    detectable: float


def paired_difference(
    before: Sequence[float], *, after: Sequence[float], clusters: Sequence[str] | None = None, seed: int = 0
) -> Difference:
    """What changed between two runs of the same cases, case by case: pairing takes out that some questions are
    harder than others (Miller 2024, section 4.2). The same bootstrap over clusters as `mean_interval`."""
    differences = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    if not len(differences):
        nothing = float("nan")
        return Difference(Interval(value=nothing, low=nothing, high=nothing, n=0), 1.0, nothing)
    sums, counts = _by_cluster(differences, clusters=clusters)
    means = _resampled_means(sums, counts=counts, seed=seed)
    low, high = np.quantile(means, [0.025, 0.975])
    # A draw on zero speaks for neither side; no more is claimed than the draws can tell.
    p = min(1.0, max(2 * min(float((means <= 0).mean()), float((means >= 0).mean())), 1 / RESAMPLES))
    interval = Interval(value=float(differences.mean()), low=float(low), high=float(high), n=len(differences))
    return Difference(interval, p, detectable(float(means.std()), n=len(differences)))


def detectable(standard_error: float, *, n: int) -> float:
    """The smallest true difference that a two-sided test at 5 % finds in 80 % of runs: (1.96 + 0.84) standard errors
    (Miller 2024, section 5). Where no case differed, 3/n of them could have, unseen (Hanley & Lippman-Hand 1983)."""
    return (Z95 + Z80) * max(standard_error, float(np.sqrt(3 / n / n)) if standard_error == 0 else 0.0)


def mcnemar(fixed: int, *, broken: int) -> float:
    """The exact p value of McNemar's test (1947): of the cases that flipped, were as many broken as fixed? Twice the
    smaller binomial tail, at most 1."""
    n, least = fixed + broken, min(fixed, broken)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n) if n else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for asking several questions at once (Holm 1979): the smallest times m, the next times
    m − 1, …, never less than one before it."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for place, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = running
    return adjusted


def kappa(ours: Sequence[str], *, theirs: Sequence[str]) -> float:
    """Agreement of two raters beyond chance (Cohen 1960): 1 is full, 0 what their habits alone would bring."""
    if not ours:
        return float("nan")
    labels = sorted({*ours, *theirs})
    observed = float(np.mean([a == b for a, b in zip(ours, theirs, strict=True)]))
    expected = sum(ours.count(label) * theirs.count(label) for label in labels) / len(ours) ** 2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def calibration_error(scores: Sequence[float], *, right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): how far certainty and the share that is right lie apart, in
    bins of equal width, weighted by their cases."""
    certainty, hits = np.asarray(scores, dtype=float), np.asarray(right, dtype=float)
    if not len(certainty):
        return float("nan")
    places = np.minimum((certainty * bins).astype(int), bins - 1)
    gaps = [abs(certainty[places == b].sum() - hits[places == b].sum()) for b in np.unique(places)]
    return float(sum(gaps) / len(certainty))


def _by_cluster(values: Array, *, clusters: Sequence[str] | None) -> tuple[Array, Array]:
    """The sum of each cluster's values and the number of its cases."""
    if clusters is None:
        return values, np.ones(len(values))
    places = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return np.bincount(places, weights=values).astype(float), np.bincount(places).astype(float)


def _resampled_means(sums: Array, *, counts: Array, seed: int) -> Array:
    """The mean in RESAMPLES draws of as many clusters as there are, with replacement."""
    rng = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    step = max(1, _AT_ONCE // len(sums))
    for start in range(0, RESAMPLES, step):
        drawn = rng.integers(0, len(sums), (min(step, RESAMPLES - start), len(sums)))
        means[start : start + len(drawn)] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means


def auroc(positives: Sequence[float], *, negatives: Sequence[float]) -> Interval:
    """The chance that a positive scores above a negative, ties half (Mann & Whitney 1947), with Hanley and
    McNeil's interval (1982)."""
    p, q = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    if not len(p) or not len(q):
        return Interval(value=float("nan"), low=0.0, high=1.0, n=0)
    ordered = np.sort(q)
    below, upto = np.searchsorted(ordered, p, "left"), np.searchsorted(ordered, p, "right")
    a = float((below + upto).sum() / (2 * len(p) * len(q)))
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (len(p) - 1) * (q1 - a * a) + (len(q) - 1) * (q2 - a * a)) / (len(p) * len(q))
    half = Z95 * float(np.sqrt(max(variance, 0.0)))
    return Interval(value=a, low=max(0.0, a - half), high=min(1.0, a + half), n=len(p) + len(q))


def threshold_at(negatives: Sequence[float], *, share: float) -> float:
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


def risk_coverage(scores: Sequence[float], *, right: Sequence[bool]) -> list[CurvePoint]:
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
    alternatives: Sequence[Array], *, chosen: Sequence[int], l2: float = 0.01, weights: Sequence[float] | None = None
) -> Array:
    """Weights of the conditional logit (McFadden 1974): each case's `alternatives` is `[k, f]`, `chosen` the row
    that was right. Newton steps on the mean negative log-likelihood plus `l2/2` times the squared weights.

    With two alternatives, one of them zeros, it is logistic regression.
    """
    count = alternatives[0].shape[1]
    beta = np.zeros(count)
    shares = np.asarray(weights if weights is not None else np.ones(len(chosen)), dtype=float)
    shares = shares / shares.sum()
    loss = _choice_loss(beta, alternatives=alternatives, chosen=chosen, shares=shares, l2=l2)
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
        while (
            after := _choice_loss(beta - size * step, alternatives=alternatives, chosen=chosen, shares=shares, l2=l2)
        ) > loss and size > 1e-6:
            size /= 2
        beta, gained, loss = beta - size * step, loss - after, after
        if gained < 1e-9:
            break
    return beta


def _choice_loss(
    beta: Array, *, alternatives: Sequence[Array], chosen: Sequence[int], shares: Array, l2: float
) -> float:
    picked = [_softmax(rows @ beta)[pick] for rows, pick in zip(alternatives, chosen, strict=True)]
    return float(-(shares * np.log(np.maximum(picked, 1e-300))).sum() + l2 / 2 * beta @ beta)


def _softmax(logits: Array) -> Array:
    powers: Array = np.exp(logits - logits.max())
    shares: Array = powers / powers.sum()
    return shares


def fit_logistic(
    rows: Array, *, labels: Sequence[bool], l2: float = 0.01, weights: Sequence[float] | None = None
) -> tuple[Array, float]:
    """Weights and bias of a logistic regression, by `fit_choice`."""
    with_bias = np.hstack([rows, np.ones((len(rows), 1))])
    pairs = [np.stack([row, np.zeros_like(row)]) for row in with_bias]
    beta = fit_choice(pairs, chosen=[0 if label else 1 for label in labels], l2=l2, weights=weights)
    return beta[:-1], float(beta[-1])
