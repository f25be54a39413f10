"""Text of documents as its author meant it to look, letter for letter.

Markdown is shown as bold, code, links and tables, and rows of other tables in cells. Every letter stays in the page, in
its order: what only marks the text up is there and not seen, so a quote remains a slice of its paragraph, and a mark on
it covers the very letters.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import regex

from rag.documents.loaders.formats import Kind, kind_named
from rag.domain import Cells, Paragraph, Role, Span
from rag.text.units import cell_spans, is_rule, is_tagged, rows_of
from ui.web.markup import attribute, escaped

UNSEEN = "md"
"""The class of what marks a text up."""

ANSWER = "told"
"""The class of the words that are likely the answer itself."""

NAMED_ABOVE = "cell-name"
"""The class of the name in front of a cell whose column has it above."""

REFERENCE = "reference"
"""The class of what stands for a character: `&#8230;` is seen as it is meant, and copied as it stands."""

_NAMED = regex.compile(r"\t?(?P<name>[^\n\t:]{1,80}): ")
_TAGS = (
    "a|b|i|em|strong|br|hr|p|div|span|sub|sup|kbd|code|img|details|summary|u|s|del|ins|center|font|small|table|thead|tbody|"
    "tfoot|tr|td|th|caption|col|colgroup|ul|ol|li|dl|dt|dd|h[1-6]|pre|blockquote|figure|figcaption|picture|source|section|"
    "article|aside|header|footer|main|nav|abbr|cite|mark|q|samp|var|wbr"
)
_REFERENCE = r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});"
# Bounded throughout: a paragraph may be long, and hold anything.
_MARKUP = regex.compile(
    r"(?P<tick>`{1,3})(?P<code>[^`].{0,400}?)(?<!`)(?P=tick)(?!`)"
    r"|!?\[(?P<label>[^\[\]\n]{0,300})\]\([^()\s]{0,600}(?:\s\"[^\"\n]{0,200}\")?\)"
    r"|(?P<strong>\*\*|__)(?=\S)(?P<bold>.{1,400}?)(?<=\S)(?P=strong)"
    r"|(?<![\w*])\*(?=[^\s*])(?P<star>[^*\n]{1,300}?)(?<=[^\s*])\*(?![\w*])"
    r"|(?<!\w)_(?=[^\s_])(?P<line>[^_\n]{1,300}?)(?<=[^\s_])_(?!\w)"
    rf"|(?P<tag></?(?:{_TAGS})\b[^<>\n]{{0,300}}>|<!--.{{0,4000}}?-->)"
    r"|(?P<escape>\\)(?=[!-/:-@\[-`{-~])"
    rf"|(?<!\\)(?P<reference>{_REFERENCE})",
    regex.IGNORECASE | regex.DOTALL,
)
_FENCE = regex.compile(r"(?:```|~~~)[^\n]*\n?")
_FENCE_END = regex.compile(r"\n?[ \t]*(?:```|~~~)[ \t]*\Z")
_HEADING = regex.compile(r"#{1,6}[ \t]+")
_BAR = regex.compile(r"(?<!\\)\|")
_TAB = regex.compile(r"\t")
_REFERENCES = regex.compile(_REFERENCE, regex.IGNORECASE)
_SHOWN = regex.compile(r"[^\p{Cc}\p{Cs}\p{Co}\p{Cn}\u202a-\u202e\u2066-\u2069]{1,2}")
"""What a reference may stand for: nothing that is no character, or has others read in another order."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the letters from `start` to `end` look: the name of a class."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A span that an answer cites; the `current` one is what the reader came for."""

    start: int
    end: int
    current: bool = False


def is_markdown(document_id: str) -> bool:
    return kind_named(document_id) is Kind.MARKDOWN


def prose_html(text: str, document_id: str, marks: Sequence[Mark] = (), *, bold: Span | None = None) -> str:
    """A text of that document in a line of its own or in several; `marks` and `bold` count in the text."""
    letters = _letters(text, [*(looks_of(text) if is_markdown(document_id) else ()), *_bold(bold)], marks)
    return _html(text, letters, 0, len(text))


def table_html(
    text: str, document_id: str, marks: Sequence[Mark] = (), *, head: Sequence[str] = (), bold: Span | None = None
) -> str | None:
    """Rows of a table as a table; None for what has no cells. `head` are names of columns that stand elsewhere, where
    there are as many; `marks` and `bold` count in the text."""
    is_marked_up = is_markdown(document_id)
    if is_marked_up and is_tagged(text):
        rows, cells, has_head = _tagged(text)
    else:
        rows = list(_lines(text))
        cells = [list(_cells(text, start, end, barred=is_marked_up)) for start, end in rows]
        has_head = is_marked_up and len(rows) > 1 and is_rule(text[slice(*rows[1])])
    if max(map(len, cells), default=0) < 2:
        return None
    between = (found.start() for found in (_BAR if is_marked_up else _TAB).finditer(text))
    unseen = (Look(at, at + 1, UNSEEN) for at in between if not is_tagged(text))
    looks = [*(looks_of(text) if is_marked_up else ()), *unseen, *_bold(bold)]
    letters = _letters(text, looks, marks)
    parts = [f"<tr>{''.join(f'<th>{escaped(name)}</th>' for name in head)}</tr>"] if len(head) == len(cells[0]) else []
    for i, row in enumerate(cells):
        tag = "th" if has_head and i == 0 else "td"
        inside = "".join(f"<{tag}>{_html(text, letters, start, end)}</{tag}>" for start, end in row)
        line = text[slice(*rows[i])].strip()
        is_unseen = (has_head and i == 1 and is_rule(line)) or not line
        parts.append(f'<tr class="{UNSEEN}">{inside}</tr>' if is_unseen else f"<tr>{inside}</tr>")
    # The cells of a row alone say themselves what they are: they go on in the next line where there is no room.
    is_alone = len(parts) == 1 and all(_NAMED.match(text, start, end) for start, end in cells[0])
    return f'<table class="grid{" alone" if is_alone else ""}">{"".join(parts)}</table>'


def paragraph_html(paragraph: Paragraph, marks: Sequence[Mark] = ()) -> str:
    """A paragraph of a document, as a table where it is one; `marks` count in the document."""
    text, document_id = paragraph.text, paragraph.document_id
    inside = _inside(paragraph, marks)
    table = table_html(text, document_id, inside) if paragraph.role is Role.TABLE else None
    return table or prose_html(text, document_id, inside)


def _inside(paragraph: Paragraph, marks: Iterable[Mark]) -> list[Mark]:
    return [replace(one, start=one.start - paragraph.start, end=one.end - paragraph.start) for one in marks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Paragraphs that follow one another. Where they are rows of one table, `columns` are the names over their cells;
    empty for all others."""

    columns: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]


def runs_of(paragraphs: Iterable[Paragraph]) -> Iterator[Run]:
    """All of them, in order. A row may leave out cells that are empty, but not change the order of the others."""
    columns: tuple[str, ...] = ()
    run: list[Paragraph] = []
    for paragraph in paragraphs:
        names = _names_in(paragraph)
        fitting = _fitting(names, columns)
        if run and fitting is None:
            yield _run(columns, run)
            run = []
        columns = names if fitting is None else fitting
        run.append(paragraph)
    if run:
        yield _run(columns, run)


def _run(columns: tuple[str, ...], run: Sequence[Paragraph]) -> Run:
    """A row that stands alone says by itself what its cells are."""
    return Run(columns=columns if len(run) > 1 else (), paragraphs=tuple(run))


def _names_in(paragraph: Paragraph) -> tuple[str, ...]:
    """What stands in front of each cell of a row; nothing for what is no such row, or has a name twice."""
    if paragraph.role is not Role.TABLE or "\n" in paragraph.text or "\t" not in paragraph.text:
        return ()
    found = [
        _NAMED.match(paragraph.text, *cell) for cell in _cells(paragraph.text, 0, len(paragraph.text), barred=False)
    ]
    names = tuple(one["name"] for one in found if one is not None)
    return names if len(set(names)) == len(found) else ()


def _fitting(names: tuple[str, ...], columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """The longer of the two, where the other is a part of it in the same order."""
    shorter, longer = sorted((names, columns), key=len)
    left = iter(longer)
    fits = all(name in left for name in shorter)
    return longer if fits and (shorter or not longer) else None


def rows_html(columns: Sequence[str], rows: str) -> str:
    """The rows of a run, as markup, below the names of their columns; in front of each stands a cell for its number or
    mark. Whoever hears a row hears the names in it."""
    names = "".join(f"<span>{escaped(name)}</span>" for name in columns)
    return f'<div class="rows"><div class="columns" aria-hidden="true"><span></span>{names}</div>{rows}</div>'


def row_html(
    paragraph: Paragraph, columns: Sequence[str], marks: Sequence[Mark] = (), *, bold: Span | None = None
) -> str:
    """A row of a run, with a cell for each of its columns; `marks` and `bold` count in the document."""
    text = paragraph.text
    cells = list(_cells(text, 0, len(text), barred=False))
    named = {found["name"]: (found, cell) for cell in cells if (found := _NAMED.match(text, *cell)) is not None}
    names = [Look(found.start(), found.end(), NAMED_ABOVE) for found, _ in named.values()]
    looks = [*names, *_bold(bold.shifted(-paragraph.start) if bold else None)]
    letters = _letters(text, looks, _inside(paragraph, marks))
    held = ("" if name not in named else _html(text, letters, *named[name][1]) for name in columns)
    return f'<table class="grid"><tr>{"".join(f"<td>{inside}</td>" for inside in held)}</tr></table>'


def written_row_html(cells: Cells) -> str:
    """As `row_html`, of a row that stands in no document."""
    held = "".join(
        f"<td>{f'<span class={NAMED_ABOVE!r}>{escaped(name)}: </span>' if name else ''}{escaped(value)}</td>"
        for name, value in cells
    )
    return f'<table class="grid"><tr>{held}</tr></table>'


def looks_of(text: str) -> list[Look]:
    """What Markdown makes of a text."""
    fence = _FENCE.match(text)
    if fence and (end := _FENCE_END.search(text)) and end.start() >= fence.end():
        return [Look(0, fence.end(), UNSEEN), Look(end.start(), len(text), UNSEEN)]
    heading = _HEADING.match(text)
    first = [Look(0, heading.end(), UNSEEN)] if heading else []
    return [*first, *_looks(text, heading.end() if heading else 0, len(text))]


def _bold(span: Span | None) -> list[Look]:
    return [Look(span.start, span.end, ANSWER)] if span else []


def _looks(text: str, start: int, end: int) -> Iterator[Look]:
    for found in _MARKUP.finditer(text, start, end):
        if found["reference"]:
            if _SHOWN.fullmatch(html.unescape(found[0])):
                yield Look(*found.span(), REFERENCE)
            continue
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


def _tagged(text: str) -> tuple[list[tuple[int, int]], list[list[tuple[int, int]]], bool]:
    """The rows of a table in HTML, their cells, and whether the first names the columns; together the cells hold every
    letter, each with the tags in front of it."""
    found = rows_of(text)
    if found is None:
        return [], [], False
    starts = [0, *(row.start for row in (found.rows if found.header else found.rows[1:]))]
    rows = list(pairwise([*starts, len(text)]))
    cells = []
    for start, end in rows:
        ends = [start + cell.end for cell in cell_spans(text[start:end])]
        cells.append(list(pairwise([start, *ends[:-1], end])))
    return rows, cells, found.header is not None


def _cells(text: str, start: int, end: int, *, barred: bool) -> Iterator[tuple[int, int]]:
    """The cells of a line, each with the bar or the tab in front of it; the last one with what closes the line."""
    cuts = [found.start() for found in (_BAR if barred else _TAB).finditer(text, start, end)]
    if barred and cuts:
        opens, closes = not text[start : cuts[0]].strip(), not text[cuts[-1] + 1 : end].strip()
        cuts = cuts[1 if opens else 0 : -1 if closes else None]
    yield from zip([start, *cuts], [*cuts, end], strict=True)


def _letters(text: str, looks: Iterable[Look], marks: Iterable[Mark]) -> list[tuple[tuple[str, ...], bool, bool]]:
    """Of each letter how it looks, whether it is marked, and whether by the current mark."""
    names: list[tuple[str, ...]] = [()] * len(text)
    marked, current = [False] * len(text), [False] * len(text)
    for look in looks:
        for i in range(look.start, look.end):
            names[i] = names[i] if look.name in names[i] else (*names[i], look.name)
    for mark in marks:
        for i in range(max(mark.start, 0), min(mark.end, len(text))):
            marked[i], current[i] = True, current[i] or mark.current
    return list(zip(names, marked, current, strict=True))


def _html(text: str, letters: Sequence[tuple[tuple[str, ...], bool, bool]], start: int, end: int) -> str:
    """The letters from `start` to `end`; where marks overlap, the current one wins."""
    parts = []
    for (is_marked, is_current), places in groupby(range(start, end), key=lambda i: letters[i][1:]):
        pieces = groupby(places, key=lambda i: letters[i][0])
        dressed = "".join(_dressed("".join(text[i] for i in run), names) for names, run in pieces)
        mark = '<mark class="hit" tabindex="-1">' if is_current else "<mark>"
        parts.append(f"{mark}{dressed}</mark>" if is_marked else dressed)
    return "".join(parts)


def _dressed(piece: str, names: Sequence[str]) -> str:
    others = [name for name in names if name != REFERENCE]
    inside = _references_html(piece) if REFERENCE in names else escaped(piece)
    return f'<span class="{" ".join(others)}">{inside}</span>' if others else inside


def _references_html(piece: str) -> str:
    """References to characters, which the page shows in place of their letters; a part of one as it stands."""
    found = [one.group() for one in _REFERENCES.finditer(piece)]
    if "".join(found) != piece:
        return escaped(piece)
    return "".join(
        f'<span class="{REFERENCE}" data-shown="{attribute(html.unescape(one))}">'
        f'<span aria-hidden="true">{escaped(one)}</span></span>'
        for one in found
    )
