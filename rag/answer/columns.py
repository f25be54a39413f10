"""Rows whose cells stand behind or below the names of their columns: which cell is asked for, and which is empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from rag.answer.candidate import Candidate
from rag.answer.counted import counted, counts_any_of, counts_in_words
from rag.answer.mentions import identifiers
from rag.domain import Role, Span
from rag.text import language, terms
from rag.text.dates import WHEN
from rag.text.overlap import Inquiry
from rag.text.units import cell_spans, cells_of, field_of, name_of, names_in, without_stamp
from rag.text.values import without_times

_WHAT_TO_DO = regex.compile(language.pattern("questions.what_to_do"), regex.IGNORECASE)
_REMEDY = regex.compile(rf"\b{language.pattern('telling.remedies')}", regex.IGNORECASE)
_DETERMINERS = frozenset(language.words("questions.determiners"))


@dataclass(frozen=True, slots=True)
class _Cell:
    """The stems of its column's name, of all its words too, and where its content stands in the text of the
    paragraph."""

    name: frozenset[str]
    words: frozenset[str]
    content: Span


def asked_cell(inquiry: Inquiry, candidate: Candidate) -> Span | None:
    """What stands in the one cell of a row that the question asks for by all words of its column's name, in the
    document's coordinates; None where that is none, or several. What the question says itself it does not ask for."""
    paragraph = candidate.passage.paragraph
    if not candidate.sentence.is_row or not (paragraph.role is Role.TABLE or candidate.is_record):
        return None
    asked, said = frozenset(inquiry.stems), frozenset(terms.stems(inquiry.question))
    found = [
        cell
        for cell in _cells_of(candidate)
        if cell.name and cell.name <= asked and _tells(cell.content.of(paragraph.text), inquiry, said)
    ]
    # Whoever asks for the joining fee does not ask for the fee.
    meant = [one for one in found if not any(one.name < other.name for other in found)]
    # "After probation" and "During probation" differ in a function word.
    exactly = [one for one in meant if one.words <= said]
    meant = exactly if len(meant) > 1 else meant
    return meant[0].content.shifted(paragraph.start) if len(meant) == 1 else None


def is_row_asked(inquiry: Inquiry, candidate: Candidate) -> bool:
    """Whether the question names all of what a row begins with, and all words of the name of another of its columns:
    that cell is asked for, whatever else is told elsewhere in the question's words."""
    if not candidate.sentence.is_row or candidate.passage.paragraph.role is not Role.TABLE:
        return False
    asked, text = frozenset(inquiry.stems), candidate.passage.paragraph.text
    cells = list(_cells_of(candidate))
    if not cells:
        return False
    first, *others = cells
    named = frozenset(terms.content_stems(first.content.of(text)))
    return bool(named) and named <= asked and any(one.name and one.name <= asked - named for one in others)


def numbered(inquiry: Inquiry, candidate: Candidate) -> bool | None:
    """Whether a row has, below the name of its column, a number that the question gives behind that name, "severity
    1"; None where the question numbers no column of it."""
    given = _numbers_given(inquiry.question)
    if not given or not candidate.sentence.is_row or candidate.passage.paragraph.role is not Role.TABLE:
        return None
    text = candidate.passage.paragraph.text
    told = [
        not given[name].isdisjoint(terms.words(cell.content.of(text))[:1])
        for cell in _cells_of(candidate)
        for name in cell.name & given.keys()
        if len(cell.name) == 1 and cell.content.of(text)[:1].isdigit()
    ]
    return all(told) if told else None


@lru_cache(maxsize=256)
def _numbers_given(question: str) -> Mapping[str, AbstractSet[str]]:
    """The numbers behind each word of a question, by its stem: once for all its rows."""
    given: dict[str, set[str]] = {}
    for word, number in pairwise(terms.words(question)):
        if number.isdigit():
            given.setdefault(terms.stemmed([word])[0], set()).add(number)
    return given


def tells_no_remedy(question: str, candidate: Candidate) -> bool:
    """Whether it asks what to do and this is a row of a table of which no column says that: how often the alarms are
    tested is not what to do when one goes off. Rows of what the question identifies are looked up by that."""
    row = candidate.sentence
    if not row.is_row or _WHAT_TO_DO.search(question) is None:
        return False
    if name_of(row.text).casefold() in map(str.casefold, identifiers(question)):
        return False
    header = candidate.sentences[0].text if candidate.sentences[0].is_header else ""
    return _REMEDY.search(" ".join((header, *names_in(row.text)))) is None


def tells_number(inquiry: Inquiry, candidate: Candidate) -> bool:
    """Whether a row may tell how many there are of what the question counts: in words, "1093 invoices", in the cell
    that is called so, or, where none is, in any cell; not where each row is one of them, as its title says."""
    row, paragraph = candidate.sentence.text, candidate.passage.paragraph
    what = counted(inquiry.question)
    if counts_in_words(inquiry.question, row):
        return True
    is_entry = without_stamp(row) != row
    if is_entry or not (paragraph.role is Role.TABLE or candidate.is_record or candidate.is_field):
        # An entry of a log tells what happened: "1 failed, 642 passed".
        return counts_any_of(frozenset(inquiry.stems), row)
    named = list(_cells_of(candidate))
    if called := [cell for cell in named if what & cell.name]:
        return any(_is_number(cell.content.of(paragraph.text)) for cell in called)
    if what <= frozenset(terms.stems(f"{candidate.passage.source.title} {' '.join(paragraph.heading)}")):
        return False
    cells = [cell.content.of(paragraph.text) for cell in named] or [field_of(row)[1], *cells_of(row)]
    return any(map(_is_number, cells))


def _is_number(content: str) -> bool:
    """Whether it begins with a number that is no date and no time."""
    return content[:1].isdigit() and any(map(str.isdigit, without_times(content)[:1]))


def _tells(content: str, inquiry: Inquiry, said: frozenset[str]) -> bool:
    """Whether it says what the question does not, and a time where it asks when."""
    is_told = inquiry.kind != "date" or WHEN.search(content) is not None
    return is_told and not frozenset(terms.stems(content)) <= said


def empty_cells(inquiry: Inquiry, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The columns that the question asks for, every word of their names, in which the best row has nothing and another
    row of the same document has something: what is not there is not answered by what stands beside it."""
    best, *others = candidates
    columns = _columns_of(best)
    if not columns:
        return ()
    document = best.passage.paragraph.document_id
    beside = [_columns_of(one) for one in others if one.passage.paragraph.document_id == document]
    # Rows of another table say nothing of this one.
    names = dict.fromkeys(name for row in beside if row[:1] == columns[:1] for name in row)
    asked = frozenset(inquiry.stems)
    return tuple(name for name in names if name not in columns and _is_asked(name, asked, columns))


def unknown_kinds(question: str, candidate: Candidate, missing: Iterable[str]) -> tuple[str, ...]:
    """Of the words that stand nowhere those by which the question tells one row from others, between "the" and the name
    of a column: the "glass" of "the glass bin" where the rows are of other bins."""
    header = candidate.sentences[0].text if candidate.sentences[0].is_header else ""
    names = frozenset(terms.stems(" ".join([header, *names_in(candidate.sentence.text)])))
    words = terms.words(question) if candidate.sentence.is_row else []
    of_three = zip(words, words[1:], words[2:], strict=False)
    before = {word for the, word, name in of_three if the in _DETERMINERS and frozenset(terms.stems(name)) & names}
    return tuple(one for one in missing if one.casefold() in before)


def _is_asked(name: str, asked: frozenset[str], columns: Sequence[str]) -> bool:
    """Whether all words of a name are in the question, and no other column has a name that says as much."""
    words = frozenset(terms.content_stems(name))
    return bool(words) and words <= asked and not any(words <= frozenset(terms.content_stems(one)) for one in columns)


def _columns_of(candidate: Candidate) -> list[str]:
    """The names in a row of cells, in order; none where it is another kind of sentence."""
    if candidate.passage.paragraph.role is not Role.TABLE or "\t" not in candidate.sentence.text:
        return []
    cells = [cell.partition(": ") for cell in candidate.sentence.text.split("\t")]
    return [name for name, colon, _ in cells if colon]


def _cells_of(candidate: Candidate) -> Iterator[_Cell]:
    """The cells of a row that hold something below a name, in the header of the table, or behind one of their own."""
    text, header = candidate.passage.paragraph.text, candidate.sentences[0]
    row = candidate.sentence.span
    cells = [cell.shifted(row.start) for cell in cell_spans(row.of(text))]
    if header.is_header:
        line = header.text.splitlines()[0]
        names = [name.of(line) for name in cell_spans(line)]
        named = list(zip(names, cells, strict=True)) if len(names) == len(cells) else []
    else:
        parted = [(cell, *cell.of(text).partition(": ")) for cell in cells]
        named = [(name, Span(cell.end - len(value), cell.end)) for cell, name, _, value in parted]
    for name, content in named:
        if len(content):
            yield _Cell(frozenset(terms.content_stems(name)), frozenset(terms.stems(name)), content)
