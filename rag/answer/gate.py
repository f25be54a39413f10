"""Is there enough evidence to answer? A logistic model over a few numbers, fitted on data.

Pure: features in, a probability out. `ibid eval calibrate` fits one for one's own documents; the shipped one
was fitted on public questions whose gold paragraph was hidden, or whose names and numbers were swapped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.domain import GateReading
from rag.errors import ModelError
from rag.search.learned import Linear, linear_from

GATE_FILE = Path(__file__).parents[1] / "models" / "gate.json"

GATE_FEATURES = (
    "sentence coverage",  # of the question's term weight, by the best sentence
    "context coverage",  # by the best sentence, the one before and the title
    "whole coverage",  # by the best passage
    "loose coverage",
    "pairs",
    "names",
    "missing weight",  # share of the question's term weight on terms that stand nowhere
    "passage cosine",
    "sentence cosine",
    "sentence share",  # belief in the best sentence against the others
    "passage share",
    "kind missing",
    "few terms",  # one over the number of content words
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Two models: with the dense leg's numbers and without them. `threshold` is the least that is answered."""

    with_dense: Linear
    without_dense: Linear
    threshold: float

    def read(self, features: npt.NDArray[np.float32], dense_used: bool) -> GateReading:
        model = self.with_dense if dense_used else self.without_dense
        logit = float(model.scores(features[None, :])[0])
        return GateReading(1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0))), self.threshold)

    def json(self) -> dict[str, object]:
        return {
            "with_dense": self.with_dense.json(),
            "without_dense": self.without_dense.json(),
            "threshold": round(self.threshold, 4),
        }


def gate_from(described: Mapping[str, object]) -> Gate:
    with_dense, without_dense, threshold = (described[key] for key in ("with_dense", "without_dense", "threshold"))
    assert isinstance(with_dense, dict) and isinstance(without_dense, dict) and isinstance(threshold, int | float)
    return Gate(linear_from(with_dense, GATE_FEATURES), linear_from(without_dense, GATE_FEATURES), float(threshold))


def read_gate(own: Path) -> Gate:
    """The gate fitted on one's own documents if there is one, else the shipped one."""
    path = own if own.exists() else GATE_FILE
    try:
        return gate_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise ModelError(f"{path} is not a gate ({error}). Delete it, or run `ibid eval calibrate`.") from error
