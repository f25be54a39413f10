"""Which documents speak of something: those in which its words stand, each with the sentence where they do."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answer.candidate import asks
from rag.answer.collection import MOST_TITLES, PassagesOf
from rag.answer.verify import quotation
from rag.documents.signatures import is_signature
from rag.documents.voices import lead_of
from rag.domain import Answer, Key, Passage, Role, Span, Statement, document_name
from rag.index.records import Record
from rag.text import terms
from rag.text.overlap import view_sentences

_LOOKED_AT = 20
"""Paragraphs of a document, the first that hold the words, among which the one to quote is chosen."""
_FEWEST_WORDS = 4
"""Of what says something by itself: "2. Slipway." is a label."""
_FEW, _MOST_WORDS = 3, 45
"""Documents of which more than a sentence is told, and the words of that."""
_TELLS = (Role.BODY, Role.LIST, Role.TABLE)


def speaking_of(
    question: str,
    topic: str,
    *,
    found: Sequence[Key],
    records: Sequence[Record],
    passages_of: PassagesOf,
    goes_on: bool = False,
) -> Answer:
    """The documents that hold the words of a topic, those with the most places first, and a sentence of each, which
    `goes_on` with those behind it where few are to be told; `found` are the paragraphs that hold the words."""
    numbers: dict[str, list[int]] = {}
    for document, number in found:
        numbers.setdefault(document, []).append(number)
    held = [record for record in records if record.document_id in numbers]
    held.sort(key=lambda one: (not _stems(topic) <= _stems(one.title), -len(numbers[one.document_id])))
    statements: list[Statement] = []
    passages: list[Passage] = []
    for record in held[:MOST_TITLES]:
        read = passages_of(record.document_id, numbers[record.document_id][:_LOOKED_AT])
        passage, span = _telling(read, topic)
        if goes_on and len(held) <= _FEW:
            span = _going_on(passage, span)
        citation = passage.cited(span, len(statements) + 1)
        said = lead_of(citation)
        statements.append(quotation(citation, lead=f"{record.title}, {said}" if said else f"{record.title}:"))
        passages.append(passage)
    left = held[MOST_TITLES:]
    named = "".join(f"; “{record.title}” ({document_name(record.document_id)})" for record in left[:MOST_TITLES])
    unnamed = f"; and {len(left) - MOST_TITLES} more" if len(left) > MOST_TITLES else ""
    many = "1 document mentions" if len(held) == 1 else f"{len(held)} documents mention"
    return Answer(
        question=question,
        searched_for=(question, f"What is said about {topic}?"),
        statements=tuple(statements),
        passages=tuple(passages),
        notice=f"{many} “{topic}”{'. Beside these' + named + unnamed if left else ''}.",
        named=tuple(record.document_id for record in left[:MOST_TITLES]),
    )


def _telling(passages: Sequence[Passage], topic: str) -> tuple[Passage, Span]:
    """The first of the sentences that hold most of the topic, the document's own before its readers'."""
    asked = _stems(topic)
    every = [
        (passage, view.span, (len(asked & view.present), len(view.stems) >= _FEWEST_WORDS and not asks(view)))
        for passage in passages
        for view in view_sentences(passage.paragraph.text, False)
        if not is_signature(view.text)
    ]
    best = max(every, key=lambda one: (*one[2], one[0].paragraph.role in _TELLS), default=None)
    if best is None:
        first = passages[0].paragraph
        return passages[0], Span(first.start, first.end)
    return best[0], best[1].shifted(best[0].paragraph.start)


def _going_on(passage: Passage, span: Span) -> Span:
    """A sentence with those behind it in its paragraph, as far as they are not too many words."""
    text, start = passage.paragraph.text, passage.paragraph.start
    ends = [view.span.end for view in view_sentences(text, False) if not view.is_row]
    fits = (end for end in ends if len(text[span.start - start : end].split()) <= _MOST_WORDS)
    return Span(span.start, max([span.end, *(start + end for end in fits)]))


def _stems(text: str) -> frozenset[str]:
    return frozenset(terms.content_stems(text) or terms.stems(text))
