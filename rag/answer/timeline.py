"""What happened when: the sentences of documents that tell dates, in the order of these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer.central import Telling, tells
from rag.answer.verify import settle
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Answer, Passage, Role, Statement
from rag.text.dates import Day, find_dates
from rag.text.overlap import view_sentences

MOST_EVENTS = 12
"""Told in one answer."""

_NO_DATES = "Your documents tell no dates in whole sentences."
_NOT_TOLD = (Role.BOILERPLATE, Role.BYLINE, Role.COMMENT, Role.CAPTION)


@dataclass(frozen=True, slots=True)
class Event:
    """A sentence and the date that it tells, with its year."""

    day: Day
    telling: Telling

    @property
    def place(self) -> tuple[int, int, int]:
        """In time: a year comes before its days."""
        return self.day.year or 0, self.day.month or 0, self.day.day or 0


def timeline(question: str, documents: Sequence[Sequence[Passage]]) -> Answer:
    """The dated sentences of the documents in their order; of many those spread most evenly, days before years."""
    every = (event for passages in documents for passage in passages for event in events(passage))
    found = list({event.telling.text: event for event in every}.values())
    if not found:
        return Answer(question=question, abstained=True, notice=_NO_DATES)
    chosen = _spread(found)
    statements = []
    for mark, event in enumerate(chosen, start=1):
        citation = event.telling.passage.cited(event.telling.span, mark)
        said = lead_of(citation)
        lead = f"{event.day}: {said}" if said else f"{event.day}:"
        statements.append(settle(Statement(text=display(citation.quote), citations=(citation,), lead=lead)))
    notice = f"{len(chosen)} of {len(found)} sentences that tell a date." if len(found) > len(chosen) else None
    shown = {one.telling.passage.paragraph.key: one.telling.passage for one in chosen}
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple(shown.values()),
        notice=notice,
    )


def events(passage: Passage) -> Iterator[Event]:
    """The sentences of a passage that tell one date; a day without a year is of the year before its document's date."""
    if passage.paragraph.role in _NOT_TOLD:
        return
    for view in view_sentences(passage.paragraph.text, False):
        days = {days.readings for days in find_dates(view.text) if days.readings}
        readings = next(iter(days)) if len(days) == 1 else ()
        day = _with_year(readings[0], passage.source.date) if len(readings) == 1 else None
        if day is not None and tells(view.text):
            yield Event(day, Telling(passage, view.span.shifted(passage.paragraph.start)))


def _with_year(day: Day, published: dt.date | None) -> Day | None:
    """None where it cannot be told."""
    if day.year is not None:
        return day if day.year >= 1000 else None
    if published is None or day.month is None:
        return None
    is_ahead = (day.month, day.day or 0) > (published.month, published.day)
    return replace(day, year=published.year - 1 if is_ahead else published.year)


def _spread(found: Sequence[Event]) -> list[Event]:
    whole = [event for event in found if event.day.month is not None]
    ordered = sorted(whole if len(whole) >= MOST_EVENTS else found, key=lambda event: event.place)
    step = max(len(ordered) / MOST_EVENTS, 1.0)
    return [ordered[int(i * step)] for i in range(min(len(ordered), MOST_EVENTS))]
