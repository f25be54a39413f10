"""What the head of a text says of itself."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.front_matter import (
    describe,
    find_author,
    find_date,
    heading_text,
    is_bare_name,
    is_byline,
    is_date_line,
)
from rag.domain import Paragraph, Role


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("October 18, 2015 Updated: October 19, 2015", "2015-10-18", id="the first of two"),
        pytest.param("Oct. 18, 2015", "2015-10-18", id="short month"),
        pytest.param("June 14th, 2018", "2018-06-14", id="ordinal"),
        pytest.param("Sat 30 October 2014", "2014-10-30", id="day first"),
        pytest.param("12. Mai 2020 um 14:22 Uhr", "2020-05-12", id="German"),
        pytest.param("3 de marzo de 2019", "2019-03-03", id="Spanish"),
        pytest.param("le 1 août 2021", "2021-08-01", id="French"),
        pytest.param("le lundi 1er mars 2021", "2021-03-01", id="French, the first of a month"),
        pytest.param("12 may 2020", "2020-05-12", id="a month written small"),
        pytest.param("On May 5, 2500 people came", None, id="a count behind a date"),
        pytest.param("2017-02-08", "2017-02-08", id="ISO"),
        pytest.param("am 15.05.2020, 08:10", "2020-05-15", id="points"),
        pytest.param("10/18/2015", "2015-10-18", id="slashes, month first"),
        pytest.param("18/10/2015", "2015-10-18", id="slashes, day first"),
        pytest.param("05/05/2015", "2015-05-05", id="slashes, either way the same"),
        pytest.param("02/07/2021", None, id="slashes that could be either month"),
        pytest.param("February 30, 2015, then March 2, 2015", "2015-03-02", id="no such day"),
        pytest.param("99.99.2020", None, id="no such month"),
        pytest.param("in October 2015", None, id="no day"),
        pytest.param("May 2020 was dry", None, id="a month and a year"),
    ],
)
def test_the_first_full_date_is_read_in_the_ways_pages_write_it(text: str, day: str | None) -> None:
    found = find_date(text)
    assert (found.isoformat() if found else None) == day


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(2199, 12, 31)))
def test_every_day_is_read_back_from_the_forms_that_name_it_fully(day: date) -> None:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%B %d, %Y", "%d %B %Y"):
        assert find_date(day.strftime(form)) == day


@pytest.mark.parametrize(
    ("text", "author"),
    [
        pytest.param("By Juan Cole | (Informed Comment) | – –", "Juan Cole", id="a bar ends the name"),
        pytest.param("posted by Marta on Monday, 21 September 2020", "Marta", id="posted by"),
        pytest.param("12. Mai 2020 von Jutta Brandner · 3 Minuten", "Jutta Brandner", id="behind the date"),
        pytest.param("Par Anne de La Tour", "Anne de La Tour", id="French, with a particle"),
        pytest.param("Interview: Tomas Rehn. Published 2017-02-08.", "Tomas Rehn", id="interview"),
        pytest.param("Nadia Pell, 02/07/2021, updated 05/07/2021", "Nadia Pell", id="name, date"),
        pytest.param("WENDELL MARSH", "Wendell Marsh", id="in capitals"),
        pytest.param("October 18, 2015", None, id="only a date"),
        pytest.param("by then it was late", None, id="no name"),
    ],
)
def test_the_author_is_read_from_a_byline(text: str, author: str | None) -> None:
    assert find_author(text) == author


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("By Juan Cole | (Informed Comment) | – –", True, id="a name"),
        pytest.param("October 18, 2015 Updated: October 19, 2015", True, id="dates"),
        pytest.param("Published: Saturday 7 May 2016, 06:00", True, id="published"),
        pytest.param("Interview: Tomas Rehn. Published 2017-02-08. Reading time: 9 minutes", True, id="interview"),
        pytest.param("By Monday the army of the regime had left. The war went on.", False, id="a sentence with by"),
        pytest.param("On October 18, 2015 the army took three villages back.", False, id="a sentence with a date"),
        pytest.param("By Ann Lee " * 30, False, id="too long"),
    ],
)
def test_a_byline_names_an_author_or_a_date_and_no_more(text: str, expected: bool) -> None:
    assert is_byline(text) is expected


def test_a_date_line_holds_a_date_and_nothing_else() -> None:
    assert is_date_line("Posted on Monday, 3 July 2021 at 21:04")
    assert not is_date_line("Anna, 3 July 2021")


def test_a_bare_name_has_two_to_four_words_with_capitals() -> None:
    assert is_bare_name("Wendell Marsh") and is_bare_name("J’an O’Neill-Smith Jr.")
    assert not any(map(is_bare_name, ["Wendell", "How to Disagree", "Ann Lee wrote", "Ann Lee, 3"]))


def paragraph(number: int, role: Role, text: str) -> Paragraph:
    return Paragraph(document_id="documents/a.txt", number=number, text=text, start=0, end=len(text), role=role)


@pytest.mark.parametrize(
    ("paragraphs", "described"),
    [
        pytest.param([], ("a b", None, None), id="the file's name"),
        pytest.param(
            [paragraph(1, Role.TITLE, "# One\n two #"), paragraph(2, Role.BYLINE, "By Ann Lee, 3 May 2019")],
            ("One two", "2019-05-03", "Ann Lee"),
            id="title and byline",
        ),
        pytest.param([paragraph(1, Role.TITLE, "One\n====")], ("One", None, None), id="an underlined title"),
        pytest.param(
            [paragraph(1, Role.BOILERPLATE, '---\ntitle: "One"\nauthor: Bo\ndate: 2020-01-02\n---')],
            ("One", "2020-01-02", "Bo"),
            id="front matter",
        ),
        pytest.param(
            [paragraph(1, Role.BODY, "TARRINGTON, 21 November 2023 -- Pumps are mended.")],
            ("a b", "2023-11-21", None),
            id="a dateline",
        ),
        pytest.param(
            [paragraph(1, Role.BODY, "Pumps were mended on 21 November 2023.")],
            ("a b", None, None),
            id="a date in the text is not the document's",
        ),
        *(
            pytest.param([paragraph(2, Role.BODY, text)], ("a b", day, None), id=text)
            for text, day in {
                "Effective 1 March 2026. Owner: Ann Lee, replaces that of 2 May 2024.": "2026-03-01",
                "In force from Wednesday, 1 April 2026; replaces the table of 5 May 2025.": "2026-04-01",
                "This policy was approved by the board on 3 February 2026.": "2026-02-03",
                "Version 2.1, valid from 1 May 2025.": "2025-05-01",
                "Gültig ab dem 1. Mai 2025.": "2025-05-01",
                "Tickets are valid on 5 May 2025.": None,
                "Valid tickets are those of 5 May 2025.": None,
                "In effect nothing changed until 5 May 2025.": None,
            }.items()
        ),
        pytest.param(
            [paragraph(9, Role.BODY, "In force from 1 April 2026.")], ("a b", None, None), id="what holds further below"
        ),
    ],
)
def test_a_document_is_described_by_its_own_head(
    paragraphs: list[Paragraph], described: tuple[str, str | None, str | None]
) -> None:
    title, day, author = describe(paragraphs, "a_b")
    assert (title, day.isoformat() if day else None, author) == described


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        pytest.param("## Two ##", "Two", id="marks on both sides"),
        pytest.param("Two\n---", "Two", id="underlined"),
        pytest.param("Two\r=", "Two", id="underlined by one mark, old newline"),
        pytest.param("# Learning C#", "Learning C#", id="a mark that belongs to the name"),
        pytest.param("#1 in sales - 2020", "#1 in sales - 2020", id="no marks"),
    ],
)
def test_a_heading_is_shown_without_the_marks_that_make_it_one(text: str, heading: str) -> None:
    assert heading_text(text) == heading


@pytest.mark.parametrize(
    "line",
    ["7. Next meeting: 18 November 2025.", "Date of next meeting: 5 May 2026", "3) Next AGM: 5 May 2026", "Nächste Sitzung: 5. Mai 2026"],
)  # fmt: skip
def test_a_day_to_come_is_no_date_of_the_text(line: str) -> None:
    assert not is_byline(line)


@pytest.mark.parametrize(
    ("title", "stem", "day"),
    [
        ("Minutes of the Committee, Tuesday 16 September 2025, 7 pm", "minutes", "2025-09-16"),
        ("Minutes of the Committee", "2025-09-16-committee", "2025-09-16"),
        ("The flood of 16 September 2025", "flood", None),
        ("Handbook 2025", "handbook-2025", None),
    ],
)
def test_minutes_are_of_the_day_in_their_title_or_in_their_name(title: str, stem: str, day: str | None) -> None:
    told = Paragraph(document_id="documents/a.txt", number=1, text=title, start=0, end=len(title), role=Role.TITLE)
    assert describe([told], stem)[1] == (date.fromisoformat(day) if day else None)
