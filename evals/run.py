"""Asking cases and scoring what comes of it.

A case that crashes is a result, with its error, and counts as a failure.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from evals.cache import Cache
from evals.cases import case_gold, graded_gold
from evals.corpus import Corpus
from evals.domain import Case
from evals.metric import Attempt
from evals.results import Asked, GoldParagraph, Result
from evals.scorers import scores_of
from rag.chatbot import Chatbot
from rag.domain import Answer, Citation, Key, Question, Turn
from rag.errors import IbidError

SEARCHED = 20
"""Passages of a case that is only searched for: enough for ten documents, which is what rankings are judged by."""


class Way(StrEnum):
    """What is done with a case: answered as anybody's question; only searched for; answered with its right paragraphs
    hidden, which makes it unanswerable; or answered from the document of its gold alone."""

    ANSWER = "answer"
    SEARCH = "search"
    GOLD_HIDDEN = "gold hidden"
    SCOPED = "scoped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How cases are asked: which `way`, with the model or not, how often, how many at once, and whether each answer
    is tried again with the paragraphs hidden that it cites."""

    way: Way = Way.ANSWER
    use_model: bool = False
    repeat: int = 1
    jobs: int = 1
    intervene: bool = False

    def json(self) -> dict[str, Any]:
        """What numbers depend on; the usual way goes without saying."""
        told = {"use_model": self.use_model, "repeat": self.repeat, "intervene": self.intervene}
        return told if self.way is Way.ANSWER else {**told, "way": self.way.value}


def run_cases(corpus: Corpus, *, cases: Sequence[Case], asking: Asking, cache: Cache | None = None) -> Iterator[Result]:
    """Ask each case, its earlier turns first, and score what comes; in order, also with several jobs."""
    planned = [(case, number) for number in range(1, asking.repeat + 1) for case in cases]

    def work(one: tuple[Case, int]) -> Result:
        case, number = one
        asked = _ask(corpus, case=case, number=number, asking=asking, cache=cache)
        if asking.way is Way.GOLD_HIDDEN:
            case = replace(case, answerable=False, gold=(), near=case.gold[0] if case.gold else case.near)
        return scored(case, asked=asked, corpus=corpus, number=number)

    if asking.jobs == 1:
        yield from map(work, planned)
        return
    with ThreadPoolExecutor(asking.jobs, "ibid-eval") as hands:
        waiting = hands.map(work, planned)
        try:
            yield from waiting
        finally:
            hands.shutdown(wait=True, cancel_futures=True)


def scored(case: Case, *, asked: Asked, corpus: Corpus, number: int = 1) -> Result:
    """The result of a case: every deterministic score that it allows. An error scores the worst of each."""
    attempt = Attempt(
        case=case,
        answer=_whole(asked.answer or Answer(question=case.question), corpus=corpus),
        graded=graded_gold(case, corpus=corpus.paragraphs),
        stored=corpus.stored,
        files=corpus.files,
        without=asked.without,
    )
    right = [corpus.stored[key] for key in sorted(attempt.right)]
    return Result(
        case=case,
        asked=asked,
        scores=scores_of(attempt, failed=asked.error is not None),
        gold=tuple(GoldParagraph(p.document_id, p.number, p.text) for p in right),
        round=number,
    )


def _whole(answer: Answer, *, corpus: Corpus) -> Answer:
    """The answer with each citation in its whole stored paragraph: Answer JSON, in which answers are kept, holds only
    the quote. What does not lie in it stays as it is, and is found out by `exact`."""
    statements = tuple(
        replace(statement, citations=tuple(_in_paragraph(citation, corpus=corpus) for citation in statement.citations))
        for statement in answer.statements
    )
    return replace(answer, statements=statements)


def _in_paragraph(citation: Citation, *, corpus: Corpus) -> Citation:
    stored = corpus.stored.get(citation.paragraph.key)
    if stored is None or not stored.start <= citation.start < citation.end <= stored.end:
        return citation
    moved = replace(citation, paragraph=stored)
    return moved if moved.quote == citation.quote else citation


def _ask(corpus: Corpus, *, case: Case, number: int, asking: Asking, cache: Cache | None) -> Asked:
    key = _key(case, number=number, asking=asking)
    kept = cache.get(key) if cache is not None else None
    if kept is not None:
        return kept
    try:
        asked = (
            _searched(corpus.bot, case=case)
            if asking.way is Way.SEARCH
            else _answered(corpus, case=case, asking=asking)
        )
    except IbidError as error:
        return Asked(error=str(error))
    except Exception as error:
        # A fault of ours; the other cases are not to suffer for it, and the run shows it.
        return Asked(error=f"{type(error).__name__}: {error}")
    if cache is not None:
        cache.put(key, asked=asked)
    return asked


def _searched(bot: Chatbot, *, case: Case) -> Asked:
    started = time.perf_counter()
    found = bot.search(case.question, limit=SEARCHED)
    answer = Answer(
        question=case.question, searched_for=found.searched_for, passages=found.passages, seconds=found.seconds
    )
    return Asked(answer=answer, total=time.perf_counter() - started)


def _answered(corpus: Corpus, *, case: Case, asking: Asking) -> Asked:
    bot, gold = corpus.bot, case_gold(case, corpus=corpus.paragraphs)
    hidden: frozenset[Key] = gold if asking.way is Way.GOLD_HIDDEN else frozenset()
    scope = _own_document(case) if asking.way is Way.SCOPED else None
    turns: list[Turn] = []

    def wanted(question: str) -> Question:
        # A second embedder is part of how passages are found, whoever writes.
        offline = not asking.use_model and bot.second is None
        return Question(question, turns=turns, scope=scope, without=hidden, offline=offline)

    for question in case.turns:
        turns.append(Turn(question, bot.ask(wanted(question))))
    started = time.perf_counter()
    first: float | None = None
    answer = Answer(question=case.question)
    for answer in bot.stream(wanted(case.question)):
        if first is None and (answer.statements or answer.complete):
            first = time.perf_counter() - started
    total = time.perf_counter() - started
    without = None
    if asking.intervene and answer.citations:
        cited = frozenset(citation.paragraph.key for citation in answer.citations)
        without = bot.ask(replace(wanted(case.question), without=hidden | cited))
    return Asked(answer=answer, first=first, total=total, without=without)


def _own_document(case: Case) -> frozenset[str] | None:
    place = case.gold[0] if case.gold else case.near
    return frozenset({f"documents/{place.document}"}) if place else None


def _key(case: Case, *, number: int, asking: Asking) -> str:
    asked: list[Any] = [case.question, case.turns, number, asking.use_model, asking.intervene]
    if asking.way is not Way.ANSWER:
        places = [*case.gold, *([case.near] if case.near else [])]
        asked += [asking.way.value, [place.json() for place in places]]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:24]
