"""A language model of whatever make is asked once; what it raises is told as ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen, MessageRole

from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.any_model import Reply, ask_once, stream_once
from tests.rag.answer.test_generate import Scripted

USAGE = {"prompt_tokens": 7, "cost": 0.5}


class Foreign(Scripted):
    """Somebody else's model, which fails in a way of its own: when it is asked, or when it has begun."""

    _error: Exception
    _begins: bool

    def __init__(self, error: Exception, *, begins: bool) -> None:
        super().__init__("It lasted.")
        self._error, self._begins = error, begins

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        if not self._begins:
            raise self._error
        return self._broken()

    def _broken(self) -> ChatResponseGen:
        yield ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content="It"), delta="It")
        raise self._error


class Counting(Scripted):
    """A model whose server tells of tokens and cost with the last piece."""

    def _pieces(self, text: str) -> ChatResponseGen:
        yield from super()._pieces(text)
        message = ChatMessage(role=MessageRole.ASSISTANT, content=text)
        yield ChatResponse(message=message, delta=None, additional_kwargs={"usage": USAGE})


def whole(llm: Scripted) -> Any:
    return ask_once(llm, instruction="Answer.", text="How long?")


def streamed(llm: Scripted) -> Any:
    return list(stream_once(llm, instruction="Answer.", text="How long?"))


def test_the_instruction_goes_before_the_text() -> None:
    llm = Scripted("It lasted.")
    assert whole(llm) == Reply("It lasted.")
    assert llm._asked == ["Answer.\nHow long?"]


def test_usage_comes_with_the_reply_and_with_its_last_piece() -> None:
    assert whole(Counting("It lasted.")) == Reply("It lasted.", USAGE)
    assert streamed(Counting("It lasted.")) == [Reply("It last"), Reply("ed."), Reply("", USAGE)]


@pytest.mark.parametrize("ask", [whole, streamed])
@pytest.mark.parametrize("begins", [False, True], ids=["when asked", "when it has begun"])
def test_what_a_foreign_model_raises_is_one_line_of_ours(ask: Callable[[Scripted], Any], begins: bool) -> None:
    with pytest.raises(ChatModelError, match=r"^The model failed \(no such tensor\)\.$"):
        ask(Foreign(RuntimeError("no such tensor\nat 0x7f"), begins=begins))
    with pytest.raises(ChatModelError, match=r"^The model failed \(KeyError\)\.$"):
        ask(Foreign(KeyError(), begins=begins))


def test_what_is_an_error_of_ours_already_stays_what_it_is() -> None:
    with pytest.raises(ContextTooLongError, match=r"^Too long\.$"):
        streamed(Foreign(ContextTooLongError("Too long."), begins=True))


def test_whoever_stops_reading_ends_the_request() -> None:
    llm = Scripted("It lasted.")
    pieces = stream_once(llm, instruction="Answer.", text="How long?")
    next(pieces)
    pieces.close()
    assert llm._closed
