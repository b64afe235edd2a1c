"""The letter under which a name or subject stands in a list from A to Z: that of its first sound."""

from __future__ import annotations

import importlib.util
import json
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from indexer.analysis import fold

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
OTHER = "#"
"""Stands for what begins with a number or with a script that has no Latin letter."""

# Characters that begin names, and subjects, with another sound than their commonest. Reviewed by hand; keep it short.
_SURNAMES = {
    "曾": "Z", "单": "S", "解": "X", "查": "Z", "仇": "Q", "朴": "P", "翟": "Z", "缪": "M", "覃": "Q", "区": "O",
    "尉": "Y", "郗": "X", "员": "Y", "折": "S", "种": "C", "盖": "G", "召": "S", "晁": "C", "祭": "Z", "重": "C",
    "秘": "B", "冼": "X", "阚": "K", "车": "C", "石": "S", "沈": "S", "长": "Z", "贾": "J", "洗": "X", "黑": "H",
}  # fmt: skip
_SUBJECTS = {
    "曾": "Z",
    "长": "C",
    "车": "C",
    "石": "S",
    "查": "C",
    "单": "D",
    "解": "J",
    "区": "Q",
    "员": "Y",
    "种": "Z",
}
_WORDS = {"万俟": "M", "尉缭": "W", "单于": "C", "重庆": "C", "重阳": "C", "朝鲜": "C", "朝代": "C", "会计": "K",
          "种师道": "C"}  # fmt: skip
_LONGEST = 3
_SIGNS = " \"'“”‘’《〈「『([【·.-"


@lru_cache(maxsize=1 << 15)
def initial_of(text: str, *, name: bool = False) -> str:
    """A letter of `LETTERS`, or `OTHER`.

    Args:
        text: a name or a subject as it is shown.
        name: whether it is a person's or body's: surnames then sound as surnames do.
    """
    folded = fold(text[:40]).lstrip(_SIGNS)
    for length in range(_LONGEST, 1, -1):
        if folded[:length] in _WORDS:
            return _WORDS[folded[:length]]
    first = folded[:1]
    if "a" <= first <= "z":
        return first.upper()
    known = (_SURNAMES if name else _SUBJECTS).get(first, "")
    return known or (_letter(first) if first else OTHER)


@lru_cache(maxsize=16384)
def _letter(character: str) -> str:
    sound = unicodedata.normalize("NFD", _sounds().get(ord(character), ""))[:1].upper()
    return sound if sound and sound in LETTERS else OTHER


@cache
def _sounds() -> dict[int, str]:
    """Code point → the commonest sound. pypinyin's own file is read: the library would load 50 MB of words with it."""
    package = importlib.util.find_spec("pypinyin")
    places = package.submodule_search_locations if package else None
    if not places:
        return {}
    known = json.loads((Path(next(iter(places))) / "pinyin_dict.json").read_bytes())
    return {int(code): sounds[:1] for code, sounds in known.items()}
