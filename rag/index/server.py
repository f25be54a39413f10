"""Where a Chroma server is, and what opens it. The token is sent and told nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from rag.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the index is: the address of a Chroma server, and what opens it. `key` is the documents folder's, so that
    the indexes of several lie beside each other."""

    url: str
    key: str
    token: str = field(default="", repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"

    def __str__(self) -> str:
        return f"the Chroma server at {self.url}"

    def name(self, collection: str) -> str:
        return f"ibid-{self.key}-{collection}"

    @property
    def headers(self) -> dict[str, str]:
        # Chroma's own takes the first; what stands in front of one, the second.
        return {"X-Chroma-Token": self.token, "Authorization": f"Bearer {self.token}"} if self.token else {}


def address_of(server: Server) -> str:
    """Its address with a port. Raises StorageError for what is none, and for a token that cannot be sent."""
    try:
        parts = urlsplit(server.url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment)
    except ValueError:
        parts, is_whole, is_bare = SplitResult("", "", "", "", ""), False, False
    if "@" in server.url:
        raise StorageError("IBID_CHROMA_URL holds a user or a password. Take it out: IBID_CHROMA_TOKEN is for that.")
    if not (is_whole and is_bare):
        raise StorageError(f"IBID_CHROMA_URL={server.url} is no address of a server. Write it as http://chroma:8000")
    if not re.fullmatch(r"[\x21-\x7e]*", server.token):
        raise StorageError("IBID_CHROMA_TOKEN holds a space, or a sign that no header takes. Copy it again.")
    port = "" if parts.port else (":443" if parts.scheme == "https" else ":8000")
    return f"{parts.scheme}://{parts.netloc.rstrip(':')}{port}"
