"""What a delta does to the terms of an index: which come, which go, and how many rows of the whole hold each."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np

from indexer.codec_terms import SPARSE, TermFile
from indexer.errors import OverlayError
from indexer.splice import NONE, Numbers, Splice

_BLOCK = 4096


def spliced_terms(base: TermFile, added: TermFile, gone: TermFile) -> dict[str, Numbers]:
    """The arrays of `indexer.overlay_terms`. Time: that of the delta's terms, some microseconds each.

    Args:
        base: terms of the older index.
        added: of an index of the records that come.
        gone: of one of the records of the base that go.

    Raises:
        OverlayError: the base lacks what goes; it was made of other records, or by another version.
    """
    finder = _Finder(base)
    dead, at, put = array("I"), array("I"), array("I")
    touched, touched_added, net = array("I"), array("I"), array("I")
    for key, found in groupby(heapq.merge(_listed(added, True), _listed(gone, False)), key=itemgetter(0)):
        come, goes, own = 0, 0, NONE
        for _, is_added, place, documents in found:
            if is_added:
                own, come = place, documents
            else:
                goes = documents
        place, here = finder.of(key)
        left = here - goes + come
        if goes > here:
            raise OverlayError(f"a term of {goes} records that go is in {here} of the base")
        if not here:
            at.append(place)
            put.append(own)
        elif not left:
            dead.append(place)
        else:
            touched.append(place)
            touched_added.append(own)
            net.append(left)
    lists = {"put": put, "touched": touched, "added": touched_added, "documents": net}
    splice = Splice(base.count, np.array(dead, "u4"), np.array(at, "u4"), name="terms")
    return {**splice.arrays("terms"), **{f"terms.{name}": np.array(held, "u4") for name, held in lists.items()}}


def _listed(terms: TermFile, is_added: bool) -> Iterator[tuple[bytes, bool, int, int]]:
    """Key, whether it comes, place and rows of each term, in order."""
    for first in range(0, terms.count, _BLOCK):
        last = min(terms.count, first + _BLOCK)
        counts = terms.documents(first, last).tolist()
        for place, (key, documents) in enumerate(zip(terms.keys(first, last), counts, strict=True), first):
            yield key, is_added, place, documents


class _Finder:
    """Finds terms that are asked for in order: the block of the last one mostly has the next."""

    def __init__(self, terms: TermFile) -> None:
        self._terms = terms
        self._first, self._keys, self._counts = 0, list[bytes](), list[int]()

    def of(self, key: bytes) -> tuple[int, int]:
        """The place of the first term that is not below `key`, and the rows of the term itself, 0 for none."""
        if not self._keys or not self._keys[0] <= key <= self._keys[-1]:
            place = self._terms.place(key)
            if place == self._terms.count:
                return place, 0
            self._first = place // SPARSE * SPARSE
            last = min(self._terms.count, self._first + SPARSE)
            self._keys = self._terms.keys(self._first, last)
            self._counts = self._terms.documents(self._first, last).tolist()
            at = place - self._first
        else:
            at = bisect_left(self._keys, key)
        return self._first + at, self._counts[at] if self._keys[at] == key else 0
