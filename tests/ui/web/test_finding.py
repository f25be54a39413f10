"""Words found in the document that is open, however long it is."""

from __future__ import annotations

import pytest
from browsing import ADVANCE, Visitor
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from rag.domain import Paragraph, Passage, Ranks, Role, Source
from ui.web.finding import MOST, places_of

LETTERS = "aB. '’\n\té"


def passages(*texts: str) -> list[Passage]:
    found, start = [], 0
    for number, text in enumerate(texts, start=1):
        paragraph = Paragraph(
            document_id="documents/a.md", number=number, text=text, start=start, end=start + len(text), role=Role.BODY
        )
        found.append(Passage(paragraph=paragraph, source=Source(title="A", revision="1"), score=0.0, ranks=Ranks()))
        start += len(text) + 2
    return found


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("tank", [(1, "tank"), (2, "Tank")]),
        ("the  TANK’s valve", [(2, "The Tank's\n valve")]),
        ("a.k", []),
        ("  ", []),
    ],
)
def test_words_are_found_in_any_case_over_any_white_space_as_they_stand(
    words: str, where: list[tuple[int, str]]
) -> None:
    texts = ("Fill the tank.", "The Tank's\n valve")
    whole = "\n\n".join(texts)
    found = places_of(words, passages(*texts))
    assert [(number, whole[span.start : span.end]) for number, span in found] == where


@given(st.lists(st.text(LETTERS, min_size=1, max_size=20), max_size=5), st.text(LETTERS, max_size=6))
def test_whatever_is_found_is_what_was_looked_for_and_nothing_is_left_out(texts: list[str], words: str) -> None:
    def plain(text: str) -> str:
        return " ".join(text.casefold().replace("’", "'").split())

    found = places_of(words, passages(*texts))
    whole = "\n\n".join(texts)
    assert all(plain(whole[span.start : span.end]) == plain(words) for _, span in found)
    holding = {number for number, text in enumerate(texts, start=1) if plain(words) and plain(words) in plain(text)}
    assert {number for number, _ in found} == holding


def test_of_very_many_places_the_first_are_told() -> None:
    assert len(places_of("a", passages("a " * 2_000))) == MOST


def test_words_are_found_marked_and_gone_through_while_the_box_keeps_the_focus(visitor: Visitor) -> None:
    visitor.document(ADVANCE).locator("button.open").click()
    box = visitor.reader.get_by_label("Find in this document")
    count = visitor.reader.locator(".find-count")
    box.press_sequentially("aleppo")
    expect(count).to_have_text("1 of 14")
    marked = []
    for number in range(1, 4):
        expect(count).to_have_text(f"{number} of 14")
        expect(visitor.hit).to_have_count(1)
        assert visitor.hit.inner_text().lower() == "aleppo"
        assert visitor.in_view(visitor.hit)
        marked.append(visitor.reader.get_attribute("data-mark"))
        visitor.has_focus(box)
        box.press("Enter")
    assert len(set(marked)) == 3
    expect(count).to_have_text("4 of 14")
    visitor.reader.get_by_role("button", name="Place before").click()
    expect(count).to_have_text("3 of 14")
    visitor.has_focus(visitor.reader.get_by_role("button", name="Place before"))
    box.fill("no such words")
    expect(count).to_have_text("Not found")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(visitor.reader).to_be_visible()
