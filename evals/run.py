"""Asking cases and keeping what came of it: one line of fingerprint, then one line per case.

A case that crashes is a result, with its error, and counts as a failure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.cases import Corpus, case_gold, graded_gold
from evals.domain import Case, Score
from evals.scorers import answer_scores, any_gold, citation_scores, ndcg, reciprocal_rank, success_at
from rag.chatbot import Chatbot
from rag.domain import Answer, Turn
from rag.errors import CaseError, IbidError


@dataclass(frozen=True, slots=True)
class Result:
    """One case with its answer and scores, or with the error that ended it."""

    case: Case
    answer: Answer | None
    scores: tuple[Score, ...]
    error: str | None = None

    def score(self, name: str) -> float | None:
        return next((score.value for score in self.scores if score.name == name), None)

    def json(self) -> dict[str, Any]:
        return {
            "case": self.case.id,
            "answer": self.answer.json() if self.answer else None,
            "scores": [score.json() for score in self.scores],
            "error": self.error,
        }


def run_cases(
    bot: Chatbot, cases: Sequence[Case], corpus: Corpus, progress: Callable[[int, int], None] | None = None
) -> Iterator[Result]:
    """Ask each case in order, its earlier turns first, and score what comes."""
    for i, case in enumerate(cases, start=1):
        try:
            turns: list[Turn] = []
            for question in case.turns:
                turns.append(Turn(question, bot.ask(question, turns)))
            answer = bot.ask(case.question, turns)
            yield Result(case, answer, score_answer(case, answer, corpus))
        except IbidError as error:
            yield Result(case, None, (), str(error))
        if progress is not None:
            progress(i, len(cases))


def score_answer(case: Case, answer: Answer, corpus: Corpus) -> tuple[Score, ...]:
    """Every deterministic score that the case allows."""
    if not case.answerable:
        return (Score("abstained", float(answer.abstained), "the documents do not say"),)
    right = case_gold(case, corpus)
    if not right:
        return (Score("gold_found", None, "no paragraph of the corpus holds the gold quote"),)
    ranked = [passage.paragraph.key for passage in answer.passages]
    graded = graded_gold(case, corpus)
    retrieval = (
        Score("success@1", success_at(ranked, right, 1)),
        Score("success@5", success_at(ranked, right, 5)),
        Score("mrr@10", reciprocal_rank(ranked, right)),
        Score("ndcg@10", ndcg(ranked, graded if case.all_gold else any_gold(graded))),
        Score("answered", float(not answer.abstained)),
    )
    return (*retrieval, *citation_scores(case, answer, right), *answer_scores(case, answer))


def fingerprint(bot: Chatbot, settings: dict[str, Any]) -> dict[str, Any]:
    """What a run's numbers depend on: corpus revisions, the bytes of `rag/`, settings without secrets, models."""
    revisions = "".join(f"{record.document_id}{record.revision}" for record in bot.documents)
    return {
        "version": 1,
        "corpus": hashlib.sha256(revisions.encode()).hexdigest()[:16],
        "documents": len(bot.documents),
        "code": code_hash(),
        "embedder": bot.embedder.fingerprint,
        "settings": settings,
    }


def code_hash() -> str:
    """A hash of every source and model file of `rag/`: an edited tree never passes for another."""
    folder = Path(__file__).resolve().parent.parent / "rag"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".json", ".onnx"):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def write_run(path: Path, described: dict[str, Any], results: Iterable[Result]) -> list[Result]:
    """Write `run.jsonl` as results come; returns them. Raises CaseError where the file cannot be written."""
    kept: list[Result] = []
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(json.dumps(described, ensure_ascii=False) + "\n")
            for result in results:
                file.write(json.dumps(result.json(), ensure_ascii=False) + "\n")
                kept.append(result)
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror}.") from error
    return kept
