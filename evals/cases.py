"""Reading question files and finding their gold in a corpus as it is now.

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

from evals.domain import Case, Gold
from rag.domain import Paragraph
from rag.errors import CaseError

Key = tuple[str, int]
Corpus = Mapping[str, Sequence[Paragraph]]


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
        str(described["id"]),
        str(described["question"]),
        tuple(described.get("answers", ())),
        gold,
        bool(described.get("answerable", True)),
        bool(described.get("all_gold", False)),
        tuple(described.get("tags", ())),
        _gold(near) if isinstance(near, dict) else None,
        described.get("reference"),
        tuple(described.get("turns", ())),
        tuple(described.get("key_points", ())),
        tuple(described.get("must_not", ())),
        str(described.get("cluster") or (gold[0].document if gold else described["id"])),
        str(described.get("source", "human")),
    )


def _gold(described: Mapping[str, Any]) -> Gold:
    return Gold(
        str(described["document"]), described.get("quote"), described.get("page"), int(described.get("grade", 1))
    )


def sample(cases: Sequence[Case], n: int) -> list[Case]:
    """The first n by the hash of their id: the same for everyone, and unrelated to any order in the file."""
    return sorted(cases, key=lambda case: hashlib.sha256(case.id.encode()).hexdigest())[:n]


def gold_paragraphs(gold: Gold, corpus: Corpus) -> frozenset[Key]:
    """The paragraphs that are right for one gold; empty where its document or quote is not in the corpus."""
    paragraphs = corpus.get(f"documents/{gold.document}") or corpus.get(f"uploads/{gold.document}", ())
    if gold.page is not None:
        return frozenset(p.key for p in paragraphs if p.page == gold.page)
    if gold.quote is None:
        return frozenset(p.key for p in paragraphs)
    within = frozenset(p.key for p in paragraphs if gold.quote in p.text)
    return within or _across_paragraphs(gold.quote, paragraphs)


def case_gold(case: Case, corpus: Corpus) -> frozenset[Key]:
    return frozenset(key for gold in case.gold for key in gold_paragraphs(gold, corpus))


def graded_gold(case: Case, corpus: Corpus) -> dict[str, dict[Key, int]]:
    """Right paragraphs with their grades, by the gold they belong to (its document and quote)."""
    return {
        f"{gold.document}#{gold.quote or gold.page or ''}": dict.fromkeys(gold_paragraphs(gold, corpus), gold.grade)
        for gold in case.gold
    }


def _across_paragraphs(quote: str, paragraphs: Sequence[Paragraph]) -> frozenset[Key]:
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
