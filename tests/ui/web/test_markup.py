"""Text from anywhere as HTML: it reads as it stands, and does nothing."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs

from hypothesis import example, given
from hypothesis import strategies as st
from parsing import REORDERING, is_control, shown

from ui.web.markup import attribute, escaped, exact, place_address

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</span></div></article>",
    "<!-- ",
    "<![CDATA[",
    "<?php ?>",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "&notit; &copy &#0;",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "a\0b\x1b[31mc\x7fd\x85e",
    "</textarea></title></style>",
    "javascript:alert(1)",
    "`${alert(1)}`{{7*7}}",
]
TEXTS = st.lists(
    st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4
).map("".join)


class Parsed(HTMLParser):
    """What a browser would make of it: the tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ends: list[str] = []
        self.text = ""
        self.other: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.ends.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@given(TEXTS)
@example("".join(HOSTILE))
def test_escaped_text_reads_as_it_stands_and_makes_no_element(text: str) -> None:
    parsed = Parsed(escaped(text))
    assert parsed.text == shown(text)
    signs = sum(ord(sign) in REORDERING for sign in text)
    assert parsed.tags == [("span", {"class": "hidden-sign"})] * signs
    assert parsed.ends == ["span"] * signs
    assert parsed.other == []


@given(TEXTS)
@example("".join(HOSTILE))
def test_an_attribute_holds_the_text_and_nothing_else(text: str) -> None:
    value = attribute(text)
    ((tag, attributes),) = Parsed(f'<i title="{value}">').tags
    kept = "".join("\ufffd" if is_control(sign) else sign for sign in text if ord(sign) not in REORDERING)
    assert (tag, attributes) == ("i", {"title": kept})
    assert not {'"', "'", "<", ">"} & set(value)


@given(TEXTS)
@example("".join(HOSTILE))
def test_an_attribute_that_is_handed_back_holds_the_text_to_the_letter(text: str) -> None:
    assert Parsed(f'<i title="{exact(text)}">').tags == [("i", {"title": text})]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_that_is_no_letter_of_markup_or_control_is_changed(text: str) -> None:
    plain = "".join(s for s in text if s not in "&<>\"'" and not is_control(s) and ord(s) not in REORDERING)
    assert escaped(plain) == attribute(plain) == plain


@given(TEXTS, st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_an_address_gives_back_the_place(document: str, paragraph: int, start: int, length: int) -> None:
    address = place_address(
        "0a1b2c", document, paragraph, start, start + length, revision="10-4b03542167fb211dcaa3f29f"
    )
    assert address.isascii()
    assert attribute(address).replace("&amp;", "&") == address
    assert parse_qs(address.removeprefix("?"), keep_blank_values=True, errors="strict") == {
        "folder": ["0a1b2c"],
        "document": [document],
        "paragraph": [str(paragraph)],
        "start": [str(start)],
        "end": [str(start + length)],
        "revision": ["10-4b03542167fb2"],
    }


def test_an_address_without_a_span_names_none() -> None:
    assert place_address("0a", "documents/a b.md", 3) == "?folder=0a&document=documents%2Fa+b.md&paragraph=3"
