"""Fitting the gate: how certain must Ibid be before it answers?

Every answerable case is asked three times: as it is; with its gold paragraphs hidden, a plain negative; and with
a name, number or year of the question swapped for another, a hard one. A logistic model over the gate's
features is fitted to tell "answered rightly" from the rest. The threshold is the one with the best selective
score (+1 for a right answer, 0 for silence, −1 for a wrong one), two of three questions being answerable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from evals.cases import Corpus, case_gold
from evals.domain import Case
from evals.scorers import citation_scores
from evals.statistics import fit_logistic
from rag.chatbot import Chatbot, Evidence
from rag.domain import Answer
from rag.extract import extract
from rag.gate import GATE_FEATURES, Gate
from rag.learned import Linear
from rag.verify import settle

_SWAPPABLE = regex.compile(r"(?<!^)\b(?:\p{Lu}[\p{L}’'-]+(?:\s\p{Lu}[\p{L}’'-]+)*|\d[\d,.]*\d|\d)\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """One asking: the gate's features, and whether an answer would have been right."""

    case: Case
    kind: str  # "answerable", "plain" or "hard"
    features: npt.NDArray[np.float32]
    dense_used: bool
    right: bool


def collect(
    bot: Chatbot,
    cases: Iterable[Case],
    corpus: Corpus,
    hard: bool = True,
    scoped: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[Reading]:
    """Ask every answerable case as it is, with its gold hidden, and, where it holds a name or number, swapped.
    With `scoped` only the gold document is searched, as in a small folder."""
    asked = [case for case in cases if case.answerable and case.gold]
    pieces = swap_pieces(asked)
    readings: list[Reading] = []
    for i, case in enumerate(asked):
        right = case_gold(case, corpus)
        if not right:
            continue
        scope = frozenset(key[0] for key in right) if scoped else None
        evidence = bot.gather(case.question, scope=scope)
        readings.append(_reading(case, "answerable", evidence, _is_right(case, evidence, right)))
        readings.append(_reading(case, "plain", bot.gather(case.question, scope=scope, without=right), False))
        text = " ".join(p.text for key in right for p in corpus[key[0]] if p.key == key)
        swapped = swap(case.question, pieces, text, Random(case.id)) if hard else None
        if swapped is not None:
            readings.append(_reading(replace(case, question=swapped), "hard", bot.gather(swapped, scope=scope), False))
        if progress is not None:
            progress(i + 1)
    return readings


def fit_gate(readings: Sequence[Reading], l2: float = 0.001) -> Gate:
    """Fit both models and the threshold. What an answer would have got wrong counts with the negatives."""
    rows = np.stack([reading.features for reading in readings]).astype(float)
    labels = [reading.right for reading in readings]
    weights = class_weights(readings)
    cosines = [i for i, name in enumerate(GATE_FEATURES) if "cosine" in name]
    blind = rows.copy()
    blind[:, cosines] = 0.0
    models = [Linear(GATE_FEATURES, *_weights(fit_logistic(r, labels, l2, weights))) for r in (rows, blind)]
    scores = 1 / (1 + np.exp(-models[0].scores(rows.astype(np.float32))))
    return Gate(models[0], models[1], best_threshold(scores, labels, weights))


def best_threshold(scores: npt.NDArray[np.floating[Any]], labels: Sequence[bool], weights: Sequence[float]) -> float:
    """The threshold with the highest selective score: +weight for what is right and let through, −weight for
    what is wrong and let through."""
    order = np.argsort(-scores, kind="stable")
    gains = np.cumsum(np.where(np.asarray(labels), 1.0, -1.0)[order] * np.asarray(weights)[order])
    best = int(np.argmax(gains))
    return float(scores[order[best]])


def class_weights(readings: Sequence[Reading]) -> list[float]:
    """Answerable questions weigh two thirds in all, plain negatives two ninths, hard ones one ninth: of their own
    documents people mostly ask what is there, and what is plainly absent more often than what nearly is. This
    is an assumption, not a measurement; another mix moves the threshold and nothing else."""
    shares = {"answerable": 2 / 3, "plain": 2 / 9, "hard": 1 / 9}
    counts = {kind: sum(reading.kind == kind for reading in readings) for kind in shares}
    return [shares[reading.kind] / counts[reading.kind] for reading in readings]


def swap_pieces(cases: Iterable[Case]) -> list[str]:
    """Names and numbers that stand in the questions, each once."""
    return sorted({match.group() for case in cases for match in _SWAPPABLE.finditer(case.question)})


def swap(question: str, pieces: Sequence[str], gold_text: str, random: Random) -> str | None:
    """The question with one name, number or year replaced by another of its kind that the gold does not hold;
    None where it has none."""
    found = list(_SWAPPABLE.finditer(question))
    if not found:
        return None
    match = random.choice(found)
    is_number = match.group()[0].isdigit()
    fitting = [
        piece
        for piece in pieces
        if piece[0].isdigit() == is_number
        and piece not in gold_text
        and piece not in question
        and (not is_number or len(piece) == len(match.group()))
    ]
    if not fitting:
        return None
    return question[: match.start()] + random.choice(fitting) + question[match.end() :]


def answer_of(question: str, evidence: Evidence) -> Answer:
    """What would be answered if the gate were open."""
    retrieval = evidence.retrieval
    if not evidence.candidates:
        return Answer(question, passages=retrieval.passages)
    statements = tuple(settle(one) for one in extract(evidence.inquiry, evidence.candidates))
    return Answer(question, retrieval.searched_for, statements, retrieval.passages, seconds=retrieval.seconds)


def _is_right(case: Case, evidence: Evidence, right: frozenset[tuple[str, int]]) -> bool:
    scores = {score.name: score.value for score in citation_scores(case, answer_of(case.question, evidence), right)}
    return bool(scores["answer_in_two"] if case.answers else scores["citation_recall"])


def _reading(case: Case, kind: str, evidence: Evidence, right: bool) -> Reading:
    return Reading(case, kind, evidence.gate_features, evidence.retrieval.dense_used, right)


def _weights(fitted: tuple[npt.NDArray[np.float64], float]) -> tuple[npt.NDArray[np.float32], float]:
    return fitted[0].astype(np.float32), fitted[1]
