"""A follow-up question made to stand alone, without a model. Pure.

"Who is Soleimani?" – "And what is his role?" is searched as "And what is Soleimani’s role?" too. What is made is a
sentence that a person could have written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import regex

from rag.search.phrases import Phrase, phrases, plural
from rag.search.referring import NAME, beside, subject_of, with_what_it_points_to
from rag.text import language, terms
from rag.text.dates import find_weekdays, find_years

_ANAPHORA = regex.compile(rf"\b{language.pattern('questions.points_back')}\b", regex.IGNORECASE)
_DETERMINERS = frozenset(language.words("questions.determiners"))
_ARTICLES = frozenset(language.words("questions.articles"))
_POSSESSIVES = frozenset(language.words("questions.possessives"))
_PLACING = frozenset(language.words("questions.placed"))
_STATED = regex.compile(r"^[^?]*[.!]\s+\S")
_CLAUSE = regex.compile(rf"[,.;:!?]\s+|\s+{language.pattern('questions.parted_by')}\s+", regex.IGNORECASE)
_OF_ONES_OWN = regex.compile(rf"^\W*{language.pattern('questions.of_ones_own')}\b", regex.IGNORECASE)
_GOES_ON = language.pattern("questions.goes_on")
_ELLIPSIS = regex.compile(rf"^\W*{_GOES_ON}\b\W*", regex.IGNORECASE)
_CORRECTS = regex.compile(rf"^\W*{language.pattern('questions.corrects')}\W*", regex.IGNORECASE)
_MANNER = language.pattern("requests.thanks")
_MANNERS = regex.compile(
    rf"^\W*(?:{_MANNER}[\s,.!–—-]+)*{_MANNER}\s*[,.!–—-]+\s*(?=[\p{{L}}\p{{N}}])", regex.IGNORECASE
)
_OTHER_ONE = regex.compile(rf"{language.pattern('questions.other_one')}\W*", regex.IGNORECASE)
_SUCH_ONE = regex.compile(
    rf"(?P<such>{language.pattern('questions.determiners')}\s+[\p{{L}}’'-]+(?:\s+[\p{{L}}’'-]+)?)\s+{language.pattern('questions.one')}",
    regex.IGNORECASE,
)
_STRESSED = regex.compile(rf"(?:\s+{language.pattern('questions.stressed')})+(?=\W*$)", regex.IGNORECASE)
_SAID = regex.compile(
    rf"(?P<said>(?:{language.pattern('questions.beside')}\s+)*(?P<rest>[^?!.,;:]{{2,60}}?))\W*", regex.IGNORECASE
)
_PREPOSITION = language.pattern("questions.placed")
_PLACED = regex.compile(rf"{_PREPOSITION}\b", regex.IGNORECASE)
_PIECE = regex.compile(
    rf"(?:{language.pattern('questions.placed')}|{language.pattern('questions.determiners')})\s", regex.IGNORECASE
)
_BARE = regex.compile(
    rf"{_PIECE.pattern}|(?:[\p{{L}}’'-]+\s){{0,2}}[\p{{L}}’'-]+\?$",
    regex.IGNORECASE,
)
"""Nothing but what is asked of: "on weekends?", "the workshop", "dogs?"."""
_AT_PLACE = regex.compile(
    rf"\b{language.pattern('questions.at_places')}\s+{language.pattern('questions.determiners')}\s+[^?!.,;:]+?(?=\s+{_PREPOSITION}\b|\W*$)",
    regex.IGNORECASE,
)
"""In or on something: one place stands for another."""
_TIME = regex.compile(language.pattern("questions.times"), regex.IGNORECASE)
_AGAIN = regex.compile(
    rf"{language.pattern('questions.again')}\s+(?P<said>{_PREPOSITION}\s+[^?!.,;:]{{1,40}}?)\W*", regex.IGNORECASE
)
_WHY = regex.compile(rf"{language.pattern('questions.bare_why')}\W*", regex.IGNORECASE)
_REASON = regex.compile(rf"[,;]?\s+\b{language.pattern('telling.reason_words')}\b", regex.IGNORECASE)
_SAID_SO = regex.compile(rf"\b{language.pattern('questions.tells_that')}\b", regex.IGNORECASE)
_TELLS_THAT = regex.compile(rf".*\b{language.pattern('questions.tells_that')}(?=\s+(?:that|this|it|so)\W*$)", regex.I)
_DONE = frozenset(language.words("questions.done"))
_ASKS = frozenset(language.words("questions.asks"))
_POLAR = frozenset(language.words("questions.polar"))
_OF_THINGS = frozenset(language.words("questions.of_things"))
_TWO = 2
_MOST_INSTEAD = 5
"""Words that may stand in for others."""
_TOLD_WORDS = range(4, 31)
"""Of a sentence that is told again: "Why is it that …"."""
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A follow-up made to stand alone; None where it did already, or nothing useful was said. `usage` is what a model
    used for it."""

    question: str | None
    usage: Mapping[str, float] = field(default_factory=dict)


def expand(question: str, earlier: str, told: str = "") -> str | None:
    """A follow-up made to stand alone by the question before it, and by the sentence that was `told` then; None where
    it does already.

    "What about the Spark?" asks the question before anew, of the Spark; "why?" and "who decided that?" ask of what was
    told; what that does not fit is asked about the thing that the question before names. A question leans on the one
    before if it points back ("they", "there") to what it does not name itself, begins like a continuation ("what
    about") and is no whole question, or has at most one content word of its own, and is nobody's "Where can I smoke?".
    """
    question = _MANNERS.sub("", question, count=1)
    asked = _stripped(question)
    is_correction = asked != question.strip() and _CORRECTS.match(question) is not None
    own = terms.content_words(asked)
    is_piece = _PIECE.match(asked) is not None and len(asked.split()) <= _MOST_INSTEAD
    leans = is_correction or is_piece or _points_back(question)
    leans = leans or (_ELLIPSIS.match(question) is not None and not _is_whole(asked))
    if not leans and (len(own) > 1 or (own and _OF_ONES_OWN.match(question))):
        return None
    if is_other_one(question):
        return earlier
    goes_on = is_correction or _ELLIPSIS.match(question) or _BARE.match(asked)
    if goes_on and asked.split(" ")[0].lower() not in _ASKS and (instead := _of_another(asked, earlier)) is not None:
        return instead
    if (found := _AGAIN.fullmatch(asked)) is not None and asked[:4].lower() == earlier[:4].lower():
        return _placed(earlier, found["said"], found["said"])
    if (behind := _of_what_was_told(asked, told)) is not None:
        return behind
    if (named := with_what_it_points_to(question, earlier, told)) is not None:
        return named
    subject = subject_of(earlier)
    if subject is None or set(terms.content_words(subject)) <= set(own):
        return _capital(asked) if leans else None
    return beside(asked, subject)


def stands_alone(question: str) -> bool:
    """Whether a question may be asked as it is, though it may also lean on the one before: it is a whole one that
    points back to nothing, and names something."""
    asked = _stripped(question)
    if _CORRECTS.match(question) or _points_back(question) or asks_of_the_told(question):
        return False
    return _is_whole(asked) and bool(phrases(asked))


def asks_of_the_told(question: str) -> bool:
    """Whether it asks of what was told that which that does not say: "why?", "who decided that?"."""
    asked = _stripped(question)
    return _WHY.fullmatch(asked) is not None or _TELLS_THAT.match(asked) is not None


def tells_who_said(text: str) -> bool:
    """Whether a sentence tells that somebody said, decided or proposed something."""
    return _SAID_SO.search(text) is not None


def is_other_one(question: str) -> bool:
    """Whether it asks the same again, but for what was answered: "no, I mean the other one"."""
    return _OTHER_ONE.fullmatch(_stripped(question)) is not None


def _stripped(question: str) -> str:
    """Without what it begins with because it goes on, puts something right, or is polite."""
    question = _MANNERS.sub("", question, count=1)
    asked = _CORRECTS.sub("", question.strip(), count=1)
    return _ELLIPSIS.sub("", asked, count=1) or asked


def _is_whole(asked: str) -> bool:
    """Whether it asks a question by itself: with a question word, and more behind it than where, when or for whom."""
    words = [word.lower() for word in _WORD.findall(asked)]
    if not words or words[0] not in _ASKS or not terms.content_words(asked):
        return False
    behind = words[2:] if words[0] == "how" else words[1:]
    # "What time exactly?" has no verb.
    has_verb = words[0] not in _OF_THINGS or not _POLAR.isdisjoint(behind) or len(terms.content_words(asked)) > _TWO
    return len(behind) > 1 and behind[0] not in _PLACING and has_verb


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
        return len(named) > 1 and (_has_determiner(before) or NAME.search(before) is not None)
    if _STATED.match(question[word.end() :]):
        # A statement in front of the question sets a scene of its own: "I lost a notebook with names in it. Whom …".
        return len(named) > 1 and _has_determiner(before)
    *clauses, _ = _CLAUSE.split(before)
    return any(len(terms.content_words(clause)) > 1 and _has_determiner(clause) for clause in clauses)


def _has_determiner(text: str) -> bool:
    return any(word.lower() in _ARTICLES for word in _WORD.findall(text))


def _of_another(asked: str, earlier: str) -> str | None:
    """The question before, asked of what this one puts in the place of something of its kind: a name of a name, other
    words of other words. None where this one does more than that, or nothing of the kind is there."""
    if "“" in earlier:
        # A document was asked for: nothing stands in the place of a word of its title.
        return None
    asked = _STRESSED.sub("", asked)
    match = _SAID.fullmatch(asked)
    words = _WORD.findall(match["rest"]) if match else []
    if match is None or not 0 < len(words) <= _MOST_INSTEAD or any(word.lower() in _ASKS for word in words):
        return None
    if _TIME.fullmatch(match["said"]):
        return _at_another_time(earlier, match["said"])
    if _ANAPHORA.search(match["rest"]):
        return None
    if all(word[0].isupper() for word in words) and (place := _last_name(earlier)):
        return _put(earlier, place, match["rest"])
    has_article = match["said"].split()[0].lower() in _DETERMINERS
    if match["said"] == words[0] and _is_done(words[0]):
        return _of_another_deed(earlier, words[0])
    if find_weekdays(match["rest"]) or (_PLACED.match(match["said"]) and not has_article):
        return _placed(earlier, match["said"], match["rest"])
    if all(word[0].isupper() for word in words):
        return None
    if (such := _SUCH_ONE.fullmatch(match["said"])) is not None:
        return _of_such(earlier, such["such"])
    thing = _most_alike(match["said"], earlier)
    return _put(earlier, (thing.start, thing.end), match["said"]) if thing else None


def _most_alike(said: str, earlier: str) -> Phrase | None:
    """A thing of the question before that this could stand for: one of many for many, with an article for what has one,
    the first of them."""
    own = next(iter(phrases(said)), None)
    kind = own.kind if own else (False, False)

    def likeness(one: Phrase) -> tuple[bool, bool, int]:
        return one.is_plural == plural(said), one.kind == kind, -one.start

    return max((one for one in phrases(earlier) if not one.is_name), key=likeness, default=None)


def _is_done(word: str) -> bool:
    """Whether it tells what was done to something: "rebuilt"."""
    return word in _DONE or (word.endswith("ed") and word.islower())


def _of_another_deed(earlier: str, deed: str) -> str | None:
    """The question before, of something else that was done: "When was the hall opened?" of "rebuilt"."""
    done = [one for one in _WORD.finditer(earlier) if _is_done(one.group())]
    return _put(earlier, done[-1].span(), deed) if done else None


def _of_such(earlier: str, such: str) -> str | None:
    """The question before, of a thing of the same name that is otherwise: "the red one" of "the blue jacket"."""
    for one in phrases(earlier):
        of_several = _WORD.findall(one.of(earlier))
        if one.determiner and len(of_several) > 1 + len(such.split()[1:]) and not one.is_name:
            return _put(earlier, (one.start, one.end), f"{such} {of_several[-1]}")
    return None


def _at_another_time(earlier: str, time: str) -> str:
    """The question before, of another time: in the place of the year that it names, or behind it."""
    years, new = list(find_years(earlier)), list(find_years(time))
    if years and new:
        return _put(earlier, (years[-1].start, years[-1].end), new[-1].of(time))
    end = len(earlier.rstrip(" ?!."))
    return _put(earlier, (end, end), f" in {time}" if time.isdigit() else f" {time}")


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
        if _AT_PLACE.match(said) and (places := list(_AT_PLACE.finditer(earlier))):
            return _put(earlier, places[-1].span(), said)
    end = len(earlier.rstrip(" ?!."))
    return _put(earlier, (end, end), f" {said}")


def _put(text: str, place: tuple[int, int], words: str) -> str:
    start, end = place
    return f"{text[:start]}{words}{text[end:]}"


def _last_name(text: str) -> tuple[int, int] | None:
    return next((found.span() for found in reversed(list(NAME.finditer(text)))), None)


def _of_what_was_told(asked: str, told: str) -> str | None:
    """A question of what was told, with that in it: "Who decided that the pump stands on the roof?"."""
    clause = _REASON.split(" ".join(told.split()), maxsplit=1)[0].rstrip(" .,!")
    if len(clause.split()) not in _TOLD_WORDS or not clause[0].isupper():
        return None
    first, _, rest = clause.partition(" ")
    is_small = first.lower() in _DETERMINERS or first.lower() in _PLACING or not terms.content_words(first)
    clause = f"{first.lower() if is_small else first} {rest}"
    if _WHY.fullmatch(asked):
        return f"Why is it that {clause}?"
    head = _TELLS_THAT.match(asked)
    return f"{head.group()} that {clause}?" if head else None


def _capital(asked: str) -> str:
    return asked[:1].upper() + asked[1:]
