"""Vectors made anew from the stored texts, with the shipped embedder and real files."""

from __future__ import annotations

import logging
import shutil
import struct
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.index.embedding import MiniLM
from rag.index.vector_files import segments
from rag.opening import open_chatbot
from rag.settings import Settings

FORM = "This page was intentionally left blank."


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Path:
    """A home and its documents, with 1,100 texts, enough for vector files, one of which stands in every document."""
    base = tmp_path_factory.mktemp("mending")
    (base / "documents").mkdir()
    for number in range(22):
        lines = [f"Lock {number}.{n} takes {n * 7} minutes." for n in range(50)]
        (base / "documents" / f"{number}.txt").write_text("\n\n".join([f"Lock {number}", FORM, *lines]))
    with opened(base, base, embedder) as bot:
        bot.ingest()
    return base


def opened(home: Path, base: Path, embedder: MiniLM) -> Chatbot:
    return open_chatbot(Settings(home=home, documents=base / "documents"), "test", embedder=embedder)


def vectors_of(bot: Chatbot) -> dict[str, bytes]:
    windows = bot._store._windows.get(include=["embeddings"])
    return dict(zip(windows["ids"], (bytes(vector.data) for vector in windows["embeddings"]), strict=True))


# case 4
@pytest.mark.slow
def test_what_is_made_anew_is_what_was_there_to_the_last_bit(
    base: Path, embedder: MiniLM, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path, base, embedder) as bot:
        before, index = vectors_of(bot), bot._store.folder
    (files,) = [one.folder for one in segments(index / "chroma") if one.collection.startswith("windows-")]
    (files / "data_level0.bin").write_bytes(b"")
    with caplog.at_level(logging.WARNING), opened(tmp_path, base, embedder) as bot:
        assert vectors_of(bot) == before
        assert bot.check().is_whole
        assert bot.set_aside == ()
        assert len(bot.documents) == 22
    assert "Making the vectors of 22 documents anew" in caplog.text
    caplog.clear()
    with opened(tmp_path, base, embedder) as bot:
        assert vectors_of(bot) == before
    assert not caplog.text


# cases 3 and 4
@pytest.mark.slow
def test_of_few_lost_vectors_only_those_are_made(
    base: Path, embedder: MiniLM, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path, base, embedder) as bot:
        before = vectors_of(bot)
        text = next(p.text for p in bot.paragraphs()["documents/7.txt"] if p.text.startswith("Lock 7.11 "))
        (near, _), *_ = bot._store.nearest(embedder.vectors([f"Lock 7\n{text}"])[0], 1)
        bot._store._windows.delete(ids=[near])
    with caplog.at_level(logging.WARNING), opened(tmp_path, base, embedder) as bot:
        assert vectors_of(bot) == before
        assert bot.set_aside == ()
    assert "Making the vectors of 1 documents anew" in caplog.text


@pytest.mark.slow
def test_what_the_process_had_in_its_memory_is_in_no_closed_file(base: Path, embedder: MiniLM, tmp_path: Path) -> None:
    """Chroma writes room that it never set: behind the last element stands what was freed before."""
    for _ in range(300):
        # What a key would be: strings that are gone again, of the sizes that the files have.
        assert (b"sk-planted-0123456789" * 40_000)[:16]
    with opened(tmp_path, base, embedder) as bot:
        bot.ingest()
        vectors = vectors_of(bot)
    (chroma,) = {path.parent for path in tmp_path.rglob("chroma.sqlite3")}
    looked_at = 0
    for segment in segments(chroma):
        for path in segment.folder.glob("*.bin"):
            data = path.read_bytes()
            assert b"sk-planted" not in data
            if path.name == "data_level0.bin" and (segment.folder / "header.bin").is_file():
                header = struct.unpack("<i6Q", (segment.folder / "header.bin").read_bytes()[:52])
                assert not any(data[header[3] * header[4] :]), path
                looked_at += 1
    assert looked_at
    with opened(tmp_path, base, embedder) as bot:
        assert vectors_of(bot) == vectors
        assert bot.check().is_whole
