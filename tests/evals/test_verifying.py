"""Claims with the paragraphs they cite, and what the verifier makes of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evals.verifying import Claim, catches, false_positives, pointed, quoting, read_claims, seconds_per_statement

ROW = {
    "label": "supported",
    "claim": " The convoy came after 13 days. ",
    "supporting_sentences": [[6, 1], [6], []],
    "evidence": [
        "(meta data) TITLE: The Siege",
        "(meta data) PUBLISHED DATETIME: 2015-10-18T10:00",
        "Menu",
        "# News",
        "First.",
        "Second.",
        "The food convoy for the town came after 13 days.",
        "Third.",
        "",
        "Fourth.",
    ],
    "meta": {"id": "x1"},
}


def write_rows(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "claims.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    return path


def test_a_claim_cites_its_supporting_sentences_in_the_paragraph_of_their_neighbours(tmp_path: Path) -> None:
    (claim,) = read_claims(write_rows(tmp_path, ROW))
    (citation,) = claim.citations
    assert claim.text == "The convoy came after 13 days."
    assert citation.quote == "The food convoy for the town came after 13 days."
    assert citation.paragraph.text == f"First. Second. {citation.quote} Third."
    assert citation.paragraph.heading == ("News",)
    assert (citation.source.title, str(citation.source.date)) == ("The Siege", "2015-10-18")


def test_what_nobody_supports_cites_what_shares_most_words_with_it(tmp_path: Path) -> None:
    row = {**ROW, "label": "not_supported", "supporting_sentences": [[]]}
    (claim,) = read_claims(write_rows(tmp_path, row), fewest=True)
    assert claim.citations[0].quote == "The food convoy for the town came after 13 days."


TOWNS = [
    "Aleppo",
    "Homs",
    "Hama",
    "Idlib",
    "Kweiris",
    "Raqqa",
    "Deraa",
    "Palmyra",
    "Tartus",
    "Latakia",
    "Manbij",
    "Azaz",
]


@pytest.fixture
def claims(tmp_path: Path) -> list[Claim]:
    rows = [
        {
            "label": "supported",
            "claim": f"The siege of {town} was lifted after {place} days.",
            "supporting_sentences": [[1]],
            "evidence": [
                f"(meta data) TITLE: {town}",
                f"The siege of {town} was lifted by the army after {place} days.",
            ],
            "meta": {"id": town},
        }
        for place, town in enumerate(TOWNS, start=20)
    ]
    return read_claims(write_rows(tmp_path, *rows))


def test_right_claims_are_no_false_positives_and_near_misses_are_caught(claims: list[Claim]) -> None:
    assert {fault: interval.value for fault, interval in false_positives(claims).items()}["anything"] == 0
    found = {catch.kind: catch for catch in catches(claims)}
    for kind in ("number", "unit", "negation added"):
        assert (found[kind].n, found[kind].flagged, found[kind].false_positives) == (12, 12, 0)
        assert found[kind].recall.value == found[kind].precision.value == 1.0
    assert found["year"].n == 0


def test_a_sentence_is_its_own_right_claim(claims: list[Claim]) -> None:
    assert quoting(claims)[0].text == "The siege of Aleppo was lifted by the army after 20 days."


def test_a_sentence_under_a_wrong_number_is_pointed_right(claims: list[Claim]) -> None:
    assert pointed(quoting(claims))["right"].value == 1.0


def test_time_is_taken_for_whole_answers(claims: list[Claim]) -> None:
    (seconds,) = seconds_per_statement(claims)
    assert 0 < seconds < 1
