"""A tab of the page, as each event brings it: a server that is started again goes on where the tab is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ui.web.conversation import Conversation
from ui.web.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """The folder that a tab asks, as whoever has it open sees it; its conversation, an empty one where the event brings
    none; and what the page sent with the event: for one that opens, what its address names."""

    folder: Folder
    conversation: Conversation
    sent: Mapping[str, Any] = field(default_factory=dict)


class Meanwhile:
    """What was changed in conversations while an answer is under way in them. The answer goes on with the conversation
    as it was when it was asked, so it takes these changes up; they are forgotten when it ends."""

    def __init__(self) -> None:
        self._changes: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, str] = {}

    @contextmanager
    def answering(self, conversation: Conversation) -> Iterator[Mapping[str, Any]]:
        """While something is answered in it: the changes so far, as they come."""
        self._asked[conversation.id] = conversation.exchanges[-1].asked
        try:
            yield self._changes.setdefault(conversation.id, {})
        finally:
            self._changes.pop(conversation.id, None)
            self._asked.pop(conversation.id, None)

    def has_gone_on(self, conversation: Conversation) -> bool:
        """Whether another question than its last is being answered in it."""
        asked = self._asked.get(conversation.id)
        return asked is not None and asked != conversation.exchanges[-1].asked

    def changed(self, conversation: Conversation, **changes: Any) -> Conversation:
        """The conversation with these changes; an answer that is under way in it goes on with them too."""
        if (noted := self._changes.get(conversation.id)) is not None:
            noted.update(changes)
        return replace(conversation, **changes)
