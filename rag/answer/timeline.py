"""What happened when: the sentences of documents that tell dates, in the order of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.central import Telling, tells
from rag.answer.leaning import with_what_it_leans_on
from rag.answer.verify import quotation
from rag.documents.voices import lead_of
from rag.domain import Answer, Passage, Role, Span
from rag.text.dates import Day, find_dates, find_whole_dates, find_years, relative_years
from rag.text.overlap import SentenceView, view_sentences

MOST_EVENTS = 12
"""Told in one answer."""

_NO_DATES = "Your documents tell no dates in whole sentences."
_LONGEST_DAY = 32
"""Characters of a line that is a day and no more, with its weekday and its marks."""
_LONGEST_OPENING = 80
"""Characters of such a day and of what stands between it and the first whole sentence."""
_HALF_A_YEAR = 6
_NOT_TOLD = (Role.BOILERPLATE, Role.BYLINE, Role.COMMENT, Role.CAPTION)


@dataclass(frozen=True, slots=True)
class Event:
    """A sentence and the date that it tells, or that stands over it. `year` is that of the day, or one that its
    document makes likely; only the first is told."""

    day: Day
    year: int
    telling: Telling

    @property
    def place(self) -> tuple[int, int, int]:
        """In time: a year comes before its days."""
        return self.year, self.day.month or 0, self.day.day or 0

    @property
    def when(self) -> str:
        """The day, as far as it is told."""
        if self.day.year:
            return str(self.day)
        passage = self.telling.passage
        return f"{self.day}, in a document of {passage.source.day or _published(passage)}"

    @property
    def lead(self) -> str:
        """When it was, and who says so."""
        said = lead_of(self.telling.passage.cited(self.telling.span, 1))
        return f"{self.when}: {said}" if said else f"{self.when}:"


def timeline(question: str, documents: Sequence[Sequence[Passage]]) -> Answer:
    """The dated sentences of the documents in their order; of many those spread most evenly, days before years."""
    every = (event for passages in documents for event in events(passages))
    told = list({event.telling.text: event for event in every}.values())
    found = [*told, *(own for passages in documents if (own := published(passages, told)) is not None)]
    if not found:
        return Answer(question=question, abstained=True, notice=_NO_DATES)
    chosen = spread(found, most=MOST_EVENTS)
    statements = []
    for mark, event in enumerate(chosen, start=1):
        citation = event.telling.passage.cited(event.telling.span, mark)
        statements.append(quotation(citation, lead=event.lead))
    notice = f"{len(chosen)} of {len(found)} sentences that tell a date." if len(found) > len(chosen) else None
    shown = {one.telling.passage.paragraph.key: one.telling.passage for one in chosen}
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple(shown.values()),
        notice=notice,
    )


def published(passages: Sequence[Passage], told: Sequence[Event]) -> Event | None:
    """A document by its title, at the day that it is dated by: what it reports is told by relative days, "on Friday".
    None where it has neither, or tells that day itself."""
    title = next((one for one in passages[:1] if one.paragraph.role is Role.TITLE), None)
    date = title.source.date if title is not None else None
    if title is None or date is None or any(find_dates(title.paragraph.text)):
        return None
    whole = Span(title.paragraph.start, title.paragraph.end)
    event = Event(Day(date.year, date.month, date.day), date.year, Telling(title, whole))
    document = title.paragraph.document_id
    is_told = any(one.place == event.place and one.telling.passage.paragraph.document_id == document for one in told)
    return None if is_told else event


def events(passages: Sequence[Passage]) -> Iterator[Event]:
    """The sentences of a document that tell one date, or a whole one among others, or stand first under a heading, or
    behind a sentence, that is nothing but a date, as in diaries and minutes. A day whose year nothing tells is left
    out."""
    section: tuple[str, ...] = ()
    for passage in passages:
        heading = passage.paragraph.heading
        if passage.paragraph.role in _NOT_TOLD or passage.paragraph.role in (Role.TITLE, Role.HEADING):
            continue
        over = _only_day(heading[-1]) if heading and heading != section else None
        section = heading
        yield from _of_passage(passage, over if over is not None and _is_lone(heading[-1], over) else None)


def _of_passage(passage: Passage, over: Day | None) -> Iterator[Event]:
    """`over` is the day that stands above it."""
    begin: int | None = None
    views = view_sentences(passage.paragraph.text, False)
    for i, view in enumerate(views):
        own = _told_day(view.text)
        if own is not None and _is_lone(view.text, own):
            over, begin = own, view.span.start
            continue
        day, start = (own, view.span.start) if own is not None else (over, view.span.start if begin is None else begin)
        year = _year_of(day, view.text, passage) if day is not None else None
        is_whole = tells(view.text)
        if begin is not None and not is_whole and view.span.end - begin <= _LONGEST_OPENING:
            # "14 September. Race day. We came second …"
            continue
        if day is not None and year is not None and is_whole:
            span = Span(start, view.span.end) if begin is not None else _understood(views, i, passage)
            telling = Telling(passage, span.shifted(passage.paragraph.start))
            is_told = day.year is not None or _told_year(passage) == year
            yield Event(replace(day, year=year if is_told else None), year, telling)
        over, begin = None, None


def _understood(views: Sequence[SentenceView], index: int, passage: Passage) -> Span:
    """A sentence with what it leans on, which would else be read of what the time before tells; without it where both
    are too long."""
    span = with_what_it_leans_on(views, index)
    return span if tells(span.of(passage.paragraph.text)) else views[index].span


def _only_day(text: str) -> Day | None:
    """The one day that a text tells, in one reading."""
    days = {dated.readings for dated in find_dates(text) if dated.readings}
    readings = next(iter(days)) if len(days) == 1 else ()
    return readings[0] if len(readings) == 1 else None


def _told_day(text: str) -> Day | None:
    """The one day that a text tells, or of several dates the first that is whole: "The fares of 2 July 2023 end in June
    2026"."""
    only = _only_day(text)
    if only is not None:
        return only
    whole = next((one.readings for one in find_whole_dates(text)), ())
    return whole[0] if len(whole) == 1 and whole[0].year is not None else None


def _is_lone(text: str, day: Day) -> bool:
    """Whether a text that tells a day is hardly more than that: "14 September.", "Tuesday, 3 May 2022"."""
    return len(text) <= _LONGEST_DAY and day.month is not None and day.day is not None


def _year_of(day: Day, text: str, passage: Passage) -> int | None:
    """The year of a day: its own, that of the headings or the title above it, or of what was said of it ("next year"),
    else that which brings it nearest to its document's date. None where nothing tells."""
    if day.year is not None:
        return day.year if day.year >= 1000 else None
    if day.month is None:
        return None
    published, told = _published(passage), _told_year(passage)
    base = told if told is not None else published.year if published is not None else None
    if base is None:
        return None
    relative = set(relative_years(text, base))
    if relative or told is not None or published is None or published.month is None:
        return relative.pop() if len(relative) == 1 else told
    away = day.month - published.month
    return base + (away < -_HALF_A_YEAR) - (away > _HALF_A_YEAR)


def _published(passage: Passage) -> Day | None:
    """The day of a document, by what it says of itself or by its title."""
    if (date := passage.source.date) is not None:
        return Day(date.year, date.month, date.day)
    whole = find_whole_dates(passage.source.title)
    return whole[0].readings[0] if len(whole) == 1 and len(whole[0].readings) == 1 else None


def _told_year(passage: Passage) -> int | None:
    """The one year that the headings above it name, or else the title: not that of the day by which minutes are dated,
    as their February may be the next one."""
    title = passage.source.title
    is_dated = any(find_whole_dates(title))
    above = " ".join(one for one in passage.paragraph.heading if not (is_dated and one == title))
    for text in (above, "" if is_dated else title):
        years = {span.of(text) for span in find_years(text)}
        if len(years) == 1:
            return int(years.pop())
    return None


def spread(found: Sequence[Event], *, most: int) -> list[Event]:
    """At most so many, evenly over the time that they tell, in its order; days before years where there are as many."""
    whole = [event for event in found if event.day.month is not None]
    ordered = sorted(whole if len(whole) >= most else found, key=lambda event: event.place)
    step = max(len(ordered) / most, 1.0)
    return [ordered[int(i * step)] for i in range(min(len(ordered), most))]
