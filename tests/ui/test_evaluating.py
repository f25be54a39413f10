"""`ibid eval` as a person types it: real commands over the seed articles and over a folder of one's own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import ModelServer

ROOT = Path(__file__).parents[2]
FIRST = "000_8ce4b84d20215b01.txt"


class Told:
    """What a command printed, and its exit code."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.out, self.err, self.code = done.stdout, done.stderr, done.returncode
        assert "Traceback" not in self.err, self.err


def ibid(home: Path, *arguments: str, cwd: Path = ROOT, said: str = "", **more: str) -> Told:
    ambient = {k: v for k, v in os.environ.items() if not k.startswith(("IBID_", "OPENAI_"))}
    environment = ambient | {"IBID_HOME": str(home), "COLUMNS": "100", **more}
    command = [sys.executable, "-c", "from ui.cli import main; main()", "eval", *arguments]
    return Told(
        subprocess.run(command, cwd=cwd, env=environment, input=said, capture_output=True, text=True, timeout=300)
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def kept(home: Path) -> Path:
    """A run of thirty of the shipped questions."""
    path = home / "run.jsonl"
    told = ibid(
        home,
        "run",
        "--limit",
        "30",
        "--out",
        str(path),
        "--junit",
        str(home / "j.xml"),
        "--markdown",
        str(home / "m.md"),
    )
    assert told.code == 0, told.err
    assert "every quote is the exact slice" in told.out
    assert "30 questions," in told.out
    # What it says in a sentence comes first.
    assert re.match(r"\d+ % \(\d+–\d+\) answered rightly of the \d+ that can be answered, \d+ %", told.out)
    return path


@pytest.mark.slow
def test_a_run_prints_its_figures_and_is_kept(home: Path, kept: Path) -> None:
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 31
    assert "| citations | marks lead to a passage shown | 1.000 |" in (home / "m.md").read_text(encoding="utf-8")
    assert ElementTree.parse(home / "j.xml").getroot().get("failures") is not None


@pytest.mark.slow
def test_a_second_run_has_the_same_scores_and_a_comparison_says_so(home: Path, kept: Path) -> None:
    again = home / "again.jsonl"
    assert ibid(home, "run", "--limit", "30", "--out", str(again)).code == 0
    assert re.match(
        "## seeds · extractive · .* · code [0-9a-f]{7}\n\n\\d+ %", (home / "m.md").read_text(encoding="utf-8")
    )
    told = ibid(home, "compare", str(kept), str(again), "--gate")
    assert told.code == 0
    assert "0 fixed, 0 broken" in told.out
    assert "Every score is the same" in told.out


@pytest.mark.slow
def test_a_worse_run_fails_the_gate(home: Path, kept: Path) -> None:
    head, *lines = kept.read_text(encoding="utf-8").splitlines()
    spoilt = [json.loads(line) for line in lines]
    for line in spoilt:
        for score in line["scores"]:
            if score["name"] in ("right", "exact") and score["value"] is not None:
                score["value"] = 0.0
    path = home / "worse.jsonl"
    path.write_text("\n".join([head, *map(json.dumps, spoilt)]) + "\n", encoding="utf-8")
    assert ibid(home, "compare", str(kept), str(path)).code == 0
    told = ibid(home, "compare", str(kept), str(path), "--gate")
    assert told.code == 1
    assert "FAILS" in told.out
    # What flipped stands before the table.
    assert told.out.index("broken (McNemar") < told.out.index("\nbroken  seeds-") < told.out.index("metric")


@pytest.mark.slow
def test_a_threshold_that_is_missed_fails_the_gate(home: Path, tmp_path: Path) -> None:
    """Of nothing but paraphrases far from the wording, less than the limit are found."""
    told = ibid(home, "run", "--tag", "paraphrase", "--gate", "--out", str(tmp_path / "r.jsonl"))
    assert "FAIL" in told.out
    assert told.code == 1


@pytest.mark.slow
def test_an_open_gate_answers_what_the_documents_do_not_say_and_has_no_limit_to_miss(
    home: Path, tmp_path: Path
) -> None:
    told = ibid(
        home, "run", "--tag", "absent", "--limit", "3", "--open-gate", "--gate", "--out", str(tmp_path / "r.jsonl")
    )
    assert told.code == 0, told.err
    assert "(3)" in told.out.split("answered, though the documents do not say")[1]


@pytest.mark.slow
def test_rescoring_asks_nothing_and_changes_nothing(home: Path, kept: Path) -> None:
    before = kept.read_text(encoding="utf-8")
    told = ibid(home, "rescore", str(kept))
    assert told.code == 0, told.err
    assert kept.read_text(encoding="utf-8") == before


@pytest.mark.slow
def test_a_run_becomes_a_page(home: Path, kept: Path) -> None:
    told = ibid(home, "report", str(kept))
    assert told.code == 0
    page = kept.with_suffix(".html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert re.search(r'<p class="headline">\d+ % \(\d+–\d+\) answered rightly', page)


@pytest.mark.slow
def test_ones_own_documents_and_questions(home: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "leave.md").write_text("# Leave\n\nEmployees are entitled to 16 weeks of parental leave.\n")
    questions = tmp_path / "questions.jsonl"
    made = ibid(home, "generate", str(questions), "--documents", str(documents))
    assert made.code == 0, made.err
    assert "marked synthetic" in made.out
    assert ibid(home, "lint", "--documents", str(documents), "--questions", str(questions)).code == 0
    told = ibid(home, "run", "--documents", str(documents), "--questions", str(questions))
    assert told.code == 0, told.err
    runs = list((home / "evals" / "runs").glob("*.jsonl"))
    assert len(runs) == 1
    assert not any(path.name == "evals" for path in documents.iterdir())


@pytest.mark.slow
def test_a_broken_question_file_is_told_line_by_line(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    gold = [{"document": FIRST, "quote": "14 days of siege"}]
    path.write_text(json.dumps({"id": "1", "question": "How long?", "gold": gold, "tags": ["x"]}) + "\n")
    told = ibid(home, "lint", "--documents", "seeds", "--questions", str(path))
    assert told.code == 1
    assert f"q.jsonl line 1: 1: gold “14 days of siege” does not stand in {FIRST}." in told.out
    assert "ibid: 1 problem in 1 case of" in told.err


SHOP = {
    "prices.md": "A tyre change for the Mule costs 31 euros. The battery is replaced for 410 euros.\n",
    "passes.md": "Dogs are allowed in the cable car but not on the chair lifts.\n\nChildren under six do not need a pass.\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in SHOP.items():
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / name).write_text(text, encoding="utf-8")
    return tmp_path / "shop"


@pytest.mark.slow
def test_questions_of_another_tool_are_linted_asked_told_against_the_last_run_and_exported(
    home: Path, shop: Path, tmp_path: Path
) -> None:
    questions = tmp_path / "lifts.csv"
    rows = [
        "user_input;reference;reference_contexts",
        "How much is a tyre change for the Mule?;31 euros;a tyre change for the Mule costs 31 euros",
        "Are dogs allowed on the chair lifts?;no;Dogs are allowed in the cable car but not on the chair lifts.",
        "Does a five-year-old need a pass?;yes;Children under six need a pass.",
    ]
    questions.write_text("\ufeff" + "\r\n".join(rows) + "\r\n", encoding="utf-8")
    of = ["--documents", str(shop), "--questions", str(questions)]
    told = ibid(home, "lint", *of)
    assert told.out.startswith("lifts.csv line 4: q-")
    assert "gold “Children under six need a pass.” stands in none of the documents." in told.out
    assert "Is it “Children under six do not need a pass.”?" in told.out
    assert "3 cases have no id; one was made of the words of its question" in told.out

    questions.write_text("\n".join([*rows[:3], "Does a five-year-old need a pass?;no;" + SHOP["passes.md"].split("\n")[2]]), encoding="utf-8")  # fmt: skip
    assert ibid(home, "lint", *of).code == 0
    first = ibid(home, "run", *of)
    assert first.out.startswith("100 % (44–100) answered rightly, 0 % (0–56) wrongly, of 3 questions.\n"), first.err
    second = ibid(home, "run", *of, "--out", str(tmp_path / "run.jsonl"))
    assert second.out.startswith("100 % (44–100) answered rightly, 0 % (0–56) wrongly, of 3 questions; the same as the")

    told = ibid(home, "export", str(tmp_path / "run.jsonl"), str(tmp_path / "ragas.jsonl"), "--as", "ragas")
    assert told.code == 0, told.err
    items = [json.loads(line) for line in (tmp_path / "ragas.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [item["reference"] for item in items] == ["31 euros", "no", "no"]
    assert "31 euros" in items[0]["response"]
    assert items[0]["retrieved_contexts"]
    assert "exists already" in ibid(home, "export", str(questions), str(tmp_path / "ragas.jsonl"), "--as", "csv").err
    assert ibid(home, "export", str(questions), str(tmp_path / "x"), "--as", "excel").code == 2
    left = ibid(home, "export", str(tmp_path / "run.jsonl"), str(tmp_path / "tests.yaml"), "--as", "promptfoo")
    assert "promptfoo has no fields for answers, so they were left out" in left.out


@pytest.mark.slow
def test_what_a_judge_could_not_judge_is_told_first(tmp_path: Path, shop: Path, model_server: ModelServer) -> None:
    lines = [
        {"question": "How much is a tyre change for the Mule?", "answers": "31 euros", "gold": "A tyre change for the Mule costs 31 euros."},
        {"question": "How much is the battery?", "answers": "410 euros", "gold": "The battery is replaced for 410 euros."},
    ]  # fmt: skip
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with model_server({"Mule costs 31 euros.": "full", "The statement:": "hard to tell"}) as url:
        told = ibid(
            tmp_path / "home", "run", "--documents", str(shop), "--questions", str(tmp_path / "q.jsonl"),
            "--judge", "gpt-judge", OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-planted",
        )  # fmt: skip
    assert told.code == 0, told.err
    first = " ".join(told.out.split("metric")[0].split())
    assert re.search(
        r"supported, says the judge, and could not judge \d+ % \(\d+–\d+\) of an answer’s statements", first
    )
    assert "of its statements, could not be judged" in told.out


def test_feedback_becomes_cases(home: Path, tmp_path: Path) -> None:
    own, target = tmp_path / "home", tmp_path / "mine.jsonl"
    assert "no feedback yet" in ibid(own, "add", str(target), "--from-feedback").err
    own.mkdir(exist_ok=True)
    good = {
        "id": "feedback-1",
        "question": "Q?",
        "gold": [{"document": "a.txt", "quote": "x"}],
        "tags": ["bad"],
        "source": "feedback",
    }
    empty = {
        "id": "feedback-2",
        "question": "R?",
        "gold": [],
        "answerable": True,
        "tags": ["bad"],
        "source": "feedback",
    }
    (own / "feedback.jsonl").write_text(json.dumps(good) + "\n" + json.dumps(empty) + "\n")
    first, second = (ibid(own, "add", str(target), "--from-feedback") for _ in range(2))
    assert "1 added" in first.out
    assert "1 say no paragraph" in first.out
    assert "0 added" in second.out
    assert [json.loads(line)["id"] for line in target.read_text().splitlines()] == ["feedback-1"]
    (tmp_path / "mine.csv").write_text("question,answer\nQ?,x\n")
    assert "mine.csv is not of JSON lines" in ibid(own, "add", str(tmp_path / "mine.csv"), "--from-feedback").err


@pytest.mark.slow
def test_calibrating_writes_the_gate_only_where_it_is_meant(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "home"
    lines = (ROOT / "evals" / "questions" / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    # Enough to fit a gate to, and a quarter of the time of all.
    (tmp_path / "some.jsonl").write_text("\n".join(lines[::4]) + "\n", encoding="utf-8")
    asked = ["--documents", str(ROOT / "seeds"), "--questions", str(tmp_path / "some.jsonl")]
    told = ibid(own, "calibrate", "--dry-run", *asked)
    assert told.code == 0, told.err
    assert "the shipped one, rescaled" in told.out
    assert "risk among the most certain" in told.out
    assert not (own / "gate.json").exists()
    assert ibid(own, "calibrate", *asked).code == 0
    assert set(json.loads((own / "gate.json").read_text())) == {
        "with_reader",
        "with_dense",
        "without_dense",
        "threshold",
        "floor",
    }


@pytest.mark.slow
def test_a_person_judges_statements_one_after_the_other(home: Path, kept: Path, tmp_path: Path) -> None:
    told = ibid(tmp_path, "label", str(kept), said="f\np\n\nq\n")
    assert told.code == 0, told.err
    labels = [json.loads(line) for line in (tmp_path / "evals" / "labels.jsonl").read_text().splitlines()]
    assert [label["support"] for label in labels] == ["full", "partial"]


@pytest.mark.slow
def test_a_model_writes_and_another_judges_and_neither_key_nor_path_of_it_is_kept(
    tmp_path: Path, model_server: ModelServer
) -> None:
    key = "sk-planted-0123456789"
    question = "How long was West Aleppo under siege?"
    gold = [{"document": FIRST, "quote": "after 13 days of siege by Daesh"}]
    case = {"id": "days", "question": question, "answers": ["13 days"], "gold": gold, "tags": ["number"]}
    (tmp_path / "q.jsonl").write_text(json.dumps(case) + "\n")
    replies = {
        f"Question: {question}": "West Aleppo was under siege by Daesh for 13 days. [P1]",
        "The statement:": "The text says 13 days.\nfull",
    }
    with model_server(replies) as url:
        told = ibid(
            tmp_path / "home", "run", "--documents", "seeds", "--questions", str(tmp_path / "q.jsonl"), "--mode", "generative",
            "--judge", "gpt-judge", "--repeat", "2", "--out", str(tmp_path / "run.jsonl"),
            IBID_CHAT_MODEL="gpt-test", OPENAI_BASE_URL=url, OPENAI_API_KEY=key,
        )  # fmt: skip
    assert told.code == 0, told.err
    assert f"text goes to gpt-test at {url.split('/')[2]}, gpt-judge" in told.err
    assert "judged supported" in told.out
    assert "uncalibrated: a person judged 0 of its statements" in told.out
    assert "verdict varies between repeats: 0.000" in told.out
    head, first, second = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert (head["mode"], head["judge"]["model"]) == ("generative", "gpt-judge")
    assert (first["answer"]["mode"], first["round"], second["round"]) == ("generative", 1, 2)
    assert {s["name"]: s["value"] for s in first["scores"]}["judged_support"] == 1.0
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(key.encode() in text for text in [*kept, (tmp_path / "run.jsonl").read_bytes(), told.out.encode()])


@pytest.mark.slow
def test_who_judges_is_named_where_no_model_writes(tmp_path: Path, model_server: ModelServer) -> None:
    (tmp_path / "q.jsonl").write_text(
        json.dumps({"id": "days", "question": "How long was West Aleppo under siege?"}) + "\n"
    )
    with model_server({"The statement:": "full"}) as url:
        told = ibid(
            tmp_path / "home", "run", "--documents", "seeds", "--questions", str(tmp_path / "q.jsonl"),
            "--judge", "gpt-judge", "--out", str(tmp_path / "run.jsonl"), OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-planted",
        )  # fmt: skip
    assert told.code == 0, told.err
    assert f"text goes to gpt-judge at {url.split('/')[2]}" in told.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["compare", "baseline", "evals/baselines/seeds.jsonl"], ["lint"], ["--help"]],
    ids=["tables", "one line", "help"],
)
def test_a_reader_that_goes_away_is_no_error(home: Path, arguments: list[str]) -> None:
    """As `| head -1`, but sure to be gone before the first line comes."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from ui.cli import main; main()", "eval", *arguments]
    environment = os.environ | {"IBID_HOME": str(home)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=writing, stderr=subprocess.PIPE, timeout=300, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--suite", "nobody’s"], "There is no suite “nobody’s” (there is: seeds)"),
        (["run", "--documents", "seeds"], "Name both: --documents DIR and --questions FILE."),
        (["run", "--documents", "nowhere", "--questions", "evals/questions/seeds.jsonl"], "The documents folder nowhere does not exist."),
        (["run", "--tag", "unheard-of"], "There is no question with the tag unheard-of to ask."),
        (["run", "--mode", "generative"], "--mode generative needs IBID_CHAT_MODEL."),
        (["run", "--judge", "gpt-test"], "needs OPENAI_API_KEY"),
        (["report", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["compare", "README.md", "README.md"], "README.md is not a run"),
        (["generate", "README.md"], "README.md exists already."),
    ],
    ids=["suite", "half", "folder", "tag", "no model", "no key", "no run", "not a run", "file there"],
)  # fmt: skip
def test_a_mistake_is_one_line(home: Path, arguments: list[str], line: str) -> None:
    told = ibid(home, *arguments)
    assert told.code == 1
    assert told.err.startswith("ibid: ")
    assert line in told.err
    assert told.err.count("\n") == 1


@pytest.mark.slow
def test_wrong_usage_exits_with_2(home: Path) -> None:
    assert ibid(home, "run", "--mode", "magic").code == 2
    assert ibid(home, "run", "--limit", "0").code == 2
