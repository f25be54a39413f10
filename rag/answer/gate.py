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
from typing import Any

from rag.domain import GateReading
from rag.errors import ModelError
from rag.search.cross_encoder import READ_FEATURES
from rag.search.features import from_rows
from rag.search.learned import LEARNED_FILE, Linear, learned_content, linear_from

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Three models: with the reader's numbers, with the dense leg's only, and without both. At `threshold` a question
    is answered, from `floor` on its best sentence is shown as one that may answer it."""

    with_reader: Linear
    with_dense: Linear
    without_dense: Linear
    threshold: float
    floor: float

    def read(self, features: Mapping[str, float], *, dense_used: bool) -> GateReading:
        """How likely an answer made of this evidence is right; `features` are GATE_FEATURES by name."""
        # What was read has log-odds, and those are never nothing.
        has_read = features["reader sum"] != 0.0
        model = self.with_reader if has_read else self.with_dense if dense_used else self.without_dense
        return GateReading(likelihood(features, model), self.threshold, self.floor)

    def json(self) -> dict[str, object]:
        return {
            "with_reader": self.with_reader.json(),
            "with_dense": self.with_dense.json(),
            "without_dense": self.without_dense.json(),
            "threshold": round(self.threshold, 4),
            "floor": round(self.floor, 4),
        }


def likelihood(features: Mapping[str, float], model: Linear) -> float:
    """What a logistic model says of features that are given by name, 0 to 1."""
    logit = float(model.scores(from_rows(model.names, [features]))[0])
    return 1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0)))


def gate_from(described: Mapping[str, Any]) -> Gate:
    """Raises KeyError, TypeError or ValueError where it describes none, ModelError where one of other features."""
    return Gate(
        with_reader=linear_from(described["with_reader"], GATE_FEATURES),
        with_dense=linear_from(described["with_dense"], GATE_FEATURES),
        without_dense=linear_from(described["without_dense"], GATE_FEATURES),
        threshold=float(described["threshold"]),
        floor=float(described["floor"]),
    )


def shipped_gate() -> Gate:
    """The one that was fitted with everything else that is shipped."""
    return _gate_of(LEARNED_FILE, learned_content()["gate"], "Run `make fit`.")


def read_gate(own: Path) -> Gate:
    """The gate fitted on one's own documents if there is one, else the shipped one. Raises ModelError."""
    if not own.exists():
        return shipped_gate()
    advice = "Delete it, or run `ibid eval calibrate`."
    try:
        described = json.loads(own.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{own} is not a gate ({error}). {advice}") from error
    return _gate_of(own, described, advice)


def _gate_of(path: Path, described: Any, advice: str) -> Gate:
    try:
        return gate_from(described)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not a gate ({error}). {advice}") from error
