"""Which readers a setting names, and which version of a document each makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.plugged import Plugged, read_plugged, version_of
from rag.settings import Settings

JSON = "llama_index.core.readers.json:JSONReader"

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
readers = st.builds(lambda module, name: f"{'.'.join(module)}:{name}", st.lists(names, min_size=1, max_size=4), names)
endings = st.from_regex(r"\.[a-z0-9]{1,8}", fullmatch=True)


@given(st.dictionaries(endings, readers, max_size=5), st.sampled_from([",", " , ", ",\n", ",,"]))
def test_what_is_written_is_what_reads(wanted: dict[str, str], comma: str) -> None:
    text = comma.join(f"{ending.upper()} = {reader}" for ending, reader in wanted.items())
    assert read_plugged(text) == wanted
    plugged = Plugged(readers=read_plugged(text))
    assert all(plugged.reader_of(f"a.b{ending}") == reader for ending, reader in wanted.items())
    assert plugged.reader_of("no ending") is None


@given(st.text(alphabet=".,=:_aB1 \n/é", max_size=40))
@example("")
def test_any_text_is_readers_or_one_line_that_says_what_is_wrong(text: str) -> None:
    try:
        found = read_plugged(text)
    except ValueError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert all(ending.startswith(".") and ":" in reader for ending, reader in found.items())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"hwp={JSON}", "hwp is no ending: write a dot and the letters after it, such as .hwp=llama_index"),
        (f".tar.gz={JSON}", ".tar.gz is no ending"),
        (f"={JSON}", "nothing is no ending"),
        (".hwp", ".hwp is no ending=module:Class, such as .hwp=llama_index.readers.file:HWPReader"),
        (".hwp=", "nothing is no module:Class"),
        (".hwp=mine.Reader", "mine.Reader is no module:Class: write .hwp=mine:Reader"),
        (".hwp=../mine:Reader", "../mine:Reader is no module:Class: such as"),
        (f".hwp={JSON},.HWP=mine:Reader", f".HWP is to be read by two, {JSON} and mine:Reader: name one"),
    ],
)
def test_a_setting_that_is_wrong_is_told_with_the_next_step(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        read_plugged(text)
    assert said in str(told.value)
    with pytest.raises(ValueError, match="Value error"):
        Settings(loaders=text)


def test_another_reader_and_another_version_of_its_package_make_another_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    made = set()
    for number in ("0.6.0", "0.7.0", "0.7.0"):
        install(tmp_path, "llama-index-readers-no-such", number)
        version_of.cache_clear()
        made |= {version_of(f"llama_index.readers.no_such.base:{name}") for name in ("OneReader", "OtherReader")}
    assert len(made) == 4
    assert version_of("mine:Reader") != version_of("mine:Other"), "also where no package is known"


def install(where: Path, package: str, number: str) -> None:
    """What a package's installer notes of it."""
    notes = where / f"{package.replace('-', '_')}-{number}.dist-info"
    for earlier in where.glob("*.dist-info"):
        shutil.rmtree(earlier)
    notes.mkdir()
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {number}\n")


def test_what_is_handed_over_lies_in_a_closed_folder_and_is_deleted(tmp_path: Path) -> None:
    plugged = Plugged(temporary=tmp_path / "home" / "tmp")
    with pytest.raises(RuntimeError), plugged.folder() as folder:
        assert folder.parent == tmp_path / "home" / "tmp" and folder.stat().st_mode & 0o777 == 0o700
        (folder / "a.hwp").write_bytes(b"x")
        raise RuntimeError
    assert not list((tmp_path / "home" / "tmp").iterdir())
