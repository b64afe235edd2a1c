"""What came last, over several bundles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.library.model import Held
    from appliance.library.shelf import Shelf


def age(shelf: Shelf) -> tuple[str, int, str]:
    """What bundles are sorted by: the one that was issued last is the greatest."""
    release = shelf.release
    return release.issued, release.seq, release.bundle


def arrivals(streams: Sequence[tuple[Shelf, Iterator[Held]]]) -> Iterator[Held]:
    """New ones of every stream, then the rest of every stream; each is sorted by arrival, the newest first."""
    left: list[Iterator[Held]] = []
    for shelf, stream in streams:
        for held in stream:
            if (held.resource.first_release or 0) < shelf.release.seq:
                left.append(chain((held,), stream))
                break
            yield held
    yield from chain.from_iterable(left)
