"""Merging the legs, by numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.search.fusion import POOL_WEIGHTS, normalised, pool, probabilities, top


@pytest.mark.parametrize(
    ("scores", "count", "best"),
    [
        pytest.param([0.1, 0.9, 0.5], 2, [1, 2], id="the best first"),
        pytest.param([0.5, 0.9, 0.5, 0.5], 3, [1, 0, 2], id="equal scores in the order of their ordinals"),
        pytest.param([0.0, -1.0, 0.2], 3, [2], id="what did not match is never brought"),
        pytest.param([0.3, 0.2], 9, [0, 1], id="fewer than asked"),
        pytest.param([], 3, [], id="none"),
    ],
)
def test_the_top_are_the_best_positive_scores(scores: list[float], count: int, best: list[int]) -> None:
    assert top(np.array(scores, dtype=np.float32), count).tolist() == best


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(1, 10))
def test_the_top_are_those_of_a_full_sort(scores: list[int], count: int) -> None:
    sorted_all = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: (-scores[i], i))
    assert top(np.array(scores, dtype=np.float32), count).tolist() == sorted_all[:count]


@pytest.mark.parametrize(
    ("scores", "floor", "expected"),
    [
        pytest.param({1: 2.0, 2: 6.0, 3: 4.0}, None, {1: 0.0, 2: 1.0, 3: 0.5}, id="between the least and the best"),
        pytest.param({1: 2.0, 2: 8.0}, 0.0, {1: 0.25, 2: 1.0}, id="between a floor and the best"),
        pytest.param({1: 3.0, 2: 3.0}, None, {1: 1.0, 2: 1.0}, id="all equal"),
        pytest.param({}, None, {}, id="none"),
    ],
)
def test_scores_are_normalised_to_one_for_the_best(
    scores: dict[int, float], floor: float | None, expected: dict[int, float]
) -> None:
    assert normalised(scores, floor) == expected


def test_the_pool_sums_the_weighted_legs() -> None:
    assert POOL_WEIGHTS == {"dense": 1.0, "words": 0.3, "grams": 0.3}
    legs = {"dense": {7: 0.5, 8: 0.3}, "words": {8: 1.0, 9: 1.0}, "grams": {8: 0.1, 5: 0.4}}
    # 7 → 0.5; 8 → 0.3 + 0.3 + 0.03 = 0.63; 9 → 0.3; 5 → 0.12
    assert pool(legs, 3) == [8, 7, 9]
    assert pool(legs, 10) == [8, 7, 9, 5]
    assert pool({}, 10) == []


def test_equal_candidates_of_the_pool_come_in_the_order_of_their_keys() -> None:
    assert pool({"words": {9: 0.5, 3: 0.5, 6: 0.5}}, 2) == [3, 6]


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    assert probabilities(np.log(np.array([1.0, 3.0, 4.0], dtype=np.float32))).tolist() == pytest.approx(
        [0.125, 0.375, 0.5]
    )
    assert probabilities(np.array([1e30, 0.0], dtype=np.float32)).tolist() == [1.0, 0.0]
    assert probabilities(np.array([], dtype=np.float32)).tolist() == []
