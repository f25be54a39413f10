"""A question of several parts, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.search.parts import MOST_PARTS, parts_of
from rag.text import terms


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who founded the mill and when did it burn down?", ["Who founded the mill", "when did the mill burn down?"]),
        ("Where is the depot? Who holds its key?", ["Where is the depot?", "Who holds the depot’s key?"]),
        ("In which month does the ferry stop, and how do I get home then?", ["In which month does the ferry stop", "how do I get home then?"]),
        ("I run a kiln. What does it burn and who sweeps the chimney?", ["I run a kiln. What does it burn", "I run a kiln. who sweeps the chimney?"]),
        ("Who found the security hole and did they get money for it?", ["Who found the security hole", "did they get money for the security hole?"]),
        ("When is the new scanner arriving and what did we pay for it?", ["When is the new scanner arriving", "what did we pay for the new scanner?"]),
        ("Where is the dinner, what does it cost, and who holds the key?", ["Where is the dinner", "what does the dinner cost", "who holds the key?"]),
        ("Who owns the mill, and through which door does the miller come in?", ["Who owns the mill", "through which door does the miller come in?"]),
        ("Yoga, pottery and Spanish: what does each cost?", ["what does Yoga cost?", "what does pottery cost?", "what does Spanish cost?"]),
        ("Kiln or mill: which is open on Mondays?", ["which is open on Mondays?", "which is open on Mondays: Kiln, mill?"]),
        ("Can I smoke in the hall and bring my dog?", ["Can I smoke in the hall?", "Can I bring my dog?"]),
        ("Wann fährt die Fähre und wer steuert das Boot?", ["Wann fährt die Fähre", "wer steuert das Boot?"]),
        ("Quand part le bateau et qui tient la barre du navire?", ["Quand part le bateau", "qui tient la barre du navire?"]),
    ],
)  # fmt: skip
def test_each_part_stands_alone(question: str, parts: list[str]) -> None:
    assert [part.alone for part in parts_of(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "Who founded the mill?",
        "When and where was the mill founded?",
        "Is the ferry free, and if so how much?",
        "Is it open on Mondays or can I come on Sundays?",
        "What is the difference between the mill and the kiln?",
        "I am on a boat and have to see the pilot. Where is he?",
        "Does the pilot know what he does and why?",
        "What do Ann and Bob do?",
        "When I come by train, which exit is mine?",
        "Can I pay by cash and card?",
        "Note: what does the kiln cost?",
        "kiln temperature and firing day",
        "",
    ],
)
def test_one_question_stays_one(question: str) -> None:
    assert parts_of(question) == ()


WORDS = st.sampled_from(["who", "founded", "mill", "and", "when", "did", "it", "burn", "?", ".", ",", "what", "kiln", "in", "which"])  # fmt: skip


@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_parts_are_few_and_made_of_the_question(question: str) -> None:
    parts = parts_of(question)
    assert len(parts) != 1
    assert len(parts) <= MOST_PARTS
    asked = set(terms.words(f"{question}, about the"))
    assert all(set(terms.words(part.asked)) | set(terms.words(part.alone)) <= asked for part in parts)
