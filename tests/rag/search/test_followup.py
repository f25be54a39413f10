"""Follow-ups that stand alone: what is searched is a sentence that a person could have written."""

from __future__ import annotations

import pytest

from rag.search.followup import expand

TYRE = "How much is a tyre change for the Mule?"
SIEGE = "How long was West Aleppo under siege?"


def rarity(stem: str) -> float:
    return float(len(stem))


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        (TYRE, "What about the Spark?", "How much is a tyre change for the Spark?"),
        (TYRE, "And for the Finch?", "How much is a tyre change for the Finch?"),
        (TYRE, "What about a service?", "How much is a service for the Mule?"),
        (TYRE, "And a new chain?", "How much is a new chain for the Mule?"),
        (TYRE, "how about a full service", "How much is a full service for the Mule?"),
        ("How much is a new chain for the Mule?", "And for the Finch?", "How much is a new chain for the Finch?"),
        (SIEGE, "And Homs?", "How long was Homs under siege?"),
        ("is drilling allowed on saturday", "and on sunday?", "is drilling allowed on sunday"),
        ("when does the ferry sail on Thursday?", "and fridays?", "when does the ferry sail on fridays?"),
        ("what are the quiet hours?", "and on weekends?", "what are the quiet hours on weekends?"),
        ("when is the laundry open?", "and on sundays?", "when is the laundry open on sundays?"),
        (
            "is smoking allowed in the yard",
            "and near the playground?",
            "is smoking allowed in the yard near the playground",
        ),
        ("who feeds the hens in winter?", "and in summer?", "who feeds the hens in summer?"),
        ("who repaired the harbour of Pellworm", "and of Sylt?", "who repaired the harbour of Sylt"),
    ],
)
def test_what_stands_for_another_takes_its_place(earlier: str, question: str, expected: str) -> None:
    assert expand(question, earlier, rarity) == expected


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        (TYRE, "How much is the battery of the Spark?"),
        (SIEGE, "Who commands the Syrian army in the north?"),
        ("What should a winter coat cost?", "Someone dropped off a pram, can we sell it?"),
        (TYRE, "I lost a notebook with patient names in it. Who do I tell?"),
        (TYRE, "A customer wants her money back because the jumper doesn't fit, what do I do?"),
        (TYRE, "When does the Harbury shop celebrate its anniversary?"),
        (TYRE, "When the lamp glows, what does it do?"),
        (TYRE, "Where can I smoke?"),
        (TYRE, "What sign is there that members leave the club?"),
        (TYRE, "Is it true that members pay twice?"),
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(earlier: str, question: str) -> None:
    assert expand(question, earlier, rarity) is None


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("Where is the old mill in Pellworm?", "who owned it?", "who owned the old mill in Pellworm?"),
        ("Who holds the air base?", "Did the army take it back?", "Did the army take the air base back?"),
        ("Who holds the air base?", "Will they drill near it after the siege?", "Will they drill near the air base after the siege?"),
        ("Where do I find our price list?", "and who wrote it?", "and who wrote our price list?"),
        ("How hot is the small kiln of the guild getting?", "What is its colour?", "What is the small kiln of the guild’s colour?"),
    ],
)  # fmt: skip
def test_a_thing_is_named_as_it_was_before(earlier: str, question: str, expected: str) -> None:
    assert expand(question, earlier, rarity) == expected


def test_a_pronoun_is_replaced_by_what_it_stands_for() -> None:
    expanded = expand("And what is his role?", "Who is Qassem Soleimani?", rarity)
    assert expanded is not None
    assert "Soleimani" in expanded
    assert "his" not in expanded.split()


@pytest.mark.parametrize(
    "question", ["And who repaired it?", "And why?", "What about when it rains?", "And is it new?"]
)
def test_a_question_of_its_own_takes_nobodys_place(question: str) -> None:
    expanded = expand(question, TYRE, rarity)
    assert expanded is None or not expanded.startswith("How much is a")
