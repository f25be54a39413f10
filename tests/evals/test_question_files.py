"""Question files of others are read by what they hold, slips are told by line, and what is exported reads back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.cases import read_cases, read_questions
from evals.domain import Case, Gold, KeyPoint
from evals.export import TOOLS, exported, exported_run
from evals.results import Asked, Result
from rag.domain import Answer, Paragraph, Passage, Ranks, Role, Source, Statement, Verdict
from rag.errors import CaseError

MULE = "How much is a tyre change for the Mule?"
COSTS = "A tyre change for the Mule costs 31 euros."

SHAPES = {
    "our lines": '{"question": "%s", "answers": "31 euros", "gold": "%s"}',
    "our lines, BOM and CRLF": '\ufeff{"question": "%s", "answers": ["31 euros"], "gold": {"quote": "%s"}}\r\n\r\n',
    "an array": '[\n  {"question": "%s", "answer": "31 euros",\n   "contexts": ["%s"]}\n]\n',
    "ragas": '{"user_input": "%s", "reference": "31 euros", "reference_contexts": ["%s"]}\n',
    "ragas, a conversation": '{"user_input": [{"content": "%s", "type": "human"}], "reference": "31 euros", "reference_contexts": ["%s"]}\n',
    "ragas before 0.2": '[{"question": "%s", "ground_truths": ["31 euros"], "contexts": ["%s"]}]',
    "ragas as CSV": "user_input,reference,reference_contexts\n%s,31 euros,\"['%s']\"\n",
    "deepeval": '[{"input": "%s", "expected_output": "31 euros", "context": ["%s"], "actual_output": null}]',
    "inspect": '{"input": "%s", "target": "31 euros", "metadata": {"context": "%s"}}\n',
    "inspect, with choices": '{"input": "%s", "target": "B", "choices": ["18 euros", "31 euros"], "metadata": {"context": "%s"}}\n',
    "CSV": 'question,expected_output,context\n"%s","31 euros","%s"\n',
    "CSV of a German Excel": "\ufeffQuestion;Answer;Context\r\n%s;31 euros;%s\r\n",
    "promptfoo": 'tests:\n  - vars: {query: "%s", context: "%s"}\n    assert:\n      - {type: icontains, value: 31 euros}\n      - {type: latency, threshold: 9}\n',
    "promptfoo, tests alone": '- vars:\n    question: "%s"\n    context: "%s"\n  assert: [{type: contains-any, value: [31 euros]}]\n',
    "promptfoo as JSON": '{"prompts": ["{{query}}"], "tests": [{"vars": {"query": "%s", "context": "%s"}, "assert": [{"type": "equals", "value": "31 euros"}]}]}',
}  # fmt: skip


def written(tmp_path: Path, text: str) -> Path:
    # By one name whatever it holds: its content decides.
    path = tmp_path / "questions.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_brings_the_same_case(tmp_path: Path, shape: str) -> None:
    read = read_questions(written(tmp_path, SHAPES[shape] % (MULE, COSTS)))
    assert read.slips == ()
    (case,) = read.cases
    assert (case.question, case.answers, case.gold) == (MULE, ("31 euros",), (Gold(quote=COSTS),))
    # Made of the words of the question: the same in every file, wherever it stands.
    assert (case.id, read.made) == ("q-b8fde847", 1)


def test_text_in_yaml_and_tables_is_what_stands_there(tmp_path: Path) -> None:
    yaml = (
        "tests:\n- vars: {question: 'Is it open?'}\n  assert: [{type: equals, value: no}, {type: equals, value: 007}]\n"
    )
    assert read_cases(written(tmp_path, yaml))[0].answers == ("no", "007")
    table = "id,question,answer,answerable,source\n1,Is it open?,no,true,hours.md\n2,Who?,,false,\n"
    first, second = read_cases(written(tmp_path, table))
    assert (first.id, first.answers, first.gold) == ("1", ("no",), (Gold(document="hours.md"),))
    assert (second.answerable, second.answers, second.gold) == (False, (), ())


def test_yaml_that_holds_itself_many_times_over_is_told_at_once(tmp_path: Path) -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30))
    text = f"l0: &l0 [a]\n{levels}tests:\n- vars: {{question: *l29}}\n"
    (slip,) = read_questions(written(tmp_path, text)).slips
    assert slip.endswith("is no text. Put it in quotation marks.")


def test_a_chat_is_earlier_questions_and_the_last_one(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "She."}, {"role": "user", "content": "Since when?"}]  # fmt: skip
    (case,) = read_cases(written(tmp_path, json.dumps({"input": chat, "target": ["1990", "90"]})))
    assert (case.turns, case.question, case.answers) == (("Who?",), "Since when?", ("1990", "90"))


def test_of_assertions_what_must_not_be_said_and_what_all_must_are_taken(tmp_path: Path) -> None:
    test = {"vars": {"question": "?"}, "assert": [{"type": "not-icontains", "value": "PWNED"}, {"type": "contains-all", "value": ["a b", "c d"]}]}  # fmt: skip
    (case,) = read_cases(written(tmp_path, json.dumps([test])))
    assert (case.must_not, case.key_points) == (("PWNED",), (KeyPoint(("a b",)), KeyPoint(("c d",))))


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ('{"question": "a"}\n{"qestion": "b"}\n', "line 2: qestion “b” is no field of a case. Call it question."),
        ('{"question": "a"}\n\n{"id": "b"}\n', "line 3: question is missing; there is id. Write a question."),
        ('{"question": "a", "answers": [["b"]]}\n', "line 1: answers “[\"b\"]” is no text. Put it in quotation marks."),
        ('{"question": "a", "answers": true}\n', "line 1: answers “true” is no text. Put it in quotation marks."),
        ('{"question": "a", "answerable": "maybe"}\n', "line 1: answerable “maybe” is neither true nor false. Write one of the two."),
        ('{"question": "a", "gold": [3]}\n', "line 1: gold “3” is neither a text nor an object with fields. Write one of the two."),
        ('{"question": "a", "gold": [{"page": 3}]}\n', "line 1: gold “{\"page\": 3}” names neither a document nor a quote. Write one of the two."),
        ('{"question": "a", "gold": [{"document": "a.pdf", "page": "iv"}]}\n', "line 1: page “iv” is no whole number. Write one, or leave page out."),
        ('{"question": "a"}\n{"question": "b"\n', "line 2: is no JSON: Expecting ',' delimiter at column 17, “{\"question\": \"b\"”."),
        ('{"question": "a"}\n"b"\n', "line 2: “b” is no object with fields. Write one, with a question in it."),
        ('{"question": "a"} {"question": "b"}\n{"question": "c"}\n', "line 1: more stands behind the end of the object: “{\"question\": \"b\"}”. Give it its own line."),
        ('[{"question": "a"},\n {"question": 3.5},\n {"question": [3]}]', "line 3: question “[3]” is no text. Put it in quotation marks."),
        ('[{"question": "a"},\n {"question": "b"', "line 2: is no JSON: Expecting ',' delimiter at column 18, “{\"question\": \"b\"”."),
        ("question,answer\na,b,c\n", "line 2: has 3 cells, and the first row 2. Put quotation marks around the cell that ends with “c”."),
        ("tests:\n- vars: {a: b, c: d}\n", "line 2: vars a, c: none of them is the question. Call it `question` or `query`."),
        ("tests:\n- {description: no vars}\n", "line 2: question is missing; there is description. Write a question."),
    ],
)  # fmt: skip
def test_a_slip_is_one_line_with_its_place_field_value_and_next_step(tmp_path: Path, text: str, slip: str) -> None:
    assert read_questions(written(tmp_path, text)).slips == (slip,)


def test_an_empty_file_holds_no_question(tmp_path: Path) -> None:
    assert read_cases(written(tmp_path, "\n")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Just a letter.\n", "line 1: holds no questions. Questions are JSON lines, a JSON array, CSV with a column called question, or YAML with tests."),
        ("tests: [\n", "is no YAML"),
        ("a: b: c\n", "line 1: is no YAML: mapping values are not allowed here."),
        ("[" * 100_000, "line 1: is nested too deep to be read."),
        ("- " * 20_000, "line 1: is no YAML."),
    ],
    ids=["prose", "open YAML", "odd YAML", "deep JSON", "deep YAML"],
)  # fmt: skip
def test_what_is_no_question_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CaseError) as error:
        read_cases(written(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda data: data.decode("latin-1"))))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read_questions(path)
    except CaseError as error:
        assert str(error).startswith(str(path))


# Text without control characters, which neither tables nor YAML hold as they are.
_words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).map(lambda one: f"{one}.")
_names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
_golds = st.builds(
    Gold, document=_names, quote=st.one_of(st.none(), _words), page=st.one_of(st.none(), st.integers(1, 99)),
    grade=st.integers(1, 3),
)  # fmt: skip
_cases = st.builds(
    Case,
    id=_names,
    question=_words,
    answers=st.lists(_words, max_size=3).map(tuple),
    gold=st.lists(_golds, max_size=3).map(tuple),
    answerable=st.booleans(),
    all_gold=st.booleans(),
    tags=st.lists(_names, max_size=2).map(tuple),
    near=st.one_of(st.none(), _golds),
    reference=st.one_of(st.none(), _words),
    turns=st.lists(_words, max_size=2).map(tuple),
    key_points=st.lists(st.builds(KeyPoint, st.lists(_words, min_size=1, max_size=2).map(tuple), st.booleans()), max_size=2).map(tuple),
    must_not=st.lists(_words, max_size=2).map(tuple),
    cluster=st.one_of(st.just(""), _names),
    source=st.sampled_from(("human", "synthetic", "feedback")),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=60, deadline=None)
@given(st.lists(_cases, min_size=1, max_size=4))
def test_what_is_exported_reads_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, tool: str, cases: list[Case]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{tool}.txt"
    path.write_bytes(exported(cases, tool=tool).encode())
    assert read_cases(path) == cases


@pytest.mark.parametrize("tool", TOOLS)
def test_what_was_changed_in_the_other_tool_counts(tmp_path: Path, tool: str) -> None:
    gold = (Gold(document="prices.md", quote=COSTS),)
    case = Case(id="mule", question=MULE, answers=("30 euros",), gold=gold, tags=("price",))
    text = exported([case], tool=tool)
    # Its own fields come first; what is ours stands behind them.
    (changed,) = read_cases(written(tmp_path, text.replace("30 euros", "31 euros", 1)))
    assert changed == Case(id="mule", question=MULE, answers=("31 euros",), gold=gold, tags=("price",))


def test_a_run_takes_its_answers_and_passages_along() -> None:
    paragraph = Paragraph(document_id="documents/prices.md", number=1, text=COSTS, start=0, end=len(COSTS), role=Role.BODY)  # fmt: skip
    passage = Passage(paragraph=paragraph, source=Source(title="Prices", revision="r"), score=1.0, ranks=Ranks())
    said = Statement(text=COSTS, citations=(), verdict=Verdict.VERIFIED)
    answer = Answer(question=MULE, statements=(said,), passages=(passage,))
    case = Case(id="mule", question=MULE, answers=("31 euros",))
    kept = [Result(case=case, asked=Asked(answer=answer), scores=(), round=number) for number in (1, 2)]
    (item,) = map(json.loads, exported_run(kept, tool="ragas").splitlines())
    assert (item["user_input"], item["response"], item["retrieved_contexts"]) == (MULE, answer.text, [COSTS])
    (item,) = json.loads(exported_run(kept, tool="deepeval"))
    assert (item["input"], item["actual_output"], item["retrieval_context"]) == (MULE, answer.text, [COSTS])
    assert "actual_output" not in exported_run(kept, tool="promptfoo")
