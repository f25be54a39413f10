"""Text of documents as its author meant it to look, letter for letter.

Markdown is shown as bold, code, links and tables, and rows of other tables in cells. Every letter stays in the page, in
its order: what only marks the text up is there and not seen, so a quote remains a slice of its paragraph, and a mark on
it covers the very letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag.documents.loaders.formats import Kind, kind_named
from rag.domain import Paragraph, Role
from ui.web.markup import escaped

UNSEEN = "md"
"""The class of what marks a text up."""

_TAGS = "a|b|i|em|strong|br|hr|p|div|span|sub|sup|kbd|code|img|details|summary|u|s|del|ins|center|font|small|table|thead|tbody|tr|td|th|ul|ol|li|h[1-6]"
# Bounded throughout: a paragraph may be long, and hold anything.
_MARKUP = regex.compile(
    r"(?P<tick>`{1,3})(?P<code>[^`].{0,400}?)(?<!`)(?P=tick)(?!`)"
    r"|!?\[(?P<label>[^\[\]\n]{0,300})\]\([^()\s]{0,600}(?:\s\"[^\"\n]{0,200}\")?\)"
    r"|(?P<strong>\*\*|__)(?=\S)(?P<bold>.{1,400}?)(?<=\S)(?P=strong)"
    r"|(?<![\w*])\*(?=[^\s*])(?P<star>[^*\n]{1,300}?)(?<=[^\s*])\*(?![\w*])"
    r"|(?<!\w)_(?=[^\s_])(?P<line>[^_\n]{1,300}?)(?<=[^\s_])_(?!\w)"
    rf"|(?P<tag></?(?:{_TAGS})\b[^<>\n]{{0,300}}>|<!--.{{0,4000}}?-->)"
    r"|(?P<escape>\\)(?=[!-/:-@\[-`{-~])",
    regex.IGNORECASE | regex.DOTALL,
)
_FENCE = regex.compile(r"(?:```|~~~)[^\n]*\n?")
_FENCE_END = regex.compile(r"\n?[ \t]*(?:```|~~~)[ \t]*\Z")
_HEADING = regex.compile(r"#{1,6}[ \t]+")
_BAR = regex.compile(r"(?<!\\)\|")
_RULE = regex.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")


@dataclass(frozen=True, slots=True)
class Look:
    """How the letters from `start` to `end` look: the name of a class."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Lit:
    """The letters from `start` to `end` are marked; the `current` ones are what the reader came for."""

    start: int
    end: int
    current: bool = False


def is_markdown(document_id: str) -> bool:
    return kind_named(document_id) is Kind.MARKDOWN


def prose_html(text: str, document_id: str, lit: Sequence[Lit] = ()) -> str:
    """A text of that document in a line of its own or in several."""
    return _pieces_html(text, 0, len(text), looks_of(text) if is_markdown(document_id) else [], lit)


def table_html(text: str, document_id: str, lit: Sequence[Lit] = (), *, head: Sequence[str] = ()) -> str | None:
    """Rows of a table as a table; None for what has no cells. `head` are names of columns that stand elsewhere, where
    there are as many."""
    is_marked_up = is_markdown(document_id)
    rows = list(_lines(text))
    cells = [list(_cells(text, start, end, barred=is_marked_up)) for start, end in rows]
    if max(map(len, cells), default=0) < 2:
        return None
    rule = next((i for i, (start, end) in enumerate(rows) if _is_rule(text[start:end])), 0) if is_marked_up else 0
    looks = [*looks_of(text), *_bars(text, rows)] if is_marked_up else [Look(i, i + 1, UNSEEN) for i in _tabs(text)]
    parts = []
    for i, row in enumerate(cells):
        tag = "th" if i < rule else "td"
        inside = "".join(f"<{tag}>{_pieces_html(text, start, end, looks, lit)}</{tag}>" for start, end in row)
        line = text[slice(*rows[i])]
        hidden = f' class="{UNSEEN}"' if not line.strip() or (is_marked_up and _is_rule(line)) else ""
        parts.append(f"<tr{hidden}>{inside}</tr>")
    names = "".join(f"<th>{escaped(name)}</th>" for name in head) if len(head) == len(cells[0]) else ""
    return f'<table class="grid">{names and f"<tr>{names}</tr>"}{"".join(parts)}</table>'


def paragraph_html(paragraph: Paragraph, lit: Sequence[Lit] = ()) -> str:
    """A paragraph of a document, as a table where it is one."""
    text, document_id = paragraph.text, paragraph.document_id
    table = table_html(text, document_id, lit) if paragraph.role is Role.TABLE else None
    return table or prose_html(text, document_id, lit)


def looks_of(text: str) -> list[Look]:
    """What Markdown makes of a text."""
    fence = _FENCE.match(text)
    if fence and (end := _FENCE_END.search(text)) and end.start() >= fence.end():
        return [Look(0, fence.end(), UNSEEN), Look(end.start(), len(text), UNSEEN)]
    heading = _HEADING.match(text)
    first = [Look(0, heading.end(), UNSEEN)] if heading else []
    return [*first, *_looks(text, heading.end() if heading else 0, len(text))]


def _looks(text: str, start: int, end: int) -> Iterator[Look]:
    for found in _MARKUP.finditer(text, start, end):
        name, inside = next(((name, part) for name, part in _INSIDE if found[part] is not None), (UNSEEN, None))
        if inside is None:
            yield Look(*found.span(), UNSEEN)
            continue
        first, last = found.span(inside)
        yield from (Look(found.start(), first, UNSEEN), Look(first, last, name), Look(last, found.end(), UNSEEN))
        if name != "code":
            yield from _looks(text, first, last)


_INSIDE = (("code", "code"), ("link", "label"), ("strong", "bold"), ("em", "star"), ("em", "line"))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The lines with their ends, so that together they hold every letter."""
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def _cells(text: str, start: int, end: int, *, barred: bool) -> Iterator[tuple[int, int]]:
    """The cells of a line, each with the bar or the tab in front of it; the last one with what closes the line."""
    if barred:
        bars = [found.start() for found in _BAR.finditer(text, start, end)]
        opens = bool(bars) and not text[start : bars[0]].strip()
        closes = bool(bars) and not text[bars[-1] + 1 : end].strip()
        cuts = bars[1 if opens else 0 : -1 if closes else None]
    else:
        cuts = [i for i in range(start, end) if text[i] == "\t"]
    yield from zip([start, *cuts], [*cuts, end], strict=True)


def _tabs(text: str) -> list[int]:
    return [i for i, sign in enumerate(text) if sign == "\t"]


def _bars(text: str, rows: Sequence[tuple[int, int]]) -> Iterator[Look]:
    return (Look(*found.span(), UNSEEN) for row in rows for found in _BAR.finditer(text, *row))


def _is_rule(line: str) -> bool:
    return "-" in line and _RULE.fullmatch(line) is not None


def _pieces_html(text: str, start: int, end: int, looks: Sequence[Look], lit: Sequence[Lit]) -> str:
    """The letters from `start` to `end`, cut wherever how they look or whether they are marked changes; where marks
    overlap, the current one wins."""
    spans = [(one.start, one.end) for one in looks] + [(one.start, one.end) for one in lit]
    cuts = sorted({start, end, *(cut for span in spans for cut in span if start < cut < end)})
    return "".join(
        _piece_html(
            text[a:b],
            [one for one in looks if one.start <= a < one.end],
            [one for one in lit if one.start <= a < one.end],
        )
        for a, b in pairwise(cuts)
    )


def _piece_html(piece: str, looks: Sequence[Look], lit: Sequence[Lit]) -> str:
    names = " ".join(dict.fromkeys(one.name for one in looks))
    html = f'<span class="{names}">{escaped(piece)}</span>' if names else escaped(piece)
    if not lit:
        return html
    is_current = any(one.current for one in lit)
    return f'<mark class="hit" tabindex="-1">{html}</mark>' if is_current else f"<mark>{html}</mark>"
