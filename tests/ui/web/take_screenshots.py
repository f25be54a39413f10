"""Pictures of the chat for the README: `make screenshots`. Looks at a chat over `seeds/` that it starts itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "ui" / "web" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator("#live .turn.done").filter(has_text=question).wait_for()


def open_first_citation(page: Page) -> None:
    page.locator("#live .chip").first.click()
    page.locator("mark.hit").wait_for()
    page.mouse.move(5, 400)


def save(page: Page, name: str) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=TARGET / f"{name}.png")


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-c", "from ui.cli import main; main()", "chat", "--port", "0"]
        environment = {**os.environ, "IBID_HOME": home, "IBID_DOCUMENTS": "seeds"}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            take(next(word for word in server.stdout.readline().split() if word.startswith("http")))
        finally:
            server.terminate()
            server.wait()


def take(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=FLAGS)
        wide = browser.new_page(viewport={"width": 1280, "height": 800})
        wide.goto(address)
        wide.locator(".welcome .example").nth(1).wait_for()
        save(wide, "welcome")
        ask(wide, "How long was West Aleppo under siege?")
        open_first_citation(wide)
        save(wide, "answer")
        ask(wide, "What was the price of bread in Damascus?")
        save(wide, "not-in-your-documents")
        wide.get_by_role("button", name="Evals").click()
        wide.locator("#run-suite").click()
        wide.locator("#figures .eval-run").wait_for(timeout=600_000)
        save(wide, "evals")
        dark = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        dark.goto(address)
        dark.locator(".example").first.wait_for()
        ask(dark, "Why do the Russians want to avoid Raqqa?")
        save(dark, "dark")
        phone = browser.new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
        phone.goto(address)
        phone.locator(".example").first.wait_for()
        ask(phone, "How long was West Aleppo under siege?")
        save(phone, "phone-answer")
        open_first_citation(phone)
        save(phone, "phone-source")
        browser.close()


if __name__ == "__main__":
    main()
