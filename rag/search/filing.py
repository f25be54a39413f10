"""What a question says of the documents that it means: a year that they are dated or filed by, or that they be new.

A policy, not a fitted number: no training question knows of two versions of one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeAlias

import numpy as np
import regex

from rag.domain import Source, document_name
from rag.index.records import Record
from rag.search.fusion import Scores
from rag.text import language
from rag.text.dates import find_dates, find_years, masked

MEANT = 1.5
"""Log-odds for a document of the year that is asked for, and against one of another year or an older version."""

_WORD = regex.compile(r"[\p{L}\p{N}]+")
_NEWEST = regex.compile(rf"(?i)\b{language.pattern('questions.newest')}\b")


Filed: TypeAlias = tuple[str, Source]
"""A document's id, and what it says of itself."""


def filed(record: Record) -> Filed:
    return record.document_id, record.source


def preferences(question: str, filed: Sequence[Filed], *, texts: Sequence[str]) -> Scores:
    """What to add to the log-odds of candidates of these documents with these texts, `[len(filed)]`. A year counts
    where it tells documents apart: if one of them is of that year, those of others stand back, unless they speak of
    it. Where none is asked for, editions stand back of which another one is named for a later year: what holds is
    meant."""
    asked, among = years_in(question), set(filed)
    if asked and any(years_of(*one) & asked for one in among):
        given = [_by_year(one, text, asked) for one, text in zip(filed, texts, strict=True)]
    elif asked:
        given = [0.0] * len(filed)
    else:
        newest = asks_for_the_newest(question)
        later, alike = (is_later, _are_alike) if newest else (_is_named_later, _have_one_title)
        outdated = {one for one in among if any(later(other, one) and alike(other, one) for other in among)}
        given = [-MEANT * (one in outdated) for one in filed]
    return np.array(given, dtype=np.float32)


def asks_for_the_newest(question: str) -> bool:
    return _NEWEST.search(question) is not None


def _are_alike(other: Filed, one: Filed) -> bool:
    """Whether they have one title, or the same file name, but for its dates: letters have whatever title their heads
    give them."""
    names = [_undated(PurePosixPath(document_name(each[0])).stem) for each in (other, one)]
    return _have_one_title(other, one) or (bool(names[0]) and names[0] == names[1])


@lru_cache(maxsize=8192)
def _undated(stem: str) -> str:
    """The words of a file's name without numbers and dates."""
    spaced = " ".join(_WORD.findall(stem.replace("_", " ")))
    words = _WORD.findall(masked(spaced, (dated.span for dated in find_dates(spaced))).casefold())
    return " ".join(word for word in words if not word.isdigit())


def _have_one_title(other: Filed, one: Filed) -> bool:
    """Whether they have the same title, but for the years in it."""
    return untimed(other[1].title) == untimed(one[1].title)


def is_later(other: Filed, one: Filed) -> bool:
    """Whether the one is dated later than the other, or where not both are, known by a later year."""
    if other[1].date is not None and one[1].date is not None:
        return other[1].date > one[1].date
    ours, theirs = years_of(*one), years_of(*other)
    return bool(ours and theirs) and max(theirs) > max(ours)


def _is_named_later(other: Filed, one: Filed) -> bool:
    """Whether the one is named for a later year than the other, in its title, folder or file."""
    ours, theirs = _years_named(*one), _years_named(*other)
    return bool(ours and theirs) and max(theirs) > max(ours)


@lru_cache(maxsize=8192)
def untimed(title: str) -> str:
    """The words of a title without the years that tell its versions apart. Remembered: every document is looked at."""
    return " ".join(_WORD.findall(masked(title, find_years(title)).casefold()))


def years_in(text: str) -> frozenset[str]:
    return frozenset(span.of(text) for span in find_years(text))


def years_of(document_id: str, source: Source) -> frozenset[str]:
    """The years by which a document is known: its date's, and those in its title, its folder's and its file's name."""
    named = _years_named(document_id, source)
    return named | {str(source.date.year)} if source.date else named


def _years_named(document_id: str, source: Source) -> frozenset[str]:
    return years_in(f"{source.title} {regex.sub(r'[^0-9]+', ' ', document_name(document_id))}")


def _by_year(filed: Filed, text: str, asked: frozenset[str]) -> float:
    known = years_of(*filed)
    if not known:
        return 0.0
    if known & asked:
        return MEANT
    return 0.0 if years_in(text) & asked else -MEANT
