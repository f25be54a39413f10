"""A PDF in the source pane: its page, with boxes over the very words that are cited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from browsing import Chat, Visitor, squeezed, wait_for
from conftest import Visit
from hypothesis import given
from hypothesis import strategies as st
from parsing import Element, read
from playwright.sync_api import Browser, expect

from rag.documents.layout import Layout, Place, Run
from rag.documents.page_image import PageImage
from rag.index.records import FileStamp, Record
from tests.rag.documents.making import printed
from ui.web.pages import Sheet, paged_html
from ui.web.prose import Mark

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
WIDE: dict[str, Any] = {}
VALVE = "When is the valve of the tank opened?"
GUARD = "Who is the guard of the wells?"
HTML = """<html lang=en><meta charset=utf-8><title>Wells of the north</title>
<style>@page{size:A4;margin:20mm} body{font:11pt serif} h2{break-before:page} .low{margin-top:150mm}</style>
<h1>Wells of the northern district</h1><p>The district keeps nine wells, each with a pump and a tank.</p>
<p>The pump at the north well was replaced in May because its seal had been leaking for weeks.</p>
<h2>The tank</h2><p class=low>The tank beside the well holds nine hundred litres of water, and its valve is opened by
hand whenever the tank is empty in the morning, which takes the guard about an hour because the path is long and the
wheel is stiff. Nobody may open it at night.</p>
<h2>The guard</h2><p>The guard of the wells is Ingrid Solberg, who lives in the yellow house by the river.</p></html>"""


# --- as markup


RUNS = [
    Run(start=0, end=4, place=Place(1, (0.1, 0.1, 0.2, 0.12))),
    Run(start=5, end=9, place=Place(1, (0.21, 0.1, 0.3, 0.12))),
    Run(start=10, end=14, place=Place(1, (0.1, 0.2, 0.2, 0.22))),
    Run(start=15, end=19, place=Place(2, (0.1, 0.1, 0.2, 0.12))),
    Run(start=20, end=24, place=Place(2, None)),
]
RECORD = Record(
    document_id="documents/a.pdf",
    title="A",
    revision="5-abc-pdf1",
    paragraphs=3,
    rows=3,
    stamp=FileStamp(size=1, modified_ns=1),
)


def shown(marks: list[Mark], page: int = 1, words: str = "", title: str = "A") -> Element:
    image = PageImage(webp=b"", width=909, height=1286, pages=12)
    record = Record(
        document_id="documents/a.pdf",
        title=title,
        revision="5-abc-pdf1",
        paragraphs=3,
        rows=3,
        stamp=FileStamp(size=1, modified_ns=1),
    )
    sheet = Sheet(image=image, number=page, own=1, paragraph=1, words=words)
    return read(paged_html("0123456789ab", record, sheet, Layout(RUNS), marks=marks, notice=None))


def boxes(page: Element) -> list[tuple[str, str]]:
    return [(one.attributes["style"], " ".join(one.classes)) for one in page.all() if one.tag == "mark"]


def test_a_box_lies_over_each_line_that_is_cited_and_the_current_one_above_the_others() -> None:
    page = shown([Mark(5, 9, current=True), Mark(0, 19)])
    assert boxes(page) == [
        ("left:10.000%;top:10.000%;width:20.000%;height:2.000%", ""),
        ("left:10.000%;top:20.000%;width:10.000%;height:2.000%", ""),
        ("left:21.000%;top:10.000%;width:9.000%;height:2.000%", "hit"),
    ]
    assert boxes(shown([Mark(0, 19)], page=2)) == [("left:10.000%;top:10.000%;width:10.000%;height:2.000%", "")]
    assert boxes(shown([Mark(20, 24, current=True)], page=2)) == [], "only the page is known"


@pytest.mark.parametrize(("number", "before", "after"), [(1, None, "2"), (5, "4", "6"), (12, "11", None)])
def test_pages_are_turned_from_the_first_to_the_last(number: int, before: str | None, after: str | None) -> None:
    page = shown([], page=number)
    turning = [one for one in page.all() if one.attributes.get("data-act") == "page"]
    assert [None if "disabled" in one.attributes else one.attributes["data-page"] for one in turning] == [before, after]
    assert page.texts("page-count") == [f"page {number} of 12"]
    (image,) = (one for one in page.all() if one.tag == "img")
    assert image.attributes["alt"].startswith(f"Page {number} of 12 of A")
    assert image.attributes["src"] == f"pages/0123456789ab/documents/a.pdf/{number}.webp?revision=5-abc-pdf1"


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(['"><img src=x onerror=alert(1)>', "</mark><script>"]))
def test_texts_of_a_document_make_no_element(title: str, words: str) -> None:
    marks = [Mark(0, 4, current=True)]
    assert shown(marks, words=words, title=title).shape == shown(marks, words="x", title="x").shape


# --- in the browser


@pytest.fixture(scope="module")
def wells(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("wells")
    (base / "documents").mkdir()
    (base / "documents" / "wells.pdf").write_bytes(printed(HTML, base))
    (base / "documents" / "mill.md").write_text("# The mill\n\nThe mill of Esens was built in 1850 by Onno Ites.\n")
    with Chat(base / "home", base / "documents") as chat:
        yield chat.wait_until_read()


def at_the_page(visitor: Visitor, question: str, number: int) -> None:
    visitor.ask(question)
    visitor.chips.first.click()
    expect(visitor.reader.locator(".page-count")).to_have_text(f"page {number} of 3")
    expect(visitor.hit.first).to_be_focused()
    visitor.page.wait_for_function("document.querySelector('.sheet img').complete")


def marked(visitor: Visitor) -> list[list[float]]:
    """The boxes over the current citation, as fractions of the picture that the browser shows."""
    found: list[list[float]] = visitor.page.evaluate(
        """() => { const page = document.querySelector('.sheet img').getBoundingClientRect();
        return [...document.querySelectorAll('.sheet mark.hit')].map((mark) => { const box = mark.getBoundingClientRect();
          return [(box.left - page.left) / page.width, (box.top - page.top) / page.height,
                  (box.right - page.left) / page.width, (box.bottom - page.top) / page.height]; }); }"""
    )
    return found


def letters(chat: Chat, number: int, words: str) -> tuple[list[Any], list[Any]]:
    """The middles of all letters of a page as PDFium has them, as fractions of the page: those of `words`, the others."""
    document = pypdfium2.PdfDocument(chat.documents / "wells.pdf")
    page = document[number - 1]
    text, (width, height) = page.get_textpage(), page.get_size()
    first, _ = text.search(squeezed(words)[:30]).get_next()
    last, more = text.search(squeezed(words)[-8:]).get_next()
    found: tuple[list[Any], list[Any]] = ([], [])
    for i in range(text.count_chars()):
        if text.get_text_range(i, 1).strip():
            left, bottom, right, top = text.get_charbox(i)
            of_words = first <= i < last + more
            found[not of_words].append(((left + right) / 2 / width, 1 - (top + bottom) / 2 / height))
    document.close()
    return found


def lies_in(boxes: list[list[float]], point: tuple[float, float]) -> bool:
    return any(left < point[0] < right and top < point[1] < bottom for left, top, right, bottom in boxes)


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["1280", "390"])
@pytest.mark.parametrize(("question", "number"), [(VALVE, 2), (GUARD, 3)])
def test_a_citation_opens_its_page_with_boxes_over_the_very_words(
    visit: Visit, wells: Chat, screen: dict[str, Any], question: str, number: int
) -> None:
    visitor = visit(wells, **screen)
    at_the_page(visitor, question, number)
    quote = str(visitor.chips.first.get_attribute("data-quote"))
    boxes, (cited, others) = marked(visitor), letters(wells, number, quote)
    assert len(cited) == len(quote.replace(" ", ""))
    assert len(others) > 5
    assert all(lies_in(boxes, letter) for letter in cited)
    assert not any(lies_in(boxes, letter) for letter in others)
    assert visitor.in_view(visitor.hit.first)
    assert squeezed("".join(visitor.hit.all_text_contents())) == squeezed(quote), "it is heard too"
    picture = visitor.page.locator(".sheet img").bounding_box()
    pane = visitor.page.locator("#source").bounding_box()
    assert picture is not None
    assert pane is not None
    assert pane["x"] <= picture["x"] < picture["x"] + picture["width"] <= pane["x"] + pane["width"]
    assert picture["width"] > 0.9 * pane["width"]
    visitor.page.keyboard.press("Escape")
    visitor.has_focus(visitor.chips.first)


@pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["1280", "390"])
def test_the_text_is_one_click_away_and_stays_chosen_in_the_tab(
    visit: Visit, wells: Chat, screen: dict[str, Any]
) -> None:
    visitor = visit(wells, **screen)
    at_the_page(visitor, VALVE, 2)
    quote = squeezed(visitor.chips.first.get_attribute("data-quote"))
    visitor.reader.get_by_role("button", name="As text").click()
    expect(visitor.reader.locator(".para mark.hit")).to_be_focused()
    assert squeezed("".join(visitor.hit.all_text_contents())) == quote
    address = visitor.page.url
    visitor.page.keyboard.press("Escape")
    visitor.open(visitor.chips.first)
    visitor.page.goto(address)
    expect(visitor.see().reader.locator(".para mark.hit")).to_be_focused()
    visitor.reader.get_by_role("button", name="As page").click()
    expect(visitor.reader.locator(".page-count")).to_have_text("page 2 of 3")
    expect(visitor.hit.first).to_be_focused()


def test_pages_are_turned_by_button_and_by_key_and_the_citation_is_come_back_to(visit: Visit, wells: Chat) -> None:
    visitor = visit(wells)
    at_the_page(visitor, VALVE, 2)
    count = visitor.reader.locator(".page-count")
    visitor.page.keyboard.press("ArrowLeft")
    expect(count).to_have_text("page 1 of 3")
    expect(visitor.hit).to_have_count(0)
    expect(visitor.reader.get_by_role("button", name="Previous page")).to_be_disabled()
    expect(visitor.page.locator("#announcer")).to_have_text("page 1 of 3")
    visitor.reader.get_by_role("button", name="Next page").click()
    expect(count).to_have_text("page 2 of 3")
    expect(visitor.reader.get_by_role("button", name="Next page")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(count).to_have_text("page 3 of 3")
    visitor.chips.first.click()
    expect(count).to_have_text("page 2 of 3")
    expect(visitor.hit.first).to_be_focused()


def test_the_original_is_downloaded_as_it_is(visit: Visit, wells: Chat) -> None:
    visitor = visit(wells)
    at_the_page(visitor, VALVE, 2)
    with visitor.page.expect_download() as downloading:
        visitor.reader.get_by_role("link", name="Download the original").click()
    assert downloading.value.suggested_filename == "wells.pdf"
    assert Path(downloading.value.path()).read_bytes() == (wells.documents / "wells.pdf").read_bytes()


def test_a_text_opens_as_it_always_did(visit: Visit, wells: Chat) -> None:
    visitor = visit(wells)
    visitor.ask("Who built the mill of Esens?")
    assert "Onno Ites" in visitor.open(visitor.chips.first)
    expect(visitor.reader.locator(".tools > :not(.finding)")).to_have_count(0)


def test_a_page_that_cannot_be_drawn_gives_way_to_its_text(visit: Visit, wells: Chat) -> None:
    path = wells.documents / "wells.pdf"
    visitor, whole = visit(wells), path.read_bytes()
    visitor.ask("Why was the pump at the north well replaced?")
    path.write_bytes(whole + b"\n")
    try:
        for kept in (wells.home / "indexes" / wells.key / "pages").glob("*"):
            kept.unlink()
        assert "leaking for weeks" in visitor.open(visitor.chips.first)
        expect(visitor.reader.locator(".notice")).to_have_text(
            "The page cannot be shown: wells.pdf has changed since it was read: let Ibid look for changes. "
            "Here is its text."
        )
    finally:
        path.write_bytes(whole)
    visitor.page.keyboard.press("Escape")
    visitor.chips.first.click()
    wait_for(lambda: visitor.reader.locator(".sheet").count() == 1, "the page is shown again")


@pytest.mark.parametrize("screen", [WIDE, PHONE, {"color_scheme": "dark"}], ids=["1280", "390", "dark"])
def test_the_page_has_no_barrier(visit: Visit, wells: Chat, axe: str, screen: dict[str, Any]) -> None:
    visitor = visit(wells, **screen)
    at_the_page(visitor, VALVE, 2)
    visitor.page.evaluate(axe)
    found = visitor.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert [one["help"] for one in found if one["impact"] in ("serious", "critical")] == []
