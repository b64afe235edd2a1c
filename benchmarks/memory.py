"""Anonymous memory of the box's processes with very many records on one drive, after readers have used it.

    python benchmarks/memory.py [--records 1000000] [--searches 400]

The records are made here (no collection is needed): titles, authors, subjects and texts of random common characters,
the frequent ones often, as large as real ones. The drive is built, signed and written by `packager`. Anonymous memory
is what a process holds for itself; files that are mapped do not count, the system takes them back when it needs room.
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
    paths = ["/", "/browse", "/new", *(f"/browse/list?clc={letter}" for letter in "ABCDEFGHI")]
    for n in range(searches):
        query = urllib.parse.quote(words.piece(2, 4))
        paths += [f"/search?q={query}", f"/search?q={query}&page=2", f"/resources/made-{n * 13:07}"]
    with ThreadPoolExecutor(READERS) as readers:
        list(readers.map(get, [url + path for path in paths]))
    return len(paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=400)
    options = parser.parse_args()
    words = Words()
    with tempfile.TemporaryDirectory(prefix="memory-benchmark-") as scratch:
        folder = Path(scratch)
        drive, building = timed(lambda: build_drive(folder, records(words, options.records), 1000))
        print(
            f"{options.records:,} records made, built and signed in {building:.0f} s; load {os.getloadavg()[0]:.0f}",
            flush=True,
        )
        media, data = folder / "media", folder / "data"
        media.mkdir()
        with running_box(folder, folder / "keys" / "root.json", media, data, None) as (url, process):
            drive.rename(media / "drive")
            began = time.perf_counter()
            ready = wait_until(lambda: is_ready(data), began)
            found = wait_until(lambda: get(f"{url}/api/search?q={urllib.parse.quote('的')}") is not None, began)
            first = {pid: anonymous_mb(pid) for pid in family(process.pid)}
            pages = use(url, words, options.searches)
            held = {pid: anonymous_mb(pid) for pid in family(process.pid)}
            worker = worker_of(data)
        print(f"ready after {ready:.1f} s, search answers after {found:.1f} s")
        print(f"anonymous memory, MB{'':14}{'ready':>8}{'after':>8}   ({pages:,} pages by {READERS} readers)")
        serving = max(held.keys() - {worker, process.pid}, key=held.__getitem__)
        names = {process.pid: "parent", worker: "worker", serving: "serving process"}
        for pid, size in held.items():
            print(f"{names.get(pid, 'resource tracker'):34}{first.get(pid, 0):8.0f}{size:8.0f}")
        total = sum(held.values())
        verdict = f"aim ≤ {AIM_MB}: {'met' if total <= AIM_MB else 'MISSED'}"
        print(f"{'all':34}{sum(first.values()):8.0f}{total:8.0f}   {verdict}")


if __name__ == "__main__":
    main()
