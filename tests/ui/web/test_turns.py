"""What can be done with a question that was asked and with its answer, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import PHONE, Chat, Visitor, squeezed
from playwright.sync_api import Locator, expect

SIEGE = "How long was West Aleppo under siege?"
SOLEIMANI = "Who is Qassem Soleimani?"
WARREN = "What did Steve Warren say about Russian airstrikes?"
HOMS = "Who controls Homs?"
LONG = f"In the article on the advance, {'which I read yesterday and the day before that, ' * 8}{WARREN[0].lower()}{WARREN[1:]}"

Visit = Callable[..., Visitor]

both_widths = pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])


def press(visitor: Visitor, turn: Locator, name: str) -> None:
    turn.hover()
    turn.get_by_role("button", name=name, exact=name == "Copy").click()


def turn(visitor: Visitor, number: int) -> Locator:
    return visitor.page.locator(f".turn[data-turn='{number}']")


def questions(visitor: Visitor) -> Locator:
    return visitor.page.locator("#paper .turn .question")


def kept(visitor: Visitor) -> list[str]:
    (talk,) = visitor.saved().values()
    return [one["question"] for one in talk["exchanges"]]


@both_widths
def test_a_question_is_edited_in_the_box_and_asked_in_its_place(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    for question in (SIEGE, SOLEIMANI, "What does he lead?"):
        visitor.ask(question)
    visitor.box.fill("a half-written thought")
    searched = turn(visitor, 3).locator(".searched")
    expect(searched).to_contain_text("Searched for: What does Qassem Soleimani lead?")
    press(visitor, searched, "Edit what was searched for")
    expect(visitor.box).to_have_value("What does Qassem Soleimani lead?")
    expect(visitor.page.locator(".editing")).to_contain_text("Editing question 3.")
    visitor.page.keyboard.press("Escape")
    expect(visitor.box).to_have_value("a half-written thought")
    press(visitor, turn(visitor, 2).locator(".asked"), "Edit")
    expect(visitor.box).to_have_value(SOLEIMANI)
    expect(visitor.box).to_be_focused()
    expect(visitor.page.locator(".editing")).to_contain_text("Editing question 2. The question after it goes.")
    visitor.page.keyboard.press("Escape")
    expect(visitor.box).to_have_value("a half-written thought")
    expect(visitor.page.locator(".editing")).to_be_hidden()
    expect(turn(visitor, 2).get_by_role("button", name="Edit")).to_be_focused()

    visitor.page.keyboard.press("Enter")
    visitor.box.fill(WARREN)
    visitor.box.press("Enter")
    visitor.ended(WARREN, 2)
    expect(questions(visitor)).to_have_text([SIEGE, WARREN])
    expect(visitor.box).to_have_value("a half-written thought")
    visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
    assert kept(visitor) == [SIEGE, WARREN]
    visitor.toast.get_by_role("button", name="Undo").click()
    expect(questions(visitor)).to_have_text([SIEGE, SOLEIMANI, "What does he lead?"])
    visitor.wait_saved("talk.exchanges.length === 3")
    assert kept(visitor) == [SIEGE, SOLEIMANI, "What does he lead?"]
    visitor.page.reload()
    visitor.see().ended("What does he lead?", 3)


@both_widths
def test_the_same_question_is_asked_again_in_its_place(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    visitor.ask(SIEGE)
    visitor.wait_saved("talk.exchanges[0].state === 'done'")
    (first,) = visitor.saved().values()
    press(visitor, visitor.live, "Ask again")
    expect(visitor.toast).to_contain_text("Asked anew.")
    visitor.ended(SIEGE, 1)
    visitor.wait_saved(
        f"talk.exchanges[0].state === 'done' && talk.exchanges[0].asked !== '{first['exchanges'][0]['asked']}'"
    )
    assert kept(visitor) == [SIEGE]
    assert visitor.chips.count()
    # The next question closes the way back.
    visitor.ask(SOLEIMANI)
    expect(visitor.toast).to_be_empty()


@both_widths
def test_an_exchange_is_deleted_and_brought_back_by_keyboard(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    visitor.ask(SIEGE)
    visitor.ask(SOLEIMANI)
    other = visitor.another_tab()
    turn(visitor, 1).get_by_role("button", name="Delete this question and its answer").focus()
    visitor.page.keyboard.press("Enter")
    expect(questions(visitor)).to_have_text([SOLEIMANI])
    undo = visitor.toast.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(questions(visitor)).to_have_text([SIEGE, SOLEIMANI])
    expect(visitor.box).to_be_focused()

    for _ in range(2):
        press(visitor, turn(visitor, 1), "Delete this question")
        expect(undo).to_be_visible()
        expect(questions(visitor)).to_have_count(1 - _)
    visitor.page.wait_for_function("!Object.keys(localStorage).some((key) => key.startsWith('ibid:'))")
    expect(visitor.page.locator(".welcome")).to_be_visible()
    undo.click()
    expect(questions(visitor)).to_have_text([SOLEIMANI])
    visitor.wait_saved("talk.exchanges.length === 1")
    # Another tab lists what is there now.
    expect(other.talks.locator(".open")).to_have_count(1)


def test_what_was_deleted_in_one_tab_is_not_brought_back_by_another(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.ask(SOLEIMANI)
    other = visitor.another_tab()
    other.page.get_by_role("button", name="How long was West").first.click()
    other.ended(SOLEIMANI, 2)
    press(visitor, turn(visitor, 1), "Delete this question")
    expect(questions(visitor)).to_have_text([SOLEIMANI])
    other.ask(WARREN)
    visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
    assert kept(visitor) == [SOLEIMANI, WARREN]


def test_an_answer_is_copied_with_its_citations_or_without(chat: Chat, visit: Visit) -> None:
    visitor = visit(chat, permissions=["clipboard-read", "clipboard-write"])
    visitor.ask(HOMS)
    assert visitor.chips.count() > 1
    said = squeezed(" ".join(visitor.live.locator(".said").all_text_contents()))

    def copied(name: str) -> str:
        press(visitor, visitor.live, name)
        expect(visitor.toast).to_have_text("Copied.")
        return str(visitor.page.evaluate("navigator.clipboard.readText()"))

    assert "[1] “" in copied("Copy")
    assert squeezed(copied("Copy without citations")) == said


@both_widths
def test_a_long_question_is_folded_after_four_lines(chat: Chat, visit: Visit, options: Any) -> None:
    visitor = visit(chat, **options)
    visitor.ask(LONG)
    question, more = visitor.live.locator(".question"), visitor.live.get_by_role("button", name="Show all of it")
    line = question.evaluate("node => parseFloat(getComputedStyle(node).lineHeight)")
    high = "node => node.clientHeight"
    assert round(question.evaluate(high) / line) == 4
    more.click()
    less = visitor.live.get_by_role("button", name="Show less")
    expect(less).to_have_attribute("aria-expanded", "true")
    assert round(question.evaluate(high) / line) > 4
    less.click()
    assert round(question.evaluate(high) / line) == 4
    visitor.ask(SIEGE)
    expect(visitor.live.locator(".unfold")).to_be_hidden()


@both_widths
@pytest.mark.parametrize("way", ["Escape", "button"])
def test_the_source_is_really_closed(chat: Chat, visit: Visit, options: Any, way: str) -> None:
    visitor = visit(chat, **options)
    visitor.ask(HOMS)
    visitor.open(visitor.chips.nth(1))
    if way == "Escape":
        visitor.page.keyboard.press("Escape")
    else:
        visitor.page.get_by_role("button", name="Back to the answer").click()
    visitor.has_focus(visitor.chips.nth(1))
    expect(visitor.page.locator("#reader")).to_contain_text("Sources open here")
    expect(visitor.page.locator(".chip[aria-current]")).to_have_count(0)
    assert "document=" not in visitor.page.url
    # What was still on its way when the pane was closed does not open it again.
    visitor.chips.first.evaluate("chip => { chip.click(); document.querySelector('.question').focus(); }")
    visitor.page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))")
    visitor.page.wait_for_timeout(600)
    expect(visitor.page.locator("#reader")).to_contain_text("Sources open here")


def test_a_copied_link_says_so_beside_the_text(chat: Chat, visit: Visit) -> None:
    visitor = visit(chat, permissions=["clipboard-read", "clipboard-write"])
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    number = visitor.reader.locator("#p6 .number")
    number.click()
    expect(visitor.toast).to_have_text("Link copied.")
    expect(number).to_have_text("¶6")
    assert "paragraph=6" in str(visitor.page.evaluate("navigator.clipboard.readText()"))
    toast, text = visitor.toast.bounding_box(), visitor.page.locator("#desk").bounding_box()
    assert toast is not None
    assert text is not None
    assert toast["y"] + toast["height"] <= text["y"], "it lies over the text"
    expect(visitor.toast).to_be_empty(timeout=8_000)
