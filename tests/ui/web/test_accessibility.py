"""The chat for people who do not see it, or see it otherwise: axe-core on every view, names, and what is announced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from browsing import ADVANCE, PHONE, Chat, Visitor
from playwright.sync_api import expect

SIEGE = "How long was West Aleppo under siege?"
NOWHERE = "What does a quantum entangler cost in Zürich?"


def welcome(visitor: Visitor) -> None:
    expect(visitor.page.locator(".welcome .example").first).to_be_visible()


def folders(visitor: Visitor) -> None:
    visitor.page.locator(".switch summary").click()
    expect(visitor.page.locator(".folders")).to_be_visible()


def failure(visitor: Visitor) -> None:
    visitor.page.locator(".switch summary").click()
    visitor.library.locator(".all input").uncheck()
    expect(visitor.library.locator(".all")).to_contain_text("Asking 0 of 2")
    expect(visitor.ask(SIEGE).locator(".failed")).to_be_visible()
    visitor.library.locator(".all input").check()
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 2")


def answer(visitor: Visitor) -> None:
    visitor.ask("Who is Qassem Soleimani?")
    visitor.ask("What does he lead?")
    visitor.ask(SIEGE)
    expect(visitor.live.locator(".next button").first).to_be_visible()
    visitor.live.get_by_role("button", name="Keep", exact=True).click()


def card(visitor: Visitor) -> None:
    visitor.chips.first.hover()
    expect(visitor.page.locator(f"#{visitor.chips.first.get_attribute('aria-describedby')}")).to_be_visible()


def how(visitor: Visitor) -> None:
    visitor.live.locator(".how summary").click()
    expect(visitor.live.locator(".how table")).to_be_visible()


def source(visitor: Visitor) -> None:
    visitor.open(visitor.chips.first)


def back(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Back to the answer").click()
    expect(visitor.chips.first).to_be_focused()


def abstention(visitor: Visitor) -> None:
    visitor.ask(NOWHERE)


def folded(visitor: Visitor) -> None:
    visitor.ask("In the article which I read yesterday, " + "and the day before, and the day before that, " * 9 + SIEGE)
    expect(visitor.live.get_by_role("button", name="Show all of it")).to_be_visible()


def editing(visitor: Visitor) -> None:
    visitor.live.hover()
    visitor.live.get_by_role("button", name="Edit").click()
    expect(visitor.page.locator(".editing")).to_be_visible()


def deleted(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Escape")
    visitor.live.hover()
    visitor.live.get_by_role("button", name="Delete this question").click()
    expect(visitor.toast).to_contain_text("Undo")


def listed(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="New conversation").click()
    expect(visitor.live).to_have_count(0)
    visitor.ask(SIEGE)
    expect(visitor.talks.locator("h3")).to_have_text("Today")
    visitor.page.get_by_role("searchbox", name="Search titles, questions").fill("how long")
    visitor.talks.locator("li").first.hover()
    visitor.talks.get_by_role("button", name="Rename").first.click()


def keys(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Keys").click()
    expect(visitor.page.get_by_role("dialog")).to_be_visible()


def evals(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Evals").click()
    expect(visitor.page.locator("#evals h2")).to_be_focused()


def gone(visitor: Visitor) -> None:
    visitor.page.context.set_offline(True)
    expect(visitor.page.locator("#gone")).to_contain_text("does not answer")


def guide(visitor: Visitor) -> None:
    if not visitor.library.is_visible():
        drawer(visitor)
    visitor.document(ADVANCE).locator("button.open").click()
    expect(visitor.reader.locator(".guide .asks button").first).to_be_visible()
    visitor.reader.locator(".guide").evaluate("node => node.scrollTo(0, node.scrollHeight)")


def overview(visitor: Visitor) -> None:
    if not visitor.library.is_visible():
        drawer(visitor)
    visitor.page.locator("#side [data-opens=overview]").click()
    expect(visitor.page.locator("#overview .mentions li").first).to_be_visible()


def overviewed(visitor: Visitor) -> None:
    visitor.page.locator("#overview").get_by_role("button", name="Back to the chat").click()
    expect(visitor.box).to_be_visible()


def selected(visitor: Visitor) -> None:
    """Beside selected words, those that are marked kept."""
    visitor.reader.get_by_role("button", name="Keep this quote").click()
    expect(visitor.reader.get_by_role("button", name="Kept")).to_be_visible()
    visitor.page.evaluate("getSelection().selectAllChildren(document.querySelector('#reader .para.target .text'))")
    expect(visitor.page.locator("#selected")).to_be_visible()


def notes(visitor: Visitor) -> None:
    visitor.live.get_by_role("button", name="Keep", exact=True).click()
    if not visitor.library.is_visible():
        drawer(visitor)
    visitor.page.locator("#side [data-opens=notes]").click()
    expect(visitor.page.locator(".note")).to_have_count(3)


def shut(visitor: Visitor) -> None:
    visitor.reader.get_by_role("button", name="Close").click()
    expect(visitor.box).to_be_visible()


def feedback(visitor: Visitor) -> None:
    visitor.live.get_by_role("button", name="Bad answer").click()
    expect(visitor.live.locator("form.feedback")).to_be_visible()
    visitor.document(ADVANCE).locator("button.open").click()
    visitor.reader.locator("#p3").get_by_role("button", name="Should be cited").click()
    expect(visitor.live.locator(".chosen li")).to_have_count(1)


def stopped(visitor: Visitor) -> None:
    visitor.wait_saved("talk.exchanges.at(-1).state === 'done'")
    visitor.page.evaluate(
        """() => { for (const key of Object.keys(localStorage).filter((one) => one.startsWith('ibid:'))) {
        const talk = JSON.parse(localStorage.getItem(key));
        talk.exchanges.at(-1).state = 'running'; localStorage.setItem(key, JSON.stringify(talk)); } }"""
    )
    visitor.page.reload()
    expect(visitor.live.locator(".stopped")).to_be_visible()


def drawer(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Documents and conversations").click()
    expect(visitor.page.locator("#side")).to_be_visible()


def model(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Choose a model").click()
    expect(visitor.page.get_by_role("dialog")).to_be_visible()


def consent(visitor: Visitor) -> None:
    """The question alone: nobody is asked."""
    visitor.page.locator(".paste summary").click()
    visitor.page.locator("#paste-text").fill("https://example.org/leave")
    visitor.page.get_by_role("button", name="Add as a document").click()
    expect(visitor.page.get_by_role("button", name="Fetch from example.org")).to_be_focused()


WIDE = [
    welcome,
    folders,
    failure,
    answer,
    card,
    how,
    source,
    selected,
    abstention,
    guide,
    notes,
    overview,
    overviewed,
    feedback,
    stopped,
    folded,
    editing,
    deleted,
    listed,
    consent,
    keys,
    model,
    evals,
    gone,
]
NARROW = [
    welcome,
    answer,
    source,
    selected,
    back,
    abstention,
    guide,
    shut,
    notes,
    overview,
    overviewed,
    folded,
    editing,
    deleted,
    model,
    drawer,
    consent,
    evals,
    gone,
]


def findings(visitor: Visitor, view: str) -> list[str]:
    """What axe-core finds on the page as it is, of any level; of its colours, in the dark too."""
    light = visitor.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    dark = visitor.page.evaluate(_IN_THE_DARK)
    return [*_told(light, view), *_told(dark, f"{view}, dark")]


# As Gradio does it, where the system is dark when the page is opened.
_IN_THE_DARK = """async () => {
    const ended = () => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})));
    const settled = () => Promise.race([ended(), new Promise((done) => setTimeout(done, 1000))]);
    document.body.classList.add('dark');
    await settled();
    const found = await axe.run(document, { resultTypes: ['violations'], runOnly: ['color-contrast'] });
    document.body.classList.remove('dark');
    await settled();
    return found;
}"""


def _told(found: Any, view: str) -> list[str]:
    return [
        f"{view}: {one['id']} ({one['impact']}): {node['html'][:160]} – {node['failureSummary'].splitlines()[-1].strip()}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("views", "options"),
    [
        pytest.param(WIDE, {}, id="desk"),
        pytest.param(NARROW, PHONE, id="phone"),
    ],
)
def test_axe_finds_nothing_on_any_view(
    axe: str, chat: Chat, visit: Any, views: Sequence[Callable[[Visitor], None]], options: dict[str, Any]
) -> None:
    visitor: Visitor = visit(chat, **options)
    found = []
    for view in views:
        view(visitor)
        if not visitor.page.evaluate("'axe' in window"):
            visitor.page.evaluate(axe)
        found += findings(visitor, view.__name__)
    # The browser says itself that it has no line.
    visitor.heard.errors.clear()
    assert found == []


def test_a_dark_system_has_a_dark_page(chat: Chat, visit: Any) -> None:
    dark = visit(chat, color_scheme="dark").page.locator("body")
    expect(dark).to_have_class(re.compile(r"\bdark\b"))
    expect(visit(chat).page.locator("body")).not_to_have_class(re.compile(r"\bdark\b"))


def test_everything_to_press_or_fill_in_has_a_name(visitor: Visitor) -> None:
    roles = {"button", "textbox", "checkbox", "link", "progressbar", "DisclosureTriangle"}
    eyes = visitor.page.context.new_cdp_session(visitor.page)
    for view in (welcome, answer, how, source, abstention, guide, feedback):
        view(visitor)
        nodes = eyes.send("Accessibility.getFullAXTree")["nodes"]
        operable = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        assert len(operable) > 8
        nameless = [node for node in operable if not node.get("name", {}).get("value", "").strip()]
        assert nameless == [], view.__name__


def test_the_end_of_an_answer_is_announced_once_and_politely(visitor: Visitor) -> None:
    page = visitor.page
    region = page.locator("#announcer")
    expect(region).to_have_attribute("role", "status")
    expect(region).to_have_attribute("aria-live", "polite")
    page.evaluate(
        """() => { window.announced = []; new MutationObserver(() => window.announced.push(
        document.getElementById('announcer').textContent)).observe(document.getElementById('announcer'),
        { childList: true, characterData: true, subtree: true }); }"""
    )
    visitor.ask(SIEGE)
    page.wait_for_function("window.announced.length > 0")
    visitor.ask(NOWHERE)
    page.wait_for_function("window.announced.length > 1")
    visitor.ask(SIEGE)
    page.wait_for_function("window.announced.length > 2")
    told = page.evaluate("window.announced")
    assert told == [
        "Answer ready. Quoted word for word",
        "Answer ready. Your documents do not seem to answer this.",
        "Answer ready. Quoted word for word",
    ]
    # What grows while an answer is written is in no live region: nobody is read it piece by piece.
    assert page.locator("#live").evaluate(
        "node => !node.closest('[aria-live]:not([aria-live=off]), [role=status], [role=log]')"
    )


def test_a_citation_is_a_real_link_that_says_what_it_leads_to(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    for chip in visitor.chips.all():
        assert chip.evaluate("node => node.tagName === 'A' && node.origin === location.origin")
        assert "document=documents%2F" in str(chip.get_attribute("href"))
        assert chip.get_attribute("aria-label") == (
            f"Source {chip.text_content()}: In Rare Victory, Syrian Army breaks ISIL siege of West Aleppo, paragraph 6"
        )
        described = visitor.page.locator(f"#{chip.get_attribute('aria-describedby')}")
        expect(described).to_have_attribute("role", "tooltip")
        expect(described).to_contain_text(str(chip.get_attribute("data-quote")))


def test_the_page_says_its_language_and_has_one_main_part(visitor: Visitor) -> None:
    assert visitor.page.evaluate("document.documentElement.lang") == "en"
    expect(visitor.page).to_have_title("Ibid")
    expect(visitor.page.locator("main, [role=main]")).to_have_count(1)


def test_who_wants_no_motion_gets_none(chat: Chat, visit: Any) -> None:
    visitor: Visitor = visit(chat, reduced_motion="reduce")
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    moving = visitor.page.evaluate(
        "document.getAnimations().filter((one) => one.playState === 'running').map((one) => one.animationName || one.transitionProperty)"
    )
    assert moving == []


def test_text_twice_as_large_still_fits(chat: Chat, visit: Any) -> None:
    visitor: Visitor = visit(chat, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    visitor.ask(SIEGE)
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= 640")
    expect(visitor.box).to_be_in_viewport()
    visitor.open(visitor.chips.first)
    expect(visitor.hit).to_be_in_viewport()
