"""Which documents are asked, chosen in a list that is too long to look through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Chat, visiting
from playwright.sync_api import Browser, expect

FRUIT = ["apple", "quince", "medlar", "damson", "sloe", "fig"]


@pytest.fixture(scope="module")
def orchard(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base: Path = tmp_path_factory.mktemp("orchard")
    (base / "notes").mkdir()
    for year in (2024, 2025):
        for fruit in FRUIT:
            text = f"# The {fruit} in {year}\n\nThe {fruit} harvest of {year} was sold to the mill at Ostrava.\n"
            (base / "notes" / f"{fruit}-{year}.md").write_text(text)
    with Chat(base / "home", base / "notes") as chat:
        yield chat.wait_until_read()


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_all_are_those_that_the_filter_shows(orchard: Chat, browser: Browser, options: Any) -> None:
    with visiting(browser, orchard, **options) as visitor:
        visitor.arrive()
        if options:
            visitor.page.get_by_role("button", name="Documents and conversations").click()
        library, label = visitor.library, visitor.library.locator(".all")
        search, every = library.get_by_role("searchbox"), library.locator(".all input")
        shown = library.locator(".document:visible")
        expect(label).to_have_text("Asking all 12")
        search.fill("2025")
        expect(shown).to_have_count(6)
        expect(label).to_have_text("6 shown. Asking all 12")
        every.uncheck()
        expect(label).to_have_text("6 shown. Asking 6 of 12")
        search.fill("quince")
        expect(shown).to_have_count(2)
        expect(every).not_to_be_checked()
        assert every.evaluate("box => box.indeterminate"), "one of the two is asked"
        every.check()
        expect(label).to_have_text("2 shown. Asking 7 of 12")
        search.fill("")
        expect(shown).to_have_count(12)
        expect(label).to_have_text("Asking 7 of 12")
        asked = [box.get_attribute("data-document") for box in library.locator(".document input:checked").all()]
        assert asked == sorted([*(f"documents/{fruit}-2024.md" for fruit in FRUIT), "documents/quince-2025.md"])
        search.fill("walnut")
        expect(label).to_have_text("0 shown. Asking 7 of 12")
        expect(every).to_be_disabled()


def test_a_filter_outlasts_a_list_that_is_drawn_anew(orchard: Chat, browser: Browser) -> None:
    with visiting(browser, orchard) as visitor:
        visitor.arrive()
        search = visitor.library.get_by_role("searchbox")
        search.press_sequentially("med")
        (orchard.documents / "medlar-2026.md").write_text("# The medlar in 2026\n\nNobody picked the medlars.\n")
        visitor.library.get_by_role("button", name="Look for changes").evaluate("button => button.click()")
        expect(visitor.library.locator(".document:visible")).to_have_count(3)
        expect(search).to_be_focused()
        visitor.page.keyboard.type("lar-2026")
        expect(search).to_have_value("medlar-2026")
        expect(visitor.library.locator(".document:visible")).to_have_count(1)
