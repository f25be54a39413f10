"""How Ibid grows: the same measurements over ten, a hundred, a thousand times as many paragraphs, with the index in the
process and on a Chroma server. Vectors are drawn, not computed: what embedding takes does not change with the number.

    python -m evals.bench_scale ingest|ask|chroma FOLDER HOME QUESTIONS [SERVER]

Each measurement runs in a process of its own, so that memory is that of one index.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from evals.bench_speed import DrawnVectors, of_runs, read_asked, read_sentences, write_shuffled
from evals.figures import Figure
from evals.summary import Limit
from rag.chatbot import Chatbot
from rag.domain import Question
from rag.index.chroma import client_of, nearest
from rag.index.embedding import MiniLM
from rag.opening import open_chatbot
from rag.search.legs import LEG_DEPTH
from rag.settings import Settings

SIZES = (1_000, 10_000, 100_000)
_ASKED, _ADDED = 100, 3
_STARTS = 60
"""Seconds that a Chroma server may take until it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured, in which unit, and by a number of paragraphs what it may take at the most."""

    what: str
    unit: str
    most: Mapping[int, float]


_SEARCH = {1_000: 15.0, 100_000: 35.0, 1_000_000: 120.0}
MEASURES: Mapping[str, Measure] = {
    "rate": Measure(what="ingest without embedding", unit="/s", most={}),
    "rescan": Measure(what="re-scan of what did not change", unit="s", most={}),
    "start": Measure(what="start, beyond imports", unit="s", most={100_000: 3.0, 1_000_000: 10.0}),
    "first": Measure(what="the first answer after it", unit="s", most={}),
    "p50": Measure(what="a search without the reader, p50", unit="ms", most=_SEARCH),
    "p95": Measure(what="the same, p95", unit="ms", most={}),
    "scoped": Measure(what="in 1 % of the documents, p50", unit="ms", most=_SEARCH),
    "added": Measure(what="one document more, until it is found", unit="s", most={100_000: 1.0}),
    "memory": Measure(what="memory of the process for the index", unit="MB", most={}),
    "beyond": Measure(what="of this beyond what Chroma takes alone", unit="MB", most={100_000: 150.0}),
    "disk": Measure(what="disk", unit="MB", most={}),
}
PLACES = ("in the process", "on a Chroma server")
GROWING = ("start", "p50", "scoped", "added", "memory", "disk")


def scale_figures(data: Path, *, home: Path, sizes: Sequence[int] = SIZES) -> Iterator[Figure]:
    """The measures for each number of paragraphs, and by how much each grows with ten times as many."""
    sentences, questions = read_sentences(data), home / "questions.json"
    questions.write_text(json.dumps(read_asked(data)[:_ASKED]), encoding="utf-8")
    for place, served in zip(PLACES, (_nowhere, _server), strict=True):
        found: dict[int, Mapping[str, float]] = {}
        for size in sizes:
            folder = home / f"shuffled-{size}" / "documents"
            write_shuffled(folder, sentences=sentences, paragraphs=size)
            found[size] = _measured(folder, home=home, questions=questions, served=served)
            yield from _figures(f"{size:,} paragraphs {place}", found[size], size=size)
        yield from _growth(f"ten times as many {place}", found)


def caller_figures(data: Path, *, home: Path, processes: int = 4, callers: int = 40) -> Iterator[Figure]:
    """Answers a second that one process gives to many callers at once, and several on one server, and what failed."""
    folder, questions = home / f"shuffled-{SIZES[0]}" / "documents", read_asked(data)
    write_shuffled(folder, sentences=read_sentences(data), paragraphs=SIZES[0])
    with tempfile.TemporaryDirectory(dir=home) as fresh, _server(Path(fresh) / "chroma") as url:
        settings = Settings(documents=folder, home=Path(fresh) / "home", chroma_url=url)
        with open_chatbot(settings, "bench", embedder=DrawnVectors()) as bot:
            bot.ingest()
        rates, failed = [], 0
        for count in (1, processes):
            with ExitStack() as running:
                homes = [Path(fresh) / f"chat-{count}-{number}" for number in range(count)]
                chats = [running.enter_context(_chat(settings, home=home)) for home in homes]
                _ask_all(chats, questions[:callers], callers=callers)
                seconds, missed = _ask_all(chats, questions, callers=callers)
            rates.append((len(questions) - missed) / seconds)
            failed += missed
    where = f"{callers} callers of one Chroma server"
    yield Figure(where=where, what="answers of one process", value=of_runs(rates[:1]), unit="/s")
    yield Figure(where=where, what=f"answers of {processes} processes", value=of_runs(rates[1:]), unit="/s")
    yield Figure(where=where, what=f"{processes} over one", value=of_runs([rates[1] / rates[0]]), unit="×")
    yield Figure(where=where, what="failed", value=of_runs([failed]), limit=Limit(most=0), unit="answers")


@contextmanager
def _chat(settings: Settings, *, home: Path) -> Iterator[str]:
    """`ibid chat` over an index on a server, until nobody needs it; its address."""
    environment = os.environ | {
        "IBID_DOCUMENTS": str(settings.documents),
        "IBID_HOME": str(home),
        "IBID_CHROMA_URL": settings.chroma_url,
    }
    run = [sys.executable, "-c", "from ui.cli import main; main()", "chat", "--port", "0"]
    with subprocess.Popen(
        run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.terminate()


def _ask_all(chats: Sequence[str], questions: Sequence[str], *, callers: int) -> tuple[float, int]:
    """The seconds until every question is answered, each asked of the next chat, and how many were not."""

    def ask(asked: tuple[int, str]) -> bool:
        place, question = asked
        request = urllib.request.Request(
            f"{chats[place % len(chats)]}/api/ask",
            json.dumps({"question": question}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                return b'"error"' not in reply.read()
        except OSError:
            return False

    started = time.perf_counter()
    with ThreadPoolExecutor(callers) as hands:
        answered = sum(hands.map(ask, enumerate(questions)))
    return time.perf_counter() - started, len(questions) - answered


def growth_plots(figures: Sequence[Figure]) -> str:
    """Each growing measure over the numbers of paragraphs, as charts in Mermaid, which Markdown viewers draw."""
    charts = []
    for name in GROWING:
        measure = MEASURES[name]
        lines: list[str] = []
        sizes: list[str] = []
        for place in PLACES:
            of = {
                one.where: one.value.value for one in figures if one.what == measure.what and one.unit == measure.unit
            }
            points = {where.split()[0]: value for where, value in of.items() if where.endswith(f"paragraphs {place}")}
            sizes = sizes or list(points)
            lines.append(f"    line [{', '.join(f'{value:.3g}' for value in points.values())}]")
        if len(sizes) > 1:
            axis = ", ".join(f'"{size}"' for size in sizes)
            head = (
                f'    title "{measure.what}, {measure.unit}: {" and ".join(PLACES)}"\n    x-axis "paragraphs" [{axis}]'
            )
            charts.append("\n".join(["```mermaid", "xychart-beta", head, *lines, "```"]))
    return "\n\n".join(charts)


def _figures(where: str, found: Mapping[str, float], *, size: int) -> Iterator[Figure]:
    for name, measure in MEASURES.items():
        limit = Limit(most=measure.most[size]) if size in measure.most else None
        yield Figure(where=where, what=measure.what, value=of_runs([found[name]]), limit=limit, unit=measure.unit)


def _growth(where: str, found: Mapping[int, Mapping[str, float]]) -> Iterator[Figure]:
    sizes = sorted(found)
    for name in GROWING:
        steps = [found[more][name] / max(found[fewer][name], 1e-9) for fewer, more in pairwise(sizes)]
        if steps:
            yield Figure(where=where, what=MEASURES[name].what, value=of_runs(steps), unit="×")


def _measured(
    folder: Path, *, home: Path, questions: Path, served: Callable[[Path], AbstractContextManager[str]]
) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=home) as fresh:
        with served(Path(fresh) / "chroma") as url:
            found: dict[str, float] = {}
            for step in ("ingest", "ask", "chroma"):
                command = [sys.executable, "-m", "evals.bench_scale", step, str(folder), fresh, str(questions), url]
                told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                found |= json.loads(told.stdout.splitlines()[-1])
        found["beyond"] = found["memory"] - found.pop("chroma")
        return found | {"disk": sum(one.stat().st_size for one in Path(fresh).rglob("*") if one.is_file()) / 1e6}


@contextmanager
def _nowhere(_: Path) -> Iterator[str]:
    yield ""


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """`chroma run`, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    run = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + _STARTS
        try:
            while not _answers(url):
                if time.monotonic() > until:
                    raise TimeoutError(f"no Chroma server within {_STARTS} s")
                time.sleep(0.05)
            yield url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


# --- in a process of its own


def ingested(settings: Settings) -> dict[str, float]:
    with open_chatbot(settings, "bench", embedder=DrawnVectors()) as bot:
        report = bot.ingest()
        return {"rate": sum(record.paragraphs for record in bot.documents) / report.seconds}


def asked_of(settings: Settings, questions: Sequence[str]) -> dict[str, float]:
    """The measures of an index that is there. Its vectors were drawn, so what is found says nothing; its time does."""
    embedder = MiniLM()
    embedder.vectors(questions[:1])
    before, started = _memory(), time.perf_counter()
    with open_chatbot(settings.model_copy(update={"reader": False}), "bench", embedder=embedder) as bot:
        found = {"start": time.perf_counter() - started}
        started = time.perf_counter()
        bot.ask(questions[0])
        found["first"] = time.perf_counter() - started
        every = sorted(record.document_id for record in bot.documents)
        whole, scoped = _seconds(bot, questions, None), _seconds(bot, questions, frozenset(every[::100]))
        found |= {"p50": median(whole), "p95": quantiles(whole, n=20)[-1], "scoped": median(scoped)}
        found = {name: value * (1e3 if MEASURES[name].unit == "ms" else 1) for name, value in found.items()}
        found["memory"] = _memory() - before
        bot.ingest()
        found["rescan"] = bot.ingest().seconds
        found["added"] = _added(bot, settings.documents)
    return found


def searched_alone(settings: Settings, questions: Sequence[str]) -> dict[str, float]:
    """What Chroma takes where nothing but it is open, with the same vectors searched for the same questions and as many
    rows read for each; nothing where it is a server."""
    if settings.chroma_url:
        return {"chroma": 0.0}
    embedder = MiniLM()
    asked = [embedder.query_vector(question) for question in questions]
    before, client = _memory(), client_of(settings.index)
    try:
        named = {one.name.partition("-")[0]: one.name for one in client.list_collections()}
        windows, rows = (
            client.get_collection(named[name], embedding_function=None) for name in ("windows", "paragraphs")
        )
        for number, vector in enumerate(asked):
            nearest(windows, vector, LEG_DEPTH, None)
            rows.get(limit=LEG_DEPTH, offset=number * LEG_DEPTH, include=["metadatas"])
        return {"chroma": _memory() - before}
    finally:
        client.close()


def _seconds(bot: Chatbot, questions: Sequence[str], scope: frozenset[str] | None) -> list[float]:
    times = []
    for question in questions:
        started = time.perf_counter()
        bot.search(Question(question, scope=scope))
        times.append(time.perf_counter() - started)
    return times


def _added(bot: Chatbot, folder: Path) -> float:
    """The median of a few, after a first one that warms what others find warm."""
    path, times = folder / "one-more.txt", []
    try:
        for number in range(_ADDED + 1):
            path.write_text(f"The quillwort lantern {number} hangs in the boathouse.\n", encoding="utf-8")
            started = time.perf_counter()
            bot.ingest()
            found = bot.search(Question("Where does the quillwort lantern hang?"))
            times.append(time.perf_counter() - started)
            if not any(f"lantern {number}" in passage.paragraph.text for passage in found.passages):
                raise AssertionError("a document that was added is not found")
            path.unlink()
            bot.ingest()
    finally:
        path.unlink(missing_ok=True)
    return median(times[1:])


def _memory() -> float:
    """Of this process, resident, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1e3


def main() -> None:
    step, folder, home, questions, url = sys.argv[1:]
    settings = Settings(documents=Path(folder), home=Path(home), chroma_url=url)
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    found = {"ingest": lambda: ingested(settings), "ask": lambda: asked_of(settings, asked)}
    print(json.dumps(found.get(step, lambda: searched_alone(settings, asked))()))


if __name__ == "__main__":
    main()
