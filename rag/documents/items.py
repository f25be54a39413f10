"""What stands above an item of a list: the items that it belongs to, and the sentence that leads the list in.

An item knows the items above it as a paragraph knows its headings. How deep it stands is told by its indentation.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.documents.blocks import ends_sentence, is_item, without_marker
from rag.documents.front_matter import heading_text

LONGEST_NAME = 100
"""Characters. What is longer says something itself, and is no name for what stands below."""

_SHORT = 8
"""Words at most of an item that only names what is below it."""

_LEAD_IN = -1


class ItemTracker:
    """Walks the texts of a document's blocks in reading order; `indents` are theirs, in columns."""

    def __init__(self, texts: Sequence[str], indents: Sequence[int]) -> None:
        self._texts = texts
        self._indents = indents
        self._above: list[tuple[int, str]] = []

    def enter(self, i: int) -> tuple[str, ...]:
        """The names of what the item `i` belongs to, outermost first; it is remembered for those below it."""
        indent = self._indents[i]
        self._above = [(other, name) for other, name in self._above if other < indent]
        path = tuple(name for _, name in self._above if name)
        self._above.append((indent, _name_of(without_marker(self._texts[i]))))
        return path

    def leave(self, i: int) -> None:
        """The block `i` is no item: a list that begins after it has nothing above but a sentence that leads it in."""
        text = self._texts[i]
        name = _name_of(text) if text.endswith(":") else ""
        self._above = [(_LEAD_IN, name)] if name else []

    def only_names(self, i: int) -> bool:
        """Whether the item says nothing itself, and another one stands below it."""
        text = without_marker(self._texts[i])
        is_short = len(text.split()) <= _SHORT and not ends_sentence(text)
        has_below = i + 1 < len(self._texts) and self._indents[i + 1] > self._indents[i]
        return is_short and has_below and is_item(self._texts[i + 1])


def _name_of(text: str) -> str:
    name = heading_text(text)
    return name if len(name) <= LONGEST_NAME else ""
