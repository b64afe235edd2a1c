"""How fast a whole drive is checked, beside reading and hashing alone, and what a tiny page waits meanwhile.

    python benchmarks/upkeep.py [MiB]

Makes a signed drive of 1,024 MiB (or as many as named), starts a real box over it and times its full check by its own
record. The drive's bytes are in the page cache in both cases, so what is compared is the work, not the disk.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from appliance.clock import RealClock
from appliance.store.checks import CheckReader
from appliance.store.commands import send
from packager.format.files import RealFiles
from tests.appliance.stock import Stock
from tests.box import Box, running

ITEM = 16 << 20
ROUNDS = 8
EVERY = 0.005


RAW = """
import hashlib, sys, time
from pathlib import Path
total, start = 0, time.perf_counter()
for path in sorted(Path(sys.argv[1]).rglob("*.bin")):
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            hashlib.sha256(block).digest()
            total += len(block)
print(total / (time.perf_counter() - start))
"""
"""In a session of its own, as the box is: some systems share the processor out by sessions."""


def raw(drive: Path) -> float:
    """Bytes a second of reading every file in order, a MiB at a time, and hashing it."""
    command = [sys.executable, "-c", RAW, str(drive / "bag/data")]
    return float(subprocess.run(command, check=True, capture_output=True, start_new_session=True).stdout)


class Timed(threading.Thread):
    """Has the drive checked and read plainly in turn, and notes how long each check takes by its own record."""

    def __init__(self, reader: CheckReader, folder: Path, drive: Path) -> None:
        super().__init__(daemon=True)
        self.reader, self.folder, self.drive = reader, folder, drive
        self.checking = False
        self.spent, self.alone = list[float](), list[float]()

    def run(self) -> None:
        """Look at the record two hundred times a second."""
        for _ in range(ROUNDS):
            start, self.checking = self.until("running"), True
            self.spent.append(self.until("finished") - start)
            self.checking = False
            self.alone.append(raw(self.drive))
            send(self.folder, {"do": "check"}, clock=RealClock(), files=RealFiles())

    def until(self, state: str) -> float:
        """Wait for a state; when it was seen."""
        while not any(run.state == state for run in self.reader.runs()):
            time.sleep(0.005)
        return time.perf_counter()


def waits(box: Box, timed: Timed) -> tuple[list[float], list[float]]:
    """How long a tiny page takes, asked again and again: between the checks and during them."""
    found: tuple[list[float], list[float]] = [], []
    while timed.is_alive():
        checking, start = timed.checking, time.perf_counter()
        assert box.get("/health").status == 200
        if checking == timed.checking:
            found[checking].append(time.perf_counter() - start)
        time.sleep(EVERY)
    return found


def quantiles(found: list[float]) -> str:
    found = sorted(found)
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
        box = Box(Path(folder) / "box", stock.root_file, [drive], extra="check_after_seconds = 5\n")
        state = box.data / "appliance"
        timed = Timed(CheckReader(state / "checks.db"), state / "commands", drive)
        with running(box):
            box.wait_resources(size // ITEM)
            timed.start()
            quiet, busy = waits(box, timed)
        rate, plain = size / statistics.median(timed.spent), statistics.median(timed.alone)
        print(f"read and hash alone {plain / 1e6:.0f} MB/s; full check {rate / 1e6:.0f} MB/s, {rate / plain:.0%} of it")
        print(f"a tiny page between checks: {quantiles(quiet)}")
        print(f"a tiny page during checks: {quantiles(busy)}")
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
