"""The gate: features in, a probability out, and the files it is read from."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from rag.answer.gate import GATE_FEATURES, Gate, gate_from, read_gate
from rag.domain import GateReading
from rag.errors import IbidError, ModelError


def described(bias: float = 0.0, threshold: float = 0.5, **weights: float) -> dict[str, object]:
    named = {name: weights.get(name.replace(" ", "_"), 0.0) for name in GATE_FEATURES}
    return {
        "with_reader": {"bias": 2 * bias, **named},
        "with_dense": {"bias": bias, **named},
        "without_dense": {"bias": -bias, **named},
        "threshold": threshold,
        "floor": threshold / 2,
    }


def features(**values: float) -> dict[str, float]:
    return {name: values.get(name.replace(" ", "_"), 0.0) for name in GATE_FEATURES}


def test_the_score_is_the_logistic_of_the_weighted_features() -> None:
    gate = gate_from(described(bias=-1.0, pairs=2.0, names=0.5))
    reading = gate.read(features(pairs=1.0, names=1.0), dense_used=True)
    assert reading.score == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert reading.threshold == 0.5


def test_what_took_part_decides_which_of_the_three_models_is_asked() -> None:
    gate = gate_from(described(bias=2.0))
    read = features(reader_sum=0.25)
    assert gate.read(read, dense_used=True).score == pytest.approx(1 / (1 + math.exp(-4)))
    assert gate.read(features(), dense_used=True).score == pytest.approx(1 / (1 + math.exp(-2)))
    assert gate.read(features(), dense_used=False).score == pytest.approx(1 / (1 + math.exp(2)))


def test_extreme_features_give_a_probability_and_no_overflow() -> None:
    gate = gate_from(described(pairs=1.0))
    assert 0.0 < gate.read(features(pairs=-1e30), dense_used=True).score < 1e-12
    assert 1 - 1e-12 < gate.read(features(pairs=1e30), dense_used=True).score <= 1.0


def test_the_gate_is_open_from_its_threshold_on() -> None:
    assert GateReading(0.5, 0.5).is_open
    assert not GateReading(0.4999, 0.5).is_open


def test_what_may_answer_lies_from_the_floor_up_to_the_threshold() -> None:
    read = {score: GateReading(score, 0.5, 0.1).is_possible for score in (0.0999, 0.1, 0.4999, 0.5)}
    assert read == {0.0999: False, 0.1: True, 0.4999: True, 0.5: False}


def test_ones_own_gate_goes_before_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "gate.json"
    own.write_text(json.dumps(described(threshold=0.123)))
    assert read_gate(own).threshold == 0.123
    shipped = read_gate(tmp_path / "none.json")
    assert isinstance(shipped, Gate) and shipped.threshold != 0.123
    assert shipped.with_reader.names == shipped.with_dense.names == GATE_FEATURES
    assert 0 < shipped.floor < shipped.threshold < 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("not json", id="no JSON"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"with_dense": 1, "without_dense": {}, "threshold": 1}', id="no model"),
        pytest.param(json.dumps({**described(), "threshold": "high"}), id="no number"),
        pytest.param("\xff", id="not UTF-8"),
    ],
)
def test_a_file_that_is_no_gate_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    own = tmp_path / "gate.json"
    own.write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelError, match=r"gate\.json is not a gate .* `ibid eval calibrate`"):
        read_gate(own)


def test_a_gate_fitted_for_other_features_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "gate.json"
    content = described()
    assert isinstance(content["with_dense"], dict)
    del content["with_dense"]["pairs"]
    own.write_text(json.dumps(content))
    with pytest.raises(IbidError, match="fitted for other features"):
        read_gate(own)
