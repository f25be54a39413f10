"""Named numbers of things that are to be weighed against each other: a row for each thing, a column for each name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """`values` is `[things, len(names)]`. A column is read and written by its name."""

    names: tuple[str, ...]
    values: Numbers

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Numbers:
        column: Numbers = self.values[:, self.names.index(name)]
        return column

    def __setitem__(self, name: str, column: npt.ArrayLike) -> None:
        self.values[:, self.names.index(name)] = column

    def put(self, names: Sequence[str], columns: npt.ArrayLike) -> None:
        """Several columns at once, `[things, len(names)]`."""
        self.values[:, [self.names.index(name) for name in names]] = columns

    def row(self, i: int) -> dict[str, float]:
        """What is known of one thing, by name."""
        return dict(zip(self.names, self.values[i].tolist(), strict=True))

    def at(self, places: Sequence[int]) -> Features:
        """The things at these places, in this order."""
        return Features(self.names, self.values[list(places)])


def blank(names: tuple[str, ...], things: int) -> Features:
    """All zeros."""
    return Features(names, np.zeros((things, len(names)), dtype=np.float32))


def from_rows(names: tuple[str, ...], rows: Sequence[Mapping[str, float]]) -> Features:
    """Of things described one by one; what a row does not name is 0."""
    return Features(
        names, np.array([[row.get(n, 0.0) for n in names] for row in rows], np.float32).reshape(-1, len(names))
    )
