"""The values of a text: numbers with their units, shares, times, and with `rag.text.dates` its dates.

A text is read in two ways. What a statement *states* is read narrowly: only what is surely a value has to be backed.
What a source *offers* is read widely: "half" is 0.5 and 50 %. Knows nothing of verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import floor, gcd

import regex

from rag.domain import Span
from rag.text import language, terms
from rag.text.dates import MONTHS, Day, find_dates, masked, relative_years

_NUMBER_WORDS = language.numbered("numbers.cardinals")
_ORDINAL_WORDS = language.numbered("numbers.ordinals")
_SCALES = language.numbered("numbers.scales")
_SHORT_SCALES = language.numbered("numbers.short_scales")
_PARTS = language.numbered("numbers.parts")
VALUE_STEMS = frozenset(terms.stemmed([*_NUMBER_WORDS, *_ORDINAL_WORDS, *_SCALES, *MONTHS]))
"""Stems of words that are values: they are compared as values, not as words."""


def _any_of(table: Mapping[str, int], least: int = 0, most: int | None = None) -> str:
    """A pattern for the words of a table whose numbers lie between two, both included."""
    found = [word for word, number in table.items() if least <= number and (most is None or number <= most)]
    return f"(?:{'|'.join(found)})"


NUMERAL = regex.compile(r"\d+(?:[.,]\d+)*")
"""A number in digits, with its fraction and the marks of its thousands."""

_SCALE = (
    rf"(?:\s*(?P<hundred>{_any_of(_NUMBER_WORDS, 100, 100)})\b)?(?:[\s-]*(?P<scale>{_any_of(_SCALES)})\b"
    rf"|(?<=[$€£¥₹]\s?[\d.,]+)\s?(?P<short>{_any_of(_SHORT_SCALES)})\b)?"
)
_NUMBER = regex.compile(
    r"(?=[\d$€£¥₹])(?:(?P<sign>[$€£¥₹])\s?)?"
    rf"(?P<digits>\d{{1,3}}(?:[\u00a0\u2009\u202f]\d{{3}})+(?!\d)|{NUMERAL.pattern}){_SCALE}"
    rf"|\b(?P<word>{_any_of(_NUMBER_WORDS)})(?:[\s-](?P<ones>{_any_of(_NUMBER_WORDS, 1, 9)}))?\b{_SCALE}",
    regex.IGNORECASE,
)
HOW_MANY = regex.compile(
    rf"\d[\d.,]*|\b(?:{_any_of(_NUMBER_WORDS)}|{language.pattern('numbers.many')})\b", regex.IGNORECASE
)
"""Anything that may answer "how many?", widely: numbers and words for them, "half", "dozens"."""

_WORD_AFTER = regex.compile(r"[\s-]*(?P<word>%|\p{L}+)")
_WORDS_AFTER = regex.compile(r"(?:[\s-]*(?:%|\p{L}+)){1,3}")
_UNIT = regex.compile(r"%|\p{L}+")
_THOUSANDS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SPACES = regex.compile(r"[\u00a0\u2009\u202f]")
_ORDINAL = regex.compile(
    rf"\b(?:(?P<tens>{_any_of(_NUMBER_WORDS, 20, 90)})[\s-])?(?P<ordinal>{_any_of(_ORDINAL_WORDS)})\b",
    regex.IGNORECASE,
)
_ORDINAL_ENDINGS = frozenset(language.words("numbers.ordinal_endings"))
_NO_UNITS = frozenset(language.words("numbers.before_no_unit"))
# Stems of units of measure, and their signs, each with one name for all that mean the same.
_MEASURES = {
    stem: names[0]
    for names in language.rows("numbers.measures")
    for stem in [*terms.stemmed(list(names)), *(name for name in names if not name.isalpha())]
}
# "a third of them", "two-thirds", "half"; not "the third of May".
_SHARE = regex.compile(
    rf"\b(?P<count>{language.pattern('numbers.article')}|{_any_of(_NUMBER_WORDS, 1, 4)})[\s-]"
    rf"(?P<part>{_any_of(_PARTS)})(?:s\b|\b(?=\sof\b)|(?<=-\p{{L}}+)\b)"
    rf"|\b(?P<part>{_any_of(_PARTS, 2, 2)})\b",
    regex.IGNORECASE,
)
_OF_TIME = frozenset(_MEASURES[stem] for stem in terms.stemmed(list(language.words("numbers.of_time"))))
_CLOCK = regex.compile(
    r"(?<![\d.:,])(?P<hour>[01]?\d|2[0-4])"
    rf"(?::(?P<minute>[0-5]\d)(?![\d:])(?:\s?{language.pattern('dates.clock')}\b)?|(?:\.(?P<minute>[0-5]\d))?\s?{language.pattern('dates.clock')}\b)",
    regex.IGNORECASE,
)


_TO_THE_SECOND = regex.compile(r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z\b|\s?[+-]\d\d:?\d\d\b)?")
"""As programs write the time of an entry."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the stem of the word that follows it: "13 days" is (13.0, "day"). `measure` names its unit of
    measure, if it has one, whatever its spelling: "$5", "5 dollars" and "5 long dollars" are all of "dollar"."""

    value: float
    unit: str | None
    measure: str | None = field(default=None, compare=False)


def measures_as(stem: str, measure: str) -> bool:
    """Whether a word is a unit of measure that could stand in another one's place: days for weeks, gallons for
    litres."""
    own = _MEASURES.get(stem)
    return own is not None and (own in _OF_TIME) == (measure in _OF_TIME)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day on a dial of twelve hours: "3 p.m." is "15:00"."""

    hour: int
    minute: int

    def __str__(self) -> str:
        return f"{self.hour}:{self.minute:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a statement commits itself to. Of a share's spellings and of a day's readings one has to be backed."""

    amounts: tuple[Amount, ...]
    shares: tuple[tuple[float, ...], ...]
    ordinals: tuple[int, ...]
    clocks: tuple[Clock, ...]
    days: tuple[tuple[Day, ...], ...]
    decades: tuple[int, ...]

    def __bool__(self) -> bool:
        return any((self.amounts, self.shares, self.ordinals, self.clocks, self.days, self.decades))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a source can back. `numbers` are those of its amounts and of its shares."""

    amounts: tuple[Amount, ...]
    numbers: frozenset[float]
    ordinals: frozenset[int]
    clocks: frozenset[Clock]
    days: tuple[Day, ...]
    decades: frozenset[int]

    @property
    def years(self) -> frozenset[int]:
        return frozenset(day.year for day in self.days if day.year is not None)


@lru_cache(maxsize=256)
def stated(text: str) -> Stated:
    """The values that a statement says. "One" without a unit of measure ("one of them") is none, nor is "first"."""
    dated = list(find_dates(text))
    rest, clocks = _clocks(masked(text, (one.span for one in dated)))
    shares = [match for match in _SHARE.finditer(rest) if match.group("count") and _spellings(match)]
    rest = masked(rest, (Span(*match.span()) for match in shares))
    counted = [amount for match, amount in _numbers(rest) if not _is_pronoun(match, amount)]
    ordinals = [*_ordinals(rest), *(int(one.value) for one in counted if one.unit in _ORDINAL_ENDINGS)]
    return Stated(
        amounts=tuple(amount for amount in counted if amount.unit not in _ORDINAL_ENDINGS),
        shares=tuple(_spellings(match) for match in shares),
        ordinals=tuple(number for number in ordinals if number > 1),
        clocks=tuple(clocks),
        days=tuple(one.readings for one in dated if one.readings),
        decades=tuple(one.decade for one in dated if one.decade is not None),
    )


@lru_cache(maxsize=256)
def offered(text: str, published: date | None = None) -> Offered:
    """The values that a source holds. `published` is the date it gives itself: it tells the year of "on 18 October",
    and of "last year"."""
    dated = list(find_dates(text))
    days = [day for one in dated for day in one.readings]
    if published is not None:
        days.append(Day(published.year, published.month, published.day))
        days += map(Day, relative_years(text, published.year))
    # The day of "18 October" is no number of anything else.
    rest, clocks = _clocks(masked(text, (one.span for one in dated if one.is_plain)))
    counted = amounts(rest)
    shares = [number for match in _SHARE.finditer(rest) for number in _spellings(match)]
    return Offered(
        amounts=tuple(counted),
        numbers=frozenset([*(one.value for one in counted if one.unit not in _ORDINAL_ENDINGS), *shares]),
        ordinals=frozenset([*_ordinals(rest), *(int(one.value) for one in counted if one.unit in _ORDINAL_ENDINGS)]),
        clocks=frozenset(clocks),
        days=tuple(days),
        decades=frozenset(one.decade for one in dated if one.decade is not None),
    )


def together(offers: Sequence[Offered]) -> Offered:
    """What several texts offer."""
    return Offered(
        amounts=tuple(one for offer in offers for one in offer.amounts),
        numbers=frozenset[float]().union(*(offer.numbers for offer in offers)),
        ordinals=frozenset[int]().union(*(offer.ordinals for offer in offers)),
        clocks=frozenset[Clock]().union(*(offer.clocks for offer in offers)),
        days=tuple(one for offer in offers for one in offer.days),
        decades=frozenset[int]().union(*(offer.decades for offer in offers)),
    )


def amounts(text: str) -> list[Amount]:
    """The numbers of a text in order, with their units; "four million" and "4,000,000" are equal."""
    return [amount for _, amount in _numbers(text)]


def find_amounts(text: str) -> Iterator[tuple[Span, Amount]]:
    """As `amounts`, each with the place of its number, the unit not included."""
    return ((Span(*match.span()), amount) for match, amount in _numbers(text))


def find_measured(text: str) -> Iterator[tuple[str, Amount]]:
    """The amounts that have a unit of measure, each as it is written, with the unit where that stands next: "6 TB"."""
    for match, amount in _numbers(text):
        if amount.measure:
            is_next = _MEASURES.get(amount.unit or "") == amount.measure
            after = _WORD_AFTER.match(text, match.end()) if is_next else None
            yield text[match.start() : after.end() if after else match.end()], amount


@lru_cache(maxsize=8192)
def prices_of(sentence: str) -> tuple[str, ...]:
    """The numbers of a sentence that may be a price, as they are written: no dates, no times of day, no counts of days
    or years."""
    rest, _ = _clocks(masked(sentence, (one.span for one in find_dates(sentence))))
    return tuple(span.of(rest) for span, amount in find_amounts(rest) if amount.measure not in _OF_TIME)


@lru_cache(maxsize=8192)
def without_times(text: str) -> str:
    """The text with its whole dates and times of day made unreadable; every place stays where it is. A year alone may
    be a count."""
    rest = masked(text, (Span(*match.span()) for match in _TO_THE_SECOND.finditer(text)))
    return _clocks(masked(rest, (one.span for one in find_dates(text) if one.is_plain)))[0]


@lru_cache(maxsize=8192)
def numbers_of(sentence: str) -> frozenset[float]:
    """The numbers of a sentence of a document, remembered: it comes back statement after statement."""
    return frozenset(amount.value for amount in amounts(sentence))


def _numbers(text: str) -> Iterator[tuple[regex.Match[str], Amount]]:
    for match in _NUMBER.finditer(text):
        digits, scale, short = match.group("digits", "scale", "short")
        value = _from_digits(digits) if digits else _from_words(match)
        value *= (100 if match.group("hundred") else 1) * (_SCALES[scale.lower()] if scale else 1)
        value *= _SHORT_SCALES[short.lower()] if short else 1
        after = _WORD_AFTER.match(text, match.end())
        unit = terms.stemmed(terms.words(after.group("word")) or [""])[0] or "%" if after else None
        yield match, Amount(value, unit, _measure(text, match))


def _from_digits(digits: str) -> float:
    if digits.isdecimal():
        return float(digits)
    if _THOUSANDS.fullmatch(digits):
        return float(digits.replace(",", "").replace(".", ""))
    plain = _SPACES.sub("", digits).replace(",", ".")
    return float(plain) if plain.count(".") <= 1 else float(plain.replace(".", ""))


def _from_words(number: regex.Match[str]) -> float:
    word, ones = number.group("word", "ones")
    return float(_NUMBER_WORDS[word.lower()] + (_NUMBER_WORDS[ones.lower()] if ones else 0))


def _measure(text: str, number: regex.Match[str]) -> str | None:
    """The unit of measure that a number has: its sign of currency, or one of the three words after it."""
    if sign := number.group("sign"):
        return _MEASURES[sign]
    after = _WORDS_AFTER.match(text, number.end())
    if after is None:
        return None
    for word in _UNIT.findall(after.group().lower().replace("per cent", "percent")):
        if word in _NO_UNITS:
            return None
        if measure := _MEASURES.get(word) or _MEASURES.get(terms.stemmed([word])[0]):
            return measure
    return None


def _is_pronoun(number: regex.Match[str], amount: Amount) -> bool:
    return number.group().lower() == "one" and amount.measure is None


def _ordinals(text: str) -> list[int]:
    return [
        _ORDINAL_WORDS[match.group("ordinal").lower()] + _NUMBER_WORDS.get((match.group("tens") or "").lower(), 0)
        for match in _ORDINAL.finditer(text)
    ]


def _spellings(share: regex.Match[str]) -> tuple[float, ...]:
    """The numbers that say the same: two thirds are .67, and 66 or 67 of a hundred. None where it is no share."""
    count = _NUMBER_WORDS.get((share.group("count") or "").lower(), 1)
    part = _PARTS[share.group("part").lower()]
    if count >= part or gcd(count, part) > 1:
        return ()
    hundredth = 100 * count / part
    return tuple(dict.fromkeys((round(count / part, 2), float(floor(hundredth)), float(round(hundredth)))))


def _clocks(text: str) -> tuple[str, list[Clock]]:
    """The text without its times of day, and these."""
    found = list(_CLOCK.finditer(text))
    clocks = [Clock(int(match.group("hour")) % 12, int(match.group("minute") or 0)) for match in found]
    return masked(text, (Span(*match.span()) for match in found)), clocks
