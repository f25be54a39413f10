"""What of others plugs in: rankers, embedders and models of LlamaIndex, and what happens when they fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatResponseGen
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import LongContextReorder, SimilarityPostprocessor

from rag.chatbot import Chatbot
from rag.domain import Passage
from rag.index.embedding import MiniLM
from rag.llamaindex import ShippedEmbedding
from rag.opening import open_chatbot
from rag.search.cross_encoder import Reader
from rag.settings import Settings
from tests.conftest import ROOT, bare_environment

QUESTION = "Who repaired the harbour of Pellworm?"
TEXT = """# The harbour

The harbour of Pellworm was repaired by Gesine Holm in 1911.

Its crane lifts nine tons and was brought from Husum.

The harbour of Esens was repaired by Onno Ites.

A ferry leaves the harbour of Pellworm twice a day.

The mill of Esens stands behind the dyke.
"""


@contextmanager
def opened(tmp_path: Path, **given: Any) -> Iterator[Chatbot]:
    folder = tmp_path / "documents"
    folder.mkdir(exist_ok=True)
    (folder / "harbour.md").write_text(TEXT)
    with open_chatbot(Settings(home=tmp_path / "home", documents=folder), "test", **given) as bot:
        bot.ingest()
        yield bot


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.paragraph.text for passage in passages]


class Backwards:
    """A ranker of somebody who likes the last best."""

    def order(self, question: str, passages: Sequence[Passage]) -> Sequence[Passage]:
        return list(reversed(passages))


class Broken:
    def order(self, question: str, passages: Sequence[Passage]) -> Sequence[Passage]:
        raise RuntimeError("the weights are\nnot there")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> list[str]:
    """The order that is found without any ranker."""
    base = tmp_path_factory.mktemp("plain")
    folder = base / "documents"
    folder.mkdir()
    (folder / "harbour.md").write_text(TEXT)
    with open_chatbot(Settings(home=base / "home", documents=folder, reader=False), "test", embedder=embedder) as bot:
        bot.ingest()
        return texts(bot.search(QUESTION).passages)


def test_a_ranker_of_ones_own_has_the_last_word(tmp_path: Path, embedder: MiniLM, plain: list[str]) -> None:
    with opened(tmp_path, embedder=embedder, ranker=Backwards()) as bot:
        found = bot.search(QUESTION)
        assert texts(found.passages) == plain[::-1]
        scores = [passage.score for passage in found.passages]
        assert scores == sorted(scores, reverse=True)
        assert not found.readings[0]


def test_a_postprocessor_of_llama_index_ranks_as_it_is(tmp_path: Path, embedder: MiniLM, plain: list[str]) -> None:
    with opened(tmp_path, embedder=embedder, ranker=LongContextReorder()) as bot:
        # It puts the best at both ends.
        assert sorted(texts(bot.search(QUESTION).passages)) == sorted(plain)
        assert texts(bot.search(QUESTION).passages) != plain
        assert {*texts(bot.search(QUESTION).passages)[::4]} == {*plain[:2]}


def test_what_a_ranker_leaves_out_is_no_passage(tmp_path: Path, embedder: MiniLM, plain: list[str]) -> None:
    with opened(tmp_path, embedder=embedder, ranker=SimilarityPostprocessor(similarity_cutoff=0.5)) as bot:
        assert texts(bot.search(QUESTION).passages) == plain[:1]
        assert "Gesine Holm" in bot.ask(QUESTION).text


def test_a_ranker_that_fails_costs_its_help_and_not_the_answer(
    tmp_path: Path, embedder: MiniLM, plain: list[str]
) -> None:
    with opened(tmp_path, embedder=embedder, ranker=Broken()) as bot:
        answer = bot.ask(QUESTION)
        assert "Gesine Holm" in answer.text
        assert texts(answer.passages) == plain
        assert answer.notice == (
            "The ranker failed (the weights are). The passages stand in the order that was found without it."
        )


def test_the_shipped_reader_can_be_given_by_hand(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(tmp_path, embedder=embedder, ranker=Reader()) as bot:
        found = bot.search(QUESTION)
        assert found.readings[0].keys() == {passage.paragraph.key for passage in found.passages}


class Torn(MockEmbedding):
    """An embedder that makes vectors of documents, and fails at questions."""

    def _get_query_embedding(self, query: str) -> list[float]:
        raise ConnectionResetError("the other side hung up\nin the middle")


class NeverThere(MockEmbedding):
    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        raise ZeroDivisionError


def test_a_foreign_embedder_that_fails_at_a_question_is_one_plain_notice(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(tmp_path, embedder=embedder, embedding=Torn(embed_dim=8)) as bot:
        answer = bot.ask(QUESTION)
        assert "Gesine Holm" in answer.text
        assert answer.notice is not None
        assert "failed (the other side hung up)" in answer.notice
        assert answer.notice.endswith("The shipped embedder found the passages instead.")


def test_a_foreign_embedder_that_fails_at_the_documents_is_told_by_the_ingest(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(tmp_path, embedder=embedder, embedding=NeverThere(embed_dim=8)) as bot:
        unfinished = bot.ingest().unfinished
        assert unfinished is not None and "failed (ZeroDivisionError)" in unfinished
        assert "Gesine Holm" in bot.ask(QUESTION).text


class Silent(MockLLM):
    """A model that is there and says nothing but an error."""

    def stream_chat(self, messages: Sequence[Any], **_: Any) -> ChatResponseGen:
        raise OSError("no route to the model")


def test_a_foreign_model_that_fails_leaves_the_quotes(tmp_path: Path, embedder: MiniLM) -> None:
    with opened(tmp_path, embedder=embedder, llm=Silent()) as bot:
        answer = bot.ask(QUESTION)
        assert (answer.mode, "Gesine Holm" in answer.text) == ("extractive", True)
        assert answer.notice is not None and answer.notice.startswith("The model failed (no route to the model).")


def test_the_shipped_embedder_is_one_of_llama_index_too(embedder: MiniLM) -> None:
    vector = ShippedEmbedding(embedder).get_text_embedding("A siege.")
    assert vector == [float(value) for value in embedder.vectors(["A siege."])[0]]
    long = ShippedEmbedding(embedder).get_query_embedding("The siege lasted four years. " * 100)
    assert sum(value * value for value in long) == pytest.approx(1.0, abs=1e-5)


def test_no_search_waits_for_the_framework_to_load(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "harbour.md").write_text(TEXT)
    program = (
        "import sys; from pathlib import Path; from rag.opening import open_chatbot; from rag.settings import Settings\n"
        f"settings = Settings(home=Path({str(tmp_path / 'home')!r}), documents=Path({str(tmp_path / 'documents')!r}))\n"
        "with open_chatbot(settings, 'test') as bot:\n"
        f"    bot.ingest(); assert 'Gesine Holm' in bot.ask({QUESTION!r}).text\n"
        "print(sorted(name for name in sys.modules if name.startswith('llama_index'))[:1])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=bare_environment(), capture_output=True, text=True
    )
    assert run.stdout == "[]\n", run.stderr
