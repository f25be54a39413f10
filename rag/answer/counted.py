"""Whether words tell how many there are of what a question counts: rows and entries could be counted, and tell no
number; and a number of something else is none of theirs. Pure functions of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile

import regex

from rag.text import language, terms
from rag.text.dates import is_year
from rag.text.values import find_amounts, measures_as, without_times

_COUNTS = regex.compile(rf"\b{language.pattern('questions.counts')}\s+(?P<what>[^?.!,;:]+)", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{M}’'-]+")
_NTH = rf"\d+{language.pattern('numbers.ordinal_endings')}"
_FEW = regex.compile(rf"\b(?:{language.pattern('telling.few', 'numbers.ordinals')}|{_NTH})\b", regex.IGNORECASE)
_OF_NAME = regex.compile(r"[\p{L}\p{N}]-$|[\p{L}_/#\[]$")
_STOP = regex.compile(r"[.,;:!?()\[\]{}<>|=/\t\n]")
_MOST_WORDS, _BEHIND = 3, 5
"""Of what is counted, and from a number to what it counts: "twelve new evening classes"."""


@lru_cache(maxsize=256)
def counted(question: str) -> frozenset[str]:
    """The stems of what a question asks how many there are of, "desk lamps"; none where it does not ask that."""
    return frozenset(stem for word in _counted(question) for stem in terms.stems(word))


def _counted(question: str) -> Sequence[str]:
    found = _COUNTS.search(question)
    return [*takewhile(terms.content_words, _WORD.findall(found["what"]))][:_MOST_WORDS] if found else []


def _head(question: str) -> frozenset[str]:
    """Of "evening classes meet" the word for the things themselves: the first in the plural."""
    words = _counted(question)
    return frozenset(terms.stems(next((one for one in words if one.endswith("s")), "".join(words[:1]))))


def counts_in_words(question: str, sentence: str) -> bool:
    """Whether a sentence tells a number of what the question counts, next to it: "nine boats"."""
    return counts_any_of(counted(question), sentence)


def counts_any_of(what: frozenset[str], sentence: str) -> bool:
    """Whether one of these stems stands next to a number."""
    text = without_times(sentence)
    return any(_follows(text, end, what) for end in _ends(text))


def tells_count(question: str, sentence: str) -> bool:
    """Whether prose tells a number that may be what "how many …?" asks for: any that is no date, no time and no
    measure of something else, unless the sentence names what is asked for and all its numbers count something else."""
    what, text = counted(question), without_times(sentence)
    if _FEW.search(text) is not None:
        return True
    head = _head(question)
    ends = _ends(text, unless=lambda measure: not any(measures_as(stem, measure) for stem in head))
    names_it = bool(head) and head <= frozenset(terms.stems(text))
    return bool(ends) and (
        not names_it or any(_follows(text, end, what) or not _follows_any(text, end) for end in ends)
    )


def _ends(text: str, *, unless: Callable[[str], bool] = lambda _: False) -> Sequence[int]:
    """Where its numbers end, not those of a name, "pool-1", or of a measure that is left out; a year alone is one only
    if it counts something."""
    found = [
        span
        for span, amount in find_amounts(text)
        if (amount.unit or not is_year(span.of(text))) and not (amount.measure and unless(amount.measure))
    ]
    return [span.end for span in found if not _OF_NAME.search(text[: span.start])]


def _follows(text: str, end: int, what: frozenset[str]) -> bool:
    """Whether one of the few words behind a number is of what is counted."""
    return bool(what & frozenset(_behind(text, end)))


def _follows_any(text: str, end: int) -> bool:
    """Whether a number counts anything."""
    return bool(terms.content_words(" ".join(_WORD.findall(text[end:])[:1])))


def _behind(text: str, end: int) -> Sequence[str]:
    stop = _STOP.search(text, end)
    words = _WORD.findall(text[end : stop.start() if stop else len(text)])[:_BEHIND]
    return [stem for word in words for stem in terms.stems(word)]
