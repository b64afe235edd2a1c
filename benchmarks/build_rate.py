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
from pathlib import Path

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
    hashing = hash_seconds(list(truth))
    catalogue = build_catalogue(*truth, folder / "catalogue.db")
    index = build_index(read_records(truth[0]), folder / "search")
    built = [folder / "catalogue.db", *sorted((folder / "search").iterdir())]
    copying = hash_seconds(built)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{count:,} records, {size >> 20} MB of truth; peak memory {peak} MB")
    print(f"  {'':<34}{'seconds':>9}{'records/s':>11}{'ratio':>8}")
    rows = {
        "hash the truth": hashing,
        "hash the prebuilt files": copying,
        "build the catalogue": catalogue.seconds,
        "build the index": index.seconds,
        "  of which records and terms": index.reading,
        "  of which sorting and writing": index.sorting,
        "build both": catalogue.seconds + index.seconds,
    }
    for name, seconds in rows.items():
        print(f"  {name:<34}{seconds:>9.2f}{count / seconds:>11,.0f}{seconds / hashing:>8.1f}")
    print(f"  {index.terms:,} terms, {index.postings:,} postings")
    print(f"  index {index.size >> 20} MB, catalogue {catalogue.size >> 20} MB")


def hash_seconds(paths: list[Path]) -> float:
    started = time.perf_counter()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
