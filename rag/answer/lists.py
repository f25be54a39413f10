"""Steps and items quoted together, under the sentence that leads them in, where a question asks for all of them; and
the rows of a table where it asks which of them has the most of something.

"Which key is red?" is answered by one item; "how do I open the depot?" and "what must I bring?" want the whole list.
"Which tariff is cheapest?" is told by all rows, and by none of them alone: nothing here compares numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import regex

from rag.answer.alike import asks_for_all, asks_for_rows, command_of, compares, computes, rows_alike
from rag.answer.candidate import Candidate
from rag.answer.columns import tells_number
from rag.answer.counted import counted, counts_in_words, tells_count
from rag.answer.mentions import superlative
from rag.answer.polar import asking_part, asks_what
from rag.answer.quoting import heading_lead, statement_of
from rag.answer.sections import Read
from rag.documents.blocks import number_of
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Key, Passage, Role, Span, Statement
from rag.text import language, terms
from rag.text.overlap import Inquiry, coverage, stems_of
from rag.text.sentences import split_sentences
from rag.text.units import names_in

MOST_ITEMS = 12
_MOST_WORDS = 400
"""Of all items that are shown; a list of essays is shown in part."""
_AROUND = 40
"""Paragraphs on each side in which a list is looked for."""
_LIKELIEST = 3
"""Sentences, of which two are in a list that is meant as a whole."""
_LIKELY = 6
"""Sentences among which steps are looked for where it is uncertain which of them answers."""
_FEWEST_ROWS, _NEAR = 2, 10
"""Rows that tell something together, and sentences among which one is looked for."""
_MOST_OF_IT = 0.5
"""Of what the question asks, by weight: what is above the list, or in one item, and holds so much, is about it."""

_HOW_TO = regex.compile(rf"^\W*(?:{language.pattern('questions.how_to')})", regex.IGNORECASE)
_STEPS = " ".join(language.words("questions.steps"))
_TO_DO = regex.compile(rf"^\W*(?:{language.pattern('questions.to_do')})", regex.IGNORECASE)
_TROUBLE = regex.compile(rf"\b(?:{language.pattern('questions.trouble')})\b", regex.IGNORECASE)
_SEVERAL = regex.compile(rf"^\W*(?:{language.pattern('questions.several')})", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WholeList:
    """The sentence that leads a list in, where there is one, and its items, each a citation of one of the `passages`;
    their verdicts are still pending. `more` items follow that are not shown. It `answers` by itself; what is to be
    counted or compared does not. They may be `are_rows` of a table."""

    statements: tuple[Statement, ...]
    passages: tuple[Passage, ...]
    more: int
    answers: bool = True
    are_rows: bool = False


def whole_list(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The list that the best sentence, the first of `ranked`, belongs to, leads in, or stands in a section with; None
    where the question does not ask for all of it, or where it is about something else."""
    best = ranked[0]
    if superlative(inquiry.question) and (row := _row_compared(inquiry, ranked)) is not None:
        return _rows_beside(row, read)
    if (rows := _rows_together(inquiry, ranked, read)) is not None:
        return rows
    headed = next((one for one in ranked[:_NEAR] if _is_headed_so(inquiry, one)), None)
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
        if _step(one.passage) is None:
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


def _rows_beside(best: Candidate, read: Read) -> WholeList | None:
    """The rows of the table that the best sentence is a row of; None where there is no other."""
    here = best.passage
    rows = [(here, one.span.shifted(here.paragraph.start)) for one in best.sentences if one.is_row]
    if len(rows) == 1:
        number = here.paragraph.number
        around = read(here.paragraph.document_id, range(max(1, number - _AROUND), number + _AROUND + 1))
        tables = groupby(around, key=lambda one: (one.paragraph.role, one.paragraph.heading, _first_name(one)))
        groups = ([*group] for _, group in tables)
        own = next((group for group in groups if any(one.paragraph.number == number for one in group)), [here])
        rows = [(one, Span(one.paragraph.start, one.paragraph.end)) for one in own]
    return _rows_shown(best, rows, answers=False) if len(rows) > 1 else None


def _rows_together(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The rows that tell together which ones are asked for, or of which a number is to be made; None where one alone
    does, or none is asked for."""
    is_computed = computes(inquiry.question)
    best = _row_meant(inquiry, ranked, is_computed)
    if best is None or not (is_computed or asks_for_rows(inquiry.question)):
        return None
    is_table = best.passage.paragraph.role is Role.TABLE
    if is_computed and not is_table and is_counted_by(best, inquiry):
        return None
    alike = rows_alike(inquiry, best, read)
    if len(alike.rows) < _FEWEST_ROWS or not (alike.told or is_table):
        return None
    is_compared = is_computed or compares(inquiry.question)
    if not (alike.told or is_compared or asks_for_all(inquiry.question)):
        return None
    answers = bool(alike.told) and not is_compared
    return _rows_shown(best, [(row.passage, row.span) for row in alike.rows], answers=answers)


def _row_compared(inquiry: Inquiry, ranked: Sequence[Candidate]) -> Candidate | None:
    """The best sentence where it is a row; where it does not say itself what has the most, the best row among what is
    called as the question calls it."""
    best = ranked[0]
    if best.sentence.is_row:
        return best
    most = _stems(superlative(inquiry.question) or "", inquiry)
    others = frozenset(inquiry.stems) - most
    if not others or most & best.sentence.present:
        return None
    rows = (one for one in ranked[1:_NEAR] if one.sentence.is_row and one.passage.paragraph.role is Role.TABLE)
    return next((one for one in rows if others <= _stems(_around(one), inquiry)), None)


def _around(row: Candidate) -> str:
    """What stands above a row: the title, the headings and the names of the columns."""
    header = row.sentences[0].text if row.sentences[0].is_header else ""
    return " ".join((*_above(row.passage), header, *names_in(row.sentence.text)))


def _is_headed_so(inquiry: Inquiry, best: Candidate) -> bool:
    """Whether an item stands under what is asked and nothing else: "What we bake" over the items of "What do we
    bake?"."""
    return _is_item(best.passage) and asks_what(inquiry.question) and is_heading_of(inquiry, best.passage)


def _row_meant(inquiry: Inquiry, ranked: Sequence[Candidate], is_computed: bool) -> Candidate | None:
    """The best sentence where it is a row; where something is counted and it tells no number, the best row among what
    is called so."""
    best, what = ranked[0], counted(inquiry.question)
    if best.sentence.is_row:
        rows = (one for one in ranked[:_NEAR] if one.sentence.is_row and what <= one.sentence.present)
        is_told = not what or is_counted_by(best, inquiry)
        return best if is_told else next(rows, best)
    if not (is_computed and what) or is_counted_by(best, inquiry):
        return None
    rows = (one for one in ranked[1:_NEAR] if one.sentence.is_row and one.passage.paragraph.role is Role.TABLE)
    return next((one for one in rows if what <= _stems(_around(one), inquiry)), None)


def is_counted_by(best: Candidate, inquiry: Inquiry) -> bool:
    """Whether a sentence tells how many; of items of a list one that says of what, or all else that is asked: "winter
    camp: 5" under "Stoves"."""
    if best.sentence.is_row:
        return tells_number(inquiry, best)
    text = best.passage.cited(best.span, 0).quote
    if not _is_item(best.passage) or counts_in_words(inquiry.question, text):
        return tells_count(inquiry.question, text)
    others = frozenset(inquiry.stems) - counted(inquiry.question)
    return bool(others) and others <= best.sentence.present and tells_count(inquiry.question, text)


def _rows_shown(best: Candidate, rows: Sequence[tuple[Passage, Span]], *, answers: bool) -> WholeList:
    """As many rows as are shown of a list, the best one among them."""
    at = next((i for i, (_, span) in enumerate(rows) if span.start == best.span.start), 0)
    first = max(0, min(at - MOST_ITEMS // 2, len(rows) - MOST_ITEMS))
    shown = rows[first : first + MOST_ITEMS]
    lead = statement_of(best, 1).lead
    citations = [passage.cited(span, mark) for mark, (passage, span) in enumerate(shown, start=1)]
    return WholeList(
        statements=tuple(Statement(text=display(one.quote), citations=(one,), lead=lead) for one in citations),
        passages=tuple(dict.fromkeys(passage for passage, _ in shown)),
        more=len(rows) - len(shown),
        answers=answers,
        are_rows=True,
    )


def _to_count(own: _List, asked: _Asked) -> WholeList | None:
    """A list of what is counted; it answers by itself where the sentence that leads it in tells how many: "We keep nine
    boats:"."""
    if not asked.is_named(own):
        return None
    return replace(_shown(own), answers=counts_in_words(asked.inquiry.question, own.announced))


def _first_name(passage: Passage) -> str:
    """The name of the first column, where it stands in its cell."""
    return passage.paragraph.text.partition("\t")[0].partition(": ")[0]


def is_heading_of(inquiry: Inquiry, passage: Passage) -> bool:
    """Whether the heading right above a paragraph, or the title where there is none, says what is asked, all of it and
    nothing else: "Becoming a member" over the steps of "how do I become a member?", "Complaints procedure" over "the
    steps of a complaint". One that says no more than "Method" leaves that to what stands above it."""
    unsaid = _stems(_STEPS if _HOW_TO.match(inquiry.question) else command_of(inquiry.question) or "", inquiry)
    above = [_stems(one, inquiry) - unsaid for one in (*reversed(passage.paragraph.heading), passage.source.title)]
    said = next(filter(None, above), frozenset()) if unsaid else above[0]
    return bool(said) and said == frozenset(inquiry.stems) - unsaid


def _stems(text: str, inquiry: Inquiry) -> frozenset[str]:
    """Those of its content words, cut as the question's are."""
    stems = terms.content_stems(text)
    return frozenset(map(terms.truncation_stem, stems) if inquiry.truncated else stems)


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
        """Whether it is steps, of which more than one is among the likeliest: "I cut myself. What do I do?"."""
        return _step(one.items[0]) is not None and self._answers_often(one)

    def is_named(self, one: _List) -> bool:
        """Whether what is above the list is called as what is counted, and holds most of the question."""
        above = " ".join((*_above(self.best.passage), one.announced))
        return counted(self.inquiry.question) <= _stems(above, self.inquiry) and self._covers(above)

    def _answers_often(self, one: _List) -> bool:
        return sum(item.paragraph.key in self.likeliest for item in one.items) > 1

    def is_told(self, one: _List, *, is_below: bool) -> bool:
        """Whether a list elsewhere in the section is: the sentence above it says so, or it is the steps below."""
        if one.announced and self._covers(one.announced):
            return True
        return is_below and self._are_steps(one) and self._covers(*self._above, self.best.sentence.text)

    @property
    def _above(self) -> tuple[str, ...]:
        return _above(self.best.passage)

    def _covers(self, *texts: str) -> bool:
        return coverage(self.inquiry, stems_of(" ".join(texts), self.inquiry.truncated)) >= _MOST_OF_IT

    def _are_steps(self, one: _List) -> bool:
        return self.is_how_to and _step(one.items[0]) is not None


def _above(passage: Passage) -> tuple[str, ...]:
    """The title and the headings of a passage."""
    return passage.source.title, *passage.paragraph.heading


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
        is_of_it = _is_item(around[i]) and around[i].paragraph.heading[: len(heading)] == heading
        one = _list_at(around, i) if is_of_it else None
        found += [one] if one else []
        i = one.first + len(one.items) if one else i + 1
    return sorted(found, key=lambda one: min(abs(one.first - place), abs(one.first + len(one.items) - place)))


def _steps_headed(inquiry: Inquiry, around: Sequence[Passage]) -> _List | None:
    """The steps under a heading, or a title, that says all of what is asked; not the ingredients above them."""
    first = (i for i, one in enumerate(around) if _is_item(one) and _step(one) == 1 and is_heading_of(inquiry, one))
    place = next(first, None)
    return _list_at(around, place) if place is not None else None


def _list_at(around: Sequence[Passage], place: int) -> _List | None:
    """The list of the item at `place`, or the one that the paragraph there leads in; None for a single item."""
    if not _is_item(around[place]):
        is_lead = around[place].paragraph.text.rstrip().endswith(":")
        place += 1
        if not is_lead or place >= len(around) or not _is_item(around[place]):
            return None
    heading = around[place].paragraph.heading[:1]
    belongs = [_is_item(one) and one.paragraph.heading[:1] == heading for one in around]
    first = last = place
    while first > 0 and belongs[first - 1] and _step(around[first]) != 1:
        first -= 1
    while (further := _further(around, belongs, last)) is not None:
        last = further
    before = around[first - 1] if first else None
    return _List(first, around[first : last + 1], before) if last > first else None


def _further(around: Sequence[Passage], belongs: Sequence[bool], last: int) -> int | None:
    """The place of the item after `last`; what stands between two steps that follow one another belongs to the first
    of them."""
    here = _step(around[last])
    for place in (last + 1, last + 2):
        if place < len(around) and belongs[place]:
            follows = here is not None and _step(around[place]) == here + 1
            is_next = place == last + 1 and _step(around[place]) != 1
            return place if is_next or follows else None
    return None


def _is_item(passage: Passage) -> bool:
    """Not every format says what an item is."""
    role = passage.paragraph.role
    return role is Role.LIST or (role is Role.BODY and _step(passage) is not None)


def _step(passage: Passage) -> int | None:
    return number_of(passage.paragraph.text)
