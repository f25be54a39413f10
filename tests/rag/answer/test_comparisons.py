"""Questions over several documents: each has its say, with or without a model."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Answer, Question, Role, Verdict
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.servers.chat_model import ChatModel
from rag.servers.remote_embedding import RemoteEmbedding
from rag.settings import Settings
from tests.conftest import EmbeddingServer, ModelServer

ALEPPO, ADVANCE = "documents/000_8ce4b84d20215b01.txt", "documents/003_92a89446f71c2985.txt"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def bot(home: Path, seeds: Path, embedder: MiniLM) -> Iterator[Chatbot]:
    with open_chatbot(Settings(documents=seeds, home=home / "extractive"), "test", embedder=embedder) as opened:
        opened.ingest()
        yield opened


def documents(answer: Answer) -> list[str]:
    return [citation.paragraph.document_id for citation in answer.citations]


def assert_cited(answer: Answer) -> None:
    assert answer.complete
    shown = {passage.paragraph.key for passage in answer.passages}
    assert [citation.mark for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    for statement in answer.statements:
        assert statement.verdict is Verdict.VERIFIED
        assert all(citation.paragraph.key in shown for citation in statement.citations)


@pytest.mark.parametrize("question", ["Compare the two articles", "How do the articles differ?"])
def test_without_a_model_each_begins_in_its_own_words_and_that_is_said(bot: Chatbot, question: str) -> None:
    answer = bot.ask(question)
    assert documents(answer) == [ALEPPO, ADVANCE]
    assert answer.notice == "To weigh them against each other takes a language model; here is what each is about."
    assert_cited(answer)


def test_on_a_topic_each_document_has_a_sentence_under_its_title(bot: Chatbot) -> None:
    answer = bot.ask("What do the articles say about the siege of Aleppo?")
    assert documents(answer) == [ALEPPO, ADVANCE]
    assert [one.lead for one in answer.statements] == [f"{record.title}:" for record in bot.documents]
    assert all("siege" in one.text for one in answer.statements)
    assert answer.notice is None
    assert_cited(answer)


def test_a_document_that_does_not_speak_of_it_is_named(bot: Chatbot) -> None:
    answer = bot.ask("How do the articles differ on Kweires air base?")
    assert documents(answer) == [ADVANCE]
    assert answer.notice == f"“{bot.documents[0].title}” does not seem to speak of it."
    assert_cited(answer)


def test_a_topic_that_none_speaks_of_is_refused_with_the_closest(bot: Chatbot) -> None:
    answer = bot.ask("What do the articles say about the moon landing?")
    assert answer.abstained
    assert answer.notice == "Your documents do not seem to speak of the moon landing."
    assert {passage.paragraph.document_id for passage in answer.closest} == {ALEPPO, ADVANCE}
    assert not answer.statements


def test_a_document_speaks_before_its_readers_do(bot: Chatbot) -> None:
    for topic in ("Russia", "Aleppo", "the Syrian army"):
        answer = bot.ask(f"Compare the articles on {topic}")
        for statement in answer.statements:
            role = statement.citations[0].paragraph.role
            assert role is not Role.COMMENT or (statement.lead or "").startswith("A reader")


def test_among_many_documents_those_closest_to_the_topic_speak(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "documents").mkdir()
    for number in range(30):
        about = "The toll on the bridge is three crowns." if number % 10 == 7 else "The mill grinds rye on Mondays."
        (tmp_path / "documents" / f"town{number:02}.txt").write_text(
            f"Town number {number}\n\n{about} {number} live here.\n"
        )
    with open_chatbot(Settings(documents=tmp_path / "documents", home=tmp_path), "test", embedder=embedder) as many:
        many.ingest()
        answer = many.ask("What do the documents say about the toll on the bridge?")
    assert documents(answer) == [f"documents/town{number:02}.txt" for number in (7, 17, 27)]
    assert (answer.notice or "").endswith(
        "do not seem to speak of it. Only the documents closest to it were asked, of 30."
    )


def test_a_model_is_given_passages_of_every_document_and_told_to_compare(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    replies = {
        "asks for a comparison": "West Aleppo was under siege by Daesh for 13 days. [P1] "
        "Troops are advancing on Kweires air base to break a siege by ISIS. [P6]",
        "Statements:": "A: none",
    }
    with model_server(replies) as url:
        model = ChatModel("gpt-test", "", url)
        with open_chatbot(Settings(documents=seeds, home=home), "test", embedder=embedder, llm=model) as bot:
            bot.ingest()
            on_topic = bot.ask("What do the articles say about the siege of Aleppo?")
            refused = bot.ask("What do the articles say about the moon landing?")
            overall = bot.ask("Compare the two articles")
        with urllib.request.urlopen(url.replace("/v1", "/__aimock/journal")) as response:
            asked = [entry["body"]["messages"][-1]["content"] for entry in json.load(response)]
    assert refused.abstained
    assert len([prompt for prompt in asked if "asks for a comparison" in prompt]) == 2
    for answer in (on_topic, overall):
        assert answer.mode == "generative"
        assert [passage.paragraph.document_id for passage in answer.passages] == [ALEPPO] * 5 + [ADVANCE] * 5
    assert documents(on_topic) == [ALEPPO, ADVANCE]
    assert_cited(on_topic)


@pytest.mark.slow
def test_a_topic_is_sent_to_a_second_embedder_once(
    tmp_path: Path, seeds: Path, embedder: MiniLM, embedding_server: EmbeddingServer
) -> None:
    settings = Settings(documents=seeds, home=tmp_path)
    embedding = RemoteEmbedding("embed-test", "", embedding_server.url)
    with open_chatbot(settings, "test", embedder=embedder, embedding=embedding) as bot:
        bot.ingest()
        sent = len(embedding_server.texts)
        answer = bot.ask("What do the articles say about the siege of Aleppo?")
        bot.ask(Question("What do the articles say about Russia?", offline=True))
    assert embedding_server.texts[sent:] == ["the siege of Aleppo"]
    assert documents(answer) == [ALEPPO, ADVANCE]
