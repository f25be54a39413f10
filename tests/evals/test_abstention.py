"""What the gate tells apart: results made by hand, where the figures are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from making import result

from evals.abstention import GATE_METRICS
from evals.results import Result
from evals.summary import rows_of
from rag.answer.gate import shipped_gate

SHIPPED = shipped_gate().threshold


def figures(*results: Result) -> dict[str, float]:
    rows = rows_of(results, metrics=GATE_METRICS, limits={})
    return {row.metric.name: row.interval.value for row in rows}


def test_certain_of_what_it_can_answer_and_only_of_that() -> None:
    there = [result(f"a{i}", certainty=0.9 + i / 1000, answer_in_two=float(i >= 10)) for i in range(20)]
    others = [result(f"b{i}", answerable=False, certainty=0.01) for i in range(20)]
    found = figures(*there, *others)
    assert (found["auroc"], found["answered_at_few"]) == (1.0, 1.0)
    assert (found["answered_shipped"], found["false_positives_shipped"]) == (1.0, 0.0)
    # The wrong half is what it is least certain of.
    assert (found["risk@0.25"], found["risk@0.5"], found["risk@1.0"]) == (0.0, 0.0, 0.5)
    assert found["risk@0.75"] == pytest.approx(1 / 3)


def nothing_found(name: str) -> Result:
    one = result(name, answerable=False, text="")
    assert one.answer is not None
    return replace(one, asked=replace(one.asked, answer=replace(one.answer, seconds={"words": 0.001})))


def test_what_the_shipped_threshold_lets_through_counts_as_answered_and_where_nothing_is_found_nothing_is() -> None:
    found = figures(
        result("a", certainty=SHIPPED, answer_in_two=1.0),
        result("b", answerable=False, certainty=SHIPPED),
        nothing_found("c"),
    )
    assert (found["answered_shipped"], found["false_positives_shipped"]) == (1.0, 0.5)
    assert found["auroc"] == 0.75


def test_a_question_about_the_documents_themselves_says_nothing_of_the_gate() -> None:
    asked = [result("a", certainty=0.9, answer_in_two=1.0), result("b", answerable=False, certainty=0.1)]
    assert figures(*asked, result("c", text="It has no author.")) == figures(*asked)
