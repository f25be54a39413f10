"""Steps and items quoted together, under the sentence that leads them in, where a question asks for all of them.

"Which key is red?" is answered by one item; "how do I open the depot?" and "what must I bring?" want the whole list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import regex

from rag.answer.alike import command_of
from rag.answer.candidate import Candidate
from rag.answer.counted import counted, counts_in_words
from rag.answer.polar import asking_part, asks_what
from rag.answer.quoting import heading_lead, statement_of
from rag.answer.rows import (
    MOST_ITEMS,
    NEAR,
    WholeList,
    above,
    content_stems,
    is_counted_by,
    is_item,
    rows_meant,
    step_of,
)
from rag.answer.sections import Read
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Key, Passage, Span, Statement
from rag.text import language
from rag.text.overlap import Inquiry, coverage, stems_of
from rag.text.sentences import split_sentences

_AROUND = 40
"""Paragraphs on each side in which a list is looked for."""
_MOST_WORDS = 400
"""Of all items that are shown; a list of essays is shown in part."""
_LIKELIEST = 3
"""Sentences, of which two are in a list that is meant as a whole."""
_LIKELY = 6
"""Sentences among which steps are looked for where it is uncertain which of them answers."""
_MOST_OF_IT = 0.5
"""Of what the question asks, by weight: what is above the list, or in one item, and holds so much, is about it."""

_FENCES = ("```", "~~~")
_HOW_TO = regex.compile(rf"^\W*(?:{language.pattern('questions.how_to')})", regex.IGNORECASE)
_STEPS = " ".join(language.words("questions.steps"))
_TO_DO = regex.compile(rf"^\W*(?:{language.pattern('questions.to_do')})", regex.IGNORECASE)
_TROUBLE = regex.compile(rf"\b(?:{language.pattern('questions.trouble')})\b", regex.IGNORECASE)
_SEVERAL = regex.compile(rf"^\W*(?:{language.pattern('questions.several')})", regex.IGNORECASE)


def whole_list(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The list that the best sentence, the first of `ranked`, belongs to, leads in, points back to, or stands in a
    section with; None where the question does not ask for all of it, or where it is about something else."""
    return rows_meant(inquiry, ranked, read) or _with_code(ranked[0], read) or _list_meant(inquiry, ranked, read)


def _list_meant(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    best = ranked[0]
    headed = next((one for one in ranked[:NEAR] if _is_headed_so(inquiry, one)), None)
    best = headed or best
    is_how_to = _HOW_TO.match(inquiry.question) is not None
    asks_to_do = not is_how_to and _TO_DO.match(asking_part(inquiry.question)) is not None
    counts = bool(counted(inquiry.question)) and not is_counted_by(best, inquiry)
    if not (is_how_to or asks_to_do or counts or headed or _SEVERAL.match(inquiry.question)):
        return None
    here = best.passage.paragraph
    around = read(here.document_id, range(max(1, here.number - _AROUND), here.number + _AROUND + 1))
    place = next((i for i, one in enumerate(around) if one.paragraph.number == here.number), None)
    if place is None:
        return None
    likeliest = frozenset(one.passage.paragraph.key for one in ranked[:_LIKELIEST])
    asked = _Asked(inquiry, best, is_how_to, likeliest)
    own = _list_at(around, place)
    if own is None and best.is_said_of_heading and place and is_item(around[place - 1]):
        # "Do this even if …": the items above are what it says more of.
        return _shown(pointed) if (pointed := _list_at(around, place - 1)) is not None else None
    if counts:
        return _to_count(own, asked) if own is not None else None
    if asks_to_do:
        return _shown(own) if own is not None and asked.is_done_by(own) else None
    if own is not None and asked.is_meant(own):
        return _shown(own)
    if is_how_to and (steps := _steps_headed(inquiry, around)):
        return _shown(steps)
    if own is not None:
        return None
    nearby = _lists_of_section(around, place)
    return next((_shown(one) for one in nearby if asked.is_told(one, is_below=one.first > place)), None)


def _with_code(best: Candidate, read: Read) -> WholeList | None:
    """The block of code in front of the paragraph that the best sentence begins with "This returns …", and the
    sentence; None where there is none."""
    here = best.passage.paragraph
    if not best.is_said_of_heading or here.number == 1:
        return None
    for before in read(here.document_id, [here.number - 1]):
        code = before.paragraph
        if code.heading == here.heading and code.text.startswith(_FENCES):
            told = before.cited(Span(code.start, code.end), 1)
            statements = Statement(text=display(told.quote), citations=(told,)), statement_of(best, 2)
            return WholeList(statements=statements, passages=(before, best.passage), more=0)
    return None


def likely_steps(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The steps of which several are among the likeliest sentences, together likelier than the first of these alone,
    or of which one is and whose heading says what is asked, where the question asks how to do something or says what
    does not work; None where there are none: which step of them answers is uncertain, and so less than that they do."""
    asked_for = asking_part(inquiry.question)
    if not (_TO_DO.match(asked_for) or _TROUBLE.search(asked_for)):
        return None
    likely = ranked[:_LIKELY]
    for one in likely:
        here = one.passage.paragraph
        if step_of(one.passage) is None:
            continue
        around = read(here.document_id, range(max(1, here.number - _AROUND), here.number + _AROUND + 1))
        place = next((i for i, other in enumerate(around) if other.paragraph.number == here.number), None)
        own = _list_at(around, place) if place is not None else None
        keys = {item.paragraph.key for item in own.items} if own is not None else frozenset[Key]()
        items = [other for other in likely if other.passage.paragraph.key in keys]
        is_several = len({item.passage.paragraph.key for item in items}) > 1
        is_likelier = is_several and sum(item.share for item in items) > ranked[0].share
        if own is not None and (is_likelier or is_heading_of(inquiry, one.passage)):
            return _shown(own)
    return None


def _is_headed_so(inquiry: Inquiry, best: Candidate) -> bool:
    """Whether an item stands under what is asked and nothing else: "What we bake" over the items of "What do we
    bake?"."""
    return is_item(best.passage) and asks_what(inquiry.question) and is_heading_of(inquiry, best.passage)


def _to_count(own: _List, asked: _Asked) -> WholeList | None:
    """A list of what is counted; it answers by itself where the sentence that leads it in tells how many: "We keep nine
    boats:"."""
    if not asked.is_named(own):
        return None
    return replace(_shown(own), answers=counts_in_words(asked.inquiry.question, own.announced))


def is_heading_of(inquiry: Inquiry, passage: Passage) -> bool:
    """Whether the heading right above a paragraph, or the title where there is none, says what is asked, all of it and
    nothing else: "Becoming a member" over the steps of "how do I become a member?", "Complaints procedure" over "the
    steps of a complaint". One that says no more than "Method" leaves that to what stands above it."""
    unsaid = content_stems(_STEPS if _HOW_TO.match(inquiry.question) else command_of(inquiry.question) or "", inquiry)
    names = (*reversed(passage.paragraph.heading), passage.source.title)
    stems = [content_stems(one, inquiry) - unsaid for one in names]
    said = next(filter(None, stems), frozenset()) if unsaid else stems[0]
    return bool(said) and said == frozenset(inquiry.stems) - unsaid


@dataclass(frozen=True, slots=True)
class _List:
    """Items in a row, the `first` one at that place of what was read, under the paragraph `before` them."""

    first: int
    items: Sequence[Passage]
    before: Passage | None

    @property
    def lead(self) -> Span | None:
        """The sentence that leads it in, in the document's coordinates."""
        if self.before is None:
            return None
        paragraph = self.before.paragraph
        last = next(reversed(split_sentences(paragraph.text)), None)
        announces = last is not None and last.of(paragraph.text).endswith(":")
        return last.shifted(paragraph.start) if last is not None and announces else None

    @property
    def announced(self) -> str:
        """What that sentence says; empty where there is none."""
        return self.before.cited(self.lead, 0).quote if self.before and self.lead else ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked, the sentence that answers best, and the paragraphs of the likeliest few."""

    inquiry: Inquiry
    best: Candidate
    is_how_to: bool
    likeliest: frozenset[Key]

    def is_meant(self, one: _List) -> bool:
        """Whether the list at the best sentence is what the question asks for."""
        is_about_it = self._covers(*self._above, one.announced)
        if one.announced:
            return is_about_it or coverage(self.inquiry, self.best.sentence.present) < _MOST_OF_IT
        # What nothing announces is a list of whatever comes under its heading.
        is_headed = is_heading_of(self.inquiry, self.best.passage)
        return (is_about_it and (self._are_steps(one) or is_headed)) or (
            self._answers_often(one) and not self.is_how_to
        )

    def is_done_by(self, one: _List) -> bool:
        """Whether it is steps, of which more than one is among the likeliest, or under a heading with a word of the
        question: "I cut myself. What do I do?"."""
        heading = content_stems(" ".join(self.best.passage.paragraph.heading[-1:]), self.inquiry)
        is_headed = not heading.isdisjoint(self.inquiry.stems)
        return step_of(one.items[0]) is not None and (is_headed or self._answers_often(one))

    def is_named(self, one: _List) -> bool:
        """Whether what is above the list is called as what is counted, and holds most of the question."""
        told = " ".join((*self._above, one.announced))
        return counted(self.inquiry.question) <= content_stems(told, self.inquiry) and self._covers(told)

    def _answers_often(self, one: _List) -> bool:
        return sum(item.paragraph.key in self.likeliest for item in one.items) > 1

    def is_told(self, one: _List, *, is_below: bool) -> bool:
        """Whether a list elsewhere in the section is: the sentence above it says so, or it is the steps below."""
        if one.announced and self._covers(one.announced):
            return True
        return is_below and self._are_steps(one) and self._covers(*self._above, self.best.sentence.text)

    @property
    def _above(self) -> tuple[str, ...]:
        return above(self.best.passage)

    def _covers(self, *texts: str) -> bool:
        return coverage(self.inquiry, stems_of(" ".join(texts), self.inquiry.truncated)) >= _MOST_OF_IT

    def _are_steps(self, one: _List) -> bool:
        return self.is_how_to and step_of(one.items[0]) is not None


def _shown(one: _List) -> WholeList:
    words = accumulate(len(item.paragraph.text.split()) for item in one.items[:MOST_ITEMS])
    count = max(sum(total <= _MOST_WORDS for total in words), 1)
    spans = [(one.before, one.lead)] if one.before and one.lead else []
    spans += [(item, Span(item.paragraph.start, item.paragraph.end)) for item in one.items[:count]]
    citations = [passage.cited(span, mark) for mark, (passage, span) in enumerate(spans, start=1)]
    first, *others = (Statement(text=display(one.quote), citations=(one,), lead=lead_of(one)) for one in citations)
    if not one.lead:
        first = replace(first, lead=first.lead or heading_lead(one.items[0]))
    return WholeList(
        statements=(first, *others),
        passages=tuple(passage for passage, _ in spans),
        more=len(one.items) - count,
    )


def _lists_of_section(around: Sequence[Passage], place: int) -> list[_List]:
    """The lists under the heading of the paragraph at `place`, the nearest first."""
    heading = around[place].paragraph.heading
    found: list[_List] = []
    i = 0
    while i < len(around):
        is_of_it = is_item(around[i]) and around[i].paragraph.heading[: len(heading)] == heading
        one = _list_at(around, i) if is_of_it else None
        found += [one] if one else []
        i = one.first + len(one.items) if one else i + 1
    return sorted(found, key=lambda one: min(abs(one.first - place), abs(one.first + len(one.items) - place)))


def _steps_headed(inquiry: Inquiry, around: Sequence[Passage]) -> _List | None:
    """The steps under a heading, or a title, that says all of what is asked; not the ingredients above them."""
    first = (i for i, one in enumerate(around) if is_item(one) and step_of(one) == 1 and is_heading_of(inquiry, one))
    place = next(first, None)
    return _list_at(around, place) if place is not None else None


def _list_at(around: Sequence[Passage], place: int) -> _List | None:
    """The list of the item at `place`, or the one that the paragraph there leads in; None for a single item."""
    if not is_item(around[place]):
        is_lead = around[place].paragraph.text.rstrip().endswith(":")
        place += 1
        if not is_lead or place >= len(around) or not is_item(around[place]):
            return None
    heading = around[place].paragraph.heading[:1]
    belongs = [is_item(one) and one.paragraph.heading[:1] == heading for one in around]
    first = last = place
    while first > 0 and belongs[first - 1] and step_of(around[first]) != 1:
        first -= 1
    while (further := _further(around, belongs, last)) is not None:
        last = further
    before = around[first - 1] if first else None
    return _List(first, around[first : last + 1], before) if last > first else None


def _further(around: Sequence[Passage], belongs: Sequence[bool], last: int) -> int | None:
    """The place of the item after `last`; what stands between two steps that follow one another belongs to the first
    of them."""
    here = step_of(around[last])
    for place in (last + 1, last + 2):
        if place < len(around) and belongs[place]:
            follows = here is not None and step_of(around[place]) == here + 1
            is_next = place == last + 1 and step_of(around[place]) != 1
            return place if is_next or follows else None
    return None
