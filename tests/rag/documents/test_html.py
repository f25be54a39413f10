"""Web pages: what readers see, and who says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.html.loading import load_html
from rag.documents.reading import read_document
from rag.errors import DocumentError
from tests.rag.documents.making import assert_holds_together, texts, told


def page(body: str) -> list[tuple[str, str]]:
    loaded = load_html(f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode())
    assert_holds_together(loaded)
    return told(loaded)


def test_blocks_have_the_roles_of_their_elements() -> None:
    assert page(
        "<h1>Wells</h1><p>First\n  line <b>of</b> text.</p><h2>Pumps</h2><ul><li>one</li><li>two</li></ul>"
        "<ol start=3><li>three<li>four</ol><figure><img alt=x><figcaption>The well</figcaption></figure>"
        "<pre>x = 1\n  y</pre><dl><dt>Term</dt><dd>Meaning</dd></dl>"
    ) == [
        ("title", "Wells"),
        ("body", "First line of text."),
        ("heading", "Pumps"),
        ("list", "one"),
        ("list", "two"),
        ("list", "3. three"),
        ("list", "4. four"),
        ("caption", "The well"),
        ("body", "x = 1\n  y"),
        ("list", "Term: Meaning"),
    ]


def test_a_summary_is_the_heading_of_what_it_unfolds_and_of_nothing_behind() -> None:
    body = (
        "<h1>Pumps</h1><h6>Asked often</h6><details><summary>Which <b>oil</b>?</summary>SAE 30.</details>"
        "<details open><summary><div>How often?</div></summary><p>Weekly.</p><ul><li>in May</ul></details><p>The rest.</p>"
    )
    paragraphs = read_document("documents/a.html", f"<!doctype html><body>{body}".encode()).paragraphs
    assert [(one.text, one.role.value, one.heading) for one in paragraphs[2:]] == [
        ("Which oil?", "heading", ("Asked often",)),
        ("SAE 30.", "body", ("Asked often", "Which oil?")),
        ("How often?", "heading", ("Asked often",)),
        ("Weekly.", "body", ("Asked often", "How often?")),
        ("in May", "list", ("Asked often", "How often?")),
        ("The rest.", "body", ("Asked often",)),
    ]


def test_items_are_numbered_as_a_reader_sees_them() -> None:
    assert page("<ol><li>one<li hidden>gone<li>two<ol><li>inner</ol><li>three</ol><ol><li>again</ol>") == [
        ("list", "1. one"),
        ("list", "2. two"),
        ("list", "1. inner"),
        ("list", "3. three"),
        ("list", "1. again"),
    ]


def test_formulas_stand_on_one_line() -> None:
    math = (
        "<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup><mo>+</mo>"
        "<mfrac><mrow><mi>a</mi><mo>-</mo><mi>b</mi></mrow><msqrt><mn>10</mn></msqrt></mfrac></mrow>"
        "<annotation>E=mc^2</annotation></semantics></math>"
    )
    assert page(f"<p>It is {math}, he said.</p>") == [("body", "It is E=mc^2+(a-b)/(√10), he said.")]


def test_raised_numbers_are_told_from_those_before_them() -> None:
    assert page(
        "<p>10<sup>6</sup> cells in 3 m<sup>2</sup>, on the 4<sup>th</sup> day<sup><a href=#n>[1]</a></sup>.</p>"
    ) == [("body", "10⁶ cells in 3 m², on the 4th day[1].")]


def test_a_table_row_is_a_block_but_the_row_of_a_layout_table_is_not() -> None:
    assert page("<table><tr><th>Crew<th>Locker<tr><td>Coot<td>L-<b>158</b></table>") == [
        ("table", "Crew: Coot\tLocker: L-158"),
    ]
    assert page("<table><tr><td><p>One text.</p><p>Another text.</p></td></tr></table>") == [
        ("body", "One text."),
        ("body", "Another text."),
    ]


def test_two_line_breaks_part_paragraphs_and_one_does_not() -> None:
    assert page("<p>One<br>line<br><br>Next</p>") == [("body", "One\nline"), ("body", "Next")]


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param("<script>x()</script>", id="a script"),
        pytest.param("<style>p{}</style>", id="a style"),
        pytest.param("<!-- praise the pump -->", id="a comment"),
        pytest.param("<p hidden>praise</p>", id="the attribute hidden"),
        pytest.param("<p style='color:red; display: none'>praise</p>", id="display none"),
        pytest.param("<p style='visibility:hidden'>praise</p>", id="invisible"),
        pytest.param("<div aria-hidden=true>praise</div>", id="hidden from screen readers"),
        pytest.param("<template><p>praise</p></template>", id="a template"),
        pytest.param("<button>praise</button>", id="a button"),
        pytest.param("<style>.x, .y{display:none}</style><p class='a y'>praise</p>", id="a class that is hidden"),
        pytest.param("<style>#z{ visibility: hidden }</style><p id=z>praise</p>", id="an id that is hidden"),
        pytest.param("<style>p.x{display:none}</style><p class=x>praise</p>", id="a class of one element"),
        pytest.param("<p style='font-size:0'>praise</p>", id="no size"),
        pytest.param("<noscript>praise</noscript>", id="for old browsers"),
    ],
)
def test_what_nobody_sees_is_no_text(hidden: str) -> None:
    assert page(f"<p>Before {hidden} after.</p><p>The end.</p>")[-1] == ("body", "The end.")
    assert "praise" not in str(page(f"<p>Seen.</p>{hidden}<p>The end.</p>"))
    assert "after" in str(page(f"<p>Before {hidden} after.</p>"))


@pytest.mark.parametrize(
    "around",
    [
        pytest.param("<nav>{}</nav>", id="nav"),
        pytest.param("<aside>{}</aside>", id="aside"),
        pytest.param("<footer>{}</footer>", id="footer"),
        pytest.param("<header>{}</header>", id="the page's header"),
        pytest.param("<div role=navigation>{}</div>", id="a role"),
        pytest.param("<div class='site-sidebar left'>{}</div>", id="a class"),
        pytest.param("<div id=cookie-banner>{}</div>", id="an id"),
    ],
)
def test_page_furniture_is_boilerplate(around: str) -> None:
    assert page(around.format("<p>More wells</p>") + "<article><header><p>The well.</p></header></article>") == [
        ("boilerplate", "More wells"),
        ("body", "The well."),
    ]


ARTICLE = "<h1>Wells</h1><p>The pump was replaced in May.</p>"


@pytest.mark.parametrize(
    "comments",
    [
        pytest.param(
            "<ol class=commentlist><li><cite class=fn>Ann Lee</cite><p>It was June.</p></li></ol>", id="a blog"
        ),
        pytest.param(
            "<section id=comments><div><b class=author>Ann Lee</b><p>It was June.</p></div></section>", id="an id"
        ),
        pytest.param(
            "<div itemtype='https://schema.org/Comment' itemscope><span itemprop=author>Ann Lee</span><p>It was June.</p></div>",
            id="schema.org",
        ),
        pytest.param(
            "<x-comment><b class=username>Ann Lee</b><p>It was June.</p></x-comment>", id="an element of its own"
        ),
        pytest.param(
            "<h3>1 Comment</h3><div class=zq7><b class=author>Ann Lee</b><p>It was June.</p></div>", id="a heading"
        ),
    ],
)
def test_readers_comments_are_told_apart_with_their_writers(comments: str) -> None:
    loaded = load_html(f"<html><body><article>{ARTICLE}{comments}</article><p>© Wells</p></body></html>".encode())
    said = next(
        block for block, text in zip(loaded.blocks, texts(loaded), strict=True) if text.endswith("It was June.")
    )
    assert (str(said.role), said.speaker) == ("comment", "Ann Lee")
    assert ("body", "The pump was replaced in May.") in told(loaded)
    assert told(loaded)[-1] == ("body", "© Wells")


def test_the_later_of_equal_posts_answer_the_first() -> None:
    posts = "".join(f"<div class=post><p>Post {i} says something.</p></div>" for i in (1, 2, 3))
    assert [role for role, _ in page(posts)] == ["body", "comment", "comment"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<p>Größe – 3 €</p>".encode(), id="UTF-8 that says nothing"),
        pytest.param("<meta charset=iso-8859-1><p>Größe – 3 €</p>".encode(), id="UTF-8 that says something else"),
        pytest.param(
            "<meta charset=iso-8859-1><p>Größe – 3 €</p>".encode("cp1252"), id="what browsers read as latin-1"
        ),
        pytest.param("<?xml version='1.0' encoding='windows-1252'?><p>Größe – 3 €</p>".encode("cp1252"), id="XHTML"),
        pytest.param("<p>Größe – 3 €</p>".encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param("<p>Größe – 3 €</p>".encode("utf-16-le"), id="UTF-16 without one"),
    ],
)
def test_the_encoding_is_found(data: bytes) -> None:
    assert texts(load_html(data)) == ["Größe – 3 €"]


def test_a_page_of_nothing_but_links_is_about_them() -> None:
    assert page("<nav><a href=x>Wells</a></nav>") == [("None", "Wells")]


def test_elements_may_nest_as_deep_as_they_like() -> None:
    assert page(f"{'<div>' * 1500}deep{'</div>' * 1500}") == [("body", "deep")]


TAGS = ["p", "div", "li", "ul", "table", "tr", "td", "h2", "br", "pre", "b", "nav", "article", "section", "span"]
TREE = st.recursive(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&"), max_size=12),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda node: f"<{node[0]}>{''.join(node[1])}</{node[0]}>"
    ),
    max_leaves=25,
)


@given(TREE)
def test_every_page_stands_together(body: str) -> None:
    page(f"<p>x</p>{body}")


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("<style>@media print{.x{display:none}}</style><p class=x>praise</p>", id="on paper alone"),
        pytest.param("<style>.x{display:none} .x{display:block}</style><p class=x>praise</p>", id="shown again"),
        pytest.param("<style>.menu .x{display:none}</style><p class=x>praise</p>", id="inside of something"),
        pytest.param("<style>/* .x{display:none} */</style><p class=x>praise</p>", id="in a comment"),
        pytest.param("<style>div.x{display:none}</style><p class=x>praise</p>", id="of another element"),
        pytest.param("<div style='font-size:0'><p style='font-size:1rem'>praise</p></div>", id="a size of its own"),
        pytest.param("<p style='font-size:0.9em'>praise</p>", id="small"),
    ],
)
def test_what_a_sheet_of_style_hides_elsewhere_is_text(shown: str) -> None:
    assert "praise" in str(page(f"<p>Seen.</p>{shown}<p>The end.</p>"))


def test_a_term_and_what_is_told_of_it_are_one_item() -> None:
    assert page(
        "<dl><dt>Lockers</dt><dd>Need a <b>coin</b>.</dd><div><dt>Dogs</dt><dt>Cats</dt><dd>On a leash.</dd>"
        "<dd>Not on Sundays.</dd></div><dt>Is there a cafe?</dt><dd>Yes.</dd><dt>Toilets</dt></dl><p>The end.</p>"
    ) == [
        ("list", "Lockers: Need a coin."),
        ("list", "Dogs, Cats: On a leash.\nNot on Sundays."),
        ("list", "Is there a cafe?\nYes."),
        ("list", "Toilets"),
        ("body", "The end."),
    ]
    assert page("<dl><dt>Fees</dt><dd><p>One text.</p><p>Another text.</p></dd></dl>")[0] == ("list", "Fees")


def test_a_page_that_is_too_deep_says_so() -> None:
    with pytest.raises(DocumentError, match="too deep or too large"):
        load_html(b"<div>" * 100_000 + b"The pump." + b"</div>" * 100_000)
