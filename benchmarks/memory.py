"""Anonymous memory of the box's processes with very many records on one drive, after readers have used it.

    python benchmarks/memory.py [--records 1000000] [--searches 400] [--drive FOLDER]

The records are made here (no collection is needed): titles, authors, subjects and texts of random common characters,
the frequent ones often, as large as real ones. The drive is built, signed and written by `packager`. Anonymous memory
is what a process holds for itself; files that are mapped do not count, the system takes them back when it needs room.
With `--drive` the drive stays in that folder and is used again by the next run with it, whatever its number of records.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any

from plug_in import anonymous_mb, build_drive, family, get, is_ready, running_box, timed, wait_until, worker_of

AIM_MB = 300
READERS = 8
_COMMON = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]
_TEXT = 2_000_000


class Words:
    """Pieces of one long random text."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = random.Random(seed)
        self.rng.shuffle(characters := list(_COMMON))
        shares = list(accumulate(1 / (rank + 10) for rank in range(len(characters))))
        self._text = "".join(self.rng.choices(characters, cum_weights=shares, k=_TEXT))

    def piece(self, shortest: int, longest: int) -> str:
        """A piece of so many characters."""
        start = self.rng.randrange(_TEXT - longest)
        return self._text[start : start + self.rng.randint(shortest, longest)]


def records(words: Words, count: int) -> Iterator[dict[str, Any]]:
    authors = [words.piece(2, 4) for _ in range(20_000)]
    subjects = [words.piece(2, 5) for _ in range(2_000)]
    for n in range(count):
        yield {
            "id": f"made-{n:07}",
            "title": words.piece(3, 16),
            "creator": words.rng.choice(authors),
            "subject": ";".join(words.rng.choices(subjects, k=2)),
            "clc": f"{words.rng.choice('ABCDEFGHIJKNOPQRSTUVXZ')}{words.rng.randrange(100, 999)}",
            "type": "book",
            "language": "zh",
            "date": str(words.rng.randrange(1900, 2026)),
            "description": words.piece(20, 160),
        }


def use(url: str, words: Words, searches: int) -> int:
    """Search, open what was found, leaf and browse, eight readers at a time; how many pages were asked for."""
    words.rng.seed(searches)  # the same queries whether the drive was made by this run or an earlier one
    paths = ["/", "/browse", "/new", *(f"/browse/list?clc={letter}" for letter in "ABCDEFGHI")]
    for n in range(searches):
        query = urllib.parse.quote(words.piece(2, 4))
        paths += [f"/search?q={query}", f"/search?q={query}&page=2", f"/resources/made-{n * 13:07}"]
    with ThreadPoolExecutor(READERS) as readers:
        list(readers.map(get, [url + path for path in paths]))
    return len(paths)


def the_drive(options: argparse.Namespace, words: Words, scratch: Path) -> tuple[Path, Path]:
    """A signed drive of the records and the folder of its keys, made here or by an earlier run."""
    folder: Path = options.drive or scratch
    drive, keys = folder / "drive", folder / "keys"
    if not drive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _, building = timed(lambda: build_drive(folder, records(words, options.records), 1000))
        print(f"{options.records:,} records made, built and signed in {building:.0f} s", flush=True)
    return drive, keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=400)
    parser.add_argument("--drive", type=Path, help="folder in which the drive stays, or lies from an earlier run")
    options = parser.parse_args()
    words = Words()
    with tempfile.TemporaryDirectory(prefix="memory-benchmark-", dir=options.drive and options.drive.parent) as scratch:
        folder = Path(scratch)
        drive, keys = the_drive(options, words, folder)
        print(f"load {os.getloadavg()[0]:.0f}", flush=True)
        media, data = folder / "media", folder / "data"
        media.mkdir()
        with running_box(folder, keys / "root.json", media, data, None) as (url, process):
            drive.rename(media / "drive")
            try:
                measure(url, process.pid, data, words, options.searches)
            finally:
                (media / "drive").rename(drive)


def measure(url: str, parent: int, data: Path, words: Words, searches: int) -> None:
    """Wait for the drive, measure, use the box, measure again; print both."""
    began = time.perf_counter()
    ready = wait_until(lambda: is_ready(data), began)
    found = wait_until(lambda: get(f"{url}/api/search?q={urllib.parse.quote('的')}") is not None, began)
    first = {pid: anonymous_mb(pid) for pid in family(parent)}
    pages = use(url, words, searches)
    held = {pid: anonymous_mb(pid) for pid in family(parent)}
    worker = worker_of(data)
    print(f"ready after {ready:.1f} s, search answers after {found:.1f} s")
    print(f"anonymous memory, MB{'':14}{'ready':>8}{'after':>8}   ({pages:,} pages by {READERS} readers)")
    serving = max(held.keys() - {worker, parent}, key=held.__getitem__)
    names = {parent: "parent", worker: "worker", serving: "serving process"}
    for pid, size in held.items():
        print(f"{names.get(pid, 'resource tracker'):34}{first.get(pid, 0):8.0f}{size:8.0f}")
    total = sum(held.values())
    verdict = f"aim ≤ {AIM_MB}: {'met' if total <= AIM_MB else 'MISSED'}"
    print(f"{'all':34}{sum(first.values()):8.0f}{total:8.0f}   {verdict}")


if __name__ == "__main__":
    main()
