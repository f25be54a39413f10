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
