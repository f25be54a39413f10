"""The conversation: questions, answers as they grow, and where one asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.chatbot import LONGEST_QUESTION
from rag.domain import Json
from rag.errors import IbidError
from ui.web.answers import grown, still_there
from ui.web.conversation import LONGEST_NAME, Conversation, State, conversation_from, new_conversation
from ui.web.desk import ASKED_AT_ONCE, Desk, View, html
from ui.web.export import exported
from ui.web.feedback import feedback_case, take_back, write_feedback
from ui.web.folder import Folder
from ui.web.models import disclosure_html, switch_label
from ui.web.passages import Shelf
from ui.web.reading import empty_reader_html
from ui.web.render import exchange_html
from ui.web.tab import Tab
from ui.web.who import User

if TYPE_CHECKING:
    pass


class Chat(View):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.called = [self.export, self.feedback, self.next_questions]

    def lay_out(self) -> None:
        with gr.Column(elem_id="talk", min_width=0):
            with gr.Column(elem_id="paper", min_width=0):
                self.desk.welcome.render()
                self.transcript = html("transcript", watched=True)
                self.live = html("live", watched=True)
            with gr.Column(elem_id="composer", min_width=0):
                html("narrowed", _NARROWED)
                html("editing", _EDITING)
                with gr.Row(elem_id="ask-row"):
                    self.box = gr.Textbox(
                        label="Your question",
                        placeholder="Ask your documents …",
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=6,
                        max_length=LONGEST_QUESTION,
                        elem_id="question",
                        autofocus=True,
                        scale=8,
                    )
                    self.send = gr.Button("Ask", variant="primary", elem_id="send", min_width=0, scale=0)
                    self.stop = gr.Button("Stop", elem_id="stop", min_width=0, scale=0)
                self.disclosure = html("disclosure")
                self.use_model = gr.Checkbox(
                    True, label="Let the model write", elem_id="use-model", visible=False, container=False
                )
        self.arriving = [self.transcript, self.live, self.disclosure, self.use_model]

    def wire(self) -> None:
        desk, bridge = self.desk, self.desk.bridge
        asking = desk.on(
            partial(gr.on, [self.box.submit, self.send.click]),
            self.answer,
            [self.box, self.transcript, self.live, bridge],
            reads=[self.box, self.use_model, desk.chosen],
            with_talk=True,
            concurrency_limit=ASKED_AT_ONCE,
            trigger_mode="multiple",
        )
        again = desk.on_sent(
            "again",
            self.ask_again,
            [self.transcript, self.live, bridge],
            reads=[self.use_model, desk.chosen],
            with_talk=True,
            concurrency_limit=ASKED_AT_ONCE,
            trigger_mode="multiple",
        )
        asking = [asking, again]
        where_text_goes = [self.disclosure, self.use_model]
        desk.on(self.use_model.change, self.disclose, where_text_goes, reads=[self.use_model, desk.chosen])
        desk.on(desk.chosen.change, self.disclose, where_text_goes, reads=[self.use_model, desk.chosen])
        desk.on(self.stop.click, self.stopped, [self.live, bridge], with_talk=True, cancels=asking)
        # Whoever leaves a conversation does not wait for its answer; what there is of it was kept as it came.
        talk = [bridge, self.transcript, self.live]
        desk.on_sent("restore", self.restore, talk, cancels=asking)
        desk.on_sent("fresh", self.fresh, [*talk, desk.reader], with_talk=True, cancels=asking)
        desk.on_sent("rename", self.rename, [bridge], with_talk=True)
        desk.on_sent("drop", self.drop, talk, with_talk=True)

    def arrive(self, tab: Tab) -> tuple[Any, ...]:
        return "", "", *self.disclose(tab, use_model=True, chosen="")

    # --- asking

    def answer(self, tab: Tab, question: str, use_model: bool, chosen: str) -> Iterator[tuple[Any, ...]]:
        """Ask, and show the answer as it grows."""
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        asked = tab.conversation.interrupted().asking(question.strip())
        emptied = iter([""])
        for shown in self._answering(tab.folder, asked, use_model=use_model, chosen=chosen):
            yield next(emptied, gr.skip()), *shown

    def ask_again(self, tab: Tab, use_model: bool, chosen: str) -> Iterator[tuple[Any, ...]]:
        """Ask the question of a turn anew, or as it was edited, in its place: what came after it is gone."""
        question = str(tab.sent.get("question") or "").strip()
        if not question:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        before = tab.conversation.interrupted().before(_turn(tab))
        yield from self._answering(tab.folder, before.asking(question), use_model=use_model, chosen=chosen)

    def _answering(
        self, folder: Folder, asked: Conversation, *, use_model: bool, chosen: str
    ) -> Iterator[tuple[Any, ...]]:
        """Earlier exchanges, the live one and the conversation, as the answer to its last question grows."""
        with self.desk.meanwhile.answering(asked) as changes:
            yield _transcript(folder, asked), _live(folder, asked), asked.text()
            for conversation in grown(
                folder, asked, changes, use_model=use_model, model_of=lambda: self.desk.model(chosen)
            ):
                yield gr.skip(), _live(folder, conversation), conversation.text()

    def stopped(self, tab: Tab) -> tuple[str, str]:
        """What there is of an answer that somebody stopped."""
        conversation = tab.conversation.interrupted()
        return _live(tab.folder, conversation), conversation.text()

    def disclose(self, tab: Tab, use_model: bool, chosen: str) -> tuple[Any, ...]:
        """Where text goes, and the switch that keeps questions here."""
        bot = tab.folder.bot
        writer, second = self.desk.name_of(chosen) or bot.writer, bot.second.name if bot.second else None
        shown = disclosure_html(writer, second, use_model=use_model, chooses=self.desk.chooses)
        return shown, gr.Checkbox(label=switch_label(writes=writer is not None), visible=bool(writer or second))

    # --- the conversation

    def restore(self, tab: Tab) -> tuple[str, ...]:
        """A kept conversation opens again, after a reload or from the list."""
        return _opened(tab.folder, conversation_from(tab.sent.get("kept"), tab.folder.key).interrupted())

    def fresh(self, tab: Tab) -> tuple[str, ...]:
        """A new conversation, over the same documents."""
        return *_opened(tab.folder, new_conversation(tab.folder.key, tab.conversation.scope)), empty_reader_html()

    def rename(self, tab: Tab) -> str:
        title = str(tab.sent["title"])[:LONGEST_NAME]
        return self.desk.meanwhile.changed(tab.conversation, title=title).text()

    def drop(self, tab: Tab) -> tuple[str, ...]:
        """The conversation without one exchange."""
        return _opened(tab.folder, tab.conversation.without(_turn(tab)))

    # --- called by the page's script

    def export(self, wanted: Mapping[str, Any], _: User) -> Json:
        """A conversation as a file: its name, type and text."""
        conversation = conversation_from(wanted.get("kept"), str(wanted.get("folder")))
        file = exported(conversation, str(wanted.get("kind")))
        return {"name": file.name, "type": file.type, "text": file.text}

    def next_questions(self, given: Mapping[str, Any], user: User) -> Json:
        """Questions that lead on from the last answer of a conversation: each was asked of the documents that it asks.
        None where that answer is not finished."""
        with suppress(IbidError):
            folder = self.desk.seen(given.get("folder"), user)
            conversation = conversation_from(given.get("kept"), folder.key)
            if conversation.exchanges and conversation.exchanges[-1].state is State.DONE:
                return {"questions": list(self._leading_on(folder, conversation))}
        return {"questions": []}

    def _leading_on(self, folder: Folder, conversation: Conversation) -> Sequence[str]:
        return folder.leading.on_from(
            conversation.turns,
            asked=[one.question for one in conversation.exchanges],
            scope=still_there(folder, conversation.scope),
            is_over=lambda: self.desk.meanwhile.has_gone_on(conversation),
        )

    def feedback(self, given: Mapping[str, Any], user: User) -> Json:
        """Write what somebody said of an answer, each into a file of their own, in place of the `case` that they said of it before; where it is
        neither good nor bad, that is taken back. Returns what to tell them, and the id of the case."""
        home, before = self.desk.settings.home_of(user), given.get("case")
        before = str(before) if before else None
        try:
            if given.get("good") is None:
                take_back(home, before or "")
                return {"said": "Taken back."}
            folder = self.desk.seen(given.get("folder"), user)
            case = _case(folder, conversation_from(given.get("kept"), folder.key), given)
            if case is None:
                return {"problem": "There is no answer yet."}
            write_feedback(home, case, instead_of=before)
        except IbidError as error:
            return {"problem": str(error)}
        except (LookupError, ValueError, TypeError):
            return {"problem": "That answer is not in this conversation any more."}
        return {"said": "Thank you. It is kept on this machine.", "case": case["id"]}


def _case(folder: Folder, conversation: Conversation, given: Mapping[str, Any]) -> Json | None:
    """What somebody said of an answer, as an eval case; None where there is no answer yet. Raises LookupError,
    ValueError or TypeError where it is said of none."""
    turn = int(given["turn"])
    exchange = conversation.exchanges[turn - 1]
    if exchange.answer is None:
        return None
    earlier = [one.question for one in conversation.exchanges[: turn - 1]]
    chosen = [folder.paragraph(str(one[0]), int(one[1])) for one in given.get("chosen", ())]
    paragraphs = [paragraph for paragraph in chosen if paragraph is not None]
    note = str(given.get("note") or "")
    return feedback_case(exchange.question, exchange.answer, earlier, bool(given.get("good")), note, paragraphs)


def _turn(tab: Tab) -> int:
    """The number of the turn that an event is about; 0, which is none, where it names none."""
    turn = tab.sent.get("turn")
    return turn if isinstance(turn, int) else 0


def _opened(folder: Folder, conversation: Conversation) -> tuple[str, ...]:
    return conversation.text(), _transcript(folder, conversation), _live(folder, conversation)


def _transcript(folder: Folder, conversation: Conversation) -> str:
    """All exchanges but the last, which is live."""
    earlier = enumerate(conversation.exchanges[:-1], start=1)
    return "".join(exchange_html(exchange, number, _shelf(folder)) for number, exchange in earlier)


def _live(folder: Folder, conversation: Conversation) -> str:
    exchanges = conversation.exchanges
    return exchange_html(exchanges[-1], len(exchanges), _shelf(folder)) if exchanges else ""


def _shelf(folder: Folder) -> Shelf:
    return Shelf(folder.key, folder.paragraph_of)


_NARROWED = (
    '<p class="narrowed" hidden><span class="what" dir="auto"></span>'
    '<button type="button" class="act" data-act="ask-all">Ask all</button></p>'
)
_EDITING = (
    '<p class="editing"><span class="what" id="editing-what"></span>'
    '<button type="button" class="act" data-act="cancel-edit">Cancel</button></p>'
)
