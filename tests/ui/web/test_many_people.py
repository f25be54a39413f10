"""Several people on one chat: what one may not read no door tells them, by whatever address, scope, turn or note they ask
for it; it is as if it stood nowhere. Whoever may read it gets it by the same doors."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from attacking import Attacked, attacked, until_read
from browsing import visiting, wait_for
from playwright.sync_api import Browser, expect

from tests.conftest import ROOT, Reply, bare_environment
from tests.rag.documents.making import paragraph, pdf
from ui.web.kept import WITHHELD, Kept

TITLE, HEADING, TEXT, AUTHOR = "Quagmirethorn", "Wobblesprint", "zibelline", "Vantongeren"
SECRETS = (TITLE, HEADING, TEXT, AUTHOR, "93,250")
"""They stand in what ben may not read, and in nothing that he sends."""
SHUT, SHUT_PDF = "documents/glimfrost/knucklebat.md", "documents/glimfrost/knucklebat.pdf"
NEVER = {"glimfrost": "glimfrust", "knucklebat": "knucklebot"}
"""What ben names otherwise, and stands nowhere at all."""
PEOPLE = {"anna": "s3cret-of-anna", "ben": "s3cret-of-ben", "carl": "s3cret-of-carl"}


def authorised(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{PEOPLE[user]}".encode()).decode()}


@dataclass(frozen=True)
class Person:
    chat: Attacked
    name: str

    def get(self, path: str) -> Reply:
        return self.chat.send("GET", path, headers=authorised(self.name))

    def post(self, path: str, given: object) -> Reply:
        return self.chat.post(path, given, authorised(self.name))

    def event(self, number: int, data: list[Any], event_data: Any, address: str = "") -> str:
        session = f"s{number}{self.name}{len(json.dumps([data, event_data]))}"
        given = {"fn_index": number, "session_hash": session, "data": data, "event_data": event_data}
        joined = self.post(f"/gradio_api/queue/join{address}", given)
        if joined.status != 200:
            return joined.body.decode()
        return self.get(f"/gradio_api/queue/data?session_hash={session}").body.decode()

    def called(self, function: str, given: object) -> str:
        bridge = next(one["id"] for one in self.config["components"] if one["props"].get("elem_id") == "bridge")
        asked = {"component_id": bridge, "fn_name": function, "data": given, "session_hash": f"called{self.name}"}
        return self.post("/gradio_api/component_server", asked).body.decode()

    @property
    def config(self) -> Any:
        return self.get("/config").json

    def ask(self, question: str, **more: Any) -> Any:
        return self.post("/api/ask", {"question": question, **more}).json


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    base = tmp_path_factory.mktemp("people")
    folder = base / "documents"
    (folder / "glimfrost").mkdir(parents=True)
    (folder / "public").mkdir()
    (folder / "public" / "mill.md").write_text(
        "# The mill\n\nby Maria Weber\n\nThe mill of Esens was built in 1850 by Onno Ites.\n"
    )
    (folder / "public" / "harbour.md").write_text(
        "# The harbour\n\nThe harbour of Pellworm was repaired by Gesine Holm in 1911.\n"
    )
    (folder / "glimfrost" / "knucklebat.md").write_text(
        f"# {TITLE} wages\n\nby Odrisse {AUTHOR}, 9 July 2023\n\n## The {HEADING} list\n\n"
        f"The {TEXT} of Esens earns 93,250 crowns a year. The {TEXT} works at the mill of Esens.\n"
    )
    (folder / "glimfrost" / "knucklebat.pdf").write_bytes(
        pdf(paragraph(f"The {TEXT} pump of the mill was replaced in May."))
    )
    (folder / "glimfrost" / "photo.png").write_bytes(b"\x89PNG")
    (folder / "glimfrost" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    readers = base / "readers.toml"
    readers.write_text('anna = ["public/", "glimfrost/"]\nben = ["public/"]\n')
    questions = base / "home" / "evals" / "questions"
    questions.mkdir(parents=True)
    case = {
        "id": "1",
        "question": f"How much does the {TEXT} earn?",
        "gold": [{"document": "glimfrost/knucklebat.md", "quote": f"The {TEXT} of Esens earns 93,250 crowns a year."}],
    }
    (questions / "wages.jsonl").write_text(json.dumps(case) + "\n")
    evaluated(base)
    pairs = ",".join(f"{user}:{password}" for user, password in PEOPLE.items())
    with attacked(base, IBID_AUTH=pairs, IBID_READERS=str(readers)) as running:
        running.headers = authorised("anna")
        until_read(running)
        running.headers = {}
        yield running


def evaluated(base: Path) -> None:
    """A run of the questions about what ben may not read, as `ibid eval` keeps it."""
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        "eval",
        "run",
        "--documents",
        str(base / "documents"),
        "--questions",
        str(base / "home" / "evals" / "questions" / "wages.jsonl"),
    ]
    environment = bare_environment() | {"IBID_HOME": str(base / "home"), "IBID_DOCUMENTS": str(base / "documents")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert list((base / "home" / "evals").rglob("*.jsonl")), done.stderr


@pytest.fixture
def anna(chat: Attacked) -> Person:
    return Person(chat, "anna")


@pytest.fixture
def ben(chat: Attacked) -> Person:
    return Person(chat, "ben")


# --- what ben brings: everything that names what he may not read, and none of its words


def without_words(value: Any) -> Any:
    """What a browser kept of an answer, as if its owner had forgotten every word of it."""
    if isinstance(value, dict):
        return {name: without_words(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_words(one) for one in value]
    if isinstance(value, str):
        for secret in SECRETS:
            value = re.sub(re.escape(secret), "x" * len(secret), value, flags=re.IGNORECASE)
    return value


@dataclass(frozen=True)
class Brought:
    """What is known of a document by whoever read it once: its revision, an answer that cites it, a conversation."""

    key: str
    revision: str
    answer: Any

    @property
    def conversation(self) -> str:
        exchange = {
            "question": "What then?",
            "asked": "2026-01-01T00:00:00Z",
            "state": "done",
            "answer": self.answer,
            "problem": None,
        }
        told = {
            "version": 1,
            "id": "abcdef0123456789",
            "folder": self.key,
            "title": "Before",
            "scope": [SHUT, SHUT_PDF],
            "exchanges": [exchange, exchange],
        }
        return json.dumps(told)

    @property
    def notes(self) -> str:
        return json.dumps({"title": "Mine", "notes": [{"id": "n1", "answer": self.answer, "comment": "look"}]})

    @property
    def sent(self) -> dict[str, Any]:
        """All that any event or function reads, at once."""
        return {
            "folder": self.key, "document": SHUT, "paragraph": 1, "start": 0, "end": 30, "revision": self.revision,
            "quote": "x" * 30, "others": [{"start": 3, "end": 9}], "page": 1, "turn": 1, "question": "What does the mill cost?",
            "ticks": [{"documents": [SHUT], "asked": True}], "title": "Named", "kind": "markdown", "good": True,
            "chosen": [[SHUT, 1], [SHUT, 4]], "note": "no", "pieces": [{"paragraph": 4, "from": 0, "to": 20}], "showing": True,
            "address": "http://127.0.0.1:9/", "called": "x",
        }  # fmt: skip


@pytest.fixture(scope="module")
def brought(chat: Attacked) -> Brought:
    anna = Person(chat, "anna")
    answer = anna.ask(f"How much does the {TEXT} earn a year?")
    (citation, *_) = [one for statement in answer["statements"] for one in statement["citations"]]
    assert citation["document"] == SHUT
    kept = without_words(
        {
            **answer,
            "passages": [{**one, "text": ""} for one in answer["passages"]],
            "question": "What then?",
            "searched_for": ["What then?"],
        }
    )
    return Brought(chat.key, citation["revision"], kept)


def renamed(value: Any) -> Any:
    """The same about documents that never were."""
    text = json.dumps(value)
    for name, never in NEVER.items():
        text = text.replace(name, never)
    return json.loads(text)


def told(text: str) -> str:
    """What is answered, but for times and numbers drawn anew, under the name of what never was."""
    for name, never in NEVER.items():
        text = text.replace(name, never)
    return re.sub(r"[0-9a-f]{8,}|\d+(\.\d+)?(e-?\d+)?", "N", re.sub(r"-[0-9a-f]{4}(?=-)|s\d+ben\d+", "N", text))


def ended(stream: str) -> str:
    """What an event came to."""
    messages = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    ends = [one["output"].get("data") for one in messages if one["msg"] == "process_completed"]
    shown = json.dumps(ends, ensure_ascii=False)
    # That the folder is looked at is the same news for all.
    return re.sub(
        r'"active": \w+', "", shown.replace("Looking for changes …", "Look for changes").replace(" disabled", "")
    )


def expect_nothing(said: str) -> None:
    for secret in SECRETS:
        assert secret.casefold() not in said.casefold()


# --- every event and every function of the page


def test_no_event_of_the_page_tells_what_may_not_be_read(ben: Person, anna: Person, brought: Brought) -> None:
    config = ben.config
    names = {one["id"]: one["props"].get("elem_id") for one in config["components"]}
    heard = ""
    settled(ben, config, brought)
    for event in config["dependencies"]:
        data = [value_for(names.get(one), brought) for one in event["inputs"]]
        for sent in (brought.sent, {**brought.sent, "kept": brought.conversation, "document": SHUT_PDF}):
            address = f"?document={quote(SHUT)}&paragraph=1&start=0&end=30"
            said = ben.event(event["id"], data, sent, address)
            expect_nothing(said)
            never = ben.event(event["id"], renamed(data), renamed(sent), renamed(address))
            assert told(ended(said)) == told(ended(never)), event["targets"]
            heard += anna.event(event["id"], data, sent, address) if "remove" not in str(event["targets"]) else ""
    for secret in SECRETS:
        assert secret.casefold() in heard.casefold(), f"anna was not told {secret}"


def settled(ben: Person, config: Any, brought: Brought) -> None:
    """Until ben's first page is made."""
    (tick,) = (one["id"] for one in config["dependencies"] if "answered" in str(one["targets"]))
    wait_for(lambda: 'class=\\"example' in ben.event(tick, [brought.key], {}), "questions to begin with are there")


def value_for(name: str | None, brought: Brought) -> Any:
    known = {
        "folder": brought.key,
        "bridge": brought.conversation,
        "question": "What does the mill cost?",
        "use-model": False,
        "suite": "wages",
        "upload": None,
    }
    return known.get(name or "", "")


def test_no_function_of_the_page_tells_what_may_not_be_read(ben: Person, anna: Person, brought: Brought) -> None:
    bridge = next(one for one in ben.config["components"] if one["props"].get("elem_id") == "bridge")
    functions = bridge["props"]["server_fns"]
    assert {
        "guide",
        "questions",
        "find",
        "notes",
        "quote",
        "export_notes",
        "export",
        "feedback",
        "next_questions",
    } <= set(functions)
    heard = ""
    for function in functions:
        for kept in (brought.conversation, brought.notes):
            for kind in ("markdown", "html", "json", "docx"):
                given = {**brought.sent, "kept": kept, "kind": kind}
                said = ben.called(function, given)
                expect_nothing(said)
                assert function in ("export", "export_notes") or told(said) == told(
                    ben.called(function, renamed(given))
                )
                heard += anna.called(function, given)
    assert TEXT in heard
    assert TITLE in heard


def test_a_conversation_kept_from_before_shows_nothing_that_may_not_be_read_any_more(
    ben: Person, anna: Person, brought: Brought
) -> None:
    answer = anna.ask(f"How much does the {TEXT} earn a year?")
    listed = anna.ask("Which documents are there?")
    assert TITLE in listed["notice"]
    exchanges = [
        {"question": "What then?", "asked": str(number), "state": "done", "answer": one, "problem": None}
        for number, one in enumerate([answer, without_words(listed) | {"notice": listed["notice"]}])
    ]
    whole = json.dumps({"version": 1, "id": "abc", "folder": brought.key, "title": "Before", "exchanges": exchanges})
    note = json.dumps({"id": "n1", "kept": "1", "order": 1, "answer": answer})
    for person in (ben, anna):
        folder = ben.chat.home / "users" / person.name / "kept"
        Kept(folder).put("ibid:abc", whole)
        Kept(folder).put(f"ibid-note:{brought.key}:n1", note)
    said = ben.called("kept", {"known": {}})
    assert "Before" in said
    assert WITHHELD in said
    assert "ibid-note" not in said
    expect_nothing(said)
    assert TEXT in anna.called("kept", {"known": {}})


def test_what_somebody_asked_for_comes_to_nobody_else(ben: Person, anna: Person, brought: Brought) -> None:
    question = f"How much does the {TEXT} earn a year?"
    call = anna.post("/gradio_api/call/ask", {"data": [question]}).json["event_id"]
    assert ben.get(f"/gradio_api/call/ask/{call}").status == 404
    assert TEXT in anna.get(f"/gradio_api/call/ask/{call}").body.decode()
    asks = next(one["id"] for one in anna.config["dependencies"] if one["api_name"] == "ask")
    begun = {"fn_index": asks, "session_hash": "annas", "data": [question, None, None, None], "event_data": None}
    assert anna.post("/gradio_api/queue/join", begun).status == 200
    for address in ("session_hash=annas", "session_hash=bens&session_hash=annas"):
        assert ben.get(f"/gradio_api/queue/data?{address}").status == 404
    assert ben.get("/gradio_api/heartbeat/annas").status == 404
    for path in ("queue/join", "cancel", "reset", "component_server"):
        assert ben.post(f"/gradio_api/{path}", {**begun, "event_id": "1"}).status == 404
    assert TEXT in anna.get("/gradio_api/queue/data?session_hash=annas").body.decode()


# --- every route


ROUTES = """
import json, sys
from pathlib import Path
from fastapi import FastAPI
from rag.settings import Settings
from ui.web.api import routes
from ui.web.completions import completion_routes
from ui.web.originals import originals
from ui.web.app import mount_page
from ui.web.folders import Folders
settings = Settings(documents=Path(sys.argv[1]), home=Path(sys.argv[2]))
folders = Folders(settings, lambda _: None)
app = FastAPI()
for router in (routes(folders), originals(folders), completion_routes(folders)):
    app.include_router(router)
mount_page(app, folders, settings)
def flat(routes, before=""):
    for route in routes:
        router = getattr(route, "original_router", None)
        inner = router.routes if router else getattr(route, "routes", None)
        if inner:
            yield from flat(inner, before + (getattr(route, "path", None) or ""))
        else:
            yield before + getattr(route, "path", ""), sorted(getattr(route, "methods", None) or ["GET"])
print(json.dumps(list(flat(app.routes))))
"""


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, list[str]]]:
    base = tmp_path_factory.mktemp("routes")
    (base / "documents").mkdir()
    environment = bare_environment() | {"GRADIO_TEMP_DIR": str(base / "tmp"), "GRADIO_ANALYTICS_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, "-c", ROUTES, str(base / "documents"), str(base / "home")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[tuple[str, list[str]]] = json.loads(done.stdout.splitlines()[-1])
    assert len(found) > 40
    return found


STREAMS = re.compile(r"heartbeat|queue/data|sse$|upload_progress|reload$|startup-events|/stream")


def filled(path: str, document: str, brought: Brought) -> str:
    known = {"folder": brought.key, "document": quote(document), "page": "1", "api_name": "ask", "session_hash": "x"}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: known.get(found[1], quote(document)), path)


@pytest.mark.slow
def test_no_route_tells_what_may_not_be_read(ben: Person, anna: Person, brought: Brought, routes: Any) -> None:
    given = {**brought.sent, "documents": [SHUT], "scope": [SHUT], "question": "What does it say?", "turns": [{"question": "What then?", "answer": brought.answer}], "limit": 20,
             "messages": [{"role": "user", "content": "What does it say of the mill?"}], "model": "ibid", "kept": brought.conversation}  # fmt: skip
    heard = b""
    for path, methods in routes:
        for document in (SHUT, SHUT_PDF):
            if STREAMS.search(path):
                continue  # of a session of one's own, which the events above listen to
            for revision in (brought.revision, ""):
                address = f"{filled(path, document, brought)}?revision={revision}&document={quote(document)}&tools=ask"
                replies = [ben.get(address)] if "GET" in methods else []
                replies += [ben.post(address, given)] if "POST" in methods else []
                for reply in replies:
                    expect_nothing(reply.body.decode("utf-8", "replace"))
                    assert b"PDF" not in reply.body[:10]
                    assert "webp" not in reply.headers.get("content-type", "")
    for document in (SHUT, SHUT_PDF):
        record = next(one for one in anna.post("/api/status", {}).json["documents"] if one["document"] == document)
        address = f"/original/{brought.key}/{quote(document)}?revision={record['revision']}"
        heard += anna.get(address).body
        assert ben.get(address).status == 404
    assert TEXT.encode() in heard
    page = f"/pages/{brought.key}/{quote(SHUT_PDF)}/1.webp?revision={record['revision']}"
    assert anna.get(page).headers["content-type"] == "image/webp"
    assert ben.get(page).status == 404
    assert told(ben.get(page).body.decode()) == told(ben.get(renamed(page)).body.decode())


# --- asked in plain words


ASKED = ["How much does the {} earn?", "Who is Odrisse {}?", "Summarise the {} list", "Which documents are there?", "What is the {} pump?", "Who wrote the documents?", "Who built the mill of Esens, and what does the {} earn?"]  # fmt: skip


@pytest.mark.parametrize("question", ASKED)
def test_a_word_that_stands_only_there_is_one_that_stands_nowhere(ben: Person, question: str) -> None:
    answer = ben.ask(question.format(TEXT))
    said = json.dumps(answer, ensure_ascii=False)
    assert "knucklebat" not in said
    assert "glimfrost" not in said
    expect_nothing(said.replace(TEXT, "").replace("Odrisse", ""))
    assert TEXT not in question.format(TEXT) or not answer["searched_for"] or TEXT in answer["missing_terms"]


def test_every_door_tells_anna_all_and_carl_nothing(chat: Attacked, anna: Person, ben: Person) -> None:
    carl = Person(chat, "carl")
    listed = {
        one.name: [document["document"] for document in one.post("/api/status", {}).json["documents"]]
        for one in (anna, ben, carl)
    }
    assert listed["anna"] == [SHUT, SHUT_PDF, "documents/public/harbour.md", "documents/public/mill.md"]
    assert listed["ben"] == ["documents/public/harbour.md", "documents/public/mill.md"]
    assert listed["carl"] == []
    status = {one.name: one.post("/api/status", {}).json for one in (anna, ben)}
    assert [one["document"] for one in status["anna"]["failed"]] == ["documents/glimfrost/broken.pdf"]
    assert [one["document"] for one in status["anna"]["left_out"]] == ["documents/glimfrost/photo.png"]
    assert status["ben"]["failed"] == status["ben"]["left_out"] == []
    assert {one["document"] for one in anna.post("/api/ingest", {}).json["outcomes"]} > set(listed["anna"])
    assert [one["document"] for one in ben.post("/api/ingest", {}).json["outcomes"]] == listed["ben"]
    assert carl.ask("Who built the mill?")["notice"].startswith("There are no documents yet.")
    # Whoever runs it sees all, by the token that lies beside the index.
    (owner,) = (chat.home / "indexes").glob("*/owner.json")
    token = json.loads(owner.read_text())["token"]
    reply = chat.post("/api/status", {}, {"Authorization": f"Bearer {token}"})
    assert [one["document"] for one in reply.json["documents"]] == listed["anna"]


def test_mcp_tools_answer_whoever_calls(anna: Person, ben: Person) -> None:
    pytest.importorskip("mcp")

    def tool(person: Person) -> str:
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "ask", "arguments": {"question": "How much is earned a year at Esens?"}},
        }
        headers = {**authorised(person.name), "Accept": "application/json, text/event-stream"}
        return person.chat.post("/gradio_api/mcp/", call, headers).body.decode()

    assert "93,250" in tool(anna)
    assert "mill of Esens" in tool(ben)
    expect_nothing(tool(ben))
    assert "93,250" in tool(anna)


def test_named_endpoints_answer_whoever_calls(anna: Person, ben: Person) -> None:
    def endpoint(person: Person) -> str:
        event = person.post("/gradio_api/call/v2/ask", {"question": "How much is earned a year at Esens?"}).json[
            "event_id"
        ]
        return person.get(f"/gradio_api/call/ask/{event}").body.decode()

    assert "93,250" in endpoint(anna)
    assert "mill of Esens" in endpoint(ben)
    expect_nothing(endpoint(ben))


def test_nobody_can_write_who_they_are(ben: Person) -> None:
    forged = {**authorised("ben"), "X-Forwarded-User": "anna", "Ibid-User": "anna", "ibid.user": "anna"}
    reply = ben.chat.post("/api/status", {}, forged)
    assert [one["document"] for one in reply.json["documents"]] == [
        "documents/public/harbour.md",
        "documents/public/mill.md",
    ]


def test_a_file_that_goes_wrong_closes_all_and_says_so_and_one_that_is_mended_opens_again(
    chat: Attacked, anna: Person, brought: Brought
) -> None:
    (tick,) = (one["id"] for one in anna.config["dependencies"] if "answered" in str(one["targets"]))
    path = chat.home.parent / "readers.toml"
    before = path.read_text()
    try:
        path.write_text('ben = ["public/"]\nanna = "public/"\n')
        assert anna.post("/api/status", {}).json["documents"] == []
        assert "IBID_READERS is mended (line 2)" in anna.event(tick, [brought.key], {})
        assert "line 2: “anna” needs a list of patterns" in chat.said
        path.write_text('ben = ["public/"]\n')
        assert "No document here is open to you." in anna.event(tick, [brought.key], {"again": 1})
    finally:
        path.write_text(before)
    assert len(anna.post("/api/status", {}).json["documents"]) == 4


def test_the_page_shows_each_what_is_theirs(chat: Attacked, browser: Browser, brought: Brought) -> None:
    def seen_by(name: str) -> str:
        credentials = {"username": name, "password": PEOPLE[name], "send": "always"}
        shown = []
        with visiting(browser, chat, http_credentials=credentials) as visitor:  # type: ignore[arg-type]
            visitor.arrive(f"/?document={quote(SHUT)}&paragraph=1")
            expect(visitor.page.locator("[data-opens=evals]")).to_have_count(0)
            visitor.ask("How much is earned a year at Esens?")
            shown.append(visitor.page.content())
            visitor.page.locator("#side [data-opens=overview]").click()
            expect(visitor.page.locator("#overview-told section").first).to_be_visible()
            shown.append(visitor.page.content())
        return "".join(shown)

    expect_nothing(seen_by("ben"))
    told_anna = seen_by("anna")
    for secret in SECRETS:
        assert secret.casefold() in told_anna.casefold()
