"""Rows whose cells stand behind the names of their columns: which cells the one that is quoted leaves empty."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.candidates import Candidate
from rag.domain import Role
from rag.text import terms
from rag.text.overlap import Inquiry


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
