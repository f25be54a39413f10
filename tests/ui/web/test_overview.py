"""The overview of a folder: its documents, its timeline, its names, each a link to its place."""

from __future__ import annotations

import datetime as dt
from typing import Any

from browsing import PHONE, Chat, Visitor, squeezed
from parsing import read
from playwright.sync_api import Locator, expect

from rag.index.records import FileStamp, Record
from ui.web.overview import documents_html


def record(name: str, title: str, date: dt.date | None = None) -> Record:
    stamp = FileStamp(size=1, modified_ns=1)
    return Record(document_id=name, title=title, revision="3", paragraphs=1, rows=1, stamp=stamp, date=date)


def test_documents_stand_by_folder_the_newest_first_and_none_is_markup() -> None:
    page = read(
        documents_html(
            "f",
            [
                record("documents/b/old.md", "Old", dt.date(2019, 3, 1)),
                record("documents/b/none.md", "<b>None</b>"),
                record("documents/b/new.md", "New", dt.date(2024, 3, 1)),
                record("documents/top.md", "Top"),
                record("uploads/x.md", "Mine"),
            ],
        )
    )
    assert [one.text for one in page.all("place")] == ["Top", "Mine", "New", "Old", "<b>None</b>"]
    assert [one.text for one in page.all() if one.tag == "h4"] == ["Added in this chat", "b"]


def opened(visitor: Visitor) -> Locator:
    visitor.page.locator("#side [data-opens=overview]").click()
    overview = visitor.page.locator("#overview")
    expect(overview.locator("h2")).to_be_focused()
    expect(overview.locator(".mentions li").first).to_be_visible()
    return overview


def test_everything_in_the_overview_leads_to_its_place_and_esc_back(visitor: Visitor) -> None:
    overview = opened(visitor)
    expect(visitor.box).not_to_be_visible()
    assert len(overview.locator("section").first.locator(".place").all()) == 2
    for link in (overview.locator(".dates a").first, overview.locator(".mentions a").first):
        quote = link.get_attribute("data-quote")
        link.focus()
        visitor.page.keyboard.press("Enter")
        span = f"{link.get_attribute('data-start')}-{link.get_attribute('data-end')}"
        expect(visitor.reader).to_have_attribute("data-mark", span)
        assert squeezed("".join(visitor.hit.all_text_contents())) == squeezed(quote)
        expect(visitor.hit.first).to_be_in_viewport()
        assert visitor.reader.locator("details.guide").get_attribute("open") is None
        visitor.page.keyboard.press("Escape")
        visitor.has_focus(link)
    overview.get_by_role("button", name="Back to the chat").click()
    expect(visitor.box).to_be_visible()


def test_on_a_phone_the_overview_comes_out_of_the_drawer_and_fits(chat: Chat, visit: Any) -> None:
    visitor: Visitor = visit(chat, **PHONE)
    visitor.page.get_by_role("button", name="Documents and conversations").click()
    overview = opened(visitor)
    expect(visitor.library).not_to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    overview.locator(".dates a").first.click()
    expect(visitor.hit.first).to_be_in_viewport()


def test_the_browsers_own_back_leads_out_of_what_lies_over_the_chat_and_forward_into_it(visitor: Visitor) -> None:
    overview, page = opened(visitor), visitor.page
    link = overview.locator(".mentions a").first
    link.click()
    expect(visitor.hit.first).to_be_in_viewport()
    page.go_back()
    expect(visitor.hit).to_have_count(0)
    visitor.has_focus(link)
    page.go_back()
    expect(overview).not_to_be_visible()
    visitor.has_focus(visitor.box)
    overview.locator(".mentions").evaluate("node => node.dataset.before = 'yes'")
    page.go_forward()
    # Told anew: while it is, no reload.
    expect(overview.locator("[data-before]")).to_have_count(0)
    expect(overview.locator(".mentions li").first).to_be_visible()
    page.wait_for_timeout(500)
    page.reload()
    expect(overview.locator(".mentions li").first).to_be_visible()
    overview.get_by_role("button", name="Back to the chat").click()
    expect(overview).not_to_be_visible()
    page.locator(".masthead [data-opens=evals]").click()
    expect(page.locator("#evals h2")).to_be_focused()
    page.go_back()
    expect(visitor.box).to_be_visible()
    expect(page.locator(".masthead [data-opens=evals]")).to_have_text("Evals")
