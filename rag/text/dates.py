"""The dates that a text tells, as values that can be compared: "the 18th of October" is "Oct. 18".

The months and what stands around them are those of `languages/*.toml`. A date may be told in part, and in more than
one way: 12/10/2015 has two readings. Knows nothing of who states a date and who backs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import regex

from rag.domain import Span
from rag.text import language

MONTHS = language.numbered("dates.months") | language.numbered("dates.short_months")
"""Months as the languages write them, in small letters."""

# A year from 1000 to 2199: other numbers of four digits are seldom one.
_YEAR = r"(?:1\d|20|21)\d\d(?!\d|[.,:]\d|%)"
_ANY_MONTH = r"\p{L}{3,9}"
DATE_SHAPE = (
    rf"(?:\d{{1,2}}\.?\s+{_ANY_MONTH}\.?,?\s+(?:19|20)\d\d|{_ANY_MONTH}\.?\s+\d{{1,2}},?\s+(?:19|20)\d\d"
    r"|(?:19|20)\d\d-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./](?:19|20)?\d\d)"
)
"""A pattern for what has the shape of a full date, in a language that is known or not: "12 maggio 2015"."""

_MONTH = language.pattern("dates.months", "dates.short_months")
_SHORT_MONTH = language.pattern("dates.short_months")
WHEN = regex.compile(
    rf"\b(?:\d{{3,4}}s?|{language.pattern('dates.months', 'dates.weekdays', 'dates.when')})s?\b|\b{_SHORT_MONTH}\."
    rf"|\b\d{{1,2}}(?:[:h]\d\d|(?:\.\d\d)?\s?{language.pattern('dates.clock')})(?!\w)",
    regex.IGNORECASE,
)
"""Anything that may answer "when?", widely: days, months, years, "two years ago", "18:30"."""

_WEEKDAYS = language.numbered("dates.weekdays") | language.numbered("dates.short_weekdays")
_WEEKDAY = regex.compile(
    rf"\b(?P<day>{language.pattern('dates.weekdays', 'dates.short_weekdays')})s?\b", regex.IGNORECASE
)

# Months that are other words where they are written small.
_OTHER_WORDS = frozenset(language.words("dates.other_words"))
_OF = language.pattern("dates.of")
_AND = rf"(?:{language.pattern('dates.between_days')}|&)"
_ENDING = language.pattern("numbers.ordinal_endings", "dates.day_endings")
_DAY = rf"\d{{1,2}}(?:{_ENDING}|\.(?=\s+\p{{Lu}}))?(?![\d:%]|[.,]\d)"
# "16, 17 and 19", "18–20"; "May 5, 17 people were killed" is one day.
_DAYS = rf"(?P<days>{_DAY}(?:(?:,\s{_DAY}){{0,6}},?\s{_AND}\s{_DAY}|\s?[–—-]\s?{_DAY})?)"
_WRITTEN = regex.compile(
    rf"\b(?P<month>{_MONTH})\b\.?(?:\s+(?:{language.pattern('dates.article')}\s+)?{_DAYS})?"
    rf"(?:,?\s+(?:{_OF}\s+)?(?P<year>{_YEAR})|\s*[’'](?P<year>\d\d)(?!\d))?"
    rf"|(?=\d)(?<![\d.,:$€£–—\p{{L}}-]){_DAYS}\s+"
    rf"(?:{language.pattern('dates.day')}\s+)?(?:{_OF}\s+)?(?P<month>{_MONTH})\b\.?"
    rf"(?:,?\s+(?:{_OF}\s+)?(?P<year>{_YEAR})|\s+[’']?(?P<year>\d\d)(?![\d:%’']|[.,]\d|\s*(?-i:\p{{Ll}})))?",
    regex.IGNORECASE,
)
_NUMERIC = regex.compile(
    r"(?<![\d./-])(?:(?P<year>\d{4})(?P<mark>[-/.])(?P<one>\d{1,2})(?P=mark)(?P<other>\d{1,2})"
    r"|(?P<one>\d{1,2})(?P<mark>[-/.])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d))(?![\d/-])"
)
_BEFORE_YEAR = r"(?<![\d.,:/$€£¥₹#\p{L}-])"
_MODERN_YEAR = regex.compile(r"(?:19|20)\d\d")
_LONE_YEAR = regex.compile(_BEFORE_YEAR + _YEAR)
_YEARS = regex.compile(
    rf"{_BEFORE_YEAR}(?P<year>{_YEAR})(?:(?P<decade>[’']?s)\b|\s?[–—/-]\s?(?P<last>\d{{4}}|\d\d)(?![\d/-]))?"
    r"|(?<!\w)[’'](?P<short>\d\d)(?![\d\p{L}’'])"
)
_RELATIVE = regex.compile(
    rf"\b(?:{language.pattern('dates.year_before')}|(?P<after>{language.pattern('dates.year_after')}))\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date, as far as it is told. A year below 100 is one of two digits."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def in_calendar(self) -> date | None:
        """The day of the calendar, where it is told whole, with four digits of its year, and there is such a day."""
        if self.year is None or self.month is None or self.day is None or self.year < 1000:
            return None
        with suppress(ValueError):  # February 30
            return date(self.year, self.month, self.day)
        return None

    @property
    def kind(self) -> str:
        if self.month is None:
            return "year"
        return "month" if self.year is None and self.day is None else "date"

    def agrees(self, other: Day) -> bool:
        """Whether what both tell is the same."""
        return (
            (self.year is None or other.year is None or same_year(self.year, other.year))
            and (self.month is None or other.month is None or self.month == other.month)
            and (self.day is None or other.day is None or self.day == other.day)
        )

    def __str__(self) -> str:
        month = next((name for name, number in MONTHS.items() if number == self.month), None)
        return " ".join(str(part) for part in (self.day, month and month.capitalize(), self.year) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A place in a text that tells a date, with all its readings, or a decade. It `is_plain` where its numbers can be
    nothing else: not in "October 5, 17 and 19 people", and a year alone may be a count."""

    span: Span
    readings: tuple[Day, ...] = ()
    decade: int | None = None
    is_plain: bool = False


def same_year(one: int, other: int) -> bool:
    """Equal, or the same in their last two digits where one has no more."""
    return one == other or (min(one, other) < 100 and one % 100 == other % 100)


def find_dates(text: str) -> Iterator[Dated]:
    """Dates in numbers, then those with a month, then the years that stand alone."""
    numeric = [one for match in _NUMERIC.finditer(text) if (one := _numeric(match)).readings]
    yield from numeric
    text = masked(text, (one.span for one in numeric))
    written = [one for match in _WRITTEN.finditer(text) if _is_month(match) for one in _written(match)]
    yield from written
    yield from _years(masked(text, (one.span for one in written)))


def find_whole_dates(text: str) -> list[Dated]:
    """The dates that name a day of the calendar, however it is read, in the order in which they stand."""
    found = (one for one in find_dates(text) if one.readings and all(day.in_calendar for day in one.readings))
    return sorted(found, key=lambda one: one.span.start)


def find_days(text: str) -> list[tuple[Span, Day | int]]:
    """The days, months and months of a year that a text tells in one reading, and the days of the week by their number,
    each with its place."""
    found = ((dated.span, dated.readings[0]) for dated in find_dates(text) if len(dated.readings) == 1)
    return [*((span, day) for span, day in found if day.month is not None), *find_weekdays(text)]


def tells(text: str, asked: Day | int) -> bool:
    """Whether a text tells a day that is the one asked for, or one of the month asked for, however it is written; a
    number asks for a day of the week."""
    if isinstance(asked, int):
        return any(day == asked for _, day in find_weekdays(text))
    return any(
        day.month == asked.month and (asked.day is None or day.day == asked.day) and day.agrees(asked)
        for dated in find_dates(text)
        for day in dated.readings
        if day.month is not None
    )


def find_weekdays(text: str) -> list[tuple[Span, int]]:
    """The days of the week that a text names, from 1 for Monday, in whole or in short."""
    found = ((Span(*match.span()), match.group("day").casefold()) for match in _WEEKDAY.finditer(text))
    return [(span, _WEEKDAYS[day]) for span, day in found if day in _WEEKDAYS]


def is_year(text: str) -> bool:
    """Whether it is a year of this century or the last, and nothing else."""
    return _MODERN_YEAR.fullmatch(text) is not None


def find_years(text: str) -> Iterator[Span]:
    """The years of four digits, those inside a date too."""
    return (Span(*match.span()) for match in _LONE_YEAR.finditer(text))


def relative_years(text: str, published: int) -> Iterator[int]:
    """The years of "last year" and "next summer" in a text of that year. Weekdays and "yesterday" are left alone: that
    reckoning freed no right claim of WiCE's dev set and let wrong days through."""
    for match in _RELATIVE.finditer(text):
        yield published + (1 if match.group("after") else -1)


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with those pieces made unreadable; every place stays where it is."""
    characters = list(text)
    for span in spans:
        characters[span.start : span.end] = "\0" * len(span)
    return "".join(characters)


def _numeric(match: regex.Match[str]) -> Dated:
    """2015-10-18 and 12.10.2015 have one reading, 10/12/2015 two, 45/45/2015 none."""
    year, one, other = (int(match.group(part)) for part in ("year", "one", "other"))
    pairs = [(one, other)] if match.start("year") < match.start("one") else [(one, other), (other, one)]
    readings = [Day(year, month, day) for month, day in dict.fromkeys(pairs) if 1 <= month <= 12 and 1 <= day <= 31]
    # Who writes full stops writes the day first.
    told = readings[-1:] if match.group("mark") == "." else readings
    return Dated(span=Span(*match.span()), readings=tuple(told), is_plain=True)


def _is_month(match: regex.Match[str]) -> bool:
    """Whether a month is meant: it has a capital, or day and year beside it, or one of them and is no other word."""
    month = match.group("month")
    is_whole = bool(match.group("days") and match.group("year"))
    return month[0].isupper() or is_whole or (match.group() != month and month not in _OTHER_WORDS)


def _written(match: regex.Match[str]) -> list[Dated]:
    span, month = Span(*match.span()), MONTHS[match.group("month").lower()]
    year = int(match.group("year")) if match.group("year") else None
    days = [int(day) for day in regex.findall(r"\d+", match.group("days") or "")]
    told = [Day(year, month, day) for day in days] or [Day(year, month)]
    return [Dated(span=span, readings=(day,), is_plain=len(days) == 1) for day in told]


def _years(text: str) -> Iterator[Dated]:
    for match in _YEARS.finditer(text):
        span, year = Span(*match.span()), int(match.group("year") or match.group("short"))
        if match.group("decade"):
            yield Dated(span=span, decade=year)
            continue
        yield Dated(span=span, readings=(Day(year),))
        if last := match.group("last"):
            # "2018–19"
            yield Dated(span=span, readings=(Day(int(last) if len(last) == 4 else year // 100 * 100 + int(last)),))
