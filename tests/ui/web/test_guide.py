"""The guide to a document: its markup, and what people do with it in a browser."""

from __future__ import annotations

from typing import Any

from browsing import ADVANCE, ALEPPO, PHONE, Chat, Visitor, squeezed
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import Element, read
from playwright.sync_api import Locator, expect

from rag.answer.central import Telling
from rag.answer.guide import Guide, Heading, Name
from rag.answer.timeline import Event
from rag.domain import Paragraph, Passage, Ranks, Role, Source
from rag.domain import Span as Place
from rag.index.records import FileStamp, Record
from rag.text.dates import Day
from ui.web.guide import guide_html

WARREN = "What did Steve Warren say about Russian airstrikes?"
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='x", "</a></li>", "\u202eabc"]
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), min_size=1, max_size=3).map("".join)


def record(paragraphs: int = 3) -> Record:
    return Record(
        document_id="documents/a.txt",
        title="A",
        revision="3-abc",
        paragraphs=paragraphs,
        rows=paragraphs,
        stamp=FileStamp(size=1, modified_ns=1),
    )


def passage(text: str, number: int = 1, role: Role = Role.BODY) -> Passage:
    paragraph = Paragraph(
        document_id="documents/a.txt", number=number, text=text, start=10, end=10 + len(text), role=role
    )
    return Passage(paragraph=paragraph, source=Source(title="A", revision="3-abc"), score=0.0, ranks=Ranks())


def guide_of(text: str) -> Guide:
    one = Telling(passage(text), Place(10, 10 + len(text)))
    return Guide(
        central=(one,),
        headings=(Heading(passage(text, 2, Role.HEADING), 0),),
        every_date=(Event(Day(2011, 6, 4), 2011, one),),
        every_name=(Name(text, 3, one),),
    )


def shape(page: Element) -> list[tuple[str, list[str]]]:
    return [(one.tag, sorted(one.attributes)) for one in page.all() if "hidden-sign" not in one.classes]


@given(TEXTS.filter(str.strip))
@settings(deadline=None)
def test_texts_of_a_document_make_no_element_of_its_guide(text: str) -> None:
    page = read(guide_html("f", record(), guide_of(text)))
    assert shape(page) == shape(read(guide_html("f", record(), guide_of("x"))))
    quotes = [one.attributes["data-quote"] for one in page.all("place") if "data-quote" in one.attributes]
    assert len(quotes) == 3


def test_every_link_of_a_guide_names_its_very_place() -> None:
    page = read(guide_html("f", record(), guide_of("The mill burnt.")))
    places = [(one.attributes["data-paragraph"], one.attributes.get("data-start")) for one in page.all("place")]
    assert places == [("1", "10"), ("2", None), ("1", "10"), ("1", "10")]
    assert "4 June 2011" in page.text


def test_headings_are_nested_by_their_level_and_folded_where_there_are_many() -> None:
    levels = [1, 0, 1, 2, 1, 0]
    headings = tuple(Heading(passage(f"H{n}", n, Role.HEADING), level) for n, level in enumerate(levels, start=1))
    html = guide_html("f", record(), Guide(headings=headings))
    assert html.count("<ul") == html.count("</ul>") and html.count("<li>") == html.count("</li>")
    (contents,) = read(html).all("contents")
    assert "open" in contents.attributes and contents.text.startswith("6 headings")
    many = read(guide_html("f", record(), Guide(headings=headings * 3)))
    assert "open" not in many.all("contents")[0].attributes


def test_of_a_long_document_the_guide_says_what_it_was_made_of() -> None:
    assert "names are of the first 400 of 1,512 paragraphs." in guide_html(
        "f", record(1_512), guide_of("The mill burnt.")
    )
    assert guide_html("f", record(), Guide()) == ""


# --- in a browser


def opened(visitor: Visitor, name: str) -> Locator:
    visitor.document(name).locator("button.open").click()
    guide = visitor.reader.locator("details.guide")
    expect(guide.locator(".guide-part").first).to_be_attached()
    return guide


def test_a_document_of_the_list_opens_with_its_guide_whose_sentences_mark_themselves(visitor: Visitor) -> None:
    guide = opened(visitor, ADVANCE)
    expect(guide).to_have_attribute("open", "")
    for link in (guide.locator(".central a").last, guide.locator(".names a").first, guide.locator(".dates a").last):
        quote = link.get_attribute("data-quote")
        link.click()
        expect(visitor.reader).to_have_attribute(
            "data-mark", f"{link.get_attribute('data-start')}-{link.get_attribute('data-end')}"
        )
        assert squeezed("".join(visitor.hit.all_text_contents())) == squeezed(quote)
        expect(visitor.hit.first).to_be_in_viewport()
        expect(visitor.reader.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
        expect(guide).to_have_attribute("open", "")
    guide.locator("> summary").click()
    visitor.reader.locator(".page").focus()
    guide.locator("> summary").click()
    expect(guide.locator(".central a").first).to_be_visible()


def test_nothing_of_readers_stands_in_a_guide(visitor: Visitor) -> None:
    guide = opened(visitor, ALEPPO)
    comments = visitor.reader.locator(".para.comment")
    expect(comments.first).to_be_attached()
    numbers = {one.get_attribute("data-paragraph") for one in comments.all()}
    assert not numbers & {one.get_attribute("data-paragraph") for one in guide.locator("a.place").all()}


def test_a_question_of_the_guide_is_asked_of_its_document_alone(visitor: Visitor) -> None:
    ask = opened(visitor, ADVANCE).locator(".asks button").first
    expect(ask).to_be_visible()
    question = squeezed(ask.text_content())
    ask.click()
    visitor.ended(question, 1)
    expect(visitor.library.locator(".asking")).to_have_text("Asking 1 of 2")
    documents = {chip.get_attribute("data-document") for chip in visitor.chips.all()}
    assert documents == {f"documents/{ADVANCE}"}


def test_from_a_citation_the_guide_is_folded_and_the_way_back_is_kept(visitor: Visitor) -> None:
    visitor.ask(WARREN)
    visitor.open(visitor.chips.first)
    guide = visitor.reader.locator("details.guide")
    expect(guide).to_be_visible()
    assert guide.get_attribute("open") is None
    expect(visitor.hit.first).to_be_in_viewport()
    guide.locator("> summary").click()
    guide.locator(".central a").first.click()
    expect(visitor.hit.first).to_be_in_viewport()
    visitor.reader.get_by_role("button", name="Back to the answer").click()
    visitor.has_focus(visitor.chips.first)


def test_on_a_phone_a_question_of_the_guide_leads_to_its_answer(chat: Chat, visit: Any) -> None:
    visitor: Visitor = visit(chat, **PHONE)
    visitor.page.get_by_role("button", name="Documents and conversations").click()
    ask = opened(visitor, ADVANCE).locator(".asks button").first
    ask.scroll_into_view_if_needed()
    question = squeezed(ask.text_content())
    ask.click()
    expect(visitor.page.locator("#source")).not_to_be_visible()
    visitor.ended(question, 1)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
