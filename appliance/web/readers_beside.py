"""The files that belong to each part of a recording: looked through once for all of its parts.

A record may hold ten thousand files, and a page asks for those of a thousand parts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from indexer.roles import CHAPTERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from appliance.web.readers_work import Work
    from indexer.model import Item

MAX_LINES = 500
"""Lines of the contents that are looked at."""
_CHAPTER_LABELS = frozenset({"chapters", "chapter", CHAPTERS})


class Beside:
    """What stands beside the parts of a work.

    Attributes:
        files_of_chapters: how many files of chapters the work has.
    """

    def __init__(self, work: Work) -> None:
        """Look through the files and the contents of `work`."""
        self._alone = len(work.siblings) == 1
        self._named: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
        self._unnamed: defaultdict[str, list[Item]] = defaultdict(list)
        self._placed: defaultdict[tuple[str, int], list[Item]] = defaultdict(list)
        self.files_of_chapters = 0
        for item in work.resource.items:
            if item.of:
                self._named[item.role, item.of].append(item)
            else:
                self._unnamed[item.role].append(item)
                self._placed[item.role, item.order].append(item)
            self.files_of_chapters += item.role == "caption" and names_chapters(item)
        self._lines: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for number, entry in enumerate(work.resource.contents[:MAX_LINES]):
            of, _, place = entry.target.partition("#")
            self._lines[of].append((number, entry.title, place))

    def of(self, part: Item, role: str) -> list[Item]:
        """Files of a role that belong to a part: said so by the record, else those in the same place of the order."""
        own = self._named.get((role, part.id), [])
        if own or self._alone:
            return own or self._unnamed.get(role, [])
        return self._placed.get((role, part.order), [])

    def first(self, role: str, ids: Collection[str]) -> Item | None:
        """The first file of a role that the record says belongs to one of `ids`."""
        found = [item for each in ids for item in self._named.get((role, each), [])[:1]]
        return min(found, key=lambda item: item.order, default=None)

    def lines(self, ids: Collection[str]) -> list[tuple[str, str]]:
        """(title, place) of the lines of the record's contents that lead into one of `ids`, in their order."""
        found = sorted(line for each in ids for line in self._lines.get(each, ()))
        return [(title, place) for _, title, place in found]


def names_chapters(item: Item) -> bool:
    """Whether a file of captions names chapters."""
    return item.label.casefold() in _CHAPTER_LABELS
