"""How much of a question a piece of text covers, in shares that can be counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.overlap import (
    PARAGRAPH_FEATURES,
    SENTENCE_FEATURES,
    Inquiry,
    coverage,
    inquire,
    paragraph_features,
    sentence_features,
    view_sentences,
)


def weigh(stem: str) -> float:
    return 3.0 if stem == "aleppo" else 1.0


def sentence(question: str, text: str, context: str = "") -> dict[str, float]:
    """The features of the last sentence of `text`."""
    rows = sentence_features(inquire(question, weigh), view_sentences(text), frozenset(context.split()))
    return dict(zip(SENTENCE_FEATURES, rows[-1].tolist(), strict=True))


def paragraph(question: str, text: str, context: str = "") -> dict[str, float]:
    row = paragraph_features(inquire(question, weigh), view_sentences(text), frozenset(context.split()))
    return dict(zip(PARAGRAPH_FEATURES, row.tolist(), strict=True))


def test_a_question_is_taken_apart_into_weighted_stems_names_and_the_kind_it_asks_for() -> None:
    assert inquire("When did the siege of Aleppo end?", weigh) == Inquiry(
        question="When did the siege of Aleppo end?",
        weighted=(("sieg", 1.0), ("aleppo", 3.0), ("end", 1.0)),
        names=frozenset({"aleppo"}),
        kind="date",
    )


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many villages were taken?", "number"),
        ("Wie viele Dörfer wurden befreit?", "number"),
        ("What year did it end?", "date"),
        ("Wann endete die Belagerung?", "date"),
        ("Who leads the Quds Force?", "name"),
        ("Where is Homs?", "name"),
        ("Why did the army retreat?", None),
    ],
)
def test_the_question_word_tells_the_kind_of_answer(question: str, kind: str | None) -> None:
    assert inquire(question, weigh).kind == kind


def test_a_question_of_function_words_only_is_still_searched_for() -> None:
    assert inquire("Who is it?", weigh).stems == ("who", "is", "it")


def test_coverage_is_the_share_of_the_weight_that_is_present() -> None:
    inquiry = inquire("siege of Aleppo", weigh)
    assert coverage(inquiry, frozenset({"aleppo"})) == 0.75
    assert coverage(inquiry, frozenset()) == 0.0
    assert coverage(inquire("", weigh), frozenset({"x"})) == 0.0


def test_a_sentence_is_described_by_what_it_holds_of_the_question() -> None:
    found = sentence("When did the siege of Aleppo end?", "Rain fell. The siege of Aleppo ended in October.")
    assert found == {
        "coverage": 1.0,
        "loose coverage": 1.0,
        "pairs": 1.0,
        "names": 1.0,
        "context coverage": 1.0,
        "expected kind": 1.0,
        "kind missing": 0.0,
        "length": pytest.approx(7 / 40),
        "is question": 0.0,
        "first": 0.0,
        "new words": pytest.approx(4 / 7),
    }


def test_a_common_beginning_counts_loosely_only() -> None:
    found = sentence("Who photographed Aleppo?", "Photosynthesis began.")
    assert (found["coverage"], found["loose coverage"]) == (0.0, 0.25)


def test_the_sentence_before_and_the_title_count_as_context_only() -> None:
    found = sentence("siege villages Aleppo", "The siege went on. It ended.", context="aleppo")
    assert (found["coverage"], found["context coverage"]) == (0.0, pytest.approx(4 / 5))


def test_terms_that_stand_far_apart_are_no_pair() -> None:
    assert sentence("siege Aleppo", "A siege of the city of Aleppo.")["pairs"] == 0.0
    assert sentence("siege Aleppo", "A siege of West Aleppo.")["pairs"] == 1.0


def test_a_value_that_the_question_brought_is_not_the_kind_asked_for() -> None:
    assert sentence("How many of the six left?", "Some of the six left.")["kind missing"] == 1.0
    assert sentence("How many of the six left?", "Of the six, two left.")["expected kind"] == 1.0


def test_a_question_is_marked_as_one() -> None:
    found = sentence("siege", "Did the siege end?")
    assert (found["is question"], found["first"]) == (1.0, 1.0)


def test_a_paragraph_is_described_by_its_best_sentence_and_as_a_whole() -> None:
    found = paragraph("siege villages Aleppo", "The siege ended. Villages near Aleppo fell.", context="sieg")
    assert found == {
        "best coverage": pytest.approx(4 / 5),
        "best loose coverage": pytest.approx(4 / 5),
        "best pairs": 0.5,
        "best names": 1.0,
        "best context coverage": 1.0,
        "whole coverage": 1.0,
        "whole pairs": 1.0,
        "title coverage": pytest.approx(1 / 5),
    }


def test_a_paragraph_without_sentences_has_no_overlap() -> None:
    assert set(paragraph("siege", "").values()) == {0.0}


@given(st.text(max_size=60), st.text(max_size=200))
def test_every_feature_of_every_text_is_a_share(question: str, text: str) -> None:
    inquiry, sentences = inquire(question, weigh), view_sentences(text)
    for row in (
        *sentence_features(inquiry, sentences, frozenset()),
        paragraph_features(inquiry, sentences, frozenset()),
    ):
        assert ((row >= 0.0) & (row <= 1.0 + 1e-6)).all()


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("How much does half a plot cost a year?", "A full plot takes about three years.", 1.0),
        ("How much does half a plot cost a year?", "A half plot costs £38 a year.", 0.0),
        ("How many days do I have to pay?", "You have 30 days.", 0.0),
        ("What did the insurer pay for the pump?", "The pump was stolen.", 1.0),
        ("What did they pay for the pump of plot 9?", "The pump of plot 9 was stolen on 21 November.", 1.0),
        ("What does the insurance pay for?", "It pays for glass.", 0.0),
        ("What did Ann do with her pay?", "She gave it away.", 0.0),
    ],
)
def test_years_are_no_price(question: str, text: str, missing: float) -> None:
    assert sentence(question, text)["kind missing"] == missing


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When does it open?", "date"),
        ("Do you know when it opens?", "date"),
        ("Since when is it open?", "date"),
        ("Why do I get a 409 when acknowledging?", None),
        ("Could I lose data in a power cut when the mode is os?", None),
        ("What happens to members who leave?", None),
        ("Is there a place where I can smoke?", None),
        ("Who pays when a member leaves?", "name"),
        ("What do I do, and whom do I ring?", "name"),
        ("I lost a key. Where do I go?", "name"),
    ],
)
def test_a_word_that_only_joins_asks_for_nothing(question: str, kind: str | None) -> None:
    assert inquire(question, lambda stem: 1.0).kind == kind
