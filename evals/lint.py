"""What is wrong with a question file, told before anybody trusts a figure made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.cases import Corpus, case_gold, gold_paragraphs
from evals.domain import Case, Gold
from evals.wording import stands_in


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one case."""

    case: str
    what: str

    def __str__(self) -> str:
        return f"{self.case}: {self.what}"


def lint(cases: Sequence[Case], *, corpus: Corpus, files: Mapping[str, str]) -> list[Problem]:
    """Everything that is wrong with the cases over these documents; `files` holds their texts by document id."""
    counted = Counter(case.id for case in cases)
    asked = Counter((case.turns, case.question.strip().casefold()) for case in cases)
    found: list[Problem] = []
    for case in cases:
        complaints = [*_of_text(case), *_of_gold(case, corpus=corpus), *_of_answers(case, corpus=corpus, files=files)]
        if counted[case.id] > 1:
            complaints.append("its id stands twice")
        if asked[case.turns, case.question.strip().casefold()] > 1:
            complaints.append("its question stands twice")
        found += [Problem(case.id, complaint) for complaint in complaints]
    return found


def _of_text(case: Case) -> Iterator[str]:
    if not case.question.strip():
        yield "it asks nothing"
    if not case.tags:
        yield "it has no tags"
    if any(not wording.strip() for point in case.key_points for wording in point.any) or any(
        not point.any for point in case.key_points
    ):
        yield "a key point has no wording"


def _of_gold(case: Case, *, corpus: Corpus) -> Iterator[str]:
    if case.answerable and not case.gold:
        yield "it can be answered, but no gold says where"
    if not case.answerable and case.gold:
        yield "it cannot be answered, but has gold"
    for gold in (*case.gold, *((case.near,) if case.near else ())):
        if not gold_paragraphs(gold, corpus=corpus):
            yield _missing(gold, corpus=corpus)


def _missing(gold: Gold, *, corpus: Corpus) -> str:
    if f"documents/{gold.document}" not in corpus:
        return f"there is no document {gold.document}"
    if gold.quote is None:
        return f"{gold.document} has no page {gold.page}"
    return f"{gold.document} does not hold “{gold.quote[:60]}”"


def _of_answers(case: Case, *, corpus: Corpus, files: Mapping[str, str]) -> Iterator[str]:
    if not case.answerable:
        # Of an unanswerable question the answer may be known to the world; in the documents it would be an answer.
        for answer in case.answers:
            if any(stands_in(answer, text=text) for text in files.values()):
                yield f"it is said to be unanswerable, but “{answer}” stands in the documents"
        return
    right = case_gold(case, corpus=corpus)
    texts = [p.text for paragraphs in corpus.values() for p in paragraphs if p.key in right]
    if case.answers and texts and not any(stands_in(answer, text=text) for answer in case.answers for text in texts):
        yield "none of its answers stands in a gold paragraph"
