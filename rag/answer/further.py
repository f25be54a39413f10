"""What else a document says around what was quoted last: "tell me more"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answer.central import is_said
from rag.answer.collection import PassagesOf
from rag.answer.verify import quotation
from rag.documents.front_matter import is_front_matter
from rag.documents.voices import lead_of
from rag.domain import Answer, Citation, Passage, Role, Span, Statement, Turn, last_citing
from rag.text.overlap import view_sentences

MOST_FURTHER = 4
"""Sentences in one answer."""
_AROUND = 12
"""Paragraphs before and behind the quoted one that are looked at."""
_READ_ON = (Role.BODY, Role.LIST, Role.TABLE, Role.COMMENT)


def further(question: str, turns: Sequence[Turn], *, passages_of: PassagesOf) -> Answer:
    """The sentences that stand next to what the last answer quoted first: the rest of its paragraph, then what follows
    it, and where that is the end, what stands before; none that was told in this conversation. Such an answer must be
    among the turns."""
    told = [citation for turn in turns for citation in turn.answer.citations]
    last = last_citing(turns)
    assert last is not None
    first = last.citations[0].paragraph
    around = range(max(first.number - _AROUND, 1), first.number + _AROUND + 1)
    statements: list[Statement] = []
    passages: dict[int, Passage] = {}
    found = list(_untold(passages_of(first.document_id, around), first.role, told))
    behind = [one for one in found if one[0].paragraph.number >= first.number][:MOST_FURTHER]
    before = [one for one in found if one[0].paragraph.number < first.number][len(behind) - MOST_FURTHER :]
    for passage, span in [*before, *behind] if len(behind) < MOST_FURTHER else behind:
        citation = passage.cited(span, len(statements) + 1)
        statements.append(quotation(citation, lead=lead_of(citation)))
        passages[passage.paragraph.number] = passage
    title = last.citations[0].source.title
    notice = f"What “{title}” says next to it." if statements else f"“{title}” says no more around it."
    return Answer(
        question=question,
        searched_for=(question,),
        statements=tuple(statements),
        passages=tuple(passages.values()),
        notice=notice,
        named=(first.document_id,),
    )


def _untold(passages: Sequence[Passage], role: Role, told: Sequence[Citation]) -> Iterator[tuple[Passage, Span]]:
    for passage in passages:
        paragraph = passage.paragraph
        # The document goes on, or its readers do: the one is no part of the other.
        if paragraph.role not in _READ_ON or (paragraph.role is Role.COMMENT) != (role is Role.COMMENT):
            continue
        if is_front_matter(paragraph):
            continue
        for view in view_sentences(paragraph.text, False):
            span = view.span.shifted(paragraph.start)
            is_told = any(
                one.paragraph.document_id == paragraph.document_id and one.start < span.end and span.start < one.end
                for one in told
            )
            if not is_told and is_said(view.text):
                yield passage, span
