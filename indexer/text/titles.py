"""How titles sort and sound.

`title_sort` is a key to compare by code point: for each Chinese character its syllable, its tone and itself; numbers
by value, after 第, 卷 and the like also Chinese ones; brackets and quotation marks ignored. Characters of one
sound follow Unicode, which inside the basic block is radical and stroke order.
"""

from __future__ import annotations

import re
import unicodedata

from indexer.text.numbers import CHINESE_DIGITS, parse_number
from indexer.text.sounds import readings

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
