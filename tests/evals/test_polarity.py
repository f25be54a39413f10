"""Yes and no are told by what a text says, and where it does not say, that is said."""

from __future__ import annotations

import pytest

from evals.polarity import polarity

LIFTS = "Dogs are allowed in the cable car but not on the chair lifts."


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        ("Are dogs allowed on the chair lifts?", LIFTS, False),
        ("Are dogs allowed in the cable car?", LIFTS, True),
        ("Aren’t dogs allowed on the chair lifts?", LIFTS, False),
        ("Does a five-year-old need a pass?", "Children under six do not need a pass.", False),
        ("Is the blue pass valid on the Gletscher lift?", "The blue pass is valid on all lifts except the Gletscher lift.", False),
        ("Are refunds given for bad weather?", "Refunds are given for illness. They are not given for bad weather.", False),
        ("Is smoking allowed?", "Smoking is forbidden.", False),
        ("Is it open on Sundays?", "No, it is closed then.", False),
        ("Is it open on Sundays?", "Yes: from ten to four.", True),
        ("Sind Hunde auf dem Sessellift erlaubt?", "Hunde sind auf dem Sessellift nicht erlaubt.", False),
        ("Les chiens sont-ils admis ?", "Les chiens ne sont pas admis.", False),
    ],
)  # fmt: skip
def test_a_text_says_yes_or_no_in_its_words_or_by_denial(question: str, text: str, told: bool) -> None:
    assert polarity(question, text=text) is told


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Is the grey pass valid on the Gletscher lift?", "The grey pass is valid on the nursery lifts only."),
        ("Is the blue pass valid on the Gletscher lift?", "The blue pass is valid on all lifts."),
        ("Does a five-year-old need a pass?", "Passes cannot be transferred to another person."),
        ("Is it open on Sundays?", "No bus runs then."),
        ("Is it true that dogs are not allowed?", LIFTS),
        ("Is it open on Sundays?", "It is open on Sundays. It is not open on Sundays in May."),
        ("Is it open?", ""),
    ],
    ids=["only elsewhere", "a name is missing", "another denial", "no is no answer here", "asked by denial", "both", "nothing"],
)  # fmt: skip
def test_what_cannot_be_told_is_neither(question: str, text: str) -> None:
    assert polarity(question, text=text) is None
