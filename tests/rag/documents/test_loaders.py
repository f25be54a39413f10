"""From bytes to text and blocks: decoding, Markdown, and what is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.context import display
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.formats import Kind, is_document
from rag.documents.reading import is_current, kind_read, load, read_document, revision_of
from rag.documents.roles import PARSER_VERSION
from rag.errors import DocumentError
from tests.rag.documents.making import paragraph, pdf

GERMAN = "Der Laden öffnet früh. Die Bücher gehören den Schülern, und Größe ist für müde Füße keine Frage. "


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("Grün – “ja”".encode(), id="UTF-8"),
        pytest.param("Grün – “ja”".encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param("Grün – “ja”".encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param("\ufeffGrün – “ja”".encode("utf-16-be"), id="UTF-16, big end first"),
        pytest.param("Grün – “ja”".encode("utf-32"), id="UTF-32 with a mark"),
    ],
)
def test_text_whose_encoding_is_certain_is_read_without_a_warning(data: bytes) -> None:
    assert decode(data) == ("Grün – “ja”", None)


def test_newlines_stay_as_they_are() -> None:
    assert decode(b"a\r\nb\rc\n") == ("a\r\nb\rc\n", None)


def test_text_in_a_western_code_page_is_read_with_a_warning() -> None:
    text, warning = decode((GERMAN * 20).encode("cp1252"))
    assert text == GERMAN * 20
    assert warning == "read as cp1252: the file does not say its encoding"


def test_text_in_another_code_page_is_detected_with_a_warning() -> None:
    russian = "Армия отступила из города, и жители вернулись в свои дома на следующий день. " * 20
    text, warning = decode(russian.encode("cp1251"))
    assert (text, warning) == (russian, "read as cp1251: the file does not say its encoding")


def test_what_fits_no_code_page_is_read_with_marks_in_place_of_what_does_not_fit() -> None:
    mixed = "Ünïcode ".encode() * 3 + b"\x81\x8d\x8f\x90\x9d" + b"plain words " * 3
    text, warning = decode(mixed)
    assert "plain words" in text
    assert warning is not None


def test_a_few_nul_characters_are_left_out_with_a_warning() -> None:
    data = b"A text with one \0in it. " + b"And more words. " * 20 + b"\0\0\0"
    parsed = read_document("documents/a.txt", data)
    assert parsed.document.text == data.decode().replace("\0", "")
    assert parsed.warning == "4 NUL characters were left out"
    assert [paragraph.text for paragraph in parsed.paragraphs] == [parsed.document.text.strip()]


SHORT = {
    "cp1252": "Der Wirt öffnet um neun, schließt früh und spült die Gläser selbst.",
    "mac_roman": "Le garçon a reçu une lettre de son frère aîné à l’étranger.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy, proto přijďte zítra v deset.",
    "cp1251": "Бассейн открыт с семи утра до десяти вечера.",
    "koi8_r": "Бассейн открыт с семи утра до десяти вечера.",
    "cp1253": "Το πηγάδι στον βορρά είναι πολύ βαθύ.",
    "cp1254": "Kuyudaki su çok soğuk, bu yüzden kışın içilmez ve ılık değildir.",
    "cp932": "図書室は平日の午前九時から午後六時まで開いています。",
    "euc_jp": "図書室は平日の午前九時から午後六時まで開いています。",
    "gb18030": "三号仓库的负责人是周敏,每天晚上九点关门。",
    "big5": "昨天晚上下雨,所以我們去了電影院。",
    "cp949": "어제 저녁에는 비가 와서 우리는 영화관에 갔습니다.",
    "utf-16-le": "图书馆在红色的房子里,每天早上开门。",
    "utf-16-be": "Бассейн открыт с семи утра.",
}


@pytest.mark.parametrize(("encoding", "text"), SHORT.items(), ids=list(SHORT))
def test_one_sentence_is_enough_to_tell_its_encoding(encoding: str, text: str) -> None:
    read, warning = decode(text.encode(encoding))
    assert read == text
    assert warning is not None and warning.endswith("the file does not say its encoding")


def test_the_line_that_tells_the_encoding_may_come_late() -> None:
    text = "Plain words of a long log that goes on and on.\n" * 5_000 + GERMAN
    assert decode(text.encode("cp1252"))[0] == text


def test_random_bytes_are_no_utf16() -> None:
    for seed in range(200):
        data = random.Random(seed).randbytes(200)
        with pytest.raises(DocumentError, match="looks like a binary file"):
            decode(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_that_can_be_stored_or_refused(data: bytes) -> None:
    try:
        text, _ = decode(data)
    except DocumentError:
        return
    assert "\0" not in text.encode().decode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b" \n\t\r\n", "the file is empty", id="white space"),
        pytest.param(b"\xef\xbb\xbf \n", "the file holds no text", id="only a mark"),
        pytest.param("\xa0\u2003".encode(), "the file holds no text", id="wide spaces"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "is a picture", id="a picture"),
        pytest.param(bytes(range(32)) * 20, "looks like a binary file", id="control characters"),
        pytest.param(b"PK\x03\x04" + b"\x00\x01\x02" * 400, "is damaged", id="an archive"),
        pytest.param(b"\xff\xfea", "begins as utf-16 but is not", id="half a character"),
    ],
)
def test_what_holds_no_text_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        read_document("documents/a.txt", data)


def test_an_unknown_ending_is_refused_with_what_can_be_read() -> None:
    with pytest.raises(DocumentError, match=r"\.exe: not a format that is read\. Ibid reads text, Markdown, PDF, Word"):
        read_document("documents/a.exe", b"text")
    assert is_document("A.TXT") and is_document("dir.x/b.md") and not is_document("a.exe") and not is_document("md")


def test_equal_bytes_have_equal_revisions() -> None:
    assert revision_of(b"a", name="a.md") == revision_of(b"a", name="b.txt") != revision_of(b"b", name="a.md")


def test_a_better_loader_of_one_format_makes_no_other_be_read_anew() -> None:
    assert revision_of(b"a", name="a.txt").startswith(f"{PARSER_VERSION}-")
    assert is_current(revision_of(b"a", name="a.pdf"), name="a.pdf")
    assert not is_current(revision_of(b"a", name="a.txt"), name="a.pdf")
    assert not is_current(f"{PARSER_VERSION}-{'0' * 64}-pdf0", name="a.pdf")
    assert is_current(f"{PARSER_VERSION}-{'0' * 64}", name="a.txt"), "as it was before there were other formats"


def test_a_file_is_read_anew_by_a_better_loader_of_what_it_is_whatever_it_is_called() -> None:
    data = pdf(paragraph("The valve is open."))
    for name in ("plan", "plan.txt"):
        revision = revision_of(data, name=name)
        assert kind_read(revision, name=name) is Kind.PDF and is_current(revision, name=name)
        assert not is_current(revision.replace("-pdf", "-pdf0"), name=name)
    assert kind_read(revision_of(b"The valve is open.", name="plan.md"), name="plan.md") is Kind.MARKDOWN


def test_what_rows_are_told_apart_by_differs_where_a_revision_does() -> None:
    revisions = {
        revision_of(data, name=name) for data in (b"a", b"b") for name in ("x.txt", "x.pdf", "x.csv", "x.jsonl")
    }
    assert len(revisions) == len({revision[:12] for revision in revisions}) == 8


def test_the_title_is_the_files_name_where_the_text_has_none() -> None:
    document = read_document("documents/hr/annual_leave.txt", b"you may take thirty days off each year.").document
    assert document.title == "annual leave"


MARKDOWN = """---
title: Pumps
author: Ann Lee
date: 2020-01-02
---

# Pumps and wells

First paragraph of the text,
wrapped by hand.

Setext heading
--------------

- one item
- another item

  with a second paragraph
  - a nested item

1. first
2. second

> A quotation.

| a | b |
|---|---|
| 1 | 2 |

```python
print("# no heading")
```

    indented code

<div>
html
</div>

***

### Deep

Last words here.
"""


def markdown(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    paragraphs = read_document("documents/a.md", text.encode()).paragraphs
    return [(display(p.text), p.role.value, p.heading) for p in paragraphs]


def test_sentences_over_a_rule_are_no_heading_and_a_heading_over_one_is() -> None:
    text = (
        "# Roles\n\nYou can delete a role.\n\n[NOTE]\n----\nWhat was made in a file can be neither edited nor deleted there.\n----\n\n"
        "Opening hours\n-------------\n\nWho may come in?\n---\n\n1. Go to Administration.\n"
    )
    assert markdown(text) == [
        ("# Roles", "title", ()),
        ("You can delete a role.", "body", ()),
        ("[NOTE]", "boilerplate", ()),
        ("----", "boilerplate", ()),
        ("What was made in a file can be neither edited nor deleted there.", "body", ()),
        ("----", "boilerplate", ()),
        ("Opening hours -------------", "heading", ()),
        ("Who may come in? ---", "heading", ()),
        ("1. Go to Administration.", "list", ("Who may come in?",)),
    ]


def test_markdown_blocks_have_the_roles_their_marks_give_them() -> None:
    assert markdown(MARKDOWN) == [
        ("--- title: Pumps author: Ann Lee date: 2020-01-02 ---", "body", ()),
        ("# Pumps and wells", "title", ()),
        ("First paragraph of the text, wrapped by hand.", "body", ()),
        ("Setext heading --------------", "heading", ()),
        ("- one item", "list", ("Setext heading",)),
        ("- another item", "list", ("Setext heading",)),
        ("with a second paragraph", "list", ("Setext heading", "another item")),
        ("- a nested item", "list", ("Setext heading", "another item")),
        ("1. first", "list", ("Setext heading",)),
        ("2. second", "list", ("Setext heading",)),
        ("> A quotation.", "body", ("Setext heading",)),
        ("| a | b | |---|---| | 1 | 2 |", "table", ("Setext heading",)),
        ('```python print("# no heading") ```', "body", ("Setext heading",)),
        ("indented code", "body", ("Setext heading",)),
        ("<div> html </div>", "body", ("Setext heading",)),
        ("***", "boilerplate", ("Setext heading",)),
        ("### Deep", "heading", ("Setext heading",)),
        ("Last words here.", "body", ("Setext heading", "Deep")),
    ]


def test_front_matter_says_title_author_and_date() -> None:
    document = read_document("documents/a.md", MARKDOWN.replace("# Pumps and wells\n", "").encode()).document
    assert (document.title, document.author, str(document.date)) == ("Pumps", "Ann Lee", "2020-01-02")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_markdown_is_the_same_under_every_newline(newline: str) -> None:
    assert markdown(MARKDOWN.replace("\n", newline)) == markdown(MARKDOWN)


def test_odd_line_breaks_inside_a_markdown_line_do_not_shift_the_offsets() -> None:
    text = "# A\n\none\x0btwo\u2028three\n\n## B\n\nfour\n"
    paragraphs = read_document("documents/a.md", text.encode()).paragraphs
    assert [p.text for p in paragraphs if p.role.value in ("title", "heading")] == ["# A", "## B"]


def test_readers_comments_in_markdown_are_comments() -> None:
    text = "# A walk\n\nThe article.\n\n## 2 Comments\n\nAnna says:\n\nI disagree.\n\nBo says:\n\nMe too.\n"
    paragraphs = read_document("documents/a.md", text.encode()).paragraphs
    assert [(p.text, p.role.value, p.speaker) for p in paragraphs][2:] == [
        ("## 2 Comments", "heading", None),
        ("Anna says:", "comment", "Anna"),
        ("I disagree.", "comment", "Anna"),
        ("Bo says:", "comment", "Bo"),
        ("Me too.", "comment", "Bo"),
    ]


def test_what_a_page_does_not_show_is_no_text_of_its_own_and_a_summary_is_a_heading() -> None:
    text = "# Bench\n\n<!-- the key hangs behind the door -->\n\n<details>\n<summary>Which lamp?</summary>\n\nA sodium lamp.\n\n</details>\n"
    roles = {shown: (role, path) for shown, role, path in markdown(text)}
    assert roles["<!-- the key hangs behind the door -->"][0] == "boilerplate"
    assert roles["<details> <summary>Which lamp?</summary>"][0] == "heading"
    assert roles["A sodium lamp."] == ("body", ("Which lamp?",))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("See <!-- the code is 4455 --> the porter.", "See the porter.", id="in a line"),
        pytest.param("See <!-- the code\nis 4455 --> the porter.", "See the porter.", id="over two lines"),
        pytest.param("See <!-- the code\n\nis 4455 --> the porter.", "See the porter.", id="over a blank line"),
        pytest.param("<!-- 4455 --> the porter.", " the porter.", id="in front of a line"),
        pytest.param("- Porter <!-- 4455 -->", "- Porter", id="in an item"),
        pytest.param("# Doors <!-- 4455 -->", "# Doors", id="in a heading"),
        pytest.param("Write `<!-- 4455 -->` for it.", "Write `<!-- 4455 -->` for it.", id="shown as code"),
        pytest.param("```html\n<b> <!-- 4455 -->\n```", "```html\n<b> <!-- 4455 -->\n```", id="in a block of code"),
        pytest.param("Open <!-- never ends", "Open <!-- never ends", id="without an end"),
    ],
)
def test_a_comment_in_a_line_of_markdown_is_no_text(source: str, text: str) -> None:
    assert load(source.encode(), name="a.md").text == text


def test_a_list_in_html_is_its_items_and_what_is_folded_away_ends_with_its_details() -> None:
    text = (
        "# Pumps\n\n<p>Who has keys:</p>\n<ul>\n<li>Only <b>Mo</b>.</li>\n<li>Nobody else.</li>\n</ul>\n\n"
        "<details><summary>Which oil?</summary>\nSAE 30.</details>\n<details>\n<summary>How often?</summary>\n\n"
        "Weekly.\n\n</details>\n\nThe rest is told by Mo.\n"
    )
    assert markdown(text) == [
        ("# Pumps", "title", ()),
        ("<p>Who has keys:</p> <ul>", "body", ()),
        ("<li>Only <b>Mo</b>.</li>", "list", ()),
        ("<li>Nobody else.</li> </ul>", "list", ()),
        ("<details><summary>Which oil?</summary>", "heading", ()),
        ("SAE 30.", "body", ("Which oil?",)),
        ("</details>", "boilerplate", ()),
        ("<details> <summary>How often?</summary>", "heading", ()),
        ("Weekly.", "body", ("How often?",)),
        ("</details>", "boilerplate", ()),
        ("The rest is told by Mo.", "body", ()),
    ]


def test_details_on_one_line_have_a_summary_and_what_it_opens() -> None:
    text = "<details><summary>Who has keys?</summary>\n<p>Only Mo.</p></details>\n\nMore.\n\n</details>\n"
    found = load(text.encode(), name="a.md")
    told = [(found.text[one.start : one.end].strip(), one.role) for one in found.blocks]
    assert told == [
        ("<details><summary>Who has keys?</summary>", "heading"),
        ("<p>Only Mo.</p>", "body"),
        ("</details>", "boilerplate"),
        ("More.", "body"),
        ("</details>", "boilerplate"),
    ]
