"""The command line as a person meets it: real processes over the two seed articles."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from commands import ANSWER_KEYS, CITATION_KEYS, PASSAGE_KEYS, STATEMENT_KEYS, Ibid, Run

from tests.conftest import EmbeddingServer

ROOT = Path(__file__).parents[2]
SEEDS = ("000_8ce4b84d20215b01.txt", "003_92a89446f71c2985.txt")
QUESTION = "How long was West Aleppo under siege?"
KEY = "sk-planted-0123456789"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ibid, Run]:
    """A home over the seeds after its first question, and what that printed."""
    base = tmp_path_factory.mktemp("filled")
    shutil.copytree(ROOT / "seeds", base / "seeds")
    ibid = Ibid(base / "home", base / "seeds")
    return ibid, ibid.run("ask", QUESTION)


@pytest.fixture
def ibid(filled: tuple[Ibid, Run], tmp_path: Path) -> Ibid:
    """A home of one's own in which the seeds are in."""
    shutil.copytree(filled[0].home, tmp_path / "home")
    return Ibid(tmp_path / "home", filled[0].documents)


@pytest.fixture
def empty(filled: tuple[Ibid, Run], tmp_path: Path) -> Ibid:
    return Ibid(tmp_path / "home", filled[0].documents)


def assert_one_line(run: Run, code: int, *said: str) -> None:
    assert (run.code, run.out) == (code, ""), run.err
    assert len(run.err.splitlines()) == 1, run.err
    assert run.err.startswith("ibid: ")
    assert "Traceback" not in run.err
    for words in said:
        assert words in run.err


# --- questions


@pytest.mark.slow
def test_the_first_question_ingests_by_itself_and_is_answered_with_its_place(filled: tuple[Ibid, Run]) -> None:
    _, first = filled
    assert first.code == 0
    assert "after 13 days of siege by Daesh.” [1]" in first.out
    assert "] In Rare Victory, Syrian Army breaks ISIL siege of West Aleppo" in first.out
    assert f"{SEEDS[0]} ¶6" in first.out
    assert first.err.startswith("2 added · 55 passages embedded")
    assert len(first.err.splitlines()) == 1


@pytest.mark.slow
def test_the_second_question_says_nothing_of_ingesting_and_answers_the_same(filled: tuple[Ibid, Run]) -> None:
    ibid, first = filled
    second = ibid.run("ask", QUESTION)
    assert (second.code, second.err) == (0, "")
    assert second.out.rpartition("\n")[0].splitlines()[:-1] == first.out.rpartition("\n")[0].splitlines()[:-1]


@pytest.mark.slow
def test_an_answer_as_json_has_the_keys_of_the_contract(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("ask", QUESTION, "--json")
    assert (run.code, run.err) == (0, "")
    answer = json.loads(run.out)
    assert list(answer) == ANSWER_KEYS
    assert (answer["version"], answer["question"], answer["mode"], answer["complete"]) == (
        1,
        QUESTION,
        "extractive",
        True,
    )
    assert (answer["abstained"], answer["model"], answer["usage"]) == (False, None, None)
    assert list(answer["gate"]) == ["score", "threshold", "floor"]
    assert answer["statements"]
    for statement in answer["statements"]:
        assert list(statement) == STATEMENT_KEYS
        assert statement["verdict"] == "verified"
        for citation in statement["citations"]:
            assert list(citation) == CITATION_KEYS
            name = citation["document"].removeprefix("documents/")
            text = (ROOT / "seeds" / name).read_bytes().decode()
            assert text[citation["start"] : citation["end"]] == citation["quote"]
    for passage in answer["passages"]:
        assert list(passage) == PASSAGE_KEYS
        assert list(passage["ranks"]) == ["dense", "words", "grams"]
    assert answer["closest"] == []


@pytest.mark.slow
def test_an_abstention_as_json_has_the_same_keys_and_the_closest_passages(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("ask", "What does a quantum entangler cost in Zürich?", "--json")
    answer = json.loads(run.out)
    assert (run.code, list(answer)) == (0, ANSWER_KEYS)
    assert (answer["abstained"], answer["statements"]) == (True, [])
    assert all(list(passage) == PASSAGE_KEYS for passage in answer["closest"])
    assert "entangler" in answer["missing_terms"]


@pytest.mark.slow
def test_small_talk_as_json_has_the_same_keys(filled: tuple[Ibid, Run]) -> None:
    answer = json.loads(filled[0].run("ask", "hello", "--json").out)
    assert list(answer) == ANSWER_KEYS
    assert answer["notice"].startswith("Hello.")


@pytest.mark.slow
def test_a_question_may_come_from_a_pipe(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("ask", given=QUESTION.encode() + b"\n")
    assert run.code == 0
    assert "13 days of siege" in run.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Сколько длилась осада Западного Алеппо?".encode(), id="russian"),
        pytest.param("阿勒颇西部被围困了多久？".encode(), id="chinese"),
        pytest.param(b"Who \xff broke \xed\xa0\x80 the siege?", id="no-utf-8"),
        pytest.param("🙂".encode(), id="emoji"),
        pytest.param(b"?", id="only-a-mark"),
        pytest.param(b"[bold]siege[/bold] [/] \x1b[31m", id="markup"),
        pytest.param(b"siege " * 600, id="long"),
    ],
)
def test_odd_questions_are_answered_or_abstained_from(filled: tuple[Ibid, Run], question: bytes) -> None:
    plain = filled[0].run("ask", question)
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.strip()
    assert "\x1b" not in plain.out
    as_json = filled[0].run("ask", "--json", "--", question)
    assert list(json.loads(as_json.out)) == ANSWER_KEYS


@pytest.mark.slow
@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_bytes_that_are_no_text_may_come_from_a_pipe(filled: tuple[Ibid, Run], language: str) -> None:
    more = {"LC_ALL": language, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = filled[0].run("ask", given=b"Who broke \xff\xfe the siege of West Aleppo?", more=more)
    assert (run.code, run.err) == (0, "")
    assert run.out.strip()


@pytest.mark.slow
def test_a_terminal_without_the_letters_gets_others(filled: tuple[Ibid, Run]) -> None:
    more = {"PYTHONIOENCODING": "ascii"}
    plain = filled[0].run("ask", QUESTION, more=more)
    assert (plain.code, plain.err) == (0, "")
    assert "13 days of siege" in plain.out
    as_json = filled[0].run("ask", QUESTION, "--json", more=more)
    assert as_json.out.isascii()
    assert json.loads(as_json.out)["statements"][0]["citations"][0]["document"] == f"documents/{SEEDS[0]}"


def test_a_question_may_be_kept_to_one_document(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("search", "siege of Aleppo", "--document", "003_92", "--json")
    assert {passage["document"] for passage in json.loads(run.out)} == {f"documents/{SEEDS[1]}"}


@pytest.mark.slow
def test_search_shows_ranks_of_every_leg_role_and_score(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("search", QUESTION, "--limit", "3")
    heads = run.out.splitlines()[::2]
    assert (run.code, run.err, len(heads)) == (0, "", 3)
    assert heads[0].startswith(f" 1  {SEEDS[0]} ¶6  body  score 0.")
    assert "dense 1" in heads[0]
    assert "words " in heads[0]
    assert "grams " in heads[0]


@pytest.mark.slow
def test_search_as_json_is_a_list_of_passages(filled: tuple[Ibid, Run]) -> None:
    passages = json.loads(filled[0].run("search", QUESTION, "--json").out)
    assert [list(passage) for passage in passages] == [PASSAGE_KEYS] * 10
    assert passages[0]["paragraph"] == 6


# --- the index


@pytest.mark.slow
def test_ingest_says_what_became_of_each_file_and_the_second_time_nothing(empty: Ibid, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    ibid = Ibid(empty.home, folder)
    (folder / "good [bold].txt").write_text("A Title\n\nThey met at noon.\n")
    (folder / "two\nlines \x1b[31m.txt").write_text("A Title\n\nThey met at one.\n")
    (folder / "bad.txt").write_bytes(b"")
    first = ibid.run("ingest")
    assert first.code == 0
    assert first.out.splitlines()[:2] == ["added     good [bold].txt", "added     two lines �[31m.txt"]
    assert first.out.splitlines()[2].startswith("2 added, 1 failed · ")
    assert first.err == "failed    bad.txt: the file is empty\n"
    failed = ["bad.txt: the file is empty", "`ibid ingest` tries them again."]
    assert ibid.run("status", "--failed").out.splitlines() == failed
    second = ibid.run("ingest")
    assert second.out.startswith("2 unchanged, 1 failed · 0 passages embedded")
    (folder / "bad.txt").write_text("Mended.")
    (folder / "good [bold].txt").unlink()
    third = ibid.run("ingest")
    assert third.out.splitlines()[:2] == ["added     bad.txt", "removed   good [bold].txt"]
    assert third.err == ""
    assert ibid.run("status", "--failed").out == "Every file could be read.\n"


@pytest.mark.slow
def test_ingest_and_status_say_in_one_line_what_the_folder_leaves_out(empty: Ibid, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    ibid = Ibid(empty.home, folder)
    (folder / "good.txt").write_text("A Title\n\nThey met at noon.\n")
    for number in range(7):
        (folder / f"photo{number}.heic").write_bytes(b"...")
    (folder / ".ibidignore").write_text("*6*\n")
    line = "6 files left out: " + ", ".join(f"photo{number}.heic (a picture)" for number in range(5)) + " … 1 more"
    assert ibid.run("ingest").out.splitlines()[-1] == line
    assert line in ibid.run("status").out.splitlines()
    listed = json.loads(ibid.run("status", "--json").out)["left_out"]
    assert listed == [{"document": f"documents/photo{number}.heic", "reason": "a picture"} for number in range(6)]


@pytest.mark.slow
def test_ingest_fails_when_every_file_does(empty: Ibid, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "bad.txt").write_bytes(bytes(range(1, 9)) * 100)
    run = Ibid(empty.home, folder).run("ingest")
    assert run.code == 1
    assert run.err == "failed    bad.txt: looks like a binary file, not text\n"


@pytest.mark.slow
def test_status_shows_documents_paragraphs_model_and_health(filled: tuple[Ibid, Run]) -> None:
    run = filled[0].run("status")
    assert (run.code, run.err) == (0, "")
    assert "2 documents, 55 paragraphs" in run.out
    assert "2015-10-18" in run.out
    assert "whole (16 paragraphs looked up" in run.out
    assert "all-MiniLM-L6-v2-int8-" in run.out


@pytest.mark.slow
def test_status_as_json_is_one_shape_with_and_without_an_index(filled: tuple[Ibid, Run], empty: Ibid) -> None:
    there, nothing = (json.loads(ibid.run("status", "--json").out) for ibid in (filled[0], empty))
    keys = [
        "folder",
        "index",
        "embedder",
        "second_embedder",
        "paragraphs",
        "sampled",
        "writer",
        "lease",
        "indexing",
        "to_come",
        "documents",
        "left_out",
        "failed",
    ]
    assert list(there) == list(nothing) == keys
    assert (there["paragraphs"], nothing["paragraphs"]) == (55, 0)
    assert [document["document"] for document in there["documents"]] == [f"documents/{name}" for name in SEEDS]
    assert nothing["documents"] == []
    assert not empty.home.exists()


@pytest.mark.slow
def test_reset_asks_and_clears_the_index_alone(ibid: Ibid) -> None:
    (ibid.home / "uploads").mkdir()
    (ibid.home / "uploads" / "mine.txt").write_text("Mine.")
    (ibid.home / "feedback.jsonl").write_text("{}\n")
    before = {path.name: path.read_bytes() for path in ibid.documents.iterdir()}
    assert_one_line(ibid.run("reset"), 1, "asks first", "ibid reset --yes")
    assert (ibid.index / "chroma").is_dir()
    run = ibid.run("reset", "--yes")
    assert (run.code, run.out) == (0, "Cleared. `ibid ingest` makes it anew.\n")
    assert sorted(path.name for path in ibid.index.iterdir()) == ["lock"]
    assert (ibid.home / "uploads" / "mine.txt").read_text() == "Mine."
    assert (ibid.home / "feedback.jsonl").read_text() == "{}\n"
    assert {path.name: path.read_bytes() for path in ibid.documents.iterdir()} == before
    assert ibid.run("reset", "--yes").out.startswith("There is no index of ")
    assert ibid.run("ask", QUESTION).code == 0


@pytest.mark.slow
def test_reset_on_a_terminal_takes_no_for_an_answer(ibid: Ibid) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from ui.cli import main; main()", "reset"]
    with subprocess.Popen(
        command, cwd=ROOT, env=ibid.environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        os.write(ours, b"n\n")
        _, err = asked.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 1
    assert err.decode().endswith("Left as it was.\n")
    assert (ibid.index / "chroma").is_dir()


@pytest.mark.slow
def test_rebuild_makes_the_same_index_anew(ibid: Ibid) -> None:
    (ibid.index / "chroma" / "left over").write_text("of the old one")
    run = ibid.run("ingest", "--rebuild")
    assert run.code == 0
    assert run.out.splitlines()[-1].startswith("2 added · 55 passages embedded")
    assert not (ibid.index / "chroma" / "left over").exists()
    assert ibid.run("ask", QUESTION).code == 0


# --- what goes wrong


@pytest.mark.slow
def test_a_damaged_index_is_one_line_and_rebuild_mends_it(ibid: Ibid) -> None:
    os.truncate(ibid.index / "chroma" / "chroma.sqlite3", 100_000)
    for command in (["ask", QUESTION], ["ingest"]):
        assert_one_line(ibid.run(*command), 1, "is damaged. Run `ibid ingest --rebuild`")
    assert ibid.run("ingest", "--rebuild").code == 0
    assert "13 days of siege" in ibid.run("ask", QUESTION).out


@pytest.mark.slow
def test_an_index_of_another_embedder_is_one_line_and_rebuild_mends_it(ibid: Ibid) -> None:
    code = """
import sys
from pathlib import Path
from rag.index.store import open_store, remove_index
remove_index(Path(sys.argv[1]))
open_store(Path(sys.argv[1]), "older-embedder", "test").close()
"""
    made = ibid.run(str(ibid.index), code=code)
    assert made.code == 0, made.err
    assert_one_line(ibid.run("ask", QUESTION), 1, "was made with older-embedder", "`ibid ingest --rebuild`")
    assert ibid.run("ingest", "--rebuild").code == 0


@pytest.mark.slow
def test_an_index_in_use_is_one_line_that_names_the_owner(ibid: Ibid) -> None:
    code = """
import sys
from pathlib import Path
from rag.index.store import open_store
from rag.index.embedding import MiniLM
store = open_store(Path(sys.argv[1]), MiniLM().fingerprint, "a long chat")
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ibid.index)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            for command in (["ask", QUESTION], ["ingest", "--rebuild"], ["reset", "--yes"], ["status", "--json"]):
                assert_one_line(ibid.run(*command), 1, f"in use by process {holder.pid} (a long chat).")
            status = ibid.run("status")
            assert (status.code, status.err) == (0, "")
            assert f"held by process {holder.pid} (a long chat)." in status.out
        finally:
            holder.kill()
    assert ibid.run("status").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["ask", ""], 1, "The question is empty.", id="empty"),
        pytest.param(["ask", " \n\t"], 1, "The question is empty.", id="blank"),
        pytest.param(["search", ""], 1, "The question is empty.", id="empty-search"),
        pytest.param(["ask", "why " * 25_000], 1, "The question has 99,999 characters", id="100,000-characters"),
        pytest.param(["ask", "q", "--document", "nope"], 1, "No document is called “nope”.", id="unknown-document"),
        pytest.param(["ask", "q", "-d", "[red]\nx"], 1, "No document is called “[red] x”.", id="odd-document"),
        pytest.param(["ask", "q", "--document", "00"], 1, f"“00” could be 2 documents ({SEEDS[0]}, ", id="ambiguous"),
        pytest.param(["ask", "q", "--document", ""], 1, "No document is called “”.", id="no-name"),
        pytest.param(["aks", "q"], 2, "No such command 'aks'", id="wrong-command"),
        pytest.param(["ask", "--jsn", "q"], 2, "No such option", id="wrong-option"),
        pytest.param(["ask", "one", "two"], 2, "unexpected extra argument", id="too-much"),
        pytest.param(["search"], 2, "Missing argument", id="too-little"),
        pytest.param(["search", "q", "--limit", "many"], 2, "--limit", id="no-number"),
    ],
)
def test_a_mistake_is_one_line(filled: tuple[Ibid, Run], arguments: Sequence[str], code: int, said: str) -> None:
    assert_one_line(filled[0].run(*arguments), code, said)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["abc", "0", "-1", "nan"])
def test_a_setting_that_makes_no_sense_is_one_line(filled: tuple[Ibid, Run], value: str) -> None:
    run = filled[0].run("status", more={"IBID_MAX_FILE_MB": value})
    assert_one_line(run, 2, f"IBID_MAX_FILE_MB={value} is not valid", "See .env.example.")


@pytest.mark.slow
def test_a_missing_folder_is_one_line(empty: Ibid, tmp_path: Path) -> None:
    mistyped = Ibid(empty.home, tmp_path / "documnets")
    for command in (["ask", "q"], ["search", "q"], ["ingest"], ["ingest", "--rebuild"], ["status"]):
        assert_one_line(mistyped.run(*command), 1, f"The documents folder {tmp_path / 'documnets'} does not exist.")
    assert_one_line(empty.run("ask", "q", "--documents", "README.md"), 1, "README.md is a file, not a folder.")
    assert not empty.home.exists()


@pytest.mark.slow
def test_a_folder_is_named_for_one_command_whatever_the_settings_say(ibid: Ibid, tmp_path: Path) -> None:
    elsewhere, over = Ibid(ibid.home, tmp_path), ["--documents", str(ibid.documents)]
    assert elsewhere.run("ingest", *over).out.startswith("2 unchanged")
    assert f"{SEEDS[0]} ¶6" in elsewhere.run("search", *over, QUESTION).out
    assert f" paragraphs from {ibid.documents}\n" in elsewhere.run("status", *over).out
    assert elsewhere.run("reset", "--yes", *over).out.startswith("Cleared.")
    assert not (ibid.index / "chroma").exists()


@pytest.mark.slow
def test_where_the_folder_is_gone_the_index_still_answers_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "siege.txt").write_text("The Siege\n\nThe siege of the old city lasted four long years.\n")
    ibid = Ibid(tmp_path / "home", folder)
    assert ibid.run("ingest").code == 0
    (folder / "siege.txt").unlink()
    emptied = ibid.run("ask", "How long did the siege of the old city last?")
    assert emptied.code == 0
    assert "four long years" in emptied.out
    assert "is suddenly empty" in emptied.err
    assert len(emptied.err.splitlines()) == 1
    assert_one_line(ibid.run("ingest"), 1, "is suddenly empty; the index still holds 1 of its documents.")
    assert_one_line(ibid.run("ingest", "--rebuild"), 1, "holds nothing to rebuild the index from. Nothing was removed.")
    folder.rmdir()
    assert_one_line(ibid.run("ingest", "--rebuild"), 1, "does not exist. Nothing was changed.")
    assert "four long years" in ibid.run("ask", "How long did the siege of the old city last?").out


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_one_line(filled: tuple[Ibid, Run]) -> None:
    for home in ("/proc/ibid", "/dev/null"):
        run = Ibid(Path(home), filled[0].documents).run("ask", QUESTION)
        assert_one_line(run, 1, f"Cannot write to {home}: ", "IBID_HOME")


# --- terminals, pipes and what is imported


def test_help_is_shown_without_a_command(empty: Ibid) -> None:
    assert "Usage:" in empty.run("--help").out
    bare = empty.run()
    assert bare.code == 2
    assert "Commands:" in bare.err
    assert "Traceback" not in bare.err


@pytest.mark.slow
@pytest.mark.parametrize("command", [["search", "siege of Aleppo"], ["search", "siege", "--json"], ["status"]])
def test_a_reader_that_goes_away_is_no_error(filled: tuple[Ibid, Run], command: list[str]) -> None:
    """As `| head -1`, but sure to be gone before the first line comes."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", "from ui.cli import main; main()", *command],
        cwd=ROOT, env=filled[0].environment(), stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_there_are_no_colours_in_a_pipe(filled: tuple[Ibid, Run]) -> None:
    for command in (["ask", QUESTION], ["ask", ""]):
        run = filled[0].run(*command)
        assert "\x1b" not in run.out + run.err


@pytest.mark.slow
def test_there_are_colours_on_a_terminal(filled: tuple[Ibid, Run]) -> None:
    ours, theirs = pty.openpty()
    environment = filled[0].environment({"TERM": "xterm-256color"})
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "-c", "from ui.cli import main; main()", "search", "siege", "--limit", "1"],
        cwd=ROOT, env=environment, stdout=theirs, stderr=subprocess.PIPE,
    ):  # fmt: skip
        printed = read_terminal(ours, theirs)
    assert "\x1b[1m 1\x1b[0m" in printed


def read_terminal(ours: int, theirs: int) -> str:
    """All that a command writes to it until it ends. A terminal holds some thousand letters: who writes more waits, and
    a single look sees no more than these."""
    os.close(theirs)
    seen = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:  # EIO: nobody holds the other side any more
        while some := terminal.read(65_536):
            seen += some
    return seen.decode()


@pytest.mark.slow
def test_ingest_on_a_terminal_shows_how_far_it_is(empty: Ibid, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "good.txt").write_text("A Title\n\nThey met at noon.\n")
    (folder / "bad.txt").write_text("")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from ui.cli import main; main()", "ingest"],
        cwd=ROOT, env=Ibid(empty.home, folder).environment({"TERM": "xterm-256color", "COLUMNS": "120"}),
        stdout=subprocess.DEVNULL, stderr=theirs,
    ):  # fmt: skip
        printed = read_terminal(ours, theirs)
    assert "2/2 files, 1 failed · 2 passages, " in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["ask", QUESTION], ["search", "siege"], ["ingest"], ["status"], ["reset", "--yes"], ["--help"]]
)
def test_no_command_imports_what_it_does_not_need(ibid: Ibid, command: list[str]) -> None:
    code = """
import sys
from ui.cli import main
try:
    main()
finally:
    print(sorted({name.partition(".")[0] for name in sys.modules} & {"gradio", "openai", "torch"}), file=sys.stderr)
"""
    run = ibid.run(*command, code=code)
    assert run.code == 0
    assert run.err.splitlines()[-1] == "[]"


def test_help_comes_without_the_heavy_parts(empty: Ibid) -> None:
    heavy = {"chromadb", "onnxruntime", "llama_index", "tokenizers"}
    code = f"""
import sys
from ui.cli import main
try:
    main()
finally:
    print(sorted({{name.partition(".")[0] for name in sys.modules}} & {heavy!r}), file=sys.stderr)
"""
    assert empty.run("--help", code=code).err == "[]\n"


@pytest.mark.slow
def test_the_console_script_is_this_command(filled: tuple[Ibid, Run]) -> None:
    script = Path(sys.executable).with_name("ibid")
    if not script.exists():
        pytest.skip("the project is not installed beside this Python")
    done = subprocess.run(
        [script, "search", "siege", "--limit", "1"],
        cwd=ROOT, env=filled[0].environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith(" 1  ")


# --- a second embedder


def with_embedder(ibid: Ibid, url: str) -> Callable[..., Run]:
    more = {"IBID_EMBED_MODEL": "openai:embed-test", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY}
    return lambda *command: ibid.run(*command, more=more)


@pytest.mark.slow
def test_a_second_embedder_is_told_before_anything_is_sent_and_then_helps(
    ibid: Ibid, embedding_server: EmbeddingServer
) -> None:
    host = embedding_server.url.split("/")[2]
    run = with_embedder(ibid, embedding_server.url)
    before = run("status").out
    assert f"embed-test at {host}, which receives all documents and questions" in before
    assert "not all its vectors are there: run `ibid ingest`" in before
    assert "nothing leaves this machine" not in before
    assert embedding_server.asked == []
    told = f"embed-test at {host} receives the texts of all documents and every question (--no-model)\n"
    asked = run("ask", QUESTION)
    assert (asked.code, asked.err) == (0, told)
    assert "13 days of siege" in asked.out
    assert embedding_server.texts[-1] == QUESTION
    assert "not all its vectors" not in run("status").out
    sent = len(embedding_server.asked)
    quiet = run("ask", QUESTION, "--no-model")
    assert (quiet.code, quiet.err) == (0, "")
    assert run("search", "siege", "--no-model").err == ""
    assert ibid.run("ask", QUESTION).err == ""
    assert len(embedding_server.asked) == sent
    assert run("search", "siege").err == told
    assert embedding_server.keys == {KEY}


@pytest.mark.slow
def test_answers_are_measured_with_the_second_embedder_or_not_at_all(
    ibid: Ibid, embedding_server: EmbeddingServer, tmp_path: Path
) -> None:
    case = {"id": "1", "question": QUESTION, "gold": [{"document": "000_8ce4b84d20215b01.txt", "quote": "13 days"}]}
    (tmp_path / "mine.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    folder = shutil.copytree(ibid.documents, tmp_path / "articles")
    measure = ("eval", "run", "--documents", str(folder), "--questions", str(tmp_path / "mine.jsonl"))
    run = with_embedder(ibid, embedding_server.url)(*measure)
    assert (run.code, run.err.splitlines()[0]) == (
        0,
        f"text goes to embed-test at {embedding_server.url.split('/')[2]}",
    )
    assert QUESTION in embedding_server.texts
    embedding_server.status = 401
    (folder / "new.md").write_text("# New\n\nThe gate opens at nine.\n", encoding="utf-8")
    refused = with_embedder(ibid, embedding_server.url)(*measure)
    assert refused.code == 1
    assert "Nothing is measured without the second embedder. " in refused.err.splitlines()[-1]
    assert "refuses the key" in refused.err.splitlines()[-1]


@pytest.mark.slow
def test_where_the_second_embedder_fails_a_question_is_answered_and_ingest_says_why(
    ibid: Ibid, embedding_server: EmbeddingServer
) -> None:
    embedding_server.status, embedding_server.message = 401, f"Incorrect API key provided: {KEY}"
    run = with_embedder(ibid, embedding_server.url)
    asked, ingested = run("ask", QUESTION), run("ingest")
    assert asked.code == 0
    assert "13 days of siege" in asked.out
    assert ingested.code == 1
    for err in (asked.err.splitlines()[1:], ingested.err.splitlines()[1:]):
        assert len(err) == 1
        assert "refuses the key. Check OPENAI_API_KEY. Until `ibid ingest` has made all its vectors" in err[0]
    assert KEY not in asked.out + asked.err + ingested.out + ingested.err


@pytest.mark.slow
def test_a_second_embedder_of_no_known_protocol_or_without_a_key_is_refused_in_one_line(ibid: Ibid) -> None:
    assert_one_line(ibid.run("ask", QUESTION, more={"IBID_EMBED_MODEL": "mine"}), 2, "IBID_EMBED_MODEL=mine", "openai:")
    run = ibid.run("ask", QUESTION, more={"IBID_EMBED_MODEL": "openai:e"})
    assert_one_line(run, 1, "IBID_EMBED_MODEL=openai:e needs OPENAI_API_KEY, or OPENAI_BASE_URL")


# --- readers of others


NOTEBOOK = {"cells": [{"source": "The pump at the north well was replaced in May by Ines Okafor."}]}
READER = "llama_index.core.readers.json:JSONReader"


@pytest.mark.slow
def test_a_reader_of_llamaindex_reads_what_ibid_does_not_and_is_imported_for_nothing_else(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "well.ipynb").write_text(json.dumps(NOTEBOOK))
    (documents / "rye.txt").write_text("Rye bread keeps for two weeks in a cloth.\n")
    ibid = Ibid(tmp_path / "home", documents)
    plugged = {"IBID_LOADERS": f".ipynb={READER}"}

    first = ibid.run("ingest")
    assert first.code == 0 and "1 file left out: well.ipynb (a program)" in first.out
    ingested = ibid.run("ingest", more=plugged)
    assert "well.ipynb" in ingested.out and "1 added, 1 unchanged" in ingested.out and "left out" not in ingested.out
    assert json.loads(ibid.run("status", "--json", more=plugged).out)["left_out"] == []

    told = "import sys\nfrom ui.cli import main\ntry: main()\nfinally: print('llama_index' in sys.modules, file=sys.stderr)"
    asked = ibid.run("ask", "Who replaced the pump at the north well?", "--json", more=plugged, code=told)
    assert asked.err == "False\n"
    (citation, *_) = json.loads(asked.out)["statements"][0]["citations"]
    assert citation["document"] == "documents/well.ipynb" and "by Ines Okafor" in citation["quote"]

    other = ibid.run("ingest", more={"IBID_LOADERS": ".ipynb=no_such.readers:Notebook"})
    reason = "its reader no_such.readers:Notebook is not installed: install the package that no_such.readers is in"
    assert other.code == 0 and reason in other.err and "what was read of it before still answers" in other.err
    again = ibid.run("ingest", more=plugged)
    assert "2 unchanged" in again.out
    assert "1 unchanged, 1 removed" in ibid.run("ingest").out


def test_readers_that_cannot_be_meant_are_refused_in_one_line(empty: Ibid) -> None:
    run = empty.run("ask", QUESTION, more={"IBID_LOADERS": ".x=a.B"})
    assert_one_line(run, 2, "IBID_LOADERS=.x=a.B is not valid", "a.B is no module:Class: write .x=a:B")
