"""What the sentence models and gates are fitted on: questions, the sentences that could answer them, their features.

Reads what `reader_answers` wrote (`recs.pkl`, `golds.pkl`), by the short names that it uses.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.domain import Role, Span
from rag.search.fusion import LEG_FEATURES, MOST_CERTAIN
from rag.text.overlap import PARAGRAPH_FEATURES, SENTENCE_FEATURES

Array = npt.NDArray[np.float64]
Key = tuple[str, str]
"""A collection and a question of it."""

LEAST_EVIDENCE = -5.0
_COLUMNS = (*LEG_FEATURES, *PARAGRAPH_FEATURES)
"""The first columns of what `reader_features` writes for each candidate."""
_SILENT = (Role.BOILERPLATE, Role.BYLINE)


class Kind(StrEnum):
    """What a question asks for: `masked` are answerable ones whose right paragraphs were taken out."""

    ANSWERABLE = "answerable"
    MASKED = "masked"
    UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class Gold:
    """A right paragraph, by its place in the collection, and where in it answer and evidence stand, if that is known."""

    paragraph: int
    answer: Span | None
    evidence: Span | None

    def holds(self, paragraph: int, *, span: Span, needs_answer: bool) -> bool:
        """Whether a sentence is the right one: it meets the evidence, and the answer where that is asked for."""
        wanted = [self.evidence, self.answer if needs_answer else None]
        return paragraph == self.paragraph and all(
            one is None or (span.start < one.end and span.end > one.start) for one in wanted
        )


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


def read_asked(folder: Path) -> tuple[list[Asked], Any]:
    """The questions that have a sentence to choose from, and the ranking models that were fitted with them."""
    gold = _read_gold(folder)
    described, models = pickle.loads((folder / "recs.pkl").read_bytes())
    return [_asked(one, gold=gold.get((one["coll"], one["q"]), ())) for one in described if one["cand"]], models


def _read_gold(folder: Path) -> dict[Key, list[Gold]]:
    found: dict[Key, list[Any]] = pickle.loads((folder / "golds.pkl").read_bytes())
    return {key: [_gold(*one) for one in golds] for key, golds in found.items()}


def _gold(paragraph: int, answer: tuple[int, int] | None, evidence: tuple[int, int] | None) -> Gold:
    return Gold(paragraph, _span(answer), _span(evidence))


def _span(pair: tuple[int, int] | None) -> Span | None:
    return Span(*pair) if pair else None


def _asked(one: Mapping[str, Any], *, gold: Sequence[Gold]) -> Asked:
    _, _, has_names, terms = one["inq"]
    telling = [found for found in one["cand"] if _tells(found)] or one["cand"]
    # What a real collection has as its answer is where people would look for it, not what they have to see.
    needs_answer = not one["coll"].startswith("real")
    return Asked(
        collection=one["coll"],
        kind=Kind.UNANSWERABLE if not one["ans"] else Kind.MASKED if one["masked"] else Kind.ANSWERABLE,
        is_scoped=one["scoped"],
        sentences=[
            _sentence(found, gold=() if one["masked"] else gold, needs_answer=needs_answer) for found in telling
        ],
        relevances=np.clip(one["allS"], -MOST_CERTAIN, MOST_CERTAIN),
        gold_rank=one["goldrank"],
        has_names=has_names,
        terms=terms,
        missing_weight=one["missing"],
        passage_share=one["bel"][0],
        passage_cosine=float(np.max(one["cos"])),
        whole_coverage=float(np.max(one["F"][:3, _COLUMNS.index("whole coverage")])),
    )


def _tells(found: Mapping[str, Any]) -> bool:
    text: str = found["text"]
    return not text.endswith(":") and any(map(str.isalnum, text)) and found["role"] not in _SILENT


def _sentence(found: Mapping[str, Any], *, gold: Sequence[Gold], needs_answer: bool) -> Sentence:
    span = Span(found["start"], found["end"])
    features = {
        **dict(zip(SENTENCE_FEATURES, map(float, found["f"]), strict=True)),
        "belief": found["belief"],
        "cosine": found["cos"],
        "evidence": max(found["ev"], LEAST_EVIDENCE),
        "strongest evidence": max(found["evm"], LEAST_EVIDENCE),
        "begins": found["sp"],
    }
    is_right = any(one.holds(found["i"], span=span, needs_answer=needs_answer) for one in gold)
    return Sentence(features, found["gold"], is_right)
