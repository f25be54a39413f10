"""A follow-up question made to stand alone, without a model. Pure.

"Who is Soleimani?" – "And what is his role?" is searched as "And what is Soleimani’s role?" too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import regex

from rag.text import language, terms
from rag.text.dates import find_weekdays

MOST_CARRIED = 4
"""Words taken over from the question before."""

_ANAPHORA = regex.compile(rf"\b{language.pattern('questions.points_back')}\b", regex.IGNORECASE)
_PRONOUN = regex.compile(
    rf"\b(?:(?P<owner>{language.pattern('questions.owners')})|{language.pattern('questions.pronouns')})\b",
    regex.IGNORECASE,
)
_THING = regex.compile(rf"\b(?:{language.pattern('questions.things')})\b", regex.IGNORECASE)
_OWNERS = frozenset(language.words("questions.owners"))
_DETERMINERS = frozenset(language.words("questions.determiners"))
_PLACING = frozenset(language.words("questions.placed"))
_VERB_FORM = regex.compile(r"\p{L}{2,}(?:ing|ed)", regex.IGNORECASE)
_ARTICLES = frozenset(language.words("questions.articles"))
_POSSESSIVES = frozenset(language.words("questions.possessives"))
_STATED = regex.compile(r"^[^?]*[.!]\s+\S")
_CLAUSE = regex.compile(rf"[,.;:!?]\s+|\s+{language.pattern('questions.parted_by')}\s+", regex.IGNORECASE)
_OF_ONES_OWN = regex.compile(rf"^\W*{language.pattern('questions.of_ones_own')}\b", regex.IGNORECASE)
_LONGEST_NAMED = 3
_GOES_ON = language.pattern("questions.goes_on")
_INSTEAD = regex.compile(
    rf"^\W*{_GOES_ON}\s+(?P<said>(?:{language.pattern('questions.beside')}\s+)*(?P<rest>[^?!.,;:]{{2,60}}?))\W*$",
    regex.IGNORECASE,
)
_PREPOSITION = language.pattern("questions.placed")
_PLACED = regex.compile(rf"{_PREPOSITION}\b", regex.IGNORECASE)
_ASKS = frozenset(language.words("questions.asks"))
_MOST_INSTEAD = 5
"""Words that may stand in for others."""
_NAME = regex.compile(r"(?<!^\W*)\b\p{Lu}[\p{L}\p{M}\p{N}'’-]*(?:\s+\p{Lu}[\p{L}\p{M}\p{N}'’-]*)*")
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")
_ELLIPSIS = regex.compile(rf"^\W*{_GOES_ON}\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A follow-up made to stand alone; None where it did already, or nothing useful was said. `usage` is what a model
    used for it."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


def expand(question: str, earlier: str, weight_of: Callable[[str], float]) -> str | None:
    """A follow-up made to stand alone by the question before it; None where it does already.

    "What about the Spark?" asks the question before anew, of the Spark; what that does not fit gets its rare terms. A
    question leans on the one before if it points back ("they", "there") to what it does not name itself, begins like a
    continuation ("and", "what about") or has at most one content word of its own, and is nobody's "Where can I smoke?".
    """
    own = terms.content_words(question)
    leans = _points_back(question) or (_ELLIPSIS.match(question) and len(own) <= 3)
    if not leans and (len(own) > 1 or (own and _OF_ONES_OWN.match(question))):
        return None
    if (instead := _of_another(question, earlier)) is not None:
        return instead
    if (thing := _THING.search(question)) and (named := _thing_of(earlier)):
        owner = "’s" if thing.group().lower() in _OWNERS else ""
        return f"{question[: thing.start()]}{named}{owner}{question[thing.end() :]}"
    mine = set(terms.stemmed(own))
    carried = [word for word in terms.content_words(earlier) if terms.stemmed([word])[0] not in mine]
    rarest = sorted(carried, key=lambda word: -weight_of(terms.stemmed([word])[0]))[:MOST_CARRIED]
    added = terms.as_written(earlier, [word for word in carried if word in rarest])
    if not added:
        return None
    phrase = " ".join(added)
    # In the pronoun's own place a name reads like a question, which is what the embedder knows; other words do not.
    if not all(word[:1].isupper() for word in added):
        return f"{question} {phrase}"
    replaced, count = _PRONOUN.subn(lambda match: f"{phrase}’s" if match.group("owner") else phrase, question, count=1)
    return replaced if count else f"{question} {phrase}"


def _points_back(question: str) -> bool:
    """Whether a word points to what is not named in front of it: "Somebody left a pram, can we sell it?" and "When does
    the shop hold its sale?" say themselves what they mean."""
    return any(not _is_named_before(question, match) for match in _ANAPHORA.finditer(question))


def _is_named_before(question: str, word: regex.Match[str]) -> bool:
    before = question[: word.start()]
    named = terms.content_words(before)
    if _ELLIPSIS.match(question) or not named:
        return False
    if word.group().lower() in _POSSESSIVES:
        # Of what the sentence speaks of: behind an article or a name, and its verb.
        return len(named) > 1 and (_has_determiner(before) or _NAME.search(before) is not None)
    if _STATED.match(question[word.end() :]):
        # A statement in front of the question sets a scene of its own: "I lost a notebook with names in it. Whom …".
        return len(named) > 1 and _has_determiner(before)
    *clauses, _ = _CLAUSE.split(before)
    return any(len(terms.content_words(clause)) > 1 and _has_determiner(clause) for clause in clauses)


def _has_determiner(text: str) -> bool:
    return any(word.lower() in _ARTICLES for word in _WORD.findall(text))


def _thing_of(earlier: str) -> str | None:
    """The first thing that a question names behind "the" and its like, with its place: "the old mill in Pellworm"."""
    content = set(terms.content_words(earlier))
    words = [(match.group(), content.intersection(terms.words(match.group()))) for match in _WORD.finditer(earlier)]
    for i, (word, _) in enumerate(words):
        if word.lower() in _DETERMINERS and (end := _end_of_run(words, i + 1)) > i + 1:
            if end < len(words) and words[end][0].lower() in _PLACING:
                behind = end + 1 + (end + 1 < len(words) and words[end + 1][0].lower() in _DETERMINERS)
                end = after if (after := _end_of_run(words, behind)) > behind else end
            return " ".join(word for word, _ in words[i:end])
    return None


def _end_of_run(words: Sequence[tuple[str, AbstractSet[str]]], start: int) -> int:
    """Where the words that carry meaning end, without a verb behind them: "the scanner arriving"."""
    end = start
    while end < len(words) and words[end][1] and end - start < _LONGEST_NAMED:
        end += 1
    return end - 1 if end - start > 1 and _VERB_FORM.fullmatch(words[end - 1][0]) else end


def _of_another(question: str, earlier: str) -> str | None:
    """The question before, asked of what this one puts in the place of something of its kind: a name of a name, other
    words of other words. None where this one does more than that, or nothing of the kind is there."""
    match = _INSTEAD.match(question)
    words = _WORD.findall(match["rest"]) if match else []
    if match is None or not 0 < len(words) <= _MOST_INSTEAD or any(word.lower() in _ASKS for word in words):
        return None
    if _ANAPHORA.search(match["rest"]):
        return None
    if all(word[0].isupper() for word in words) and (place := _last_name(earlier)):
        return _put(earlier, place, match["rest"])
    if find_weekdays(match["rest"]) or _PLACED.match(match["said"]):
        return _placed(earlier, match["said"], match["rest"])
    place = None if all(word[0].isupper() for word in words) else _longest_run(earlier)
    return _put(earlier, place, match["rest"]) if place else None


def _placed(earlier: str, said: str, rest: str) -> str:
    """The question before, of another day or place: in that of a weekday, or of what stands behind the same
    preposition, or else behind it."""
    is_weekday = any(len(span) == len(rest) for span, _ in find_weekdays(rest))
    if is_weekday and (days := find_weekdays(earlier)):
        day, _ = days[-1]
        return _put(earlier, (day.start, day.end), rest)
    if (at := _PLACED.match(said)) is not None:
        behind = regex.compile(rf"(?i)\b{regex.escape(at.group())}\s+[^?!.,;:]*?(?=\s+{_PREPOSITION}\b|\W*$)")
        if there := list(behind.finditer(earlier)):
            return _put(earlier, there[-1].span(), said)
    end = len(earlier.rstrip(" ?!."))
    return _put(earlier, (end, end), f" {said}")


def _put(text: str, place: tuple[int, int], words: str) -> str:
    start, end = place
    return f"{text[:start]}{words}{text[end:]}"


def _last_name(text: str) -> tuple[int, int] | None:
    return next((found.span() for found in reversed(list(_NAME.finditer(text)))), None)


def _longest_run(text: str) -> tuple[int, int] | None:
    """Where the most content words stand in a row that are no names."""
    content = set(terms.content_words(text))
    best: tuple[int, int] | None = None
    run: list[tuple[int, int]] = []
    longest = 0
    for found in _WORD.finditer(text):
        is_own = not found.group()[0].isupper() and bool(content.intersection(terms.words(found.group())))
        run = [*run, found.span()] if is_own else []
        if len(run) > longest:
            longest, best = len(run), (run[0][0], run[-1][1])
    return best
