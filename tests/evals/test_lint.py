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
        ({"question": " "}, "question “ ” asks nothing. Write one, or delete the case."),
        ({"gold": [{"document": FIRST, "quote": "15 days of siege!"}]}, f"gold “15 days of siege!” does not stand in {FIRST}. Quote a piece of a document letter for letter."),
        ({"gold": [{"quote": "nobody said this"}]}, "gold “nobody said this” stands in none of the documents. Quote a piece of a document letter for letter."),
        ({"gold": [{"document": "000_8ce4b84d20215b0l.txt", "quote": "13 days"}]}, f"gold names 000_8ce4b84d20215b0l.txt, and there is no document of that name. Is it {FIRST}?"),
        ({"gold": [{"document": FIRST, "page": 3}]}, f"gold names page 3, and {FIRST} has no such page. Name another."),
        ({"gold": [], "answers": []}, "gold and answers are missing, so nothing says what is right. Write one, or “answerable”: false."),
        ({"gold": []}, "gold is missing, so only what is said can be scored, and not where it is from. Add a quote."),
        ({"answers": ["14 days"]}, "answers “14 days” stand in no gold paragraph. Mend them, or the gold."),
        ({"answers": ["the"]}, "answers “the” has no word that can be compared: articles do not count. Write more."),
        ({"answerable": False, "gold": []}, "answerable is false, but “13 days” stands in the documents. Is it an answer?"),
        ({"answerable": False, "answers": []}, "answerable is false, but there is gold. Delete one of the two; what it is near to goes under near."),
        ({"answerable": False, "answers": [], "gold": [], "near": {"document": FIRST, "quote": "goats"}}, f"gold “goats” does not stand in {FIRST}. Quote a piece of a document letter for letter."),
        ({"key_points": [{"any": []}]}, "key_points “{\"any\": [], \"vital\": true}” has no wording. Write one under any."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_field_value_and_next_step(change: dict[str, Any], what: str) -> None:
    assert what in problems(GOOD | change)


def test_of_a_quote_with_a_slip_the_sentence_that_was_meant_is_offered(tmp_path: Path) -> None:
    (tmp_path / "prices.md").write_text("The battery is replaced for 410 euros.\n")
    corpus, files = read_paragraphs(tmp_path)
    slipped = [{"document": "prices.md", "quote": "The battery is replaced for 400 euros."}]
    (problem,) = lint([case_from(GOOD | {"answers": [], "gold": slipped})], corpus=corpus, files=files)
    assert problem.what.endswith("does not stand in prices.md. Is it “The battery is replaced for 410 euros.”?")


@pytest.mark.parametrize(
    ("question", "answers", "what"),
    [
        ("Are dogs allowed on the chair lifts?", ["no"], None),
        ("Are dogs allowed in the cable car?", ["yes"], None),
        ("Are dogs allowed on the chair lifts?", ["yes"], "answers “yes”, but the gold says no. Mend one of the two."),
        ("Are cats allowed on the roof?", ["no"], "answers “no” cannot be told from the words of the gold, so such an answer could not be judged. Add the words that a right answer has to answers."),
        ("Are cats allowed on the roof?", ["no", "dogs are"], None),
    ],
    ids=["no", "yes", "the other way", "cannot be told", "told by its words"],
)  # fmt: skip
def test_of_yes_and_no_it_is_said_whether_they_can_be_told(
    tmp_path: Path, question: str, answers: list[str], what: str | None
) -> None:
    (tmp_path / "a.md").write_text("Dogs are allowed in the cable car but not on the chair lifts.\n")
    corpus, files = read_paragraphs(tmp_path)
    gold = [{"quote": "Dogs are allowed in the cable car but not on the chair lifts."}]
    case = case_from({"id": "1", "question": question, "answers": answers, "gold": gold})
    assert [problem.what for problem in lint([case], corpus=corpus, files=files)] == ([what] if what else [])


def test_ids_and_questions_that_stand_twice_are_named() -> None:
    assert problems(GOOD, GOOD | {"id": "2"}) == ["question “How long?” stands twice. Delete one."] * 2
    assert problems(GOOD, GOOD | {"question": "What?"}) == ["id “1” stands twice. Give each case its own."] * 2
    assert problems(GOOD, GOOD | {"id": "2", "turns": ["Who?"]}) == []


def test_the_shipped_suite_has_no_problem_and_holds_what_it_should() -> None:
    cases = read_cases(QUESTIONS / "seeds.jsonl")
    assert lint(cases, corpus=CORPUS, files=FILES) == []
    assert len(cases) >= 120
    assert all(case.tags for case in cases)
    assert sum(not case.answerable for case in cases) >= 30
    tags = {tag for case in cases for tag in case.tags}
    assert {"fact", "number", "name", "date", "paraphrase", "keywords", "typo", "several", "both", "who-said", "caption", "byline", "comment", "follow-up", "absent", "near-entity", "near-year", "near-unit", "near-attribute", "near-negation", "false-premise", "out-of-scope", "injection"} <= tags  # fmt: skip


def test_a_quote_over_several_lines_is_found_whatever_its_white_space(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A goat\n  stood behind it.\n\nTwo goats.\n")
    corpus, files = read_paragraphs(tmp_path)
    case = GOOD | {"answers": [], "gold": [{"document": "a.txt", "quote": "goat stood behind"}]}
    assert lint([case_from(case)], corpus=corpus, files=files) == []
