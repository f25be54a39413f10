"""Claims with one thing made wrong: a value exchanged for another of its kind, a denial put in or taken out, two
halves glued, a word made its opposite.

A near-miss is wrong by construction: what is put in stands neither in the claim nor in the text that it cites. The
tables of values are its own, apart from `rag.text.values`: what the verifier cannot read must still be missed here.
Opposites are those of the language's file, and so are only those that the verifier may know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random

import regex

from rag.text import terms
from rag.text.opposites import OPPOSITES

Swap = Callable[[str, str, Random], str | None]
"""A claim, the text it cites and chance, to the claim with one thing wrong; None where it holds nothing of the kind."""

_MONTHS = "January February March April May June July August September October November December".split()
_NUMBERS = "two three four five six seven eight nine ten eleven twelve".split()
_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth".split()
_MONTH = rf"(?:{'|'.join(_MONTHS)}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
_YEAR = regex.compile(r"(?<![\d.,$€£#/-])(?<!\d[–-])(?:1[5-9]|20)\d\d(?![\d%]|[.,/–-]\d)")
_MONTH_OF_DATE = regex.compile(
    rf"\b(?P<month>{'|'.join(_MONTHS)})\b(?=\.?,? \d|\s+of\s+\d)|(?<=\b(?:in|of|since|until|late|early|mid|[Ii]n late|\d) )(?P<month>{'|'.join(_MONTHS)})\b"
)
_DAY = regex.compile(
    rf"(?<={_MONTH} )(?P<day>\d{{1,2}})(?!\d|[.,]\d)|(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?= (?:of )?{_MONTH})"
)
_NUMERAL = regex.compile(
    rf"(?<![\w.,:/–-]|{_MONTH} )(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)(?![\d\p{{L}}:/–-]|[.,]\d| (?:of )?{_MONTH})"
)
_NUMBER_WORD = regex.compile(rf"\b(?:{'|'.join([*_NUMBERS, *_ORDINALS])})\b")
_UNITS = [
    ("second", "minute", "hour", "day", "week", "month", "year", "decade"),
    ("kilometre", "mile", "metre", "yard"), ("kilometer", "mile", "meter"), ("km", "mi", "m"), ("foot", "metre"), ("feet", "metres"),
    ("kilogram", "pound", "ton"), ("kg", "lb"), ("thousand", "million", "billion"), ("acre", "hectare"),
    ("percent", "million"), ("dollar", "euro", "pound"),
]  # fmt: skip
_UNIT = regex.compile(
    rf"(?<=(?:\d|\b(?:{'|'.join(['one', *_NUMBERS])}))[ -])(?P<unit>{'|'.join(sorted({u for g in _UNITS for u in g}, key=len, reverse=True))})(?P<plural>s?)\b"
)
_SIGN = regex.compile(r"[$€£](?=\d)")
_NAME = regex.compile(r"(?<=[\p{Ll},] )\p{Lu}\p{Ll}{2,}(?![\p{L}’'-])")
_FIRST_WORD = regex.compile(r"^\p{Lu}\p{Ll}{2,}(?![\p{L}’'-])")
_NO_NAMES = frozenset(
    [*_MONTHS, *"Monday Tuesday Wednesday Thursday Friday Saturday Sunday The This That And For".split()]
)
_WORD = regex.compile(r"\p{L}+")
_AUXILIARY = regex.compile(r"\b(?:was|were|is|are|has|had|have|will|would|can|could|did|does)\b(?! not\b)")
_NEGATION = regex.compile(
    r"(?<=\b(?:was|were|is|are|has|had|have|will|would|can|could|did|does|do)) (?:not|never)\b|(?<=\b(?:was|were|is|are|has|had|have|would|could|did|does|do))n[’']t\b"
)


def swaps(texts: Sequence[str]) -> dict[str, Swap]:
    """The kinds of near-misses of these claims by name. Names and second halves come from the other ones."""
    others = sorted({name for text in texts for name in _NAME.findall(text)} - _NO_NAMES)
    return {
        "number": swap_number,
        "date": swap_date,
        "year": swap_year,
        "month": swap_month,
        "day": swap_day,
        "unit": swap_unit,
        "name": partial(swap_name, others=others),
        "name, first word": partial(swap_first_name, others=others),
        "negation added": add_negation,
        "negation removed": remove_negation,
        "two claims glued": partial(glue, others=texts),
        "number of another role": borrow_number,
        "opposite": swap_opposite,
    }


def swap_number(claim: str, cited: str, chance: Random) -> str | None:
    """A count, an amount or a place in a row made another; not a year, not a day of a month."""
    found = [m for m in _NUMERAL.finditer(claim) if not _YEAR.fullmatch(m.group())]
    return _exchanged(
        claim, places=[*found, *_NUMBER_WORD.finditer(claim)], others_of=_other_numbers, cited=cited, chance=chance
    )


def swap_date(claim: str, cited: str, chance: Random) -> str | None:
    """The year, month or day of a date made another."""
    kinds = [swap_year, swap_month, swap_day]
    chance.shuffle(kinds)
    return next((missed for swap in kinds if (missed := swap(claim, cited, chance)) is not None), None)


def swap_year(claim: str, cited: str, chance: Random) -> str | None:
    return _exchanged(claim, places=[*_YEAR.finditer(claim)], others_of=_other_years, cited=cited, chance=chance)


def swap_month(claim: str, cited: str, chance: Random) -> str | None:
    return _exchanged(
        claim, places=[*_MONTH_OF_DATE.finditer(claim)], others_of=_other_months, cited=cited, chance=chance
    )


def swap_day(claim: str, cited: str, chance: Random) -> str | None:
    return _exchanged(claim, places=[*_DAY.finditer(claim)], others_of=_other_days, cited=cited, chance=chance)


def swap_unit(claim: str, cited: str, chance: Random) -> str | None:
    """Days made weeks, miles made kilometres, millions made billions, dollars made euros."""
    return _exchanged(
        claim,
        places=[*_UNIT.finditer(claim), *_SIGN.finditer(claim)],
        others_of=_other_units,
        cited=cited,
        chance=chance,
    )


def swap_name(claim: str, cited: str, chance: Random, others: Sequence[str]) -> str | None:
    """One word of a name inside the sentence made a name of another claim."""
    found = [match for match in _NAME.finditer(claim) if match.group() not in _NO_NAMES]
    return _exchanged(claim, places=found, others_of=lambda _: others, cited=cited, chance=chance)


def swap_first_name(claim: str, cited: str, chance: Random, others: Sequence[str]) -> str | None:
    """The name a sentence begins with; that it is one is told by the cited text, which never writes it small."""
    first = _FIRST_WORD.match(claim)
    if first is None or first.group() not in _NAME.findall(cited) or first.group().lower() in cited.split():
        return None
    return _exchanged(claim, places=[first], others_of=lambda _: others, cited=cited, chance=chance)


def add_negation(claim: str, _cited: str, chance: Random) -> str | None:
    found = [*_AUXILIARY.finditer(claim)]
    return _replaced(claim, place=chance.choice(found), other=lambda match: f"{match} not") if found else None


def remove_negation(claim: str, _cited: str, chance: Random) -> str | None:
    found = [*_NEGATION.finditer(claim)]
    return _replaced(claim, place=chance.choice(found), other=lambda _: "") if found else None


def swap_opposite(claim: str, cited: str, chance: Random) -> str | None:
    """East made west, "rose" made "fell", "more" made "less": a word that the cited text has made its opposite."""
    there = set(terms.words(cited))
    found = [m for m in _WORD.finditer(claim) if m.group().lower() in OPPOSITES.keys() & there]
    return _exchanged(claim, places=found, others_of=_other_sides, cited=cited, chance=chance)


def glue(claim: str, _cited: str, chance: Random, others: Sequence[str]) -> str | None:
    """The first half of the claim and the second half of another one, as one sentence."""
    other = chance.choice([text for text in others if text != claim]).split()
    words = claim.split()
    return " ".join([*words[: (len(words) + 1) // 2], *other[len(other) // 2 :]])


def borrow_number(claim: str, cited: str, chance: Random) -> str | None:
    """A number made another one that stands in the cited text, for something else: every value is there, and the
    sentence is wrong."""
    own = set(_NUMERAL.findall(claim))
    there = sorted({number for number in _NUMERAL.findall(cited) if number not in own and not _YEAR.fullmatch(number)})
    found = [m for m in _NUMERAL.finditer(claim) if not _YEAR.fullmatch(m.group())]
    return (
        _replaced(claim, place=chance.choice(found), other=lambda _: chance.choice(there)) if found and there else None
    )


def _exchanged(
    claim: str,
    *,
    places: Sequence[regex.Match[str]],
    others_of: Callable[[regex.Match[str]], Iterable[str]],
    cited: str,
    chance: Random,
) -> str | None:
    """One of the places made another of its kind that stands neither in the cited text nor in the claim; None where
    there is none."""
    present = set(_spellings(cited)) | set(_spellings(claim))
    for place in chance.sample(list(places), len(places)):
        others = [other for other in others_of(place) if not present & set(_spellings(other))]
        if others:
            other = chance.choice(others)
            return claim[: place.start()] + other + claim[place.end() :]
    return None


def _replaced(claim: str, *, place: regex.Match[str], other: Callable[[str], str]) -> str:
    return claim[: place.start()] + other(place.group()) + claim[place.end() :]


def _spellings(text: str) -> list[str]:
    """The words of a text, and their other spelling where that is the same value: 3 is three is third."""
    words = [word.rstrip("s") if len(word) > 3 else word for word in terms.words(text)]
    ends = [century + year for century, year in regex.findall(r"(\d\d)\d\d[–-](\d\d)(?!\d)", text)]
    return [*words, *ends, *(_SAME.get(word, word) for word in words)]


_SAME = {
    spelling: str(number)
    for number, spellings in enumerate(
        ["one first 1st once", "two second 2nd twice both", "three third 3rd", "four fourth 4th", "five fifth 5th", "six sixth 6th",
         "seven seventh 7th", "eight eighth 8th", "nine ninth 9th", "ten tenth 10th", "eleven", "twelve"], start=1)
    for spelling in spellings.split()
} | {month[:3].lower(): month.lower() for month in _MONTHS} | {"sept": "september", "kilometre": "km", "kilometer": "km"}  # fmt: skip


def _other_numbers(match: regex.Match[str]) -> list[str]:
    number = match.group()
    if number.isalpha():
        return [other for other in (_NUMBERS if number in _NUMBERS else _ORDINALS) if other != number]
    whole, point, rest = number.replace(",", "").partition(".")
    near = [int(whole) + step for step in (1, -1, 2, 10, -10, 100)] + [int(whole) * 10]
    mark = "," if "," in number else ""
    return [f"{one:{mark}}{point}{rest}" for one in near if one > 1]


def _other_years(match: regex.Match[str]) -> list[str]:
    return [str(int(match.group()) + step) for step in (-1, 1, -2, 2, -10, 10)]


def _other_months(_match: regex.Match[str]) -> list[str]:
    return _MONTHS


def _other_days(match: regex.Match[str]) -> list[str]:
    return [str(day) for day in range(2, 29) if str(day) != match.group("day")]


def _other_sides(match: regex.Match[str]) -> list[str]:
    word = match.group()
    others = sorted(OPPOSITES[word.lower()])
    return [other.capitalize() for other in others] if word[0].isupper() else others


def _other_units(match: regex.Match[str]) -> list[str]:
    if match.re is _SIGN:
        return [sign for sign in "$€£" if sign != match.group()]
    unit, plural = match.group("unit", "plural")
    return [f"{other}{plural}" for group in _UNITS if unit in group for other in group if other != unit]
