"""What a paragraph's style says of it: its name, its heading level, its list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import regex

from rag.documents.loaders.markup import Element, attribute, child, name_of

_HEADING = regex.compile(r"heading (\d)")
_LOWEST_LEVEL = 6
_BODY_LEVEL = 9  # outline level 10 of the format: body text


class ParagraphStyle(NamedTuple):
    """`level` is 0 for what is no heading; `numbering` the element that names its list."""

    name: str
    level: int
    numbering: Element | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    name: str
    based_on: str | None
    level: int | None
    numbering: Element | None


class Styles:
    def __init__(self, root: Element | None) -> None:
        elements = [] if root is None else [one for one in root if name_of(one) == "style"]
        self._styles = {attribute(one, "styleId"): _style(one) for one in elements}

    def of(self, paragraph: Element) -> ParagraphStyle:
        """The style of a paragraph: its own settings, then its style's, then that of what this is based on."""
        settings = child(paragraph, "pPr")
        style_id = _value(child(settings, "pStyle"))
        chain = self._chain(style_id)
        own_level, own_numbering = _outline_level(settings), child(settings, "numPr")
        levels = [own_level, *(style.level for style in chain)]
        numberings = [own_numbering, *(style.numbering for style in chain)]
        level = next((one for one in levels if one is not None), _BODY_LEVEL)
        return ParagraphStyle(
            name=chain[0].name if chain else "",
            level=0 if level >= _BODY_LEVEL else min(level + 1, _LOWEST_LEVEL),
            numbering=next((one for one in numberings if one is not None), None),
        )

    def _chain(self, style_id: str | None) -> list[_Style]:
        chain: list[_Style] = []
        while (style := self._styles.get(style_id)) is not None and style not in chain:
            chain.append(style)
            style_id = style.based_on
        return chain


def _style(element: Element) -> _Style:
    name = (_value(child(element, "name")) or "").lower()
    level = _outline_level(child(element, "pPr"))
    named = _HEADING.match(name)
    return _Style(
        name=name,
        based_on=_value(child(element, "basedOn")),
        level=int(named[1]) - 1 if named and level is None else level,
        numbering=child(element, "pPr", "numPr"),
    )


def _outline_level(settings: Element | None) -> int | None:
    value = _value(child(settings, "outlineLvl"))
    return int(value) if value is not None and value.isdigit() else None


def _value(element: Element | None) -> str | None:
    return None if element is None else attribute(element, "val")
