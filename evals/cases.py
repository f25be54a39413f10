"""Reading question files, finding their gold in a corpus as it is now, and telling what is wrong with them.

Gold is a quote, not a paragraph id, so cases survive any change of splitting: right is any paragraph that
overlaps any occurrence of the quote; without quote or page, any paragraph of the document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import regex

from evals.domain import Case, Gold, KeyPoint
from rag.domain import Key, Paragraph
from rag.errors import CaseError

Corpus = Mapping[str, Sequence[Paragraph]]

ENOUGH_DOCUMENTS = 20
"""Of which a bootstrap over documents still draws a fair picture (Cameron, Gelbach & Miller 2008)."""


def read_cases(path: Path) -> list[Case]:
    """The cases of a `questions.jsonl`. Raises CaseError naming the line that is malformed."""
    try:
        # Not `splitlines`: JSON may hold other line separators as they are.
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Name a questions.jsonl.") from error
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            cases.append(case_from(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(
                f"{path} line {number} is not a case: {error!r}. See evals/questions for examples."
            ) from error
    return cases


def case_from(described: Mapping[str, Any]) -> Case:
    gold = tuple(_gold(one) for one in described.get("gold", ()))
    near = described.get("near")
    return Case(
        id=str(described["id"]),
        question=str(described["question"]),
        answers=tuple(described.get("answers", ())),
        gold=gold,
        answerable=bool(described.get("answerable", True)),
        all_gold=bool(described.get("all_gold", False)),
        tags=tuple(described.get("tags", ())),
        near=_gold(near) if isinstance(near, dict) else None,
        reference=described.get("reference"),
        turns=tuple(described.get("turns", ())),
        key_points=tuple(
            KeyPoint(tuple(one["any"]), bool(one.get("vital", True))) for one in described.get("key_points", ())
        ),
        must_not=tuple(described.get("must_not", ())),
        cluster=str(described.get("cluster") or ""),
        source=str(described.get("source", "human")),
    )


def _gold(described: Mapping[str, Any]) -> Gold:
    return Gold(
        document=str(described["document"]),
        quote=described.get("quote"),
        page=described.get("page"),
        grade=int(described.get("grade", 1)),
    )


def sample(cases: Sequence[Case], *, n: int, seed: int = 0) -> list[Case]:
    """The first n by the hash of their id: the same for everyone, and unrelated to any order in the file. Another
    `seed` draws others."""
    salt = str(seed) if seed else ""
    return sorted(cases, key=lambda case: hashlib.sha256(f"{salt}{case.id}".encode()).hexdigest())[:n]


def clusters_of(cases: Sequence[Case]) -> list[str]:
    """For each case the group it stands or falls with: its own `cluster`, else its document if the cases are of at
    least ENOUGH_DOCUMENTS, else its gold quote. A case without gold is near one, or alone."""
    places = [case.gold[0] if case.gold else case.near for case in cases]
    by_document = len({place.document for place in places if place}) >= ENOUGH_DOCUMENTS
    return [
        case.cluster or (_place_name(place, by_document=by_document) if place else f"case {case.id}")
        for case, place in zip(cases, places, strict=True)
    ]


def _place_name(place: Gold, *, by_document: bool) -> str:
    return place.document if by_document else f"{place.document}#{place.page or ''}#{place.quote or ''}"


def gold_paragraphs(gold: Gold, *, corpus: Corpus) -> frozenset[Key]:
    """The paragraphs that are right for one gold; empty where its document or quote is not in the corpus."""
    paragraphs = corpus.get(f"documents/{gold.document}") or corpus.get(f"uploads/{gold.document}", ())
    if gold.page is not None:
        return frozenset(p.key for p in paragraphs if p.page == gold.page)
    if gold.quote is None:
        return frozenset(p.key for p in paragraphs)
    within = frozenset(p.key for p in paragraphs if gold.quote in p.text)
    return within or _across_paragraphs(gold.quote, paragraphs=paragraphs)


def case_gold(case: Case, *, corpus: Corpus) -> frozenset[Key]:
    return frozenset(key for gold in case.gold for key in gold_paragraphs(gold, corpus=corpus))


def graded_gold(case: Case, *, corpus: Corpus) -> dict[str, dict[Key, int]]:
    """Right paragraphs with their grades, by the gold they belong to (its document and quote)."""
    return {
        f"{gold.document}#{gold.quote or gold.page or ''}": dict.fromkeys(
            gold_paragraphs(gold, corpus=corpus), gold.grade
        )
        for gold in case.gold
    }


def _across_paragraphs(quote: str, *, paragraphs: Sequence[Paragraph]) -> frozenset[Key]:
    """Paragraphs that a quote overlaps when it runs over their borders or differs from them in white space."""
    if not paragraphs:
        return frozenset()
    text = [" "] * paragraphs[-1].end
    for paragraph in paragraphs:
        text[paragraph.start : paragraph.end] = paragraph.text
    found = set()
    for match in _spaced(quote).finditer("".join(text)):
        found |= {p.key for p in paragraphs if p.start < match.end() and match.start() < p.end}
    return frozenset(found)


@lru_cache(maxsize=4096)
def _spaced(quote: str) -> regex.Pattern[str]:
    return regex.compile(r"\s+".join(regex.escape(word) for word in quote.split()) or r"(?!)")
