"""What a question says of the documents that it means: a year that they are dated or filed by, or that they be new.

A policy, not a fitted number: no training question knows of two versions of one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import regex

from rag.domain import Source, document_name
from rag.search.fusion import Scores
from rag.text import language
from rag.text.dates import find_years

MEANT = 1.5
"""Log-odds for a document of the year that is asked for, and against one of another year or an older version."""

_NEWEST = regex.compile(rf"(?i)\b{language.pattern('questions.newest')}\b")


Filed: TypeAlias = tuple[str, Source]
"""A document's id, and what it says of itself."""


def preferences(question: str, filed: Sequence[Filed], *, texts: Sequence[str]) -> Scores:
    """What to add to the log-odds of candidates of these documents with these texts, `[len(filed)]`. A year counts
    where it tells documents apart: if one of them is of that year, those of others stand back, unless they speak of
    it."""
    asked = years_in(question)
    if asked and any(years_of(*one) & asked for one in set(filed)):
        given = [_by_year(one, text, asked) for one, text in zip(filed, texts, strict=True)]
    elif not asked and asks_for_the_newest(question):
        given = [-MEANT * is_outdated(source, filed) for _, source in filed]
    else:
        given = [0.0] * len(filed)
    return np.array(given, dtype=np.float32)


def asks_for_the_newest(question: str) -> bool:
    return _NEWEST.search(question) is not None


def is_outdated(source: Source, among: Sequence[Filed]) -> bool:
    """Whether another of them is a later version: of the same title, with a later date."""
    day, title = source.date, source.title.casefold()
    return day is not None and any(
        other.date is not None and other.date > day and other.title.casefold() == title for _, other in among
    )


def years_in(text: str) -> frozenset[str]:
    return frozenset(span.of(text) for span in find_years(text))


def years_of(document_id: str, source: Source) -> frozenset[str]:
    """The years by which a document is known: its date's, and those in its title, its folder's and its file's name."""
    named = years_in(f"{source.title} {regex.sub(r'[^0-9]+', ' ', document_name(document_id))}")
    return named | {str(source.date.year)} if source.date else named


def _by_year(filed: Filed, text: str, asked: frozenset[str]) -> float:
    known = years_of(*filed)
    if not known:
        return 0.0
    if known & asked:
        return MEANT
    return 0.0 if years_in(text) & asked else -MEANT
