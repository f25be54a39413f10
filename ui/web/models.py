"""The language model that somebody chooses in the page, for their tab: what the page sends, and the form.

Address, model and key come with each question and are kept nowhere: the key is in the tab's memory alone.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.domain import Json
from rag.errors import ChatModelError
from ui.web.markup import escaped

if TYPE_CHECKING:
    from rag.servers.chat_model import ChatModel
    from rag.servers.chosen import Chosen

FORBIDDEN = "Models are chosen by whoever runs this chat (IBID_MODEL_CHOICE=true lets everybody)."


def chosen_of(sent: Json) -> Chosen:
    """What the page says; fields that are no words are empty."""
    from rag.servers.chosen import Chosen  # brings LlamaIndex, which takes seconds: only who chooses waits

    told = {name: value for name in ("address", "key", "model") if isinstance(value := sent.get(name), str)}
    return Chosen(address=told.get("address", ""), key=told.get("key", ""), model=told.get("model", ""))


def chosen_model(text: str, *, silent_seconds: float) -> ChatModel | None:
    """The model that a tab chose, None where it chose none. Raises ChatModelError where it cannot be one."""
    if not text:
        return None
    from rag.servers.chosen import model_of

    if (sent := _sent(text)) is None:
        raise ChatModelError("The model that was chosen cannot be read. Choose it again.")
    return model_of(chosen_of(sent), silent_seconds=silent_seconds)


def chosen_name(text: str) -> str | None:
    """The model that a tab chose and the host it runs on; None where it chose none."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        if (sent := _sent(text)) and (host := urlsplit(sent["address"]).netloc.rpartition("@")[2]):
            return f"{sent['model']} at {host}"
    return None


def _sent(text: str) -> Json | None:
    """What a tab says that it chose; None for what no page sends."""
    with suppress(ValueError):
        sent = json.loads(text)
        return sent if isinstance(sent, dict) else None
    return None


def disclosure_html(writer: str | None, second: str | None, *, use_model: bool, chooses: bool) -> str:
    """Where text goes, beside the question box: to the model that writes, and to a second embedder; and where another
    model can be chosen, the way to it."""
    writer = writer if use_model else None
    if writer is None and second is None:
        said = "Answers are sentences of your documents, found on this machine. Nothing leaves it."
    elif writer is None:
        said = "Answers are sentences of your documents."
    else:
        said = f"{escaped(writer)} writes the answers: it receives your question and the passages found for it."
    if second is not None:
        questions = "and each question" if use_model else "but no question"
        said += f" {escaped(second)} helps to find passages: it receives the text of every document, {questions}."
    way = ' <button type="button" class="act" data-act="model">Choose a model</button>' if chooses else ""
    return f'<p class="disclosure">{said}{way}</p>'


def switch_label(*, writes: bool) -> str:
    """Of what turns the sending of questions off."""
    return "Let the model write" if writes else "Let the embedding model help to find"


def form_html() -> str:
    """The dialog in which a model is chosen, closed."""
    return (
        '<dialog class="model" aria-labelledby="model-head"><form class="model-form" method="dialog">'
        '<h2 id="model-head">A language model for this tab</h2>'
        "<p>It writes the answers, and receives your question and the passages found for it. What it writes is checked "
        "against your documents.</p>"
        '<label for="model-address">Address of its server</label>'
        '<input id="model-address" type="url" placeholder="http://localhost:11434/v1" maxlength="500" required '
        'autocomplete="off" spellcheck="false">'
        '<label for="model-key">Key (if it wants one)</label>'
        '<input id="model-key" type="password" maxlength="500" autocomplete="off">'
        '<label for="model-name">Model</label>'
        '<div class="model-row"><input id="model-name" list="model-names" maxlength="200" autocomplete="off" '
        'spellcheck="false"><datalist id="model-names"></datalist>'
        '<button type="button" class="act" data-act="list-models">Which are there?</button></div>'
        '<p class="model-said" role="status"></p>'
        '<p class="model-hint">The key stays in this tab until it is closed or reloaded, and is written nowhere.</p>'
        '<div class="acts"><button type="button" class="act main" data-act="use-chosen">Try it and use it</button>'
        '<button type="button" class="act" data-act="unuse-chosen" hidden>Stop using it</button>'
        '<button type="button" class="act" data-act="close-model">Close</button></div></form></dialog>'
    )
