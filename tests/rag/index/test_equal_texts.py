"""Equal texts and the vectors of texts, with everything real: what repeats takes nothing from the others, and how a
folder was read leaves no trace in its index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rag.chatbot import Chatbot
from rag.domain import Question
from rag.index.embedding import AT_ONCE, MiniLM
from rag.opening import open_chatbot
from rag.search.retrieve import Retrieval
from rag.settings import Settings

BLANK = "This page was intentionally left blank by the printer."
HARBOURS = 12


@contextmanager
def opened(folder: Path, embedder: MiniLM, home: str = "home") -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=folder, home=folder.parent / home), "test", embedder=embedder) as bot:
        yield bot


def write(folder: Path, name: str, title: str, paragraphs: Sequence[str]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n\n".join([title, *paragraphs]) + "\n", encoding="utf-8")


def write_harbours(folder: Path) -> None:
    for i in range(HARBOURS):
        write(folder, f"harbour-{i:02}.txt", f"Harbour {i}", [f"Pilot number {i} guides ships past reef {i} by night."])


def found_by_meaning(bot: Chatbot) -> int:
    """How many of the harbours come first in the dense leg when they are asked for."""
    legs = (
        bot.retriever.single_legs(f"Pilot number {i} guides ships past reef {i} by night.", limit=1)
        for i in range(HARBOURS)
    )
    return sum(leg["dense"] == [(f"documents/harbour-{i:02}.txt", 2)] for i, leg in enumerate(legs))


# case 3
@pytest.mark.slow
@pytest.mark.parametrize("count", [300, 1_500])
def test_a_document_that_repeats_itself_takes_nothing_from_the_others(
    tmp_path: Path, embedder: MiniLM, count: int
) -> None:
    folder = tmp_path / "documents"
    write_harbours(folder)
    write(folder, "form.txt", "The Form", [BLANK] * count)
    with opened(folder, embedder) as bot:
        report = bot.ingest()
        assert report.paragraphs_embedded == 2 * HARBOURS + 2
    with opened(folder, embedder) as bot:
        assert bot.check().is_whole
        assert bot.set_aside == ()
        assert found_by_meaning(bot) == HARBOURS
        assert [p.text for p in bot.paragraphs()["documents/form.txt"]] == ["The Form", *[BLANK] * count]
        found = [p.paragraph for p in bot.search("Which page was left blank by the printer?").passages]
        assert [p.key for p in found if p.text == BLANK] == [("documents/form.txt", 2)]
        assert any(p.document_id != "documents/form.txt" for p in found)


# case 3
@pytest.mark.slow
def test_a_text_in_many_documents_is_found_in_each_and_hides_none(tmp_path: Path, embedder: MiniLM) -> None:
    folder = tmp_path / "documents"
    write_harbours(folder)
    for i in range(300):
        write(folder, f"form-{i:03}.txt", "The Form", [BLANK])
    with opened(folder, embedder) as bot:
        # Once, and once more for each group of documents that was in work before the first was in.
        assert bot.ingest().paragraphs_embedded <= 2 * HARBOURS + 2 * 4
        assert bot._store.window_count == 2 * HARBOURS + 2
        assert bot.check().is_whole
        assert found_by_meaning(bot) == HARBOURS
        question = "Which page was left blank by the printer?"
        first, second, third = ((f"documents/form-{i:03}.txt", 2) for i in (0, 1, 207))

        def search(text: str, **restrictions: Any) -> Retrieval:
            return bot.search(Question(text, **restrictions))

        assert search(question).passages[0].paragraph.key == first
        assert search(question, without=frozenset([first])).passages[0].paragraph.key == second
        assert search(question, scope=frozenset([third[0]])).passages[0].paragraph.key == third
        assert search(question, scope=frozenset([third[0]])).passages[0].ranks.dense == 1
        assert search(question, scope=frozenset([third[0]]), without=frozenset([third])).passages == ()
        (folder / "form-000.txt").unlink()
        bot.ingest()
        assert search(question).passages[0].paragraph.key == second
        for path in folder.glob("form-*"):
            path.unlink()
        bot.ingest()
        assert BLANK not in [passage.paragraph.text for passage in search(question).passages]
        assert bot._store.window_count == 2 * HARBOURS


# case 30
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 60_000, id="a-word-over-and-over"),
        pytest.param("A List\n\n" + "- the same item\n" * 1_500, id="equal-items"),
    ],
)
def test_what_repeats_is_embedded_once_and_quoted_exactly(tmp_path: Path, embedder: MiniLM, text: str) -> None:
    folder = tmp_path / "documents"
    write_harbours(folder)
    (folder / "long.txt").write_text(text, encoding="utf-8")
    with opened(folder, embedder) as bot:
        assert bot.ingest().paragraphs_embedded <= 2 * HARBOURS + 6
        assert bot.check().is_whole
        paragraphs = bot.paragraphs()["documents/long.txt"]
        assert len(paragraphs) > 70
        assert all(text[p.start : p.end] == p.text for p in paragraphs)
        assert found_by_meaning(bot) == HARBOURS


def everything(bot: Chatbot) -> dict[str, tuple[str, bytes]]:
    """Each row's text and the bytes of its vector."""
    rows = dict(bot._store.rows())
    vectors = bot._store.vectors_by_hash([row.text_hash for row in rows.values()])
    return {key: (row.paragraph.text, vectors[row.text_hash].tobytes()) for key, row in rows.items()}


# case 5
@pytest.mark.slow
def test_how_a_folder_was_read_leaves_no_trace_in_its_vectors(
    tmp_path: Path, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "documents"
    write_harbours(folder)
    write(folder, "long.txt", "On Length", [f"Sentence {i} is about tides. " * (i + 1) for i in range(12)])
    with opened(folder, embedder, "at once") as bot:
        bot.ingest()
        at_once = everything(bot)
    files = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    with opened(folder, MiniLM(), "backwards") as bot:
        for path in files:
            path.unlink()
        for path in reversed(files):
            path.write_bytes(files[path])
            bot.ingest()
        one_by_one = everything(bot)
    monkeypatch.setattr("rag.pipeline.GROUP", 3)
    with opened(folder, embedder, "small groups") as bot:
        bot.ingest()
        in_small_groups = everything(bot)
    assert len(at_once) == 2 * HARBOURS + 13
    assert at_once == one_by_one == in_small_groups


# case 5
def test_the_vector_of_a_text_depends_on_the_text_alone(embedder: MiniLM) -> None:
    texts = [f"{'long ' * (i * 7 % 90)}text number {i}" for i in range(3 * AT_ONCE)]
    together = embedder.vectors(texts)
    alone = [MiniLM().vectors([texts[0]])[0], *(embedder.vectors([text])[0] for text in texts[1:])]
    assert [vector.tobytes() for vector in together] == [vector.tobytes() for vector in alone]
    assert embedder.vectors(texts[::-1])[::-1].tobytes() == together.tobytes()
    assert embedder.remembered(texts).tobytes() == together.tobytes()
