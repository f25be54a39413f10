"""Two sources that give different numbers or dates for what was asked: both are shown, each with its date."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.answer.candidate import Candidate
from rag.documents.context import context_of
from rag.search.filing import is_later, years_in, years_of
from rag.text import terms
from rag.text.dates import find_whole_dates
from rag.text.names import named_in, names
from rag.text.overlap import (
    Inquiry,
    coverage,
)
from rag.text.values import amounts, numbers_of

_YEAR = regex.compile(r"(?<![\d.,])(?:1\d{3}|20\d{2})(?![\d.,]\d|\d)")
_VERSION = regex.compile(r"(?<![\d.])\d{1,9}(?:\.\d{1,9}){1,3}(?![\d.])")
_SAME_EVENT = 0.75
_ALIKE = 0.6
_IN_COMMON = 0.6
"""Of what the best sentence covers: a sentence that covers the rest of the question tells of something else."""


def disagreeing(inquiry: Inquiry, best: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """A sentence of another paragraph that answers the same with another number, year or date."""
    elsewhere = [
        other for other in others[:8] if not _is_beside(best, other) and not _is_of_another(inquiry, best, other)
    ]
    for other in elsewhere:
        if inquiry.kind == "number" and _other_number(inquiry, best, other):
            return other
        if inquiry.kind == "date" and _other_year(inquiry, best, other):
            return other
        if _same_but_for_a_value(inquiry, best, other) and not _of_others(best, other):
            return other
    return None


def _is_beside(best: Candidate, other: Candidate) -> bool:
    """Whether they stand in one paragraph, or are rows of one document, which tell of one thing each."""
    one, two = best.passage.paragraph, other.passage.paragraph
    are_rows = best.sentence.is_row and other.sentence.is_row
    return one.key == two.key or (are_rows and one.document_id == two.document_id)


def _is_of_another(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """Whether the question names something, "pump 37", "in 2023", of which the best tells and the other does not: that
    tells of another one."""
    ours, theirs = _told(best), _told(other)
    numbers = numbers_of(inquiry.question) & numbers_of(ours) - numbers_of(theirs)
    named = {word for name in named_in(inquiry.question) for word in terms.words(name)}
    return bool(numbers or named & set(terms.words(ours)) - set(terms.words(theirs)))


def _told(candidate: Candidate) -> str:
    """Its sentence, under its title and headings."""
    passage = candidate.passage
    return f"{context_of(passage.source.title, passage.paragraph)}: {candidate.sentence.text}"


def _same_but_for_a_value(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """Two sentences with nearly the same words, most of the question in both, and numbers that differ: "The daily
    allowance is €45" and "The daily allowance is €52"."""
    held = coverage(inquiry, best.sentence.present & other.sentence.present)
    return held >= _SAME_EVENT and _are_alike(best, other)


def _of_others(best: Candidate, other: Candidate) -> bool:
    """Whether each speaks of somebody or something that the other does not name: two bikes have a price each."""
    ours, theirs = names(best.sentence.text), names(other.sentence.text)
    return bool(ours - theirs) and bool(theirs - ours)


def _other_number(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """The same unit, none of the numbers in common, nearly as much of the question in it, and most of it in the same
    words: "An invitation is valid for 7 days" and "A link expires after 90 days" have no more in common than days."""
    ours, theirs = _asked_amounts(inquiry, best), _asked_amounts(inquiry, other)
    shared_units = {unit for _, unit in ours} & {unit for _, unit in theirs}
    if not shared_units or {v for v, u in ours if u in shared_units} & {v for v, u in theirs if u in shared_units}:
        return False
    covered = coverage(inquiry, best.sentence.present)
    held = coverage(inquiry, best.sentence.present & other.sentence.present)
    return coverage(inquiry, other.sentence.present) >= max(0.75 * covered, 0.3) and held >= _IN_COMMON * covered


def _other_year(inquiry: Inquiry, best: Candidate, other: Candidate) -> bool:
    """None of the years in common, and every word of the question that the best sentence has: two events of one
    subject have their years each, and only the same words make them the same event."""
    ours, theirs = set(_YEAR.findall(best.sentence.text)), set(_YEAR.findall(other.sentence.text))
    if not ours or not theirs or ours & theirs:
        return False
    asked = set(inquiry.stems) & best.sentence.present
    return asked <= other.sentence.present and coverage(inquiry, frozenset(asked)) >= _SAME_EVENT


def _asked_amounts(inquiry: Inquiry, candidate: Candidate) -> set[tuple[float, str]]:
    """Numbers of the candidate whose unit the question names ("how many days": 13 days); for a question that
    names no unit found here, spans of time where it asks how long."""
    long = regex.search(r"(?i)\bhow long\b", inquiry.question) is not None
    times = set(terms.stemmed(["second", "minute", "hour", "day", "week", "month", "year", "decade", "century"]))
    wanted = set(terms.stems(inquiry.question)) | (times if long else set())
    return {(a.value, a.unit) for a in amounts(candidate.sentence.text) if a.unit is not None and a.unit in wanted}


def meant(question: str, best: Candidate, rival: Candidate) -> tuple[Candidate, Candidate]:
    """Two that differ: first the one of the year asked for, or the newer, also where one document has both below their
    dates or versions, as a list of changes has."""
    asked = years_in(question)
    if not asked and not _VERSION.search(question) and _is_of_later_section(rival, best):
        return rival, best
    filed = [(one.passage.paragraph.document_id, one.passage.source) for one in (best, rival)]
    ours, theirs = (years_of(*one) for one in filed)
    if asked:
        return (rival, best) if theirs & asked and not ours & asked else (best, rival)
    return (rival, best) if is_later(filed[1], filed[0]) else (best, rival)


def said_later(first: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """Of one document the sentence that says with another number what the first says, under a later date or version:
    "Passwords must now have 14 characters"."""
    return next((one for one in others if _is_of_later_section(one, first) and _are_alike(one, first)), None)


def is_told_otherwise_later(one: Candidate, other: Candidate) -> bool:
    """Whether one sentence is of a document with a later date than the other's, and both have numbers that the other
    lacks: a rule of 2017, and the letter of 2024 that changes it."""
    ours, theirs = (each.passage.source.date for each in (one, other))
    if ours is None or theirs is None or ours <= theirs:
        return False
    numbers, others = ({a.value for a in amounts(each.sentence.text)} for each in (one, other))
    return bool(numbers - others and others - numbers)


def _are_alike(one: Candidate, other: Candidate) -> bool:
    """Whether two sentences have nearly the same words and numbers that differ."""
    ours, theirs = ({a.value for a in amounts(each.sentence.text)} for each in (one, other))
    if not ours - theirs or not theirs - ours:
        return False
    words, others = ({stem for stem in each.sentence.present if stem.isalpha()} for each in (one, other))
    return len(words & others) / max(len(words | others), 1) >= _ALIKE


def _is_of_later_section(one: Candidate, other: Candidate) -> bool:
    """Whether both stand in one document, this one under a later date, or the higher version, in its headings."""
    if one.passage.paragraph.document_id != other.passage.paragraph.document_id:
        return False
    headings = [" ".join(each.passage.paragraph.heading) for each in (one, other)]
    days = [[dated.readings[0].in_calendar for dated in find_whole_dates(heading)] for heading in headings]
    ours, theirs = ([day for day in told if day is not None] for told in days)
    if ours and theirs:
        return ours[-1] > theirs[-1]
    versions = [_VERSION.search(heading) for heading in headings]
    one_version, other_version = ([int(part) for part in found[0].split(".")] if found else [] for found in versions)
    return bool(other_version) and one_version > other_version
