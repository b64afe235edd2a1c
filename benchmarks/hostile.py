"""What becomes of a collection's hostile files and EPUB tests when they are built: every one in a bag, or refused.

SHUXIANG_COLLECTION=… python benchmarks/hostile.py
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from indexer.model import load_line
from packager.build import BuildOptions, build
from packager.format.files import RealFiles


def main() -> None:
    named = os.environ.get("SHUXIANG_COLLECTION")
    if not named:
        print("left out: SHUXIANG_COLLECTION names no collection with hostile files")
        return
    collection = Path(named)
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        source, work = Path(scratch) / "source", Path(scratch) / "work"
        files = {}
        for kind in ("hostile", "epub-tests"):
            shutil.copytree(collection / kind, source / kind)
            names = sorted(path.name for path in (source / kind).iterdir())
            files.update({f"r{len(files) + n:04d}": f"{kind}/{name}" for n, name in enumerate(names)})
        with (source / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(
                [["id", "title", "type", "files"], *([i, n, "book", n] for i, n in files.items())]
            )
        start = time.perf_counter()
        options = BuildOptions("hostile", "2026-11-22", "2026.11", quiet=True)
        result = build(source, work, options, RealFiles())
        took = time.perf_counter() - start
        lines = (work / "bag/meta/catalogue.jsonl").read_bytes().splitlines()
        reported = {problem.id for problem in result.problems}
        table: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for record in map(load_line, lines):
            flags = sorted({flag for item in record.items for flag in item.flags})
            media_type = next((item.media_type for item in record.items), "refused")
            fate = (
                "refused"
                if not record.items
                else "、".join(flags) or ("reported" if record.id in reported else "clean")
            )
            table[files[record.id].partition("/")[0], media_type][fate] += 1
    print(f"{len(files)} files, {took:.1f} s, {len(result.problems)} problems\n")
    print("| folder | kind by content | what became of them |\n|---|---|---|")
    for (folder, media_type), fates in sorted(table.items()):
        print(f"| {folder} | {media_type} | {', '.join(f'{n} {fate}' for fate, n in sorted(fates.items()))} |")


if __name__ == "__main__":
    main()
