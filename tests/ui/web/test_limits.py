"""What callers may ask of the chat, and that those who ask for too much keep nobody else out."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from attacking import Attacked, attacked, until_read
from browsing import wait_for

from ui.web.forgetting import AT_LEAST

QUESTION = "Who repaired the harbour of Pellworm?"
MEGABYTE = 1_000_000
TOO_MUCH = 10
"""Megabytes of memory; room for what an allocator keeps."""
MANY = 300
"""Calls: their answers alone are 15 MB."""
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("limits"), handles=1_024) as chat:
        until_read(chat)
        assert "Gesine Holm" in chat.post("/api/ask", {"question": QUESTION}).json["text"]
        yield chat
        assert "Traceback" not in chat.said, chat.said


def connected(chat: Attacked) -> socket.socket:
    return socket.create_connection(("127.0.0.1", chat.port), timeout=30)


def head(path: str, *more: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(65_536).split(b" ", 2)[1])


# --- bodies


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/api/ask", "/gradio_api/call/ask", "/gradio_api/queue/join", "/gradio_api/component_server"]
)
def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(chat: Attacked, path: str) -> None:  # case 10
    before = chat.memory
    with closing(connected(chat)) as announcing:
        announcing.sendall(head(path, "Content-Length: 100000000"))
        assert status_of(announcing) == 413
    with closing(connected(chat)) as streaming:
        streaming.sendall(head(path, "Transfer-Encoding: chunked"))
        for _ in range(20):
            streaming.sendall(b"10000\r\n" + b"[" * 65_536 + b"\r\n")
        assert status_of(streaming) == 413
    assert chat.memory - before < 20


@pytest.mark.parametrize(
    "body", [b'"' + b"x" * 100 * MEGABYTE + b'"', b"[" + b"[]," * 33 * MEGABYTE + b"[]]"], ids=["text", "lists"]
)
def test_a_hundred_megabytes_cost_neither_memory_nor_time(chat: Attacked, body: bytes) -> None:  # case 10
    before = chat.memory
    answers: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            started = time.monotonic()
            assert chat.post("/api/search", {"question": QUESTION}).status == 200
            answers.append(time.monotonic() - started)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert chat.send("POST", "/api/ask", body, JSON).status == 413
    except OSError:
        pass  # hung up on in the middle
    finally:
        done.set()
        asking.join()
    assert max(answers) < 10
    assert chat.memory - before < 40


def test_what_is_below_the_limit_is_read(chat: Attacked) -> None:  # case 10
    long = {"question": QUESTION, "unread": "x" * (MEGABYTE - 100)}
    assert chat.post("/api/search", long).status == 200
    assert chat.post("/api/search", {**long, "more": "x" * 100}).status == 413


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (nested(50), "lists or objects deep"),
        (nested(900), "lists or objects deep"),
        ("{" + '"a":{' * 60 + "}" * 61, "lists or objects deep"),
        ("[" + ",".join(["1"] * 60_000) + "]", "values"),
        ("[" + ",".join(["[]"] * 60_000) + "]", "values"),
        (nested(400_000), "values"),
        (nested(20_000), "JSON object"),
    ],
    ids=["deep", "deeper", "objects", "wide", "lists", "bottomless", "bottomless-still"],
)
@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/call/ask", "/gradio_api/queue/join"])
def test_what_is_too_deep_or_too_wide_is_refused_in_a_line(
    chat: Attacked, path: str, value: str, said: str
) -> None:  # case 10
    reply = chat.send("POST", path, f'{{"question": "q", "turns": {value}}}'.encode(), JSON)
    assert reply.status in (400, 415)
    assert said in reply.json["error"]


@pytest.mark.parametrize(
    "given",
    [
        {"question": "q", "documents": ["\ud800"]},
        {"question": "q", "folder": "\udfff"},
        {"question": "\ud800"},
        {"question": "q", "\ud800": 1},
        {"question": "q", "turns": [{"question": "\udc00", "answer": {}}]},
    ],
    ids=["document", "folder", "question", "name", "turn"],
)
def test_half_a_surrogate_pair_is_refused_in_a_line(chat: Attacked, given: dict[str, Any]) -> None:  # case 23
    for path in ("/api/ask", "/api/search", "/api/ingest", "/api/status", "/gradio_api/call/v2/ask"):
        reply = chat.post(path, given)
        assert (reply.status, "surrogate" in reply.json["error"]) == (400, True)
    assert chat.post("/api/search", {"question": "\U0001f30a harbour"}).status == 200


# --- what one call may ask for


@pytest.mark.slow
def test_more_turns_than_are_read_are_refused(chat: Attacked) -> None:  # case 8
    earlier = ["Who built the mill of Esens?"]
    assert chat.post("/api/ask", {"question": QUESTION, "turns": earlier * 20}).status == 200
    reply = chat.post("/api/ask", {"question": QUESTION, "turns": earlier * 21})
    assert reply.status == 400
    assert reply.json == {"error": "There are 21 turns; at most 20 are read. Send the last ones."}
    called = chat.post("/gradio_api/call/ask", {"data": ["q", earlier * 21, None]}).json["event_id"]
    assert "at most 20 are read" in chat.get(f"/gradio_api/call/ask/{called}").body.decode()


def test_names_are_a_set_and_no_more_than_some_hundreds(chat: Attacked) -> None:  # case 9
    started = time.monotonic()
    for name in ("ask", "search"):
        same = chat.post(f"/api/{name}", {"question": QUESTION, "documents": ["mill.md"] * 15_000})
        assert same.status == 200
        assert {one["document"] for one in same.json["passages"]} <= {"documents/mill.md"}
        reply = chat.post(f"/api/{name}", {"question": QUESTION, "documents": [f"{n}.md" for n in range(501)]})
        assert (reply.status, reply.json["error"]) == (
            400,
            "There are 501 names of documents; at most 500 are read. Name fewer.",
        )
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_the_work_for_callers_who_left_ends(chat: Attacked) -> None:  # case 8
    body = json.dumps({"question": QUESTION, "turns": [f"Who built mill number {n}?" for n in range(20)]}).encode()
    started = time.monotonic()
    chat.post("/api/ask", json.loads(body))
    one = time.monotonic() - started
    leaving = [connected(chat) for _ in range(100)]
    for connection in leaving:
        connection.sendall(head("/api/ask", f"Content-Length: {len(body)}") + body)
    time.sleep(0.5)
    for connection in leaving:
        connection.close()
    started = time.monotonic()
    assert chat.post("/api/ask", {"question": QUESTION}).status == 200
    # A few were under way; the others were never begun.
    assert time.monotonic() - started < 30 * one


@pytest.mark.slow
def test_health_is_told_while_every_thread_is_at_work(chat: Attacked) -> None:  # case 8
    turns = [f"Who built mill number {n}?" for n in range(20)]
    with ThreadPoolExecutor(60) as pool:
        working = [pool.submit(chat.post, "/api/ask", {"question": QUESTION, "turns": turns}) for _ in range(60)]
        waited: list[float] = []
        while not all(one.done() for one in working):
            started = time.monotonic()
            assert chat.get("/healthz").json == {"status": "ok"}
            waited.append(time.monotonic() - started)
            time.sleep(0.02)
    assert [one.result().status for one in working] == [200] * 60
    assert sorted(waited)[len(waited) // 2] < 0.5


# --- connections


def half_open(chat: Attacked, count: int, sent: bytes) -> list[socket.socket]:
    """As many unfinished requests as go through; the server may have closed some by then."""
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.settimeout(30)
        connection.connect(("127.0.0.1", chat.port))
        connections.append(connection)
        try:
            connection.sendall(sent)
        except OSError:
            continue
    return connections


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ", head("/api/ask", "Content-Length: 1000") + b"{"],
    ids=["silent", "line", "head", "body"],
)
def test_unfinished_requests_keep_nobody_out(chat: Attacked, sent: bytes) -> None:  # case 11
    held = half_open(chat, 1_050, sent)
    try:
        for _ in range(20):
            assert (
                chat.send("POST", "/api/search", json.dumps({"question": QUESTION}).encode(), JSON, wait=10).status
                == 200
            )
            assert chat.get("/healthz").status == 200
    finally:
        for connection in held:
            connection.close()


@pytest.mark.slow
def test_what_is_not_finished_in_time_is_closed(chat: Attacked) -> None:  # case 11
    slow = [connected(chat) for _ in range(3)]
    slow[0].sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    slow[2].sendall(head("/healthz", "Content-Length: 1000"))
    started = time.monotonic()
    closed: dict[int, float] = {}

    def drip(number: int) -> None:
        try:
            while time.monotonic() - started < 40:
                slow[number].sendall(b"X" if number else b"X-A: b\r\n")
                time.sleep(0.3)
        except OSError:
            closed[number] = time.monotonic() - started

    threads = [threading.Thread(target=drip, args=(number,)) for number in (0, 2)]
    for thread in threads:
        thread.start()
    slow[1].settimeout(40)
    assert slow[1].recv(10) == b""
    assert time.monotonic() - started < 20
    for thread in threads:
        thread.join()
    assert closed.keys() == {0, 2}
    assert all(seconds < 20 for seconds in closed.values()), closed
    for connection in slow:
        connection.close()


@pytest.mark.slow
def test_a_caller_may_take_a_while_between_two_requests_of_a_connection(chat: Attacked) -> None:  # case 11
    with closing(HTTPConnection("127.0.0.1", chat.port, timeout=20)) as connection:
        connection.connect()
        kept_open = connection.sock
        for _ in range(3):
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            assert (response.status, bool(response.read())) == (200, True)
            assert connection.sock is kept_open
            time.sleep(1)


# --- what is kept


def grown(chat: Attacked, work: Any) -> float:
    """Megabytes that a chat has grown by after MANY times some work, once it holds all that it may hold: the least
    of up to three rounds, as what piles up does so in each.

    What nobody fetches is kept for a while (`AT_LEAST`): the faster the machine, the more of it.
    """
    with ThreadPoolExecutor(4) as pool:
        started, warm = time.monotonic(), 0
        while time.monotonic() - started < AT_LEAST + 5:
            list(pool.map(work, range(warm - 150, warm)))
            warm -= 150
        settled(chat)
        growth: list[float] = []
        while len(growth) < 3 and min(growth, default=TOO_MUCH) >= TOO_MUCH:
            before = chat.memory
            first = MANY * len(growth)
            list(pool.map(work, range(first, first + MANY)))
            settled(chat)
            growth.append(chat.memory - before)
            print(f"\n{MANY} times: {before:.0f} MB and {growth[-1]:+.1f}")
    return min(growth)


def settled(chat: Attacked) -> None:
    wait_for(lambda: chat.get("/gradio_api/queue/status").json["queue_size"] == 0, "nothing waits")
    time.sleep(1)


def test_calls_whose_answers_nobody_fetches_do_not_pile_up(chat: Attacked) -> None:  # case 22
    def call(_: int) -> None:
        while chat.post("/gradio_api/call/ask", {"data": [QUESTION, None, None]}).status == 503:
            time.sleep(0.2)

    assert grown(chat, call) < TOO_MUCH


def test_pages_that_are_left_do_not_pile_up(chat: Attacked) -> None:  # case 22
    arrive = next(event["id"] for event in chat.events if "load" in str(event["targets"]))

    def visit(number: int) -> None:
        assert chat.get("/").status == 200
        assert chat.event(arrive, [], f"page-{number}").status in (200, 503)
        if number % 2:
            chat.outcome(f"page-{number}")

    assert grown(chat, visit) < TOO_MUCH


@pytest.mark.slow
def test_an_answer_waits_for_who_fetches_it_late(chat: Attacked) -> None:  # case 22
    called = chat.post("/gradio_api/call/ask", {"data": [QUESTION, None, None]}).json["event_id"]
    for _ in range(20):
        chat.post("/gradio_api/call/ask", {"data": [QUESTION, None, None]})
    time.sleep(2)
    assert "Gesine Holm" in chat.get(f"/gradio_api/call/ask/{called}").body.decode()
