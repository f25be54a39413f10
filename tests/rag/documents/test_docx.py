"""Word documents: what a reader of the printed page sees, in its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.docx.loading import load_docx
from rag.errors import DocumentError
from tests.rag.documents.making import STRICT_WORD, WORD, archive, assert_holds_together, docx, p, texts, told

STYLES = (
    '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="H2"><w:name w:val="Kapitel"/><w:basedOn w:val="H1"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="H2"/></w:style>'
    '<w:style w:styleId="C"><w:name w:val="caption"/></w:style>'
    '<w:style w:styleId="Toc"><w:name w:val="toc 1"/></w:style>'
)


def style(name: str) -> str:
    return f'<w:pStyle w:val="{name}"/>'


@pytest.mark.parametrize("namespace", [WORD, STRICT_WORD], ids=["transitional", "strict"])
def test_styles_give_roles_and_levels_whatever_they_are_based_on(namespace: str) -> None:
    body = (
        p("Wells", style("T")) + p("Contents 3", style("Toc")) + p("Pumps", style("H1")) + p("Seals", style("Mine"))
        + p("The seal leaks.") + p("Figure 1: the seal", style("C")) + p("Own level", '<w:outlineLvl w:val="3"/>')
    )  # fmt: skip
    loaded = load_docx(docx(body, namespace=namespace, styles=STYLES))
    assert told(loaded) == [
        ("title", "Wells"), ("boilerplate", "Contents 3"), ("heading", "Pumps"), ("heading", "Seals"),
        ("body", "The seal leaks."), ("caption", "Figure 1: the seal"), ("heading", "Own level"),
    ]  # fmt: skip
    assert [block.level for block in loaded.blocks] == [0, 0, 1, 2, 0, 0, 4]
    assert_holds_together(loaded)


def level(number: int, form: str, text: str, start: int = 1) -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'


NUMBERING = (
    f'<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.")}{level(1, "lowerLetter", "%1%2)")}{level(2, "upperRoman", "%3:")}</w:abstractNum>'
    f'<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "-")}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
)


def item(text: str, depth: int = 0, number: int = 1) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


def test_list_numbers_are_counted_as_word_counts_them() -> None:
    body = (
        item("Close the valve") + item("by hand", 1) + item("at night", 1) + item("with care", 2) + p("Then wait.")
        + item("Drain the tank") + item("by pump", 1) + item("a spanner", number=2) + item("Seventh", number=3) + item("Eighth", number=3)
    )  # fmt: skip
    assert texts(load_docx(docx(body, numbering=NUMBERING))) == [
        "1. Close the valve", "1a) by hand", "1b) at night", "I: with care", "Then wait.",
        "2. Drain the tank", "2a) by pump", "• a spanner", "7. Seventh", "8. Eighth",
    ]  # fmt: skip


def test_a_table_row_is_a_block_and_nested_tables_stand_in_their_cell() -> None:
    inner = f"<w:tbl><w:tr><w:tc>{p('inside')}</w:tc></w:tr></w:tbl>"
    deleted = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{p('gone')}</w:tc></w:tr>"
    body = f"<w:tbl><w:tr><w:tc>{p('Crew')}</w:tc><w:tc>{p('Lock')}{p('er')}</w:tc></w:tr>{deleted}<w:tr><w:tc>{p('Coot')}</w:tc><w:tc>{inner}</w:tc></w:tr></w:tbl>"
    assert told(load_docx(docx(body))) == [("table", "Crew\tLock er"), ("table", "Coot\tinside")]


def test_what_was_deleted_is_left_out_and_what_was_inserted_is_kept() -> None:
    run = '<w:r><w:t xml:space="preserve">{}</w:t></w:r>'
    body = (
        f"<w:p>{run.format('The pump ')}<w:del><w:r><w:delText>old </w:delText></w:r></w:del>"
        f"<w:ins>{run.format('new ')}</w:ins><w:moveFrom>{run.format('gone ')}</w:moveFrom>"
        f"<w:r><w:instrText>HYPERLINK secret</w:instrText></w:r>{run.format('runs.')}</w:p>"
    )
    assert texts(load_docx(docx(body))) == ["The pump new runs."]


def test_runs_that_are_hidden_are_left_out() -> None:
    run = '<w:r><w:rPr><w:vanish{}/></w:rPr><w:t xml:space="preserve">{}</w:t></w:r>'
    body = f"<w:p>{run.format('', 'secret ')}{run.format(chr(32) + 'w:val=' + chr(34) + '0' + chr(34), 'The pump runs.')}</w:p>"
    assert texts(load_docx(docx(body))) == ["The pump runs."]


@pytest.mark.parametrize(
    ("look", "rows"),
    [
        pytest.param(
            '<w:tblLook w:firstRow="1"/>', ["Room: Hall\tDegrees: 18", "Room: Office\tDegrees: 21"], id="said"
        ),
        pytest.param(
            '<w:tblLook w:val="04A0"/>', ["Room: Hall\tDegrees: 18", "Room: Office\tDegrees: 21"], id="in bits"
        ),
        pytest.param('<w:tblLook w:firstRow="0"/>', ["Room\tDegrees", "Hall\t18", "Office\t21"], id="denied"),
        pytest.param("", ["Room\tDegrees", "Hall\t18", "Office\t21"], id="unsaid"),
    ],
)
def test_a_first_row_that_is_set_off_names_two_columns(look: str, rows: list[str]) -> None:
    def row(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{p(one)}</w:tc>' for one in cells)}</w:tr>"

    inside = row("Room", "Degrees") + row("Hall", "18") + row("Office", "21")
    assert texts(load_docx(docx(f"<w:tbl><w:tblPr>{look}</w:tblPr>{inside}</w:tbl>"))) == rows
    labels = row("Tenant", "Ms Yusuf") + row("Landlord", "Kirchweg GmbH") + row("Rent", "1,140 EUR")
    told = texts(load_docx(docx(f"<w:tbl><w:tblPr>{look}</w:tblPr>{labels}</w:tbl>")))
    assert told == ["Tenant\tMs Yusuf", "Landlord\tKirchweg GmbH", "Rent\t1,140 EUR"]


def test_a_text_box_comes_once_and_after_its_paragraph() -> None:
    box = f"<w:txbxContent>{p('In the box.')}</w:txbxContent>"
    both = f"<mc:AlternateContent><mc:Choice><wps:txbx>{box}</wps:txbx></mc:Choice><mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback></mc:AlternateContent>"
    body = f"<w:p><w:r><w:t>Before </w:t></w:r><w:r>{both}</w:r><w:r><w:t>and after.</w:t></w:r></w:p>{p('Next.')}"
    assert texts(load_docx(docx(body))) == ["Before and after.", "In the box.", "Next."]


def test_notes_follow_behind_their_numbers_and_comments_are_their_writers() -> None:
    body = '<w:p><w:r><w:t>The pump runs.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = f'<w:footnote w:id="0" w:type="separator">{p("-")}</w:footnote><w:footnote w:id="2">{p("Since May.")}</w:footnote>'
    comments = f'<w:comment w:id="0" w:author="Ann Lee">{p("Does it?")}</w:comment>'
    loaded = load_docx(docx(body, footnotes=notes, comments=comments))
    assert told(loaded) == [("body", "The pump runs.[2]"), ("body", "[2] Since May."), ("comment", "Does it?")]
    assert loaded.blocks[-1].speaker == "Ann Lee"


def test_raised_numbers_are_told_from_those_before_them() -> None:
    body = (
        "<w:p><w:r><w:t>10</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>-6</w:t></w:r>"
        "<w:r><w:t> m, on the 4</w:t></w:r><w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>th</w:t></w:r></w:p>"
    )
    assert texts(load_docx(docx(body))) == ["10⁻⁶ m, on the 4th"]


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        pytest.param(f"<m:sSup><m:e>{run('10')}</m:e><m:sup>{run('6')}</m:sup></m:sSup>", "10^6", id="a power"),
        pytest.param(f"<m:sSub><m:e>{run('x')}</m:e><m:sub>{run('n+1')}</m:sub></m:sSub>", "x_(n+1)", id="an index"),
        pytest.param(f"<m:f><m:fPr/><m:num>{run('a+b')}</m:num><m:den>{run('2')}</m:den></m:f>", "(a+b)/2", id="a fraction"),
        pytest.param(f"<m:rad><m:radPr/><m:deg/><m:e>{run('x+y')}</m:e></m:rad>", "√(x+y)", id="a root"),
        pytest.param(f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>{run('a')}</m:e><m:e>{run('b')}</m:e></m:d>", "[a, b]", id="brackets"),
        pytest.param(f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{run('k=1')}</m:sub><m:sup>{run('n')}</m:sup><m:e>{run('k')}</m:e></m:nary>", "∑_(k=1)^n k", id="a sum"),
    ],
)  # fmt: skip
def test_formulas_stand_on_one_line(formula: str, line: str) -> None:
    math = f'<m:oMath xmlns:m="urn:math">{formula}</m:oMath>'
    body = f"<w:p><w:r><w:t xml:space='preserve'>It is </w:t></w:r>{math}<w:r><w:t>.</w:t></w:r></w:p>"
    assert texts(load_docx(docx(body))) == [f"It is {line}."]


def test_headers_and_footers_are_left_out() -> None:
    assert texts(load_docx(docx(p("Text."), header1=p("Secret draft"), footer1=p("Page 1")))) == ["Text."]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(docx(p("Text."))[:200], "is damaged: it ends early", id="cut off"),
        pytest.param(
            archive({"word/other.xml": "<a/>"}), "is damaged: word/document.xml is missing", id="no main part"
        ),
        pytest.param(archive({"word/document.xml": "no xml"}), "is damaged: its XML cannot be read", id="no XML"),
        pytest.param(archive({"word/document.xml": "<document/>"}), "is damaged: its text is missing", id="no body"),
    ],
)
def test_a_damaged_document_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        load_docx(data)


def test_entities_are_not_expanded() -> None:
    bomb = (
        '<!DOCTYPE a [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;">]>'
        + f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Safe.&b;</w:t></w:r></w:p></w:body></w:document>'
    )
    assert texts(load_docx(archive({"word/document.xml": bomb}))) == ["Safe."]


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="<>&\ufffe\uffff"), max_size=40)


@given(st.lists(st.tuples(st.sampled_from(["p", "row", "item"]), TEXT, TEXT), max_size=12))
def test_every_text_is_kept_and_stands_together(parts: list[tuple[str, str, str]]) -> None:
    made = {
        "p": lambda one, other: p(one),
        "item": lambda one, other: item(one),
        "row": lambda one, other: f"<w:tbl><w:tr><w:tc>{p(one)}</w:tc><w:tc>{p(other)}</w:tc></w:tr></w:tbl>",
    }
    loaded = load_docx(docx("".join(made[kind](one, other) for kind, one, other in parts), numbering=NUMBERING))
    assert_holds_together(loaded)
    words = " ".join(loaded.text.split())
    for kind, one, other in parts:
        assert " ".join(one.split()) in words
        assert kind != "row" or " ".join(other.split()) in words


def test_a_document_that_grows_while_it_is_read_says_so() -> None:
    names = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    main = (
        f'<!DOCTYPE w:document [<!ENTITY a0 "lol">{names}]><w:document xmlns:w="{WORD}"><w:body><w:p><w:r>'
        "<w:t>&a9;</w:t></w:r></w:p></w:body></w:document>"
    )
    with pytest.raises(DocumentError, match="too deep or too large"):
        load_docx(archive({"word/document.xml": main}))
