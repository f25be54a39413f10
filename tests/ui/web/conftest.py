"""A browser, and the chat over the two seed articles."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
from browsing import ROOT, Chat, Visitor, visiting
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

Visit = Callable[..., Visitor]


def missing(what: str) -> NoReturn:
    if os.environ.get("IBID_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} (IBID_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(what)


# One for each module, as it keeps an event loop running in which no other test could start its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing(f"{CHROMIUM} is missing: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        missing(f"{AXE} is missing: npm install --no-save --no-package-lock axe-core@4.10.3")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def seeds_read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("chat")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    with Chat(base / "home", base / "seeds") as chat:
        yield chat.wait_until_read()


@pytest.fixture
def chat(browser: Browser, seeds_read: Chat) -> Chat:
    """The chat over the seeds, one for all tests: nobody adds documents to it or stops it."""
    return seeds_read


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(chat)` opens a chat in a fresh browser. When the test ends: no request elsewhere, no error."""
    with ExitStack() as leaving:

        def enter(chat: Chat, address: str = "/", **options: Any) -> Visitor:
            return leaving.enter_context(visiting(browser, chat, **options)).arrive(address)

        yield enter


@pytest.fixture
def visitor(visit: Visit, chat: Chat) -> Visitor:
    return visit(chat)
