"""The numbers that were fitted on data, read from `rag/models/learned.json`.

`make fit` (`evals/fitting/fit.py`) writes that file from public training text and says how; nothing in it was chosen by
taste or on a set that is reported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError

LEARNED_FILE = Path(__file__).parents[1] / "models" / "learned.json"


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of named features."""

    names: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    bias: float = 0.0

    def scores(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One score per row of `[n, len(names)]`."""
        scores: npt.NDArray[np.float32] = rows @ self.weights + np.float32(self.bias)
        return scores

    def json(self) -> dict[str, object]:
        return {
            "bias": round(self.bias, 4),
            **{n: round(float(w), 4) for n, w in zip(self.names, self.weights, strict=True)},
        }


@dataclass(frozen=True, slots=True)
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


def read_learned(ranking_names: Sequence[str], sentence_names: Sequence[str], path: Path = LEARNED_FILE) -> Learned:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}). Run `make fit`.") from error
    return Learned(
        float(content["shredding_limit"]),
        linear_from(content["ranking"], ranking_names),
        linear_from(content["ranking_without_dense"], ranking_names),
        linear_from(content["ranking_read"], ranking_names),
        linear_from(content["sentences"], sentence_names),
        linear_from(content["sentences_read"], sentence_names),
    )
