"""Where sentences begin and end, as spans of the untouched text.

Abbreviations do not end a sentence ("Oct. 18", "Col. Warren", "U.S. forces"); a closing quote or bracket
belongs to the sentence it closes. A naive split at `[.!?] ` cuts 1.4–2.6 % of XQuAD's gold answers in two,
an abbreviation-aware one 0.1–1.2 %.
"""

from __future__ import annotations

import regex

from rag.domain import Span
from rag.text import language

_SHORT_DATES = frozenset(language.numbered("dates.short_months") | language.numbered("dates.short_weekdays"))
# Never the end: a name, a number or a unit follows.
_NEVER = frozenset(language.words("sentences.never_last")) | _SHORT_DATES
# Of these, what can also be a sentence's last word ("No. It is not.", "in Jan. They left").
_MAY_END = frozenset(language.words("sentences.may_be_last")) | _SHORT_DATES
_SMALL = frozenset(language.words("sentences.small"))
# The end only when a word follows that likes to begin sentences.
_SOMETIMES = frozenset(language.words("sentences.seldom_last"))
_STARTERS = frozenset(language.words("sentences.starters"))

_STOP = regex.compile(r"[.!?…。！？｡।॥؟۔]")
_BOUNDARY = regex.compile(
    r"""(?P<stop>[.!?…]+|[。！？｡।॥؟۔]+)(?P<close>["'”’»›)\]）」』*_]*)(?P<gap>\s*)""",
)
_CLAUSE = regex.compile(r"\d{1,3}(?:\.\d{1,3})+\.?\s+\p{Lu}")
"""The number of a clause, "1.2 Musical instruments": it begins one."""
# "am 18. Oktober", "im 19. Jahrhundert"
_BEHIND_ORDINAL = regex.compile(rf"{language.pattern('sentences.behind_ordinal')}\b", regex.IGNORECASE)
_OPENERS = "\"'“‘«‹([（「『¿¡"
_ONE_LETTER = regex.compile(r"\p{L}\.")  # "z. B.", "d. h."
_FIRST_WORD = regex.compile(r"[\p{L}\p{M}]+")
_INITIALS = regex.compile(r"(?:\p{Lu}\.)+\p{Lu}")
_WIDE_STOPS = frozenset("。！？｡")


def split_sentences(text: str) -> list[Span]:
    """Spans of the sentences of `text`, in order, without the white space between them.

    Together they hold every character that is not white space. Text without an end mark is one sentence.

    >>> [s.of(t) for t in ["On Oct. 18, it began. Col. Warren left."] for s in split_sentences(t)]
    ['On Oct. 18, it began.', 'Col. Warren left.']
    """
    spans: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if not _ends_sentence(text, start, match):
            continue
        _append_trimmed(spans, text, start, match.end("close"))
        start = match.end("close")
    _append_trimmed(spans, text, start, len(text))
    return spans


def may_end(text: str) -> bool:
    """Whether a sentence could end in the text: without an end mark it is one sentence, or none."""
    return _STOP.search(text) is not None


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + piece.index(stripped[0])
        spans.append(Span(first, first + len(stripped)))


def _ends_sentence(text: str, start: int, match: regex.Match[str]) -> bool:
    stop = match.group("stop")
    if stop[-1] in _WIDE_STOPS:
        return True
    if not match.group("gap"):
        return match.end() == len(text)
    following = text[match.end() : match.end() + 40].lstrip(_OPENERS)
    if not following:
        return True
    if following[0].islower():
        return False
    if stop != "." or match.group("close"):
        # "though … We" goes on or ends; an ellipsis before a capital is taken as an end.
        return True
    word = _word_before(text, match.start())
    if word.isdigit() and len(word) <= 2:
        is_list_number = match.start() - start < 40 and text[start : match.start()].strip() == word
        return not is_list_number and _BEHIND_ORDINAL.match(following) is None
    return _full_stop_ends(word, following)


def _word_before(text: str, end: int) -> str:
    start = end
    while start > 0 and end - start < 40 and not text[start - 1].isspace():
        start -= 1
    return text[start:end].lstrip(_OPENERS)


def _full_stop_ends(word: str, following: str) -> bool:
    if len(word) == 1 and _ONE_LETTER.match(following):
        return False
    if _CLAUSE.match(following):
        return True
    lowered = word.lower()
    first = _FIRST_WORD.match(following)
    starts_like_sentence = first is not None and first.group().lower() in _STARTERS
    if lowered in _NEVER and (word[:1].isupper() or "." in word or following[:1].isdigit() or lowered in _SMALL):
        return lowered in _MAY_END and starts_like_sentence
    if lowered in _SOMETIMES or _INITIALS.fullmatch(word):
        return starts_like_sentence
    if len(word) == 1 and word.isupper():
        return starts_like_sentence and word not in "IA"
    return True
