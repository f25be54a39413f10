"""Questions made of documents: such as people ask, or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answer.questions import asked_of, suggestions
from rag.documents.reading import read_document
from rag.domain import Passage, Ranks, Source


def passages(name: str, text: str) -> list[Passage]:
    parsed = read_document(f"documents/{name}", text.encode())
    source = Source(title=parsed.document.title, revision="1", date=parsed.document.date)
    return [Passage(paragraph=one, source=source, score=0.0, ranks=Ranks()) for one in parsed.paragraphs]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The mileage allowance is 0.38 euros per kilometre.", "How much is the mileage allowance?"),
        ("A hotel night costs at most 130 euros, breakfast included.", "How much does a hotel night cost?"),
        ("A ticket will cost 2 euros; children ride for nothing.", "How much will a ticket cost?"),
        ("The probation period is six months.", "How long is the probation period?"),
        ("Every intern has 28 days of paid leave in a year.", "How many days of paid leave does an intern have?"),
        (
            "Each clerk receives 27 days of paid annual leave per calendar year.",
            "How many days of paid annual leave does a clerk have?",
        ),
        ("There are 60 parking spaces, 12 of them with chargers.", "How many parking spaces are there?"),
        ("Expense claims must be handed in within 30 days.", "When must expense claims be handed in?"),
        ("The canteen is open from 11:30 to 14:00.", "When is the canteen open?"),
        ("Backups are made every night at 2:00.", "When are backups made?"),
        ("Harlow Mills was founded in 1911.", "When was Harlow Mills founded?"),
        ("Falls are talked through every week at the handover.", "When are falls talked through?"),
        ("The water is turned off on 3 May.", "When is the water turned off?"),
        ("Wend Valley Hospice has 640 volunteers in all.", "How many volunteers does Wend Valley Hospice have?"),
    ],
)
def test_a_sentence_with_a_number_or_a_day_is_turned_round(sentence: str, question: str) -> None:
    assert asked_of(sentence, {"Harlow", "Mills"}) == question


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs 12 euros.",
        "This is due on Monday.",
        "They have five days of leave.",
        "If the claim is late, it is paid in June.",
        "We are open from 11:30 to 14:00.",
        "3.2 The fee is high.",
        "The fee is set by the board.",
        "There are six blue-badge spaces beside the gate.",
    ],
)
def test_what_leans_on_another_sentence_or_tells_no_number_makes_no_question(sentence: str) -> None:
    assert asked_of(sentence, set()) is None


def test_headings_are_asked_about_whole_without_numbers_and_those_that_name_nothing_are_not() -> None:
    text = (
        "# Terms of the pool\n\n## 3.2\n\nThe pool is for all who swim in the town and for those who only look.\n\n"
        "## 4. How to cancel a lesson\n\nWrite to the pool, and the lesson is cancelled for you at once.\n\n"
        "## V. Lost Bathing Caps\n\nWhoever has lost bathing caps asks at the desk of the pool for them.\n\n"
        "## Use of Diving Boards\n\nThe Use of the Diving Boards is free, and diving boards are for use by all.\n\n"
        "## Introduction\n\nThis is what the pool is and what it has been since it was built by the town.\n"
    )
    every = [one.question for one in suggestions(passages("terms.md", text))]
    assert every == [
        "How do I cancel a lesson?",
        "What does “Terms of the pool” say about lost bathing caps?",
        "What does “Terms of the pool” say about use of diving boards?",
    ]
    alone = [one.question for one in suggestions(passages("terms.md", text), alone=True)]
    assert alone[1] == "What is said about lost bathing caps?"


def test_of_another_language_only_what_it_asks_itself() -> None:
    text = (
        "# Das Bad\n\n## Wann ist das Bad geöffnet?\n\nDas Bad ist von 8 bis 20 Uhr geöffnet, und die Karte kostet "
        "4 Euro.\n\n## Verlorene Kappen\n\nDie Kappen werden an der Kasse für zwei Wochen aufgehoben und dann verkauft.\n"
    )
    assert [one.question for one in suggestions(passages("bad.md", text))] == ["Wann ist das Bad geöffnet?"]


@given(st.text(max_size=80) | st.sampled_from(["The", "A fee", "Every"]).map(lambda word: f"{word} is 5 days"))
@settings(deadline=None)
def test_any_text_makes_a_whole_question_or_none(text: str) -> None:
    question = asked_of(" ".join(text.split()), set())
    assert question is None or (question[0].isupper() and question.endswith("?") and "{" not in question)
