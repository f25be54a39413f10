"""What the README and the settings say of each other, and what must never be committed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag.settings import Settings

ROOT = Path(__file__).parents[1]
NAMES = [str(field.validation_alias or f"IBID_{name.upper()}") for name, field in Settings.model_fields.items()]


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_documented(name: str) -> None:
    assert name in (ROOT / ".env.example").read_text(encoding="utf-8")
    assert name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_only_real_settings_are_documented() -> None:
    listed = set(re.findall(r"\b(?:IBID|OPENAI)_[A-Z_]+\b", (ROOT / ".env.example").read_text(encoding="utf-8")))
    assert listed == set(NAMES)


def test_the_lock_names_versions_and_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert len(re.findall(r"^[a-z0-9][\w.-]*==", lock, re.MULTILINE)) > 50


def test_the_picture_names_every_module() -> None:
    picture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for layer in ("rag", "evals", "ui"):
        for path in (ROOT / layer).rglob("*.py"):
            if path.stem != "__init__" and "models" not in path.parts:
                assert re.search(rf"\b{path.stem}\b", picture), f"{path.relative_to(ROOT)} is not in the picture"


def test_the_tree_has_a_line_for_every_file_and_none_for_what_is_gone() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tree = architecture[architecture.index("## Every file") : architecture.index("## To change")]
    listed = set(re.findall(r"^ +([\w.-]+/?)(?=[ ,]|$)", tree, re.MULTILINE))
    present: set[str] = set()
    for layer in ("rag", "evals", "ui"):
        for path in (ROOT / layer).rglob("*"):
            present.add(f"{path.name}/" if path.is_dir() else path.name)
            if path.suffix == ".py" and path.stem != "__init__":
                folders = {f"{folder.name}/" for folder in path.relative_to(ROOT / layer).parents}
                assert path.name in listed or folders & listed, f"{path.relative_to(ROOT)} is not in the tree"
    assert listed - present <= {"rag/", "evals/", "ui/", "tests/", "seeds/"}


PAGES = [
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
    and "tests" not in path.relative_to(ROOT).parts
]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_to_a_file_of_ours_leads_to_one(page: Path) -> None:
    for target, part in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        assert linked.exists(), f"{page.name} links to {target}"
        if part:
            titles = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| five figures") : readme.index("Intervals are 95 %")]
    measured = (ROOT / "evals" / "FIGURES.md").read_text(encoding="utf-8")
    told = re.findall(r"\d?\.\d{3}(?: \[[^]]+\])?", table)
    assert len(told) >= 5
    for figure in told:
        assert figure in measured, f"{figure} is not in evals/FIGURES.md"


SHARED = ROOT.parent / "shared" / "seeds"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared stands beside the project in development and CI only")
def test_the_seeds_are_the_originals_byte_for_byte() -> None:
    for original in SHARED.iterdir():
        assert (ROOT / "seeds" / original.name).read_bytes() == original.read_bytes()


def test_no_test_sees_the_key_of_whoever_runs_it() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(ROOT), "-k", "ambient_probe", str(Path(__file__))]
    ambient = {"OPENAI_API_KEY": "sk-mine", "IBID_CHAT_MODEL": "mine", "IBID_EMBED_MODEL": "openai:mine"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ambient, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_ambient_probe() -> None:
    settings = Settings()
    assert (settings.chat_model, settings.embed_model) == (None, None)
    assert settings.openai_api_key.get_secret_value() == ""
