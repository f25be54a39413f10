"""The dialog in which somebody chooses a language model for their tab, where that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rag.domain import Json
from rag.errors import IbidError
from ui.web.desk import Desk, View, html
from ui.web.models import FORBIDDEN, chosen_of, form_html
from ui.web.who import User

if TYPE_CHECKING:
    from rag.servers.chosen import Chosen


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

    def models(self, given: Mapping[str, Any], _: User) -> Json:
        """The models of a server, and the address under which it tells them; or a problem, in one line."""
        return self._asked(given, _models)

    def try_model(self, given: Mapping[str, Any], _: User) -> Json:
        """Whether the model says anything: its name and its host, or a problem, in one line."""
        return self._asked(given, self._tried)

    def _tried(self, chosen: Chosen) -> Json:
        from rag.servers.chosen import tried

        return {"name": str(tried(chosen, silent_seconds=self.desk.settings.model_wait))}

    def _asked(self, given: Mapping[str, Any], ask: Callable[[Chosen], Json]) -> Json:
        if not self.desk.chooses:
            return {"problem": FORBIDDEN}
        try:
            return ask(chosen_of(dict(given)))
        except IbidError as error:
            return {"problem": str(error)}


def _models(chosen: Chosen) -> Json:
    from rag.servers.chosen import models_of

    told, models = models_of(chosen)
    return {"address": told.address, "models": models}
