"""Which code page a text is in, where nothing says so: the one under which its bytes are the likeliest.

A code page is a small model of the text that is written in it: how often each of its letters comes, and what follows
what – in French an accented letter stands among plain ones, in Russian every letter is above 127, and hardly any word has
a capital in its middle. The orders of letters are those of common frequency lists, and the chances are round numbers; it
is measured in `evals/bench_formats.py`.
"""

from __future__ import annotations

import codecs
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_PLAIN, _OTHER, _SMALL, _CAPITAL, _SIGN = "a", "o", "l", "u", "p"
"""Kinds of characters: ASCII letters, other ASCII, letters above it that are small or have no case, capitals, signs."""

_LATIN = {
    "al": 0.06, "au": 0.002, "ap": 0.01, "ol": 0.02, "ou": 0.01, "op": 0.03,
    "la": 0.85, "lo": 0.10, "ll": 0.03, "lu": 0.0005, "lp": 0.01,
    "ua": 0.70, "uo": 0.10, "uu": 0.05, "ul": 0.10, "up": 0.01,
    "pa": 0.40, "po": 0.50, "pl": 0.02, "pu": 0.02, "pp": 0.05,
}  # fmt: skip
_ALPHABET = {
    "al": 0.002, "au": 0.001, "ap": 0.01, "ol": 0.60, "ou": 0.12, "op": 0.03,
    "la": 0.001, "lo": 0.17, "ll": 0.82, "lu": 0.001, "lp": 0.01,
    "ua": 0.001, "uo": 0.10, "uu": 0.20, "ul": 0.70, "up": 0.01,
    "pa": 0.05, "po": 0.50, "pl": 0.30, "pu": 0.10, "pp": 0.05,
}  # fmt: skip
_IDEOGRAPHS = {
    "al": 0.03, "au": 0.0001, "ap": 0.03, "ol": 0.50, "ou": 0.0001, "op": 0.05,
    "la": 0.005, "lo": 0.05, "ll": 0.85, "lu": 0.0001, "lp": 0.10,
    "ua": 0.0001, "uo": 0.0001, "uu": 0.0001, "ul": 0.0001, "up": 0.0001,
    "pa": 0.05, "po": 0.25, "pl": 0.65, "pu": 0.0001, "pp": 0.05,
}  # fmt: skip
_ASCII = math.log(1 / 30)  # of an ASCII character: what a second byte costs that is taken for one

_WESTERN = "éäüöáíóñçãàèßêúåøæõâôîëïûùìòýœðþ"
_CENTRAL = "áíéłěšýčóąęřžżśůćúńăőţşűâîźđťďňöüäßô"
_TURKISH = "ıüşçğöâîû"
_BALTIC = "āēšīņķļģūčžąęėįųõäöü"
_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїєъёґўј"
_GREEK = "αοιετνσςηυρπκμλωάίέόήύώδγχθφβξζψϊϋΐΰ"
_HEBREW = "יוהלארתבשמנםעדחקפכגצטזןסךףץ"
_ARABIC = "اليمونرتبةعدسفهكقأحجشطصخضذزثىغءئإآظؤ"
_THAI = "านรอกเงมยลวดทสตะปบคหแจพชขใไโผซถฟณธศษญภฉฐฆฎฏฝุิีู่้ั็์ำ"
_KANA = "のいるにはたをとがしでてなっかれらもすりこさんーまくせきよけあうそおどつめちみろじだえわやばょゃべン・スルトリアイクラシドレフタマジプッロコサムテメデニバカグキハパウオミュョチエブナツセポソダボネヒビザゴガョァィォヤモユワ"
_CHINESE = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学"
    "如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两"
    "高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员"
    "解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至"
    "队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观"
    "清今切院让识候带导争运笔红蓝负责箱仓库号谁哪里站换修费用每早晨午晚两杯茶请您"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學"
    "如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩"
    "高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員"
    "解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至"
)
_KANJI = "日一人年大会国本中出時行見月分上生間者自社事後前地部方今東場業的学同当子手対員発長定内体通理高目動力法立明取開全小家下表入金合主最新田作都線電度性強代実不連用数意物公私政名選書円問水西市関経食車話気朝来夏冬山川赤青緑白黒箱火持"
_KOREAN = "이다는을의가에고하지한로도기사은를서나인자어리시대스정수아부해과일있그라전들제보주장여으요상게비만마구조무면원소성우유동치트와공었선생모신안화연오경음계미적문중간되세위방내국말것할"
_SIGNS = "’–“”„…«»—‘€\u00a0°§·•£¿¡©®™½×²³µ±ºª"
_WIDE_SIGNS = "、。，「」・：；？！（）《》〈〉『』【】“”‘’…—〜　"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """`letters` are in order of frequency, `steep` the rank over which their chance falls by e; `rest` is the chance of
    all letters that are not listed, and `prior` how usual the code page is."""

    encoding: str
    letters: str
    follows: Mapping[str, float]
    prior: float
    steep: float = 8.0
    rest: float = 0.02
    others: int = 100


_MODELS = (
    _Model(encoding="cp1252", letters=_WESTERN, follows=_LATIN, prior=1.0),
    _Model(encoding="mac_roman", letters=_WESTERN, follows=_LATIN, prior=0.1),
    _Model(encoding="cp850", letters=_WESTERN, follows=_LATIN, prior=0.03),
    _Model(encoding="cp1250", letters=_CENTRAL, follows=_LATIN, prior=0.2),
    _Model(encoding="iso8859_2", letters=_CENTRAL, follows=_LATIN, prior=0.05),
    _Model(encoding="cp1254", letters=_TURKISH, follows=_LATIN, prior=0.1),
    _Model(encoding="cp1257", letters=_BALTIC, follows=_LATIN, prior=0.03),
    _Model(encoding="cp1251", letters=_RUSSIAN, follows=_ALPHABET, prior=0.3),
    _Model(encoding="koi8_u", letters=_RUSSIAN, follows=_ALPHABET, prior=0.1),
    _Model(encoding="cp866", letters=_RUSSIAN, follows=_ALPHABET, prior=0.05),
    _Model(encoding="cp1253", letters=_GREEK, follows=_ALPHABET, prior=0.1),
    _Model(encoding="cp1255", letters=_HEBREW, follows=_ALPHABET, prior=0.1),
    _Model(encoding="cp1256", letters=_ARABIC, follows=_ALPHABET, prior=0.1),
    _Model(encoding="cp874", letters=_THAI, follows=_ALPHABET, prior=0.1, steep=14.0),
    _Model(
        encoding="cp932", letters=_KANA + _KANJI, follows=_IDEOGRAPHS, prior=0.2, steep=45.0, rest=0.25, others=4_000
    ),
    _Model(
        encoding="euc_jp", letters=_KANA + _KANJI, follows=_IDEOGRAPHS, prior=0.1, steep=45.0, rest=0.25, others=4_000
    ),
    _Model(encoding="gb18030", letters=_CHINESE, follows=_IDEOGRAPHS, prior=0.2, steep=150.0, rest=0.35, others=4_000),
    _Model(encoding="big5", letters=_TRADITIONAL, follows=_IDEOGRAPHS, prior=0.1, steep=150.0, rest=0.4, others=6_000),
    _Model(encoding="cp949", letters=_KOREAN, follows=_ALPHABET, prior=0.2, steep=50.0, rest=0.25, others=2_000),
)


_WIDE = ("utf-16-le", "utf-16-be")
_WIDE_PRIOR = math.log(0.1)
_UNFIT = math.log(1e-6)
_LEAST_WIDE = -11.0
"""For each character, of the logarithm. Text comes to at least -10.5, even ten characters of it; random bytes to -11.4 at
most."""

_SAMPLE = 2_048  # bytes: from 320 on nothing changes any more


def likeliest(data: bytes) -> str | None:
    """The encoding under which the bytes are the likeliest; None where they fit none."""
    telling = _telling(data)
    scores = {model.encoding: _score(telling, model.encoding, model) for model in _MODELS}
    scores.update(_wide_scores(data))
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > -math.inf else None


def likeliest_wide(data: bytes) -> str | None:
    """UTF-16 with one end first or the other, if the bytes look like text in it."""
    scores = _wide_scores(data)
    return max(scores, key=lambda encoding: scores[encoding]) if scores else None


def _wide_scores(data: bytes) -> dict[str, float]:
    if len(data) % 2:
        return {}
    sample = data[:_SAMPLE]
    scores = {encoding: max(_score(sample, encoding, model) for model in _MODELS) for encoding in _WIDE}
    return {
        encoding: score + _WIDE_PRIOR for encoding, score in scores.items() if score > _LEAST_WIDE * len(sample) / 2
    }


def _telling(data: bytes) -> bytes:
    """The lines that are not ASCII, as far as they are needed."""
    found, size = [], 0
    for line in data.split(b"\n"):
        if not line.isascii():
            found.append(line)
            size += len(line)
        if size > _SAMPLE:
            break
    return b"\n".join(found)[:_SAMPLE]


def _score(data: bytes, encoding: str, model: _Model) -> float:
    """The logarithm of how likely the bytes are, as far as models differ on them; minus infinity where they do not
    fit."""
    try:
        # Only a sample that was cut may end inside a character.
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=len(data) < _SAMPLE)
    except UnicodeDecodeError:
        return -math.inf
    return math.log(model.prior) + sum(_steps(f" {text} ", model))


def _steps(text: str, model: _Model) -> Iterator[float]:
    chances, rare = _chances(model.encoding), math.log(model.rest / model.others)
    for before, character in pairwise(text):
        if character < "\x80":
            yield _plain(character) + (_follows(model, before, character) if before >= "\x80" else 0.0)
        else:
            yield _follows(model, before, character)
            yield chances.get(character, rare if _kind(character) in "lu" and _fits(character, model) else _UNFIT)


def _plain(character: str) -> float:
    return _ASCII if character >= " " or character in "\t\n\r\f\v" else _UNFIT


def _fits(character: str, model: _Model) -> bool:
    """Whether a letter that is not listed is of the script of those that are."""
    return _script(character) in {_script(letter) for letter in model.letters[:1] + model.letters[-1:]}


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "?").split()[0]


def _follows(model: _Model, before: str, character: str) -> float:
    return math.log(model.follows[_kind(before) + _kind(character)])


@cache
def _kind(character: str) -> str:
    if character < "\x80":
        return _PLAIN if character.isalpha() else _OTHER
    if character.isupper():
        return _CAPITAL
    return _SMALL if unicodedata.category(character)[0] in "LM" and character not in "ºª" else _SIGN


@cache
def _chances(encoding: str) -> Mapping[str, float]:
    """The logarithm of each listed character's chance among those of its kind."""
    model = next(model for model in _MODELS if model.encoding == encoding)
    weights = {letter: math.exp(-rank / model.steep) for rank, letter in enumerate(dict.fromkeys(model.letters))}
    total = sum(weights.values()) / (1 - model.rest)
    letters = {letter: math.log(weight / total) for letter, weight in weights.items()}
    capitals = {letter.upper(): chance for letter, chance in letters.items() if len(letter.upper()) == 1}
    signs = _WIDE_SIGNS if model.follows is _IDEOGRAPHS else _SIGNS
    return {**{sign: math.log(1 / (rank + 4)) - 1 for rank, sign in enumerate(signs)}, **capitals, **letters}
