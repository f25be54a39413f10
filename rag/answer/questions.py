"""Questions that documents answer, made of their own sentences, headings and names, as people would ask them. Pure.

In English, and of English texts alone, but for headings that ask themselves. A sentence makes a question only in a form
that can be turned round by code: what costs how much, lasts how long, is due when. Where none fits, none is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from rag.answer.guide import is_own_voice
from rag.documents.context import display
from rag.domain import Key, Passage, Role
from rag.text import language, terms
from rag.text.identify import is_in
from rag.text.names import find_whole_names
from rag.text.overlap import view_sentences

_MOST_NAMES = 12
_NAMED_OFTEN = 2
_ASKED_BY = frozenset(terms.stemmed(list(language.words("questions.asked_by"))))

_ABOUT = r"(?:(?:at most|at least|up to|about|around|exactly|currently|only|usually|normally) )?"
_NUMBER = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_MONEY = rf"(?:[$€£] ?\d[\d.,]*|{_NUMBER} (?:euros?|dollars?|pounds?|cents?|francs?|€|EUR|USD|GBP))"
_LONG = rf"{_NUMBER} (?:(?:working|calendar|business|full) )?(?:second|minute|hour|day|week|month|year)s?"
_SUBJECT = r"(?P<subject>(?:(?:The|An?|Every|Each|All) )?\p{L}[\p{L}’'-]*(?: (?!and\b|or\b|which\b|that\b|who\b|if\b|not\b|when\b)\p{L}[\p{L}’'-]*){0,5}?)"
_PARTICIPLE = r"(?P<done>(?:\p{Ll}{2,}ed|held|made|built|sold|paid|kept|due|open|closed|taken|given|born|begun|written|sent|bought|founded)\b(?: (?:up|out|back|off|over|down|through|away)\b)?)"
_DAY = r"(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|\d{1,2}:\d\d|(?:1[6-9]|20)\d\d\b"
_TIME = rf"(?:(?:in|on|by|before|after|until|from|at|since|between) (?:the )?(?:{_DAY})|within {_ABOUT}(?:one|{_LONG})|every (?:day|night|week|month|quarter|year))"
_BEHIND = r"(?:in|a|an|per|each|every|for|and|or|on|at|until|to|by|with|without|from|the|of|so|as|than|left|more|who|which|that|if|when|where|after|before|during|within|between|plus|off|but)\b"
_WORDS = rf"\p{{Ll}}+(?: (?!{_BEHIND})\p{{Ll}}+){{0,2}}"
_COUNTED = rf"(?P<what>{_WORDS}(?: of (?!(?:the|a|an)\b){_WORDS})?)(?= (?!of\b){_BEHIND}| ?[^\s\p{{L}}’'-]|$)"
"""What there is a number of, as far as its words go: "days of paid annual leave" before "per year"."""

_FORMS = tuple(
    (regex.compile(pattern), form)
    for pattern, form in (
        (rf"^{_SUBJECT} (?P<verb>is|are|was|were) {_ABOUT}{_MONEY}(?![\p{{L}}\d])", "How much {verb} {subject}?"),
        (rf"^{_SUBJECT} costs {_ABOUT}{_MONEY}", "How much does {subject} cost?"),
        (rf"^{_SUBJECT} (?P<verb>will|would) cost {_ABOUT}{_MONEY}", "How much {verb} {subject} cost?"),
        (rf"^{_SUBJECT} cost {_ABOUT}{_MONEY}", "How much do {subject} cost?"),
        (rf"^{_SUBJECT} (?P<verb>is|are|was|were) {_ABOUT}{_LONG}\b(?! old)", "How long {verb} {subject}?"),
        (rf"^{_SUBJECT} (?P<verb>last|take)s {_ABOUT}{_LONG}\b", "How long does {subject} {verb}?"),
        (
            rf"^{_SUBJECT} (?:has|gets|receives) {_ABOUT}{_NUMBER} {_COUNTED}",
            "How many {what} does {subject} have?",
        ),
        (
            rf"^{_SUBJECT} (?:have|get|receive) {_ABOUT}{_NUMBER} {_COUNTED}",
            "How many {what} do {subject} have?",
        ),
        (rf"^There are {_ABOUT}{_NUMBER} {_COUNTED}", "How many {what} are there?"),
        (
            rf"^{_SUBJECT} (?P<verb>must|should|can|may) be (?P<done>\p{{Ll}}+(?: (?:in|up|out|back|off|over|down))?) .{{0,40}}?{_TIME}",
            "When {verb} {subject} be {done}?",
        ),
        (
            rf"^{_SUBJECT} (?P<verb>is|are|was|were) {_PARTICIPLE}(?: [^,;:]{{0,40}}?)? ?\b{_TIME}",
            "When {verb} {subject} {done}?",
        ),
    )
)
_EVERY = regex.compile(r"^(?:every|each) (?=(?P<vowel>[aeiou])?)")
_NUMBERED = regex.compile(r"^[#\s*_]*(?:(?:(?:[A-Z]|[IVX]+)[.)]|\d+(?:\.\d+)*[.)]?)\s+)*[*_]*")
_TOPIC = regex.compile(r"\p{L}[\p{L}\p{M} ’'-]*")
_TITLE = regex.compile(r"\p{L}[\p{L}\p{M}\p{N} ,’'–&()-]*")
_UNFIT = regex.compile(
    r"\b(?:you|your|we|our|us|it|its|this|that|these|those|i|my|they|their|not|do|does|don’t|don't|is|are|was|were|has|have|can|may|must|shall|will)\b|^(?:how|what|when|where|who|why|which|if|about|introduction|overview|general|conclusion|summary|contents|notes?|appendix|annex|miscellaneous|definitions?|date|see|references?|background)\b",
    regex.IGNORECASE,
)
_WORD = regex.compile(r"(?<![\w./@:’'-])\p{L}[\p{L}\p{M}’'-]*+(?![\w/@]|\.\w)")
"""Not of an address."""
_HOW_TO = regex.compile(r"^How to (?P<do>\p{Ll}[\p{L}\p{M}’'-]* [\p{L}\p{M} ’'-]+)$")
_ASKED_IN_BOLD = regex.compile(r"(?P<bold>\*\*|__)(?P<asked>\p{Lu}[^\n?*_]{13,86}\?)(?P=bold)[ \t]*\n.")
_LONGEST_TITLE, _LONGEST_HEADING, _SHORTEST_HEADING = 50, 90, 15


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, and where its answer stands: one of those paragraphs; anywhere, where there are none. `rank` is 0 for
    one that the document asks or that a sentence answers, 1 for what stands under a heading, 2 for what is said of a
    name."""

    question: str
    places: frozenset[Key]
    rank: int = 0


def suggestions(passages: Sequence[Passage], *, alone: bool = False) -> list[Suggestion]:
    """What the paragraphs of a document answer, the best kinds first: what its headings ask, what its sentences tell in
    numbers and days, what stands under its headings, whom it names. `alone` where nothing else is asked, so that its
    title goes without saying."""
    own = [one for one in passages if is_own_voice(one)]
    made = list(_asked(own))
    prose = [display(one.paragraph.text) for one in own if one.paragraph.role in (Role.BODY, Role.LIST)]
    if is_in("english", prose):
        plain = {word for text in prose for word in _WORD.findall(text)}
        names = {word for text in prose for span in find_whole_names(text) for word in span.of(text).split()}
        # "User", of which the text also speaks as "user", is a word like others.
        named = {word for word in names if word.lower() not in plain}
        made += [*_told(own, named), *_headed(own, named, " ".join(prose), alone=alone), *_named(prose)]
    return list({one.question: one for one in made}.values())


def _asked(passages: Sequence[Passage]) -> Iterator[Suggestion]:
    """Headings that ask, and paragraphs that begin with a question in bold."""
    for passage in passages:
        bold = _ASKED_IN_BOLD.match(passage.paragraph.text)
        if bold is not None:
            yield Suggestion(bold["asked"], frozenset({passage.paragraph.key}))
    for passage, below in _sections(passages):
        text = _plain(passage)
        how = _HOW_TO.match(text)
        if how is not None and _UNFIT.search(how["do"]) is None:
            yield Suggestion(f"How do I {how['do']}?", below)
        elif text.endswith("?") and _SHORTEST_HEADING < len(text) < _LONGEST_HEADING:
            yield Suggestion(text, below)


def _told(passages: Sequence[Passage], named: set[str]) -> Iterator[Suggestion]:
    """What sentences tell in numbers and days."""
    for passage in passages:
        if passage.paragraph.role not in (Role.BODY, Role.LIST) or passage.paragraph.speaker:
            continue
        for view in view_sentences(passage.paragraph.text, False):
            question = asked_of(display(view.text), named)
            if question is not None:
                yield Suggestion(question, frozenset({passage.paragraph.key}))


def asked_of(sentence: str, named: set[str]) -> str | None:
    """The question that a sentence answers; None where it fits no form. `named` are words that have their capital as
    names."""
    for pattern, form in _FORMS:
        found = pattern.match(sentence)
        if found is not None:
            told = {name: value for name, value in found.groupdict().items() if value is not None}
            subject = _inside(told.get("subject", ""), named)
            return None if "subject" in told and not subject else form.format(**{**told, "subject": subject})
    return None


def _inside(subject: str, named: set[str]) -> str:
    """A subject as it stands inside a sentence; empty where it leans on another or says too little."""
    first, _, rest = subject.partition(" ")
    if first in ("The", "A", "An", "Every", "Each"):
        lowered = _EVERY.sub(lambda found: "an " if found["vowel"] else "a ", f"{first.lower()} {rest}")
        return lowered if terms.content_words(rest) else ""
    if first == "All":
        return rest
    if not terms.content_words(first) or _UNFIT.search(subject):
        return ""
    # A capital behind it makes both a name: "Wend Valley".
    is_name = rest[:1].isupper()
    return f"{first if is_name else _lowered(first, named)}{subject[len(first) :]}"


def _lowered(word: str, named: set[str]) -> str:
    """Without the capital that it has only from its place; "GitHub" and "ISO" keep theirs."""
    return word if word in named or word[1:] != word[1:].lower() else word.lower()


def _headed(passages: Sequence[Passage], named: set[str], prose: str, *, alone: bool) -> Iterator[Suggestion]:
    """What is said about what headings name."""
    for passage, below in _sections(passages):
        text, title = _plain(passage), display(passage.source.title)
        if not below or not _TOPIC.fullmatch(text) or _UNFIT.search(text) or len(text.split()) > 5:
            continue
        topic = _with_article(" ".join(_lowered(word, named) for word in text.split()), prose)
        if not _is_phrase(topic):
            continue
        if alone:
            yield Suggestion(f"What is said about {topic}?", below, 1)
        elif _TITLE.fullmatch(title) and len(title) <= _LONGEST_TITLE and topic.casefold() not in title.casefold():
            yield Suggestion(f"What does “{title}” say about {topic}?", below, 1)


def _with_article(name: str, prose: str) -> str:
    """As the text itself most often says it: "the trailer", "opening hours"."""
    every = regex.findall(rf"(?i)(\bthe )?\b{regex.escape(name)}\b", prose)
    return f"the {name}" if every and 2 * sum(map(bool, every)) >= len(every) else name


def _is_phrase(topic: str) -> bool:
    """Whether it stands by itself behind "about": a common noun in the singular takes an article."""
    return " " in topic or (topic.endswith(("s", "ing")) and not topic.endswith("ss"))


def _named(prose: Sequence[str]) -> Iterator[Suggestion]:
    """What is said about names of two or three words that stand in several paragraphs, the most frequent first."""
    found: Counter[str] = Counter()
    for text in prose:
        found.update({name for span in find_whole_names(text) if len((name := span.of(text)).split()) in (2, 3)})
    whole = " ".join(prose)
    for name, count in found.most_common(_MOST_NAMES):
        if count >= _NAMED_OFTEN:
            yield Suggestion(f"What is said about {_with_article(name, whole)}?", frozenset(), 2)


def _sections(passages: Sequence[Passage]) -> Iterator[tuple[Passage, frozenset[Key]]]:
    """Each heading with the paragraphs right below it."""
    for i, passage in enumerate(passages):
        if passage.paragraph.role is not Role.HEADING:
            continue
        below = []
        for one in passages[i + 1 :]:
            if one.paragraph.role in (Role.HEADING, Role.TITLE):
                break
            below.append(one.paragraph.key)
        yield passage, frozenset(below)


def _plain(passage: Passage) -> str:
    """A heading without its number and marks."""
    return _NUMBERED.sub("", display(passage.paragraph.text)).strip("*_.: ")


def topic_stems(text: str) -> frozenset[str]:
    """The stems of the words that tell what is spoken of: not "cost" or "last", which questions ask by."""
    return frozenset(terms.content_stems(text)) - _ASKED_BY
