"""Questions that are asked while a document is replaced see the old version or the new one, never a mixture."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Passage, Question
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings

LONG_AGO = 1_600_000_000
VERSIONS = 10


def text_of(version: int) -> str:
    """Paragraphs that all carry their version; their number changes from version to version."""
    lines = [f"Guard {n} of gate {n} opened it in version {version}." for n in range(1, 5 + version % 3)]
    return "\n\n".join(["The Gates of the City", *lines]) + "\n"


def write(folder: Path, version: int) -> None:
    path = folder / "gates.txt"
    path.write_text(text_of(version))
    os.utime(path, (LONG_AGO + version, LONG_AGO + version))


def version_in(text: str) -> int | None:
    return int(text.rpartition("version ")[2].rstrip(".")) if "version" in text else None


@pytest.fixture
def bot(tmp_path: Path, embedder: MiniLM) -> Iterator[Chatbot]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "other.txt").write_text("On Bread\n\nRye bread keeps for two weeks.\n")
    write(folder, 0)
    settings = Settings(home=tmp_path / "home", documents=folder, reader=False)
    with open_chatbot(settings, "test", embedder=embedder) as bot:
        bot.ingest()
        yield bot


class Reader(threading.Thread):
    """Reads until told to stop; keeps what each look saw, and what went wrong."""

    def __init__(self, look: Callable[[], list[Passage]], stop: threading.Event) -> None:
        super().__init__()
        self.look, self.stop = look, stop
        self.seen: list[list[Passage]] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.seen.append(self.look())
        except BaseException as error:
            self.error = error


def gates(passages: list[Passage]) -> list[Passage]:
    return [passage for passage in passages if passage.paragraph.document_id == "documents/gates.txt"]


@pytest.mark.slow
def test_every_answer_sees_one_version_wholly(bot: Chatbot, tmp_path: Path) -> None:
    stop = threading.Event()

    def search() -> list[Passage]:
        return gates(list(bot.search("Which guard opened gate 2 in which version?").passages))

    def in_scope() -> list[Passage]:
        return gates(
            list(bot.search(Question("guard gate", scope=frozenset({"documents/gates.txt"})), limit=20).passages)
        )

    def fetch() -> list[Passage]:
        return bot.retriever.passages_of("documents/gates.txt", range(1, 20))

    def ask() -> list[Passage]:
        answer = bot.ask("Which guard opened gate 2?")
        for citation in answer.citations:
            assert citation.quote in citation.paragraph.text
        return gates(list(answer.passages))

    readers = [Reader(look, stop) for look in (search, in_scope, fetch, ask)]
    for reader in readers:
        reader.start()
    try:
        for version in range(1, VERSIONS + 1):
            replace_by(version, bot, tmp_path / "documents", readers)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert [reader.error for reader in readers] == [None] * 4
    versions = {checked_version(passages) for reader in readers for passages in reader.seen}
    assert len(versions) > 3
    # What asks for all of it gets all of it.
    for passages in readers[1].seen + readers[2].seen:
        guards = [p for p in passages if p.paragraph.text.startswith("Guard")]
        assert len(guards) == text_of(checked_version(passages)).count("Guard")


def replace_by(version: int, bot: Chatbot, folder: Path, readers: list[Reader]) -> None:
    """Take in another version, and wait until every reader has looked once more."""
    before = [len(reader.seen) for reader in readers]
    write(folder, version)
    report = bot.ingest()
    assert [outcome.outcome for outcome in report.outcomes] == ["updated", "unchanged"]
    for reader, seen in zip(readers, before, strict=True):
        while len(reader.seen) == seen and reader.is_alive():
            reader.join(0.005)


def checked_version(passages: list[Passage]) -> int:
    """The one version that all passages are of, each a slice of that version's text."""
    assert passages
    assert len({passage.source.revision for passage in passages}) == 1
    (version,) = {version_in(passage.paragraph.text) for passage in passages} - {None}
    assert version is not None
    whole = text_of(version)
    assert all(whole[p.paragraph.start : p.paragraph.end] == p.paragraph.text for p in passages)
    return version


def test_after_the_last_replacement_the_new_version_alone_is_left(bot: Chatbot, tmp_path: Path) -> None:
    for version in (1, 2, 3):
        write(tmp_path / "documents", version)
        bot.ingest()
    passages = bot.retriever.passages_of("documents/gates.txt", range(1, 20))
    assert "\n\n".join(passage.paragraph.text for passage in passages) + "\n" == text_of(3)
    assert bot.check().rows_stored == text_of(3).count("\n\n") + 1 + 2


def test_a_document_that_leaves_is_gone_from_the_next_answer(bot: Chatbot, tmp_path: Path) -> None:
    (tmp_path / "documents" / "gates.txt").unlink()
    bot.ingest()
    assert gates(list(bot.search("Which guard opened gate 2?").passages)) == []
    assert bot.retriever.passages_of("documents/gates.txt", [1]) == []
