"""Notes: what somebody keeps of answers and sources, in their browser, on a desk and on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Chat, Visitor, visiting
from playwright.sync_api import Browser, Locator, expect

from rag.documents.context import display
from rag.documents.loaders.docx.loading import load_docx

VALVE = "When is the valve of the tank opened?"
GUARD = "Who is the guard of the wells?"
WELLS = (
    "# Wells of the north\n\nThe guard of the wells is Ingrid Solberg, who lives in the yellow house by the river.\n\n"
    "🙂 The  pump is oiled **twice a year** &amp; never\nat `night`, says the \u202erule\u202c of 1931.\n\n"
    "| well | depth |\n|---|---|\n| north | 40 metres |\n| south | 25 metres |\n"
)
ROPE = "How much does a rope cost?"
LONG = "Whoever lowers a bucket into a well " + "and does not look for the knot of its rope " * 5 + "loses it."
ROPES = (
    "# Ropes\n\nA rope costs 30 euros a coil (< 9 m & > 5 m), and is bought in the village by the guard.\n\n"
    "A bucket costs 12 euros, with its handle.\n\nA repair of the winch takes 3 days, as the smith is far away.\n\n"
    f"{LONG}\n"
)
TANK = (
    "# The tank\n\nThe valve of the tank is opened in the morning, by hand.\n\nNobody may open the valve at night.\n\n"
    "The tank holds nine hundred litres of water.\n"
)


@pytest.fixture(scope="module")
def wells(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base: Path = tmp_path_factory.mktemp("wells")
    (base / "wells").mkdir()
    (base / "wells" / "wells.md").write_text(WELLS)
    (base / "wells" / "tank.md").write_text(TANK)
    (base / "wells" / "rope.md").write_text(ROPES)
    with Chat(base / "home", base / "wells") as chat:
        yield chat.wait_until_read()


def stored(visitor: Visitor) -> list[dict[str, Any]]:
    """The notes that the browser keeps, in their order."""
    found = visitor.page.evaluate(
        "Object.entries(localStorage).filter(([key]) => key.startsWith('ibid-note:')).map(([, value]) => value)"
    )
    return sorted(map(json.loads, found), key=lambda note: note["order"])


def quotes(note: dict[str, Any]) -> list[str]:
    return [one["quote"] for statement in note["answer"]["statements"] for one in statement["citations"]]


def open_notes(visitor: Visitor, count: int) -> Locator:
    if not visitor.library.is_visible():
        visitor.page.get_by_role("button", name="Documents and conversations").click()
    visitor.page.locator("#side").get_by_role("button", name=f"Notes ({count})").click()
    cards = visitor.page.locator(".note")
    expect(cards).to_have_count(count)
    return cards


def open_document(visitor: Visitor, name: str) -> None:
    visitor.document(name).locator("button.open").click()
    expect(visitor.reader).to_have_attribute("data-document", f"documents/{name}")


def select(visitor: Visitor, begin: str, end: str) -> None:
    """As with a pointer: from before one piece of text to behind another, in the source."""
    visitor.page.evaluate(
        """([begin, end]) => {
        const texts = [...document.querySelectorAll('#reader .para .text')], range = document.createRange();
        const place = (piece, behind) => { for (const text of texts) {
          const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) { const at = walk.currentNode.data.indexOf(piece);
            if (at >= 0) return [walk.currentNode, at + (behind ? piece.length : 0)]; } } };
        range.setStart(...place(begin, false)); range.setEnd(...place(end, true));
        getSelection().removeAllRanges(); getSelection().addRange(range); }""",
        [begin, end],
    )


def keep_selected(visitor: Visitor) -> None:
    visitor.page.locator("#selected").get_by_role("button", name="Keep this quote").click()
    expect(visitor.page.locator("#selected")).to_be_hidden()


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_an_answer_is_kept_and_opens_its_source_from_the_notes(wells: Chat, browser: Browser, options: Any) -> None:
    with visiting(browser, wells, **options) as visitor:
        visitor.arrive()
        keep = visitor.ask(VALVE).get_by_role("button", name="Keep", exact=True)
        expect(keep).to_have_attribute("aria-pressed", "false")
        keep.click()
        kept = visitor.live.get_by_role("button", name="Kept", exact=True)
        expect(kept).to_have_attribute("aria-pressed", "true")
        expect(visitor.toast).to_contain_text("Kept in your notes.")
        visitor.toast.get_by_role("button", name="Undo").click()
        expect(keep).to_be_visible()
        assert stored(visitor) == []
        keep.click()
        # Another answer to the same question was not kept, and this one still is when the page comes back.
        visitor.ask(VALVE)
        expect(visitor.live.get_by_role("button", name="Keep", exact=True)).to_be_visible()
        visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
        visitor.page.reload()
        visitor.see()
        expect(visitor.page.locator("#transcript [data-act=keep-answer]")).to_have_text("Kept")

        (card,) = open_notes(visitor, 1).all()
        expect(card.locator("h3")).to_have_text(VALVE)
        expect(card.locator(".statement")).to_contain_text("The valve of the tank is opened in the morning, by hand.")
        assert visitor.open(card.locator("a.chip")) == "The valve of the tank is opened in the morning, by hand."
        visitor.page.get_by_role("button", name="Back to the notes").click()
        expect(card.locator("a.chip")).to_be_focused()
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        visitor.page.locator("#notes").get_by_role("button", name="Back to the chat").click()
        # The turn of before is not the live one; pressed again it is taken out, and can be had back.
        visitor.page.locator("#transcript [data-act=keep-answer]").click()
        expect(visitor.toast).to_contain_text("Taken out of your notes.")
        assert stored(visitor) == []
        visitor.toast.get_by_role("button", name="Undo").click()
        expect(visitor.page.locator("#transcript [data-act=keep-answer]")).to_have_text("Kept")
        assert len(stored(visitor)) == 1


def test_selected_words_are_kept_letter_for_letter_whatever_stands_between_them(wells: Chat, browser: Browser) -> None:
    with visiting(browser, wells) as visitor:
        visitor.arrive()
        open_document(visitor, "wells.md")
        # What comes into the guide moves the text below it, unless it is folded.
        guide = visitor.reader.locator(".guide")
        expect(guide).to_have_attribute("open", "")
        guide.locator("> summary").click()
        expect(guide).not_to_have_attribute("open", "")
        paragraph = visitor.reader.locator("#p2 .text")
        box = paragraph.bounding_box()
        assert box is not None
        # With the pointer: from the beginning of the paragraph to the end of its line.
        visitor.page.mouse.move(box["x"] + 1, box["y"] + 12)
        visitor.page.mouse.down()
        visitor.page.mouse.move(box["x"] + 200, box["y"] + 12, steps=4)
        expect(visitor.page.locator("#selected")).to_have_count(0)
        visitor.page.mouse.up()
        chosen = visitor.page.evaluate("getSelection().toString()")
        keep_selected(visitor)
        for begin, end in (
            ("pump", "1931"),
            ("twice", "year"),
            ("Ingrid", "oiled"),
            ("40", "25"),
        ):
            select(visitor, begin, end)
            keep_selected(visitor)
        visitor.page.wait_for_function(
            "Object.keys(localStorage).filter((key) => key.startsWith('ibid-note:')).length === 5"
        )
        first, whole, bold, two, cells = map(quotes, stored(visitor))
        assert first == [chosen.strip()]
        assert whole == ["pump is oiled **twice a year** &amp; never\nat `night`, says the \u202erule\u202c of 1931"]
        assert bold == ["twice a year"]
        assert two == ["Ingrid Solberg, who lives in the yellow house by the river.", "🙂 The  pump is oiled"]
        assert all(quote in WELLS for quote in (*first, *whole, *bold, *two, *cells))
        assert cells[0].startswith("40 metres")
        assert cells[-1].endswith("25")
        # The same words once more are taken out.
        select(visitor, "twice", "year")
        keep_selected(visitor)
        expect(visitor.toast).to_contain_text("Taken out of your notes.")
        (card, *_) = open_notes(visitor, 4).all()
        assert visitor.open(card.locator("a.chip")) == first[0]


def test_without_a_pointer_one_keeps_orders_comments_and_deletes(wells: Chat, browser: Browser) -> None:
    with visiting(browser, wells) as visitor:
        page, press = visitor.arrive().page, visitor.page.keyboard.press
        visitor.ask(GUARD)
        visitor.chips.first.focus()
        press("Enter")
        expect(visitor.hit.first).to_be_focused()
        press("k")
        expect(page.locator("#reader [data-act=keep-marked]")).to_have_text("Kept")
        visitor.reader.locator("#p1 .number").focus()
        press("k")
        expect(visitor.page.locator("[data-opens=notes]").first).to_have_text("Notes (2)")
        press("Escape")
        visitor.live.get_by_role("button", name="Keep", exact=True).focus()
        press("Enter")
        page.locator("#side").get_by_role("button", name="Notes (3)").focus()
        press("Enter")
        expect(page.locator("#notes h2")).to_be_focused()
        heads = page.locator(".note h3")
        expect(heads).to_have_text(["Quote from Wells of the north", "Quote from Wells of the north", GUARD])
        assert quotes(stored(visitor)[1]) == ["# Wells of the north"]

        up = page.locator(".note", has_text=GUARD).get_by_role("button", name="Move up")
        up.focus()
        press("Enter")
        expect(heads.nth(1)).to_have_text(GUARD)
        expect(up).to_be_focused()
        press("Enter")
        # At the top there is no way up; whoever is there is not lost.
        expect(heads.first).to_have_text(GUARD)
        expect(page.locator(".note").first.get_by_role("button", name="Move down")).to_be_focused()
        expect(page.locator("#announcer")).to_have_text("Now 1 of 3.")
        page.locator(".note").first.get_by_label("Comment").focus()
        page.keyboard.type("Ask Ingrid <b>in May</b>.")
        page.get_by_label("Title", exact=True).fill("Wells & their guard")

        gone = page.locator(".note").nth(1)
        gone.get_by_role("button", name="Delete").focus()
        press("Enter")
        expect(page.locator(".note")).to_have_count(2)
        expect(visitor.toast.get_by_role("button", name="Undo")).to_be_focused()
        press("Enter")
        expect(page.locator(".note")).to_have_count(3)
        expect(page.locator(".note").nth(1).get_by_role("button", name="Delete")).to_be_focused()
        # All of it is there when the page comes back.
        page.reload()
        expect(page.locator(".note")).to_have_count(3)
        expect(heads.first).to_have_text(GUARD)
        expect(page.locator(".note").first.get_by_label("Comment")).to_have_value("Ask Ingrid <b>in May</b>.")
        expect(page.get_by_label("Title", exact=True)).to_have_value("Wells & their guard")
        assert page.locator("#notes b").count() == 0

        files = {kind: exported(visitor, kind) for kind in ("Markdown", "HTML", "Word (.docx)")}
        assert [path.name for path in files.values()] == [f"wells-their-guard.{end}" for end in ("md", "html", "docx")]
        word = display(load_docx(files["Word (.docx)"].read_bytes()).text)
        for told in (
            "Wells & their guard", GUARD, "Comment: Ask Ingrid <b>in May</b>.",
            "[1] “The guard of the wells is Ingrid Solberg, who lives in the yellow house by the river.” – "
            "Wells of the north, wells.md ¶2", "Quote from Wells of the north",
        ):  # fmt: skip
            assert told in word
        assert "<b>in May" not in files["HTML"].read_text()


def exported(visitor: Visitor, kind: str) -> Path:
    with visitor.page.expect_download() as coming:
        visitor.page.locator(".notes-exports").get_by_role("button", name=kind).click()
    path = Path(coming.value.path())
    return path.rename(path.with_name(coming.value.suggested_filename))


def test_two_tabs_lose_nothing_of_one_another_and_a_full_browser_says_so(wells: Chat, browser: Browser) -> None:
    with visiting(browser, wells) as visitor:
        visitor.arrive().ask(VALVE)
        other = visitor.another_tab()
        other.ask(GUARD)
        for one in (visitor, other):
            one.live.get_by_role("button", name="Keep", exact=True).click()
        expect(visitor.page.locator("[data-opens=notes]").first).to_have_text("Notes (2)")
        cards = open_notes(visitor, 2)
        cards.first.get_by_label("Comment").fill("from the first tab")
        cards.first.get_by_label("Comment").blur()
        others = open_notes(other, 2)
        expect(others.first.get_by_label("Comment")).to_have_value("from the first tab")
        others.nth(1).get_by_role("button", name="Delete").click()
        expect(cards).to_have_count(1)
        other.toast.get_by_role("button", name="Undo").click()
        expect(cards).to_have_count(2)

        other.page.evaluate(
            """() => { for (let size = 4e6; size >= 1; size = Math.floor(size / 2)) for (let i = 0; ; i++)
            try { localStorage.setItem(`other-${size}-${i}`, 'x'.repeat(size)); } catch { break; } }"""
        )
        other.page.locator("#notes").get_by_role("button", name="Back to the chat").click()
        open_document(other, "tank.md")
        select(other, "Nobody", "night")
        keep_selected(other)
        expect(other.toast).to_contain_text("Not kept: this browser has no more room.")
        assert len(stored(other)) == 2


def test_what_has_changed_or_left_since_is_not_shown_as_if_it_stood_there(wells: Chat, browser: Browser) -> None:
    with visiting(browser, wells) as visitor:
        visitor.arrive()
        for name, begin, end in (
            ("tank.md", "Nobody", "night"), ("tank.md", "The tank holds", "water"), ("wells.md", "Ingrid", "river"),
        ):  # fmt: skip
            open_document(visitor, name)
            select(visitor, begin, end)
            keep_selected(visitor)
        (wells.documents / "tank.md").write_text(TANK.replace("nine hundred", "eight hundred"))
        (wells.documents / "wells.md").unlink()
        # What is open was read before: of it nothing is kept any more.
        select(visitor, "guard", "guard")
        visitor.library.get_by_role("button", name="Look for changes").click()
        expect(visitor.document("wells.md")).to_have_count(0)
        visitor.page.locator("#selected").get_by_role("button", name="Keep this quote").click()
        expect(visitor.toast).to_contain_text("wells.md is not among your documents any more.")

        still, changed, gone = open_notes(visitor, 3).all()
        expect(still.locator(".remark")).to_have_text(
            "[1] tank.md has changed since; these words still stand at their place."
        )
        expect(changed.locator(".remark")).to_have_text(
            "[1] tank.md has changed since it was quoted; these words are not at their place any more."
        )
        expect(gone.locator(".remark")).to_have_text("[1] wells.md is not among your documents any more.")
        assert [("lapsed" in str(one.get_attribute("class"))) for one in (still, changed, gone)] == [False, True, True]
        assert visitor.open(still.locator("a.chip")) == "Nobody may open the valve at night"
        # Kept anew it is of the document as it is now, and stands among the notes at once.
        visitor.page.keyboard.press("k")
        expect(visitor.page.locator(".note")).to_have_count(4)
        expect(visitor.page.locator(".note").last.locator(".remark")).to_have_count(0)
        changed.locator("a.chip").click()
        expect(visitor.reader.locator(".notice")).to_contain_text("the words are not at this place any more")
        expect(visitor.hit).to_have_count(0)
        assert "tank.md has changed since it was quoted" in exported(visitor, "Markdown").read_text().replace("\\", "")
        # Words that somebody changed in the browser's own storage are of no document.
        visitor.page.evaluate(
            """() => { for (const key of Object.keys(localStorage).filter((one) => one.startsWith('ibid-note:')))
                localStorage.setItem(key, localStorage.getItem(key).replaceAll('Nobody', 'Anyone')); }"""
        )
        visitor.page.reload()
        # The address of words that are gone marks nothing in their place.
        expect(visitor.reader.locator(".notice")).to_contain_text("the words are not at this place any more")
        expect(visitor.hit).to_have_count(0)
        expect(visitor.page.locator(".note")).to_have_count(4)
        forged = visitor.page.locator(".note").last
        expect(forged.locator(".remark")).to_have_text("[1] These words do not stand at their place in tank.md.")


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_a_question_that_leads_on_comes_below_the_answer_and_is_asked_at_once(
    wells: Chat, browser: Browser, options: Any
) -> None:
    with visiting(browser, wells, **options) as visitor:
        visitor.arrive().ask(ROPE)
        offered = visitor.live.locator(".next .asks button")
        expect(offered.first).to_be_visible()
        foot = visitor.live.locator(".turn-foot").bounding_box()
        where = offered.first.bounding_box()
        assert foot and where
        assert where["y"] >= foot["y"] + foot["height"]
        assert not options or where["height"] >= 44
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        question = str(offered.first.text_content())
        assert question != ROPE
        # Whoever edits an earlier question asks this one all the same, behind it.
        visitor.live.hover()
        visitor.live.get_by_role("button", name="Edit").click()
        offered.first.focus()
        visitor.page.keyboard.press("Enter")
        visitor.ended(question, 2)
        expect(visitor.page.locator("#transcript .next button")).to_have_count(0)
        expect(visitor.live.locator(".verdict.quoted")).to_be_visible()
        visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
        expect(offered.first).to_be_visible()
        left = offered.all_text_contents()
        assert not {ROPE, question} & set(left)
        # They come back with the page, and go where nothing is near.
        visitor.page.reload()
        visitor.see()
        expect(offered).to_have_text(left)
        visitor.ask("Zürich?")
        expect(visitor.page.locator("#transcript .turn")).to_have_count(2)
        expect(visitor.page.locator("#transcript .next button")).to_have_count(0)


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_selected_words_are_asked_about_by_whoever_goes_on_typing(wells: Chat, browser: Browser, options: Any) -> None:
    with visiting(browser, wells, **options) as visitor:
        page, offer = visitor.arrive().page, visitor.page.locator("#selected")
        if options:
            page.get_by_role("button", name="Documents and conversations").click()
        open_document(visitor, "rope.md")
        select(visitor, "A rope", "euros")
        expect(offer).to_be_visible()
        page.keyboard.press("Escape")
        expect(offer).to_be_hidden()
        expect(visitor.reader).to_be_visible()
        select(visitor, "costs", "5 m)")
        offer.get_by_role("button", name="Ask about this").click()
        expect(visitor.box).to_be_focused()
        page.keyboard.type("why?")
        expect(visitor.box).to_have_value("“costs 30 euros a coil (< 9 m & > 5 m)” why?")
        expect(offer).to_be_hidden()
        assert visitor.page.locator(".turn").count() == 0
        expect(page.locator("#source")).to_be_visible(visible=not options)
        if options:
            return
        # By keys, the whole paragraph: its beginning, behind what stands in the box.
        visitor.reader.locator(".para", has_text="Whoever").locator(".number").focus()
        page.keyboard.press("a")
        expect(visitor.box).to_be_focused()
        first, _, words = visitor.box.input_value().partition(" why? ")
        assert first == "“costs 30 euros a coil (< 9 m & > 5 m)”"
        assert words.startswith("“Whoever lowers a bucket")
        assert words.endswith("…” ")
        assert len(words) <= 203
        assert LONG.startswith(words[1:-3])
        assert LONG[len(words) - 4] == " "
