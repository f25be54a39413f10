"""Training text as cases, and where the making of models is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.errors import ModelError
from rag.search.learned import read_learned

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        '{"shredding_limit": 1, "ranking": {"another": 1, "bias": 0}, "ranking_without_dense": {}, "sentences": {}}',
    ],
    ids=["missing", "cut off", "other features"],
)
def test_learned_numbers_that_do_not_fit_name_the_command_that_makes_them(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "learned.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"Run `make fit`\."):
        read_learned(("coverage",), sentences=("pairs",), path=path)


def test_every_module_and_file_that_make_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    modules = re.findall(r"-m (evals[\w.]+)", makefile)
    files = re.findall(r"(?<![\w./])((?:evals|rag|ui|tests)/[\w/.-]+)", makefile)
    assert modules and files
    for path in [*files, *(f"{module.replace('.', '/')}.py" for module in modules)]:
        assert (ROOT / path).is_file(), path


def test_shipped_models_lie_beside_no_program() -> None:
    assert [path.name for path in (ROOT / "rag" / "models").rglob("*.py")] == ["__init__.py"]
