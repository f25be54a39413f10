"""Variants ask the same thing in another spelling, the same each time."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.cases import read_cases
from evals.domain import Case
from evals.suite import QUESTIONS
from evals.variants import KINDS, variants

CASES = read_cases(QUESTIONS / "seeds.jsonl")


def made(question: str) -> dict[str, str]:
    return {
        case.id.partition("~")[2]: case.question for case in variants([Case(id="a", question=question, answers=("x",))])
    }


def test_each_kind_changes_what_it_says() -> None:
    found = made("How long was Élan besieged in 2014?")
    assert found["keywords"] == "élan besieged 2014"
    assert found["case"] == "how long was élan besieged in 2014?"
    assert found["diacritics"] == "How long was Elan besieged in 2014?"
    assert found["digits"] == "How long was Élan besieged in ２０１４?"
    assert "How long was Élan besieged in 2014?" in found["paraphrase"]


def test_a_typing_error_swaps_two_neighbours_and_nothing_else() -> None:
    question = "Who besieged Aleppo?"
    typo = made(question)["typo"]
    assert sorted(typo) == sorted(question)
    assert sum(a != b for a, b in zip(typo, question, strict=True)) == 2


def test_a_question_that_a_kind_leaves_as_it_is_has_no_such_variant() -> None:
    assert "digits" not in made("who is it?")
    assert "typo" not in made("who is it?")


def test_a_variant_keeps_the_gold_and_answers_of_its_case_and_stands_with_it() -> None:
    for case in variants(CASES):
        origin = next(one for one in CASES if one.id == case.id.partition("~")[0])
        assert (case.gold, case.answers, case.answerable, case.turns) == (
            origin.gold, origin.answers, origin.answerable, origin.turns,
        )  # fmt: skip
        assert case.source == "variant"
        assert case.cluster == (origin.cluster or f"case {origin.id}")
        assert case.question != origin.question


def test_variants_are_the_same_each_time_and_have_ids_of_their_own() -> None:
    first, second = list(variants(CASES)), list(variants(CASES))
    assert first == second
    assert len({case.id for case in first}) == len(first)
    assert {case.id.partition("~")[2] for case in first} == set(KINDS)


@given(st.text(max_size=60))
def test_any_question_has_variants_or_none(question: str) -> None:
    for kind, variant in made(question).items():
        assert variant, kind


@pytest.mark.parametrize("question", ["Wie heißt der Bürgermeister?", "Où est l’été?"])
def test_accents_that_are_left_out_leave_the_letters(question: str) -> None:
    plain = made(question)["diacritics"]
    assert not any(unicodedata.combining(sign) for sign in unicodedata.normalize("NFD", plain))
