"""Follow-ups that stand alone: what is searched is a sentence that a person could have written."""

from __future__ import annotations

import pytest

from rag.search.followup import expand, stands_alone

TYRE = "How much is a tyre change for the Mule?"
SIEGE = "How long was West Aleppo under siege?"


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
        ("What does the mould do to the shelves?", "And the books themselves?", "What does the mould do to the books?"),
        ("What does entry cost for adults?", "what about pensioners", "What does entry cost for pensioners?"),
        ("Are cats allowed?", "And dogs?", "Are dogs allowed?"),
        ("When was the hotel Anker opened?", "and rebuilt?", "When was the hotel Anker rebuilt?"),
        ("How much is a suite?", "for three nights?", "How much is a suite for three nights?"),
        ("When does the bus leave?", "is there a later one?", "is there a later bus?"),
        ("Are dogs allowed in the hall?", "And on the lawn?", "Are dogs allowed on the lawn?"),
        ("When is the tea room open on weekends?", "and the shop?", "When is the shop open on weekends?"),
        ("What does a mooring cost in 2023?", "I meant 2024", "What does a mooring cost in 2024?"),
        ("What does a mooring cost?", "and last year?", "What does a mooring cost last year?"),
        ("When is the reading room closed?", "no, I mean the cellar", "When is the cellar closed?"),
        ("What is the price of the blue jacket?", "sorry, the red one", "What is the price of the red jacket?"),
        ("How much is it to hire a tent?", "how much is that for two?", "How much is it to hire a tent for two?"),
    ],
)
def test_what_stands_for_another_takes_its_place(earlier: str, question: str, expected: str) -> None:
    assert expand(question, earlier) == expected


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
    assert expand(question, earlier) is None


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
    assert expand(question, earlier) == expected


@pytest.mark.parametrize(
    ("earlier", "told", "question", "expected"),
    [
        ("Where will the pump stand?", "The pump stands on the roof.", "who decided that?", "who decided that the pump stands on the roof?"),
        ("Who raised the fee?", "The board raised it, because coal is dear.", "Why?", "Why is it that the board raised it?"),
        ("Who is the treasurer?", "Our treasurer is Elspeth Gow.", "how can I reach her?", "how can I reach Elspeth Gow?"),
        ("Who teaches knots?", "Course: Knots\tTeacher: Callum Roy", "what else does he do?", "what else does Callum Roy do?"),
    ],
)  # fmt: skip
def test_what_was_told_is_asked_of(earlier: str, told: str, question: str, expected: str) -> None:
    assert expand(question, earlier, told) == expected


@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("Who sinks the wells?", "why not Borwell?", "why not Borwell, about the wells?"),
        ("How long does removing the old pipes take?", "which firm does it?", "which firm does it, about the old pipes?"),
        ("which firm does it, about the old pipes?", "and when?", "when, about the old pipes?"),
        ("How long was West Aleppo under siege?", "when did it start?", "when did the siege start, about West Aleppo?"),
        ("Which courses are held in Leith?", "who teaches them?", "who teaches the courses, about Leith?"),
        ("Which village in the outskirts of Hama did they reach?", "Is it far?", "Is the village in the outskirts of Hama far?"),
        ("Which reader has been to Homs?", "How often did he go there?", "How often did he go there, about the reader?"),
        ("When is the next meeting?", "who comes?", "who comes, about the next meeting?"),
        ("What is said, about “Hiring, a guide”?", "what does it cost?", "what does it cost, about “Hiring, a guide”?"),
        ("When does the drilling begin?", "how deep are they?", "how deep are they, about the drilling?"),
    ],
)  # fmt: skip
def test_what_fits_nowhere_is_asked_about_the_thing_that_was_named(earlier: str, question: str, expected: str) -> None:
    assert expand(question, earlier) == expected


def test_a_whole_question_is_asked_as_it_is_before_it_is_asked_in_other_words() -> None:
    for question in ("And who is Greta Lind?", "but are dogs allowed?", "who was the engineer?", "how much is a sack?"):
        assert stands_alone(question)
    for question in ("and how much for children?", "why?", "who decided that?", "what does it cost?", "and dogs?"):
        assert not stands_alone(question)
    assert expand("and are dogs allowed?", "How many chickens may I keep?") is None


def test_a_pronoun_is_replaced_by_what_it_stands_for() -> None:
    expanded = expand("And what is his role?", "Who is Qassem Soleimani?")
    assert expanded is not None
    assert "Soleimani" in expanded
    assert "his" not in expanded.split()


@pytest.mark.parametrize(
    "question", ["And who repaired it?", "And why?", "What about when it rains?", "And is it new?"]
)
def test_a_question_of_its_own_takes_nobodys_place(question: str) -> None:
    expanded = expand(question, TYRE)
    assert expanded is None or not expanded.startswith("How much is a")
