"""Texts in the encodings that people still keep files in: of the public sets where these have the language, else written
here. What is measured is whether `decode` gives a piece of one back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from evals.domain import Interval
from evals.intervals import wilson
from rag.documents.loaders.decoding import decode
from rag.errors import DocumentError

LENGTHS = (5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)
"""Characters."""

_A_LENGTH = 20  # pieces of each length in each encoding
_FILES = 20

_WRITTEN = {
    "fr": "L’été dernier, nous avons passé trois semaines près de la mer. Les élèves étaient très heureux d’être là où le ciel paraît plus bleu. «Ça va?» demanda la maîtresse. Noël à l’hôtel coûte cher: 45 € la nuit, où que vous alliez. Le garçon a reçu une lettre de son frère aîné, qui habite à l’étranger depuis l’année passée. ",
    "pl": "Wczoraj wieczorem poszliśmy do kina, ponieważ padał deszcz i nie mieliśmy nic lepszego do roboty. Książka leży na stole obok okna. Proszę przyjść jutro o godzinie dziesiątej. Łódź jest dużym miastem w środkowej Polsce, a więcej ludzi mieszka tylko w Krakowie i Warszawie. ",
    "cs": "Včera večer jsme šli do kina, protože pršelo a neměli jsme nic lepšího na práci. Kniha leží na stole vedle okna. Přijďte prosím zítra v deset hodin. Děti si hrály na zahradě až do setmění. ",
    "ja": "昨日の夜は雨が降っていたので、私たちは映画館に行きました。本は窓の横の机の上にあります。明日の十時に来てください。テントは佐藤さんが持ってきます。駅前のコーヒーショップは朝七時に開店します。東京の人口は約千四百万人で、日本で最も大きい都市です。",
    "ko": "어제 저녁에는 비가 와서 우리는 영화관에 갔습니다. 책은 창문 옆 책상 위에 있습니다. 내일 열 시에 와 주세요. 서울은 대한민국의 수도이며 가장 큰 도시이다. ",
    "zh-tw": "昨天晚上下雨，所以我們去了電影院。書在窗戶旁邊的桌子上。請明天十點來。臺北是臺灣的首都，也是最大的城市之一。會議將於下午三點開始，請準時出席。",
    "pt": "Não há informação sobre a situação da família até amanhã. O João comprou três pães e um café com açúcar. As crianças brincaram no jardim até o pôr do sol. São Paulo é uma cidade muito grande. ",
}
_LANGUAGES = {
    "cp1252": ("de", "es", "fr", "pt"),
    "mac_roman": ("de", "es", "fr", "pt"),
    "cp1250": ("pl", "cs"),
    "cp1251": ("ru",),
    "koi8_r": ("ru",),
    "cp1253": ("el",),
    "cp1254": ("tr",),
    "shift_jis": ("ja",),
    "gb18030": ("zh",),
    "big5": ("zh-tw",),
    "utf-16-le": ("de", "ru", "zh", "ja", "en"),
    "utf-16-be": ("el", "ru", "zh", "en"),
}


def exact(data: Path) -> Mapping[str, Interval]:
    """The share of pieces that come back exactly, by encoding, by length, and of all."""
    found: dict[str, list[bool]] = {}
    for encoding, length, is_exact in _tried(data):
        for key in ("all", encoding, f"{length} characters"):
            found.setdefault(key, []).append(is_exact)
    return {key: wilson(sum(each), n=len(each)) for key, each in found.items()}


def _tried(data: Path) -> Iterator[tuple[str, int, bool]]:
    chance = random.Random(7)
    for encoding, languages in _LANGUAGES.items():
        texts = [_text(data, language) for language in languages]
        for length in LENGTHS:
            for _ in range(_A_LENGTH):
                piece = _piece(texts, length=length, encoding=encoding, chance=chance)
                yield encoding, length, _read(piece.encode(encoding)) == piece


def _text(data: Path, language: str) -> str:
    if language in _WRITTEN:
        return _WRITTEN[language] * _FILES
    paths = sorted((data / f"xquad-{language}" / "documents").iterdir())[:_FILES]
    return " ".join(path.read_text(encoding="utf-8").replace("\n", " ") for path in paths)


def _piece(texts: Sequence[str], *, length: int, encoding: str, chance: random.Random) -> str:
    """A piece of a text, less what the encoding does not have."""
    text = chance.choice(texts)
    start = chance.randrange(max(1, len(text) - length))
    piece = text[start : start + length].encode(encoding, errors="ignore").decode(encoding).strip()
    return piece or _piece(texts, length=length, encoding=encoding, chance=chance)


def _read(data: bytes) -> str | None:
    try:
        return decode(data)[0]
    except DocumentError:
        return None
