"""Asking cases and keeping what came of it: one line of fingerprint, then one line per case.

A case that crashes is a result, with its error, and counts as a failure. What was asked once of the same tree,
corpus, settings and model is not asked again: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evals.cases import case_from, case_gold, graded_gold
from evals.corpus import Corpus
from evals.domain import Case, Score
from evals.scorers import (
    answer_scores,
    any_gold,
    change_score,
    citation_scores,
    integrity_scores,
    judgement_scores,
    retrieval_scores,
    safety_score,
)
from rag.answer_json import answer_from
from rag.chatbot import Chatbot
from rag.domain import Answer, Citation, Paragraph, Turn
from rag.errors import CaseError, IbidError

WORST_IS_ONE = frozenset({"wrong"})
"""Scores of which less is better."""


@dataclass(frozen=True, slots=True)
class GoldParagraph:
    """A right paragraph as it stood when the case was asked, for showing beside the answer."""

    document: str
    number: int
    text: str

    def json(self) -> dict[str, Any]:
        return {"document": self.document, "paragraph": self.number, "text": self.text}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a case brought: the answer, the seconds to its first statement and in all, and, where it was asked again
    with the cited paragraphs hidden, that answer; or the error that ended it."""

    answer: Answer | None = None
    first: float | None = None
    total: float = 0.0
    without: Answer | None = None
    error: str | None = None

    def json(self) -> dict[str, Any]:
        return {
            "answer": self.answer.json() if self.answer else None,
            "seconds": {"first": self.first, "total": self.total},
            "without": self.without.json() if self.without else None,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """One case with what it brought and its scores. `round` counts the repeats of a case from 1."""

    case: Case
    asked: Asked
    scores: tuple[Score, ...]
    gold: tuple[GoldParagraph, ...] = ()
    round: int = 1

    @property
    def answer(self) -> Answer | None:
        return self.asked.answer

    @property
    def error(self) -> str | None:
        return self.asked.error

    @property
    def key(self) -> tuple[str, int]:
        return self.case.id, self.round

    def score(self, name: str) -> float | None:
        return next((score.value for score in self.scores if score.name == name), None)

    def json(self) -> dict[str, Any]:
        """The contract's `case`, `answer`, `scores`, `error`, and what a report and a comparison need beside."""
        return {
            "case": self.case.id,
            **self.asked.json(),
            "scores": [score.json() for score in self.scores],
            "round": self.round,
            "asked": self.case.json(),
            "gold": [paragraph.json() for paragraph in self.gold],
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was kept: what its numbers depend on, and its results in order."""

    described: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def suite(self) -> str:
        return str(self.described.get("suite") or "")

    @property
    def name(self) -> str:
        """As people tell runs apart: suite, mode and when it was made."""
        parts = (self.suite, self.described.get("model") or self.described.get("mode"), self.described.get("made"))
        return " · ".join(str(part) for part in parts if part)


@dataclass
class Cache:
    """Answers by what was asked, in a file for each fingerprint; written as they come."""

    path: Path
    _kept: dict[str, Asked] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").split("\n"):
            try:
                described = json.loads(line)
                self._kept[described["key"]] = _asked_from(described)
            except (ValueError, KeyError, TypeError):
                continue  # the line that a kill cut off

    def get(self, key: str) -> Asked | None:
        return self._kept.get(key)

    def put(self, key: str, asked: Asked) -> None:
        """Keep an answer; an error is none, and is asked again the next time."""
        if asked.error is not None:
            return
        with self._lock, _written(self.path):
            self._kept[key] = asked
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **asked.json()}, ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class Asking:
    """How cases are asked: with the model or not, how often, how many at once, and whether each answer is tried
    again with the paragraphs hidden that it cites."""

    use_model: bool = False
    repeat: int = 1
    jobs: int = 1
    intervene: bool = False


def run_cases(corpus: Corpus, cases: Sequence[Case], asking: Asking, cache: Cache | None = None) -> Iterator[Result]:
    """Ask each case, its earlier turns first, and score what comes; in order, also with several jobs."""
    planned = [(case, number) for number in range(1, asking.repeat + 1) for case in cases]

    def work(one: tuple[Case, int]) -> Result:
        case, number = one
        return scored(case, _ask(corpus.bot, case, number, asking, cache), corpus, number)

    if asking.jobs == 1:
        yield from map(work, planned)
        return
    with ThreadPoolExecutor(asking.jobs, "ibid-eval") as hands:
        waiting = hands.map(work, planned)
        try:
            yield from waiting
        finally:
            hands.shutdown(wait=True, cancel_futures=True)


def scored(case: Case, asked: Asked, corpus: Corpus, number: int = 1) -> Result:
    """The result of a case: every deterministic score that it allows. An error scores the worst of each."""
    answer = _whole(asked.answer or Answer(case.question), corpus)
    right = case_gold(case, corpus.paragraphs)
    gold = tuple(_gold_paragraph(corpus.stored[key]) for key in sorted(right))
    scores = [*_case_scores(case, answer, right, corpus), *integrity_scores(answer, corpus.stored, corpus.files)]
    scores += [safety_score(case, answer), change_score(answer, asked.without)]
    if asked.error is not None:
        scores = [_worst(score) for score in scores]
    return Result(case, asked, tuple(scores), gold, number)


def _whole(answer: Answer, corpus: Corpus) -> Answer:
    """The answer with each citation in its whole stored paragraph: Answer JSON, in which answers are kept, holds only
    the quote. What does not lie in it stays as it is, and is found out by `exact`."""
    statements = tuple(
        replace(statement, citations=tuple(_in_paragraph(citation, corpus) for citation in statement.citations))
        for statement in answer.statements
    )
    return replace(answer, statements=statements)


def _in_paragraph(citation: Citation, corpus: Corpus) -> Citation:
    stored = corpus.stored.get(citation.paragraph.key)
    if stored is None or not stored.start <= citation.start < citation.end <= stored.end:
        return citation
    moved = replace(citation, paragraph=stored)
    return moved if moved.quote == citation.quote else citation


def _case_scores(case: Case, answer: Answer, right: frozenset[tuple[str, int]], corpus: Corpus) -> list[Score]:
    if not case.answerable:
        return judgement_scores(case, answer, 0.0)
    graded = graded_gold(case, corpus.paragraphs)
    wanted = graded if case.all_gold else any_gold(graded)
    ranked = [passage.paragraph.key for passage in answer.passages]
    citing = citation_scores(case, answer, right, wanted)
    recall = next(score.value for score in citing if score.name == "citation_recall") or 0.0
    return [
        Score("gold_indexed", float(bool(right)), "" if right else "no paragraph of the corpus holds the gold quote"),
        *retrieval_scores(ranked, right, wanted),
        *citing,
        *answer_scores(case, answer),
        *judgement_scores(case, answer, recall),
    ]


def _worst(score: Score) -> Score:
    return replace(score, value=float(score.name in WORST_IS_ONE), explanation="it ended in an error")


def _gold_paragraph(paragraph: Paragraph) -> GoldParagraph:
    return GoldParagraph(paragraph.document_id, paragraph.number, paragraph.text)


def _ask(bot: Chatbot, case: Case, number: int, asking: Asking, cache: Cache | None) -> Asked:
    key = _key(case, number, asking)
    kept = cache.get(key) if cache is not None else None
    if kept is not None:
        return kept
    try:
        asked = _asked_anew(bot, case, asking)
    except IbidError as error:
        return Asked(error=str(error))
    except Exception as error:
        # A fault of ours; the other cases are not to suffer for it, and the run shows it.
        return Asked(error=f"{type(error).__name__}: {error}")
    if cache is not None:
        cache.put(key, asked)
    return asked


def _asked_anew(bot: Chatbot, case: Case, asking: Asking) -> Asked:
    turns: list[Turn] = []
    for question in case.turns:
        turns.append(Turn(question, bot.ask(question, turns, use_model=asking.use_model)))
    started = time.perf_counter()
    first: float | None = None
    answer = Answer(case.question)
    for answer in bot.stream(case.question, turns, use_model=asking.use_model):
        if first is None and (answer.statements or answer.complete):
            first = time.perf_counter() - started
    total = time.perf_counter() - started
    without = None
    if asking.intervene and answer.citations:
        cited = frozenset(citation.paragraph.key for citation in answer.citations)
        without = bot.ask(case.question, turns, without=cited, use_model=asking.use_model)
    return Asked(answer, first, total, without)


def _key(case: Case, number: int, asking: Asking) -> str:
    asked = [case.question, case.turns, number, asking.use_model, asking.intervene]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def fingerprint(bot: Chatbot, settings: dict[str, Any]) -> dict[str, Any]:
    """What a run's numbers depend on: corpus revisions, the bytes of `rag/`, settings without secrets, models."""
    revisions = "".join(f"{record.document_id}{record.revision}" for record in bot.documents)
    gate = f"{bot.gate}"
    return {
        "version": 1,
        "corpus": hashlib.sha256(revisions.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        "documents": len(bot.documents),
        "code": code_hash(),
        "embedder": bot.embedder.fingerprint,
        "second embedder": bot.second.name if bot.second else None,
        "gate": hashlib.sha256(gate.encode()).hexdigest()[:16],
        "settings": settings,
    }


def fingerprint_hash(described: Mapping[str, Any]) -> str:
    """One name for all that numbers depend on: the cache of answers lies under it."""
    parts = ("corpus", "code", "embedder", "second embedder", "gate", "settings", "mode", "model")
    depended = {part: described.get(part) for part in parts}
    return hashlib.sha256(json.dumps(depended, sort_keys=True).encode()).hexdigest()[:16]


def code_hash() -> str:
    """A hash of every source and model file of `rag/`: an edited tree never passes for another."""
    folder = Path(__file__).resolve().parent.parent / "rag"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".json", ".onnx"):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def write_run(
    path: Path,
    described: dict[str, Any],
    results: Iterable[Result],
    progress: Callable[[Result], None] | None = None,
) -> Run:
    """Write `run.jsonl` as results come. Raises CaseError where the file cannot be written."""
    kept: list[Result] = []
    with _written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(json.dumps(described, ensure_ascii=False) + "\n")
            for result in results:
                file.write(json.dumps(result.json(), ensure_ascii=False) + "\n")
                kept.append(result)
                if progress is not None:
                    progress(result)
    return Run(described, tuple(kept))


def read_run(path: Path) -> Run:
    """A run that was kept. Raises CaseError where the file is none."""
    try:
        head, *lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Name a run; `ibid eval run` makes one.") from error
    try:
        described = json.loads(head)
        if not isinstance(described, dict) or "corpus" not in described:
            raise ValueError("its first line is no fingerprint")
        return Run(described, tuple(_result_from(json.loads(line)) for line in lines if line.strip()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaseError(f"{path} is not a run ({error}). `ibid eval run` makes one.") from error


def slim(run: Run) -> Run:
    """The run without passages, timings and paths: what a baseline needs to be compared with, and no more."""

    def lighter(answer: Answer | None) -> Answer | None:
        if answer is None:
            return None
        return replace(answer, passages=(), closest=(), seconds={})

    kept = [
        replace(r, asked=replace(r.asked, answer=lighter(r.answer), without=None, first=None, total=0.0), gold=())
        for r in run.results
    ]
    described = {name: value for name, value in run.described.items() if name not in ("folder", "questions")}
    return Run(described, tuple(kept))


def _result_from(described: Mapping[str, Any]) -> Result:
    return Result(
        case_from(described["asked"]),
        _asked_from(described),
        tuple(Score(one["name"], one["value"], one.get("explanation", "")) for one in described["scores"]),
        tuple(GoldParagraph(one["document"], int(one["paragraph"]), one["text"]) for one in described["gold"]),
        int(described.get("round", 1)),
    )


def _asked_from(described: Mapping[str, Any]) -> Asked:
    seconds = described.get("seconds") or {}
    return Asked(
        answer_from(described["answer"]) if described.get("answer") else None,
        seconds.get("first"),
        float(seconds.get("total") or 0.0),
        answer_from(described["without"]) if described.get("without") else None,
        described.get("error"),
    )


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror}.") from error
