"""Questions that lead on from an answer: made of what stands around the words that it cites, each asked before it is
offered.

For one answer at a time, so that they take little from whoever asks meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest

from rag.answer.questions import Suggestion, suggestions, topic_stems
from rag.chatbot import Chatbot
from rag.domain import Answer, Citation, Confidence, Key, Paragraph, Turn
from rag.index.records import Record
from rag.search.followup import expand
from ui.web.examples import answered, brought_by

MOST_NEXT = 3
_MOST_DOCUMENTS = 3
_TRIED = 8
_AROUND = 60
"""Paragraphs before and behind the cited one that questions are made of."""
_KEPT = 1_000
"""Tries that are remembered, each for the documents as they were."""
_MOST_WAITING = 4
"""Answers whose questions are made or wait to be; who comes then gets none."""


class Leading:
    """Finds the questions; what a question brought is remembered until the documents change."""

    def __init__(self, bot: Chatbot) -> None:
        self._bot = bot
        self._tried = lru_cache(_KEPT)(self._try)
        self._waiting = threading.Semaphore(_MOST_WAITING)
        self._one_at_a_time = threading.Lock()

    def on_from(
        self,
        turns: Sequence[Turn],
        *,
        asked: Sequence[str],
        scope: frozenset[str] | None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> tuple[str, ...]:
        """At most MOST_NEXT questions, the nearest to what the last of the `turns` cites first: none of those that were
        `asked`, and none that is answered with words that a turn has told. Ends early when `is_over`; empty where too
        many answers wait for theirs."""
        if not turns or not self._waiting.acquire(blocking=False):
            return ()
        try:
            with self._one_at_a_time:
                return self._found(turns, asked, scope, is_over)
        finally:
            self._waiting.release()

    def _found(
        self, turns: Sequence[Turn], asked: Sequence[str], scope: frozenset[str] | None, is_over: Callable[[], bool]
    ) -> tuple[str, ...]:
        last, generation = turns[-1], self._bot.retriever.snapshot.generation
        before = set(map(_plain, asked))
        topic = _Topic.of(last)
        fresh = (one for one in self._made(last.answer, topic, scope) if _plain(one.question) not in before)

        def tries(one: Suggestion) -> Sequence[Citation]:
            # What is understood by the question before it is tried behind that one alone.
            if expand(one.question, last.question) is not None:
                return brought_by(self._bot, one, scope, turns=turns)
            return self._tried(one, scope, generation)

        return answered(
            fresh,
            tries,
            most=MOST_NEXT,
            tried=_TRIED,
            told=[citation for turn in turns for citation in turn.answer.citations],
            is_over=is_over,
        )

    def _made(self, answer: Answer, topic: _Topic, scope: frozenset[str] | None) -> Iterator[Suggestion]:
        """Of each document in turn, the nearest first; none that leads away from the topic."""
        records = {one.document_id: one for one in self._bot.documents if scope is None or one.document_id in scope}
        near: dict[str, int] = {}
        for paragraph in _leading_paragraphs(answer):
            near.setdefault(paragraph.document_id, paragraph.number)
        places = [(records[one], number) for one, number in near.items() if one in records][:_MOST_DOCUMENTS]
        of_each = [
            [one for one in self._around(record, number, alone=len(records) == 1) if topic.holds(one, record)]
            for record, number in places
        ]
        return filter(None, chain.from_iterable(zip_longest(*of_each)))

    def _around(self, record: Record, number: int, *, alone: bool) -> list[Suggestion]:
        """Made of what stands around a paragraph of a document."""
        numbers = range(max(number - _AROUND, 1), min(number + _AROUND, record.paragraphs) + 1)
        made = suggestions(self._bot.retriever.passages_of(record.document_id, numbers), alone=alone)
        return sorted(made, key=lambda one: (_distance(one, number), one.rank))

    def _try(self, suggestion: Suggestion, scope: frozenset[str] | None, generation: str) -> Sequence[Citation]:  # noqa: ARG002 – what was tried on other documents does not count
        return brought_by(self._bot, suggestion, scope)


@dataclass(frozen=True, slots=True)
class _Topic:
    """What was spoken of: the stems of what was asked, and of what was quoted; where that stands."""

    asked: frozenset[str]
    told: frozenset[str]
    places: frozenset[Key]

    @classmethod
    def of(cls, turn: Turn) -> _Topic:
        asked = topic_stems(" ".join((turn.question, *turn.answer.searched_for)))
        told = topic_stems(" ".join(citation.quote for citation in turn.answer.citations))
        return cls(asked, told, frozenset(citation.paragraph.key for citation in turn.answer.citations))

    def holds(self, suggestion: Suggestion, record: Record) -> bool:
        """Whether a question goes on with it: of a document whose title was spoken of, in words of the topic, or of
        what stands right beside the quote. Where nothing was quoted any does: it leads to what there is."""
        if (
            not self.places
            or self.asked & topic_stems(record.title)
            or (self.asked | self.told) & topic_stems(suggestion.question)
        ):
            return True
        return any(
            document == other and abs(number - place) <= 1
            for document, number in suggestion.places
            for other, place in self.places
        )


def _leading_paragraphs(answer: Answer) -> list[Paragraph]:
    """The cited ones; of an answer that is none or a doubtful one also those of the closest passages."""
    cited = [citation.paragraph for citation in answer.citations]
    near = [] if answer.confidence is Confidence.HIGH else [passage.paragraph for passage in answer.closest]
    return [*cited, *near]


def _distance(suggestion: Suggestion, number: int) -> float:
    """In paragraphs; what comes next is a little nearer than what came before, and what has no place is far."""
    apart = (place - number for _, place in suggestion.places)
    return min((one if one >= 0 else 0.5 - one for one in apart), default=float("inf"))


def _plain(question: str) -> str:
    """By which a question is known, however it was typed."""
    return " ".join(question.casefold().split()).rstrip("?!. ")
