"""A model of a disk: what is durable, what is not yet, and every state that a power cut could leave.

A file holds what is durable of it and what was written since; a folder keeps for each name what it has meant since it
was last made durable. At a cut each name is as it was at one of these moments, independently of every other, and each
file holds its durable bytes or some of the rest: cut short, blocks of zeros, all of it. No journal puts anything in
order, so this is worse than what ext4 does, and stands for other file systems too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod

BLOCK = 4096
State = dict[str, bytes | None]
"""What is on the disk by path: bytes of a file, None for an empty folder."""


@dataclass(eq=False, slots=True)
class File:
    """durable: what no cut can take; live: what a reader sees."""

    durable: bytes = b""
    live: bytes = b""

    def outcomes(self) -> list[bytes]:
        """What a cut can leave of it, the durable first and the live last."""
        if self.live == self.durable:
            return [self.live]
        begun = self.durable if self.live.startswith(self.durable) else b""
        found = [self.durable, *torn(begun, self.live[len(begun) :]), self.live]
        return list(dict.fromkeys(found))


def torn(begun: bytes, rest: bytes) -> Iterator[bytes]:
    """`begun` and then `rest` as a cut can leave it: cut short anywhere, or long enough with blocks of zeros."""
    size = len(rest)
    for cut in sorted(at for at in {0, 1, size // 2, size - 1, size // BLOCK * BLOCK, BLOCK} if 0 <= at < size):
        yield begun + rest[:cut]
        yield begun + rest[:cut] + bytes(size - cut)
    blocks = [rest[at : at + BLOCK] for at in range(0, size, BLOCK)]
    if len(blocks) > 1:
        for odd in (0, 1):
            yield begun + b"".join(b if n % 2 == odd else bytes(len(b)) for n, b in enumerate(blocks))


@dataclass(eq=False, slots=True)
class Folder:
    """names: what each name has meant since the folder was last durable, the newest last; None is nothing."""

    names: dict[str, list[File | Folder | None]] = field(default_factory=dict)


Slot = tuple[int, str]
"""A choice that a cut makes: (identity of a folder, a name in it) or (identity of a file, empty)."""


class Disk:
    """The model, from the root of the box's state down. Paths are relative, `/` between their parts, "" the root."""

    def __init__(self) -> None:
        self.top = Folder()

    def find(self, path: str) -> File | Folder | None:
        """What is at `path` for a reader."""
        node: File | Folder | None = self.top
        for part in path.split("/") if path else ():
            node = node.names.get(part, [None])[-1] if isinstance(node, Folder) else None
        return node

    def _folder(self, path: str) -> Folder:
        found = self.find(path)
        assert isinstance(found, Folder), path
        return found

    def _file(self, path: str) -> File:
        found = self.find(path)
        assert isinstance(found, File), path
        return found

    def put(self, path: str, node: File | Folder | None) -> None:
        """Let `path` mean `node`; not durable yet."""
        parent, _, name = path.rpartition("/")
        self._folder(parent).names.setdefault(name, [None]).append(node)

    def create(self, path: str) -> None:
        """Open `path` for writing: a new file, or the one that is there, emptied."""
        there = self.find(path)
        if isinstance(there, File):
            there.live = b""
        else:
            self.put(path, File())

    def append(self, path: str, block: bytes) -> None:
        """Write at the end."""
        self._file(path).live += block

    def sync(self, path: str) -> None:
        """Make a file's bytes durable."""
        file = self._file(path)
        file.durable = file.live

    def rename(self, old: str, new: str) -> None:
        """Let `new` mean what `old` meant."""
        node = self.find(old)
        assert node is not None, old
        self.put(old, None)
        self.put(new, node)

    def fsync_dir(self, path: str) -> None:
        """Make the names in a folder durable."""
        folder = self._folder(path)
        folder.names = {name: history[-1:] for name, history in folder.names.items() if history[-1] is not None}

    def sync_all(self, folder: Folder | None = None) -> None:
        """Make everything durable."""
        folder = folder or self.top
        folder.names = {name: history[-1:] for name, history in folder.names.items() if history[-1] is not None}
        for (node,) in folder.names.values():
            if isinstance(node, Folder):
                self.sync_all(node)
            elif node is not None:
                node.durable = node.live

    # What a cut leaves

    def outcomes(self, cap: int, chance: random.Random) -> Iterator[State]:
        """What a cut now can leave: everything if that is at most `cap` states, else a choice of them.

        The choice holds the oldest and the newest of everything, each single departure from these two, and others by
        chance.
        """
        slots = list(self._slots())
        if prod(count for _, count in slots) <= cap:
            for picks in product(*(range(count) for _, count in slots)):
                yield self._state(dict(zip((s for s, _ in slots), picks, strict=True)))
            return
        oldest, newest = ({s: 0 for s, _ in slots}, {s: count - 1 for s, count in slots})
        made = 0
        for base in (newest, oldest):
            yield self._state(base)
            for slot, count in slots:
                for pick in range(count):
                    if pick != base[slot] and made < cap:
                        made += 1
                        yield self._state({**base, slot: pick})
        while made < cap:
            made += 1
            yield self._state({slot: chance.randrange(count) for slot, count in slots})

    def _slots(self) -> Iterator[tuple[Slot, int]]:
        """Every choice that is open, with the number of its outcomes."""
        seen: set[int] = set()
        waiting: list[Folder] = [self.top]
        while waiting:
            folder = waiting.pop()
            for name, history in folder.names.items():
                if len(history) > 1:
                    yield (id(folder), name), len(history)
                for node in history:
                    if node is None or id(node) in seen:
                        continue
                    seen.add(id(node))
                    if isinstance(node, Folder):
                        waiting.append(node)
                    elif (count := len(node.outcomes())) > 1:
                        yield (id(node), ""), count

    def _state(self, picks: dict[Slot, int]) -> State:
        state: State = {}
        _collect(self.top, "", lambda slot, count: picks.get(slot, count - 1), state)
        return state


def _collect(folder: Folder, prefix: str, choose: Callable[[Slot, int], int], state: State) -> None:
    empty = True
    for name, history in folder.names.items():
        node = history[choose((id(folder), name), len(history))]
        if node is None:
            continue
        empty = False
        if isinstance(node, Folder):
            _collect(node, f"{prefix}{name}/", choose, state)
        else:
            outcomes = node.outcomes()
            state[prefix + name] = outcomes[choose((id(node), ""), len(outcomes))]
    if empty and prefix:
        state[prefix[:-1]] = None
