"""Ranking, sentence choice and answerability: every number of rag/models/learned.json.

    python -m evals.fitting.fit          the last step of `make fit`

Fitted on eight collections of real questions and the older training sets. What is printed was fitted without the
collection that it is printed for; what is written was fitted on all of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.fitting.fit_records import Array, Asked, Kind, read_asked
from evals.fitting.fit_tables import Judged, print_gate, print_scoped, print_sentences, print_training
from evals.intervals import fit_choice, fit_logistic
from rag.answer.candidates import ANSWER_FEATURES
from rag.answer.gate import GATE_FEATURES
from rag.search.cross_encoder import READ_FEATURES
from rag.search.learned import LEARNED_FILE
from rag.search.ranking import MOST_CERTAIN, RANKING_FEATURES

PREPARED = Path(os.environ.get("IBID_FITTING", ".fitting"))

OLDER_WEIGHT = 0.25
"""Of a training set against a collection of real questions, when sentences are chosen."""
MIX = {Kind.ANSWERABLE: 0.66, Kind.MASKED: 0.22, Kind.UNANSWERABLE: 0.12}
"""Of what people ask: two of three are answered by their documents. A choice, as no collection tells; masked ones stand
for what the documents do not speak of."""
SCOPED_SHARE = 0.35
"""Of what people ask: so much of one document alone. A choice, too."""
THRESHOLD, FLOOR = 0.5, 0.12
"""Answered from where it is more likely right than not; shown as possible down to where the tables say that most of
what is right is kept."""

SENTENCES_UNREAD = tuple(name for name in ANSWER_FEATURES if name not in READ_FEATURES)
GATE_UNREAD = tuple(name for name in GATE_FEATURES if not name.startswith("reader") and name not in READ_FEATURES)
GATE_WORDS = tuple(name for name in GATE_UNREAD if "cosine" not in name)

Weighted = tuple[Array, float]
"""Weights and bias."""


@dataclass(frozen=True, slots=True)
class Held:
    """A model for each real collection, fitted without it, and one fitted on everything."""

    apart: Mapping[str, Any]
    whole: Any

    def of(self, asked: Asked) -> Any:
        """The model that has not seen the question's collection; of an older set there is none."""
        return self.apart.get(asked.collection, self.whole)


@dataclass(frozen=True, slots=True)
class Chosen:
    """How likely each sentence of a question is the right one, and which is the likeliest."""

    shares: Array
    best: int


def main() -> None:
    asked, rankings = read_asked(PREPARED)
    usable = answerable(asked)
    unread = fit_sentences(usable, names=SENTENCES_UNREAD)
    read = held_out(usable, fit=lambda rows: fit_sentences(rows, names=ANSWER_FEATURES))
    chosen = [choose(one, weights=read.of(one), names=ANSWER_FEATURES) for one in asked]
    print_sentences(judged(asked, chosen=chosen))
    gates = {names: fit_gates(asked, chosen=chosen, names=names) for names in (GATE_FEATURES, GATE_UNREAD, GATE_WORDS)}
    print_gates(asked, chosen=chosen, gates=gates)
    gate = gate_json({names: held.whole for names, held in gates.items()})
    write_learned(LEARNED_FILE, rankings=rankings, sentences=unread, sentences_read=read.whole, gate=gate)


def answerable(asked: Sequence[Asked]) -> list[Asked]:
    """The questions that a sentence can be chosen for: asked of everything, with a right one among them."""
    plain = [one for one in asked if one.kind is Kind.ANSWERABLE and not one.is_scoped]
    return [one for one in plain if any(sentence.is_right for sentence in one.sentences)]


def held_out(rows: Sequence[Asked], *, fit: Callable[[Sequence[Asked]], Any]) -> Held:
    real = sorted({one.collection for one in rows if one.is_real})
    apart = {name: fit([one for one in rows if one.collection != name]) for name in real}
    return Held(apart, fit(rows))


def fit_sentences(rows: Sequence[Asked], *, names: Sequence[str]) -> Array:
    """Weights of the features of a sentence; each collection weighs the same, however many questions it has."""
    count = Counter(one.collection for one in rows)
    return fit_choice(
        [one.features(names) for one in rows],
        chosen=[next(i for i, sentence in enumerate(one.sentences) if sentence.is_right) for one in rows],
        l2=0.002,
        weights=[(1.0 if one.is_real else OLDER_WEIGHT) / count[one.collection] for one in rows],
    )


def choose(asked: Asked, *, weights: Array, names: Sequence[str]) -> Chosen:
    scores = asked.features(names) @ weights
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    return Chosen(shares, int(np.argmax(scores)))


def fit_gates(asked: Sequence[Asked], *, chosen: Sequence[Chosen], names: Sequence[str]) -> Held:
    of = {id(one): choice for one, choice in zip(asked, chosen, strict=True)}
    return held_out(asked, fit=lambda rows: fit_gate(rows, chosen=[of[id(one)] for one in rows], names=names))


def fit_gate(rows: Sequence[Asked], *, chosen: Sequence[Chosen], names: Sequence[str]) -> Weighted:
    """How likely the best sentence is of a right paragraph. Collections weigh the same within a kind of question."""
    count = Counter((one.kind, one.collection, one.is_scoped) for one in rows)
    return fit_logistic(
        np.stack([gate_features(one, chosen=choice, names=names) for one, choice in zip(rows, chosen, strict=True)]),
        labels=[one.sentences[choice.best].is_cited_rightly for one, choice in zip(rows, chosen, strict=True)],
        l2=0.001,
        weights=[
            MIX[one.kind]
            * (SCOPED_SHARE if one.is_scoped else 1 - SCOPED_SHARE)
            / count[one.kind, one.collection, one.is_scoped]
            for one in rows
        ],
    )


def gate_features(asked: Asked, *, chosen: Chosen, names: Sequence[str]) -> Array:
    """`[names]`, as `rag.answer.gathering.gate_features` has them."""
    best = asked.sentences[chosen.best].features
    reader = np.sort(asked.relevances)[::-1]
    likeliest = np.argsort(-chosen.shares)[:3]
    values = {
        "sentence coverage": best["coverage"],
        "context coverage": best["context coverage"],
        "whole coverage": asked.whole_coverage,
        "loose coverage": best["loose coverage"],
        "pairs": best["pairs"],
        "names": best["names"] if asked.has_names else 1.0,
        "missing weight": asked.missing_weight,
        "passage cosine": asked.passage_cosine,
        "sentence cosine": max(asked.sentences[i].features["cosine"] for i in likeliest),
        "sentence share": float(chosen.shares.max()),
        "passage share": asked.passage_share,
        "kind missing": best["kind missing"],
        "few terms": 1 / max(asked.terms, 1),
        "reader best": reader[0],
        "reader second": reader[1] if len(reader) > 1 else -MOST_CERTAIN,
        "reader sum": float(np.logaddexp.reduce(reader)),
        **{name: best[name] for name in READ_FEATURES},
    }
    return np.array([values[name] for name in names])


def judged(
    asked: Sequence[Asked], *, chosen: Sequence[Chosen], names: Sequence[str] = (), gate: Held | None = None
) -> list[Judged]:
    """Each question with its best sentence and, by a gate that has not seen its collection, how likely that is right."""
    return [
        Judged(
            one,
            one.sentences[choice.best],
            _likely(one, chosen=choice, names=names, model=gate.of(one)) if gate else 1.0,
        )
        for one, choice in zip(asked, chosen, strict=True)
    ]


def _likely(asked: Asked, *, chosen: Chosen, names: Sequence[str], model: Weighted) -> float:
    weights, bias = model
    return float(1 / (1 + np.exp(-(gate_features(asked, chosen=chosen, names=names) @ weights + bias))))


def print_gates(asked: Sequence[Asked], *, chosen: Sequence[Chosen], gates: Mapping[tuple[str, ...], Held]) -> None:
    read = judged(asked, chosen=chosen, names=GATE_FEATURES, gate=gates[GATE_FEATURES])
    print_gate("gate with reader", rows=read)
    print_training(read)
    print_scoped(read)
    print_gate("gate with dense", rows=judged(asked, chosen=chosen, names=GATE_UNREAD, gate=gates[GATE_UNREAD]))


def write_learned(
    path: Path,
    *,
    rankings: tuple[Array, Array],
    sentences: Array,
    sentences_read: Array,
    gate: Mapping[str, Any],
) -> None:
    """`learned.json`. What the reader takes no part in stays as it was fitted before: the limit of shredding,
    ranking without the dense leg, and what `fit_foreign` writes."""
    before = json.loads(path.read_text(encoding="utf-8"))
    unread, read = rankings
    *names, reader = RANKING_FEATURES
    described = {
        "shredding_limit": before["shredding_limit"],
        "ranking": _named(unread, names=names, of=RANKING_FEATURES),
        "ranking_without_dense": {**before["ranking_without_dense"], reader: 0.0},
        "ranking_read": _named(read, names=(reader, *names), of=RANKING_FEATURES),
        "sentences": _named(sentences, names=SENTENCES_UNREAD, of=ANSWER_FEATURES),
        "sentences_read": _named(sentences_read, names=ANSWER_FEATURES, of=ANSWER_FEATURES),
        "gate": gate,
        "foreign": before["foreign"],
    }
    path.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def gate_json(gates: Mapping[tuple[str, ...], Weighted]) -> dict[str, Any]:
    """The gate, as it stands in the file."""
    models = (("with_reader", GATE_FEATURES), ("with_dense", GATE_UNREAD), ("without_dense", GATE_WORDS))
    described: dict[str, Any] = {
        title: _named(gates[names][0], names=names, of=GATE_FEATURES, bias=gates[names][1]) for title, names in models
    }
    return {**described, "threshold": THRESHOLD, "floor": FLOOR}


def _named(weights: Array, *, names: Sequence[str], of: Sequence[str], bias: float = 0.0) -> dict[str, float]:
    """The weights by name, 0 for a feature that the model does not have."""
    known = dict(zip(names, weights, strict=True))
    return {"bias": round(float(bias), 4), **{name: round(float(known.get(name, 0.0)), 4) for name in of}}


if __name__ == "__main__":
    main()
