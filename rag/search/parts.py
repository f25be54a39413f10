"""A question of several parts, taken apart. Pure.

"Where do I hand it in, and who reads it?" asks two things; "is it open on Mondays or not?" one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import regex

from rag.search.followup import expand
from rag.text import language, terms
from rag.text.sentences import split_sentences

MOST_PARTS = 4

_ASKS = rf"(?:{language.pattern('questions.asks')})\b"
_GOES_ON = language.pattern("questions.goes_on")
_PLACED = language.pattern("questions.placed")
_BEGINS = regex.compile(rf"^\W*(?:{_GOES_ON}\W+)?(?:(?:\w+\W+){{0,5}}?,\s*|{_PLACED}\s+)?{_ASKS}", regex.IGNORECASE)
"""A question begins: "who …", "and in which year …", "in Portugal, how long …"."""
_JOINED = regex.compile(
    rf"\s*[,;]?\s+{language.pattern('questions.joins')}\s+(?=(?:{_PLACED}\s+)?{_ASKS}\s+\S+)", regex.IGNORECASE
)
_FEWEST_WORDS = 3


class Part(NamedTuple):
    """A part of a question, as it was asked and so that it stands alone."""

    asked: str
    alone: str


def parts_of(question: str, weight_of: Callable[[str], float]) -> tuple[Part, ...]:
    """What is asked, part for part; nothing where it is one question. `weight_of` says how much a
    stem counts: rare ones more."""
    sentences = [span.of(question).strip() for span in split_sentences(question)]
    asking = [one for one in sentences if _BEGINS.match(one)]
    told = " ".join(one for one in sentences if one not in asking)
    parts = [part for one in asking for part in _split(one)]
    if not 2 <= len(parts) <= MOST_PARTS:
        return ()
    alone = [parts[0], *(expand(part, parts[0], weight_of) or part for part in parts[1:])]
    return tuple(Part(asked, f"{told} {part}".strip()) for asked, part in zip(parts, alone, strict=True))


def _split(sentence: str) -> list[str]:
    """At each "and" that a question of its own follows."""
    parts: list[str] = []
    rest = sentence
    for match in _JOINED.finditer(sentence):
        before = sentence[len(sentence) - len(rest) : match.start()]
        after = sentence[match.end() :]
        if _BEGINS.match(before) and _says_enough(before) and _says_enough(after):
            parts.append(before)
            rest = after
    return [*parts, rest]


def _says_enough(part: str) -> bool:
    return len(part.split()) >= _FEWEST_WORDS and bool(terms.content_words(part))
