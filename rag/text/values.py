"""The values of a text: numbers with their units, shares, times, and with `rag.text.dates` its dates.

A text is read in two ways. What a statement *states* is read narrowly: only what is surely a value has to be backed.
What a source *offers* is read widely: "half" is 0.5 and 50 %. Knows nothing of verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import regex

from rag.domain import Span
from rag.text import terms
from rag.text.dates import MONTHS, Day, find_dates, masked, relative_years

_NUMBER_WORDS = {
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
_ORDINAL_WORDS = {
    word: number
    for number, word in enumerate(
        """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth""".split(),
        start=1,
    )
}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
# "$3.5m", "£2bn": only behind a sign of currency, else "5 m" is a length.
_SHORT_SCALES = {"k": 1_000, "m": 1_000_000, "mn": 1_000_000, "b": 1_000_000_000, "bn": 1_000_000_000, "tn": 10**12}
VALUE_STEMS = frozenset(terms.stemmed([*_NUMBER_WORDS, *_ORDINAL_WORDS, *_SCALES, *MONTHS]))
"""Stems of words that are values: they are compared as values, not as words."""

_SCALE = (
    r"(?:\s*(?P<hundred>hundred)\b)?(?:[\s-]*(?P<scale>thousand|million|billion|trillion)\b"
    r"|(?<=[$€£¥₹]\s?[\d.,]+)\s?(?P<short>bn|mn|tn|[kmb])\b)?"
)
_NUMBER = regex.compile(
    rf"(?=[\d$€£¥₹])(?:(?P<sign>[$€£¥₹])\s?)?(?P<digits>\d{{1,3}}(?:[\u00a0\u2009\u202f]\d{{3}})+(?!\d)|\d+(?:[.,]\d+)*){_SCALE}"
    rf"|\b(?P<word>{'|'.join(_NUMBER_WORDS)})(?:[\s-](?P<ones>one|two|three|four|five|six|seven|eight|nine))?\b{_SCALE}",
    regex.IGNORECASE,
)
_WORD_AFTER = regex.compile(r"[\s-]*(?P<word>%|\p{L}+)")
_WORDS_AFTER = regex.compile(r"(?:[\s-]*(?:%|\p{L}+)){0,3}")
_UNIT = regex.compile(r"%|\p{L}+")
_THOUSANDS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SPACES = regex.compile(r"[\u00a0\u2009\u202f]")
_ORDINAL = regex.compile(
    rf"\b(?:(?P<tens>twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[\s-])?(?P<ordinal>{'|'.join(_ORDINAL_WORDS)})\b",
    regex.IGNORECASE,
)
_ORDINAL_ENDINGS = frozenset(["st", "nd", "rd", "th"])
# A unit may stand behind an adjective, "13 long weeks", but not behind these: "13 of the days".
_UNIT_ENDS = frozenset(
    "and or of in on at by to for from with the a an who that were was are is had have has than per".split()
)
# Stems of units of measure, each with one name for all that mean the same. A pound is money or weight.
_MEASURES = {
    stem: names.split()[0]
    for names in (
        "second seconds sec secs", "minute minutes min mins", "hour hours hr hrs", "day days", "week weeks", "month months",
        "year years", "decade decades", "century centuries", "km kilometre kilometres kilometer kilometers", "mile miles mi",
        "m metre metres meter meters", "cm centimetre centimetres centimeter centimeters", "foot feet ft", "inch inches",
        "mm millimetre millimetres millimeter millimeters", "yard yards yd", "acre acres", "hectare hectares ha",
        "kg kilogram kilograms kilo kilos", "g gram grams", "ton tons tonne tonnes", "pound pounds lb lbs £ gbp sterling",
        "litre litres liter liters l", "gallon gallons", "% percent", "dollar dollars $ usd", "euro euros € eur", "yen ¥ jpy",
        "rupee rupees ₹ inr",
    )
    for stem in [*terms.stemmed(names.split()), *(name for name in names.split() if not name.isalpha())]
}  # fmt: skip

# "half", "two-thirds": the numbers that say the same.
_SHARES = {
    (1, "half"): (0.5, 50.0), (1, "third"): (0.33, 33.0), (2, "third"): (0.67, 66.0, 67.0), (1, "quarter"): (0.25, 25.0),
    (3, "quarter"): (0.75, 75.0), (1, "fifth"): (0.2, 20.0), (2, "fifth"): (0.4, 40.0), (3, "fifth"): (0.6, 60.0),
    (4, "fifth"): (0.8, 80.0),
}  # fmt: skip
_SHARE = regex.compile(
    r"\b(?P<count>an?|one|two|three|four)[\s-](?P<part>half|third|quarter|fifth)(?:s\b|\b(?=\sof\b)|(?<=-\p{L}+)\b)"
    r"|\b(?P<part>half)\b",
    regex.IGNORECASE,
)
_CLOCK = regex.compile(
    r"(?<![\d.:,])(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d)(?![\d:])(?:\s?[ap]\.?m\b)?|(?:\.(?P<minute>[0-5]\d))?\s?[ap]\.?m\b)",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the stem of the word that follows it: "13 days" is (13.0, "day"). `measure` names its unit of
    measure, if it has one, whatever its spelling: "$5", "5 dollars" and "5 long dollars" are all of "dollar"."""

    value: float
    unit: str | None
    measure: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day on a dial of twelve hours: "3 p.m." is "15:00"."""

    hour: int
    minute: int

    def __str__(self) -> str:
        return f"{self.hour}:{self.minute:02}"


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        tuple(amount for amount in counted if amount.unit not in _ORDINAL_ENDINGS),
        tuple(_spellings(match) for match in shares),
        tuple(number for number in ordinals if number > 1),
        tuple(clocks),
        tuple(one.readings for one in dated if one.readings),
        tuple(one.decade for one in dated if one.decade is not None),
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
        tuple(counted),
        frozenset([*(one.value for one in counted if one.unit not in _ORDINAL_ENDINGS), *shares]),
        frozenset([*_ordinals(rest), *(int(one.value) for one in counted if one.unit in _ORDINAL_ENDINGS)]),
        frozenset(clocks),
        tuple(days),
        frozenset(one.decade for one in dated if one.decade is not None),
    )


def together(offers: Sequence[Offered]) -> Offered:
    """What several texts offer."""
    return Offered(
        tuple(one for offer in offers for one in offer.amounts),
        frozenset[float]().union(*(offer.numbers for offer in offers)),
        frozenset[int]().union(*(offer.ordinals for offer in offers)),
        frozenset[Clock]().union(*(offer.clocks for offer in offers)),
        tuple(one for offer in offers for one in offer.days),
        frozenset[int]().union(*(offer.decades for offer in offers)),
    )


def amounts(text: str) -> list[Amount]:
    """The numbers of a text in order, with their units; "four million" and "4,000,000" are equal."""
    return [amount for _, amount in _numbers(text)]


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
    after = _WORDS_AFTER.match(text, number.end()).group().lower().replace("per cent", "percent")
    for word in _UNIT.findall(after):
        if word in _UNIT_ENDS:
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
    count = _NUMBER_WORDS.get((share.group("count") or "one").lower(), 1)
    return _SHARES.get((count, share.group("part").lower()), ())


def _clocks(text: str) -> tuple[str, list[Clock]]:
    """The text without its times of day, and these."""
    found = list(_CLOCK.finditer(text))
    clocks = [Clock(int(match.group("hour")) % 12, int(match.group("minute") or 0)) for match in found]
    return masked(text, (Span(*match.span()) for match in found)), clocks
