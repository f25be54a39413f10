"""The model's server, as a real one speaks and as it fails: each failure is one clear line, and none hangs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.chat_model import ChatModel
from tests.conftest import ModelServer

KEY = "sk-planted-0123456789"


def asked(words: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=words)]


def failing(
    status: int, message: str, kind: str = "invalid_request_error", code: str | None = None
) -> dict[str, object]:
    return {"response": {"error": {"message": message, "type": kind, "code": code}, "status": status}}


@pytest.fixture(scope="module")
def url(model_server: ModelServer) -> Iterator[str]:
    replies: dict[str, str | dict[str, object]] = {
        "plain": "The siege lasted 13 days. [P1]",
        "wrong key": failing(401, "Incorrect API key provided", "authentication_error", "invalid_api_key"),
        "forbidden": failing(403, "no access", "permission_error"),
        "no model": failing(404, "The model does not exist", code="model_not_found"),
        "too long": failing(400, "maximum context length is 4096 tokens", code="context_length_exceeded"),
        "bad request": failing(400, "temperature is not supported"),
        "cut": {"response": {"content": "It lasted a long, long, long time. " * 9}, "truncateAfterChunks": 8, "latency": 20},
        "slow": {"response": {"content": "It lasted. " * 40}, "latency": 60},
        "stalling": {"response": {"content": "It lasted."}, "latency": 3000},
        "malformed": {"response": {"content": "x"}, "chaos": {"malformedRate": 1.0}},
        "gone": {"response": {"content": "x"}, "chaos": {"disconnectRate": 1.0}},
        "broken": {"response": {"content": "x"}, "chaos": {"dropRate": 1.0}},
    }  # fmt: skip
    with model_server(replies) as url:
        yield url


def model(url: str, silent: float = 5.0, whole: float = 30.0) -> ChatModel:
    return ChatModel("gpt-test", KEY, url, silent_seconds=silent, whole_seconds=whole)


def test_an_answer_comes_piece_by_piece_with_its_tokens(url: str) -> None:
    pieces = list(model(url).stream_chat(asked("plain")))
    assert len(pieces) > 2
    assert "".join(piece.delta or "" for piece in pieces) == "The siege lasted 13 days. [P1]"
    assert pieces[-1].message.content == "The siege lasted 13 days. [P1]"
    assert set(pieces[-1].additional_kwargs["usage"]) == {"prompt_tokens", "completion_tokens"}


def test_it_is_a_model_for_other_peoples_code_too(url: str) -> None:
    assert model(url).complete("plain").text == "The siege lasted 13 days. [P1]"
    assert model(url).metadata.model_name == "gpt-test"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("wrong key", r"127\.0\.0\.1:\d+ refuses the key\. Check OPENAI_API_KEY\."),
        ("forbidden", r"does not let this key use gpt-test"),
        ("no model", r"knows no model gpt-test\. Check IBID_CHAT_MODEL and OPENAI_BASE_URL\."),
        ("bad request", r"does not take the request .*temperature"),
        ("malformed", r"gpt-test at 127\.0\.0\.1:\d+ "),
        ("gone", r"cannot be reached|broke off"),
        ("broken", r"failed .*Try again later"),
    ],
)
def test_every_failure_is_one_line_that_says_what_to_do(url: str, words: str, line: str) -> None:
    with pytest.raises(ChatModelError, match=line) as refused:
        model(url).chat(asked(words))
    assert "\n" not in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_context_that_is_too_short_is_told_apart(url: str) -> None:
    with pytest.raises(ContextTooLongError):
        model(url).chat(asked("too long"))


def test_a_stream_that_is_cut_is_an_error_and_not_an_answer(url: str) -> None:
    said = []
    with pytest.raises(ChatModelError):
        for piece in model(url).stream_chat(asked("cut")):
            said.append(piece.delta)
    assert said


def test_silence_and_slowness_end_within_their_times(url: str) -> None:
    started = time.monotonic()
    with pytest.raises(ChatModelError, match="did not answer in time"):
        model(url, silent=0.3).chat(asked("stalling"))
    assert time.monotonic() - started < 10
    with pytest.raises(ChatModelError, match="longer than 1 seconds"):
        model(url, whole=1.0).chat(asked("slow"))


@pytest.mark.slow
def test_too_many_requests_are_tried_again_and_then_told(model_server: ModelServer) -> None:
    with model_server({"plain": "Fine."}, "--chaos-ratelimit", "1") as url:
        started = time.monotonic()
        with pytest.raises(ChatModelError, match="too many requests"):
            model(url).chat(asked("plain"))
        assert time.monotonic() - started < 60


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ChatModelError, match=rf"127\.0\.0\.1:{port} cannot be reached\. Check OPENAI_BASE_URL"):
        model(f"http://127.0.0.1:{port}/v1").chat(asked("plain"))


def test_a_stream_that_nobody_reads_on_is_closed(url: str) -> None:
    stream = model(url).stream_chat(asked("slow"))
    next(stream)
    stream.close()
    assert list(stream) == []
