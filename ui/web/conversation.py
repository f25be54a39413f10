"""A conversation, and what the browser keeps of it: questions and Answer JSON, without the texts of passages.

Answers are nouns here; their JSON is made for the browser alone, and read once where it comes back. Structured data
only, never markup. What comes back from a browser may be anything: whatever is no conversation is an empty one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rag.answer_json import answer_from
from rag.domain import Answer, Json, Statement, Turn, Verdict
from ui.words import excerpt

LONGEST_NAME = 200
_LONGEST_TITLE = 70


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question with what was answered so far; `problem` says why one failed."""

    question: str
    asked: str
    state: State
    answer: Answer | None = None
    problem: str | None = None

    def json(self) -> Json:
        return {
            "question": self.question,
            "asked": self.asked,
            "state": self.state.value,
            "answer": trimmed(self.answer) if self.answer else None,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Exchanges in order. `scope` holds the documents asked, None for all of them."""

    id: str
    folder: str
    title: str = ""
    scope: tuple[str, ...] | None = None
    exchanges: tuple[Exchange, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The answered questions, for the chatbot to understand a follow-up by."""
        done = [exchange for exchange in self.exchanges if exchange.state is State.DONE]
        return tuple(Turn(one.question, one.answer) for one in done if one.answer is not None)

    def asking(self, question: str) -> Conversation:
        """With a question added that is being answered."""
        exchange = Exchange(question=question, asked=_now(), state=State.RUNNING)
        title = self.title or excerpt(question, _LONGEST_TITLE)
        return replace(self, title=title, exchanges=(*self.exchanges, exchange))

    def before(self, turn: int) -> Conversation:
        """As it was before the question that `turn` numbers, counted from 1; all of it where it has none."""
        return replace(self, exchanges=self.exchanges[: turn - 1]) if turn >= 1 else self

    def without(self, turn: int) -> Conversation:
        """Without the question that `turn` numbers and its answer; all of it where it has none."""
        kept = tuple(one for number, one in enumerate(self.exchanges, start=1) if number != turn)
        return replace(self, exchanges=kept)

    def answered(self, answer: Answer) -> Conversation:
        """With the last question answered so far by `answer`."""
        state = State.DONE if answer.complete else State.RUNNING
        return self._ending(state=state, answer=answer)

    def failed(self, problem: str) -> Conversation:
        return self._ending(state=State.FAILED, problem=problem)

    def interrupted(self) -> Conversation:
        """With what was under way marked as stopped."""
        if not self.exchanges or self.exchanges[-1].state is not State.RUNNING:
            return self
        return self._ending(state=State.STOPPED)

    def _ending(self, **changes: Any) -> Conversation:
        ended = self.exchanges[-1]
        if changes.get("state") in (State.STOPPED, State.FAILED) and ended.answer:
            changes["answer"] = _without_pending(ended.answer)
        return replace(self, exchanges=(*self.exchanges[:-1], replace(ended, **changes)))

    def json(self) -> Json:
        return {
            "version": 1,
            "id": self.id,
            "folder": self.folder,
            "title": self.title,
            "scope": list(self.scope) if self.scope is not None else None,
            "exchanges": [exchange.json() for exchange in self.exchanges],
        }

    def text(self) -> str:
        """As one line of JSON; half of a surrogate pair, which no encoding takes, is replaced."""
        text = json.dumps(self.json(), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode("utf-8")


def new_conversation(folder: str, scope: Sequence[str] | None = None) -> Conversation:
    return Conversation(id=secrets.token_hex(8), folder=folder, scope=tuple(scope) if scope is not None else None)


def conversation_from(text: object, folder: str) -> Conversation:
    """The conversation that a browser kept; an empty one of `folder` where it is none, or of another folder."""
    try:
        described = json.loads(text) if isinstance(text, str) else text
        if not isinstance(described, dict) or described.get("folder") != folder:
            return new_conversation(folder)
        scope = described.get("scope")
        return Conversation(
            id=str(described["id"])[:64],
            folder=folder,
            title=str(described.get("title") or "")[:LONGEST_NAME],
            scope=tuple(map(str, scope)) if isinstance(scope, list) else None,
            exchanges=tuple(_exchange(one) for one in described.get("exchanges") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return new_conversation(folder)


def trimmed(answer: Answer) -> Json:
    """Answer JSON without the texts of passages: a browser's storage is small, and the documents are at hand."""
    described = answer.json()
    for name in ("passages", "closest"):
        described[name] = [{**passage, "text": ""} for passage in described[name]]
    return described


def _without_pending(answer: Answer) -> Answer:
    """What was not checked yet when the answer ended is marked as such: nothing unverified stays unmarked."""
    return replace(answer, statements=tuple(map(_closed, answer.statements)))


def _closed(statement: Statement) -> Statement:
    if statement.verdict is not Verdict.PENDING:
        return statement
    return replace(statement, verdict=Verdict.UNSUPPORTED, reason="the answer ended before this was checked")


def _exchange(described: dict[str, Any]) -> Exchange:
    problem = described.get("problem")
    return Exchange(
        question=str(described["question"]),
        asked=str(described.get("asked") or ""),
        state=State(described["state"]),
        answer=_answer(described.get("answer")),
        problem=str(problem) if problem else None,
    )


def _answer(described: object) -> Answer | None:
    """None where there is none yet or what came back is none."""
    try:
        return answer_from(described) if isinstance(described, dict) and described else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _now() -> str:
    # Finer than a second: a question that is asked again at once is another one.
    return datetime.now(UTC).isoformat(timespec="milliseconds")
