"""What a person can set, read once from the environment or `.env`, in the doors only.

Every field is in `.env.example` and the README; a test says so.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.owners import root_of, spelled, unspelled
from rag.plugged import Plugged, read_plugged

# A name in any script or an address; a path that is written in one way only, in headers and cookies too.
_PUBLIC = re.compile(r"(?i:https?)://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/[A-Za-z0-9._~-]+)*/?")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_NEVER_A_USER = ("authorization", "host", "cookie", "origin", "connection", "content-length", "content-type")


class Settings(BaseSettings):
    """Prefix `IBID_`; flat and frozen."""

    model_config = SettingsConfigDict(
        env_prefix="IBID_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    documents: Path = Field(Path("seeds"), description="The folder to answer from. Ibid only ever reads it.")
    home: Path = Field(Path(".ibid"), description="Where Ibid keeps its indexes, uploads, runs and feedback.")
    max_file_mb: float = Field(20.0, gt=0, description="Files larger than this are reported and left out.")
    loaders: str = Field(
        "", description="LlamaIndex readers for other files: .hwp=llama_index.readers.file:HWPReader,.x=module:Class"
    )
    chroma_url: str = Field("", description="A Chroma server that keeps the index, such as http://chroma:8000.")
    chroma_token: SecretStr = Field(SecretStr(""), description="What opens it, if something in front of it asks.")
    chroma_tenant: str = Field("default_tenant", description="The tenant on it.")
    chroma_database: str = Field("default_database", description="The database on it.")
    chat_model: str | None = Field(None, description="The language model that writes answers.")
    embed_model: str | None = Field(
        None, description="openai:NAME, an embedder on that server, to find passages with: it receives all documents."
    )
    model_wait: float = Field(
        120.0, gt=0, description="Seconds that its server may take before the next piece of an answer, and the first."
    )
    context_tokens: int = Field(
        6_000, ge=500, description="About how many tokens of the documents a language model is given for a question."
    )
    openai_api_key: SecretStr = Field(SecretStr(""), validation_alias="OPENAI_API_KEY", description="Its server's key.")
    openai_base_url: str | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="Its server, if not OpenAI's."
    )
    reader: bool = Field(True, description="Let the shipped reader judge the best passages before they are ranked.")
    answer_seconds: float = Field(
        1.0, ge=0, description="After so long the reader begins no other passage; 0 sets no limit."
    )
    strict: bool = Field(False, description="Leave out what a model wrote and no document says, instead of marking it.")
    show_reasoning: bool = Field(
        False, description="Keep what a model thinks aloud beside its answer, and show it folded, unchecked."
    )
    auth: SecretStr = Field(SecretStr(""), description="user:password pairs, separated by commas, that guard the chat.")
    readers: Path | None = Field(
        None, description="A TOML file that says which documents each user may read; without it everybody reads all."
    )
    user_header: str = Field("", description="The header in which a proxy names the user, such as X-Forwarded-User.")
    proxy: str = Field("", description="Addresses or networks of that proxy, separated by commas.")
    public_url: str | None = Field(None, description="Where people reach the chat, if it stands behind a proxy.")

    web: bool | None = Field(
        None,
        description="Let the chat fetch a web page that somebody names and asks for; if not set, only where it listens "
        "to this machine alone, without IBID_AUTH.",
    )

    model_choice: bool | None = Field(
        None,
        description="Let people choose a language model in the chat, for themselves; if not set, only where it listens "
        "to this machine alone, without IBID_AUTH.",
    )

    folder_roots: str = Field(
        "",
        description="Folders beneath which people may open others in the chat, separated by colons, or none; if not "
        "set, your home folder where it listens to this machine alone, without IBID_AUTH.",
    )

    @field_validator("readers", mode="before")
    @classmethod
    def _named(cls, path: object) -> object:
        return None if path == "" else path

    @field_validator("documents", "home", "readers")
    @classmethod
    def _without_tilde(cls, path: Path | None) -> Path | None:
        # A shell expands `~` only where it sees it; `.env` is read by no shell.
        return path.expanduser() if path is not None else None

    @field_validator("user_header")
    @classmethod
    def _of_a_header(cls, name: str) -> str:
        if name and not _HEADER.fullmatch(name):
            raise ValueError("write the name of a header of letters, digits and hyphens, such as X-Forwarded-User")
        if name.lower() in _NEVER_A_USER:
            raise ValueError(f"{name} means something else. Choose another, such as X-Forwarded-User")
        return name

    @field_validator("proxy")
    @classmethod
    def _of_addresses(cls, networks: str) -> str:
        for one in filter(None, map(str.strip, networks.split(","))):
            try:
                ipaddress.ip_network(one)
            except ValueError as error:
                raise ValueError(
                    f"{error}. Write addresses or networks, such as 10.0.0.5,fd00::/8, separated by commas"
                ) from None
        return networks

    @field_validator("web", "model_choice", mode="before")
    @classmethod
    def _said(cls, allowed: object) -> object:
        return None if allowed == "" else allowed

    @field_validator("loaders")
    @classmethod
    def _of_readers(cls, loaders: str) -> str:
        read_plugged(loaders)
        return loaders

    @field_validator("embed_model")
    @classmethod
    def _of_a_known_protocol(cls, model: str | None) -> str | None:
        if model and not re.fullmatch(r"openai:\S+", model):
            raise ValueError("name it as openai:NAME, such as openai:text-embedding-3-small")
        return model or None

    @field_validator("public_url")
    @classmethod
    def _whole(cls, url: str | None) -> str | None:
        """As browsers write it, with a slash at its end."""
        if not url:
            return None
        try:
            if not _PUBLIC.fullmatch(url):
                raise ValueError
            return str(TypeAdapter(HttpUrl).validate_python(url)).rstrip("/") + "/"
        except ValueError:
            raise ValueError(
                "write http or https, a host, and a path of letters, digits, . _ ~ - where there is one, such as "
                "https://docs.example.org/ibid/"
            ) from None

    @property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """From where a proxy may name the user."""
        return tuple(ipaddress.ip_network(one) for one in map(str.strip, self.proxy.split(",")) if one)

    @property
    def uploads(self) -> Path:
        return self.uploads_of(None)

    def home_of(self, user: str | None) -> Path:
        """Where what is a user's own is kept; for None where what is everybody's is."""
        return self.home if user is None else self.home / "users" / spelled(user)

    def uploads_of(self, user: str | None) -> Path:
        return self.home_of(user) / "uploads"

    def origins_of(self, user: str | None) -> Path:
        """Where uploads that were fetched came from."""
        return self.home_of(user) / "origins"

    @property
    def temporary(self) -> Path:
        """Where what was uploaded waits to be kept, and plugged readers are handed files, links followed; emptied when
        a chat starts and ends."""
        return (self.home / "tmp").resolve()

    @property
    def roots(self) -> dict[str, Path]:
        """The folders whose files are documents, by the first part of the documents' ids."""
        owners = (None, *self._users()) if self.takes_uploads else ()
        uploads = {root_of(one): self.uploads_of(one) for one in owners if self.uploads_of(one).is_dir()}
        return {"documents": self.documents} | uploads

    def _users(self) -> Iterator[str]:
        """Of whom anything is kept."""
        folder = self.home / "users"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if (user := unspelled(path.name)) is not None:
                yield user

    @property
    def takes_uploads(self) -> bool:
        """Not where several processes share an index: each would take out what it does not have."""
        return not self.chroma_url

    @property
    def plugged(self) -> Plugged:
        """The LlamaIndex readers that `loaders` names."""
        return Plugged(readers=read_plugged(self.loaders), temporary=self.temporary)

    @property
    def index(self) -> Path:
        """Each documents folder keeps its own index."""
        name = hashlib.sha256(str(self.documents.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return self.home / "indexes" / name

    @property
    def may_be_indexed(self) -> bool:
        """Whether there is an index of the folder; of one on a server only the server knows."""
        return bool(self.chroma_url) or (self.index / "chroma").exists()

    @property
    def gate(self) -> Path:
        """The gate that `ibid eval calibrate` fitted on one's own documents; the shipped one where absent."""
        return self.home / "gate.json"
