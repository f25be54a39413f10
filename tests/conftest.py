"""What tests of every part need: nothing ambient, a bound on runaway algorithms, and servers that speak the protocols
of models."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from rag.settings import Settings

# How long an example takes says more of the machine than of the code: `within` bounds what may run away.
settings.register_profile("ibid", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The gate judges a change, with the same examples each time; whoever runs the tests by hand looks for new ones.
settings.register_profile("gate", settings.get_profile("ibid"), derandomize=True)
settings.register_profile("deep", settings.get_profile("ibid"), max_examples=2_000)

ROOT = Path(__file__).parents[1]
REQUIRED = "IBID_REQUIRE_ALL"
"""Set where a test must fail, not skip, for what it lacks."""

settings.load_profile("gate" if os.environ.get(REQUIRED) else os.environ.get("IBID_EXAMPLES", "ibid"))
AIMOCK = ROOT / "node_modules" / ".bin" / "llmock"


PROCESSES = frozenset(["browser", "chat", "alone", "site", "sites"])
"""The fixtures behind which a browser, a chat or another process of its own is started: that takes long."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if PROCESSES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def nothing_ambient(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever has a key or a `.env` of their own sends nothing by running the tests, unless they ask: `-m live`."""
    with pytest.MonkeyPatch.context() as patch:
        if request.config.option.markexpr != "live":
            for name in [name for name in os.environ if name.startswith(("IBID_", "OPENAI_")) and name != REQUIRED]:
                patch.delenv(name)
            # A busy machine must not change what is answered.
            patch.setenv("IBID_ANSWER_SECONDS", "0")
            patch.setitem(Settings.model_config, "env_file", None)
        yield


def bare_environment() -> dict[str, str]:
    """For a command in a process of its own: without what is set for Ibid here, and with nothing sent anywhere even
    where a `.env` in the checkout says otherwise, as the environment wins over it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IBID_", "OPENAI_", "GRADIO_"))}
    return kept | {"OPENAI_API_KEY": "", "IBID_CHAT_MODEL": "", "IBID_EMBED_MODEL": "", "IBID_ANSWER_SECONDS": "0"}


@dataclass(frozen=True)
class Reply:
    """What a server answered, its headers by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


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
        if os.environ.get(REQUIRED):
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


class EmbeddingServer:
    """A server of the embeddings protocol, whose vectors have a place for each word, the same for words of one meaning.
    It remembers what was asked, and fails as it is told: with a `status` and `message`, by `sending` other vectors, or
    by saying nothing for `silent` seconds."""

    MEANINGS: Mapping[str, str] = {"encircled": "siege", "besieged": "siege", "blockade": "siege"}

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions
        self.asked: list[list[str]] = []
        self.keys: set[str] = set()
        self.status = 200
        self.message = ""
        self.silent = 0.0
        self.sending: Callable[[list[list[float]]], Any] = lambda vectors: vectors
        self.url = ""

    @property
    def texts(self) -> list[str]:
        """Every text that was sent, in order."""
        return [text for texts in self.asked for text in texts]

    def vector(self, text: str) -> list[float]:
        vector = [0.001] * self.dimensions
        for word in re.findall(r"\w+", text.casefold()):
            meaning = self.MEANINGS.get(word, word)
            vector[int(hashlib.sha256(meaning.encode()).hexdigest()[:8], 16) % self.dimensions] += 1.0
        return vector

    def answer(self, request: Mapping[str, Any]) -> tuple[int, Any]:
        time.sleep(self.silent)
        if self.status != 200:
            return self.status, {"error": {"message": self.message, "type": "x", "code": None}}
        self.asked.append(request["input"])
        vectors = self.sending([self.vector(text) for text in request["input"]])
        rows = [{"object": "embedding", "index": i, "embedding": one} for i, one in enumerate(vectors)]
        # Not in order: the protocol numbers them.
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return 200, {"object": "list", "model": request["model"], "data": rows[::-1], "usage": usage}


@pytest.fixture
def embedding_server() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.keys.add(self.headers["Authorization"].removeprefix("Bearer "))
            status, told = server.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        server.url = f"{url}/v1"
        yield server


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which a server of this process answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


@contextmanager
def holding(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a program which says "held" as soon as it owns an index, and keeps it until its input ends."""
    command = [sys.executable, "-c", textwrap.dedent(program), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()
