"""A chat whose every look at a file, a name or another host is written down, and bodies of requests against it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from browsing import ROOT, wait_for

from tests.conftest import Reply, bare_environment

# An audit hook sees what any library in the process does; it writes with what was opened before it.
WATCHED = """
import os, sys
seen = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
wanted = tuple(sys.argv.pop(1).split(os.pathsep))
def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        os.write(seen, f"{event} {arguments[:2]!r}\\n".encode())
    elif event in ("open", "shutil.copyfile", "os.link", "os.rename") and str(arguments[0]) in wanted:
        os.write(seen, f"{event} {arguments[0]}\\n".encode())
sys.addaudithook(watch)
from ui.cli import main
main()
"""


class Attacked:
    """A running chat and what it was seen to do."""

    def __init__(self, url: str, process: subprocess.Popen[str], home: Path, seen: Path, log: Path) -> None:
        self.url, self.process, self.home = url, process, home
        self.port = urlsplit(url).port or 0
        self._seen, self._log = seen, log
        self.headers: dict[str, str] = {}

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float = 60,
    ) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=wait)
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, given: object, headers: Mapping[str, str] | None = None) -> Reply:
        data = json.dumps(given).encode()
        return self.send("POST", path, data, {"Content-Type": "application/json", **(headers or {})})

    def upload(self, name: str, data: bytes) -> str:
        """Where the server put an upload."""
        head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        reply = self.send("POST", "/gradio_api/upload", head + data + b"\r\n--x--\r\n", kind)
        assert reply.status == 200, reply.body
        (path,) = reply.json
        return str(path)

    def event(self, number: int, data: list[Any], session: str = "s", event_data: Any = None) -> Reply:
        given = {"fn_index": number, "session_hash": session, "data": data, "event_data": event_data}
        return self.post("/gradio_api/queue/join", given)

    def outcome(self, session: str) -> str:
        """What an event told, from first to last."""
        return self.get(f"/gradio_api/queue/data?session_hash={session}").body.decode()

    @property
    def events(self) -> list[Any]:
        return list(self.get("/config").json["dependencies"])

    @property
    def seen(self) -> list[str]:
        return self._seen.read_text().splitlines() if self._seen.exists() else []

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    @property
    def key(self) -> str:
        (index,) = (self.home / "indexes").iterdir()
        return index.name


@contextmanager
def attacked(
    base: Path, *arguments: str, watched: tuple[Path | str, ...] = (), handles: int | None = None, **more: str
) -> Iterator[Attacked]:
    """A chat over a folder of two small documents, with a home below `base`."""
    documents = base / "documents"
    if not documents.exists():
        documents.mkdir(parents=True)
        (documents / "harbour.md").write_text(
            "# The harbour\n\nThe harbour of Pellworm was repaired by Gesine Holm in 1911.\n\n"
            "Its crane lifts nine tons.\n"
        )
        (documents / "mill.md").write_text("# The mill\n\nThe mill of Esens was built in 1850 by Onno Ites.\n")
    home, seen, log = base / "home", base / "seen", base / "log"
    environment = bare_environment() | {"IBID_HOME": str(home), "IBID_DOCUMENTS": str(documents), **more}
    command = [sys.executable, "-c", WATCHED, str(seen), ":".join(map(str, watched)), "chat", "--port", "0", *arguments]
    if handles:
        command = ["bash", "-c", f'ulimit -n {handles}; exec "$@"', "chat", *command]
    with log.open("a") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "http://" in line, log.read_text()
        url = line[line.index("http://") :].split()[0]
        chat = Attacked(url, process, home, seen, log)
        yield chat
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def until_read(chat: Attacked) -> None:
    def is_read() -> bool:
        told = chat.post("/api/status", {}).json
        return bool(told["documents"]) and not told["indexing"]

    wait_for(is_read, "everything is indexed")


def disguises(path: str) -> list[Any]:
    """A path or an address in place of a value, in the shapes that Gradio takes or took for a file."""
    meta = {"_type": "gradio.FileData"}
    file = {"path": path, "meta": meta}
    return [
        file,
        {"path": path},
        {"url": path, "meta": meta},
        {"path": path, "url": f"http://127.0.0.1:9/gradio_api/file={path}", "meta": meta, "orig_name": "a.txt"},
        [file],
        {"value": file},
        {"id": "x", "title": file, "exchanges": [{"question": [[file]]}]},
    ]


def file_address(path: str) -> str:
    return f"/gradio_api/file={quote(path)}"
