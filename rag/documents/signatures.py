"""Names that stand beside what their bearers say: under it, as in a letter, or above it, alone in a line.

A wrong name is worse than none. A bare name is somebody's only where the first line of all comments or the last one
tells on which side names stand, and what cannot be told from a name ends whatever the one before it signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import regex

from rag.text import language

Signature: TypeAlias = "tuple[int, str | None]"
"""The block that ends a comment, and the name in it; None where it cannot be read."""

_CLOSING = rf"(?:^|\n|\.\s+|\s{{2,}})\s*(?:{language.pattern('comments.closings')}|[—–]|--)\s*[,\n—–-]?\s*"
_SIGNED = regex.compile(
    rf"(?i){_CLOSING}"
    r"(?P<name>(?-i:\p{Lu})[\p{L}\p{M}.'’-]*(?:[^\S\n]+(?-i:\p{Lu})[\p{L}\p{M}.'’-]*){0,3})(?:,.{0,40})?\s*$"
)
_SIGNED_OFF = regex.compile(rf"(?i){_CLOSING}[^.!?\n]{{0,40}}$")
_NAME_LINE = regex.compile(
    r"(?:[—–]|--)?\s*(?P<name>\p{Lu}[\p{L}\p{M}.'’-]+(?:[^\S\n]+\p{Lu}[\p{L}\p{M}.'’-]*){1,3})"
    r"(?:[,\n]\s*[\p{L} ]{2,30})?"
)
_PLACE = r"\p{Lu}[\p{L}\p{M}'’-]+(?: \p{Lu}[\p{L}\p{M}'’-]+){0,3}"
_NAME_OVER_PLACE = regex.compile(rf"(?P<name>[^\n]+)\n\s*{_PLACE}")
_DASHED = regex.compile(r"(?:[—–]|--)[^.!?\n]+")
_LIKE_A_NAME = regex.compile(r"[\p{L}\p{N}_@][\p{L}\p{M}\p{N}_.'’@-]*(?: [\p{L}\p{M}\p{N}_.'’@()-]+){0,3}")
_LONGEST_LINE = 60
_LONGEST_NAME = 40
_ENDING = 120


@dataclass(frozen=True, slots=True)
class BareNames:
    """The blocks that hold nothing but a name, each with the name or, where it may be something else, None."""

    at: Mapping[int, str | None] = field(default_factory=dict)
    stand_above: bool = False


def is_signature(sentence: str) -> bool:
    """Whether a sentence of a comment is nothing but its sign-off: "Regards, Michael"."""
    return _SIGNED.match(sentence) is not None


def signed_name(text: str) -> str | None:
    """The name that a block ends with behind a closing: "Cheers, Zoe"."""
    match = _SIGNED.search(text[-_ENDING:])
    return _name(match)


def name_line(text: str) -> str | None:
    """The name, where a block is two capitalised words or more and nothing else."""
    return _name(_NAME_LINE.fullmatch(text.strip())) if len(text) < _LONGEST_LINE else None


def _name(match: regex.Match[str] | None) -> str | None:
    return match.group("name").strip().rstrip(".") if match and not match.group("name").isupper() else None


def bare_names(texts: Sequence[str], spoken: Sequence[int], *, are_numbered: bool) -> BareNames:
    """Of the blocks `spoken`, in order, those that are names; none where neither the first nor the last of them tells
    on which side names stand, or both do, or where names have a dash. `are_numbered` where a number begins each
    comment."""
    if not spoken or any(_DASHED.fullmatch(texts[i].strip()) for i in spoken):
        return BareNames()
    first, last = (_may_be_name(texts[i]) for i in (spoken[0], spoken[-1]))
    places = {} if first or "\n" in texts[spoken[0]].strip() else _names_over_places(texts, spoken)
    if first == last and not (are_numbered and not first):
        return BareNames(places)
    found: dict[int, str | None] = {}
    before = False
    for i in spoken:
        # Between two names stands what one of them says, whatever it looks like.
        before = not before and (i in places or _may_be_name(texts[i]))
        if before:
            found[i] = places.get(i) or name_line(texts[i])
    return BareNames(found, stand_above=first)


def _names_over_places(texts: Sequence[str], spoken: Sequence[int]) -> dict[int, str | None]:
    """Signatures of letters in two lines: who, and where they live."""
    over = {i: _NAME_OVER_PLACE.fullmatch(texts[i].strip()) for i in spoken}
    lines = {i: match.group("name") for i, match in over.items() if match}
    return {i: name_line(line) for i, line in lines.items() if _may_be_name(line)}


def _may_be_name(text: str) -> bool:
    words = text.strip()
    if "\n" in words or len(words) > _LONGEST_LINE:
        return False
    if name_line(words):
        return True
    return len(words) <= _LONGEST_NAME and not words.endswith(".") and _LIKE_A_NAME.fullmatch(words) is not None


def signatures(texts: Sequence[str], begins: Sequence[bool], below: Mapping[int, str | None]) -> list[Signature | None]:
    """For each block who signs the comment that begins with it; None where nobody does before the next one `begins`.
    `below` are the bare names that stand under comments."""
    found: list[Signature | None] = [None] * len(texts)
    reaching: Signature | None = None
    for i in range(len(texts) - 1, -1, -1):
        own = _own_signature(texts[i], i)
        found[i] = own or reaching
        if begins[i]:
            reaching = None
        elif own is not None:
            reaching = own
        elif i in below:
            reaching = i, below[i]
    return found


def _own_signature(text: str, i: int) -> Signature | None:
    name = signed_name(text)
    return (i, name) if name or _SIGNED_OFF.search(text[-_ENDING:]) else None
