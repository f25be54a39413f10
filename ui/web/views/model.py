"""The dialog in which somebody chooses a language model for their tab, where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.domain import Json
from rag.errors import IbidError
from ui.web.desk import Desk, View, html
from ui.web.models import FORBIDDEN, chosen_of, form_html


class Model(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.models, self.try_model]

    def lay_out(self) -> None:
        self.desk.chosen.render()
        if self.desk.chooses:
            html("model", form_html())

    def wire(self) -> None:
        """What is chosen comes with each question."""

    # --- called by the page's script

    def models(self, given: Mapping[str, Any]) -> Json:
        """The models of a server, and the address under which it tells them; or a problem, in one line."""
        from rag.servers.chosen import models_of

        if not self.desk.chooses:
            return {"problem": FORBIDDEN}
        try:
            chosen, models = models_of(chosen_of(dict(given)))
        except IbidError as error:
            return {"problem": str(error)}
        return {"address": chosen.address, "models": models}

    def try_model(self, given: Mapping[str, Any]) -> Json:
        """Whether the model says anything: its name and its host, or a problem, in one line."""
        from rag.servers.chosen import tried

        if not self.desk.chooses:
            return {"problem": FORBIDDEN}
        try:
            model = tried(chosen_of(dict(given)), silent_seconds=self.desk.settings.model_wait)
        except IbidError as error:
            return {"problem": str(error)}
        return {"name": str(model)}
