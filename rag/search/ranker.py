"""Where somebody else's ranker plugs in: it takes the reader's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from rag.domain import Passage
from rag.errors import first_line
from rag.search.features import Features


@runtime_checkable
class Ranker(Protocol):
    """Puts passages in the order in which they answer a question. It may leave some out, and adds none."""

    def order(self, question: str, passages: Sequence[Passage]) -> Sequence[Passage]: ...


@dataclass(frozen=True, slots=True)
class Reordered:
    """Passages in a ranker's order, with what is known of each; `trouble` says why they are in their own."""

    passages: list[Passage]
    features: Features
    trouble: str | None = None


def reordered(ranker: Ranker, question: str, *, passages: list[Passage], features: Features) -> Reordered:
    """In the order of somebody else's ranker. The shares stay and the places change: its own scores are of no known
    scale. Whatever it raises costs its help, not the answer."""
    places = {passage.paragraph.key: i for i, passage in enumerate(passages)}
    try:
        chosen = [places[passage.paragraph.key] for passage in ranker.order(question, passages)]
    except Exception as error:
        trouble = f"The ranker failed ({first_line(error)}). The passages stand in the order that was found without it."
        return Reordered(passages, features, trouble)
    kept = list(dict.fromkeys(chosen))
    shares = sorted((passages[i].score for i in kept), reverse=True)
    ordered = [replace(passages[i], score=share) for i, share in zip(kept, shares, strict=True)]
    return Reordered(ordered, features.at(kept))
