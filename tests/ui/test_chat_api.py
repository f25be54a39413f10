"""The running chat without a browser: its local API, its named endpoints, and the other commands beside it."""

from __future__ import annotations

import base64
import json
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from commands import ANSWER_KEYS, CITATION_KEYS, PASSAGE_KEYS, STATEMENT_KEYS, Ibid, Run
from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI

from rag.domain import Turn
from rag.index.owner import proof_of
from tests.conftest import Reply, serving
from ui.remote import find_owner

ROOT = Path(__file__).parents[2]
SEEDS = ("000_8ce4b84d20215b01.txt", "003_92a89446f71c2985.txt")
QUESTION = "How long was West Aleppo under siege?"
QUESTIONS = [
    QUESTION,
    "What was the population of Aleppo before the war?",
    "Who is Qassem Soleimani?",
    "Where is Kweires air base?",
    "Who won the World Cup in 2014?",
]
MAIN = [sys.executable, "-c", "from ui.cli import main; main()"]


class Chat:
    """A running `ibid chat`, spoken to at the address it printed."""

    def __init__(self, ibid: Ibid, process: subprocess.Popen[bytes], errors: Path, first_line: str) -> None:
        self.ibid, self.process, self._errors, self.first_line = ibid, process, errors, first_line
        found = re.search(r"http://\S+", first_line)
        assert found, first_line
        self.url = found.group()
        self.port = urlsplit(self.url).port

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Reply:
        connection = HTTPConnection(address, self.port, timeout=120)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, given: object, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send(
            "POST", path, json.dumps(given).encode(), {"Content-Type": "application/json", **(headers or {})}
        )

    def named(self, endpoint: str, *data: object, headers: Mapping[str, str] | None = None) -> tuple[str, Any]:
        """What a named endpoint answers: the event that ends its stream, and its data."""
        called = self.post(f"/gradio_api/call/{endpoint}", {"data": list(data)}, headers)
        assert called.status == 200, called.body
        stream = self.get(f"/gradio_api/call/{endpoint}/{called.json['event_id']}", headers).body.decode()
        events = re.findall(r"^event: (\S+)\ndata: (.*)$", stream, re.MULTILINE)
        kind, told = events[-1]
        return kind, json.loads(told)

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> float:
        """Ctrl+C; returns after how many seconds it ended."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(120)
        return time.monotonic() - started

    def until_indexed(self) -> None:
        for _ in range(600):
            if not self.post("/api/status", {}).json["indexing"]:
                return
            time.sleep(0.1)
        pytest.fail("the first ingest did not end within a minute")


@contextmanager
def running(ibid: Ibid, *arguments: str, more: Mapping[str, str] | None = None) -> Iterator[Chat]:
    """A chat from its first line on. It is ended by SIGKILL, where a test has not ended it before."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors"
        with errors.open("wb") as told:
            process = subprocess.Popen(
                [*MAIN, "chat", *(arguments or ("--port", "0"))],
                cwd=ROOT, env=ibid.environment(more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told,
            )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            assert line, errors.read_text()
            chat = Chat(ibid, process, errors, line)
            for _ in range(300):
                try:
                    assert chat.get("/healthz").status == 200
                    break
                except OSError:
                    time.sleep(0.1)
            yield chat
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def same(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what differs from one run to the next."""
    return {key: value for key, value in answer.items() if key != "seconds"}


def assert_one_line(run: Run, code: int, *said: str) -> None:
    assert (run.code, run.out) == (code, ""), run.err
    assert len(run.err.splitlines()) == 1, run.err
    assert run.err.startswith("ibid: ")
    assert "Traceback" not in run.err
    for words in said:
        assert words in run.err


COMMANDS: list[tuple[str, ...]] = [
    ("ask", QUESTION, "--json"),
    ("ask", "Who won the World Cup in 2014?", "--json"),
    ("ask", "hello", "--json"),
    ("ask", "Is most of the city of Homs destroyed?", "--json"),
    ("ask", "Summarise the second article", "--json"),
    ("ask", QUESTION, "--document", "003_92", "--json"),
    ("search", QUESTION, "--json"),
    ("search", QUESTION, "--limit", "3"),
    ("search", "siege of Aleppo", "--document", "003_92", "--json"),
]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ibid, dict[tuple[str, ...], Run]]:
    """A home over the seeds, and what the commands print there while no chat runs."""
    base = tmp_path_factory.mktemp("chat")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    ibid = Ibid(base / "home", base / "seeds")
    assert ibid.run("ingest").code == 0
    with ThreadPoolExecutor(1) as pool:
        return ibid, dict(zip(COMMANDS, pool.map(lambda command: ibid.run(*command), COMMANDS), strict=True))


@pytest.fixture(scope="module")
def chat(alone: tuple[Ibid, dict[tuple[str, ...], Run]]) -> Iterator[Chat]:
    with running(alone[0]) as started:
        started.until_indexed()
        yield started


@pytest.fixture
def seeded(tmp_path: Path) -> Ibid:
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    return Ibid(tmp_path / "home", tmp_path / "seeds")


# --- the local API


@pytest.mark.slow
def test_the_first_line_says_what_is_asked_and_where(chat: Chat) -> None:
    assert chat.first_line == f"Ibid answers from {chat.ibid.documents} at {chat.url} – stop it with Ctrl+C\n"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", chat.url)


def test_health_is_told_in_one_word(chat: Chat) -> None:
    reply = chat.get("/healthz")
    assert (reply.status, reply.json) == (200, {"status": "ok"})


def test_an_answer_of_the_api_is_the_contract_and_its_quotes_stand_in_the_files(chat: Chat) -> None:
    reply = chat.post("/api/ask", {"question": QUESTION})
    assert reply.status == 200
    answer = reply.json
    assert list(answer) == ANSWER_KEYS
    assert "13 days" in answer["text"]
    assert_quotes_stand_in_the_files(answer)


def assert_quotes_stand_in_the_files(answer: Mapping[str, Any]) -> None:
    citations = [citation for statement in answer["statements"] for citation in statement["citations"]]
    assert citations
    assert all(list(statement) == STATEMENT_KEYS for statement in answer["statements"])
    assert all(list(passage) == PASSAGE_KEYS for passage in answer["passages"])
    for citation in citations:
        assert list(citation) == CITATION_KEYS
        text = (ROOT / "seeds" / citation["document"].removeprefix("documents/")).read_bytes().decode()
        assert text[citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.slow
def test_earlier_turns_may_be_questions_or_questions_with_their_answers(chat: Chat) -> None:
    first = chat.post("/api/ask", {"question": "Who is Qassem Soleimani?"}).json
    followed = "And what is his role in Iraq?"
    by_question = chat.post("/api/ask", {"question": followed, "turns": ["Who is Qassem Soleimani?"]}).json
    turn = {"question": "Who is Qassem Soleimani?", "answer": first}
    by_answer = chat.post("/api/ask", {"question": followed, "turns": [turn]}).json
    assert by_question["searched_for"] == [followed, "And what is Qassem Soleimani’s role in Iraq?"]
    assert same(by_question) == same(by_answer)


def test_a_search_of_the_api_is_passages_best_first(chat: Chat) -> None:
    found = chat.post("/api/search", {"question": QUESTION, "limit": 4}).json
    assert list(found) == ["passages", "dense_used"]
    assert found["dense_used"] is True
    assert [list(passage) for passage in found["passages"]] == [PASSAGE_KEYS] * 4
    scores = [passage["score"] for passage in found["passages"]]
    assert scores == sorted(scores, reverse=True)


def test_the_scope_of_the_api_keeps_other_documents_out(chat: Chat) -> None:
    answer = chat.post("/api/ask", {"question": QUESTION, "documents": [SEEDS[1]]}).json
    found = chat.post("/api/search", {"question": QUESTION, "documents": [SEEDS[1]]}).json
    assert {passage["document"] for passage in answer["passages"]} == {f"documents/{SEEDS[1]}"}
    assert {passage["document"] for passage in found["passages"]} == {f"documents/{SEEDS[1]}"}


def test_no_more_than_twenty_passages_and_at_least_one_are_given(chat: Chat) -> None:
    for limit, expected in ((1000, 20), (-5, 1), (1, 1)):
        found = chat.post("/api/search", {"question": "siege of Aleppo", "limit": limit}).json
        assert len(found["passages"]) == expected


def test_the_status_of_the_api_tells_the_documents(chat: Chat) -> None:
    told = chat.post("/api/status", {}).json
    assert (told["folder"], told["paragraphs"], told["indexing"]) == (str(chat.ibid.documents), 55, False)
    assert told["left_out"] == []
    assert [document["document"] for document in told["documents"]] == [f"documents/{name}" for name in SEEDS]


def test_an_ingest_of_the_api_says_what_became_of_each_file(chat: Chat) -> None:
    told = chat.post("/api/ingest", {}).json
    assert list(told) == ["outcomes", "paragraphs_embedded", "vectors_reused", "seconds", "unfinished", "left_out"]
    assert {one["document"]: one["outcome"] for one in told["outcomes"]} == {
        f"documents/{name}": "unchanged" for name in SEEDS
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"question": ""}, "The question is empty", id="empty"),
        pytest.param({"question": " \n\0"}, "The question is empty", id="blank"),
        pytest.param({"question": "x" * 5_000}, "5,000 characters", id="long"),
        pytest.param({"question": "q", "documents": ["nope"]}, "No document is called “nope”.", id="document"),
        pytest.param({"question": "q", "folder": "nope"}, "No folder is known as nope.", id="folder"),
        pytest.param({"question": "q", "turns": [5]}, "A turn is an earlier question", id="turn-is-a-number"),
        pytest.param({"question": "q", "turns": [{}]}, "A turn is an earlier question", id="turn-is-empty"),
        pytest.param({"question": "q", "turns": [None]}, "A turn is an earlier question", id="turn-is-null"),
        pytest.param(
            {"question": "q", "turns": [{"question": "p", "answer": "yes"}]},
            "A turn is an earlier question",
            id="turn-without-answer-json",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_reason(chat: Chat, given: dict[str, Any], said: str) -> None:
    reply = chat.post("/api/ask", given)
    assert (reply.status, list(reply.json)) == (400, ["error"])
    assert said in reply.json["error"]


@pytest.mark.parametrize("name", ["ask", "search"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{}", id="no-question"),
        pytest.param('{"question": "q", "documents": 5}', id="documents-is-a-number"),
        pytest.param('{"question": "q", "documents": [5]}', id="document-is-a-number"),
        pytest.param('{"question": "q", "documents": [null]}', id="document-is-null"),
        pytest.param('{"question": "q", "folder": ["a"]}', id="folder-is-a-list"),
    ],
)
def test_a_request_of_another_shape_is_refused_as_json(chat: Chat, name: str, body: str) -> None:
    assert_refused(chat.send("POST", f"/api/{name}", body.encode(), {"Content-Type": "application/json"}))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("ask", '{"question": "q", "turns": 5}', id="turns-is-a-number"),
        pytest.param("ask", '{"question": "q", "turns": [""]}', id="empty-turn"),
        pytest.param(
            "ask",
            '{"question": "q", "turns": [{"question": "p", "answer": {"question": "p", "statements": [{"text": "t",'
            '"verdict": "verified", "citations": [{"mark": 1, "start": 1e999, "end": 2, "quote": "x"}]}]}}]}',
            id="citation-at-infinity",
        ),
        pytest.param("search", '{"question": "q", "limit": "many"}', id="limit-is-a-word"),
        pytest.param("search", '{"question": "q", "limit": 1e999}', id="limit-is-infinite"),
        pytest.param("search", '{"question": "q", "limit": [1]}', id="limit-is-a-list"),
    ],
)
def test_values_that_make_no_sense_are_refused_as_json(chat: Chat, name: str, body: str) -> None:
    assert_refused(chat.send("POST", f"/api/{name}", body.encode(), {"Content-Type": "application/json"}))


def assert_refused(reply: Reply) -> None:
    assert 400 <= reply.status < 500, (reply.status, reply.body)
    assert reply.json["error"]


@pytest.mark.parametrize("name", ["ask", "search", "status", "ingest"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("text/plain", b'{"question": "q"}', id="plain"),
        pytest.param("application/x-www-form-urlencoded", b'{"question": "q"}', id="form"),
        pytest.param(None, b'{"question": "q"}', id="no-type"),
        pytest.param("application/json", b"{nope", id="broken"),
        pytest.param("application/json", b"", id="nothing"),
        pytest.param("application/json", b"\xff\xfe{", id="no-text"),
        pytest.param("application/json", b"[]", id="list"),
        pytest.param("application/json", b'"question"', id="string"),
        pytest.param("application/json", b"[" * 100_000, id="deep"),
    ],
)
def test_what_is_no_json_object_is_refused(chat: Chat, name: str, kind: str | None, body: bytes) -> None:
    reply = chat.send("POST", f"/api/{name}", body, {"Content-Type": kind} if kind else {})
    assert (reply.status, reply.json) == (415, {"error": "Send a JSON object as application/json."})


def test_json_may_name_its_encoding(chat: Chat) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    reply = chat.send("POST", "/api/search", b'{"question": "siege"}', headers)
    assert reply.status == 200, reply.body


def test_the_api_is_asked_by_post_alone(chat: Chat) -> None:
    for name in ("ask", "search", "status", "ingest"):
        assert chat.get(f"/api/{name}?question=siege").status in (404, 405)


def test_what_is_refused_leaves_no_traceback(chat: Chat) -> None:
    before = len(chat.errors)
    chat.post("/api/ask", {"question": ""})
    chat.named("ask", "", None, None)
    assert chat.errors[before:] == ""


# --- the named endpoints


def test_only_two_endpoints_are_named(chat: Chat) -> None:
    told = chat.get("/gradio_api/info").json
    assert sorted(told["named_endpoints"]) == ["/ask", "/search"]
    assert not told.get("unnamed_endpoints")


def test_the_endpoint_ask_needs_no_more_than_a_question(chat: Chat) -> None:
    kind, told = chat.named("ask", QUESTION)
    assert kind == "complete", told
    (answer,) = told
    assert list(answer) == ANSWER_KEYS
    assert_quotes_stand_in_the_files(answer)


def test_the_endpoint_search_needs_no_more_than_a_question(chat: Chat) -> None:
    kind, told = chat.named("search", QUESTION)
    assert kind == "complete", told
    assert len(told[0]["passages"]) == 10


def test_the_endpoint_ask_gives_what_the_api_gives(chat: Chat) -> None:
    kind, told = chat.named("ask", QUESTION, [], [])
    assert kind == "complete", told
    (answer,) = told
    assert list(answer) == ANSWER_KEYS
    assert_quotes_stand_in_the_files(answer)
    assert same(answer) == same(chat.post("/api/ask", {"question": QUESTION}).json)


def test_the_endpoint_ask_takes_turns_and_a_scope(chat: Chat) -> None:
    _, (answer,) = chat.named("ask", "And what is his role in Iraq?", ["Who is Qassem Soleimani?"], [SEEDS[1]])
    assert answer["searched_for"][-1] == "And what is Qassem Soleimani’s role in Iraq?"
    assert {passage["document"] for passage in answer["passages"]} == {f"documents/{SEEDS[1]}"}


def test_the_endpoint_search_gives_what_the_api_gives(chat: Chat) -> None:
    kind, told = chat.named("search", QUESTION, [], 3)
    assert kind == "complete", told
    (found,) = told
    assert found == chat.post("/api/search", {"question": QUESTION, "limit": 3}).json


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(["", None, None], "The question is empty", id="empty"),
        pytest.param(["q", None, ["nope"]], "No document is called “nope”.", id="unknown-document"),
        pytest.param(["q", [5], None], "A turn is an earlier question", id="no-turn"),
    ],
)
def test_the_endpoint_ask_refuses_in_words(chat: Chat, data: list[Any], said: str) -> None:
    kind, told = chat.named("ask", *data)
    assert kind == "error"
    assert said in told["error"]


# --- files


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../../../../../../../etc/passwd",
        str(ROOT / "ui" / "web" / "app.py"),
        "ui/web/app.py",
        str(ROOT / "pyproject.toml"),
    ],
)
def test_no_file_of_this_machine_is_given_out(chat: Chat, path: str) -> None:
    for door in ("/gradio_api/file=", "/file=", "/assets-of-ibid/"):
        reply = chat.get(f"{door}{path}")
        assert reply.status in (400, 403, 404), (door, reply.status)
        assert b"root:" not in reply.body
        assert b"import gradio" not in reply.body


def test_no_file_of_the_home_is_given_out(chat: Chat) -> None:
    for path in (chat.ibid.index / "owner.json", chat.ibid.home / "folders.json", chat.ibid.documents / SEEDS[0]):
        assert path.is_file()
        assert chat.get(f"/gradio_api/file={path}").status in (403, 404)


# --- other commands beside the chat


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_other_commands_print_the_same_beside_the_chat(
    alone: tuple[Ibid, dict[tuple[str, ...], Run]], chat: Chat, command: tuple[str, ...]
) -> None:
    before, now = alone[1][command], chat.ibid.run(*command)
    assert (now.code, now.err) == (before.code, before.err) == (0, "")
    if "--json" not in command:
        assert now.out == before.out
        return
    told, expected = json.loads(now.out), json.loads(before.out)
    if command[0] == "ask":
        told, expected = same(told), same(expected)
    assert told == expected


def test_an_answer_reads_the_same_beside_the_chat(alone: tuple[Ibid, dict[tuple[str, ...], Run]], chat: Chat) -> None:
    run = chat.ibid.run("ask", QUESTION)
    (statement, *_) = json.loads(alone[1][COMMANDS[0]].out)["statements"]
    assert (run.code, run.err) == (0, "")
    assert statement["text"].split()[-1] in run.out
    assert f"{SEEDS[0]} ¶6" in run.out


def test_a_question_from_a_pipe_goes_through_the_chat_too(chat: Chat) -> None:
    run = chat.ibid.run("ask", given=QUESTION.encode())
    assert (run.code, run.err) == (0, "")
    assert "13 days" in run.out


def test_a_long_conversation_goes_on_through_the_chat(chat: Chat) -> None:  # case 8
    owner = find_owner(chat.ibid.index)
    assert owner is not None
    first = owner.ask("Who is Qassem Soleimani?", [], [], False)
    followed = owner.ask("And what is his role in Iraq?", [Turn(first.question, first)] * 40, [], False)
    assert followed.searched_for[-1] == "And what is Qassem Soleimani’s role in Iraq?"


@pytest.mark.slow
def test_status_says_that_the_chat_holds_the_index(chat: Chat) -> None:
    run = chat.ibid.run("status")
    assert (run.code, run.err) == (0, "")
    assert "2 documents, 55 paragraphs" in run.out
    assert f"held by   process {chat.process.pid} (chat) at {chat.url}" in run.out
    told = json.loads(chat.ibid.run("status", "--json").out)
    assert told == chat.post("/api/status", {}).json


def test_ingest_goes_through_the_chat(chat: Chat) -> None:
    run = chat.ibid.run("ingest")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("2 unchanged · 0 passages embedded")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("ask", ""), "The question is empty."),
        (("ask", "why " * 2_000), "The question has 7,999 characters"),
        (("ask", "q", "--document", "nope"), "No document is called “nope”."),
        (("search", "q", "--document", "00"), "“00” could be 2 documents"),
    ],
)
def test_a_mistake_is_one_line_beside_the_chat_too(chat: Chat, command: tuple[str, ...], said: str) -> None:
    assert_one_line(chat.ibid.run(*command), 1, said)


@pytest.mark.slow
@pytest.mark.parametrize("command", [("ingest", "--rebuild"), ("reset", "--yes")])
def test_what_would_take_the_index_away_is_refused_while_the_chat_runs(chat: Chat, command: tuple[str, ...]) -> None:
    assert_one_line(chat.ibid.run(*command), 1, f"in use by process {chat.process.pid} (chat)")
    assert chat.post("/api/ask", {"question": QUESTION}).json["statements"]


@pytest.mark.slow
def test_a_second_chat_on_the_same_index_is_refused_in_one_line(chat: Chat) -> None:
    assert_one_line(chat.ibid.run("chat", "--port", "0"), 1, f"in use by process {chat.process.pid} (chat)")
    assert chat.post("/api/ask", {"question": QUESTION}).status == 200


def test_a_file_added_to_the_folder_is_seen_through_the_chat(chat: Chat) -> None:
    added = chat.ibid.documents / "lighthouse.md"
    added.write_text("# The lighthouse\n\nThe lighthouse keeper of Skagen retired after forty winters.\n")
    try:
        run = chat.ibid.run("ask", "When did the lighthouse keeper of Skagen retire?")
        assert run.code == 0
        assert "forty winters" in run.out
        assert "lighthouse.md ¶2" in run.out
        assert run.err.startswith("1 added, 2 unchanged")
    finally:
        added.unlink()
    after = chat.ibid.run("ingest")
    assert after.out.startswith("removed   lighthouse.md\n")


@pytest.mark.slow
def test_questions_asked_at_once_are_all_answered_and_alike(chat: Chat) -> None:
    expected = [same(chat.post("/api/ask", {"question": question}).json) for question in QUESTIONS]
    with ThreadPoolExecutor(20) as pool:
        asked = list(pool.map(lambda n: chat.post("/api/ask", {"question": QUESTIONS[n % 5]}), range(20)))
    assert [reply.status for reply in asked] == [200] * 20
    assert [same(reply.json) for reply in asked] == expected * 4


@pytest.mark.slow
def test_named_endpoints_called_at_once_are_all_answered(chat: Chat) -> None:
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda n: chat.named("ask", QUESTIONS[n % 5], None, None), range(20)))
    assert [kind for kind, _ in told] == ["complete"] * 20
    assert [answer["question"] for _, (answer,) in told] == QUESTIONS * 4


# --- who may come in


def test_a_foreign_name_for_this_host_is_turned_away(chat: Chat) -> None:
    for host in ("evil.example", f"evil.example:{chat.port}", "127.0.0.1.evil.example"):
        for path in ("/", "/healthz", "/gradio_api/info"):
            assert chat.get(path, {"Host": host}).status == 421
    assert chat.get("/healthz", {"Host": f"localhost:{chat.port}"}).status == 200


def test_the_token_beside_the_index_is_for_its_owner_alone(chat: Chat) -> None:
    owner = chat.ibid.index / "owner.json"
    assert stat.S_IMODE(owner.stat().st_mode) == 0o600
    told = json.loads(owner.read_text())
    assert (told["pid"], told["address"]) == (chat.process.pid, chat.url)
    assert len(told["token"]) >= 32


def test_the_chat_proves_that_it_knows_the_token_without_telling_it(chat: Chat) -> None:  # case 7
    token = json.loads((chat.ibid.index / "owner.json").read_text())["token"]
    reply = chat.get("/healthz?nonce=made-up-for-it")
    assert reply.json == {"status": "ok", "proof": proof_of(token, "made-up-for-it")}
    assert token not in json.dumps(reply.json)


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@pytest.mark.slow
def test_with_users_nobody_comes_in_without_a_password_but_the_same_users_commands_do(seeded: Ibid) -> None:
    with running(seeded, more={"IBID_AUTH": "anna:secret,bob:pass:word"}) as chat:
        assert chat.get("/healthz").json == {"status": "ok"}
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/file=/etc/passwd", "/assets-of-ibid/style.css"):
            assert chat.get(path).status == 401, path
            assert chat.get(path, basic("anna:wrong")).status in (401, 429), path
        for name in ("ask", "search", "status", "ingest"):
            assert chat.post(f"/api/{name}", {"question": "siege"}).status == 401, name
        assert chat.post("/gradio_api/call/ask", {"data": ["siege", None, None]}).status == 401
        assert chat.get("/", basic("bob:pass:word")).status == 200
        assert chat.post("/api/search", {"question": "siege"}, basic("bob:pass:word")).status == 200
        kind, _ = chat.named("ask", QUESTION, None, None, headers=basic("bob:pass:word"))
        assert kind == "complete"
        asked = seeded.run("ask", QUESTION)
        assert asked.code == 0, asked.err
        assert "13 days" in asked.out
        assert "secret" not in (seeded.index / "owner.json").read_text()


# --- what goes wrong before it starts


@pytest.mark.slow
def test_listening_for_everyone_needs_a_password(seeded: Ibid) -> None:
    for host in ("0.0.0.0", "192.0.2.7"):
        run = seeded.run("chat", "--host", host, "--port", "0", more={"IBID_AUTH": ""})
        assert_one_line(run, 1, f"Listening on {host}", "IBID_AUTH=user:password")


def test_users_that_are_no_pairs_are_one_line(seeded: Ibid) -> None:
    assert_one_line(seeded.run("chat", "--port", "0", more={"IBID_AUTH": "anna"}), 1, "IBID_AUTH")


@pytest.mark.slow
def test_a_public_address_that_is_none_is_one_line_with_one_that_is(seeded: Ibid) -> None:
    for url, code, said in (
        ("docs.example.org/ibid", 2, "such as https://docs.example.org/ibid/"),
        ("https://docs.example.org/ibid?x", 2, "such as https://docs.example.org/ibid/"),
        ("https://docs.example.org/api/", 1, "Choose another path, such as /ibid/."),
    ):
        run = seeded.run("chat", "--port", "0", more={"IBID_PUBLIC_URL": url})
        assert_one_line(run, code, f"IBID_PUBLIC_URL={url} is not ", said)


@pytest.mark.slow
def test_a_taken_port_is_one_line_with_another_to_try(seeded: Ibid) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = seeded.run("chat", "--port", str(port))
    assert_one_line(run, 1, f"Cannot listen on 127.0.0.1:{port}", "`ibid chat --port 0`")


@pytest.mark.slow
def test_the_last_port_has_no_next_one_to_try(seeded: Ibid) -> None:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 65535))
        except OSError:
            pytest.skip("somebody else listens on port 65535")
        taken.listen()
        run = seeded.run("chat", "--port", "65535")
    assert_one_line(run, 1, "Cannot listen on 127.0.0.1:65535")
    assert "65536" not in run.err


@pytest.mark.slow
@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.7"])
def test_a_host_that_is_not_this_machine_is_one_line(seeded: Ibid, host: str) -> None:
    run = seeded.run("chat", "--host", host, "--port", "0", more={"IBID_AUTH": "anna:secret"})
    assert_one_line(run, 1, f"Cannot listen on {host}:0")


def test_a_missing_folder_is_one_line(seeded: Ibid, tmp_path: Path) -> None:
    missing = tmp_path / "documnets"
    assert_one_line(seeded.run("chat", str(missing)), 1, f"The documents folder {missing} does not exist.")
    mistyped = Ibid(seeded.home, missing)
    assert_one_line(mistyped.run("chat"), 1, f"The documents folder {missing} does not exist.")
    assert not seeded.home.exists()


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_one_line(seeded: Ibid) -> None:
    run = Ibid(Path("/dev/null"), seeded.documents).run("chat", "--port", "0")
    assert_one_line(run, 1, "IBID_HOME")


# --- stopping


def assert_given_back(ibid: Ibid) -> None:
    """Nobody holds the index any more, it is whole, and nothing temporary is left."""
    assert not (ibid.index / "owner.json").exists()
    assert not (ibid.home / "tmp").exists()
    status = ibid.run("status")
    assert (status.code, status.err) == (0, "")
    assert ", whole (" in status.out
    assert "held by   nobody else" in status.out


@pytest.mark.slow
def test_ctrl_c_ends_the_chat_and_gives_the_index_back(seeded: Ibid) -> None:
    with running(seeded) as chat:
        chat.until_indexed()
        assert chat.post("/api/ask", {"question": QUESTION}).json["statements"]
        assert (seeded.home / "tmp").is_dir()
        took = chat.interrupt()
        assert took < 60
        assert chat.process.returncode in (0, 130)
        assert "Traceback" not in chat.errors, chat.errors
        assert len(chat.errors.splitlines()) <= 1, chat.errors
    assert_given_back(seeded)
    assert "13 days" in seeded.run("ask", QUESTION).out


@pytest.mark.slow
def test_ctrl_c_ends_a_chat_that_an_event_stream_is_open_to(seeded: Ibid) -> None:
    with running(seeded) as chat:
        session = {"fn_index": 0, "session_hash": "abcdefgh", "data": []}
        chat.post("/gradio_api/queue/join", session)
        connection = HTTPConnection("127.0.0.1", chat.port, timeout=30)
        connection.request("GET", "/gradio_api/heartbeat/abcdefgh")
        response = connection.getresponse()
        assert response.status == 200
        reading = threading.Thread(target=lambda: response.read())
        reading.start()
        took = chat.interrupt()
        reading.join(30)
        connection.close()
        assert took < 60
        assert "Traceback" not in chat.errors, chat.errors
    assert_given_back(seeded)


WORDS = (
    "harbour winter ledger captain bridge orchard engine copper letter village market river stone paper lantern".split()
)


def prose(seed: int, paragraphs: int) -> str:
    drawn = random.Random(seed)
    sentences = (
        f"The {drawn.choice(WORDS)} of {drawn.choice(WORDS)} number {drawn.randrange(10**9)} kept the "
        f"{drawn.choice(WORDS)} beside the {drawn.choice(WORDS)} until {drawn.choice(WORDS)} came."
        for _ in range(paragraphs)
    )
    return "\n\n".join(sentences)


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        pytest.param({f"{n:03}.txt": 200 for n in range(150)}, id="many-files"),
        pytest.param({"one.txt": 30_000}, id="one-large-file"),
    ],
)
def test_ctrl_c_in_a_long_first_ingest_ends_it_and_leaves_a_whole_index(tmp_path: Path, files: dict[str, int]) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    for number, (name, paragraphs) in enumerate(files.items()):
        (folder / name).write_text(prose(number, paragraphs))
    ibid = Ibid(tmp_path / "home", folder)
    with running(ibid) as chat:
        assert chat.post("/api/status", {}).json["indexing"] is True
        took = chat.interrupt()
        # All of it would take minutes; how many seconds one batch takes says more of the machine.
        assert took < 60
        assert "Traceback" not in chat.errors, chat.errors
        assert len(chat.errors.splitlines()) <= 1, chat.errors
    assert_given_back(ibid)


# --- as a model, for programs that speak OpenAI's protocol


@pytest.fixture(scope="module")
def client(chat: Chat) -> Iterator[OpenAI]:
    with OpenAI(api_key="none", base_url=f"{chat.url}/v1", timeout=120, max_retries=0) as client:
        yield client


def asked_as_a_model(client: OpenAI, *said: str, model: str = "ibid") -> Any:
    roles = ("user", "assistant")
    messages: Any = [{"role": "system", "content": "Answer like a pirate."}]
    messages += [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]
    return client.chat.completions.create(model=model, messages=messages)


def test_ibid_is_a_model_whose_footnotes_and_annotations_lead_to_the_very_words(chat: Chat, client: OpenAI) -> None:
    completion = asked_as_a_model(client, QUESTION)
    (choice,) = completion.choices
    content = choice.message.content
    answer = chat.post("/api/ask", {"question": QUESTION}).json
    assert choice.finish_reason == "stop"
    citations = [citation for statement in answer["statements"] for citation in statement["citations"]]
    assert [one.type for one in choice.message.annotations] == ["url_citation"] * len(citations)
    for annotation, citation in zip(choice.message.annotations, citations, strict=True):
        told = annotation.url_citation
        quote = " ".join(citation["quote"].split())
        assert quote in content[told.start_index : told.end_index]
        assert f"[^{citation['mark']}]: “{quote}” – {told.title}, " in content
        assert urlsplit(told.url).netloc == f"127.0.0.1:{chat.port}"
        assert f"start={citation['start']}&end={citation['end']}" in told.url
        assert chat.get(told.url.removeprefix(chat.url)).status == 200


def test_what_is_streamed_is_what_is_sent_whole(client: OpenAI) -> None:
    whole = asked_as_a_model(client, QUESTION).choices[0].message.content
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    chunks = list(client.chat.completions.create(model="ibid", messages=messages, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}


@pytest.mark.slow
def test_nothing_that_documents_write_is_markup_for_a_model_client(seeded: Ibid) -> None:
    (seeded.documents / "note.md").write_text(
        "The pier of Ostrava is lit by Ida Kroll ![x](http://elsewhere.example/p.png) and <img src=x> [here](http://a.b)."
    )
    with running(seeded) as started:
        started.until_indexed()
        with OpenAI(api_key="none", base_url=f"{started.url}/v1", max_retries=0) as client:
            content = asked_as_a_model(client, "Who lights the pier of Ostrava?").choices[0].message.content
    assert "Ida Kroll" in content
    assert not re.search(r"(?<!\\)(?:!\[|\]\(|<img|://)", content)


def test_what_is_not_in_the_documents_is_told_a_model_client_too(client: OpenAI) -> None:
    message = asked_as_a_model(client, "Who won the World Cup in 2014?").choices[0].message
    assert message.content.startswith("Your documents do not seem to answer this.")
    assert "Related passages – not an answer:" in message.content
    assert not message.annotations


def test_a_follow_up_of_a_model_client_leans_on_the_question_before(chat: Chat, client: OpenAI) -> None:
    first, followed = "Who is Qassem Soleimani?", "Where was he seen?"
    content = asked_as_a_model(client, first, "An answer.", followed).choices[0].message.content
    direct = chat.post("/api/ask", {"question": followed, "turns": [first]}).json
    assert all(statement["text"] in content for statement in direct["statements"])


def test_the_models_are_the_folders_that_may_be_asked(chat: Chat, client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["ibid", f"ibid/{chat.ibid.documents.name}"]
    assert "13 days" in str(asked_as_a_model(client, QUESTION, model=names[1]).choices[0].message.content)
    with pytest.raises(BadRequestError, match="No folder is known as nowhere"):
        asked_as_a_model(client, QUESTION, model="ibid/nowhere")


def test_a_model_is_told_by_its_name(chat: Chat, client: OpenAI) -> None:
    for name in ("ibid", f"ibid/{chat.ibid.documents.name}"):
        assert client.models.retrieve(name).id == name
    with pytest.raises(NotFoundError, match="No folder is known as ibid/nowhere"):
        client.models.retrieve("ibid/nowhere")


def test_pictures_of_a_message_are_left_out(client: OpenAI) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,xx", "path": "/etc/passwd"}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]}]
    content = client.chat.completions.create(model="ibid", messages=messages).choices[0].message.content
    assert content == asked_as_a_model(client, QUESTION).choices[0].message.content


def test_what_may_not_be_sent_is_told_as_a_model_client_expects_it(chat: Chat) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    reply = chat.post("/v1/chat/completions", {"messages": [{"role": "user", "content": deep}]})
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert reply.json["error"]["message"].startswith("A request may be 40 lists or objects deep.")


LISTED = (
    "1. West Aleppo was under siege by Daesh for 13 days. [P1]\n2. A food convoy is making its way there. [P1]\n"
    "3. Water service has been inter"
)


@pytest.mark.slow
def test_an_answer_that_its_model_cut_off_is_streamed_once_as_a_list_and_says_so(seeded: Ibid) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for piece in (*(LISTED[i : i + 9] for i in range(0, len(LISTED), 9)), None):
                told = {"delta": {"content": piece} if piece else {}, "finish_reason": None if piece else "length"}
                line = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
                self.wfile.write(f"data: {json.dumps({**line, 'choices': [{'index': 0, **told}]})}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.01)
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        more = {"OPENAI_BASE_URL": f"{url}/v1", "IBID_CHAT_MODEL": "cut"}
        with running(seeded, more=more) as started, OpenAI(api_key="x", base_url=f"{started.url}/v1") as client:
            started.until_indexed()
            whole = asked_as_a_model(client, QUESTION).choices[0]
            messages: Any = [{"role": "user", "content": QUESTION}]
            chunks = list(client.chat.completions.create(model="ibid", messages=messages, stream=True))
    pieces = [chunk.choices[0].delta for chunk in chunks]
    content = "".join(one.content or "" for one in pieces)
    assert "\n\n2. A food convoy is making its way there.[^" in content
    assert content.count("1. West Aleppo was under siege by Daesh for 13 days.[^1]") == 1
    assert "cut off" in content
    assert "inter" not in content.split("[^1]:")[0]
    assert (whole.finish_reason, chunks[-1].choices[0].finish_reason) == ("length", "length")
    told = [note["url_citation"] for one in pieces for note in (one.model_extra or {}).get("annotations") or ()]
    assert [content[one["start_index"] : one["end_index"]][:3] for one in told] == ["1. ", "2. "]


@pytest.mark.parametrize(
    "given",
    [{}, {"messages": []}, {"messages": "x"}, {"messages": [{"role": "system", "content": "x"}]}, {"messages": [3]}, [],
     {"messages": [{"role": "user", "content": ""}]}, {"messages": [{"role": "user", "content": [{"type": "text"}]}]}],
)  # fmt: skip
def test_a_completion_that_asks_nothing_is_refused_in_one_line(chat: Chat, given: object) -> None:
    reply = chat.post("/v1/chat/completions", given)
    assert reply.status == 400
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert "\n" not in reply.json["error"]["message"]


@pytest.mark.slow
def test_a_closed_chat_takes_user_and_password_as_a_key(seeded: Ibid) -> None:
    with running(seeded, more={"IBID_AUTH": "anna:secret"}) as closed:
        for key, fits in (("anna:secret", True), ("anna:wrong", False), ("none", False)):
            with OpenAI(api_key=key, base_url=f"{closed.url}/v1", max_retries=0) as client:
                if fits:
                    assert next(model.id for model in client.models.list()) == "ibid"
                else:
                    with pytest.raises(AuthenticationError, match="asks for a user and a password"):
                        client.models.list()
