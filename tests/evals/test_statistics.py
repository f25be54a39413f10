"""Intervals, curves and fits against values worked out by hand or by a reference library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import (
    area_under_risk,
    auroc,
    fit_choice,
    fit_logistic,
    mean_interval,
    risk_coverage,
    threshold_at,
    wilson,
)


def test_wilson_interval_of_nine_in_ten() -> None:
    # Worked by hand from Wilson (1927): centre .7885, half width .2078.
    interval = wilson(9, 10)
    assert (interval.value, interval.n) == (0.9, 10)
    assert interval.low == pytest.approx(0.5958, abs=1e-3)
    assert interval.high == pytest.approx(0.9821, abs=1e-3)


def test_no_failure_in_n_still_leaves_room_for_one() -> None:
    assert wilson(300, 300).low < 0.99


def test_clusters_widen_the_interval_of_a_mean() -> None:
    values = [1.0] * 50 + [0.0] * 50
    alone = mean_interval(values)
    together = mean_interval(values, ["a"] * 25 + ["b"] * 25 + ["c"] * 25 + ["d"] * 25)
    assert alone.value == together.value == 0.5
    assert together.high - together.low > alone.high - alone.low


def test_auroc_counts_pairs_and_ties_half() -> None:
    # Pairs: (3,1) (3,2) won, (2,1) won, (2,2) tied → 3.5 of 4.
    assert auroc([3, 2], [1, 2]).value == pytest.approx(0.875)


@given(st.lists(st.floats(0, 1), min_size=1), st.lists(st.floats(0, 1), min_size=1))
def test_auroc_of_swapped_classes_is_its_complement(positives: list[float], negatives: list[float]) -> None:
    assert auroc(positives, negatives).value + auroc(negatives, positives).value == pytest.approx(1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0, 0.99))
def test_a_threshold_lets_at_most_its_share_through(negatives: list[float], share: float) -> None:
    threshold = threshold_at(negatives, share)
    assert sum(value >= threshold for value in negatives) <= share * len(negatives) or threshold == min(negatives)


def test_risk_coverage_answers_the_most_certain_first() -> None:
    curve = risk_coverage([0.2, 0.9, 0.5], [False, True, True])
    assert [(round(point.coverage, 2), round(point.risk, 2)) for point in curve] == [
        (0.33, 0.0),
        (0.67, 0.0),
        (1.0, 0.33),
    ]
    assert area_under_risk(curve) == pytest.approx(1 / 9)


def test_logistic_regression_finds_the_log_odds() -> None:
    # 3 of 4 ones where x = 1, 1 of 4 where x = 0: bias ln(1/3), weight ln(9).
    rows = np.array([[0.0]] * 4 + [[1.0]] * 4)
    weights, bias = fit_logistic(rows, [True, False, False, False, True, True, True, False], l2=1e-9)
    assert bias == pytest.approx(np.log(1 / 3), abs=1e-4)
    assert weights[0] == pytest.approx(np.log(9), abs=1e-4)


def test_a_choice_model_learns_which_feature_decides() -> None:
    rng = np.random.default_rng(0)
    alternatives = [rng.normal(size=(5, 2)) for _ in range(200)]
    beta = fit_choice(alternatives, [int(rows[:, 0].argmax()) for rows in alternatives], l2=0.1)
    assert beta[0] > 5 * abs(beta[1])
