"""Answers written by a model, in the browser: who writes is told, what does not stand is marked, and it can be stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import ROOT, Chat, Visitor
from conftest import Visit
from playwright.sync_api import Browser, expect

from tests.conftest import EmbeddingServer, ModelServer

KEY = "sk-planted-0123456789"
SIEGE = "How long was West Aleppo under siege?"
SLOW = "How long was West Aleppo under siege by Daesh?"
REPLIES: dict[str, str | dict[str, object]] = {
    SIEGE: "West Aleppo was under siege by Daesh for 13 days. [P1] It cost 500 million dollars. [P1] "
    "See ![x](http://127.0.0.1:9/leak.png) and <img src=x onerror=window.PWNED=1>. [P1]",
    SLOW: {"response": {"content": "West Aleppo was under siege by Daesh for 13 days. [P1] " + "And so on. " * 40}, "latency": 120},
    "Statements:": "A: none\nB: none\nC: none",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(
    browser: Browser, model_server: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Chat, str]]:
    base: Path = tmp_path_factory.mktemp("written")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    with model_server(REPLIES, "-c", "12") as url:
        more = {"IBID_CHAT_MODEL": "gpt-test", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY}
        with Chat(base / "home", base / "seeds", more) as chat:
            yield chat.wait_until_read(), url.split("/")[2]


def ask(visitor: Visitor, question: str) -> None:
    visitor.box.fill(question)
    visitor.page.keyboard.press("Enter")


def test_who_writes_is_told_and_what_does_not_stand_is_marked(visit: Visit, written: tuple[Chat, str]) -> None:
    chat, host = written
    visitor = visit(chat)
    expect(visitor.page.locator("#disclosure")).to_contain_text(f"gpt-test at {host} writes the answers")
    ask(visitor, SIEGE)
    expect(visitor.page.locator("#live .verdict")).to_contain_text(
        f"1 of 3 statements verified · written by gpt-test at {host}"
    )
    verified, *marked = visitor.page.locator("#live .statement").all()
    expect(verified.locator(".chip")).to_have_count(1)
    for statement in marked:
        expect(statement).to_contain_text("Not found in your documents.")
        expect(statement.locator(".chip")).to_have_count(0)
    assert visitor.open(verified.locator(".chip")).startswith("Meantime, a food convoy")
    assert visitor.page.evaluate("window.PWNED") is None
    assert KEY not in visitor.page.content() + visitor.page.evaluate("JSON.stringify(localStorage)") + chat.said


def test_where_text_goes_is_told_as_it_is_switched(visit: Visit, written: tuple[Chat, str]) -> None:
    visitor = visit(written[0])
    told = visitor.page.locator("#disclosure")
    expect(told).to_contain_text("writes the answers")
    visitor.page.locator("#use-model input").uncheck()
    expect(told).to_contain_text("Nothing leaves it.")
    visitor.page.locator("#use-model input").check()
    expect(told).to_contain_text("writes the answers")


def test_what_is_changed_while_an_answer_is_written_stays_changed(visit: Visit, written: tuple[Chat, str]) -> None:
    visitor = visit(written[0])
    ask(visitor, SLOW)
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    visitor.page.locator("#library .document input").first.uncheck()
    visitor.press_beside(SLOW, "Rename")
    visitor.talks.get_by_role("textbox").fill("A name of mine")
    visitor.page.keyboard.press("Enter")
    # A second question waits in its box until this one is answered.
    ask(visitor, "And now?")
    expect(visitor.box).to_have_value("And now?")
    expect(visitor.page.locator("#live .turn:not(.pending)")).to_be_visible()
    expect(visitor.page.locator("#paper .turn")).to_have_count(1)
    expect(visitor.talks.locator("li")).to_contain_text("A name of mine")
    expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
    visitor.wait_saved("talk.title === 'A name of mine' && talk.scope.length === 1")


def test_a_new_conversation_stays_new_though_an_answer_was_under_way(visit: Visit, written: tuple[Chat, str]) -> None:
    visitor = visit(written[0])
    ask(visitor, SLOW)
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    visitor.page.get_by_role("button", name="New conversation").click()
    expect(visitor.page.locator("#paper .turn")).to_have_count(0)
    visitor.page.wait_for_timeout(1_500)
    expect(visitor.page.locator("#paper .turn")).to_have_count(0)
    visitor.talks.locator(".open").first.click()
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    expect(visitor.page.locator("#live p.stopped")).to_be_visible()


def test_what_was_turned_off_stays_off(visit: Visit, written: tuple[Chat, str]) -> None:
    visitor = visit(written[0])
    box = visitor.page.locator("#use-model input")
    expect(box).to_be_checked()
    box.uncheck()
    ask(visitor, SIEGE)
    expect(visitor.page.locator("#live .verdict")).to_have_text("Quoted word for word")
    visitor.page.reload()
    expect(box).not_to_be_checked()


def test_an_answer_can_be_stopped_and_what_stands_stays(visit: Visit, written: tuple[Chat, str]) -> None:
    visitor = visit(written[0])
    ask(visitor, SLOW)
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    visitor.page.get_by_role("button", name="Stop").click()
    expect(visitor.page.locator("#live p.stopped")).to_contain_text("stopped before it was complete")
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    expect(visitor.page.get_by_role("button", name="Ask again")).to_be_visible()


def test_a_reload_in_the_middle_loses_neither_the_question_nor_what_was_answered(
    visit: Visit, written: tuple[Chat, str]
) -> None:
    visitor = visit(written[0])
    ask(visitor, SLOW)
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    visitor.page.reload()
    expect(visitor.page.locator("#live .question")).to_have_text(SLOW)
    expect(visitor.page.locator("#live .statement.verified")).to_have_count(1)
    expect(visitor.page.locator("#live p.stopped")).to_be_visible()
    # Gradio reports that the reload cut its own stream.
    cut = ("AbortError", "Connection errored out")
    visitor.heard.errors[:] = [error for error in visitor.heard.errors if not any(word in error for word in cut)]


def test_who_receives_the_documents_is_told_and_questions_can_be_kept(
    visit: Visit, tmp_path: Path, embedding_server: EmbeddingServer
) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    more = {"IBID_EMBED_MODEL": "openai:embed-test", "OPENAI_BASE_URL": embedding_server.url, "OPENAI_API_KEY": KEY}
    host = embedding_server.url.split("/")[2]
    with Chat(tmp_path / "home", tmp_path / "seeds", more) as chat:
        visitor = visit(chat.wait_until_read())
        expect(visitor.page.locator("#disclosure")).to_contain_text(
            f"embed-test at {host} helps to find passages: it receives the text of every document, and each question."
        )
        expect(visitor.page.locator("#use-model")).to_contain_text("Let the embedding model help to find")
        ask(visitor, SIEGE)
        expect(visitor.page.locator("#live .verdict")).to_contain_text("Quoted word for word")
        assert embedding_server.texts[-1] == SIEGE
        sent = len(embedding_server.asked)
        visitor.page.locator("#use-model input").uncheck()
        ask(visitor, SLOW)
        expect(visitor.page.locator("#live .question")).to_have_text(SLOW)
        expect(visitor.page.locator("#live .verdict")).to_contain_text("word for word")
        assert len(embedding_server.asked) == sent
        assert f"embed-test at {host} receives the texts of all documents" in chat.said
        assert KEY not in visitor.page.content() + chat.said
        assert all(KEY.encode() not in path.read_bytes() for path in chat.home.rglob("*") if path.is_file())
