"""One web page, fetched once because somebody asked for it.

The name of its host is looked up once for a request, all that it leads to is looked at, and the connection goes to that
very address: a name that leads elsewhere a moment later changes nothing. No proxy of the environment is asked, which
would look the name up for itself; no cookie and no login is sent. Knows nothing of the page that asks.
"""

from __future__ import annotations

import email.message
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urljoin

from rag.documents.loaders.formats import READS
from rag.errors import FetchError
from rag.plugged import NOTHING_PLUGGED, Plugged
from ui.web.addresses import Place, Reach, WebAddress
from ui.web.page_names import page_ending, page_name

_SILENCE = 20.0
_WHOLE_WITHIN = 120.0
_MOST_REDIRECTS = 5
_PIECE = 65_536
_ASKED_WITH = {
    "User-Agent": "Ibid/0.1",
    "Accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
_REDIRECTS = (301, 302, 303, 307, 308)
_INSTEAD = "Save it in your browser and add the file"
_REFUSALS = {
    **dict.fromkeys((401, 402, 403, 407), f"is not given without a login, or not to programs. {_INSTEAD}"),
    **dict.fromkeys((404, 410), "is not there. Check the address"),
    429: "was asked for too often. Try again later",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`most_mb` of a page, in transit and unpacked; `silence` seconds without a sign of life, `whole` for all of it."""

    most_mb: float
    silence: float = _SILENCE
    whole: float = _WHOLE_WITHIN

    @property
    def most_bytes(self) -> int:
        return int(self.most_mb * 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an address gave: the bytes of a file, and what to call it."""

    address: WebAddress
    name: str
    data: bytes


Found = Page | WebAddress
"""The page, or the address at another host, or a less safe one of the same, to which it was sent on: whoever asked did
not agree to that one."""


def fetch(
    address: WebAddress, *, reach: Reach, limits: Limits, plugged: Plugged = NOTHING_PLUGGED
) -> Generator[int, None, Found]:
    """Ask for a page; yields how many bytes have come. Closing the generator ends the connection. Raises FetchError
    with the address and the next step."""
    until = time.monotonic() + limits.whole
    at = address
    for _ in range(_MOST_REDIRECTS + 1):
        with _asked(at, reach=reach, limits=limits, until=until) as answer:
            onward = _onward(at, answer, reach)
            if onward is None:
                return (yield from _page(at, answer, limits=limits, plugged=plugged))
        if not at.may_send_on_to(onward):
            return onward
        at = onward
    raise FetchError(f"{address.text} was sent on more than {_MOST_REDIRECTS} times. Check the address.")


def _page(
    at: WebAddress, answer: http.client.HTTPResponse, *, limits: Limits, plugged: Plugged
) -> Generator[int, None, Page]:
    if answer.status not in (200, 203):
        raise FetchError(f"{at.text} {_refusal(answer.status)}.")
    kind = answer.headers.get_content_type() if "content-type" in answer.headers else ""
    name = _named(answer.headers) or unquote(at.target.partition("?")[0].rpartition("/")[2])
    ending = page_ending(kind, name, plugged)
    if ending is None:
        raise FetchError(f"{at.text} is no document but {kind or 'of no kind that its server names'}. {READS}.")
    data = yield from _body(at, answer, limits)
    return Page(address=at, name=page_name(data, ending=ending, name=name, address=at.text), data=data)


def _refusal(status: int) -> str:
    if status >= 500:
        return f"is not given just now: its server failed ({status}). Try again later"
    return _REFUSALS.get(status, f"was not given: its server answered with status {status}. {_INSTEAD}")


def _named(headers: email.message.Message) -> str:
    try:
        return _worded(headers.get_filename() or "").rpartition("/")[2]
    except (ValueError, LookupError, TypeError):
        return ""


def _worded(value: str) -> str:
    """A header's value as it was meant: many servers send UTF-8, which arrives as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _onward(at: WebAddress, answer: http.client.HTTPResponse, reach: Reach) -> WebAddress | None:
    """The address that the answer sends on to. Raises FetchError for one that may not be asked."""
    onward = answer.headers.get("location")
    if answer.status not in _REDIRECTS or not onward:
        return None
    try:
        return reach.address(urljoin(at.text, _worded(onward.strip())))
    except (FetchError, ValueError) as error:
        raise FetchError(f"{at.text} sends on to where Ibid does not go. {error}") from None


def _body(at: WebAddress, answer: http.client.HTTPResponse, limits: Limits) -> Generator[int, None, bytes]:
    """The bytes of a page, unpacked; no more of them are ever held than a page may have."""
    packing = (answer.headers.get("content-encoding") or "identity").strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise FetchError(f"{at.text} came packed as {packing[:20]}, which was not asked for. {_INSTEAD}.")
    too_large = FetchError(f"{at.text} is larger than the limit of {limits.most_mb:g} MB (IBID_MAX_FILE_MB).")
    if (answer.length or 0) > limits.most_bytes:
        raise too_large
    unpacking = None if packing == "identity" else zlib.decompressobj(wbits=31)
    data, came = bytearray(), 0
    while piece := answer.read1(_PIECE):
        came += len(piece)
        data += piece if unpacking is None else unpacking.decompress(piece, limits.most_bytes + 1 - len(data))
        if max(came, len(data)) > limits.most_bytes:
            raise too_large
        yield came
    if answer.length or (came and unpacking is not None and not unpacking.eof):
        raise http.client.IncompleteRead(b"")
    return bytes(data)


@contextmanager
def _asked(at: WebAddress, *, reach: Reach, limits: Limits, until: float) -> Iterator[http.client.HTTPResponse]:
    """The answer to one request, as its head has come. What goes wrong until it is read is told as FetchError."""
    with _told(at, limits, until), _connected(at, reach=reach, limits=limits, until=until) as wire:
        connection = http.client.HTTPConnection(at.host, at.port)
        connection.auto_open = 0
        connection.sock = wire
        connection.request("GET", at.target, headers={"Host": at.netloc, **_ASKED_WITH})
        with connection.getresponse() as answer:
            _check_time(until)
            yield answer
        _check_time(until)


def _check_time(until: float) -> None:
    # What was cut off looks like what has ended.
    if time.monotonic() >= until:
        raise TimeoutError


@contextmanager
def _connected(at: WebAddress, *, reach: Reach, limits: Limits, until: float) -> Iterator[socket.socket]:
    """A connection to one of the places where the host is, cut off at `until` whatever it is waiting for then."""
    with _opened(_places(at.host, reach, limits, until), at.port, limits, until) as plain:
        wire = plain if at.scheme == "http" else _secured(plain, at.host)
        wire.settimeout(limits.silence)
        timer = threading.Timer(until - time.monotonic(), _cut_off, (wire,))
        timer.daemon = True
        timer.start()
        try:
            with wire:
                if isinstance(wire, ssl.SSLSocket):
                    wire.do_handshake()
                yield wire
        finally:
            timer.cancel()


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def _cut_off(wire: socket.socket) -> None:
    with suppress(OSError):
        # Past `SSLSocket.shutdown`, which is for the thread that reads.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _opened(places: list[Place], port: int, limits: Limits, until: float) -> socket.socket:
    problem = OSError("its name leads nowhere")
    for place in places:
        try:
            return socket.create_connection((str(place), port), timeout=_wait(limits, until))
        except OSError as error:
            problem = error
    raise problem


def _wait(limits: Limits, until: float) -> float:
    """The seconds that are left for the next step."""
    return max(min(limits.silence, until - time.monotonic()), 0.001)


def _places(host: str, reach: Reach, limits: Limits, until: float) -> list[Place]:
    """Where a host is. Looking a name up knows no limit of time of its own."""
    found: list[list[Place] | Exception] = []

    def look_up() -> None:
        try:
            found.append(reach.places(host))
        except Exception as error:  # raised where it is waited for
            found.append(error)

    looking = threading.Thread(target=look_up, name="ibid-look-up", daemon=True)
    looking.start()
    looking.join(_wait(limits, until))
    if not found:
        raise TimeoutError
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


@contextmanager
def _told(at: WebAddress, limits: Limits, until: float) -> Iterator[None]:
    """What goes wrong on the way, in words."""
    try:
        yield
    except (OSError, http.client.HTTPException, zlib.error) as error:
        if time.monotonic() >= until:
            raise FetchError(f"{at.text} did not come whole within {limits.whole:g} seconds. {_INSTEAD}.") from error
        raise FetchError(f"{at.text} {_problem(error, at, limits)}.") from error


def _problem(error: Exception, at: WebAddress, limits: Limits) -> str:
    match error:
        case TimeoutError():
            return f"did not answer within {limits.silence:g} seconds. Try again later"
        case ssl.SSLCertVerificationError():
            return (
                f"is not fetched: its server does not prove to be {at.host} ({error.verify_message}). Check the address"
            )
        case ssl.SSLError():
            return "was not fetched: no secure connection came about. Check the address"
        case socket.gaierror() if error.errno == socket.EAI_AGAIN:
            return f"was not fetched: {at.host} could not be looked up. Check that there is a network"
        case socket.gaierror():
            return f"was not fetched: no host is known as {at.host}. Check the address"
        case ConnectionRefusedError() | ConnectionResetError():
            return "was not fetched: its server does not take the connection. Check the address, or try again later"
        case OSError():
            return f"was not fetched: its server cannot be reached ({error.strerror or error}). Check the network"
        case zlib.error():
            return "came damaged. Try again"
        case _:
            return "broke off, or its server does not speak as web servers do. Try again"
