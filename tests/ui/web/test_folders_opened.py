"""Another folder, opened, named and taken off the list in the page: only beneath the roots that the operator allows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Chat, Visitor
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Locator, expect

from rag.errors import FolderError, ServerError
from rag.settings import Settings
from ui.web.folders import Folders
from ui.web.listed import Listed
from ui.web.roots import Roots, roots_of

Visit = Callable[..., Visitor]

POLICY = "# Leave\n\nEverybody has thirty-one days of leave a year.\n"
QUESTION = "How many days of leave does everybody have?"
PATHS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["..", ".", "", "~", "~root", "world", "open", "secret", "way out", "\0", "etc"])).map("/".join),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two folders, one of which holds Ibid's home and links out; beside it what is nobody's business."""
    base = tmp_path_factory.mktemp("place").resolve()
    for name in ("world/open/inner", "world/.hidden", "world/papers/home/indexes", "secret"):
        (base / name).mkdir(parents=True)
    for name in ("world/open", "world/open/inner", "secret"):
        (base / name / "leave.md").write_text(POLICY)
    (base / "world" / "way out").symlink_to(base / "secret")
    return base


@pytest.fixture(scope="module")
def roots(place: Path) -> Roots:
    return Roots([place / "world"], home=place / "world" / "papers" / "home")


@given(typed=PATHS)
def test_nothing_but_what_lies_beneath_a_root_is_opened_or_told_of(place: Path, roots: Roots, typed: str) -> None:
    world, home = place / "world", place / "world" / "papers" / "home"

    def is_theirs(path: Path) -> bool:
        resolved = path.resolve()
        return resolved.is_relative_to(world) and not resolved.is_relative_to(home)

    for one in (typed, str(world / "x")[:-1] + typed, str(place) + "/" + typed):
        assert all(is_theirs(Path(told)) for told in roots.below(one))
        try:
            opened = roots.checked(one)
        except FolderError as error:
            assert "secret" not in str(error).replace(one.strip(), "")
        else:
            assert is_theirs(opened) and opened.is_dir()


@pytest.mark.parametrize("typed", ["secret", "../secret", "way out", "papers/home", "papers/home/indexes", "nowhere", "open/leave.md"])  # fmt: skip
def test_what_lies_elsewhere_and_what_is_not_there_are_told_alike(place: Path, roots: Roots, typed: str) -> None:
    for one in (typed, str(place / "world" / typed)):
        with pytest.raises(FolderError) as refused:
            roots.checked(one)
        assert str(refused.value) == f"“{one}” is no folder beneath {place / 'world'}, and only those may be opened."


def test_what_was_typed_is_completed_by_folders(place: Path, roots: Roots) -> None:
    world = place / "world"
    assert roots.below("") == roots.below(str(place) + "/") == roots.below(str(world)[:-2]) == [str(world)]
    assert roots.below(str(world) + "/") == [str(world / "open"), str(world / "papers")]
    assert roots.below(str(world / "OP")) == [str(world / "open")] == roots.below("op")
    assert roots.below(str(world / "open")) == [str(world / "open"), str(world / "open" / "inner")]
    assert roots.below(str(place / "sec")) == roots.below(str(place / "secret") + "/") == []
    assert roots.checked("open") == roots.checked(str(world / "open") + "/") == world / "open"


def test_who_may_open_what_is_the_operators_to_say(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert roots_of(settings, is_alone=True).holds(Path.home())
    assert not roots_of(settings, is_alone=False)
    # A slip does not have all that somebody has read.
    with pytest.raises(FolderError, match="Choose a folder in it"):
        roots_of(settings, is_alone=True).checked("~")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    several = settings.model_copy(update={"folder_roots": f"{one}{os.pathsep} {two}"})
    with pytest.raises(ServerError, match=f"IBID_FOLDER_ROOTS names {two}, which is no folder"):
        roots_of(several, is_alone=True)
    two.mkdir()
    assert roots_of(several, is_alone=False).holds(two) and not roots_of(several, is_alone=True).holds(Path.home())
    for closed in ({"folder_roots": "none"}, {"folder_roots": str(one), "readers": tmp_path / "readers.toml"}):
        none = roots_of(settings.model_copy(update=closed), is_alone=True)
        assert not none and none.below("") == []
        with pytest.raises(FolderError, match="Folders are opened by whoever runs this chat"):
            none.checked(str(one))


@given(names=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), max_size=5))
def test_the_list_keeps_paths_and_names_as_they_are(tmp_path_factory: pytest.TempPathFactory, names: dict[str, str]) -> None:  # fmt: skip
    listed = Listed(tmp_path_factory.mktemp("list"))
    expected = {Path("/") / path: name for path, name in names.items()}
    for path, name in expected.items():
        listed.put(path, name=name)
    assert listed.paths() == list(expected)
    assert {path: listed.name_of(path) for path in expected} == expected
    for path in expected:
        listed.take_off(path)
    assert listed.paths() == []


def test_over_a_network_those_beneath_the_roots_come_back_after_a_restart_and_no_others(place: Path, tmp_path: Path) -> None:  # fmt: skip
    world, settings = place / "world", Settings(documents=place / "world" / "papers", home=tmp_path / "home")
    roots = Roots([world], home=settings.home)
    Listed(settings.home).put(place / "secret", name="Not yours")
    for remembers, known in ((False, ["papers", "open"]), (True, ["papers", "secret", "open"])):
        folders = Folders(settings, lambda _: None, remembers=remembers, roots=roots)
        try:
            folders.add("open", "  The\nleave ")
            assert [path.name for path in folders.known().values()] == known
            assert folders.name_of(world / "open") == "The leave"
            folders.add("open")
            assert folders.name_of(world / "open") == "The leave", "who gives no name takes none away"
            with pytest.raises(FolderError, match="Folders are opened by whoever runs"):
                folders.forget(folders.default)
        finally:
            folders.close()
    # Somebody who narrows the roots closes what lies beyond them.
    folders = Folders(settings, lambda _: None, remembers=False, roots=Roots([], home=settings.home))
    try:
        assert [path.name for path in folders.known().values()] == ["papers"]
        with pytest.raises(FolderError, match="Folders are opened by whoever runs"):
            folders.add(str(world / "open"))
        with pytest.raises(FolderError, match="Folders are opened by whoever runs"):
            folders.add(str(world / "papers"), "Another name")
    finally:
        folders.close()


# --- in the browser


@pytest.fixture(scope="module")
def over_world(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    documents = tmp_path_factory.mktemp("started") / "begun"
    documents.mkdir()
    (documents / "a.md").write_text("The shop opens at nine.\n")
    home = documents.parent / "home"
    with Chat(home, documents, {"IBID_FOLDER_ROOTS": str(place / "world")}) as chat:
        yield chat.wait_until_read()


def menu(visitor: Visitor) -> Locator:
    visitor.page.locator(".switch summary").click()
    return visitor.page.locator(".switch .folders")


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_one_is_opened_named_asked_and_taken_off_the_list(over_world: Chat, place: Path, visit: Visit, options: Any) -> None:  # fmt: skip
    visitor = visit(over_world, **options)
    page, world = visitor.page, place / "world"
    menu(visitor).get_by_role("button", name="Open a folder …").click()
    dialog = page.get_by_role("dialog", name="Open a folder")
    path, offered = dialog.get_by_label("Folder", exact=True), page.locator("#opening-paths option")
    expect(path).to_be_focused()
    expect(offered).to_have_count(1)
    path.fill(str(place / "secret"))
    expect(offered).to_have_count(0)
    path.press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("is no folder beneath")
    path.fill(f"{world}/")
    expect(offered.first).to_have_attribute("value", str(world / "open"))
    path.fill(str(world / "open"))
    dialog.get_by_label("A name for it").fill("House <rules>")
    dialog.get_by_role("button", name="Open it").click()
    expect(page.locator(".switch summary")).to_have_text("House <rules>")
    expect(page.get_by_role("heading", name="Ask the documents in “House <rules>”")).to_be_visible()
    visitor.see().ask(QUESTION)
    expect(visitor.live).to_contain_text("thirty-one days of leave")
    # Another name for it, and the one that the chat was started with stays on the list.
    menu(visitor).get_by_role("button", name="Name House <rules>").click()
    renaming = page.get_by_role("dialog", name="Name a folder")
    expect(renaming.get_by_label("A name for it")).to_be_focused()
    expect(renaming.get_by_label("A name for it")).to_have_value("House <rules>")
    renaming.get_by_label("A name for it").fill("Rules")
    page.keyboard.press("Enter")
    expect(page.locator(".switch summary")).to_have_text("Rules")
    menu(visitor).get_by_role("button", name="Open a folder …").click()
    path.fill(str(world / "open"))
    path.press("Enter")
    expect(dialog).not_to_be_visible()
    expect(page.locator(".switch summary")).to_have_text("Rules")
    names = menu(visitor).locator("a")
    expect(names).to_have_count(2)
    expect(page.get_by_role("button", name="off the list")).to_have_count(0)
    names.first.click()
    expect(page.locator(".switch summary")).to_have_text("begun")
    off = menu(visitor).get_by_role("button", name="Take Rules off the list")
    off.click()
    expect(names).to_have_count(1)
    undo = visitor.toast.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    # The page comes anew, and its menu is closed again.
    with page.expect_navigation(wait_until="commit"):
        undo.click()
    expect(page.locator(".switch summary")).to_have_text("begun")
    menu(visitor)
    expect(names.last).to_contain_text("Rules")
    off.click()
    expect(names).to_have_count(1)
    page.reload()
    menu(visitor)
    expect(names).to_have_count(1)
    # Neither the folder nor its index is gone.
    assert (world / "open" / "leave.md").read_text() == POLICY
    assert len(list((over_world.home / "indexes").iterdir())) == 2


def test_where_nobody_may_nothing_offers_it(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text(POLICY)
    with Chat(tmp_path / "home", tmp_path / "documents", {"IBID_FOLDER_ROOTS": "none"}) as chat:
        visitor = visit(chat)
        expect(menu(visitor)).to_contain_text("Another one: ibid chat DIR")
        expect(visitor.page.locator("#opening")).to_have_count(0)
        expect(visitor.page.locator("[data-act=show-opening], [data-act=forget-folder]")).to_have_count(0)
