"""Whole journeys through the chat, in a real browser over the two seed articles."""

from __future__ import annotations

import html
import json
import re
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browsing import ADVANCE, ALEPPO, PHONE, ROOT, Chat, Visitor, squeezed, visiting, wait_for
from conftest import Visit
from playwright.sync_api import APIResponse, Browser, Dialog, Locator, Route, expect
from playwright.sync_api import Error as PlaywrightError

from evals.cases import case_from, gold_paragraphs
from rag.documents.context import display
from rag.documents.reading import read_document
from rag.domain import Paragraph

SIEGE = "How long was West Aleppo under siege?"
SOLEIMANI = "Who is Qassem Soleimani?"
WARREN = "What did Steve Warren say about Russian airstrikes?"
NOWHERE = "What does a quantum entangler cost in Zürich?"
TOLL = "What toll does the harbour master of Ostrava collect?"

TEXTS = {f"documents/{name}": (ROOT / "seeds" / name).read_bytes().decode() for name in (ALEPPO, ADVANCE)}


def place_of(chip: Locator) -> tuple[str, int, int]:
    document, start, end = (chip.get_attribute(f"data-{name}") for name in ("document", "start", "end"))
    return str(document), int(str(start)), int(str(end))


def verbatim(chip: Locator) -> str:
    document, start, end = place_of(chip)
    return TEXTS[document][start:end]


def accept(visitor: Visitor, *texts: str) -> list[str]:
    """Say yes to the next question of the browser; returns what was asked."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept(*texts)

    visitor.page.once("dialog", answer)
    return asked


def paragraphs(name: str) -> tuple[Paragraph, ...]:
    return read_document(f"documents/{name}", (ROOT / "seeds" / name).read_bytes()).paragraphs


# --- from the answer to the very words and back


@pytest.mark.parametrize("way", ["Escape", "button"])
def test_a_chip_opens_its_document_at_the_very_words_and_leads_back(visitor: Visitor, way: str) -> None:
    visitor.ask(SIEGE)
    chip = visitor.chips.first
    expect(chip).to_have_text("1")
    marked = visitor.open(chip)
    assert squeezed(marked) == squeezed(chip.get_attribute("data-quote"))
    assert "after 13 days of siege by Daesh." in marked
    visitor.has_focus(visitor.hit)
    assert visitor.in_view(visitor.hit)
    expect(visitor.reader.locator(".step-count")).to_have_text(f"1 of {visitor.chips.count()}")
    if way == "Escape":
        visitor.page.keyboard.press("Escape")
    else:
        visitor.page.get_by_role("button", name="Back to the answer").click()
    visitor.has_focus(chip)
    assert visitor.in_view(chip)


def test_the_same_chip_opens_its_place_again_and_again(visitor: Visitor) -> None:
    """Also where it is open already, which comes back from the server as it was: the words are scrolled to and focused."""
    visitor.ask(SIEGE)
    chip = visitor.chips.first
    for _ in range(2):
        visitor.open(chip)
        visitor.has_focus(visitor.hit.first)
        visitor.page.locator("#reader .page").evaluate("page => page.scrollTop = page.scrollHeight")
        chip.focus()
        assert not visitor.in_view(visitor.hit.first)
    visitor.page.keyboard.press("Enter")
    visitor.has_focus(visitor.hit.first)
    wait_for(lambda: visitor.in_view(visitor.hit.first), "the marked words are in view again")


def test_beside_a_new_answer_opens_what_it_cites_first_and_nothing_of_an_earlier_one(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    visitor.ask(WARREN)
    first = visitor.chips.first
    expect(first).to_have_attribute("aria-current", "true")
    expect(visitor.reader).to_have_attribute(
        "data-mark", f"{first.get_attribute('data-start')}-{first.get_attribute('data-end')}"
    )
    expect(visitor.reader.locator(".step-count")).to_have_text(f"1 of {visitor.chips.count()}")
    assert squeezed("".join(visitor.hit.all_text_contents())) == squeezed(
        visitor.chips.first.get_attribute("data-quote")
    )
    visitor.has_focus(visitor.box)
    visitor.ask(NOWHERE)
    expect(visitor.reader.locator(".steps")).to_be_hidden()
    expect(visitor.page.locator(".chip[aria-current]")).to_have_count(0)
    visitor.reader.get_by_role("button", name="Close").click()
    expect(visitor.reader).to_contain_text("Sources open here")
    visitor.ask(WARREN)
    expect(visitor.reader).to_contain_text("Sources open here")


def test_panes_are_drawn_and_folded_and_stay_so(visitor: Visitor) -> None:
    page = visitor.page
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    edge, drawer = page.get_by_role("separator", name="Width of the source"), page.locator(".drawer")
    before = page.locator("#source").bounding_box()
    edge.press("ArrowLeft")
    drawn = page.locator("#source").bounding_box()
    assert before is not None and drawn is not None
    assert round(drawn["width"] - before["width"]) == round(0.02 * 1280)
    page.mouse.move(drawn["x"], 400)
    page.mouse.down()
    page.mouse.move(640, 400)
    page.mouse.up()
    expect(edge).to_have_attribute("aria-valuenow", "50")
    expect(drawer).to_have_attribute("aria-expanded", "true")
    drawer.click()
    expect(page.locator("#side")).to_be_hidden()
    page.reload()
    expect(visitor.hit.first).to_be_visible()
    expect(page.locator("#side")).to_be_hidden()
    expect(drawer).to_have_attribute("aria-expanded", "false")
    box = page.locator("#source").bounding_box()
    assert box is not None and round(box["width"]) == 640
    drawer.click()
    expect(page.locator("#side")).to_be_visible()


@pytest.mark.parametrize(("width", "view"), [(1280, None), (1280, "Evals"), (1000, None)])
def test_the_edge_of_the_source_lies_at_its_side(visit: Visit, chat: Chat, width: int, view: str | None) -> None:
    visitor = visit(chat, viewport={"width": width, "height": 800})
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    if view:
        visitor.page.get_by_role("button", name=view).click()
    edge = visitor.page.get_by_role("separator", name="Width of the source").bounding_box()
    source = visitor.page.locator("#source").bounding_box()
    assert edge is not None and source is not None
    assert edge["x"] <= source["x"] <= edge["x"] + edge["width"]


def test_keyboard_focus_can_be_seen_wherever_it_is(visitor: Visitor) -> None:
    seen = set()
    visitor.box.focus()
    for _ in range(14):
        at = visitor.page.evaluate(
            "(() => { const one = document.activeElement, style = getComputedStyle(one);"
            " return [one.tagName + (one.type || ''), style.outlineStyle, parseFloat(style.outlineWidth)]; })()"
        )
        seen.add(at[0])
        if at[0] != "BODY" and "file" not in at[0]:
            assert at[1] == "solid", at
            assert at[2] >= 2, at
        visitor.page.keyboard.press("Shift+Tab")
    assert "TEXTAREAtextarea" in seen
    assert "INPUTcheckbox" in seen


def test_a_card_shows_the_quote_and_its_place_on_hover_and_on_focus(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    chip = visitor.chips.first
    card = visitor.page.locator(f"#{chip.get_attribute('aria-describedby')}")
    expect(card).not_to_be_visible()
    chip.hover()
    expect(card).to_be_visible()
    assert squeezed(card.locator(".card-quote").text_content()) == squeezed(verbatim(chip))
    expect(card).to_contain_text("In Rare Victory, Syrian Army breaks ISIL siege of West Aleppo")
    expect(card).to_contain_text("¶6")
    box = card.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 1280
    assert box["y"] + box["height"] <= 800
    visitor.page.mouse.move(640, 5)
    expect(card).not_to_be_visible()
    visitor.box.focus()
    for _ in range(30):
        visitor.page.keyboard.press("Shift+Tab")
        if chip.evaluate("node => node === document.activeElement"):
            break
    expect(card).to_be_visible()


def test_every_chip_of_every_answer_marks_the_slice_of_the_file(visitor: Visitor) -> None:
    followed = 0
    for question in (SIEGE, SOLEIMANI, WARREN, "What are these documents about?", "How many people were killed?"):
        visitor.ask(question)
        assert visitor.chips.count()
    for chip in visitor.page.locator("a.chip").all():
        assert visitor.open(chip) == verbatim(chip)
        assert chip.get_attribute("data-quote") == verbatim(chip)
        followed += 1
    assert followed >= 6


def test_every_statement_is_what_its_citations_say(visitor: Visitor) -> None:
    visitor.ask(WARREN)
    for statement in visitor.live.locator(".statement").all():
        quotes = squeezed(" ".join(verbatim(chip) for chip in statement.locator("a.chip").all()))
        assert squeezed(statement.locator(".said").text_content()) in quotes
    expect(visitor.live.locator(".verdict")).to_have_text("Quoted word for word")


def test_all_of_it_goes_by_keyboard(visitor: Visitor) -> None:
    press = visitor.page.keyboard.press
    expect(visitor.box).to_be_focused()
    two_sources = "Who controls Homs?"
    visitor.page.keyboard.type(two_sources)
    press("Enter")
    visitor.ended(two_sources)
    first, last = visitor.chips.first, visitor.chips.last
    assert visitor.chips.count() > 1
    visitor.box.focus()
    for _ in range(60):
        press("Shift+Tab")
        if first.evaluate("node => node === document.activeElement"):
            break
    visitor.has_focus(first)
    press("Enter")
    expect(visitor.hit).to_have_text(squeezed(verbatim(first)))
    visitor.has_focus(visitor.hit)
    press("n")
    expect(visitor.hit).to_have_text(squeezed(verbatim(visitor.chips.nth(1))))
    expect(visitor.chips.nth(1)).to_have_attribute("aria-current", "true")
    visitor.has_focus(visitor.hit)
    press("p")
    expect(visitor.hit).to_have_text(squeezed(verbatim(first)))
    visitor.has_focus(visitor.hit)
    press("p")
    expect(visitor.hit).to_have_text(squeezed(verbatim(last)))
    visitor.has_focus(visitor.hit)
    press("Escape")
    visitor.has_focus(last)


def test_the_browsers_own_back_leads_back_to_the_answer(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.open(visitor.chips.first)
    assert "document=" in visitor.page.url
    visitor.page.go_back()
    visitor.has_focus(visitor.chips.first)
    expect(visitor.live.locator(".question")).to_have_text(SIEGE)


def test_an_example_is_asked_at_a_click(visitor: Visitor) -> None:
    example = visitor.page.locator(".welcome .example").first
    question = squeezed(example.text_content())
    example.click()
    visitor.ended(question)
    assert visitor.chips.count()


# --- what is not there, and what leans on what was said


def test_a_question_without_an_answer_gets_one_honest_sentence_and_no_chip(visitor: Visitor) -> None:
    turn = visitor.ask(NOWHERE)
    expect(turn.locator(".notfound")).to_have_count(1)
    expect(turn.locator(".notfound")).to_have_text("Your documents do not seem to answer this.")
    expect(turn.locator(".missing")).to_contain_text("entangler")
    expect(turn.locator(".missing")).to_contain_text("Zürich")
    expect(turn.locator(".closest")).to_contain_text("Related passages – not an answer")
    expect(turn.locator(".closest li")).not_to_have_count(0)
    expect(visitor.chips).to_have_count(0)
    expect(turn.locator(".statement, .verdict")).to_have_count(0)
    place = turn.locator(".closest a.place").first
    place.click()
    target = visitor.reader.locator(".target")
    expect(target).to_have_attribute("data-paragraph", str(place.get_attribute("data-paragraph")))
    visitor.has_focus(target)
    visitor.page.keyboard.press("Escape")
    visitor.has_focus(place)


def test_a_follow_up_says_what_was_searched_for(visitor: Visitor) -> None:
    first = visitor.ask(SOLEIMANI)
    expect(first.locator(".searched")).to_have_count(0)
    second = visitor.ask("What does he lead?")
    expect(second.locator(".searched")).to_have_text("Searched for: What does Qassem Soleimani lead? Edit")
    assert visitor.chips.count()
    expect(visitor.page.locator("#transcript .question")).to_have_text([SOLEIMANI])


# --- which documents are asked


def test_a_document_that_is_not_ticked_is_not_answered_from(visitor: Visitor) -> None:
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 2")
    visitor.document(ADVANCE).locator("input").uncheck()
    expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
    turn = visitor.ask(WARREN)
    expect(turn).to_contain_text("Asked 1 of 2 documents.")
    cited = visitor.page.locator(f'#live [data-document="documents/{ADVANCE}"]')
    expect(cited).to_have_count(0)
    expect(visitor.document(ADVANCE).locator("input")).not_to_be_checked()
    visitor.library.locator(".all input").check()
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 2")
    expect(visitor.document(ADVANCE).locator("input")).to_be_checked()
    expect(visitor.ask(WARREN)).not_to_contain_text("Asked 1 of")
    expect(cited).not_to_have_count(0)
    expect(visitor.chips.first).to_have_attribute("data-document", f"documents/{ADVANCE}")


def test_ticks_that_come_faster_than_the_server_answers_all_count(visitor: Visitor) -> None:
    """Three at once, in one go of a script: nobody clicks faster."""
    visitor.page.evaluate("document.querySelectorAll('#library input[type=checkbox]').forEach(box => box.click())")
    # All off, the first document on, the second on: which is all of them again.
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 2")
    visitor.page.evaluate("document.querySelectorAll('#library .document input').forEach(box => box.click())")
    expect(visitor.library.locator(".all")).to_contain_text("Asking 0 of 2")


def test_with_no_document_ticked_the_chat_says_what_to_do(visitor: Visitor) -> None:
    visitor.library.locator(".all input").uncheck()
    expect(visitor.library.locator(".all")).to_contain_text("Asking 0 of 2")
    turn = visitor.ask(SIEGE)
    expect(turn.locator(".failed")).to_have_text("No document is chosen. Tick at least one under “Documents”.")
    visitor.document(ALEPPO).locator("input").check()
    expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
    visitor.ask(SIEGE)
    assert visitor.chips.count()


@contextmanager
def report_delayed(chat: Chat, browser: Browser) -> Iterator[tuple[Visitor, Callable[[], None]]]:
    """A visitor whose first report of progress is on its way, and what lets it arrive."""
    with visiting(browser, chat) as visitor:
        held: list[tuple[Route, APIResponse]] = []

        def hold(route: Route) -> None:
            if held:
                route.continue_()
            else:
                held.append((route, route.fetch()))

        visitor.page.route("**/gradio_api/run/predict*", hold)
        visitor.arrive()
        while not held:
            visitor.page.wait_for_timeout(50)

        def arrives() -> None:
            with visitor.page.expect_response("**/gradio_api/run/predict*"):
                held[0][0].fulfill(response=held[0][1])
            visitor.page.wait_for_timeout(500)

        yield visitor, arrives


def test_a_late_report_of_progress_does_not_undo_a_choice(chat: Chat, browser: Browser) -> None:
    with report_delayed(chat, browser) as (visitor, report_arrives):
        visitor.document(ADVANCE).locator("input").uncheck()
        expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
        report_arrives()
        expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2", timeout=2_000)
        expect(visitor.document(ADVANCE).locator("input")).not_to_be_checked(timeout=2_000)


def test_a_late_report_of_progress_does_not_bring_the_welcome_back(chat: Chat, browser: Browser) -> None:
    with report_delayed(chat, browser) as (visitor, report_arrives):
        visitor.ask(SIEGE)
        report_arrives()
        expect(visitor.page.locator(".welcome")).not_to_be_visible(timeout=2_000)
        assert visitor.chips.count()


# --- conversations


def test_a_reload_brings_the_conversation_back(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.ask(NOWHERE)
    before = visitor.page.locator("#paper .answer").all_text_contents()
    visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
    visitor.page.reload()
    visitor.ended(NOWHERE)
    expect(visitor.page.locator("#transcript .question")).to_have_text([SIEGE])
    assert visitor.page.locator("#paper .answer").all_text_contents() == before
    chip = visitor.page.locator("#transcript a.chip").first
    assert visitor.open(chip) == verbatim(chip)
    visitor.page.keyboard.press("Escape")
    visitor.ask(SOLEIMANI)
    expect(visitor.page.locator("#transcript .question")).to_have_text([SIEGE, NOWHERE])


@pytest.mark.parametrize("had", ["some of the answer", "nothing yet"])
def test_a_conversation_cut_off_in_the_middle_says_so_and_asks_again(visitor: Visitor, had: str) -> None:
    visitor.ask(SIEGE)
    visitor.wait_saved("talk.exchanges[0].state === 'done'")
    visitor.page.evaluate(
        """keepsAnswer => { for (const key of Object.keys(localStorage)) {
            const talk = JSON.parse(localStorage.getItem(key)), last = talk.exchanges[0];
            last.state = 'running';
            if (keepsAnswer) { last.answer.complete = false; last.answer.statements.splice(1); }
            else last.answer = null;
            localStorage.setItem(key, JSON.stringify(talk)); } }""",
        had == "some of the answer",
    )
    visitor.page.reload()
    turn = visitor.ended(SIEGE)
    expect(turn.locator(".stopped")).to_contain_text("This answer was stopped before it was complete.")
    expect(turn.locator(".statement")).to_have_count(1 if had == "some of the answer" else 0)
    turn.get_by_role("button", name="Ask again").click()
    expect(visitor.page.locator("#live .turn.done")).to_be_visible()
    expect(visitor.live.locator(".question")).to_have_text(SIEGE)
    assert visitor.chips.count()


def test_conversations_are_kept_renamed_opened_and_deleted(visitor: Visitor) -> None:
    page, names = visitor.page, visitor.talks.locator(".open")
    visitor.ask(SIEGE)
    expect(names).to_have_text([SIEGE])
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(visitor.live).to_have_count(0)
    visitor.ask(SOLEIMANI)
    expect(names).to_have_text([SOLEIMANI, SIEGE])
    expect(visitor.talks.locator("[aria-current=true]")).to_have_text(SOLEIMANI)
    visitor.press_beside(SOLEIMANI, "Rename")
    visitor.page.keyboard.type("The general")
    visitor.page.keyboard.press("Enter")
    expect(names).to_have_text(["The general", SIEGE])
    visitor.ask("What does he lead?")
    expect(names).to_have_text(["The general", SIEGE])
    names.filter(has_text=SIEGE).click(position={"x": 15, "y": 8})
    visitor.ended(SIEGE)
    expect(page.locator("#transcript .turn")).to_have_count(0)
    expect(visitor.talks.locator("[aria-current=true]")).to_have_text(SIEGE)
    visitor.press_beside(SIEGE, "Delete")
    expect(names).to_have_text(["The general"])
    expect(page.locator(".welcome")).to_be_visible()
    assert [talk["title"] for talk in visitor.saved().values()] == ["The general"]
    page.reload()
    visitor.see()
    expect(names).to_have_text(["The general"])
    expect(page.locator(".welcome")).to_be_visible()


def test_a_click_in_the_middle_of_a_title_opens_the_conversation(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.page.get_by_role("button", name="New conversation").click()
    expect(visitor.live).to_have_count(0)
    visitor.talks.locator(".open").first.click(timeout=5_000)
    visitor.ended(SIEGE)


def test_the_browser_keeps_no_texts_of_passages(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    visitor.ask(NOWHERE)
    visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
    (talk,) = visitor.saved().values()
    answers = [exchange["answer"] for exchange in talk["exchanges"]]
    kept = [passage["text"] for answer in answers for passage in [*answer["passages"], *answer["closest"]]]
    assert len(kept) > 5
    assert set(kept) == {""}


@pytest.mark.parametrize("kind", ["Markdown", "HTML", "JSON"])
def test_an_export_holds_every_quote_and_its_place(visitor: Visitor, kind: str) -> None:
    visitor.ask(SIEGE)
    visitor.ask(WARREN)
    visitor.wait_saved("talk.exchanges.length === 2 && talk.exchanges[1].state === 'done'")
    with visitor.page.expect_download() as saving:
        visitor.page.locator(f".exports [data-kind={kind.lower()}]").click()
    assert saving.value.suggested_filename.endswith({"Markdown": ".md", "HTML": ".html", "JSON": ".json"}[kind])
    text = Path(saving.value.path()).read_text(encoding="utf-8")
    chips = visitor.page.locator("a.chip").all()
    assert len(chips) >= 2
    for chip in chips:
        document, start, end = place_of(chip)
        if kind == "JSON":
            citations = [
                (citation["document"], citation["start"], citation["end"], citation["quote"])
                for exchange in json.loads(text)["exchanges"]
                for statement in exchange["answer"]["statements"]
                for citation in statement["citations"]
            ]
            assert (document, start, end, verbatim(chip)) in citations
            continue
        plain = re.sub(r"\\(.)", r"\1", text) if kind == "Markdown" else html.unescape(re.sub(r"<[^>]+>", " ", text))
        assert squeezed(display(verbatim(chip))) in squeezed(plain)
        place = f"¶{chip.get_attribute('data-paragraph')}, characters {start}–{end}"
        assert place in plain
    assert SIEGE in text
    assert WARREN in text


# --- what people say of answers


def cases(visitor: Visitor) -> list[Any]:
    """What was said of answers so far, and counts."""
    path = visitor.chat.home / "feedback.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_a_bad_answer_becomes_a_case_whose_gold_is_the_chosen_paragraph(visitor: Visitor) -> None:
    chosen, before = 11, len(cases(visitor))
    turn = visitor.ask(NOWHERE)
    turn.get_by_role("button", name="Bad answer").click()
    form = turn.locator("form.feedback")
    expect(form).to_contain_text("It counts as a bad answer")
    assert (len(cases(visitor)), cases(visitor)[-1]["tags"]) == (before + 1, ["bad"])
    form.locator("textarea").fill("It is in the article on the advance.")
    visitor.document(ADVANCE).locator("button.open").click()
    paragraph = visitor.reader.locator(f"#p{chosen}")
    paragraph.get_by_role("button", name="Should be cited").click()
    expect(form.locator(".chosen")).to_have_text(f"{ADVANCE} ¶{chosen}")
    expect(paragraph.locator(".choose")).to_have_attribute("aria-pressed", "true")
    form.get_by_role("button", name="Add").click()
    expect(visitor.toast).to_contain_text("Added. Thank you.")
    expect(form).to_be_hidden()
    assert len(cases(visitor)) == before + 1
    described = cases(visitor)[-1]
    assert (described["note"], described["tags"]) == ("It is in the article on the advance.", ["bad"])
    case = case_from(described)
    assert (case.question, case.answerable, len(case.gold)) == (NOWHERE, True, 1)
    corpus = {f"documents/{name}": paragraphs(name) for name in (ALEPPO, ADVANCE)}
    assert gold_paragraphs(case.gold[0], corpus=corpus) == {(f"documents/{ADVANCE}", chosen)}


def test_what_was_begun_to_be_said_of_an_answer_outlasts_another_question(visitor: Visitor) -> None:
    visitor.ask(NOWHERE).get_by_role("button", name="Bad answer").click()
    visitor.page.locator("#live form.feedback textarea").fill("Half of what I mean")
    visitor.ask(SIEGE)
    form = visitor.page.locator("#transcript form.feedback")
    expect(form).to_be_visible()
    expect(form.locator("textarea")).to_have_value("Half of what I mean")
    form.get_by_role("button", name="Close").click()
    expect(form).to_be_hidden()
    expect(visitor.page.get_by_role("button", name="Should be cited")).to_have_count(0)


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_one_click_counts_another_takes_it_back(chat: Chat, visit: Any, options: Any) -> None:
    visitor: Visitor = visit(chat, **options)
    before = len(cases(visitor))
    turn = visitor.ask(SIEGE)
    good, bad = (turn.get_by_role("button", name=f"{kind} answer") for kind in ("Good", "Bad"))
    good.focus()
    visitor.page.keyboard.press("Enter")
    expect(good).to_have_attribute("aria-pressed", "true")
    assert [case["tags"] for case in cases(visitor)[before:]] == [["good"]]
    case = case_from(cases(visitor)[-1])
    corpus = {f"documents/{name}": paragraphs(name) for name in (ALEPPO, ADVANCE)}
    assert case.question == SIEGE
    assert (f"documents/{ALEPPO}", 6) in {key for gold in case.gold for key in gold_paragraphs(gold, corpus=corpus)}
    # Nothing takes the focus, and with it the keyboard of a phone, for what is optional.
    expect(good).to_be_focused()
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(good).to_have_attribute("aria-pressed", "false")
    assert [case["tags"] for case in cases(visitor)[before:]] == [["bad"]]
    # It is remembered with the conversation, and goes on being one.
    visitor.page.reload()
    visitor.see().ended(SIEGE)
    expect(bad).to_have_attribute("aria-pressed", "true")
    visitor.ask(WARREN)
    earlier = visitor.page.locator("#transcript").get_by_role("button", name="Bad answer")
    expect(earlier).to_have_attribute("aria-pressed", "true")
    earlier.click()
    expect(visitor.toast).to_have_text("Taken back.")
    expect(earlier).to_have_attribute("aria-pressed", "false")
    assert len(cases(visitor)) == before


# --- addresses, phones, the dark


def test_an_address_of_a_place_opens_the_document_there(chat: Chat, visit: Any) -> None:
    visitor = visit(chat, f"/?document=documents%2F{ALEPPO}&paragraph=9")
    target = visitor.reader.locator(".target")
    expect(target).to_have_attribute("data-paragraph", "9")
    expect(visitor.reader).to_have_attribute("data-document", f"documents/{ALEPPO}")
    expect(target).to_be_in_viewport()
    wait_for(lambda: visitor.in_view(target.locator(".text")), "the paragraph is in view")


def test_the_address_of_a_citation_opens_it_in_another_tab(visitor: Visitor) -> None:
    visitor.ask(SIEGE)
    chip = visitor.chips.first
    with visitor.page.context.expect_page() as opening:
        chip.click(modifiers=["Control"])
    other = Visitor(opening.value, visitor.chat, visitor.heard).see()
    expect(other.hit).to_have_text(squeezed(verbatim(chip)))
    wait_for(lambda: other.in_view(other.hit), "the marked words are in view")


def test_an_address_of_a_document_that_is_gone_says_so(chat: Chat, visit: Any) -> None:
    visitor = visit(chat, "/?document=documents%2Fnever.txt&paragraph=9")
    expect(visitor.reader).to_contain_text("never.txt is not among your documents any more.")


def test_on_a_phone_the_source_is_a_sheet_over_the_chat(chat: Chat, visit: Any) -> None:
    visitor = visit(chat, **PHONE)
    page = visitor.page

    def fits() -> bool:
        return page.evaluate(
            "[document.documentElement, document.body, ...document.querySelectorAll('#paper, #composer, .page, #side')]"
            ".every(node => node.scrollWidth <= Math.max(node.clientWidth, 0) + 1 || !node.clientWidth)"
            " && document.documentElement.scrollWidth <= 390"
        )

    assert fits()
    visitor.ask(SIEGE)
    assert fits()
    expect(page.locator("#source")).not_to_be_visible()
    chip = visitor.chips.first
    chip.tap()
    sheet = page.locator("#source")
    expect(sheet).to_be_visible()
    expect(visitor.hit).to_have_text(squeezed(verbatim(chip)))
    assert sheet.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    wait_for(lambda: visitor.in_view(visitor.hit), "the marked words are in view")
    assert fits()
    page.get_by_role("button", name="Back to the answer").tap()
    expect(sheet).not_to_be_visible()
    expect(chip).to_be_in_viewport()
    page.get_by_role("button", name="Documents and conversations").tap()
    side = page.locator("#side")
    expect(side).to_be_visible()
    assert visitor.in_view(visitor.document(ALEPPO))
    assert fits()
    drawer = page.get_by_role("button", name="Documents and conversations")
    expect(drawer).to_have_attribute("aria-expanded", "true")
    wait_for(
        lambda: page.evaluate("document.querySelector('#side').contains(document.activeElement)"), "focus is in it"
    )
    page.keyboard.press("Escape")
    expect(side).not_to_be_visible()
    visitor.has_focus(drawer)
    drawer.tap()
    visitor.document(ALEPPO).locator("button.open").tap()
    expect(side).not_to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "['BODY', 'HTML'].includes(document.activeElement.tagName) || document.querySelector('#source').contains(document.activeElement)"
        )
    expect(visitor.reader).to_have_attribute("data-document", f"documents/{ALEPPO}")
    expect(sheet).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_ground_follows_the_system(chat: Chat, visit: Any, scheme: str) -> None:
    visitor = visit(chat, color_scheme=scheme)
    for selector in ("body", "#talk", "#side", "#composer", "#source"):
        colour = visitor.page.locator(selector).evaluate("node => getComputedStyle(node).backgroundColor")
        parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
        assert (max(parts) < 60) if scheme == "dark" else (min(parts) > 200), (selector, colour)


# --- many at once


def test_two_tabs_ask_at_the_same_time_and_keep_their_own_conversations(visitor: Visitor) -> None:
    other = visitor.another_tab()
    visitor.box.fill(SIEGE)
    other.box.fill(SOLEIMANI)
    visitor.box.press("Enter")
    other.box.press("Enter")
    visitor.ended(SIEGE)
    other.ended(SOLEIMANI)
    assert place_of(visitor.chips.first)[0] == f"documents/{ALEPPO}"
    assert place_of(other.chips.first)[0] == f"documents/{ADVANCE}"
    other.wait_saved(f"talk.title === '{SOLEIMANI}' && talk.exchanges[0].state === 'done'")
    visitor.wait_saved(f"talk.title === '{SIEGE}' && talk.exchanges[0].state === 'done'")
    expect(visitor.talks.locator(".open")).to_have_count(2)
    for tab, question in ((visitor, SIEGE), (other, SOLEIMANI)):
        tab.page.reload()
        tab.ended(question)
        expect(tab.page.locator(".turn")).to_have_count(1)


def test_twenty_questions_at_once_all_come_back_right(chat: Chat) -> None:
    questions = [SIEGE, SOLEIMANI, WARREN, NOWHERE]

    def told(answer: Any) -> list[Any]:
        return [answer["question"], answer["abstained"], [one["text"] for one in answer["statements"]]]

    alone = {question: told(chat.answer(question)) for question in questions}
    together = threading.Barrier(20)

    def by_event(question: str) -> Any:
        call = f"{chat.url}/gradio_api/call/ask"
        event = chat.post("/gradio_api/call/ask", {"data": [question, [], []]})["event_id"]
        with urllib.request.urlopen(f"{call}/{event}", timeout=120) as stream:
            lines = stream.read().decode().splitlines()
        assert "event: complete" in lines
        return json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]

    def one(number: int) -> list[Any]:
        together.wait(60)
        question = questions[number % len(questions)]
        return told(by_event(question) if number % 2 else chat.answer(question))

    with ThreadPoolExecutor(20) as pool:
        # Every question both ways: the numbers run through all pairs of a question and a parity.
        results = list(pool.map(one, [number + number // 4 for number in range(20)]))
    assert results == [alone[questions[(number + number // 4) % 4]] for number in range(20)]


# --- files of one's own, and a server that goes away


@pytest.fixture(scope="module")
def own(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """A chat that may be stopped and may be given files."""
    base = tmp_path_factory.mktemp("own")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    with Chat(base / "home", base / "seeds") as chat:
        yield chat.wait_until_read()


def test_uploads_are_told_of_asked_kept_and_deleted(own: Chat, visit: Any, tmp_path: Path) -> None:
    good, empty = tmp_path / "harbour.md", tmp_path / "empty.md"
    good.write_text("# Harbour Rules\n\nThe harbour master of Ostrava collects a toll of nine copper marks.\n")
    empty.write_text("")
    visitor: Visitor = visit(own)
    visitor.page.locator("#upload input[type=file]").set_input_files([good, empty])
    outcomes = visitor.page.locator(".outcomes")
    expect(outcomes.locator("li").filter(has_text="harbour.md")).to_contain_text("added, 2 paragraphs")
    expect(outcomes.locator("li").filter(has_text="empty.md")).to_contain_text("not read: the file is empty")
    expect(visitor.library.locator(".document")).to_have_count(3)
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 3")
    visitor.page.locator("#upload input[type=file]").set_input_files([good])
    expect(outcomes).to_contain_text("harbour.md: it is there already")
    assert [path.name for path in (own.home / "uploads").iterdir()] == ["harbour.md"]
    assert sorted(path.name for path in own.documents.iterdir()) == [ALEPPO, ADVANCE]

    visitor.ask(TOLL)
    assert visitor.open(visitor.chips.first) == "The harbour master of Ostrava collects a toll of nine copper marks."
    visitor.page.keyboard.press("Escape")

    good.write_text("# Harbour Rules\n\nThe lighthouse keeper of Ostrava is paid in smoked herring.\n")
    visitor.page.locator("#upload input[type=file]").set_input_files([good])
    expect(outcomes).to_contain_text("harbour (2).md: added, 2 paragraphs")
    visitor.ask("How is the lighthouse keeper of Ostrava paid?")
    assert place_of(visitor.chips.first)[0] == "uploads/harbour (2).md"

    visitor.page.close()
    own.restart()
    again: Visitor = visit(own)
    expect(again.document("harbour.md")).to_contain_text("uploaded")
    expect(again.document("harbour (2).md")).to_contain_text("uploaded")
    again.ask(TOLL)
    assert "nine copper marks" in again.open(again.chips.first)

    accept(again)
    again.page.get_by_role("button", name="Delete the uploaded harbour (2).md").click()
    expect(again.library.locator(".document")).to_have_count(3)
    asked = accept(again)
    again.page.get_by_role("button", name="Delete the uploaded harbour.md").click()
    expect(again.page.locator(".outcomes")).to_contain_text("harbour.md: deleted")
    assert len(asked) == 1
    assert "uploaded file" in asked[0]
    expect(again.library.locator(".document")).to_have_count(2)
    expect(again.document("harbour.md")).to_have_count(0)
    expect(again.reader).to_contain_text("harbour.md is not among your documents any more.")
    turn = again.ask(TOLL)
    expect(turn.locator(".notfound")).to_be_visible()
    expect(again.chips).to_have_count(0)
    assert list((own.home / "uploads").iterdir()) == []


def test_a_file_that_is_dropped_while_an_answer_grows_costs_neither(own: Chat, visit: Any, tmp_path: Path) -> None:
    note, long = tmp_path / "ferry.md", tmp_path / "long.txt"
    note.write_text("# Ferry\n\nThe ferry of Ostrava leaves at noon.\n")
    long.write_text("\n\n".join(f"Entry {n} of the ledger tells of {n * 7919 % 10_007} barrels." for n in range(1_500)))
    visitor: Visitor = visit(own)
    visitor.document(ALEPPO).locator("input").uncheck()
    expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
    expect(visitor.page.locator(".narrowed .what")).to_have_text(re.compile("Asking “.+” alone"))
    visitor.page.locator("#upload input[type=file]").set_input_files([long, note])
    expect(visitor.page.locator(".outcomes")).to_contain_text("being read")
    visitor.ask(SOLEIMANI)
    visitor.wait_saved("talk.exchanges[0].state === 'done'")
    expect(visitor.page.locator(".outcomes")).to_contain_text("ferry.md: added", timeout=60_000)
    visitor.wait_saved("talk.scope.length === 3 && talk.exchanges[0].state === 'done'")
    expect(visitor.page.locator(".narrowed .what")).to_have_text("Asking 3 of 4 documents")
    for name in ("ferry.md", "long.txt"):
        accept(visitor)
        visitor.page.get_by_role("button", name=f"Delete the uploaded {name}").click()
        expect(visitor.document(name)).to_have_count(0)
    expect(visitor.library.locator(".all")).to_contain_text("Asking 1 of 2")
    visitor.wait_saved("talk.scope.length === 1 && talk.exchanges[0].state === 'done'")
    visitor.page.get_by_role("button", name="Ask all").click()
    visitor.has_focus(visitor.box)
    expect(visitor.library.locator(".all")).to_contain_text("Asking all 2")
    expect(visitor.page.locator(".narrowed")).to_be_hidden()


def test_a_file_deleted_in_the_folder_is_in_no_answer_and_in_no_list_any_more(own: Chat, visit: Any) -> None:
    toll = own.documents / "toll.md"
    toll.write_text("# Lock Rules\n\nThe lock keeper of Kvarnholm is paid nine copper marks for each barge.\n")
    paid = "What is the lock keeper of Kvarnholm paid for each barge?"
    visitor: Visitor = visit(own)
    time.sleep(2.1)
    visitor.ask(paid)
    expect(visitor.document("toll.md")).to_have_count(1)
    assert "nine copper marks" in visitor.open(visitor.chips.first)
    visitor.page.keyboard.press("Escape")
    toll.unlink()
    time.sleep(2.1)
    expect(visitor.ask(paid).locator(".notfound")).to_be_visible()
    expect(visitor.document("toll.md")).to_have_count(0)


def test_pasted_text_becomes_a_document_that_is_asked_and_deleted(own: Chat, visit: Any) -> None:
    visitor: Visitor = visit(own)
    page = visitor.page
    page.locator(".paste summary").click()
    page.get_by_role("button", name="Add as a document").click()
    expect(page.locator("#paste-text")).to_be_focused()
    page.locator("#paste-text").fill(
        "The lamp of the pier of Ostrava is lit at dusk by Ida Kroll.\n\nShe is paid in eels."
    )
    page.locator("#paste-name").fill("Pier notes")
    page.get_by_role("button", name="Add as a document").click()
    expect(page.locator(".outcomes")).to_contain_text("Pier notes.md: added, 2 paragraphs")
    expect(page.locator(".paste-form")).to_be_hidden()
    # A file may be dropped anywhere.
    page.locator("#paper").evaluate(
        """paper => { const held = new DataTransfer(); held.items.add(new File(['The eels are smoked.'], 'eels.md'));
        for (const kind of ['dragover', 'drop'])
          paper.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: held })); }"""
    )
    expect(page.locator(".outcomes")).to_contain_text("eels.md: added")
    visitor.ask("Who lights the lamp of the pier of Ostrava?")
    assert place_of(visitor.chips.first)[0] == "uploads/Pier notes.md"
    accept(visitor)
    page.get_by_role("button", name="Delete the uploaded Pier notes.md").click()
    expect(visitor.document("Pier notes.md")).to_have_count(0)


def test_one_file_that_is_refused_takes_none_of_the_others_along(own: Chat, visit: Any, tmp_path: Path) -> None:
    note, large, picture = tmp_path / "note.md", tmp_path / "large.txt", tmp_path / "picture.png"
    note.write_text("# Note\n\nThe ferry of Ostrava leaves at noon.\n")
    large.write_bytes(b"words and words\n" * 1_400_000)
    picture.write_bytes(b"\x89PNG")
    visitor: Visitor = visit(own)
    visitor.page.locator("#upload input[type=file]").set_input_files([large, note, picture])
    outcomes = visitor.page.locator(".outcomes li")
    expect(outcomes.filter(has_text="note.md")).to_contain_text("added, 2 paragraphs")
    expect(outcomes.filter(has_text="large.txt")).to_contain_text("22.4 MB is more than the limit of 20 MB")
    expect(outcomes.filter(has_text="picture.png")).to_contain_text("this kind of file is not read. Ibid reads")
    accept(visitor)
    visitor.page.get_by_role("button", name="Delete the uploaded note.md").click()
    expect(visitor.document("note.md")).to_have_count(0)


def test_a_late_report_of_progress_does_not_take_away_what_became_of_a_file(
    own: Chat, browser: Browser, tmp_path: Path
) -> None:
    empty = tmp_path / "nothing.md"
    empty.write_text("")
    with report_delayed(own, browser) as (visitor, report_arrives):
        visitor.page.locator("#upload input[type=file]").set_input_files([empty])
        outcomes = visitor.page.locator(".outcomes")
        expect(outcomes).to_contain_text("nothing.md: not read")
        report_arrives()
        expect(outcomes).to_contain_text("nothing.md: not read", timeout=2_000)


def test_a_conversation_goes_on_where_it_was_after_the_server_was_started_again(own: Chat, browser: Browser) -> None:
    with visiting(browser, own) as visitor:
        visitor.arrive().ask(SOLEIMANI)
        visitor.wait_saved("talk.exchanges[0].state === 'done'")
        own.restart()
        # What the tab met while nobody was there is no fault of the page.
        visitor.heard.errors.clear()
        try:
            visitor.page.reload()
        except PlaywrightError:
            # Gradio's own script reloads a page whose server came back, sometimes at the same moment.
            visitor.page.wait_for_load_state()
        visitor.see().ended(SOLEIMANI)
        chip = visitor.chips.first
        assert visitor.open(chip) == verbatim(chip)
        visitor.page.keyboard.press("Escape")
        visitor.ask("What does he lead?")
        expect(visitor.live.locator(".searched")).to_contain_text("Qassem Soleimani")
        visitor.heard.errors.clear()


def test_answers_come_while_a_big_folder_is_still_being_read(browser: Browser, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "seeds", tmp_path / "big")
    words = ["ledger", "granary", "orchard", "pulley", "lantern", "varnish", "kettle", "saddle", "anvil", "thimble"]
    for number in range(1_500):
        parts = [
            f"Entry {number}.{part} of the {words[(number + part) % 10]}: the {words[part]} went to the "
            f"{words[number % 10]} keeper on day {number * 7 + part}, and nobody asked what became of it afterwards."
            for part in range(8)
        ]
        (tmp_path / "big" / f"note-{number:04}.txt").write_text("\n\n".join([f"Note {number}", *parts]))
    with Chat(tmp_path / "home", tmp_path / "big") as chat, visiting(browser, chat) as visitor:
        visitor.page.goto(chat.url)
        expect(visitor.library.locator(".indexing progress")).to_be_visible()
        expect(visitor.library.locator(".indexing")).to_contain_text("Answers cover what is in so far.")
        expect(visitor.document(ALEPPO)).to_be_visible()
        visitor.ask(SIEGE)
        assert visitor.open(visitor.chips.first) == verbatim(visitor.chips.first)
        assert chat.status["indexing"], "it was all read before the question was asked: make the folder bigger"
