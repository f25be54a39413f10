"""Rows stand behind the names of their columns, whatever the format, and never behind a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.delimited import load_delimited
from rag.documents.loaders.docx.loading import load_docx
from rag.documents.loaders.html.loading import load_html
from rag.documents.loaders.loaded import Cells, Piece
from rag.documents.loaders.odt import load_odt
from rag.documents.loaders.pptx import load_pptx
from rag.documents.loaders.rows import with_names
from rag.documents.loaders.rtf import load_rtf
from rag.domain import Role
from tests.rag.documents.making import archive, assert_holds_together, docx, p, texts
from tests.rag.documents.test_office import DRAWING, links, odt, slide

Table = Sequence[Sequence[str]]

TARIFF = [
    ["Cottage", "Sleeps", "7-day price (£)", "Pets"],
    ["Bothy", "2", "595", "one dog"],
    ["Old Smiddy", "5", "", "two dogs"],
]
NAMED = [
    "Cottage: Bothy\tSleeps: 2\t7-day price (£): 595\tPets: one dog",
    "Cottage: Old Smiddy\tSleeps: 5\tPets: two dogs",
]


def _html(table: Table, head: str = "td") -> list[str]:
    first, *rows = table
    written = "".join(f"<{head}>{cell}</{head}>" for cell in first)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return texts(load_html(f"<html><body><main><table><tr>{written}</tr>{body}</table></main></body></html>".encode()))


def _docx(table: Table, settings: str = "") -> list[str]:
    rows = ["".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) for row in table]
    first = f"<w:tr><w:trPr>{settings}</w:trPr>{rows[0]}</w:tr>"
    return texts(load_docx(docx(f"<w:tbl>{first}{''.join(f'<w:tr>{row}</w:tr>' for row in rows[1:])}</w:tbl>")))


def _odt(table: Table, around: str = "") -> list[str]:
    cells = ["".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row) for row in table]
    first, *rows = (f"<table:table-row>{row}</table:table-row>" for row in cells)
    head = f"<{around}>{first}</{around}>" if around else first
    return texts(load_odt(odt(f"<table:table>{head}{''.join(rows)}</table:table>")))


def _pptx(table: Table) -> list[str]:
    cell = "<a:tc><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:tc>"
    rows = "".join(f"<a:tr>{''.join(cell.format(one) for one in row)}</a:tr>" for row in table)
    data = archive(
        {
            "ppt/presentation.xml": f'<p:presentation {DRAWING}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": links(r1="slides/slide1.xml"),
            "ppt/slides/slide1.xml": slide(f"<p:graphicFrame><a:tbl>{rows}</a:tbl></p:graphicFrame>"),
        }
    )
    return texts(load_pptx(data))


def _rtf(table: Table) -> list[str]:
    rows = []
    for row in table:
        places = "".join(f"\\cellx{i}000" for i in range(1, len(row) + 1))
        rows.append(f"\\trowd{places} " + "".join(f"{cell}\\cell " for cell in row) + "\\row")
    return texts(load_rtf(f"{{\\rtf1\\ansi {''.join(rows)}}}".replace("£", "\\'a3").encode("ascii")))


@pytest.mark.parametrize("written", [_html, _docx, _odt, _pptx, _rtf], ids=["html", "docx", "odt", "pptx", "rtf"])
def test_cells_stand_behind_the_names_that_the_first_row_gives(written: Callable[[Table], list[str]]) -> None:
    assert written(TARIFF) == NAMED


@pytest.mark.parametrize("written", [_html, _docx, _odt, _pptx], ids=["html", "docx", "odt", "pptx"])
@pytest.mark.parametrize(
    "table",
    [
        pytest.param([["Owner", "Facilities"], ["Phone", "555 340"]], id="two columns, of which one names the other"),
        pytest.param([["Coot", "Godwit", "Rail"], ["Heron", "Ibis", "Stilt"]], id="nothing but names"),
        pytest.param([["Coot", "12", "4"], ["Godwit", "17", "6"]], id="nothing but rows"),
    ],
)
def test_without_a_first_row_that_names_columns_cells_stand_alone(
    written: Callable[[Table], list[str]], table: Table
) -> None:
    assert written(table) == ["\t".join(row) for row in table]


@pytest.mark.parametrize("written", [_html, _docx, _odt, _pptx], ids=["html", "docx", "odt", "pptx"])
def test_with_nothing_in_the_corner_two_names_name_the_columns_beside_it(
    written: Callable[[Table], list[str]],
) -> None:
    table = [["", "Until April", "From May"], ["Electricity", "31.20p", "27.45p"], ["Gas", "8.90p", "6.75p"]]
    assert written(table) == [
        "Electricity\tUntil April: 31.20p\tFrom May: 27.45p",
        "Gas\tUntil April: 8.90p\tFrom May: 6.75p",
    ]


def test_of_two_columns_the_format_says_so() -> None:
    table, named = [["Crew", "2024"], ["Coot", "L-158"]], ["Crew: Coot\t2024: L-158"]
    assert _html(table, "th") == named
    assert _docx(table, "<w:tblHeader/>") == named
    assert _odt(table, "table:table-header-rows") == named
    assert _docx(table, '<w:tblHeader w:val="0"/>') == ["Crew\t2024", "Coot\tL-158"]


HEAD = "<tr><th>Cottage</th><th>Sleeps</th><th>Price</th></tr>"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (HEAD + '<tr><td colspan="2">Bothy</td><td>595</td></tr>', ["Cottage / Sleeps: Bothy\tPrice: 595"]),
        (
            HEAD + '<tr><td rowspan="2">Bothy</td><td>2</td><td>595</td></tr><tr><td>4</td><td>720</td></tr>',
            ["Cottage: Bothy\tSleeps: 2\tPrice: 595", "Cottage: Bothy\tSleeps: 4\tPrice: 720"],
        ),
        (
            '<tr><td colspan="3">Cottages in 2024</td></tr>' + HEAD + '<tr><td colspan="3">By the sea</td></tr>'
            "<tr><td>Bothy</td><td>2</td><td>595</td></tr>",
            ["Cottages in 2024", "By the sea", "Cottage: Bothy\tSleeps: 2\tPrice: 595"],
        ),
        (
            '<tr><th rowspan="2">Cottage</th><th colspan="2">Price</th></tr><tr><th>May</th><th>June</th></tr>'
            "<tr><td>Bothy</td><td>595</td><td>720</td></tr>",
            ["Cottage: Bothy\tPrice May: 595\tPrice June: 720"],
        ),
        (
            '<tr><td>Cottage</td><td colspan="2">Price</td></tr><tr><td></td><td>May</td><td>June</td></tr>'
            "<tr><td>Bothy</td><td>595</td><td>720</td></tr><tr><td>Tower</td><td>610</td><td>790</td></tr>",
            ["Cottage: Bothy\tPrice May: 595\tPrice June: 720", "Cottage: Tower\tPrice May: 610\tPrice June: 790"],
        ),
        (HEAD + '<tr><td rowspan="99999999">Bothy</td><td colspan="-2">2</td><td colspan="x">5</td></tr>', ["Cottage: Bothy\tSleeps: 2\tPrice: 5"]),
        (HEAD + f'<tr><td rowspan="{"9" * 5_000}">Bothy</td><td>2</td><td>5</td></tr>', ["Cottage: Bothy\tSleeps: 2\tPrice: 5"]),
        (HEAD + '<tr><td colspan="9">Bothy</td></tr>', ["Cottage\tSleeps\tPrice", "Bothy"]),
    ],
    ids=["over columns", "over rows", "a title and a group", "a header of two lines", "one of two lines unsaid", "slips", "more digits than a number has", "over too many"],
)  # fmt: skip
def test_a_cell_that_goes_over_several_columns_or_rows_is_told_with_all_of_them(rows: str, told: list[str]) -> None:
    loaded = load_html(f"<html><body><main><table>{rows}</table></main></body></html>".encode())
    assert texts(loaded) == told
    assert_holds_together(loaded)


def test_a_name_without_any_cell_is_not_lost() -> None:
    assert _html([["Crew", "Locker", "Key"], ["Coot", "", ""]], "th") == ["Crew\tLocker\tKey", "Crew: Coot"]


CELL = st.text(st.characters(categories=["L", "N"]), max_size=5)


@given(st.lists(st.lists(CELL, min_size=1, max_size=5), min_size=1, max_size=6), st.booleans())
def test_a_cell_stands_behind_the_name_above_it_or_behind_none(table: list[list[str]], is_told: bool) -> None:
    pieces = [
        Piece(text="\t".join(row), role=Role.TABLE, cells=Cells(texts=tuple(row), table=1, names_columns=is_told and i == 0))
        for i, row in enumerate(table)
    ]  # fmt: skip
    found = [piece.text for piece in with_names(pieces)]
    if found == [piece.text for piece in pieces]:
        return
    for row, text in zip(table[::-1], found[::-1], strict=False):
        if text != "\t".join(filter(None, table[0])):
            assert text == "\t".join(f"{n}: {c}" if n else c for n, c in zip(table[0], row, strict=False) if c)


def merged(text: str, *, over: int = 1, goes_on: bool = False, begins: bool = False) -> str:
    """A cell of a Word table; `begins` or `goes_on` over several rows."""
    down = '<w:vMerge w:val="restart"/>' if begins else "<w:vMerge/>" if goes_on else ""
    return f'<w:tc><w:tcPr><w:gridSpan w:val="{over}"/>{down}</w:tcPr>{p(text)}</w:tc>'


def test_a_word_table_with_a_header_of_two_lines_names_each_cell_by_both() -> None:
    rows = [
        merged("Fabric", begins=True) + merged("Drop", begins=True) + merged("Width", over=2),
        merged("", goes_on=True) + merged("", goes_on=True) + merged("to 120 cm") + merged("to 180 cm"),
        merged("Velvet", begins=True) + merged("short") + merged("$149") + merged("$199"),
        merged("", goes_on=True) + merged("long") + merged("$195") + merged("$279"),
    ]
    loaded = load_docx(docx(f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"))
    assert texts(loaded) == [
        "Fabric: Velvet\tDrop: short\tWidth to 120 cm: $149\tWidth to 180 cm: $199",
        "Fabric: Velvet\tDrop: long\tWidth to 120 cm: $195\tWidth to 180 cm: $279",
    ]
    assert_holds_together(loaded)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "Item,Kilos,Price\nFlour,20,£18\n,,\nAlmonds,17.5,£171.50\nTotal,,£189.50\n",
            ["Item: Flour\tKilos: 20\tPrice: £18", "Item: Almonds\tKilos: 17.5\tPrice: £171.50", "Item: Total\tPrice: £189.50"],
        ),
        (
            "Item,Kilos,Price\nFlour,20,£18\n,,\nNuts,,\nAlmonds,17.5,£171.50\n",
            ["Item: Flour\tKilos: 20\tPrice: £18", "Nuts", "Item: Almonds\tKilos: 17.5\tPrice: £171.50"],
        ),
        (
            "Item,Kilos,Price\nFlour,20,£18\n,,\nName,Telephone,Room\nAnn,2214,B 3\n",
            ["Item: Flour\tKilos: 20\tPrice: £18", "Name: Ann\tTelephone: 2214\tRoom: B 3"],
        ),
        (
            "Item,Kilos,Price\nFlour,20,£18\n,,\nAnn,2 May,in B 3\nBen,3 May,in B 4\n",
            ["Item: Flour\tKilos: 20\tPrice: £18", "Ann\t2 May\tin B 3", "Ben\t3 May\tin B 4"],
        ),
    ],
    ids=["more of it", "a group with a name", "another table", "other things"],
)  # fmt: skip
def test_a_gap_in_a_sheet_does_not_take_the_names_of_its_columns_away(rows: str, told: list[str]) -> None:
    loaded = load_delimited(rows.encode())
    assert texts(loaded) == told
    assert_holds_together(loaded)
