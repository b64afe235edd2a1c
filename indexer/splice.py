"""How two sorted lists make a third: some places of the base are left out, and others are put in between.

Rows of an edition, terms of an index, titles in their order: an overlay (docs/adr/0040-overlays-splice-an-index.md)
says of each where the base goes on and where something new stands. A splice is as large as the change.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.errors import IndexFormatError

NONE = 0xFFFFFFFF
"""Stands for "nothing" among places."""

Places = NDArray[np.int64]
Numbers = NDArray[np.uint32]


class Splice:
    """Where the places of a base and of what is put in stand in the list of both. Any thread may ask.

    Memory: some 40 bytes for each place that is left out or put in.

    Attributes:
        base: places of the base. count: places of the whole. dead: places of the base that are left out.
        at: for each that is put in the place of the base before which it stands.
        same: for each dead one which of those put in takes its place (the same id or key), `NONE` for none.
        put: for each that is put in its place in the whole.
    """

    def __init__(self, base: int, dead: Numbers, at: Numbers, same: Numbers | None = None, name: str = "") -> None:
        """Take the lists.

        Raises:
            IndexFormatError: they cannot be true of a base of that size; `name` says whose they are.
        """
        self.base, self.dead, self.at = base, dead, at
        self.same = np.full(len(dead), NONE, "u4") if same is None else same
        rising = len(dead) < 2 or bool((dead[1:] > dead[:-1]).all())
        inside = not len(dead) or int(dead[-1]) < base
        ordered = len(at) < 2 or bool((at[1:] >= at[:-1]).all())
        if not (rising and inside and ordered and (not len(at) or int(at[-1]) <= base)):
            raise IndexFormatError(name, "leaves out or puts in what cannot be")
        if len(self.same) != len(dead) or not ((self.same == NONE) | (self.same < len(at))).all():
            raise IndexFormatError(name, "says wrongly what takes whose place")
        self.count = base - len(dead) + len(at)
        wide_at, wide_dead = at.astype("i8"), dead.astype("i8")
        self.put: Places = wide_at - np.searchsorted(dead, at) + np.arange(len(at))
        self._alive_before: Places = wide_dead - np.arange(len(dead))
        # Single places are asked for one by one in look-ups by bisection, where NumPy costs more than it saves.
        self._dead_list, self._put_list = array("q", wide_dead.tobytes()), array("q", self.put.tobytes())
        self._at_list, self._alive_list = array("q", wide_at.tobytes()), array("q", self._alive_before.tobytes())

    @classmethod
    def read(cls, base: int, arrays: Mapping[str, Numbers], prefix: str, name: str) -> Splice:
        """The splice whose arrays stand under `prefix`, see `arrays`."""
        try:
            dead, at, same = (arrays[f"{prefix}.{part}"] for part in ("dead", "at", "same"))
            return cls(base, dead, at, same, name)
        except KeyError as error:
            raise IndexFormatError(name, f"lacks {error}") from error

    def arrays(self, prefix: str) -> dict[str, Numbers]:
        """Its lists under names, for `read`."""
        return {f"{prefix}.dead": self.dead, f"{prefix}.at": self.at, f"{prefix}.same": self.same}

    def source(self, place: int) -> tuple[bool, int]:
        """Whether what stands at a place of the whole was put in, and its place there or in the base."""
        put = bisect_left(self._put_list, place)
        if put < len(self._put_list) and self._put_list[put] == place:
            return True, put
        alive = place - put
        return False, alive + bisect_right(self._alive_list, alive)

    def cut(self, place: int) -> tuple[int, int]:
        """The first place of the base, and of what is put in, from a place of the whole on."""
        put = bisect_left(self._put_list, place)
        alive = place - put
        return min(self.base, alive + bisect_right(self._alive_list, alive)), put

    def joined(self, place: int, put: int) -> int:
        """The place in the whole before which stand all of the base below `place`, and the first `put` put in."""
        return place - bisect_left(self._dead_list, place) + put

    def whole(self, place: int) -> int | None:
        """Where a place of the base stands in the whole, None when it is left out."""
        gone = bisect_left(self._dead_list, place)
        if gone < len(self._dead_list) and self._dead_list[gone] == place:
            return None
        return place - gone + bisect_right(self._at_list, place)

    def heir(self, place: int) -> int | None:
        """As `whole`; of one that is left out the place of what takes its place."""
        found = self.whole(place)
        if found is not None:
            return found
        same = int(self.same[bisect_left(self._dead_list, place)])
        return None if same == NONE else self._put_list[same]

    def wholes(self, places: Places) -> Places:
        """As `whole` for many places, none of them left out."""
        found: Places = places - np.searchsorted(self.dead, places) + np.searchsorted(self.at, places, side="right")
        return found

    def all_whole(self) -> Numbers:
        """For each place of the base where it stands in the whole, `NONE` when it is left out. Memory: 4 bytes each."""
        found = np.arange(self.base, dtype="u4")
        if len(self.dead):
            found -= np.searchsorted(self.dead, found).astype("u4")
        if len(self.at):
            found += np.searchsorted(self.at, np.arange(self.base, dtype="u4"), side="right").astype("u4")
        found[self.dead] = NONE
        return found

    def all_heirs(self) -> Numbers:
        """As `all_whole`; of those left out the place of what takes their place."""
        found = self.all_whole()
        kept = self.same != NONE
        found[self.dead[kept]] = self.put[self.same[kept]]
        return found

    def spread(self, base: NDArray[Any], put: NDArray[Any]) -> NDArray[Any]:
        """A column of the whole, out of one of the base and one of what is put in."""
        kept = np.delete(base, self.dead) if len(self.dead) else base
        if not len(put):
            return np.array(kept)
        found = np.empty(self.count, put.dtype)
        there = np.ones(self.count, bool)
        there[self.put] = False
        found[there], found[self.put] = kept, put
        return found
