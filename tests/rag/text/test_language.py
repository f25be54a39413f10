"""What is known of each language, and that to add one is to add a file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rag.answer.about import Kind
from rag.text import language

FILES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in language.LANGUAGES.glob("*.toml")}
OTHERS = sorted(FILES.keys() - {"en"})
NOT_IN_ENGLISH = {
    "sentences.behind_ordinal", "dates.day_endings", "numbers.own", "numbers.own_scales", "numbers.own_joint",
    "names.before_nouns", "names.noun_endings", "names.with_article",
}  # fmt: skip

ITALIAN = """
[dates]
of = "di"
[dates.months]
1 = "gennaio"
[dates.weekdays]
6 = "sabato"
[bylines]
by = "di"
[comments]
kinds = ["commenti", "commento"]
[questions]
when = ["quando"]
[requests]
greeting = ["buongiorno"]
"""
ASKED_IN_ITALIAN = """
from datetime import date
from rag.answer.about import Kind, classify
from rag.documents.front_matter import find_author, find_date, is_date_line
from rag.documents.voices import is_comment_heading
from rag.text.dates import Day, find_dates
from rag.text.overlap import inquire
assert [one.readings for one in find_dates("il 12 gennaio 2020")] == [(Day(2020, 1, 12),)]
assert find_date("sabato 12 gennaio 2020") == date(2020, 1, 12) and is_date_line("sabato 12 gennaio 2020")
assert find_author("di Anna Bruni") == "Anna Bruni"
assert is_comment_heading("3 commenti")
assert inquire("Quando cominciò?", lambda stem: 1.0).kind == "date"
assert classify("Buongiorno!", []).kind is Kind.GREETING
assert is_comment_heading("3 Kommentare") and find_date("May 5, 2020") == date(2020, 5, 5)
"""


def names_in(code: str) -> set[str]:
    return {f"{section}.{name}" for section, entries in FILES[code].items() for name in entries}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_the_names_of_english_so_that_none_is_read_by_nobody(code: str) -> None:
    assert names_in(code) - names_in("en") <= NOT_IN_ENGLISH


@pytest.mark.parametrize("code", OTHERS)
def test_an_entry_is_of_one_sort_in_every_language(code: str) -> None:
    for name in names_in(code) & names_in("en"):
        section, key = name.split(".")
        assert type(FILES[code][section][key]) is type(FILES["en"][section][key]), name


def test_every_entry_is_read_by_some_module() -> None:
    root = Path(__file__).parents[3] / "rag"
    code = "\n".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    phrases = (language.LANGUAGES / "en.toml").read_text(encoding="utf-8")
    for name in names_in("en") | NOT_IN_ENGLISH:
        key = name.split(".")[1]
        kinds = tuple(f"requests.{kind}" for kind in Kind)  # named by their kind
        assert f'"{name}"' in code or f"'{name}'" in code or f"{{{key}}}" in phrases or name in kinds, name


@pytest.mark.parametrize("code", sorted(FILES))
def test_a_language_has_twelve_months_and_seven_weekdays(code: str) -> None:
    dates = FILES[code]["dates"]
    assert [int(number) for number in dates["months"]] == list(range(1, 13))
    assert [int(number) for number in dates["weekdays"]] == list(range(1, 8))


def test_what_is_asked_for_is_what_all_languages_say_together() -> None:
    assert {"by", "von", "par", "por"} <= set(language.words("bylines.by"))
    assert language.numbered("dates.months")["märz"] == language.numbered("dates.months")["march"] == 3


def test_of_a_number_the_english_word_comes_first() -> None:
    months = language.numbered("dates.months")
    assert next(word for word, number in months.items() if number == 10) == "october"


def test_what_no_language_knows_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError, match=r"dates\.moths"):
        language.words("dates.moths")


def test_to_add_a_language_is_to_add_a_file(tmp_path: Path) -> None:
    shutil.copytree(
        Path(__file__).parents[3] / "rag", tmp_path / "rag", ignore=shutil.ignore_patterns("models", "__pycache__")
    )
    (tmp_path / "rag" / "text" / "languages" / "it.toml").write_text(ITALIAN, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", ASKED_IN_ITALIAN], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
