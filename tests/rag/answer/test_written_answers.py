"""The whole path with a model: question, passages, the model's server, verified statements or an honest way out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import CustomLLM

from rag.answer.outcomes import NOT_FOUND
from rag.answer_json import answer_from
from rag.chatbot import Chatbot
from rag.domain import Answer, Question, Turn, Verdict
from rag.errors import ChatModelError
from rag.index.embedding import MiniLM
from rag.opening import chat_model_of, open_chatbot
from rag.servers.chat_model import ChatModel
from rag.settings import Settings
from tests.conftest import ModelServer

KEY = "sk-planted-0123456789"
QUESTION = "How long was West Aleppo under siege?"
UNANSWERED = "Which song did the drivers of the convoy sing on their way?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@contextmanager
def writing(home: Path, seeds: Path, embedder: MiniLM, url: str, strict: bool = False) -> Iterator[Chatbot]:
    settings = Settings(documents=seeds, home=home, strict=strict)
    model = ChatModel("gpt-test", KEY, url, silent_seconds=3.0, whole_seconds=20.0)
    with open_chatbot(settings, "test", embedder=embedder, llm=model) as bot:
        bot.ingest()
        yield bot


def verdicts(answer: Answer) -> list[Verdict]:
    return [statement.verdict for statement in answer.statements]


def assert_sound(answer: Answer, seeds: Path) -> None:
    """Every statement is cited or marked; every quote is the very slice of its file; every number, counted here by
    other means than the product's, stands in the cited paragraph."""
    assert answer.complete
    for statement in answer.statements:
        assert statement.verdict in (Verdict.VERIFIED, Verdict.UNSUPPORTED)
        assert bool(statement.citations) == (statement.verdict is Verdict.VERIFIED)
        for citation in statement.citations:
            text = (seeds / citation.paragraph.document_id.removeprefix("documents/")).read_bytes().decode()
            assert text[citation.start : citation.end] == citation.quote
        if statement.verdict is Verdict.VERIFIED:
            there = " ".join(citation.paragraph.text for citation in statement.citations)
            for number in re.findall(r"\d+", statement.text):
                assert re.search(rf"(?<!\d){number}(?!\d)", there), (number, there)


def test_a_good_answer_is_verified_and_names_its_writer(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    reply = "West Aleppo was under siege by Daesh for 13 days. [P1] A food convoy is making its way there. [P1]"
    with model_server({QUESTION: reply}, "-c", "5") as url, writing(home, seeds, embedder, url) as bot:
        *growing, answer = bot.stream(QUESTION)
    assert verdicts(answer) == [Verdict.VERIFIED, Verdict.VERIFIED]
    assert (answer.mode, answer.model) == ("generative", f"gpt-test at {url.split('/')[2]}")
    assert answer.usage["completion_tokens"] > 0
    assert [len(one.statements) for one in growing] == sorted(len(one.statements) for one in growing)
    assert 1 in [len(one.statements) for one in growing]
    assert_sound(answer, seeds)


def test_all_calls_for_an_answer_are_counted_with_their_cost_where_the_server_tells_it(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    def costing(content: str, cost: float) -> dict[str, object]:
        tokens = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        return {"response": {"content": content, "usage": {**tokens, "cost": cost}}}

    replies: dict[str, str | dict[str, object]] = {
        "The last question: And for how long?": costing(QUESTION, 0.25),
        "Question: And for how": costing(
            "West Aleppo was under siege by Daesh for 13 days. [P1] The siege lasted 99 days. [P1]", 0.5
        ),
        "Statements:": costing("A: none", 1.0),
    }
    # Under this path aimock speaks as OpenRouter, which tells the cost.
    with (
        model_server(replies) as url,
        writing(home, seeds, embedder, url.replace("/v1", "/api/v1")) as bot,
    ):
        first = bot.ask(Question("Who kept West Aleppo under siege?", offline=True))
        answer = bot.ask(Question("And for how long?", turns=[Turn(first.question, first)]))
    assert verdicts(answer) == [Verdict.VERIFIED, Verdict.UNSUPPORTED]
    assert answer.json()["usage"] == {"prompt_tokens": 300, "completion_tokens": 30, "cost": 1.75}
    assert answer_from(json.loads(json.dumps(answer.json()))).usage == answer.usage
    assert first.json()["usage"] is None


def test_what_an_answer_that_came_to_nothing_used_is_counted_too(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    with model_server({QUESTION: "NOT_IN_DOCUMENTS"}) as url, writing(home, seeds, embedder, url) as bot:
        refused = bot.ask(QUESTION)
    with (
        model_server({QUESTION: "The siege lasted 99 days. [P1]", "Statements:": "A: none"}) as url,
        writing(home, seeds, embedder, url) as bot,
    ):
        nothing = bot.ask(QUESTION)
    assert (refused.abstained, nothing.mode) == (True, "extractive")
    assert refused.usage["prompt_tokens"] > 0
    assert nothing.usage["prompt_tokens"] > refused.usage["prompt_tokens"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The siege lasted 13 days.", [Verdict.VERIFIED]),
        ("West Aleppo was under siege by Daesh for 13 days. [P99]", [Verdict.VERIFIED]),
        ("West Aleppo was under siege by Daesh for 31 days. [P1] A food convoy is making its way there. [P1]", [Verdict.UNSUPPORTED, Verdict.VERIFIED]),
        ("Damascus fell in October 2015. [P1] A food convoy is making its way to West Aleppo. [P1]", [Verdict.UNSUPPORTED, Verdict.VERIFIED]),
    ],
    ids=["without marks", "a mark to nowhere", "a number copied wrong", "a false premise echoed"],
)  # fmt: skip
def test_each_statement_stands_or_is_marked(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer, reply: str, expected: list[Verdict]
) -> None:
    replies = {QUESTION: reply, "Statements:": "A: none"}
    with model_server(replies) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(QUESTION)
    assert verdicts(answer) == expected
    assert_sound(answer, seeds)


def test_strict_mode_leaves_out_what_does_not_stand(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    reply = "West Aleppo was under siege for 31 days. [P1] A food convoy is making its way to West Aleppo. [P1]"
    replies = {QUESTION: reply, "Statements:": "A: none"}
    with model_server(replies) as url, writing(home, seeds, embedder, url, strict=True) as bot:
        answer = bot.ask(QUESTION)
    assert [statement.text for statement in answer.statements] == ["A food convoy is making its way to West Aleppo."]


def test_the_models_own_no_is_an_abstention(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    with model_server({UNANSWERED: "NOT_IN_DOCUMENTS"}) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(UNANSWERED)
    assert answer.abstained
    assert answer.closest
    assert answer.notice == NOT_FOUND
    assert not answer.statements


@pytest.mark.slow
@pytest.mark.parametrize(
    "reply",
    [
        "The moon is made of cheese. [P1]",
        {"response": {"error": {"message": "no", "type": "authentication_error"}, "status": 401}},
        {"response": {"error": {"message": "slow down", "type": "requests"}, "status": 429}},
        {"response": {"content": "x"}, "chaos": {"dropRate": 1.0}},
        {"response": {"content": "x"}, "chaos": {"malformedRate": 1.0}},
        {"response": {"content": "x"}, "chaos": {"disconnectRate": 1.0}},
        {"response": {"content": "x"}, "latency": 5000},
        {"response": {"content": "West Aleppo was under"}, "truncateAfterChunks": 2, "latency": 20},
    ],
    ids=["nothing stands", "wrong key", "too many requests", "fails", "malformed", "hangs up", "stalls", "cut short"],
)
def test_where_the_model_fails_the_documents_answer_themselves_and_it_says_why(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer, reply: str | dict[str, object]
) -> None:
    replies = {QUESTION: reply, "Statements:": "A: none"}
    with model_server(replies) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(QUESTION)
        quoted = bot.ask(Question(QUESTION, offline=True))
    assert answer.mode == "extractive"
    assert answer.statements == quoted.statements
    assert "These are sentences of the documents themselves." in (answer.notice or "")
    assert KEY not in json.dumps(answer.json())
    assert_sound(answer, seeds)


def test_what_was_shown_before_the_server_broke_off_stays(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    content = "West Aleppo was under siege by Daesh for 13 days. [P1] A food convoy is making its way to it, and more."
    reply: dict[str, object] = {"response": {"content": content}, "truncateAfterChunks": 40, "latency": 5}
    with model_server({QUESTION: reply}, "-c", "2") as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(QUESTION)
    assert verdicts(answer)[0] is Verdict.VERIFIED
    assert (answer.notice or "").startswith("The answer broke off:")
    assert_sound(answer, seeds)


@pytest.mark.slow
def test_nothing_is_sent_where_it_was_turned_off_or_the_documents_do_not_say(
    home: Path, seeds: Path, embedder: MiniLM
) -> None:
    unreachable = "http://127.0.0.1:9/v1"
    with writing(home, seeds, embedder, unreachable) as bot:
        assert bot.ask(Question(QUESTION, offline=True)).mode == "extractive"
        assert bot.ask("What did gold cost on Mars?").abstained
        assert bot.ask("hello").notice


def test_a_follow_up_is_made_to_stand_alone_by_the_model(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    replies = {
        "The last question: And who was besieging it?": "Who kept West Aleppo under siege?",
        "Question: And who": "West Aleppo was under siege by Daesh. [P1]",
    }
    with model_server(replies) as url, writing(home, seeds, embedder, url) as bot:
        first = bot.ask(Question(QUESTION, offline=True))
        answer = bot.ask(Question("And who was besieging it?", turns=[Turn(QUESTION, first)]))
    assert answer.searched_for == ("And who was besieging it?", "Who kept West Aleppo under siege?")
    assert_sound(answer, seeds)


def test_an_overview_is_made_of_passages_of_every_document(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    reply = "The Syrian Arab Army broke a siege of West Aleppo. [P1] Russian airstrikes help the regime advance. [P6]"
    replies = {"overview": reply, "Statements:": "A: none\nB: none"}
    with model_server(replies) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask("What are these documents about?")
    assert {passage.paragraph.document_id for passage in answer.passages} == {
        f"documents/{path.name}" for path in seeds.iterdir()
    }
    assert_sound(answer, seeds)


def test_where_the_context_is_too_short_half_the_passages_do(
    home: Path, seeds: Path, embedder: MiniLM, model_server: ModelServer
) -> None:
    said = {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}
    too_long: dict[str, object] = {"response": {"error": said, "status": 400}}
    replies = {"[P6]": too_long, QUESTION: "West Aleppo was under siege by Daesh for 13 days. [P1]"}
    with model_server(replies) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(QUESTION)
    assert (verdicts(answer), answer.mode, answer.notice) == ([Verdict.VERIFIED], "generative", None)
    assert_sound(answer, seeds)
    with model_server({QUESTION: too_long}) as url, writing(home, seeds, embedder, url) as bot:
        answer = bot.ask(QUESTION)
    assert answer.mode == "extractive"
    assert "too long for gpt-test" in (answer.notice or "")


class Canned(CustomLLM):
    """Somebody else's model: it says one thing, or fails."""

    says: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="canned")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return list(self.stream_complete(prompt))[-1]

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        said = ""
        for word in self.says.split(" "):
            if word == "CRASH":
                raise RuntimeError("out of memory\nat 0x1234")
            said += f"{word} "
            yield CompletionResponse(text=said, delta=f"{word} ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("says", "mode", "notice"),
    [
        ("West Aleppo was under siege by Daesh for 13 days. [P1]", "generative", None),
        ("CRASH", "extractive", "The model failed (out of memory). These are sentences of the documents themselves."),
        (
            "West Aleppo was under siege by Daesh for 13 days. [P1] And then CRASH",
            "generative",
            "The answer broke off: The model failed (out of memory).",
        ),
        ("Fish.", "extractive", "What canned wrote could not be matched to your documents."),
    ],
    ids=["a good answer", "a crash", "a crash in the middle", "nonsense"],
)
def test_any_model_of_llamaindex_can_write_and_may_fail(
    home: Path, seeds: Path, embedder: MiniLM, says: str, mode: str, notice: str | None
) -> None:
    with open_chatbot(Settings(documents=seeds, home=home), "test", embedder=embedder, llm=Canned(says=says)) as bot:
        bot.ingest()
        assert bot.writer == "canned"
        answer = bot.ask(QUESTION)
    assert answer.mode == mode
    assert (answer.notice or "").startswith(notice or "")
    assert bool(answer.notice) == bool(notice)
    assert_sound(answer, seeds)


def test_a_key_alone_names_no_model_and_a_model_without_a_key_is_told(tmp_path: Path) -> None:
    assert chat_model_of(Settings(home=tmp_path, openai_api_key=KEY)) is None
    with pytest.raises(ChatModelError, match="IBID_CHAT_MODEL=gpt-test needs OPENAI_API_KEY, or OPENAI_BASE_URL"):
        chat_model_of(Settings(home=tmp_path, chat_model="gpt-test"))
    assert KEY not in repr(Settings(home=tmp_path, openai_api_key=KEY, chat_model="gpt-test"))
    assert (
        chat_model_of(Settings(home=tmp_path, chat_model="llama", openai_base_url="http://127.0.0.1:9/v1")) is not None
    )
