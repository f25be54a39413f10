"""Rows of a table, and entries of a log, quoted together where a question asks which of them has the most of something,
for all of them, or for a number that is to be made of them.

"Which tariff is cheapest?" is told by all rows, and by none of them alone: nothing here compares, counts or adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer.alike import (
    asks_for_all,
    asks_for_difference,
    asks_for_rows,
    compares,
    computes,
    rows_alike,
    rows_around,
)
from rag.answer.candidate import Candidate
from rag.answer.columns import tells_number
from rag.answer.counted import counted, counts_in_words, tells_count
from rag.answer.mentions import superlative
from rag.answer.quoting import statement_of
from rag.answer.sections import Read
from rag.documents.blocks import number_of
from rag.documents.context import display
from rag.domain import Passage, Role, Span, Statement
from rag.text import terms
from rag.text.overlap import Inquiry
from rag.text.units import name_of, names_in

MOST_ITEMS = 12
NEAR = 10
"""Sentences among which a row, or an item under what is asked, is looked for."""
_FEWEST_ROWS = 2
"""Rows that tell something together."""


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


def rows_meant(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The rows that tell together what is asked; None where one alone does, or none is asked for."""
    if (told_apart := _rows_told_apart(inquiry, ranked, read)) is not None:
        return told_apart
    if superlative(inquiry.question) and (row := _row_compared(inquiry, ranked)) is not None:
        return _rows_beside(inquiry, row, read)
    return _rows_together(inquiry, ranked, read)


def _rows_told_apart(inquiry: Inquiry, ranked: Sequence[Candidate], read: Read) -> WholeList | None:
    """The rows of one table that the question names, where it asks what is different between them: each tells its
    half."""
    if not asks_for_difference(inquiry.question):
        return None
    asked = frozenset(inquiry.stems)
    for one in ranked[:NEAR]:
        if one.sentence.is_row and one.passage.paragraph.role is Role.TABLE:
            named = [(row, content_stems(name_of(row.view.text), inquiry)) for row in rows_around(inquiry, one, read)]
            meant = [(row, stems) for row, stems in named if stems and stems <= asked]
            # Whoever asks of "spool purge" does not ask of "spool".
            rows = [row for row, stems in meant if not any(stems < others for _, others in meant)]
            if len(rows) > 1:
                return _rows_shown(one, [(row.passage, row.span) for row in rows], answers=False)
    return None


def _rows_beside(inquiry: Inquiry, best: Candidate, read: Read) -> WholeList | None:
    """The rows of the table that the best sentence is a row of; None where there is no other."""
    rows = [(row.passage, row.span) for row in rows_around(inquiry, best, read)]
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
    most = content_stems(superlative(inquiry.question) or "", inquiry)
    others = frozenset(inquiry.stems) - most
    if not others or most & best.sentence.present:
        return None
    return _row_called(others, ranked, inquiry)


def _row_called(what: frozenset[str], ranked: Sequence[Candidate], inquiry: Inquiry) -> Candidate | None:
    """The best row of a table behind the first sentence above which these stems stand."""
    rows = (one for one in ranked[1:NEAR] if one.sentence.is_row and one.passage.paragraph.role is Role.TABLE)
    return next((one for one in rows if what <= content_stems(_around(one), inquiry)), None)


def _around(row: Candidate) -> str:
    """What stands above a row: the title, the headings and the names of the columns."""
    header = row.sentences[0].text if row.sentences[0].is_header else ""
    return " ".join((*above(row.passage), header, *names_in(row.sentence.text)))


def _row_meant(inquiry: Inquiry, ranked: Sequence[Candidate], is_computed: bool) -> Candidate | None:
    """The best sentence where it is a row; where something is counted and it tells no number, the best row among what
    is called so."""
    best, what = ranked[0], counted(inquiry.question)
    if best.sentence.is_row:
        rows = (one for one in ranked[:NEAR] if one.sentence.is_row and what <= one.sentence.present)
        is_told = not what or is_counted_by(best, inquiry)
        return best if is_told else next(rows, best)
    if not (is_computed and what) or is_counted_by(best, inquiry):
        return None
    return _row_called(what, ranked, inquiry)


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


def is_counted_by(best: Candidate, inquiry: Inquiry) -> bool:
    """Whether a sentence tells how many; of items of a list one that says of what, or all else that is asked: "winter
    camp: 5" under "Stoves"."""
    if best.sentence.is_row:
        return tells_number(inquiry, best)
    text = best.passage.cited(best.span, 0).quote
    if not is_item(best.passage) or counts_in_words(inquiry.question, text):
        return tells_count(inquiry.question, text)
    others = frozenset(inquiry.stems) - counted(inquiry.question)
    return bool(others) and others <= best.sentence.present and tells_count(inquiry.question, text)


def content_stems(text: str, inquiry: Inquiry) -> frozenset[str]:
    """Those of its content words, cut as the question's are."""
    stems = terms.content_stems(text)
    return frozenset(map(terms.truncation_stem, stems) if inquiry.truncated else stems)


def above(passage: Passage) -> tuple[str, ...]:
    """The title and the headings of a passage."""
    return passage.source.title, *passage.paragraph.heading


def is_item(passage: Passage) -> bool:
    """Not every format says what an item is."""
    role = passage.paragraph.role
    return role is Role.LIST or (role is Role.BODY and step_of(passage) is not None)


def step_of(passage: Passage) -> int | None:
    return number_of(passage.paragraph.text)
