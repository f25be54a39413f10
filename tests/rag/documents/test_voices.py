"""Who speaks: headers, headings over comments, and where readers begin."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.blocks import text_blocks
from rag.documents.context import display
from rag.documents.loaders.html.loading import load_html
from rag.documents.reading import read_document
from rag.documents.roles import split_paragraphs
from rag.documents.signatures import is_signature
from rag.documents.voices import header_kind, header_name, is_comment_heading, is_quoted
from rag.domain import Paragraph, Role


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        pytest.param("Bettina says:", "says", "Bettina", id="says"),
        pytest.param("Rob K. (editor) replied on 3 May 2019", "says", "Rob K.", id="replied on a day"),
        pytest.param("Anneliese Weber sagt:", "says", "Anneliese Weber", id="German"),
        pytest.param("Bernd schrieb am 15.05.2020, 08:10:", "says", "Bernd", id="German with a date"),
        pytest.param("Posted by marlow_77 on Sun Mar 03, 2019", "posted", "marlow_77", id="posted by"),
        pytest.param("Posted by Ann on Monday", "posted", "Ann", id="a weekday is no part of the name"),
        pytest.param("Posted by user 7", "posted", "user 7", id="a number may be"),
        pytest.param("Response from Fellside Customer Care:", "posted", "Fellside Customer Care", id="response from"),
        pytest.param("From: Petra Lindqvist <petra@example.org>", "mail", "Petra Lindqvist", id="mail"),
        pytest.param('Date: today\nFrom: "Cora Whitby" <cw@x.y>', "mail", "Cora Whitby", id="mail, second line"),
        pytest.param("Oskar | 22 September 2020 at 07:10", "stamped", "Oskar", id="name and date"),
        pytest.param("lowcarb_lou · 3 days ago", "stamped", "lowcarb_lou", id="name and age"),
        pytest.param("Anna says: measure twice", None, None, id="a sentence that says"),
        pytest.param("The minister said:\n", "says", "The minister", id="prose that announces looks alike"),
        pytest.param("On Sunday he said the war was over.", None, None, id="reported speech"),
        pytest.param("12 Comments", None, None, id="a heading"),
        pytest.param("The army of the state of Syria said:", None, None, id="too many words for a name"),
        pytest.param("", None, None, id="nothing"),
    ],
)
def test_headers_that_say_who_speaks_next_are_told_from_sentences(
    text: str, kind: str | None, name: str | None
) -> None:
    assert (header_kind(text), header_name(text)) == (kind, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("9 Responses", True, id="responses"),
        pytest.param("5 thoughts on “Plum Dumplings”", True, id="thoughts on"),
        pytest.param("4 Kommentare zu „Warum“", True, id="German"),
        pytest.param("Comments (3)", True, id="count in brackets"),
        pytest.param("Letters to the editor", True, id="letters"),
        pytest.param("YOUR LETTERS", True, id="capitals"),
        pytest.param("Comments on the ladder", False, id="an article's own heading"),
        pytest.param("5 thoughts on a quiet border", False, id="an article's own list"),
        pytest.param("Reply to every letter", False, id="reply to"),
        pytest.param("9 soldiers", False, id="a count of something else"),
    ],
)
def test_headings_over_comments_are_told_from_an_articles_own(text: str, expected: bool) -> None:
    assert is_comment_heading(text) is expected


def test_quoted_lines_begin_with_an_angle_bracket() -> None:
    assert is_quoted("  > yes") and not is_quoted("a > b")


def speakers(text: str) -> list[tuple[str, str, str | None]]:
    found = split_paragraphs("documents/a.txt", text, text_blocks(text))
    return [(display(p.text), p.role.value, p.speaker) for p in found]


ARTICLE = "A Walk\n\nThe article says this.\n\n"


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        pytest.param(
            "2 Comments\n\nAnna says:\nI disagree.\n\nAnd I stay.\n\nBo says:\nMe too.",
            [("2 Comments", "heading", None), ("Anna says:", "comment", "Anna"),
             ("I disagree.", "comment", "Anna"),
             ("And I stay.", "comment", "Anna"), ("Bo says:", "comment", "Bo"), ("Me too.", "comment", "Bo")],
            id="each header names who follows",
        ),
        pytest.param(
            "2 Responses\n\n 1. I was there.\n Regards, Michael\n\n 2. I was not.",
            [("2 Responses", "heading", None), ("1. I was there. Regards, Michael", "comment", "Michael"),
             ("2. I was not.", "comment", None)],
            id="a signature names its own comment only",
        ),
        pytest.param(
            "3 Responses\n\n 1. First part.\n\n Second part.\n\n Cheers, Zoe\n\n Who is this?",
            [("3 Responses", "heading", None), ("1. First part.", "comment", "Zoe"),
             ("Second part.", "comment", "Zoe"), ("Cheers, Zoe", "comment", "Zoe"),
             ("Who is this?", "comment", None)],
            id="a signature reaches back to where its comment began, and no further on",
        ),
        pytest.param(
            "Comments\n\nAnna says:\nBo wrote:\n> It was late.\nIt was not.",
            [("Comments", "heading", None), ("Anna says:", "comment", "Anna"), ("Bo wrote:", "comment", "Bo"),
             ("> It was late.", "comment", "Bo"), ("It was not.", "comment", "Anna")],
            id="a quotation inside a comment is its author's",
        ),
        pytest.param(
            "1 Response\n\nAnna says:\nI came.\n\nRelated\n\nThe next article begins here and is long.",
            [("1 Response", "heading", None), ("Anna says:", "comment", "Anna"),
             ("I came.", "comment", "Anna"),
             ("Related", "boilerplate", None),
             ("The next article begins here and is long.", "comment", "Anna")],
            id="once readers speak they speak to the end",
        ),
        pytest.param(
            "    Dear Sir, the hedge was here first.\n\n    Yours, Abel\n\nThe article goes on.",
            [("Dear Sir, the hedge was here first.", "comment", "Abel"), ("Yours, Abel", "comment", "Abel"),
             ("The article goes on.", "body", None)],
            id="a letter set into an article ends with its indent",
        ),
        pytest.param(
            "★★★★★ Fine\nBy Jen on 2 October 2021\nIt fits.\n\n★★☆☆☆ Bad zip\nBy Di on 3 October 2021\nIt broke.",
            [("★★★★★ Fine", "comment", "Jen"), ("By Jen on 2 October 2021", "comment", "Jen"),
             ("It fits.", "comment", "Jen"), ("★★☆☆☆ Bad zip", "comment", "Di"),
             ("By Di on 3 October 2021", "comment", "Di"), ("It broke.", "comment", "Di")],
            id="reviews begin with stars",
        ),
    ],
)  # fmt: skip
def test_readers_are_named_where_the_page_names_them(below: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert speakers(ARTICLE + below)[2:] == expected


# --- names without a word beside them

NAMES = ["Rudi Kramer", "Maja Lindt", "Rudi K.", "J. R. Voss", "Ann-Marie O’Neil", "Maja", "pedalpusher", "user_77"]
SAID = ["The bridge is old", "It will cost two million, believe me.", "So true", "I counted 900 bikes.", "Who pays?"]
LAYOUTS = {
    "above, in text": lambda said: "\n\n".join(f"{name}\n\n{text}" for name, text in said),
    "above, in a line of its own": lambda said: "\n\n".join(f"{name}\n{text}" for name, text in said),
    "below, in text": lambda said: "\n\n".join(f"{text}\n\n{name}" for name, text in said),
    "below, with a dash": lambda said: "\n\n".join(f"{text}\n\n— {name}" for name, text in said),
    "below, over a place": lambda said: "\n\n".join(f"{text}\n\n{name}\nUpper Westmarch" for name, text in said),
    "numbered": lambda said: "\n\n".join(f"{i}. {text}\n\n{name}" for i, (name, text) in enumerate(said, 1)),
}
PAGES = {
    "a class": '<div class="comment"><p class="author">{}</p><p>{}</p></div>',
    "a class that nobody knows": '<div class="comment"><span class="user">{}</span><div>{}</div></div>',
    "a heading": '<article class="comment"><h4>{}</h4><p>{}</p></article>',
    "below": '<div class="comment"><p>{1}</p><p class="author">{0}</p></div>',
    "a blog's": (
        '<li class="comment"><div class="comment-author vcard"><cite class="fn">{}</cite> <span>says:</span></div>'
        '<div class="comment-content"><p>{}</p></div><div class="reply"><a>Reply</a></div></li>'
    ),
}
COMMENTS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SAID)), min_size=1, max_size=5)


def assert_nobody_gets_anothers_words(parsed: Sequence[Paragraph], said: list[tuple[str, str]]) -> None:
    """Each text is its own writer's or nobody's; `said` is in the order of the page."""
    texts = {text for _, text in said}
    found = [(p.text.splitlines()[-1], p.speaker) for p in parsed if p.role is Role.COMMENT]
    found = [(re.sub(r"^\d+\. ", "", text), speaker) for text, speaker in found]
    spoken = [(text, speaker) for text, speaker in found if text in texts]
    assert len(spoken) == len(said)
    for (text, speaker), (name, own) in zip(spoken, said, strict=True):
        assert text == own
        assert speaker is None or speaker.rstrip(".") == name.rstrip(".")


@pytest.mark.parametrize("layout", LAYOUTS)
@given(said=COMMENTS)
def test_no_reader_gets_the_words_of_another(layout: str, said: list[tuple[str, str]]) -> None:
    text = f"{ARTICLE}{len(said)} Comments\n\n{LAYOUTS[layout](said)}"
    assert_nobody_gets_anothers_words(split_paragraphs("documents/a.txt", text, text_blocks(text)), said)


@pytest.mark.parametrize("layout", PAGES)
@given(said=COMMENTS)
def test_no_reader_gets_the_words_of_another_on_a_page(layout: str, said: list[tuple[str, str]]) -> None:
    comments = "".join(PAGES[layout].format(name, text) for name, text in said)
    page = f"<h1>A Walk</h1><p>The article says this.</p><section id=comments><h2>{len(said)} Comments</h2>{comments}"
    loaded = load_html(page.encode())
    assert_nobody_gets_anothers_words(split_paragraphs("documents/a.html", loaded.text, loaded.blocks), said)


@pytest.mark.parametrize(
    "layout", ["above, in text", "below, in text", "below, with a dash", "below, over a place", "numbered"]
)
def test_bare_names_are_given_where_the_first_or_the_last_line_tells_which_side_they_stand_on(layout: str) -> None:
    said = [("Rudi Kramer", "The repair will cost two million."), ("Maja Lindt", "The detour is dangerous.")]
    text = f"{ARTICLE}2 Comments\n\n{LAYOUTS[layout](said)}"
    told = speakers(text)
    for name, words in said:
        assert [speaker for one, _, speaker in told if one.endswith(words)] == [name]


@pytest.mark.parametrize("layout", PAGES)
def test_names_are_given_on_a_page_whatever_marks_them(layout: str) -> None:
    said = [("Rudi Kramer", "The repair will cost two million."), ("Maja Lindt", "The detour is dangerous.")]
    comments = "".join(PAGES[layout].format(name, text) for name, text in said)
    loaded = load_html(f"<h1>A Walk</h1><p>So.</p><section id=comments><h2>2 Comments</h2>{comments}".encode())
    parsed = split_paragraphs("documents/a.html", loaded.text, loaded.blocks)
    assert [(p.text, p.speaker) for p in parsed if p.text in dict(map(reversed, said))] == [
        (text, name) for name, text in said
    ]
    assert {p.speaker for p in parsed if p.role is not Role.COMMENT} == {None}


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        pytest.param('<li class="comment"><cite class="fn">Bo Berg</cite><p>Me too.</p></li>', "Bo Berg", id="named"),
        pytest.param('<li class="comment"><p>Me too.</p></li>', None, id="nameless"),
        pytest.param("<li><p>Me too.</p></li>", "Ann Lee", id="a list of her own"),
    ],
)
def test_a_reply_inside_a_comment_is_its_own_writers(inner: str, expected: str | None) -> None:
    page = (
        '<h1>A Walk</h1><p>So.</p><section id=comments><ul><li class="comment"><cite class="fn">Ann Lee</cite>'
        f"<p>It was June.</p><ul>{inner}</ul></li></ul></section>"
    )
    loaded = load_html(page.encode())
    said = {p.text: p.speaker for p in split_paragraphs("documents/a.html", loaded.text, loaded.blocks)}
    assert (said["It was June."], said["Me too."]) == ("Ann Lee", expected)


FENCED = (
    "```yaml\nname: build\non: push\n```\n\nThen run it.\n\n```yaml\nname: deploy\nuser: ci\n```\n\nIt takes a minute."
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.md", FENCED, id="code in Markdown"),
        pytest.param("a.md", "---\nauthor: Ann Lee\n---\n\n# Pumps\n\nThe pump is old.\n\nauthor: author\n\nIt is.\n\nauthor: author\n\nSo.", id="front matter"),
        pytest.param("a.md", "Each item displays:\n\n* Name: Name of the item\n* User: Who made it\n* Name: Its owner\n\nMore of it.", id="bullets"),
        pytest.param("a.md", "It is done in steps:\n\n1. Find the data.\n2. Marshal response.\n3. Snappy compress.\n\n9. Anything else.", id="numbered steps"),
        pytest.param("a.md", "Releases:\n\n* 2.0.0 (7 years ago)\n* 2.18.0 (4 years ago)\n\nThe next one is near.", id="versions"),
        pytest.param("a.txt", "Notes\n\nIt fell.\n\nbalance at march 31 2008 | 168\nbalance at march 31 2009 | 170\n\nbalance at may 2 2010 | 180\nbalance at june 3 2010 | 190\n\nIt rose.", id="rows with dates"),
        pytest.param("a.txt", "Results\n\nIt fell.\n\nDiscussion\n\nThe data support it in three ways.\n\nThey may be wrong.\n\nSupporting Information\n\nTable 3.", id="a paper"),
        pytest.param("a.yaml", "name: web\nuser: ci\n\nname: worker\nuser: ci\n\nkind: job\n", id="settings"),
        pytest.param("a.json", '[{"name": "Ann", "age": 3}, {"name": "Bo", "age": 4}]', id="records"),
        pytest.param("a.csv", "name,user\nAnn,ann1\nBo,bo2\n", id="rows"),
    ],
)  # fmt: skip
def test_nobody_speaks_in_code_settings_data_and_lists(name: str, text: str) -> None:
    parsed = read_document(f"documents/{name}", text.encode()).paragraphs
    assert {p.role for p in parsed} & {Role.COMMENT} == set()
    assert {p.speaker for p in parsed} == {None}


def test_an_unsigned_letter_is_not_signed_by_a_name_further_down() -> None:
    text = f"{ARTICLE}    Dear Sir, the hedge was here first.\n\nThe article goes on.\n\nHelen Strand\n\nMore of it."
    assert ("Dear Sir, the hedge was here first.", "comment", None) in speakers(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Comments on the ladder\n\nWe both asked for it.", id="a heading that only begins like one"),
        pytest.param("Comments\n\nThe ladder was praised by all.", id="nobody speaks below it"),
        pytest.param("Anna says:\nmeasure twice.\n\nSo we measured.", id="one header alone"),
        pytest.param("1. Old does not mean right.\n\n2. Right does not mean now.", id="a numbered list"),
    ],
)
def test_an_articles_own_words_are_not_given_to_readers(text: str) -> None:
    found = split_paragraphs("documents/a.txt", ARTICLE + text, text_blocks(ARTICLE + text))
    assert Role.COMMENT not in {paragraph.role for paragraph in found}


@pytest.mark.parametrize("heading", ["2 Comments", "Comments (2)", "Comments", "2 Responses"])
@pytest.mark.parametrize("button", ["Reply\n\n", "\n"], ids=["with buttons", "without"])
def test_a_name_over_a_date_opens_a_comment(heading: str, button: str) -> None:
    text = (
        f"Keeping a sourdough\n\nBy Eleanor Webb\n\nI keep the jar by the window.\n\n{heading}\n\n"
        f"breadgirl\nSeptember 3, 2021 at 8:14 am\nIt died after ten days.\n{button}"
        f"Dimitri K.\nSeptember 3, 2021 at 11:40 am\nCold favours the lactobacilli.\n{button}"
    )
    spoken = {p.text: (p.role, p.speaker) for p in split_paragraphs("documents/a.txt", text, text_blocks(text))}
    assert spoken["I keep the jar by the window."] == (Role.BODY, None)
    assert spoken["It died after ten days."] == (Role.COMMENT, "breadgirl")
    assert spoken["Cold favours the lactobacilli."] == (Role.COMMENT, "Dimitri K.")


@pytest.mark.parametrize(
    ("sentence", "is_one"),
    [
        ("Regards, Michael", True),
        ("Viele Grüße, Jutta", True),
        ("— Anna Berg", True),
        ("Thanks to the army the road is open.", False),
        ("Best of all is the old city.", False),
        ("I visited twice last year.", False),
    ],
)
def test_a_sign_off_is_told_from_a_sentence(sentence: str, is_one: bool) -> None:
    assert is_signature(sentence) is is_one
