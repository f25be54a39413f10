"""Keys that are listed, and a page for fingers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browsing import ALEPPO, PHONE, Chat, Visitor
from playwright.sync_api import expect

HOMS = "Who controls Homs?"
NOWHERE = "What does a quantum entangler cost in Zürich?"

Visit = Callable[..., Visitor]

SMALL = """() => [...document.querySelectorAll('button, a, summary, input, textarea, [role=button]')].filter((one) => {
  if (!one.checkVisibility({ visibilityProperty: true }) || one.closest('[inert], .unseen')) return false;
  const box = (one.type === 'checkbox' ? one.closest('label') : one).getBoundingClientRect();
  if (!box.width || !box.height) return false;
  if (!one.matches('.chip')) return box.height < 43.5 || box.width < 43.5;
  one.scrollIntoView({ block: 'center' });
  const now = one.getBoundingClientRect(), x = now.x + now.width / 2, y = now.y + now.height / 2;
  return [[0, -21], [0, 21], [-21, 0], [21, 0]].some(([dx, dy]) => document.elementFromPoint(x + dx, y + dy) !== one);
}).map((one) => `${one.outerHTML.slice(0, 120)} ${Math.round(one.getBoundingClientRect().width)}×${Math.round(one.getBoundingClientRect().height)}`)"""


def test_the_keys_are_listed_behind_a_question_mark(visitor: Visitor) -> None:
    keys = visitor.page.get_by_role("dialog", name="Keys")
    visitor.ask(HOMS)
    # In the box it is a letter like any other.
    visitor.box.press_sequentially("Why?")
    expect(keys).to_have_count(0)
    expect(visitor.box).to_have_value("Why?")
    visitor.open(visitor.chips.first)
    visitor.page.keyboard.press("?")
    expect(keys).to_be_visible()
    assert keys.locator("dt").all_text_contents() == [
        "Enter",
        "Shift + Enter",
        "n",
        "p",
        "k",
        "a",
        "→",
        "←",
        "Esc",
        "?",
    ]
    visitor.page.keyboard.press("n")
    expect(visitor.chips.first).to_have_attribute("aria-current", "true")
    visitor.page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    visitor.has_focus(visitor.hit.first)
    opener = visitor.page.get_by_role("button", name="Keys")
    opener.click()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_have_count(0)
    expect(opener).to_be_focused()


def test_on_a_phone_a_finger_finds_whatever_is_to_be_pressed(chat: Chat, visit: Visit) -> None:
    visitor = visit(chat, **PHONE)
    page = visitor.page
    found: dict[str, Any] = {}

    def measure(view: str) -> None:
        found[view] = page.evaluate(SMALL)

    measure("welcome")
    visitor.ask(HOMS)
    visitor.live.get_by_role("button", name="Good answer").tap()
    expect(visitor.live.locator("form.feedback")).to_be_visible()
    visitor.live.locator(".how summary").tap()
    measure("answer")
    visitor.live.get_by_role("button", name="Keep", exact=True).tap()
    visitor.open(visitor.chips.first)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#reader .para.target .text'))")
    expect(page.locator("#selected")).to_be_visible()
    measure("selected")
    page.get_by_role("button", name="Back to the answer").tap()
    page.get_by_role("button", name="Documents and conversations").tap()
    page.locator("#side [data-opens=notes]").tap()
    expect(page.locator(".note")).to_have_count(1)
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")  # the drawer leaves
    measure("notes")
    page.locator("#notes").get_by_role("button", name="Back to the chat").tap()
    visitor.live.get_by_role("button", name="Edit").tap()
    measure("editing")
    page.get_by_role("button", name="Cancel").tap()
    visitor.ask(NOWHERE)
    expect(visitor.live.locator(".next button").first).to_be_visible()
    measure("not found")
    page.locator(".switch summary").tap()
    measure("folders")
    page.locator(".switch summary").tap()
    page.get_by_role("button", name="Documents and conversations").tap()
    page.locator(".paste summary").tap()
    measure("drawer")
    visitor.document(ALEPPO).locator("button.open").tap()
    expect(visitor.reader.locator(".guide .asks button").first).to_be_visible()
    measure("source")
    page.get_by_role("button", name="← Close").tap()
    page.get_by_role("button", name="Documents and conversations").tap()
    page.locator("#side [data-opens=overview]").tap()
    expect(page.locator("#overview .mentions li").first).to_be_visible()
    measure("overview")
    page.get_by_role("button", name="Evals").tap()
    expect(page.locator("#evals")).to_be_visible()
    measure("evals")
    assert {view: small for view, small in found.items() if small} == {}


def test_on_a_phone_the_keyboard_goes_away_for_the_answer(chat: Chat, visit: Visit) -> None:
    visitor = visit(chat, **PHONE)
    visitor.box.tap()
    visitor.box.fill(HOMS)
    visitor.page.locator("#send").tap()
    visitor.ended(HOMS)
    expect(visitor.box).not_to_be_focused()
    visitor.box.fill(NOWHERE)
    visitor.box.press("Enter")
    visitor.ended(NOWHERE)
    visitor.page.wait_for_timeout(300)
    expect(visitor.box).not_to_be_focused()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
