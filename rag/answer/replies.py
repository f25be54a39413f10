"""A question that somebody is heard to ask, with what the next one says to it: no question answers one."""

from __future__ import annotations

import regex

from rag.answer.candidate import Candidate, asks
from rag.answer.quoting import statement_of, unmarked
from rag.answer.sections import Read
from rag.answer.verify import quotation
from rag.documents.voices import lead_of
from rag.domain import Passage, Span, Statement
from rag.text import language
from rag.text.units import split_units

_OF_ASKING = regex.compile(rf"\b{language.pattern('questions.of_asking')}\b", regex.IGNORECASE)
_OF_KNOWING = regex.compile(rf"\b{language.pattern('questions.of_knowing')}\b", regex.IGNORECASE)
_NOT_KNOWN = regex.compile(rf"\b{language.pattern('telling.not_known')}\b", regex.IGNORECASE)
_BARE = regex.compile(
    rf"^\W*(?:{language.pattern('questions.goes_on')}\s+)?"
    rf"(?:(?:{language.pattern('questions.asks_what', 'questions.whens')})\s+\S+\s+\S"
    rf"|(?:{language.pattern('questions.polar')})\s+(?:{language.pattern('questions.asked_of')})\s+\S)[^.!,;:]*$",
    regex.IGNORECASE,
)
_MOST_OF_BARE = 9
_MOST_WORDS = 45
"""Of a reply; of a longer one its beginning, in whole sentences."""


def is_heard_to_ask(question: str, candidate: Candidate) -> bool:
    """Whether a sentence is a question, or says in a conversation that it is not known, and no answer to one that is
    not about what somebody asks."""
    is_turn = candidate.passage.paragraph.speaker is not None and not _OF_KNOWING.search(question)
    text = candidate.sentence.text
    is_open = is_turn and (_NOT_KNOWN.search(text) is not None or _is_bare_question(text))
    return (asks(candidate.sentence) or is_open) and not _OF_ASKING.search(question)


def _is_bare_question(text: str) -> bool:
    """Whether it is a question as people type them, without a mark: "is there parking"."""
    return len(text.split()) <= _MOST_OF_BARE and _BARE.match(text) is not None


def with_reply(candidate: Candidate, read: Read) -> tuple[Statement, ...]:
    """The question as it is asked, its verdict still pending, and the turn that comes next where it is somebody
    else's."""
    asked = unmarked(statement_of(candidate, 1))
    paragraph = candidate.passage.paragraph
    following = read(paragraph.document_id, range(paragraph.number + 1, paragraph.number + 2))
    replies = [one for one in following if one.paragraph.speaker not in (None, paragraph.speaker)]
    return (asked, *(_beginning_of(reply) for reply in replies))


def _beginning_of(reply: Passage) -> Statement:
    text, start = reply.paragraph.text, reply.paragraph.start
    first, *others = split_units(text)
    end = first.end
    for other in others:
        if len(text[first.start : other.end].split()) > _MOST_WORDS:
            break
        end = other.end
    citation = reply.cited(Span(first.start, end).shifted(start), 2)
    return quotation(citation, lead=lead_of(citation))
