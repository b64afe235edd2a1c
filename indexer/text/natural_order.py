"""How people count: the order of volumes, issues, lectures and files by their names.

卷二 before 卷十, 上 中 下, 甲 乙 丙, 元 亨 利 貞, 第9期 before 第10期, a 合刊 at its first number, 春 夏 秋 冬,
Vol. II before Vol. X. A word that counts is read as a number only where it is one for certain: beside 卷, 册, 集 and
their like, or standing alone. 三國志 and 元曲選 keep their words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from indexer.text.numbers import CHINESE_DIGITS, parse_number

NaturalKey = tuple[tuple[int, int, str], ...]
_LONGEST = 300
_TEXT, _NUMBER = 1, 0

_FIRST_WORDS = (
    "封面", "书名页", "扉页", "版权页", "总序", "卷首", "目录", "目次", "凡例", "前言", "序言", "自序", "引言", "序",
    "导论",
    "绪论", "cover", "front", "title", "toc", "preface", "intro",
)  # fmt: skip
_LAST_WORDS = ("卷末", "附录", "后记", "跋", "索引", "版权", "封底", "appendix", "index", "back")

_COUNTED = "卷册冊集辑輯编編篇部函帙"
_UNITS = f"{_COUNTED}年月日号號期回章节節讲講课課季版页頁届屆次种種刻"
_N = f"[{CHINESE_DIGITS}壹弌贰貳叁參肆伍陆陸柒捌玖拾佰仟]"
_END = r"(?=\W*(?:\Z|/)|\W*\.[a-z0-9]{1,5}\Z)"

_SETS = (
    "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥", "元亨利贞", "天地人", "仁义礼智信", "礼乐射御书数", "文行忠信",
)  # fmt: skip
_TRADITIONAL = str.maketrans("贞义礼乐书数", "貞義禮樂書數")


def _places() -> dict[str, int]:
    """The characters by which sets are counted; one that stands in two sets has the later place, which suits both."""
    places: dict[str, int] = {}
    for characters in _SETS:
        base = places.get(characters[0], 1)
        for n, character in enumerate(characters):
            places[character] = max(places.get(character, 0), base + n)
    return places | {c.translate(_TRADITIONAL): n for c, n in places.items()}


_SET_PLACES = _places()
_SET = "".join(_SET_PLACES)
_FOLLOWERS = {
    "初": 1, "正": 1, "前": 1, "后": 2, "後": 2, "续": 3, "續": 3, "补": 4, "補": 4, "别": 5, "別": 5, "外": 6,
}  # fmt: skip
_FOLLOWER = "".join(_FOLLOWERS)
_SEASONS = {"春": 1, "夏": 2, "秋": 3, "冬": 4}
_MONTHS = {"正": 1, "冬": 11, "腊": 12, "臘": 12}
_PARTS = {"首": -1, "上": 1, "中": 2, "下": 3, "末": 9_999_999}
_SUPPLEMENT = 9_999_998

_TOKENS = (
    r"第?(?P<digits>\d+)",
    rf"第(?P<ordinal>{_N}+)",
    rf"(?<=[{_COUNTED}回章讲講期号號之其(（])(?P<after>{_N}+)",
    rf"(?<=年)(?P<month>{_N}+)(?=月)",
    rf"(?P<before>{_N}+)(?=[{_UNITS}])|(?P<first_year>元)(?=年)",
    rf"(?<!\w)(?P<alone>{_N}+)(?:(?=[、.．\s)）])|{_END})",
    rf"(?<=卷)(?P<front>首)|(?<=[{_COUNTED}半])(?P<part_after>[上中下末])"
    rf"|(?P<part_before>[上中下])(?=[{_COUNTED}旬半])|(?P<part_alone>[上中下]){_END}",
    rf"(?<=[{_COUNTED}])(?P<set_after>[{_SET}])(?:(?=[上中下])|(?=\W)|\Z)",
    rf"(?<!\w)(?P<set_before>[{_SET}])(?=[{_COUNTED}])|(?<!\w)(?P<set_alone>[{_SET}]){_END}",
    rf"(?P<follower>[{_FOLLOWER}])(?=[集编編辑輯刻])",
    rf"(?:(?<=年)|(?<!\w))(?P<season>[春夏秋冬])(?:(?=[季号號刊卷集之])|{_END})|(?P<moon>[正冬腊臘])(?=月)",
    r"(?P<supplement>增刊|增订刊|增訂刊|特刊|副刊|号外|號外)",
)
_ROMAN = r"(?<![a-z])(?=[ivxlc])(?P<roman>c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3}))(?![a-z0-9])"
_ARABIC = re.compile("|".join(_TOKENS))
_WITH_ROMAN = re.compile("|".join((*_TOKENS, _ROMAN)))
_SECOND = re.compile(r"(?<![a-z])ii(?![a-z0-9])")
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def natural_key(name: str, *, roman: bool = False) -> NaturalKey:
    """A key that sorts names as people count: 卷二 before 卷十, 第2讲 before 第10讲, 上 中 下, 0002 before 10.

    A 增刊 comes after the issues of its year, or after the issue that it belongs to; a 合刊 where its first issue was.
    封面, 目录 and 序 come before what is numbered, 附录, 跋 and 封底 after it.

    Args:
        name: at most 300 characters count.
        roman: whether letters that stand alone may be Roman numerals; see `counts_in_roman`.
    """
    text = _folded(name)
    key: list[tuple[int, int, str]] = [(_NUMBER, _place(text), "")]
    end = 0
    for match in (_WITH_ROMAN if roman else _ARABIC).finditer(text):
        if match.start() > end:
            key.append((_TEXT, 0, text[end : match.start()]))
        key.append((_NUMBER, _value(match), ""))
        end = match.end()
    if end < len(text):
        key.append((_TEXT, 0, text[end:]))
    return tuple(key)


def counts_in_roman(names: Iterable[str]) -> bool:
    """Whether names that stand together are numbered I, II, III: only then is a lone I or V no letter of A, B, C."""
    return any(_SECOND.search(_folded(name)) for name in names)


def has_place(name: str) -> bool:
    """Whether a name says where it stands among others: by a number, or as 封面, 序, 附录."""
    text = _folded(name)
    return _place(text) != 0 or _ARABIC.search(text) is not None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()[:_LONGEST]


def _value(match: re.Match[str]) -> int:
    kind = match.lastgroup or ""
    word = match[kind]
    table = _TABLES.get(kind)
    if table is not None:
        return table[word]
    if kind == "digits":
        return int(word[:40])
    if kind == "roman":
        return _roman_value(word)
    return _SUPPLEMENT if kind == "supplement" else parse_number(word) or 0


_TABLES = {
    "front": _PARTS, "part_after": _PARTS, "part_before": _PARTS, "part_alone": _PARTS, "set_after": _SET_PLACES,
    "set_before": _SET_PLACES, "set_alone": _SET_PLACES, "follower": _FOLLOWERS, "season": _SEASONS, "moon": _MONTHS,
}  # fmt: skip


def _roman_value(letters: str) -> int:
    values = [_ROMAN_DIGITS[letter] for letter in letters]
    return sum(-v if v < max(values[n:]) else v for n, v in enumerate(values))


def _place(text: str) -> int:
    stem = text.rpartition("/")[2].lstrip("0123456789 ._-")
    for i, word in enumerate(_FIRST_WORDS):
        if stem.startswith(word):
            return i - len(_FIRST_WORDS)
    return next((i + 1 for i, word in enumerate(_LAST_WORDS) if stem.startswith(word)), 0)
