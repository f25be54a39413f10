"""The page: Gradio's components, what happens on each event, and the named API endpoints.

Handlers are stateless: what a tab knows (its folder, its conversation) comes in with every event, so a restarted
server goes on where it was. The only file that imports gradio.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import Response

from rag.chatbot import Chatbot
from rag.domain import Answer, Json, Passage, Question, document_name
from rag.errors import DocumentError, IbidError
from rag.ingest import Outcome
from rag.settings import Settings
from ui.web import evaluation
from ui.web.api import ask as api_ask
from ui.web.api import search as api_search
from ui.web.asgi import App
from ui.web.conversation import LONGEST_NAME, Conversation, Exchange, conversation_from, new_conversation
from ui.web.entrance import Entrance
from ui.web.export import exported
from ui.web.feedback import feedback_case, write_feedback
from ui.web.folders import Folders, OpenFolder
from ui.web.forgetting import MOST_SESSIONS, Forgetting
from ui.web.markup import attribute, escaped
from ui.web.reading import AROUND, Mark, counted, empty_reader_html, gone_html, library_html, outcomes_html, reader_html
from ui.web.render import Shelf, exchange_html, welcome_html
from ui.web.uploads import Waiting, check_waiting, delete_upload, keep_upload

_ASSETS = Path(__file__).parent / "assets"
_STYLE = "/assets-of-ibid/style.css"
_ASKED_AT_ONCE = 8
_WAITING = 200
_ENDPOINTS = ("ask", "search")
_TICK = 0.7
_FAR_BEYOND = 5


def mount_page(app: FastAPI, folders: Folders, settings: Settings) -> App:
    """Put the page, its events and the named endpoints into `app`, at its root, behind an entrance that lets no file
    through but uploads."""
    laid_out = _Page(folders, settings)
    page = laid_out.blocks
    page.queue(default_concurrency_limit=_ASKED_AT_ONCE, max_size=_WAITING)
    page.state_session_capacity = MOST_SESSIONS
    style = _joined("css")
    app.add_api_route(_STYLE, lambda: Response(style, media_type="text/css"), methods=["GET", "HEAD"])
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
    return Entrance(
        mounted, Waiting(page, taking=laid_out.taking, temporary=settings.temporary), Forgetting(page._queue)
    )


def _joined(kind: str) -> str:
    """The files of one kind as one, the page's own first: the others build on it."""
    files = sorted((_ASSETS / kind).iterdir(), key=lambda path: (path.stem != "page", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


class _Blocks(gr.Blocks):  # type: ignore[misc]
    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """What a call of a named endpoint leaves out is None: a question alone is enough."""
        if block_fn.api_name in _ENDPOINTS:
            inputs += [None] * (len(block_fn.inputs) - len(inputs))
        super().validate_inputs(block_fn, inputs)


class _Page:
    def __init__(self, folders: Folders, settings: Settings) -> None:
        self._folders = folders
        self._settings = settings
        # What was changed in conversations whose answer is still under way, by their ids.
        self._meanwhile: dict[str, dict[str, Any]] = {}
        self._stop_evals: dict[str, threading.Event] = {}
        # Runs over folders that may not be asked here any more say what stands in them.
        self._hidden_runs = (
            frozenset() if folders.remembers else frozenset(name for _, name in evaluation.runs(settings))
        )
        self.taking = -1
        with _Blocks(title="Ibid", fill_width=True, analytics_enabled=False) as self.blocks:
            self._lay_out()
            self._wire()
            self._name_endpoints()

    def _lay_out(self) -> None:
        def export(wanted: dict[str, Any]) -> Json:
            return self.export(wanted)

        def feedback(given: dict[str, Any]) -> Json:
            return self.feedback(given)

        self.folder = gr.Textbox(visible="hidden", elem_id="folder", show_label=False)
        self.bridge = gr.HTML(
            "",
            html_template="",
            js_on_load=_joined("js"),
            elem_id="bridge",
            visible="hidden",
            # Gradio marks these with an attribute, which bound methods do not take.
            server_functions=[export, feedback],
        )
        self.timer = gr.Timer(_TICK, active=False)
        self.header = gr.HTML("", elem_id="masthead", apply_default_css=False, js_on_load=None)
        with gr.Row(elem_id="desk", equal_height=False):
            with gr.Column(elem_id="side", min_width=0):
                self.talks = gr.HTML(_TALKS, elem_id="talks", apply_default_css=False, js_on_load=None)
                self.upload = gr.File(
                    label="Add files",
                    file_count="multiple",
                    elem_id="upload",
                    height=56,
                )
                self.outcomes = gr.HTML("", elem_id="outcomes", apply_default_css=False, js_on_load=None)
                self.library = gr.HTML(
                    "", elem_id="library", apply_default_css=False, js_on_load=_WATCH.format("library")
                )
            with gr.Column(elem_id="talk", min_width=0):
                with gr.Column(elem_id="paper", min_width=0):
                    self.welcome = gr.HTML("", elem_id="welcome", apply_default_css=False, js_on_load=None)
                    self.transcript = gr.HTML("", elem_id="transcript", apply_default_css=False, js_on_load=None)
                    self.live = gr.HTML("", elem_id="live", apply_default_css=False, js_on_load=_WATCH.format("live"))
                with gr.Column(elem_id="composer", min_width=0):
                    with gr.Row(elem_id="ask-row"):
                        self.box = gr.Textbox(
                            label="Your question",
                            placeholder="Ask your documents …",
                            show_label=False,
                            container=False,
                            lines=1,
                            max_lines=6,
                            max_length=4_000,
                            elem_id="question",
                            autofocus=True,
                            scale=8,
                        )
                        self.send = gr.Button("Ask", variant="primary", elem_id="send", min_width=0, scale=0)
                        self.stop = gr.Button("Stop", elem_id="stop", min_width=0, scale=0)
                    self.disclosure = gr.HTML("", elem_id="disclosure", apply_default_css=False, js_on_load=None)
                    self.use_model = gr.Checkbox(
                        True, label="Let the model write", elem_id="use-model", visible=False, container=False
                    )
            with gr.Column(elem_id="evals", min_width=0):
                self.evals_head = gr.HTML(_EVALS, elem_id="evals-head", apply_default_css=False, js_on_load=None)
                with gr.Row(elem_classes="evals-row"):
                    self.suite = gr.Dropdown([], label="Suite", elem_id="suite", scale=3)
                    self.run_suite = gr.Button("Run", variant="primary", elem_id="run-suite", min_width=0, scale=0)
                    self.stop_suite = gr.Button("Stop", elem_id="stop-suite", min_width=0, scale=0)
                self.figures = gr.HTML("", elem_id="figures", apply_default_css=False, js_on_load=None)
                with gr.Row(elem_classes="evals-row"):
                    self.before = gr.Dropdown([], label="Compare this run", elem_id="run-before", scale=3)
                    self.after = gr.Dropdown([], label="with this one", elem_id="run-after", scale=3)
                    self.compare_runs = gr.Button("Compare", elem_id="compare-runs", min_width=0, scale=0)
                self.comparison = gr.HTML("", elem_id="comparison", apply_default_css=False, js_on_load=None)
            with gr.Column(elem_id="source", min_width=0):
                self.reader = gr.HTML(
                    empty_reader_html(), elem_id="reader", apply_default_css=False, js_on_load=_WATCH.format("reader")
                )

    def _wire(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        quick: dict[str, Any] = {**private, "queue": False}
        # The page itself ticks the boxes of the scope and hides the welcome: a report of progress that comes late
        # can undo nothing that somebody did meanwhile.
        standing = [self.library, self.welcome, self.timer]
        talk = [self.bridge, self.transcript, self.live]
        self.blocks.load(
            self.arrive,
            None,
            [self.folder, self.header, *talk, *standing, self.reader, self.disclosure, self.use_model],
            **private,
        )
        asking = gr.on(
            [self.box.submit, self.send.click],
            self.answer,
            [self.box, self.folder, self.bridge, self.use_model],
            [self.box, self.transcript, self.live, self.bridge],
            concurrency_limit=_ASKED_AT_ONCE,
            trigger_mode="multiple",
            **private,
        )
        self.use_model.change(self.disclose, [self.folder, self.use_model], [self.disclosure], **quick)
        self.stop.click(self.stopped, [self.folder, self.bridge], [self.live, self.bridge], cancels=[asking], **quick)
        self.bridge.cite(self.cite, [self.folder], [self.reader], **quick)
        self.bridge.read(self.read, [self.folder], [self.reader], **quick)
        # Whoever leaves a conversation does not wait for its answer; what there is of it was kept as it came.
        self.bridge.restore(self.restore, [self.folder], talk, cancels=[asking], **quick)
        self.bridge.fresh(self.fresh, [self.folder, self.bridge], [*talk, self.reader], cancels=[asking], **quick)
        self.bridge.shut(empty_reader_html, None, [self.reader], **quick)
        self.bridge.rename(self.rename, [self.folder, self.bridge], [self.bridge], **quick)
        # The next ticks go out while Gradio still takes the last ones for under way.
        self.bridge.scope(self.choose, [self.folder, self.bridge], [self.bridge], trigger_mode="multiple", **quick)
        self.bridge.reindex(self.reindex, [self.folder], standing, **quick)
        self.bridge.remove(
            self.remove,
            [self.folder, self.bridge],
            [self.bridge, self.outcomes, self.reader, *standing],
            **private,
        )
        taking = self.upload.upload(
            self.take_in,
            [self.upload, self.folder, self.bridge],
            [self.upload, self.bridge, self.outcomes, *standing],
            **private,
        )
        self.taking = int(taking["id"])
        self.timer.tick(self.tick, [self.folder], standing, **quick)
        choices = [self.suite, self.before, self.after]
        self.bridge.evals(self.open_evals, [self.folder], [*choices, self.figures], **quick)
        # What may be chosen is for the handlers to say: Gradio knows it for a while only.
        self.run_suite.click(
            self.evaluate,
            [self.folder, self.suite],
            [self.figures, *choices],
            concurrency_limit=1,
            preprocess=False,
            **private,
        )
        self.stop_suite.click(self.stop_evaluating, [self.folder], None, **quick)
        self.compare_runs.click(self.compare, [self.before, self.after], [self.comparison], preprocess=False, **private)

    # --- coming in

    def arrive(self, request: gr.Request) -> tuple[Any, ...]:
        """A tab opens: at the folder and the place that its address names."""
        asked = dict(request.query_params)
        try:
            folder = self._folders.get(asked.get("folder"))
        except IbidError as error:
            folder = self._folders.get(None)
            gr.Warning(escaped(str(error)))
        folder.ingest_beside()
        conversation = new_conversation(folder.key)
        return (
            folder.key,
            self._header(folder),
            conversation.text(),
            "",
            "",
            *self._standing(folder, is_indexing=True),
            _place(folder, asked),
            _disclosure_html(folder.bot),
            _switch(folder.bot.writer is not None, folder.bot.second is not None),
        )

    def tick(self, key: str) -> tuple[Any, ...]:
        """While documents are read: how far that is."""
        return self._standing(self._folders.get(key))

    # --- asking

    def answer(self, question: str, key: str, kept: str, use_model: bool) -> Iterator[tuple[Any, ...]]:
        """Ask, and show the answer as it grows."""
        folder = self._folders.get(key)
        conversation = conversation_from(kept, folder.key).interrupted()
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        turns, scope = conversation.turns, conversation.scope
        conversation = conversation.asking(question.strip())
        meanwhile = self._meanwhile.setdefault(conversation.id, {})
        yield "", self._transcript(folder, conversation), self._live(folder, conversation), conversation.text()
        try:
            if scope is not None and not scope:
                raise DocumentError("No document is chosen. Tick at least one under “Documents”.")
            chosen = self._still_there(folder, scope)
            for answer in folder.bot.stream(Question(question, turns=turns, scope=chosen, offline=not use_model)):
                told = _told_while_indexing(answer, folder) if answer.complete else answer
                conversation = replace(conversation.answered(told), **meanwhile)
                yield gr.skip(), gr.skip(), self._live(folder, conversation), conversation.text()
        except IbidError as error:
            conversation = replace(conversation.failed(str(error)), **meanwhile)
            yield gr.skip(), gr.skip(), self._live(folder, conversation), conversation.text()
        except Exception:
            conversation = conversation.failed("Something went wrong inside Ibid; its terminal says what. Ask again.")
            yield gr.skip(), gr.skip(), self._live(folder, conversation), conversation.text()
            raise
        finally:
            self._meanwhile.pop(conversation.id, None)

    def stopped(self, key: str, kept: str) -> tuple[str, str]:
        folder = self._folders.get(key)
        conversation = conversation_from(kept, folder.key).interrupted()
        return self._live(folder, conversation), conversation.text()

    # --- reading

    def cite(self, key: str, event: gr.EventData) -> str:
        """Open a citation: its document, the paragraph, and the span; other citations of the answer marked too."""
        data: Mapping[str, Any] = event._data
        others = [_mark(one) for one in data.get("others", ())]
        return _open(self._folders.get(key), data, others)

    def read(self, key: str, event: gr.EventData) -> str:
        return _open(self._folders.get(key), event._data, [])

    # --- the conversation

    def restore(self, key: str, event: gr.EventData) -> tuple[str, str, str]:
        """A kept conversation opens again, after a reload or from the list."""
        folder = self._folders.get(key)
        conversation = conversation_from(event._data.get("kept"), folder.key).interrupted()
        return self._opened(folder, conversation)

    def fresh(self, key: str, kept: str) -> tuple[str, ...]:
        folder = self._folders.get(key)
        conversation = new_conversation(folder.key, conversation_from(kept, folder.key).scope)
        return (*self._opened(folder, conversation), empty_reader_html())

    def rename(self, key: str, kept: str, event: gr.EventData) -> str:
        return self._changed(conversation_from(kept, key), title=str(event._data["title"])[:LONGEST_NAME]).text()

    def choose(self, key: str, kept: str, event: gr.EventData) -> str:
        """Ask documents or not, one tick after the other; a tick's `document` is None for all of them."""
        folder = self._folders.get(key)
        conversation = conversation_from(kept, folder.key)
        everything = tuple(record.document_id for record in folder.bot.documents)
        scope = conversation.scope
        for tick in event._data.get("ticks") or ():
            scope = _ticked(scope, everything, tick.get("document"), bool(tick.get("asked")))
        return self._changed(conversation, scope=scope).text()

    def _changed(self, conversation: Conversation, **changes: Any) -> Conversation:
        """The conversation with these changes; an answer that is under way in it goes on with them too."""
        if (meanwhile := self._meanwhile.get(conversation.id)) is not None:
            meanwhile.update(changes)
        return replace(conversation, **changes)

    def disclose(self, key: str, use_model: bool) -> str:
        """Where text goes, now that the switch was moved."""
        return _disclosure_html(self._folders.get(key).bot, use_model)

    # --- documents

    def reindex(self, key: str) -> tuple[Any, ...]:
        folder = self._folders.get(key)
        folder.ingest_beside()
        return self._standing(folder, is_indexing=True)

    def take_in(self, files: Sequence[str] | None, key: str, kept: str) -> Iterator[tuple[Any, ...]]:
        """Keep the files that were dropped, index them, and say what became of each."""
        folder = self._folders.get(key)
        conversation = conversation_from(kept, folder.key)
        outcomes: dict[str, str] = {}
        named: dict[str, str] = {}
        # The same file named twice is one: its second half would find nothing any more.
        for path in map(Path, dict.fromkeys(files or ())):
            try:
                check_waiting(path, self._settings.temporary)
                document_id = keep_upload(path, path.name, self._settings.uploads, self._settings.max_file_mb)
                named[document_id] = document_name(document_id)
                outcomes[named[document_id]] = "being read …"
            except IbidError as error:
                outcomes[path.name] = str(error)
            # Gradio's own copy.
            path.unlink(missing_ok=True)
        yield None, gr.skip(), outcomes_html(outcomes), *self._standing(folder, is_indexing=True)
        outcomes |= _become(folder, named, self._settings.uploads)
        if conversation.scope is not None:
            added = tuple(one for one in named if one in folder.ids)
            conversation = replace(conversation, scope=(*conversation.scope, *added))
        yield gr.skip(), _scope_kept(conversation), outcomes_html(outcomes), *self._standing(folder)

    def remove(self, key: str, kept: str, event: gr.EventData) -> tuple[Any, ...]:
        """Delete an uploaded file."""
        folder = self._folders.get(key)
        conversation = conversation_from(kept, folder.key)
        document_id = str(event._data.get("document"))
        try:
            delete_upload(document_id, self._settings.uploads)
            folder.ingest()
            outcomes = {document_name(document_id): "deleted"}
        except IbidError as error:
            outcomes = {document_name(document_id): str(error)}
        if conversation.scope is not None:
            ids = folder.ids
            conversation = replace(conversation, scope=tuple(one for one in conversation.scope if one in ids))
        reader = gone_html(document_id) if event._data.get("showing") and not folder.record(document_id) else gr.skip()
        return _scope_kept(conversation), outcomes_html(outcomes), reader, *self._standing(folder)

    # --- evals

    def open_evals(self, key: str) -> tuple[Any, ...]:
        """The Evals view opens: what can be run, the kept runs, and the figures of the newest."""
        folder = self._folders.get(key)
        kept = evaluation.runs(self._settings, self._hidden_runs)
        shown = (
            evaluation.run_html(self._settings, folder, evaluation.read_kept(self._settings, kept[0][1]))
            if kept
            else ""
        )
        return (*self._eval_choices(folder), shown)

    def evaluate(self, key: str, name: Any) -> Iterator[tuple[Any, ...]]:
        """Run a suite, telling how far it is."""
        folder = self._folders.get(key)
        stopped = self._stop_evals[key] = threading.Event()
        try:
            for told in evaluation.run_beside(self._settings, folder, str(name or ""), stopped):
                if isinstance(told, evaluation.Progress):
                    yield evaluation.progress_html(told), gr.skip(), gr.skip(), gr.skip()
                else:
                    shown = evaluation.run_html(self._settings, folder, told)
                    yield shown, *self._eval_choices(folder)
        except IbidError as error:
            yield evaluation.problem_html(str(error)), gr.skip(), gr.skip(), gr.skip()
        if stopped.is_set():
            yield evaluation.STOPPED_HTML, gr.skip(), gr.skip(), gr.skip()

    def stop_evaluating(self, key: str) -> None:
        """The run itself says that it stopped: its last report may still be under way."""
        if key in self._stop_evals:
            self._stop_evals[key].set()

    def compare(self, before: Any, after: Any) -> str:
        named = [str(one or "") for one in (before, after)]
        chosen = ["" if one in self._hidden_runs else one for one in named]
        try:
            return evaluation.comparison_html(self._settings, *chosen)
        except IbidError as error:
            return evaluation.problem_html(str(error))

    def _eval_choices(self, folder: OpenFolder) -> tuple[Any, ...]:
        suites = list(evaluation.suites(self._settings, folder))
        kept = evaluation.runs(self._settings, self._hidden_runs)
        older = kept[1][1] if len(kept) > 1 else None
        return (
            gr.Dropdown(choices=suites, value=suites[0]),
            gr.Dropdown(choices=kept, value=older),
            gr.Dropdown(choices=kept, value=kept[0][1] if kept else None),
        )

    # --- called by the page itself

    def export(self, wanted: Mapping[str, Any]) -> Json:
        """A conversation as a file: its name, type and text."""
        conversation = conversation_from(wanted.get("kept"), str(wanted.get("folder")))
        file = exported(conversation, str(wanted.get("kind")))
        return {"name": file.name, "type": file.type, "text": file.text}

    def feedback(self, given: Mapping[str, Any]) -> Json:
        """Write what somebody said of an answer; returns what to tell them."""
        try:
            folder = self._folders.get(str(given.get("folder")))
            conversation = conversation_from(given.get("kept"), folder.key)
            exchange = conversation.exchanges[int(given["turn"]) - 1]
            answer = exchange.answer
            if answer is None:
                return {"problem": "There is no answer yet."}
            earlier = [one.question for one in conversation.exchanges[: int(given["turn"]) - 1]]
            chosen = [folder.paragraph(str(one[0]), int(one[1])) for one in given.get("chosen", ())]
            paragraphs = [paragraph for paragraph in chosen if paragraph is not None]
            case = feedback_case(
                exchange.question, answer, earlier, bool(given.get("good")), str(given.get("note") or ""), paragraphs
            )
            write_feedback(self._settings.home, case)
        except IbidError as error:
            return {"problem": str(error)}
        except (LookupError, ValueError, TypeError):
            return {"problem": "That answer is not in this conversation any more."}
        return {"said": "Thank you. It is kept on this machine."}

    # --- the named endpoints

    def _name_endpoints(self) -> None:
        """`ask` and `search` for other programs; as MCP tools they carry these names and descriptions."""

        def ask(question: str, turns: list[Any] | None = None, scope: list[str] | None = None) -> dict[str, Any]:
            """Ask the documents a question and get the Answer JSON: statements, each with verbatim citations and a
            verdict; or an abstention with the closest passages.

            Args:
                question: The question, in plain words.
                turns: Earlier questions of the same conversation, oldest first.
                scope: Names of the documents to answer from; all of them where left out.
            """
            return _or_error(lambda: api_ask(self._folders.get(None), question, turns or [], scope or []))

        def search(question: str, scope: list[str] | None = None, limit: int | None = None) -> dict[str, Any]:
            """Find the passages of the documents that fit a question, best first, with their places and ranks.

            Args:
                question: What to look for.
                scope: Names of the documents to search; all of them where left out.
                limit: How many passages at most, 1 to 20; 10 where left out.
            """
            return _or_error(lambda: api_search(self._folders.get(None), question, scope or [], limit or 10))

        for endpoint in (ask, search):
            gr.api(endpoint, api_name=endpoint.__name__, concurrency_limit=_ASKED_AT_ONCE)

    # --- pieces of the page

    def _welcome(self, folder: OpenFolder) -> str:
        name = "the articles in seeds" if folder.path.name == "seeds" else f"the documents in “{folder.path.name}”"
        return welcome_html(name, len(folder.bot.documents), folder.indexing.running, folder.examples)

    def _header(self, folder: OpenFolder) -> str:
        known = self._folders.known()
        links = "".join(
            f'<li><a href="?folder={attribute(key)}"{" aria-current=page" if key == folder.key else ""}>'
            f"{escaped(str(path))}</a></li>"
            for key, path in known.items()
        )
        path, name = escaped(str(folder.path)), escaped(folder.path.name or str(folder.path))
        return (
            '<header class="masthead"><button type="button" class="act drawer" data-act="drawer" '
            'aria-label="Documents and conversations" aria-controls="side" aria-expanded="false">☰</button>'
            f'<a class="name" href="?folder={attribute(folder.key)}">Ibid</a>'
            f'<details class="switch"><summary aria-label="Folder: {attribute(str(folder.path))}">{name}</summary>'
            f'<div class="folders"><p class="unseen">{path}</p><ul>{links}</ul><p>Another one: <code>ibid chat DIR</code></p></div>'
            "</details>"
            '<button type="button" class="act" data-act="view" data-opens="evals">Evals</button>'
            '<button type="button" class="act" data-act="fresh">New conversation</button></header>'
        )

    def _standing(self, folder: OpenFolder, is_indexing: bool | None = None) -> tuple[Any, ...]:
        """What stands around a conversation and does not depend on it: the list of documents, the welcome, and
        whether to look again soon."""
        look_again = folder.indexing.running if is_indexing is None else is_indexing
        listed = library_html(folder.bot.documents, folder.indexing)
        return listed, self._welcome(folder), gr.Timer(active=look_again)

    def _opened(self, folder: OpenFolder, conversation: Conversation) -> tuple[str, str, str]:
        return conversation.text(), self._transcript(folder, conversation), self._live(folder, conversation)

    def _transcript(self, folder: OpenFolder, conversation: Conversation) -> str:
        """All exchanges but the last, which is live."""
        return "".join(
            exchange_html(exchange, number, _shelf(folder))
            for number, exchange in enumerate(conversation.exchanges[:-1], start=1)
        )

    def _live(self, folder: OpenFolder, conversation: Conversation) -> str:
        exchanges: Sequence[Exchange] = conversation.exchanges
        return exchange_html(exchanges[-1], len(exchanges), _shelf(folder)) if exchanges else ""

    def _still_there(self, folder: OpenFolder, scope: Sequence[str] | None) -> frozenset[str] | None:
        """The scope without documents that have left the folder since it was chosen."""
        if scope is None:
            return None
        there = folder.ids.intersection(scope)
        if not there:
            raise DocumentError("The chosen documents are not among yours any more. Choose others under “Documents”.")
        return there


def _scope_kept(conversation: Conversation) -> Any:
    """The conversation where its scope may have changed; an unlimited one stays as the tab has it by now."""
    return conversation.text() if conversation.scope is not None else gr.skip()


def _ticked(
    scope: tuple[str, ...] | None, everything: tuple[str, ...], document: str | None, is_asked: bool
) -> tuple[str, ...] | None:
    """The scope after one tick: None where every document is asked."""
    if document is None:
        return None if is_asked else ()
    before = everything if scope is None else scope
    chosen = {*before, document} if is_asked else set(before) - {document}
    return None if chosen >= set(everything) else tuple(one for one in everything if one in chosen)


def _told_while_indexing(answer: Answer, folder: OpenFolder) -> Answer:
    """An answer that was given before all documents were in says so, also when it is read later."""
    progress = folder.indexing.progress
    if not folder.indexing.running or progress is None or progress.files_done >= progress.files:
        return answer
    told = f"{progress.files_done:,} of {progress.files:,} files had been read by then."
    return replace(answer, notice=f"{answer.notice} {told}" if answer.notice else told)


def _disclosure_html(bot: Chatbot, use_model: bool = True) -> str:
    """Where text goes, beside the question box."""
    writer = bot.writer if use_model else None
    second = bot.second.name if bot.second else None
    if writer is None and second is None:
        said = "Answers are sentences of your documents, found on this machine. Nothing leaves it."
    elif writer is None:
        said = "Answers are sentences of your documents."
    else:
        said = f"{escaped(writer)} writes the answers: it receives your question and the passages found for it."
    if second is not None:
        questions = "and each question" if use_model else "but no question"
        said += f" {escaped(second)} helps to find passages: it receives the text of every document, {questions}."
    return f'<p class="disclosure">{said}</p>'


def _switch(writes: bool, finds: bool) -> gr.Checkbox:
    """What turns the sending of questions off."""
    label = "Let the model write" if writes else "Let the embedding model help to find"
    return gr.Checkbox(label=label, visible=writes or finds)


def _shelf(folder: OpenFolder) -> Shelf:
    def text_of(passage: Passage) -> str | None:
        record = folder.record(passage.paragraph.document_id)
        if record is None or record.revision != passage.source.revision:
            return None
        paragraph = folder.paragraph(passage.paragraph.document_id, passage.paragraph.number)
        return paragraph.text if paragraph else None

    return Shelf(folder.key, text_of)


def _open(folder: OpenFolder, data: Mapping[str, Any], others: Sequence[Mark]) -> str:
    """A document at a place, with the span that is wanted marked, if it still reads as it was quoted."""
    document_id = str(data.get("document"))
    record = folder.record(document_id)
    if record is None:
        return gone_html(document_id)
    number = min(max(_whole(data.get("paragraph"), 1), 1), record.paragraphs)
    passages = folder.read(document_id, number - AROUND, number + AROUND)
    marks = list(others)
    notice = None
    if data.get("start") is not None:
        mark = Mark(_whole(data.get("start"), 0), _whole(data.get("end"), 0), current=True)
        changed = bool(data.get("revision")) and data["revision"] != record.revision
        if changed and not _reads_as(passages, mark, str(data.get("quote") or "")):
            notice = "This document has changed since it was quoted; the words are not at this place any more."
            marks = []
        else:
            marks.append(mark)
    return reader_html(folder.key, record, passages, number, marks, notice)


def _reads_as(passages: Sequence[Passage], mark: Mark, quote: str) -> bool:
    return any(
        passage.paragraph.text[mark.start - passage.paragraph.start : mark.end - passage.paragraph.start] == quote
        for passage in passages
        if passage.paragraph.start <= mark.start < mark.end <= passage.paragraph.end
    )


def _place(folder: OpenFolder, asked: Mapping[str, str]) -> str:
    return _open(folder, asked, []) if asked.get("document") else empty_reader_html()


def _mark(described: Mapping[str, Any]) -> Mark:
    return Mark(_whole(described.get("start"), 0), _whole(described.get("end"), 0))


def _whole(value: object, otherwise: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return otherwise


def _become(folder: OpenFolder, named: Mapping[str, str], uploads: Path) -> dict[str, str]:
    """Index what was kept; what became of each of `named`, as people read it. What cannot be read is not kept."""
    try:
        report = folder.ingest()
    except IbidError as error:
        return dict.fromkeys(named.values(), str(error))
    # Somebody else may delete what is being read.
    said = dict.fromkeys(named.values(), "deleted before it was read")
    for outcome in report.outcomes:
        if outcome.document_id not in named:
            continue
        record = folder.record(outcome.document_id)
        if outcome.outcome is Outcome.FAILED:
            said[named[outcome.document_id]] = f"not read: {outcome.detail}"
            with suppress(DocumentError):
                delete_upload(outcome.document_id, uploads)
        elif record is not None:
            said[named[outcome.document_id]] = f"added, {counted(record.paragraphs)}"
    return said


def _or_error(call: Callable[[], Json]) -> dict[str, Any]:
    try:
        return dict(call())
    except IbidError as error:
        raise gr.Error(str(error), print_exception=False) from error


_EVALS = (
    '<header class="evals-top"><h2 tabindex="-1">How good are the answers?</h2><p>A suite asks its questions and scores what comes, '
    "on this machine. Question files of your own in <code>IBID_HOME/evals/questions</code> are asked about this folder; "
    "<code>ibid eval</code> does more.</p></header>"
)
_WATCH = "watch('value', () => window.ibid && window.ibid.changed('{}'));"
_TALKS = (
    '<nav class="talks" aria-label="Conversations"><h2>Conversations</h2><ul id="talk-list"></ul>'
    '<div class="exports" hidden><span>Export</span>'
    '<button type="button" class="act" data-act="export" data-kind="markdown">Markdown</button>'
    '<button type="button" class="act" data-act="export" data-kind="html">HTML</button>'
    '<button type="button" class="act" data-act="export" data-kind="json">JSON</button></div></nav>'
    '<div id="announcer" class="unseen" role="status" aria-live="polite"></div>'
)
