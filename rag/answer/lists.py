"""Steps and items quoted together, under the sentence that leads them in, where a question asks for all of them.

"Which key is red?" is answered by one item; "how do I open the depot?" and "what must I bring?" want the whole list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import regex

from rag.answer.candidates import Candidate
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Citation, Passage, Role, Span, Statement
from rag.text import language
from rag.text.overlap import Inquiry, coverage, stems_of
from rag.text.sentences import split_sentences

Read: TypeAlias = Callable[[str, Sequence[int]], list[Passage]]
"""The paragraphs of a document with these numbers, in order."""

MOST_ITEMS = 12
_MOST_WORDS = 400
"""Of all items that are shown; a list of essays is shown in part."""
_AROUND = 40
"""Paragraphs on each side in which a list is looked for."""
_MOST_OF_IT = 0.5
"""Of what the question asks, by weight: what is above the list, or in one item, and holds so much, is about it."""

_HOW_TO = regex.compile(rf"^\W*(?:{language.pattern('questions.how_to')})", regex.IGNORECASE)
_SEVERAL = regex.compile(rf"^\W*(?:{language.pattern('questions.several')})", regex.IGNORECASE)
_STEP = regex.compile(r"\s*\(?(?P<number>\d{1,3})[.)]\s")


@dataclass(frozen=True, slots=True)
class WholeList:
    """The sentence that leads a list in, where there is one, and its items, each a citation of one of the `passages`;
    their verdicts are still pending. `more` items follow that are not shown."""

    statements: tuple[Statement, ...]
    passages: tuple[Passage, ...]
    more: int


def whole_list(inquiry: Inquiry, best: Candidate, read: Read) -> WholeList | None:
    """The list that the best sentence belongs to, leads in, or stands in a section with; None where the question does
    not ask for all of it, or where it is about something else."""
    is_how_to = _HOW_TO.match(inquiry.question) is not None
    if not (is_how_to or _SEVERAL.match(inquiry.question)):
        return None
    here = best.passage.paragraph
    around = read(here.document_id, range(max(1, here.number - _AROUND), here.number + _AROUND + 1))
    place = next((i for i, one in enumerate(around) if one.paragraph.number == here.number), None)
    if place is None:
        return None
    asked = _Asked(inquiry, best, is_how_to)
    found = _items(around, place)
    if len(found) > 1:
        return _whole(around, found) if asked.is_meant(around, found) else None
    nearby = (items for items in _lists_of_section(around, place) if asked.is_told(around, items, place))
    items = next(nearby, None)
    return _whole(around, items) if items else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked, and the sentence that answers best."""

    inquiry: Inquiry
    best: Candidate
    is_how_to: bool

    def is_meant(self, around: Sequence[Passage], items: range) -> bool:
        """Whether the list at the best sentence is what the question asks for."""
        is_about_it = self._covers(" ".join([*self._above, _announced(around, items)]))
        is_in_one = coverage(self.inquiry, self.best.sentence.present) >= _MOST_OF_IT
        if _announced(around, items):
            return is_about_it or not is_in_one
        # What nothing announces is a list of whatever comes under its heading.
        return is_about_it and self._are_steps(around, items)

    def is_told(self, around: Sequence[Passage], items: range, place: int) -> bool:
        """Whether a list elsewhere in the section is: the sentence above it says so, or it is the steps below."""
        announced = _announced(around, items)
        if announced and self._covers(announced):
            return True
        steps = items.start > place and self._are_steps(around, items)
        return steps and self._covers(" ".join([*self._above, self.best.sentence.text]))

    @property
    def _above(self) -> tuple[str, ...]:
        return self.best.passage.source.title, *self.best.passage.paragraph.heading

    def _covers(self, text: str) -> bool:
        return coverage(self.inquiry, stems_of(text, self.inquiry.truncated)) >= _MOST_OF_IT

    def _are_steps(self, around: Sequence[Passage], items: range) -> bool:
        return self.is_how_to and _STEP.match(around[items.start].paragraph.text) is not None


def _whole(around: Sequence[Passage], items: range) -> WholeList:
    before = around[items.start - 1] if items.start else None
    lead = _lead_in(before) if before else None
    texts = [around[i].paragraph.text for i in items]
    spans = [(before, lead)] if before and lead else []
    shown = _shown(texts)
    spans += [(around[i], Span(0, len(around[i].paragraph.text))) for i in items[:shown]]
    statements = tuple(_statement(passage, span, mark) for mark, (passage, span) in enumerate(spans, start=1))
    return WholeList(statements, tuple(passage for passage, _ in spans), len(items) - shown)


def _announced(around: Sequence[Passage], items: range) -> str:
    """The sentence that leads a list in; empty where none does."""
    before = around[items.start - 1] if items.start else None
    lead = _lead_in(before) if before else None
    return lead.of(before.paragraph.text) if before and lead else ""


def _lists_of_section(around: Sequence[Passage], place: int) -> Iterator[range]:
    """The lists under the heading of the paragraph at `place`, the nearest first."""
    heading = around[place].paragraph.heading
    found: list[range] = []
    i = 0
    while i < len(around):
        if _is_item(around[i]) and around[i].paragraph.heading[: len(heading)] == heading:
            items = _items(around, i)
            found.append(items)
            i = items.stop
        else:
            i += 1
    several = [items for items in found if len(items) > 1]
    yield from sorted(several, key=lambda items: min(abs(items.start - place), abs(items.stop - place)))


def _items(around: Sequence[Passage], place: int) -> range:
    """Places of the items of the list at `place`, or of the one that the paragraph there leads in."""
    if not _is_item(around[place]):
        place += 1
        if not around[place - 1].paragraph.text.rstrip().endswith(":"):
            return range(0)
    heading = around[min(place, len(around) - 1)].paragraph.heading[:1]
    belongs = [_is_item(one) and one.paragraph.heading[:1] == heading for one in around]
    if place >= len(around) or not belongs[place]:
        return range(0)
    first = last = place
    while first > 0 and belongs[first - 1] and not _begins_anew(around[first].paragraph.text):
        first -= 1
    while (further := _further(around, belongs, last)) is not None:
        last = further
    return range(first, last + 1)


def _further(around: Sequence[Passage], belongs: Sequence[bool], last: int) -> int | None:
    """The place of the item after `last`; what stands between two steps that follow one another belongs to the first
    of them."""
    here = _STEP.match(around[last].paragraph.text)
    for place in (last + 1, last + 2):
        if place < len(around) and belongs[place]:
            step = _STEP.match(around[place].paragraph.text)
            follows = here is not None and step is not None and int(step["number"]) == int(here["number"]) + 1
            is_next = place == last + 1 and not _begins_anew(around[place].paragraph.text)
            return place if is_next or follows else None
    return None


def _is_item(passage: Passage) -> bool:
    """Not every format says what an item is."""
    paragraph = passage.paragraph
    return paragraph.role is Role.LIST or (paragraph.role is Role.BODY and _STEP.match(paragraph.text) is not None)


def _begins_anew(text: str) -> bool:
    """Whether an item is the first step of its list."""
    step = _STEP.match(text)
    return step is not None and int(step.group("number")) == 1


def _lead_in(passage: Passage) -> Span | None:
    """The last sentence of a paragraph, where it announces what follows."""
    text = passage.paragraph.text
    last = next(reversed(split_sentences(text)), None)
    return last if last is not None and last.of(text).endswith(":") else None


def _shown(texts: Sequence[str]) -> int:
    """How many items are shown."""

    def counted() -> Iterator[int]:
        words = 0
        for text in texts[:MOST_ITEMS]:
            words += len(text.split())
            yield words

    return max(sum(words <= _MOST_WORDS for words in counted()), 1)


def _statement(passage: Passage, span: Span, mark: int) -> Statement:
    paragraph = passage.paragraph
    place = span.shifted(paragraph.start)
    citation = Citation(mark=mark, paragraph=paragraph, source=passage.source, start=place.start, end=place.end)
    return Statement(text=display(citation.quote), citations=(citation,), lead=lead_of(citation))
