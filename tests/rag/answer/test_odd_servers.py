"""Servers and models as they are: whatever shape an answer comes in, what is right in it comes through, and nothing that
is no answer is shown as one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from rag.answer_json import answer_from
from rag.chatbot import Chatbot
from rag.domain import Answer, Question, Turn, Verdict
from rag.errors import ChatModelError, EmbeddingError
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.servers.chat_model import ChatModel
from rag.servers.chosen import Chosen, models_of
from rag.servers.remote_embedding import RemoteEmbedding
from rag.settings import Settings
from tests.conftest import serving

TEXT = (
    "# Ferry rules\n\nThe ferry sails on Thursdays only. The gate code is 4471.\n\n"
    "The pilot may carry at most 38 passengers. Only Ruth Amsel may change the timetable.\n"
)
QUESTION = "When does the ferry sail and what is the gate code?"
FIRST, SECOND = "The ferry sails on Thursdays only.", "The gate code is 4471."
GOOD = f"{FIRST} [P1] {SECOND} [P1]"
THOUGHT = "Okay, the user asks when the ferry sails. Paragraph P1 says Thursdays. The code might be 9999. Wait, no. "


@dataclass
class Peer:
    """A server of OpenAI's protocol that answers as it is told, and keeps what it was sent."""

    url: str = ""
    says: Any = GOOD
    finish: str | None = "stop"
    answered: list[dict[str, Any]] = field(default_factory=list)
    refuses: Any = None
    kind: str = "text/event-stream"
    body: bytes | None = None
    missing: int = 0
    """Bytes that it promises and does not send."""


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    told = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.answered.append(given)
            refusal = told.refuses(given) if told.refuses else None
            if isinstance(refusal, str):
                refusal = (400, {"error": {"message": refusal}})
            if refusal:
                status, said = refusal
                kind = "application/json" if isinstance(said, dict | list) else told.kind
                self.send(status, kind, said if isinstance(said, bytes) else json.dumps(said).encode())
                return
            if told.body is not None:
                self.send(200, told.kind, told.body)
                return
            deltas = told.says if isinstance(told.says, list) else [{"content": c} for c in cut(str(told.says))]
            if given["messages"][0]["content"].startswith("Each statement"):
                deltas = [{"content": "A: none"}]
            chunks = [{"choices": []}, *({"choices": [{"index": 0, "delta": one}]} for one in deltas)]
            if told.finish:
                chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": told.finish}]})
            base = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": given["model"]}
            lines = b"".join(b"data: " + json.dumps(base | one).encode() + b"\n\n" for one in chunks)
            self.send(200, "text/event-stream", lines + b"data: [DONE]\n\n")

        def do_GET(self) -> None:
            self.send(200, told.kind, told.body or b"")

        def send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) + told.missing))
            self.end_headers()
            with suppress(ConnectionError):  # whoever has read enough hangs up
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        told.url = f"{url}/v1"
        yield told


def cut(text: str) -> list[str]:
    return [text[i : i + 7] for i in range(0, len(text), 7)]


def chunk(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def events(*told: Any) -> bytes:
    """Each as an event of a stream: an object as JSON, a text as it stands."""
    return b"".join(f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n".encode() for one in told)


WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": GOOD}, "finish_reason": "stop"}]}


@pytest.fixture(scope="module")
def opened(peer: Peer, tmp_path_factory: pytest.TempPathFactory, embedder: MiniLM) -> Iterator[Chatbot]:
    base: Path = tmp_path_factory.mktemp("ferry")
    (base / "documents").mkdir()
    (base / "documents" / "ferry.md").write_text(TEXT)
    settings = Settings(documents=base / "documents", home=base / "home")
    with open_chatbot(settings, "test", embedder=embedder, llm=ChatModel("odd", "", peer.url)) as bot:
        bot.ingest()
        yield bot


@pytest.fixture
def bot(opened: Chatbot, peer: Peer) -> Chatbot:
    vars(peer).update(vars(Peer(url=peer.url)))
    return opened


def texts(answer: Answer) -> list[str]:
    return [statement.text for statement in answer.statements]


DRESSES: dict[str, Any] = {
    "plain": GOOD,
    "thought in tags": f"<think>\n{THOUGHT}\n</think>\n\n{GOOD}",
    "only the closing tag": f"{THOUGHT}\n</think>\n\n{GOOD}",
    "thought that quotes": f"<think>\nOnly Ruth Amsel may change the timetable. So I answer.\n</think>\n{GOOD}",
    "channels": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{GOOD}",
    "a field of its own": [{"reasoning_content": THOUGHT}, {"content": GOOD}],
    "content in parts": [{"content": [{"type": "text", "text": GOOD}]}],
    "fenced": f"```markdown\n{GOOD}\n```",
    "in round brackets": f"{FIRST[:-1]} (P1). {SECOND[:-1]} (P1).",
    "with the word": f"{FIRST[:-1]} (Source: P1). {SECOND[:-1]} [Paragraph 1].",
    "as other servers mark": f"{FIRST[:-1]}【P1】. {SECOND[:-1]}【1†source】.",
    "footnotes": f"{FIRST}[^1] {SECOND}[^1]\n\n[^1]: P1",
    "raised": f"{FIRST}¹ {SECOND}^1^",
    "links": f"{FIRST} [P1](ferry.md) {SECOND} [1](#p1)",
    "marks in front": f"[P1] {FIRST} [P1] {SECOND}",
    "numbers in front": f"P1: {FIRST}\nP1: {SECOND}",
    "one mark at the end": f"{FIRST} {SECOND} [P1]",
    "no mark at all": f"{FIRST} {SECOND}",
    "a list with its sources": f"Sources used: P1\n\n1. {FIRST} [P1]\n2. {SECOND} [P1]\n\nSources:\n[P1] Ferry rules\n",
    "headings and courtesies": f"## Answer\n\nSure, here is what I found:\n\n- **Day:** {FIRST} [P1]\n- {SECOND} [P1]\n\n---\n"
    "*Let me know if you need anything else!*",
    "according to": f"According to [P1], the {FIRST[4:]} Per [P1], the {SECOND[4:]}",
    "an object": json.dumps({"answer": f"{FIRST} {SECOND}", "citations": [1]}),
    "a list of objects": json.dumps([{"text": FIRST, "source": "P1"}, {"text": SECOND, "source": "P1"}]),
    "said over and over": f"{FIRST} [P1] {SECOND} [P1] " * 40,
    "thought between stripped tokens": f"analysisOnly Ruth Amsel may change the timetable. So answer.assistantfinal{GOOD}",
    "thought under a heading": f"**Thinking:** Only Ruth Amsel may change the timetable.\n\n**Answer:** {GOOD}",
    "thought in details": '<details type="reasoning">\n> Only Ruth Amsel may change the timetable.\n</details>\n' + GOOD,
    "chat tokens": f"<|im_start|>assistant\n{GOOD}<|im_end|>",
    "tags": f"<p>{FIRST}<sup>1</sup></p><p>{SECOND}<cite>P1</cite></p>",
    "a title in the mark": f"{FIRST} [P1: Ferry rules, 2015] {SECOND} [P1](https://example.org/2/3)",
    "headings in bold": f"**Day**\n\n{FIRST} [P1]\n\n**Code**\n\n{SECOND} [P1]",
    "remarks": f"You asked when the ferry sails. {GOOD}\n\nConfidence: high\n\nNote: This answer rests on the paragraphs.\n\n"
    "Would you like to know more about the ferry?",
    "the question again": f"{QUESTION}\n{GOOD}",
    "with other stops": f"{GOOD} {FIRST[:-1]}! [P1] {SECOND[:-1]}!! [P1]",
    "with the instruction": f"One fact, in one sentence. [P3] {GOOD} Keep numbers, dates, units and names exactly as the "
    "paragraph has them.",
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_whatever_dress_an_answer_comes_in_it_is_the_same(bot: Chatbot, peer: Peer, dress: str) -> None:
    peer.says = DRESSES[dress]
    answer = bot.ask(QUESTION)
    assert answer.mode == "generative", answer.notice
    assert texts(answer) == [FIRST, SECOND]
    assert {statement.verdict for statement in answer.statements} == {Verdict.VERIFIED}
    assert [citation.quote for statement in answer.statements for citation in statement.citations] == [FIRST, SECOND]
    assert answer.notice is None


@pytest.mark.parametrize(
    "says",
    [
        "NOT_IN_DOCUMENTS",
        "NOT_IN_DOCUMENTS.",
        "**NOT_IN_DOCUMENTS**",
        "NOT_IN_DOCUMENTS [P1]",
        "The answer is NOT_IN_DOCUMENTS.",
        "NOT_IN_DOCUMENTS\n\nThe paragraphs do not mention this.",
        "The provided paragraphs do not contain information about this.",
        "The paragraphs do not say that the ferry ever sails on Sundays.",
        "I could not find this in the documents. There is no mention of it.",
        '{"answer": "NOT_IN_DOCUMENTS"}',
        "not_in_documents",
        "NOT IN DOCUMENTS",
        r"NOT\_IN\_DOCUMENTS",
        "N/A",
        "None of the paragraphs mentions who paints the hull.",
        "Unfortunately, the given paragraphs don't tell who paints the hull of the ferry.",
        "The painter of the hull is not mentioned in the paragraphs. [P1]",
        "Based on the provided paragraphs, there is no information about the hull of the ferry. [P1]",
        "There isn't enough information to answer this question.",
        "Die Absätze enthalten keine Angaben dazu.",
        "Leider steht in den Absätzen nichts dazu. Es gibt keine Informationen über den Rumpf der Fähre.",
    ],
)
def test_a_model_that_finds_no_answer_is_taken_at_its_word(bot: Chatbot, peer: Peer, says: str) -> None:
    peer.says = says
    answer = bot.ask("Who paints the hull of the ferry?")
    assert answer.abstained
    assert answer.closest
    assert not answer.statements


def test_where_it_finds_no_answer_to_what_stands_there_the_sentence_is_shown_as_uncertain(
    bot: Chatbot, peer: Peer
) -> None:
    peer.says = "NOT_IN_DOCUMENTS"
    answer = bot.ask("Who may change the timetable?")
    assert texts(answer) == ["Only Ruth Amsel may change the timetable."]
    assert answer.is_uncertain
    assert not answer.abstained
    assert "found no answer" in (answer.notice or "")


def test_what_it_cites_in_spite_of_its_refusal_may_answer_and_a_remark_does_not(bot: Chatbot, peer: Peer) -> None:
    for says in (f"NOT_IN_DOCUMENTS. However, {FIRST} [P1]", f"NOT_IN_DOCUMENTS {FIRST} [P1] Ask me more."):
        peer.says = says
        answer = bot.ask("What does the ferry cost?")
        assert FIRST in answer.text
        assert answer.is_uncertain and len(answer.statements) == 1
        assert "found no answer, and says what comes closest" in (answer.notice or "")
    peer.says = "NOT_IN_DOCUMENTS. However, the ferry sails on Sundays only. [P1] It is a fine ferry."
    assert bot.ask("What does the ferry cost?").abstained


@pytest.mark.parametrize(
    ("question", "says", "expected"),
    [
        ("Wann fährt die Fähre, und wie ist der Code?", "Die Fähre fährt nur an Donnerstagen. [P1] Der Code für das Tor ist die 4471. [P1]", ["nothing in it", "numbers and names only"]),
        ("¿Cuántos pasajeros puede llevar?", "El piloto puede llevar como máximo 38 pasajeros en el barco. [P2] Solo Ruth Amsel puede cambiar el horario de la línea. [P2]", ["numbers and names only", "numbers and names only"]),
        ("Когда ходит паром?", "Паром ходит только по четвергам. [P1] Код ворот: 4471. [P1]", ["nothing in it", "numbers and names only"]),
        ("渡轮什么时候开？", "渡轮只在星期四开航。[P1] 闸门密码是 4471。[P1]", ["nothing in it", "numbers and names only"]),
    ],
    ids=["German", "Spanish", "Russian", "Chinese"],
)  # fmt: skip
def test_an_answer_in_another_language_is_compared_as_far_as_can_be_and_says_how_far(
    bot: Chatbot, peer: Peer, question: str, says: str, expected: list[str]
) -> None:
    peer.says = says
    answer = bot.ask(question)
    assert [one.verdict for one in answer.statements] == [Verdict.TRANSLATED] * 2
    for statement, compared in zip(answer.statements, expected, strict=True):
        assert compared in statement.doubt
        assert "not found" not in statement.rendered
        assert all(citation.quote in TEXT for citation in statement.citations)
        assert statement.citations
    assert answer.notice is None


@pytest.mark.parametrize(
    "says",
    [
        f"<think>\n{THOUGHT}\n</think>\n\n{GOOD}",
        [{"reasoning_content": THOUGHT[:30], "content": None}, {"reasoning_content": THOUGHT[30:]}, {"content": GOOD}],
        [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]}, {"content": GOOD}],
        [{"reasoning": THOUGHT, "reasoning_details": [{"text": THOUGHT}]}, {"content": GOOD}],
    ],
)
def test_what_a_model_thinks_is_told_beside_its_answer_only_where_it_is_asked_for(
    bot: Chatbot, peer: Peer, embedder: MiniLM, tmp_path: Path, says: Any
) -> None:
    peer.says = says
    silent = bot.ask(QUESTION)
    assert silent.reasoning is None
    assert "reasoning" not in silent.json()
    assert not silent.named
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "ferry.md").write_text(TEXT)
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home", show_reasoning=True)
    with open_chatbot(settings, "test", embedder=embedder, llm=ChatModel("odd", "", peer.url)) as telling:
        telling.ingest()
        told = telling.ask(QUESTION)
        assert told.reasoning == THOUGHT.strip()
        assert told.text == silent.text
        # Whoever may not read what the model was given is not shown it.
        assert told.named == ("documents/ferry.md",)
        telling.ask(Question("And who may change it?", turns=[Turn(QUESTION, told)]))
    assert not any("9999" in json.dumps(one["messages"]) for one in peer.answered)


def test_a_question_in_another_language_is_searched_in_the_documents_own_too(bot: Chatbot, peer: Peer) -> None:
    asked, translated = "Кто может изменить расписание парома?", "Who may change the timetable of the ferry?"
    peer.says = translated
    assert bot.ask(asked).searched_for == (asked, translated)
    sent = peer.answered[0]["messages"]
    assert asked in sent[-1]["content"]
    assert "The ferry sails" in sent[-1]["content"]
    for no_translation in (GOOD, asked, "Who may change 3 of the timetables?", "NOT_IN_DOCUMENTS", "Кто её меняет?"):
        peer.says = no_translation
        assert bot.ask(asked).searched_for == (asked,), no_translation


def test_what_shares_no_word_with_the_documents_shows_what_is_near_and_answers_nothing(opened: Chatbot) -> None:
    answer = opened.ask(Question("Кто может изменить расписание парома?", offline=True))
    assert answer.abstained
    assert answer.closest
    assert "Most of your documents are in another language than your question" in (answer.notice or "")
    own = opened.ask(Question("Who was the king of the sailors of Bergen?", offline=True))
    assert own.abstained
    assert "another language" not in (own.notice or "")


def test_what_is_quoted_from_a_text_in_another_language_says_so(opened: Chatbot) -> None:
    told = "It is quoted from a text in another language than the question."
    foreign = opened.ask(Question("Wie viele passengers darf der pilot mit an Bord nehmen?", offline=True))
    assert "38 passengers" in foreign.text
    assert told in (foreign.notice or "")
    own = opened.ask(Question("How many passengers may the pilot carry?", offline=True))
    assert "38 passengers" in own.text
    assert told not in (own.notice or "")


def test_a_number_that_is_another_one_in_another_language_is_no_translation(bot: Chatbot, peer: Peer) -> None:
    peer.says = (
        "An Bord der Fähre sind es höchstens 38 Gäste. [P2] Der Code für das Tor ist die 4417. [P1] "
        "Die Fähre fährt erst seit dem 3. Mai 2019. [P1] Das steht so an der Tür und nicht im Text."
    )
    answer = bot.ask("Wann fährt die Fähre, und wie ist der Code?")
    told = [(one.verdict, one.reason) for one in answer.statements]
    assert [verdict for verdict, _ in told] == [Verdict.TRANSLATED, *[Verdict.UNSUPPORTED] * 3]
    assert "the number 4417" in (told[1][1] or "")
    assert "3 May 2019" in (told[2][1] or "")


@pytest.mark.parametrize(
    ("question", "says", "expected"),
    [
        ("Wer darf den Fahrplan ändern?", "Nur Ruth Amsel darf den Fahrplan ändern.", "checked for numbers and names only"),
        ("Wer darf den Fahrplan ändern?", "Nur Ruth Miller darf den Fahrplan ändern.", "“Miller” was not found in it"),
        ("Кто может изменить расписание?", "Только Рут Амсель может изменить расписание.", "checked for numbers and names only"),
        ("Кто может изменить расписание?", "Только Рут Иванова может изменить расписание.", "“Иванова” was not found in it"),
        ("¿Cuántos pasajeros puede llevar?", "Puede llevar treinta y ocho pasajeros.", "checked for numbers and names only"),
        ("¿Cuántos pasajeros puede llevar?", "Puede llevar treinta y nueve pasajeros.", None),
    ],
)  # fmt: skip
def test_a_short_answer_in_another_language_is_kept_and_a_name_that_its_source_has_not_is_told(
    bot: Chatbot, peer: Peer, question: str, says: str, expected: str | None
) -> None:
    peer.says = f"{says} [P2]"
    answer = bot.ask(question)
    assert (says in texts(answer)) is (expected is not None)
    assert expected is None or expected in (answer.statements[0].reason or "")


def test_what_a_document_itself_leaves_open_is_an_answer_under_its_mark(
    tmp_path: Path, peer: Peer, embedder: MiniLM
) -> None:
    vars(peer).update(vars(Peer(url=peer.url)))
    (tmp_path / "documents").mkdir()
    text = "It shows the ferry of Amrum. The photo was posted there, but it’s unclear when it was taken.\n"
    (tmp_path / "documents" / "photo.md").write_text(text)
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home")
    with open_chatbot(settings, "test", embedder=embedder, llm=ChatModel("odd", "", peer.url)) as bot:
        bot.ingest()
        peer.says = "It is not clear when the photo was taken. [P1]"
        told = bot.ask("When was the photo of the ferry taken?")
        peer.says = "There is no information about the ferry of Amrum. [P1]"
        untold = bot.ask("When was the photo of the ferry taken?")
    assert texts(told) == ["It is not clear when the photo was taken."]
    assert not told.abstained
    assert untold.mode == "extractive" or untold.abstained or untold.is_uncertain
    assert "There is no information about the ferry of Amrum." not in texts(untold)


def test_a_table_that_it_writes_is_checked_row_by_row(tmp_path: Path, peer: Peer, embedder: MiniLM) -> None:
    vars(peer).update(vars(Peer(url=peer.url)))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "berths.md").write_text(
        "# Berths\n\n| Boat | Berth | Keeper |\n| --- | --- | --- |\n| Petrel | B-23 | Dee Oak |\n"
        "| Skua | B-25 | Flo Gray |\n| Knot | B-28 | Ivy Dean |\n"
    )
    peer.says = (
        "Here is the table:\n\n| Boat | Berth | Keeper | Source |\n|:---|---|---|---|\n| Petrel | B-23 | Dee Oak | P1 |\n"
        "| **Skua** | B-25 [P1] | Flo Gray | |\n| Knot | B-25 | Ivy Dean | [P1] |\n| Knot | B-28 | Flo Gray | [P1] |\n"
    )
    settings = Settings(documents=tmp_path / "documents", home=tmp_path / "home")
    with open_chatbot(settings, "test", embedder=embedder, llm=ChatModel("odd", "", peer.url)) as bot:
        bot.ingest()
        answer = bot.ask("Make a table of the boats with their berths and keepers.")
    verified, unsupported = Verdict.VERIFIED, Verdict.UNSUPPORTED
    # What stands in another row of the table is not this one's.
    assert [one.verdict for one in answer.statements] == [verified, verified, unsupported, unsupported]
    assert texts(answer)[1] == "boat: Skua; berth: B-25; keeper: Flo Gray"
    assert answer.statements[1].cells == (("Boat", "Skua"), ("Berth", "B-25"), ("Keeper", "Flo Gray"))
    assert [one.quote for one in answer.citations] == ["| Petrel | B-23 | Dee Oak |", "| Skua | B-25 | Flo Gray |"]
    assert answer_from(answer.json()).statements[1].cells == answer.statements[1].cells


def test_what_it_does_not_find_beside_what_it_does_is_no_statement(bot: Chatbot, peer: Peer) -> None:
    peer.says = f"The paragraphs do not mention a captain. {FIRST} [P1]"
    assert texts(bot.ask(QUESTION)) == [FIRST]
    peer.says = "The paragraphs do not mention Sundays, but the ferry sails on Thursdays only. [P1]"
    # Nothing of it is a statement: both parts are quoted.
    assert texts(bot.ask(QUESTION)) == [f"{FIRST} {SECOND}"]


@pytest.mark.parametrize(
    ("says", "finish", "why"),
    [
        ([{"reasoning_content": THOUGHT + GOOD}], "stop", "only reasoned"),
        (f"<think>\n{THOUGHT}{GOOD}", "stop", "only reasoned"),
        ([{"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}],
         "tool_calls", "called a tool"),
        ([{"refusal": "I'm sorry, I can't help with that."}], "stop", "declined: I'm sorry, I can't help with that."),
        ("I'm sorry, but I can't help with that request.", "stop", "declined: “I'm sorry, but I can't"),
        ("As an AI language model, I cannot discuss ferries.", "stop", "declined: “As an AI language model"),
        (f"analysis{THOUGHT}{GOOD}", "stop", "only reasoned"),
        ('{"name": "search", "arguments": {"query": "when does the ferry sail"}}', "stop", "says nothing of your documents"),
        ([{"refusal": "I'm sorry,"}, {"refusal": " I can't"}, {"refusal": "."}], "stop", "declined: I'm sorry, I can't."),
        ([{"function_call": {"name": "f", "arguments": "{}"}}], "function_call", "called a tool"),
        ([{"thinking": THOUGHT + GOOD}], "stop", "only reasoned"),
        ([{"reasoning_content": THOUGHT + GOOD}], "length", "only reasoned"),
        ([{"content": [{"type": "reasoning", "text": THOUGHT + GOOD}]}], "stop", "only reasoned"),
        ("", "stop", "sent nothing"),
        ("", "length", "had no room left to write an answer"),
        ("", "content_filter", "nothing that its filter let through"),
        ("", "network_error", "sent nothing (network_error)"),
        ("Es ist eine alte Geschichte, und die Leute in der Stadt sind nicht mit ihr zufrieden. [P1]", "stop",
         "is in another language than your documents, and cannot be checked against them"),
        ("Fish are fine swimmers of the sea. [P1]", "stop", "could not be matched to your documents"),
    ],
)  # fmt: skip
def test_what_is_no_answer_gives_way_to_quotes_and_says_why(
    bot: Chatbot, peer: Peer, says: Any, finish: str, why: str
) -> None:
    peer.says, peer.finish = says, finish
    answer = bot.ask(QUESTION)
    assert answer.mode == "extractive"
    assert why in (answer.notice or "")
    assert not any("9999" in text or "user asks" in text for text in texts(answer))


@pytest.mark.parametrize(
    ("finish", "said"),
    [
        ("length", "cut off: odd"),
        ("max_tokens", "cut off: odd"),
        ("model_length", "cut off: odd"),
        ("content_filter", "cut off by the filter"),
        ("SAFETY", "cut off by the filter"),
        ("error", "broke off (error)"),
        ("abort", "broke off (abort)"),
        ("insufficient_system_resource", "broke off (insufficient_system_resource)"),
    ],
)
def test_an_answer_that_was_cut_off_says_so_and_its_fragment_is_no_statement(
    bot: Chatbot, peer: Peer, finish: str, said: str
) -> None:
    peer.says, peer.finish = f"{FIRST} [P1] The gate co", finish
    answer = bot.ask(QUESTION)
    assert texts(answer) == [FIRST]
    assert said in (answer.notice or "")


@pytest.mark.parametrize("finish", ["stop", "eos_token", "end_turn", "STOP", "COMPLETE", "stop_sequence", "tool_calls"])
def test_an_answer_that_ended_is_whole_whatever_its_end_is_called(bot: Chatbot, peer: Peer, finish: str) -> None:
    peer.finish = finish
    answer = bot.ask(QUESTION)
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)


@pytest.mark.parametrize(
    "body",
    [
        events(chunk({"content": GOOD}), "[DONE]"),
        events(chunk({"content": GOOD}, ""), "[DONE]"),
        events(chunk({"content": FIRST}), chunk({"content": f" {SECOND}"}), "[DONE]"),
        b"data:" + json.dumps(chunk({"content": GOOD})).encode() + b"\r\n\r\ndata:[DONE]\r\n\r\n",
    ],
    ids=["no reason", "an empty reason", "no marks", "other ends of lines"],
)
def test_a_stream_that_says_it_is_done_is_whole_without_a_reason(bot: Chatbot, peer: Peer, body: bytes) -> None:
    peer.body = body
    answer = bot.ask(QUESTION)
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)


@pytest.mark.parametrize("more", ["", " The", " The pilot may carry at", " 38"])
@pytest.mark.parametrize(
    ("end", "missing", "why"),
    [
        (events({"error": {"message": "CUDA out of memory", "code": 500}}), 0, "broke off (CUDA out of memory)"),
        (events({"error": "the context size is exceeded"}), 0, "broke off (the context size is exceeded)"),
        (b"event: error\ndata: out of memory\n\n", 0, "broke off (out of memory)"),
        (b'data: {"id": "x", "choi', 0, "broke off"),
        (b"", 0, "broke off"),
        (b"", 99, "broke off (the connection was cut)"),
        (events("{]"), 0, "sent what is no answer ({])"),
    ],
    ids=["an error", "a full context", "an error's event", "half an event", "an early end", "a cut", "no JSON"],
)
def test_what_was_whole_before_a_stream_broke_stays_and_the_answer_says_so(
    bot: Chatbot, peer: Peer, more: str, end: bytes, missing: int, why: str
) -> None:
    peer.body, peer.missing = events(chunk({"content": f"{GOOD}{more}"})) + end, missing
    answer = bot.ask(QUESTION)
    assert texts(answer) == [FIRST, SECOND]
    assert (answer.notice or "").startswith("The answer broke off: ")
    assert why in (answer.notice or "")
    assert len(peer.answered) == 1


def test_a_connection_that_is_cut_behind_the_end_takes_nothing_away(bot: Chatbot, peer: Peer) -> None:
    peer.body, peer.missing = events(chunk({"content": GOOD}), chunk({}, "stop")), 99
    answer = bot.ask(QUESTION)
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)


def test_an_answer_in_another_language_that_broke_off_is_compared_as_any(bot: Chatbot, peer: Peer) -> None:
    peer.body = events(chunk({"content": "Der Code für das Tor ist die 4471. [P1] Die Fähre fährt"}))
    answer = bot.ask("Wann fährt die Fähre, und wie ist der Code?")
    assert [one.verdict for one in answer.statements] == [Verdict.TRANSLATED]
    assert "broke off" in (answer.notice or "")


ODD_EVENTS: dict[str, bytes] = {
    "null": events("null"),
    "a text": events('"ping"'),
    "an empty list": events("[]"),
    "an empty line of data": b"data:\n\n",
    "a comment": b": keepalive\n\n",
    "another event": b'event: ping\ndata: {"type": "ping"}\n\n',
    "no choices": events({"choices": None}, {"choices": [None]}, {"choices": "none"}),
    "usage in words": events(chunk({"content": None}, usage="none")),
    "no delta": events(chunk(None)),
    "a second answer": events({"choices": [{"index": 1, "delta": {"content": "The gate code is 9999. [P1] "}}]}),
    "an event over two lines": b'data: {"choices":\ndata: []}\n\n',
    "a letter in no encoding": b'data: {"x": "\xe2\x80", "choices": []}\n\n',
}


@pytest.mark.parametrize("odd", ODD_EVENTS)
def test_an_event_that_says_nothing_takes_nothing_away(bot: Chatbot, peer: Peer, odd: str) -> None:
    ends = {"choices": [{"index": 0, "delta": {}, "message": {"content": GOOD}, "finish_reason": "stop"}]}
    peer.body = ODD_EVENTS[odd] + events(chunk({"content": GOOD}), ends) + ODD_EVENTS[odd] + events("[DONE]")
    answer = bot.ask(QUESTION)
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)


STREAM = events(chunk({"content": FIRST + " [P1]"}), chunk({"content": f" {SECOND} [P1]"}, "stop"), "[DONE]")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", STREAM),
        ("text/html; charset=utf-8", STREAM),
        ("text/event-stream", json.dumps(WHOLE).encode()),
        ("application/octet-stream", json.dumps(WHOLE, indent=2).encode()),
        ("text/event-stream", events(WHOLE)),
        ("application/x-ndjson", b"".join(json.dumps(chunk({"content": one})).encode() + b"\n" for one in (FIRST, f" {SECOND}"))
         + json.dumps(chunk({}, "stop")).encode()),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_what_it_is_and_not_as_what_it_is_called(
    bot: Chatbot, peer: Peer, kind: str, body: bytes
) -> None:
    peer.kind, peer.body = kind, body
    answer = bot.ask(QUESTION)
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)


@pytest.mark.parametrize(
    ("status", "told", "said"),
    [
        (400, {"error": "no such option"}, "does not take the request (no such option)."),
        (400, {"detail": "max_tokens must be at least 1"}, "(max_tokens must be at least 1)."),
        (422, {"detail": [{"loc": ["body", "n"], "msg": "Too few"}]}, "(body.n: Too few)."),
        (400, {"object": "error", "message": "Bad\n model."}, "(Bad model)."),
        (400, [{"error": {"code": 400, "message": "API key not valid."}}], "(API key not valid)."),
        (402, {"error": {"message": "Insufficient credits"}}, "its quota or credit is used up (Insufficient credits)."),
        (
            429,
            {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}},
            "its quota or credit is used up (You exceeded your current quota). Add to it, or choose another model.",
        ),
        (429, {"error": {"message": "Your credit balance is too low"}}, "used up (Your credit balance is too low)."),
        (404, {"error": {"message": "try pulling it first"}}, "knows no model odd (try pulling it first). Check"),
        (403, b"<html><head><title>Just a moment</title></head></html>", "(Just a moment). Check"),
        (409, {"a": {"b": 1}}, "does not take the request (status 409)."),
        (
            200,
            {"error": {"message": "Model is busy"}},
            "odd at 127.0.0.1:PORT failed (Model is busy). Try again later.",
        ),
        (200, {"error": "model 'x' not found"}, "failed (model 'x' not found)."),
        (200, {"detail": "Not now"}, "failed (Not now)."),
        (200, {"object": "error", "message": "Not now"}, "failed (Not now)."),
        (200, [{"error": {"message": "Not now"}}], "failed (Not now)."),
    ],
)
def test_what_a_server_says_of_its_error_is_told_in_its_words_whatever_their_shape(
    bot: Chatbot, peer: Peer, status: int, told: Any, said: str
) -> None:
    peer.refuses = lambda _: (status, told)
    notice = bot.ask(QUESTION).notice or ""
    assert len(peer.answered) == 1 or status in (200, 402, 404)
    assert said.replace("PORT", peer.url.split(":")[2].split("/")[0]) in notice
    assert "{" not in notice


def test_an_answer_without_an_end_is_read_for_so_long_only(bot: Chatbot, peer: Peer) -> None:
    peer.says = f"{FIRST} [P1] " + " ".join(f"Passenger {n} is number {n} of the list." for n in range(5_000))
    answer = bot.ask(QUESTION)
    assert "cut off" in (answer.notice or "")
    assert len(answer.statements) < 600


def test_a_server_without_a_role_for_the_instruction_gets_it_in_the_users_message(bot: Chatbot, peer: Peer) -> None:
    def refuses(given: dict[str, Any]) -> str | None:
        return "System role not supported" if given["messages"][0]["role"] == "system" else None

    peer.refuses = refuses
    model = ChatModel("gemma", "", peer.url)
    for _ in range(2):
        assert model.complete("When?").text == GOOD
    answered = list(bot.stream(Question(QUESTION)))[-1]
    assert texts(answered) == [FIRST, SECOND]
    assert "You answer questions" in peer.answered[-1]["messages"][0]["content"]
    assert QUESTION in peer.answered[-1]["messages"][0]["content"]


NO_SYSTEM = [
    (500, {"error": {"code": 500, "message": "System role not supported at row 1, column 45"}}),
    (400, {"error": "Error rendering prompt with jinja template: Only user and assistant roles are supported!"}),
    (400, {"object": "error", "message": "Conversation roles must alternate user/assistant/user/assistant/..."}),
    (400, [{"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3"}}]),
    (200, {"error": {"message": "System role not supported"}}),
]


@pytest.mark.parametrize("refusal", NO_SYSTEM)
def test_however_a_server_says_that_it_knows_no_instructions_it_gets_them_in_the_users_message(
    bot: Chatbot, peer: Peer, refusal: tuple[int, Any]
) -> None:
    peer.refuses = lambda given: refusal if given["messages"][0]["role"] == "system" else None
    answer = last_of(bot, ChatModel("gemma", "", peer.url))
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)
    assert [len(one["messages"]) for one in peer.answered] == [2, 1]


def last_of(bot: Chatbot, model: ChatModel) -> Answer:
    """An answer of a model that knows nothing of its server yet."""
    return list(bot.stream(Question(QUESTION), llm=model))[-1]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, {"error": {"message": "Unknown field in request body"}}),
        (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Not permitted"}]}),
        (500, {"error": {"message": "create() got an unexpected keyword argument 'stream_options'"}}),
    ],
)
def test_an_option_that_a_server_does_not_know_is_left_out(bot: Chatbot, peer: Peer, status: int, told: Any) -> None:
    peer.refuses = lambda given: (status, told) if "stream_options" in given else None
    model = ChatModel("old", "", peer.url)
    for asked in (2, 3):
        assert texts(last_of(bot, model)) == [FIRST, SECOND]
        assert len(peer.answered) == asked


def test_a_server_that_sends_no_streams_is_asked_for_the_whole(bot: Chatbot, peer: Peer) -> None:
    said = {"error": {"message": "Your organization must be verified to stream this model.", "param": "stream"}}
    peer.refuses = lambda given: (400, said) if given["stream"] else (200, WHOLE)
    answer = last_of(bot, ChatModel("unverified", "", peer.url))
    assert (texts(answer), answer.notice) == ([FIRST, SECOND], None)
    assert "stream_options" not in peer.answered[-1]


TOO_LONG: list[Any] = [
    "This model's maximum prompt size is 1024 tokens. However, you requested 2052 tokens.",
    "the request exceeds the available context size, try increasing it",
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length "
    "of only 4096 tokens, which is not enough.",
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
    "prompt is too long: 210000 tokens > 200000 maximum",
    (400, {"error": "Trying to keep the first 5000 tokens when context the overflows. The context length is 4096."}),
    (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 6000"}),
    (422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 6000"}),
    (422, {"detail": [{"type": "string_too_long", "loc": ["body", "messages"], "msg": "At most 9000 letters"}]}),
    (400, {"error": {"message": "Please reduce your messages.", "code": "context_length_exceeded"}}),
    (400, [{"error": {"code": 400, "message": "The input token count (9000) exceeds the maximum number of tokens"}}]),
    (500, {"error": {"message": "input is too large to process. increase the physical batch size"}}),
    (500, {"error": {"message": "prompt too long; exceeded max context length by 2000 tokens"}}),
    (413, b"<html><title>413 Request Entity Too Large</title></html>"),
    (429, {"error": {"message": "Request too large for x on tokens per min (TPM): Limit 6000, Requested 9000."}}),
    (200, {"error": {"code": 400, "message": "This model's maximum context length is 4096 tokens"}}),
    (200, events({"error": {"code": 400, "message": "the request exceeds the available context size"}})),
    (200, b'event: error\ndata: {"error": {"message": "loaded with context length of only 4096 tokens"}}\n\n'),
]


@pytest.mark.parametrize("said", TOO_LONG)
def test_a_context_that_is_too_short_gets_fewer_passages(bot: Chatbot, peer: Peer, said: Any) -> None:
    asked: list[int] = []

    def refuses(given: dict[str, Any]) -> Any:
        asked.append(given["messages"][-1]["content"].count("\n<text-"))
        return said if len(asked) == 1 else None

    peer.refuses = refuses
    assert texts(bot.ask(QUESTION)) == [FIRST, SECOND]
    assert len(asked) == 2
    assert asked[1] < asked[0]


def test_an_address_that_is_no_api_is_told_as_such(bot: Chatbot, peer: Peer) -> None:
    peer.kind, peer.body = "text/html", b"<html><body><h1>Welcome</h1></body></html>"
    answer = bot.ask(QUESTION)
    assert answer.mode == "extractive"
    assert "check OPENAI_BASE_URL, which often ends in /v1" in (answer.notice or "")
    with pytest.raises(EmbeddingError, match="sent a web page; check OPENAI_BASE_URL"):
        RemoteEmbedding("odd", "", peer.url).get_query_embedding("ferry")
    with pytest.raises(ChatModelError, match=r"tells of no model\. Check the address"):
        models_of(Chosen(address=peer.url))


@pytest.mark.parametrize("body", [b"null", b"[]", b'"ok"', b"ok", b"", b'{"data": 3}', b'{"error": {"message": "no"}}'])
def test_what_is_no_list_is_told_as_such(peer: Peer, body: bytes) -> None:
    vars(peer).update(vars(Peer(url=peer.url)))
    peer.kind, peer.body = "application/json", body
    with pytest.raises(EmbeddingError, match=r"^odd at [\d.:]+ (?:sent what is no answer|failed \(no\))"):
        RemoteEmbedding("odd", "", peer.url).get_query_embedding("ferry")
    with pytest.raises(ChatModelError, match=r"^[\d.:]+ (?:sent what is no answer|failed \(no\))"):
        models_of(Chosen(address=peer.url))


def test_a_server_that_answers_in_one_piece_is_read(bot: Chatbot, peer: Peer) -> None:
    message = {"role": "assistant", "content": GOOD}
    told = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
    peer.kind, peer.body = "application/json", json.dumps(told).encode()
    answer = bot.ask(QUESTION)
    assert texts(answer) == [FIRST, SECOND]
    assert answer.usage == {"prompt_tokens": 7}


@pytest.mark.parametrize(
    ("rewrite", "is_taken"),
    [
        pytest.param("How many passengers may the ferry carry?", True, id="a rewrite"),
        pytest.param("Rewritten question: How many passengers may the ferry carry?", True, id="with a label"),
        pytest.param(
            "<think>It is about the ferry.</think>How many passengers may the ferry carry?", True, id="thought"
        ),
        pytest.param(
            "Rewritten: How many passengers may the ferry carry?\n\n(I put in 'the ferry' for 'it'.)",
            True,
            id="a remark",
        ),
        pytest.param("How many passengers may the ferry carry? (Is it the ferry?)", True, id="a question in brackets"),
        pytest.param("How many passengers may the ferry carry? " * 5, True, id="said over and over"),
        pytest.param("How many may it carry?", False, id="an echo"),
        pytest.param("how many may it carry", False, id="an echo in other letters"),
        pytest.param("The ferry may carry at most 38 passengers.", False, id="an answer"),
        pytest.param("Is it true that the ferry may carry 38 passengers?", False, id="a number that nobody mentioned"),
        pytest.param("How many passengers may Captain Holm carry?", False, id="a name that nobody mentioned"),
    ],
)
def test_a_follow_up_is_searched_as_the_model_words_it_only_where_that_asks_the_same(
    bot: Chatbot, peer: Peer, rewrite: str, is_taken: bool
) -> None:
    earlier = Turn(QUESTION, bot.ask(QUESTION))
    peer.says = rewrite
    searched = bot.ask(Question("How many may it carry?", turns=[earlier])).searched_for
    if not is_taken:
        # Then it is worded as without a model.
        assert searched == bot.ask(Question("How many may it carry?", turns=[earlier], offline=True)).searched_for
        assert len(searched) > 1
    wanted = "How many passengers may the ferry carry?"
    assert (wanted in searched) is is_taken
    assert is_taken or rewrite not in searched[1:]
