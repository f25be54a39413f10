"""What several tests of `rag` need: the shipped embedder, and the two seed articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.embedding import MiniLM

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def embedder() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="session")
def seeds() -> Path:
    return ROOT / "seeds"
