"""An ingest that is killed at random moments, in processes of their own, with everything real."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.file_reader import SETTLED_AFTER_NS
from rag.index.embedding import MiniLM
from rag.index.records import Record
from rag.opening import open_chatbot
from rag.settings import Settings

ROUNDS = 6
FILES = 40
PARAGRAPHS = 8
LONG_AGO = 1_600_000_000

Texts = dict[str, list[str]]
"""Paragraph texts by document id."""


@dataclass(frozen=True)
class State:
    """Everything an index holds that a reader can see, and the vectors, to the last bit, that it is found by."""

    records: dict[str, Record]
    rows: dict[str, str]
    vectors: dict[str, bytes]

    @property
    def texts(self) -> Texts:
        found: Texts = {}
        for document_id, record in self.records.items():
            numbers = range(1, record.paragraphs + 1)
            found[document_id] = [self.rows.get(f"{record.prefix}#{n}/0", "missing") for n in numbers]
        return found


def sentences_of(document: int) -> list[str]:
    return [f"Gate {document} was opened at hour {n} by guard {document * n % 7}." for n in range(PARAGRAPHS)]


def write_version(folder: Path, version: str) -> None:
    """Two versions of one folder. Most paragraphs stand in both, in another order, so that the time of an
    ingest goes into the store; some are new, five documents go and five come."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for i in range(FILES) if version == "A" else range(5, FILES + 5):
        lines = sentences_of(i)
        if version == "B":
            lines = [*reversed(lines[2:]), f"In version B, gate {i} stayed shut."]
        path = folder / f"gate-{i:02}.txt"
        path.write_text("\n\n".join(["The Gates of the City", *lines]) + "\n")
        os.utime(path, (LONG_AGO + (version == "B"), LONG_AGO + (version == "B")))


def opened(home: Path, folder: Path, embedder: MiniLM) -> Chatbot:
    return open_chatbot(Settings(home=home, documents=folder), "test", embedder=embedder)


def state_of(bot: Chatbot) -> State:
    store = bot._store
    rows = dict(store.rows())
    windows = store._windows.get(include=["embeddings"])
    vectors = dict(zip(windows["ids"], (bytes(vector.data) for vector in windows["embeddings"]), strict=True))
    return State(store.records(), {key: row.paragraph.text for key, row in rows.items()}, vectors)


def row_count(home: Path, folder: Path) -> int:
    """Rows that lie in the index, current or not, read past the store's own view of it."""
    path = Settings(home=home, documents=folder).index / "chroma" / "chroma.sqlite3"
    database = sqlite3.connect(path)
    (count,) = database.execute("SELECT count(*) FROM embeddings WHERE embedding_id LIKE '%#%'").fetchone()
    database.close()
    return int(count)


def take_in(home: Path, folder: Path, line: Connection) -> None:
    """The child: opens the index, says so, ingests, says so."""
    with opened(home, folder, MiniLM()) as bot:
        line.send("ready")
        bot.ingest()
    line.send("done")


def start(home: Path, folder: Path) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    # A server that imported everything once, from which children are forked: rounds cost no start-up.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "chromadb.api.rust"])
    ours, theirs = context.Pipe()
    child = context.Process(target=take_in, args=(home, folder, theirs))
    child.start()
    theirs.close()
    assert ours.poll(120)
    assert ours.recv() == "ready"
    return child, ours


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> tuple[Path, Path, State, State, float]:
    """A home with version A in, the folder at version B, the states that undisturbed ingests reach, and how long
    the second one takes."""
    base = tmp_path_factory.mktemp("crash")
    home, folder = base / "home-A", base / "documents"
    write_version(folder, "A")
    with opened(home, folder, embedder) as bot:
        bot.ingest()
        first = state_of(bot)
    write_version(folder, "B")
    # So that every run below finds files that have been left alone for a while.
    time.sleep(SETTLED_AFTER_NS / 1e9 + 0.2)
    shutil.copytree(home, base / "undisturbed")
    child, line = start(base / "undisturbed", folder)
    started = time.perf_counter()
    assert line.poll(120)
    assert line.recv() == "done"
    took = time.perf_counter() - started
    child.join()
    with opened(base / "undisturbed", folder, embedder) as bot:
        second = state_of(bot)
    return home, folder, first, second, took


@pytest.mark.slow
def test_the_two_versions_differ_in_every_document(prepared: tuple[Path, Path, State, State, float]) -> None:
    _, _, first, second, _ = prepared
    assert len(first.records) == len(second.records) == FILES
    shared = first.texts.keys() & second.texts.keys()
    assert len(shared) == FILES - 5
    assert all(first.texts[key] != second.texts[key] for key in shared)
    assert second.texts["documents/gate-07.txt"][-1] == "In version B, gate 7 stayed shut."


@pytest.mark.slow
def test_a_killed_ingest_leaves_each_document_wholly_old_or_wholly_new(
    prepared: tuple[Path, Path, State, State, float], embedder: MiniLM, tmp_path: Path
) -> None:
    prepared_home, folder, first, second, took = prepared
    chance = random.Random(20151018)
    seen_old = seen_new = killed = 0
    for i in range(ROUNDS):
        home = tmp_path / "home"
        shutil.copytree(prepared_home, home)
        child, line = start(home, folder)
        # One stretch of the ingest after the other, at random inside it.
        line.poll(took * (i + chance.random()) / ROUNDS)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        killed += child.exitcode == -signal.SIGKILL
        with opened(home, folder, embedder) as bot:
            left = state_of(bot)
            for document_id in first.texts.keys() | second.texts.keys():
                texts = left.texts.get(document_id)
                old, new = first.texts.get(document_id), second.texts.get(document_id)
                assert texts in (old, new), f"round {i}: {document_id} is neither old nor new"
                seen_old += texts == old
                seen_new += texts == new
            bot.ingest()
            assert bot.check().is_whole
            again = state_of(bot)
            assert again == second, f"round {i}: the re-run ended elsewhere"
            found = bot.search("What about gate 7 in version B?").passages
            assert "In version B, gate 7 stayed shut." in [passage.paragraph.text for passage in found]
        assert row_count(home, folder) == len(second.rows)
        shutil.rmtree(home)
    # The kills came while there was something to disturb.
    assert killed >= ROUNDS // 2
    assert seen_old
    assert seen_new
