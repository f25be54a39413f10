"""Notes: answers and quotes that somebody keeps, in an order and with comments of their own.

The browser keeps them; what comes back from it may be anything, and whatever is no note is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import regex

from rag.answer_json import answer_from
from rag.documents.context import display
from rag.documents.voices import lead_of
from rag.domain import Answer, Citation, Passage, Span, Statement, Verdict
from rag.errors import DocumentError

LONGEST_TITLE = 200
LONGEST_COMMENT = 4_000
MOST_NOTES = 500
MOST_QUOTED = 20
"""Paragraphs that one quote may take from."""

_ID = regex.compile(r"[a-z0-9]{1,40}")
# As the page's script counts them: of white space it cannot see each sign as it stands in the document.
_LETTER = regex.compile(r"[^ \t\n\r\f]")


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a citation whose document is not as it was; it has `lapsed` where the words do not stand
    at their place any more."""

    text: str
    lapsed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An answer that was kept; a kept quote is one to no question. `remarks` are by the marks of its citations."""

    id: str
    answer: Answer
    comment: str = ""
    remarks: Mapping[int, Remark] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        if self.answer.question:
            return self.answer.question
        titles = dict.fromkeys(citation.source.title for citation in self.answer.citations)
        return f"Quote from {', '.join(titles)}"

    @property
    def has_lapsed(self) -> bool:
        return any(remark.lapsed for remark in self.remarks.values())


@dataclass(frozen=True, slots=True)
class Collection:
    """Notes in order, under a title."""

    title: str
    notes: tuple[Note, ...]


def collection_from(text: object) -> Collection:
    """The collection that a browser kept, without what is none."""
    try:
        described = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, dict):
        return Collection("", ())
    listed = described.get("notes")
    notes = [_note(one) for one in listed[:MOST_NOTES]] if isinstance(listed, list) else []
    title = display(str(described.get("title") or ""))[:LONGEST_TITLE]
    return Collection(title or "Notes", tuple(note for note in notes if note is not None))


def numbered(notes: Sequence[Note]) -> Iterator[Note]:
    """Notes whose citations are counted on from one to the next, so that in one text each number is one quote."""
    count = 0
    for note in notes:
        marks = {one.mark: number for number, one in enumerate(note.answer.sources, start=count + 1)}
        count += len(marks)
        statements = tuple(_renumbered(statement, marks) for statement in note.answer.statements)
        remarks = {marks[mark]: remark for mark, remark in note.remarks.items()}
        yield replace(note, answer=replace(note.answer, statements=statements), remarks=remarks)


def quote_of(passages: Sequence[Passage], spans: Sequence[Span]) -> Answer:
    """What was chosen in paragraphs of a document, each span in the document's text: verbatim, in words of ours only
    who says it where that is not the document."""
    pairs = zip(passages, spans, strict=True)
    citations = [passage.cited(span, mark) for mark, (passage, span) in enumerate(pairs, start=1)]
    return Answer(question="", statements=tuple(map(_quoted, citations)))


def span_of_letters(passage: Passage, first: int, last: int | None) -> Span:
    """The span in the document's text from the letter `first` of a paragraph to before the letter `last`, to its end
    where that is None. White space is not counted, and none stands at the ends. Raises DocumentError where no letter
    is between them."""
    paragraph = passage.paragraph
    places = [found.start() for found in _LETTER.finditer(paragraph.text)][max(first, 0) : last]
    if not places:
        raise DocumentError("Nothing is selected there. Select the words to keep.")
    return Span(paragraph.start + places[0], paragraph.start + places[-1] + 1)


def _quoted(citation: Citation) -> Statement:
    text = display(citation.quote)
    return Statement(text=text, citations=(citation,), verdict=Verdict.VERIFIED, lead=lead_of(citation))


def _renumbered(statement: Statement, marks: Mapping[int, int]) -> Statement:
    citations = tuple(replace(one, mark=marks[one.mark]) for one in statement.citations)
    return replace(statement, citations=citations)


def _note(described: Any) -> Note | None:
    try:
        if not _ID.fullmatch(described["id"]):
            return None
        # What a model thought is nobody's note.
        answer = replace(answer_from(described["answer"]), reasoning=None)
        return Note(id=described["id"], answer=answer, comment=str(described.get("comment") or "")[:LONGEST_COMMENT])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
