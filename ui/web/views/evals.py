"""The Evals view, over the conversation: run a suite, look at its figures, compare two runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from rag.errors import IbidError
from ui.web import evaluation
from ui.web.desk import Desk, View, html
from ui.web.folder import Folder
from ui.web.tab import Tab


class Evals(View):
    opener = '<button type="button" class="act" data-act="view" data-opens="evals">Evals</button>'

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        # By the keys of folders, as one suite runs at a time: whoever has the same folder open may stop it.
        self._stopped: dict[str, threading.Event] = {}
        # Runs over folders that may not be asked here any more say what stands in them.
        self._hidden = (
            frozenset() if desk.folders.remembers else frozenset(name for _, name in evaluation.runs(desk.settings))
        )

    def lay_out(self) -> None:
        with gr.Column(elem_id="evals", min_width=0):
            html("evals-head", _HEAD)
            with gr.Row(elem_classes="evals-row"):
                self.suite = gr.Dropdown([], label="Suite", elem_id="suite", scale=3)
                self.run_suite = gr.Button("Run", variant="primary", elem_id="run-suite", min_width=0, scale=0)
                self.stop_suite = gr.Button("Stop", elem_id="stop-suite", min_width=0, scale=0)
            self.figures = html("figures")
            with gr.Row(elem_classes="evals-row"):
                self.before = gr.Dropdown([], label="Compare this run", elem_id="run-before", scale=3)
                self.after = gr.Dropdown([], label="with this one", elem_id="run-after", scale=3)
                self.compare_runs = gr.Button("Compare", elem_id="compare-runs", min_width=0, scale=0)
            self.comparison = html("comparison")

    def wire(self) -> None:
        desk, choices = self.desk, [self.suite, self.before, self.after]
        desk.on_sent("evals", self.open, [*choices, self.figures])
        # What may be chosen is for the handlers to say: Gradio knows it for a while only.
        desk.on(
            self.run_suite.click,
            self.evaluate,
            [self.figures, *choices],
            reads=[self.suite],
            concurrency_limit=1,
            preprocess=False,
        )
        desk.on(self.stop_suite.click, self.stop, [])
        desk.on(
            self.compare_runs.click,
            self.compare,
            [self.comparison],
            reads=[self.before, self.after],
            preprocess=False,
            queue=True,
        )

    def opens_to(self, folder: Folder) -> bool:
        """A suite asks all documents, and its runs quote them."""
        return not folder.reader.is_restricted

    def open(self, tab: Tab) -> tuple[Any, ...]:
        """The Evals view opens: what can be run, the kept runs, and the figures of the newest."""
        if not self.opens_to(tab.folder):
            return *(gr.Dropdown(choices=[], value=None) for _ in range(3)), evaluation.problem_html(_NOT_YOURS)
        settings = self.desk.settings
        kept = evaluation.runs(settings, self._hidden)
        newest = evaluation.read_kept(settings, kept[0][1]) if kept else None
        shown = evaluation.run_html(settings, tab.folder, newest) if newest else ""
        return (*self._choices(tab.folder), shown)

    def evaluate(self, tab: Tab, name: Any) -> Iterator[tuple[Any, ...]]:
        """Run a suite, telling how far it is."""
        if not self.opens_to(tab.folder):
            yield _figures(evaluation.problem_html(_NOT_YOURS))
            return
        stopped = self._stopped[tab.folder.key] = threading.Event()
        try:
            for told in evaluation.run_beside(self.desk.settings, tab.folder, str(name or ""), stopped):
                if isinstance(told, evaluation.Progress):
                    yield _figures(evaluation.progress_html(told))
                else:
                    shown = evaluation.run_html(self.desk.settings, tab.folder, told)
                    yield shown, *self._choices(tab.folder)
        except IbidError as error:
            yield _figures(evaluation.problem_html(str(error)))
        if stopped.is_set():
            yield _figures(evaluation.STOPPED_HTML)

    def stop(self, tab: Tab) -> None:
        """The run itself says that it stopped: its last report may still be under way."""
        if self.opens_to(tab.folder) and tab.folder.key in self._stopped:
            self._stopped[tab.folder.key].set()

    def compare(self, tab: Tab, before: Any, after: Any) -> str:
        """What changed from one run to another."""
        if not self.opens_to(tab.folder):
            return evaluation.problem_html(_NOT_YOURS)
        named = [str(one or "") for one in (before, after)]
        chosen = ["" if one in self._hidden else one for one in named]
        try:
            return evaluation.comparison_html(self.desk.settings, *chosen)
        except IbidError as error:
            return evaluation.problem_html(str(error))

    def _choices(self, folder: Folder) -> tuple[Any, ...]:
        suites = list(evaluation.suites(self.desk.settings, folder))
        kept = evaluation.runs(self.desk.settings, self._hidden)
        older = kept[1][1] if len(kept) > 1 else None
        return (
            gr.Dropdown(choices=suites, value=suites[0] if suites else None),
            gr.Dropdown(choices=kept, value=older),
            gr.Dropdown(choices=kept, value=kept[0][1] if kept else None),
        )


def _figures(shown: str) -> tuple[Any, ...]:
    """These instead of the figures; what can be chosen stays."""
    return shown, gr.skip(), gr.skip(), gr.skip()


_NOT_YOURS = "A suite asks all documents, so it is for whoever runs this chat: `ibid eval`."
_HEAD = (
    '<header class="evals-top"><h2 tabindex="-1">How good are the answers?</h2><p>A suite asks its questions and scores what comes, '
    "on this machine. <b>seeds</b> asks about the articles that come with Ibid, not about this folder. For this folder put a file of "
    "questions with their right answers into <code>evals/questions</code> below Ibid’s home (<code>IBID_HOME</code>, else "
    "<code>.ibid</code> where it was started): <code>ibid eval generate</code> makes one to begin with.</p></header>"
)
