"""Kills of everything that writes to an index, at random and at the moments when vector files are written.

With a small number in the suite. By hand, in full: `IBID_KILLS=300 python -m pytest -m slow -s tests/test_kills.py`.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from rag.chatbot import Chatbot
from rag.index.vector_files import broken, read_seal, segments
from rag.opening import open_chatbot
from rag.settings import Settings
from tests.conftest import ROOT, bare_environment

KILLS = int(os.environ.get("IBID_KILLS", "8"))
FILES = 350
LONG_AGO = 1_600_000_000


@dataclass(frozen=True)
class State:
    """What an index holds: the texts of each document, the rows, and the vectors of the texts to the last bit."""

    texts: dict[str, list[str]]
    rows: list[str]
    vectors: dict[str, bytes]


def document(number: int, version: str) -> list[str]:
    lines = [f"Keeper {number} was paid {number * 37 % 101} guilders.", f"Water stood at {number * 13 % 47} feet."]
    # Most edits move paragraphs, so that the time of a round goes into the index; some are new text.
    if version == "B" and number % 3:
        lines.reverse()
    if version == "B" and number % 40 == 1:
        lines.append(f"In version B, lock {number} was shut for good.")
    return lines


def write_version(folder: Path, version: str) -> None:
    """Of 350 files the other version edits two thirds, renames 35, deletes 20 and adds 20."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(FILES) if version == "A" else range(20, FILES + 20):
        name = f"basin-{number}.md" if version == "B" and number % 10 == 3 else f"lock-{number}.txt"
        path = folder / name
        path.write_text("\n\n".join([f"Lock {number}", *document(number, version)]) + "\n")
        os.utime(path, (LONG_AGO + (version == "B"), LONG_AGO + (version == "B")))


def opened(home: Path, folder: Path) -> Chatbot:
    return open_chatbot(Settings(home=home, documents=folder), "test")


def state_of(bot: Chatbot) -> State:
    texts = {key: [paragraph.text for paragraph in paragraphs] for key, paragraphs in bot.paragraphs().items()}
    windows = bot._store._windows.get(include=["embeddings"], limit=30_000)
    vectors = dict(zip(windows["ids"], (bytes(vector.data) for vector in windows["embeddings"]), strict=True))
    return State(texts, sorted(bot._store._paragraphs.get(include=[])["ids"]), vectors)


# --- what is done in processes of their own


def take_in(home: Path, folder: Path, line: Connection) -> None:
    line.recv()
    with opened(home, folder) as bot:
        line.send("open")
        bot.ingest()
    line.send("done")


def chat(home: Path, folder: Path, line: Connection) -> None:
    from ui.web.serve import prepared

    line.recv()
    with prepared(Settings(home=home, documents=folder), "127.0.0.1", 0) as ready:
        line.send(ready.url)
        ready.run()


def look(home: Path, folder: Path, line: Connection) -> None:
    """Says what is in as the index opens, and after it was brought in line with the folder."""
    line.recv()
    try:
        with opened(home, folder) as bot:
            left = state_of(bot)
            bot.ingest()
            is_whole = bot.check().is_whole
            line.send((left.texts, state_of(bot), is_whole, None))
    except Exception as error:
        line.send((None, None, False, repr(error)))


def start(work: Callable[..., None], home: Path, folder: Path) -> tuple[Any, Connection]:
    """A process that imported everything already, waiting for the word."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "chromadb.api.rust", "ui.web.app", "ui.web.serve"])
    ours, theirs = context.Pipe()
    child = context.Process(target=work, args=(home, folder, theirs))
    child.start()
    theirs.close()
    return child, ours


def examined(home: Path, folder: Path) -> tuple[dict[str, list[str]], State, bool]:
    child, line = start(look, home, folder)
    line.send("go")
    assert line.poll(600)
    left, after, is_whole, problem = line.recv()
    child.join()
    assert problem is None, problem
    return left, after, is_whole


# --- kills. Each says whether it came while there was something to kill.


def at_random(home: Path, folder: Path, chance: random.Random, took: float) -> bool:
    child, line = start(take_in, home, folder)
    line.send("go")
    time.sleep(chance.uniform(0.0, took))
    return killed(child)


def command_at_random(home: Path, folder: Path, chance: random.Random, took: float) -> bool:
    """The real command, with its start."""
    settings = {"IBID_HOME": str(home), "IBID_DOCUMENTS": str(folder)}
    command = [sys.executable, "-c", "from ui.cli import main; main()", "ingest"]
    with subprocess.Popen(
        command, cwd=ROOT, env=bare_environment() | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(chance.uniform(0.5, took + 3.0))
        process.kill()
        return process.wait() == -signal.SIGKILL


def chat_at_random(home: Path, folder: Path, chance: random.Random, took: float) -> bool:
    """A chat that takes the folder in and is asked meanwhile."""
    child, line = start(chat, home, folder)
    line.send("go")
    stop = threading.Event()

    def ask() -> None:
        body = json.dumps({"question": "What was keeper 77 paid?"}).encode()
        # Whatever a chat is in the middle of when it is killed: coming up, or answering.
        with suppress(OSError, EOFError, http.client.HTTPException):
            url = line.recv() if line.poll(60) else ""
            while not stop.is_set():
                request = urllib.request.Request(f"{url}/api/ask", body, {"Content-Type": "application/json"})
                urllib.request.urlopen(request, timeout=5).read()

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(chance.uniform(0.3, took + 2.0))
    was_killed = killed(child)
    stop.set()
    asking.join()
    return was_killed


def at_a_write(home: Path, folder: Path, chance: random.Random, took: float) -> bool:
    """At the n-th write to vector files: of those that are made anew at each start, and of those that stay."""
    found = segments(Settings(home=home, documents=folder).index / "chroma")
    wanted = [one for one in found if one.is_saved == (chance.random() < 0.6)] or found
    names = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")
    paths = [argument for one in wanted for name in names for argument in ("-P", str(one.folder / name))]
    most = 6_000 if wanted[0].is_saved else 12
    nth = int(most ** chance.random())
    child, line = start(take_in, home, folder)
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-o", "/dev/null", "-p", str(child.pid), *paths, "-e", "trace=write,writev,pwrite64",
         "-e", f"inject=write,writev,pwrite64:signal=SIGKILL:when={nth}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    status = Path(f"/proc/{child.pid}/status")
    until = time.monotonic() + 10
    while "TracerPid:\t0\n" in status.read_text() and time.monotonic() < until:
        time.sleep(0.005)
    line.send("go")
    child.join(120)
    was_killed = child.exitcode == -signal.SIGKILL
    killed(child)
    tracer.wait()
    return was_killed


def killed(child: Any) -> bool:
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return bool(child.exitcode == -signal.SIGKILL)


KINDS: list[Callable[[Path, Path, random.Random, float], bool]] = [
    at_a_write, at_random, at_a_write, chat_at_random, at_a_write, at_random, at_a_write, command_at_random,
]  # fmt: skip


@pytest.fixture(scope="module")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, dict[str, State], float]]:
    """A home with both versions once taken in, now at A; what each of them comes to; and how long the way takes."""
    base = tmp_path_factory.mktemp("kills")
    home, folder = base / "home", base / "documents"
    states: dict[str, State] = {}
    took = 0.0
    for version in ("A", "B", "A"):
        write_version(folder, version)
        started = time.perf_counter()
        _, states[version], is_whole = examined(home, folder)
        took = time.perf_counter() - started
        assert is_whole
    yield home, folder, states, took * 0.8


@pytest.mark.slow
def test_after_any_kill_the_index_opens_by_itself_with_every_document_wholly_old_or_new(
    prepared_home: tuple[Path, Path, dict[str, State], float],
) -> None:
    """And running again ends where an undisturbed run would have.  # case 4"""
    home, folder, states, took = prepared_home
    seed = int(os.environ.get("IBID_KILLS_SEED", "20151018"))
    outcomes: Counter[str] = Counter()
    assert states["A"].texts != states["B"].texts
    version = "A"
    for i in range(KILLS):
        chance = random.Random(f"{seed} {i}")
        old, new = (states["A"], states["B"]) if version == "A" else (states["B"], states["A"])
        version = "B" if version == "A" else "A"
        write_version(folder, version)
        kind = KINDS[i % len(KINDS)]
        if kind is at_a_write and shutil.which("strace") is None:
            kind = at_random
        was_killed = kind(home, folder, chance, took)
        mark = "killed" if was_killed else "ended before"
        outcomes[f"{kind.__name__} {mark}"] += 1
        keep_for_later(home, i)
        outcomes["vector files torn"] += are_torn(Settings(home=home, documents=folder).index)
        left, after, is_whole = examined(home, folder)
        for key in old.texts.keys() | new.texts.keys():
            assert left.get(key) in (old.texts.get(key), new.texts.get(key)), f"kill {i}: {key} is neither old nor new"
        assert is_whole
        assert after.texts == new.texts, f"kill {i}: the next run ended elsewhere"
        assert after.rows == new.rows, f"kill {i}: other rows are left"
        assert after.vectors == new.vectors, f"kill {i}: other vectors"
        outcomes["between"] += left not in (old.texts, new.texts)
        print(i, dict(outcomes), flush=True)
    # On a busy machine many a run ends before its moment comes; that none was killed would prove nothing.
    assert sum(count for kind, count in outcomes.items() if kind.endswith(" killed")) >= max(1, KILLS // 8)


def are_torn(index: Path) -> bool:
    """Whether the kill left vector files that Chroma counts on and cannot use."""
    return bool(broken(index / "chroma", read_seal(index / "vectors.json"))[0])


def keep_for_later(home: Path, i: int) -> None:
    """The index as the last kill left it, to look at where the test fails: set IBID_KILLS_KEEP to a folder."""
    if folder := os.environ.get("IBID_KILLS_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(home, Path(folder) / str(i))
