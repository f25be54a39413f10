"""Numbers and names of a statement, compared with a text in another language."""

from __future__ import annotations

import pytest

from rag.text.abroad import is_named, may_be_no_name, names_abroad, without_numbers
from tests.conftest import Within

TEXT = (
    "On Sunday, Dmitry Medvedev said in Moscow that Qassem Soleimani, who is wanted in Turkey and Iran, had left Aleppo. "
    "Col. Steve Warren spoke of Kweires and of Homs."
)


@pytest.mark.parametrize(
    "name",
    "Aleppo Alepo Alep Алеппо Moskau Moscú Moscou Москва Москвы Medwedew Medvédev Медведев Дмитрий Soleimani Сулеймани "
    "Касем Türkei Turquie Turquía Irán Ирана Квейрес Kuweires Хомс Уоррен Стив".split(),
)
def test_a_name_is_found_in_the_letters_of_other_languages(name: str) -> None:
    assert is_named(name, [TEXT])


@pytest.mark.parametrize(
    "name", "Damaskus Дамаск Irak Ирак Raqqa Lawrow Лавров Miller Миллер Hama Jordania Putin Tehran USA".split()
)
def test_another_name_is_not_found_however_short(name: str) -> None:
    assert not is_named(name, [TEXT])


@pytest.mark.parametrize(
    ("code", "text", "numbers"),
    [
        ("de", "Es waren dreizehn Tage, dreiundzwanzig Boote und 4,5 Millionen Leute in elf Orten.", [13, 23, 4_500_000, 11]),
        ("es", "Hubo treinta y ocho barcos, once días y dos millones de personas.", [38, 11, 2_000_000]),
        ("fr", "Il y a vingt-trois bateaux, une soixantaine de gens, dix-sept jours et un million d'euros.", [23, 60, 17, 1_000_000]),
        ("ru", "Было двадцать три лодки, восемь дней и 4 миллиона человек.", [23, 8, 4_000_000]),
        ("de", "Ein Boot, am 18. Oktober 2015.", []),
        ("en", "They sank once, in cent pieces.", []),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_words_of_their_own_language_alone(code: str, text: str, numbers: list[float]) -> None:
    assert without_numbers(text, code)[1] == numbers


def test_thousands_apart_are_one_number() -> None:
    assert without_numbers("Unas 415 000 millas en 2005", "es")[0] == "Unas 415000 millas en 2005"


def test_in_german_a_noun_behind_its_article_is_no_name() -> None:
    said = "Laut dem alten Oberst liegt der Stützpunkt Kweires im Irak, nahe der Stadt Homs, mit 13 Booten."
    assert names_abroad(said, "de") == ["Kweires", "Irak", "Homs"]
    assert names_abroad("Según el rey Luis XIV, París es de Francia.", "es") == ["Luis", "París", "Francia"]
    assert [word for word in ("Schüler", "Irak", "Kweires") if may_be_no_name(word, "de")] == ["Schüler"]
    assert not may_be_no_name("Damasco", "es")


def test_a_word_without_an_end_takes_no_long_time(within: Within) -> None:
    with within(1.0):
        assert not is_named("Bo" * 3_000, [f"{'Ба' * 3_000} stood there."])
