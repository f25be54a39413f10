"""Swapped questions and the threshold that follows from a stated mix."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from evals.calibrate import Reading, best_threshold, calibrate, collect_unanswerable, swap, swap_pieces
from evals.corpus import Corpus
from evals.domain import Case
from rag.answer.gate import GATE_FEATURES, read_gate, shipped_gate
from rag.errors import CaseError

PIECES = ["Aleppo", "Homs", "Damascus", "2014", "2016", "13"]


def test_a_swapped_question_names_something_the_gold_does_not_hold() -> None:
    swapped = swap("When did Aleppo fall?", pieces=PIECES, gold_text="Aleppo and Homs fell.", random=Random(1))
    assert swapped == "When did Damascus fall?"


def test_a_year_is_swapped_for_a_year() -> None:
    assert (
        swap("what happened in 2014?", pieces=PIECES, gold_text="In 2014 it fell.", random=Random(1))
        == "what happened in 2016?"
    )


def test_a_question_without_names_or_numbers_has_no_swap() -> None:
    assert swap("why did prices fall?", pieces=PIECES, gold_text="They fell.", random=Random(1)) is None


def test_pieces_are_the_names_and_numbers_of_the_questions() -> None:
    cases = [Case(id="1", question="Who took Kweires Air Base in 2015?"), Case(id="2", question="where is it?")]
    assert swap_pieces(cases) == ["2015", "Kweires Air Base"]


def test_the_threshold_lets_through_what_pays() -> None:
    # Running gain: 1, 2, 1, 2, 3, 2.
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert best_threshold(scores, labels=[True, True, False, True, True, False], weights=[1.0] * 6) == 0.5


def reading(case: str, kind: str, strength: float, right: bool) -> Reading:
    features = dict.fromkeys(GATE_FEATURES, 0.0) | {"sentence share": strength}
    return Reading(case=Case(id=case, question="?"), kind=kind, features=features, dense_used=True, right=right)


def readings(count: int, shift: float) -> list[Reading]:
    """Right ones are strong, hidden ones weak, all moved by `shift` from what the shipped gate expects."""
    rng = np.random.default_rng(0)
    found = []
    for i in range(count):
        found.append(reading(f"c{i}", "answerable", shift + float(rng.normal(1.0, 0.4)), True))
        found.append(reading(f"c{i}", "plain", shift + float(rng.normal(0.0, 0.4)), False))
    return found


SHIPPED = shipped_gate()


def test_few_questions_stretch_and_shift_the_shipped_gate_and_keep_its_order() -> None:
    calibration = calibrate(readings(60, 3.0), shipped=SHIPPED)
    assert not calibration.is_refitted
    ours, theirs = calibration.gate.with_dense.weights, SHIPPED.with_dense.weights
    stretch = ours[0] / theirs[0]
    assert stretch > 0
    assert np.allclose(ours, stretch * theirs, rtol=1e-4)
    # The shipped gate lets more than half through here; the new one tells them apart.
    assert calibration.before.false_positives.value > 0.5
    assert calibration.after.false_positives.value < 0.3
    assert calibration.after.answered.value > 0.7


def test_many_questions_fit_a_gate_of_their_own() -> None:
    calibration = calibrate(readings(520, 0.0), shipped=SHIPPED)
    assert calibration.is_refitted
    assert calibration.after.ranking.value > 0.9


def test_too_few_questions_say_so() -> None:
    with pytest.raises(CaseError, match="at least 20 answerable questions"):
        calibrate(readings(12, 0.0), shipped=SHIPPED)


def test_a_gate_that_was_written_reads_back(tmp_path: Path) -> None:
    gate = calibrate(readings(60, 3.0), shipped=SHIPPED).gate
    (tmp_path / "gate.json").write_text(json.dumps(gate.json()))
    again = read_gate(tmp_path / "gate.json")
    assert again.threshold == pytest.approx(gate.threshold, abs=1e-4)
    assert np.allclose(again.with_dense.weights, gate.with_dense.weights, atol=1e-4)


def test_what_somebody_wrote_as_unanswerable_counts_as_such(corpus: Corpus) -> None:
    cases = [
        Case(id="a", question="Who won the World Cup?", answerable=False),
        Case(id="b", question="How long was the siege?"),
    ]
    (found,) = collect_unanswerable(corpus.bot, cases=cases)
    assert (found.case.id, found.kind, found.right) == ("a", "unanswerable", False)
