"""Suggestions while somebody types: titles, creators and subjects by their text, their sound or their first letters.

What is typed may be Chinese of any form, letters (hongloumeng, hong lou meng, hlm, honglm), or Chinese with letters
after it, as while an input method composes. Texts from their beginning come first, pieces of titles only when there is
room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis import fold, is_spaceless, normal_text, query_terms, title_key
from indexer.schema import SECTION_MARK
from indexer.search_filters import CHILDREN
from indexer.suggest_entries import KINDS
from indexer.suggest_lookup import INITIAL, SOUND, WHOLE, Candidate, Lookup

if TYPE_CHECKING:
    from indexer.codec import Ids
    from indexer.codec_suggest import EntryRecord
    from indexer.search_collector import PartIndex
    from indexer.search_request import Records

MAX_TYPED = 64
"""Characters that are looked at."""

_UMLAUTS = str.maketrans(dict.fromkeys("üǖǘǚǜÜǕǗǙǛ", "v"))

MOST = 8
_EXACTLY = {WHOLE, SOUND, INITIAL}
_EXACT_FIRST = 3
_SHARES = (5, 2, 2)
"""How many titles, creators and subjects there are at most while others wait."""

_SHORTEST_WORD = 3
_TERMS = 12
_MARK = SECTION_MARK.encode()
_PIECES = 64
"""Rows with a piece of a title that are compared with it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that may be meant.

    Attributes:
        kind: title, creator or subject. text: as the records write it.
    """

    kind: str
    text: str


def suggestions(
    parts: Sequence[PartIndex], catalogues: Sequence[Records], typed: str, *, child: bool, most: int = MOST
) -> tuple[Suggestion, ...]:
    """What may be meant, at most `most`; nothing that no list may show to this reader.

    Args:
        parts: the indexes.
        catalogues: theirs.
        typed: what stands in the box.
        child: whether only what is for children counts.
        most: how many at most.

    Raises:
        IndexFormatError: a file turned out to be damaged.
    """
    key = typed_key(typed)
    if not key:
        return ()
    found = [c for n, part in enumerate(parts) for c in Lookup(n, part.files, child=child, most=most).found(key)]
    by_text: dict[str, list[Candidate]] = {}
    for candidate in sorted(found, key=lambda candidate: candidate.order):
        by_text.setdefault(candidate.entry.key, []).append(candidate)
    chosen: list[Suggestion] = []
    for text in _in_order([same[0] for same in by_text.values()]):
        same = sorted(by_text[text], key=lambda candidate: candidate.precedence)
        entries = (c.entry for c in same if is_shown(parts[c.part], c.entry, child=child))
        if entry := next(entries, None):
            chosen.append(Suggestion(KINDS[entry.kind], entry.text))
            if len(chosen) == most:
                return tuple(chosen)
    taken = {title_key(suggestion.text) for suggestion in chosen}
    for title in _titles_with(parts, catalogues, typed, child=child, most=most):
        if title_key(title) not in taken and len(chosen) < most:
            taken.add(title_key(title))
            chosen.append(Suggestion(KINDS[0], title))
    return tuple(chosen)


def typed_key(typed: str) -> str:
    """What is typed as a key of entries and sounds; ü is typed v in pinyin."""
    text = typed[:MAX_TYPED].replace("u\u0308", "v").translate(_UMLAUTS)
    return title_key(text.encode("utf-8", "replace").decode())


def is_shown(part: PartIndex, entry: EntryRecord, *, child: bool) -> bool:
    """Whether a record of an entry is one that lists may show to this reader."""
    best = entry.child_row if child else entry.row
    if best is None:
        return False
    if part.visible[best] and (not child or part.files.columns["audience"][best] == CHILDREN):
        return True
    return len(rows_of(part, entry, child=child)) > 0


def rows_of(part: PartIndex, entry: EntryRecord, *, child: bool) -> Ids:
    """The rows of all records of an entry that lists may show to this reader, ascending."""
    figures = part.files.figures(KINDS[entry.kind], "=" + entry.key)
    if figures is None:
        return np.zeros(0, "u4")
    rows, _ = part.files.postings(figures)
    kept = part.visible[rows]
    if child:
        kept &= part.files.columns["audience"][rows] == CHILDREN
    shown: Ids = rows[kept]
    return shown


def _in_order(found: list[Candidate]) -> Iterator[str]:
    """Texts: what is exactly it, then a share of each kind, then the rest; some may turn out to be hidden."""
    exact = list(islice((c for c in found if c.fits in _EXACTLY), _EXACT_FIRST))
    yield from (candidate.entry.key for candidate in exact)
    first = {candidate.entry.key for candidate in exact}
    rest = [candidate for candidate in found if candidate.entry.key not in first]
    by_kind = [[c.entry.key for c in rest if c.entry.kind == kind] for kind in range(len(KINDS))]
    for mine, share in zip(by_kind, _SHARES, strict=True):
        yield from mine[:share]
    for mine, share in zip(by_kind, _SHARES, strict=True):
        yield from mine[share:]


def _titles_with(
    parts: Sequence[PartIndex], catalogues: Sequence[Records], typed: str, *, child: bool, most: int
) -> Iterator[str]:
    """Titles that hold what is typed somewhere, those of what can be read before others."""
    wanted = normal_text(fold(typed[:MAX_TYPED].encode("utf-8", "replace").decode()))
    needle = wanted.encode()
    if not wanted or (len(wanted) < _SHORTEST_WORD and not is_spaceless(wanted[0])):
        return
    for part, catalogue in zip(parts, catalogues, strict=True):
        rows = _rows_with(part, wanted)
        if child:
            rows = rows[part.files.columns["audience"][rows] == CHILDREN]
        readable = part.files.columns["readable"][rows] == 1
        rows = np.concatenate([rows[readable][:_PIECES], rows[~readable][:_PIECES]])[:_PIECES]
        texts = ((bytes(part.files.text(int(row))).split(_MARK, 1)[0], int(row)) for row in rows)
        held = sorted((text.find(needle), len(text), row) for text, row in texts if needle in text)
        rids = part.files.columns["rid"][[row for _, _, row in held[:most]]]
        for resource in catalogue.rows([int(rid) for rid in rids]):
            titles = (title for title in (resource.title, *resource.title_alt) if wanted in normal_text(fold(title)))
            yield next(titles, resource.title)


def _rows_with(part: PartIndex, wanted: str) -> Ids:
    """Visible rows whose title has all the terms of a text."""
    terms = dict.fromkeys(term for stretch in wanted.split() for term in query_terms(stretch))
    known = [part.files.figures("title", term) for term in islice(terms, _TERMS)]
    figures = sorted((found for found in known if found is not None), key=lambda found: found.documents)
    if len(figures) < len(known) or not figures:
        return np.zeros(0, "u4")
    rows, _ = part.files.postings(figures[0])
    for found in figures[1:]:
        rows = rows[np.isin(rows, part.files.postings(found)[0], assume_unique=True)]
    shown: Ids = rows[part.visible[rows]]
    return shown
