"""Merging the legs: pure functions of scores, knowing nothing of stores.

Candidates come from a weighted sum of min-max normalised scores (better than reciprocal ranks on 27 of 29
BEIR sets); `rag.search.ranking` puts the best of them in order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Ordinals = npt.NDArray[np.int64]

POOL_WEIGHTS = {"dense": 1.0, "words": 0.3, "grams": 0.3}
"""For choosing candidates only; best of seven on the eight collections of real questions: the right paragraph among the
first 60 in .916 of .863–.916, worst collection .867. People who have not read a text seldom use its words."""


def top(scores: Scores, count: int) -> Ordinals:
    """Ordinals of the `count` best positive scores, best first; equal scores in the order of their ordinals."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > count:
        least = np.partition(scores[positive], -count)[-count]
        positive = positive[scores[positive] >= least]
    return positive[np.argsort(-scores[positive], kind="stable")][:count]


def normalised(scores: Mapping[int, float], floor: float | None = None) -> dict[int, float]:
    """Scores between 0 (`floor`, or the least given) and 1 (the best). A leg whose scores are all equal gives 1."""
    if not scores:
        return {}
    best = max(scores.values())
    least = min(scores.values()) if floor is None else floor
    width = best - least
    return {key: (score - least) / width if width > 1e-9 else 1.0 for key, score in scores.items()}


def pool(legs: Mapping[str, Mapping[int, float]], count: int) -> list[int]:
    """The `count` best candidates by the weighted sum of their normalised scores in all legs, best first."""
    fused: dict[int, float] = {}
    for leg, scores in legs.items():
        for key, score in scores.items():
            fused[key] = fused.get(key, 0.0) + POOL_WEIGHTS[leg] * score
    return sorted(fused, key=lambda key: (-fused[key], key))[:count]


def probabilities(logits: Scores) -> Scores:
    """The share of belief each candidate gets, by softmax: they sum to 1."""
    if not len(logits):
        return logits
    powers = np.exp(logits - logits.max())
    shares: Scores = (powers / powers.sum()).astype(np.float32)
    return shares
