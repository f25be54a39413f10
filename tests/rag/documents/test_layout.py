"""Places of a text on its pages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.documents.layout import Layout, Place, Run

WIDTH, HEIGHT = 0.08, 0.02


def words(count: int, a_line: int, lines_a_page: int) -> Layout:
    """Words of four letters and a space, laid out in lines from left to right."""

    def place(i: int) -> Place:
        line, column = divmod(i, a_line)
        page, row = divmod(line, lines_a_page)
        left, top = 0.1 + 0.09 * column, 0.1 + 0.03 * row
        return Place(page + 1, (left, top, left + WIDTH, top + HEIGHT))

    return Layout([Run(start=5 * i, end=5 * i + 4, place=place(i)) for i in range(count)])


def test_a_piece_of_one_line_is_one_rectangle_around_its_words() -> None:
    (place,) = words(20, 5, 10).places(5, 19)
    assert place.page == 1
    assert place.rectangle is not None
    left, top, right, bottom = place.rectangle
    assert (round(left, 3), round(top, 3), round(right, 3), round(bottom, 3)) == (0.19, 0.1, 0.45, 0.12)


def test_part_of_a_word_marks_the_word_and_the_space_after_it_marks_nothing() -> None:
    layout = words(20, 5, 10)
    assert layout.places(6, 7) == layout.places(5, 9)
    assert layout.places(9, 10) == []


@given(st.data())
def test_each_line_touched_has_one_rectangle_in_order_with_its_page(data: st.DataObject) -> None:
    a_line = data.draw(st.integers(1, 8), "words a line")
    lines_a_page = data.draw(st.integers(1, 4), "lines a page")
    count = data.draw(st.integers(1, 60), "words")
    first = data.draw(st.integers(0, count - 1), "first word")
    last = data.draw(st.integers(first, count - 1), "last word")
    places = words(count, a_line, lines_a_page).places(5 * first, 5 * last + 4)
    lines = range(first // a_line, last // a_line + 1)
    assert [place.page for place in places] == [line // lines_a_page + 1 for line in lines]


def test_a_format_that_knows_pages_only_names_each_page_once() -> None:
    layout = Layout([Run(start=10 * i, end=10 * i + 9, place=Place(1 + i // 3)) for i in range(6)])
    assert layout.places(0, 60) == [Place(1), Place(2)]
    assert layout.page_at(35, 40) == 2


def test_a_text_without_a_layout_stands_nowhere() -> None:
    assert not Layout()
    assert Layout().places(0, 10) == []
    assert Layout().page_at(0, 10) is None
