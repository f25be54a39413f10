"""A run in figures: what counts, what is told apart, what fails, and what to look at first."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import result

from evals.results import Result
from evals.scorers import METRICS
from evals.summary import Cause, Limit, Summary, cause_of, read_thresholds, summarise
from rag.errors import CaseError


def value(summary: Summary, name: str) -> float:
    return next(row.interval.value for row in summary.rows if row.metric.name == name)


def test_each_metric_counts_the_cases_that_were_judged() -> None:
    summary = summarise([result("a", right=1.0, leak_free=None), result("b", right=0.0, leak_free=1.0)])
    assert value(summary, "right") == 0.5
    assert value(summary, "leak_free") == 1.0
    assert [row.interval.n for row in summary.rows if row.metric.name in ("right", "leak_free")] == [2, 1]
    assert "hit@5" not in [row.metric.name for row in summary.rows]


def test_false_positives_are_counted_in_all_and_by_kind() -> None:
    summary = summarise(
        [
            result("a", answerable=False, tags=("absent",), abstained=1.0),
            result("b", answerable=False, tags=("near-year",), abstained=0.0),
        ]
    )
    assert value(summary, "false_answer") == 0.5
    assert value(summary, "false_answer:absent") == 0.0
    assert value(summary, "false_answer:near-year") == 1.0


def test_an_error_is_a_failure_and_never_missing() -> None:
    summary = summarise([result("a", right=1.0), result("b", error="it broke", right=0.0)])
    assert (summary.errors, value(summary, "right")) == (1, 0.5)
    assert [r.case.id for r in summary.causes[Cause.ERROR]] == ["b"]


@pytest.mark.parametrize(
    ("scores", "cause"),
    [
        ({"right": 1.0}, None),
        ({"right": 0.0, "gold_indexed": 0.0}, Cause.NOT_INDEXED),
        ({"right": 0.0, "gold_indexed": 1.0, "mrr_at_10": 0.0, "citation_recall": 0.0}, Cause.NOT_RETRIEVED),
        ({"right": 0.0, "gold_indexed": 1.0, "mrr_at_10": 0.5, "answered": 0.0, "citation_recall": 0.0}, Cause.OVER_ABSTAINED),
        ({"right": 0.0, "gold_indexed": 1.0, "mrr_at_10": 0.5, "answered": 1.0, "citation_recall": 0.0}, Cause.NOT_CITED),
        ({"right": 0.0, "gold_indexed": 1.0, "mrr_at_10": 0.5, "answered": 1.0, "citation_recall": 1.0, "answer_in_paragraph": 1.0, "answer_in_two": 0.0}, Cause.WRONG_SENTENCE),
        ({"right": 0.0, "gold_indexed": 1.0, "mrr_at_10": 0.5, "answered": 1.0, "citation_recall": 1.0, "answer_in_paragraph": 0.0, "answer_in_two": 0.0}, Cause.WRONG_TEXT),
        ({"right": 1.0, "leak_free": 0.0}, Cause.LEAKED),
    ],
)  # fmt: skip
def test_the_first_thing_that_went_wrong_is_the_cause(scores: dict[str, float], cause: Cause | None) -> None:
    assert cause_of(result("a", **scores)) is cause


def test_an_answer_to_what_nobody_says_is_a_cause_of_its_own() -> None:
    assert cause_of(result("a", answerable=False, abstained=0.0)) is Cause.UNDER_ABSTAINED
    assert cause_of(result("a", answerable=False, abstained=1.0)) is None


def test_variants_and_synthetic_cases_are_never_mixed_in() -> None:
    results = [
        result("a", right=1.0),
        result("a~typo", source="variant", right=0.0),
        result("a~case", source="variant", right=1.0),
        result("s", source="synthetic", right=0.0),
    ]
    summary = summarise(results)
    assert value(summary, "right") == 1.0
    assert (summary.flips["typo"].value, summary.flips["case"].value, summary.flips["all"].value) == (1.0, 0.0, 0.5)
    assert next(row.interval.value for row in summary.synthetic if row.metric.name == "right") == 0.0


def test_a_suite_of_synthetic_cases_alone_is_measured_as_it_is() -> None:
    summary = summarise([result("s", source="synthetic", right=0.0)])
    assert value(summary, "right") == 0.0
    assert summary.synthetic == ()


def test_repeats_count_once_and_tell_what_varies() -> None:
    summary = summarise([result("a", right=1.0), result("b", right=1.0), result("a", number=2, right=0.0), result("b", number=2, right=1.0)])  # fmt: skip
    assert summary.cases == 2
    assert summary.flaky is not None
    assert summary.flaky.value == 0.5
    assert summarise([result("a", right=1.0)]).flaky is None


def test_the_gate_is_measured_over_what_was_answered() -> None:
    # Certain .9 and right, certain .6 and wrong: risks 0 and ½; gaps .1 and .6.
    summary = summarise([result("a", certainty=0.9, first_correct=1.0), result("b", certainty=0.6, first_correct=0.0)])
    assert value(summary, "risk_area") == pytest.approx(0.25)
    assert value(summary, "calibration_error") == pytest.approx(0.35)


def limited(results: list[Result], **limits: Limit) -> Summary:
    return summarise(results, limits={name.replace("_at_", "@"): limit for name, limit in limits.items()})


def test_a_threshold_fails_where_the_point_estimate_is_beyond_it() -> None:
    half = [result("a", right=1.0, wrong=0.0), result("b", right=0.0, wrong=1.0)]
    assert limited(half, right=Limit(least=0.5), wrong=Limit(most=0.5)).failed == ()
    failed = limited(half, right=Limit(least=0.51), wrong=Limit(most=0.49)).failed
    assert [row.metric.name for row in failed] == ["right", "wrong"]


def test_thresholds_name_real_metrics(tmp_path: Path) -> None:
    assert read_thresholds("seeds")["exact"] == Limit(least=1.0)
    assert read_thresholds("nobody’s") == {}
    for text in ('[x]\n"exactly" = { least = 1 }', '[x]\n"exact" = { last = 1 }', '[x]\n"exact" = {}', "[x"):
        (tmp_path / "t.toml").write_text(text)
        with pytest.raises(CaseError, match=r"t\.toml"):
            read_thresholds("x", path=tmp_path / "t.toml")


def test_safety_is_what_may_not_fall() -> None:
    safety = {metric.name for metric in METRICS if metric.is_safety}
    assert safety == {"resolves", "exact", "stands_or_marked", "reader_introduced", "leak_free"}
