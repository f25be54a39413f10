"""What the sentence models and gates are fitted on: questions, the sentences that could answer them, their features."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Kind(StrEnum):
    """What a question asks for: `masked` are answerable ones whose right paragraphs were taken out."""

    ANSWERABLE = "answerable"
    MASKED = "masked"
    UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the best five passages: its features by name (`ANSWER_FEATURES`), whether its paragraph is a right
    one, and whether it is itself."""

    features: Mapping[str, float]
    is_cited_rightly: bool
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question asked of its collection, or where `is_scoped` of the one document. `relevances` are the log-odds of
    what was read, `gold_rank` the place of the first right paragraph, from 0; the rest is named as in
    `GATE_FEATURES`."""

    collection: str
    kind: Kind
    is_scoped: bool
    sentences: Sequence[Sentence]
    relevances: Array
    gold_rank: int
    has_names: bool
    terms: int
    missing_weight: float
    passage_share: float
    passage_cosine: float
    whole_coverage: float

    @property
    def is_real(self) -> bool:
        """Whether a person asked it of a collection of theirs."""
        return self.collection.startswith("real")

    def features(self, names: Sequence[str]) -> Array:
        """`[sentences, names]`."""
        return np.array([[one.features[name] for name in names] for one in self.sentences])


def write_asked(folder: Path, asked: Sequence[Asked], *, rankings: tuple[Array, Array]) -> None:
    """`rankings` are the weights of ranking before and after the reader, fitted on all."""
    (folder / "asked.pkl").write_bytes(pickle.dumps((list(asked), rankings)))


def read_asked(folder: Path) -> tuple[list[Asked], tuple[Array, Array]]:
    """What `write_asked` wrote."""
    asked, rankings = pickle.loads((folder / "asked.pkl").read_bytes())
    return asked, rankings
