"""Which language texts are in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.identify import is_foreign, is_in, language_of

ENGLISH = [
    "The harbour of Pellworm was repaired by Gesine Holm in 1911.",
    "Set `max_payload` to 8 MB in nats-server.conf, then restart the KR-310-C with systemctl.",
    "Anmeldung is handled by Herr Müller and Frau Özdemir at the Bürgeramt.",
]
OTHERS = {
    "German": "Der Hafen wurde von der Stadt repariert, und die Fähre fährt zweimal am Tag.",
    "Spanish": "El puerto fue reparado por la ciudad y el barco sale dos veces al día.",
    "French": "Le port a été réparé par la ville et le bateau part deux fois par jour.",
    "Turkish": "Liman şehir tarafından onarıldı ve vapur günde iki kez kalkar, bu çok iyi.",
    "Vietnamese": "Bến cảng đã được thành phố sửa chữa và phà rời bến hai lần một ngày.",
    "Russian": "Гавань была отремонтирована городом.",
    "Arabic": "تم إصلاح الميناء من قبل المدينة",
    "Chinese": "港口由城市修复。",
    "Hindi": "बंदरगाह की मरम्मत शहर ने की थी।",
}


@pytest.mark.parametrize("text", ENGLISH)
def test_names_codes_and_numbers_do_not_make_english_foreign(text: str) -> None:
    assert is_in("english", [text])


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_other_languages_are_not_english(text: str) -> None:
    assert is_in("english", [text]) is False


def test_most_of_the_texts_decide() -> None:
    assert is_in("english", [*ENGLISH, OTHERS["German"]])
    assert not is_in("english", [OTHERS["German"], OTHERS["German"], "The harbour is open."])


@pytest.mark.parametrize(
    "texts", [[], [""], ["QX-2041-C 40 bar 1200 rpm"], ["12 | 40 | 88"], ["Gesine Holm, Onno Ites"]]
)
def test_what_is_in_no_language_is_not_told(texts: list[str]) -> None:
    assert is_in("english", texts) is None


@given(st.lists(st.text()))
def test_anything_can_be_asked(texts: list[str]) -> None:
    assert is_in("english", texts) in (True, False, None)


@pytest.mark.parametrize(
    "question",
    [
        "Wer zahlt die Miete?",
        "¿Cuándo abre el puerto?",
        "Quand part le bateau ?",
        "Liman ne zaman açılır?",
        "Bến cảng mở cửa khi nào?",
        "Когда открывается гавань?",
        "متى يفتح الميناء؟",
        "港口什么时候开放？",
        "बंदरगाह कब खुलता है?",
    ],
)
def test_a_question_in_another_language_is_told_by_few_words(question: str) -> None:
    assert is_foreign(question, ENGLISH)


@pytest.mark.parametrize(
    "question",
    ["deposit dog", "wifi password", "Who?", "KR-310-C max payload", "Pellworm", "cherry sunburst", "", "??", "1911"],
)
def test_keywords_and_names_are_no_other_language(question: str) -> None:
    assert not is_foreign(question, ENGLISH)


def test_nothing_is_foreign_to_texts_in_no_language() -> None:
    assert not is_foreign("Wer zahlt die Miete?", ["QX-2041-C 40 bar 1200 rpm"])
    assert not is_foreign("Wer zahlt die Miete?", [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("KR-310-C ZB-7-X QX-2041-J EG-12-W MV-9-B LL-77-D HV-4-F TT-1180-G PS-36-K", id="codes"),
        pytest.param("40 mm 12 kg 3 m 500 l 2 h 60 W 230 V 16 A 4 bar 1200 rpm", id="measures"),
        pytest.param("Nf3 e5 Bc4 Nc6 d4 exd4 O-O a6 Rb1 b5 a4 Qe7", id="moves"),
        pytest.param("f3a9 0c d4e1 a b2 e7c 9d 3f0a c e 77b1 d0", id="hexadecimal"),
        pytest.param("e qo l zrt a mnpe o vi s dkel y t ba u wqe e ol", id="letters"),
        pytest.param("sora nekin tupo lesar mina dofu kirsa velo runan tipo bazen gula", id="made-up words"),
    ],
)
def test_codes_and_made_up_words_are_in_no_language(text: str) -> None:
    assert language_of([text] * 20) is None


def test_a_language_whose_function_words_are_not_known_is_told_by_its_letters() -> None:
    assert language_of(["Viņi ir apveltīti ar saprātu un sirdsapziņu, un viņiem jāizturas brālības garā."]) == "lv"


def test_a_question_in_the_language_of_the_documents_is_not_foreign() -> None:
    assert not is_foreign("Wer repariert den Hafen?", [OTHERS["German"]])
    assert is_foreign("Who repairs the harbour?", [OTHERS["German"]])


@given(st.text())
def test_any_question_can_be_asked(question: str) -> None:
    assert is_foreign(question, ENGLISH) in (True, False)
