"""A bound that only runaway algorithms break: quadratic work on these inputs takes minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

Within = Callable[[float], AbstractContextManager[None]]


@pytest.fixture
def within() -> Within:
    """`with within(1.0): …` fails where the block takes more than that many seconds of processor time."""

    @contextmanager
    def measured(seconds: float) -> Iterator[None]:
        started = time.process_time()
        yield
        took = time.process_time() - started
        assert took <= seconds, f"took {took:.1f} s of processor time, at most {seconds} s are expected"

    return measured
