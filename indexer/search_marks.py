"""Why a hit is a hit, and what to highlight: worked out for the few hits that are shown."""

from __future__ import annotations

from indexer.analysis import fold, fold_with_offsets, is_one_word, normal_text, normal_with_places
from indexer.model import ContentsEntry, Resource
from indexer.schema import SECTION_MARK, SECTIONS
from indexer.search_request import Hit, Marks
from indexer.search_texts import holds, place_of
from indexer.search_tree import Condition, Query

SNIPPET = 80
"""Characters of a snippet, about."""

WINDOW = 1000
OVERLAP = 200
MAX_LOOK = 20_000
"""Characters of a description in which the place of a snippet is looked for."""

MAX_ENTRIES = 2_000
"""Lines of contents that are looked at for the one to show."""

_BEFORE = 20
_LONGEST = 40
"""Characters by which a snippet is made longer or shorter so that it does not begin or end inside a word."""


def explained(part: int, row: int, resource: Resource, text: str, query: Query) -> Hit:
    """The hit with its reason and marks.

    Args:
        part: see `Hit`.
        row: see `Hit`.
        resource: the record.
        text: the row's text in the index, for the reason.
        query: what was asked.
    """
    why = _why(text.split(SECTION_MARK), query.conditions, tree=query.tree is not None)
    marks = marks_in(resource.title, query.conditions, {"x", "title"})
    if why != "text":
        return Hit(part, row, resource, why, marks)
    snippet, snippet_marks = snippet_of(resource.description, query.conditions)
    entry, entry_marks = _entry_of(resource, query.conditions) if not snippet else (None, ())
    return Hit(part, row, resource, "contents" if entry else why, marks, snippet, snippet_marks, entry, entry_marks)


def _why(sections: list[str], asked: tuple[Condition, ...], *, tree: bool) -> str:
    """The field that was named, else the first section that holds all that was typed, else the longest of it.

    Of a tree only what the record holds counts; empty when it is there by its year, class or parent alone.
    """
    conditions = [c for c in asked if any(holds(section, c) for section in sections)] if tree else list(asked)
    if not conditions:
        return ""
    named = next((condition.field for condition in conditions if condition.field != "x"), "")
    if named:
        return named
    for name, section in zip(SECTIONS, sections, strict=False):
        if all(holds(section, condition) for condition in conditions):
            return name
    longest = max(conditions, key=lambda condition: len(condition.text))
    for name, section in zip(SECTIONS, sections, strict=False):
        if holds(section, longest):
            return name
    return "text"


def _entry_of(resource: Resource, conditions: tuple[Condition, ...]) -> tuple[ContentsEntry | None, Marks]:
    """The line of the contents that holds the most of what is asked, the first of such; None when none holds any."""
    asked = tuple(condition for condition in conditions if condition.field in {"x", "text"})
    best: tuple[int, ContentsEntry | None] = 0, None
    for entry in resource.contents[:MAX_ENTRIES]:
        normal = normal_text(fold(entry.title))
        held = sum(len(condition.text) for condition in asked if holds(normal, condition))
        if held > best[0]:
            best = held, entry
            if held == sum(len(condition.text) for condition in asked):
                break
    return best[1], marks_in(best[1].title, asked, {"x", "text"}) if best[1] is not None else ()


def marks_in(text: str, conditions: tuple[Condition, ...], fields: set[str]) -> Marks:
    """Places of `text` that the conditions of these fields ask for, merged and in order."""
    asked = [condition for condition in conditions if condition.field in fields]
    folded, offsets = fold_with_offsets(text)
    # What holds no space stands in normal text where it stands in the folded one: signs between never join words.
    spaced = any(" " in condition.text for condition in asked)
    normal, places = normal_with_places(folded) if spaced else (folded, range(len(folded)))
    found: list[tuple[int, int]] = []
    for condition in asked:
        start = place_of(normal, condition)
        while start is not None:
            end = start + len(condition.text)
            found.append((offsets[places[start]], offsets[places[end - 1] + 1]))
            start = place_of(normal, condition, end)
    return _merged(found)


def _merged(found: list[tuple[int, int]]) -> Marks:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def snippet_of(description: str, conditions: tuple[Condition, ...]) -> tuple[str, Marks]:
    """The piece around the first place found, looked for a window at a time: descriptions may be whole books."""
    for start in range(0, min(len(description), MAX_LOOK), WINDOW - OVERLAP):
        window = description[start : start + WINDOW]
        normal = normal_text(fold(window)) if len(description) > WINDOW else ""
        if not normal or any(condition.text in normal for condition in conditions):
            text, marks = _cut(description, start, window, conditions)
            if marks:
                return text, marks
    return "", ()


def _cut(text: str, offset: int, window: str, conditions: tuple[Condition, ...]) -> tuple[str, Marks]:
    """The piece around the first mark of a window that begins at `offset` of the text, between words of letters."""
    marks = tuple((a + offset, b + offset) for a, b in marks_in(window, conditions, {"x", "text"}))
    if not marks:
        return "", ()
    first, last = marks[0]
    start = _between_words(text, max(offset, first - _BEFORE), 0, first)
    start += len(text[start:first]) - len(text[start:first].lstrip())
    end = _between_words(text, min(offset + len(window), start + SNIPPET), min(last, start + SNIPPET), len(text))
    return text[start:end].replace("\n", " "), tuple((a - start, min(b, end) - start) for a, b in marks if a < end)


def _between_words(text: str, place: int, least: int, most: int) -> int:
    """The nearest place between words, from `least` to `most`; `place` itself where a word goes on for too long."""
    for far in range(_LONGEST):
        for near in (place - far, place + far):
            if least <= near <= most and not is_one_word(text[max(0, near - 1) : near + 1]):
                return near
    return place
