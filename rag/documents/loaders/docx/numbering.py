"""The numbers and bullets of lists, which Word does not store with the text: they are counted as it counts them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import regex

from rag.documents.loaders.counting import counted
from rag.documents.loaders.markup import Element, attribute, child, name_of

_PLACE = regex.compile(r"%(\d)")


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass(frozen=True, slots=True)
class _List:
    """A list and the one whose counting it shares; `starts` where it counts anew."""

    counted_as: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    def __init__(self, root: Element | None) -> None:
        elements = [] if root is None else list(root)
        levels = {_id(one, "abstractNumId"): _levels(one) for one in elements if name_of(one) == "abstractNum"}
        self._lists = {_id(one, "numId"): _list(one, levels) for one in elements if name_of(one) == "num"}
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._begun: set[str] = set()

    def label(self, numbering: Element | None) -> str:
        """What stands before the next item of a list, with a space; empty outside of lists."""
        number_id = _number(child(numbering, "numId"), "")
        listed = self._lists.get(number_id)
        depth = _number(child(numbering, "ilvl"), "0")
        level = listed.levels.get(int(depth)) if listed and depth.isdigit() else None
        if listed is None or level is None or level.form == "none":
            return ""
        if level.form == "bullet":
            return "• "
        self._begin(number_id, listed)
        counts = self._count(listed, int(depth), level)
        label = _PLACE.sub(lambda place: _told(listed, counts, int(place[1]) - 1), level.text)
        return f"{label.strip()} "

    def _begin(self, number_id: str, listed: _List) -> None:
        if number_id not in self._begun:
            self._begun.add(number_id)
            self._counts[listed.counted_as].update({depth: start - 1 for depth, start in listed.starts.items()})

    def _count(self, listed: _List, depth: int, level: _Level) -> dict[int, int]:
        counts = self._counts[listed.counted_as]
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [one for one in counts if one > depth]:
            del counts[deeper]
        return counts


def _id(element: Element, name: str) -> str:
    return attribute(element, name) or ""


def _number(element: Element | None, otherwise: str) -> str:
    return otherwise if element is None else attribute(element, "val") or otherwise


def _list(element: Element, levels: dict[str, dict[int, _Level]]) -> _List:
    counted_as = _number(child(element, "abstractNumId"), "")
    overrides = [one for one in element if name_of(one) == "lvlOverride" and child(one, "startOverride") is not None]
    starts = {int(_id(one, "ilvl") or 0): _whole(child(one, "startOverride"), 1) for one in overrides}
    return _List(counted_as, levels.get(counted_as, {}), starts)


def _levels(element: Element) -> dict[int, _Level]:
    levels = (one for one in element if name_of(one) == "lvl")
    return {int(_id(one, "ilvl") or 0): _level(one) for one in levels}


def _level(element: Element) -> _Level:
    form = _number(child(element, "numFmt"), "decimal")
    return _Level(form, _number(child(element, "lvlText"), ""), _whole(child(element, "start"), 1))


def _whole(element: Element | None, otherwise: int) -> int:
    value = _number(element, "")
    return int(value) if value.isdigit() else otherwise


def _told(listed: _List, counts: dict[int, int], depth: int) -> str:
    level = listed.levels.get(depth, _Level())
    return counted(counts.get(depth, level.start), level.form)
