"""The side pane: the conversations that are kept, the files that people add, and the documents that are asked."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, cast

import gradio as gr

from rag.documents.loaders.formats import ending_of
from rag.domain import document_name
from rag.errors import DocumentError, FetchError, IbidError
from rag.ingest import Outcome
from rag.owners import owner_of, root_of
from rag.settings import Settings
from ui.web.addresses import WebAddress
from ui.web.consent import coming_html, question_html, refused_html
from ui.web.desk import View, html
from ui.web.fetching import Found, Limits, Page, fetch
from ui.web.folder import Folder
from ui.web.origins import Origin, forget_origin, keep_origin
from ui.web.readers import Reader
from ui.web.reading import counted, gone_html, library_html, outcomes_html
from ui.web.tab import Tab
from ui.web.talks import talks_html
from ui.web.uploads import NO_UPLOAD, delete_upload, keep_bytes, take_waiting
from ui.web.welcome import welcome_html
from ui.web.who import User

_SHARED = "not taken: this index is shared with others. Put the file into the documents folder."

_TICK = 0.7
"""Seconds from one look at an ingest under way to the next."""


class Documents(View):
    def lay_out(self) -> None:
        self.timer = gr.Timer(_TICK, active=False)
        with gr.Column(elem_id="side", min_width=0):
            html("talks", talks_html(is_kept_here=self.desk.names))
            self.upload = gr.File(label="Add files", file_count="multiple", elem_id="upload", height=56)
            html("paste", _paste_html(can_fetch=self.desk.reach is not None))
            self.consent = html("consent", watched=True)
            self.outcomes = html("outcomes")
            self.added = gr.State(())
            html("openers", _OPENERS)
            self.library = html("library", watched=True)
        # The page itself ticks the boxes of the scope and hides the welcome: a report of progress that comes late
        # can undo nothing that somebody did meanwhile.
        self.arriving = [self.library, self.desk.welcome, self.timer]

    def wire(self) -> None:
        desk, standing = self.desk, self.arriving
        # The next ticks go out while Gradio still takes the last ones for under way.
        desk.on_sent("scope", self.choose, [desk.bridge], with_talk=True, trigger_mode="multiple")
        desk.on_sent("reindex", self.reindex, standing)
        desk.on_sent("answered", self.tick, standing)
        # Of two files deleted one right after the other, both go.
        changed = [self.outcomes, desk.reader, *standing]
        removing = desk.on_sent("remove", self.remove, changed, queue=True, trigger_mode="multiple")
        taking = desk.on(
            self.upload.upload,
            self.take_in,
            [self.upload, self.outcomes, self.added, *standing],
            reads=[self.upload],
        )
        desk.on_sent("address", self.ask_to_fetch, [self.consent], trigger_mode="multiple")
        fetching = desk.on_sent("fetch", self.fetch, [self.consent, self.outcomes, self.added, *standing])
        # Reading takes a while, in which answers come and boxes are ticked: the conversation is taken as it is then.
        for done in (removing, taking, fetching):
            desk.on(done.then, self.include, [desk.bridge, self.added], reads=[self.added], with_talk=True)
        desk.taking = int(taking["id"])
        desk.on(self.timer.tick, self.tick, standing)

    def arrive(self, tab: Tab) -> tuple[Any, ...]:
        return _standing(tab.folder, is_indexing=True)

    def tick(self, tab: Tab) -> tuple[Any, ...]:
        """What stands there by now: while documents are read, and when a question had the folder looked at."""
        return _standing(tab.folder)

    def choose(self, tab: Tab) -> str:
        """Ask documents or not, one tick after the other; a tick's `documents` are None for all of them."""
        everything = tuple(record.document_id for record in tab.folder.bot.documents)
        scope = tab.conversation.scope
        for tick in tab.sent.get("ticks") or ():
            named = tick.get("documents")
            documents = frozenset(map(str, named)) if isinstance(named, list) else None
            scope = _ticked(scope, everything, documents, is_asked=bool(tick.get("asked")))
        return self.desk.meanwhile.changed(tab.conversation, scope=scope).text()

    def reindex(self, tab: Tab) -> tuple[Any, ...]:
        """Look for changes in the folder."""
        tab.folder.ingest_beside()
        return _standing(tab.folder, is_indexing=True)

    def take_in(self, tab: Tab, files: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """Keep the files that were dropped, index them, and say what became of each."""
        named, outcomes = self._keep(files or (), tab.folder.reader.user)
        for cleared, told in zip((None, gr.skip()), self._read(tab.folder, named, outcomes), strict=True):
            yield cleared, *told

    def ask_to_fetch(self, tab: Tab) -> str:
        """Whether the page at an address shall be fetched, and from which host. Asks nobody but the person."""
        wanted = str(tab.sent.get("address") or "")
        try:
            return question_html(self._address(wanted), called=_called(tab)) if wanted else ""
        except FetchError as error:
            return refused_html(str(error))

    def fetch(self, tab: Tab) -> Iterator[tuple[Any, ...]]:
        """Fetch a page that somebody said yes to, and read it like a file that was dropped."""
        unchanged = (gr.skip(),) * (2 + len(self.arriving))
        try:
            address = self._address(str(tab.sent.get("address")))
            found = yield from self._coming(address, unchanged)
            if isinstance(found, WebAddress):
                yield question_html(found, called=_called(tab), sent_on_by=address.netloc), *unchanged
                return
            document_id = self._keep_page(found, _called(tab), tab.folder.reader.user)
        except IbidError as error:
            yield refused_html(str(error)), *unchanged
            return
        named = {document_id: document_name(document_id)}
        outcomes = {named[document_id]: "being read …"}
        for cleared, told in zip(("", gr.skip()), self._read(tab.folder, named, outcomes), strict=True):
            yield cleared, *told

    def remove(self, tab: Tab) -> tuple[Any, ...]:
        """Delete an uploaded file."""
        document_id = str(tab.sent.get("document"))
        try:
            _delete(document_id, self.desk.settings, tab.folder.reader)
            tab.folder.ingest()
            said = "deleted"
        except IbidError as error:
            said = str(error)
        is_shown = tab.sent.get("showing") and document_id not in tab.folder.ids
        reader = gone_html(document_id) if is_shown else gr.skip()
        return outcomes_html({document_name(document_id): said}), reader, *_standing(tab.folder)

    def include(self, tab: Tab, added: Sequence[str]) -> tuple[Any, ...]:
        """Ask the files that were added too, where not all are asked anyway, and those no more that have left."""
        scope, ids = tab.conversation.scope, tab.folder.ids
        if scope is None:
            return gr.skip(), ()
        there = tuple(one for one in dict.fromkeys((*scope, *added)) if one in ids)
        return self.desk.meanwhile.changed(tab.conversation, scope=there).text(), ()

    def _address(self, text: str) -> WebAddress:
        """Raises FetchError for what may not be fetched, and where nothing may."""
        if self.desk.reach is None:
            raise FetchError(_NOT_HERE)
        return self.desk.reach.address(text)

    def _coming(self, address: WebAddress, unchanged: tuple[Any, ...]) -> Generator[tuple[Any, ...], None, Found]:
        """Says how much has come, and returns what `fetch` does. Whoever closes their tab ends it."""
        assert self.desk.reach is not None
        settings = self.desk.settings
        limits = Limits(most_mb=settings.max_file_mb)
        with closing(fetch(address, reach=self.desk.reach, limits=limits, plugged=settings.plugged)) as fetching:
            yield coming_html(address, 0), *unchanged
            told = time.monotonic()
            while True:
                try:
                    came = next(fetching)
                except StopIteration as ended:
                    return cast(Found, ended.value)
                if time.monotonic() - told > _TICK:
                    yield coming_html(address, came), *unchanged
                    told = time.monotonic()

    def _keep_page(self, page: Page, called: str, user: User) -> str:
        """The document id of a page that was fetched, called as somebody wished. Raises what `keep_bytes` raises."""
        settings = self.desk.settings
        name = f"{called}{ending_of(page.name)}" if called else page.name
        document_id = keep_bytes(
            page.data, name, settings.uploads_of(user), plugged=settings.plugged, root=root_of(user)
        )
        origin = Origin(address=page.address.text, fetched=dt.datetime.now().astimezone())
        keep_origin(document_id, origin, size=len(page.data), origins=settings.origins_of(user))
        return document_id

    def _read(self, folder: Folder, named: Mapping[str, str], outcomes: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """Index what was kept: once before it is read, once after it, what to say of each, what was added, and what
        stands there."""
        yield outcomes_html(outcomes), (), *_standing(folder, is_indexing=True)
        become = {**outcomes, **_become(folder, named, self.desk.settings)}
        yield outcomes_html(become), tuple(named), *_standing(folder)

    def _keep(self, files: Sequence[str], user: User) -> tuple[dict[str, str], dict[str, str]]:
        """The names of those that were kept, by their document ids, and what is to be said of each file so far."""
        settings = self.desk.settings
        named: dict[str, str] = {}
        outcomes: dict[str, str] = {}
        if not settings.takes_uploads:
            return {}, {Path(path).name: _SHARED for path in files}
        # The same file named twice is one: its second half would find nothing any more.
        for path in map(Path, dict.fromkeys(files)):
            try:
                document_id = take_waiting(
                    path,
                    temporary=settings.temporary,
                    uploads=settings.uploads_of(user),
                    max_file_mb=settings.max_file_mb,
                    plugged=settings.plugged,
                    root=root_of(user),
                )
                named[document_id] = document_name(document_id)
                outcomes[named[document_id]] = "being read …"
            except IbidError as error:
                outcomes[path.name] = str(error)
        return named, outcomes


def _standing(folder: Folder, *, is_indexing: bool | None = None) -> tuple[Any, ...]:
    """What stands around a conversation and does not depend on it: the list of documents, the welcome, and whether to
    look again soon."""
    is_busy = folder.indexing.running or bool(folder.indexing.to_come) or folder.is_introducing
    look_again = is_busy if is_indexing is None else is_indexing
    return library_html(folder.bot.documents, folder.indexing), _welcome(folder), gr.Timer(active=look_again)


def _welcome(folder: Folder) -> str:
    name = "the articles in seeds" if folder.name == "seeds" else f"the documents in “{folder.name}”"
    documents, introduction = len(folder.bot.documents), folder.introduction
    is_restricted = folder.reader.is_restricted
    return welcome_html(folder.key, name, documents, folder.indexing, introduction, is_restricted=is_restricted)


def _ticked(
    scope: tuple[str, ...] | None, everything: tuple[str, ...], documents: frozenset[str] | None, *, is_asked: bool
) -> tuple[str, ...] | None:
    """The scope after one tick: None where every document is asked."""
    if documents is None:
        return None if is_asked else ()
    before = set(everything if scope is None else scope)
    chosen = before | documents if is_asked else before - documents
    return None if chosen >= set(everything) else tuple(one for one in everything if one in chosen)


def _delete(document_id: str, settings: Settings, reader: Reader) -> None:
    """An upload that somebody sees, and where it came from. Raises DocumentError for what is none to them."""
    if not reader.may_read(document_id):
        raise DocumentError(NO_UPLOAD.format(document=document_id))
    owner = owner_of(document_id)
    delete_upload(document_id, settings.uploads_of(owner))
    forget_origin(document_id, settings.origins_of(owner))


def _called(tab: Tab) -> str:
    """What somebody wants what is fetched to be called; empty where they did not say."""
    return str(tab.sent.get("called") or "")


def _become(folder: Folder, named: Mapping[str, str], settings: Settings) -> dict[str, str]:
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
                _delete(outcome.document_id, settings, folder.reader)
        elif record is not None:
            said[named[outcome.document_id]] = f"added, {counted(record.paragraphs)}"
    return said


def _paste_html(*, can_fetch: bool) -> str:
    kinds = "text or a web address" if can_fetch else "text"
    its = "Its text, which stays on this server, or its address" if can_fetch else "Its text; it stays on this server"
    return (
        f'<details class="paste"><summary>Paste {kinds}</summary><form class="paste-form">'
        '<label for="paste-name">What it is called</label>'
        '<input id="paste-name" type="text" maxlength="80" placeholder="Notes of the meeting" autocomplete="off">'
        f'<label for="paste-text">{its}</label>'
        '<textarea id="paste-text" rows="5"></textarea>'
        '<button type="submit" class="act main">Add as a document</button></form></details>'
    )


_NOT_HERE = (
    "Web pages are not fetched here. Paste the text, or save the page and add the file; whoever runs this chat can "
    "allow it (IBID_WEB=true)."
)
_OPENERS = (
    '<div class="acts"><button type="button" class="act" data-act="view" data-opens="overview">Overview</button>'
    '<button type="button" class="act" data-act="view" data-opens="notes">Notes</button></div>'
)
