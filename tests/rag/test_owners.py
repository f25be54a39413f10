"""Users are called whatever they are called: each has a folder of their own on any file system, and gets their name back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import document_name
from rag.owners import LONGEST, is_upload, owner_of, root_of, spelled, unspelled
from rag.settings import Settings

NAMES = st.text(min_size=1, max_size=60).filter(lambda name: len(name.encode("utf-8", "surrogatepass")) * 3 <= LONGEST)


def as_a_file_system_may_see_it(name: str) -> str:
    """One that tells neither large letters from small ones nor accents that are composed from others."""
    return unicodedata.normalize("NFKC", name).casefold()


@given(NAMES)
def test_a_name_is_read_back_as_it_was(user: str) -> None:
    name = spelled(user)
    assert unspelled(name) == user
    assert name.isascii()
    assert not set(name) & set('/\\.:*?"<>|% ')
    assert name == as_a_file_system_may_see_it(name)
    assert owner_of(f"{root_of(user)}/leave.md") == user
    assert is_upload(f"{root_of(user)}/leave.md")
    assert document_name(f"{root_of(user)}/leave.md") == "leave.md"


@given(NAMES, NAMES)
def test_two_users_never_share_a_folder(one: str, other: str) -> None:
    assert (as_a_file_system_may_see_it(spelled(one)) == as_a_file_system_may_see_it(spelled(other))) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna", "Anna"), ("é", "e\u0301"), ("a", "a "), ("a.", "a"), ("con", "CON"), ("..", "."), ("a/b", "a\\b")],
)
def test_names_that_look_alike_are_told_apart(one: str, other: str) -> None:
    assert spelled(one).casefold() != spelled(other).casefold()


@pytest.mark.parametrize("user", ["", "x" * 201, "Ä" * 40])
def test_a_name_that_is_none_or_too_long_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="may not be empty" if not user else "too long"):
        spelled(user)


@pytest.mark.parametrize("name", ["", "Anna", "=4", "=zz", "a b", "=41=", "=ff", "=61", "../x", "é"])
def test_a_folder_of_another_name_is_nobodys(name: str) -> None:
    assert unspelled(name) is None
    assert owner_of(f"uploads-{name}/leave.md") is None
    assert not is_upload(f"uploads-{name}/leave.md")


@pytest.mark.parametrize(("document_id", "is_one"), [("uploads/a.md", True), ("documents/uploads/a.md", False), ("uploads", False), ("uploads-anna", False), ("uploadsx/a.md", False)])  # fmt: skip
def test_what_is_an_upload(document_id: str, is_one: bool) -> None:
    assert is_upload(document_id) is is_one
    assert owner_of(document_id) is None or document_id == "uploads-anna"


def test_each_users_uploads_are_a_root_of_their_own(tmp_path: Path) -> None:
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home")
    assert list(settings.roots) == ["documents"]
    for user in (None, "anna", "Anna", "b/../../c"):
        settings.uploads_of(user).mkdir(parents=True)
    (settings.home / "users" / "Not=spelled").mkdir()
    (settings.home / "users" / "file").touch()
    roots = settings.roots
    assert {owner_of(f"{root}/x") for root in roots} == {None, "anna", "Anna", "b/../../c"}
    assert len(roots) == 5
    assert all(folder.resolve().is_relative_to(tmp_path) for folder in roots.values())
