"""Questions to begin with, drawn from the documents at hand; each was asked, and answered from where it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, zip_longest

from rag.answer.guide import MOST_READ
from rag.answer.questions import Suggestion, suggestions
from rag.chatbot import Chatbot
from rag.domain import Answer, Citation, Confidence, Key, Question, Turn, Verdict
from rag.index.records import Record

MOST = 4
MOST_OF_ONE = 3
MOST_DOCUMENTS = 12
_TRIED = 14
_TRIED_OF_ONE = 8
_BEGINNING = 60
"""Paragraphs of each document that questions to a folder are made of."""


def examples(bot: Chatbot, is_over: Callable[[], bool] = lambda: False) -> tuple[str, ...]:
    """At most MOST questions that the documents answer, for people who do not know yet what to ask: from different
    documents, as far as these go. Ends early when `is_over`."""
    if not bot.documents:
        return ()
    alone = len(bot.documents) == 1
    made = [_suggested(bot, record, most=_BEGINNING, alone=alone) for record in some_of(bot.documents, MOST_DOCUMENTS)]
    # The first of each document, the best kinds before the others, then the second of each.
    turns = (sorted(filter(None, turn), key=lambda one: one.rank) for turn in zip_longest(*made))
    first = "What is this about?" if alone else "What are these documents about?"
    tries = partial(brought_by, bot, scope=None)
    kept = answered(chain.from_iterable(turns), tries, most=MOST - 1, tried=_TRIED, is_varied=True, is_over=is_over)
    return (first, *kept)


def questions_to(bot: Chatbot, record: Record) -> tuple[str, ...]:
    """At most MOST_OF_ONE questions that this document answers by itself."""
    made = _suggested(bot, record, most=MOST_READ, alone=True)
    tries = partial(brought_by, bot, scope=frozenset({record.document_id}))
    return answered(made, tries, most=MOST_OF_ONE, tried=_TRIED_OF_ONE)


def some_of(records: Sequence[Record], most: int) -> list[Record]:
    """At most so many, spread over all of them."""
    step = max(len(records) / most, 1.0)
    return [records[int(i * step)] for i in range(min(len(records), most))]


def _suggested(bot: Chatbot, record: Record, *, most: int, alone: bool) -> list[Suggestion]:
    """Those of different places, spread over the document."""
    numbers = range(1, min(record.paragraphs, most) + 1)
    return suggestions(bot.retriever.passages_of(record.document_id, numbers), alone=alone)


def answered(
    made: Iterable[Suggestion],
    tries: Callable[[Suggestion], Sequence[Citation]],
    *,
    most: int,
    tried: int,
    is_varied: bool = False,
    told: Sequence[Citation] = (),
    is_over: Callable[[], bool] = lambda: False,
) -> tuple[str, ...]:
    """Those that are answered, as `tries` says, each from another place than those before it, and none with words that
    were `told` already; where it `is_varied`, such as begin otherwise."""
    kept: list[str] = []
    places: set[Key] = set()
    for suggestion in made:
        if len(kept) == most or tried == 0 or is_over():
            break
        if is_varied and _begin(suggestion.question) in map(_begin, kept):
            continue
        tried -= 1
        brought = tries(suggestion)
        found = {citation.paragraph.key for citation in brought}
        if brought and not found & places and not _are_among(brought, told):
            places |= found
            kept.append(suggestion.question)
    return tuple(kept)


def brought_by(
    bot: Chatbot, suggestion: Suggestion, scope: frozenset[str] | None, turns: Sequence[Turn] = ()
) -> Sequence[Citation]:
    """What it is answered with after these turns, surely and from where it was made of; nothing otherwise."""
    answer = bot.ask(Question(suggestion.question, turns=turns, offline=True, scope=scope))
    return answer.citations if _is_good(answer, suggestion) else ()


def _are_among(brought: Sequence[Citation], told: Sequence[Citation]) -> bool:
    """Whether any of these words were told."""
    return any(
        one.paragraph.document_id == other.paragraph.document_id and one.start < other.end and other.start < one.end
        for one in brought
        for other in told
    )


def _begin(question: str) -> str:
    """What makes questions look alike: "How much", but of what is said about different things these."""
    words = question.split()
    return " ".join(words if words[:2] == ["What", "is"] else words[:2])


def _is_good(answer: Answer, suggestion: Suggestion) -> bool:
    """Whether it answers, surely and from where the question was made of."""
    found = {citation.paragraph.key for citation in answer.citations}
    return (
        answer.confidence is Confidence.HIGH
        and not answer.abstained
        and bool(found)
        and all(one.verdict is Verdict.VERIFIED for one in answer.statements)
        and (not suggestion.places or bool(found & suggestion.places))
    )
