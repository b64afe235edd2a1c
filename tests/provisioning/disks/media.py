"""Disks that fail, block, lie, or lose power, for the tests."""

from __future__ import annotations

import errno
import random
import threading
from typing import TYPE_CHECKING

from provisioning.disks.medium import Medium

if TYPE_CHECKING:
    from collections.abc import Callable


class PowerCutError(BaseException):
    """The power went: nothing below catches it."""


class MemoryMedium(Medium):
    """A disk in memory. What was written and not synced is `pending`; a power cut keeps any part of it.

    Attributes:
        content: what is on the platters. pending: (offset, bytes) in the order of writing.
        operation: called before every operation with its name; may raise.
    """

    def __init__(self, size: int, operation: Callable[[str], None] = lambda _: None) -> None:
        self.size = size
        self.content = bytearray(size)
        self.pending: list[tuple[int, bytes]] = []
        self.operation = operation

    def write(self, at, block):
        self.operation("write")
        assert at % 512 == 0
        assert len(block) % 512 == 0
        assert at + len(block) <= self.size
        self.pending.append((at, bytes(block)))

    def read(self, at, block):
        self.operation("read")
        assert at % 512 == 0
        assert len(block) % 512 == 0
        block[:] = self.content[at : at + len(block)]
        for where, data in self.pending:  # a disk reads its own cache
            first, last = max(at, where), min(at + len(block), where + len(data))
            if first < last:
                block[first - at : last - at] = data[first - where : last - where]

    def sync(self):
        self.operation("sync")
        for at, data in self.pending:
            self.content[at : at + len(data)] = data
        self.pending = []

    def cut_power(self, chance: random.Random) -> None:
        """Keep of what was pending any sectors, in any order."""
        for at, data in self.pending:
            for sector in range(0, len(data), 4096):
                if chance.random() < 0.5:
                    self.content[at + sector : at + sector + 4096] = data[sector : sector + 4096]
        self.pending = []

    def close(self):
        pass

    def tell_kernel(self):
        pass


class FaultyMedium(MemoryMedium):
    """Works until it has written `until` bytes; then it fails as `how` says.

    `error`: every call raises EIO. `block`: the next write waits for `release`, then all is well. `flip`: from there
    on it silently keeps other bytes than it was given. `drop`: it silently keeps nothing.
    """

    def __init__(self, size: int, how: str, until: int) -> None:
        super().__init__(size)
        self.how, self.left = how, until
        self.release = threading.Event()

    def write(self, at, block):
        self.left -= len(block)
        if self.left >= 0:
            super().write(at, block)
        elif self.how == "error":
            raise OSError(errno.EIO, "Input/output error")
        elif self.how == "block":
            self.release.wait()
            self.left = 1 << 60
            super().write(at, block)
        elif self.how == "flip":
            spoiled = bytearray(block)
            spoiled[len(spoiled) // 2] ^= 4
            super().write(at, memoryview(spoiled))

    def read(self, at, block):
        if self.how == "error" and self.left < 0:
            raise OSError(errno.EIO, "Input/output error")
        super().read(at, block)
