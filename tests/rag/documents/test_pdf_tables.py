"""Tables in PDFs: by the lines drawn on the page, or by the author's structure; and the lines that make no table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.loaders.pdf.loading import load_pdf
from rag.documents.loaders.pdf.pdfium import Page, opened
from tests.rag.documents.making import assert_holds_together, paragraph, pdf, printed, texts, told

PUMPS = (
    "The pump at the north well was replaced in May because its seal had been leaking for weeks. It gives forty litres "
    "a minute and needs oil every spring."
)
XS = (72, 172, 232, 372, 462)
HEADER = ("Station", "Locker", "What it is for", "Checked")
WHIMBREL = ("Whimbrel", "L-158", "Ropes and the long ladder\nwith two harnesses for\nthe tower", "3 June 2025")
TERN = ("Curlew and\nLittle Tern", "L-164", "Oil", "11 June 2025")
NAMED = [
    "Station: Whimbrel\tLocker: L-158\tWhat it is for: Ropes and the long ladder with two harnesses for the tower\t"
    "Checked: 3 June 2025",
    "Station: Curlew and Little Tern\tLocker: L-164\tWhat it is for: Oil\tChecked: 11 June 2025",
]


def written(text: str, *, x: float, y: float) -> str:
    return "\n".join(
        f"BT /F1 9 Tf 1 0 0 1 {x} {y - 11 * i} Tm ({line}) Tj ET" for i, line in enumerate(text.split("\n"))
    )


def body(text: str = PUMPS, *, y: float, x: float = 72, width: int = 80) -> str:
    return "\n".join(written(line.text, x=line.x, y=line.y) for line in paragraph(text, x=x, y=y, size=9, width=width))


def edges(rows: Sequence[Sequence[str]], *, y: float) -> list[float]:
    """Where the rows of a table begin and end, from `y` downwards."""
    found = [y]
    for row in rows:
        found.append(found[-1] - 6 - 11 * max(cell.count("\n") + 1 for cell in row))
    return found


def cells(rows: Sequence[Sequence[str]], *, y: float, xs: Sequence[float] = XS) -> str:
    return "\n".join(
        written(cell, x=x + 4, y=top - 11)
        for row, top in zip(rows, edges(rows, y=y), strict=False)
        for x, cell in zip(xs, row, strict=False)
        if cell
    )


def strokes(xs: Sequence[float], ys: Sequence[float]) -> str:
    upright = [f"{x} {ys[0]} m {x} {ys[-1]} l S" for x in xs]
    return "\n".join([*upright, *(f"{xs[0]} {y} m {xs[-1]} {y} l S" for y in ys)])


def boxes(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "\n".join(
        f"{left} {low} {right - left} {high - low} re S" for high, low in pairwise(ys) for left, right in pairwise(xs)
    )


def thin_areas(xs: Sequence[float], ys: Sequence[float]) -> str:
    return " ".join(
        f"{left} {high} {right - left} .5 re {left} {low} {right - left} .5 re {left} {low} .5 {high - low} re "
        f"{right} {low} .5 {high - low} re f"
        for high, low in pairwise(ys)
        for left, right in pairwise(xs)
    )


def level(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "\n".join(f"{xs[0]} {y} m {xs[-1]} {y} l S" for y in ys)


def bands(xs: Sequence[float], ys: Sequence[float]) -> str:
    return "\n".join(f".9 g {xs[0]} {low} {xs[-1] - xs[0]} {high - low} re f 0 g" for high, low in pairwise(ys))


@pytest.mark.parametrize("drawn", [strokes, boxes, thin_areas, level, bands], ids=lambda one: str(one.__name__))
def test_cells_that_are_wrapped_are_read_by_row_behind_the_names_of_their_columns(
    drawn: Callable[[Sequence[float], Sequence[float]], str],
) -> None:
    rows = HEADER, WHIMBREL, TERN
    loaded = load_pdf(pdf(f"{drawn(XS, edges(rows, y=650))}\n{body(y=700)}\n{cells(rows, y=650)}\n{body(y=500)}"))
    assert texts(loaded) == [PUMPS, *NAMED, PUMPS]
    assert [str(block.role) for block in loaded.blocks] == ["body", "table", "table", "body"]
    assert_holds_together(loaded)
    ladder = loaded.text.index("ladder")
    (place,) = loaded.layout.places(ladder, ladder + len("ladder"))
    assert place.rectangle is not None and 232 / 612 < place.rectangle[0] < place.rectangle[2] < 372 / 612


def test_boxes_around_paragraphs_are_no_table() -> None:
    ys = 720, 660, 600, 540
    page = [boxes([60, 500], ys), *(body(y=top - 15) for top in ys[:-1])]
    assert told(load_pdf(pdf("\n".join(page)))) == [("body", PUMPS)] * 3


def test_lines_between_two_columns_of_text_are_no_table() -> None:
    lines = strokes([60, 300, 540], [720, 690, 250])
    text = "\n".join(body(x=x, y=y, width=40) for x in (72, 320) for y in (670, 590, 510, 430, 350))
    heads = written("Wells", x=72, y=700) + "\n" + written("Valves", x=320, y=700)
    assert [text for text in texts(load_pdf(pdf(f"{lines}\n{heads}\n{text}"))) if len(text) > 20] == [PUMPS] * 10


def test_a_name_over_two_columns_and_one_beside_two_rows_are_told_with_each() -> None:
    xs, ys = (72, 172, 222, 272, 322, 372), (650, 633, 616, 599, 582)
    rows = ("Station", "2024", "", "2025", ""), ("", "Boats", "Crew", "Boats", "Crew"), ("Godwit", "2", "9", "3", "11")
    last = ("Curlew", "1", "5", "", "6")
    drawn = [strokes(xs, ys[2:]), strokes([72, 172, 272, 372], ys[:3]), strokes([222, 322], ys[1:3])]
    drawn[1] = drawn[1].replace(f"72 {ys[1]} m", f"172 {ys[1]} m")
    found = texts(load_pdf(pdf("\n".join([*drawn, cells((*rows, last), y=650, xs=xs), body(y=700)]))))
    assert found[1:] == [
        "Station: Godwit\t2024 Boats: 2\t2024 Crew: 9\t2025 Boats: 3\t2025 Crew: 11",
        "Station: Curlew\t2024 Boats: 1\t2024 Crew: 5\t2025 Crew: 6",
    ]


def test_a_table_goes_on_over_the_page_with_its_names_and_a_repeated_header_is_no_row() -> None:
    def page(rows: Sequence[Sequence[str]], y: float) -> str:
        return f"{strokes(XS, edges(rows, y=y))}\n{cells(rows, y=y)}\n{written('Lockers of the district', x=72, y=40)}"

    first = page((HEADER, WHIMBREL), 150)
    for second in ((HEADER, TERN), (TERN,)):
        # A row of one table, not a table of one row.
        rows = (*second, WHIMBREL)
        loaded = load_pdf(pdf(f"{body(y=700)}\n{first}", page(rows, 740)))
        assert [text for role, text in told(loaded) if role == "table"] == [NAMED[0], NAMED[1], NAMED[0]]
        assert loaded.layout.page_at(loaded.text.index("Station: Curlew"), len(loaded.text)) == 2
        assert_holds_together(loaded)


def test_a_table_in_a_column_stays_in_it() -> None:
    rows = ("Well", "Depth", "Yield"), ("North", "41", "40"), ("South", "38", "25")
    xs = 72, 132, 182, 232
    left = [body(y=700, width=40), cells(rows, y=620, xs=xs), strokes(xs, edges(rows, y=620)), body(y=540, width=40)]
    right = [body(x=320, y=y, width=40) for y in (700, 620, 540)]
    assert texts(load_pdf(pdf("\n".join([*left, *right])))) == [
        PUMPS,
        "Well: North\tDepth: 41\tYield: 40",
        "Well: South\tDepth: 38\tYield: 25",
        *[PUMPS] * 4,
    ]


def test_numbers_under_one_another_in_one_row_of_lines_are_rows() -> None:
    rows = ("Well", "Depth (m)", "Yield"), ("North\nSouth\nMill", "41\n38\n12", "40\n\n8"), ("Old", "7", "2")
    drawn = f"{strokes(XS[:4], edges(rows, y=650))}\n{cells(rows, y=650)}"
    assert texts(load_pdf(pdf(f"{body(y=700)}\n{drawn}")))[1:] == [
        "Well: North\tDepth (m): 41\tYield: 40",
        "Well: South\tDepth (m): 38",
        "Well: Mill\tDepth (m): 12\tYield: 8",
        "Well: Old\tDepth (m): 7\tYield: 2",
    ]


def test_rows_are_not_made_one_where_a_header_alone_is_ruled() -> None:
    rows = (
        HEADER,
        ("Whimbrel", "L-158", "Ropes", "3 June"),
        ("Godwit", "L-161", "Oil", "4 June"),
        ("Tern", "L-1", "", ""),
    )
    ys = edges(rows, y=650)
    drawn = f"{strokes(XS, [ys[0], ys[1], ys[-1]])}\n{cells(rows, y=650)}"
    assert not any("Whimbrel Godwit" in text for text in texts(load_pdf(pdf(f"{body(y=700)}\n{drawn}"))))


def test_values_that_no_line_parts_are_behind_no_name() -> None:
    rows = (
        ("Well", "Depth", "2024          2025"),
        ("North", "41", "40            38"),
        ("South", "38", "25            21"),
    )
    drawn = f"{strokes(XS[:4], edges(rows, y=650))}\n{cells(rows, y=650)}"
    found = texts(load_pdf(pdf(f"{body(y=700)}\n{drawn}")))
    assert found[2:] == ["North\t41\t40 38", "South\t38\t25 21"]


@pytest.mark.parametrize(
    "drawing",
    [
        pytest.param("100 100 m 300 100 l S\n" * 3_100, id="many paths"),
        pytest.param("100 100 m " + "300 100 l 300 300 l " * 5_000 + "S", id="one long path"),
    ],
)
def test_a_page_that_is_a_drawing_has_no_lines_to_look_at(drawing: str) -> None:
    with opened(pdf(f"{body(y=700)}\n{drawing}")) as document:
        assert Page(document, 1).rules() == []


def test_an_empty_cell_of_a_tagged_table_shifts_no_other(tmp_path: Path) -> None:
    html = (
        f"<meta charset=utf-8><p>{PUMPS}</p><table border=1 cellpadding=4><tr><th>Station<th>Locker<th>Checked<th>Key"
        "<tr><td>Whimbrel<td>L-158<td>3 June<td>K1<tr><td>Godwit<td><td>4 June<td><tr><td>Tern<td>L-160<td><td>K7"
        "</table>"
    )
    assert texts(load_pdf(printed(html, tmp_path)))[1:] == [
        "Station: Whimbrel\tLocker: L-158\tChecked: 3 June\tKey: K1",
        "Station: Godwit\tChecked: 4 June",
        "Station: Tern\tLocker: L-160\tKey: K7",
    ]


def test_a_short_line_below_a_tagged_heading_names_what_follows_and_several_are_a_list(tmp_path: Path) -> None:
    html = (
        f"<meta charset=utf-8><h1>Wells</h1><p>{PUMPS}</p><h2>The north well</h2><p>Exceptions</p><p>{PUMPS}</p>"
        f"<p>Owner: facilities</p><p>{PUMPS}</p><p>Ann Lee</p><p>12 Mill Lane</p><p>Oldtown</p><p>{PUMPS}</p>"
    )
    loaded = load_pdf(printed(html, tmp_path))
    headings = [(loaded.text[block.start : block.end], block.level) for block in loaded.blocks if block.level]
    assert headings == [("Wells", 1), ("The north well", 2), ("Exceptions", 3)]


EDGES = st.lists(st.integers(3, 55).map(lambda n: 10 * n), min_size=2, max_size=6, unique=True).map(sorted)
SPOTS = st.tuples(st.integers(2, 56), st.integers(3, 70))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(EDGES, EDGES), max_size=3),
    st.lists(SPOTS, min_size=2, max_size=40, unique=True),
    st.sampled_from(["", "/Rotate 90", "/Rotate 180"]),
)
def test_no_word_is_lost_wherever_lines_are_drawn(
    grids: list[tuple[list[int], list[int]]], spots: list[tuple[int, int]], page: str
) -> None:
    words = "\n".join(written(f"word{i}", x=10 * x, y=10 * y) for i, (x, y) in enumerate(spots))
    data = pdf("\n".join([*(strokes(xs, ys) for xs, ys in grids), words]), page=page)
    loaded = load_pdf(data)
    assert_holds_together(loaded)
    letters = "".join(loaded.text.split())
    assert [i for i in range(len(spots)) if f"word{i}" not in letters] == []
    assert load_pdf(data) == loaded, "reading is deterministic"
