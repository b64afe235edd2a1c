"""Sounds and spellings that are taken for each other: by ear, by dialect, by a finger on the next key."""

from __future__ import annotations

from collections.abc import Iterator

_BEGINNINGS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"), ("r", "l"))
_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _beside() -> dict[str, str]:
    """Letter → letters beside it on a keyboard, in its row and in the rows above and below."""
    places = {letter: (row, column) for row, letters in enumerate(_ROWS) for column, letter in enumerate(letters)}
    return {
        letter: "".join(
            other for other, (r, c) in places.items() if other != letter and abs(r - row) <= 1 and abs(c - column) <= 1
        )
        for letter, (row, column) in places.items()
    }


BESIDE = _beside()


def near_syllables(syllable: str) -> tuple[str, ...]:
    """Syllables that many people do not tell from this one: zi and zhi, xin and xing, nan and lan, lv and lu."""
    found: dict[str, None] = {}
    for one, other in _BEGINNINGS:
        for start, instead in ((one, other), (other, one)):
            if syllable.startswith(start) and not (len(start) == 1 and syllable[1:2] == "h"):
                found.setdefault(instead + syllable[len(start) :])
    for one, other in _ENDS:
        if syllable.endswith(one):
            found.setdefault(syllable.removesuffix(one) + other)
        elif syllable.endswith(other):
            found.setdefault(syllable.removesuffix(other) + one)
    if "v" in syllable:
        found.setdefault(syllable.replace("v", "u"))
    found.pop(syllable, None)
    return tuple(found)


def near_spellings(word: str, places: range) -> Iterator[str]:
    """Words that differ by one slip of the fingers at one of `places`: swapped, doubled, left out, or the next key.

    Args:
        word: a to z.
        places: where in the word.
    """
    for at in places:
        if at + 1 < len(word) and word[at] != word[at + 1]:
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at in places:
        if at < len(word):
            yield word[:at] + word[at + 1 :]
            for letter in BESIDE.get(word[at], ""):
                yield word[:at] + letter + word[at + 1 :]
    for at in places:
        for letter in dict.fromkeys("aeioughn" + word[at : at + 1]):
            yield word[:at] + letter + word[at:]


def distance(one: str, other: str, most: int) -> int:
    """Letters put in, left out, changed or swapped with their neighbour between two texts; `most` + 1 for more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one):
        older, before, row = before, row, [place + 1]
        for at, against in enumerate(other):
            cost = min(before[at] + (letter != against), before[at + 1] + 1, row[at] + 1)
            if older and at and letter == other[at - 1] and one[place - 1] == against:
                cost = min(cost, older[at - 1] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
