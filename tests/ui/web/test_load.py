"""Honest callers beside hostile ones: nobody is refused, and hardly anybody waits longer."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

import pytest
from attacking import Attacked, attacked, until_read

CALLERS = int(os.environ.get("IBID_LOAD_CALLERS", "10"))
SECONDS = float(os.environ.get("IBID_LOAD_SECONDS", "10"))
PAUSE = float(os.environ.get("IBID_LOAD_PAUSE", "1"))
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


def hostile(chat: Attacked, until: threading.Event) -> list[threading.Thread]:
    """Bodies that are too large, too deep, too wide or files, half requests, and calls that are left."""
    kind = {"Content-Type": "application/json"}
    bodies = [
        b'"' + b"x" * 2_000_000 + b'"',
        b'{"question": "q", "turns": ' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"question": "q", "turns": [' + b"[]," * 300_000 + b"[]]}",
        json.dumps({"question": "q", "turns": ["Who repaired it?"] * 60_000}).encode(),
        json.dumps({"question": "q", "documents": [f"{n}.md" for n in range(80_000)]}).encode(),
        json.dumps({"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "fn_index": 1}).encode(),
    ]

    def body(number: int) -> None:
        chat.send(
            "POST",
            ("/api/ask", "/gradio_api/call/ask", "/gradio_api/queue/join")[number % 3],
            bodies[number % len(bodies)],
            kind,
        )

    def half(number: int) -> None:
        with socket.create_connection(("127.0.0.1", chat.port), timeout=30) as connection:
            connection.sendall(
                b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n" + b"\r\n{" * (number % 2)
            )
            until.wait(5)

    def leave(number: int) -> None:
        asked = json.dumps({"question": QUESTION, "turns": ["Who built the mill?"] * 20}).encode()
        with socket.create_connection(("127.0.0.1", chat.port), timeout=30) as connection:
            lines = f"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(asked)}\r\n\r\n"
            connection.sendall(lines.encode() + asked)
        until.wait(1)

    def again_and_again(work: Callable[[int], None]) -> None:
        number = 0
        while not until.is_set():
            with suppress(OSError):
                work(number)
            number += 1
            until.wait(0.2)

    threads = [threading.Thread(target=again_and_again, args=(work,)) for work in (body, body, *[half] * 20, leave)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.slow
def test_hostile_callers_cost_the_honest_ones_little(tmp_path: Path) -> None:  # cases 8 to 11
    with attacked(tmp_path, handles=1_024) as chat:
        until_read(chat)
        honest(chat, CALLERS, 3)
        alone, errors = honest(chat, CALLERS, SECONDS)
        assert errors == []
        stopped = threading.Event()
        threads = hostile(chat, stopped)
        try:
            beside, errors = honest(chat, CALLERS, SECONDS)
        finally:
            stopped.set()
            for thread in threads:
                thread.join()
        before, after = (quantiles(took, n=20)[-1] for took in (alone, beside))
        middle = tuple(round(quantiles(took, n=2)[0], 3) for took in (alone, beside))
        print(
            f"\n{CALLERS} callers, {SECONDS:g} s: n {len(alone)} and {len(beside)}, p50 {middle}, p95 {before:.3f} and {after:.3f} s"
        )
        assert errors == []
        assert after <= 2 * before + 0.1
