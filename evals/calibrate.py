"""Fitting the gate: how certain must Ibid be before it answers?

Every answerable case is asked three times: as it is; with its gold paragraphs hidden, a plain negative; and with
a name, number or year of the question swapped for another, a hard one. A logistic model over the gate's
features is fitted to tell "answered rightly" from the rest. The threshold is the one with the best selective
score (+1 for a right answer, 0 for abstention, −1 for a wrong one), two of three questions being answerable.

On one's own documents there are rarely questions enough for that: below ENOUGH_TO_REFIT the shipped model is kept
and only rescaled (Platt 1999), which takes two numbers and the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.cases import Corpus, case_gold
from evals.domain import Case, Interval
from evals.intervals import CurvePoint, auroc, fit_logistic, mean_interval, risk_coverage
from evals.scorers import answer_in
from rag.answer.extract import extract
from rag.answer.gate import GATE_FEATURES, Gate
from rag.answer.gathering import Evidence
from rag.answer.verify import settle
from rag.chatbot import Chatbot
from rag.domain import Answer, GateReading, Key, Question, Span
from rag.errors import CaseError
from rag.search.cross_encoder import READ_FEATURES
from rag.search.features import from_rows
from rag.search.learned import Linear
from rag.text.names import find_whole_names
from rag.text.values import NUMERAL

FEWEST = 20
ENOUGH_TO_REFIT = 500
"""Answerable questions: about forty for each of the gate's numbers."""

FLOOR = 0.12
"""The least likelihood at which a sentence is shown as what may answer: below, seven of eight would be wrong."""

MIX = {"answerable": 2 / 3, "plain": 2 / 9, "hard": 1 / 9, "unanswerable": 1 / 9}
"""What people are taken to ask: of their own documents mostly what is there, and what is plainly absent more often
than what nearly is. This is an assumption, not a measurement; another mix moves the threshold and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One asking: the gate's features, and whether an answer would have been right."""

    case: Case
    kind: str  # "answerable", "plain", "hard", or "unanswerable" where somebody wrote it so
    features: Mapping[str, float]
    dense_used: bool
    right: bool


def collect(
    bot: Chatbot,
    *,
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
    gather = bot.gathering.gather
    for i, case in enumerate(asked):
        right = case_gold(case, corpus=corpus)
        if not right:
            continue
        scope = frozenset(key[0] for key in right) if scoped else None
        evidence = gather(Question(case.question, scope=scope))
        readings.append(
            _reading(case, kind="answerable", evidence=evidence, right=_is_right(case, evidence=evidence, right=right))
        )
        readings.append(
            _reading(
                case, kind="plain", evidence=gather(Question(case.question, scope=scope, without=right)), right=False
            )
        )
        text = " ".join(p.text for key in right for p in corpus[key[0]] if p.key == key)
        swapped = swap(case.question, pieces=pieces, gold_text=text, random=Random(case.id)) if hard else None
        if swapped is not None:
            readings.append(
                _reading(
                    replace(case, question=swapped),
                    kind="hard",
                    evidence=gather(Question(swapped, scope=scope)),
                    right=False,
                )
            )
        if progress is not None:
            progress(i + 1)
    return readings


def fit_gate(readings: Sequence[Reading], *, l2: float = 0.001) -> Gate:
    """Fit the three models and the threshold. What an answer would have got wrong counts with the negatives. Where no
    reader took part, the model with its numbers is the one without them."""
    rows = from_rows(GATE_FEATURES, [reading.features for reading in readings])
    values = rows.values.astype(float)
    labels = [reading.right for reading in readings]
    weights = class_weights(readings)
    unread = _without(values, lambda name: "reader" in name or name in READ_FEATURES)
    blind = _without(unread, lambda name: "cosine" in name)
    read, dense, words = (
        Linear(GATE_FEATURES, *_weights(fit_logistic(r, labels=labels, l2=l2, weights=weights)))
        for r in (values, unread, blind)
    )
    scores = 1 / (1 + np.exp(-read.scores(rows)))
    return Gate(
        with_reader=read,
        with_dense=dense,
        without_dense=words,
        threshold=best_threshold(scores, labels=labels, weights=weights),
        floor=FLOOR,
    )


def _without(rows: npt.NDArray[np.float64], is_out: Callable[[str], bool]) -> npt.NDArray[np.float64]:
    blind = rows.copy()
    blind[:, [i for i, name in enumerate(GATE_FEATURES) if is_out(name)]] = 0.0
    return blind


def best_threshold(scores: npt.NDArray[np.floating[Any]], *, labels: Sequence[bool], weights: Sequence[float]) -> float:
    """The threshold with the highest selective score: +weight for what is right and let through, −weight for
    what is wrong and let through."""
    order = np.argsort(-scores, kind="stable")
    gains = np.cumsum(np.where(np.asarray(labels), 1.0, -1.0)[order] * np.asarray(weights)[order])
    best = int(np.argmax(gains))
    return float(scores[order[best]])


def class_weights(readings: Sequence[Reading]) -> list[float]:
    """What each reading weighs, so that its kind weighs in all what MIX says."""
    counts = {kind: sum(reading.kind == kind for reading in readings) for kind in MIX}
    return [MIX[reading.kind] / counts[reading.kind] for reading in readings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How a gate does on readings that it was not fitted on. `answered` is the share of the answerable questions,
    `false_positives` that of the others, `risk` the share of wrong ones among what is answered, at the threshold."""

    answered: Interval
    false_positives: Interval
    risk: Interval
    ranking: Interval
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A gate for one's own documents, and how it and the one before it do. `after` is cross-fitted: each half of the
    questions is judged by a gate fitted on the other half."""

    gate: Gate
    before: Judged
    after: Judged
    cases: int
    is_refitted: bool


def calibrate(readings: Sequence[Reading], *, shipped: Gate) -> Calibration:
    """Fit a gate to one's own questions. Raises CaseError where there are too few of either kind to say anything."""
    answerable = sum(reading.kind == "answerable" for reading in readings)
    if answerable < FEWEST or sum(reading.right for reading in readings) < FEWEST // 2:
        raise CaseError(
            f"A gate needs at least {FEWEST} answerable questions, half of them answered rightly; "
            f"there are {answerable}, and {sum(r.right for r in readings)} rightly. Write more of them."
        )
    is_refitted = answerable >= ENOUGH_TO_REFIT
    fit = fit_gate if is_refitted else partial(rescaled, shipped=shipped)
    ids = sorted({reading.case.id for reading in readings})
    halves = [set(ids[::2]), set(ids[1::2])]
    crossed: list[tuple[Reading, GateReading]] = []
    for half, other in (halves, halves[::-1]):
        gate = fit([reading for reading in readings if reading.case.id in other])
        crossed += [(r, gate.read(r.features, dense_used=r.dense_used)) for r in readings if r.case.id in half]
    before = [(r, shipped.read(r.features, dense_used=r.dense_used)) for r in readings]
    return Calibration(
        gate=fit(readings), before=_judged(before), after=_judged(crossed), cases=len(ids), is_refitted=is_refitted
    )


def rescaled(readings: Sequence[Reading], *, shipped: Gate) -> Gate:
    """The shipped gate with its certainty stretched and shifted to fit these readings, and a threshold of its own."""
    logits = np.array([_logit(shipped.read(r.features, dense_used=r.dense_used).score) for r in readings])
    labels, weights = [r.right for r in readings], class_weights(readings)
    fitted, shift = fit_logistic(logits[:, None], labels=labels, l2=0.01, weights=weights)
    stretch = float(fitted[0])
    if stretch <= 0:
        # These questions say nothing of how certainty should grow; the shipped order stands.
        stretch, shift = 1.0, 0.0
    scores = 1 / (1 + np.exp(-(stretch * logits + shift)))

    def moved(model: Linear) -> Linear:
        return Linear(model.names, (stretch * model.weights).astype(np.float32), stretch * model.bias + shift)

    return Gate(
        with_reader=moved(shipped.with_reader),
        with_dense=moved(shipped.with_dense),
        without_dense=moved(shipped.without_dense),
        threshold=best_threshold(scores, labels=labels, weights=weights),
        floor=FLOOR,
    )


def collect_unanswerable(bot: Chatbot, *, cases: Iterable[Case]) -> list[Reading]:
    """The cases that somebody wrote as unanswerable, as they are."""
    asked = [case for case in cases if not case.answerable]
    gather = bot.gathering.gather
    return [
        _reading(case, kind="unanswerable", evidence=gather(Question(case.question)), right=False) for case in asked
    ]


def _judged(read: Sequence[tuple[Reading, GateReading]]) -> Judged:
    there = [(r, told) for r, told in read if r.kind == "answerable"]
    others = [(r, told) for r, told in read if r.kind != "answerable"]
    answered = [(r, told) for r, told in there if told.is_open]
    return Judged(
        answered=mean_interval([float(told.is_open) for _, told in there]),
        false_positives=mean_interval(
            [float(told.is_open) for _, told in others], clusters=[r.case.id for r, _ in others]
        ),
        risk=mean_interval([float(not r.right) for r, _ in answered]),
        ranking=auroc([told.score for _, told in there], negatives=[told.score for _, told in others]),
        curve=tuple(risk_coverage([told.score for _, told in there], right=[r.right for r, _ in there])),
    )


def _logit(score: float) -> float:
    bounded = min(max(score, 1e-9), 1 - 1e-9)
    return float(np.log(bounded / (1 - bounded)))


def swap_pieces(cases: Iterable[Case]) -> list[str]:
    """Names and numbers that stand in the questions, each once."""
    return sorted({span.of(case.question) for case in cases for span in _swappable(case.question)})


def swap(question: str, *, pieces: Sequence[str], gold_text: str, random: Random) -> str | None:
    """The question with one name, number or year replaced by another of its kind that the gold does not hold;
    None where it has none."""
    found = _swappable(question)
    if not found:
        return None
    place = random.choice(found)
    old = place.of(question)
    is_number = old[0].isdigit()
    fitting = [
        piece
        for piece in pieces
        if piece[0].isdigit() == is_number
        and piece not in gold_text
        and piece not in question
        and (not is_number or len(piece) == len(old))
    ]
    if not fitting:
        return None
    return question[: place.start] + random.choice(fitting) + question[place.end :]


def _swappable(question: str) -> list[Span]:
    """Where its names and numbers stand, in their order."""
    numbers = (Span(*match.span()) for match in NUMERAL.finditer(question))
    return sorted([*find_whole_names(question), *numbers], key=lambda span: span.start)


def answer_of(question: str, *, evidence: Evidence) -> Answer:
    """What would be answered if the gate were open."""
    retrieval = evidence.retrieval
    if not evidence.candidates:
        return Answer(question=question, passages=retrieval.passages)
    statements = tuple(settle(one) for one in extract(evidence.inquiry, evidence.candidates))
    return Answer(
        question=question,
        searched_for=retrieval.searched_for,
        statements=statements,
        passages=retrieval.passages,
        seconds=retrieval.seconds,
    )


def _is_right(case: Case, *, evidence: Evidence, right: frozenset[Key]) -> bool:
    cited = answer_of(case.question, evidence=evidence).citations
    told = answer_in(cited[:2], case=case, right=right)
    if told is not None:
        return told
    return any(citation.paragraph.key in right for citation in cited)


def _reading(case: Case, *, kind: str, evidence: Evidence, right: bool) -> Reading:
    return Reading(
        case=case, kind=kind, features=evidence.features, dense_used=evidence.retrieval.dense_used, right=right
    )


def _weights(fitted: tuple[npt.NDArray[np.float64], float]) -> tuple[npt.NDArray[np.float32], float]:
    return fitted[0].astype(np.float32), fitted[1]
