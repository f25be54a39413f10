"""The page: its views beside one another, Gradio's set-up, and the named endpoints.

Handlers keep nothing of a tab: its folder and its conversation come in with every event, so a restarted server goes on
where it was. What the server holds meanwhile is of work under way alone, and gone with it: what is changed in a
conversation that is being answered (`Meanwhile`), and the wish to stop a suite (`Evals`).
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import gradio as gr
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from rag.domain import Json
from rag.errors import IbidError
from rag.settings import Settings
from ui.web.addresses import Reach
from ui.web.api import endpoints
from ui.web.asgi import App
from ui.web.conversation import new_conversation
from ui.web.desk import ASKED_AT_ONCE, PRIVATE, Desk, View, html, sender_of
from ui.web.entrance import Entrance
from ui.web.folder import Folder
from ui.web.folders import Folders
from ui.web.forgetting import MOST_SESSIONS, Forgetting
from ui.web.keys import keys_html
from ui.web.markup import escaped
from ui.web.masthead import masthead_html
from ui.web.public import Addressed, public_address
from ui.web.tab import Tab
from ui.web.uploads import Waiting
from ui.web.views.chat import Chat
from ui.web.views.documents import Documents
from ui.web.views.evals import Evals
from ui.web.views.keeping import Keeping
from ui.web.views.model import Model
from ui.web.views.notes import Notes
from ui.web.views.opening import Opening
from ui.web.views.overview import Overview
from ui.web.views.source import Source
from ui.web.who import User

VIEWS = (Documents, Chat, Evals, Overview, Notes, Source, Model, Opening, Keeping)
"""From left to right; what lies over them comes last."""

_ASSETS = Path(__file__).parent / "assets"
_STYLE = "/assets-of-ibid/style.css"
_WAITING = 200
_FAR_BEYOND = 5


def mount_page(
    app: FastAPI,
    folders: Folders,
    settings: Settings,
    *,
    reach: Reach | None = None,
    chooses: bool = False,
    names: bool = False,
) -> App:
    """Put the page, its events and the named endpoints into `app`, at its root, behind an entrance that lets no file
    through but uploads. `reach` is what of the web may be fetched, None where nothing may; `chooses` says whether
    people may choose a model, `names` whether they have names."""
    desk, page = _page(folders, settings, reach=reach, chooses=chooses, names=names)
    page.queue(default_concurrency_limit=ASKED_AT_ONCE, max_size=_WAITING)
    page.state_session_capacity = MOST_SESSIONS
    style = _joined("css")
    app.add_api_route(_STYLE, lambda: _kept(style), methods=["GET", "HEAD"], include_in_schema=False)
    version = hashlib.sha256(style.encode()).hexdigest()[:8]
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        # As a file: what Gradio is given as `css` it puts under a selector of its own, out of reach of <body>. Its
        # hash in the address sees to it that no browser keeps an old one.
        head=f'<link rel="stylesheet" href="{_STYLE[1:]}?{version}">',
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"], primary_hue="amber"
        ),
        footer_links=[],
        ssr_mode=False,
        run_history=False,
        show_error=True,
        # Beyond the limit files are refused one by one, in our words; far beyond it they are not even taken.
        max_file_size=int(_FAR_BEYOND * settings.max_file_mb * 1_000_000),
        # Without the extra Gradio would leave the tools out in silence; `ibid chat` says which it is.
        mcp_server=importlib.util.find_spec("mcp") is not None,
    )
    # Gradio checks that a file which an event names was uploaded, or is else free to be read, only once its own
    # `launch` set this: in a mounted application every file of this machine would be copied and given out.
    page.has_launched = True
    public = public_address(settings)
    # Then the page asks where it was loaded from, at the path that it is told: the public address and this machine's own
    # both lead here. Gradio has it for Colab, where a proxy stands before it too.
    page.config["is_colab"] = public is not None
    waiting = Waiting(page, taking=desk.taking, temporary=settings.temporary)
    told = Addressed(mounted, public) if public else mounted
    return Entrance(told, waiting, Forgetting(page._queue))


class _Blocks(gr.Blocks):  # type: ignore[misc]
    """`endpoints` are the names of those that may be called with a question alone."""

    endpoints: tuple[str, ...] = ()

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """What a call of a named endpoint leaves out is None."""
        if block_fn.api_name in self.endpoints:
            inputs += [None] * (len(block_fn.inputs) - len(inputs))
        super().validate_inputs(block_fn, inputs)


def _page(
    folders: Folders, settings: Settings, *, reach: Reach | None, chooses: bool, names: bool
) -> tuple[Desk, _Blocks]:
    with _Blocks(title="Ibid", fill_width=True, analytics_enabled=False) as blocks:
        desk = Desk(folders, settings, reach=reach, chooses=chooses, names=names)
        views = [view(desk) for view in VIEWS]
        desk.run(_joined("js"), [function for view in views for function in view.called])
        masthead = html("masthead")
        html("keys", keys_html())
        with gr.Row(elem_id="desk", equal_height=False):
            for view in views:
                view.lay_out()
        arriving = [component for view in views for component in view.arriving]
        blocks.load(_arrival(folders, views), None, [desk.folder, masthead, desk.bridge, *arriving], **PRIVATE)
        for view in views:
            view.wire()
        _name_endpoints(blocks, folders)
    return desk, blocks


def _arrival(folders: Folders, views: Sequence[View]) -> Callable[..., tuple[Any, ...]]:

    def arrive(request: gr.Request) -> tuple[Any, ...]:
        """A tab opens: at the folder and the place that its address names."""
        asked = dict(request.query_params)
        folder = _named_or_first(folders, sender_of(request), asked.get("folder"))
        folder.ingest_beside()
        tab = Tab(folder=folder, conversation=new_conversation(folder.key), sent=asked)
        openers = "".join(view.opener for view in views if view.opens_to(folder))
        masthead = masthead_html(folder, folders, openers)
        return folder.key, masthead, tab.conversation.text(), *(value for view in views for value in view.arrive(tab))

    return arrive


def _name_endpoints(blocks: _Blocks, folders: Folders) -> None:
    """Let other programs call them, and models, as tools."""
    called, at_once = endpoints(folders), asyncio.Semaphore(ASKED_AT_ONCE)
    blocks.endpoints = tuple(endpoint.__name__ for endpoint in called)
    for endpoint in called:
        gr.api(
            _telling(endpoint, at_once),
            api_name=endpoint.__name__,
            concurrency_limit=ASKED_AT_ONCE,
            # A tool that is queued Gradio calls over HTTP from here, where it has no password.
            queue=False,
        )


def _named_or_first(folders: Folders, user: User, key: str | None) -> Folder:
    """The folder of that key, the one the chat was started with where none is known by it."""
    try:
        return folders.seen_by(user, key)
    except IbidError as error:
        gr.Warning(escaped(str(error)))
        return folders.seen_by(user, None)


def _telling(endpoint: Callable[..., Json], at_once: asyncio.Semaphore) -> Callable[..., Awaitable[Json]]:
    """The endpoint, told who calls, and its errors told to the caller in our words."""

    async def call(request: gr.Request, *given: Any) -> Json:
        try:
            async with at_once:
                return await run_in_threadpool(endpoint, sender_of(request), *given)
        except IbidError as error:
            raise gr.Error(str(error), print_exception=False) from error

    call.__name__, call.__doc__ = endpoint.__name__, endpoint.__doc__
    # In place of who calls Gradio gives the request; it is no part of what a caller gives.
    told, hints = inspect.signature(endpoint), get_type_hints(endpoint)
    asked_by = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    _, *others = told.parameters.values()
    call.__signature__ = told.replace(parameters=[asked_by, *others])  # type: ignore[attr-defined]
    call.__annotations__ = {"request": gr.Request, **{name: one for name, one in hints.items() if name != "user"}}
    return call


def _kept(style: str) -> Response:
    # For a year: another style has another address.
    return Response(style, media_type="text/css", headers={"cache-control": "max-age=31536000, immutable"})


def _joined(kind: str) -> str:
    """The files of one kind as one, the page's own first: the others build on it."""
    files = sorted((_ASSETS / kind).glob(f"*.{kind}"), key=lambda path: (path.stem != "page", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)
