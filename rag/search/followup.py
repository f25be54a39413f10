"""A follow-up question made to stand alone, without a model. Pure.

"Who is Soleimani?" – "And what is his role?" is searched as "And what is Soleimani’s role?" too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import regex

from rag.text import language, terms

MOST_CARRIED = 4
"""Words taken over from the question before."""

_ANAPHORA = regex.compile(rf"\b{language.pattern('questions.points_back')}\b", regex.IGNORECASE)
_PRONOUN = regex.compile(
    rf"\b(?:(?P<owner>{language.pattern('questions.owners')})|{language.pattern('questions.pronouns')})\b",
    regex.IGNORECASE,
)
_ELLIPSIS = regex.compile(rf"^\W*{language.pattern('questions.goes_on')}\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A follow-up made to stand alone; None where it did already, or nothing useful was said. `usage` is what a model
    used for it."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


def expand(question: str, earlier: str, weight_of: Callable[[str], float]) -> str | None:
    """A follow-up made to stand alone by the rare terms of the question before it; None where it does already.

    A question leans on the one before if it points back ("they", "there"), begins like a continuation
    ("and", "what about") or has at most one content word of its own.
    """
    own = terms.content_words(question)
    leans = _ANAPHORA.search(question) or (_ELLIPSIS.match(question) and len(own) <= 3) or len(own) <= 1
    if not leans:
        return None
    mine = set(terms.stemmed(own))
    carried = [word for word in terms.content_words(earlier) if terms.stemmed([word])[0] not in mine]
    rarest = sorted(carried, key=lambda word: -weight_of(terms.stemmed([word])[0]))[:MOST_CARRIED]
    added = terms.as_written(earlier, [word for word in carried if word in rarest])
    if not added:
        return None
    phrase = " ".join(added)
    # In the pronoun's own place the question reads like one, which is what the embedder knows.
    replaced, count = _PRONOUN.subn(lambda match: f"{phrase}’s" if match.group("owner") else phrase, question, count=1)
    return replaced if count else f"{question} {phrase}"
