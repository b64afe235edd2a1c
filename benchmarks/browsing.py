"""Processor time of finding without a query: lists of names, tallies, related resources, lists in title order.

    python benchmarks/browsing.py [--records 20000] [--meta FOLDER]

`--meta` names the `meta` folder of a release that `packager build` made, with `catalogue.db` and `search`; without
it records of `benchmarks/memory.py` are made and indexed here. Times are of one process; what is asked again is
answered from what is kept.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory import Words, records
from plug_in import anonymous_mb

from indexer.build import build_index
from indexer.catalogue import Catalogue, build_catalogue
from indexer.model import dump_line
from indexer.records import object_to_record
from indexer.search import Part, Searcher
from indexer.search_works import newest_first, works_by_type

PERIODS = tuple((year, year + 9) for year in range(1000, 2030, 10))
LETTERS = "WZLY"
SAMPLE = 300


def cpu(label: str, ask: Callable[[], Any]) -> Any:
    """The answer; its processor time is printed, of the first time and of the second."""
    times = []
    for _ in range(2):
        started = time.process_time()
        answer = ask()
        times.append((time.process_time() - started) * 1000)
    print(f"{label:44}{times[0]:10.2f}{times[1]:10.2f}", flush=True)
    return answer


def made(folder: Path, count: int) -> Path:
    """The catalogue and the index of records made here."""
    resources = sorted((object_to_record(r).resource for r in records(Words(), count)), key=lambda r: r.id)
    (folder / "catalogue.jsonl").write_bytes(b"".join(map(dump_line, resources)))
    (folder / "items.txt").write_bytes(b"")
    build_catalogue(folder / "catalogue.jsonl", folder / "items.txt", folder / "catalogue.db")
    build_index(resources, folder / "search")
    return folder


def measure(meta: Path) -> None:
    catalogue = Catalogue(meta / "catalogue.db")
    searcher = Searcher([Part(meta / "search", catalogue)])
    print(f"{catalogue.count:,} records; {anonymous_mb(os.getpid()):.0f} MB anonymous")
    print(f"{'CPU ms':44}{'first':>10}{'again':>10}")
    for kind in ("creator", "subject"):
        cpu(f"letters of {kind}s", lambda kind=kind: searcher.headings.letters(kind, child=False))
        for letter in ("", *LETTERS):
            page = cpu(
                f"{kind}s, {letter or 'the most used'}",
                lambda kind=kind, letter=letter: searcher.headings.page(kind, letter, 1, 60, child=False),
            )
        names = searcher.headings.page(kind, "", 1, 60, child=False).headings
        print(f"  the last letter has {page.total:,} names; the most used stands for {names[0].count:,}")
        rows = cpu(
            "one name", lambda kind=kind, name=names[0].name: searcher.headings.named(kind, name, child=False)
        ).rows
        cpu("its works by type", lambda rows=rows: works_by_type(searcher.parts, rows, 12))
        cpu("its newest", lambda rows=rows: newest_first(searcher.parts, rows, 0, 60))
    cpu("classes", lambda: searcher.tallies.classes(child=False))
    cpu("dynasties", lambda: searcher.tallies.dynasties(child=False))
    cpu("years", lambda: searcher.tallies.years(PERIODS, child=False))
    cpu("names like another", lambda: searcher.headings.like("creator", "王小明", 4, child=False))
    related(catalogue, searcher)
    middle = catalogue.browse(limit=1, offset=catalogue.count // 2)[0]
    cpu("first page of all titles", lambda: catalogue.browse(limit=25))
    cpu(
        "page in their middle",
        lambda: catalogue.browse(limit=25, after=catalogue.title_place(middle, behind_equals=True)),
    )
    print(f"{anonymous_mb(os.getpid()):.0f} MB anonymous")


def related(catalogue: Catalogue, searcher: Searcher) -> None:
    """Related resources of some records, with the records found."""
    chance = random.Random(3)
    sample = catalogue.rows([chance.randrange(catalogue.count) for _ in range(SAMPLE)])
    times = []
    for resource in sample:
        started = time.process_time()
        searcher.related(resource, child=False, limit=12)
        times.append((time.process_time() - started) * 1000)
    times.sort()
    print(f"related: p50 {times[SAMPLE // 2]:.2f}, p95 {times[SAMPLE * 95 // 100]:.2f}, max {times[-1]:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--meta", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="browsing-benchmark-") as scratch:
        measure(options.meta or made(Path(scratch), options.records))


if __name__ == "__main__":
    main()
