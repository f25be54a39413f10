"""What a named user brings along is theirs: they read, count and delete it, and nobody else but who runs the chat does."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from attacking import Attacked, attacked, until_read
from test_many_people import PEOPLE, Person, authorised, ended

WORD = "zibelline"


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    base = tmp_path_factory.mktemp("own")
    (base / "home" / "uploads").mkdir(parents=True)
    (base / "home" / "uploads" / "before.md").write_text("# Before\n\nThe lighthouse of Narva was painted by Kersti.\n")
    pairs = ",".join(f"{name}:{password}" for name, password in PEOPLE.items())
    with attacked(base, IBID_AUTH=pairs, IBID_WEB="true") as running:
        running.headers = authorised("anna")
        until_read(running)
        running.headers = {}
        yield running


def number_of(person: Person, name: str) -> int:
    """Of the event by which files come in, or of one that the script sends."""
    config = person.config
    upload = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "upload")
    wanted = [upload, "upload"] if name == "upload" else name
    found: list[int] = [
        one["id"]
        for one in config["dependencies"]
        if any(target == wanted or target[1] == name for target in one["targets"])
    ]
    return found[0]


def bring(person: Person, name: str, text: str) -> str:
    person.chat.headers = authorised(person.name)
    path = person.chat.upload(name, text.encode())
    person.chat.headers = {}
    file = [{"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": name}]
    return ended(person.event(number_of(person, "upload"), [file, person.chat.key], None))


def documents(person: Person) -> list[str]:
    return [one["document"] for one in person.post("/api/status", {}).json["documents"] if "upload" in one["document"]]


def test_an_upload_is_its_owners_alone(chat: Attacked) -> None:
    anna, ben = Person(chat, "anna"), Person(chat, "ben")
    assert documents(anna) == documents(ben) == ["uploads/before.md"]
    said = bring(anna, "Plans.md", f"# Plans\n\nThe {WORD} of Esens earns 93,250 crowns a year.\n")
    assert "added, 2 paragraphs" in said
    assert "uploaded for anna alone, in every folder" in said
    own = "uploads-anna/Plans.md"
    assert documents(anna) == ["uploads/before.md", own] or documents(anna) == [own, "uploads/before.md"]
    assert documents(ben) == ["uploads/before.md"]
    question = f"How much does the {WORD} earn a year?"
    assert "93,250" in anna.ask(question)["text"]
    assert "93,250" not in json.dumps(ben.ask(question))
    assert "Plans.md" not in json.dumps(ben.ask(question))
    assert "Kersti" in ben.ask("Who painted the lighthouse of Narva?")["text"]
    folder = chat.home / "users" / "anna"
    assert (folder / "uploads" / "Plans.md").is_file()
    for made in (chat.home / "users", folder, folder / "uploads"):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    # By its address nobody else has it, nor can take it out.
    record = next(one for one in anna.post("/api/status", {}).json["documents"] if one["document"] == own)
    address = f"/original/{chat.key}/{quote(own)}?revision={record['revision']}"
    assert WORD.encode() in anna.get(address).body
    assert ben.get(address).status == 404
    remove = number_of(ben, "remove")
    assert "is not an uploaded file" in ben.event(remove, [chat.key], {"document": own, "showing": True})
    assert documents(anna).count(own) == 1
    # The same name brought by somebody else is another file.
    bring(ben, "Plans.md", "# Plans\n\nThe brass pelican of Tartu was sold to Villem.\n")
    assert "uploads-ben/Plans.md" in documents(ben)
    assert own not in documents(ben)
    assert "Villem" in ben.ask("To whom was the brass pelican of Tartu sold?")["text"]
    assert own in documents(anna)
    assert "uploads-ben/Plans.md" not in documents(anna)
    assert "deleted" in anna.event(remove, [chat.key], {"document": own})
    assert own not in documents(anna)
    assert not (folder / "uploads" / "Plans.md").exists()
    assert "uploads-ben/Plans.md" in documents(ben)


def test_whoever_runs_it_sees_and_deletes_all(chat: Attacked) -> None:
    ben = Person(chat, "ben")
    bring(ben, "Wishes.md", "# Wishes\n\nThe walnut organ of Viljandi has nine hundred pipes.\n")
    (owner,) = (chat.home / "indexes").glob("*/owner.json")
    chat.headers = {"Authorization": f"Bearer {json.loads(owner.read_text())['token']}"}
    listed = {one["document"] for one in chat.post("/api/status", {}).json["documents"]}
    assert {"uploads/before.md", "uploads-ben/Wishes.md"} <= listed
    chat.event(number_of(ben, "remove"), [chat.key], "operator", {"document": "uploads-ben/Wishes.md"})
    chat.outcome("operator")
    chat.headers = {}
    assert "uploads-ben/Wishes.md" not in documents(ben)


def test_what_is_said_of_answers_is_kept_for_each_by_themselves(chat: Attacked) -> None:
    ben = Person(chat, "ben")
    answer = ben.ask("Who painted the lighthouse of Narva?")
    exchange = {"question": "Who?", "asked": "2026-01-01T00:00:00Z", "state": "done", "answer": answer, "problem": None}
    kept = json.dumps(
        {"version": 1, "id": "abcdef01", "folder": chat.key, "title": "x", "scope": None, "exchanges": [exchange]}
    )
    given = {"folder": chat.key, "kept": kept, "turn": 1, "good": True, "chosen": [], "note": ""}
    assert "Thank you" in ben.called("feedback", given)
    (case,) = (chat.home / "users" / "ben" / "feedback.jsonl").read_text().splitlines()
    assert json.loads(case)["gold"][0]["document"] == "before.md"
    assert not (chat.home / "feedback.jsonl").exists()
    # By the id of the case nobody else takes it back.
    anna = Person(chat, "anna")
    assert "Taken back" in anna.called("feedback", {**given, "good": None, "case": json.loads(case)["id"]})
    assert (chat.home / "users" / "ben" / "feedback.jsonl").read_text().strip() == case
