"""The model's server, as a real one speaks and as it fails: each failure is one clear line, and none hangs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.chat_model import ChatModel
from tests.conftest import ModelServer, serving

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
        ("no model", r"knows no model gpt-test \(.+\)\. Check IBID_CHAT_MODEL and OPENAI_BASE_URL\."),
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


@contextmanager
def peer(answer: Callable[[BaseHTTPRequestHandler, int], None]) -> Iterator[str]:
    """The address of a server that answers its first request, its second and so on in this way."""
    made = 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal made
            made += 1
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(ConnectionError):  # whoever has waited long enough hangs up
                answer(self, made)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        yield f"{url}/v1"


def begin(to: BaseHTTPRequestHandler, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
    to.send_response(status)
    for name, value in {"Content-Type": kind, **headers}.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()


def send(to: BaseHTTPRequestHandler, delta: dict[str, str], finish: str | None = None) -> None:
    told = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    to.wfile.write(b"data: " + json.dumps(told).encode() + b"\n\n")


def refuse(to: BaseHTTPRequestHandler, status: int, words: str, **headers: str) -> None:
    begin(to, status, "application/json", **headers)
    to.wfile.write(json.dumps({"error": {"message": words}}).encode())


@pytest.mark.parametrize("sign", ["a comment", "an empty piece"])
@pytest.mark.parametrize("first", ["", "It lasted"])
def test_a_server_that_only_keeps_the_connection_open_is_silent(sign: str, first: str) -> None:
    def answer(to: BaseHTTPRequestHandler, _: int) -> None:
        begin(to)
        if first:
            send(to, {"content": first})
        for _ in range(100):
            if sign == "a comment":
                to.wfile.write(b": keepalive\n\n")
            else:
                send(to, {"content": ""})
            time.sleep(0.1)

    started = time.monotonic()
    with peer(answer) as url, pytest.raises(ChatModelError, match="did not answer in time"):
        model(url, silent=0.6).chat(asked("plain"))
    assert 0.5 < time.monotonic() - started < 5


def test_a_model_that_reasons_for_longer_than_a_silence_is_waited_for() -> None:
    def answer(to: BaseHTTPRequestHandler, _: int) -> None:
        begin(to)
        for _ in range(12):
            send(to, {"reasoning_content": "hm"})
            time.sleep(0.1)
        send(to, {"content": "Thirteen days."}, "stop")

    with peer(answer) as url:
        assert model(url, silent=0.8).complete("plain").text == "Thirteen days."


def test_a_server_that_loads_its_model_is_asked_until_it_has() -> None:
    def answer(to: BaseHTTPRequestHandler, made: int) -> None:
        if made <= 4:
            refuse(to, 503, "Loading model")
            return
        begin(to)
        send(to, {"content": "Thirteen days."}, "stop")

    with peer(answer) as url:
        assert model(url, silent=10.0).complete("plain").text == "Thirteen days."
    started = time.monotonic()
    with (
        peer(lambda to, _: refuse(to, 503, "Loading model")) as url,
        pytest.raises(ChatModelError, match=r"failed \(Loading model\)\. Try again later\."),
    ):
        model(url, silent=1.5).complete("plain")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("words", "tries"),
    [
        ("You exceeded your current quota, please check your plan and billing details.", 1),
        ("Quota exceeded for requests per minute. Please retry in 0.1s.", 3),
        ("Rate limit reached", 3),
    ],
)
def test_a_quota_that_is_used_up_is_not_asked_for_again_and_one_of_a_minute_is(words: str, tries: int) -> None:
    made: list[int] = []

    def answer(to: BaseHTTPRequestHandler, count: int) -> None:
        made.append(count)
        refuse(to, 429, words, Retry_After="0")

    told = "used up" if tries == 1 else "has had too many requests"
    with peer(answer) as url, pytest.raises(ChatModelError, match=told):
        model(url).chat(asked("plain"))
    assert len(made) == tries


def test_a_server_that_asks_for_more_time_than_there_is_is_told_at_once_with_how_long() -> None:
    started = time.monotonic()
    with (
        peer(lambda to, _: refuse(to, 429, "slow down", Retry_After="432")) as url,
        pytest.raises(ChatModelError, match=r"\(slow down\)\. Try again in 432 seconds\."),
    ):
        model(url).chat(asked("plain"))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("asked_for", "least"),
    [("1", 1.0), ("date", 1.0), ("nan", 0.0), ("inf", 0.0), ("soon", 0.0), ("-3", 0.0), ("", 0.0)],
)
def test_a_server_may_ask_to_be_asked_later_in_seconds_or_at_a_time(asked_for: str, least: float) -> None:
    def answer(to: BaseHTTPRequestHandler, made: int) -> None:
        if made == 1:
            refuse(to, 429, "slow", Retry_After=formatdate(time.time() + 3) if asked_for == "date" else asked_for)
            return
        begin(to)
        send(to, {"content": "Thirteen days."}, "stop")

    started = time.monotonic()
    with peer(answer) as url:
        assert model(url).complete("plain").text == "Thirteen days."
    assert least <= time.monotonic() - started < 10
