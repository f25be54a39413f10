"""Fit every number that Ibid learned: ranking, sentences, the language limit and the shipped gate.

    python -m evals.fitting.fit ../shared/training [--home DIR] [--questions N]

Each training set becomes a folder with its own index, asked as a user would. Ranking is a conditional logit
over the twenty candidates of a question (which one holds the gold?), sentence choice one over the sentences
of the five best passages, the gate a logistic model of "would the answer be right?" (see evals/calibrate.py).
Every set weighs the same. Half of the questions are held out; what is printed is measured on that half.
Writes rag/models/learned.json and rag/models/gate.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evals.calibrate import Reading, collect, fit_gate
from evals.cases import case_gold, sample
from evals.domain import Case
from evals.fitting.training_sets import training_sets
from evals.intervals import auroc, fit_choice, risk_coverage, threshold_at
from evals.wording import normalise
from rag.answer.extract import ANSWER_FEATURES, candidates
from rag.answer.gate import GATE_FILE
from rag.chatbot import Chatbot, open_chatbot
from rag.domain import Paragraph, Passage
from rag.search.fusion import RANKING_FEATURES, probabilities
from rag.search.learned import LEARNED_FILE, Learned, Linear
from rag.search.retrieve import CANDIDATES, ROLE_PENALTY, Retrieval
from rag.settings import Settings

L2 = 0.002
"""Ridge on the mean log-likelihood."""

ENGLISH_SHARE = 0.995
"""Of English training questions whose texts must pass for a language the embedder knows."""


@dataclass(kw_only=True)
class Asked:
    """A question with what was retrieved for it and where its gold stands among that."""

    training_set: str
    case: Case
    retrieval: Retrieval
    right: frozenset[tuple[str, int]]

    @property
    def gold_row(self) -> int | None:
        return next((i for i, p in enumerate(self.retrieval.passages) if p.paragraph.key in self.right), None)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("training", type=Path)
    arguments.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "ibid-fit")
    arguments.add_argument("--questions", type=int, default=400, help="per set")
    arguments.add_argument("--gate-questions", type=int, default=200, help="per set")
    options = arguments.parse_args()
    bots: dict[str, Chatbot] = {}
    try:
        fit_everything(options, bots=bots)
    finally:
        for bot in bots.values():
            bot.close()


def fit_everything(options: argparse.Namespace, *, bots: dict[str, Chatbot]) -> None:
    cases: dict[str, list[Case]] = {}
    corpora: dict[str, dict[str, list[Paragraph]]] = {}
    for name, made in training_sets(options.training):
        folder = options.home / name / "documents"
        made.write(folder)
        bots[name] = open_chatbot(Settings(documents=folder, home=options.home / name / "home"), "fitting")
        print(name, dict(bots[name].ingest().counts), flush=True)
        cases[name] = sample(made.cases, n=options.questions)
        corpora[name] = bots[name].paragraphs()
    asked = [one for name in bots for one in ask_all(name, bot=bots[name], cases=cases[name], corpus=corpora[name])]
    train, held = halves(asked)
    limit = float(np.quantile([one.retrieval.shredding for one in train], ENGLISH_SHARE))
    ranking = fit_ranking(train)
    report_ranking("ranking", asked=held, model=ranking)
    for bot in bots.values():
        bot.learn(Learned(-1.0, ranking, ranking, sentences_to_come()))
    blind_asked = [
        one for name in bots for one in ask_all(name, bot=bots[name], cases=cases[name], corpus=corpora[name])
    ]
    blind_train, blind_held = halves(blind_asked)
    without_dense = fit_ranking(blind_train)
    report_ranking("ranking without dense", asked=blind_held, model=without_dense)
    sentences = fit_sentences([reranked(one, model=ranking) for one in train], bots=bots)
    learned = Learned(round(limit, 4), ranking, without_dense, sentences)
    write(LEARNED_FILE, content={
        "shredding_limit": learned.shredding_limit,
        "ranking": ranking.json(),
        "ranking_without_dense": without_dense.json(),
        "sentences": sentences.json(),
    })  # fmt: skip
    report_sentences([reranked(one, model=ranking) for one in held], model=sentences, bots=bots)
    readings: list[Reading] = []
    for name, bot in bots.items():
        bot.learn(learned)
        few = cases[name][: options.gate_questions]
        readings += collect(bot, cases=few[::2], corpus=corpora[name])
        readings += collect(bot, cases=few[1::2], corpus=corpora[name], scoped=True)
        print("gate", name, len(readings), flush=True)
    fit_and_report_gate(readings)


def ask_all(name: str, *, bot: Chatbot, cases: Sequence[Case], corpus: dict[str, list[Paragraph]]) -> list[Asked]:
    asked = []
    for case in cases:
        right = case_gold(case, corpus=corpus)
        if right:
            asked.append(
                Asked(
                    training_set=name,
                    case=case,
                    retrieval=bot.retriever.search(case.question, limit=CANDIDATES),
                    right=right,
                )
            )
    found = sum(one.gold_row is not None for one in asked)
    print(f"{name}: gold among {CANDIDATES} candidates {found / len(asked):.3f} of {len(asked)}", flush=True)
    return asked


def halves(asked: Sequence[Asked]) -> tuple[list[Asked], list[Asked]]:
    """Even and odd questions of each set, in the order of their hashed ids."""
    return list(asked[::2]), list(asked[1::2])


def fit_ranking(asked: Sequence[Asked]) -> Linear:
    usable = [one for one in asked if one.gold_row is not None]
    rows = [one.retrieval.features.astype(float) for one in usable]
    beta = fit_choice(rows, chosen=[one.gold_row or 0 for one in usable], l2=L2, weights=_set_weights(usable))
    return Linear(RANKING_FEATURES, beta.astype(np.float32))


def _set_weights(asked: Sequence[Asked]) -> list[float]:
    counts = {one.training_set: 0 for one in asked}
    for one in asked:
        counts[one.training_set] += 1
    return [1 / counts[one.training_set] for one in asked]


def reranked(one: Asked, *, model: Linear) -> Asked:
    """The same retrieval in the order that `model` gives it."""
    passages = one.retrieval.passages
    penalties = np.array([ROLE_PENALTY.get(p.paragraph.role, 0.0) for p in passages], dtype=np.float32)
    belief = probabilities(model.scores(one.retrieval.features) - penalties)
    order = np.argsort(-belief, kind="stable")
    ordered = tuple(replace(passages[i], score=float(belief[i])) for i in order)
    return replace(one, retrieval=replace(one.retrieval, passages=ordered, features=one.retrieval.features[order]))


def sentences_to_come() -> Linear:
    return Linear(ANSWER_FEATURES, np.zeros(len(ANSWER_FEATURES), np.float32))


def fit_sentences(asked: Sequence[Asked], *, bots: dict[str, Chatbot]) -> Linear:
    rows, chosen, used = [], [], []
    blank = sentences_to_come()
    for one in asked:
        found = candidates(one.retrieval.inquiries[0], one.retrieval.passages, bots[one.training_set].embedder, blank)
        right = next(
            (i for i, c in enumerate(found) if holds_answer(one, passage=c.passage, text=c.sentence.text)), None
        )
        if right is not None:
            rows.append(np.stack([c.features for c in found]).astype(float))
            chosen.append(right)
            used.append(one)
    beta = fit_choice(rows, chosen=chosen, l2=L2, weights=_set_weights(used))
    return Linear(ANSWER_FEATURES, beta.astype(np.float32))


def holds_answer(one: Asked, *, passage: Passage, text: str) -> bool:
    return passage.paragraph.key in one.right and any(normalise(a) in normalise(text) for a in one.case.answers)


def report_ranking(title: str, *, asked: Sequence[Asked], model: Linear) -> None:
    print(f"\n{title}: {model.json()}")
    for name in dict.fromkeys(one.training_set for one in asked):
        ranks = []
        for one in (one for one in asked if one.training_set == name):
            scores = model.scores(one.retrieval.features)
            ranks.append(int((scores > scores[one.gold_row]).sum()) if one.gold_row is not None else 99)
        array = np.array(ranks)
        gains = np.where(array < 10, 1 / np.log2(array + 2), 0)
        print(
            f"  {name:12} first {np.mean(array == 0):.3f}  first five {np.mean(array < 5):.3f}  nDCG@10 {gains.mean():.3f}  n={len(array)}"
        )


def report_sentences(asked: Sequence[Asked], *, model: Linear, bots: dict[str, Chatbot]) -> None:
    print(f"\nsentences: {model.json()}")
    for name in dict.fromkeys(one.training_set for one in asked):
        one_hit, two_hit, n = 0, 0, 0
        for one in (one for one in asked if one.training_set == name):
            found = candidates(one.retrieval.inquiries[0], one.retrieval.passages, bots[name].embedder, model)
            hits = [holds_answer(one, passage=c.passage, text=c.sentence.text) for c in found[:2]]
            one_hit, two_hit, n = one_hit + any(hits[:1]), two_hit + any(hits), n + 1
        print(
            f"  {name:12} answer in the best sentence {one_hit / n:.3f}  in the best two {two_hit / n:.3f}  n={n}",
            flush=True,
        )


def fit_and_report_gate(readings: Sequence[Reading]) -> None:
    order = sorted(range(len(readings)), key=lambda i: readings[i].case.id)
    ids = list(dict.fromkeys(readings[i].case.id for i in order))
    train_ids = set(ids[::2])
    train = [r for r in readings if r.case.id in train_ids]
    held = [r for r in readings if r.case.id not in train_ids]
    gate = fit_gate(train)
    scores = {
        kind: [gate.read(r.features, True).score for r in held if r.kind == kind]
        for kind in ("answerable", "plain", "hard")
    }
    print(f"\ngate threshold {gate.threshold:.3f}")
    for kind in ("plain", "hard"):
        at = threshold_at(scores[kind], share=0.05)
        answered = np.mean(np.array(scores["answerable"]) >= at)
        passed = np.mean(np.array(scores[kind]) >= gate.threshold)
        print(
            f"  against {kind}: AUROC {auroc(scores['answerable'], negatives=scores[kind])}; answers at 5 % false {answered:.3f}; at the threshold {passed:.3f} false"
        )
    print(f"  answerable answered at the threshold: {np.mean(np.array(scores['answerable']) >= gate.threshold):.3f}")
    answerable = [r for r in held if r.kind == "answerable"]
    curve = risk_coverage(scores["answerable"], right=[r.right for r in answerable])
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        point = curve[max(0, int(share * len(curve)) - 1)]
        print(f"  coverage {point.coverage:.2f}: risk {point.risk:.3f} (threshold {point.threshold:.3f})")
    write(GATE_FILE, content=fit_gate(readings).json())


def write(path: Path, *, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
