"""How likely the sentence that means most like a question answers it, by cosines of the multilingual embedder alone.

    python -m evals.fitting.fit_foreign          the part "foreign" of rag/models/learned.json, after `fit`

There are no questions in other languages to learn from that are not a set to measure on. So English ones are asked as
if they were foreign: of their words nothing is used. In other languages cosines are a little lower, so that what is
fitted here is careful there.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.cases import case_gold, read_cases
from evals.corpus import opened
from evals.domain import Case
from evals.fitting.fit_records import Array
from evals.intervals import auroc, fit_logistic
from rag.answer.foreign import FOREIGN_FEATURES, most_alike
from rag.domain import Question
from rag.search.languages import Foreign
from rag.search.learned import LEARNED_FILE
from rag.settings import Settings
from rag.text.overlap import inquire

TRAINING = Path(os.environ.get("IBID_TRAINING", "../shared/training")) / "real_questions"
PREPARED = Path(os.environ.get("IBID_FITTING", ".fitting"))

STRANGERS = 60
"""Questions that each collection is asked of the next one: what the documents do not speak of at all."""
SHARE_OF_STRANGERS = 0.2
"""Of what people ask. A choice, as no collection tells."""
MOST_SHOWN = 0.2
"""Of the strangers' questions no more are shown a sentence: the floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of a collection: what is known of the likeliest sentence, and whether its paragraph is a right one."""

    collection: str
    features: Sequence[float]
    is_right: bool
    is_stranger: bool


def main() -> None:
    folders = sorted(path for path in TRAINING.iterdir() if (path / "questions.jsonl").exists())
    cases = {folder.name: read_cases(folder / "questions.jsonl") for folder in folders}
    asked = [
        one
        for i, folder in enumerate(folders)
        for one in ask(folder, own=cases[folder.name], strange=cases[folders[i - 1].name][:STRANGERS])
    ]
    for name in cases:
        rows = [one for one in asked if one.collection == name]
        print_told(name, rows, likelihoods(rows, *fit([one for one in asked if one.collection != name])))
    weights, bias = fit(asked)
    shown = likelihoods([one for one in asked if one.is_stranger], weights, bias)
    write(LEARNED_FILE, weights, bias=bias, floor=float(np.quantile(shown, 1 - MOST_SHOWN)))


def ask(folder: Path, *, own: Sequence[Case], strange: Sequence[Case]) -> Iterator[Asked]:
    """The questions of a collection and some of another one, asked of its documents."""
    with opened(Settings(home=PREPARED / "foreign"), folder=folder / "documents") as corpus:
        gathering = corpus.bot.gathering
        gathering.languages.complete()
        documents = frozenset(record.document_id for record in corpus.bot.documents)
        foreign = Foreign(documents=documents, languages=frozenset(), differ=True, share=1.0, are_most=True)
        for case in [*own, *strange]:
            inquiry = inquire(case.question, gathering.retriever.rarity, truncated=True)
            passages = gathering.languages.nearest(Question(case.question), foreign)
            told = most_alike(inquiry, passages, languages=gathering.languages)
            if told is None:
                continue
            is_stranger = case in strange
            gold = frozenset() if is_stranger else case_gold(case, corpus=corpus.paragraphs)
            yield Asked(
                collection=folder.name,
                features=[told.features[name] for name in FOREIGN_FEATURES],
                is_right=told.candidate.passage.paragraph.key in gold,
                is_stranger=is_stranger,
            )


def fit(asked: Sequence[Asked]) -> tuple[Array, float]:
    """Weights and bias; each collection weighs the same, however many questions it has."""
    counted = Counter((one.collection, one.is_stranger) for one in asked)
    shares = {True: SHARE_OF_STRANGERS, False: 1 - SHARE_OF_STRANGERS}
    return fit_logistic(
        np.array([one.features for one in asked]),
        labels=[one.is_right for one in asked],
        l2=1e-6,
        weights=[shares[one.is_stranger] / counted[one.collection, one.is_stranger] for one in asked],
    )


def likelihoods(asked: Sequence[Asked], weights: Array, bias: float) -> Array:
    logits = np.array([one.features for one in asked]) @ weights + bias
    told: Array = 1 / (1 + np.exp(-logits))
    return told


def print_told(name: str, rows: Sequence[Asked], told: Array) -> None:
    right, own = np.array([one.is_right for one in rows]), np.array([not one.is_stranger for one in rows])
    apart = auroc(told[right].tolist(), negatives=told[~right].tolist())
    print(
        f"{name}: {own.sum()} questions, the right paragraph in {right[own].mean():.2f}, told as {told[own].mean():.2f}; "
        f"AUROC {apart.value:.2f}; strangers' {(~own).sum()} told as {told[~own].mean():.2f}"
    )


def write(path: Path, weights: Array, *, bias: float, floor: float) -> None:
    """Into `learned.json`, of which all else stays as it is."""
    model = {name: round(float(weight), 4) for name, weight in zip(FOREIGN_FEATURES, weights, strict=True)}
    learned = json.loads(path.read_text(encoding="utf-8"))
    learned["foreign"] = {"model": {"bias": round(bias, 4), **model}, "floor": round(floor, 4)}
    path.write_text(json.dumps(learned, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
