"""Honest callers beside hostile ones: nobody is refused, and hardly anybody waits longer."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from statistics import quantiles

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))
from attacking import Attacked, attacked, until_read

CALLERS = int(os.environ.get("IBID_LOAD_CALLERS", "10"))
SECONDS = float(os.environ.get("IBID_LOAD_SECONDS", "10"))
PAUSE = float(os.environ.get("IBID_LOAD_PAUSE", "4"))
"""50 callers for 60 seconds are the figure of the notes; a caller reads an answer before the next question."""
QUESTION = "Who repaired the harbour of Pellworm?"


def honest(chat: Attacked, callers: int, seconds: float) -> tuple[list[float], list[str]]:
    """How long each answer took, and what went wrong."""
    until = time.monotonic() + seconds
    took: list[float] = []
    errors: list[str] = []

    def caller(number: int) -> None:
        drawn = random.Random(number)
        time.sleep(drawn.random() * PAUSE)
        while time.monotonic() < until:
            started = time.monotonic()
            try:
                reply = chat.send(
                    "POST",
                    "/api/ask",
                    json.dumps({"question": QUESTION}).encode(),
                    {"Content-Type": "application/json"},
                    wait=60,
                )
                if reply.status != 200 or "Gesine Holm" not in reply.json["text"]:
                    errors.append(f"{reply.status} {reply.body[:200]!r}")
            except OSError as error:
                errors.append(repr(error))
            took.append(time.monotonic() - started)
            time.sleep(PAUSE * 2 * drawn.random())

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(caller, range(callers)))
    return took, errors


def hostile(port: int) -> None:
    """Until killed: bodies that are too large, too deep, too wide or files, half requests, and calls that are left."""
    # What they cost their own machine is not to be counted.
    os.nice(19)
    kind = {"Content-Type": "application/json"}
    bodies = [
        b'"' + b"x" * 2_000_000 + b'"',
        b'{"question": "q", "turns": ' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"question": "q", "turns": [' + b"[]," * 300_000 + b"[]]}",
        json.dumps({"question": "q", "turns": ["Who?"] * 60_000}).encode(),
        json.dumps({"question": "q", "documents": [f"{n}.md" for n in range(40_000)]}).encode(),
        json.dumps({"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "fn_index": 1}).encode(),
    ]

    def body(number: int) -> None:
        path = ("/api/ask", "/gradio_api/call/ask", "/gradio_api/queue/join")[number // len(bodies) % 3]
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        with closing(connection):
            connection.request("POST", path, bodies[number % len(bodies)], kind)
            connection.getresponse().read()

    def half(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            lines = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
            connection.sendall(lines + b"\r\n{" * (number % 2))
            time.sleep(5)

    def leave(_: int) -> None:
        asked = json.dumps({"question": QUESTION, "turns": ["Who built the mill?"] * 20}).encode()
        lines = (
            "POST /api/ask HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(asked)}",
        )
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + asked)
        time.sleep(1)

    def again_and_again(work: Callable[[int], None]) -> None:
        for number in count():
            with suppress(OSError, HTTPException):
                work(number)
            time.sleep(0.2)

    for work in (body, body, *[half] * 100, leave):
        threading.Thread(target=again_and_again, args=(work,)).start()


@pytest.mark.slow
def test_hostile_callers_cost_the_honest_ones_little(tmp_path: Path) -> None:  # cases 8 to 11
    with attacked(tmp_path, handles=1_024) as chat:
        until_read(chat)
        honest(chat, CALLERS, 3)
        alone, errors = honest(chat, CALLERS, SECONDS)
        assert errors == []
        with subprocess.Popen([sys.executable, __file__, str(chat.port)]) as others:
            try:
                beside, errors = honest(chat, CALLERS, SECONDS)
            finally:
                others.kill()
        before, after = (quantiles(took, n=20)[-1] for took in (alone, beside))
        middle = tuple(round(quantiles(took, n=2)[0], 3) for took in (alone, beside))
        print(
            f"\n{CALLERS} callers, {SECONDS:g} s: n {len(alone)} and {len(beside)}, p50 {middle}, p95 {before:.3f} and {after:.3f} s"
        )
        assert errors == []
        assert after <= 2 * before + 0.1


if __name__ == "__main__":
    hostile(int(sys.argv[1]))
