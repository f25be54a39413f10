"""Everything together: a question goes in, cited and verified answers come out.

Owns what the verbs must not know of one another: the gate between retrieval and quoting, verification of
every statement, and the answers about the collection itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import numpy as np
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import Response
from llama_index.core.llms import LLM
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import QueryBundle

from rag.answer import about, prompts
from rag.answer.collection import MOST_DOCUMENTS, Account, answer_about, catalogue, described, overview, side_by_side
from rag.answer.evidence import NotInDocumentsError, settled
from rag.answer.extract import ANSWER_FEATURES, Candidate, candidates, extract
from rag.answer.gate import GATE_FEATURES, Gate, read_gate
from rag.answer.generate import Condensed, condense, generate
from rag.answer.mentions import Mentioned, absent, unknown_identifiers, unmentioned
from rag.answer.relevance import ModelRelevance
from rag.answer.verify import settle
from rag.domain import Answer, GateReading, Paragraph, Passage, Role, Source, Turn, Verdict, document_name, summed
from rag.errors import (
    ChatModelError,
    EmbeddingError,
    IbidError,
    IndexMismatchError,
    QuestionError,
    ScopeError,
    StorageError,
)
from rag.home import make_private
from rag.index.chroma import NOT_WRITTEN
from rag.index.embedding import MiniLM
from rag.index.mending import remake_vectors
from rag.index.records import Record
from rag.index.snapshot import Key
from rag.index.store import Health, Store, open_store
from rag.ingest import Progress, Report, ingest
from rag.search.cross_encoder import READ_FEATURES, Reader, Reading
from rag.search.followup import expand
from rag.search.fusion import MOST_CERTAIN, RANKING_FEATURES
from rag.search.learned import Learned, read_learned
from rag.search.retrieve import HybridRetriever, Retrieval, as_node
from rag.search.second_embedder import SecondEmbedder
from rag.settings import Settings
from rag.text.overlap import Inquiry, coverage

LONGEST_QUESTION = 4_000
"""Characters. Longer ones are a paste gone wrong, and the embedder would see a fraction of them."""

NOT_FOUND = "Your documents do not seem to answer this."
MAY_ANSWER = "This may answer it. Read it in its place before you rely on it."
_DOUBTS_RARE, _TELLS_RARE = 0.65, 0.85
"""Likelihoods below which an answer becomes uncertain, and below which it is told, that a rare word of the question
stands nowhere in the documents. A policy: people have other words for things, and what is likely stands without."""

_TASKS = {about.Kind.SUMMARY: prompts.SUMMARY, about.Kind.COMPARISON: prompts.COMPARISON}
"""What a model is asked to make of passages that cover the documents."""
_CLOSEST = 3
_REMEMBERED_TURNS = 4
_NOT_COMPARED = "To weigh them against each other takes a language model; here is how each begins."
_NO_SERVER = "needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
_STANDS_IN = "Until `ibid ingest` has made all its vectors, the shipped embedder finds the passages."
_FOUND_WITHOUT = "The shipped embedder found the passages instead."
_REFRESH_AFTER = 10.0
_FIRST_AFTER = 2.0
"""Seconds between the moments at which a running ingest makes what is in ready to be asked; the first comes soon."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate is asked about: what was retrieved, its sentences, and the features made of both. `usage` is what
    a model used to make the question stand alone."""

    retrieval: Retrieval
    inquiry: Inquiry
    candidates: tuple[Candidate, ...]
    gate_features: np.ndarray
    usage: Mapping[str, float] = field(default_factory=dict)


class Chatbot:
    """The product, synchronous. Open it with `open_chatbot`, close it when done.

    >>> with open_chatbot(Settings(), doing="ask") as bot:
    ...     print(bot.ask("How long was West Aleppo under siege?").text)
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        embedder: MiniLM,
        learned: Learned,
        gate: Gate,
        llm: LLM | None = None,
        second: SecondEmbedder | None = None,
        reader: Reader | None = None,
    ) -> None:
        self._settings = settings
        self._llm = llm
        self._store = store
        self._embedder = embedder
        self._learned = learned
        self._gate = gate
        self.second = second
        self.retriever = HybridRetriever(
            store,
            embedder,
            learned,
            settings.index / "lexical",
            second=second,
            reader=reader,
            seconds=settings.answer_seconds or None,
        )

    def __enter__(self) -> Chatbot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._store.close()

    @property
    def writer(self) -> str | None:
        """The model that writes answers and the host it runs on: who receives text. None where nothing leaves."""
        return _named(self._llm) if self._llm is not None else None

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
        use_model: bool = True,
    ) -> Report:
        """Bring the index in line with the documents folder and the uploads, then make a second embedder's vectors,
        if there is one and `use_model` does not forbid it. Questions asked meanwhile are answered from what is in.
        What `check` raises ends it; what was committed stays."""
        roots: dict[str, Path] = {"documents": self._settings.documents}
        if self._settings.uploads.is_dir():
            roots["uploads"] = self._settings.uploads
        last = time.monotonic() - _REFRESH_AFTER + _FIRST_AFTER

        def committed() -> None:
            nonlocal last
            if time.monotonic() - last > _REFRESH_AFTER:
                started = time.monotonic()
                self.retriever.refresh()
                # A large index takes long to rebuild: no more than a tenth of the time goes there.
                last = time.monotonic() + 9 * (time.monotonic() - started)

        before = self.set_aside
        report = ingest(self._store, self._embedder, roots, self._settings.max_file_mb, progress, committed, check)
        # After this no query reads an older generation, as the second embedder wants it.
        self.retriever.refresh()
        if report.changed:
            self._expect_written(before)
        return self._with_second_vectors(self.second, report, progress, check) if self.second and use_model else report

    def _expect_written(self, set_aside_before: Sequence[str]) -> None:
        """Chroma takes what it is given also where it then fails to write it. Raises StorageError where documents were
        set aside since, as not all of them can be found; the next ingest reads them again."""
        if torn := self._store.check().torn:
            self._store.make_good(torn)
            self.retriever.refresh()
        if set(self.set_aside) - set(set_aside_before):
            raise StorageError(NOT_WRITTEN.format(folder=self._store.folder))

    def _with_second_vectors(
        self,
        second: SecondEmbedder,
        report: Report,
        progress: Callable[[Progress], None] | None,
        check: Callable[[], None] | None,
    ) -> Report:
        """The report, which says so where the second embedder's vectors could not all be made."""
        files = len(report.outcomes)

        def told(sent: int) -> None:
            if check is not None:
                check()
            if progress is not None:
                progress(Progress(files, files, report.paragraphs_embedded + report.vectors_reused + sent))

        try:
            second.complete(self._embedder, told)
        except (EmbeddingError, IndexMismatchError) as error:
            return replace(report, unfinished=f"{error} {_STANDS_IN}")
        return report

    def paragraphs(self) -> dict[str, list[Paragraph]]:
        """Every paragraph of every document that is in, in reading order, by document id."""
        found: dict[str, list[Paragraph]] = {record.document_id: [] for record in self.documents}
        for _, row in self._store.rows():
            found.setdefault(row.paragraph.document_id, []).append(row.paragraph)
        return {key: sorted(paragraphs, key=lambda p: p.number) for key, paragraphs in found.items()}

    @property
    def gate(self) -> Gate:
        return self._gate

    def certainty(self, evidence: Evidence) -> float:
        """The gate's reading: how likely the evidence holds the answer, 0 to 1."""
        if not evidence.retrieval.passages:
            return 0.0
        return self._gate.read(evidence.gate_features, evidence.retrieval.dense_used).score

    @property
    def embedder(self) -> MiniLM:
        return self._embedder

    def learn(self, learned: Learned) -> None:
        """Rank and choose by other numbers from now on: for fitting them."""
        self._learned = learned
        self.retriever.learn(learned)

    def check(self) -> Health:
        """Raises IndexDamagedError where whole files of the index are damaged."""
        return self._store.check()

    @property
    def set_aside(self) -> tuple[str, ...]:
        """Documents that were damaged in the index when it was opened; the next ingest reads them again."""
        return self._store.set_aside

    def resolve_scope(self, names: Sequence[str]) -> frozenset[str] | None:
        """Document ids for names as people type them: an id, a path below the folder, a file name, a title.

        None for no names. Raises ScopeError where one fits no document or several.
        """
        if not names:
            return None
        by_name: dict[str, set[str]] = {}
        for record in self.documents:
            for name in (record.document_id, document_name(record.document_id)):
                by_name.setdefault(name.casefold(), set()).add(record.document_id)
        return frozenset(self._resolve(name, by_name) for name in dict.fromkeys(names))

    def search(
        self, question: str, scope: frozenset[str] | None = None, limit: int = 10, use_model: bool = True
    ) -> Retrieval:
        """The passages for a question, with all that ranking knew of them. With `use_model` false it is sent
        nowhere."""
        return self.retriever.search(_clean(question), scope=scope, limit=limit, use_second=use_model)

    def ask(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        scope: frozenset[str] | None = None,
        without: frozenset[Key] = frozenset(),
        use_model: bool = True,
    ) -> Answer:
        """The finished answer: the last of `stream`."""
        *_, last = self.stream(question, turns, scope, without, use_model)
        return last

    def stream(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        scope: frozenset[str] | None = None,
        without: frozenset[Key] = frozenset(),
        use_model: bool = True,
    ) -> Iterator[Answer]:
        """Snapshots of the answer as it grows; settled statements and their marks never change.

        `scope` holds the ids of documents to answer from, `without` paragraphs to leave out; with `use_model`
        false nothing is sent to a model or to a second embedder, if there are any. Raises QuestionError for an empty
        or an over-long question.
        """
        question = _clean(question)
        llm = self._llm if use_model else None
        records = [record for record in self.documents if scope is None or record.document_id in scope]
        request = about.classify(question, [described(record) for record in records])
        if request is not None and request.topic:
            yield from self._compared(question, request.topic, records, without, llm, use_model)
            return
        if request is not None:
            yield from self._about(question, request, records, llm)
            return
        if not records and scope is None:
            yield Answer(question, abstained=True, notice=catalogue(records))
            return
        started = time.perf_counter()
        evidence = self.gather(question, turns, scope, without, llm, use_model)
        for snapshot in self._answered(question, evidence, scope, llm):
            yield _finished(snapshot, evidence.retrieval, started) if snapshot.complete else snapshot

    def _about(
        self, question: str, request: about.Request, records: Sequence[Record], llm: LLM | None
    ) -> Iterator[Answer]:
        """The answer about the documents themselves; overviews are written by the model, if there is one."""
        answer = answer_about(question, request, records, self.retriever.passages_of)
        task = _TASKS.get(request.kind)
        if llm is None or task is None or not answer.statements:
            is_begun = request.kind is about.Kind.COMPARISON and answer.statements
            yield _noted(answer, _NOT_COMPARED) if is_begun else answer
            return
        shown = overview(request, records, self.retriever.passages_of)
        blank = replace(answer, statements=(), passages=shown, complete=False)
        yield from self._written(blank, [answer], llm, task)

    def _compared(
        self,
        question: str,
        topic: str,
        records: Sequence[Record],
        without: frozenset[Key],
        llm: LLM | None,
        use_model: bool,
    ) -> Iterator[Answer]:
        """What each of several documents says of a topic. They are asked one by one, as the best passages of all may
        be of one document."""
        started = time.perf_counter()
        narrowed = None
        if len(records) > MOST_DOCUMENTS:
            narrowed = f"Only the documents closest to it were asked, of {len(records)}."
            ids = frozenset(record.document_id for record in records)
            found = self.retriever.search(topic, None, ids, without, use_second=use_model).passages
            closest = list(dict.fromkeys(passage.paragraph.document_id for passage in found))[:MOST_DOCUMENTS]
            records = [record for record in records if record.document_id in closest]
        accounts: list[Account] = []
        for record in records:
            # A second embedder that failed once is not waited for again.
            failed = any(account.retrieval.trouble for account in accounts)
            accounts.append(self._account(record, topic, without, use_model and not failed))
        quoted = _noted(side_by_side(question, topic, accounts), narrowed)
        grown = iter([quoted])
        if llm is not None and quoted.statements:
            blank = replace(quoted, statements=(), notice=narrowed, complete=False)
            grown = self._written(blank, [quoted], llm, prompts.COMPARISON)
        for snapshot in grown:
            yield _finished(snapshot, accounts[0].retrieval, started) if snapshot.complete and accounts else snapshot

    def _account(self, record: Record, topic: str, without: frozenset[Key], use_model: bool) -> Account:
        """What a document says of a topic. A topic is no question, and the gate was fitted on questions: where it is
        shut, a sentence with every word of the topic in it speaks of it all the same."""
        evidence = self.gather(topic, (), frozenset({record.document_id}), without, None, use_model)
        retrieval, found = evidence.retrieval, evidence.candidates
        topic_stems = set(evidence.inquiry.stems)
        telling = [one for one in found if topic_stems and topic_stems <= one.sentence.present]
        # What the document says goes before what its readers do.
        telling.sort(key=lambda one: one.passage.paragraph.role is Role.COMMENT)
        if not telling and self._gate.read(evidence.gate_features, retrieval.dense_used).is_open:
            telling = list(found[:1])
        said = next(iter(extract(evidence.inquiry, telling[:1])), None) if telling else None
        return Account(record, retrieval, said)

    def _answered(
        self, question: str, evidence: Evidence, scope: frozenset[str] | None, llm: LLM | None
    ) -> Iterator[Answer]:
        """The answer that the evidence allows, as it grows."""
        retrieval = evidence.retrieval
        answer = Answer(
            question,
            retrieval.searched_for,
            missing_terms=retrieval.missing_terms,
            usage=evidence.usage,
            complete=False,
        )
        if not retrieval.passages:
            yield _abstaining(answer, scope)
            return
        gate = self._gate.read(evidence.gate_features, retrieval.dense_used)
        answer = replace(answer, passages=retrieval.passages, gate=gate)
        yield answer
        quoted = self._quoted(answer, evidence, gate, scope)
        # A model judges for itself whether the passages answer: the gate was fitted for quoting.
        yield from self._written(answer, quoted, llm) if llm is not None else quoted

    def _quoted(
        self, answer: Answer, evidence: Evidence, gate: GateReading, scope: frozenset[str] | None
    ) -> Iterator[Answer]:
        """The answer in sentences of the documents; the best one alone, as what may answer it, where that is
        uncertain; an abstention where nothing near was found."""
        shown = [_with_headings(passage.paragraph, passage.source) for passage in answer.passages]
        # A gate that lets everything through, for measuring, lets this through too.
        unknown = unknown_identifiers(answer.question, shown) if gate.threshold > 0 else ()
        if not evidence.candidates or unknown or not (gate.is_open or gate.is_possible):
            yield _abstaining(replace(answer, unmentioned=unknown), scope)
            return
        statements = tuple(map(settle, extract(evidence.inquiry, evidence.candidates)))
        cited = Mentioned(_with_headings(one.paragraph, one.source) for s in statements for one in s.citations)
        missing = absent(answer.question, answer.missing_terms, cited, self._embedder.commonness)
        told = (
            *missing.names,
            *(missing.rare if gate.score < _TELLS_RARE else ()),
            *unmentioned(answer.question, cited),
        )
        answer = replace(answer, unmentioned=tuple(dict.fromkeys(told)))
        doubted = bool(missing.names) or (bool(missing.rare) and gate.score < _DOUBTS_RARE)
        if missing.names and not gate.is_open:
            # What is no more than possible, and speaks of somebody or something else, is not found.
            yield _abstaining(answer, scope)
            return
        if gate.is_open and not (doubted and gate.threshold > 0):
            for i in range(len(statements)):
                yield replace(answer, statements=statements[: i + 1], complete=i + 1 == len(statements))
            return
        best = replace(statements[0], conflicts_with=())
        others = [p for p in answer.passages if p.paragraph.key != best.citations[0].paragraph.key]
        closest = _closest(others)
        yield replace(answer, statements=(best,), is_uncertain=True, closest=closest, notice=MAY_ANSWER, complete=True)

    def _written(self, answer: Answer, quoted: Iterable[Answer], llm: LLM, task: str = "") -> Iterator[Answer]:
        """The answer as the model writes it; what was `quoted` without it where nothing of that can stand."""
        chosen: Sequence[Passage] = answer.passages
        if self._settings.relevance and not task:
            chosen, usage = _most_relevant(answer.question, answer.passages, llm)
            answer = replace(answer, usage=summed(answer.usage, usage))
        written = replace(answer, mode="generative", model=_named(llm))
        try:
            for writing in generate(answer.question, chosen, llm, self.retriever.rarity, self._settings.strict, task):
                usage = summed(answer.usage, writing.usage)
                written = replace(written, statements=writing.statements, usage=usage)
                if writing.statements:
                    yield written
        except NotInDocumentsError:
            yield _abstaining(written)
            return
        except IbidError as error:
            if any(statement.verdict is Verdict.VERIFIED for statement in written.statements):
                # What was shown stays; what was still open is marked.
                yield replace(settled(written), notice=f"The answer broke off: {error}", complete=True)
                return
            yield from _instead(quoted, str(error), written.usage)
            return
        if any(statement.verdict is Verdict.VERIFIED for statement in written.statements):
            yield replace(written, complete=True)
            return
        why = f"Nothing that {_named(llm)} wrote stands in your documents."
        yield from _instead(quoted, why, written.usage)

    def gather(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        scope: frozenset[str] | None = None,
        without: frozenset[Key] = frozenset(),
        llm: LLM | None = None,
        use_second: bool = True,
    ) -> Evidence:
        """Retrieval, its sentences and the gate's features: what an answer stands on, before it is judged. A
        follow-up is made to stand alone by `llm`, or by the rare words of the question before. With `use_second`
        false a second embedder is not asked."""
        condensed = self._condensed(question, turns, llm)
        retrieval = self.retriever.search(question, condensed.question, scope, without, use_second=use_second)
        started = time.perf_counter()
        read = [
            self._weigh(retrieval, inquiry, readings)
            for inquiry, readings in zip(retrieval.inquiries, retrieval.readings, strict=True)
        ]
        retrieval.seconds["sentences"] = time.perf_counter() - started
        # A follow-up is judged in both its wordings: the carried words may fit the passage and not the sentence.
        return replace(max(read, key=self.certainty), usage=condensed.usage)

    def _condensed(self, question: str, turns: Sequence[Turn], llm: LLM | None) -> Condensed:
        # What was refused left nothing to lean on.
        answered = [turn for turn in turns if not turn.answer.abstained][-1:] or turns[-1:]
        if not answered:
            return Condensed(None)
        if llm is not None:
            try:
                return condense(question, [turn.question for turn in turns[-_REMEMBERED_TURNS:]], llm)
            except IbidError:
                pass  # the words of the question before do; if the server is gone, the answer will say so
        earlier = answered[0].answer.searched_for[-1:] or (answered[0].question,)
        return Condensed(expand(question, earlier[0], self.retriever.rarity))

    def _weigh(self, retrieval: Retrieval, inquiry: Inquiry, readings: Mapping[Key, Reading]) -> Evidence:
        embedder = self._embedder if retrieval.dense_used else None
        model = self._learned.sentences_read if readings else self._learned.sentences
        found = tuple(candidates(inquiry, retrieval.passages, embedder, model, readings))
        return Evidence(retrieval, inquiry, found, gate_features(inquiry, retrieval, found, readings))

    def _resolve(self, name: str, by_name: Mapping[str, set[str]]) -> str:
        wanted = name.strip().casefold()
        if len(exact := by_name.get(wanted, ())) == 1:
            return next(iter(exact))
        loose = [
            record.document_id
            for record in self.documents
            if wanted and (wanted in record.document_id.casefold() or wanted in record.title.casefold())
        ]
        if len(loose) == 1:
            return loose[0]
        if not loose:
            in_all = len(self.documents)
            raise ScopeError(f"No document is called “{name}”. `ibid status` lists the {in_all} that are in.")
        listed = ", ".join(document_name(key) for key in loose[:4])
        raise ScopeError(
            f"“{name}” could be {len(loose)} documents ({listed}{' …' if len(loose) > 4 else ''}). Name more of it."
        )


class CitedQueryEngine(BaseQueryEngine):
    """The chatbot as a LlamaIndex query engine: its response carries the passages as source nodes and the whole
    answer, with every citation, as `metadata["answer"]` (the Answer JSON)."""

    def __init__(self, bot: Chatbot) -> None:
        super().__init__(None)
        self._bot = bot

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._bot.ask(query_bundle.query_str)
        nodes = [as_node(passage) for passage in answer.passages]
        return Response(answer.text or answer.notice, nodes, {"answer": answer.json()})

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._query(query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def chat_model_of(settings: Settings) -> LLM | None:
    """The model that the settings name; a key alone names none. Raises ChatModelError where its key is missing."""
    if not settings.chat_model:
        return None
    key = settings.openai_api_key.get_secret_value()
    if not key and not settings.openai_base_url:
        raise ChatModelError(f"IBID_CHAT_MODEL={settings.chat_model} {_NO_SERVER}")
    from rag.servers.chat_model import ChatModel  # openai takes half a second: only who uses it waits

    return ChatModel(settings.chat_model, key, settings.openai_base_url)


def embedding_of(settings: Settings) -> BaseEmbedding | None:
    """The second embedder that the settings name; a key alone names none. Raises EmbeddingError where its key is
    missing."""
    if not settings.embed_model:
        return None
    key = settings.openai_api_key.get_secret_value()
    if not key and not settings.openai_base_url:
        raise EmbeddingError(f"IBID_EMBED_MODEL={settings.embed_model} {_NO_SERVER}")
    from rag.servers.remote_embedding import RemoteEmbedding  # openai takes half a second: only who uses it waits

    return RemoteEmbedding(settings.embed_model.removeprefix("openai:"), key, settings.openai_base_url)


def open_chatbot(
    settings: Settings,
    doing: str,
    wait: float = 0.0,
    embedder: MiniLM | None = None,
    llm: LLM | None = None,
    gate: Gate | None = None,
    embedding: BaseEmbedding | None = None,
) -> Chatbot:
    """Open the index of the settings' folder, making it if need be. It is empty until `ingest` ran. Answers are
    extractive unless an `llm` is given, and found by the shipped embedder unless a second one is, `embedding`: what
    the environment holds sends nothing. The gate is the settings' own unless another is given. Vectors whose files a
    kill or damage took are made anew from the stored texts."""
    make_private(settings.home)
    shipped = embedder or MiniLM()
    store = open_store(settings.index, shipped.fingerprint, doing, wait, lambda store: remake_vectors(store, shipped))
    try:
        learned = read_learned(RANKING_FEATURES, ANSWER_FEATURES)
        second = SecondEmbedder(embedding, store) if embedding is not None else None
        reader = Reader() if settings.reader else None
        return Chatbot(settings, store, shipped, learned, gate or read_gate(settings.gate), llm, second, reader)
    except BaseException:
        store.close()
        raise


def gate_features(
    inquiry: Inquiry, retrieval: Retrieval, found: Sequence[Candidate], readings: Mapping[Key, Reading]
) -> np.ndarray:
    """`[len(GATE_FEATURES)]`, in that order; zeros where nothing was found."""
    if not found or not len(retrieval.features):
        return np.zeros(len(GATE_FEATURES), dtype=np.float32)
    best = found[0]
    sentence = dict(zip(ANSWER_FEATURES, best.features, strict=True))
    passages = retrieval.features
    whole = RANKING_FEATURES.index("whole coverage")
    everything = frozenset(stem for c in found for stem in c.sentence.present)
    values = {
        "sentence coverage": sentence["coverage"],
        "context coverage": sentence["context coverage"],
        "whole coverage": passages[:3, whole].max(),
        "loose coverage": sentence["loose coverage"],
        "pairs": sentence["pairs"],
        "names": sentence["names"] if inquiry.names else 1.0,
        "missing weight": 1.0 - coverage(inquiry, everything),
        "passage cosine": passages[:, RANKING_FEATURES.index("cosine")].max(),
        "sentence cosine": max(candidate.features[ANSWER_FEATURES.index("cosine")] for candidate in found[:3]),
        "sentence share": best.share,
        "passage share": retrieval.passages[0].score,
        "kind missing": sentence["kind missing"],
        "few terms": 1.0 / max(len(inquiry.weighted), 1),
        **_reader_features(readings),
        **{name: sentence[name] for name in READ_FEATURES},
    }
    return np.array([values[name] for name in GATE_FEATURES], dtype=np.float32)


def _reader_features(readings: Mapping[Key, Reading]) -> dict[str, float]:
    relevances = sorted((reading.relevance for reading in readings.values()), reverse=True)
    bounded = np.clip(relevances, -MOST_CERTAIN, MOST_CERTAIN)
    return {
        "reader best": float(bounded[0]) if len(bounded) else 0.0,
        "reader second": float(bounded[1]) if len(bounded) > 1 else -MOST_CERTAIN if len(bounded) else 0.0,
        "reader sum": float(np.logaddexp.reduce(bounded)) if len(bounded) else 0.0,
    }


def _clean(question: str) -> str:
    # Unpaired surrogates come from mistyped bytes on a command line and fit no store.
    cleaned = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not cleaned:
        raise QuestionError('The question is empty. Ask something like: ibid ask "Who …?"')
    if len(cleaned) > LONGEST_QUESTION:
        raise QuestionError(
            f"The question has {len(cleaned):,} characters; at most {LONGEST_QUESTION:,} can be asked. Shorten it."
        )
    return cleaned


def _named(llm: LLM) -> str:
    host = getattr(llm, "host", None)
    return f"{llm.metadata.model_name} at {host}" if host else llm.metadata.model_name


def _with_headings(paragraph: Paragraph, source: Source) -> str:
    """What is to be seen at a paragraph: its text, and what stands above it."""
    return f"{source.title} {' '.join(paragraph.heading)} {paragraph.text}"


def _instead(quoted: Iterable[Answer], why: str, usage: Mapping[str, float]) -> Iterator[Answer]:
    """The extractive answer in place of a written one, and why; what that one used stays told."""
    for answer in quoted:
        instead = answer.notice or "These are sentences of the documents themselves."
        yield replace(answer, notice=f"{why} {instead}", usage=usage)


def _most_relevant(
    question: str, passages: Sequence[Passage], llm: LLM
) -> tuple[Sequence[Passage], Mapping[str, float]]:
    """The passages that the model finds telling, best first, and what asking it used."""
    judge = ModelRelevance(llm)
    nodes = [as_node(passage) for passage in passages]
    by_id = {node.node.node_id: passage for node, passage in zip(nodes, passages, strict=True)}
    kept = judge.postprocess_nodes(nodes, query_str=question)
    return [by_id[node.node.node_id] for node in kept], judge.usage


def _abstaining(answer: Answer, scope: frozenset[str] | None = None) -> Answer:
    """An abstention; where only some documents were asked it says so."""
    chosen = "document does" if scope and len(scope) == 1 else f"{len(scope or ())} documents do"
    notice = NOT_FOUND if scope is None else f"The chosen {chosen} not seem to answer this."
    return replace(
        answer, statements=(), abstained=True, closest=_closest(answer.passages), notice=notice, complete=True
    )


def _closest(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    telling = [p for p in passages if p.paragraph.role is not Role.BOILERPLATE]
    return tuple((telling or list(passages))[:_CLOSEST])


def _finished(answer: Answer, retrieval: Retrieval, started: float) -> Answer:
    """With its times, and with what went wrong with a second embedder, if anything did."""
    told = _noted(answer, f"{retrieval.trouble} {_FOUND_WITHOUT}" if retrieval.trouble else None)
    return replace(told, seconds={**retrieval.seconds, "total": time.perf_counter() - started})


def _noted(answer: Answer, note: str | None) -> Answer:
    """With a sentence more in its notice."""
    return replace(answer, notice=" ".join(filter(None, (answer.notice, note))) or None)
