"""What tests of every part need: a bound on runaway algorithms, and a server that speaks a model's protocol."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code: `within` bounds what may run away.
settings.register_profile("ibid", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ibid")

ROOT = Path(__file__).parents[1]
AIMOCK = ROOT / "node_modules" / ".bin" / "llmock"

Within = Callable[[float], AbstractContextManager[None]]


@pytest.fixture
def within() -> Within:
    """`with within(1.0): …` fails where the block takes more than that many seconds of processor time."""

    @contextmanager
    def measured(seconds: float) -> Iterator[None]:
        started = time.process_time()
        yield
        took = time.process_time() - started
        assert took <= seconds, f"took {took:.1f} s of processor time, at most {seconds} s are expected"

    return measured


ModelServer = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> ModelServer:
    """`with model_server({"words of the prompt": reply, …}, "--latency", "5") as url:` starts aimock, a real server
    of the chat completions protocol, which answers a prompt that holds the words. A reply is a text, or a fixture's
    whole `response` and what stands beside it."""
    if not AIMOCK.exists():
        missing = f"{AIMOCK} is missing: npm install --no-save @copilotkit/aimock"
        if os.environ.get("IBID_REQUIRE_ALL"):
            pytest.fail(missing)
        pytest.skip(missing)

    @contextmanager
    def serving(replies: Mapping[str, str | dict[str, Any]], *flags: str) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("aimock")
        (folder / "replies.json").write_text(json.dumps({"fixtures": [_fixture(*pair) for pair in replies.items()]}))
        command: Sequence[str] = [str(AIMOCK), "-p", "0", "-f", str(folder), "--strict", *flags]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            try:
                assert server.stdout is not None
                yield next(
                    f"{found.group()}/v1" for line in server.stdout if (found := re.search(r"http://[\d.]+:\d+", line))
                )
            finally:
                server.kill()

    return serving


def _fixture(words: str, reply: str | dict[str, Any]) -> dict[str, Any]:
    told = {"response": {"content": reply}} if isinstance(reply, str) else reply
    return {"match": {"userMessage": words}, **told}
