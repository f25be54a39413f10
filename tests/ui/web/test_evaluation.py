"""The Evals view in the browser: run a suite, see its figures, open what failed in its source, compare two runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import ROOT, Chat, Visitor, squeezed, wait_for
from conftest import Visit
from playwright.sync_api import Browser, expect

from evals.results import read_run

QUESTIONS = ROOT / "evals" / "questions" / "seeds.jsonl"
HOSTILE = "<img src=x onerror=window.PWNED=1>"


ASKED = 12


@pytest.fixture(scope="module")
def evaluated(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """A chat over the seeds, with twelve questions of one's own; one can never be answered as it wants."""
    base: Path = tmp_path_factory.mktemp("evaluated")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    cases = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()][:ASKED]
    cases[0] |= {"question": f"How long was West Aleppo under siege? {HOSTILE}", "answers": [HOSTILE]}
    own = base / "home" / "evals" / "questions"
    own.mkdir(parents=True)
    (own / "mine.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    with Chat(base / "home", base / "seeds") as chat:
        yield chat.wait_until_read()


def run(visitor: Visitor, chat: Chat) -> None:
    """Until there is one run more, with every question in it. What was asked before is not asked again: its progress
    may be too short to see."""
    runs = chat.home / "evals" / "runs"
    before = set(runs.glob("*.jsonl"))

    def is_kept() -> bool:
        return [len(path.read_text().splitlines()) for path in set(runs.glob("*.jsonl")) - before] == [1 + ASKED]

    visitor.page.locator("#run-suite").click()
    wait_for(is_kept, "the run is kept", chat)
    expect(visitor.page.locator("#figures progress")).to_be_hidden()
    expect(visitor.page.locator("#figures .eval-run")).to_be_visible()


def test_a_suite_is_run_its_failures_opened_and_two_runs_compared(evaluated: Chat, visit: Visit, axe: str) -> None:
    visitor = visit(evaluated)
    page = visitor.page
    page.get_by_role("button", name="Evals").click()
    visitor.has_focus(page.get_by_role("heading", name="How good are the answers?"))
    expect(page.locator("#talk")).to_be_hidden()
    expect(page.locator("#suite input")).to_have_value("mine")
    run(visitor, evaluated)
    figures = page.locator("#figures .eval-run")
    expect(figures.locator(".conclusion")).to_contain_text("answered rightly")
    expect(figures).to_contain_text("every quote is the exact slice")

    failed = figures.locator("details").first
    failed.locator("summary").click()
    expect(failed).to_contain_text(squeezed(HOSTILE))
    failed.locator(".place").first.click()
    expect(visitor.reader.locator(".para.target")).to_be_in_viewport()
    expect(page.locator("#evals")).to_be_visible()

    run(visitor, evaluated)
    expect(figures.locator(".conclusion")).to_contain_text("; the same as the last run.")
    (kept, other) = sorted((evaluated.home / "evals" / "runs").glob("mine-*.jsonl"))
    assert [r.scores for r in read_run(kept).results] == [r.scores for r in read_run(other).results]
    page.locator("#compare-runs").click()
    expect(page.locator("#comparison .conclusion")).to_contain_text(
        "Every score is the same: 12 questions are not enough"
    )
    page.evaluate(axe)
    found = page.evaluate("axe.run('#evals', { resultTypes: ['violations'] })")["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("window.PWNED") is None

    page.get_by_role("button", name="Back to the chat").click()
    expect(page.locator("#evals")).to_be_hidden()
    visitor.ask("How long was West Aleppo under siege?")
    assert visitor.chips.count()


def test_a_run_that_was_stopped_leaves_no_half_run_and_goes_on_where_it_was(evaluated: Chat, visit: Visit) -> None:
    visitor = visit(evaluated)
    page = visitor.page
    before = set((evaluated.home / "evals" / "runs").glob("*.jsonl"))
    page.get_by_role("button", name="Evals").click()
    page.locator("#suite input").click()
    page.get_by_role("option", name="seeds").click()
    page.locator("#run-suite").click()
    expect(page.locator("#figures progress")).to_be_visible()
    page.locator("#stop-suite").click()
    expect(page.locator("#figures")).to_contain_text("Stopped. What was answered is kept")
    expect(page.locator("#run-suite")).to_be_visible()
    page.wait_for_timeout(1_500)
    assert set((evaluated.home / "evals" / "runs").glob("*.jsonl")) == before


def test_the_view_fits_a_phone(evaluated: Chat, visit: Any) -> None:
    visitor: Visitor = visit(evaluated, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    visitor.page.get_by_role("button", name="Evals").tap()
    expect(visitor.page.locator("#run-suite")).to_be_in_viewport()
    assert visitor.page.evaluate(
        "document.documentElement.scrollWidth <= 390 && document.querySelector('#evals').scrollWidth <= 390"
    )
