"""A model's scores of passages: the best first, the irrelevant left out, and nothing lost where it fails."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.schema import NodeWithScore, TextNode

from rag.answer.relevance import ModelRelevance
from rag.chatbot import open_chatbot
from rag.index.embedding import MiniLM
from rag.servers.chat_model import ChatModel
from rag.settings import Settings
from tests.conftest import ModelServer

QUESTION = "How long was West Aleppo under siege?"
JUDGED = "The question to judge them by: How long"
TEXTS = ["A convoy left.", "The siege lasted 13 days.", "Bread was dear."]


def nodes(texts: Sequence[str] = TEXTS) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in texts]


def judged(url: str, question: str = "How long?") -> list[str]:
    model = ChatModel("gpt-test", "none", url, silent_seconds=3.0)
    kept = ModelRelevance(model).postprocess_nodes(nodes(), query_str=question)
    return [one.node.get_content() for one in kept]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("P1: 4\nP2: 10\nP3: 0", [TEXTS[1], TEXTS[0]]),
        ("1. 5\n2. 5\n3. 5", TEXTS),
        ("P1: 4/10\n[P2] – 10/10\n- P3: 7", [TEXTS[1], TEXTS[2], TEXTS[0]]),
        ("P1: 0\nP2: 1\nP3: 0", TEXTS),
        ("P1: 4\nP2: 10", TEXTS),
        ("P1: 4\nP2: 99\nP3: 5", TEXTS),
        ("They are all fine.", TEXTS),
        ({"response": {"error": {"message": "no", "type": "x"}, "status": 401}}, TEXTS),
        ({"response": {"content": "x"}, "chaos": {"malformedRate": 1.0}}, TEXTS),
    ],
    ids=[
        "scores",
        "equal",
        "other spellings",
        "none fits",
        "one left out",
        "no score",
        "prose",
        "refused",
        "malformed",
    ],
)
def test_passages_follow_the_scores_or_stay_as_they_were(
    model_server: ModelServer, reply: str | dict[str, object], expected: list[str]
) -> None:
    with model_server({JUDGED: reply}) as url:
        assert judged(url) == expected


def test_any_model_that_says_something_else_changes_nothing() -> None:
    kept = ModelRelevance(MockLLM()).postprocess_nodes(nodes(), query_str="How long?")
    assert [one.node.get_content() for one in kept] == TEXTS


def test_answers_take_one_request_more_and_are_written_from_what_is_left(
    tmp_path: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    scores = "\n".join(f"P{number}: {9 if number == 3 else 0}" for number in range(1, 11))
    replies = {
        "The question to judge them by": scores,
        f"Question: {QUESTION}": "West Aleppo was under siege by Daesh for 13 days. [P1]",
        "Statements:": "A: none",
    }
    asked = {}
    for relevance in (False, True):
        with model_server(replies) as url:
            model = ChatModel("gpt-test", "none", url)
            settings = Settings(documents=seeds, home=tmp_path, relevance=relevance)
            with open_chatbot(settings, "test", embedder=embedder, llm=model) as bot:
                bot.ingest()
                answer = bot.ask(QUESTION)
                third = answer.passages[2].paragraph.text
            asked[relevance] = _prompts(url)
    assert len(asked[False]) == 1
    judging, writing, *_ = asked[True]
    assert judging.count("<text-") == 10
    assert writing.count("<text-") == 1
    assert third[:60] in writing


def _prompts(url: str) -> list[str]:
    """What the server was asked, in order."""
    with urllib.request.urlopen(url.replace("/v1", "/__aimock/journal")) as response:
        journal = json.load(response)
    return [entry["body"]["messages"][-1]["content"] for entry in journal]
