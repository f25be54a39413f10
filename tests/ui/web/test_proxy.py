"""The chat behind a reverse proxy, a real one: at a path of its own, by a name of its own, and by no other."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from attacking import Attacked, attacked, until_read
from browsing import Visitor, squeezed, visiting
from conftest import missing
from playwright.sync_api import Browser, expect
from proxying import NGINX, asked_for, certified, free_port, nginx, sent

from rag.settings import Settings
from tests.conftest import ROOT, Reply, bare_environment
from tests.rag.documents.making import paragraph, pdf

BUILT = "Who built the mill of Esens?"
README = ROOT / "ui" / "web" / "README.md"
PAIR = "anna:s3cret-of-anna"
WELLS = pdf(paragraph("The pump at the north well was replaced in May."))
# More than nginx takes unless it is told to.
LARGE = f"<title>Ledger</title><!-- {'x' * 1_500_000} --><p>The barrels of the ledger came from Husum."


@dataclass(frozen=True)
class Site:
    """A chat at its public address."""

    url: str
    chat: Attacked
    folder: Path
    told: str
    """What the chat printed of it."""

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/ibid")

    def get(self, path: str, **headers: str) -> Reply:
        return self._send("GET", path, headers)

    def search(self, **headers: str) -> Reply:
        given = json.dumps({"question": BUILT}).encode()
        return self._send("POST", "/ibid/api/search", {"Content-Type": "application/json"} | headers, given)

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return sent(self.url, method, path, {"Host": self.host, **self.chat.headers, **named}, body)


# As short as can be: nginx leaves the path as it came, and asks by this machine's name.
BARE = """server {{ listen 127.0.0.1:{port};
    location /ibid {{ proxy_pass http://127.0.0.1:{chat}; client_max_body_size 0; }} }}"""
# As the README has it, with TLS: nginx takes the path away, and passes the name on.
ADVISED = "server {{ listen 127.0.0.1:{port} ssl; {certificate} {location} }}"


def advised(chat: int) -> str:
    found = re.search(r"^    location /ibid/ \{\n.*?^    \}$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found[0].count(":7860/;") == 1
    return found[0].replace(":7860/;", f":{chat}/;")


def earlier(base: Path) -> None:
    """A folder that an earlier run answered from."""
    (base / "private").mkdir()
    (base / "private" / "wages.md").write_text("# Wages\n\nThe archivist earns 93,250 crowns a year.\n")
    (base / "home").mkdir()
    (base / "home" / "folders.json").write_text(json.dumps([str(base / "private")]))


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    """Two chats behind one nginx: one that is open, one behind TLS and a password."""
    if not Path(NGINX).exists():
        missing(f"{NGINX} is missing: apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    with ExitStack() as leaving:
        found: dict[str, Site] = {}
        servers = ""
        for name, scheme, block in (("bare", "http", BARE), ("advised", "https", ADVISED)):
            port, more = free_port(), {"IBID_AUTH": PAIR} if scheme == "https" else {}
            url = f"{scheme}://{name}.localhost:{port}/ibid"
            base = tmp_path_factory.mktemp(name)
            earlier(base)
            chat = leaving.enter_context(attacked(base, IBID_PUBLIC_URL=url, **more))
            if more:
                chat.headers = {"Authorization": "Basic " + base64.b64encode(PAIR.encode()).decode()}
            assert chat.process.stdout is not None
            told = chat.process.stdout.readline()
            until_read(chat)
            certificate = certified(folder, f"{name}.localhost")
            servers += block.format(port=port, chat=chat.port, certificate=certificate, location=advised(chat.port))
            found[name] = Site(url, chat, folder, told)
        leaving.enter_context(nginx(folder, servers))
        yield found


@pytest.fixture(params=["bare", "advised"])
def site(request: pytest.FixtureRequest, sites: dict[str, Site]) -> Site:
    return sites[request.param]


def opened(leaving: ExitStack, browser: Browser, site: Site, url: str = "") -> Visitor:
    """Somebody at the public address, who asks nobody but what lies below it."""
    user, _, password = PAIR.partition(":")
    options = {"http_credentials": {"username": user, "password": password}} if site.chat.headers else {}
    at = SimpleNamespace(url=url or site.url)
    visitor = leaving.enter_context(visiting(browser, at, ignore_https_errors=True, **options))  # type: ignore[arg-type]
    return visitor.arrive()


def test_what_the_page_does_it_does_behind_a_proxy(browser: Browser, site: Site, tmp_path: Path) -> None:
    wells, ledger = tmp_path / "wells.pdf", tmp_path / "ledger.html"
    wells.write_bytes(WELLS)
    ledger.write_text(LARGE)
    with ExitStack() as leaving:
        visitor = opened(leaving, browser, site)
        page = visitor.page
        visitor.ask(BUILT)
        assert visitor.open(visitor.chips.first) == "The mill of Esens was built in 1850 by Onno Ites."
        assert page.url.startswith(f"{site.url}/?")

        page.reload()
        visitor.see()
        expect(visitor.hit).to_have_text("The mill of Esens was built in 1850 by Onno Ites.")
        visitor.reader.locator("a.number").first.click()
        linked = page.evaluate("location.href")
        assert linked.startswith(f"{site.url}/?folder=")

        page.locator("#upload input[type=file]").set_input_files([wells, ledger])
        expect(page.locator(".outcomes")).to_contain_text("ledger.html: added")
        visitor.ask("When was the pump at the north well replaced?")
        visitor.chips.first.click()
        expect(visitor.reader.locator(".sheet img")).to_be_visible()
        page.wait_for_function("document.querySelector('.sheet img').naturalWidth > 0")
        with page.expect_download() as download:
            visitor.reader.get_by_role("link", name="Download").click()
        assert download.value.path().read_bytes() == WELLS

        page.goto(linked)
        visitor.see()
        expect(visitor.reader.locator(".target")).to_be_visible()
        page.get_by_role("button", name="Back to the answer").or_(
            page.get_by_role("button", name="Close")
        ).first.click()
        expect(page).to_have_url(f"{site.url}/?folder={site.chat.key}")
        page.get_by_role("button", name="Evals").click()
        expect(page.locator("#evals h2")).to_be_visible()
        if site.chat.headers:
            (cookie,) = page.context.cookies()
            assert (cookie["path"], cookie["secure"], cookie["httpOnly"]) == ("/ibid/", True, True)
    outside = {path for path in asked_for(site.folder) if not path.startswith("/ibid")}
    assert outside == set()


@pytest.mark.slow
def test_nginx_is_told_to_pass_streams_on_as_they_grow(sites: dict[str, Site]) -> None:
    chat = sites["bare"].chat
    asked = {"model": "ibid", "messages": [{"role": "user", "content": BUILT}]}
    assert chat.post("/v1/chat/completions", asked | {"stream": True}).headers["x-accel-buffering"] == "no"
    assert "x-accel-buffering" not in chat.post("/v1/chat/completions", asked).headers


def test_the_page_still_works_at_the_address_of_this_machine(browser: Browser, sites: dict[str, Site]) -> None:
    site = sites["bare"]
    with ExitStack() as leaving:
        for address in (site.chat.url, f"{site.chat.url}/ibid"):
            visitor = opened(leaving, browser, site, site.chat.url)
            visitor.page.goto(f"{address}/")
            visitor.see().ask(BUILT)
            assert "Onno Ites" in visitor.open(visitor.chips.first)


def test_by_the_public_name_and_those_of_this_machine_and_by_no_other(site: Site) -> None:
    name = site.host.partition(":")[0]
    for host in (site.host, name, f"{name}:1", name.upper(), "127.0.0.1", f"localhost:{site.chat.port}"):
        assert site.chat.get("/config", {"Host": host}).status == 200, host
    for host in ("evil.example", f"evil.{name}", f"{name}.evil.example", f"{name}@evil.example", "localhost.", ""):
        assert site.chat.get("/config", {"Host": host}).status == 421, host


def test_a_proxy_that_passes_the_name_on_passes_on_a_wrong_one_too(sites: dict[str, Site]) -> None:
    assert sites["advised"].get("/ibid/healthz").status == 200
    assert sites["advised"].get("/ibid/healthz", Host="evil.example").status == 421


def test_pages_of_the_public_address_may_ask_and_others_may_not(site: Site) -> None:
    assert site.search(Origin=site.origin).status == 200
    assert site.search().status == 200
    scheme, _, host = site.origin.partition("://")
    for origin in (
        f"{'http' if scheme == 'https' else 'https'}://{host}",
        site.origin.rpartition(":")[0],
        site.origin.replace("://", "://evil."),
        f"{site.origin}.evil.example",
        "http://evil.example",
        "null",
    ):
        assert site.search(Origin=origin).status == 403, origin
    assert site.search(Origin=site.origin, Sec_Fetch_Site="cross-site").status == 403
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert site.get("/ibid/?paragraph=1", **link).status == 200
    assert site.get("/ibid/config", **link).status == 403


def test_programs_are_told_the_public_address(site: Site) -> None:
    given = json.dumps({"model": "ibid", "messages": [{"role": "user", "content": BUILT}]}).encode()
    kind = {"Content-Type": "application/json"}
    for url, path in ((site.url, "/ibid/v1/chat/completions"), (site.chat.url, "/v1/chat/completions")):
        reply = sent(url, "POST", path, {"Host": url.split("/")[2], **site.chat.headers, **kind}, given)
        (noted, *_) = reply.json["choices"][0]["message"]["annotations"]
        assert noted["url_citation"]["url"].startswith(f"{site.url}/?folder=")
    # By nginx, or by the chat where the path comes as it was.
    led = site.get("/ibid?paragraph=2")
    assert led.status in (301, 307)
    assert led.headers["location"].endswith("/ibid/?paragraph=2")


def test_what_is_outside_the_path_is_not_the_chats(sites: dict[str, Site]) -> None:
    site = sites["bare"]
    for path in ("/ibidem/", "/ibid/ibid/", "/ibid//", "/ibid/gradio_api/file=/etc/passwd"):
        assert site.get(path).status == 404, path


def test_folders_of_earlier_runs_are_not_for_those_who_come_through_a_proxy(sites: dict[str, Site]) -> None:
    chat = sites["bare"].chat
    key = Settings(documents=chat.home.parent / "private").index.name
    reply = chat.post("/api/ask", {"question": "What does the archivist earn a year?", "folder": key})
    assert (reply.status, "No folder is known" in reply.json["error"]) == (400, True)


def test_behind_a_password_nothing_is_open_but_health(sites: dict[str, Site]) -> None:
    site = sites["advised"]
    for path in ("/ibid/", "/ibid/config", "/ibid/healthz/"):
        assert sent(site.url, "GET", path, {"Host": site.host}).status == 401
    assert sent(site.url, "GET", "/ibid/healthz", {"Host": site.host}).status == 200


def test_other_commands_go_through_the_chat_at_its_own_address(sites: dict[str, Site]) -> None:
    chat = sites["advised"].chat
    homes = {"IBID_HOME": str(chat.home), "IBID_DOCUMENTS": str(chat.home.parent / "documents")}
    command = [sys.executable, "-c", "from ui.cli import main; main()", "ask", BUILT]
    done = subprocess.run(
        command, cwd=ROOT, env=bare_environment() | homes, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Onno Ites" in squeezed(done.stdout)


def test_the_start_says_where_people_reach_it_and_who_may_come_in(sites: dict[str, Site]) -> None:
    for site in sites.values():
        assert site.told == f"Behind your proxy it is {site.url}/\n"
    assert "Whoever reaches that address may ask and read your documents" in squeezed(sites["bare"].chat.said)
    assert sites["advised"].chat.said == ""
