"""The numbers that were fitted on data, read from `rag/models/learned.json`.

`make fit` (`evals/fitting/fit.py`) writes that file from public training text and says how; nothing in it was chosen by
taste or on a set that is reported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ModelError
from rag.search.features import Features, Numbers

LEARNED_FILE = Path(__file__).parents[1] / "models" / "learned.json"


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of named features."""

    names: tuple[str, ...]
    weights: Numbers
    bias: float = 0.0

    def scores(self, features: Features) -> Numbers:
        """One score for each thing. The features are those it was fitted for, in their order."""
        assert features.names == self.names, "weights of other features"
        scores: Numbers = features.values @ self.weights + np.float32(self.bias)
        return scores

    def json(self) -> dict[str, object]:
        return {
            "bias": round(self.bias, 4),
            **{n: round(float(w), 4) for n, w in zip(self.names, self.weights, strict=True)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """`shredding_limit`: above it the embedder does not know the language and the dense leg is left out.
    `ranking`, `ranking_without_dense` and, of paragraphs that the reader has read, `ranking_read` score paragraphs;
    `sentences` and `sentences_read` score sentences."""

    shredding_limit: float
    ranking: Linear
    ranking_without_dense: Linear
    ranking_read: Linear
    sentences: Linear
    sentences_read: Linear


def linear_from(described: Mapping[str, float], names: Sequence[str]) -> Linear:
    """Weights in the order of `names`. Raises ModelError where the file was fitted for other features."""
    if set(described) - {"bias"} != set(names):
        unlike = sorted(set(described) ^ {*names, "bias"})
        raise ModelError(f"{LEARNED_FILE.name} was fitted for other features ({', '.join(unlike)}). Run `make fit`.")
    return Linear(
        tuple(names), np.array([described[name] for name in names], dtype=np.float32), described.get("bias", 0.0)
    )


def read_learned(ranking: Sequence[str], *, sentences: Sequence[str], path: Path = LEARNED_FILE) -> Learned:
    """The shipped numbers, for these names of the features of paragraphs and sentences. Raises ModelError where the
    file cannot be read or was fitted for others."""
    content = learned_content(path)
    return Learned(
        shredding_limit=float(content["shredding_limit"]),
        ranking=linear_from(content["ranking"], ranking),
        ranking_without_dense=linear_from(content["ranking_without_dense"], ranking),
        ranking_read=linear_from(content["ranking_read"], ranking),
        sentences=linear_from(content["sentences"], sentences),
        sentences_read=linear_from(content["sentences_read"], sentences),
    )


def learned_content(path: Path = LEARNED_FILE) -> dict[str, Any]:
    """All that was fitted, as it stands in the file. Raises ModelError where it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read ({error}). Install Ibid again, or, in a checkout, run `make fit`."
        ) from error
    return content
