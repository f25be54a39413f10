"""How good a ranking is: the ranked paragraphs against the right ones, by formulas with their source.

A query that found nothing counts as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rag.domain import Key

Grades = Mapping[str, Mapping[Key, int]]
"""Golds that are each wanted, with their paragraphs and what these are worth: where any gold will do, a single one."""


def success_at(ranked: Sequence[Key], *, right: frozenset[Key], k: int) -> float:
    """1 if a right paragraph is among the first k (hit rate, Success@k)."""
    return float(any(key in right for key in ranked[:k]))


def recall_at(ranked: Sequence[Key], *, graded: Grades, k: int) -> float:
    """The share of golds of which a paragraph is among the first k."""
    first = set(ranked[:k])
    return sum(bool(first & set(grades)) for grades in graded.values()) / len(graded) if graded else 0.0


def reciprocal_rank(ranked: Sequence[Key], *, right: frozenset[Key], k: int = 10) -> float:
    """One over the rank of the first right paragraph within k, else 0 (Voorhees 1999)."""
    return next((1.0 / rank for rank, key in enumerate(ranked[:k], start=1) if key in right), 0.0)


def ndcg(ranked: Sequence[Key], *, graded: Grades, k: int = 10) -> float:
    """Normalised discounted cumulative gain at k with linear gains (Järvelin & Kekäläinen 2002; the BEIR and
    trec_eval form). Each gold counts once, at the first of its paragraphs: duplicates bring no further gain."""
    seen: set[str] = set()
    gain = 0.0
    for rank, key in enumerate(ranked[:k], start=1):
        for name, grades in graded.items():
            if name not in seen and key in grades:
                gain += grades[key] / np.log2(rank + 1)
                seen.add(name)
                break
    grades_in_order = sorted((max(grades.values(), default=1) for grades in graded.values()), reverse=True)[:k]
    ideal = sum(grade / np.log2(rank + 1) for rank, grade in enumerate(grades_in_order, start=1))
    return float(gain / ideal) if ideal else 0.0


def document_ndcg(ranked: Sequence[Key], *, graded: Grades, k: int = 10) -> float:
    """`ndcg` over documents, each at the first of its paragraphs: for sets that judge documents."""
    by_document = {
        name: {(document, 0): grade for (document, _), grade in grades.items()} for name, grades in graded.items()
    }
    return ndcg(documents_in_order(ranked), graded=by_document, k=k)


def documents_in_order(ranked: Iterable[Key]) -> list[Key]:
    """The first paragraph of each document: paragraph number 0 stands for all."""
    return list(dict.fromkeys((document, 0) for document, _ in ranked))


def any_gold(graded: Grades) -> dict[str, dict[Key, int]]:
    """Golds of which any one is right, as a single gold."""
    merged: dict[Key, int] = {}
    for grades in graded.values():
        merged.update(grades)
    return {"any": merged} if merged else {}
