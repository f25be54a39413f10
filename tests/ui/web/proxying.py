"""A real nginx before running chats."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from browsing import wait_for

from tests.conftest import Reply

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

# Nothing outside the folder it is started in, and one process.
MAIN = """
daemon off; master_process off; pid nginx.pid; error_log errors warn;
events {{ worker_connections 256; }}
http {{
    access_log asked combined;
    client_body_temp_path body; proxy_temp_path proxied; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    {servers}
}}
"""


@contextmanager
def nginx(folder: Path, servers: str) -> Iterator[None]:
    """One that serves as the blocks `servers` say; what it was asked for stands in `folder`, in the file `asked`."""
    (folder / "nginx.conf").write_text(MAIN.format(servers=servers))
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "errors"]
    with subprocess.Popen(command) as process:
        try:
            wait_for(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, "nginx is up")
            assert process.poll() is None, (folder / "errors").read_text()
            yield
        finally:
            process.kill()


def asked_for(folder: Path) -> list[str]:
    """Every path that nginx was asked for."""
    return [line.split('"')[1].split()[1] for line in (folder / "asked").read_text().splitlines()]


def certified(folder: Path, name: str) -> str:
    """The lines of a server with a certificate for `name`, which nobody vouches for."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*command, *files, "-days", "2", "-subj", f"/CN={name}"], check=True, capture_output=True)
    return "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def sent(url: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
    """What nginx answers at an address, whoever the request says it is for."""
    scheme, _, host = url.partition("://")
    port = int(host.partition("/")[0].rpartition(":")[2])
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    connection = (
        HTTPSConnection("127.0.0.1", port, timeout=60, context=trusting)
        if scheme == "https"
        else HTTPConnection("127.0.0.1", port, timeout=60)
    )
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, told, response.read())
    finally:
        connection.close()
