"""Numbers as a spreadsheet shows them: 0.525 under the format `0.0%` is 52.5%.

The codes are those of ECMA-376, part 1, 18.8.31. What is left to others, and comes back as None: days and times,
fractions, powers of ten, conditions, and text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

import regex

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    # Those with the currency of whoever opens the file: which, no file says.
    5: "#,##0;-#,##0", 6: "#,##0;-#,##0", 7: "#,##0.00;-#,##0.00", 8: "#,##0.00;-#,##0.00",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    41: '#,##0;(#,##0);"-"', 42: '#,##0;(#,##0);"-"', 43: '#,##0.00;(#,##0.00);"-"', 44: '#,##0.00;(#,##0.00);"-"',
}  # fmt: skip
"""By number, ECMA-376, part 1, 18.8.30."""

_TOKEN = regex.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<space>_.)|\*.|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<end>;)|(?P<other>.)",
    regex.DOTALL | regex.IGNORECASE,
)
_COLOURS = regex.compile(r"(?i)black|blue|cyan|green|magenta|red|white|yellow|color\s*\d+")
_UNREAD = frozenset("dmyhsegb/@")
"""Signs of days and times, powers, fractions and text, where they stand free."""
_LONGEST = 255
"""Characters of a code, in Excel."""
_EXACT = Context(prec=1_000)
"""Digits enough for the largest number and the longest code."""
_MOST_DIGITS = 15
"""A spreadsheet knows no more of a number."""


@dataclass(frozen=True, slots=True)
class _Digit:
    """The place of a digit: one that is not needed shows as zero, or not at all."""

    is_needed: bool


_Part = str | _Digit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """What one section of a code says; `whole` and `decimals` are digits with what stands between them, `hundreds` is
    how often a number is taken times a hundred, `thousands` by how many thousands it is told."""

    whole: Sequence[_Part]
    decimals: Sequence[_Part]
    has_point: bool
    is_grouped: bool
    hundreds: int
    thousands: int


def shown(value: float, code: str) -> str | None:
    """A number under a format code; None where the code is read by nobody here, or shows nothing."""
    sections = _sections(code) if len(code) <= _LONGEST else None
    if sections is None:
        return None
    is_negative = value < 0
    section = sections[1] if is_negative and len(sections) > 1 else sections[0]
    if value == 0 and len(sections) > 2:
        section = sections[2]
    number = abs(Decimal(f"{value:.{_MOST_DIGITS}g}")).scaleb(2 * section.hundreds - 3 * section.thousands)
    text = _written(number, section)
    # One that tells it by its colour alone loses it here.
    is_told = len(sections) > 1 and any(sign in text for sign in "-−(")
    if is_negative and not is_told and any(sign in "123456789" for sign in text):
        text = "-" + text
    return " ".join(text.split()) or None


@lru_cache(1_000)
def _sections(code: str) -> list[_Section] | None:
    tokens: list[list[regex.Match[str]]] = [[]]
    for token in _TOKEN.finditer(code):
        if token.lastgroup == "end":
            tokens.append([])
        else:
            tokens[-1].append(token)
    read = [_section(one) for one in tokens[:3]]
    return None if None in read[: max(1, len(read))] else [one for one in read if one is not None]


def _section(tokens: Sequence[regex.Match[str]]) -> _Section | None:
    whole: list[_Part] = []
    decimals: list[_Part] = []
    digits = [i for i, token in enumerate(tokens) if token.lastgroup == "digit"]
    last = digits[-1] if digits else -1
    has_point = is_grouped = False
    hundreds = thousands = 0
    for i, token in enumerate(tokens):
        kind, parts = token.lastgroup, decimals if has_point else whole
        if kind == "general" or (kind == "other" and token.group().lower() in _UNREAD):
            return None
        if kind == "bracket" and not _COLOURS.fullmatch(token["bracket"]):
            return None
        if kind == "digit":
            parts.append(_Digit(is_needed=token["digit"] == "0"))
        elif kind == "point" and digits:
            has_point = True
        elif kind == "comma" and digits:
            is_grouped, thousands = (is_grouped, thousands + 1) if i > last else (True, thousands)
        elif (literal := _literal(token)) is not None:
            hundreds += kind == "percent"
            parts.append(literal)
    return _Section(
        whole=whole,
        decimals=decimals,
        has_point=has_point,
        is_grouped=is_grouped,
        hundreds=hundreds,
        thousands=thousands,
    )


def _literal(token: regex.Match[str]) -> str | None:
    """What stands in the number as it is."""
    kind = token.lastgroup
    if kind in ("quoted", "escaped", "currency"):
        return str(token[kind])
    if kind == "space":
        return " "
    return token.group() if kind in ("percent", "other", "comma", "point") else None


def _written(number: Decimal, section: _Section) -> str:
    places = sum(isinstance(part, _Digit) for part in section.decimals)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    whole, _, decimals = f"{rounded:f}".partition(".")
    return _of_whole(whole, section) + _of_decimals(decimals, section)


def _of_whole(digits: str, section: _Section) -> str:
    """From the right: a place takes a digit, the first one all that are left."""
    places = sum(isinstance(part, _Digit) for part in section.whole)
    left, taken, text = "" if digits == "0" else digits, 0, ""
    for part in reversed(section.whole):
        if isinstance(part, str):
            text = part + text
            continue
        places -= 1
        here, left = (left[-1:], left[:-1]) if places else (left, "")
        for digit in reversed(here or ("0" if part.is_needed else "")):
            separator = "," if section.is_grouped and taken and taken % 3 == 0 else ""
            text, taken = digit + separator + text, taken + 1
    return text


def _of_decimals(digits: str, section: _Section) -> str:
    """What is not needed is left out at the end."""
    needed = [isinstance(part, _Digit) and part.is_needed for part in section.decimals if isinstance(part, _Digit)]
    least = len(needed) - next((i for i, one in enumerate(reversed(needed)) if one), len(needed))
    kept = digits.rstrip("0").ljust(least, "0")
    text, rest = "", iter(kept)
    for part in section.decimals:
        text += part if isinstance(part, str) else next(rest, "")
    return f".{text}" if section.has_point and kept else text
