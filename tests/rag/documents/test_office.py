"""OpenDocument texts, presentations, spreadsheets, RTF and books."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.layout import Place
from rag.documents.loaders.archive import Archive
from rag.documents.loaders.epub import load_epub
from rag.documents.loaders.odt import load_odt
from rag.documents.loaders.pptx import load_pptx
from rag.documents.loaders.rtf import load_rtf
from rag.documents.loaders.sheets import load_sheets
from rag.errors import DocumentError
from tests.rag.documents.making import archive, assert_holds_together, texts, told

NAMES = " ".join(
    f'xmlns:{name}="urn:{name}"' for name in ("office", "text", "table", "draw", "style", "dc", "manifest")
)


def odt(body: str, **more: str) -> bytes:
    styles = '<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/></office:automatic-styles>'
    content = f"<office:document-content {NAMES}>{styles}<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    return archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content, **more})


def test_an_opendocument_text_has_headings_lists_rows_notes_and_comments() -> None:
    loaded = load_odt(
        odt(
            '<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:p text:style-name="P1">Wells</text:p>'
            '<text:h text:outline-level="2">Pumps</text:h>'
            '<text:p>The<text:s text:c="3"/>pump<text:tab/>runs.<text:note><text:note-citation>1</text:note-citation><text:note-body>'
            "<text:p>Since May.</text:p></text:note-body></text:note><office:annotation><dc:creator>Ann Lee</dc:creator>"
            "<dc:date>2024</dc:date><text:p>Does it?</text:p></office:annotation></text:p>"
            "<text:list><text:list-item><text:p>Close the valve.</text:p></text:list-item></text:list>"
            "<table:table><table:table-row><table:table-cell><text:p>Crew</text:p></table:table-cell>"
            "<table:table-cell><text:p>Coot</text:p><text:p>two</text:p></table:table-cell></table:table-row></table:table>"
        )
    )
    assert told(loaded) == [
        ("title", "Wells"),
        ("heading", "Pumps"),
        ("body", "The   pump\truns."),
        ("body", "Since May."),
        ("comment", "Does it?"),
        ("list", "• Close the valve."),
        ("table", "Crew\tCoot two"),
    ]
    assert loaded.blocks[4].speaker == "Ann Lee"
    assert_holds_together(loaded)


def test_list_items_of_an_opendocument_text_have_their_numbers() -> None:
    number = '<text:list-level-style-number text:level="{}" style:num-format="{}" style:num-suffix="{}"/>'
    style = (
        f'<text:list-style style:name="L1">{number.format(1, "1", ".")}{number.format(2, "a", ")")}</text:list-style>'
    )
    inner = "<text:list><text:list-item><text:p>by hand</text:p></text:list-item><text:list-item><text:p>at night</text:p></text:list-item></text:list>"
    first = f"<text:list-item><text:p>Close the valve</text:p>{inner}<text:p>and wait</text:p></text:list-item>"
    body = f'{style}<text:list text:style-name="L1">{first}<text:list-item><text:p>Drain the tank</text:p></text:list-item></text:list>'
    assert texts(load_odt(odt(body))) == [
        "1. Close the valve",
        "a) by hand",
        "b) at night",
        "and wait",
        "2. Drain the tank",
    ]


def test_an_encrypted_opendocument_text_needs_a_password() -> None:
    manifest = f"<manifest:manifest {NAMES}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    with pytest.raises(DocumentError, match="needs a password"):
        load_odt(odt("<text:p>x</text:p>", **{"META-INF/manifest.xml": manifest}))


DRAWING = 'xmlns:p="urn:p" xmlns:a="urn:a" xmlns:r="urn:r"'


def slide(*shapes: str) -> str:
    return f"<p:sld {DRAWING}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:sld>"


def shape(text: str, kind: str = "") -> str:
    placeholder = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
    paragraphs = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f"<p:sp>{placeholder}<p:txBody>{paragraphs}</p:txBody></p:sp>"


def links(**targets: str) -> str:
    listed = "".join(f'<Relationship Id="{name}" Target="{target}"/>' for name, target in targets.items())
    return f"<Relationships>{listed}</Relationships>"


def pptx() -> bytes:
    table = "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>Crew</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>Coot</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>"
    return archive(
        {
            "ppt/presentation.xml": f'<p:presentation {DRAWING}><p:sldIdLst><p:sldId id="256" r:id="r2"/><p:sldId id="257" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": links(r1="slides/slide1.xml", r2="slides/slide2.xml"),
            "ppt/slides/slide1.xml": slide(shape("Costs", "title"), table, shape("7", "sldNum")),
            "ppt/slides/slide2.xml": slide(
                shape("Wells of the year", "ctrTitle"), shape("Pumps\nValves", "body"), shape("A label")
            ),
            "ppt/slides/_rels/slide2.xml.rels": links(n="../notesSlides/notesSlide1.xml"),
            "ppt/notesSlides/notesSlide1.xml": slide(shape("Say hello.", "body"), shape("1", "sldNum")),
        }
    )


def test_slides_are_pages_in_the_order_shown_with_their_notes() -> None:
    loaded = load_pptx(pptx())
    assert told(loaded) == [
        ("title", "Wells of the year"),
        ("list", "Pumps"),
        ("list", "Valves"),
        ("body", "A label"),
        ("body", "Say hello."),
        ("heading", "Costs"),
        ("table", "Crew\tCoot"),
        ("boilerplate", "7"),
    ]
    assert [loaded.layout.page_at(block.start, block.end) for block in loaded.blocks] == [1, 1, 1, 1, 1, 2, 2, 2]
    assert loaded.layout.places(0, 5) == [Place(1)]
    assert_holds_together(loaded)


def xlsx(**sheets: list[list[str | float]]) -> bytes:
    return xlsx_with({}, **sheets)


def xlsx_with(more: dict[str, str], **sheets: list[list[str | float]]) -> bytes:
    """`more` are further members, or others in the place of those of the same name."""
    listed = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="r{i}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        + "</Relationships>",
    }
    for i, rows in enumerate(sheets.values(), 1):
        cells = "".join(
            f'<row r="{r}">{"".join(cell(value, f"{chr(65 + c)}{r}") for c, value in enumerate(row))}</row>'
            for r, row in enumerate(rows, 1)
        )
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
        )
    return archive(members | more)


def _row(number: int, values: list[str | float]) -> str:
    cells = "".join(cell(value, f"{chr(65 + i)}{number}") for i, value in enumerate(values))
    return f'<row r="{number}">{cells}</row>'


def cell(value: str | float, place: str) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def test_a_sheet_is_its_rows_under_its_name_with_columns_named() -> None:
    data = xlsx(
        Lockers=[["Crew", "Locker", "Size"], ["Coot", "L-158", 3.0], ["Godwit", "L-161", 2.5]],
        Notes=[["All are locked at night."]],
    )
    loaded = load_sheets(data)
    assert told(loaded) == [
        ("heading", "Lockers"),
        ("table", "Crew: Coot\tLocker: L-158\tSize: 3"),
        ("table", "Crew: Godwit\tLocker: L-161\tSize: 2.5"),
        ("heading", "Notes"),
        ("body", "All are locked at night."),
    ]
    assert_holds_together(loaded)


def test_cells_are_told_as_the_sheet_shows_them() -> None:
    """From a column and a row that are not the first, with styles that say nothing and cells that name no place."""
    codes = ["", "0.0%", "#,##0.00\\ [$€-407]"]
    formats = "".join(f'<numFmt numFmtId="{170 + i}" formatCode="{code}"/>' for i, code in enumerate(codes))
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 171, 172, 9, 14))
    bare = [["Item", "Price", "Discount", "Share"], ["Bowl", 1234.5, 0.025, 0.5], ["Cup", -3.0, 0.125, 1.0]]
    rows = [
        '<row r="1"/>',
        '<row r="3">' + "".join(cell(value, f"{'CDEF'[i]}3") for i, value in enumerate(bare[0])) + "</row>",
        *(
            f'<row r="{number}">'
            + "".join(cell(value, f"{'CDEF'[i]}{number}").replace("<c ", f'<c s="{(0, 2, 1, 3)[i]}" ') for i, value in enumerate(row))
            + "</row>"
            for number, row in enumerate(bare[1:], 4)
        ),
    ]  # fmt: skip
    members = {
        "xl/styles.xml": f'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{"".join(rows)}</sheetData></worksheet>',
    }
    loaded = load_sheets(xlsx_with(members, Prices=[]))
    assert texts(loaded) == [
        "Item: Bowl\tPrice: 1,234.50 €\tDiscount: 2.5%\tShare: 50%",
        "Item: Cup\tPrice: -3.00 €\tDiscount: 12.5%\tShare: 100%",
    ]
    assert_holds_together(loaded)


def test_a_damaged_spreadsheet_is_refused() -> None:
    with pytest.raises(DocumentError, match="is damaged: its sheets cannot be read"):
        load_sheets(archive({"xl/workbook.xml": "no xml"}))


def test_rtf_is_its_paragraphs_in_the_code_page_it_names() -> None:
    data = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 The W\'e4rter opens at 9 \u8364?.\par Second {\b bold} one.\par}"
    loaded = load_rtf(data)
    assert texts(loaded) == ["The Wärter opens at 9 €.", "Second bold one."]
    assert_holds_together(loaded)


CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
PACKAGE = (
    '<package xmlns:dc="urn:dc"><metadata><dc:title>Wells and pumps</dc:title><dc:creator>Ann Lee</dc:creator></metadata>'
    '<manifest><item id="b" href="second%20one.xhtml" media-type="application/xhtml+xml"/><item id="a" href="first.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/><item id="c" href="cover.png" media-type="image/png"/></manifest>'
    '<spine><itemref idref="c"/><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></package>'
)


def book(**more: str) -> bytes:
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": PACKAGE,
            "OEBPS/first.xhtml": "<html><body><h1>One</h1><p>The first chapter.</p></body></html>",
            "OEBPS/second one.xhtml": "<html><body><h1>Two</h1><p>The second chapter.</p></body></html>",
            "OEBPS/nav.xhtml": "<html><body><p>Contents</p></body></html>",
            **more,
        }
    )


def test_a_book_is_its_chapters_in_reading_order() -> None:
    loaded = load_epub(book())
    assert told(loaded) == [
        ("title", "Wells and pumps"),
        ("byline", "By Ann Lee"),
        ("heading", "One"),
        ("body", "The first chapter."),
        ("heading", "Two"),
        ("body", "The second chapter."),
    ]
    assert_holds_together(loaded)


def test_a_book_without_its_list_of_chapters_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"is damaged: OEBPS/book\.opf is missing"):
        load_epub(archive({"META-INF/container.xml": CONTAINER}))


@pytest.mark.parametrize(
    ("data", "load"),
    [(odt("<text:p>x</text:p>"), load_odt), (pptx(), load_pptx), (xlsx(A=[["x"]]), load_sheets), (book(), load_epub)],
    ids=["odt", "pptx", "xlsx", "epub"],
)
@given(st.data())
def test_damaged_archives_are_read_in_part_or_refused(data: bytes, load, chosen: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    broken = bytearray(data[: chosen.draw(st.integers(10, len(data)))])
    for _ in range(chosen.draw(st.integers(0, 4))):
        broken[chosen.draw(st.integers(0, len(broken) - 1))] = chosen.draw(st.integers(0, 255))
    assert BytesIO(broken)
    try:
        loaded = load(bytes(broken))
    except DocumentError:
        return
    assert_holds_together(loaded)


HEADED = [
    "Fabric: Velvet\tDrop: short\tWidth to 120 cm: $149\tWidth to 180 cm: $199",
    "Fabric: Velvet\tDrop: long\tWidth to 120 cm: $195\tWidth to 180 cm: $279",
]


def test_a_sheet_that_is_hidden_is_no_text() -> None:
    data = xlsx(Lockers=[["All are locked."]], Salaries=[["Ines", 98765.0]])
    hidden = {
        "xl/workbook.xml": Archive(data)
        .read("xl/workbook.xml")
        .decode()
        .replace('"Salaries"', '"Salaries" state="hidden"')
    }  # type: ignore[union-attr]
    loaded = load_sheets(xlsx_with(hidden, Lockers=[["All are locked."]], Salaries=[["Ines", 98765.0]]))
    assert texts(loaded) == ["All are locked."]


def test_a_row_that_a_filter_hides_and_a_column_that_is_folded_are_text() -> None:
    rows = [["Crew", "Locker", "Size"], ["Coot", "L-158", 3.0], ["Godwit", "L-161", 2.5]]
    shown = xlsx(Lockers=rows)
    sheet = Archive(shown).read("xl/worksheets/sheet1.xml").decode()  # type: ignore[union-attr]
    folded = sheet.replace("<sheetData>", '<cols><col min="3" max="3" hidden="1" outlineLevel="1"/></cols><sheetData>')
    hidden = xlsx_with(
        {"xl/worksheets/sheet1.xml": folded.replace('<row r="3">', '<row r="3" hidden="1">')}, Lockers=rows
    )
    assert texts(load_sheets(hidden)) == texts(load_sheets(shown))
    assert "Crew: Godwit\tLocker: L-161\tSize: 2.5" in texts(load_sheets(hidden))


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        pytest.param('firstRow="1"', ["Room: Hall\tDegrees: 18", "Room: Office\tDegrees: 21"], id="set off"),
        pytest.param("", ["Room\tDegrees", "Hall\t18", "Office\t21"], id="as the others"),
    ],
)
def test_a_first_row_of_a_slide_that_is_set_off_names_two_columns(said: str, rows: list[str]) -> None:
    def row(*cells: str) -> str:
        return f"<a:tr>{''.join(f'<a:tc><a:p><a:r><a:t>{one}</a:t></a:r></a:p></a:tc>' for one in cells)}</a:tr>"

    inside = row("Room", "Degrees") + row("Hall", "18") + row("Office", "21")
    table = f"<p:graphicFrame><a:tbl><a:tblPr {said}/>{inside}</a:tbl></p:graphicFrame>"
    presented = archive(
        {
            "ppt/presentation.xml": f'<p:presentation {DRAWING}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": links(r1="slides/slide1.xml"),
            "ppt/slides/slide1.xml": slide(shape("Rooms", "title"), table),
        }
    )
    assert texts(load_pptx(presented)) == ["Rooms", *rows]


def test_merged_cells_of_a_slide_name_what_is_below_them() -> None:
    def cell(text: str, said: str = "") -> str:
        return f"<a:tc {said}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:tc>"

    rows = [
        cell("Fabric", 'rowSpan="2"') + cell("Drop", 'rowSpan="2"') + cell("Width", 'gridSpan="2"') + cell("", 'hMerge="1"'),
        cell("", 'vMerge="1"') + cell("", 'vMerge="1"') + cell("to 120 cm") + cell("to 180 cm"),
        cell("Velvet", 'rowSpan="2"') + cell("short") + cell("$149") + cell("$199"),
        cell("", 'vMerge="1"') + cell("long") + cell("$195") + cell("$279"),
    ]  # fmt: skip
    table = f"<p:graphicFrame><a:tbl>{''.join(f'<a:tr>{row}</a:tr>' for row in rows)}</a:tbl></p:graphicFrame>"
    presented = archive(
        {
            "ppt/presentation.xml": f'<p:presentation {DRAWING}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": links(r1="slides/slide1.xml"),
            "ppt/slides/slide1.xml": slide(shape("Curtains", "title"), table),
        }
    )
    loaded = load_pptx(presented)
    assert texts(loaded) == ["Curtains", *HEADED]
    assert_holds_together(loaded)


def test_merged_cells_of_an_opendocument_text_name_what_is_below_them() -> None:
    covered = "<table:covered-table-cell/>"

    def cell(text: str, said: str = "") -> str:
        return f"<table:table-cell {said}><text:p>{text}</text:p></table:table-cell>"

    down, over = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
    rows = [
        cell("Fabric", down) + cell("Drop", down) + cell("Width", over) + covered,
        '<table:covered-table-cell table:number-columns-repeated="2"/>' + cell("to 120 cm") + cell("to 180 cm"),
        cell("Velvet", down) + cell("short") + cell("$149") + cell("$199"),
        covered + cell("long") + cell("$195") + cell("$279"),
    ]
    body = f"<table:table>{''.join(f'<table:table-row>{row}</table:table-row>' for row in rows)}</table:table>"
    loaded = load_odt(odt(body))
    assert texts(loaded) == HEADED
    assert_holds_together(loaded)
