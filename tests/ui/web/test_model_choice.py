"""A language model that somebody chooses in the page, for their tab: found, tried, used, and its key kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import PHONE, ROOT, Chat, Visitor
from playwright.sync_api import expect

from rag.errors import ChatModelError
from rag.servers.chosen import Chosen, checked, model_of, models_of
from tests.conftest import serving
from ui.web.models import chosen_model, chosen_name

SIEGE = "How long was West Aleppo under siege?"
SAID = "West Aleppo was under siege for 13 days."
KEY = "sk-a-key-of-the-tests-4471"

Visit = Callable[..., Visitor]


@dataclass
class Server:
    """A server of OpenAI's protocol that wants a key, tells of two models, and knows one answer."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            models = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in ("small", "large")]
            self.send({"object": "list", "data": models} if self.path == "/v1/models" else None)

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append(given)
            self.send({"choices": [{"index": 0, "message": {"content": SAID}, "finish_reason": "stop"}]})

        def send(self, body: Any) -> None:
            allowed = self.headers["Authorization"] == f"Bearer {KEY}"
            data = json.dumps(body if allowed else {"error": {"message": "who are you?"}}).encode()
            self.send_response(404 if body is None else 200 if allowed else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        told.url = url
        yield told


def opened(visitor: Visitor) -> Any:
    visitor.page.get_by_role("button", name="Choose a model").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_label("Address of its server")).to_be_focused()
    return dialog


@pytest.mark.parametrize("options", [pytest.param({}, id="desk"), pytest.param(PHONE, id="phone")])
def test_a_model_is_found_tried_and_writes_the_answers_of_this_tab_alone(
    chat: Chat, visit: Visit, server: Server, options: Any
) -> None:
    visitor = visit(chat, **options)
    dialog, host = opened(visitor), urlsplit(server.url).netloc
    said = dialog.get_by_role("status")
    dialog.get_by_label("Address").fill(server.url)
    dialog.get_by_role("button", name="Which are there?").click()
    expect(said).to_have_text(f"{host} refuses the key. Check the key.")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Which are there?").click()
    expect(said).to_have_text("There are 2: choose one in the list.")
    expect(dialog.get_by_label("Address")).to_have_value(f"{server.url}/v1")
    expect(dialog.locator("datalist option")).to_have_count(2)
    dialog.get_by_label("Model", exact=True).fill("large")
    dialog.get_by_role("button", name="Try it and use it").click()
    expect(dialog).to_be_hidden()
    expect(visitor.page.locator(".disclosure")).to_contain_text(f"large at {host} writes the answers")
    visitor.ask(SIEGE)
    turn = visitor.ended(SIEGE)
    expect(turn).to_contain_text(SAID)
    expect(turn.locator(".chip")).to_have_count(1)
    assert {one["model"] for one in server.asked} == {"large"}
    # Kept is where it was, and never the key.
    kept = visitor.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "large" in kept and KEY not in kept
    assert not any(KEY.encode() in path.read_bytes() for path in chat.home.rglob("*") if path.is_file())
    another = visit(chat, **options)
    expect(another.page.locator(".disclosure")).to_contain_text("Nothing leaves it")
    opened(visitor).get_by_role("button", name="Stop using it").click()
    expect(visitor.page.locator(".disclosure")).to_contain_text("Nothing leaves it")
    server.asked.clear()
    visitor.ask("Who is Qassem Soleimani?")
    visitor.ended("Who is Qassem Soleimani?")
    assert not server.asked


@pytest.mark.parametrize("more", [{"IBID_MODEL_CHOICE": "false"}, {"IBID_AUTH": "ida:secret"}], ids=["forbidden", "for several"])  # fmt: skip
def test_where_it_is_not_allowed_nothing_offers_it(visit: Visit, tmp_path: Path, more: dict[str, str]) -> None:
    with Chat(tmp_path / "home", ROOT / "seeds", more) as chat:
        visitor = visit(
            chat, **({"http_credentials": {"username": "ida", "password": "secret"}} if "IBID_AUTH" in more else {})
        )
        expect(visitor.page.locator(".disclosure")).to_contain_text("Nothing leaves it")
        expect(visitor.page.get_by_role("button", name="Choose a model")).to_have_count(0)
        told = visitor.page.evaluate("""() => { const box = document.querySelector('#chosen textarea, #chosen input');
            Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), 'value').set.call(box, '{"address": "http://127.0.0.1:9/v1", "model": "m"}');
            box.dispatchEvent(new Event('input', { bubbles: true })); return box.value; }""")
        assert told
        visitor.ask(SIEGE)
        expect(visitor.live).to_contain_text("Models are chosen by whoever runs this chat")


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("", "Nothing is no address of a server"),
        ("localhost:11434", "localhost:11434 is no address"),
        ("file:///etc/passwd", "file:///etc/passwd is no address"),
        ("http://", "http: is no address"),
        ("http://[::1", "is no address"),
        ("http://a b/v1", "is no address"),
        ("https://ida:secret@host/v1", "Leave user and password out"),
    ],
)
def test_an_address_that_is_none_is_one_line(address: str, line: str) -> None:
    with pytest.raises(ChatModelError, match=line.replace("[", r"\[")) as raised:
        checked(Chosen(address=address))
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


def test_who_tells_of_no_models_is_told_as_that_and_names_no_key() -> None:
    with pytest.raises(ChatModelError, match=r"cannot be reached\. Check the address and that"):
        models_of(Chosen(address="http://127.0.0.1:9", key=KEY))
    with pytest.raises(ChatModelError, match="Name a model"):
        model_of(Chosen(address="http://127.0.0.1:9/v1"), silent_seconds=1)
    assert KEY not in repr(Chosen(address="http://127.0.0.1:9", key=KEY, model="m"))


@pytest.mark.parametrize("text", ["nonsense", "[]", '"x"', "3", '{"address": 3}', '{"address": "http://["}', "null"])
def test_what_is_no_choice_is_refused_in_one_line_and_has_no_name(text: str) -> None:
    assert chosen_name(text) is None
    with pytest.raises(ChatModelError):
        chosen_model(text, silent_seconds=1)
