"""A model that somebody chose while Ibid runs: on which server, and which of those that it has."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from rag.errors import ChatModelError, ContextTooLongError
from rag.servers.chat_model import ChatModel
from rag.servers.model_server import ModelServer, Named

_NAMED = Named(model="the model’s name", key="the key", address="the address")
_LONGEST = 500
_VERSION = "/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The `address` of a server that speaks OpenAI's protocol, its `key` if it wants one, and one of its models."""

    address: str
    key: str = ""
    model: str = ""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Chosen({self.model} at {self.address})"


def checked(chosen: Chosen) -> Chosen:
    """With an address that can be asked. Raises ChatModelError, in one line, where it is none."""
    address = chosen.address.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or len(address) > _LONGEST or any(map(str.isspace, address)):
        shown = address[:80] or "Nothing"
        raise ChatModelError(f"{shown} is no address of a server: write one such as http://localhost:11434/v1.")
    if parts.username or parts.password:
        raise ChatModelError("Leave user and password out of the address: a key goes into its own field.")
    return Chosen(address=address, key=chosen.key.strip(), model=chosen.model.strip())


def models_of(chosen: Chosen) -> tuple[Chosen, list[str]]:
    """The server's models, and the choice with the address under which it told them, `/v1` included. Raises
    ChatModelError where it tells none."""
    chosen = checked(chosen)
    addresses = [chosen.address]
    if not chosen.address.endswith(_VERSION):
        # First where nearly all have it.
        addresses.insert(0, f"{chosen.address}{_VERSION}")
    for address in addresses:
        server = ModelServer("", _NAMED, chosen.key, address)
        with server.translating(ChatModelError, ContextTooLongError):
            models = server.models()
        if models:
            return Chosen(address=address, key=chosen.key, model=chosen.model), models
    raise ChatModelError(f"{server.host} tells of no model. Check the address, or write the name of a model yourself.")


def model_of(chosen: Chosen, *, silent_seconds: float) -> ChatModel:
    """The model as one that answers can be written with. Raises ChatModelError where the address is none, or no model
    is named."""
    chosen = checked(chosen)
    if not chosen.model:
        raise ChatModelError("Name a model of that server.")
    return ChatModel(chosen.model, chosen.key, chosen.address, silent_seconds, named=_NAMED)


def tried(chosen: Chosen, *, silent_seconds: float) -> ChatModel:
    """The model, after it has said something. Raises ChatModelError, in one line, where it does not."""
    model = model_of(chosen, silent_seconds=silent_seconds)
    model.say_something()
    return model
