"""The overview, over the conversation: what the folder holds, when what it tells of happened, whom and what it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from rag.answer.collection import MOST_READ
from rag.answer.survey import survey
from ui.web.desk import View, html
from ui.web.overview import documents_html, reading_html, survey_html
from ui.web.tab import Tab

_TOLD_EVERY = 5


class Overview(View):
    def lay_out(self) -> None:
        with gr.Column(elem_id="overview", min_width=0):
            html("overview-head", _HEAD)
            self.documents = html("overview-documents")
            self.told = html("overview-told")

    def wire(self) -> None:
        self.desk.on_sent("overview", self.open, [self.documents, self.told], trigger_mode="multiple")

    def open(self, tab: Tab) -> Iterator[tuple[Any, ...]]:
        """The documents at once; the rest once they are read through, which is told meanwhile."""
        folder, records = tab.folder, tab.folder.bot.documents
        read = records[:MOST_READ]
        yield documents_html(folder.key, records), ""
        guides = []
        for number, record in enumerate(read):
            if number % _TOLD_EVERY == 0:
                yield gr.skip(), reading_html(number, len(read))
            guides.append(folder.guide(record))
        yield gr.skip(), survey_html(folder.key, survey(guides), read=len(read), documents=len(records))


_HEAD = (
    '<header class="overview-top"><h2 tabindex="-1">Overview</h2><p>What your documents are, when what they tell of '
    "happened, and whom and what they name. Everything here is a link to its place.</p>"
    '<button type="button" class="act" data-act="view" data-opens="overview">Back to the chat</button></header>'
)
