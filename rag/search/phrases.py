"""The things that a question names, by their articles, capitals and places. Pure.

No grammar of a language is known: what is no word of meaning parts things from one another, and a word that stands
where a verb does is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag.text import language, terms
from rag.text.values import NUMERAL

_DETERMINERS = frozenset(language.words("questions.determiners"))
_INDEFINITE = frozenset(language.words("questions.indefinite"))
_POLAR = frozenset(language.words("questions.polar"))
_DEMONSTRATIVE = frozenset(language.words("questions.demonstrative"))
_WHICH = frozenset(language.words("questions.which"))
_BEING = frozenset(language.words("questions.being"))
_ASKERS = frozenset(language.words("questions.askers"))
_STATES = frozenset(language.words("questions.states"))
_GOES_WITH = frozenset(language.words("questions.goes_with"))
_WAS = frozenset(language.words("questions.was"))
_ING_NOUNS = frozenset(language.words("questions.ing_nouns"))
_DEED = regex.compile(rf"{language.pattern('questions.deeds')}", regex.IGNORECASE)
_OF_DOING = frozenset(language.words("questions.of_doing"))
_PLURALS = frozenset(language.words("questions.plurals"))
_VERB_FORM = regex.compile(r"\p{L}{2,}(?:ing|ed)", regex.IGNORECASE)
_PLURAL = regex.compile(r"\p{L}{2,}(?<![suis’'])s", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Where a thing is named, with its article or the like, empty where it has none; a name has a capital. "Which" is
    no part of it, and tells that there is one."""

    start: int
    end: int
    determiner: str
    is_name: bool
    is_plural: bool

    @property
    def kind(self) -> tuple[bool, bool]:
        """Whether it has an article at all, and a definite one."""
        has_article = bool(self.determiner) and not self.is_asked
        return has_article, has_article and self.determiner not in _INDEFINITE

    @property
    def is_asked(self) -> bool:
        """Whether it is what is asked for: "Which reader"."""
        return self.determiner in _WHICH

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    means: bool
    """Whether it carries meaning."""

    @property
    def low(self) -> str:
        return self.text.lower()


def phrases(question: str) -> list[Phrase]:
    """The things and names of a question, in its order."""
    content = set(terms.content_words(question))
    words = [
        _Word(
            found.group(),
            *found.span(),
            bool(content.intersection(terms.words(found.group()))) and not NUMERAL.fullmatch(found.group().lower()),
        )
        for found in _WORD.finditer(question)
    ]
    found: list[Phrase] = []
    has_verb = False
    i = 0
    while i < len(words):
        has_determiner = words[i].low in _DETERMINERS and not _stands_for_a_thing(words, i)
        first = i + has_determiner
        end = _end_of_run(question, words, first, is_one=has_determiner)
        if end == first:
            i += 1
            continue
        # What stands behind a comma is beside the question.
        has_verb = has_verb or "," in question[: words[first].start]
        begin = first if has_determiner else first + _begins_with_verb(words, first)
        of_two = 2 * (end - begin > 2 and _DEED.fullmatch(f"{words[end - 2].text} {words[end - 1].text}") is not None)
        last = end - (of_two or _ends_with_verb(words, begin, end, has_verb=has_verb))
        has_verb = has_verb or begin > first or last < end
        if last > begin and not (last - begin == 1 and not has_determiner and _is_verb(words[begin])):
            found.append(_phrase(words, i if has_determiner else begin, begin, last))
        i = end
    return found


def _is_verb(word: _Word) -> bool:
    return _VERB_FORM.fullmatch(word.text) is not None and word.low not in _ING_NOUNS


def _stands_for_a_thing(words: Sequence[_Word], place: int) -> bool:
    """Whether "that" and its like stand by themselves, before a verb: "what does that cost", "members that leave"."""
    before = words[place - 1] if place else None
    return words[place].low in _DEMONSTRATIVE and before is not None and (before.means or before.low in _POLAR)


def plural(text: str) -> bool:
    """Whether what a phrase ends with is more than one, as far as an ending tells."""
    last = (_WORD.findall(text) or [""])[-1].lower()
    return last in _PLURALS or _PLURAL.fullmatch(last) is not None


def _phrase(words: Sequence[_Word], start: int, begin: int, end: int) -> Phrase:
    is_asked = start > 0 and words[start - 1].low in _WHICH
    determiner = words[start].low if start < begin else words[start - 1].low if is_asked else ""
    is_name = all(one.text[0].isupper() and i > 0 for i, one in enumerate(words[begin:end], start=begin))
    return Phrase(words[start].start, words[end - 1].end, determiner, is_name, plural(words[end - 1].text))


def _end_of_run(question: str, words: Sequence[_Word], start: int, *, is_one: bool) -> int:
    """Where the words of meaning end that stand side by side, all of a name or none, or behind an article of `one`
    thing, "the Centcom spokesman"."""
    end = start
    while end < len(words) and words[end].means:
        if end > start:
            is_apart = question[words[end - 1].end : words[end].start].strip()
            is_upper, was_upper = words[end].text[0].isupper(), words[end - 1].text[0].isupper()
            begins_name = is_upper != was_upper and end - 1 > 0 and not is_one
            if is_apart or begins_name:
                break
        end += 1
    return end


def _begins_with_verb(words: Sequence[_Word], start: int) -> bool:
    """Whether a run begins with a verb, or what something is said to be: behind "who", "I" and their like, or behind
    "are" that something stands in front of, and behind "to" before an article: "Who drills", "can I return", "courses
    are held", "what was found", "how hot", "to hire a boat"."""
    before = words[start - 1].low if start else ""
    is_deed = before in _WAS and start == 2 and not words[start].text[0].isupper()
    is_state = before in _BEING and start > 1 and (words[start - 2].means or is_deed)
    behind = words[start + 1].low if start + 1 < len(words) else ""
    is_verb = before in _ASKERS or (before in _DEMONSTRATIVE and _stands_for_a_thing(words, start - 1))
    return is_verb or is_state or (behind in _DETERMINERS and before in _OF_DOING)


def _ends_with_verb(words: Sequence[_Word], start: int, end: int, *, has_verb: bool) -> bool:
    """Whether a run ends with the verb of the question, or with what something is said to be: "does the ticket cost",
    "is the shop open", "the scanner arriving"."""
    is_named = words[end - 1].text[0].isupper()
    if end - start < 2 or is_named or (end < len(words) and words[end].low in _POLAR):
        return False
    if _is_verb(words[end - 1]):
        return True
    behind = words[end].low if end < len(words) else ""
    before = [one.low for one in words[:start] if one.low not in _DETERMINERS]
    if before[-1:] and before[-1] in _BEING:
        return words[end - 1].low in _STATES and behind not in _GOES_WITH
    is_next = bool(before) and before[-1] in _POLAR
    helps = any(one in _POLAR and one not in _BEING for one in before)
    return helps and not has_verb and (not behind or (is_next and behind not in _GOES_WITH))
