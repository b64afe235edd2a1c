"""Uniting bundles: which records speak, which are hidden, how many there are. Done once for each set of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence, Set
from itertools import chain

from appliance.library.shelf import Shelf
from appliance.store.holdings import HeldRelease
from indexer.rows import Rows

_FIRST, _LAST = ("national", "children", "province"), "training"


def precedence(release: HeldRelease) -> tuple[int, str]:
    """The order in which bundles speak for a resource that several of them hold (docs/format.md, "Several bundles").

    National, children, province, then others by id, training last. It follows from the bundle alone, so the record of
    a resource does not change with what was issued last or is plugged in.
    """
    bundle = release.bundle
    place = _FIRST.index(bundle) if bundle in _FIRST else len(_FIRST) + (bundle == _LAST)
    return place, bundle


def with_parts(shelves: Sequence[Shelf], withdrawn: Collection[str]) -> frozenset[str]:
    """These resources and everything below them, by whatever record of any shelf says so (docs/format.md, 2.2).

    An issue goes with its serial even if the list, made from another bundle's catalogue, does not name it.
    """
    found, fresh = set(withdrawn), sorted(withdrawn)
    while fresh:
        below = frozenset[str]().union(*(shelf.catalogue.ids_below(fresh) for shelf in shelves))
        fresh = sorted(below - found)
        found |= below
    return frozenset(found)


def hidden_rows(shelves: Sequence[Shelf], withdrawn: Collection[str] = ()) -> tuple[Rows, ...]:
    """For each shelf the rows whose resource an earlier shelf speaks for, and those of `withdrawn` (see `with_parts`).

    Walks the smaller catalogue of every pair and asks the larger one, so a small bundle beside a large one costs
    little. Memory: a bit for each row.
    """
    hidden = []
    for n, shelf in enumerate(shelves):
        gone = (row for name in withdrawn if (row := shelf.catalogue.row_of(name)) is not None)
        hidden.append(Rows(chain(gone, *(_shared(earlier, shelf) for earlier in shelves[:n]))))
    return tuple(hidden)


def _shared(speaker: Shelf, other: Shelf) -> Iterator[int]:
    """Rows of `other` whose ids `speaker` has too."""
    if other.catalogue.count <= speaker.catalogue.count:
        yield from (row for row, identity in other.catalogue.ids() if speaker.catalogue.row_of(identity) is not None)
    else:
        found = (other.catalogue.row_of(identity) for _, identity in speaker.catalogue.ids())
        yield from (row for row in found if row is not None)


def thinned_parents(shelves: Sequence[Shelf], hidden: Sequence[Set[int]]) -> frozenset[str]:
    """Ids of the serials and sets of which a part is hidden: their parts must be counted one by one."""
    found = (shelf.catalogue.parents_of_rows(rows) for shelf, rows in zip(shelves, hidden, strict=True))
    return frozenset().union(*found)


def count_types(shelves: Sequence[Shelf], hidden: Sequence[Set[int]]) -> dict[str, int]:
    """Type → resources that lists show, every resource counted once; issues of a serial are found under it."""
    total: Counter[str] = Counter()
    for shelf, rows in zip(shelves, hidden, strict=True):
        total.update(shelf.catalogue.counts_by_type())
        total.subtract(shelf.catalogue.counts_of_rows(rows))
    return {kind: count for kind, count in total.items() if count > 0}
