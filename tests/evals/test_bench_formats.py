"""What the figures of reading files count."""

from __future__ import annotations

import random
from pathlib import Path

from evals.bench_formats import _are_inside, _found, _is_fine, _paragraphs, _runs, _texts
from evals.foreign import LENGTHS, _piece
from tests.rag.documents.making import docx, p, paragraph, pdf

TEXT = "The pump at the north well was replaced in May because its seal had been leaking for weeks."


def test_a_paragraph_is_found_where_a_block_or_one_of_its_lines_is_nearly_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(docx(p("Another.") + p(TEXT) + p("A line.</w:t><w:br/><w:t>Its second line, which is long.")))
    blocks = _texts(path)
    wanted = [
        TEXT.replace("May", "June"),
        "Its second line, which is long.",
        TEXT[:60],
        "Nothing of the kind was said.",
    ]
    found = _found([(blocks, wanted)])
    assert (found.value, found.n) == (0.5, 4)


def test_paragraphs_of_markdown_are_its_long_lines_without_marks() -> None:
    markdown = f"# Wells\n\n{TEXT}\n\n- **{TEXT}**\n\n| {TEXT} |\n\n[{TEXT}](http://a.b)\n\n<!-- {TEXT} -->\n\n![{TEXT}](a.png)\n"
    assert _paragraphs(markdown, least=40) == [TEXT] * 3


def test_a_word_is_back_where_it_stands_and_nowhere_else(tmp_path: Path) -> None:
    path, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    path.write_bytes(pdf(paragraph(TEXT)))
    other.write_bytes(pdf(paragraph(TEXT, y=300)))
    runs = _runs(path)
    assert [word for word, _ in runs] == TEXT.split()
    assert all(_are_inside(path, runs))
    assert not any(_are_inside(other, runs))


def test_a_reason_is_fine_and_an_empty_success_would_not_be() -> None:
    assert _is_fine(pdf(paragraph(TEXT)), name="a.pdf")
    assert _is_fine(b"%PDF-1.7 cut off", name="a.pdf")


def test_a_piece_of_text_holds_only_what_its_encoding_has() -> None:
    for length in LENGTHS:
        piece = _piece(["Grüße – 三 " * 400], length=length, encoding="cp1252", chance=random.Random(length))
        assert piece and piece.encode("cp1252").decode("cp1252") == piece and "三" not in piece
