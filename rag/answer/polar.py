"""What a question asks for: yes or no, or something else; which part of it asks; and sentences that begin with yes or
no, or deny."""

from __future__ import annotations

import regex

from rag.text import language
from rag.text.sentences import split_sentences

_POLAR = frozenset(language.words("questions.polar"))
_ASKS = frozenset(language.words("questions.asks")) - _POLAR
_GOES_ON = regex.compile(rf"^\W*(?:{language.pattern('questions.goes_on')}\b\W*)?", regex.IGNORECASE)
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_BEHIND_A_SCENE = regex.compile(rf"{language.pattern('questions.behind_a_scene')}", regex.IGNORECASE)
_SAYS_ALONE = regex.compile(rf"^\W*{language.pattern('answers.yes_or_no')}\W*$", regex.IGNORECASE)
_DENIES = regex.compile(rf"\b{language.pattern('telling.denies')}\b", regex.IGNORECASE)
_SAYS = regex.compile(rf"^\W*{language.pattern('answers.yes_or_no')}\b(?=\s*[,.;:!–—-])", regex.IGNORECASE)


def asking_part(question: str) -> str:
    """Its first sentence with a question mark, or else its last, from where that asks: what stands in front sets a
    scene, "I cut myself. What do I do?", "a cat bit me, can I go home"."""
    sentences = [span.of(question) for span in split_sentences(question)]
    asking = [one for one in sentences if one.rstrip("\"'”’)").endswith(("?", "？", "؟"))]
    part = next(iter([*asking, *sentences[-1:]]), question)
    is_scene = _word_at_the_beginning(part) not in _POLAR | _ASKS
    behind = _BEHIND_A_SCENE.search(part, 1) if is_scene else None
    return part[behind.start() :] if behind else part


def is_polar(question: str) -> bool:
    """Whether it asks for yes or no: "Can I …", "and is it …"."""
    return _word_at_the_beginning(asking_part(question)) in _POLAR


def asks_what(question: str) -> bool:
    """Whether it asks for something else than yes or no: "What happens if …"."""
    return _word_at_the_beginning(asking_part(question)) in _ASKS


def says_yes_or_no(sentence: str) -> bool:
    """Whether it begins so: "Yes, for up to eight weeks."."""
    return _SAYS.match(sentence) is not None


def denies(text: str) -> bool:
    """Whether a word of it denies: "None are told by telephone."."""
    return _DENIES.search(text) is not None


def says_nothing_else(sentence: str) -> bool:
    """Whether it is that word alone: "Yes."."""
    return _SAYS_ALONE.match(sentence) is not None


def _word_at_the_beginning(question: str) -> str:
    behind = _GOES_ON.match(question)
    found = _WORD.search(question, behind.end() if behind else 0)
    return found.group().casefold() if found else ""
