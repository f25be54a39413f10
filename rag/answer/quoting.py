"""A sentence as a statement that quotes it, with words of ours in front: who says it, the question it answers, the
names of its columns, the heading that it points back to."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.candidate import Candidate
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Passage, Role, Statement
from rag.text.units import columns_of, names_above

_SHORT = 2
"""Words of a heading that may stand under several others."""


def statement_of(candidate: Candidate, mark: int) -> Statement:
    """A sentence as a statement that cites it; its verdict is still pending."""
    citation = candidate.passage.cited(candidate.span, mark)
    bold = candidate.bold
    if bold is not None and citation.start <= bold.start and bold.end <= citation.end:
        citation = replace(citation, bold=bold)
    above = _columns_of(candidate) or _asked_of(candidate) or label_lead(candidate) or _heading_of(candidate)
    return Statement(text=display(citation.quote), citations=(citation,), lead=lead_of(citation) or above)


def unmarked(statement: Statement) -> Statement:
    """Without words in bold, as what nobody is sure of is shown."""
    return replace(statement, citations=tuple(replace(one, bold=None) for one in statement.citations))


def _asked_of(candidate: Candidate) -> str | None:
    """The question that a sentence answers in a list of questions, without the marks around it."""
    asked = candidate.asked_before
    return display(asked).strip("*_# ") if asked else None


def label_lead(candidate: Candidate) -> str | None:
    """The label at the beginning of its paragraph, where the quote leaves it out."""
    begins = candidate.span.start > candidate.passage.paragraph.start + candidate.sentences[0].span.start
    return f"{display(candidate.label)}:" if candidate.label and begins else None


def _heading_of(candidate: Candidate) -> str | None:
    """The heading that a sentence points back to, as "Then it is lost." does, or of which it is an item."""
    heading = candidate.passage.paragraph.heading
    is_item = candidate.passage.paragraph.role is Role.LIST
    if not heading or not (candidate.is_said_of_heading or is_item):
        return None
    return heading_lead(candidate.passage)


def heading_lead(passage: Passage) -> str | None:
    """The heading above a passage in front of what is quoted of it; one of a word or two with the one above that, as
    "Changed" stands under each version. The document's title says no more than its name beside the quote."""
    heading = passage.paragraph.heading
    if not heading:
        return None
    if heading[-1].endswith(("?", ":")):
        return heading[-1]
    is_short = len(heading[-1].split()) <= _SHORT
    above = [one for one in heading[-2:-1] if is_short and one != passage.source.title and not one.endswith(":")]
    return f"{' › '.join([*above, heading[-1]])}:"


def _columns_of(candidate: Candidate) -> str | None:
    """What the cells of a row are, to read it by."""
    header = candidate.sentences[0]
    if not candidate.sentence.is_row:
        return None
    if header.is_header and (names := columns_of(header.text)):
        return f"{names}:"
    # A field says nothing of whom: "status: blocked"; and rows of two sheets may look the same.
    heading = candidate.passage.paragraph.heading
    if candidate.is_field or candidate.is_record:
        above = heading_lead(candidate.passage) or f"{candidate.passage.source.title}:"
        if parents := names_above(candidate.passage.paragraph.text, candidate.sentence.span):
            return f"{above.rstrip(':')} › {' › '.join(parents)}:"
        return f"{above} {header.text}:" if header.names_record and candidate.index else above
    if header.is_header:
        return heading_lead(candidate.passage) or f"{candidate.passage.source.title}:"
    return f"{heading[-1].rstrip(':')}:" if heading and "\t" in candidate.sentence.text else None
