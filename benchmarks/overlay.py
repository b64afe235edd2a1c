"""What an edition that came by a delta costs until it can be searched: overlaid on the older one, and built whole.

    python benchmarks/overlay.py [--records 100000] [--share 0.01] [--meta FOLDER] [--workers 1] [--no-whole]

`--meta` names a folder with `catalogue.jsonl`, `items.txt`, `catalogue.db` and `search` of the older edition; without
it one is made here. Of the delta a quarter of the records go, a half change and a quarter come. Then pages are asked of
the older edition, of the overlay and of the newer one built whole, and the answers of the last two are compared.
Times are of processors.
"""

from __future__ import annotations

import argparse
import json
import random
import resource as limits
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from indexer.build import build_index_of
from indexer.catalogue import Catalogue, build_catalogue
from indexer.model import Resource, dump_line, load_line
from indexer.overlay_build import build_index_overlay
from indexer.overlay_catalogue import open_catalogue
from indexer.overlay_catalogue_build import build_catalogue_overlay
from indexer.search import Part, Searcher, SearchRequest, SearchResult

QUERIES = 300
_SEED = 11


def cpu(label: str, make: Callable[[], Any]) -> None:
    """Do it; processor time, wall time and the most memory so far are printed."""
    started, wall = time.process_time(), time.perf_counter()
    children = limits.getrusage(limits.RUSAGE_CHILDREN)
    make()
    after = limits.getrusage(limits.RUSAGE_CHILDREN)
    others = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    most = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss / 1024
    spent = time.process_time() - started + others
    print(f"{label:34}{spent:9.2f} CPU s{time.perf_counter() - wall:9.2f} s{most:9.0f} MB at most", flush=True)


def newer(truth: Path, out: Path, share: float) -> None:
    """The truth after a delta."""
    chance = random.Random(_SEED)
    with truth.open("rb") as old, (out / "catalogue.jsonl").open("wb") as new:
        for line in old:
            new.writelines(_changed(chance, line, share))
    (out / "items.txt").write_bytes((truth.parent / "items.txt").read_bytes())


def _changed(chance: random.Random, line: bytes, share: float) -> Iterator[bytes]:
    drawn = chance.random() / share
    if drawn >= 1:
        yield line
        return
    if drawn < 0.25:
        return
    record = load_line(line)
    if drawn < 0.75:
        title = {"title": record.title + "新编", "title_sort": "", "title_pinyin": ""} if drawn < 0.4 else {}
        yield dump_line(replace(record, description=record.description + "增订。", **title))
        return
    yield line
    yield dump_line(_copy(record))


def _copy(record: Resource) -> Resource:
    return replace(record, id=record.id + "-", title="续" + record.title, title_sort="", title_pinyin="", items=())


def size(folder: Path) -> float:
    """Megabytes of files, those aside that have another name as well."""
    files = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if path.stat().st_nlink == 1) / 1e6


def pages(label: str, searcher: Searcher, texts: list[str]) -> list[SearchResult]:
    """The answers; the middle and the slow end of the times are printed, each the better of two."""
    answers, times = [], []
    for text in texts:
        tried = []
        for _ in range(2):
            started = time.thread_time()
            answer = searcher.search(SearchRequest(text, mend="search"))
            tried.append((time.thread_time() - started) * 1000)
        answers.append(replace(answer, took_ms=0))
        times.append(min(tried))
    times.sort()
    middle, slow = times[len(times) // 2], times[int(len(times) * 0.95)]
    print(f"pages of {label:25}{middle:9.2f} ms p50{slow:9.2f} ms p95{times[-1]:9.1f} ms at most", flush=True)
    return answers


def texts_of(meta: Path) -> list[str]:
    """What is asked: the questions of the benchmark of searching, or pieces of titles."""
    path = meta / "queries.jsonl"
    if path.is_file():
        return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()[:QUERIES]]
    chance = random.Random(_SEED)
    lines = (meta / "catalogue.jsonl").read_bytes().splitlines()
    return [load_line(line).title[: chance.randint(2, 8)] for line in chance.sample(lines, QUERIES)]


def made(folder: Path, count: int) -> Path:
    """An older edition of so many records."""
    from search_records import write_national

    write_national(folder, count)
    build_catalogue(folder / "catalogue.jsonl", folder / "items.txt", folder / "catalogue.db")
    build_index_of(folder / "catalogue.jsonl", folder / "search")
    return folder


def searcher_of(catalogue: Path, index: Path) -> Searcher:
    """A searcher; what it takes to open it is printed."""
    started = time.process_time()
    found = Searcher([Part(index, open_catalogue(catalogue))])
    print(f"opening {index.parent.name:26}{time.process_time() - started:9.2f} CPU s")
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--meta", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--scratch", type=Path, help="in the file system of --meta")
    parser.add_argument("--no-whole", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        folder = Path(scratch)
        for name in ("older", "over", "whole"):
            (folder / name).mkdir()
        older = options.meta or made(folder / "older", options.records)
        newer(older / "catalogue.jsonl", folder / "over", options.share)
        truth, items = folder / "over" / "catalogue.jsonl", folder / "over" / "items.txt"
        print(f"{Catalogue(older / 'catalogue.db').count:,} records, {options.share:.1%} of them in the delta")
        over, whole = folder / "over", folder / "whole"
        cpu("catalogue, overlaid", lambda: build_catalogue_overlay(older / "catalogue.db", truth, items, over / "c"))
        cpu("index, overlaid", lambda: build_index_overlay(older / "search", over / "c", over / "search"))
        print(f"bytes of the overlays: {size(over / 'c'):.1f} MB and {size(over / 'search'):.1f} MB")
        texts = texts_of(older)
        pages("the older edition", searcher_of(older / "catalogue.db", older / "search"), texts)
        found = pages("the overlay", searcher_of(over / "c", over / "search"), texts)
        if options.no_whole:
            return
        cpu("catalogue, whole", lambda: build_catalogue(truth, items, whole / "catalogue.db"))
        cpu("index, whole", lambda: build_index_of(truth, whole / "search", workers=options.workers))
        print(f"bytes of whole ones: {size(whole / 'catalogue.db'):.1f} MB and {size(whole / 'search'):.1f} MB")
        expected = pages("the newer one, whole", searcher_of(whole / "catalogue.db", whole / "search"), texts)
        other = [text for text, mine, theirs in zip(texts, found, expected, strict=True) if mine != theirs]
        print(f"answers that differ: {len(other)} of {len(texts)} {other[:5]}")


if __name__ == "__main__":
    main()
