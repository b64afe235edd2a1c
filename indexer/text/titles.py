"""How titles sort and sound, and how names of files sort.

`title_sort` is a key to compare by code point: for each Chinese character its syllable, its tone and itself; numbers
by value, after 第, 卷 and the like also Chinese ones; brackets and quotation marks ignored. Characters of one
sound follow Unicode, which inside the basic block is radical and stroke order.
"""

from __future__ import annotations

import re
import unicodedata

from indexer.text.numbers import CHINESE_DIGITS, parse_number
from indexer.text.sounds import readings

NaturalKey = tuple[tuple[int, int, str], ...]
_LONGEST = 300

_ORNAMENT = re.compile(r"[《》〈〉「」『』“”‘’\"'()（）\[\]［］【】〔〕{}·・•,，.。:：;；!！?？、—–\-_/\\|~～…*#&+]")
_ARTICLE = re.compile(r"(?:the|an?|le|la|les|der|die|das|el|los)\s+(?=\S)", re.IGNORECASE)
# A Chinese number counts by value only where it is one for certain: 三字经 and 百年孤独 sort by sound.
_ORDINAL = re.compile(
    rf"(?<=第)([{CHINESE_DIGITS}]+)"
    rf"|(?<=[卷册冊集辑輯编編篇部期号號届屆之其])([{CHINESE_DIGITS}]+)(?=[\s)）\]:：,，]|\Z)"
    rf"|(?<=[\s(（\[])([{CHINESE_DIGITS}]+)(?=\s*(?:[)）\]]|\Z))"
)
_TOKEN = re.compile(
    r"(\d+)|([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])|(\s+)|([^\d\s\u3400-\u9fff\uf900-\ufaff]+)"
)


def title_sort(title: str) -> str:
    """The sorting key of a title, at most about 2,700 characters; compare by code point or as UTF-8 bytes."""
    return title_keys(title)[0]


def title_pinyin(title: str) -> str:
    """The syllables of a title without tones, parted by spaces: `chong qing shi hua`; other words stay, lower-case."""
    return title_keys(title)[1]


def title_keys(title: str) -> tuple[str, str]:
    """`title_sort` and `title_pinyin` of a title in one pass."""
    text = unicodedata.normalize("NFKC", title)[:_LONGEST]
    sounds = readings(text)
    spoken = [(sounds[m.start()][:-1] if m[2] else m[0].casefold()) for m in _TOKEN.finditer(_bare(text)) if not m[3]]
    counted = _ORDINAL.sub(_by_value, text)
    if counted != text:
        sounds = readings(counted)
    counted = _bare(counted)
    start = len(article[0]) if counted.isascii() and (article := _ARTICLE.match(counted)) else 0
    key = [_sort_token(m, sounds) for m in _TOKEN.finditer(counted, start) if not m[3]]
    return " ".join(key), " ".join(spoken)


def _by_value(match: re.Match[str]) -> str:
    return str(parse_number(match[0]) or match[0])


def _bare(text: str) -> str:
    """Ornaments as spaces, one for one: positions stay."""
    return _ORNAMENT.sub(" ", text)


def _sort_token(match: re.Match[str], sounds: dict[int, str]) -> str:
    number, han, _, other = match.groups()
    if number:
        digits = number.lstrip("0")[:99]
        return f"0{len(digits):02d}{digits}"
    return sounds[match.start()] + han if han else other.casefold()


# Names of files -----------------------------------------------------------------------------------------------------

_FIRST_WORDS = (
    "封面", "书名页", "扉页", "版权页", "总序", "卷首", "目录", "目次", "凡例", "前言", "序言", "自序", "引言", "序",
    "导论",
    "绪论", "cover", "front", "title", "toc", "preface", "intro",
)  # fmt: skip
_LAST_WORDS = ("卷末", "附录", "后记", "跋", "索引", "版权", "封底", "appendix", "index", "back")
_PART = re.compile(r"(?:(?<=[卷册冊集辑輯编編篇部半])([上中下末])|([上中下])(?=[卷册冊集辑輯编編篇部半]|\W*\Z))")
_NATURAL = re.compile(
    rf"第?(\d+)|(?:第|(?<=[卷册冊集辑輯编編篇部回章讲講期号號之其(（\s]))([{CHINESE_DIGITS}]+)"
    rf"|\A([{CHINESE_DIGITS}]+)(?=[、.．\s章回卷讲講])"
    rf"|{_PART.pattern}|(增刊|增訂刊|特刊|副刊|号外|號外)"
)
_PART_ORDER = {"上": 1, "中": 2, "下": 3, "末": 9_999_999}
_AFTER_ISSUES = 9_999_998
_TEXT, _NUMBER = 1, 0


def natural_key(name: str) -> NaturalKey:
    """A key that sorts names as people count: 卷二 before 卷十, 第2讲 before 第10讲, 上 中 下, 0002 before 10.

    A 增刊 comes after the issues of its year, or after the issue that it belongs to; a 合刊 where its first issue was.
    封面, 目录 and 序 come before what is numbered, 附录, 跋 and 封底 after it.
    """
    text = unicodedata.normalize("NFKC", name).casefold()[:_LONGEST]
    key: list[tuple[int, int, str]] = [(_NUMBER, _place(text), "")]
    end = 0
    for match in _NATURAL.finditer(text):
        if match.start() > end:
            key.append((_TEXT, 0, text[end : match.start()]))
        key.append((_NUMBER, _value(match), ""))
        end = match.end()
    if end < len(text):
        key.append((_TEXT, 0, text[end:]))
    return tuple(key)


def _value(match: re.Match[str]) -> int:
    digits, chinese, leading, *parts, supplement = match.groups()
    if digits:
        return int(digits[:40])
    if chinese or leading:
        return parse_number(chinese or leading) or 0
    return _AFTER_ISSUES if supplement else _PART_ORDER[next(p for p in parts if p)]


def _place(text: str) -> int:
    stem = text.rpartition("/")[2].lstrip("0123456789 ._-")
    for i, word in enumerate(_FIRST_WORDS):
        if stem.startswith(word):
            return i - len(_FIRST_WORDS)
    return next((i + 1 for i, word in enumerate(_LAST_WORDS) if stem.startswith(word)), 0)
