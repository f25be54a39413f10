"""The first seconds: what an empty conversation shows, and a list of many documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Chat, Visitor, squeezed
from playwright.sync_api import expect

FEES = ("boats", "bicycles", "tents", "kayaks", "skis", "sledges", "lockers", "rooms", "halls", "courts")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """Thirty short documents in three folders, and a file that is none."""
    base: Path = tmp_path_factory.mktemp("many")
    for place in ("north", "south", "west"):
        (base / "rules" / place).mkdir(parents=True)
        for number, what in enumerate(FEES, start=1):
            (base / "rules" / place / f"{what}.md").write_text(
                f"# {what.title()} in the {place}\n\nWhoever borrows {what} in the {place} signs for them at the desk.\n\n"
                f"## Fees\n\nThe fee for {what} in the {place} is {number} euros per day, and it is paid at the desk.\n"
            )
    (base / "rules" / "plan.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0")
    with Chat(base / "home", base / "rules") as chat:
        yield chat.wait_until_read()


def test_the_welcome_tells_what_documents_say_and_the_source_is_closed_until_one_opens(visitor: Visitor) -> None:
    welcome, source = visitor.page.locator(".welcome"), visitor.page.locator("#source")
    expect(welcome.locator(".intro")).to_contain_text("Ibid answers from your 2 documents")
    expect(welcome.locator(".introduced li")).to_have_count(2)
    expect(source).not_to_be_visible()
    said = welcome.locator(".introduced p a").first
    quote = said.get_attribute("data-quote")
    said.focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.hit.first).to_be_in_viewport()
    assert squeezed("".join(visitor.hit.all_text_contents())) == squeezed(quote)
    visitor.page.keyboard.press("Escape")
    expect(source).not_to_be_visible()
    visitor.has_focus(said)


def test_many_documents_are_introduced_by_a_few_and_answer_what_is_offered(many: Chat, visit: Any) -> None:
    visitor: Visitor = visit(many)
    welcome = visitor.page.locator(".welcome")
    expect(welcome.locator(".example").nth(2)).to_be_visible()
    for example in welcome.locator(".example").all()[1:]:
        answer = many.answer(squeezed(example.text_content()))
        assert answer["confidence"] == "high" and not answer["abstained"], example.text_content()
    welcome.locator(".failures summary").click()
    expect(welcome.locator(".failures")).to_contain_text("plan.heic")
    welcome.get_by_role("button", name="All 30 documents").click()
    expect(visitor.page.locator("#overview h4")).to_have_text(["north", "south", "west"])
    expect(visitor.page.locator("#overview section").first.locator("li")).to_have_count(30)


def test_thirty_documents_are_listed_by_folder_and_found_by_name(many: Chat, visit: Any) -> None:
    visitor: Visitor = visit(many, **PHONE)
    visitor.page.get_by_role("button", name="Documents and conversations").click()
    groups = visitor.library.locator(".group")
    expect(groups.locator("summary")).to_have_text(["north 10", "south 10", "west 10"])
    groups.first.locator("summary").click()
    expect(visitor.document("north/boats.md")).not_to_be_visible()
    # The list is drawn anew while the folder is looked at.
    visitor.page.get_by_role("button", name="Look for changes").click()
    expect(visitor.page.get_by_role("button", name="Look for changes")).to_be_enabled()
    expect(visitor.document("north/boats.md")).not_to_be_visible()
    visitor.library.get_by_role("searchbox").fill("north/boats")
    expect(visitor.document("north/boats.md")).to_be_visible()
    expect(groups.nth(1)).not_to_be_visible()
    expect(visitor.library.locator(".asking")).to_have_text("1 shown. Asking all 30")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
