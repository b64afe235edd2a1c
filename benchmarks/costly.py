"""The costliest questions that can be asked of a search: common characters, many operators, deep pages, every filter.

Named ones are what was found to cost most; the rest are trees of all signs of the query language, drawn by chance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

Asked = dict[str, Any]

_TREES = 120
_LONGEST = 200
_DEEP = {"page": 10_000, "size": 100}
_FILTERS: Asked = {
    "type": ("book", "journal", "newspaper", "image", "audio"), "clc": ("I", "K", "G", "D", "F", "TP"),
    "language": ("zh", "en"), "audience": ("general", "children"), "year_from": -2000, "year_to": 2030,
}  # fmt: skip
_CHOSEN: tuple[Asked, ...] = (
    {}, {}, _DEEP, {"page": 500, "size": 100}, {"page": 40, "size": 100}, {"sort": "year"},
    {"sort": "year_desc", "page": 3000, "size": 100}, {"sort": "title"}, {"sort": "title", "page": 2000, "size": 100},
    _FILTERS, {**_FILTERS, "page": 1000, "size": 100}, {"face": "child"}, {"mend": "search"}, {"available": "no"},
)  # fmt: skip


def costly(common: Sequence[str], pairs: Sequence[str], letters: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    """Name and request.

    Args:
        common: the characters that most records hold, 48 at least, the most frequent first.
        pairs: the pairs of them, likewise.
        letters: words of letters that many records hold, some at least.
    """
    yield from _ors(common, pairs)
    yield from _ands(common, pairs)
    yield from _compared(common, pairs)
    yield from _columns(common)
    yield from _typed(common, pairs, letters)
    for sort in ("relevance", "year", "year_desc", "title"):
        for page in (1, 500, 5000, 10_000):
            yield "everything, deep pages", {"q": "", "sort": sort, "page": page, "size": 100}
    chance = random.Random(29)
    for _ in range(_TREES):
        text = _tree(chance, common, pairs, 4)
        while len(text) > _LONGEST:
            text = _tree(chance, common, pairs, 4)
        yield "trees by chance", {"q": text, **chance.choice(_CHOSEN)}


def _ors(common: Sequence[str], pairs: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    for words in (common, pairs):
        text = " OR ".join(words[:40])[:_LONGEST]
        for chosen in _CHOSEN:
            yield "many OR", {"q": text, **chosen}
    yield "many OR", {"q": " OR ".join(f"题名:{one}" for one in common[:24])[:_LONGEST]}
    yield "many OR", {"q": "|".join(f"({one} -{other})" for one, other in zip(common, common[24:48], strict=False))}


def _ands(common: Sequence[str], pairs: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    for size in (2, 3, 4, 6, 12):
        groups = [common[at : at + size] for at in range(0, 24, size)]
        text = " ".join("(" + "|".join(group) + ")" for group in groups)
        for chosen in ({}, _DEEP, {"sort": "title"}):
            yield "AND of many OR", {"q": text, **chosen}
        yield "AND of many OR", {"q": text + " 第3期"}
    yield "AND of many OR", {"q": " ".join(f"({pair}|{n}期)" for n, pair in enumerate(pairs[:8], 1)) + " 第3期"}
    for text in ("NOT (" + "|".join(common[:40]) + ")", " ".join(f"-{one}" for one in common[:40]), "-" + common[0]):
        for chosen in ({}, _DEEP, {"sort": "year_desc"}):
            yield "NOT", {"q": text[:_LONGEST], **chosen}


def _compared(common: Sequence[str], pairs: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    """What terms alone do not decide: many texts would have to be compared."""
    texts = [
        "|".join(f"正文:{one}" for one in common[:24]),
        "|".join(f"({one} NOT 正文:{other})" for one, other in zip(common[:12], common[12:24], strict=True)),
        "NOT 正文:" + common[0],
        " ".join(f"正文:{one}" for one in common[:6]),
        "|".join(f'"{one} {other}"' for one, other in zip(pairs[:8], pairs[8:16], strict=True)),
        "|".join(one + other for one, other in zip(pairs[:8], pairs[8:16], strict=True)),
        f'NOT "{pairs[0]} {pairs[1]}"',
        "|".join(f"第{n}期" for n in range(1, 25)),
        "|".join(f"{n}卷" for n in range(1, 25)),
    ]
    for text in texts:
        for chosen in _CHOSEN:
            yield "texts to compare", {"q": text[:_LONGEST], **chosen}


def _columns(common: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    """Years and classes, which no budget of postings counts."""
    texts = [
        "|".join(f"年:{year}" for year in range(1, 50)),
        "|".join(f"年:-999-{year}" for year in range(2000, 2020)),
        "|".join(f"分类:{letter}" for letter in "ABCDEFGHIJKNOPQRSTUVXZ"),
        " ".join(f"-年:{year}" for year in range(1950, 1999)),
        " ".join(f"({one}|年:-999-{year})" for one, year in zip(common, range(2000, 2020), strict=False)),
        " ".join(f"-(年:{year} 分类:I)" for year in range(1950, 1999)),
        "光绪二十三年|乾隆三年|民国26年|康熙五十五年|嘉庆五年|道光十年",
    ]
    for text in texts:
        for chosen in ({}, _DEEP, {"sort": "title"}, _FILTERS):
            yield "years and classes", {"q": text[:_LONGEST], **chosen}


def _typed(common: Sequence[str], pairs: Sequence[str], letters: Sequence[str]) -> Iterator[tuple[str, Asked]]:
    """What is looked for elsewhere when little is found, letters, and long texts."""
    mend = {"mend": "search"}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        yield "one letter", {"q": letter, **mend}
    for text in ("sh", "zhong", "zhongguo", "s" * 12, "zhi" * 13, "a" * 40, "hlm", "co*", "a-b", "no.1", "1", "2019"):
        yield "letters and numbers", {"q": text, **mend}
    yield "letters and numbers", {"q": "|".join(f"{one[:2]}*" for one in letters[:30])[:_LONGEST]}
    yield "letters and numbers", {"q": " ".join(one[1:] for one in letters[:20])[:_LONGEST], **mend}
    yield "letters and numbers", {"q": " ".join(letters[:30])[:_LONGEST], **mend}
    texts = [
        "".join(common[:40:3]), "".join(common[:4]), "".join(common[:3]), " ".join(common[:24]), "".join(pairs[:12]),
        "".join(pairs[:100]), " ".join(pairs[:8]),
        " ".join(one + two for one, two in zip(pairs, pairs[9:], strict=False)),
        " ".join("".join(common[at : at + 4]) for at in range(0, 40, 4)), "".join(common) * 100, " ".join(common) * 100,
        "(" * 5000 + common[0], '"' * 9999, "-" * 9999, "a" * 20_000, "\u0301" * 5000,
        f"《{pairs[0]}》2019年第3期",
    ]  # fmt: skip
    for text in texts:
        yield "long and unlikely", {"q": text, **mend}
        yield "long and unlikely", {"q": text, **mend, "face": "child"}


def _tree(chance: random.Random, common: Sequence[str], pairs: Sequence[str], depth: int) -> str:
    """A query of brackets in brackets."""
    if depth == 0 or chance.random() < 0.2:
        leaf = chance.choice(common[:24]) if chance.random() < 0.7 else chance.choice(pairs[:24])
        kind = chance.randrange(12)
        leaves = {0: f"正文:{leaf}", 1: f"题名:{leaf}", 2: f'"{leaf} {chance.choice(pairs)}"', 3: "年:1000-2010"}
        return leaves.get(kind, leaf)
    parts = [_tree(chance, common, pairs, depth - 1) for _ in range(chance.choice((2, 2, 3)))]
    joint = chance.choice(("|", "|", " ", " -"))
    return "(" + joint.join(parts) + ")"
