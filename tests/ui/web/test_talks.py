"""The conversations that a browser keeps: found again, renamed and deleted, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import PHONE, Chat, Visitor, squeezed
from playwright.sync_api import Route, expect

SIEGE = "How long was West Aleppo under siege?"
SOLEIMANI = "Who is Qassem Soleimani?"
HOMS = "Who controls Homs?"

Visit = Callable[..., Visitor]

both_widths = pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])


def asked_days_ago(visitor: Visitor, question: str, days: int) -> None:
    """As if it had been asked then, at noon: nobody waits for the days."""
    visitor.page.evaluate(
        """([question, days]) => { for (const key of Object.keys(localStorage)) {
            const talk = JSON.parse(localStorage.getItem(key));
            if (!key.startsWith('ibid:') || talk.title !== question) continue;
            const at = new Date(); at.setHours(12, 0, 0, 0); at.setDate(at.getDate() - days);
            for (const one of talk.exchanges) one.asked = at.toISOString();
            localStorage.setItem(key, JSON.stringify(talk)); } }""",
        [question, days],
    )


def several(visitor: Visitor) -> None:
    """One of today, which is open, one of yesterday, one of last week."""
    for question in (HOMS, SOLEIMANI, SIEGE):
        visitor.page.get_by_role("button", name="New conversation").click()
        expect(visitor.live).to_have_count(0)
        visitor.ask(question)
        visitor.wait_saved(f"talk.title === '{question}' && talk.exchanges[0].state === 'done'")
    visitor.page.get_by_role("button", name="New conversation").click()
    expect(visitor.live).to_have_count(0)
    asked_days_ago(visitor, SOLEIMANI, 1)
    asked_days_ago(visitor, HOMS, 7)
    visitor.page.reload()
    visitor.see()


def drawer(visitor: Visitor) -> None:
    if visitor.page.viewport_size == PHONE["viewport"]:
        visitor.page.get_by_role("button", name="Documents and conversations").click()
    expect(visitor.page.locator("#side")).to_be_visible()


@both_widths
def test_they_stand_under_their_days_and_are_found_by_what_was_asked(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    several(visitor)
    drawer(visitor)
    days, names = visitor.talks.locator("h3"), visitor.talks.locator(".open")
    expect(days).to_have_text(["Today", "Yesterday", "Earlier"])
    expect(names).to_have_text([SIEGE, SOLEIMANI, HOMS])
    expect(visitor.page.locator(".talks")).to_contain_text("Kept in this browser alone.")
    names.nth(1).click()
    visitor.ended(SOLEIMANI)
    visitor.ask("What does he lead?")
    said = squeezed(visitor.live.locator(".statement .said").last.text_content())
    drawer(visitor)
    expect(days).to_have_text(["Today", "Earlier"])
    search = visitor.page.get_by_role("searchbox", name="Search titles, questions and answers")
    search.fill("lead WHAT")
    expect(names).to_have_count(1)
    expect(names).to_contain_text(SOLEIMANI)
    expect(names.locator(".facts")).to_have_text("What does he lead?")
    search.fill("homs")
    expect(names).to_have_text([HOMS])
    search.fill(said[:60])
    expect(names).to_have_count(1)
    expect(names).to_contain_text(SOLEIMANI)
    search.fill("entangler")
    expect(visitor.talks).to_have_text("In none of them.")
    search.fill("")
    expect(names).to_have_count(3)


@both_widths
def test_one_is_renamed_in_its_place_by_keyboard(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    visitor.ask(SIEGE)
    drawer(visitor)
    press = visitor.page.keyboard.press
    rename = visitor.talks.get_by_role("button", name=f"Rename {SIEGE}")
    name, box = visitor.talks.locator(".open"), visitor.talks.get_by_role("textbox", name="A name for this")
    rename.focus()
    press("Enter")
    expect(box).to_be_focused()
    expect(box).to_have_value(SIEGE)
    # As a phone's keyboard does.
    visitor.page.evaluate("window.dispatchEvent(new Event('resize'))")
    visitor.page.wait_for_timeout(150)
    expect(box).to_be_focused()
    visitor.page.keyboard.type("Never mind")
    press("Escape")
    expect(name).to_have_text(SIEGE)
    expect(rename).to_be_focused()
    expect(visitor.page.locator("#side")).to_be_visible()
    press("Enter")
    visitor.page.keyboard.type("  The siege <b>of</b> West Aleppo, and what became of the food convoy afterwards ")
    press("Enter")
    title = "The siege <b>of</b> West Aleppo, and what became of the food convoy afterwards"
    expect(name).to_have_text(title)
    visitor.wait_saved(f"talk.title === '{title}'")
    # All of it can be read: beside the pointer, and where the focus is.
    assert str(name.get_attribute("title")).startswith(title)
    name.focus()
    press("Shift+Tab")
    press("Tab")
    assert name.evaluate("node => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight + 1")
    visitor.page.reload()
    visitor.see().ended(SIEGE)
    expect(name).to_have_text(title)


@both_widths
def test_one_is_deleted_and_can_be_had_back(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    several(visitor)
    drawer(visitor)
    names = visitor.talks.locator(".open")
    names.filter(has_text=SOLEIMANI).click()
    visitor.ended(SOLEIMANI)
    drawer(visitor)
    for question in (HOMS, SOLEIMANI):
        delete = visitor.talks.get_by_role("button", name=f"Delete {question}")
        delete.focus()
        visitor.page.keyboard.press("Enter")
        expect(names.filter(has_text=question)).to_have_count(0)
        expect(visitor.toast).to_contain_text("Conversation deleted.")
        undo = visitor.toast.get_by_role("button", name="Undo")
        expect(undo).to_be_focused()
        if question == SOLEIMANI:
            expect(visitor.live).to_have_count(0)
        undo.click()
        expect(names).to_have_text([SIEGE, SOLEIMANI, HOMS])
        visitor.ended(SOLEIMANI)
    visitor.press_beside(HOMS, "Delete")
    expect(names).to_have_text([SIEGE, SOLEIMANI])
    visitor.page.reload()
    visitor.see()
    expect(names).to_have_text([SIEGE, SOLEIMANI])


def test_a_question_asked_before_the_new_conversation_is_there_is_asked_in_it(chat: Chat, visit: Visit) -> None:
    """On a slow line somebody types faster than the conversation comes."""
    visitor = visit(chat)
    visitor.ask(SIEGE)
    visitor.wait_saved(f"talk.title === '{SIEGE}' && talk.exchanges[0].state === 'done'")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    visitor.page.route("**/gradio_api/run/predict*", hold)
    visitor.page.get_by_role("button", name="New conversation").click()
    visitor.box.fill(HOMS)
    visitor.box.press("Enter")
    # Long enough for an answer to be there, had it been asked where one was.
    visitor.page.wait_for_timeout(1_500)
    expect(visitor.live.locator(".question")).to_have_text(SIEGE)
    expect(visitor.box).to_have_value(HOMS)
    held[0].continue_()
    visitor.ended(HOMS, 1)
    visitor.wait_saved(f"talk.title === '{HOMS}' && talk.exchanges.length === 1")
    visitor.wait_saved(f"talk.title === '{SIEGE}' && talk.exchanges.length === 1")
    expect(visitor.box).to_have_value("")
    visitor.page.wait_for_timeout(500)
    visitor.ended(HOMS, 1)
