"""What a question names and its answer does not: names, numbers, identifiers, and words too rare to be left out.

Whoever asks who prunes the cherry trees is not answered by who prunes the pear trees. Pure functions of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from rag.text import language, terms
from rag.text.dates import Day, find_days, find_whole_dates, find_years, tells
from rag.text.ranges import ranges_of
from rag.text.values import Amount, find_amounts, find_measured, without_times

RARE = 0.008
"""Words less likely than this in a paragraph of English carry a question: "cherry" has .0016, "stove" .0008, while
"length" has .012, "step" .022 and "difference" .042."""

ALIKE = 0.8
"""Share of common letters (difflib's ratio) from which a word passes for another with a slip in it."""

_TOKEN = regex.compile(r"[\p{L}\p{N}]+(?:(?:[.,/’'_-]|(?<=\d):(?=\d))[\p{L}\p{N}]+)*")
_IN_PARTS = regex.compile(r"\d+(?:[.:/-]\d+){2,}")
_IN_GROUPS = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_AND_WORDS = regex.compile(
    rf"\d+(?:[.,]\d+)?(?:(?:-\p{{Ll}}{{2,}})+|{language.pattern('numbers.ordinal_endings')}|0s|{language.pattern('dates.clock')})"
)
"""A number with words of the language behind it: "14-year-old", "3rd", "1990s", "10am"."""
_BEGINS = regex.compile(r"(?:^|[.!?:]\s+)\P{L}*$")
_JOINED = regex.compile(r"[’'](?:s|m|d|ll|re|ve)$", regex.IGNORECASE)
"""What is written together with a name or with "I": "Ann's", "I'm"."""
_WORD = regex.compile(r"[\p{L}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Scripts that put no spaces between words: what seems one there is a whole sentence."""
_VALUE = regex.compile(rf"\b{language.pattern('questions.placed')}\s+$", regex.IGNORECASE)
_NAMED = r"\p{Lu}[\p{L}\p{N}-]*(?:\s\p{Lu}[\p{L}\p{N}-]*)*"
_EITHER = regex.compile(rf"({_NAMED})\s+{language.pattern('questions.either')}\s+({_NAMED})")
_OF_KIND = regex.compile(r"\b(?P<letters>\p{Lu}{2,5})[ -](?P<what>\p{Ll}{3,})")
"""Capital letters in front of a thing: "IP address", "API key"."""
_ROLE = regex.compile(language.pattern("questions.role"), regex.IGNORECASE)
_NUMBERED = regex.compile(r"\b(?P<what>\p{Ll}{3,}) (?P<number>\d{1,3})(?![\d.,:%]*\d|\s*%)\b(?!\s+\p{Ll}+s\b)")
_TELEPHONE = regex.compile(language.pattern("questions.telephone"), regex.IGNORECASE)
_E_MAIL = regex.compile(language.pattern("questions.e_mail"), regex.IGNORECASE)
_NUMBER_TO_CALL = regex.compile(r"\d(?:[\s()/.–-]{0,2}\d){4,}")
_SHORT_NUMBER = regex.compile(r"(?<![\d.,:/-])\d{3,4}(?![\d.,:/-]*\d)")
_SUPERLATIVE = regex.compile(rf"\b{language.pattern('questions.superlatives')}", regex.IGNORECASE)
_MANNERS = frozenset(language.words("questions.manners"))
_AGE = regex.compile(rf"\b{language.pattern('questions.ages')}", regex.IGNORECASE)


def named(question: str) -> tuple[str, ...]:
    """Names, numbers and identifiers of the question, as written: also "max_payload". A question all in capitals names
    nothing."""
    later = _WORD.findall(question)[1:]
    in_capitals = 4 * sum(word[0].isupper() for word in later) > 3 * len(later)
    found = []
    for match in _TOKEN.finditer(question):
        token = _JOINED.sub("", match.group())
        is_name = token[0].isupper() and not in_capitals and not _BEGINS.search(question[: match.start()])
        if _has_digit(token) or "_" in token or (is_name and token.casefold() not in _MANNERS):
            found.append(token)
    return tuple(dict.fromkeys(found))


def identifiers(question: str) -> list[str]:
    """What the question names with letters and digits both, "QX-2041-C", with a low line, "max_payload", or with
    numbers in several parts, "10.20.4.61"; not a measure, "27kg", nor words with a number, "14-year-old", a date or a
    number in groups of three."""
    found = [one for one in named(question) if _is_mixed(one) or _is_in_parts(one)]
    measures = _measures(question) if found else frozenset[str]()
    return [one for one in found if one.casefold() not in measures]


def _is_mixed(token: str) -> bool:
    has_both = (_has_digit(token) or "_" in token) and any(map(str.isalpha, token))
    return has_both and not _AND_WORDS.fullmatch(token)


def _is_in_parts(token: str) -> bool:
    return bool(_IN_PARTS.fullmatch(token)) and not _IN_GROUPS.fullmatch(token) and not find_whole_dates(token)


def holds(text: str, identifier: str) -> bool:
    """Whether a text names it, and not one that only begins or ends so: 10.20.4.6 is not 10.20.4.61."""
    pattern = rf"(?<!\d){regex.escape(identifier)}(?!\d)" if _has_digit(identifier) else regex.escape(identifier)
    return regex.search(pattern, text, regex.IGNORECASE) is not None


def unknown_identifiers(question: str, texts: Iterable[str], missing: Iterable[str] | None = None) -> tuple[str, ...]:
    """Identifiers of the question ("QX-2041-C", "max_payload") that stand in none of the texts. No
    other identifier answers for one, however alike. Where it is known which words stand nowhere in the documents,
    `missing`, one of a single word that is none of them, "CO2", is not unknown: it stands elsewhere."""
    found = identifiers(question)
    whole = list(texts) if found else []
    away = None if missing is None else {word.casefold() for word in missing}
    return tuple(
        one
        for one in found
        if not any(holds(text, one) for text in whole) and (away is None or not one.isalnum() or one.casefold() in away)
    )


class Mentioned:
    """The words of the cited texts, for looking up whether something stands there, if with a slip in it."""

    def __init__(self, cited: Iterable[str]) -> None:
        self._texts = list(cited)
        self._words = frozenset(map(terms.fold, _words(self._texts)))
        self._stems = set(map(terms.country_of, terms.stemmed(list(self._words))))

    def __contains__(self, name: str) -> bool:
        """Whether every word of the name stands there."""
        return all(self._has(terms.fold(word)) for word in _WORD.findall(name))

    def writes(self, word: str) -> bool:
        """Whether a word in small letters stands there as it is."""
        return word in self._words

    def tells(self, day: Day | int) -> bool:
        """Whether the day, of the week too, or the month stands there, however it is written."""
        return any(tells(text, day) for text in self._texts)

    def brackets(self, amount: Amount) -> bool:
        """Whether the amount falls into a range that stands there: 27 kg into "20 kg and over"."""
        return any(one.holds(amount) for text in self._texts for one in ranges_of(text))

    def numbers_otherwise(self, what: str, number: str) -> bool:
        """Whether something stands there with other numbers behind it, and never with this one."""
        behind = regex.compile(
            rf"\b{regex.escape(what)}s?\b\W{{1,4}}(?:no\W{{1,2}})?(?P<number>\d+)(?P<others>(?:\s*(?:[,–-]|\p{{L}}+)\s*\d+\b)*)",
            regex.IGNORECASE,
        )
        found = [match for text in self._texts for match in behind.finditer(text)]
        is_range = any(match["others"] for match in found)
        return bool(found) and not is_range and all(match["number"] != number for match in found)

    def _has(self, word: str) -> bool:
        if word in self._words or (word.isdigit() and f"{word}s" in self._words):
            return True
        if terms.country_of(terms.stemmed([word])[0]) in self._stems:
            return True
        # A digit that differs is another number, never a slip.
        return not _has_digit(word) and any(SequenceMatcher(None, word, one).ratio() >= ALIKE for one in self._words)


def unmentioned(question: str, cited: Mentioned) -> tuple[str, ...]:
    """What the question names that stands nowhere in the cited texts, not with a slip either. How old somebody is no
    text knows."""
    told = _days_told(question, cited) | _amounts_told(question, cited) | _words(days_missed(question, cited))
    told |= frozenset(found["age"] for found in _AGE.finditer(question))
    return tuple(one for one in named(question) if one not in cited and one.casefold() not in told)


def days_missed(question: str, cited: Mentioned) -> tuple[str, ...]:
    """The days of the question, "12 November", of whose month the cited texts tell others only."""
    return tuple(
        span.of(question)
        for span, day in find_days(question)
        if isinstance(day, Day) and day.day and not cited.tells(day) and cited.tells(Day(month=day.month))
    )


def _amounts_told(question: str, cited: Mentioned) -> frozenset[str]:
    """The numbers of the question that a range in the cited texts holds."""
    return _words(measure for measure, amount in find_measured(question) if cited.brackets(amount))


def _days_told(question: str, cited: Mentioned) -> frozenset[str]:
    """The words of the question's days and months that stand in the cited texts, however they are written."""
    told = (span.of(question) for span, day in find_days(question) if cited.tells(day))
    return frozenset(word.casefold() for day in told for word in _WORD.findall(day))


@dataclass(frozen=True, slots=True)
class Absent:
    """Words of a question that stand nowhere in the documents: `names` it names somebody or something by, and other
    `rare` ones. People have other words for things, so that a rare one alone says less."""

    names: tuple[str, ...]
    rare: tuple[str, ...]


def absent(question: str, missing: Iterable[str], cited: Mentioned, commonness: Callable[[str], float]) -> Absent:
    """Of the words that stand nowhere in the documents, `missing`, those that carry the question: what it names, and
    what is rare by `commonness`, how likely a paragraph of English holds a stem. A slip of a cited word is none."""
    pieces = {piece.casefold() for one in named(question) for piece in _WORD.findall(one)} - _own_values(question)
    told = _days_told(question, cited) | _words(days_missed(question, cited))
    known = _MANNERS | told | _amounts_told(question, cited)
    away = [
        word for word in missing if word.casefold() not in known and word not in cited and not _UNSPACED.search(word)
    ]
    names = tuple(word for word in away if word.casefold() in pieces)
    rare = [word for word in away if word not in names and commonness(terms.stemmed([word.casefold()])[0]) < RARE]
    return Absent(names, tuple(rare))


def decisive(names: Iterable[str], question: str, cited: Mentioned) -> tuple[str, ...]:
    """Those of the names that stand nowhere without which a question is not answered: not one beside another that is
    cited, where one of the two will do, "LDAP or Active Directory", nor letters that say of which kind something cited
    is, "the IP address"."""
    will_do = {
        word.casefold()
        for found in _EITHER.finditer(question)
        if any(side in cited for side in found.groups())
        for side in found.groups()
        for word in _WORD.findall(side)
    }
    will_do |= {found["letters"].casefold() for found in _OF_KIND.finditer(question) if found["what"] in cited}
    return tuple(name for name in names if not {word.casefold() for word in _WORD.findall(name)} <= will_do)


def role_missed(question: str, cited: Mentioned) -> tuple[str, ...]:
    """The part that a question asks somebody by, "Who is the mentor of Ann?", where the cited texts do not name it."""
    found = _ROLE.search(question)
    role = terms.content_words(found["role"])[-1:] if found else []
    return tuple(word for word in role if word not in cited)


def reach_missed(question: str, quotes: Iterable[str], cited: Mentioned) -> tuple[str, ...]:
    """The telephone number or the e-mail address that a question asks for, in its words, where no quote has one; of an
    extension, "phone 5520", the word stands in the text or above the column."""
    texts = [*quotes]
    if (asked := _TELEPHONE.search(question)) is not None:
        is_short = any(map(cited.writes, terms.words(asked["by"]))) and any(map(_SHORT_NUMBER.search, texts))
        return () if is_short or any(_NUMBER_TO_CALL.search(without_times(text)) for text in texts) else (asked["by"],)
    if (asked := _E_MAIL.search(question)) is not None:
        return () if any("@" in text for text in texts) else (asked["by"],)
    return ()


def numbered_otherwise(question: str, cited: Mentioned) -> tuple[str, ...]:
    """What a question names by a number, "fridge 8", of which the cited texts hold others only, "Fridge: 5"."""
    return tuple(
        found.group()
        for found in _NUMBERED.finditer(question)
        if terms.content_words(found["what"])
        and found["number"] not in _measures(question)
        and cited.numbers_otherwise(found["what"], found["number"])
    )


def superlative(question: str) -> str | None:
    """The word by which it asks which of several has the most, or the least, of something."""
    found = _SUPERLATIVE.search(question)
    return found.group().strip() if found else None


def _own_values(question: str) -> frozenset[str]:
    """Numbers that name nobody, as they are the asker's own: measures, "27 kg", and what stands behind "of" and its
    like, "a pressure of 170", but for years."""
    years = frozenset(find_years(question))
    values = (span for span, _ in find_amounts(question) if _VALUE.search(question[: span.start]) and span not in years)
    return _measures(question) | _words(span.of(question) for span in values)


def _measures(question: str) -> frozenset[str]:
    return _words(measure for measure, _ in find_measured(question))


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for text in texts for word in _WORD.findall(text))


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))
