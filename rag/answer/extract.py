"""An answer without a model: whole sentences of the documents, chosen, never written.

The best one or two sentences of the best passages, each cited by its exact span. A second sentence comes only
if it is likely in its own right; a sentence that leans on the one before it ("He added …") brings that one
along; where two sources give different numbers for what was asked, both are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import regex

from rag.answer.candidates import Candidate, asks
from rag.answer.columns import asked_cell
from rag.answer.differing import disagreeing, meant
from rag.answer.exactly import Exactly
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Role, Span, Statement
from rag.text import language
from rag.text.overlap import Inquiry, seen_by
from rag.text.units import columns_of

MOST_WORDS = 60
"""Of an answer with more than one sentence; a single long one is shown whole."""

_SECOND_AT = 0.05
_ASKS_TO_DO = regex.compile(rf"^\W*{language.pattern('questions.to_do')}", regex.IGNORECASE)

_MOST_ALTERNATIVES = 3
_ALTERNATIVE_AT = 0.2
"""Of the best sentence's share: what is less likely is no alternative to it."""


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
    if _ASKS_TO_DO.match(inquiry.question) and (told := _with_rest(best)) is not None:
        return (told,)
    second_best = _second(inquiry, best, ranked[1:])
    chosen = [best] if second_best is None else [best, second_best]
    return tuple(
        _with_cell(statement_of(candidate, mark), inquiry=inquiry, candidate=candidate)
        for mark, candidate in enumerate(chosen, start=1)
    )


def _with_rest(best: Candidate) -> Statement | None:
    """The best sentence with what follows it in its paragraph, as far as MOST_WORDS go: what is to be done seldom ends
    with the first thing. None where nothing follows, or it is no prose."""
    first, end, start = statement_of(best, 1), best.index, best.passage.paragraph.start
    words = best.words
    for number, following in enumerate(best.sentences[best.index + 1 :], start=best.index + 1):
        words += len(following.text.split())
        if words > MOST_WORDS or following.is_row or asks(following):
            break
        end = number
    if best.sentence.is_row or end == best.index:
        return None
    citation = best.passage.cited(Span(best.span.start, start + best.sentences[end].span.end), 1)
    bold = first.citations[0].bold
    return replace(first, text=display(citation.quote), citations=(replace(citation, bold=bold),))


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
        repeats = other.sentence.present <= best.sentence.present
        are_rows = best.sentence.is_row and other.sentence.is_row
        is_of_another = are_rows and (
            not _told(inquiry, best) <= _told(inquiry, other)
            or (is_exact and not exactly.is_told_by(other.sentence.text))
        )
        is_beside = best.is_field and other.passage.paragraph.key == best.passage.paragraph.key
        if not (overlaps or repeats or is_beside or is_of_another) and best.words + other.words <= MOST_WORDS:
            return other
    return None


def alternatives(ranked: Sequence[Candidate]) -> tuple[Statement, ...]:
    """The best sentence and, of other paragraphs, those nearly as likely, the likeliest first; their verdicts are still
    pending. `ranked` is not empty."""
    shown: list[Candidate] = []
    for one in ranked:
        is_another = all(
            one.passage.paragraph.key != before.passage.paragraph.key and one.sentence.text != before.sentence.text
            for before in shown
        )
        words = sum(before.words for before in shown) + one.words
        if is_another and one.share >= _ALTERNATIVE_AT * ranked[0].share and (not shown or words <= MOST_WORDS):
            shown.append(one)
    return tuple(statement_of(candidate, mark) for mark, candidate in enumerate(shown[:_MOST_ALTERNATIVES], start=1))


def _told(inquiry: Inquiry, candidate: Candidate) -> AbstractSet[str]:
    """The words of the question that a sentence tells."""
    (seen,) = seen_by(inquiry, [candidate.sentence])
    return seen.present & set(inquiry.stems)


def statement_of(candidate: Candidate, mark: int) -> Statement:
    """A sentence as a statement that cites it; its verdict is still pending."""
    citation = candidate.passage.cited(candidate.span, mark)
    bold = candidate.bold
    if bold is not None and citation.start <= bold.start and bold.end <= citation.end:
        citation = replace(citation, bold=bold)
    lead = lead_of(citation) or _columns_of(candidate) or _asked_of(candidate) or _heading_of(candidate)
    return Statement(text=display(citation.quote), citations=(citation,), lead=lead)


def _dated(statement: Statement) -> Statement:
    """With the date of its document in front, or its title, so that it is seen which of two is which."""
    source = statement.citations[0].source
    return replace(statement, lead=statement.lead or f"{source.day or source.title}:")


def _asked_of(candidate: Candidate) -> str | None:
    """The question that a sentence answers in a list of questions, without the marks around it."""
    asked = candidate.asked_before
    return display(asked).strip("*_# ") if asked else None


def _heading_of(candidate: Candidate) -> str | None:
    """The heading that a sentence points back to, as "Then it is lost." does, or of which it is an item."""
    heading = candidate.passage.paragraph.heading
    is_item = candidate.passage.paragraph.role is Role.LIST
    if not heading or not (candidate.is_said_of_heading or is_item):
        return None
    return heading[-1] if heading[-1].endswith(("?", ":")) else f"{heading[-1]}:"


def _columns_of(candidate: Candidate) -> str | None:
    """What the cells of a row are, to read it by."""
    header = candidate.sentences[0]
    if not candidate.sentence.is_row:
        return None
    if header.is_header:
        return f"{columns_of(header.text)}:"
    # A field says nothing of whom: "status: blocked"; and rows of two sheets may look the same.
    if candidate.is_field:
        return f"{candidate.passage.source.title}:"
    heading = candidate.passage.paragraph.heading
    return f"{heading[-1].rstrip(':')}:" if heading and "\t" in candidate.sentence.text else None
