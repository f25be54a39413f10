"""What the words of a follow-up point to: "it", "they", "her" and their like, by the question before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.search.phrases import Phrase, phrases
from rag.text import language, terms
from rag.text.dates import find_days
from rag.text.identify import language_by_words
from rag.text.names import find_whole_names

_OWNER = language.pattern("questions.owners", "questions.persons_owners")
_PRONOUN = regex.compile(
    rf"\b(?:(?P<owner>{_OWNER})\b(?=\s+\p{{L}})|{language.pattern('questions.stand_for')}\b)", regex.IGNORECASE
)
_PERSONS = frozenset((*language.words("questions.persons"), *language.words("questions.persons_owners")))
_MANY = frozenset(language.words("questions.many"))
_DEMONSTRATIVE = frozenset(language.words("questions.demonstrative"))
_POSSESSIVES = frozenset(language.words("questions.possessives"))
_PLACING = frozenset(language.words("questions.placed"))
_OF = frozenset(language.words("questions.of"))
_AT = regex.compile(rf"\b{language.pattern('questions.placed')}\s+$", regex.IGNORECASE)
_DOES_IT = regex.compile(rf"\b{language.pattern('questions.does')}\s+$", regex.IGNORECASE)
_ABOUT = {code: language.words_of(code, "questions.about_what") for code in ("en", "de", "fr", "es", "ru")}
_SUCH_ONE = regex.compile(r"(?<=\b\p{L}+\s)one(?=\W*$)", regex.IGNORECASE)
_TITLE = regex.compile(r"“[^”]*”")
_SAYS_THAT = regex.compile(rf"\b{language.pattern('questions.says_that')}\s+$", regex.IGNORECASE)
BESIDE = regex.compile(rf", {language.pattern('questions.about_what')} (?P<subject>“[^”]*”|[^,?]+)\?$")
"""What a question is about that was made to stand alone so."""
NAME = regex.compile(r"(?<!^\W*)\b\p{Lu}[\p{L}\p{M}\p{N}'’-]*(?:\s+\p{Lu}[\p{L}\p{M}\p{N}'’-]*)*")
_OWNED = regex.compile(r"[’']s?$")
_SHORT = regex.compile(r"\.\s+\p{Lu}")
"""Behind a title that is cut short: "Army Col. Ann Lee"."""
_FULL_NAME = regex.compile(r"[\p{L}\p{M}’'-]+ [\p{L}\p{M}’'-]+")
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")


def beside(asked: str, subject: str) -> str:
    """A question with what it is about behind it: "How deep are they, about the wells?"."""
    about = _ABOUT.get(language_by_words(asked) or "en") or _ABOUT["en"]
    return f"{asked.rstrip(' ?!.')}, {about[0]} {subject}?"


def with_what_it_points_to(question: str, earlier: str, told: str) -> str | None:
    """With what its pronouns stand for in their places, one person and one thing: of many for many, of somebody by
    name, else the first thing."""
    main = BESIDE.sub("?", earlier)
    named: dict[bool, tuple[regex.Match[str], str]] = {}
    for match in _PRONOUN.finditer(question):
        word = match.group().lower()
        is_person = word in _PERSONS
        if is_person in named or not (is_person or _means_a_thing(question, match)):
            continue
        name = _somebody(earlier, told) if is_person else _thing(main, many=word in _MANY)
        if name is not None:
            owner = ("’" if name.endswith("s") and word in _MANY else "’s") if match.group("owner") else ""
            named[is_person] = match, f"{name}{owner}"
    if False not in named and (such := _SUCH_ONE.search(question)) is not None:
        things = [one for one in phrases(main) if not one.is_name]
        if things:
            named[False] = such, _WORD.findall(things[0].of(main))[-1]
    if not named:
        return None
    said = question
    for match, name in sorted(named.values(), key=lambda one: -one[0].start()):
        said = f"{said[: match.start()]}{name}{said[match.end() :]}"
    others = [one for one in _names(_TITLE.sub("", earlier)) if one not in said]
    is_enough = True in named or bool(_names(said))
    return said if is_enough or not others else beside(said, others[-1])


def _means_a_thing(question: str, word: regex.Match[str]) -> bool:
    """Whether it stands for a thing that was named: not in "that meeting", nor for a deed or what was said."""
    low, behind = word.group().lower(), question[word.end() :]
    if low in _DEMONSTRATIVE and _is_of_something(behind):
        return False
    is_said = low in _DEMONSTRATIVE and _SAYS_THAT.search(question[: word.start()]) is not None
    return not is_said and not _is_deed(question, word)


def _is_deed(question: str, word: regex.Match[str]) -> bool:
    """Whether no thing is meant: "who does it?"."""
    does = _DOES_IT.search(question[: word.start()]) is not None
    return does and not terms.content_words(question[word.end() :])


def _is_of_something(behind: str) -> bool:
    """Whether a word of meaning comes right behind "that": "that meeting"."""
    following = _WORD.findall(behind)
    return bool(following) and bool(terms.content_words(following[0])) and not behind.startswith((",", "?"))


def _names(text: str) -> list[str]:
    """Names of the text that are no days or months, without what makes them owners."""
    found = (_OWNED.sub("", one.of(text)) for one in phrases(text) if one.is_name)
    return [name for name in found if not any(find_days(name))]


def _somebody(earlier: str, told: str) -> str | None:
    """Who is named in the question before, or by itself in what was told; a place is nobody, "in Homs"."""
    # The words of a title name nobody.
    asked = BESIDE.sub("?", _TITLE.sub("", earlier))
    persons = (one for one in phrases(asked) if one.is_name and not one.determiner and not one.of(asked).isupper())
    if names := [one.of(asked) for one in persons if not _AT.search(asked[: one.start])]:
        return _OWNED.sub("", names[-1])
    whole = [span for span in find_whole_names(told) if not _SHORT.match(told, span.end)]
    of_two = {name for span in whole if _FULL_NAME.fullmatch(name := span.of(told))}
    return of_two.pop() if len(of_two) == 1 else None


def _thing(earlier: str, *, many: bool) -> str | None:
    """The first thing that the question before names, one with an article before others, with what it is of."""
    every = phrases(earlier)
    things = [one for one in every if not one.is_name and one.is_plural == many]
    first = next((one for one in things if one.determiner), next(iter(things), None))
    return _named(first, every, earlier) if first else next(iter(_names(earlier)), None)


def _named(first: Phrase, every: Sequence[Phrase], text: str) -> str:
    """A thing by its article, with what it is of, or with where or for whom it is as far as that ends with a name: "the
    old mill in Pellworm", "the village in the outskirts of Hama"."""
    end, reached = first.end, first.end
    for one in every:
        if one.start < reached:
            continue
        between = text[reached : one.start].strip().lower()
        if between not in _PLACING:
            break
        reached = one.end
        if one.is_name or between in _OF:
            end = reached
    has_article = bool(first.determiner) and not first.is_asked
    return f"{'' if has_article else 'the '}{text[first.start : end]}"


def subject_of(earlier: str) -> str | None:
    """What the question before is about: its first thing, or else its last name."""
    if (beside := BESIDE.search(earlier)) is not None:
        return beside["subject"]
    every = [one for one in phrases(earlier) if one.determiner not in _POSSESSIVES]
    things = [one for one in every if not one.is_name]
    first = next((one for one in things if one.determiner), None)
    if first is None and (names := _names(earlier)):
        return names[-1]
    first = first or next(iter(things), None)
    if first is None:
        return None
    is_bare = first.is_plural and not first.determiner
    return first.of(earlier) if is_bare else _named(first, every, earlier)
