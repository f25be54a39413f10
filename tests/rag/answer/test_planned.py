"""A purpose, a plan or a proposal is not the deed."""

from __future__ import annotations

import pytest

from rag.answer.planned import asks_for_a_rule, is_only_planned, is_put_forward, presumed, tells_the_done
from rag.answer.reasons import tells_no_reason


@pytest.mark.parametrize(
    ("question", "sentence", "planned"),
    [
        ("Who broke the siege?", "Troops are advancing on the base to break a siege.", True),
        ("Who broke the siege?", "The army managed to break the siege in May.", False),
        ("Who broke the siege?", "The army broke the siege to break their will.", False),
        ("Who painted the door?", "Ann will gladly paint the door.", True),
        ("Did Ann paint the door?", "Ann may paint the door.", True),
        ("How do I break a siege?", "To break a siege, dig.", False),
        ("How much did the mower cost?", "Offers of Meyer (€840) and Falk (€910).", True),
        ("How much did Meyer offer?", "Offers of Meyer (€840) and Falk (€910).", False),
        ("How did the rent change?", "Ann proposed to raise the rent by ten per cent.", True),
        ("How much may the mower cost?", "Offers of Meyer (€840) and Falk (€910).", False),
        ("Ann gave me her draft. Should I mark it?", "You may be tempted to give line edits.", False),
    ],
)
def test_what_is_only_meant_or_proposed_is_told_from_what_was_done(question: str, sentence: str, planned: bool) -> None:
    assert is_only_planned(question, sentence) is planned


def test_whoever_asks_why_takes_the_deed_for_granted() -> None:
    assert "resign" in presumed("Why did Ann resign?")
    assert "break" in presumed("Ann was here. Why was the gate broken?")
    assert presumed("When did Ann resign?") == frozenset()


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Can I bring my dog?", True),
        ("how many days may we take", True),
        ("Who proposed that we may bring dogs?", False),
        ("Can I see who suggested it?", False),
        ("When was the door painted?", False),
    ],
)
def test_whoever_asks_what_one_may_asks_for_a_rule(question: str, asks: bool) -> None:
    assert asks_for_a_rule(question) is asks


@pytest.mark.parametrize(
    ("sentence", "put_forward"),
    [
        ("Ann proposed a day off on everybody's birthday.", True),
        ("It was suggested to ban dogs.", True),
        ("Ben asked for higher pay.", True),
        ("If you are asked for your card, show it.", False),
        ("Dogs are allowed on Mondays.", False),
    ],
)
def test_what_somebody_proposed_is_no_rule(sentence: str, put_forward: bool) -> None:
    assert is_put_forward(sentence) is put_forward


def test_what_says_the_question_again_tells_no_reason() -> None:
    assert tells_no_reason("Why does Ann resign?", "Ann resigns as treasurer at the end of the year.")
    assert not tells_no_reason("Why does Ann resign?", "Ann resigns because of her health.")
    assert not tells_no_reason("Why does Ann resign?", "Ann resigns, her mother is ill.")
    assert not tells_no_reason("Why does Ann resign?", "She has moved away.")
    assert not tells_no_reason("When does Ann resign?", "Ann resigns as treasurer in May.")


@pytest.mark.parametrize(
    ("question", "sentence", "not_done"),
    [
        ("Which villages did the army fail to take back?", "The army took back three villages.", True),
        ("Which villages did the army fail to take back?", "The army could not take back Bayada.", False),
        ("Which villages did the army fail to take back?", "It failed in two villages.", False),
        ("Who refused to sign?", "Ann signed on Monday.", True),
        ("Who signed?", "Ann signed on Monday.", False),
    ],
)
def test_what_was_done_does_not_tell_what_somebody_failed_to_do(question: str, sentence: str, not_done: bool) -> None:
    assert tells_the_done(question, sentence) == not_done
