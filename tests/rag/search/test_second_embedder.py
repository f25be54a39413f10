"""A second embedder beside the shipped one: own vectors, made once, used when whole, missed without harm."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from llama_index.core.embeddings import MockEmbedding

from rag.chatbot import Chatbot
from rag.domain import Answer, Question
from rag.errors import EmbeddingError, IbidError
from rag.index.embedding import MiniLM
from rag.ingest import Outcome
from rag.opening import embedding_of, open_chatbot
from rag.search.second_embedder import fingerprint_of
from rag.servers.remote_embedding import BATCH, RemoteEmbedding
from rag.settings import Settings
from tests.conftest import EmbeddingServer

KEY = "sk-planted-0123456789"
QUESTION = "How long was West Aleppo under siege?"
STANDS_IN = "Until `ibid ingest` has made all its vectors, the shipped embedder finds the passages."


@pytest.fixture
def folder(tmp_path: Path, seeds: Path) -> Path:
    shutil.copytree(seeds, tmp_path / "documents")
    return tmp_path / "documents"


@contextmanager
def opened(
    folder: Path, embedder: MiniLM, url: str | None = None, model: str = "embed-test", question: float = 5.0
) -> Iterator[Chatbot]:
    embedding = RemoteEmbedding(model, KEY, url, 5.0, question) if url else None
    settings = Settings(documents=folder, home=folder.parent / "home")
    with open_chatbot(settings, "test", embedder=embedder, embedding=embedding) as bot:
        yield bot


def told(answer: Answer) -> object:
    """All of an answer but its times."""
    return {**answer.json(), "seconds": None}


def write_notes(folder: Path, count: int) -> None:
    text = "\n\n".join(f"Note {i} says that shed {i} holds {i + 3} rakes." for i in range(count))
    (folder / "notes.txt").write_text(f"Notes\n\n{text}\n", encoding="utf-8")


@pytest.mark.slow
def test_the_dense_leg_goes_by_the_second_embedders_vectors(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        report = bot.ingest()
        assert (report.unfinished, bot.second is not None and bot.second.is_whole) == (None, True)
        sent = len(embedding_server.texts)
        found = bot.search("encircled")
        assert embedding_server.texts[sent:] == ["encircled"]
        alone = bot.search(Question("encircled", offline=True))
        answer = bot.ask(QUESTION)
    assert sent == report.paragraphs_embedded == 55
    assert (found.second_used, found.dense_used, found.trouble) == (True, True, None)
    best = min(found.passages, key=lambda passage: passage.ranks.dense or 99)
    assert "siege" in best.paragraph.text
    assert "siege" not in alone.passages[0].paragraph.text
    assert answer.notice is None
    assert "13 days" in answer.text


@pytest.mark.slow
def test_a_text_is_sent_once_however_often_it_is_read_moved_or_repeated(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    write_notes(folder, 20)
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        bot.ingest()
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        (folder / "notes.txt").rename(folder / "moved.txt")
        bot.ingest()
        with (folder / "moved.txt").open("a") as notes:
            notes.write("\nShed 99 is new.\n")
        bot.ingest()
        assert bot.second is not None
        assert bot.second.is_whole
    assert embedding_server.texts[-1] == "Notes\nShed 99 is new."
    assert len(embedding_server.texts) == len(set(embedding_server.texts))


def test_what_left_the_folder_leaves_its_vectors_too(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    write_notes(folder, 20)
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        (folder / "notes.txt").unlink()
        bot.ingest()
        sent = len(embedding_server.texts)
        write_notes(folder, 20)
        bot.ingest()
    assert len(embedding_server.texts) == sent + 21


@pytest.mark.slow
def test_while_its_vectors_are_made_and_when_it_was_given_up_the_shipped_embedder_answers(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder) as bot:
        bot.ingest()
        before = bot.ask(QUESTION)
    with opened(folder, embedder, embedding_server.url) as bot:
        assert bot.second is not None
        assert not bot.second.is_whole
        assert told(bot.ask(QUESTION)) == told(before)
        assert embedding_server.asked == []
        bot.ingest()
        assert bot.second.is_whole
    with opened(folder, embedder) as bot:
        report = bot.ingest()
        assert (report.paragraphs_embedded, report.counts) == (0, {Outcome.UNCHANGED: 2})
        assert told(bot.ask(QUESTION)) == told(before)
    with opened(folder, embedder, embedding_server.url) as bot:
        sent = len(embedding_server.asked)
        bot.ingest()
        assert bot.second is not None
        assert bot.second.is_whole
    assert len(embedding_server.asked) == sent


def test_each_embedder_has_its_own_vectors(folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
    sent = len(embedding_server.texts)
    with opened(folder, embedder, embedding_server.url, model="another/model:latest") as bot:
        bot.ingest()
    assert len(embedding_server.texts) == 2 * sent
    with opened(folder, embedder, embedding_server.url) as bot:
        assert bot.second is not None
        assert bot.second.is_whole


@pytest.mark.slow
def test_a_server_that_fails_in_the_middle_keeps_what_was_made_and_goes_on_from_there(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    write_notes(folder, 100)
    whole = embedding_server.sending

    def failing(vectors: list[list[float]]) -> list[list[float]]:
        embedding_server.status = 401 if len(embedding_server.asked) > 2 else 200
        return vectors

    embedding_server.sending = failing
    with opened(folder, embedder, embedding_server.url) as bot:
        report = bot.ingest()
        assert report.counts == {Outcome.ADDED: 3}
        assert report.unfinished is not None
        assert report.unfinished.endswith(f"refuses the key. Check OPENAI_API_KEY. {STANDS_IN}")
        assert "13 days" in bot.ask(QUESTION).text
        sent = len(embedding_server.texts)
        embedding_server.status, embedding_server.sending = 200, whole
        assert bot.ingest().unfinished is None
    assert 2 * BATCH < sent <= 3 * BATCH
    assert len(embedding_server.texts) == len(set(embedding_server.texts)) == report.paragraphs_embedded


@pytest.mark.slow
def test_where_it_cannot_be_asked_the_shipped_embedder_answers_and_it_says_so(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder, embedding_server.url, question=0.3) as bot:
        bot.ingest()
        quiet = bot.ask(Question(QUESTION, offline=True))
        embedding_server.status, embedding_server.message = 401, f"Incorrect API key provided: {KEY}"
        refused = bot.ask(QUESTION)
        unknown = bot.ask("What did gold cost on Mars?")
        embedding_server.status, embedding_server.silent = 200, 1.0
        slow = bot.ask(QUESTION)
    for answer, line in ((refused, "refuses the key. Check OPENAI_API_KEY."), (slow, "did not answer in time.")):
        assert answer.statements == quiet.statements
        assert line in (answer.notice or "")
        assert (answer.notice or "").endswith("The shipped embedder found the passages instead.")
    assert unknown.abstained
    assert (unknown.notice or "").startswith("Your documents do not seem to answer this. ")
    assert KEY not in json.dumps([answer.json() for answer in (refused, unknown, slow)])
    assert quiet.notice is None


@pytest.mark.slow
def test_nothing_is_sent_where_that_was_turned_off(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest(offline=True)
        assert embedding_server.asked == []
        bot.ingest()
        sent = len(embedding_server.asked)
        assert bot.ask(Question(QUESTION, offline=True)).statements
        assert not bot.search(Question(QUESTION, offline=True)).second_used
    assert len(embedding_server.asked) == sent


@pytest.mark.slow
def test_vectors_of_another_length_are_told_with_the_command_that_mends_it(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        embedding_server.dimensions = 32
        answer = bot.ask(QUESTION)
        assert "13 days" in answer.text
        assert "another length" in (answer.notice or "")
        (folder / "new.txt").write_text("A new text about rakes in a shed.\n")
        assert "Run `ibid ingest --rebuild`" in (bot.ingest().unfinished or "")


def test_what_ends_an_ingest_ends_it_between_groups(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    class StopError(IbidError):
        pass

    def check() -> None:
        if embedding_server.asked:
            raise StopError

    write_notes(folder, 100)
    with opened(folder, embedder, embedding_server.url) as bot:
        with pytest.raises(StopError):
            bot.ingest(check=check)
        assert len(embedding_server.asked) == 1
        assert "13 days" in bot.ask(QUESTION).text


def test_a_text_in_a_language_the_shipped_embedder_does_not_know_is_found_by_the_second(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    paragraphs = ["Осада города длилась тринадцать дней.", "Хлеб стоил дорого, и люди ждали.", "Реку перешли зимой."]
    (folder / "осада.txt").write_text("Заметки\n\n" + "\n\n".join(paragraphs) + "\n", encoding="utf-8")
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        found = bot.search("Сколько длилась осада города?")
    assert (found.dense_used, found.second_used, found.by_meaning) == (False, True, True)
    assert found.passages[0].paragraph.text == paragraphs[0]
    assert found.passages[0].ranks.dense == 1


def test_the_key_stands_in_no_file(folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        bot.ask(QUESTION)
    assert embedding_server.keys == {KEY}
    for path in (folder.parent / "home").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_any_embedder_of_llamaindex_can_be_the_second(folder: Path, embedder: MiniLM) -> None:
    settings = Settings(documents=folder, home=folder.parent / "home")
    with open_chatbot(settings, "test", embedder=embedder, embedding=MockEmbedding(embed_dim=8)) as bot:
        assert bot.ingest().unfinished is None
        assert bot.search(QUESTION).second_used
        assert bot.ask(QUESTION).complete


def test_a_fingerprint_tells_models_and_hosts_apart_and_fits_a_name() -> None:
    one, same, elsewhere, other = (
        fingerprint_of(RemoteEmbedding(model, key, url))
        for model, key, url in [
            ("BAAI/bge-m3:latest", KEY, "http://a.example/v1"),
            ("BAAI/bge-m3:latest", "another key", "http://a.example/v1"),
            ("BAAI/bge-m3:latest", KEY, "http://b.example/v1"),
            ("BAAI/bge-m3", KEY, "http://a.example/v1"),
        ]
    )
    assert one == same
    assert len({one, elsewhere, other}) == 3
    assert one.startswith("BAAI-bge-m3-latest-")


def test_a_key_alone_names_no_embedder_and_a_name_without_a_key_is_told(tmp_path: Path) -> None:
    assert embedding_of(Settings(home=tmp_path, openai_api_key=KEY)) is None
    assert embedding_of(Settings(home=tmp_path, openai_api_key=KEY, embed_model="")) is None
    with pytest.raises(EmbeddingError, match="IBID_EMBED_MODEL=openai:e needs OPENAI_API_KEY, or OPENAI_BASE_URL"):
        embedding_of(Settings(home=tmp_path, embed_model="openai:e"))
    with pytest.raises(ValueError, match="name it as openai:NAME"):
        Settings(home=tmp_path, embed_model="text-embedding-3-small")
    found = embedding_of(Settings(home=tmp_path, embed_model="openai:e", openai_base_url="http://127.0.0.1:9/v1"))
    assert str(found) == "e at 127.0.0.1:9"


@pytest.mark.slow
def test_vectors_that_were_lost_are_noticed_and_made_anew(
    folder: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    with opened(folder, embedder, embedding_server.url) as bot:
        bot.ingest()
        sent = len(embedding_server.texts)
        assert bot.second is not None
        vectors = bot.second._vectors._collection
        vectors.delete(ids=vectors.get(limit=3, include=[])["ids"])
    with opened(folder, embedder, embedding_server.url) as bot:
        assert bot.second is not None
        assert not bot.second.is_whole
        assert not bot.search(QUESTION).second_used
        bot.ingest()
        assert bot.second.is_whole
    assert len(embedding_server.texts) == sent + 3
