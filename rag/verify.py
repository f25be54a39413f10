"""Does the cited text support the statement? Pure functions of texts, no model.

`verified` means: the words stand in the document, and every number, date and name of the statement stands
in the cited paragraph too. It does not mean that the document is right, nor that a paraphrase is entailed in
every nuance. A value found only in the question is not support: that is how false premises get echoed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from rag import terms
from rag.domain import Citation, Statement, Verdict

LEAST_SUPPORT = 0.5
"""Share of a statement's content words that must stand in the cited paragraphs."""

_WORDS = {
    word: number
    for number, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty""".split()
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
_SCALE = r"(?:\s*(?P<hundred>hundred)\b)?(?:\s*(?P<scale>thousand|million|billion|trillion)\b)?"
_NUMBER = regex.compile(
    rf"(?P<digits>\d{{1,3}}(?:[\u00a0\u2009\u202f]\d{{3}})+|\d+(?:[.,]\d+)*){_SCALE}"
    rf"|\b(?P<word>{'|'.join(_WORDS)})(?:[\s-](?P<ones>one|two|three|four|five|six|seven|eight|nine))?\b{_SCALE}",
    regex.IGNORECASE,
)
_VALUE_STEMS = frozenset(terms.stemmed([*_WORDS, *_SCALES, *_MONTHS]))
# Stems of units of measure, equal where they mean the same.
_MEASURES = {
    stem: measure
    for measure, names in enumerate(
        ("second seconds", "minute minutes", "hour hours", "day days", "week weeks", "month months", "year years",
         "decade decades", "century centuries", "km kilometre kilometres kilometer kilometers", "mile miles",
         "m metre metres meter meters", "cm centimetre centimetres centimeter centimeters", "foot feet ft",
         "kg kilogram kilograms kilo kilos", "g gram grams", "ton tons tonne tonnes", "pound pounds",
         "% percent", "dollar dollars", "euro euros")
    )
    for stem in terms.stemmed(names.split())
}  # fmt: skip
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


def verify(statement: str, citations: Sequence[Citation], least_support: float = LEAST_SUPPORT) -> Finding:
    """Check a statement against the paragraphs it cites, values first, words last. `least_support` is the share of
    its content words that must stand there."""
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
    return check(statement, cited, least_support)


def settle(statement: Statement) -> Statement:
    """The statement with its verdict. What is quoted word for word is checked like anything else."""
    finding = verify(statement.text, statement.citations)
    return replace(statement, verdict=finding.verdict, reason=finding.reason)


def check(statement: str, cited: str, least_support: float = LEAST_SUPPORT) -> Finding:
    """Check a statement against a text."""
    for what, missing in (
        ("number", sorted(_values(statement) - _values(cited))),
        ("unit", _other_units(amounts(statement), amounts(cited))),
        ("month", [_month_name(month) for month in sorted(_months(statement) - _months(cited))]),
        ("name", sorted(names(statement) - set(terms.words(cited)) - set(_MONTHS))),
    ):
        if missing:
            return Finding(Verdict.UNSUPPORTED, f"the {what} {_shown(missing[0])} is not in the cited paragraph")
    # Values were compared above, as values: "Oct. 18" holds no word of "the 18th of October".
    words = {word for word in terms.content_stems(statement) if not word[0].isdigit()} - _VALUE_STEMS
    found = words & set(terms.stems(cited))
    if words and len(found) < least_support * len(words):
        return Finding(Verdict.UNSUPPORTED, f"only {len(found)} of its {len(words)} words are in the cited paragraph")
    return Finding(Verdict.VERIFIED)


def amounts(text: str) -> list[Amount]:
    """The numbers of a text in order, with their units; "four million" and "4,000,000" are equal."""
    found = []
    for match in _NUMBER.finditer(text):
        digits, word, ones, scale = match.group("digits", "word", "ones", "scale")
        value = _number(digits) if digits else float(_WORDS[word.lower()] + (_WORDS[ones.lower()] if ones else 0))
        value *= (100 if match.group("hundred") else 1) * (_SCALES[scale.lower()] if scale else 1)
        unit = _UNIT.match(text, match.end())
        found.append(Amount(value, terms.stemmed(terms.words(unit.group("unit")) or [""])[0] or "%" if unit else None))
    return found


def names(text: str) -> set[str]:
    """Folded words written with a capital inside a sentence."""
    return {word for match in _NAME.finditer(text) for word in terms.words(match.group()) if len(word) > 1}


def _values(text: str) -> set[float]:
    return {amount.value for amount in amounts(text)}


def _other_units(stated: Sequence[Amount], cited: Sequence[Amount]) -> list[str]:
    """Amounts whose number is cited, but always with another unit of measure: "13 weeks" for "13 days"."""
    wrong = []
    for amount in stated:
        measure = _MEASURES.get(amount.unit or "")
        there = [_MEASURES.get(other.unit or "") for other in cited if other.value == amount.value]
        if measure is not None and None not in there and measure not in there:
            wrong.append(f"{_shown(amount.value)} {amount.unit}")
    return wrong


def _month_name(month: int) -> str:
    return next(name for name, number in _MONTHS.items() if number == month).capitalize()


def _months(text: str) -> set[int]:
    # "may" and "mar" are months only with a capital.
    return {
        _MONTHS[match.group("month").lower()] for match in _MONTH.finditer(text) if match.group("month")[0].isupper()
    }


def _number(digits: str) -> float:
    if regex.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return float(regex.sub(r"[.,]", "", digits))
    digits = regex.sub(r"[\u00a0\u2009\u202f]", "", digits)
    plain = digits.replace(",", ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return f"“{value}”"
    return f"{value:.0f}" if value.is_integer() else f"{value:g}"
