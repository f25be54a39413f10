"""A server that goes away and comes back, as somebody with the page open meets it."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import PHONE, ROOT, Chat, Visitor, visiting
from playwright.sync_api import Browser, expect

SIEGE = "How long was West Aleppo under siege?"
HOMS = "Who controls Homs?"
SAID = "The chat does not answer. What you typed is kept; trying again …"


@pytest.fixture(scope="module")
def mortal(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("mortal")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    with Chat(base / "home", base / "seeds") as chat:
        yield chat.wait_until_read()


def goes_on(visitor: Visitor) -> None:
    """The server is back: what was asked stands there, and what was typed can be asked."""
    expect(visitor.page.locator("#gone")).to_be_empty()
    visitor.see().ended(SIEGE)
    expect(visitor.box).to_have_value(HOMS)
    visitor.box.press("Enter")
    visitor.ended(HOMS, 2)


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_what_was_typed_is_kept_and_asked_when_the_server_is_back(mortal: Chat, browser: Browser, options: Any) -> None:
    with visiting(browser, mortal, **options) as visitor:
        visitor.arrive().ask(SIEGE)
        visitor.wait_saved("talk.exchanges[0].state === 'done'")
        page, banner = visitor.page, visitor.page.locator("#gone")
        expect(banner).to_be_empty()
        visitor.box.fill(HOMS)
        mortal.stop()
        try:
            expect(banner).to_have_text(SAID)
            desk, told = page.locator("#desk").bounding_box(), banner.bounding_box()
            assert desk is not None
            assert told is not None
            assert told["y"] + told["height"] <= desk["y"], "it lies over the page"
            visitor.box.press("Enter")
            expect(visitor.toast).to_contain_text("this takes the chat, which does not answer")
            visitor.chips.first.click()
            expect(visitor.reader).to_contain_text("Sources open here")
            # What the page does alone it goes on doing.
            visitor.live.hover()
            visitor.live.get_by_role("button", name="Edit").click()
            expect(visitor.box).to_have_value(SIEGE)
            page.keyboard.press("Escape")
            expect(visitor.box).to_have_value(HOMS)
        finally:
            mortal.start()
        goes_on(visitor)
        # What the browser met while nobody was there is no fault of the page.
        visitor.heard.errors.clear()


def test_a_question_that_meets_a_dead_server_says_so_in_our_words(mortal: Chat, browser: Browser) -> None:
    with visiting(browser, mortal) as visitor:
        visitor.arrive().ask(SIEGE)
        visitor.wait_saved("talk.exchanges[0].state === 'done'")
        page, banner = visitor.page, visitor.page.locator("#gone")
        mortal.stop(signal.SIGKILL)
        try:
            # At once, before the page has looked.
            visitor.box.fill(HOMS)
            visitor.box.press("Enter")
            expect(banner).to_have_text(SAID)
            expect(page.get_by_text("Connection Lost")).to_be_hidden()
            expect(page.get_by_text("Connection to the server was lost")).to_be_hidden()
            expect(visitor.box).to_have_value(HOMS)
        finally:
            mortal.start()
        goes_on(visitor)
        visitor.heard.errors.clear()


def test_a_line_that_was_cut_for_a_moment_costs_nothing(mortal: Chat, browser: Browser) -> None:
    with visiting(browser, mortal) as visitor:
        visitor.arrive().ask(SIEGE)
        visitor.open(visitor.chips.first)
        banner = visitor.page.locator("#gone")
        visitor.page.evaluate("window.stayed = true")
        visitor.page.context.set_offline(True)
        expect(banner).to_have_text(SAID)
        visitor.page.context.set_offline(False)
        expect(banner).to_be_empty()
        assert visitor.page.evaluate("window.stayed"), "it was loaded anew"
        expect(visitor.hit).to_be_visible()
        visitor.ask(HOMS)
        visitor.heard.errors.clear()
