"""Formulas of Word (OMML) and of web pages (MathML) on one line: r^2, (a+b)/c, √x. Without signs 10^6 would be 106."""

from __future__ import annotations

from collections.abc import Sequence

from rag.documents.loaders.markup import Element, attribute, child, name_of

_UNREAD = frozenset(["annotation", "annotation-xml", "mphantom", "rPr", "ctrlPr", "del", "instrText"])

_SHAPES: dict[str, tuple[str, Sequence[str]]] = {
    "sSup": ("{}^{}", ("e", "sup")),
    "sSub": ("{}_{}", ("e", "sub")),
    "sSubSup": ("{}_{}^{}", ("e", "sub", "sup")),
    "limLow": ("{}_{}", ("e", "lim")),
    "limUpp": ("{}^{}", ("e", "lim")),
    "f": ("{}/{}", ("num", "den")),
    "rad": ("√{}", ("e",)),
    "msup": ("{}^{}", ()),
    "msub": ("{}_{}", ()),
    "msubsup": ("{}_{}^{}", ()),
    "munder": ("{}_{}", ()),
    "mover": ("{}^{}", ()),
    "munderover": ("{}_{}^{}", ()),
    "mfrac": ("{}/{}", ()),
    "mroot": ("√{0}", ()),
}
"""How a part is put together: in Word its pieces have names, on web pages an order."""


_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LONGEST_RAISED = 4


def raised(text: str) -> str:
    """A short number that stands above the line, as Unicode has it: 10⁶, m². Other text as it is."""
    signs = text.translate(_RAISED)
    is_number = 0 < len(text) <= _LONGEST_RAISED and not any(sign in text for sign in signs)
    return signs if is_number else text


def on_one_line(formula: Element) -> str:
    return " ".join(_told(formula).split())


def _told(element: Element) -> str:
    name = name_of(element)
    if name in _UNREAD or name.endswith("Pr"):
        return ""
    if name in _SHAPES:
        return _shaped(element, *_SHAPES[name])
    if name == "msqrt":
        return f"√{_grouped(_inside(element))}"
    if name == "nary":
        return _sum(element)
    if name == "d":
        return _bracketed(element)
    return _inside(element)


def _inside(element: Element) -> str:
    return (element.text or "").strip("\n\r\t") + "".join(_told(inner) for inner in element)


def _shaped(element: Element, shape: str, names: Sequence[str]) -> str:
    pieces = [child(element, name) for name in names] if names else [one for one in element if name_of(one)]
    told = [_grouped(_told(piece)) for piece in pieces if piece is not None]
    return shape.format(*told) if len(told) >= shape.count("{") else "".join(told)


def _grouped(text: str) -> str:
    """In brackets where it is more than a number or a name."""
    text = text.strip()
    is_one = (
        text.isdigit() or (text.isalpha() and len(text) > 2) or len(text) <= 1 or text[0] + text[-1] in ("()", "[]")
    )
    return text if is_one else f"({text})"


def _sum(element: Element) -> str:
    """A sum, product or integral with its bounds."""
    sign = _setting(element, "naryPr", "chr") or "∫"
    low, high = (_told(piece) if (piece := child(element, name)) is not None else "" for name in ("sub", "sup"))
    bounds = (f"_{_grouped(low)}" if low.strip() else "") + (f"^{_grouped(high)}" if high.strip() else "")
    inner = child(element, "e")
    return f"{sign}{bounds} {_told(inner) if inner is not None else ''}"


def _bracketed(element: Element) -> str:
    opening, closing = (_setting(element, "dPr", name) for name in ("begChr", "endChr"))
    inner = ", ".join(_told(one) for one in element if name_of(one) == "e")
    return f"{'(' if opening is None else opening}{inner}{')' if closing is None else closing}"


def _setting(element: Element, *path: str) -> str | None:
    found = child(element, *path)
    return None if found is None else attribute(found, "val") or ""
