"""Notes as files: title, order, comments, every quote under its own number with its place; and nothing in them does
anything."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from exporting import HOSTILE, WORDS, Page, one_answer, read_markdown, tokens
from hypothesis import example, given, settings
from hypothesis import strategies as st
from parsing import REORDERING, is_control

from rag.documents.context import display
from rag.documents.loaders.docx.loading import load_docx
from rag.domain import Paragraph, Passage, Ranks, Role, Source, Span
from rag.errors import DocumentError
from ui.web.note_files import exported_notes
from ui.web.notes import MOST_NOTES, Collection, Note, Remark, collection_from, numbered, quote_of, span_of_letters

KINDS = ("markdown", "html", "docx")
TEXT = "The pump runs twice a year.\n\nIt is oiled in May & June."


def passage(text: str = TEXT, number: int = 3, role: Role = Role.BODY, speaker: str | None = None) -> Passage:
    paragraph = Paragraph(
        document_id="documents/wells/pump.md", number=number, text=text, start=100, end=100 + len(text), role=role,
        page=12, speaker=speaker,
    )  # fmt: skip
    return Passage(paragraph=paragraph, source=Source(title="The pump", revision="3-a"), score=0.0, ranks=Ranks())


def quoted(*spans: tuple[int, int]) -> Note:
    return Note(id="q", answer=quote_of([passage()] * len(spans), [Span(100 + a, 100 + b) for a, b in spans]))


def answered(question: str, said: str, comment: str = "") -> Note:
    return Note(id="a", answer=one_answer(question, said, said, "The tank", "", "tank.md", ""), comment=comment)


def seen_in(collection: Collection, kind: str) -> str:
    """What a reader of the file sees, white space apart."""
    file = exported_notes(collection, kind)
    if kind == "docx":
        return display(load_docx(file.data).text)
    return display(read_markdown(file.text) if kind == "markdown" else Page(file.text).texts["body"][0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_title_order_comments_and_each_quote_once_under_its_number(kind: str) -> None:
    notes = (
        answered("How deep is it?", "Nine metres.", "Measured by Ann;\n\nask again in May."),
        quoted((0, 27), (29, 55)),
        answered("Who opens it?", "The guard."),
    )
    text = seen_in(Collection("Wells & tanks", notes), kind)
    in_order = [
        "Wells & tanks", "How deep is it?", "Comment: Measured by Ann; ask again in May.", "Nine metres.",
        "“Nine metres.”", "The tank, tank.md, page 2 ¶7, characters 30–42", "Quote from The pump",
        "“The pump runs twice a year.”", "“It is oiled in May & June.”",
        "The pump, wells/pump.md, page 12 ¶3, characters 100–127",
        "The pump, wells/pump.md, page 12 ¶3, characters 129–155", "Who opens it?", "“The guard.”",
    ]  # fmt: skip
    at = 0
    for told in in_order:
        assert told in text[at:], told
        at = text.index(told, at)
    sign = "[^{}]" if kind == "markdown" else "[{}]"
    for number in range(1, 5):
        assert text.count(sign.format(number)) == 2, "once in the text, once before its quote"
    assert sign.format(5) not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_quote_that_does_not_stand_there_any_more_is_never_exported_as_if_it_did(kind: str) -> None:
    lapsed = replace(quoted((0, 27)), remarks={1: Remark("wells/pump.md is not among your documents any more.")})
    text = seen_in(Collection("Notes", (quoted((29, 55)), lapsed)), kind)
    assert "[2] wells/pump.md is not among your documents any more." in text
    assert text.index("[2] wells/pump.md is not") < text.index("twice a year")


@pytest.mark.parametrize(
    ("title", "kind", "name", "media_type"),
    [
        ("My wells!", "markdown", "my-wells.md", "text/markdown"),
        ("../..", "html", "notes.html", "text/html"),
        ("井", "docx", "井.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_a_file_is_named_by_the_title(title: str, kind: str, name: str, media_type: str) -> None:
    file = exported_notes(Collection(title, ()), kind)
    assert (file.name, file.type) == (name, media_type)


def test_another_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        exported_notes(Collection("Notes", ()), "pdf")


# --- any text


def noted(title: str, question: str, quote: str, name: str, comment: str) -> Collection:
    answer = one_answer(question, quote, quote, title, "", name, comment)
    return Collection(title, (Note(id="a", answer=answer, comment=comment),))


@settings(deadline=None, max_examples=40)
@given(WORDS, WORDS, WORDS, WORDS, WORDS)
@example(*["".join(HOSTILE)] * 5)
def test_html_is_the_markup_of_plain_words_and_markdown_makes_nothing_of_any_text(
    title: str, question: str, quote: str, name: str, comment: str
) -> None:
    # A comment has its lines, whatever parts them.
    collection = noted(title, question, quote, name, display(comment))
    assert Page(exported_notes(collection, "html").text).tags == Page(exported_notes(noted(*"xxxxx"), "html").text).tags
    kinds = {token.type for token in tokens(exported_notes(collection, "markdown").text)}
    assert not [kind for kind in kinds if kind.startswith(("link", "image", "html", "table", "fence", "code"))]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(WORDS, WORDS, WORDS, WORDS, WORDS)
@example(*["".join(HOSTILE)] * 5)
@example(*["a\ud800b\ufffe\x85"] * 5)
def test_word_holds_any_text_as_it_reads(title: str, question: str, quote: str, name: str, comment: str) -> None:
    text = seen_in(noted(title, question, quote, name, comment), "docx")
    for said in (title, question, quote, comment):
        assert bare(said) in bare(text)


def bare(text: str) -> str:
    """Its signs as Word shows them, without what nobody sees."""
    return "".join(_sign(one) for one in text if not one.isspace()).replace("\ufffd", "")


def _sign(one: str) -> str:
    if ord(one) in REORDERING:
        return f"U+{ord(one):04X}"
    return "\ufffd" if is_control(one) or 0xD800 <= ord(one) < 0xE000 or ord(one) in (0xFFFE, 0xFFFF) else one


# --- what a browser brings back


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "answer", "comment"]), inner),
    max_leaves=8,
)


def kept(*notes: object, title: object = "Wells") -> str:
    return json.dumps({"title": title, "notes": notes})


@given(st.lists(JSON, max_size=3), JSON)
def test_what_is_no_note_is_left_out_and_the_others_stay(others: list[object], title: object) -> None:
    note = {"id": "m1x", "answer": quoted((0, 27)).answer.json(), "comment": "mine"}
    collection = collection_from(kept(*others, note, *others, title=title))
    (found,) = collection.notes
    assert (found.id, found.comment, found.answer.json()) == ("m1x", "mine", note["answer"])
    assert collection.title


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"notes": 3}', "[" * 100_000, 7])
def test_what_is_no_collection_is_an_empty_one(text: object) -> None:
    assert collection_from(text).notes == ()


def test_what_a_browser_brings_is_bounded() -> None:
    note = {"id": "a", "answer": quoted((0, 27)).answer.json(), "comment": "x" * 50_000}
    collection = collection_from(kept(*[note] * (MOST_NOTES + 1), title="t" * 1_000))
    assert len(collection.notes) == MOST_NOTES
    assert len(collection.notes[0].comment) == 4_000
    assert len(collection.title) == 200
    bad = {**note, "id": '"><script>'}
    assert collection_from(kept(bad, {**note, "id": "x" * 41}, {**note, "id": 7})).notes == ()


# --- quotes


@given(st.text(" \t\n\r\fab🙂é\x1c\xa0", min_size=1), st.integers(0, 12), st.none() | st.integers(0, 14))
def test_a_span_of_letters_is_the_slice_between_them_with_no_white_space_at_its_ends(
    text: str, first: int, last: int | None
) -> None:
    letters = [sign for sign in text if sign not in " \t\n\r\f"]
    chosen = letters[first:last]
    if not chosen:
        with pytest.raises(DocumentError, match="Select the words to keep"):
            span_of_letters(passage(text), first, last)
        return
    quote = span_of_letters(passage(text), first, last).shifted(-100).of(text)
    assert [sign for sign in quote if sign not in " \t\n\r\f"] == chosen
    assert quote[0] == chosen[0]
    assert quote[-1] == chosen[-1]


def test_what_a_reader_wrote_is_never_kept_as_the_documents_own_words() -> None:
    note = Note(id="a", answer=quote_of([passage(role=Role.COMMENT, speaker="Michael")], [Span(100, 127)]))
    for kind in KINDS:
        assert "A reader, Michael, writes: “The pump runs twice a year.”" in seen_in(Collection("Notes", (note,)), kind)


def test_numbers_go_on_from_note_to_note_and_remarks_with_them() -> None:
    gone = Remark("gone")
    first, second = numbered([quoted((0, 27)), replace(quoted((0, 3), (4, 8)), remarks={2: gone})])
    assert [one.mark for one in (*first.answer.citations, *second.answer.citations)] == [1, 2, 3]
    assert second.remarks == {3: gone}
