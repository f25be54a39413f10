"""Tables in Markdown that a model writes: their lines, cells, and a row as a sentence. Pure functions of texts."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.domain import Cells
from rag.text.dictionary import is_word
from rag.text.identify import likeliest_language
from rag.text.units import cell_spans

_RULE = regex.compile(r"\s*\|?(?:\s*:?-{1,200}:?\s*\|)*\s*:?-{1,200}:?\s*\|?\s*")
_FIRST_WORD = regex.compile(r"\p{Lu}\p{Ll}+")


def is_row(line: str) -> bool:
    """Whether a line, which may not be whole yet, is one of a table."""
    return line.lstrip().startswith("|")


def is_rule(line: str) -> bool:
    """Whether it is the line below the names of the columns."""
    return _RULE.fullmatch(line) is not None


def cells_of(line: str) -> list[str]:
    """What stands between the bars of a row, and behind the last of them if anything does."""
    return [cell.of(line) for cell in cell_spans(line)]


def sentence_of(cells: Cells) -> str:
    """A row as it is compared and read aloud: "boat: Petrel; berth: B-23"."""
    return "; ".join(f"{_plain(name)}: {value}" if name else value for name, value in cells if value)


def columns_of(cells: Cells) -> tuple[str, ...]:
    return tuple(name for name, _ in cells)


def runs_of(rows: Sequence[Cells]) -> list[range]:
    """The places of rows that follow one another under the same columns, together; what is no row is alone."""
    runs: list[range] = []
    for i, row in enumerate(rows):
        if row and runs and columns_of(rows[runs[-1].start]) == columns_of(row):
            runs[-1] = range(runs[-1].start, i + 1)
        else:
            runs.append(range(i, i + 1))
    return runs


def _plain(name: str) -> str:
    """The name of a column without the capital that begins it, where it is a word: that is no name that has to stand
    there."""
    first = _FIRST_WORD.match(name)
    is_plain = first is not None and is_word(first.group().lower(), likeliest_language(name) or "en")
    return name[0].lower() + name[1:] if is_plain else name
