"""Folding, words, grams and the content words of a question."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import language, terms

Within = Callable[[float], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Ａléppo’s ４２", "aleppo’s 42", id="full width and accents"),
        pytest.param("İstanbul ISTANBUL ılık", "istanbul istanbul ilik", id="Turkish dotted and dotless i"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("Łódź Øre œuvre Ærø Đà", "lodz ore oeuvre aero da", id="letters that do not decompose"),
        pytest.param("Ελλάδα", "ελλαδα", id="Greek accent"),
        pytest.param("Ёжик", "ежик", id="Cyrillic yo"),
        pytest.param("가족", "가족", id="Hangul is composed again"),
        pytest.param("हिन्दी", "हिन्दी", id="vowel signs of Devanagari are letters, not accents"),
        pytest.param("ガ", "ガ", id="voiced kana stays voiced"),
        pytest.param("a\u0301\u0302\u0323b", "ab", id="a stack of accents"),
        pytest.param("ﬁve ² №", "five 2 no", id="compatibility forms"),
    ],
)
def test_what_reads_the_same_is_folded_to_one_spelling(text: str, folded: str) -> None:
    assert terms.fold(text) == folded


@given(st.text())
def test_folding_knows_no_difference_between_composed_and_decomposed_text(text: str) -> None:
    assert terms.fold(unicodedata.normalize("NFD", text)) == terms.fold(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_the_short_way_for_ascii_folds_like_the_long_one(text: str) -> None:
    assert terms.fold(text) == terms.fold(text + "é")[:-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Aleppo’s 1,190 people", ["aleppo", "s", "1190", "people"], id="apostrophe and thousands"),
        pytest.param("1.000.000 or 1,000,000", ["1000000", "or", "1000000"], id="thousands of both kinds"),
        pytest.param("3.5 and 1,5", ["3.5", "and", "1,5"], id="fractions stay"),
        pytest.param("U.S. C3PO x-y foo_bar", ["u", "s", "c3po", "x", "y", "foo", "bar"], id="marks divide"),
        pytest.param("北京大学", ["北京", "京大", "大学"], id="Chinese in pairs"),
        pytest.param("北", ["北"], id="one Chinese character alone"),
        pytest.param("東京タワー", ["東京", "京タ", "タワ", "ワー"], id="kanji, kana and the long-vowel mark run on"),
        pytest.param("ภาษาไทย", ["ภาษ", "าษา", "ษาไ", "าไท", "ไทย"], id="Thai by threes"),
        pytest.param("北京2008年", ["北京", "2008", "年"], id="digits divide Chinese"),
        pytest.param("한국어 문장", ["한국어", "문장"], id="Korean is spaced"),
        pytest.param("— … !", [], id="no word at all"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_words_of_spaced_and_unspaced_scripts(text: str, words: list[str]) -> None:
    assert terms.words(text) == words


def test_grams_are_the_words_and_the_pieces_of_the_longer_ones() -> None:
    assert terms.grams("city siege") == ["city", "siege", "sieg", "iege"]


def test_stems_bring_inflected_words_together() -> None:
    assert terms.stems("besieged besieging siege sieges") == ["besieg", "besieg", "sieg", "sieg"]


@pytest.mark.parametrize(
    ("question", "content"),
    [
        pytest.param("When did the siege of West Aleppo begin?", ["siege", "west", "aleppo", "begin"], id="English"),
        pytest.param("Wann wurde die Stadt gegründet?", ["stadt", "gegrundet"], id="German"),
        pytest.param("Wie viele Menschen wurden verletzt?", ["menschen", "verletzt"], id="German auxiliaries"),
        pytest.param("How long was the road?", ["road"], id="how long, how many"),
        pytest.param("Was the long road open?", ["long", "road", "open"], id="long without how"),
        pytest.param("¿Quién construyó la torre de la ciudad?", ["construyo", "torre", "ciudad"], id="Spanish"),
        pytest.param("Qui a écrit ce livre ?", ["ecrit", "livre"], id="French"),
        pytest.param("What does the state do about the system?", ["state", "system"], id="words that lists often drop"),
        pytest.param("Aleppo and aleppo and ALEPPO", ["aleppo"], id="each once"),
        pytest.param("article 5 of x", ["article", "5"], id="single digits count, single letters do not"),
        pytest.param("What is it?", [], id="function words only"),
    ],
)
def test_content_words_leave_out_the_function_words_of_the_questions_language(
    question: str, content: list[str]
) -> None:
    assert terms.content_words(question) == content


@pytest.mark.parametrize(
    ("question", "content"),
    [
        ("Which day can plots in row D use the hose?", ["day", "plots", "row", "d", "use", "hose"]),
        ("Where is block A?", ["block", "a"]),
        ("What can I do about it?", []),
        ("Is a dog allowed?", ["dog", "allowed"]),
        ("CAN A DOG GO IN?", ["dog", "go"]),
    ],
)
def test_a_capital_by_itself_tells_one_from_another(question: str, content: list[str]) -> None:
    assert terms.content_words(question) == content


def test_irregular_forms_share_the_stem_of_their_base() -> None:
    assert terms.stems("take took taken, men and a man") == ["take", "take", "take", "man", "and", "a", "man"]


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("colour colours coloured", "color colors colored"),
        ("organise organisers organisation", "organize organizers organization"),
        ("authorised practising catalogues", "authorized practicing catalogs"),
        ("centre licence programme tyre", "center license program tire"),
        ("the neighbours’ behaviour", "the neighbors’ behavior"),
        ("bike photos exams", "bicycle photographs examinations"),
        ("Col Dr Prof", "colonel doctor professor"),
        ("six dogs and 20 cats", "6 dogs and twenty cats"),
        ("the price of a vacation", "the cost of a holiday"),
        ("approved, not refused", "approval not refusal"),
    ],
)
def test_a_word_has_one_stem_however_it_is_spelled(written: str, otherwise: str) -> None:
    assert terms.stems(written) == terms.stems(otherwise)


@pytest.mark.parametrize(
    ("people", "country"),
    [("Iranians", "Iran"), ("Lebanese", "Lebanon"), ("Kurdish", "Kurds"), ("Swiss", "Switzerland"), ("Peru", "Peru")],
)
def test_a_people_is_of_its_country_and_no_name_is_of_another(people: str, country: str) -> None:
    assert terms.country_of(*terms.stems(people)) == terms.country_of(*terms.stems(country))
    assert terms.country_of(*terms.stems("Marian")) != terms.country_of(*terms.stems("Maria"))


@pytest.mark.parametrize("name", ["words.spellings", "words.short_forms", "words.numerals", "words.synonyms"])
def test_all_of_a_row_are_one_word(name: str) -> None:
    assert [row for row in language.rows(name) if len({stem for word in row for stem in terms.stems(word)}) > 1] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("four", "for"),
        ("precise", "prize"),
        ("rise", "rice"),
        ("polish", "Poland"),
        ("Marian", "Maria"),
        ("Peterson", "Peters"),
        ("apps", "applications"),
        ("cost", "expense"),
        ("one", "1"),
        ("emerge", "urgent"),
        ("permit", "allow"),
    ],
)
def test_words_that_only_look_alike_have_their_own(one: str, other: str) -> None:
    assert terms.stems(one) != terms.stems(other)


def test_grams_know_a_word_with_its_accents_and_without() -> None:
    assert terms.grams("café in Kyōto") == ["cafe", "in", "kyoto", "café", "kyōto", "kyot", "yoto"]
    assert terms.stems("café") == ["café"]


def test_content_stems_name_each_stem_once() -> None:
    assert terms.content_stems("siege sieges of cities and a city") == ["sieg", "citi"]


def test_folded_words_are_shown_as_the_text_spells_them() -> None:
    text = "Die Straße nach Café Öl kostet 1,190 – das Café!"
    assert terms.as_written(text, ["strasse", "cafe", "1190", "absent"]) == ["Straße", "Café", "1,190"]


def test_a_long_stack_of_accents_takes_no_quadratic_time(within: Within) -> None:
    with within(2.0):
        assert terms.words("a" + "\u0301" * 200_000) == ["a"]


def test_an_accent_that_stands_alone_is_no_part_of_a_word() -> None:
    assert terms.words("´Warren´ left ¨Aleppo¨") == ["warren", "left", "aleppo"]
    assert terms.stems("´tanks´") == ["tank"]
