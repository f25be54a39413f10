"""Is it better, or is it noise? Runs made by hand, where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from making import result, run

from evals.compare import Comparison, compare
from evals.formats import comparison_markdown


def runs(before: list[float], after: list[float], metric: str = "right") -> Comparison:
    return compare(
        run(*(result(f"q{i}", **{metric: value}) for i, value in enumerate(before))),
        after=run(*(result(f"q{i}", **{metric: value}) for i, value in enumerate(after))),
    )


def changed(comparison: Comparison, name: str = "right"):  # type: ignore[no-untyped-def]
    return next(change for change in comparison.changes if change.metric.name == name)


def test_a_change_of_many_questions_is_told_and_a_few_are_noise() -> None:
    better = runs([0.0] * 30 + [1.0] * 30, [1.0] * 20 + [0.0] * 10 + [1.0] * 30)
    assert changed(better).is_better
    assert (better.fixed, better.broken) == (20, 0)
    assert better.p == pytest.approx(2 * 0.5**20)
    assert better.conclusion.startswith("Better: answerable, answered rightly")
    noise = runs([0.0] * 30 + [1.0] * 30, [1.0] * 2 + [0.0] * 28 + [0.0] + [1.0] * 29)
    assert not changed(noise).is_better
    assert not noise.failed
    assert "not enough to tell less than" in noise.conclusion


def test_worse_beyond_noise_fails_and_better_does_not() -> None:
    worse = runs([1.0] * 60, [0.0] * 20 + [1.0] * 40)
    assert [change.metric.name for change in worse.failed] == ["right"]
    assert runs([0.0] * 20 + [1.0] * 40, [1.0] * 60).failed == ()


def test_of_a_fault_less_is_better() -> None:
    fewer = runs([1.0] * 30 + [0.0] * 30, [0.0] * 60, "wrong")
    assert changed(fewer, "wrong").is_better
    more = runs([0.0] * 60, [1.0] * 30 + [0.0] * 30, "wrong")
    assert [change.metric.name for change in more.failed] == ["wrong"]


def test_a_safety_score_may_not_fall_in_a_single_question() -> None:
    fallen = runs([1.0] * 100, [0.0] + [1.0] * 99, "exact")
    assert not changed(fallen, "exact").is_worse
    assert [change.metric.name for change in fallen.failed] == ["exact"]
    assert "**FAILS**, a safety score fell" in comparison_markdown(fallen)


def test_only_what_both_runs_have_is_compared_and_the_rest_is_told() -> None:
    before = run(result("a", right=1.0), result("b", right=1.0), result("c", right=1.0))
    other = result("c", right=0.0)
    after = run(
        result("b", right=1.0),
        replace(other, case=replace(other.case, question="Something else?")),
        result("d", right=0.0),
    )
    comparison = compare(before, after=after)
    assert (comparison.cases, comparison.added, comparison.removed, comparison.changed) == (1, ("d",), ("a",), ("c",))
    assert changed(comparison).before == changed(comparison).after == 1.0


def test_runs_without_a_common_question_say_so() -> None:
    assert compare(run(result("a", right=1.0)), after=run(result("b", right=1.0))).conclusion == (
        "The two runs have no question in common."
    )


def test_the_same_run_twice_has_no_difference_in_anything() -> None:
    same = runs([1.0, 0.0] * 20, [1.0, 0.0] * 20)
    assert not same.flips
    assert same.conclusion.startswith("Every score is the same: 40 questions are not enough to tell less than ")


def test_repeats_of_a_case_count_as_their_mean() -> None:
    before = run(result("a", right=1.0), result("a", number=2, right=0.0))
    assert changed(compare(before, after=run(result("a", right=1.0)))).before == 0.5


def test_what_else_differs_is_named() -> None:
    before = run(result("a", right=1.0))
    after = replace(before, described={**before.described, "code": "another"})
    assert compare(before, after=after).differs == ("code",)


def test_flips_are_listed_with_both_answers_the_broken_ones_first() -> None:
    before = run(result("a", right=1.0, text="It was 13 days."), result("b", right=0.0, text="A | goat."))
    after = run(result("a", right=0.0, text=""), result("b", right=1.0, text="Two goats."))
    comparison = compare(before, after=after)
    assert [(flip.after.case.id, flip.is_fixed) for flip in comparison.flips] == [("a", False), ("b", True)]
    told = comparison_markdown(comparison)
    assert "**BROKEN** a: What of a?\n- before: It was 13 days.\n- after: no answer" in told
    assert "- before: A \\| goat." in told
