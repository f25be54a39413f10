"""The folders a chat has open: read beside being asked, known again, and given back whole."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.errors import FolderError, IbidError, IndexBusyError
from rag.index.embedding import MiniLM
from rag.index.owner import read_owner
from rag.ingest import Outcome
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.api import growing
from ui.web.folders import Folders, OpenFolder
from ui.web.readers import Reader

SEEDS = Path(__file__).parents[3] / "seeds"
QUESTION = "How long was West Aleppo under siege?"


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM()


@pytest.fixture
def mine(tmp_path: Path) -> Settings:
    """A folder with the seeds, and a home of its own."""
    shutil.copytree(SEEDS, tmp_path / "mine")
    return Settings(documents=tmp_path / "mine", home=tmp_path / "home")


@pytest.fixture
def other(mine: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "leave.md").write_text("# Leave\n\nEverybody has thirty days of leave a year.\n")
    return mine.model_copy(update={"documents": tmp_path / "other"})


@contextmanager
def known_by(settings: Settings) -> Iterator[tuple[Folders, list[OpenFolder]]]:
    told: list[OpenFolder] = []
    folders = Folders(settings, told.append)
    try:
        yield folders, told
    finally:
        folders.close()


@contextmanager
def alone(settings: Settings, embedder: MiniLM) -> Iterator[OpenFolder]:
    folder = OpenFolder(settings, embedder, None)
    try:
        yield folder
    finally:
        folder.close()


def until(holds: Callable[[], bool]) -> None:
    for _ in range(1_200):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("nothing happened for a minute")


def long_text(paragraphs: int) -> str:
    return "\n\n".join(
        f"Entry {number} of the ledger tells of {number * 7919 % 10_007} barrels that left the harbour in the morning."
        for number in range(paragraphs)
    )


# --- one folder


def test_a_folder_is_read_beside_and_then_answers(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        assert folder.bot.documents == ()
        folder.ingest_beside()
        until(lambda: len(folder.introduction.questions) > 0)
        assert folder.indexing.report is not None
        assert folder.indexing.running is False
        assert folder.indexing.problem is None
        assert folder.indexing.report.counts == {Outcome.ADDED: 2}
        assert "13 days" in folder.bot.ask(QUESTION).text


@pytest.mark.slow
def test_questions_are_answered_while_documents_are_read(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        for number in range(8):
            (mine.documents / f"ledger-{number}.txt").write_text(f"Ledger {number}\n\n{long_text(300)}")
        folder.ingest_beside()
        until(lambda: folder.indexing.running)
        notices = []
        while folder.indexing.running:
            *_, answer = growing(folder, QUESTION, [], [])
            assert "13 days" in answer.text
            notices.append(answer.notice or "")
        assert any(re.search(r"\d of 10 files had been read by then", notice) for notice in notices)
        until(lambda: len(folder.bot.documents) == 10)


@pytest.mark.slow
def test_a_second_ingest_waits_for_the_first_and_sees_what_changed_since(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(folder.ingest) for _ in range(3)]
        (mine.documents / "late.md").write_text("# Late\n\nThis came late.\n")
        last = pool.submit(folder.ingest)
        outcomes = [one.outcome for report in (*running, last) for one in report.result().outcomes]
        assert outcomes.count(Outcome.ADDED) == 3
        assert set(outcomes) == {Outcome.ADDED, Outcome.UNCHANGED}
        assert folder.record("documents/late.md") is not None


@pytest.mark.slow
def test_progress_is_told_on_the_way(mine: Settings, embedder: MiniLM) -> None:
    told = []
    with alone(mine, embedder) as folder:
        folder.ingest(lambda progress: told.append((progress, folder.indexing.running, folder.indexing.progress)))
        assert told
        for progress, running, seen in told:
            assert running
            assert seen == progress
        assert told[-1][0].files_done == told[-1][0].files == 2


def test_what_is_read_are_the_paragraphs_asked_for(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        (first, _) = folder.bot.documents
        key = first.document_id
        read = folder.read(key, 3, 6)
        assert [passage.paragraph.number for passage in read] == [3, 4, 5, 6]
        assert [passage.paragraph.number for passage in folder.read(key, -5, 2)] == [1, 2]
        everything = folder.read(key, 1, 10_000)
        assert [passage.paragraph.number for passage in everything] == list(range(1, first.paragraphs + 1))
        assert folder.read(key, 9, 3) == folder.read("documents/nothing.md", 1, 5) == []
        paragraph = folder.paragraph(key, 6)
        assert paragraph == everything[5].paragraph
        assert folder.paragraph(key, 10_000) is None
        assert folder.record("documents/nothing.md") is None


def questions(folder: OpenFolder) -> tuple[str, ...]:
    until(lambda: not folder.is_introducing)
    return folder.introduction.questions


@pytest.mark.slow
def test_examples_follow_what_is_in_the_folder(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        assert questions(folder)[0] == "What are these documents about?"
        (mine.documents / "003_92a89446f71c2985.txt").unlink()
        folder.ingest()
        assert questions(folder)[0] == "What is this about?"
        (introduced,) = folder.introduction.documents
        assert introduced.telling is not None and "bombing campaign" in introduced.telling.text


def test_what_was_made_of_more_documents_introduces_nobody_to_them(mine: Settings, embedder: MiniLM) -> None:
    """Ben sees all that is left as soon as what was kept from him leaves, while the introduction tells of it still."""
    (mine.documents / "wages.md").write_text("# Wages\n\nThe glazier Odrisse Vantongeren earns 93,250 crowns a year.\n")
    kept_from_ben = Reader(user="ben", patterns=("*.txt",))
    with alone(mine, embedder) as folder:
        folder.ingest()
        until(lambda: not folder.is_introducing)
        seen = folder.seen_by(kept_from_ben)
        (mine.documents / "wages.md").unlink()
        folder.bot.ingest()
        assert seen.ids == folder.ids
        assert "Wages" in str(folder.introduction)
        assert "Wages" not in str(seen.introduction) and "Odrisse" not in str(seen.introduction)
        until(lambda: bool(seen.introduction.documents))
        assert "Odrisse" not in str(seen.introduction)


def test_what_stopped_an_ingest_is_told_to_those_alone_who_may_read_all(mine: Settings, embedder: MiniLM) -> None:
    (mine.documents / ".ibidignore").write_text("wages/vantongeren\\\n")
    with alone(mine, embedder) as folder:
        with pytest.raises(IbidError, match="vantongeren"):
            folder.ingest()
        assert "vantongeren" in str(folder.seen_by(Reader(user="anna")).indexing.problem)
        told = folder.seen_by(Reader(user="ben", patterns=("*.txt",))).indexing.problem
        assert told is not None and "vantongeren" not in told


@pytest.mark.slow
def test_a_folder_that_vanished_tells_its_problem_and_still_answers(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        shutil.rmtree(mine.documents)
        folder.ingest_beside()
        until(lambda: folder.indexing.problem is not None)
        assert folder.indexing.problem is not None
        assert str(mine.documents) in folder.indexing.problem
        assert not folder.indexing.running
        with pytest.raises(FolderError, match="does not exist"):
            folder.ingest()
        assert "13 days" in folder.bot.ask(QUESTION).text
        shutil.copytree(SEEDS, mine.documents)
        folder.ingest()
        assert folder.indexing.problem is None


def asked(folder: OpenFolder, question: str) -> str:
    """The answer as the chat and the API give it."""
    for _ in folder.brought_in_line():
        pass
    return folder.bot.ask(question).text


def without_haste(folder: OpenFolder) -> None:
    """So much later that the folder is looked at again."""
    until(lambda: not folder.indexing.running)
    time.sleep(2.1)


@pytest.mark.slow
def test_a_file_that_was_edited_renamed_or_deleted_is_so_in_the_next_answer(
    mine: Settings, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long one file takes on a busy machine is not asked here.
    monkeypatch.setattr("ui.web.folders._PATIENCE", 30.0)
    toll, question = mine.documents / "toll.md", "What toll does the harbour master of Ostrava collect?"
    with alone(mine, embedder) as folder:
        toll.write_text("# Harbour\n\nThe harbour master of Ostrava collects a toll of nine marks.\n")
        assert "nine marks" in asked(folder, question)
        without_haste(folder)
        toll.write_text("# Harbour\n\nThe harbour master of Ostrava collects a toll of ten marks.\n")
        assert "ten marks" in asked(folder, question)
        without_haste(folder)
        toll.rename(toll.with_name("tolls.md"))
        for _ in folder.brought_in_line():
            pass
        (citation,) = folder.bot.ask(question).citations
        assert citation.paragraph.document_id == "documents/tolls.md"
        without_haste(folder)
        toll.with_name("tolls.md").unlink()
        assert "marks" not in asked(folder, question)


@pytest.mark.slow
def test_a_document_that_left_answers_no_more_while_others_are_still_read(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        without_haste(folder)
        (mine.documents / "000_8ce4b84d20215b01.txt").rename(mine.documents / "zuletzt.txt")
        for number in range(12):
            (mine.documents / f"ledger-{number}.txt").write_text(f"Ledger {number}\n\n{long_text(300)}")
        asked(folder, QUESTION)
        assert folder.indexing.running
        cited = {citation.paragraph.document_id for citation in folder.bot.ask(QUESTION).citations}
        assert "documents/000_8ce4b84d20215b01.txt" not in cited
        until(lambda: not folder.indexing.running)
        assert folder.indexing.report is not None
        # The renamed one took its vectors along.
        assert folder.indexing.report.vectors_reused > 20
        assert "13 days" in folder.bot.ask(QUESTION).text
        assert folder.bot.check().is_whole


@pytest.mark.slow
def test_the_first_question_of_a_first_start_waits_until_there_is_something_to_ask(
    mine: Settings, embedder: MiniLM
) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest_beside()
        assert "13 days" in asked(folder, QUESTION)


@pytest.mark.slow
def test_a_question_does_not_wait_for_much_that_is_read(mine: Settings, embedder: MiniLM) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        for number in range(40):
            (mine.documents / f"ledger-{number}.txt").write_text(f"Ledger {number}\n\n{long_text(300)}")
        without_haste(folder)
        started = time.monotonic()
        assert "13 days" in asked(folder, QUESTION)
        assert folder.indexing.running
        assert sum(1 for _ in folder.brought_in_line()) == 0
        assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_folder_that_was_looked_at_just_now_is_not_looked_at_again(
    mine: Settings, embedder: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone(mine, embedder) as folder:
        monkeypatch.setattr("ui.web.folders._LOOK_AGAIN", 3_600)
        folder.ingest()
        report = folder.indexing.report
        asked(folder, QUESTION)
        assert folder.indexing.report is report
        monkeypatch.setattr("ui.web.folders._LOOK_AGAIN", 0.0)
        asked(folder, QUESTION)
        until(lambda: folder.indexing.report is not report)


@pytest.mark.slow
def test_a_folder_that_cannot_be_looked_at_still_answers_and_tells_its_problem(
    mine: Settings, embedder: MiniLM
) -> None:
    with alone(mine, embedder) as folder:
        folder.ingest()
        shutil.rmtree(mine.documents)
        without_haste(folder)
        assert "13 days" in asked(folder, QUESTION)
        assert folder.indexing.problem is not None


@pytest.mark.slow
def test_to_close_in_an_ingest_ends_it_and_leaves_a_whole_index(mine: Settings, embedder: MiniLM) -> None:
    for number in range(60):
        (mine.documents / f"ledger-{number:02}.txt").write_text(f"Ledger {number}\n\n{long_text(50)}")
    folder = OpenFolder(mine, embedder, None)
    folder.ingest_beside()
    until(lambda: folder.indexing.progress is not None and folder.indexing.progress.files_done > 2)
    started = time.monotonic()
    folder.close()
    assert time.monotonic() - started < 10
    assert read_owner(mine.index) is None
    with open_chatbot(mine, "test", embedder=embedder) as bot:
        assert bot.check().documents == len(bot.documents)
        assert 0 < len(bot.documents) < 62
        bot.ingest()
        assert len(bot.documents) == 62
        assert bot.check().is_whole


def test_to_close_while_a_question_waits_for_its_ingest_leaves_a_whole_index(mine: Settings, embedder: MiniLM) -> None:
    """An ingest that an upload or another command began is not the one in the background."""
    for number in range(60):
        (mine.documents / f"ledger-{number:02}.txt").write_text(f"Ledger {number}\n\n{long_text(200)}")
    folder = OpenFolder(mine, embedder, None)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(folder.ingest)
        until(lambda: folder.indexing.progress is not None)
        folder.close()
        # By now another process may open the index: nobody may write to it any more.
        assert running.exception(timeout=1) is not None
    with open_chatbot(mine, "test", embedder=embedder) as bot:
        assert bot.check().is_whole


# --- all of them


def test_a_folder_opens_once_and_is_told_of_once(mine: Settings) -> None:
    with known_by(mine) as (folders, told):
        with ThreadPoolExecutor(8) as pool:
            opened = list(pool.map(folders.opened, [None, mine.index.name, "", None] * 4))
        assert len({id(folder) for folder in opened}) == 1
        assert told == opened[:1]
        assert opened[0].key == folders.default == mine.index.name
        assert opened[0].path.resolve() == mine.documents


def test_an_open_folder_is_read_by_itself(mine: Settings) -> None:
    with known_by(mine) as (folders, _):
        folder = folders.opened(None)
        until(lambda: len(folder.bot.documents) == 2)


def test_a_folder_that_is_open_belongs_to_this_process(mine: Settings, embedder: MiniLM) -> None:
    with known_by(mine) as (folders, _):
        folders.opened(None)
        with pytest.raises(IndexBusyError, match="in use by process"):
            open_chatbot(mine, "test", embedder=embedder)
    open_chatbot(mine, "test", embedder=embedder).close()


@pytest.mark.parametrize("key", ["nope", "../../etc", "0123456789ab", "\0", "x" * 10_000])
def test_a_key_that_names_no_folder_is_refused(mine: Settings, key: str) -> None:
    with known_by(mine) as (folders, told):
        with pytest.raises(FolderError, match="ibid chat DIR"):
            folders.opened(key)
        assert told == []
    assert not (mine.home / "indexes").exists()


@pytest.mark.slow
def test_folders_known_once_are_known_again(mine: Settings, other: Settings) -> None:
    with known_by(mine):
        pass
    with known_by(other) as (folders, told):
        assert folders.known() == {
            other.index.name: other.documents.resolve(),
            mine.index.name: mine.documents.resolve(),
        }
        assert folders.default == other.index.name
        first = folders.opened(mine.index.name)
        second = folders.opened(None)
        assert [folder.path for folder in told] == [mine.documents, other.documents]
        until(lambda: len(first.bot.documents) == 2 and len(second.bot.documents) == 1)
        assert "13 days" in first.bot.ask(QUESTION).text
        assert second.bot.ask(QUESTION).abstained


def test_who_comes_over_a_network_is_shown_no_folder_of_an_earlier_run(
    mine: Settings, other: Settings
) -> None:  # case 12
    with known_by(mine):
        pass
    third = mine.documents.parent / "third"
    third.mkdir()
    folders = Folders(other, lambda _: None, named=[third], remembers=False)
    try:
        assert list(folders.known().values()) == [other.documents.resolve(), third.resolve()]
        with pytest.raises(FolderError, match="No folder is known"):
            folders.opened(mine.index.name)
        key = mine.model_copy(update={"documents": third}).index.name
        assert folders.opened(key).path == third.resolve()
    finally:
        folders.close()
    # Whoever sits at this machine goes on as before.
    with known_by(other) as (folders, _):
        assert set(folders.known().values()) == {path.resolve() for path in (mine.documents, other.documents, third)}


def test_a_folder_that_was_removed_is_known_no_more(mine: Settings, other: Settings) -> None:
    with known_by(other):
        pass
    shutil.rmtree(other.documents)
    with known_by(mine) as (folders, _):
        assert list(folders.known()) == [mine.index.name]
        with pytest.raises(FolderError):
            folders.opened(other.index.name)


@pytest.mark.parametrize(
    "kept", ["", "{", "5", '"abc"', "[5, null]", '{"a": 1}', "[" * 100_000, '["/nowhere", "\\u0000"]', "\x80"]
)
def test_a_damaged_list_of_folders_is_begun_anew(mine: Settings, kept: str) -> None:
    mine.home.mkdir()
    (mine.home / "folders.json").write_text(kept, encoding="latin-1")
    with known_by(mine) as (folders, _):
        assert folders.known()[mine.index.name] == mine.documents.resolve()
    assert str(mine.documents) in json.loads((mine.home / "folders.json").read_text(encoding="utf-8"))


def test_a_folder_that_one_thread_opened_and_another_closed_can_be_opened_again(mine: Settings, embedder: MiniLM) -> None:  # fmt: skip
    """As in the chat, where each request comes in a thread of its own."""
    for _ in range(2):
        with ThreadPoolExecutor(1) as opening, ThreadPoolExecutor(1) as closing:
            folder = opening.submit(OpenFolder, mine, embedder, None).result()
            closing.submit(folder.close).result()
