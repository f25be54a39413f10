"""One page is fetched, from the very machine that was looked at, within its limits; or one line says why not. The peers
are real servers of this machine, under whatever name."""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websites import HERE, LEAVE, Website, bomb, giving, sending, sending_on, silent, website

from rag.errors import FetchError
from rag.plugged import Plugged
from ui.web.addresses import PUBLIC, Reach, WebAddress
from ui.web.fetching import Found, Limits, Page, fetch

LIMITS = Limits(most_mb=1, silence=1.0, whole=5.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def fetched(text: str, *, reach: Reach = HERE, limits: Limits = LIMITS, plugged: Plugged | None = None) -> Found:
    asking = fetch(reach.address(text), reach=reach, limits=limits, plugged=plugged or Plugged())
    while True:
        try:
            next(asking)
        except StopIteration as ended:
            found: Found = ended.value
            return found


def page(text: str, *, reach: Reach = HERE, limits: Limits = LIMITS, plugged: Plugged | None = None) -> Page:
    found = fetched(text, reach=reach, limits=limits, plugged=plugged)
    assert isinstance(found, Page)
    return found


def refusal(text: str, *, reach: Reach = HERE, limits: Limits = LIMITS) -> str:
    with pytest.raises(FetchError) as told:
        fetched(text, reach=reach, limits=limits)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.fixture
def site() -> Iterator[Website]:
    with website({"/leave": giving()}) as site:
        yield site


# --- what is asked, and what comes


def test_a_page_comes_byte_for_byte_under_its_title(site: Website) -> None:
    found = page(site.at("example.test", "/leave?of=ferrymen#rules"))
    assert found.data == LEAVE
    assert found.name == "Leave & travel – the rules.html"
    assert found.address.text == site.at("example.test", "/leave?of=ferrymen")


def test_the_request_says_the_page_and_nothing_of_who_asks(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    page(site.at("example.test", "/leave?a=b"))
    (asked,) = site.asked
    assert asked == {
        "path": "/leave?a=b",
        "host": f"example.test:{site.port}",
        "user-agent": "Ibid/0.1",
        "accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5",
        "accept-encoding": "gzip",
        "connection": "close",
    }


def test_progress_is_told_in_bytes(site: Website) -> None:
    site.pages["/large"] = giving(b"word " * 100_000, "text/plain")
    came = list(fetch(HERE.address(site.at("example.test", "/large")), reach=HERE, limits=LIMITS))
    assert came == sorted(came)
    assert came[-1] == 500_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind", "more", "name"),
    [
        ("/docs/leave.html", "text/html", {}, "Leave & travel – the rules.html"),
        ("/", "application/xhtml+xml", {}, "Leave & travel – the rules.xhtml"),
        ("/get.php", "application/pdf", {}, "get.pdf"),
        ("/leave.pdf", "application/octet-stream", {}, "leave.pdf"),
        ("/leave%20rules.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", {}, "leave rules.docx"),
        ("/README.md", "text/plain; charset=utf-8", {}, "README.md"),
        ("/notes", "text/plain", {}, "notes.txt"),
        ("/", "text/plain", {}, "example.test {port}.txt"),
        ("/a/b/", "text/markdown", {}, "example.test {port} a b.md"),
        ("/table.csv", None, {}, "table.csv"),
        ("/feed", "application/atom+xml", {}, "feed.xml"),
        ("/x.geojson", "application/json", {}, "x.geojson"),
        ("/old.doc", "application/msword", {}, "old.doc"),
        ("/d?id=3", "application/pdf", {"Content_Disposition": 'attachment; filename="Leave 2024.pdf"'}, "Leave 2024.pdf"),
        ("/d", "application/pdf", {"Content_Disposition": "inline; filename*=utf-8''%2e%2e%2fLe%C3%A4ve.pdf"}, "Leäve.pdf"),
    ],
)  # fmt: skip
def test_a_file_is_called_by_what_its_server_says_it_is(
    site: Website, path: str, kind: str | None, more: dict[str, str], name: str
) -> None:
    site.pages[path.partition("?")[0]] = giving(LEAVE, kind, **more)
    assert page(site.at("example.test", path)).name == name.format(port=site.port)


def test_a_page_that_came_packed_is_unpacked(site: Website) -> None:
    site.pages["/leave"] = giving(gzip.compress(LEAVE), Content_Encoding="gzip")
    assert page(site.at("example.test", "/leave")).data == LEAVE


def test_a_page_in_chunks_and_one_that_ends_with_its_connection_come_whole(site: Website) -> None:
    site.pages["/chunks"] = sending(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"4\r\nSome\r\n", b"5\r\n text\r\n0\r\n\r\n"
    )
    site.pages["/close"] = sending(HEAD + b"\r\nSome", b" text")
    assert page(site.at("example.test", "/chunks")).data == b"Some text"
    assert page(site.at("example.test", "/close")).data == b"Some text"


def test_a_kind_that_a_plugged_reader_reads_is_fetched(site: Website) -> None:
    site.pages["/a.hwp"] = giving(b"x", "application/x-hwp")
    assert "is no document but application/x-hwp" in refusal(site.at("example.test", "/a.hwp"))
    plugged = Plugged(readers={".hwp": "llama_index.readers.file:HWPReader"})
    assert page(site.at("example.test", "/a.hwp"), plugged=plugged).name == "a.hwp"


# --- which machine is asked


def test_the_machine_that_is_asked_is_the_one_that_was_looked_at(site: Website) -> None:
    """A name may lead elsewhere a moment later: it is looked up once for a request, and the connection goes there."""
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.9"]

    reach = Reach(allows=lambda place: str(place) == "127.0.0.1", resolve=rebinding, ports=None)
    assert page(site.at("rebinding.test", "/leave"), reach=reach).data == LEAVE
    assert asked == ["rebinding.test"]


def test_this_machine_is_not_asked_whatever_it_is_called(site: Website) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]"):
        reach = Reach(ports=None)
        assert "no address of the public internet" in refusal(site.at(host, "/leave"), reach=reach)
    named = Reach(resolve=lambda host: ["93.184.215.14", "127.0.0.1"], ports=None)
    assert "example.test leads to 127.0.0.1" in refusal(site.at("example.test", "/leave"), reach=named)
    assert site.asked == []


def test_only_the_ports_of_the_web_are_asked(site: Website) -> None:
    with pytest.raises(FetchError, match="only the ports 80, 443, 8080 and 8443 are asked"):
        PUBLIC.address(site.at("example.org", "/leave"))


# --- where it sends on to


@pytest.mark.slow
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_page_that_moved_on_its_host_is_fetched_from_there(site: Website, status: int) -> None:
    site.pages["/old"] = sending_on("/leave?x=1", status)
    found = page(site.at("example.test", "/old"))
    assert found.data == LEAVE
    assert found.address.text == site.at("example.test", "/leave?x=1")
    assert "referer" not in site.asked[1]


def test_an_address_that_is_sent_on_to_in_letters_is_asked_as_browsers_ask_it(site: Website) -> None:
    site.pages["/%C3%BCber"] = giving()
    site.pages["/old"] = sending(b"HTTP/1.1 302 Found\r\nLocation: /\xc3\xbcber\r\nContent-Length: 0\r\n\r\n")
    assert page(site.at("example.test", "/old")).data == LEAVE


def test_where_a_page_is_sent_on_to_another_host_that_one_is_named_and_not_asked(site: Website) -> None:
    with website({"/leave": giving()}) as other:
        site.pages["/old"] = sending_on(other.at("other.test", "/leave"))
        found = fetched(site.at("example.test", "/old"))
        assert isinstance(found, WebAddress)
        assert found.text == other.at("other.test", "/leave")
        assert other.asked == []


def test_each_place_that_it_sends_on_to_is_looked_at_anew(site: Website) -> None:
    for to in (
        "file:///etc/passwd",
        "http://user:secret@example.test/",
        "gopher://example.test/",
        "http://0x7f.1/",
        "http://[",
    ):
        site.pages["/old"] = sending_on(to)
        told = refusal(site.at("example.test", "/old"))
        assert "/old sends on to where Ibid does not go" in told
        assert "secret" not in told
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    reach = Reach(allows=lambda place: place.is_loopback, resolve=lambda host: next(answers), ports=None)
    site.pages["/old"] = sending_on("/leave")
    assert "example.test leads to 10.0.0.1" in refusal(site.at("example.test", "/old"), reach=reach)
    assert "/leave" not in site.paths


def test_a_page_that_sends_on_and_on_is_left(site: Website) -> None:
    site.pages["/round"] = sending_on("/round")
    assert "was sent on more than 5 times" in refusal(site.at("example.test", "/round"))
    assert len(site.asked) == 6


# --- what is refused


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "without a login"), (403, "without a login"), (404, "is not there"), (410, "is not there"),
        (429, "Try again later"), (500, "its server failed (500)"), (503, "its server failed (503)"), (204, "status 204"),
        (206, "status 206"), (304, "status 304"), (418, "status 418"),
    ],
)  # fmt: skip
def test_what_a_server_does_not_give_is_said_with_the_address(site: Website, status: int, told: str) -> None:
    site.pages["/leave"] = giving(b"" if status in (204, 304) else LEAVE, status=status)
    said = refusal(site.at("example.test", "/leave"))
    assert said.startswith(site.at("example.test", "/leave"))
    assert told in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "kind"),
    [("/a.png", "image/png"), ("/a.txt", "video/mp4"), ("/a", "application/octet-stream"), ("/a", None)],
)
def test_what_is_no_document_is_not_even_read(site: Website, path: str, kind: str | None) -> None:
    site.pages[path] = giving(b"x" * 500_000, kind)
    assert "is no document" in refusal(site.at("example.test", path))


def test_a_page_over_the_limit_is_left_before_it_is_read(site: Website) -> None:
    site.pages["/large"] = sending(HEAD + b"Content-Length: 99000000\r\n\r\n", b"word ")
    told = refusal(site.at("example.test", "/large"))
    assert "/large is larger than the limit of 1 MB (IBID_MAX_FILE_MB)" in told
    site.pages["/fits"] = giving(b"x" * 1_000_000, "text/plain")
    assert len(page(site.at("example.test", "/fits")).data) == 1_000_000


def test_a_page_without_an_end_is_left_at_the_limit(site: Website) -> None:
    for more in (b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        piece = b"word " * 2_000 if more == b"\r\n" else b"2710\r\n" + b"word " * 2_000 + b"\r\n"
        site.pages["/endless"] = sending(HEAD + more, piece, for_ever=True)
        assert "is larger than the limit of 1 MB" in refusal(site.at("example.test", "/endless"))


def test_a_bomb_is_left_at_the_limit_and_never_unpacked(site: Website) -> None:
    site.pages["/bomb"] = giving(bomb(300), Content_Encoding="gzip")
    tracemalloc.start()
    try:
        assert "is larger than the limit of 1 MB" in refusal(site.at("example.test", "/bomb"))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((HEAD + b"Content-Length: 900\r\n\r\n", b"Some"), "broke off"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nSome\r\n",), "broke off"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nSome\r\n",), "broke off"),
        ((HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(LEAVE)[:40],), "broke off"),
        ((HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip",), "came damaged"),
        ((HEAD + b"Content-Encoding: br\r\n\r\nx",), "came packed as br"),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), "does not speak as web servers do"),
        ((b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300,), "does not speak as web servers do"),
        ((b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,), "does not speak as web servers do"),
        ((b"",), "does not take the connection"),
    ],
)  # fmt: skip
def test_half_a_page_is_none(site: Website, pieces: tuple[bytes, ...], told: str) -> None:
    site.pages["/half"] = sending(*pieces)
    assert told in refusal(site.at("example.test", "/half"))


# --- how long it may take


def test_a_server_that_says_nothing_is_left(site: Website) -> None:
    with silent() as port:
        for scheme in ("http", "https"):
            told = refusal(f"{scheme}://example.test:{port}/", limits=Limits(most_mb=1, silence=0.3))
            assert "did not answer within 0.3 seconds" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((HEAD + b"\r\n", b"x"), id="body"),
        pytest.param((b"HTTP/1.1 200 OK\r\n", b"A"), id="head"),
        pytest.param((b"HTTP/1.1 100 Continue\r\n\r\n",), id="never-beginning"),
    ],
)
def test_a_server_that_drips_is_cut_off(site: Website, pieces: tuple[bytes, ...]) -> None:
    site.pages["/drip"] = sending(*pieces, pause=0.05, for_ever=True)
    began = time.monotonic()
    told = refusal(site.at("example.test", "/drip"), limits=Limits(most_mb=1, silence=1.0, whole=0.6))
    assert "did not come whole within 0.6 seconds" in told
    assert time.monotonic() - began < 5


def test_a_name_that_takes_for_ever_to_look_up_is_left() -> None:
    never = threading.Event()
    reach = Reach(resolve=lambda host: ["127.0.0.1"] if never.wait(30) else [], ports=None)
    assert "did not answer" in refusal("http://example.test/", reach=reach, limits=Limits(most_mb=1, silence=0.2))
    never.set()


def test_whoever_leaves_ends_the_connection(site: Website) -> None:
    site.pages["/endless"] = sending(HEAD + b"\r\n", b"word " * 100, pause=0.01, for_ever=True)
    with closing(fetch(HERE.address(site.at("example.test", "/endless")), reach=HERE, limits=LIMITS)) as asking:
        assert next(asking) > 0
        assert not site.left.is_set()
    assert site.left.wait(10)


# --- who is there at all


def test_a_host_that_nobody_knows_and_one_that_takes_no_connection_are_told_apart(site: Website) -> None:
    told = refusal("http://nobody.invalid/", reach=Reach(allows=lambda place: False))
    assert "nobody.invalid" in told
    assert "no host is known" in told or "could not be looked up" in told
    with silent() as port:
        pass
    assert "does not take the connection" in refusal(f"http://example.test:{port}/")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's, for example.test, and in the same file its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(file), "-out", f"{file}.crt"]
    subprocess.run(
        [*made, "-days", "2", "-subj", "/CN=example.test", "-addext", "subjectAltName=DNS:example.test"],
        check=True, capture_output=True,
    )  # fmt: skip
    with file.open("a") as both:
        both.write(Path(f"{file}.crt").read_text())
    return file


def test_a_server_proves_to_be_the_host_that_was_named(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    named: list[str | None] = []
    tls.sni_callback = lambda wire, name, context: named.append(name)
    with website({"/leave": giving()}, tls) as site:
        untrusted = refusal(site.at("example.test", "/leave", "https"))
        assert "does not prove to be example.test (self" in untrusted
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert page(site.at("example.test", "/leave", "https")).data == LEAVE
        assert "does not prove to be other.test (Hostname mismatch" in refusal(site.at("other.test", "/leave", "https"))
        assert named == ["example.test", "example.test", "other.test"]
        assert len(site.asked) == 1


def test_a_server_without_encryption_is_told_as_such(site: Website) -> None:
    assert "no secure connection came about" in refusal(site.at("example.test", "/leave", "https"))
