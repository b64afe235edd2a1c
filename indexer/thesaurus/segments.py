"""A stretch of a query cut into words of the table of like meaning: 糖尿病吃什么 is 糖尿病 and 吃什么."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.analysis import is_one_word
from indexer.thesaurus.table import Entry, Table

LONGEST = 64
"""Characters of a stretch that is cut; a longer one stays whole."""

_ENDINGS = "的了吗呢啊呀吧么"
_PARTICLES = frozenset(
    _ENDINGS + "之是与和及在把被给有个这那我你您他她它们都也就还请想要会能可以该应去对看找讲本些点用"
)
"""Between words these ask for nothing; at the ends of another word only those that are never part of it go."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stretch: a word of the table with its entry, or what stands between such words."""

    text: str
    entry: Entry | None = None


def segments(stretch: str, words: Table) -> list[Segment]:
    """The pieces of a folded stretch: as much of it as can be in words of the table, in as few as can be.

    Together they are the stretch. Numbers and words of Latin letters are never cut. The work is bounded: every place
    is looked at once for each length that a word may have.
    """
    if len(stretch) > LONGEST:
        return [Segment(stretch)]
    best: list[tuple[int, int]] = [(0, 0)]
    """For each end: characters left outside of words, and words, both as few as can be."""
    steps: list[int] = [0]
    """For each end the size of the last piece; 0 at the beginning."""
    for end in range(1, len(stretch) + 1):
        outside, count = best[end - 1]
        worth, step = (outside + 1, count), 1
        for size in range(1, min(end, words.longest) + 1):
            start = end - size
            if _known(stretch[start:end], words) and _stands(stretch, start, end):
                outside, count = best[start]
                if (outside, count + 1) < worth:
                    worth, step = (outside, count + 1), -size
        best.append(worth)
        steps.append(step)
    return _pieces(stretch, steps, words)


def without_particles(text: str) -> str:
    """What a piece between words asks for; empty when that is nothing."""
    return "" if _PARTICLES.issuperset(text) else text.strip(_ENDINGS)


def _known(word: str, words: Table) -> bool:
    if word in words.entries:
        return True
    return len(word) > 1 and word[1:] in words.verbs.get(word[0], ())


def _stands(stretch: str, start: int, end: int) -> bool:
    """Whether a piece begins and ends where words do: `ai` is not in `email`."""
    return not (is_one_word(stretch[max(0, start - 1) : start + 1]) or is_one_word(stretch[end - 1 : end + 1]))


def _pieces(stretch: str, steps: list[int], words: Table) -> list[Segment]:
    found: list[Segment] = []
    end, outside = len(stretch), 0
    while end:
        if steps[end] > 0:
            end -= 1
            outside += 1
            continue
        if outside:
            found.append(Segment(stretch[end : end + outside]))
            outside = 0
        start = end + steps[end]
        found.extend(reversed(_words(stretch[start:end], words)))
        end = start
    if outside:
        found.append(Segment(stretch[:outside]))
    return found[::-1]


def _words(word: str, words: Table) -> list[Segment]:
    """The word with its entry; a verb and the noun after it each by itself."""
    if word in words.entries:
        return [Segment(word, words.entries[word])]
    verb, noun = word[0], word[1:]
    return [Segment(verb, words.verbs[verb][noun]), Segment(noun, words.entries.get(noun, Entry()))]
