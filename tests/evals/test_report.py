"""The page of a run: all of it in one file that asks for nothing, and nothing in it that is not ours does anything."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from making import result, run

from evals.cases import read_cases
from evals.corpus import Corpus
from evals.report import report_html
from evals.results import Run
from evals.run import Asking, run_cases
from evals.suite import QUESTIONS
from evals.summary import Limit, summarise
from rag.domain import Answer, Statement, Verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "ui" / "web"))
from parsing import Reader

HOSTILE = '<script>alert(1)</script><img src="http://a.example/x.png" onerror=alert(1)>"\'\u202e'


@pytest.fixture(scope="module")
def page(corpus: Corpus) -> tuple[str, Run]:
    cases = read_cases(QUESTIONS / "seeds.jsonl")[:15]
    kept = Run({"suite": "seeds", "corpus": "c"}, tuple(run_cases(corpus, cases=cases, asking=Asking(intervene=True))))
    return report_html(kept, summary=summarise(kept.results, limits={"exact": Limit(least=1.0)})), kept


@pytest.mark.slow
def test_it_names_no_address_and_forbids_every_request(page: tuple[str, Run]) -> None:
    html, _ = page
    assert "default-src 'none'" in html
    assert all(address.startswith("#") for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert not re.findall(r"(?:src|href)=[^\"]", html)
    assert "@import" not in html
    assert "url(" not in html


@pytest.mark.slow
def test_every_question_has_a_place_with_its_answer_and_every_link_leads_to_one(page: tuple[str, Run]) -> None:
    html, kept = page
    ids = re.findall(r'<section class="question" id="([^"]+)"', html)
    assert len(set(ids)) == len(kept.results)
    assert {link for link in re.findall(r'href="#([^"]+)"', html) if link != "questions"} == set(ids)


def test_what_was_cited_is_marked_in_its_paragraph(page: tuple[str, Run]) -> None:
    html, _ = page
    assert (
        "<mark>Meantime, a food convoy is making its way to West Aleppo, after 13 days of siege by Daesh.</mark>"
        in html
    )


def test_it_is_sound_markup(page: tuple[str, Run]) -> None:
    body = page[0][page[0].index("<main>") : page[0].index("</main>") + 7]
    # Cells and headers may be left open in HTML; here they are told apart from what may not.
    for cell in ("th", "td", "tr", "p", "option"):
        body = re.sub(rf"</?{cell}\b[^>]*>", "", body)
    Reader(body)


def test_nothing_of_documents_questions_or_models_is_markup() -> None:
    hostile = result("a", text=HOSTILE, tags=(HOSTILE,), right=0.0)
    hostile = replace(hostile, case=replace(hostile.case, question=HOSTILE, answers=(HOSTILE,), id=HOSTILE))
    kept = run(hostile, result("b", error=HOSTILE, right=0.0))
    html = report_html(kept, summary=summarise(kept.results))
    assert html.count("<script>") == 1
    assert "<img" not in html
    assert "\u202e" not in html


def test_what_turns_text_around_is_shown_as_a_sign_that_stands_for_nothing() -> None:
    kept = run(result("a", text="\u202eso\x00 \x9b1m it is\u2066", right=0.0))
    assert "\ufffdso\ufffd \ufffd1m it is\ufffd" in report_html(kept, summary=summarise(kept.results))


def test_a_statement_that_no_document_says_is_struck_out_with_the_reason() -> None:
    one = result("a", right=0.0)
    marked = Statement(text="Goats.", citations=(), verdict=Verdict.UNSUPPORTED, reason="no paragraph says so")
    kept = run(replace(one, asked=replace(one.asked, answer=Answer(question="?", statements=(marked,)))))
    html = report_html(kept, summary=summarise(kept.results))
    assert '<span class="unsupported">Goats.</span>' in html
    assert "not found: no paragraph says so" in html


def test_variants_and_synthetic_questions_have_tables_of_their_own() -> None:
    kept = run(
        result("a", right=1.0),
        result("a~typo", source="variant", right=0.0),
        result("s", source="synthetic", right=0.0),
    )
    html = report_html(kept, summary=summarise(kept.results))
    assert '<tr><td>typo</td><td class="n">1.000</td>' in html
    assert html.count("<h2>Figures</h2>") == html.count("<h2>Synthetic questions, apart</h2>") == 1


def test_a_run_of_errors_alone_still_makes_a_page() -> None:
    kept = run(result("a", error="it broke"))
    assert "ended in an error" in report_html(kept, summary=summarise(kept.results))


def test_an_answer_without_anything_found_makes_a_page() -> None:
    one = result("a", right=0.0)
    empty = replace(one, asked=replace(one.asked, answer=Answer(question="?", abstained=True)))
    assert "No answer was given." in report_html(run(empty), summary=summarise([empty]))
