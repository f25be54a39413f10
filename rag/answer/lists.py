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
    """The list that the best sentence belongs to or leads in; None where the question does not ask for all of it, or
    where it is about something else."""
    is_how_to = _HOW_TO.match(inquiry.question) is not None
    if not (is_how_to or _SEVERAL.match(inquiry.question)):
        return None
    here = best.passage.paragraph
    around = read(here.document_id, range(max(1, here.number - _AROUND), here.number + _AROUND + 1))
    place = next((i for i, one in enumerate(around) if one.paragraph.number == here.number), None)
    items = _items(around, place) if place is not None else range(0)
    if len(items) < 2:
        return None
    before = around[items.start - 1] if items.start else None
    lead = _lead_in(before) if before else None
    texts = [around[i].paragraph.text for i in items]
    announced = lead.of(before.paragraph.text) if before and lead else ""
    above = " ".join([best.passage.source.title, *here.heading, announced])
    is_about_it = coverage(inquiry, stems_of(above, inquiry.truncated)) >= _MOST_OF_IT
    is_in_one = coverage(inquiry, best.sentence.present) >= _MOST_OF_IT
    # What nothing announces is a list of whatever comes under its heading.
    is_meant = is_about_it or not is_in_one if announced else is_about_it and is_how_to and _STEP.match(texts[0])
    if not is_meant:
        return None
    spans = [(before, lead)] if before and lead else []
    shown = _shown(texts)
    spans += [(around[i], Span(0, len(around[i].paragraph.text))) for i in items[:shown]]
    statements = tuple(_statement(passage, span, mark) for mark, (passage, span) in enumerate(spans, start=1))
    return WholeList(statements, tuple(passage for passage, _ in spans), len(items) - shown)


def _items(around: Sequence[Passage], place: int) -> range:
    """Places of the items of the list at `place`, or of the one that the paragraph there leads in."""
    if around[place].paragraph.role is not Role.LIST:
        place += 1
        if not around[place - 1].paragraph.text.rstrip().endswith(":"):
            return range(0)
    heading = around[min(place, len(around) - 1)].paragraph.heading[:1]
    belongs = [one.paragraph.role is Role.LIST and one.paragraph.heading[:1] == heading for one in around]
    if place >= len(around) or not belongs[place]:
        return range(0)
    first = last = place
    while first > 0 and belongs[first - 1] and not _begins_anew(around[first].paragraph.text):
        first -= 1
    while last + 1 < len(around) and belongs[last + 1] and not _begins_anew(around[last + 1].paragraph.text):
        last += 1
    return range(first, last + 1)


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
