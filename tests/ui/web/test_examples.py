"""Questions to begin with: few, answered by the documents at hand, and none where there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rag.chatbot import Chatbot
from rag.domain import Confidence, Question, Role
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.settings import Settings
from ui.web.examples import MOST, MOST_OF_ONE, examples, questions_to

SEEDS = Path(__file__).parents[3] / "seeds"


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM()


def opened(documents: Path, home: Path, embedder: MiniLM) -> Chatbot:
    bot = open_chatbot(Settings(documents=documents, home=home), "test", embedder=embedder)
    bot.ingest()
    return bot


def assert_answered(bot: Chatbot, questions: tuple[str, ...]) -> None:
    """The first is about the collection; each of the others brings a citation, each from another place."""
    assert 1 <= len(questions) <= MOST == 4
    assert len(set(questions)) == len(questions)
    places = []
    for question in questions[1:]:
        answer = bot.ask(question)
        assert not answer.abstained, question
        places.append(answer.citations[0].paragraph.key)
    assert len(set(places)) == len(places)


@pytest.mark.slow
def test_the_seeds_offer_questions_that_they_answer(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(SEEDS, tmp_path, embedder) as bot:
        questions = examples(bot)
        assert questions[0] == "What are these documents about?"
        assert {citation.paragraph.document_id for citation in bot.ask(questions[0]).citations} == {
            record.document_id for record in bot.documents
        }
        assert len(questions) > 1
        assert_answered(bot, questions)
        assert examples(bot) == questions


def test_one_document_is_asked_about_as_one(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "one").mkdir()
    shutil.copy(SEEDS / "000_8ce4b84d20215b01.txt", tmp_path / "one")
    with opened(tmp_path / "one", tmp_path / "home", embedder) as bot:
        questions = examples(bot)
        assert questions[0] == "What is this about?"
        assert bot.ask(questions[0]).citations
        assert_answered(bot, questions)


def test_a_heading_that_asks_and_is_answered_is_offered(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "faq.md").write_text(
        "# Bicycle rental\n\n## How much does a bicycle cost per day?\n\n"
        "A bicycle costs 12 euros per day, and a helmet costs two euros more.\n\n"
        "## Where can I return a bicycle?\n\n"
        "You can return a bicycle at the station, behind the bakery, until ten at night.\n"
    )
    with opened(tmp_path / "faq", tmp_path / "home", embedder) as bot:
        questions = examples(bot)
        assert set(questions) & {"How much does a bicycle cost per day?", "Where can I return a bicycle?"}
        assert_answered(bot, questions)


def test_a_folder_without_documents_offers_nothing(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "empty").mkdir()
    with open_chatbot(Settings(documents=tmp_path / "empty", home=tmp_path / "home"), "test", embedder=embedder) as bot:
        assert examples(bot) == ()


def test_documents_of_hardly_a_word_offer_only_what_they_answer(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "a.txt").write_text("Hm.\n")
    (tmp_path / "few" / "b.md").write_text("## Why does nobody ever answer this question?\n")
    with opened(tmp_path / "few", tmp_path / "home", embedder) as bot:
        assert_answered(bot, examples(bot))


@pytest.mark.slow
def test_a_document_offers_questions_that_it_answers_by_itself(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(SEEDS, tmp_path, embedder) as bot:
        for record in bot.documents:
            questions = questions_to(bot, record)
            assert 1 <= len(questions) <= MOST_OF_ONE
            for question in questions:
                answer = bot.ask(Question(question, scope=frozenset({record.document_id})))
                assert answer.confidence is Confidence.HIGH
                assert answer.citations[0].paragraph.role is not Role.COMMENT


def test_headings_are_asked_about_without_their_numbers(tmp_path: Path, embedder: MiniLM) -> None:
    (tmp_path / "terms").mkdir()
    (tmp_path / "terms" / "terms.md").write_text(
        "# Terms of the pool\n\n## A. How do I cancel a swimming lesson?\n\n"
        "You cancel a swimming lesson by a letter to the pool, two days before it begins.\n\n"
        "## 2. **Lost bathing caps**\n\nLost bathing caps are kept at the desk of the pool for two weeks.\n"
    )
    with opened(tmp_path / "terms", tmp_path / "home", embedder) as bot:
        (record,) = bot.documents
        assert questions_to(bot, record) == (
            "How do I cancel a swimming lesson?",
            "What is said about lost bathing caps?",
        )
