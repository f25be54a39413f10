"""An answer without a model: whole sentences of the documents, chosen, never written.

The best one or two sentences of the best passages, each cited by its exact span. A second sentence comes only
if it is likely in its own right; a sentence that leans on the one before it ("He added …") brings that one
along; where two sources give different numbers for what was asked, both are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import regex

from rag.answer.candidate import Candidate, asks, says_change
from rag.answer.columns import asked_cell
from rag.answer.differing import disagreeing, is_told_otherwise_later, meant, said_later
from rag.answer.exactly import Exactly
from rag.answer.leaning import with_what_it_leans_on
from rag.answer.polar import asking_part, denies, is_polar
from rag.answer.quoting import statement_of, unmarked
from rag.documents.context import display
from rag.domain import Span, Statement
from rag.search.filing import years_in
from rag.text import language
from rag.text.overlap import Inquiry, seen_by, stems_of

MOST_WORDS = 60
"""Of an answer with more than one sentence; a single long one is shown whole."""

_SECOND_AT = 0.05
_MORE, _MORE_APART = 0.15, 0.3
"""Of the weight of a question's words: from which on they are worth a sentence more, beside the best one or not."""
_ASKS_TO_DO = regex.compile(rf"^\W*{language.pattern('questions.to_do')}", regex.IGNORECASE)

_NEAR = 10
"""Sentences among which one is looked for that changes what the best one says."""
_FEWEST_ASKED = 2
"""Words of a question all of which a denial, or what changes a rule, tells."""

_FEWEST_OF_SECOND = 3
"""Words of a second sentence that is no row."""
IN_PLACE = 60
"""Words in which what may answer is shown: with what stands around it, as far as these go."""
_MOST_ALTERNATIVES = 3
_ALTERNATIVE_AT, _ROW_AT = 0.1, 0.2
"""Of the best sentence's share: what is less likely, or a row that is, is no alternative to it. Of eight collections of
real questions the right paragraph is among what is shown in .560 from a tenth on, and in .536 from a fifth."""


def extract(inquiry: Inquiry, ranked: Sequence[Candidate]) -> tuple[Statement, ...]:
    """One or two statements, each a verbatim sentence with its citation; their verdict is still pending.

    `ranked` is not empty. Conflicting numbers for what was asked come as two statements that name each other.
    """
    best = ranked[0]
    rival = disagreeing(inquiry, best, ranked[1:])
    if rival is not None:
        first, second = (
            _dated(statement_of(one, mark)) for mark, one in enumerate(meant(inquiry.question, best, rival), start=1)
        )
        return replace(first, conflicts_with=(1,)), replace(second, conflicts_with=(0,))
    change = _change_of(inquiry, best, ranked[1:_NEAR])
    if change is not None and not years_in(inquiry.question):
        return tuple(_dated(statement_of(one, mark)) for mark, one in enumerate([change, best], start=1))
    if _ASKS_TO_DO.match(asking_part(inquiry.question)) and (told := _with_rest(best)) is not None:
        return (told,)
    if is_polar(inquiry.question) and (told := _with_denial(inquiry, best)) is not None:
        return (told,)
    more = _more_of_question(inquiry, best, ranked[1:])
    if more is not None and abs(more.index - best.index) == 1:
        start, end = min(best.span.start, more.span.start), max(best.span.end, more.span.end)
        return (_lengthened(best, end - best.passage.paragraph.start, start=start),)
    second_best = _denial(inquiry, best, ranked[1:]) or more or _second(inquiry, best, ranked[1:])
    chosen = [best] if second_best is None else [best, second_best]
    if second_best is not None and is_told_otherwise_later(second_best, best) and not years_in(inquiry.question):
        return tuple(_dated(statement_of(one, mark)) for mark, one in enumerate([second_best, best], start=1))
    return tuple(
        _with_cell(statement_of(candidate, mark), inquiry=inquiry, candidate=candidate)
        for mark, candidate in enumerate(chosen, start=1)
    )


def _change_of(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """The sentence of another document, none of an earlier date, that says that something changes, in all the words of
    the question that the best one tells: "The charge for a lost fob goes up to £25." in a newsletter; None where
    there is none."""
    told = _told(inquiry, best)
    if len(told) < _FEWEST_ASKED or says_change(best.sentence.text):
        return None
    here, date = best.passage.paragraph.document_id, best.passage.source.date
    for one in others:
        paragraph, source = one.passage.paragraph, one.passage.source
        is_earlier = date is not None and source.date is not None and source.date < date
        if paragraph.document_id == here or is_earlier or not says_change(one.sentence.text):
            continue
        if told <= stems_of(f"{' '.join(paragraph.heading)} {one.sentence.text}", inquiry.truncated):
            return one
    return None


def _with_denial(inquiry: Inquiry, best: Candidate) -> Statement | None:
    """The best sentence with the one behind it where that denies in the question's words: "Results are given out. None
    are told by telephone."; None where it does not."""
    after = next(
        (one for one in best.sentences if one.span.start >= best.span.end - best.passage.paragraph.start), None
    )
    if after is None or after.is_row or best.sentence.is_row or asks(after) or not denies(after.text):
        return None
    (seen,) = seen_by(inquiry, [after])
    if seen.present.isdisjoint(inquiry.stems) or best.words + len(after.text.split()) > MOST_WORDS:
        return None
    return _lengthened(best, after.span.end)


def _more_of_question(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """The sentence of the best one's paragraph that tells most of what that lacks of the question, the one beside it
    first: "Leave is 27 days. Whoever works three days a week gets 16."; None where none tells much of it."""
    paragraph = best.passage.paragraph
    told = best.span.shifted(-paragraph.start).of(paragraph.text)
    above = f"{best.passage.source.title} {' '.join(paragraph.heading)}"
    lacking = frozenset(inquiry.stems) - stems_of(f"{above} {told}", inquiry.truncated)
    if best.sentence.is_row or not lacking:
        return None
    here = [one for one in others if one.passage.paragraph.key == paragraph.key]
    gains = {
        one.index: sum(weight for stem, weight in inquiry.weighted if stem in lacking & _told(inquiry, one))
        for one in here
    }
    beside = [
        one
        for one in here
        if gains[one.index] >= (_MORE if abs(one.index - best.index) == 1 else _MORE_APART) * inquiry.weight
        and best.words + one.words <= MOST_WORDS
        and not (one.sentence.is_row or asks(one.sentence) or _is_fragment(one.sentence.text))
    ]
    return max(beside, key=lambda one: (gains[one.index], -abs(one.index - best.index)), default=None)


def _denial(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """What denies, in the paragraph of the best sentence, all that is asked for, of which the best one tells a part:
    "The market is on Saturdays. In January there is no market."."""
    asked = frozenset(inquiry.stems)
    if best.sentence.is_row or len(asked) < _FEWEST_ASKED or asked <= _told(inquiry, best):
        return None
    beside = (one for one in others if one.passage.paragraph.key == best.passage.paragraph.key)
    return next((one for one in beside if asked <= _told(inquiry, one) and denies(one.sentence.text)), None)


def _lengthened(best: Candidate, end: int, *, start: int | None = None) -> Statement:
    """The best sentence with what follows it in its paragraph up to a place there, or from another `start`."""
    first = statement_of(best, 1)
    start = best.span.start if start is None else start
    citation = best.passage.cited(Span(start, best.passage.paragraph.start + end), 1)
    bold = first.citations[0].bold
    return replace(first, text=display(citation.quote), citations=(replace(citation, bold=bold),))


def _with_rest(best: Candidate) -> Statement | None:
    """The best sentence with what follows it in its paragraph, as far as MOST_WORDS go: what is to be done seldom ends
    with the first thing. None where nothing follows, or it is no prose."""
    end = best.index
    words = best.words
    for number, following in enumerate(best.sentences[best.index + 1 :], start=best.index + 1):
        words += len(following.text.split())
        if words > MOST_WORDS or following.is_row or asks(following):
            break
        end = number
    if best.sentence.is_row or end == best.index:
        return None
    return _lengthened(best, best.sentences[end].span.end)


def _with_cell(statement: Statement, *, inquiry: Inquiry, candidate: Candidate) -> Statement:
    """With the cell in bold that is asked for, where the statement is a row."""
    cell, (citation, *others) = asked_cell(inquiry, candidate), statement.citations
    if cell is None or not (citation.start <= cell.start and cell.end <= citation.end):
        return statement
    return replace(statement, citations=(replace(citation, bold=cell), *others))


def _second(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """The next sentence that is likely in its own right, does not repeat the first and leaves the answer short. Of what
    the reader has read, it must say that this one answers too; a row beside a row, all of the question that the first
    tells."""
    exactly = Exactly(inquiry)
    is_exact = exactly.is_told_by(best.sentence.text)
    for other in others[:3]:
        if other.share < _SECOND_AT or (other.was_read and other.evidence <= 0):
            return None
        overlaps = other.passage.paragraph.key == best.passage.paragraph.key and (
            other.span.start < best.span.end and best.span.start < other.span.end
        )
        adds_nothing = other.sentence.present <= best.sentence.present or _is_fragment(other.sentence.text)
        are_rows = best.sentence.is_row and other.sentence.is_row
        is_of_another = exactly.is_row_denied(other.sentence) or (
            are_rows
            and (
                not _told(inquiry, best) <= _told(inquiry, other)
                or (is_exact and not exactly.is_told_by(other.sentence.text))
            )
        )
        is_beside = best.is_field and other.passage.paragraph.key == best.passage.paragraph.key
        if not (overlaps or adds_nothing or is_beside or is_of_another) and best.words + other.words <= MOST_WORDS:
            return other
    return None


def _is_fragment(text: str) -> bool:
    """Whether it is a part of something in bold, "**I lost my key.", or two words: it says nothing beside another."""
    return text.count("**") % 2 == 1 or len(text.split()) < _FEWEST_OF_SECOND


def alternatives(inquiry: Inquiry, ranked: Sequence[Candidate]) -> tuple[Statement, ...]:
    """The best sentence and, of other paragraphs, those nearly as likely, the likeliest first, or the later one of two
    that differ; their verdicts are still pending. `ranked` is not empty."""
    shown: list[Candidate] = []
    for one in ranked:
        is_another = all(
            one.passage.paragraph.key != before.passage.paragraph.key and one.sentence.text != before.sentence.text
            for before in shown
        )
        if is_another and one.share >= (_ROW_AT if one.sentence.is_row else _ALTERNATIVE_AT) * ranked[0].share:
            shown.append(one)
    first, *others = shown[:_MOST_ALTERNATIVES]
    later = said_later(first, others)
    if later is not None and not years_in(inquiry.question):
        first, others = later, [first, *(one for one in others if one is not later)]
    return tuple(
        in_its_place(one, shares=_shares_beside(one, ranked), mark=mark)
        for mark, one in enumerate([first, *others], start=1)
    )


def _shares_beside(candidate: Candidate, ranked: Sequence[Candidate]) -> Mapping[int, float]:
    """The shares of the sentences of its paragraph, by their places in it."""
    key = candidate.passage.paragraph.key
    return {one.index: one.share for one in ranked if one.passage.paragraph.key == key}


def in_its_place(candidate: Candidate, *, shares: Mapping[int, float], mark: int = 1) -> Statement:
    """A sentence in bold with those around it in its paragraph, as far as IN_PLACE words go, first what follows it, or
    what stands before it where that is likelier by their `shares`: what it says is understood in its place, and where
    it is not the answer, that often stands beside it."""
    alone, paragraph = unmarked(statement_of(candidate, mark)), candidate.passage.paragraph
    if candidate.sentence.is_row:
        return alone
    span, words = candidate.span.shifted(-paragraph.start), candidate.words
    around = [one.span for one in candidate.sentences]
    likely = {one: shares.get(index, 0.0) for index, one in enumerate(around)}
    while True:
        after = next((one for one in around if one.start >= span.end), None)
        before = next((one for one in reversed(around) if one.end <= span.start), None)
        beside = sorted((one for one in (after, before) if one is not None), key=lambda one: -likely[one])
        longer = ((one, words + len(one.of(paragraph.text).split())) for one in beside)
        wider = next(((one, total) for one, total in longer if total <= IN_PLACE), None)
        if wider is None:
            break
        span, words = Span(min(span.start, wider[0].start), max(span.end, wider[0].end)), wider[1]
    first = max((i for i, one in enumerate(around) if one.start <= span.start), default=0)
    whole = with_what_it_leans_on(candidate.sentences, first)
    if len(whole.of(paragraph.text).split()) <= IN_PLACE:
        span = Span(whole.start, span.end)
    citation = candidate.passage.cited(span.shifted(paragraph.start), mark)
    is_wider = len(citation.quote) > len(candidate.span)
    citation = replace(citation, bold=candidate.span if is_wider else None)
    text = display(citation.quote)
    # What the quote begins with need not be said in front of it.
    is_said = alone.lead is not None and text.lstrip("*_# ").startswith(alone.lead.rstrip(":"))
    return replace(alone, text=text, citations=(citation,), lead=None if is_said else alone.lead)


def _told(inquiry: Inquiry, candidate: Candidate) -> AbstractSet[str]:
    """The words of the question that a sentence tells."""
    (seen,) = seen_by(inquiry, [candidate.sentence])
    return seen.present & set(inquiry.stems)


def _dated(statement: Statement) -> Statement:
    """With the date of its document in front, or its title, so that it is seen which of two is which."""
    source = statement.citations[0].source
    return replace(statement, lead=statement.lead or f"{source.day or source.title}:")
