"""The chat as a process of its own, and somebody who looks at it in a browser."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.conftest import bare_environment

ROOT = Path(__file__).parents[3]
ALEPPO, ADVANCE = "000_8ce4b84d20215b01.txt", "003_92a89446f71c2985.txt"
PATIENCE = 30_000
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
COMMAND = (sys.executable, "-c", "from ui.cli import main; main()")

expect.set_options(timeout=PATIENCE)


class Chat:
    """`ibid chat` over a folder, in a process that can be stopped and started again at the same address."""

    def __init__(
        self,
        home: Path,
        documents: Path,
        more: Mapping[str, str] | None = None,
        *,
        command: Sequence[str] = COMMAND,
        cwd: Path = ROOT,
    ) -> None:
        self.home, self.documents, self.more = home, documents, more or {}
        self._command, self._cwd = command, cwd
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._log = home.with_name(f"{home.name}.log")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        environment = bare_environment() | {
            "IBID_HOME": str(self.home),
            "IBID_DOCUMENTS": str(self.documents),
            **self.more,
        }
        port = str(urlsplit(self.url).port or 0)
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [*self._command, "chat", "--port", port],
                cwd=self._cwd, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"no address in {line!r}\n{self.said}"
        self.url = found.group()
        wait_for(self._is_up, "the server answers", self)
        return self

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        if self._process is None:
            return
        assert self._process.stdout is not None
        self._process.send_signal(by)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def said(self) -> str:
        """What the server wrote as errors."""
        return self._log.read_text()

    @property
    def key(self) -> str:
        (index,) = (self.home / "indexes").iterdir()
        return index.name

    def post(self, path: str, given: object) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(given).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def answer(self, question: str) -> Any:
        return self.post("/api/ask", {"question": question})

    @property
    def status(self) -> Any:
        return self.post("/api/status", {})

    def wait_until_read(self) -> Self:
        wait_for(lambda: bool(self.status["documents"]) and not self.status["indexing"], "everything is indexed", self)
        return self

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except urllib.error.URLError:
            return False


def wait_for(holds: Callable[[], bool], what: str, chat: Chat | None = None, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"waited in vain until {what}\n{chat.said if chat else ''}"
        time.sleep(0.05)


def squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


@dataclass
class Heard:
    """What a browser did that no page may do: requests elsewhere, errors, scripts that a policy stopped."""

    origin: str
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self._requested(request.url))
        context.on("page", lambda page: page.on("pageerror", lambda error: self.errors.append(str(error))))
        context.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _requested(self, url: str) -> None:
        if not url.removeprefix("blob:").startswith((self.origin + "/", "data:")):
            self.elsewhere.append(url)


class Visitor:
    """Somebody with the chat open in a tab."""

    def __init__(self, page: Page, chat: Chat, heard: Heard) -> None:
        self.page, self.chat, self.heard = page, chat, heard

    def arrive(self, address: str = "/") -> Self:
        self.page.goto(self.chat.url + address)
        return self.see()

    def see(self) -> Self:
        """Until the page has come to life."""
        self.page.locator("#library .document").first.wait_for(state="attached")
        expect(self.box).to_be_visible()
        return self

    def another_tab(self) -> Visitor:
        return Visitor(self.page.context.new_page(), self.chat, self.heard).arrive()

    @property
    def box(self) -> Locator:
        return self.page.locator("#question textarea")

    @property
    def live(self) -> Locator:
        """The last question with its answer."""
        return self.page.locator("#live .turn")

    @property
    def chips(self) -> Locator:
        return self.live.locator("a.chip")

    @property
    def hit(self) -> Locator:
        return self.page.locator("#reader mark.hit")

    @property
    def reader(self) -> Locator:
        return self.page.locator("#reader .reader")

    @property
    def library(self) -> Locator:
        return self.page.locator("#library")

    @property
    def toast(self) -> Locator:
        return self.page.locator("#toast")

    @property
    def talks(self) -> Locator:
        return self.page.locator("#talk-list")

    def ask(self, question: str) -> Locator:
        """Ask and wait for the end of the answer; returns its turn."""
        number = self.page.locator("#paper .turn").count() + 1
        self.box.fill(question)
        self.box.press("Enter")
        return self.ended(question, number)

    def ended(self, question: str, number: int | None = None) -> Locator:
        if number is not None:
            expect(self.live).to_have_attribute("data-turn", str(number))
        expect(self.live.locator(".question")).to_have_text(squeezed(question))
        expect(self.page.locator("#live .turn:not(.pending)")).to_be_visible()
        return self.live

    def open(self, chip: Locator) -> str:
        """Follow a citation; returns what is marked."""
        chip.click()
        place = {name: chip.get_attribute(f"data-{name}") for name in ("document", "paragraph")}
        expect(self.reader).to_have_attribute("data-document", str(place["document"]))
        expect(chip).to_have_attribute("aria-current", "true")
        span = f"{chip.get_attribute('data-start')}-{chip.get_attribute('data-end')}"
        expect(self.reader).to_have_attribute("data-mark", span)
        expect(self.page.locator(f"#reader #p{place['paragraph']} mark.hit").first).to_be_visible()
        return "".join(self.hit.all_text_contents())

    def document(self, name: str) -> Locator:
        """The line of the list that shows a file."""
        return self.library.locator(".document").filter(has_text=name)

    def press_beside(self, title: str, name: str) -> None:
        """Press a button that shows beside a conversation while the pointer is there."""
        line = self.talks.locator("li").filter(has_text=title)
        line.hover()
        line.get_by_role("button", name=name).click()

    def saved(self) -> dict[str, Any]:
        """The conversations that the browser keeps, by id."""
        return self.page.evaluate(
            "Object.fromEntries(Object.entries(localStorage).filter(([key]) => key.startsWith('ibid:'))"
            ".map(([key, value]) => [key.slice(5), JSON.parse(value)]))"
        )

    def wait_saved(self, holds: str) -> None:
        """Until an expression over `talk` holds of a kept conversation."""
        self.page.wait_for_function(
            "Object.entries(localStorage).some(([key, value]) => {"
            f"if (!key.startsWith('ibid:')) return false; const talk = JSON.parse(value); return {holds}; }})"
        )

    def in_view(self, locator: Locator) -> bool:
        """Whether a person sees it: the middle of its first line is on the screen and nothing lies over it."""
        return bool(
            locator.evaluate(
                """node => { const box = node.getClientRects()[0]; if (!box) return false;
                const x = box.left + box.width / 2, y = box.top + box.height / 2;
                const top = document.elementFromPoint(x, y);
                return !!top && (node.contains(top) || top.contains(node)) && y > 0 && y < innerHeight; }"""
            )
        )

    def has_focus(self, locator: Locator) -> None:
        expect(locator).to_be_focused()


@contextmanager
def visiting(browser: Browser, chat: Chat, **options: Any) -> Iterator[Visitor]:
    """A browser that knows nothing yet. Whatever it does here, it asks nobody but the chat and meets no error."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(PATIENCE)
    heard = Heard(chat.url)
    heard.listen(context)
    try:
        yield Visitor(context.new_page(), chat, heard)
        assert heard.elsewhere == [], heard.elsewhere
        assert heard.errors == [], heard.errors
    finally:
        context.close()
