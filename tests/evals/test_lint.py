"""What is wrong with a question file is said before anybody trusts a figure made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evals.cases import case_from, read_cases
from evals.corpus import read_paragraphs
from evals.lint import lint
from evals.suite import QUESTIONS, SEEDS

FIRST = "000_8ce4b84d20215b01.txt"
GOOD: dict[str, Any] = {"id": "1", "question": "How long?", "answers": ["13 days"], "tags": ["fact"], "gold": [{"document": FIRST, "quote": "13 days of siege"}]}  # fmt: skip
CORPUS, FILES = read_paragraphs(SEEDS)


def problems(*described: dict[str, Any]) -> list[str]:
    return [problem.what for problem in lint([case_from(one) for one in described], corpus=CORPUS, files=FILES)]


def test_a_good_case_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"question": " "}, "it asks nothing"),
        ({"tags": []}, "it has no tags"),
        ({"gold": [{"document": FIRST, "quote": "14 days of siege"}]}, f"{FIRST} does not hold “14 days of siege”"),
        ({"gold": [{"document": "b.txt", "quote": "13 days"}]}, "there is no document b.txt"),
        ({"gold": [{"document": FIRST, "page": 3}]}, f"{FIRST} has no page 3"),
        ({"gold": []}, "it can be answered, but no gold says where"),
        ({"answers": ["14 days"]}, "none of its answers stands in a gold paragraph"),
        ({"answerable": False, "gold": []}, "it is said to be unanswerable, but “13 days” stands in the documents"),
        ({"answerable": False, "answers": []}, "it cannot be answered, but has gold"),
        ({"answerable": False, "answers": [], "gold": [], "near": {"document": FIRST, "quote": "goats"}}, f"{FIRST} does not hold “goats”"),
        ({"key_points": [{"any": []}]}, "a key point has no wording"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], what: str) -> None:
    assert what in problems(GOOD | change)


def test_ids_and_questions_that_stand_twice_are_named() -> None:
    assert problems(GOOD, GOOD | {"id": "2"}) == ["its question stands twice"] * 2
    assert problems(GOOD, GOOD | {"question": "What?"}) == ["its id stands twice"] * 2
    assert problems(GOOD, GOOD | {"id": "2", "turns": ["Who?"]}) == []


def test_the_shipped_suite_has_no_problem_and_holds_what_it_should() -> None:
    cases = read_cases(QUESTIONS / "seeds.jsonl")
    assert lint(cases, corpus=CORPUS, files=FILES) == []
    assert len(cases) >= 120
    assert sum(not case.answerable for case in cases) >= 30
    tags = {tag for case in cases for tag in case.tags}
    assert {"fact", "number", "name", "date", "paraphrase", "keywords", "typo", "several", "both", "who-said", "caption", "byline", "comment", "follow-up", "absent", "near-entity", "near-year", "near-unit", "near-attribute", "near-negation", "false-premise", "out-of-scope", "injection"} <= tags  # fmt: skip


def test_a_quote_over_several_lines_is_found_whatever_its_white_space(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A goat\n  stood behind it.\n\nTwo goats.\n")
    corpus, files = read_paragraphs(tmp_path)
    case = GOOD | {"answers": [], "gold": [{"document": "a.txt", "quote": "goat stood behind"}]}
    assert lint([case_from(case)], corpus=corpus, files=files) == []
