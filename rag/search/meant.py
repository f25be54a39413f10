"""A question as it is meant, by the documents that are asked: their words for its slips of the pen, their capitals and
accents for its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import regex

from rag.index.snapshot import BACKGROUND
from rag.search.legs import View
from rag.search.paragraphs import Paragraphs
from rag.search.spelling import corrected
from rag.search.wording import WORD, in_one_width, lacks_capitals, unshouted, with_accents, with_capitals
from rag.text import dictionary, terms
from rag.text.identify import language_by_words
from rag.text.names import NAME

_LANGUAGE = "en"
"""Of a question without function words."""
_LONG = 100
"""Words of a paragraph, for how likely it holds one."""
_LOOKED_AT = 40
"""Paragraphs of those that hold a word, or stand below it, that show how it is written."""
_COMMON = 1e-6
"""Share of the words of texts from which on a word is no rare name: "Paris" has two thirds of it, "ferry" four times as
much."""
_GOES_ON = regex.compile(r"[\p{L}\p{M}\p{N},;)’”\"]\s+$")
"""In front of what is inside a sentence."""
_RATHER = 3
"""How many times as often a name has its capital than not."""


def as_meant(question: str, *, view: View, paragraphs: Paragraphs) -> str:
    """The question without its slips of the pen, by the documents that are asked and a dictionary of its language. In
    one without capitals what they write with one is a name; accents that they do not write are none."""
    told = language_by_words(question)
    words = _Words(view, told or _LANGUAGE)
    question = with_accents(
        unshouted(in_one_width(question)),
        stands=lambda word: len(_holding(view, word)) > 0,
        is_word=words.is_known,
    )
    question = corrected(
        question,
        is_word=words.is_one,
        near=words.near,
        seen=words.seen,
        is_known=words.is_known,
        is_in_language=told is not None,
    )
    if not lacks_capitals(question):
        return question
    written = _written_in(view, paragraphs)
    # "Quds Force" makes no name of a force.
    return with_capitals(question, written=lambda word: None if words.share(word) >= _COMMON else written(word))


@dataclass(frozen=True, slots=True)
class _Words:
    """What the documents that are asked and a dictionary know of words in small letters."""

    view: View
    language: str

    def stands(self, word: str) -> int:
        """In how many paragraphs it stands; of some documents only what stands in them is told."""
        return self.view.snapshot.spelled(word, self.view.allowed if self.view.is_scoped else None)

    def is_one(self, word: str) -> bool:
        is_held = not self.view.is_scoped and self.view.snapshot.holds(word)
        return is_held or self.stands(word) > 0 or dictionary.is_word(word, self.language)

    def seen(self, word: str) -> float:
        """How often, as a count of paragraphs."""
        return self.stands(word) + BACKGROUND * min(_LONG * self.share(word), 1.0)

    def share(self, word: str) -> float:
        return dictionary.share(word, self.language)

    def is_known(self, word: str) -> bool:
        return self.share(word) > 0

    def near(self, word: str) -> Iterable[str]:
        return dictionary.one_edit_away(word, self.language)


def _written_in(view: View, paragraphs: Paragraphs) -> Callable[[str], str | None]:
    """How the documents write a word, told by some of the paragraphs that hold it: as mostly inside a sentence, if
    hardly ever in small letters – there are always some who write without capitals."""

    def written(word: str) -> str | None:
        places = _holding(view, word)
        step = max(len(places) // _LOOKED_AT, 1)
        folded = terms.fold(word)
        writings = [
            writing
            for one in paragraphs.at(view.snapshot, places[::step][:_LOOKED_AT].tolist())
            for writing in _writings(one.paragraph.text).get(folded, ())
        ]
        names = Counter(one for one in writings if one != folded)
        return names.most_common(1)[0][0] if names.total() > _RATHER * writings.count(folded) else None

    return written


@lru_cache(maxsize=1024)
def _writings(text: str) -> Mapping[str, Sequence[str]]:
    """How each word is written in a text, by its folded form: folded where it has small letters, as it stands where it
    has a capital inside a sentence. What only begins a sentence, a cell or a line, or is a label, "Updated: 3 May",
    tells nothing."""
    found: dict[str, list[str]] = {}
    for word in WORD.findall(text):
        if word.islower():
            found.setdefault(folded := terms.fold(word), []).append(folded)
    for run in NAME.finditer(text):
        if _GOES_ON.search(text, 0, run.start()) and text[run.end() : run.end() + 1] != ":":
            for name in WORD.findall(run.group()):
                found.setdefault(terms.fold(name), []).append(name)
    return found


def _holding(view: View, word: str) -> npt.NDArray[np.int64]:
    """The paragraphs that may be found and hold a word, in any form of it."""
    (stem,) = terms.stemmed([word.lower()])
    places = view.snapshot.index.words.holding(stem)
    return places[view.allowed[places]]
