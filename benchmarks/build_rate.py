"""How fast the box can make its catalogue and index, beside only hashing the same bytes.

    SHUXIANG_COLLECTION=… python benchmarks/build_rate.py [--records 300000] [--workers 1 2]

The truth files are hashed as at plug-in; then the catalogue and the index are built from them, the index by each
number of workers. The ratio says what prebuilt files on the drive spare the box. Memory is what all processes of the
build hold for themselves, looked at five times a second.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from search_records import write_truth

from indexer.build import build_index_of
from indexer.catalogue import build_catalogue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[300_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    for count in options.records:
        with tempfile.TemporaryDirectory(prefix="build-benchmark-") as scratch:
            measure(Path(scratch), count, options.workers)


def measure(folder: Path, count: int, workers: list[int]) -> None:
    truth = write_truth(folder, count)
    size = sum(path.stat().st_size for path in truth)
    hashing = timed(lambda: hash_files(list(truth)))
    catalogue, *making_catalogue = watched(lambda: build_catalogue(*truth, folder / "catalogue.db"))
    making: dict[int, list[float]] = {}
    for number in workers:
        shutil.rmtree(folder / "search", ignore_errors=True)
        index, *making[number] = watched(functools.partial(build_index_of, truth[0], folder / "search", workers=number))
    built = [folder / "catalogue.db", *sorted((folder / "search").iterdir())]
    copying = timed(lambda: hash_files(built))
    print(f"{count:,} records, {size >> 20} MB of truth; load {os.getloadavg()[0]:.0f}")
    print(f"  {'':<34}{'wall s':>9}{'CPU s':>9}{'records/CPU s':>15}{'ratio':>8}{'MB':>6}")
    rows = {
        "hash the truth": [*hashing, 0],
        "hash the prebuilt files": [*copying, 0],
        "build the catalogue": making_catalogue,
        **{f"build the index, workers {number}": found for number, found in making.items()},
    }
    for name, (wall, cpu, held) in rows.items():
        print(f"  {name:<34}{wall:>9.2f}{cpu:>9.2f}{count / cpu:>15,.0f}{cpu / hashing[1]:>8.1f}{held:>6.0f}")
    print(f"  {index.terms:,} terms, {index.postings:,} postings; {index.sorting:.1f} s of the last for merging")
    print(f"  index {index.size >> 20} MB, catalogue {catalogue.size >> 20} MB")


def watched(work: Callable[[], Any]) -> tuple[Any, float, float, float]:
    """What `work` returns, its wall and CPU seconds, and the most anonymous memory of all processes, in MB."""
    most, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        own = psutil.Process()
        while not over.wait(0.2):
            most = max(most, sum(map(anonymous_mb, [own.pid, *(child.pid for child in own.children(recursive=True))])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        wall, cpu = time.perf_counter(), cpu_seconds()
        result = work()
        return result, time.perf_counter() - wall, cpu_seconds() - cpu, most
    finally:
        over.set()
        watcher.join()


def anonymous_mb(pid: int) -> float:
    """What a process holds for itself; nothing when it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Anonymous")) / 1024


def cpu_seconds() -> float:
    """Of this process and of its children that have ended: on a shared machine only CPU time repeats."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def hash_files(paths: list[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


if __name__ == "__main__":
    main()
