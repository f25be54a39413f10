"""Questions made of documents: the gold is there by construction, and a near-miss is nowhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from evals.corpus import read_paragraphs
from evals.lint import lint
from evals.suite import SEEDS
from evals.synthetic import synthetic_cases, written_cases
from evals.wording import stands_in
from rag.domain import Paragraph
from tests.rag.answer.test_generate import Scripted

HANDBOOK = """# Handbook

## Leave

Parental leave is the time after a birth. Employees are entitled to 16 weeks of leave. The rule began on 3 May 2019 in the whole house.

## Tools

- a hammer and a pair of tongs for the smith
- a saw for the carpenter and his people
"""


def handbook(folder: Path) -> tuple[dict[str, Sequence[Paragraph]], dict[str, str]]:
    (folder / "handbook.md").write_text(HANDBOOK)
    return read_paragraphs(folder)


def test_definitions_numbers_dates_headings_and_lists_become_questions(tmp_path: Path) -> None:
    paragraphs, _ = handbook(tmp_path)
    made = {case.question: (case.answers, case.tags) for case in synthetic_cases(paragraphs) if case.answerable}
    assert made["What is Parental leave?"] == (("the time after a birth",), ("definition",))
    assert made["How many weeks: “Employees are entitled to … of leave”?"] == (("16",), ("number",))
    assert made["When was it: “The rule began on … in the whole house”?"] == (("3 May 2019",), ("date",))
    assert made["What does it say about Leave?"] == ((), ("heading",))
    assert made["What does it say about Tools?"] == ((), ("list",))


def test_every_case_is_sound_marked_synthetic_and_the_same_each_time(tmp_path: Path) -> None:
    for folder in (SEEDS, tmp_path):
        paragraphs, files = handbook(tmp_path) if folder is tmp_path else read_paragraphs(folder)
        cases = synthetic_cases(paragraphs)
        assert cases == synthetic_cases(paragraphs)
        assert lint(cases, corpus=paragraphs, files=files) == []
        assert {case.source for case in cases} == {"synthetic"}


def test_what_a_near_miss_asks_about_stands_nowhere() -> None:
    paragraphs, files = read_paragraphs(SEEDS)
    misses = [case for case in synthetic_cases(paragraphs) if not case.answerable]
    assert misses
    for miss in misses:
        words = [word for word in miss.question.replace("”", " ").replace("“", " ").split() if word[:1].isupper()]
        absent = [word for word in words if not any(stands_in(word, text=text) for text in files.values())]
        assert absent, miss.question
        assert miss.near is not None


def test_no_more_are_made_than_were_asked_for() -> None:
    paragraphs, _ = read_paragraphs(SEEDS)
    assert len([case for case in synthetic_cases(paragraphs, most=4) if case.answerable]) == 4


def test_a_written_question_must_have_its_answer_in_the_paragraph_and_words_of_its_own(tmp_path: Path) -> None:
    text = "The caretaker keeps one spare key for every flat in a locked cabinet beside the boiler room in the cellar, and hands it out against a signature only."
    (tmp_path / "a.txt").write_text(f"House rules of the old brewery\n\n{text}\n")
    paragraphs, _ = read_paragraphs(tmp_path)

    def written(question: str, answer: str) -> list[str]:
        told = json.dumps({"question": question, "answer": answer})
        return [case.question for case in written_cases(paragraphs, llm=Scripted(f"Here: {told}"), most=5)]

    assert written("I lost mine at the pub; who opens my door?", "The caretaker") == [
        "I lost mine at the pub; who opens my door?"
    ]
    assert written("I lost mine at the pub; who opens my door?", "The janitor") == []
    assert written("Who keeps one spare key for every flat in a locked cabinet?", "The caretaker") == []
    assert written("", "The caretaker") == []
    assert list(written_cases(paragraphs, llm=Scripted("no JSON at all"), most=5)) == []
