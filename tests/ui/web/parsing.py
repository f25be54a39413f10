"""Markup read back strictly, and what a reader sees of a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"input", "br", "img", "hr", "meta", "link", "wbr"}
REORDERING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def every(self) -> Iterator[Element]:
        for one in self.inside:
            if isinstance(one, Element):
                yield one
                yield from one.every()

    def all(self, kind: str | None = None) -> list[Element]:
        """Every element below, in order; of a class where one is named."""
        return [one for one in self.every() if kind is None or kind in one.classes]

    def texts(self, kind: str) -> list[str]:
        return [one.text for one in self.all(kind)]

    @property
    def shape(self) -> list[Any]:
        """Its elements with their attributes' names, without the texts; what shows a sign counts as text, and so does
        what is set in bold."""
        found: list[Any] = []
        for one in self.inside:
            if isinstance(one, Element) and "hidden-sign" not in one.classes:
                found += one.shape if "told" in one.classes else [[one.tag, sorted(one.attributes), one.shape]]
        return found


class Reader(HTMLParser):
    """Strict where browsers are lenient: every element is closed in its turn, and nothing else stands there.
    `signs` are the letters in order, each with whether it stands in a mark, and in which."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.signs: list[tuple[str, str]] = []
        self._open = [self.root]
        self.feed(html)
        self.close()
        assert len(self._open) == 1, f"<{self._open[-1].tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)
        marks = [one for one in self._open if one.tag == "mark"]
        assert len(marks) < 2, "a mark in a mark"
        state = "hit" if marks and "hit" in marks[0].classes else "mark" if marks else ""
        self.signs += [(sign, state) for sign in data]

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment or declaration: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(html: str) -> Element:
    return Reader(html).root


def is_control(sign: str) -> bool:
    return (ord(sign) < 32 and sign not in "\t\n\v\f\r") or 127 <= ord(sign) < 160


def shown(text: str) -> str:
    """What a reader sees of a text: all of it, and what cannot be seen by a sign of its own."""
    return "".join(
        "\ufffd" if is_control(sign) else f"U+{ord(sign):04X}" if ord(sign) in REORDERING else sign for sign in text
    )
