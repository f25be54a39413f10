"""Rows of a table, and entries of a log, that tell the same of what is asked: "which vans are kept in Leith?" is
answered by all rows with Leith, and "how many are there?" by none alone. Nothing here counts or compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import regex

from rag.answer.candidate import Candidate
from rag.answer.counted import counted
from rag.answer.sections import Read
from rag.domain import Passage, Role, Span
from rag.text import language, terms
from rag.text.overlap import Inquiry, SentenceView, seen_by, view_sentences
from rag.text.units import names_in
from rag.text.values import NUMERAL

_AROUND = 200
"""Paragraphs on each side in which rows are looked for: each row of a CSV file is one."""
_TOTAL = regex.compile(rf"\b{language.pattern('questions.totals')}\b", regex.IGNORECASE)
_WHICH = regex.compile(rf"^\W*{language.pattern('questions.which_rows')}", regex.IGNORECASE)
_COMMAND = regex.compile(rf"^\W*{language.pattern('questions.commands')}\b", regex.IGNORECASE)
_ALL = regex.compile(rf"^\W*{language.pattern('questions.all_rows')}", regex.IGNORECASE)
_DIFFERENCE = regex.compile(rf"\b{language.pattern('questions.difference')}", regex.IGNORECASE)
_COMPARES = regex.compile(
    rf"\b(?:{language.pattern('ranges.below', 'ranges.up_to', 'ranges.above', 'ranges.from', 'telling.denies')}"
    rf"|{language.pattern('questions.compares')})\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One of a table or a log: its passage, its place in the document, and its words."""

    passage: Passage
    span: Span
    view: SentenceView


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows that tell the words of a question which tell rows apart, `told`; all rows of the table where there are no
    such words."""

    rows: tuple[Row, ...]
    told: frozenset[str]


def asks_for_rows(question: str) -> bool:
    """Whether it asks which they are, or who, or for all of them."""
    return _WHICH.match(question) is not None or asks_for_all(question)


def asks_for_all(question: str) -> bool:
    """Whether it asks for several things or all of them: "Which rugs …", "List …"."""
    return _ALL.match(question) is not None


def computes(question: str) -> bool:
    """Whether it asks for a number that is counted or added up."""
    return bool(counted(question)) or _TOTAL.search(question) is not None


def asks_for_difference(question: str) -> bool:
    """Whether it asks what is different between several things."""
    return _DIFFERENCE.search(question) is not None


def compares(question: str) -> bool:
    """Whether it asks for what has more or less than something, or what is not so: no row says that of itself."""
    return _COMPARES.search(question) is not None


def command_of(question: str) -> str | None:
    """The word with which it asks for all, "List"."""
    found = _COMMAND.match(question)
    return found.group() if found else None


def bound_of(question: str) -> str | None:
    """The number that it compares with: "more than 20"."""
    return " ".join(NUMERAL.findall(question)) if compares(question) else None


def rows_alike(inquiry: Inquiry, best: Candidate, read: Read) -> Alike:
    """The rows of the table of the best one that tell as much of the question as it does, in order."""
    rows = rows_around(inquiry, best, read)
    if not rows:
        return Alike((), frozenset())
    seen = seen_by(inquiry, [one.view for one in rows])
    # A row says nothing by the name of a column, also where another row leaves that out.
    names = frozenset(stem for one in rows for name in names_in(one.view.text) for stem in terms.stems(name))
    everywhere = reduce(frozenset.__and__, (one.present for one in seen)) | names
    (own,) = seen_by(inquiry, [best.sentence])
    told = (own.present & frozenset(inquiry.stems)) - everywhere
    return Alike(tuple(row for row, one in zip(rows, seen, strict=True) if told <= one.present), told)


def rows_around(inquiry: Inquiry, best: Candidate, read: Read) -> list[Row]:
    """All rows of the table, or the log, that the best one is a row of."""
    here = best.passage.paragraph
    around = read(here.document_id, range(max(1, here.number - _AROUND), here.number + _AROUND + 1))
    groups = ([*group] for _, group in groupby(around, key=_kind))
    own = next((one for one in groups if any(each.paragraph.number == here.number for each in one)), [])
    return [row for passage in own for row in _rows_of(passage, inquiry)]


def _kind(passage: Passage) -> tuple[Role, tuple[str, ...], str]:
    """What is the same for all paragraphs of a table, also the name of the first column, if it stands in its cell."""
    paragraph = passage.paragraph
    name, colon, _ = paragraph.text.partition("\t")[0].partition(": ")
    return paragraph.role, paragraph.heading, name if colon and paragraph.role is Role.TABLE else ""


def _rows_of(passage: Passage, inquiry: Inquiry) -> Sequence[Row]:
    paragraph = passage.paragraph
    views = [one for one in view_sentences(paragraph.text, inquiry.truncated) if one.is_row and not one.is_header]
    return [Row(passage, one.span.shifted(paragraph.start), one) for one in views]
