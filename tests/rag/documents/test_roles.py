"""From a text to numbered paragraphs with roles: the two seeds block by block, and what holds for every input."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from rag.documents.blocks import text_blocks
from rag.documents.context import display
from rag.documents.reading import read_document
from rag.documents.roles import MAX_PARAGRAPH, cut, split_paragraphs
from rag.domain import Block, Document, Paragraph, Role

Within = Callable[[float], AbstractContextManager[None]]

ROOT = Path(__file__).parents[3]
JUAN_COLE, EPOCH_TIMES = "000_8ce4b84d20215b01.txt", "003_92a89446f71c2985.txt"

# First words and role of each block, in order; the heading path and the speaker where there is one.
JUAN_COLE_BLOCKS = [
    ("In Rare Victory, Syrian Army breaks ISIL siege", "title", (), None),
    ("By Juan Cole | (Informed Comment) | – –", "byline", (), None),
    ("The extensive Russian bombing campaign in support", "body", (), None),
    ("Before the war, Aleppo was a city of 4 million", "body", (), None),
    ("The leftist Lebanese newspaper al-Safir reports", "body", (), None),
    ("Meantime, a food convoy is making its way", "body", (), None),
    ("The army now aims to relieve the military airport", "body", (), None),
    ("Daesh launched a fierce attack on the pivotal", "body", (), None),
    ("At the same time, the Syrian Arab Army", "body", (), None),
    ("The remaining rebel corridor north of Homs", "body", (), None),
    ("The relief of West Aleppo is an important", "body", (), None),
    ("Related video:", "boilerplate", (), None),
    ("PressTV: “Exclusive: Syria army reopens Aleppo", "boilerplate", (), None),
    ("9 Responses", "heading", (), None),
    ("1. One piece of information on Homs.", "comment", ("9 Responses", "1"), "Michael"),
    ("2. It would appear that the Russians are", "comment", ("9 Responses", "2"), None),
    ("3. Hardly a rare victory. In fact", "comment", ("9 Responses", "3"), None),
    ("Depending on the “Syrian Observatory for Human", "comment", ("9 Responses", "3"), None),
    ("4. while reading i was already wondering", "comment", ("9 Responses", "4"), None),
    ("5. Now that the SAA has secured", "comment", ("9 Responses", "5"), None),
    ("The SAA can’t do that themselves", "comment", ("9 Responses", "5"), None),
    ("They aren’t willing to make that move yet", "comment", ("9 Responses", "5"), None),
    ("a) The USA insists that the YPG strike", "comment", ("9 Responses", "5"), None),
    ("b) The Turks are rattling their sabers", "comment", ("9 Responses", "5"), None),
    ("The Kurds therefore need an assurance", "comment", ("9 Responses", "5"), None),
    ("The USA is unwilling to do that", "comment", ("9 Responses", "5"), None),
    ("But they soon will be.", "comment", ("9 Responses", "5"), None),
    ("That’s why the push to relieve the siege", "comment", ("9 Responses", "5"), None),
    ("That’s also why Obama has made", "comment", ("9 Responses", "5"), None),
    ("• interesting speculation. but before they cut", "comment", ("9 Responses", "5"), None),
    ("6. Cool, I think Russia is now", "comment", ("9 Responses", "6"), None),
    ("• Nick I think the Russians are a long", "comment", ("9 Responses", "6"), None),
    ("I’m glad we are sitting this one out.", "comment", ("9 Responses", "6"), None),
    ("Comments are closed.", "boilerplate", ("9 Responses",), None),
]
EPOCH_TIMES_BLOCKS = [
    ("Russian Airstrikes Pave Way for Syrian Regime’s", "title", (), None),
    ("October 18, 2015 Updated: October 19, 2015", "byline", (), None),
    ("After several false starts and scares", "body", (), None),
    ("Control of Aleppo has been divided among", "body", (), None),
    ("For over a year, Aleppo’s rebel-controlled", "body", (), None),
    ("Prior to the civil war, Aleppo was considered", "body", (), None),
    ("On Oct. 18, Syrian activists with the Syrian", "body", (), None),
    ("The rubble of building and destroyed vehicles", "caption", (), None),
    ("The rubble of building and destroyed vehicles", "caption", (), None),
    ("According to the activists, “military experts”", "body", (), None),
    ("Also on Sunday, an Iraqi Shiite militia", "body", (), None),
    ("Soleimani has been crucial “in organizing", "body", (), None),
    ("Likely buoyed by Russian air support", "body", (), None),
    ("“Every one of the brothers I know has gone", "body", (), None),
    ("Three weeks ago, Russia entered the Syrian war", "body", (), None),
    ("Human rights observers see Russia’s involvement", "body", (), None),
    ("The U.S. Defense Department said Russian", "body", (), None),
    ("“I haven’t seen any indications that the Assad", "body", (), None),
    ("He added that Russian airstrikes are “reckless”", "body", (), None),
    ("On Sunday, Russian Prime Minister Dmitry", "body", (), None),
    ("“The president [Vladimir Putin] said this", "body", (), None),
]


def read_seed(name: str) -> tuple[Document, tuple[Paragraph, ...]]:
    parsed = read_document(f"documents/{name}", (ROOT / "seeds" / name).read_bytes())
    assert parsed.warning is None
    return parsed.document, parsed.paragraphs


def plain(text: str) -> tuple[Paragraph, ...]:
    return split_paragraphs("documents/a.txt", text, text_blocks(text))


def roles(text: str) -> list[tuple[str, str]]:
    return [(display(paragraph.text), paragraph.role.value) for paragraph in plain(text)]


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        pytest.param(JUAN_COLE, JUAN_COLE_BLOCKS, id="Juan Cole, with readers' comments"),
        pytest.param(EPOCH_TIMES, EPOCH_TIMES_BLOCKS, id="Epoch Times, with a caption that stands twice"),
    ],
)
def test_each_block_of_the_seeds_has_its_role(
    name: str, blocks: list[tuple[str, str, tuple[str, ...], str | None]]
) -> None:
    _, paragraphs = read_seed(name)
    found = [
        (display(p.text)[: len(words)], p.role.value, p.heading, p.speaker)
        for p, (words, *_) in zip(paragraphs, blocks, strict=True)
    ]
    assert found == blocks


def test_the_seeds_say_their_title_author_and_date() -> None:
    article, _ = read_seed(JUAN_COLE)
    report, _ = read_seed(EPOCH_TIMES)
    assert (article.title, article.author, article.date) == (
        "In Rare Victory, Syrian Army breaks ISIL siege of West Aleppo",
        "Juan Cole",
        None,
    )
    assert report.title == "Russian Airstrikes Pave Way for Syrian Regime’s Advance on Aleppo"
    assert report.author is None
    assert report.date is not None and report.date.isoformat() == "2015-10-18"


def test_who_was_present_is_no_title() -> None:
    text = "Present: Ann Berg (chair), Bo Lund\nExcused: Cy Moor\n\nAnn opens the meeting at ten. The roof is mended first."
    found = read_document("documents/weekly.txt", text.encode())
    assert found.document.title == "weekly"


def test_an_item_that_reads_like_a_button_is_an_item_beside_others() -> None:
    services = b"# Services\n\n- billing\n- login\n- privacy register\n- search\n\nSubscribe to our letter\n"
    found = [(one.text, one.role) for one in read_document("documents/services.md", services).paragraphs]
    assert [text for text, role in found if role is Role.LIST] == [
        "- billing",
        "- login",
        "- privacy register",
        "- search",
    ]
    assert found[-1][1] is Role.BOILERPLATE


def test_the_caption_that_stands_twice_is_two_equal_paragraphs() -> None:
    _, paragraphs = read_seed(EPOCH_TIMES)
    first, second = (paragraph for paragraph in paragraphs if paragraph.role is Role.CAPTION)
    assert first.text == second.text and first.end < second.start


def test_nothing_below_the_responses_of_the_seed_is_the_articles_own_voice() -> None:
    _, paragraphs = read_seed(JUAN_COLE)
    below = paragraphs[[p.text for p in paragraphs].index("9 Responses") + 1 :]
    assert {paragraph.role for paragraph in below} == {Role.COMMENT, Role.BOILERPLATE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "One line that was wrapped by hand after some sixty characters\nand goes on here.\n\nTwo.",
            [
                (
                    "One line that was wrapped by hand after some sixty characters and goes on here.",
                    "body",
                ),
                ("Two.", "body"),
            ],
            id="a hard-wrapped block is one paragraph",
        ),
        pytest.param(
            "A" * 130 + ".\n" + "B" * 130 + ".",
            [("A" * 130 + ".", "body"), ("B" * 130 + ".", "body")],
            id="unwrapped lines are paragraphs",
        ),
        pytest.param(
            "FIRE AND EVACUATION\nMain site. Fire officer: Ann Lee, extension 240.\nVersion 8, June 2025\n\nThe bell rings.\n",
            [
                ("FIRE AND EVACUATION", "title"),
                ("Main site. Fire officer: Ann Lee, extension 240. Version 8, June 2025", "body"),
                ("The bell rings.", "body"),
            ],
            id="a headline in capitals is none of what stands below it",
        ),
        pytest.param(
            "The pilot keeps the log of the harbour in the [tower](https://example.org/"
            + "a" * 80
            + ")\nand signs it.",
            [
                (
                    "The pilot keeps the log of the harbour in the [tower](https://example.org/"
                    + "a" * 80
                    + ") and signs it.",
                    "body",
                )
            ],
            id="an address that is longer than a line ends no paragraph",
        ),
        pytest.param(
            "The pilot of the harbour keeps " + "very " * 20 + "old logs in the tower\nand signs them.",
            [("The pilot of the harbour keeps " + "very " * 20 + "old logs in the tower and signs them.", "body")],
            id="no paragraph begins in the middle of a sentence",
        ),
        pytest.param(
            "We need:\n- eggs\n- milk\n",
            [("We need:", "body"), ("- eggs", "list"), ("- milk", "list")],
            id="list items",
        ),
        pytest.param(
            "Do this.\n\n1.\tPeel them.\n2.\tCook them.\n",
            [("Do this.", "body"), ("1. Peel them.", "list"), ("2. Cook them.", "list")],
            id="a tab after the number makes no table",
        ),
        pytest.param(
            "Take these.\n\n80 g butter\n100 g flour\n1 egg\n\nMix them well, please.",
            [("Take these.", "body"), ("80 g butter 100 g flour 1 egg", "list"), ("Mix them well, please.", "body")],
            id="amounts in short lines are a list",
        ),
        pytest.param(
            "Sales rose.\n\nYear\tUnits\n2019\t12\n2020\t14\n\nThey fell.",
            [("Sales rose.", "body"), ("Year Units 2019 12 2020 14", "table"), ("They fell.", "body")],
            id="tabs between cells make a table",
        ),
        pytest.param(
            "Hedges\n======\n\nIt rained all day long.",
            [("Hedges ======", "title"), ("It rained all day long.", "body")],
            id="an underlined title",
        ),
        pytest.param(
            "The Hedge Book\n\nIt rained.\n\nWhat followed\n\nThe sun shone.",
            [
                ("The Hedge Book", "title"),
                ("It rained.", "body"),
                ("What followed", "heading"),
                ("The sun shone.", "body"),
            ],
            id="a short line without an end mark is a heading",
        ),
        pytest.param(
            "水壶说明书\n\n每月用白醋除垢一次。\n\n保修期为两年。\n\nनियम\n\nतंबू सुनील लाएगा।\n\nचूल्हा लाल है।",
            [
                ("水壶说明书", "title"),
                ("每月用白醋除垢一次。", "body"),
                ("保修期为两年。", "body"),
                ("नियम", "heading"),
                ("तंबू सुनील लाएगा।", "body"),
                ("चूल्हा लाल है।", "body"),
            ],
            id="a sentence between blank lines is no heading, whatever its full stop looks like",
        ),
        pytest.param(
            "How to Plant a Small Hedge\n\nWendell Marsh\n30 October 2014\n\nIt rained.",
            [
                ("How to Plant a Small Hedge", "title"),
                ("Wendell Marsh", "byline"),
                ("30 October 2014", "byline"),
                ("It rained.", "body"),
            ],
            id="a bare name over a date is a byline",
        ),
        pytest.param(
            "Please call before noon.\n\nOpening hours\n\nMonday to Friday, from nine.",
            [
                ("Please call before noon.", "body"),
                ("Opening hours", "title"),
                ("Monday to Friday, from nine.", "body"),
            ],
            id="a whole sentence above the title stays the document's",
        ),
        pytest.param(
            "A Walk\n\nA long sentence that fills the line and says it all at last.\nReply\n",
            [
                ("A Walk", "title"),
                ("A long sentence that fills the line and says it all at last.", "body"),
                ("Reply", "boilerplate"),
            ],
            id="a button under a full line is no part of the sentence",
        ),
        pytest.param("* * *\n\nIt rained.", [("* * *", "boilerplate"), ("It rained.", "body")], id="ornaments"),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\t\r\n\xa0", [], id="white space"),
    ],
)
def test_plain_text_is_split_at_what_people_mean_as_a_break(text: str, expected: list[tuple[str, str]]) -> None:
    assert roles(text) == expected


def test_headings_lead_to_what_stands_below_them() -> None:
    text = "# One\n\nAlpha text.\n\n## Two\n\nBeta text.\n\n# Three\n\nGamma text.\n"
    paragraphs = read_document("documents/a.md", text.encode()).paragraphs
    assert [(display(p.text), p.heading) for p in paragraphs] == [
        ("# One", ()),
        ("Alpha text.", ()),
        ("## Two", ()),
        ("Beta text.", ("Two",)),
        ("# Three", ()),
        ("Gamma text.", ("Three",)),
    ]


def test_text_that_no_block_covers_becomes_a_paragraph_of_its_own() -> None:
    text = "Left out. Named here. Left out too."
    found = split_paragraphs("documents/a.md", text, [Block(start=10, end=21, role=Role.CAPTION)])
    assert [(p.text, p.role) for p in found] == [
        ("Left out.", Role.BODY),
        ("Named here.", Role.CAPTION),
        ("Left out too.", Role.BODY),
    ]


def test_blocks_that_overlap_are_told_apart() -> None:
    text = "One two three"
    found = split_paragraphs(
        "documents/a.md", text, [Block(start=0, end=7, role=Role.LIST), Block(start=4, end=13, role=Role.CAPTION)]
    )
    assert [(p.text, p.role) for p in found] == [("One two", Role.LIST), ("three", Role.CAPTION)]


def test_a_paragraph_too_long_is_cut_at_a_sentence_end() -> None:
    text = "a" * 2_500 + ". " + "B" * 2_500 + "."
    assert [(span.start, span.end) for span in cut(text, 4_000)] == [(0, 2_501), (2_502, 5_003)]


def test_a_sentence_too_long_is_cut_at_white_space_and_a_word_too_long_anywhere() -> None:
    assert [span.of("aaaa bbbb cccc") for span in cut("aaaa bbbb cccc", 10)] == ["aaaa bbbb", "cccc"]
    assert [span.of("a" * 25) for span in cut("a" * 25, 10)] == ["a" * 10, "a" * 10, "a" * 5]


ODD_LINES = [
    "", " ", "\t", "\xa0", "\u200b", "\x00", "•", "• item", "1. first", "2) second", "a) letter", "> quoted",
    ">> twice", "Anna says:", "9 Responses", "Comments", "Regards, Michael", "From: Anna <a@b.c>",
    "Posted by Bo on 3 May 2019",
    "★★★★★ Fine", "a\tb\tc", "| a | b |", "| --- | --- |", "# Head", "### Deep", "Head\n====", "---", "***", "```",
    "~~~ python", "    code", "- item", "  - nested", "<div>", "</div>", "<!-- note -->", "[x]: http://y", "title: Foo",
    "By Ann Lee", "May 3, 2019", "Reply", "By Ann Lee, 3 May 2019 and more", "   Dear Sir,", "敵は逃げた。",
    "word " * 900, "x" * 4_100, "A sentence. " * 400,
]  # fmt: skip
NEWLINES = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\n\n", "\r\n\r\n", "\n \n"]
SEED_LINES = [
    line
    for path in [*sorted((ROOT / "seeds").glob("*.txt")), *sorted((ROOT / "tests/rag/documents/pages").glob("*.txt"))]
    for line in path.read_text(encoding="utf-8").splitlines()
]
LINES = st.sampled_from(ODD_LINES) | st.sampled_from(SEED_LINES) | st.text(max_size=30)
COMMENT = regex.compile(r" ?<!--.*?-->", regex.DOTALL)
CONTROLS = regex.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
TEXTS = st.text() | st.lists(st.tuples(LINES, st.sampled_from(NEWLINES)), max_size=25).map(
    lambda pairs: "".join(line + newline for line, newline in pairs)
)


def check_promises(text: str, paragraphs: tuple[Paragraph, ...]) -> None:
    assert [paragraph.number for paragraph in paragraphs] == list(range(1, len(paragraphs) + 1))
    end = 0
    for paragraph in paragraphs:
        assert text[paragraph.start : paragraph.end] == paragraph.text
        between = text[end : paragraph.start].strip()
        assert not between or (paragraph.speaker or paragraph.time or " ") in between, "only who speaks lies between"
        assert 0 < len(paragraph.text) <= MAX_PARAGRAPH
        assert paragraph.text == paragraph.text.strip()
        assert paragraph.speaker is None or paragraph.role in (Role.COMMENT, Role.BODY, Role.BOILERPLATE)
        end = paragraph.end
    assert text[end:].strip() == "", "nothing is lost at the end"


@given(TEXTS)
def test_paragraphs_of_any_plain_text_are_its_slices_and_lose_nothing(text: str) -> None:
    paragraphs = plain(text)
    check_promises(text, paragraphs)
    assert paragraphs == plain(text), "splitting is deterministic"


@given(TEXTS.map(lambda text: CONTROLS.sub("", text)), st.booleans())
def test_paragraphs_of_any_markdown_are_its_slices_and_lose_nothing(text: str, has_front_matter: bool) -> None:
    text = f"---\ntitle: A\n---\n{text}" if has_front_matter else f"x\n{text}"
    data = text.encode(errors="replace")
    parsed = read_document("documents/a.md", data)
    document, paragraphs = parsed.document, parsed.paragraphs
    # Nobody who reads the page sees a comment; those inside a line are left out of the text.
    assert COMMENT.sub("", document.text) == COMMENT.sub("", text.removeprefix("\ufeff"))
    check_promises(document.text, paragraphs)
    assert parsed.warning is None
    assert read_document("documents/a.md", data) == parsed, "reading is deterministic"


@given(TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from([None, *Role])), max_size=6))
def test_whatever_blocks_a_loader_names_the_paragraphs_keep_their_promises(
    text: str, named: list[tuple[int, int, Role | None]]
) -> None:
    blocks = [Block(start=min(a, b, len(text)), end=min(max(a, b), len(text)), role=role) for a, b, role in named]
    paragraphs = split_paragraphs("documents/a.md", text, blocks)
    check_promises(text, paragraphs)


@given(st.lists(st.sampled_from([line for line in SEED_LINES if line.strip()]), min_size=1, max_size=12))
@example(["2 Answers"])
def test_whatever_stands_below_counted_responses_is_never_the_documents_own(lines: list[str]) -> None:
    text = "A Title\n\nThe article says this.\n\n9 Responses\n\n  1. First!\n\n" + "\n\n".join(lines)
    below = plain(text)[3:]
    assert {paragraph.role for paragraph in below} <= {Role.COMMENT, Role.BOILERPLATE, Role.HEADING}


SIZE = 200_000


@pytest.mark.parametrize("ending", ["txt", "md"])
@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Hello there World. " * (SIZE * 10 // 19), id="one line of 2 MB"),
        pytest.param("a" * SIZE * 10, id="one word of 2 MB"),
        pytest.param("a" + " " * SIZE * 10 + "b", id="2 MB of spaces inside a line"),
        pytest.param("   Hello there you.\n\n" * (SIZE // 20), id="indented paragraphs"),
        pytest.param("   Dear Sir,\n\n" + "   foo\n\n" * (SIZE // 8), id="a letter without end"),
        pytest.param("9 Responses\n\n1. A. \n\n" + "hello friend\n\n" * (SIZE // 14), id="a comment without end"),
        pytest.param("Comments\n\n  foo\n\n" + "foo\n\n" * (SIZE // 5), id="comments without a name"),
        pytest.param("hello\n" * (SIZE // 6), id="equal lines"),
        pytest.param("> hello\n" * (SIZE // 8), id="quoted lines"),
        pytest.param("a | b | c\n" * (SIZE // 10), id="rows"),
        pytest.param((" " * 5_000 + "a\n") * 20, id="lines of 5,000 spaces"),
        pytest.param(("-" * 5_000 + "a\n") * 20, id="lines of 5,000 dashes"),
        pytest.param(("a. " * 5_000 + "\n") * 20, id="lines of 5,000 short sentences"),
        pytest.param(("*" * 299 + "\n\n") * 200, id="lines of ornaments"),
        pytest.param(("A.'@- " * 25 + "\n\n") * 200, id="lines that are nearly names"),
        pytest.param("---\n" + "\n" * 3_900 + "---\nfoo", id="front matter of empty lines"),
        pytest.param("[" * SIZE, id="brackets without end"),
        pytest.param("# a" + " " * 3_900 + "b\n", id="a heading with a wide gap"),
    ],
)
def test_long_or_hostile_texts_take_no_quadratic_time(text: str, ending: str, within: Within) -> None:
    with within(20.0):  # 5 on a busy machine; what is quadratic takes hours
        read_document(f"documents/a.{ending}", text.encode())
