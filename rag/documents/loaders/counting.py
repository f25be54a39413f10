"""Numbers of list items as they are written: 3, c, C, iii, III."""

from __future__ import annotations

_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "m cm d cd c xc l xl x ix v iv i".split(),
        strict=True,
    )
)
_MOST_ROMAN = 5_000


def counted(number: int, form: str) -> str:
    """`form` in Word's words: `decimal`, `lowerLetter`, `upperRoman` and so on; what is none of these is written in
    digits."""
    if "Letter" in form and number > 0:
        return _cased(chr(ord("a") + (number - 1) % 26), form)
    return _cased(_roman(number), form) if "Roman" in form and 0 < number < _MOST_ROMAN else str(number)


def _cased(text: str, form: str) -> str:
    return text.upper() if form.startswith("upper") else text


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text
