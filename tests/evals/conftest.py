"""The seed articles, indexed once for all tests of measuring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.corpus import Corpus, opened
from rag.settings import Settings

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    with opened(Settings(home=tmp_path_factory.mktemp("home")), folder=SEEDS) as found:
        yield found
