"""Which drive of a set carries what: a pure function of sizes and of where things were before.

A resource stays whole on one drive; only one that is larger than a drive is spread by its files, what belongs to a
file (its text, its captions, its other forms) beside it. What was on a drive in the release before stays there as
long as there is room, so that a new release changes few drives; what is new goes to the emptiest one. The largest are
placed first, equal ones by name, so that the same input gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packager.errors import DrivesTooSmallError, ItemTooLargeError
from packager.format.release import MAX_DISKS

_BLOCK = 4096
_PER_FILE = 512
"""Bytes beside its content: its inode and its line in the list of a folder, with the margins of both."""
_OVERHEAD = 1000
"""One part in so many of a drive is for its file system and the signed metadata."""
_APART = 96 << 20
"""Bytes of a disk that lie beside the drive's own partition, with what its file system keeps free. A disk on which
this is more than a twentieth holds no image, but a folder."""
_FINE = 1 << 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a resource with what belongs to it, to be kept on one drive.

    Attributes:
        name: of the source file, for messages. paths: in the bag. sizes: bytes of each.
    """

    name: str
    paths: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes on a drive."""
        return sum(map(footprint, self.sizes))

    def apart(self) -> Iterator[Piece]:
        """Each file by itself."""
        for path, size in zip(self.paths, self.sizes, strict=True):
            yield Piece(self.name, (path,), (size,))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything is; drives are numbered from 1.

    Attributes:
        disks: how many drives there are.
        whole: resource → drive. split: resource → path in the bag → drive, for those that no drive holds.
    """

    disks: int = 0
    whole: Mapping[str, int] = field(default_factory=dict)
    split: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def disk_of(self, resource: str, path: str) -> int:
        """The drive of an item."""
        return self.whole.get(resource) or self.split[resource][path]


Pieces = Callable[[str], Sequence[Piece]]
"""The pieces of a resource, in its order."""


def footprint(size: int) -> int:
    """Bytes that a file of `size` bytes takes on a drive."""
    return -(-size // _BLOCK) * _BLOCK + _PER_FILE


def room(size: int, tag_files: int) -> int:
    """Bytes for payload on a drive of `size` bytes that carries `tag_files` bytes of lists, truth and accelerators."""
    return size - size // _OVERHEAD - min(_APART, size // 20) - tag_files


def spread(loads: Mapping[str, int], rooms: Sequence[int], pieces: Pieces, before: Placement) -> Placement:
    """Place every resource.

    Args:
        loads: resource → bytes that it takes, see `footprint`; more than 0.
        rooms: bytes for payload on each drive. One: as many such drives as it takes, never fewer than before.
            Several: exactly these.
        pieces: asked for resources that no drive holds whole.
        before: the placement of the release before.

    Raises:
        ItemTooLargeError: a file is larger than the room on every drive.
        DrivesTooSmallError: these drives do not hold it all.
    """
    if len(rooms) > 1:
        return _on_these(loads, rooms, pieces, before)
    total, each = sum(loads.values()), rooms[0]
    if each <= 0:
        raise DrivesTooSmallError(total - each)
    for count in range(max(1, -(-total // each), before.disks), MAX_DISKS + 1):
        spreading = _Spreading((each,) * count, pieces)
        if spreading.fill(loads, before):
            return spreading.placement()
    raise DrivesTooSmallError(total - each * MAX_DISKS)


def _on_these(loads: Mapping[str, int], rooms: Sequence[int], pieces: Pieces, before: Placement) -> Placement:
    """On drives whose number is given: if not as before, then anew, and at last with more resources in pieces."""
    missing = sum(loads.values()) - sum(rooms)
    if missing > 0 or min(rooms) <= 0:
        raise DrivesTooSmallError(max(missing, 1 - min(rooms)))
    for known, by_file in ((before, False), (Placement(), False), (Placement(), True)):
        spreading = _Spreading(tuple(rooms), pieces)
        if spreading.fill(loads, known, by_file=by_file):
            return spreading.placement()
    raise DrivesTooSmallError(spreading.left)


class _Spreading:
    """One try. left: bytes that found no room."""

    def __init__(self, rooms: tuple[int, ...], pieces: Pieces) -> None:
        self._rooms, self._pieces = rooms, pieces
        self._free = list(rooms)
        self._whole: dict[str, int] = {}
        self._split: dict[str, dict[str, int]] = {}
        self.left = 0

    def placement(self) -> Placement:
        return Placement(len(self._rooms), self._whole, self._split)

    def fill(self, loads: Mapping[str, int], before: Placement, *, by_file: bool = False) -> bool:
        """Place everything; whether it all found room. `by_file`: what fits nowhere whole may be spread by files."""
        order = sorted(loads, key=lambda name: (-loads[name], name))
        whole = [name for name in order if loads[name] <= max(self._rooms)]
        for name in order[: len(order) - len(whole)]:  # the largest
            if not self._spread_files(name, before.split.get(name, {})):
                return False
        rest = [name for name in whole if not self._stays(name, loads[name], before)]
        homeless = [name for name in rest if not self._settle(name, loads[name])]
        if by_file:
            homeless = [name for name in homeless if not self._spread_files(name, {})]
        self.left += sum(loads[name] for name in homeless) if not by_file else 0
        return not homeless

    def _stays(self, name: str, size: int, before: Placement) -> bool:
        disk = before.whole.get(name, 0)
        if not 0 < disk <= len(self._free) or size > self._free[disk - 1]:
            return False
        self._take(disk, size)
        self._whole[name] = disk
        return True

    def _settle(self, name: str, size: int) -> bool:
        """Put a resource on the drive with the largest part of it free."""
        fitting = [n for n, free in enumerate(self._free, 1) if size <= free]
        if not fitting:
            return False
        disk = max(fitting, key=lambda n: (self._free[n - 1] * _FINE // self._rooms[n - 1], -n))
        self._take(disk, size)
        self._whole[name] = disk
        return True

    def _spread_files(self, name: str, before: Mapping[str, int]) -> bool:
        """Fill drive after drive with the pieces of a resource, in its order; whether all found room."""
        placed: dict[str, int] = {}
        now = 0
        for piece in self._small_enough(name):
            known = before.get(piece.paths[0], 0)
            wished = [n for n in (known, now) if 0 < n <= len(self._free)]
            roomy = sorted(range(1, len(self._free) + 1), key=lambda n: (-self._free[n - 1], n))
            disk = next((n for n in (*wished, *roomy) if piece.size <= self._free[n - 1]), 0)
            if not disk:
                self.left += piece.size
                continue
            self._take(disk, piece.size)
            placed.update(dict.fromkeys(piece.paths, disk))
            now = disk
        self._split[name] = placed
        return not self.left

    def _small_enough(self, name: str) -> Iterator[Piece]:
        """The pieces of a resource, those that are larger than a drive taken apart."""
        most = max(self._rooms)
        for piece in self._pieces(name):
            if piece.size <= most:
                yield piece
                continue
            for single in piece.apart():
                if single.size > most:
                    raise ItemTooLargeError(name, piece.name, single.sizes[0])
                yield single

    def _take(self, disk: int, size: int) -> None:
        self._free[disk - 1] -= size
