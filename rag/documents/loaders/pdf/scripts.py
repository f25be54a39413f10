"""Which way a text runs, and what is written without spaces or begins a list item."""

from __future__ import annotations

import unicodedata

import regex

MARKER = regex.compile(r"(?:[•▪●◦‣∙·■□○➢✓\uf0b7\uf0a7*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,4})[.)])(?:\s|$)")
"""What stands at the beginning of a list item."""

ENDS = regex.compile(r"[.!?:;。！？」）)\"”\]]$")
"""What a line ends with where a sentence, or part of a list, ends."""

CUT_WORD = regex.compile(r"\p{L}[-\u00ad]$")
"""What a line ends with where a word goes on in the next."""

UNSPACED = regex.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
"""Chinese and Japanese: no spaces between words, so none at a line end either."""

NO_SPACES = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Scripts that part sentences by spaces, and words not at all."""

_RIGHT_TO_LEFT = regex.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SHARE = 0.4


def runs_left(text: str) -> bool:
    """Whether a text is written from right to left, by its letters."""
    if not _RIGHT_TO_LEFT.search(text):
        return False
    return sum(map(is_right_to_left, text)) > _SHARE * max(1, sum(c.isalpha() for c in text))


def is_right_to_left(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")


def is_left_to_right(character: str) -> bool:
    """Letters and digits that keep their own direction inside a text from right to left."""
    return unicodedata.bidirectional(character) in ("L", "EN", "AN")


def is_mark(character: str) -> bool:
    """A sign that stands over, under or beside a letter, as vowels do in Thai and Hindi."""
    return unicodedata.category(character) in ("Mn", "Mc")
