"""The pieces of a text that can be quoted by themselves: rows of a table, lines that are fields, else its sentences.

A table is a text whose every line is a row: cells between bars as in Markdown, separated by tabs, or by two spaces and
more as people line them up. Fields are lines such as "Owner: facilities". In both a line says something of its own, and
a quote of the whole would bury it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import regex

from rag.domain import Span
from rag.text.sentences import split_sentences

_LINE = regex.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_DELIMITER = regex.compile(r"[|\s:+=-]*-[|\s:+=-]*")
_FIELD = regex.compile(r"\s*(?:[-*•]\s+)?\**[\p{L}_][\p{L}\p{N}_ /().-]{0,40}:\**(?:\s+\S|$)")
_GAP = regex.compile(r"(?<=\S)[ ]{2,}(?=\S)")
_FEWEST_GAPS = 2
_LONGEST_ROW = 600
"""Characters of a row that stands alone and is quoted whole; cells of more hold texts."""
_FENCE = regex.compile(r"\s*(?:---|\.\.\.|\+\+\+)\s*")
_MOST_WORDS_OF_A_LABEL = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """The lines of a table or of fields, in order; `header` is the line that names the columns, with the rule below it,
    and None where none does."""

    header: Span | None
    rows: tuple[Span, ...]


def split_units(text: str) -> list[Span]:
    """In order; together they hold every character that is not white space."""
    found = rows_of(text)
    if found is None:
        return split_sentences(text)
    return [*([found.header] if found.header else []), *found.rows]


@lru_cache(maxsize=8192)
def rows_of(text: str) -> Rows | None:
    """None where the text is prose. Remembered: popular paragraphs come back question after question."""
    lines = [_trimmed(text, Span(*match.span())) for match in _LINE.finditer(text)]
    lines = [line for line in lines if len(line)]
    texts = [line.of(text) for line in lines]
    if len(lines) < 2:
        # A sentence may end inside a cell.
        is_row = bool(lines) and "\t" in texts[0] and len(lines[0]) <= _LONGEST_ROW
        return Rows(None, tuple(lines)) if is_row else None
    if all(map(_is_row, texts)):
        return _table(texts, lines)
    return Rows(None, tuple(lines)) if _are_fields(texts) else None


def cells_of(row: str) -> list[str]:
    """The cells of a row, those that hold nothing left out."""
    cells = row.strip().strip("|").split("|") if "|" in row else _GAP.sub("\t", row).split("\t")
    return [cell.strip() for cell in cells if cell.strip()]


def columns_of(header: str) -> str:
    """The names of the columns in a table's header, for people and models to read a row by."""
    return " | ".join(cells_of(header.splitlines()[0]))


def is_rule(line: str) -> bool:
    """Whether a line is the rule between the names of columns and the rows."""
    return _DELIMITER.fullmatch(line) is not None


def _table(texts: list[str], lines: list[Span]) -> Rows:
    if is_rule(texts[1]):
        return Rows(Span(lines[0].start, lines[1].end), tuple(lines[2:]))
    names_columns = not any(map(str.isdigit, texts[0])) and any(any(map(str.isdigit, text)) for text in texts[1:])
    return Rows(lines[0], tuple(lines[1:])) if names_columns else Rows(None, tuple(lines))


def _is_row(line: str) -> bool:
    return line.startswith("|") or line.count("|") > 1 or "\t" in line or len(_GAP.findall(line)) >= _FEWEST_GAPS


def _are_fields(texts: list[str]) -> bool:
    """Front matter between its fences, or two lines and more that are all "name: value"."""
    inside = [text for text in texts if not _FENCE.fullmatch(text)]
    if len(inside) < len(texts):
        return _FENCE.fullmatch(texts[0]) is not None
    labels = [text.partition(":")[0].split() for text in inside]
    short = all(len(label) <= _MOST_WORDS_OF_A_LABEL for label in labels)
    return short and all(_FIELD.match(text) for text in inside)


def _trimmed(text: str, span: Span) -> Span:
    piece = span.of(text)
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))
