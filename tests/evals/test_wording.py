"""What counts as the same words."""

import pytest

from evals.wording import normalise, stands_in, token_f1


@pytest.mark.parametrize(
    ("text", "normal"),
    [("The  U.S. Army!", "u s army"), ("“Élan”, an idea", "elan idea"), ("24–10", "24 10")],
    ids=["articles and stops", "accents and quotes", "dash"],
)
def test_normalisation(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_token_f1_shares_two_of_three() -> None:
    assert token_f1("Denver Broncos won", reference="Denver Broncos") == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("answer", "text", "stands"),
    [
        ("one", "Everyone left.", False),
        ("one", "One left.", True),
        ("13 days", "It was 13  DAYS.", True),
        ("西阿勒颇", "在西阿勒颇，围困", True),
        ("…", "It was … so.", False),
    ],
    ids=["piece of a word", "word", "spelling", "no spaces between words", "no word at all"],
)
def test_an_answer_stands_in_a_text_as_whole_words(answer: str, text: str, stands: bool) -> None:
    assert stands_in(answer, text=text) is stands
