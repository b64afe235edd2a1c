"""How fast the box can make its catalogue and index, beside only hashing the same bytes.

    SHUXIANG_COLLECTION=… python benchmarks/build_rate.py [--records 300000]

The truth files are hashed as at plug-in; then the catalogue and the index are built from them. The ratio says what
prebuilt files on the drive spare the box.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search_records import write_truth

from indexer.build import build_index
from indexer.catalogue import build_catalogue, read_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[300_000])
    for count in parser.parse_args().records:
        with tempfile.TemporaryDirectory(prefix="build-benchmark-") as scratch:
            measure(Path(scratch), count)


def measure(folder: Path, count: int) -> None:
    truth = write_truth(folder, count)
    size = sum(path.stat().st_size for path in truth)
    hashing = timed(lambda: hash_files(list(truth)))
    catalogue, making_catalogue = timed_result(lambda: build_catalogue(*truth, folder / "catalogue.db"))
    index, making_index = timed_result(lambda: build_index(read_records(truth[0]), folder / "search"))
    built = [folder / "catalogue.db", *sorted((folder / "search").iterdir())]
    copying = timed(lambda: hash_files(built))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{count:,} records, {size >> 20} MB of truth; peak memory {peak} MB")
    print(f"  {'':<34}{'wall s':>9}{'CPU s':>9}{'records/CPU s':>15}{'ratio':>8}")
    rows = {
        "hash the truth": hashing,
        "hash the prebuilt files": copying,
        "build the catalogue": making_catalogue,
        "build the index": making_index,
        "build both": (making_catalogue[0] + making_index[0], making_catalogue[1] + making_index[1]),
    }
    for name, (wall, cpu) in rows.items():
        print(f"  {name:<34}{wall:>9.2f}{cpu:>9.2f}{count / cpu:>15,.0f}{cpu / hashing[1]:>8.1f}")
    print(f"  {index.terms:,} terms, {index.postings:,} postings")
    print(f"  index {index.size >> 20} MB, catalogue {catalogue.size >> 20} MB")


def timed_result(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What `work` returns, and its wall and CPU seconds: on a shared machine only the second repeats."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    return timed_result(work)[1]


def hash_files(paths: list[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


if __name__ == "__main__":
    main()
