"""What a model is given: what was found, what stands around it, in sections, within its budget."""

from __future__ import annotations

from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from rag.answer.sections import AROUND, HITS, in_sections, tokens_of
from rag.domain import Key, Paragraph, Passage, Ranks, Role, Source

ROLES = [Role.BODY, Role.LIST, Role.TABLE, Role.HEADING, Role.TITLE, Role.BOILERPLATE, Role.COMMENT]


def paragraph(document: str, number: int, *, role: Role = Role.BODY, words: int = 8) -> Passage:
    text = f"Paragraph {number} of {document}." + " more" * words
    one = Paragraph(
        document_id=f"documents/{document}", number=number, text=text, start=0, end=len(text), role=role, heading=()
    )
    return Passage(paragraph=one, source=Source(title=document, revision="r"), score=0.5, ranks=Ranks())


class Folder:
    """Documents by name, and how their paragraphs are read."""

    def __init__(self, *passages: Passage) -> None:
        self.by_key = {one.paragraph.key: one for one in passages}

    def read(self, document_id: str, numbers: object) -> list[Passage]:
        return [self.by_key[document_id, n] for n in sorted(numbers) if (document_id, n) in self.by_key]  # type: ignore[call-overload]


@st.composite
def folders(draw: st.DrawFn) -> tuple[Folder, list[Passage]]:
    sizes = draw(st.lists(st.integers(1, 15), min_size=1, max_size=4))
    passages = [
        paragraph(f"{chr(97 + i)}.md", number, role=draw(st.sampled_from(ROLES)), words=draw(st.integers(0, 300)))
        for i, size in enumerate(sizes)
        for number in range(1, size + 1)
    ]
    hits = draw(st.lists(st.sampled_from(passages), min_size=1, max_size=30, unique_by=lambda one: one.paragraph.key))
    return Folder(*passages), hits


@given(folders(), st.integers(100, 6_000), st.sets(st.tuples(st.just("documents/a.md"), st.integers(1, 15))))
def test_it_is_the_best_and_what_stands_around_within_the_budget(
    folder: tuple[Folder, list[Passage]], tokens: int, without: set[Key]
) -> None:
    documents, hits = folder
    hits = [one for one in hits if one.paragraph.key not in without] or hits[:1]
    found = in_sections(hits, read=documents.read, tokens=tokens, without=frozenset(without))
    keys = [one.paragraph.key for one in found]
    assert len(set(keys)) == len(keys)
    assert hits[0] in found
    assert len(found) == 1 or sum(map(tokens_of, found)) <= tokens
    best = {one.paragraph.key for one in hits[:HITS]}
    for one in found:
        document_id, number = one.paragraph.key
        if one.paragraph.key not in best:
            assert one.paragraph.key not in without
            assert one.paragraph.role not in (Role.TITLE, Role.HEADING, Role.BOILERPLATE)
            assert any((document_id, number + step) in best for step in range(-AROUND, AROUND + 1))
    # No hit gave way to what merely stands beside one.
    left_out = [one for one in hits[:HITS] if one.paragraph.key not in keys]
    room = tokens - sum(tokens_of(one) for one in found if one.paragraph.key in best)
    assert all(tokens_of(one) > room for one in left_out)


@given(folders())
def test_what_follows_one_another_is_read_in_order_and_the_best_section_comes_first(
    folder: tuple[Folder, list[Passage]],
) -> None:
    documents, hits = folder
    found = in_sections(hits, read=documents.read, tokens=100_000)
    keys = [one.paragraph.key for one in found]
    assert all((document, number - 1) not in keys[i + 1 :] for i, (document, number) in enumerate(keys))
    rank = {one.paragraph.key: i for i, one in enumerate(hits[:HITS])}
    runs: list[list[Key]] = [[keys[0]]]
    for before, key in pairwise(keys):
        if key == (before[0], before[1] + 1):
            runs[-1].append(key)
        else:
            runs.append([key])
    firsts = [min(rank.get(key, HITS) for key in run) for run in runs]
    assert firsts == sorted(firsts)
    assert firsts[0] == 0


def test_a_section_is_one_even_where_several_of_its_paragraphs_were_found() -> None:
    folder = Folder(*(paragraph("rules.md", n) for n in range(1, 9)), *(paragraph("other.md", n) for n in range(1, 4)))
    hits = [folder.by_key["documents/rules.md", 5], folder.by_key["documents/other.md", 1]]
    found = in_sections([*hits, folder.by_key["documents/rules.md", 3]], read=folder.read, tokens=6_000)
    places = [(one.paragraph.document_id, one.paragraph.number) for one in found]
    assert [(name, [n for _, n in run]) for name, run in groupby(places, key=lambda place: place[0])] == [
        ("documents/rules.md", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("documents/other.md", [1, 2, 3]),
    ] or places[0] == ("documents/rules.md", 1)
