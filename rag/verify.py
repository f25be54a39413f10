"""Does the cited text support the statement? Pure functions of texts, no model.

`verified` means: the words stand in the document, and every number, date and name of the statement stands
in the cited paragraph too. It does not mean that the document is right, nor that a paraphrase is entailed in
every nuance. A value found only in the question is not support: that is how false premises get echoed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag import terms
from rag.domain import Citation, Verdict

LEAST_SUPPORT = 0.5
"""Share of a statement's content words that must stand in the cited paragraphs."""

_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "dozen": 12,
    "hundred": 100,
}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), start=1
    )
    for name in names.split()
}  # fmt: skip
_NUMBER = regex.compile(
    r"(?P<digits>\d+(?:[.,]\d+)*)(?:\s*(?P<scale>thousand|million|billion|trillion)\b)?"
    rf"|\b(?P<word>{'|'.join(_WORDS)})\b(?:\s+(?P<scale>thousand|million|billion|trillion)\b)?",
    regex.IGNORECASE,
)
_UNIT = regex.compile(r"[\s-]*(?P<unit>%|\p{L}+)")
_MONTH = regex.compile(rf"\b(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?", regex.IGNORECASE)
_NAME = regex.compile(r"(?<![.!?…]\s)(?<![.!?…][\"”’')]\s)(?<!^)(?<![\"“‘'(\[])\b\p{Lu}[\p{L}\p{M}’'-]+")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the stem of the word that follows it: "13 days" is (13.0, "day")."""

    value: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a statement and, where it is not supported, why."""

    verdict: Verdict
    reason: str | None = None


def verify(statement: str, citations: Sequence[Citation]) -> Finding:
    """Check a statement against the paragraphs it cites, values first, words last."""
    if not citations:
        return Finding(Verdict.UNSUPPORTED, "nothing is cited for it")
    cited = "\n".join(
        text
        for citation in citations
        for text in (
            citation.paragraph.text,
            citation.source.title,
            *citation.paragraph.heading,
            citation.paragraph.speaker or "",
        )
    )
    return check(statement, cited)


def check(statement: str, cited: str) -> Finding:
    """Check a statement against a text."""
    for what, missing in (
        ("number", sorted(_values(statement) - _values(cited))),
        ("month", sorted(_months(statement) - _months(cited))),
        ("name", sorted(names(statement) - set(terms.words(cited)))),
    ):
        if missing:
            return Finding(Verdict.UNSUPPORTED, f"the {what} {_shown(missing[0])} is not in the cited paragraph")
    words = set(terms.content_stems(statement))
    found = words & set(terms.stems(cited))
    if words and len(found) < LEAST_SUPPORT * len(words):
        return Finding(Verdict.UNSUPPORTED, f"only {len(found)} of its {len(words)} words are in the cited paragraph")
    return Finding(Verdict.VERIFIED)


def amounts(text: str) -> list[Amount]:
    """The numbers of a text in order, with their units; "four million" and "4,000,000" are equal."""
    found = []
    for match in _NUMBER.finditer(text):
        digits, word, scale = match.group("digits"), match.group("word"), match.group("scale")
        value = _number(digits) if digits else float(_WORDS[word.lower()])
        value *= _SCALES[scale.lower()] if scale else 1
        unit = _UNIT.match(text, match.end())
        found.append(Amount(value, terms.stemmed(terms.words(unit.group("unit")) or [""])[0] or "%" if unit else None))
    return found


def names(text: str) -> set[str]:
    """Folded words written with a capital inside a sentence."""
    return {word for match in _NAME.finditer(text) for word in terms.words(match.group()) if len(word) > 1}


def _values(text: str) -> set[float]:
    return {amount.value for amount in amounts(text)}


def _months(text: str) -> set[int]:
    # "may" and "mar" are months only with a capital.
    return {
        _MONTHS[match.group("month").lower()] for match in _MONTH.finditer(text) if match.group("month")[0].isupper()
    }


def _number(digits: str) -> float:
    if regex.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return float(regex.sub(r"[.,]", "", digits))
    plain = digits.replace(",", ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))


def _shown(value: float | int | str) -> str:
    if isinstance(value, str):
        return f"“{value}”"
    return f"{value:g}"
