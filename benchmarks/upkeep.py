"""How fast a whole drive is checked, beside reading and hashing alone, and what a tiny page waits meanwhile.

    python benchmarks/upkeep.py [MiB]

Makes a signed drive of 1,024 MiB (or as many as named), starts a real box over it and times its full check by its own
record. The drive's bytes are in the page cache in both cases, so what is compared is the work, not the disk.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from appliance.store.checks import CheckReader
from tests.appliance.stock import Stock
from tests.box import Box, running

ITEM = 16 << 20
EVERY = 0.005


def raw(drive: Path) -> float:
    """Bytes a second of reading every file in order, a MiB at a time, and hashing it."""
    total, start = 0, time.perf_counter()
    for path in sorted((drive / "bag/data").rglob("*.bin")):
        with path.open("rb", buffering=0) as file:
            while block := file.read(1 << 20):
                hashlib.sha256(block).digest()
                total += len(block)
    return total / (time.perf_counter() - start)


class Timed(threading.Thread):
    """Follows the record of the check: when it began and ended."""

    def __init__(self, reader: CheckReader) -> None:
        super().__init__(daemon=True)
        self.reader, self.began, self.ended = reader, 0.0, 0.0

    def run(self) -> None:
        while not self.ended:
            runs = self.reader.runs()
            now = time.perf_counter()
            if runs and not self.began:
                self.began = now
            if runs and runs[0].state == "finished":
                self.ended = now
            time.sleep(0.005)


def waits(box: Box, until: Callable[[], object], seconds: float) -> list[float]:
    """How long a tiny page takes, asked again and again until something is true or the time is over."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end and not until():
        start = time.perf_counter()
        assert box.get("/health").status == 200
        found.append(time.perf_counter() - start)
        time.sleep(EVERY)
    return sorted(found)


def quantiles(found: list[float]) -> str:
    half, most = found[len(found) // 2], found[min(len(found) - 1, len(found) * 99 // 100)]
    return f"p50 {1000 * half:.1f} ms, p99 {1000 * most:.1f} ms ({len(found)} pages)"


def main() -> None:
    size = int(sys.argv[1]) << 20 if len(sys.argv) > 1 else 1 << 30
    with tempfile.TemporaryDirectory(prefix="upkeep-") as folder:
        stock = Stock(Path(folder))
        block = os.urandom(1 << 20)
        sources = {}
        for n in range(size // ITEM):
            content = b"".join(bytes([n % 256, m]) + block[2:] for m in range(ITEM >> 20))
            sources[f"r{n}"] = (f"第{n}种", {"a.bin": content})
        drive = stock.drive(stock.work(1, ready=True, sources=sources), "drive")
        sources.clear()
        raw(drive)
        alone = [raw(drive)]
        box = Box(Path(folder) / "box", stock.root_file, [drive], extra="check_after_seconds = 15\n")
        timed = Timed(CheckReader(box.data / "appliance" / "checks.db"))
        with running(box):
            box.wait_resources(size // ITEM)
            timed.start()
            quiet = waits(box, lambda: timed.began, 60)
            busy = waits(box, lambda: timed.ended, 600)
        alone.append(raw(drive))
        rate, plain = size / (timed.ended - timed.began), sum(alone) / 2
        print(f"read and hash alone {plain / 1e6:.0f} MB/s; full check {rate / 1e6:.0f} MB/s, {rate / plain:.0%} of it")
        print(f"a tiny page before the check: {quantiles(quiet)}")
        print(f"a tiny page during the check: {quantiles(busy)}")
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
