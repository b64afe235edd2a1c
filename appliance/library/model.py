"""What the library hands to pages and to the serving room."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.store.holdings import HeldRelease
from indexer.model import Item, Resource
from indexer.search import SearchResult
from indexer.search_request import Collapsed
from packager.format.errors import LayoutError
from packager.format.layout import DriveLayout


@dataclass(frozen=True, slots=True)
class Place:
    """A plugged drive that carries an item with exactly the wanted bytes (by its signed digest).

    Attributes:
        drive: the drive's key; the serving room keeps one pool a key.
        root: the drive's folder.
        path: where the item stands in its bag; empty: where its record says. Items that came by an update are kept
            by digest.
    """

    drive: str
    root: Path
    path: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of the live catalogue.

    Attributes:
        resource: its record.
        release: where it comes from.
        available: whether all its readable items can be read right now. A catalogue entry without files: False.
        missing_disk: when not available because a drive is not plugged in: the number of one such drive in its set
            (1 for a set of one); 0 otherwise.
        missing_drive: what its label says, empty when nothing is missing.
        partly: whether some of them can be read although others cannot.
    """

    resource: Resource
    release: HeldRelease
    available: bool
    missing_disk: int = 0
    missing_drive: str = ""
    partly: bool = False

    @property
    def catalogue_only(self) -> bool:
        """Whether it is a catalogue entry (目录): there is nothing to open on any drive."""
        return not self.resource.readable_items


@dataclass(frozen=True, slots=True)
class Beside:
    """Where a stretch of a list in title order begins.

    Attributes:
        of: the resource behind which it begins; None for the end of the list.
        before: whether it is the stretch that ends before `of` instead.
    """

    of: Resource | None
    before: bool = False


@dataclass(frozen=True, slots=True)
class HeldItem:
    """One file of a resource, ready to be served with proof.

    Attributes:
        resource: the resource it belongs to (the gate needs its access).
        item: its record; `item.sha256` and `item.size` are signed.
        release: where the record comes from.
        places: the plugged drives that carry it, best first; empty when none is plugged in.
        digest: SHA-256 of the chunk of that index (1 MiB each, the last one shorter). IndexError outside of the
            item. Reads 32 bytes from the SSD; an item of at most one chunk answers from the record alone.
        missing_disk: number of the drive to plug in when `places` is empty, else 0.
    """

    resource: Resource
    item: Item
    release: HeldRelease
    places: tuple[Place, ...]
    digest: Callable[[int], bytes]
    missing_disk: int = 0

    def open(self, place: Place) -> int:
        """A descriptor for reading the item on that drive; the caller closes it.

        Every step of the path is opened without following links.

        Raises:
            OSError: it is not there, not a plain file, or the drive does not answer.
        """
        layout = DriveLayout(place.root)
        try:
            with layout.opened() as root:
                return layout.open_payload(root, place.path or self.item.path)
        except LayoutError as error:
            raise OSError(errno.ELOOP, error.reason, self.item.path) from error


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a page of results.

    Attributes:
        held: the resource with its availability.
        why: which field matched: title, creator, subject, identifier, text; empty when nothing stands out.
        marks: places to mark in the title, as the searcher gives them.
        collapsed: the issues, volumes or parts that the line stands for, None for a resource alone.
    """

    held: Held
    why: str = ""
    marks: object = ()
    collapsed: Collapsed | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search.

    Attributes:
        hits: one page of them, in order.
        total: how many lines there are; exact when `total_exact`, else about as many.
        took_ms: time in the searcher.
        facets: name → (value, count) pairs, most frequent first.
        result: the searcher's own answer, for what is not listed here.
    """

    hits: tuple[Hit, ...]
    total: int
    total_exact: bool
    took_ms: float
    facets: dict[str, tuple[tuple[str, int], ...]]
    result: SearchResult


@dataclass(frozen=True, slots=True)
class LibraryStats:
    """Figures for /health and the first page.

    Attributes:
        releases: live releases. resources: resources in them, each counted once.
        types: type → resources. edition, issued: of the newest live release, empty when there is none.
        search_ready: whether every live release can be searched. search_percent: the least ready one, 100 when all.
        drives: drives that serve now.
    """

    releases: int = 0
    resources: int = 0
    types: dict[str, int] = field(default_factory=dict)
    edition: str = ""
    issued: str = ""
    search_ready: bool = True
    search_percent: int = 100
    drives: int = 0
