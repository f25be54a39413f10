"""Files that are exported: texts that try to be more than text, and what a reader of a file sees."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.domain import Answer, Citation, Paragraph, Role, Source, Statement, Verdict

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "[x]: http://evil.example 'x'",
    "<http://evil.example>",
    "<!-- ",
    "</blockquote></title></style>",
    "`code` **bold** _it_ ~~gone~~",
    "| a | b |",
    "\\",
    "&lt;b&gt; &amp; &copy; &#60;",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "---",
    "***",
    "[^1-1]: mine",
    "\u202egnp.exe\u202c",
    "a\0b\x1bc",
    "$$x$$",
]
TEXTS = st.lists(
    st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=3
).map("".join)
WORDS = TEXTS.filter(str.strip)


class Page(HTMLParser):
    """Tags with their attributes, and the text by the element it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if ("class", "hidden-sign") not in attrs:
            self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))
        if tag not in ("meta", "br"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.texts[tag][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


def read_markdown(text: str) -> str:
    """The words a reader sees."""
    seen = (
        token.content if token.type in ("text", "code_inline", "html_inline", "html_block", "fence") else
        "\n" if token.type in ("inline", "softbreak", "hardbreak") else ""
        for token in tokens(text)
    )  # fmt: skip
    return "".join(seen)


def one_answer(question: str, said: str, quote: str, title: str, lead: str, name: str, notice: str) -> Answer:
    paragraph = Paragraph(
        document_id=f"documents/{name}",
        number=7,
        text=quote,
        start=30,
        end=30 + len(quote),
        role=Role.BODY,
        heading=(),
        page=2,
    )
    citation = Citation(
        mark=1, paragraph=paragraph, source=Source(title=title, revision="3-a"), start=30, end=30 + len(quote)
    )
    statement = Statement(text=said, citations=(citation,), verdict=Verdict.UNSUPPORTED, reason="no source", lead=lead)
    return Answer(question=question, searched_for=(), statements=(statement,), notice=notice)
