"""Intervals, curves and fits against values worked out by hand or by a reference library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap, ttest_ind, ttest_rel

from evals.intervals import (
    area_under_risk,
    auroc,
    calibration_error,
    fit_choice,
    fit_logistic,
    holm,
    kappa,
    mcnemar,
    mean_interval,
    paired_difference,
    risk_coverage,
    threshold_at,
    wilson,
)


def test_wilson_interval_of_nine_in_ten() -> None:
    # Worked by hand from Wilson (1927): centre .7885, half width .2078.
    interval = wilson(9, n=10)
    assert (interval.value, interval.n) == (0.9, 10)
    assert interval.low == pytest.approx(0.5958, abs=1e-3)
    assert interval.high == pytest.approx(0.9821, abs=1e-3)


def test_no_failure_in_n_still_leaves_room_for_one() -> None:
    assert wilson(300, n=300).low < 0.99


def test_clusters_widen_the_interval_of_a_mean() -> None:
    values = [1.0] * 50 + [0.0] * 50
    alone = mean_interval(values)
    together = mean_interval(values, clusters=["a"] * 25 + ["b"] * 25 + ["c"] * 25 + ["d"] * 25)
    assert alone.value == together.value == 0.5
    assert together.high - together.low > alone.high - alone.low


def test_auroc_counts_pairs_and_ties_half() -> None:
    # Pairs: (3,1) (3,2) won, (2,1) won, (2,2) tied → 3.5 of 4.
    assert auroc([3, 2], negatives=[1, 2]).value == pytest.approx(0.875)


@given(st.lists(st.floats(0, 1), min_size=1), st.lists(st.floats(0, 1), min_size=1))
def test_auroc_of_swapped_classes_is_its_complement(positives: list[float], negatives: list[float]) -> None:
    assert auroc(positives, negatives=negatives).value + auroc(negatives, negatives=positives).value == pytest.approx(
        1.0
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0, 0.99))
def test_a_threshold_lets_at_most_its_share_through(negatives: list[float], share: float) -> None:
    threshold = threshold_at(negatives, share=share)
    assert sum(value >= threshold for value in negatives) <= share * len(negatives) or threshold == min(negatives)


def test_risk_coverage_answers_the_most_certain_first() -> None:
    curve = risk_coverage([0.2, 0.9, 0.5], right=[False, True, True])
    assert [(round(point.coverage, 2), round(point.risk, 2)) for point in curve] == [
        (0.33, 0.0),
        (0.67, 0.0),
        (1.0, 0.33),
    ]
    assert area_under_risk(curve) == pytest.approx(1 / 9)


def test_logistic_regression_finds_the_log_odds() -> None:
    # 3 of 4 ones where x = 1, 1 of 4 where x = 0: bias ln(1/3), weight ln(9).
    rows = np.array([[0.0]] * 4 + [[1.0]] * 4)
    weights, bias = fit_logistic(rows, labels=[True, False, False, False, True, True, True, False], l2=1e-9)
    assert bias == pytest.approx(np.log(1 / 3), abs=1e-4)
    assert weights[0] == pytest.approx(np.log(9), abs=1e-4)


def test_a_choice_model_learns_which_feature_decides() -> None:
    rng = np.random.default_rng(0)
    alternatives = [rng.normal(size=(5, 2)) for _ in range(200)]
    beta = fit_choice(alternatives, chosen=[int(rows[:, 0].argmax()) for rows in alternatives], l2=0.1)
    assert beta[0] > 5 * abs(beta[1])


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (9, 10), (150, 300), (2116, 2116)])
def test_wilson_intervals_are_scipys(successes: int, n: int) -> None:
    theirs = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    ours = wilson(successes, n=n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_a_share_of_single_cases_gets_wilsons_interval() -> None:
    assert mean_interval([1.0] * 9 + [0.0]) == wilson(9, n=10)
    assert mean_interval([1.0] * 9 + [0.0], clusters=list("abcdefghij")) == wilson(9, n=10)
    assert mean_interval([1.0] * 9 + [0.5]) != wilson(9, n=10)


def test_a_mean_has_scipys_bootstrap_interval() -> None:
    values = np.random.default_rng(1).normal(size=120)
    theirs = bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=2).confidence_interval
    ours = mean_interval(list(values))
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_whole_clusters_are_drawn_together() -> None:
    # Of two clusters, 4 zeros and 6 ones, a draw has mean 0, .6 or 1.
    interval = mean_interval([0.0] * 4 + [1.0] * 6, clusters=["a"] * 4 + ["b"] * 6)
    assert (interval.value, interval.low, interval.high) == (0.6, 0.0, 1.0)


def test_a_difference_of_the_same_cases_is_paired() -> None:
    # Each question has a difficulty of its own, far larger than what changed.
    rng = np.random.default_rng(0)
    before = rng.normal(0, 10, 200)
    after = before + rng.normal(0.2, 0.5, 200)
    told = paired_difference(list(before), after=list(after))
    assert told.interval.low > 0
    assert told.p < 0.001
    assert told.interval.value == pytest.approx(float(np.mean(after - before)))
    unpaired = ttest_ind(before, after).pvalue
    assert unpaired > 0.5


def test_a_paired_p_value_is_about_that_of_the_t_test() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(size=400)
    after = before + rng.normal(0.09, 1, 400)
    assert paired_difference(list(before), after=list(after)).p == pytest.approx(
        ttest_rel(after, before).pvalue, abs=0.03
    )


def test_nothing_changed_is_no_difference_and_says_what_could_have_been_missed() -> None:
    told = paired_difference([1.0, 0.0] * 50, after=[1.0, 0.0] * 50)
    assert (told.interval.value, told.p) == (0.0, 1.0)
    # 3 of 100 may flip unseen: 2.80 × √(.03 / 100).
    assert told.detectable == pytest.approx(2.8016 * np.sqrt(0.03 / 100), abs=1e-4)


def test_the_smallest_difference_that_could_be_told_is_that_of_the_table() -> None:
    """100 questions of which a tenth flips: 8.9 points (two-sided 5 %, power 80 %)."""
    flips = np.array([1.0] * 5 + [-1.0] * 5 + [0.0] * 90)
    told = paired_difference([0.0] * 100, after=list(flips))
    assert told.detectable == pytest.approx(0.089, abs=0.003)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_exact_test_is_the_binomial_test_of_the_flips(fixed: int, broken: int) -> None:
    expected = binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
    assert mcnemar(fixed, broken=broken) == pytest.approx(expected)


def test_holms_adjustment_on_the_example_of_his_steps() -> None:
    # .01 × 4, .02 × 3, .03 × 2 (not below .06), .04 × 1 (not below .06).
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_an_adjusted_p_value_is_never_smaller_and_keeps_its_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(after >= before for before, after in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_kappa_of_the_two_by_two_example() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .70, expected .50, κ = .40.
    ours = ["yes"] * 25 + ["no"] * 25
    theirs = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(ours, theirs=theirs) == pytest.approx(0.4)
    assert kappa(["yes", "no"], theirs=["yes", "no"]) == 1.0


def test_calibration_error_weighs_each_bin_by_its_cases() -> None:
    # Bin .9: certain .95 twice, right once: gap |1.9 − 1|; bin .2: certain .25 twice, right none: gap .5.
    assert calibration_error([0.95, 0.95, 0.25, 0.25], right=[True, False, False, False]) == pytest.approx(1.4 / 4)
    assert calibration_error([1.0, 0.0], right=[True, False]) == 0.0


def test_all_right_is_no_certainty_in_clusters_either() -> None:
    interval = mean_interval([1.0] * 40, clusters=[str(i // 4) for i in range(40)])
    assert (interval.value, interval.n) == (1.0, 40)
    assert (interval.low, interval.high) == (wilson(10, n=10).low, wilson(10, n=10).high)
    assert interval.low < 0.75
