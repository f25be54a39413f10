"""What of this machine and of others can be reached through the chat: the documents, uploads, and nothing else."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attacking import Attacked, attacked, disguises, file_address, until_read
from browsing import ROOT

from rag.owners import root_of
from rag.settings import Settings
from tests.conftest import bare_environment

URLS = ("http://example.com/secret.txt", "https://nowhere.invalid/a.txt", "http://127.0.0.1:9/a.txt")
REFUSED = "A file is taken only where files are added"
PASSWORD = {"Authorization": "Basic " + base64.b64encode(b"anna:s3cret-of-anna").decode()}


@pytest.fixture(scope="module", params=["open", "password"])
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    base = tmp_path_factory.mktemp("reach")
    (base / ".hidden").write_text("hidden secret")
    guarded = request.param == "password"
    more = {"IBID_AUTH": "anna:s3cret-of-anna"} if guarded else {}
    with attacked(base, watched=six_files(base), OPENAI_API_KEY="sk-planted-key", **more) as chat:
        chat.headers = PASSWORD if guarded else {}
        until_read(chat)
        yield chat


def six_files(base: Path) -> tuple[str, ...]:
    return (
        "/etc/passwd",
        "/etc/shadow",
        "/proc/self/environ",
        str(base / "home" / "folders.json"),
        str(base / ".hidden"),
        str(ROOT / "ui" / "web" / "app.py"),
    )


def root(chat: Attacked) -> str:
    """With which the ids of what the fixture's user uploads begin."""
    return root_of("anna" if chat.headers else None)


def uploads(chat: Attacked) -> Path:
    return Settings(home=chat.home).uploads_of("anna" if chat.headers else None)


def assert_untouched(chat: Attacked, before: list[str]) -> None:
    """No file was read, no name looked up, nothing copied, nothing went wrong."""
    assert chat.seen[len(before) :] == []
    assert [path for path in (chat.home / "tmp").rglob("*") if path.is_file()] == []
    assert "Traceback" not in chat.said


@pytest.mark.slow
def test_no_event_takes_a_file_in_place_of_a_value(chat: Attacked) -> None:  # case 1, case 31
    before, asked = chat.seen, 0
    for target in (*six_files(chat.home.parent), *URLS):
        for number, disguise in enumerate(disguises(target)):
            for event in chat.events if number == 0 else chat.events[::5]:
                plain: list[Any] = ["" for _ in event["inputs"]]
                places = [
                    *([*plain[:place], disguise, *plain[place + 1 :]] for place in range(len(plain))),
                    [*plain, disguise],
                ]
                for data in places:
                    reply = chat.event(event["id"], data)
                    assert (reply.status, REFUSED in reply.body.decode()) == (400, True), (event["id"], data)
                reply = chat.event(event["id"], plain, event_data=disguise)
                assert (reply.status, REFUSED in reply.body.decode()) == (400, True), event["id"]
                asked += len(places) + 1
    assert asked > 1_000
    assert_untouched(chat, before)


def test_no_endpoint_takes_a_file_in_place_of_a_value(chat: Attacked) -> None:  # case 1, case 31
    before = chat.seen
    first = chat.events[0]["id"]
    for target in (*six_files(chat.home.parent), *URLS):
        for disguise in disguises(target):
            for path, given in (
                ("call/ask", {"data": ["q", disguise, None]}),
                ("call/ask", {"data": [disguise, None, None], "event_data": disguise}),
                ("call/search", {"data": ["q", disguise, None]}),
                ("call/v2/ask", {"question": "q", "turns": [disguise]}),
                ("call/v2/search", {"question": disguise}),
                ("run/ask", {"data": ["q", disguise, None]}),
                ("run/predict", {"fn_index": first, "data": [disguise], "session_hash": "s"}),
                ("api/predict/", {"fn_index": first, "data": [disguise]}),
                ("component_server", {"data": disguise, "component_id": 1, "fn_name": "export", "session_hash": "s"}),
                ("queue/join/", {"fn_index": first, "data": [], "session_hash": "s", "x": disguise}),
            ):
                reply = chat.post(f"/gradio_api/{path}", given)
                assert reply.status in (400, 404), (path, given, reply.body)
    assert_untouched(chat, before)


def test_the_event_that_takes_uploads_takes_nothing_else(chat: Attacked) -> None:  # case 2
    before = chat.seen
    taking = next(event["id"] for event in chat.events if "upload" in str(event["targets"]))
    document = chat.home.parent / "documents" / "harbour.md"
    upload = chat.upload("kept.md", b"The lamp of Amrum was lit in 1875.\n")
    try:
        for path in (str(document), *six_files(chat.home.parent), *URLS, f"{upload}/../../../documents/harbour.md"):
            for disguise in disguises(path):
                assert chat.event(taking, [[disguise], "", "{}"]).status == 400
            # Beside a real one too, and in words.
            mixed = [{"path": upload, "meta": {"_type": "gradio.FileData"}}, disguises(path)[0]]
            assert chat.event(taking, [mixed, "", "{}"]).status == 400
            borrowed = {"path": upload, "url": path, "meta": {"_type": "gradio.FileData"}}
            assert chat.event(taking, [[borrowed], "", "{}"]).status == 400
        assert list((uploads(chat)).glob("*")) == []
    finally:
        Path(upload).unlink()
        Path(upload).parent.rmdir()
    assert_untouched(chat, before)


def test_no_path_and_no_address_is_given_out(chat: Attacked) -> None:  # case 1, case 31
    before = chat.seen
    for target in (*six_files(chat.home.parent), *URLS):
        for door in ("file=", "file/", "proxy=", "stream/", "custom_component/", "deep_link?session_hash="):
            for method in ("GET", "HEAD"):
                assert chat.send(method, f"/gradio_api/{door}{target}").status in (403, 404)
    for door in ("/gradio_api/vibe-code", "/gradio_api/process_recording", "/gradio_api/stream/x", "/monitoring"):
        assert chat.post(door, {}).status == 404
    assert_untouched(chat, before)


def test_what_gradio_keeps_beside_uploads_is_not_given_out(chat: Attacked) -> None:  # case 1
    upload = Path(chat.upload("given.txt", b"mine"))
    beside = upload.with_name("beside.txt")
    beside.write_text("not an upload")
    try:
        assert chat.get(file_address(str(upload))).body == b"mine"
        assert chat.get(file_address(str(beside))).status == 404
        link = upload.with_name("link.txt")
        link.symlink_to("/etc/passwd")
        assert chat.get(file_address(str(link))).status == 404
        upload.unlink()
        upload.symlink_to("/etc/passwd")
        assert chat.get(file_address(str(upload))).status == 404
    finally:
        for path in upload.parent.iterdir():
            path.unlink()
        upload.parent.rmdir()


@pytest.mark.slow
def test_real_uploads_are_taken(chat: Attacked) -> None:  # case 1
    taking = next(event["id"] for event in chat.events if "upload" in str(event["targets"]))
    for number in range(10):
        path = chat.upload(f"lamp-{number}.md", f"The lamp number {number} of Amrum was lit in 187{number}.\n".encode())
        file = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "lamp.md", "url": None, "size": 40}
        session = f"upload{number}"
        joined = chat.event(taking, [[file], chat.key, "{}"], session, [file])
        assert joined.status == 200, joined.body
        assert f"lamp-{number}.md" in (told := chat.outcome(session)), told
    assert len(list((uploads(chat)).iterdir())) == 10
    found = chat.post("/api/search", {"question": "When was the lamp number 7 of Amrum lit?", "limit": 1}).json
    assert found["passages"][0]["document"] == f"{root(chat)}/lamp-7.md"


@pytest.mark.slow
def test_each_file_that_is_added_has_one_outcome(chat: Attacked) -> None:  # case 26
    taking = next(event["id"] for event in chat.events if "upload" in str(event["targets"]))
    removing = next(event["id"] for event in chat.events if "remove" in str(event["targets"]))

    def file(path: str) -> dict[str, Any]:
        return {"path": path, "meta": {"_type": "gradio.FileData"}}

    # One file named twice, in one event and in two.
    path = chat.upload("twice.md", b"The clock of Norden strikes twice.\n")
    assert chat.event(taking, [[file(path), file(path)], chat.key, "{}"], "twice").status == 200
    assert "Errno" not in (told := chat.outcome("twice"))
    assert "added" in told
    assert len(list((uploads(chat)).glob("twice*"))) == 1
    path = chat.upload("again.md", b"The clock of Norden strikes again.\n")
    joined = [chat.event(taking, [[file(path)], chat.key, "{}"], f"again{n}").status for n in range(2)]
    told = "".join(chat.outcome(f"again{n}") for n in range(2) if joined[n] == 200)
    assert set(joined) <= {200, 400}
    assert "Errno" not in told
    assert len(list((uploads(chat)).glob("again*"))) == 1

    # Added and deleted at once.
    def add(number: int) -> str:
        path = chat.upload(f"both-{number}.md", f"The boat number {number} of Juist sank.\n".encode())
        assert chat.event(taking, [[file(path)], chat.key, "{}"], f"add{number}").status == 200
        return chat.outcome(f"add{number}")

    def delete(number: int) -> str:
        data = [chat.key, "{}"]
        told = {"document": f"{root(chat)}/both-{number % 12}.md"}
        assert chat.event(removing, data, f"delete{number}", told).status == 200
        return chat.outcome(f"delete{number}")

    with ThreadPoolExecutor(6) as pool:
        added = [pool.submit(add, number) for number in range(12)]
        deleted = [pool.submit(delete, number) for number in range(24)]
    for number, one in enumerate(added):
        outcome = re.findall(rf"both-{number}\.md.{{0,80}}?(added|deleted before it was read)", one.result())
        assert outcome, one.result()
    assert all(re.search("deleted|is not an uploaded file", one.result()) for one in deleted)
    assert "Errno" not in "".join(one.result() for one in [*added, *deleted])
    chat.post("/api/ingest", {})
    there = {f"{root(chat)}/{path.name}" for path in (uploads(chat)).iterdir()}
    documents = {one["document"] for one in chat.post("/api/status", {}).json["documents"]}
    assert {one for one in documents if one.startswith(f"{root(chat)}/")} == there


# A process of its own, as Gradio leaves event loops behind.
BEHIND = """
import sys
from pathlib import Path
from fastapi import FastAPI
from starlette.testclient import TestClient
from rag.settings import Settings
from ui.web.app import mount_page
from ui.web.folders import Folders
home, documents = map(Path, sys.argv[1:])
settings = Settings(documents=documents, home=home)
folders = Folders(settings, lambda _: None)
entrance = mount_page(FastAPI(), folders, settings)
with TestClient(entrance._app) as inside:
    events = inside.get("/config").json()["dependencies"]
    scope = next(event["id"] for event in events if "scope" in str(event["targets"]))
    file = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    key = settings.index.name
    kept = {"id": "x", "folder": key, "exchanges": [], "title": file}
    given = {"fn_index": scope, "session_hash": "a", "event_data": {"ticks": []}, "data": [key, kept]}
    assert inside.post("/gradio_api/queue/join", json=given).status_code == 200
    print(inside.get("/gradio_api/queue/data?session_hash=a").text)
folders.close()
"""


@pytest.mark.slow
def test_gradio_itself_refuses_what_was_not_uploaded(tmp_path: Path) -> None:  # case 1
    """`has_launched` is Gradio's own name for a state: it must hold behind the entrance, which looks at bodies, too."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text("The mill of Esens was built in 1850.\n")
    home = tmp_path / "home"
    environment = bare_environment() | {"GRADIO_TEMP_DIR": str(home / "tmp"), "GRADIO_ANALYTICS_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, "-c", BEHIND, str(home), str(tmp_path / "documents")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "not uploaded by a user" in done.stdout, done.stderr
    assert [path for path in (home / "tmp").rglob("*") if path.is_file()] == []


# --- pages of others


WRITES = (
    "/gradio_api/queue/join",
    "/gradio_api/component_server",
    "/gradio_api/upload",
    "/gradio_api/cancel",
    "/api/ask",
)
FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://evil.example:8443"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(headers.values()))
def test_a_foreign_page_writes_nothing(chat: Attacked, headers: dict[str, str]) -> None:  # case 13, case 14
    for path in WRITES:
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
            reply = chat.send("POST", path, b"{}", {"Content-Type": kind, **headers})
            assert reply.status == 403
            assert not [name for name in reply.headers if name.startswith("access-control")]
        assert chat.send("OPTIONS", path, headers={"Access-Control-Request-Method": "POST", **headers}).status == 403
    for path in ("/gradio_api/queue/data?session_hash=a", "/gradio_api/upload_progress?upload_id=x", "/config"):
        assert chat.get(path, headers).status == 403
    assert not (chat.home / "feedback.jsonl").exists()


def test_no_answer_may_be_read_by_a_page_of_another_origin(chat: Attacked) -> None:  # case 14, case 27
    own = {"Origin": chat.url, "Sec-Fetch-Site": "same-origin"}
    for path in ("/", "/config", "/gradio_api/info", "/assets-of-ibid/style.css", "/nowhere"):
        reply = chat.get(path, own)
        assert reply.status in (200, 404)
        assert not [name for name in reply.headers if name.startswith("access-control")], path
    assert chat.post("/api/search", {"question": "harbour"}, own).status == 200


def test_the_page_names_its_style_and_gets_every_part_of_it(chat: Attacked) -> None:
    named = re.search(r"assets-of-ibid/style\.css\?[0-9a-f]{8}", chat.get("/").body.decode())
    assert named is not None
    style = chat.get(f"/{named[0]}")
    assert (style.status, style.headers["content-type"].partition(";")[0]) == (200, "text/css")
    parts = list((ROOT / "ui" / "web" / "assets" / "css").iterdir())
    assert len(parts) > 1
    for part in parts:
        assert part.read_bytes() in style.body, part.name


def test_links_from_elsewhere_and_programs_are_let_in(chat: Attacked) -> None:  # case 13
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert chat.get("/?document=documents%2Fmill.md&paragraph=1", link).status == 200
    assert chat.get("/config", link).status == 403
    assert chat.get("/", {**link, "Sec-Fetch-Dest": "iframe"}).status == 403
    assert chat.post("/api/search", {"question": "harbour"}).status == 200
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert chat.get("/", typed).status == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}@evil", "user@127.0.0.1:{port}", "evil/127.0.0.1", "127.0.0.1:{port}:1"]
)
def test_a_name_with_more_than_a_name_is_turned_away(chat: Attacked, host: str) -> None:  # case 29
    assert chat.get("/healthz", {"Host": host.format(port=chat.port)}).status == 421


@pytest.mark.slow
def test_beyond_this_machine_too_no_origin_is_told_that_it_may_read(tmp_path: Path) -> None:  # case 12, case 27
    """And of the folders of earlier runs none can be asked, by its key or from the menu."""
    private = tmp_path / "private"
    private.mkdir()
    (private / "wages.md").write_text("# Wages\n\nThe archivist earns 93,250 crowns a year.\n")
    with attacked(tmp_path, str(private)) as chat:
        until_read(chat)
        key = next(iter((chat.home / "indexes").iterdir())).name
    asked = {"question": "What does the archivist earn a year?", "folder": key}
    with attacked(tmp_path, "--host", "0.0.0.0", IBID_AUTH="anna:s3cret-of-anna") as chat:
        chat.headers = PASSWORD
        until_read(chat)
        reply = chat.post("/api/ask", asked)
        assert (reply.status, "No folder is known" in reply.json["error"]) == (400, True)
        arrive = next(event["id"] for event in chat.events if "load" in str(event["targets"]))
        assert chat.event(arrive, [], "page").status == 200
        told = chat.outcome("page")
        assert "masthead" in told
        assert str(private) not in told
        for headers in (
            {"Origin": "http://evil.example", "Host": "ibid.lan"},
            {"Origin": "http://ibid.lan", "Host": "ibid.lan"},
        ):
            answered = chat.get("/config", headers)
            assert answered.status == (403 if "evil" in headers["Origin"] else 200)
            assert not [name for name in answered.headers if name.startswith("access-control")]
    with attacked(
        tmp_path, str(tmp_path / "documents"), str(private), "--host", "0.0.0.0", IBID_AUTH="anna:s3cret-of-anna"
    ) as chat:
        chat.headers = PASSWORD
        until_read(chat)
        # One that was named at the start may be.
        chat.post("/api/ingest", {"folder": key})
        assert "93,250" in chat.post("/api/ask", asked).json["text"]


def test_every_event_of_the_page_is_known_here(chat: Attacked) -> None:
    """The attack above goes through all of them: what the page shows and what it hides."""
    config = chat.get("/config").json
    assert [event["id"] for event in config["dependencies"]] == list(range(len(config["dependencies"])))
    assert len(config["dependencies"]) > 20
    assert {event["api_name"] for event in config["dependencies"] if event["api_visibility"] == "public"} == {
        "ask",
        "search",
    }
    assert re.search("sk-planted-key|s3cret-of-anna", json.dumps(config)) is None
