"""The home is for its owner alone, whoever made it and when.  # case 15"""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rag.errors import StorageError
from rag.home import KEPT, make_private, write_whole
from rag.opening import open_chatbot
from rag.settings import Settings

ROOT = Path(__file__).parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_and_all_in_it_is_closed_to_others(tmp_path: Path, seeds: Path) -> None:
    before = os.umask(0o000)
    try:
        with open_chatbot(Settings(home=tmp_path / "a" / "home", documents=seeds), "test") as bot:
            bot.ingest()
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "home") == 0o700


def test_a_home_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in KEPT:
        if "." in name:
            home.mkdir(exist_ok=True)
            (home / name).write_text("{}")
            (home / name).chmod(0o644)
        else:
            (home / name).mkdir(parents=True)
            (home / name).chmod(0o755)
    home.chmod(0o755)
    make_private(home)
    assert mode(home) == 0o700
    assert {mode(home / name) & 0o077 for name in KEPT} == {0}


def test_a_folder_that_holds_other_things_too_is_left_open_and_what_is_ours_is_closed(tmp_path: Path) -> None:
    (tmp_path / "shared" / "site").mkdir(parents=True)
    (tmp_path / "shared" / "indexes").mkdir()
    for path in (tmp_path / "shared", tmp_path / "shared" / "site", tmp_path / "shared" / "indexes"):
        path.chmod(0o755)
    make_private(tmp_path / "shared")
    assert mode(tmp_path / "shared") == mode(tmp_path / "shared" / "site") == 0o755
    assert mode(tmp_path / "shared" / "indexes") == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_home_of_another_user_is_named_in_one_line_and_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    os.chown(tmp_path / "home", 65534, 65534)
    with caplog.at_level(logging.WARNING):
        make_private(tmp_path / "home")
    assert [record.getMessage() for record in caplog.records] == [
        f"Others can read {tmp_path / 'home'}, which holds the texts of documents, and it cannot be closed. "
        "Set IBID_HOME to a folder of yours."
    ]
    assert mode(tmp_path / "home") == 0o755


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_reads_nothing_below_a_home(tmp_path: Path, seeds: Path) -> None:
    home = tmp_path / "home"
    with open_chatbot(Settings(home=home, documents=seeds), "test") as bot:
        bot.ingest()
    for parent in home.parents:
        if parent in (Path("/tmp"), Path("/")):
            break
        parent.chmod(0o755)
    code = """
        import os, sys
        os.setgid(65534)
        os.setuid(65534)
        print(len(os.listdir(os.path.dirname(sys.argv[1]))))
        print(sum(len(files) for _, _, files in os.walk(sys.argv[1])))
    """
    told = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(code), str(home)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["1", "0"]
    assert sum(len(files) for _, _, files in os.walk(home)) > 5


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"^Cannot write to .*file/home: Not a directory\. Set IBID_HOME"):
        make_private(tmp_path / "file" / "home")


def test_a_file_is_replaced_whole_and_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept.json"
    kept.write_bytes(b"old")
    write_whole(kept, b"new")
    assert kept.read_bytes() == b"new"
    assert mode(kept) == 0o600

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(kept, b"newer")
    assert kept.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [kept]
