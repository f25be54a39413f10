"""Swapped questions and the threshold that follows from a stated mix."""

from random import Random

import numpy as np

from evals.calibrate import best_threshold, swap, swap_pieces
from evals.domain import Case

PIECES = ["Aleppo", "Homs", "Damascus", "2014", "2016", "13"]


def test_a_swapped_question_names_something_the_gold_does_not_hold() -> None:
    swapped = swap("When did Aleppo fall?", PIECES, "Aleppo and Homs fell.", Random(1))
    assert swapped == "When did Damascus fall?"


def test_a_year_is_swapped_for_a_year() -> None:
    assert swap("what happened in 2014?", PIECES, "In 2014 it fell.", Random(1)) == "what happened in 2016?"


def test_a_question_without_names_or_numbers_has_no_swap() -> None:
    assert swap("why did prices fall?", PIECES, "They fell.", Random(1)) is None


def test_pieces_are_the_names_and_numbers_of_the_questions() -> None:
    cases = [Case("1", "Who took Kweires Air Base in 2015?"), Case("2", "where is it?")]
    assert swap_pieces(cases) == ["2015", "Kweires Air Base"]


def test_the_threshold_lets_through_what_pays() -> None:
    # Running gain: 1, 2, 1, 2, 3, 2.
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert best_threshold(scores, [True, True, False, True, True, False], [1.0] * 6) == 0.5
