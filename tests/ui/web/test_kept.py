"""What named users keep: a file for each record, found from another browser, and not shown where it quotes what they may
not read any more."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import ROOT, Chat, Visitor, visiting, wait_for
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from ui.web import kept
from ui.web.kept import WITHHELD, KeepingError, Kept, Record, shown

SIEGE = "How long was West Aleppo under siege?"
PEOPLE = {"ida": "s3cret-of-ida", "ole": "s3cret-of-ole"}


def exchange(question: str, *documents: str) -> dict[str, Any]:
    citations = [{"document": one, "quote": f"words of {one}"} for one in documents]
    answer = {
        "question": question,
        "statements": [{"text": "So it is.", "citations": citations}],
        "passages": [],
        "closest": [],
    }
    return {"question": question, "asked": question, "state": "done", "answer": answer, "problem": None}


def talk(*exchanges: dict[str, Any]) -> str:
    return json.dumps({"id": "a1", "folder": "0123", "title": "A talk", "exchanges": exchanges})


def test_a_record_is_kept_read_replaced_and_removed(tmp_path: Path) -> None:
    store = Kept(tmp_path / "users" / "ida" / "kept")
    assert list(store.records()) == []
    first, gone = store.put("ibid:a1", talk(exchange("One?")))
    again, _ = store.put("ibid:a1", talk(exchange("One?"), exchange("Two?")))
    store.put("ibid-note:0123:n1", json.dumps({"id": "n1", "answer": {"statements": []}}))
    store.put("ibid-notes:0123", "Mine")
    assert gone == []
    assert again != first
    found = {one.key: one for one in store.records()}
    assert set(found) == {"ibid:a1", "ibid-note:0123:n1", "ibid-notes:0123"}
    assert (found["ibid:a1"].revision, found["ibid:a1"].text) == (again, talk(exchange("One?"), exchange("Two?")))
    assert stat.S_IMODE((tmp_path / "users" / "ida" / "kept").stat().st_mode) == 0o700
    store.remove("ibid:a1")
    store.remove("ibid:a1")
    assert {one.key for one in store.records()} == {"ibid-note:0123:n1", "ibid-notes:0123"}
    (tmp_path / "users" / "ida" / "kept" / "ibid-0.json").write_text("{")
    assert len(list(store.records())) == 2


@pytest.mark.parametrize(
    "key", ["", "ibid", "ibid:", "ibid:../x", "ibid:a/b", "other:a", "ibid:a\n", "ibid-note:0123", f"ibid:{'x' * 99}"]
)
def test_nothing_else_is_kept(tmp_path: Path, key: str) -> None:
    for text in (talk(exchange("One?")), "{}"):
        with pytest.raises(KeepingError):
            Kept(tmp_path / "kept").put(key, text)
    with pytest.raises(KeepingError):
        Kept(tmp_path / "kept").remove(key)
    assert not (tmp_path / "kept").exists()


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["exchanges", "answer", "problem", "x"]), one)).map(json.dumps))  # fmt: skip
def test_whatever_a_page_sends_is_refused_or_can_be_shown(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    store = Kept(tmp_path_factory.mktemp("kept"))
    try:
        store.put("ibid:a1", text)
    except KeepingError:
        return
    (record,) = store.records()
    shown(record, lambda _: False)


def test_what_may_not_be_read_any_more_is_withheld_and_comes_back_with_the_right_to_read_it(tmp_path: Path) -> None:
    store = Kept(tmp_path)
    whole = talk(exchange("Open?", "documents/open.md"), exchange("Shut?", "documents/open.md", "documents/shut.md"))
    store.put("ibid:a1", whole)
    note = json.dumps({"id": "n1", "answer": exchange("Shut?", "documents/shut.md")["answer"]})
    store.put("ibid-note:0123:n1", note)

    def seen(*readable: str) -> dict[str, str]:
        records = (shown(one, lambda document: document in readable) for one in store.records())
        return {one.key: one.text for one in records if one is not None}

    assert seen("documents/open.md", "documents/shut.md") == {"ibid:a1": whole, "ibid-note:0123:n1": note}
    now = seen("documents/open.md")
    assert set(now) == {"ibid:a1"}
    assert "shut.md" not in now["ibid:a1"]
    first, second = json.loads(now["ibid:a1"])["exchanges"]
    assert first == exchange("Open?", "documents/open.md")
    assert (second["answer"], second["problem"]) == (None, WITHHELD)
    # The page keeps what it was shown, with one more: nothing that was withheld is lost by that.
    store.put("ibid:a1", json.dumps({**json.loads(now["ibid:a1"]), "exchanges": [first, second, exchange("More?")]}))
    told = json.loads(seen("documents/open.md", "documents/shut.md")["ibid:a1"])["exchanges"]
    assert told == [*json.loads(whole)["exchanges"], exchange("More?")]
    assert [one["problem"] for one in json.loads(seen()["ibid:a1"])["exchanges"]] == [WITHHELD, WITHHELD, None]


def test_passages_that_are_no_citations_count_too() -> None:
    told = exchange("Near?", "documents/open.md")
    told["answer"]["closest"] = [{"document": "documents/shut.md", "title": "Shut"}]
    record = Record(key="ibid:a1", revision=1, text=talk(told))
    withheld = shown(record, lambda document: document == "documents/open.md")
    assert withheld is not None
    assert "Shut" not in withheld.text


def test_the_oldest_conversations_go_where_there_is_no_room_and_never_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_RECORDS", 3)
    store = Kept(tmp_path)
    for key in ("ibid:a", "ibid-note:0:n", "ibid:b"):
        store.put(key, talk(exchange(key)))
    assert store.put("ibid:c", talk(exchange("c")))[1] == ["ibid:a"]
    store.put("ibid-note:0:m", talk(exchange("m")))
    store.put("ibid-note:0:o", talk(exchange("o")))
    with pytest.raises(KeepingError, match="your notes are full"):
        store.put("ibid-note:0:p", talk(exchange("p")))
    assert {one.key for one in store.records()} == {"ibid-note:0:n", "ibid-note:0:m", "ibid-note:0:o"}


# --- in browsers


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    base = tmp_path_factory.mktemp("named")
    pairs = ",".join(f"{name}:{password}" for name, password in PEOPLE.items())
    with Chat(base / "home", ROOT / "seeds", {"IBID_AUTH": pairs}) as running:
        yield running


def credentials(name: str) -> dict[str, Any]:
    return {"http_credentials": {"username": name, "password": PEOPLE[name], "send": "always"}}


def kept_of(chat: Chat, name: str) -> list[Record]:
    return list(Kept(chat.home / "users" / name / "kept").records())


def until_kept(chat: Chat, name: str, words: str) -> None:
    wait_for(lambda: any(words in one.text for one in kept_of(chat, name)), f"{words} is kept", chat)


def test_a_person_finds_conversations_and_notes_in_another_browser_and_nobody_else_does(
    chat: Chat, browser: Browser
) -> None:
    with visiting(browser, chat, **credentials("ida")) as ida:
        ida.arrive()
        expect(ida.page.locator(".talks")).to_contain_text("Kept on this server, for you alone.")
        expect(ida.page.locator(".welcome .example").first).to_be_visible()
        ida.ask(SIEGE).get_by_role("button", name="Keep", exact=True).click()
        until_kept(chat, "ida", '"state":"done"')
        wait_for(
            lambda: any(one.key.startswith("ibid-note:") for one in kept_of(chat, "ida")), "the note is kept", chat
        )
        assert ida.saved() == {}
        # What was written right before a reload is there after it.
        ida.press_beside(SIEGE, "Rename")
        ida.talks.locator(".rename input").fill("The siege")
        ida.page.keyboard.press("Enter")
        ida.page.reload()
        ida.see()
        expect(ida.talks.locator(".open")).to_have_text("The siege")
        ida.ended(SIEGE)
        until_kept(chat, "ida", "The siege")
        wait_for(lambda: ida.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('ibid-unsent')).length === 0"), "all is sent", chat)  # fmt: skip
        with visiting(browser, chat, **credentials("ida")) as elsewhere:
            elsewhere.arrive()
            expect(elsewhere.talks.locator(".open")).to_have_text("The siege")
            elsewhere.talks.locator(".open").click()
            elsewhere.ended(SIEGE)
            expect(elsewhere.page.locator("[data-act=keep-answer]")).to_have_text("Kept")
            elsewhere.page.locator("#side [data-opens=notes]").click()
            expect(elsewhere.page.locator(".note")).to_have_count(1)
            elsewhere.page.locator(".note [data-act=forget-note]").click()
            wait_for(
                lambda: not any(one.key.startswith("ibid-note:") for one in kept_of(chat, "ida")), "it is gone", chat
            )
        with visiting(browser, chat, **credentials("ole")) as ole:
            ole.arrive()
            expect(ole.page.locator(".talks")).to_contain_text("Kept on this server")
            ole.ask("Who is Qassem Soleimani?")
            until_kept(chat, "ole", "Soleimani")
            expect(ole.talks.locator(".open")).to_have_count(1)
        # Whoever comes back to a tab sees what came meanwhile.
        ida.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(ida.page.locator("[data-act=keep-answer]")).to_have_text("Keep")
        expect(ida.talks.locator(".open")).to_have_count(1)


def test_two_tabs_lose_nothing_of_one_another(chat: Chat, browser: Browser) -> None:
    with visiting(browser, chat, **credentials("ole")) as first:
        first.arrive()
        for name in (one for one in kept_of(chat, "ole")):
            Kept(chat.home / "users" / "ole" / "kept").remove(name.key)
        first.page.reload()
        first.see()
        second = Visitor(first.page.context.new_page(), chat, first.heard).arrive()
        first.ask(SIEGE)
        expect(second.talks.locator(".open")).to_have_text(SIEGE)
        second.ask("Where is Kweires air base?")
        expect(first.talks.locator(".open")).to_have_count(2)
        wait_for(lambda: len(kept_of(chat, "ole")) == 2, "both are kept", chat)


def test_what_a_browser_kept_before_is_taken_over_by_whoever_says_so(chat: Chat, browser: Browser) -> None:
    with visiting(browser, chat, **credentials("ida")) as ida:
        ida.arrive()
        before = json.dumps(
            {"id": "old1", "folder": chat.key, "title": "From before", "exchanges": [exchange("Before?")]}
        )
        ida.page.evaluate("(text) => localStorage.setItem('ibid:old1', text)", before)
        ida.page.reload()
        ida.see()
        ida.page.get_by_role("button", name="Take over what this browser kept").click()
        expect(ida.talks.locator(".open").filter(has_text="From before")).to_have_count(1)
        expect(ida.page.get_by_role("button", name="Take over what this browser kept")).to_be_hidden()
        until_kept(chat, "ida", "From before")
        assert ida.saved() == {}
