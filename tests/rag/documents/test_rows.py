"""Rows stand behind the names of their columns, whatever the format, and never behind a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.docx.loading import load_docx
from rag.documents.loaders.html.loading import load_html
from rag.documents.loaders.loaded import Cells, Piece
from rag.documents.loaders.odt import load_odt
from rag.documents.loaders.pptx import load_pptx
from rag.documents.loaders.rows import with_names
from rag.documents.loaders.rtf import load_rtf
from rag.domain import Role
from tests.rag.documents.making import archive, docx, p, texts
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


def test_of_two_columns_the_format_says_so() -> None:
    table, named = [["Crew", "2024"], ["Coot", "L-158"]], ["Crew: Coot\t2024: L-158"]
    assert _html(table, "th") == named
    assert _docx(table, "<w:tblHeader/>") == named
    assert _odt(table, "table:table-header-rows") == named
    assert _docx(table, '<w:tblHeader w:val="0"/>') == ["Crew\t2024", "Coot\tL-158"]


@pytest.mark.parametrize(
    "row", ['<td colspan="2">Bothy</td><td>595</td>', '<td rowspan="2">Bothy</td><td>2</td><td>595</td>']
)
def test_where_a_cell_goes_over_several_no_cell_gets_a_name(row: str) -> None:
    head = "<tr><th>Cottage</th><th>Sleeps</th><th>Price</th></tr>"
    page = f"<html><body><main><table>{head}<tr>{row}</tr></table></main></body></html>"
    assert not any(":" in text for text in texts(load_html(page.encode())))


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
