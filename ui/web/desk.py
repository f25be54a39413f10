"""What the views share: the components that several of them fill, and the way from an event to its handler.

A handler takes a `Tab` and the values of what else it reads, and returns what its components show.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import gradio as gr

from rag.domain import Json
from rag.errors import ChatModelError
from rag.settings import Settings
from ui.web.addresses import Reach
from ui.web.conversation import conversation_from
from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.models import FORBIDDEN, chosen_model, chosen_name
from ui.web.reading import empty_reader_html
from ui.web.tab import Meanwhile, Tab
from ui.web.who import User, user_of

if TYPE_CHECKING:
    from rag.servers.chat_model import ChatModel

Called: TypeAlias = Callable[[Mapping[str, Any], User], Json]
"""What the page's script calls: it takes what that gives, and who asks."""

ASKED_AT_ONCE = 8
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**PRIVATE, "queue": False}
"""For what takes no time: it waits behind nobody."""

_WATCH = "watch('value', () => window.ibid && window.ibid.changed('{}'));"


def html(name: str, value: str = "", *, watched: bool = False, **how: Any) -> gr.HTML:
    """Markup of ours, under that id; what is `watched` tells the page's script of each change."""
    on_load = _WATCH.format(name) if watched else None
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=on_load, **how)


class Desk:
    """The components that several views fill, each placed by the one it belongs to.

    `folder` holds the key of the tab's folder and `bridge` its conversation, beside which the page's script runs and
    whose events it sends; `chosen` is the model that the tab chose. `taking` is the number of the one event that brings
    files. `reach` is what of the web may be fetched, None where nothing may; `chooses` says whether people may choose
    a model, and `names` whether they have names, so that what they keep is kept for them here.
    """

    def __init__(
        self, folders: Folders, settings: Settings, *, reach: Reach | None, chooses: bool, names: bool
    ) -> None:
        self.folders = folders
        self.settings = settings
        # What is fetched is kept like an upload.
        self.reach = reach if settings.takes_uploads else None
        self.chooses = chooses
        self.names = names
        self.meanwhile = Meanwhile()
        self.taking = -1
        self.folder = gr.Textbox(visible="hidden", elem_id="folder", show_label=False)
        self.chosen = gr.Textbox(visible="hidden", elem_id="chosen", show_label=False, render=False)
        self.welcome = html("welcome", render=False)
        self.reader = html("reader", empty_reader_html(), watched=True, render=False)

    def model(self, chosen: str) -> ChatModel | None:
        """The model that a tab chose, None where it chose none. Raises ChatModelError where it may not, or where that
        cannot be one."""
        if chosen and not self.chooses:
            raise ChatModelError(FORBIDDEN)
        return chosen_model(chosen, silent_seconds=self.settings.model_wait)

    def name_of(self, chosen: str) -> str | None:
        """That model and the host it runs on."""
        return chosen_name(chosen) if self.chooses else None

    def run(self, script: str, called: Sequence[Called]) -> None:
        """Let the page run `script`, which may call the functions `called` by their names; they are told who asks."""
        self.bridge = gr.HTML(
            "",
            html_template="",
            js_on_load=f"const NAMED = {'true' if self.names else 'false'};\n{script}",
            elem_id="bridge",
            visible="hidden",
            server_functions=[_plain(one) for one in called],
        )

    def on(
        self,
        trigger: Callable[..., Any],
        handle: Callable[..., Any],
        shown: Sequence[Any],
        *,
        reads: Sequence[Any] = (),
        with_talk: bool = False,
        **how: Any,
    ) -> Any:
        """Let `handle` fill `shown` when `trigger` fires. It takes the tab, `with_talk` its conversation too, and the
        values of what it `reads`. One that yields fills them again and again, and waits for its turn."""

        def once(request: gr.Request, *given: Any) -> Any:
            return handle(*self._opened(request, given, with_talk))

        def again(request: gr.Request, *given: Any) -> Any:
            yield from handle(*self._opened(request, given, with_talk))

        run, manner = (again, PRIVATE) if inspect.isgeneratorfunction(handle) else (once, QUICK)
        return trigger(_named(run, handle), self._inputs(reads, with_talk), shown, **{**manner, **how})

    def on_sent(
        self,
        name: str,
        handle: Callable[..., Any],
        shown: Sequence[Any],
        *,
        reads: Sequence[Any] = (),
        with_talk: bool = False,
        **how: Any,
    ) -> Any:
        """Like `on`, for an event that the page's script sends under that name; what came with it is in the tab."""

        def once(request: gr.Request, event: gr.EventData, *given: Any) -> Any:
            return handle(*self._opened(request, given, with_talk, event._data))

        def again(request: gr.Request, event: gr.EventData, *given: Any) -> Any:
            yield from handle(*self._opened(request, given, with_talk, event._data))

        run, manner = (again, PRIVATE) if inspect.isgeneratorfunction(handle) else (once, QUICK)
        trigger = getattr(self.bridge, name)
        return trigger(_named(run, handle), self._inputs(reads, with_talk), shown, **{**manner, **how})

    def _inputs(self, reads: Sequence[Any], with_talk: bool) -> list[Any]:
        return [*reads, self.folder, *([self.bridge] if with_talk else [])]

    def seen(self, key: object, user: User) -> Folder:
        """The folder that the page's script names, as that user may see it. Raises FolderError for one that is not
        known."""
        return self.folders.seen_by(user, str(key))

    def _opened(self, request: gr.Request, given: Sequence[Any], with_talk: bool, sent: Any = None) -> tuple[Any, ...]:
        """The tab, and the values that were read."""
        *read, key, kept = given if with_talk else (*given, None)
        folder = self.folders.seen_by(sender_of(request), key)
        conversation = conversation_from(kept, folder.key)
        return (Tab(folder=folder, conversation=conversation, sent=sent if isinstance(sent, dict) else {}), *read)


class View(ABC):
    """A part of the page. `opener` is its button in the masthead, if it has one; `arriving` are the components that a
    tab which opens fills with what `arrive` says, and `called` the functions that the page's script may call."""

    opener: ClassVar[str] = ""
    arriving: Sequence[Any] = ()
    called: Sequence[Called] = ()

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def lay_out(self) -> None:
        """Make the components."""

    @abstractmethod
    def wire(self) -> None:
        """Say what happens on their events, once all views are laid out."""

    def opens_to(self, folder: Folder) -> bool:  # noqa: ARG002 – for those that are not for everybody
        """Whether there is anything in it for whoever sees the folder so."""
        return True

    def arrive(self, tab: Tab) -> tuple[Any, ...]:  # noqa: ARG002 – for those with something to show
        """The first values of `arriving`, in order."""
        return ()


def _named(function: Callable[..., Any], handle: Callable[..., Any]) -> Callable[..., Any]:
    """Under the handler's name, which Gradio tells of in errors."""
    function.__name__ = handle.__name__
    return function


def _plain(function: Called) -> Callable[..., Json]:
    """Gradio marks what may be called with an attribute, which bound methods do not take."""

    def call(given: dict[str, Any], request: gr.Request) -> Json:
        return function(given, sender_of(request))

    return _named(call, function)


def sender_of(request: Any) -> User:
    """Who sent the request that an event or a call came with, however long it waited; Gradio gives its own kind of it
    to handlers, and the server's to what the script calls."""
    return user_of(request.request.scope if isinstance(request, gr.Request) else request.scope)
