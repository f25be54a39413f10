"""Text of documents as it was meant to look: every letter stays, in its order, and nothing of it does anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsing import Element, Reader, shown

from rag.documents.reading import read_document
from rag.domain import Paragraph, Role, Span
from ui.web.prose import Mark, paragraph_html, prose_html, row_html, runs_of, table_html

MARKDOWN, PLAIN = "documents/a.md", "documents/a.txt"
PARTS = st.sampled_from(
    ["**", "__", "*", "_", "`", "``", "```", "[", "](", ")", "![", "|", "\n", "\t", "| --- | --- |\n", "# ", "\\", "<b>",
     "</b>", "<!--", "-->", "<script>", "a", "word", " ", "x*y", "<table>", "<tr>", "<td>", "</td>", "<th>", "</tr>", "snake_case_name", "https://a.b/c", "é", "\u202e", "&amp;", "&#8238;"]
)  # fmt: skip


def paragraph(text: str, role: Role = Role.BODY, document_id: str = MARKDOWN) -> Paragraph:
    return Paragraph(document_id=document_id, number=1, text=text, start=0, end=len(text), role=role)


def seen(html: str) -> str:
    """What a reader sees."""

    def of(element: object) -> str:
        return "".join(
            one
            if isinstance(one, str)
            else ""
            if "md" in one.classes
            else one.attributes["data-shown"]
            if "reference" in one.classes
            else of(one)
            for one in element.inside  # type: ignore[attr-defined]
        )

    return of(Reader(html).root)


@given(st.lists(PARTS, max_size=30).map("".join), st.sampled_from([Role.BODY, Role.TABLE]), st.sampled_from([MARKDOWN, PLAIN]),
       st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), max_size=4))  # fmt: skip
def test_every_letter_stays_in_its_order_and_exactly_the_marked_ones_are_marked(
    text: str, role: Role, document_id: str, marks: list[tuple[int, int, bool]]
) -> None:
    lit = [Mark(min(start, len(text)), min(end, len(text)), current) for start, end, current in marks]
    read = Reader(paragraph_html(paragraph(text, role, document_id), lit))
    assert read.root.text == shown(text)
    assert {element.tag for element in read.root.all()} <= {"span", "mark", "table", "tr", "td", "th"}
    assert {name for element in read.root.all() for name in element.attributes} <= {
        "class",
        "tabindex",
        "data-shown",
        "aria-hidden",
    }
    if "\u202e" not in text:
        current = [any(one.start <= i < one.end and one.current for one in lit) for i in range(len(text))]
        other = [any(one.start <= i < one.end for one in lit) for i in range(len(text))]
        kinds = ["hit" if hit else "mark" if mark else "" for hit, mark in zip(current, other, strict=True)]
        assert [bool(kind) for _, kind in read.signs] == [bool(kind) for kind in kinds]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is **required**, `now` and *soon*.", "This is required, now and soon."),
        ("See [the guide](guide.md#top) and ![a picture](x.png).", "See the guide and a picture."),
        ("## Opening hours", "Opening hours"),
        ("Call snake_case_name, 2*3*4 and __init__.", "Call snake_case_name, 2*3*4 and init."),
        ("```sh\nibid chat\n```", "ibid chat"),
        ("Two<br>lines <!-- not seen -->here", "Twolines here"),
        ("A list of Vec<String> and a \\* star", "A list of Vec<String> and a * star"),
        ("Unbalanced ** here and `there", "Unbalanced ** here and `there"),
        ("In `a ** b` and `c ** d`", "In a ** b and c ** d"),
        (
            "Wait&#8230; **R&amp;D&nbsp;&nbsp;now** &lt;b&gt; caf&eacute; &#x27;so&#39;",
            "Wait… R&D\u00a0\u00a0now <b> café 'so'",
        ),
        (
            "In `&amp;` and \\&amp; and &nosuch; and &amp as it stands",
            "In &amp; and &amp; and &nosuch; and &amp as it stands",
        ),
        (
            "Nothing is turned &#8238; or hidden &#27; &NewLine; &#x2067;",
            "Nothing is turned &#8238; or hidden &#27; &NewLine; &#x2067;",
        ),
    ],
)
def test_markdown_is_seen_as_its_author_meant_it_and_plain_text_as_it_is(text: str, expected: str) -> None:
    assert seen(prose_html(text, MARKDOWN)) == expected
    assert seen(prose_html(text, PLAIN)) == text


def test_a_mark_that_cuts_a_character_reference_shows_its_letters() -> None:
    html = prose_html("Wait&#8230; now", MARKDOWN, [Mark(0, 7)])
    assert (
        seen(html) == "Wait&#8230; now"
        and "".join(one.text for one in Reader(html).root.all() if one.tag == "mark") == "Wait&#8"
    )


TABLE = "| Crew | Locker |\n| --- | ---: |\n| Coot | L-188 |\n| Heron, \\| | **L-107** |"


def test_a_table_has_rows_and_cells_under_its_head() -> None:
    root = Reader(table_html(TABLE, MARKDOWN) or "").root
    rows = [row for row in root.all() if row.tag == "tr" and "md" not in row.classes]
    assert [[seen_cell.text.strip(" |\n") for seen_cell in row.all() if seen_cell.tag in ("td", "th")] for row in rows] == [
        ["Crew", "Locker"], ["Coot", "L-188"], ["Heron, \\", "**L-107**"]]  # fmt: skip
    assert [one.tag for one in rows[0].all() if one.tag in ("td", "th")] == ["th", "th"]
    assert "---" not in seen(table_html(TABLE, MARKDOWN) or "")
    assert "|" not in seen(table_html(TABLE, MARKDOWN) or "").replace("Heron, |", "")


TAGGED = "<table>\n<tr><th>Plan</th><th>Calls</th></tr>\n<tr><td>Nest</td><td>60 | <b>20</b></td></tr>\n</table>"


def test_a_table_in_html_inside_markdown_is_a_table_and_its_tags_are_not_seen() -> None:
    html = table_html(TAGGED, MARKDOWN) or ""
    root = Reader(html).root
    assert root.text == TAGGED
    rows = [row for row in root.all() if row.tag == "tr"]
    assert [[cell.tag for cell in row.all() if cell.tag in ("th", "td")] for row in rows] == [
        ["th", "th"],
        ["td", "td"],
    ]
    assert [line.split() for line in seen(html).splitlines() if line.strip()] == [["PlanCalls"], ["Nest60", "|", "20"]]
    row = "<tr><td>Nest</td><td>60</td></tr>"
    told = table_html(row, MARKDOWN, head=["Plan", "Calls"], bold=Span(row.index("60"), row.index("60") + 2)) or ""
    assert [one.text for one in Reader(told).root.all() if one.tag == "th"] == ["Plan", "Calls"]
    assert [one.text for one in Reader(told).root.all() if "told" in one.classes] == ["60"]


def test_a_row_of_strokes_below_the_first_rule_is_a_row() -> None:
    root = Reader(table_html("| Crew | Locker |\n| --- | --- |\n| - | - |", MARKDOWN) or "").root
    rows = [row for row in root.all() if row.tag == "tr"]
    assert ["md" in row.classes for row in rows] == [False, True, False]


def test_the_cell_that_is_asked_for_is_in_bold_in_its_row() -> None:
    for row, document in (("| Coot | L-188 |", MARKDOWN), ("Crew: Coot\tLocker: L-188", "documents/a.csv")):
        at = row.index("L-188")
        root = Reader(table_html(row, document, bold=Span(at, at + 5)) or "").root
        assert [one.text for one in root.all() if "told" in one.classes] == ["L-188"]


def test_a_quoted_row_stands_under_the_names_of_its_columns() -> None:
    html = table_html("| Coot | L-188 |", MARKDOWN, head=["Crew", "Locker"]) or ""
    assert [one.text for one in Reader(html).root.all() if one.tag == "th"] == ["Crew", "Locker"]
    assert seen(html).split() == ["CrewLocker", "Coot", "L-188"]
    assert "<th>" not in (table_html("| Coot | L-188 |", MARKDOWN, head=["Crew"]) or "")
    assert table_html("no cells", MARKDOWN) is None


def test_rows_of_other_formats_have_cells_too() -> None:
    (row,) = read_document("documents/a.csv", b"name,berth\nSigrid,B-12\n").paragraphs
    read = Reader(paragraph_html(row)).root
    assert [cell.text.strip() for cell in read.all() if cell.tag == "td"] == ["name: Sigrid", "berth: B-12"]


SHEET = b"Locker,Member,Rent\nL-101,Anna Berg,4.20\nL-102,,4.20\nL-158,Jo: the elder,5.00\n"


def test_rows_of_one_sheet_stand_below_one_another_with_a_cell_for_each_column() -> None:
    rows = read_document("documents/a.csv", SHEET).paragraphs
    (run,) = runs_of(rows)
    assert run.columns == ("Locker", "Member", "Rent")
    told = []
    for row in run.paragraphs:
        root = Reader(row_html(row, run.columns, [Mark(row.start, row.end, current=True)])).root
        assert root.text == row.text
        told.append([without_names(cell) for cell in root.all() if cell.tag == "td"])
        marked = [one for one in root.all() if one.tag == "mark"]
        assert "".join(one.text for one in marked) == row.text
        assert all(without_names(one) for one in marked)  # a mark that nobody sees leads nowhere
    assert told == [["L-101", "Anna Berg", "4.20"], ["L-102", "", "4.20"], ["L-158", "Jo: the elder", "5.00"]]


def without_names(element: Element) -> str:
    return "".join(
        one if isinstance(one, str) else "" if "cell-name" in one.classes else without_names(one)
        for one in element.inside
    )


@given(
    st.lists(
        st.lists(st.sampled_from(["A: 1", "B: 2", "C: 3", "D: x: y", "no name", ""]), min_size=1, max_size=5),
        max_size=8,
    )
)
def test_runs_hold_every_paragraph_in_order_and_columns_fit_all_their_rows(lines: list[list[str]]) -> None:
    rows = [
        paragraph("\t".join(cells), Role.TABLE if i % 5 else Role.BODY, "documents/a.csv")
        for i, cells in enumerate(lines)
    ]
    runs = list(runs_of(rows))
    assert [one for run in runs for one in run.paragraphs] == rows
    for run in runs:
        if run.columns:
            assert len(run.paragraphs) > 1
            for row in run.paragraphs:
                root = Reader(row_html(row, run.columns)).root
                assert root.text == row.text
                assert sum(cell.tag == "td" for cell in root.all()) == len(run.columns)


def test_no_text_takes_long(within: object) -> None:
    with within(5.0):  # type: ignore[operator]
        for hostile in (
            "*" * 20_000,
            "[" * 20_000,
            "`" * 20_000,
            "**a " * 5_000,
            "<b" * 10_000,
            "<!--" * 5_000,
            "_a" * 9_000,
        ):
            prose_html(hostile, MARKDOWN)
        assert table_html("|" * 20_000, MARKDOWN)


@pytest.mark.parametrize(
    ("text", "document", "is_alone"),
    [
        ("Shop: Skelby\tSunday: closed", "hours.csv", True),
        ("Skelby\tclosed", "hours.csv", False),
        ("Shop: Skelby\tSunday: closed\nShop: Harbury\tSunday: 10:30", "hours.csv", False),
    ],
)
def test_a_row_alone_whose_cells_say_what_they_are_may_go_on_in_the_next_line(text: str, document: str, is_alone: bool) -> None:  # fmt: skip
    html = table_html(text, document)
    assert html is not None and ('class="grid alone"' in html) is is_alone
