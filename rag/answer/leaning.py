"""Sentences that say too little without the one before them: "She carries 98 passengers." Pure."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.domain import Span
from rag.text import language, terms
from rag.text.overlap import SentenceView

_LEANING = regex.compile(rf"^[\"“'‘(]?{language.pattern('telling.brings_before')}\b", regex.IGNORECASE)
_MEANT_BEFORE = regex.compile(
    r"(?i)^\W*(?P<before>(?:[\p{L}’']+\W+){1,3}?)(?<!\bof\W+)(?:it|them|they)\b(?!\s+(?:is|was)\s+\w+\s+to\b)"
)
"""A pronoun among the first words: "Push it in", "If they do not open"; not "Most of it", which says enough."""
_BARE = regex.compile(
    rf"^\W*(?:[\p{{L}}’']+\s+){{1,2}}(?:this|these)(?=\W*$|[.,;:!]|\s+(?:{'|'.join(language.words('telling.behind_bare'))})\b)",
    regex.IGNORECASE,
)
"""Something by itself that is named before: "Do this even if …"."""
_CUT_SHORT = regex.compile(
    rf"^\W*(?:[\p{{L}}\p{{N}}’'-]+\s){{1,4}}{language.pattern('telling.cut_short')}[.!]*$", regex.IGNORECASE
)
"""A sentence that ends with the verb of the one before: "LDAP isn't."."""
_DONE_TO_IT = regex.compile(r"^\W*\p{Lu}[\p{L}’']*s\s+[\p{Ll}’']+\s+them\b")
"""Some do something to others that are named before; one thing does not do it to several."""


def leans(text: str) -> bool:
    """Whether a sentence begins by pointing back, with no more than a verb before it that could be pointed at, or with
    one thing and its verb: "Members borrow them for three days"."""
    found = _MEANT_BEFORE.match(text)
    is_said_of_before = found and len(terms.content_words(found["before"])) <= 1
    is_bare = _BARE.match(text) is not None
    return bool(
        _LEANING.match(text) or is_said_of_before or is_bare or _CUT_SHORT.match(text) or _DONE_TO_IT.match(text)
    )


def with_what_it_leans_on(sentences: Sequence[SentenceView], index: int) -> Span:
    """The place of a sentence of a paragraph, from the nearest one on that says enough by itself, or from the
    paragraph's first where none does."""
    first = next((i for i in range(index, 0, -1) if not leans(sentences[i].text)), 0)
    return Span(sentences[first].span.start, sentences[index].span.end)
