"""Whether a text says what was wanted, whatever its spelling, and how many words the two share."""

from __future__ import annotations

import string
from collections import Counter

import regex

from rag.text.terms import fold


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, no punctuation, no English articles, single spaces; accents folded too."""
    kept = "".join(" " if character in string.punctuation + "–—’“”…" else character for character in fold(text))
    return " ".join(word for word in kept.split() if word not in ("a", "an", "the"))


def stands_in(answer: str, *, text: str) -> bool:
    """Whether the words of an answer stand in a text as whole words, both normalised first; an answer without any
    word stands nowhere."""
    wanted, there = normalise(answer), normalise(text)
    if not wanted:
        return False
    return regex.search(rf"(?<!\w){regex.escape(wanted)}(?!\w)", there) is not None or (
        not wanted.isascii() and wanted in there
    )


def token_f1(text: str, *, reference: str) -> float:
    """The harmonic mean of precision and recall of an answer's words (Rajpurkar et al. 2016)."""
    ours, theirs = normalise(text).split(), normalise(reference).split()
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0
