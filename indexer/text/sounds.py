"""Readings of Chinese characters, by pypinyin's tables: words decide characters that have several (重庆, 银行, 曾国藩).

pypinyin's own functions take about 50 µs a title; a catalogue of a million needs less. So its tables are read here
directly: longest word first from the left, and only where a character has several readings at all.

The tables take 54 MB, so they are loaded by the first Chinese character that is asked for: whoever only shows and
searches what is catalogued already does without.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LONGEST_WORD = 8
# Surnames and words of old titles that the tables lack or read otherwise. Reviewed by hand; keep it short.
_WORDS = {
    "曾国藩": "zeng1 guo2 fan1", "曾文正": "zeng1 wen2 zheng4", "曾巩": "zeng1 gong3", "曾参": "zeng1 shen1",
    "曾子": "zeng1 zi3",
    "曾纪泽": "zeng1 ji4 ze2", "曾朴": "zeng1 pu3", "曾几": "zeng1 ji1", "曾布": "zeng1 bu4", "曾氏": "zeng1 shi4",
    "解缙": "xie4 jin4",
    "查慎行": "zha1 shen4 xing2", "查继佐": "zha1 ji4 zuo3", "单县": "shan4 xian4", "乐毅": "yue4 yi4",
    "仇英": "qiu2 ying1",
    "朴趾源": "piao2 zhi3 yuan2", "万俟": "mo4 qi2", "尉迟": "yu4 chi2", "令狐": "ling2 hu2", "任昉": "ren2 fang3",
    "乐府": "yue4 fu3",
    "论语": "lun2 yu3", "吐蕃": "tu3 bo1", "大宛": "da4 yuan1", "龟兹": "qiu1 ci2", "单于": "chan2 yu2",
    "冒顿": "mo4 du2", "可汗": "ke4 han2",
    "会稽": "kuai4 ji1", "六安": "lu4 an1", "番禺": "pan1 yu2", "铅山": "yan2 shan1", "长洲": "chang2 zhou1",
    "传奇": "chuan2 qi2",
    "列传": "lie4 zhuan4", "左传": "zuo3 zhuan4", "水浒传": "shui3 hu3 zhuan4", "外传": "wai4 zhuan4",
    "集传": "ji2 zhuan4",
}  # fmt: skip


def readings(text: str) -> dict[int, str]:
    """Position → syllable with tone digit (`chong2`, `lv3`, `de5`) of every Chinese character of `text`."""
    out: dict[int, str] = {}
    for run in _HAN_RUN.finditer(text):
        word = run[0]
        if any(_has_several(c) for c in word):
            out.update(enumerate(_by_words(word), run.start()))
        else:
            out.update((run.start() + i, _first_reading(c)) for i, c in enumerate(word))
    return out


def _by_words(run: str) -> list[str]:
    simple = _simplifier().convert(run)
    if len(simple) != len(run):
        simple = run
    longest = _longest_words()
    out: list[str] = []
    at = 0
    while at < len(run):
        # Most pairs of characters begin no word at all: one look-up for them.
        for length in range(min(longest.get(simple[at : at + 2], 1), len(run) - at), 1, -1):
            if found := _word(simple[at : at + length]):
                out.extend(found)
                at += length
                break
        else:
            out.append(_first_reading(run[at]))
            at += 1
    return out


@cache
def _simplifier() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


@cache
def _phrases() -> dict[str, list[list[str]]]:
    """Word → the readings of each of its characters."""
    from pypinyin.constants import PHRASES_DICT

    return PHRASES_DICT


@cache
def _characters() -> dict[int, str]:
    """Code point → the readings of a character, parted by commas."""
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


@cache
def _longest_words() -> dict[str, int]:
    """First two characters → length of the longest word that starts with them."""
    out: dict[str, int] = {}
    for word in (*_phrases(), *_WORDS):
        out[word[:2]] = max(out.get(word[:2], 1), min(len(word), _LONGEST_WORD))
    return out


@lru_cache(maxsize=16384)
def _word(word: str) -> tuple[str, ...]:
    """The syllables of a word, empty when it is none."""
    if word in _WORDS:
        return tuple(_WORDS[word].split())
    found = _phrases().get(word)
    return tuple(_numbered(r[0]) for r in found) if found and len(found) == len(word) else ()


@lru_cache(maxsize=32768)
def _has_several(character: str) -> bool:
    return "," in _characters().get(ord(character), "")


@lru_cache(maxsize=32768)
def _first_reading(character: str) -> str:
    """The commonest reading; a character without one sounds as `~`, after all others."""
    found = _characters().get(ord(character), "")
    return _numbered(found.split(",")[0]) if found else "~5"


@lru_cache(maxsize=4096)
def _numbered(syllable: str) -> str:
    from pypinyin.contrib.tone_convert import to_tone3

    return str(to_tone3(syllable, neutral_tone_with_five=True))
