"""The same questions as people also type them: with slips, in other spellings, or as bare keywords.

A robust system gives a variant the verdict of its case; how often it does not is the flip rate. Variants are made
by code, the same each time, from the case's last question.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

import regex

from evals.domain import Case
from rag.text import terms

_LONG = regex.compile(r"\b\p{L}{5,}\b")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ACUTE = "\u0301"
_FRAMES = (
    "Could you tell me this: {}",
    "I would like to know something. {}",
    "{} Please look it up in the documents.",
    "A colleague asked me: {}",
)


def variants(cases: Sequence[Case]) -> Iterator[Case]:
    """Of each case every variant that differs from it, with the id `case~kind` and the source `variant`."""
    for case in cases:
        for kind, make in KINDS.items():
            question = make(case.question, Random(f"{kind} {case.id}"))
            if question and question != case.question:
                yield replace(
                    case,
                    id=f"{case.id}~{kind}",
                    question=question,
                    source="variant",
                    tags=(*case.tags, f"variant-{kind}"),
                    cluster=case.cluster or f"case {case.id}",
                )


def _typo(question: str, random: Random) -> str:
    """Two neighbouring letters of a long word swapped, not the first."""
    places = [place for place in _inner_places(question) if question[place] != question[place + 1]]
    if not places:
        return question
    i = random.choice(places)
    return question[:i] + question[i + 1] + question[i] + question[i + 2 :]


def _inner_places(question: str) -> list[int]:
    """Of the long words every letter but the first and the last."""
    return [place for word in _LONG.finditer(question) for place in range(word.start() + 1, word.end() - 1)]


def _framed(question: str, random: Random) -> str:
    return random.choice(_FRAMES).format(question)


def _keywords(question: str, _random: Random) -> str:
    """Its words of meaning, as a keyword query."""
    return " ".join(terms.as_written(question, terms.content_words(question))).lower()


def _case(question: str, _random: Random) -> str:
    return question.upper() if question == question.lower() else question.lower()


def _diacritics(question: str, random: Random) -> str:
    """Without its accents; where it has none, with one too many."""
    plain = "".join(c for c in unicodedata.normalize("NFD", question) if not unicodedata.combining(c))
    if plain != question:
        return plain
    vowels = [place for place in _inner_places(question) if question[place] in "aeiou"]
    if not vowels:
        return question
    i = random.choice(vowels) + 1
    return unicodedata.normalize("NFC", question[:i] + _ACUTE + question[i:])


def _digits(question: str, _random: Random) -> str:
    """In the full-width digits of East Asian keyboards."""
    return question.translate(_FULL_WIDTH)


KINDS: dict[str, Callable[[str, Random], str]] = {
    "typo": _typo,
    "paraphrase": _framed,
    "keywords": _keywords,
    "case": _case,
    "diacritics": _diacritics,
    "digits": _digits,
}
