"""Documents as HTML: every letter in its place, exactly the cited ones marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsing import REORDERING, Element, Reader, read, shown

from rag.documents.left_out import LeftOut
from rag.documents.reading import read_document
from rag.domain import Paragraph, Passage, Ranks, Role, Source
from rag.index.records import FileStamp, Record
from rag.ingest import FileOutcome, Outcome, Progress, Report
from ui.web.folder import Indexing
from ui.web.introducing import Introduction
from ui.web.prose import Mark, paragraph_html
from ui.web.reading import (
    copies_html,
    empty_reader_html,
    gone_html,
    library_html,
    outcomes_html,
    reader_html,
)
from ui.web.welcome import welcome_html

ROOT = Path(__file__).parents[3]
FOLDER = "0123456789ab"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</mark></p></div>",
    "&lt;b&gt; &amp;",
    "\u202egnp.exe\u202c",
    "a\0b\x1b[31mc",
]
TEXTS = st.lists(
    st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4
).map("".join)
WORDS = TEXTS.filter(str.strip)


# --- marks


def expected(paragraph: Paragraph, marks: list[Mark]) -> list[tuple[str, str]]:
    """Every sign a reader sees, and whether it stands in a mark: letter by letter, as a citation means it."""
    signs = []
    for place, sign in enumerate(paragraph.text, start=paragraph.start):
        covering = [mark.current for mark in marks if mark.start <= place < mark.end]
        state = "hit" if any(covering) else "mark" if covering else ""
        signs += [(one, state) for one in shown(sign)]
    return signs


@given(
    TEXTS,
    st.integers(0, 100),
    st.lists(st.builds(Mark, st.integers(-5, 160), st.integers(-5, 160), st.booleans()), max_size=6),
)
@settings(max_examples=300)
def test_exactly_the_cited_letters_are_marked(text: str, start: int, marks: list[Mark]) -> None:
    paragraph = Paragraph(
        document_id="documents/a.md", number=1, text=text, start=start, end=start + len(text), role=Role.BODY
    )
    parsed = Reader(paragraph_html(paragraph, marks))
    assert parsed.signs == expected(paragraph, marks)
    assert {element.tag for element in parsed.root.all()} <= {"mark", "span"}


SEEDS = [
    paragraph
    for path in sorted((ROOT / "seeds").iterdir())
    for paragraph in read_document(f"documents/{path.name}", path.read_bytes()).paragraphs
]


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150)
def test_any_spans_of_the_seeds_are_marked_letter_by_letter(data: st.DataObject) -> None:
    paragraph = data.draw(st.sampled_from(SEEDS))
    places = st.integers(max(paragraph.start - 20, 0), paragraph.end + 20)
    marks = data.draw(st.lists(st.builds(Mark, places, places, st.booleans()), max_size=5))
    assert Reader(paragraph_html(paragraph, marks)).signs == expected(paragraph, marks)


def test_every_paragraph_of_the_seeds_and_pages_reads_as_it_stands() -> None:
    pages = sorted((ROOT / "tests" / "rag" / "documents" / "pages").glob("*.txt"))
    assert pages
    for path in pages:
        for paragraph in read_document(f"documents/{path.name}", path.read_bytes()).paragraphs:
            assert Reader(paragraph_html(paragraph, [])).root.text == shown(paragraph.text)


def test_where_spans_overlap_the_current_one_is_whole() -> None:
    paragraph = Paragraph(
        document_id="documents/a.md", number=1, text="One two three four.", start=100, end=119, role=Role.BODY
    )
    html = paragraph_html(paragraph, [Mark(100, 113), Mark(104, 118, current=True), Mark(108, 119)])
    root = read(html)
    assert root.text == paragraph.text
    assert "".join(one.text for one in root.all("hit")) == "two three four"
    assert next((one.text, one.classes) for one in root.all()) == ("One ", [])


# --- a document


def record(
    paragraphs: int,
    document_id: str = "documents/a.md",
    title: str = "A",
    revision: str = "",
    **more: object,
) -> Record:
    return Record(
        document_id=document_id,
        title=title,
        revision=revision or f"3-{document_id}",
        paragraphs=paragraphs,
        rows=paragraphs,
        stamp=FileStamp(size=1, modified_ns=1),
        **more,
    )  # type: ignore[arg-type]


def passages(first: int, last: int) -> list[Passage]:
    found = []
    for number in range(first, last + 1):
        text = f"This is number {number}."
        paragraph = Paragraph(
            document_id="documents/a.md",
            number=number,
            text=text,
            start=100 * number,
            end=100 * number + len(text),
            role=Role.BODY,
        )
        found.append(Passage(paragraph=paragraph, source=Source(title="A", revision="3-abc"), score=0.0, ranks=Ranks()))
    return found


@pytest.mark.parametrize(
    ("first", "last", "earlier", "later"),
    [(1, 5, None, 6), (4, 8, 3, 9), (6, 10, 5, None), (1, 10, None, None)],
)
def test_a_long_document_is_read_window_by_window(
    first: int, last: int, earlier: int | None, later: int | None
) -> None:
    page = read(reader_html(FOLDER, record(10), passages(first, last), first + 1, [], None))
    assert [one.attributes["id"] for one in page.all("para")] == [f"p{n}" for n in range(first, last + 1)]
    assert [one.text for one in page.all("text")] == [f"This is number {n}." for n in range(first, last + 1)]
    assert [one.attributes["id"] for one in page.all("target")] == [f"p{first + 1}"]
    more = {one.text: int(one.attributes["data-paragraph"]) for one in page.all("more")}
    named = {"Earlier paragraphs": earlier, "Later paragraphs": later}
    assert more == {name: number for name, number in named.items() if number is not None}


def test_marks_reach_over_the_borders_of_paragraphs() -> None:
    page = read(reader_html(FOLDER, record(3), passages(1, 3), 2, [Mark(108, 204), Mark(205, 207, current=True)], None))
    marked = [[one.text for one in para.all() if one.tag == "mark"] for para in page.all("para")]
    assert marked == [["number 1."], ["This", "is"], []]
    assert [one.text for one in page.all("hit")] == ["is"]


def test_every_paragraph_has_an_address_of_its_own() -> None:
    page = read(reader_html(FOLDER, record(3), passages(1, 3), 2, [], None))
    for number, link in enumerate(page.all("number"), start=1):
        assert link.text == f"¶{number}"
        assert parse_qs(link.attributes["href"].removeprefix("?")) == {
            "folder": [FOLDER],
            "document": ["documents/a.md"],
            "paragraph": [str(number)],
        }
    assert [int(one.attributes["data-paragraph"]) for one in page.all("choose")] == [1, 2, 3]


@pytest.mark.parametrize("speaker", ["Michael", None])
@pytest.mark.parametrize("role", list(Role))
def test_readers_captions_and_furniture_are_told_from_the_document(role: Role, speaker: str | None) -> None:
    paragraph = Paragraph(
        document_id="documents/a.md",
        number=1,
        text="I was there.",
        start=0,
        end=12,
        role=role,
        heading=(),
        page=None,
        speaker=speaker,
        time=speaker and "10:42",
    )
    page = read(
        reader_html(
            FOLDER,
            record(1),
            [Passage(paragraph=paragraph, source=Source(title="A", revision="3"), score=0.0, ranks=Ranks())],
            1,
            [],
            None,
        )
    )
    furniture = [] if speaker else ["page furniture"]  # a thumb in a chat is none
    badges = {Role.COMMENT: ["reader’s comment"], Role.CAPTION: ["caption"], Role.BOILERPLATE: furniture}
    assert [one.text for one in page.all("badge")] == badges.get(role, [])
    assert [one.text for one in page.all("speaker")] == (["Michael, 10:42"] if speaker else [])


@pytest.mark.slow
@given(WORDS, WORDS, WORDS, WORDS, st.none() | WORDS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_texts_of_a_document_make_no_element(
    title: str, author: str, text: str, speaker: str, notice: str | None
) -> None:
    def page(title: str, author: str, text: str, speaker: str, notice: str | None) -> Element:
        paragraph = Paragraph(
            document_id="documents/a.txt",
            number=1,
            text=text,
            start=0,
            end=len(text),
            role=Role.COMMENT,
            heading=(),
            page=None,
            speaker=speaker,
        )
        one = record(1, title=title, author=author, date=date(2015, 10, 8))
        return read(
            reader_html(
                FOLDER,
                one,
                [Passage(paragraph=paragraph, source=Source(title=title, revision="3"), score=0, ranks=Ranks())],
                1,
                [],
                notice,
            )
        )

    mine, plain = page(title, author, text, speaker, notice), page("x", "x", "x", "x", "x" if notice else None)

    def shape(page: Element) -> list[tuple[str, list[str]]]:
        return [(one.tag, sorted(one.attributes)) for one in page.all() if "hidden-sign" not in one.classes]

    assert shape(mine) == shape(plain)
    assert [one.text for one in mine.all() if one.tag == "h2"] == [shown(title)]
    assert mine.all("facts")[0].text.startswith(f"{shown(author)} · 8 October 2015 · 1 paragraph · a.md")
    assert mine.all("text")[0].text.endswith(f"{shown(speaker)} {shown(text)}")
    assert [one.text for one in mine.all("notice")] == ([shown(notice)] if notice else [])


@given(WORDS)
def test_a_document_that_is_gone_is_named(name: str) -> None:
    page = read(gone_html(f"documents/hr-{name.replace('/', '-')}.md"))
    assert f"hr-{shown(name.replace('/', '-'))}.md is not among your documents any more." in page.text
    assert len(page.all("hidden-sign")) == sum(ord(sign) in REORDERING for sign in name)


def test_an_empty_reader_says_what_opens_there() -> None:
    assert "Sources open here" in read(empty_reader_html()).text


# --- the list of documents


def names(count: int) -> list[Record]:
    return [record(n, f"documents/{n}.md", f"Number {n}") for n in range(1, count + 1)]


def test_the_list_has_a_box_for_each_document_and_one_for_all() -> None:
    """Which are ticked the page knows, from its conversation."""
    page = read(library_html(names(3), Indexing()))
    boxes = [one.attributes for one in page.all() if one.attributes.get("data-act") == "scope"]
    assert [box["data-document"] for box in boxes] == [f"documents/{n}.md" for n in (1, 2, 3)]
    assert not any("checked" in box for box in boxes)
    (every,) = page.all("asking")
    assert (every.text, every.attributes["data-total"]) == ("Asking all 3", "3")


def test_each_document_opens_at_its_beginning_and_tells_its_size() -> None:
    page = read(library_html([record(1_234, "documents/hr/leave.md", "Leave")], Indexing()))
    (button,) = page.all("open")
    assert (button.attributes["data-document"], button.attributes["data-paragraph"]) == ("documents/hr/leave.md", "1")
    assert [one.text for one in page.all("facts")] == ["hr/leave.md · 1,234 paragraphs"]


def test_the_list_and_the_source_say_where_the_same_file_lies_too() -> None:
    listed = [record(1, f"documents/{name}.md", revision="3-abc") for name in ("a", "b/copy", "c", "d", "e")]
    told = [one.text for one in read(library_html([*listed[:2], record(1, "documents/z.md")], Indexing())).all("facts")]
    assert told == ["a.md · 1 paragraph", "b/copy.md · 1 paragraph · the same file as a.md", "z.md · 1 paragraph"]
    assert copies_html([]) == ""
    assert read(copies_html(listed[1:2])).text == "The same file: b/copy.md"
    assert read(copies_html(listed[1:])).text == "The same file: b/copy.md, c.md, d.md and 1 more"


def test_only_uploads_can_be_deleted() -> None:
    listed = [record(1, "documents/a.md"), record(1, "uploads/b.md"), record(1, "documents/uploads/c.md")]
    page = read(library_html(listed, Indexing()))
    assert [one.attributes["data-document"] for one in page.all("remove")] == ["uploads/b.md"]
    assert [" · uploaded" in one.text for one in page.all("facts")] == [False, True, False]


@pytest.mark.slow
def test_a_long_list_says_how_many_more_there_are() -> None:
    assert read(library_html(names(2_000), Indexing())).all("more-documents") == []
    page = read(library_html(names(2_500), Indexing()))
    assert len(page.all("document")) == 2_000
    assert [one.text for one in page.all("more-documents")] == ["… and 500 more"]
    assert "Asking all 2,500" in page.text


def test_a_list_of_ten_can_be_filtered_by_name() -> None:
    for count, filters in ((0, 0), (9, 0), (10, 1), (300, 1)):
        page = read(library_html(names(count), Indexing()))
        assert [one.attributes["type"] for one in page.all("filter")] == ["search"] * filters


def test_a_list_of_nothing_has_nothing_to_tick() -> None:
    page = read(library_html([], Indexing()))
    assert page.all("document") == page.all("all") == []


def test_how_far_the_indexing_is_is_told() -> None:
    def told(indexing: Indexing) -> Element:
        return read(library_html(names(1), indexing))

    assert told(Indexing()).all("indexing") == []
    assert "Looking for changes …" in told(Indexing(running=True)).text
    page = told(Indexing(running=True, progress=Progress(1_200, 3_000, 45_678)))
    assert "1,200 of 3,000 files, 45,678 passages." in page.all("indexing")[0].text
    (bar,) = (one for one in page.all() if one.tag == "progress")
    assert (bar.attributes["value"], bar.attributes["max"]) == ("1200", "3000")
    (empty,) = (one for one in told(Indexing(running=True, progress=Progress(0, 0, 0))).all() if one.tag == "progress")
    assert int(empty.attributes["max"]) > 0
    assert [one.text for one in told(Indexing(problem="No room.")).all("problem")] == ["No room."]


@pytest.mark.slow
@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), st.dictionaries(WORDS, WORDS, max_size=3), WORDS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_could_not_be_read_is_listed_with_its_reason(
    failed: list[tuple[str, str]], uploads: dict[str, str], warning: str
) -> None:
    outcomes = (
        *(FileOutcome(f"documents/x{name.replace('/', '-')}", Outcome.FAILED, why) for name, why in failed),
        FileOutcome("documents/fine.md", Outcome.ADDED, "guessed"),
    )
    listed = [record(1, warning=warning)]
    page = read(
        library_html(
            listed, Indexing(report=Report(outcomes=outcomes, paragraphs_embedded=0, vectors_reused=0, seconds=0.0))
        )
        + outcomes_html(uploads)
    )
    assert [one.text for one in page.all("bad")] == [
        f"x{shown(name.replace('/', '-'))}: {shown(why)}" for name, why in failed
    ]
    told = [item.text for one in page.all("outcomes") for item in one.all() if item.tag == "li"]
    assert told == [f"{shown(name)}: {shown(said)}" for name, said in uploads.items()]
    assert [one.text for one in page.all("remark")] == [shown(warning)]
    assert [one.text.startswith(f"{len(failed)} not read") for one in page.all("failures")] == [True] * bool(failed)
    known = {"section", "div", "h2", "button", "label", "input", "ul", "li", "span", "details", "summary"}
    assert {one.tag for one in page.all()} <= known
    assert all(not name.startswith("on") for one in page.all() for name in one.attributes)


@pytest.mark.parametrize(
    ("text", "direction"),
    [("# القواعد", "rtl"), ("1921 – שלום, hello", "rtl"), ("Hello, שלום", "ltr"), ("1921", "ltr")],
)
def test_a_paragraph_runs_the_way_its_first_letter_does(text: str, direction: str) -> None:
    paragraph = Paragraph(document_id="documents/a.md", number=1, text=text, start=0, end=len(text), role=Role.BODY)
    passages = [Passage(paragraph=paragraph, source=Source(title="A", revision="3"), score=0, ranks=Ranks())]
    (shown_paragraph,) = read(reader_html(FOLDER, record(1), passages, 1, [], None)).all("para")
    assert shown_paragraph.attributes["dir"] == direction


def test_the_list_names_what_the_folder_leaves_out_and_why() -> None:
    left_out = (LeftOut("documents/photo.heic", "a picture"), LeftOut("documents/<b>.qqq", "an unknown format, .qqq"))
    report = Report(outcomes=(), paragraphs_embedded=0, vectors_reused=0, seconds=0.1, left_out=left_out)
    page = library_html([], Indexing(report=report))
    assert "2 files left out" in page and "photo.heic (a picture)" in page and "&lt;b&gt;.qqq" in page
    assert "left out" not in library_html([], Indexing(report=replace(report, left_out=())))


def test_the_welcome_names_what_the_folder_leaves_out_and_why() -> None:
    report = Report(
        outcomes=(), paragraphs_embedded=0, vectors_reused=0, seconds=0.1,
        left_out=(LeftOut("documents/photo.heic", "a picture"),),
    )  # fmt: skip
    page = welcome_html(FOLDER, "the documents", 3, Indexing(report=report), Introduction())
    assert "1 file left out" in page and "photo.heic (a picture)" in page
    assert "left out" not in welcome_html(FOLDER, "the documents", 3, Indexing(), Introduction())


def test_thirty_documents_are_listed_by_folder_and_fewer_are_not() -> None:
    names = [f"documents/{'hr/' if number % 2 else ''}{number}.md" for number in range(30)]
    page = read(library_html([replace(record(1), document_id=name) for name in names], Indexing()))
    assert [one.text for one in page.all() if one.tag == "summary"] == ["hr 15"]
    assert len(list(page.all("document"))) == 30
    assert "<details" not in library_html([replace(record(1), document_id=name) for name in names[1:]], Indexing())
