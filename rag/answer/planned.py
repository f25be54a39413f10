"""What is meant to be done, where a question asks for what was done: a purpose or a proposal is not the deed.

"Troops advance to break the siege" does not tell who broke it, and an offer is not what was paid in the end. Pure
functions of texts.
"""

from __future__ import annotations

from collections import Counter

import regex

from rag.answer.polar import asking_part, denies
from rag.answer.reasons import asks_why
from rag.text import language, terms

_WORD = regex.compile(r"[\p{L}\p{M}’']+")
_DID = regex.compile(rf"\b{language.pattern('questions.did')}\b", regex.IGNORECASE)
_AHEAD = regex.compile(
    rf"(?:(?P<done>{language.pattern('telling.brought_about')})\s+)?\b{language.pattern('telling.ahead')}\s+(?:\p{{L}}+ly\s+)?(?P<verb>\p{{L}}+)",
    regex.IGNORECASE,
)
_PROPOSED = regex.compile(rf"\b{language.pattern('telling.proposed')}\b", regex.IGNORECASE)
_OF_PROPOSING = regex.compile(rf"\b{language.pattern('questions.of_proposing')}", regex.IGNORECASE)
_OF_A_RULE = regex.compile(rf"\b{language.pattern('questions.of_a_rule')}\b", regex.IGNORECASE)
_PUT_FORWARD = regex.compile(rf"\b{language.pattern('telling.put_forward')}", regex.IGNORECASE)
_NOT_DONE = regex.compile(rf"\b{language.pattern('questions.not_done')}", regex.IGNORECASE)
_PAST = frozenset(form for _, *forms in language.rows("words.irregular") for form in forms)


def is_only_planned(question: str, sentence: str) -> bool:
    """Whether the question asks for something done, "Who broke the siege?", and the sentence tells it as what somebody
    means to do, or proposed, and the question does not ask for that."""
    deeds = _deeds(question)
    if not deeds:
        return False
    is_proposed = _PROPOSED.search(sentence) is not None and _OF_PROPOSING.search(question) is None
    return is_proposed or any(stem in deeds for stem in _only_ahead(sentence))


def asks_for_a_rule(question: str) -> bool:
    """Whether it asks what one may, must or gets, "Do I get …", and not for what somebody proposed."""
    return _OF_A_RULE.search(asking_part(question)) is not None and _OF_PROPOSING.search(question) is None


def is_put_forward(sentence: str) -> bool:
    """Whether it tells what somebody proposed, and so no rule."""
    return _PUT_FORWARD.search(sentence) is not None


def tells_the_done(question: str, sentence: str) -> bool:
    """Whether the question asks for what somebody failed to do, or is not allowed to, and the sentence speaks of no
    failing and denies nothing: "took back three villages" does not tell which they failed to take back."""
    asked = _NOT_DONE.search(question)
    if asked is None or _NOT_DONE.search(sentence) or denies(sentence):
        return False
    failing = frozenset() if denies(asked.group()) else frozenset(terms.content_stems(asked.group()))
    return failing.isdisjoint(terms.stems(sentence))


def presumed(question: str) -> frozenset[str]:
    """The stems of what "Why did Ann resign?" takes for granted: where that stands nowhere, nothing tells why."""
    return _deeds(question) if asks_why(question) else frozenset()


def _deeds(question: str) -> frozenset[str]:
    """The stems of what was done: of verbs in the past, and of all words behind "did"."""
    question = asking_part(question)
    did = _DID.search(question)
    behind = terms.content_stems(question[did.end() :]) if did else []
    words = [word.casefold() for word in _WORD.findall(question)[1:]]
    return frozenset([*behind, *terms.stemmed([one for one in words if one in _PAST or one.endswith("ed")])])


def _only_ahead(sentence: str) -> frozenset[str]:
    """The stems of verbs that stand nowhere in it but behind "to" and its like, unless what they tell came about, as in
    "managed to"."""
    ahead = Counter(
        stem
        for found in _AHEAD.finditer(sentence)
        if not found["done"]
        for stem in terms.stemmed([found["verb"].casefold()])
    )
    there = Counter(terms.stems(sentence))
    return frozenset(stem for stem, times in ahead.items() if there[stem] <= times)
