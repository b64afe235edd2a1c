"""Folding and tokens: the one function by which texts and queries become the same terms.

Folding works on single characters only (compatibility form, lower case, marks of Latin, Greek and Cyrillic letters
dropped, traditional, Japanese and variant characters to one form), so that `fold(a + b)` is `fold(a) + fold(b)`: a
fragment of a title always folds to a fragment of the folded title. OpenCC's phrase rules are left out on purpose,
since they would make 乾 of 乾隆 another character than 乾 alone; where OpenCC keeps two forms by phrase, `VARIANTS`
brings both to one.

Terms: a text is cut into units: single characters of scripts written without spaces (Chinese, kana, Hangul, Yi),
words of other scripts, numbers. Units are terms, and so are two units with nothing between them: 人民, 3月, 第3,
gb18030. A query asks for the pairs of an unbroken stretch, or for the unit when there is only one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, islice

import opencc

from indexer.text.variants import RARE_FORMS

MAX_WORD = 64
"""Longest word kept as a term, in characters; the rest of a longer word is cut off."""

MAX_TABLE = 120_000
"""Characters whose folded form is remembered: all of Chinese, and not all that a hostile text could hold."""

VARIANTS = {
    "着": "著",
    "馀": "余",
    "锺": "钟",
    "藉": "借",
    "瞭": "了",
    "甯": "宁",
    "苧": "苎",
    "菴": "庵",
    "囯": "国",
    "囻": "国",
    "亰": "京",
    "舘": "馆",
    "谿": "溪",
    "竝": "并",
    "幷": "并",
    "併": "并",
    "峯": "峰",
    "羣": "群",
    "敍": "叙",
    "畧": "略",
    "畵": "画",
    "畫": "画",
    "秌": "秋",
    "秊": "年",
    "冩": "写",
    "説": "说",
    "録": "录",
    "叢": "丛",
    "迴": "回",
    "廻": "回",
    "囘": "回",
    "嵗": "岁",
    "歴": "历",
    "厤": "历",
    "靑": "青",
    "淸": "清",
    "淨": "净",
    "疎": "疏",
    "踈": "疏",
    "䟽": "疏",
    "鷄": "鸡",
    "雞": "鸡",
    "煑": "煮",
    "巗": "岩",
    "巖": "岩",
    "嵒": "岩",
    "牀": "床",
    "窻": "窗",
    "窓": "窗",
    "牎": "窗",
    "椶": "棕",
    "綵": "彩",
    "採": "采",
    "啓": "启",
    "啟": "启",
    "恆": "恒",
    "卽": "即",
    "旣": "既",
    "眞": "真",
    "愼": "慎",
    "鎭": "镇",
    "黃": "黄",
    "橫": "横",
    "徧": "遍",
    "讚": "赞",
    "衆": "众",
    "眾": "众",
}
"""Characters that mean the same word in a library's catalogue and that OpenCC does not bring together by itself."""

_SPACELESS = (
    "\u3005\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff"
    "\U00016fe0-\U00016fe3\U00017000-\U00018cff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_CJK_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x323AF))


def _marks() -> str:
    """Combining marks as a regular-expression class: part of a word in Tibetan, Uyghur, Mongolian, Devanagari."""
    runs: list[list[int]] = []
    for code in range(0x370, 0x1F000):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in runs)


_MARKS = _marks()
_LETTER = f"(?:(?![0-9{_SPACELESS}])(?:[^\\W_]|[{_MARKS}]))"
_UNIT = re.compile(f"[{_SPACELESS}]|[0-9]+|{_LETTER}+")
_PAIR = re.compile(f"[0-9]{{2}}|{_LETTER}{{2}}")
_SPACELESS_ONLY = re.compile(f"[{_SPACELESS}]+")
_BETWEEN = re.compile(f"(?:[^\\w{_SPACELESS}{_MARKS}]|_)+")


@cache
def _simplified() -> dict[str, str]:
    """Each Chinese character that has a simpler or commoner form, brought to its end form."""
    table: dict[str, str] = {}
    for standard in ("jp2t", "hk2t", "tw2t"):
        for form, other in _converted(standard, ((0x4E00, 0x9FFF),)):
            # 芸 is 藝 in Japan and a plant in China: what is written in China stays what it is there.
            if not _is_common(form):
                table[form] = other
            elif not _is_common(other):
                table[other] = form
    table.update(_converted("t2s", _CJK_RANGES))
    table.update(RARE_FORMS)
    table.update(VARIANTS)
    ends: dict[str, str] = {}
    for start in table:
        end, steps = start, 0
        while table.get(end, end) != end and steps < 8:
            end, steps = table[end], steps + 1
        ends[start] = end
    return ends


def _converted(standard: str, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Characters that OpenCC turns into another one, and that."""
    codes = chain.from_iterable(range(first, last + 1) for first, last in ranges)
    characters = (chr(code) for code in codes if unicodedata.category(chr(code)) == "Lo")
    converter = opencc.OpenCC(standard)
    # Some at a time: all 90,000 at once take 15 MB that the process would not give back.
    while some := list(islice(characters, 1000)):
        # The line feeds between them keep OpenCC's phrase rules out.
        converted = converter.convert("\n".join(some)).split("\n")
        yield from ((a, b) for a, b in zip(some, converted, strict=True) if a != b and len(b) == 1)


def _is_common(character: str) -> bool:
    """Whether it is one of the 6,763 that China's first standard (GB 2312) has."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)
    kept = "".join(c for c in plain if not "\u0300" <= c <= "\u036f" and unicodedata.category(c) != "Cf")
    lowered = unicodedata.normalize("NFKD", kept.lower())
    kept = "".join(c for c in lowered if not "\u0300" <= c <= "\u036f" and not "\ufe00" <= c <= "\ufe0f")
    simplified = _simplified()
    return "".join(simplified.get(c, c) for c in unicodedata.normalize("NFC", kept) if not _is_selector(c))


def _is_selector(character: str) -> bool:
    """Whether it only selects a glyph (variation selectors, Mongolian free variation selectors)."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or character in "᠋᠌᠍᠎᠏"


class _FoldTable(dict[int, str]):
    """`str.translate` table that fills itself: code point → folded text, for the first `MAX_TABLE` met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < MAX_TABLE:
            self[code] = folded
        return folded


_TABLE = _FoldTable()


def fold(text: str) -> str:
    """The form in which texts are compared: see the module's text. Idempotent, and never raises."""
    folded = text.translate(_TABLE)
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """The folded text and, for each of its characters, the place in `text` of the character that it came from.

    Returns:
        `(folded, offsets)` with `len(offsets) == len(folded) + 1`; the last offset is `len(text)`.
    """
    whole = fold(text)
    if len(whole) == len(text) and set(map(len, map(_TABLE.__getitem__, map(ord, set(text))))) <= {1}:
        # One character for one, and composing did not melt any two.
        return whole, list(range(len(text) + 1))
    pieces: list[str] = []
    offsets: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _joins(text[end - 1], text[end]):
            end += 1
        piece = fold(text[start:end])
        pieces.append(piece)
        offsets.extend([start] * len(piece))
        start = end
    offsets.append(len(text))
    return "".join(pieces), offsets


def _joins(before: str, character: str) -> bool:
    """Whether `character` may melt into the one before it when composed."""
    if unicodedata.combining(character) or character in "ﾞﾟ":
        return True
    jamo = "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return jamo and "\u1160" <= character <= "\u11ff"


def is_one_word(pair: str) -> bool:
    """Whether two characters beside each other belong to one word or one number: gb18030 is a word and a number."""
    return _PAIR.fullmatch(pair) is not None


def normal_text(folded: str) -> str:
    """Runs with single spaces for everything between them: the text in which phrases are looked for."""
    return _BETWEEN.sub(" ", folded).strip(" ")


def normal_with_places(folded: str) -> tuple[str, list[int]]:
    """Normal text, and for each of its characters the place in `folded` where it stands.

    The space between two runs has the place of the first character that it replaces.
    """
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    for match in _BETWEEN.finditer(folded):
        if match.start() > start or pieces:
            pieces.append(folded[start : match.start()] + " ")
            places.extend(range(start, match.start() + 1))
        start = match.end()
    pieces.append(folded[start:])
    places.extend(range(start, len(folded)))
    normal = "".join(pieces)
    return (normal[:-1], places[:-1]) if normal.endswith(" ") else (normal, places)


def units(stretch: str) -> list[str]:
    """The smallest things that are found by themselves: a character of a spaceless script, a word, a number."""
    if _SPACELESS_ONLY.fullmatch(stretch):
        return list(stretch)
    return [unit[:MAX_WORD] for unit in _UNIT.findall(stretch)]


def terms(normal: str) -> list[str]:
    """All terms under which a text is found, repeated as often as they occur: units, and pairs of neighbours.

    Args:
        normal: a text from `normal_text` or `joined`.
    """
    found: list[str] = []
    for stretch in normal.split():
        parts = units(stretch)
        found.extend(parts)
        found.extend(map(str.__add__, parts, parts[1:]))
    return found


def query_terms(stretch: str) -> list[str]:
    """The terms that a text must hold to hold this unbroken stretch of normal text, in order, none twice.

    All pairs of neighbours, or the unit itself when there is only one.
    """
    parts = units(stretch)
    return list(dict.fromkeys(map(str.__add__, parts, parts[1:]))) or parts


def is_exact(stretch: str) -> bool:
    """Whether holding `query_terms(stretch)` already means holding the stretch: one term, and nothing cut off."""
    parts = units(stretch)
    return len(parts) <= 2 and max(map(len, parts), default=0) < MAX_WORD


def is_spaceless(character: str) -> bool:
    """Whether a character is of a script written without spaces, and so found by itself."""
    return _SPACELESS_ONLY.fullmatch(character) is not None


def title_key(title: str) -> str:
    """The whole title as one term: folded, nothing but its runs, cut at 128 characters. Empty for no runs."""
    return normal_text(fold(title)).replace(" ", "")[:128]


def joined(texts: Iterable[str]) -> str:
    """Normal text of several texts, a line feed between them so that no phrase runs across."""
    return "\n".join(filter(None, (normal_text(fold(text)) for text in texts if text)))
