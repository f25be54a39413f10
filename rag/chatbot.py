"""Everything together: a question goes in, cited and verified answers come out.

Owns what the verbs must not know of one another: the gate between retrieval and quoting, verification of
every statement, and the answers about the collection itself.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from rag.answer import about, prompts
from rag.answer.answering import Found, answered
from rag.answer.collection import answer_about, catalogue, overview, requested
from rag.answer.comparing import compare
from rag.answer.elsewhere import with_other_places
from rag.answer.further import further
from rag.answer.gathering import Gathering
from rag.answer.holding import speaking_of
from rag.answer.outcomes import noted
from rag.answer.readers import said_by_readers
from rag.answer.versions import with_later_versions
from rag.domain import Answer, Paragraph, Question
from rag.errors import EmbeddingError, IndexMismatchError, QuestionError, StorageError
from rag.index.chroma import NOT_WRITTEN
from rag.index.lease import Reached
from rag.index.records import Record
from rag.index.snapshot import MayRead
from rag.index.store import Health, Store
from rag.ingest import Progress, Report, has_changed, ingest
from rag.originals import Originals, anything
from rag.search.retrieve import PASSAGES, Retrieval
from rag.search.scope import narrowed_by_name, resolve_scope
from rag.search.second_embedder import SecondEmbedder
from rag.settings import Settings
from rag.text import terms

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from rag.answer.writing import Writer

LONGEST_QUESTION = 4_000
"""Characters. Longer ones are a paste gone wrong, and the embedder would see a fraction of them."""

Asked: TypeAlias = Question | str
"""A question, or the words of one that stands for itself."""

_TASKS = {
    about.Kind.CONTENTS: prompts.SUMMARY,
    about.Kind.SUMMARY: prompts.SUMMARY,
    about.Kind.COMPARISON: prompts.COMPARISON,
}
"""What a model is asked to make of passages that cover the documents."""
_OF_CONVERSATION = (about.Kind.MORE, about.Kind.MENTIONS, about.Kind.READERS, about.Kind.TOPIC)
_MOST_SUMMARISED = 3
"""Documents whose titles name a topic, up to which these are told of."""
_NOT_COMPARED = "To weigh them against each other takes a language model; here is what each is about."
_STANDS_IN = "Until `ibid ingest` has made all its vectors, the shipped embedder finds the passages."
_REFRESH_AFTER = 10.0
_FIRST_AFTER = 2.0
"""Seconds between the moments at which a running ingest makes what is in ready to be asked; the first comes soon."""


class Chatbot:
    """The product, synchronous. Open it with `rag.opening.open_chatbot`, close it when done.

    >>> with open_chatbot(Settings(), doing="ask") as bot:
    ...     print(bot.ask("How long was West Aleppo under siege?").text)
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        gathering: Gathering,
        llm: LLM | None = None,
        second: SecondEmbedder | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self.gathering = gathering
        self.retriever = gathering.retriever
        self._llm = llm
        self._writer = self._written_by(llm) if llm is not None else None
        self.second = second
        self.originals = Originals(store=store, settings=settings)
        self.may_read: MayRead = anything

    def __enter__(self) -> Chatbot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    def seen_by(self, may_read: MayRead) -> Chatbot:
        """This chatbot for somebody who may read only some documents: it speaks of no other one. What stands in those
        alone stands nowhere. It costs nothing to make, ingests for all, and is closed with the one it was made of."""
        seen = copy.copy(self)
        seen.retriever = self.retriever.seen_by(may_read)
        languages = self.gathering.languages.seen_by(seen.retriever)
        seen.gathering = replace(self.gathering, retriever=seen.retriever, languages=languages)
        seen._writer = seen._written_by(self._llm) if self._llm is not None else None
        seen.originals = replace(self.originals, may_read=may_read)
        seen.may_read = may_read
        return seen

    @property
    def writer(self) -> str | None:
        """The model that writes answers and the host it runs on: who receives text. None where nothing leaves."""
        return self._writer.name if self._writer is not None else None

    def announce(self, doing: str, address: str, token: str) -> None:
        """Tell other processes of this user that this one answers for them, and where."""
        self._store.announce(doing, address, token)

    @property
    def documents(self) -> Sequence[Record]:
        """The documents that are in, by id."""
        return self.retriever.snapshot.records

    def ingest(
        self,
        progress: Callable[[Progress], None] | None = None,
        check: Callable[[], None] | None = None,
        *,
        offline: bool = False,
        again: bool = True,
    ) -> Report:
        """Bring the index in line with the documents folder and the uploads, then make a second embedder's vectors,
        if there is one and `offline` does not forbid it. Questions asked meanwhile are answered from what is in, and
        from no document that has left. `again` tries also those files that could not be read before and did not
        change. What `check` raises ends it; what was committed stays. The report is of all files, also to whoever may
        not read them. Raises IndexBusyError where the index is on a server and another process writes it."""
        have_left = False
        last = time.monotonic() - _REFRESH_AFTER + _FIRST_AFTER

        def committed() -> None:
            nonlocal last
            if time.monotonic() - last > _REFRESH_AFTER:
                started = time.monotonic()
                self.retriever.refresh(keep_old=have_left)
                # A large index takes long to rebuild: no more than a tenth of the time goes there.
                last = time.monotonic() + 9 * (time.monotonic() - started)

        def removed() -> None:
            nonlocal have_left
            have_left = True
            self.retriever.refresh(keep_old=True)

        def told(now: Progress) -> None:
            self._store.tell(Reached(files_done=now.files_done, files=now.files))
            if progress is not None:
                progress(now)

        self._store.begin_writing()
        before, embedder = self._store.set_aside, self.gathering.embedder
        settings = self._settings
        report = ingest(
            self._store,
            embedder,
            settings.roots,
            settings.max_file_mb,
            told,
            committed,
            check,
            removed=removed,
            again=again,
            plugged=settings.plugged,
        )
        self._store.tell(Reached())
        # After this no query reads an older generation, as the second embedder wants it.
        self.retriever.refresh()
        if report.changed:
            self._expect_written(before)
        languages = self.gathering.languages
        if languages.is_wanted:
            report = self._completed(languages.complete, report, progress=progress, check=check)
        if self.second is None or offline:
            return report
        complete = partial(self.second.complete, embedder)
        return self._completed(complete, report, progress=progress, check=check)

    def _expect_written(self, set_aside_before: Sequence[str]) -> None:
        """Chroma takes what it is given also where it then fails to write it. Raises StorageError where documents were
        set aside since, as not all of them can be found; the next ingest reads them again."""
        if torn := self._store.check().torn:
            self._store.make_good(torn)
            self.retriever.refresh()
        if set(self._store.set_aside) - set(set_aside_before):
            raise StorageError(NOT_WRITTEN.format(folder=self._store.place))

    def _completed(
        self,
        complete: Callable[[Callable[[int], None]], None],
        report: Report,
        *,
        progress: Callable[[Progress], None] | None,
        check: Callable[[], None] | None,
    ) -> Report:
        """The report, which says so where a second embedder's vectors could not all be made."""
        files = len(report.outcomes)

        def told(sent: int) -> None:
            if check is not None:
                check()
            if progress is not None:
                progress(Progress(files, files, report.paragraphs_embedded + report.vectors_reused + sent))

        try:
            complete(told)
        except (EmbeddingError, IndexMismatchError) as error:
            return replace(report, unfinished=f"{error} {_STANDS_IN}")
        return report

    def paragraphs(self) -> dict[str, list[Paragraph]]:
        """Every paragraph of every document that is in, in reading order, by document id."""
        found: dict[str, list[Paragraph]] = {record.document_id: [] for record in self.documents}
        for _, row in self._store.rows():
            if self.may_read(row.paragraph.document_id):
                found.setdefault(row.paragraph.document_id, []).append(row.paragraph)
        return {key: sorted(paragraphs, key=lambda p: p.number) for key, paragraphs in found.items()}

    def check(self) -> Health:
        """Raises IndexDamagedError where whole files of the index are damaged."""
        health = self._store.check()
        # How many there are in all is not for somebody who may not read all of them.
        sampled = min(health.sampled, sum(record.paragraphs for record in self.documents))
        return replace(health, sampled=sampled, torn=tuple(filter(self.may_read, health.torn)))

    @property
    def lease_holder(self) -> str | None:
        """The process that may ingest into an index on a server; None for nobody, and for an index of this machine.
        Raises StorageError where the server does not answer."""
        return self._store.lease_holder

    @property
    def may_write(self) -> bool:
        """Whether it is this process that may write to the index."""
        return self._store.is_writer

    @property
    def is_in_charge(self) -> bool:
        """Whether it falls to this process to bring an index on a server in line, though nobody asks."""
        return self._store.is_in_charge

    @property
    def in_work(self) -> Progress | None:
        """How far the ingest of an index on a server is, as far as was told, in whichever process; also of one that was
        cut short. None where all is in."""
        reached = self._store.reached
        return None if reached.is_all else Progress(reached.files_done, reached.files, 0)

    def has_work(self) -> bool:
        """Whether it falls to this process to ingest now, though nobody asks. Raises FolderError."""
        settings = self._settings
        if not self.is_in_charge:
            return False
        return self.in_work is not None or has_changed(self._store, settings.roots, plugged=settings.plugged)

    @property
    def set_aside(self) -> tuple[str, ...]:
        """Documents that were damaged in the index when it was opened; the next ingest reads them again."""
        return tuple(filter(self.may_read, self._store.set_aside))

    def resolve_scope(self, names: Sequence[str]) -> frozenset[str] | None:
        """Document ids for names as people type them; None for no names. Raises ScopeError where one fits no document
        or several."""
        return resolve_scope(names, self.documents)

    def search(self, question: Asked, *, limit: int = PASSAGES) -> Retrieval:
        """The passages for a question, with all that ranking knew of them."""
        return self.retriever.search(_clean(question), limit=limit)

    def ask(self, question: Asked) -> Answer:
        """The finished answer: the last of `stream`."""
        *_, last = self.stream(question)
        return last

    def stream(self, question: Asked, *, llm: LLM | None = None) -> Iterator[Answer]:
        """The answer as it grows; settled statements and their marks never change. An `llm` writes it in place of the
        one that the chatbot was opened with, if any. Raises QuestionError for an empty or an over-long question,
        ScopeError where its scope names what is not in."""
        question = _clean(question)
        meant = replace(question, text=self.retriever.meant_by(question))
        asked = narrowed_by_name(meant, self.documents)
        grown = (_as_typed(answer, question.text, meant=meant.text) for answer in self._answers(asked, llm))
        yield from with_other_places(grown, self.retriever.elsewhere, question.scope)

    def _answers(self, question: Question, llm: LLM | None) -> Iterator[Answer]:
        chosen = self._written_by(llm) if llm is not None else self._writer
        writer = None if question.offline else chosen
        scope = question.scope
        records = [record for record in self.documents if scope is None or record.document_id in scope]
        request = requested(question, records)
        if request is not None and request.is_of_pronoun and (alone := self.gathering.worded_alone(question)):
            request = requested(replace(question, text=alone), records)
        if request is not None and (answer := self._told(question, request, records, writer)) is not None:
            yield answer
        elif request is not None and request.kind in _OF_CONVERSATION:
            yield from self._asked(question, writer)
        elif request is not None and request.topic and request.kind is about.Kind.CONTENTS:
            yield from self._of_topic(question, request, records=records, writer=writer)
        elif request is not None and request.topic:
            yield from self._compared(question, request.topic, records=records, writer=writer)
        elif request is not None:
            yield from self._about(question, request, records=records, writer=writer)
        elif not records and scope is None:
            yield Answer(question=question.text, abstained=True, notice=catalogue(records))
        else:
            yield from self._asked(question, writer)

    def _written_by(self, llm: LLM) -> Writer:
        from rag.answer.writing import Writer  # brings LlamaIndex, which takes seconds: only who uses it waits

        told = self._settings
        return Writer(llm, self.retriever.rarity, told.strict, told.context_tokens, told.show_reasoning)

    def _asked(self, question: Question, writer: Writer | None) -> Iterator[Answer]:
        started = time.perf_counter()
        found = Found.of(question, gathering=self.gathering, rewriter=writer)
        grown = answered(question, found, writer=writer)
        told = (
            with_later_versions(one, self.documents, self.retriever.passages_of)
            if one.complete and one.statements
            else one
            for one in grown
        )
        yield from _finished(told, found.evidence.retrieval, started)

    def _about(
        self, question: Question, request: about.Request, *, records: Sequence[Record], writer: Writer | None
    ) -> Iterator[Answer]:
        """The answer about the documents themselves; overviews are written by the model, if there is one."""
        read, weight_of = self.retriever.passages_of, self.retriever.rarity
        answer = answer_about(question.text, request, records=records, passages_of=read, weight_of=weight_of)
        task = _TASKS.get(request.kind)
        if writer is None or task is None or not answer.statements:
            is_begun = request.kind is about.Kind.COMPARISON and answer.statements
            yield noted(answer, _NOT_COMPARED) if is_begun else answer
            return
        shown = overview(request, records, self.retriever.passages_of)
        blank = replace(answer, statements=(), passages=shown, complete=False)
        yield from writer.written(blank, quoted=[answer], task=task)

    def _of_topic(
        self, question: Question, request: about.Request, *, records: Sequence[Record], writer: Writer | None
    ) -> Iterator[Answer]:
        """What the documents that are named say of a topic, in a sentence that has all of it; else, and where a model
        writes, the answer to a question of facts."""
        started = time.perf_counter()
        chosen = [records[i] for i in request.which]
        found = compare(self.gathering, question, topic=request.topic or "", records=chosen) if not writer else None
        if found is None or found.quoted.abstained:
            yield from self._asked(question, writer)
        else:
            yield from _finished([found.quoted], found.accounts[0].retrieval, started)

    def _told(
        self, question: Question, request: about.Request, records: Sequence[Record], writer: Writer | None
    ) -> Answer | None:
        """The documents that speak of something, what they say of it where no model writes, what readers say, or more
        of what was told; None where it is another request, or a question like others."""
        kept = {record.document_id for record in records}
        read = self.retriever.passages_of
        if request.kind is about.Kind.MORE:
            return further(question.text, question.turns, passages_of=read)
        if request.kind is about.Kind.READERS:
            return said_by_readers(self.gathering, question, topic=request.topic, records=records)
        is_topic = request.kind is about.Kind.TOPIC and writer is None
        if request.topic is None or not (is_topic or request.kind is about.Kind.MENTIONS):
            return None
        if is_topic and 0 < len(request.which) <= _MOST_SUMMARISED:
            summary = replace(request, kind=about.Kind.SUMMARY, topic=None)
            weight_of = self.retriever.rarity
            return answer_about(question.text, summary, records=records, passages_of=read, weight_of=weight_of)
        found = [key for key in self.retriever.holding(request.topic) if key[0] in kept]
        topic = request.topic.strip()
        if not found:
            return None
        return speaking_of(question.text, topic, found=found, records=records, passages_of=read, goes_on=is_topic)

    def _compared(
        self, question: Question, topic: str, *, records: Sequence[Record], writer: Writer | None
    ) -> Iterator[Answer]:
        """What each of several documents says of a topic; weighed by the model, if there is one."""
        started = time.perf_counter()
        found = compare(self.gathering, question, topic=topic, records=records)
        grown: Iterable[Answer] = [found.quoted]
        if writer is not None and found.quoted.statements:
            blank = replace(found.quoted, statements=(), notice=found.narrowed, complete=False)
            grown = writer.written(blank, quoted=[found.quoted], task=prompts.COMPARISON)
        yield from _finished(grown, found.accounts[0].retrieval, started) if found.accounts else grown


def _clean(question: Asked) -> Question:
    asked = question if isinstance(question, Question) else Question(question)
    # Unpaired surrogates come from mistyped bytes on a command line and fit no store.
    text = asked.text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not text:
        raise QuestionError('The question is empty. Ask something like: ibid ask "Who …?"')
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(
            f"The question has {len(text):,} characters; at most {LONGEST_QUESTION:,} can be asked. Shorten it."
        )
    return replace(asked, text=text)


def _as_typed(answer: Answer, question: str, *, meant: str) -> Answer:
    """With the question as it was typed, before what was searched for where that was more than its capitals."""
    is_told = answer.gate is not None and terms.fold(meant) != terms.fold(question)
    searched_for = dict.fromkeys((question, *answer.searched_for)) if is_told else answer.searched_for
    return replace(answer, question=question, searched_for=tuple(searched_for))


def _finished(grown: Iterable[Answer], retrieval: Retrieval, started: float) -> Iterator[Answer]:
    """The finished answer with its times, and with what went wrong with a second embedder or a ranker, if anything
    did."""
    for answer in grown:
        if not answer.complete:
            yield answer
            continue
        seconds = {**retrieval.seconds, "total": time.perf_counter() - started}
        yield replace(noted(answer, retrieval.trouble), seconds=seconds)
