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
from rag.search.cross_encoder import READ_FEATURES
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
    "reader best",  # its log-odds for the passage it likes most; 0, as all that follow, where it read nothing
    "reader second",
    "reader sum",  # the logarithm of the summed odds
    *READ_FEATURES,  # of the best sentence
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Three models: with the reader's numbers, with the dense leg's only, and without both. At `threshold` a question
    is answered, from `floor` on its best sentence is shown as one that may answer it."""

    with_reader: Linear
    with_dense: Linear
    without_dense: Linear
    threshold: float
    floor: float

    def read(self, features: npt.NDArray[np.float32], dense_used: bool) -> GateReading:
        # What was read has log-odds, and those are never nothing.
        has_read = features[GATE_FEATURES.index("reader sum")] != 0.0
        model = self.with_reader if has_read else self.with_dense if dense_used else self.without_dense
        logit = float(model.scores(features[None, :])[0])
        return GateReading(1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0))), self.threshold, self.floor)

    def json(self) -> dict[str, object]:
        return {
            "with_reader": self.with_reader.json(),
            "with_dense": self.with_dense.json(),
            "without_dense": self.without_dense.json(),
            "threshold": round(self.threshold, 4),
            "floor": round(self.floor, 4),
        }


def gate_from(described: Mapping[str, object]) -> Gate:
    models = [described[key] for key in ("with_reader", "with_dense", "without_dense")]
    threshold, floor = described["threshold"], described["floor"]
    assert isinstance(threshold, int | float) and isinstance(floor, int | float)
    fitted = [linear_from(model, GATE_FEATURES) for model in models if isinstance(model, dict)]
    return Gate(fitted[0], fitted[1], fitted[2], float(threshold), float(floor))


def read_gate(own: Path) -> Gate:
    """The gate fitted on one's own documents if there is one, else the shipped one."""
    path = own if own.exists() else GATE_FILE
    try:
        return gate_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AssertionError) as error:
        raise ModelError(f"{path} is not a gate ({error}). Delete it, or run `ibid eval calibrate`.") from error
