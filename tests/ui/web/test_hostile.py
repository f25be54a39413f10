"""Documents, names and conversations that try to be more than text: all of it is shown, none of it does anything."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import ROOT, Chat, Visitor, squeezed
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, expect

FOLDER = """"><img src=x onerror="window.PWNED='folder'"> ${window.PWNED=1} 'x"""
SCRIPT = "\"><script>window.PWNED='name'<script>.md"
HANDLER = '\' onmouseover=\'window.PWNED=1\' " onfocus="window.PWNED=2" autofocus x=".txt'
LINKS, MARKS, ORDER = "links.md", "marks.txt", "order.txt"
DOCUMENTS = {
    SCRIPT: (
        "# \"><script>window.PWNED='title'</script> Zephyr Ledger ${window.PWNED=1} {{window.PWNED=1}}\n\n"
        "The zephyr ledger was stolen by <script>window.PWNED='body'</script> a clerk named Orsolya "
        '<img src=x onerror="window.PWNED=\'image\'"> on a Tuesday <svg onload="window.PWNED=1"> in March.\n'
    ),
    HANDLER: (
        "\" onmouseover=\"window.PWNED='attribute'\" x=\"\n\n"
        "The brass pelican of Tartu was sold for forty crowns </mark></p></div></section><iframe "
        "srcdoc=\"<script>parent.PWNED='frame'</script>\"></iframe> to a baker named Villem.\n"
    ),
    LINKS: (
        "# Of Links\n\n"
        "The copper lighthouse of Narva was painted by [Kersti](javascript:window.PWNED=1) in a single night, "
        "see ![a picture](http://127.0.0.1:9/pixel.png) and <a href=\"javascript:window.PWNED=2\">this</a> and "
        "[that](http://127.0.0.1:9/that) and <http://127.0.0.1:9/auto>.\n"
    ),
    MARKS: (
        "Of Marks\n\n"
        "The walnut organ of Viljandi has exactly nine hundred pipes [1] and a bell [[1]](#cite:x), "
        "as ${window.PWNED='dollar'} {{constructor.constructor('window.PWNED=1')()}} <% window.PWNED=1 %> says.\n"
    ),
    ORDER: (
        "Of Order\n\n"
        "The silver gate of Haapsalu was opened by \u202eecila\u202c the mason \u2066and\u2069 her \u202bson\u202c in spring.\n"
    ),
}  # fmt: skip
ASKED = {
    SCRIPT: "Who stole the zephyr ledger?",
    HANDLER: "For how much was the brass pelican of Tartu sold?",
    LINKS: "Who painted the copper lighthouse of Narva?",
    MARKS: "How many pipes does the walnut organ of Viljandi have?",
    ORDER: "Who opened the silver gate of Haapsalu?",
}
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")

# Nothing in the page stands for more than text: no handler, no foreign address, no element that loads or runs.
HARMLESS = """() => {
    const wrong = window.PWNED === undefined ? [] : ['ran: ' + window.PWNED];
    for (const node of document.querySelectorAll('#masthead *, #desk *')) {
        if (node.matches('script, iframe, object, embed, img, base, meta, link, style')) wrong.push(node.outerHTML);
        for (const { name, value } of node.attributes) {
            if (name.startsWith('on') || /^\\s*javascript:/i.test(value)) wrong.push(name + '=' + value);
        }
        const address = node.matches('a[href]') ? node.href : node.src;
        if (typeof address === 'string' && address && !address.startsWith(location.origin + '/')) wrong.push(address);
    }
    return wrong;
}"""


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("hostile")
    (base / FOLDER).mkdir()
    for name, text in DOCUMENTS.items():
        (base / FOLDER / name).write_text(text, encoding="utf-8")
    with Chat(base / "home", base / FOLDER) as chat:
        yield chat.wait_until_read()


@pytest.fixture
def visitor(visit: Any, hostile: Chat) -> Iterator[Visitor]:
    come: Visitor = visit(hostile)
    yield come
    assert come.page.evaluate(HARMLESS) == []


def shown(text: str) -> str:
    """As the page shows text: signs that turn the reading around stand there by number."""
    return squeezed(REORDERING.sub(lambda found: f"U+{ord(found.group()):04X}", text))


def test_names_and_titles_are_shown_as_they_are(visitor: Visitor) -> None:
    for name in DOCUMENTS:
        expect(visitor.document(name)).to_have_count(1)
    titles = visitor.library.locator(".title")
    expect(
        titles.filter(has_text="<script>window.PWNED='title'</script> Zephyr Ledger ${window.PWNED=1}")
    ).to_have_count(1)
    expect(visitor.page.locator(".welcome h2")).to_have_text(squeezed(f"Ask the documents in “{FOLDER}”"))
    expect(visitor.page.locator(".switch summary")).to_have_text(squeezed(FOLDER))
    visitor.page.locator(".switch summary").click()
    expect(visitor.page.locator(".folders")).to_contain_text(squeezed(FOLDER))


@pytest.mark.parametrize("name", list(DOCUMENTS), ids=["script", "handler", "links", "marks", "order"])
def test_what_a_document_says_is_shown_word_for_word(visitor: Visitor, name: str) -> None:
    text = DOCUMENTS[name]
    turn = visitor.ask(ASKED[name])
    answer = visitor.chat.answer(ASKED[name])
    citations = [citation for statement in answer["statements"] for citation in statement["citations"]]
    assert citations
    assert all(citation["document"] == f"documents/{name}" for citation in citations)
    # As many chips as there are citations: what looks like one in a document is none.
    expect(visitor.chips).to_have_count(len(citations))
    said = turn.locator(".said").all_text_contents()
    assert [squeezed(one) for one in said] == [shown(statement["text"]) for statement in answer["statements"]]
    for chip, citation in zip(visitor.chips.all(), citations, strict=True):
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert squeezed(visitor.open(chip)) == shown(citation["quote"])
        card = visitor.page.locator(f"#{chip.get_attribute('aria-describedby')} .card-quote")
        assert squeezed(card.text_content()) == shown(citation["quote"])
        chip.hover()
    for paragraph in visitor.reader.locator(".para .text").all_text_contents():
        assert squeezed(paragraph).removeprefix("caption ") in shown(text)
    assert visitor.page.evaluate(HARMLESS) == []
    # A place that is opened by its address runs nothing either.
    visitor.page.reload()
    visitor.ended(ASKED[name])
    expect(visitor.reader).to_have_attribute("data-document", f"documents/{name}")


@pytest.mark.parametrize("kind", ["markdown", "html", "json"])
def test_an_export_of_it_does_nothing(visitor: Visitor, kind: str, tmp_path: Path) -> None:
    for name in (SCRIPT, HANDLER, LINKS, MARKS):
        visitor.ask(ASKED[name])
    question = "<img src=x onerror=\"window.PWNED='question'\"> [x](javascript:window.PWNED=1)"
    visitor.ask(question)
    visitor.wait_saved("talk.exchanges.length === 5 && talk.exchanges[4].state === 'done'")
    with visitor.page.expect_download() as saving:
        visitor.page.locator(f".exports [data-kind={kind}]").click()
    file = tmp_path / Path(saving.value.suggested_filename).name
    shutil.copyfile(saving.value.path(), file)
    assert re.fullmatch(r"[\w-]+\.(md|html|json)", file.name)
    text = file.read_text(encoding="utf-8")
    if kind == "json":
        return
    if kind == "markdown":
        text = MarkdownIt("commonmark", {"html": True}).render(text)
    page = visitor.page.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(text, wait_until="load")
    assert page.evaluate("window.PWNED") is None
    assert page.locator("script, img, iframe, svg, a, base, object").count() == 0
    assert asked == []
    expect(page.locator("body")).to_contain_text("window.PWNED='body'")
    expect(page.locator("body")).to_contain_text("](javascript:window.PWNED=1)")
    page.close()


def test_a_question_and_a_name_of_a_conversation_are_text(visitor: Visitor) -> None:
    question = "<img src=x onerror=\"window.PWNED='question'\"> ${window.PWNED=1} {{window.PWNED=1}} </h2><script>window.PWNED=1</script>"
    turn = visitor.ask(question)
    expect(turn.locator(".question")).to_have_text(question)
    title = '"><img src=x onerror="window.PWNED=\'title\'"> ${window.PWNED=1}'
    visitor.press_beside("question", "Rename")
    visitor.talks.locator(".rename input").fill(title)
    visitor.page.keyboard.press("Enter")
    expect(visitor.talks.locator(".open")).to_have_text(title)
    visitor.page.reload()
    visitor.ended(question)
    expect(visitor.talks.locator(".open")).to_have_text(title)


def test_a_conversation_and_a_note_that_somebody_tampered_with_are_text(visitor: Visitor) -> None:
    visitor.ask(ASKED[MARKS]).get_by_role("button", name="Keep", exact=True).click()
    visitor.wait_saved("talk.exchanges[0].state === 'done'")
    visitor.page.evaluate(
        """() => { const evil = '"><img src=x onerror="window.PWNED=1"><script>window.PWNED=2</script>${window.PWNED=3}';
        const spoil = (value, key) => Array.isArray(value) ? value.map((one) => spoil(one, key))
            : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoil(v, k)]))
            : typeof value === 'string' && !['verdict', 'role', 'date', 'mode', 'state', 'folder', 'id'].includes(key) ? value + evil
            : value;
        for (const key of Object.keys(localStorage)) {
            const before = JSON.parse(localStorage.getItem(key)), talk = spoil(before, '');
            // A note whose quotes are not as long as they say is none.
            for (const [i, one] of (before.answer?.statements || []).entries()) talk.answer.statements[i].citations = one.citations;
            for (const one of talk.exchanges || [talk]) if (one.answer) one.answer.seconds = { [evil]: 1 };
            localStorage.setItem(key, JSON.stringify(talk)); } }"""
    )
    visitor.page.reload()
    expect(visitor.live.locator(".question")).to_contain_text("<script>window.PWNED=2</script>")
    for chip in visitor.chips.all():
        chip.click()
    if visitor.chips.count():
        expect(visitor.reader).to_contain_text("is not among your documents any more.")
    visitor.page.locator("#side [data-opens=notes]").click()
    expect(visitor.page.locator(".note h3")).to_contain_text("<script>window.PWNED=2</script>")
    expect(visitor.page.locator(".note .statement").first).to_contain_text("<script>window.PWNED=2</script>")
    expect(visitor.page.get_by_label("Comment")).to_have_value(re.compile("<script>window.PWNED=2</script>"))


def test_what_is_no_conversation_opens_as_none(visitor: Visitor) -> None:
    for junk in ("", "{", "[]", "null", '{"exchanges": 1}', '{"exchanges": [{"question": 1}]}', "\u0000"):
        visitor.page.evaluate(
            "([key, junk]) => { localStorage.setItem('ibid:spoilt', junk); sessionStorage.setItem('ibid:open:' + key, 'spoilt'); }",
            [visitor.chat.key, junk],
        )
        visitor.page.evaluate(
            "([key, junk]) => localStorage.setItem(`ibid-note:${key}:spoilt`, junk)", [visitor.chat.key, junk]
        )
        visitor.page.reload()
        visitor.see()
        expect(visitor.page.locator(".welcome")).to_be_visible()
    visitor.ask(ASKED[MARKS])
    assert visitor.chips.count()


def test_an_address_is_text(hostile: Chat, visit: Any) -> None:
    evil = "%22%3E%3Cimg%20src%3Dx%20onerror%3D%22window.PWNED%3D1%22%3E%24%7Bwindow.PWNED%3D2%7D"
    for address in (
        f"/?document=documents%2F{evil}&paragraph={evil}",
        f"/?folder={evil}",
        f"/?document=..%2F..%2Fetc%2Fpasswd&start={evil}&end=9",
    ):
        visitor: Visitor = visit(hostile, address)
        if "document=" in address:
            expect(visitor.reader).to_contain_text("is not among your documents any more.")
        else:
            expect(visitor.page.locator("body")).to_contain_text("No folder is known as")
        assert visitor.page.evaluate("window.PWNED") is None


@pytest.mark.parametrize(
    "path", ["/", "/theme.css", "/assets-of-ibid/style.css", "/healthz", "/gradio_api/info", "/nowhere"]
)
def test_every_answer_of_the_server_says_what_the_page_may_do(hostile: Chat, path: str) -> None:
    try:
        with urllib.request.urlopen(hostile.url + path, timeout=30) as response:
            headers = response.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
        error.close()
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    for what in ("default-src", "connect-src", "frame-src", "form-action"):
        assert policy[what] == "'self'", what
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_stops_what_a_page_would_send_away(visitor: Visitor) -> None:
    stopped = visitor.page.evaluate(
        """async () => { const stopped = [];
        document.addEventListener('securitypolicyviolation', (event) => stopped.push(event.effectiveDirective));
        await fetch('http://127.0.0.1:9/').catch(() => {});
        const image = new Image(); image.src = 'http://127.0.0.1:9/pixel.png';
        await new Promise((done) => { image.onerror = done; });
        await new Promise((done) => setTimeout(done, 100));
        return stopped; }"""
    )
    assert sorted(stopped) == ["connect-src", "img-src"]
    # That was ours; the browser speaks of it as an error, and of the addresses it never went to.
    visitor.heard.errors.clear()
    visitor.heard.elsewhere.clear()


def test_a_foreign_page_may_not_frame_it(hostile: Chat, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f'<iframe src="{hostile.url}/"></iframe>')
    page.wait_for_timeout(500)
    assert not any(frame.url.startswith(hostile.url) and frame.locator("#desk").count() for frame in page.frames)
    context.close()


def test_the_seeds_stay_as_they_were(hostile: Chat) -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in hostile.documents.iterdir()} == DOCUMENTS
    assert ROOT not in hostile.documents.parents
