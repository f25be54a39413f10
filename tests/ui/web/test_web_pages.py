"""A web address in the page: nothing is fetched before somebody said yes to its host, and what comes is a document like
any other. The web is two servers of this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browsing import Chat, Visitor
from playwright.sync_api import Browser, Locator, expect
from websites import LEAVE, Website, giving, sending, sending_on, website

from rag.settings import Settings
from ui.web.passwords import Users, read_users
from ui.web.serve import allowed

# `ibid chat`, for whom this machine is the web.
_HERE = """
import sys
from rag.settings import Settings
from ui.web.addresses import Reach
from ui.web.serve import prepared
reach = Reach(allows=lambda place: place.is_loopback, resolve=lambda host: ["127.0.0.1"], ports=None)
with prepared(Settings(), "127.0.0.1", int(sys.argv[-1]), reach=reach) as ready:
    print(ready.url, flush=True)
    ready.run()
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    with website({"/leave": giving(), "/other": giving(b"<p>The eels of Ostrava are counted in May.</p>")}) as site:
        yield site


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("web")
    (base / "docs").mkdir()
    (base / "docs" / "toll.md").write_text("# Toll\n\nThe toll of the bridge of Ostrava is nine crowns.\n")
    with Chat(base / "home", base / "docs", command=(sys.executable, "-c", _HERE)) as chat:
        yield chat.wait_until_read()


@pytest.fixture
def visitor(browser: Browser, own: Chat, visit: Any) -> Visitor:
    entered: Visitor = visit(own)
    return entered


def wish(visitor: Visitor, address: str, called: str = "") -> Locator:
    """Put an address into the box where text is pasted; returns what is said of it."""
    visitor.page.locator(".paste summary").click()
    visitor.page.locator("#paste-name").fill(called)
    visitor.page.locator("#paste-text").fill(address)
    visitor.page.get_by_role("button", name="Add as a document").click()
    return visitor.page.locator("#consent .consent")


def test_a_page_is_fetched_after_a_yes_asked_and_cited_with_where_it_came_from(visitor: Visitor, site: Website) -> None:
    page, address = visitor.page, site.at("example.test", "/leave")
    consent = wish(visitor, address)
    expect(consent).to_contain_text(f"Fetch this page from example.test:{site.port}?")
    expect(consent).to_contain_text(address)
    expect(consent).to_contain_text("Only this address is asked, once")
    yes = page.get_by_role("button", name=f"Fetch from example.test:{site.port}")
    expect(yes).to_be_focused()
    assert site.asked == []
    yes.press("Enter")
    expect(page.locator(".outcomes")).to_contain_text("Leave & travel – the rules.html: added, 2 paragraphs")
    expect(consent).to_have_count(0)
    assert site.paths == ["/leave"]
    name = "Leave & travel – the rules.html"
    assert (visitor.chat.home / "uploads" / name).read_bytes() == LEAVE

    visitor.ask("How many days of leave has the ferryman of Ostrava?")
    assert visitor.open(visitor.chips.first) == "The ferryman of Ostrava has 31 days of leave a year."
    origin = visitor.reader.locator(".origin")
    expect(origin).to_contain_text(f"Fetched from {address} on ")
    expect(origin.locator("a")).to_have_attribute("href", address)
    expect(origin.locator("a")).to_have_attribute("rel", "noopener noreferrer")

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"Delete the uploaded {name}").click()
    expect(visitor.document(name)).to_have_count(0)
    assert list((visitor.chat.home / "origins").iterdir()) == []
    assert site.paths == ["/leave"]


def test_whoever_says_no_has_asked_nobody_and_may_think_again(visitor: Visitor, site: Website) -> None:
    site.asked.clear()
    for _ in range(2):
        consent = wish(visitor, site.at("example.test", "/leave"))
        expect(consent).to_be_visible()
        visitor.page.get_by_role("button", name="Leave it").click()
        expect(consent).to_have_count(0)
        expect(visitor.page.locator(".paste summary")).to_be_focused()
    assert site.asked == []


def test_an_address_that_is_pasted_needs_no_button_and_text_with_one_is_text(visitor: Visitor, site: Website) -> None:
    page = visitor.page
    page.locator(".paste summary").click()
    box = page.locator("#paste-text")
    paste = "(box, text) => { box.value = text; box.dispatchEvent(new ClipboardEvent('paste', { bubbles: true })); }"
    box.evaluate(paste, f"See {site.at('example.test')} for the rules.")
    page.wait_for_timeout(300)
    expect(page.locator("#consent .consent")).to_have_count(0)
    box.evaluate(paste, f" {site.at('EXAMPLE.test', '/leave')}\n")
    expect(page.locator("#consent .consent")).to_contain_text(f"Fetch this page from example.test:{site.port}?")


@pytest.mark.parametrize("address", ["htp://example.test/x", "ftp://example.test/x", "file:///etc/hostname"])
def test_what_begins_like_an_address_and_cannot_be_fetched_becomes_no_document(visitor: Visitor, address: str) -> None:
    wish(visitor, address)
    expect(visitor.toast).to_contain_text(f"“{address}” is no address that can be fetched")
    # What was typed stays, to be mended.
    expect(visitor.page.locator("#paste-text")).to_have_value(address)
    expect(visitor.library).not_to_contain_text("example.test")


def test_an_address_without_its_beginning_is_one(visitor: Visitor) -> None:
    expect(wish(visitor, "www.example.test/leave")).to_contain_text("https://www.example.test/leave")


def test_a_link_that_is_dropped_where_files_are_is_asked_about(visitor: Visitor, site: Website) -> None:
    visitor.page.locator("#upload button").first.evaluate(
        """(box, link) => { const carrier = new DataTransfer(); carrier.setData('text/uri-list', link);
        box.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: carrier })); }""",
        site.at("example.test", "/leave"),
    )
    expect(visitor.page.locator("#consent .consent")).to_contain_text(f"Fetch this page from example.test:{site.port}?")


def test_a_page_that_sends_on_to_another_host_is_asked_about_again(visitor: Visitor, site: Website) -> None:
    with website({"/leave": giving()}) as other:
        site.pages["/old"] = sending_on(other.at("other.test", "/leave"))
        consent = wish(visitor, site.at("example.test", "/old"), called="Rules of the ferry")
        visitor.page.get_by_role("button", name="Fetch from example.test").click()
        expect(consent).to_contain_text(
            f"example.test:{site.port} sends on to another place. Fetch this page from other.test"
        )
        assert other.asked == []
        visitor.page.get_by_role("button", name="Fetch from other.test").click()
        expect(visitor.page.locator(".outcomes")).to_contain_text("Rules of the ferry.html: added, 2 paragraphs")
        assert other.paths == ["/leave"]


def test_what_cannot_be_fetched_is_one_line_and_no_document(visitor: Visitor, site: Website) -> None:
    before = visitor.library.locator(".document").count()
    for address, told in (
        (site.at("example.test", "/nothing"), "/nothing is not there. Check the address."),
        ("http://user:secret@example.test/", "An address with a user or a password in it is not fetched."),
        ("http://999.1.1.1/", "is no address of a web page"),
    ):
        consent = wish(visitor, address)
        if "nothing" in address:
            visitor.page.get_by_role("button", name="Fetch from example.test").click()
        expect(consent).to_contain_text(told)
        expect(visitor.page.locator("#consent [role=alert]")).to_be_visible()
    site.pages["/empty"] = giving(b"<html><script>draw()</script></html>")
    wish(visitor, site.at("example.test", "/empty"))
    visitor.page.get_by_role("button", name="Fetch from example.test").click()
    expect(visitor.page.locator(".outcomes")).to_contain_text("empty.html: not read: the file holds no text")
    expect(visitor.library.locator(".document")).to_have_count(before)
    assert not list((visitor.chat.home / "uploads").glob("empty*"))
    assert not list((visitor.chat.home / "origins").glob("empty*"))


def test_a_slow_site_keeps_nobody_and_who_closes_the_tab_ends_it(
    visitor: Visitor, own: Chat, visit: Any, site: Website
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    site.pages["/slow"] = sending(head, b"word " * 3_000, pause=0.2, for_ever=True)
    consent = wish(visitor, site.at("example.test", "/slow"))
    site.left.clear()
    visitor.page.get_by_role("button", name="Fetch from example.test").click()
    expect(consent).to_contain_text(f"Fetching from example.test:{site.port} … 0.1 MB")
    other: Visitor = visit(own)
    other.ask("What is the toll of the bridge of Ostrava?")
    expect(other.live).to_contain_text("nine crowns")
    assert not site.left.is_set()
    visitor.page.close()
    assert site.left.wait(15)


def test_nothing_is_fetched_again(own: Chat, site: Website, visit: Any) -> None:
    visitor: Visitor = visit(own)
    wish(visitor, site.at("example.test", "/other"), called="Eels")
    visitor.page.get_by_role("button", name="Fetch from example.test").click()
    expect(visitor.page.locator(".outcomes")).to_contain_text("Eels.html: added, 1 paragraph")
    site.asked.clear()
    visitor.page.get_by_role("button", name="Look for changes").click()
    visitor.page.context.close()
    own.restart()
    own.wait_until_read()
    visitor = visit(own)
    visitor.ask("When are the eels of Ostrava counted?")
    visitor.open(visitor.chips.first)
    expect(visitor.reader.locator(".origin")).to_contain_text("/other on ")
    assert site.asked == []


@pytest.mark.parametrize(
    ("web", "auth", "is_shared", "may"),
    [
        ("", "", False, True), ("", "ida:secret", False, False), ("", "ida:secret", True, False), ("", "", True, False),
        ("true", "ida:secret", True, True), ("true", "", False, True), ("false", "", False, False),
    ],
)  # fmt: skip
def test_where_nobody_said_only_who_sits_at_the_machine_may_fetch_or_choose_a_model(
    web: str, auth: str, is_shared: bool, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IBID_WEB", web)
    monkeypatch.setenv("IBID_MODEL_CHOICE", web)
    assert allowed(Settings().web, has_users=bool(Users(read_users(auth))), is_shared=is_shared) is may
    assert allowed(Settings().model_choice, has_users=bool(Users(read_users(auth))), is_shared=is_shared) is may


@pytest.mark.parametrize(
    "settings", [{"IBID_WEB": "false"}, {"IBID_AUTH": "ida:secret"}], ids=["forbidden", "for-several"]
)
def test_where_it_is_not_allowed_the_server_itself_refuses(
    settings: dict[str, str], tmp_path: Path, site: Website, visit: Any
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "toll.md").write_text("# Toll\n\nNine crowns.\n")
    site.asked.clear()
    credentials = {"http_credentials": {"username": "ida", "password": "secret"}} if "IBID_AUTH" in settings else {}
    with ExitStack() as running:
        chat = running.enter_context(
            Chat(tmp_path / "home", tmp_path / "docs", settings, command=(sys.executable, "-c", _HERE))
        )
        visitor: Visitor = visit(chat, **credentials)
        expect(visitor.page.locator(".paste summary")).to_have_text("Paste text")
        expect(wish(visitor, site.at("example.test", "/leave"))).to_contain_text("Web pages are not fetched here")
        # As if the question had been shown and answered.
        visitor.page.locator("#consent").evaluate(
            """(place, address) => place.insertAdjacentHTML('beforeend',
            `<button data-act="fetch" data-address="${address}" data-called="Forged">Go on</button>`)""",
            site.at("example.test", "/leave"),
        )
        visitor.page.get_by_role("button", name="Go on").click()
        visitor.page.wait_for_timeout(1_500)
        assert site.asked == []
        assert not (tmp_path / "home" / "uploads").exists()
        visitor.page.context.close()
