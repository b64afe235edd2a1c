"""Finding words in the texts of a large collection: building their index, and asking it cold and warm.

    SHUXIANG_COLLECTION=… python benchmarks/sections.py [--sections 1000000] [--letters 200] [--workers 2]

Texts are sentences of the collection's EPUBs put together at random, one in fifteen of characters in an order that no
sentence has, so that there are as many different pairs as in a library. An answer is what a page of results asks of
texts: which resources, how many, and twenty excerpts. `map` reads through a memory map, `verified` through chunks that
are hashed and matched, as from a drive, `slow` the same from a disk on which each read takes 10 ms. Cold: nothing of
the index in the process's memory or in the page cache. What does not come in time is left out, as the box does.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import html
import json
import os
import random
import re
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from appliance.serving import verified_blocks
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools
from appliance.serving.texts import SHOWN_SECONDS
from appliance.serving.verified_blocks import BlockCache, VerifiedBlocks, until
from indexer.codec_files import BlockReader, MappedFile
from indexer.codec_toc import TOC
from indexer.errors import LateError
from indexer.search_inside import NOTHING_INSIDE
from indexer.sections import Section, dump_section
from indexer.sections_build import SectionStats, build_sections
from indexer.sections_index import SectionIndex
from indexer.sections_runs import TextFile
from indexer.sections_search import SECONDS, Budget, excerpts, search_sections, text_conditions
from packager.format.layout import CHUNK

A_TEXT = 100
"""Sections of a text."""
SHOWN = 20
A_SLOW_READ = 0.01
"""Seconds."""
_PARAGRAPH = re.compile(r"<p[^>]*>(.*?)</p>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_END = re.compile(r"(?<=[。！？；])")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", type=int, default=1_000_000)
    parser.add_argument("--letters", type=int, default=200, help="of a section, about")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--scratch", type=Path, help="where some 10 kB a section are free")
    parser.add_argument("--folder", type=Path, help="keep the index here, and ask the one that is here already")
    options = parser.parse_args()
    named = os.environ.get("SHUXIANG_COLLECTION")
    if not named:
        print("left out: SHUXIANG_COLLECTION names no collection with EPUBs")
        sys.exit(0)
    sentences = sorted(set(_sentences(Path(named))))
    with tempfile.TemporaryDirectory(prefix="sections-benchmark-", dir=options.scratch) as scratch:
        measure(options.folder or Path(scratch), Path(scratch), sentences, options)


def _sentences(collection: Path) -> Iterator[str]:
    for path in sorted(collection.glob("files/**/*.epub")):
        with zipfile.ZipFile(path) as book:
            for name in sorted(n for n in book.namelist() if n.endswith(("html", "htm"))):
                for paragraph in _PARAGRAPH.findall(book.read(name).decode("utf-8", "replace")):
                    text = html.unescape(_TAG.sub("", paragraph)).replace("\n", "").strip()
                    yield from (s for s in _END.split(text) if 6 <= len(s) <= 80 and s.isprintable())


def measure(folder: Path, scratch: Path, sentences: list[str], options: argparse.Namespace) -> None:
    index = folder / "index"
    if not index.exists():
        files, size, letters = written(scratch / "texts", sentences, options, random.Random(1))
        begun = _cpu()
        stats = build_sections(files, index, records=len(files), workers=options.workers)
        spent, peak = _cpu() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        _tell(stats, size, letters, spent, peak, worker)
    records = json.loads((index / TOC).read_bytes())["records"]
    asked = queries(sentences, options.queries, random.Random(2))
    for name, opener in (("map", mapped(index)), ("verified", verified(index))):
        ask(name, opener, index, records, asked)
    cold("slow", slow(verified(index)), index, records, [q for some in asked.values() for q in some])


def written(
    folder: Path, sentences: list[str], options: argparse.Namespace, rng: random.Random
) -> tuple[list[TextFile], int, int]:
    """Files of sections; their bytes; characters of text in them."""
    folder.mkdir()
    characters = "".join(sentences)
    files, total, letters = [], 0, 0
    for number in range(-(-options.sections // A_TEXT)):
        lines = []
        for n in range(1, min(A_TEXT, options.sections - number * A_TEXT) + 1):
            text = ""
            while len(text) < options.letters:
                odd = rng.random() < 1 / 15
                text += "".join(rng.choices(characters, k=12)) if odd else rng.choice(sentences)
            letters += len(text)
            lines.append(dump_section(Section(n, "page", f"{n}", f"{n}", text)))
        path = folder / f"{number:06}.jsonl"
        path.write_bytes(b"".join(lines))
        files.append(TextFile(number, 0, path, path.stat().st_size))
        total += files[-1].size
    return files, total, letters


def queries(sentences: list[str], count: int, rng: random.Random) -> dict[str, list[str]]:
    """Kind → queries."""
    stretches = [s for sentence in sentences for s in re.findall("[\u4e00-\u9fff]{4,}", sentence)]
    each = max(1, count // 6)

    def some(length: int) -> str:
        stretch = rng.choice([s for s in rng.choices(stretches, k=50) if len(s) >= length] or [stretches[0]])
        start = rng.randrange(len(stretch) - min(length, len(stretch)) + 1)
        return str(stretch[start : start + length])

    return {
        "one character": [some(1) for _ in range(each)],
        "two characters": [some(2) for _ in range(each)],
        "four characters": [some(4) for _ in range(each)],
        "seven characters": [some(7) for _ in range(each)],
        "two words": [f"{some(2)} {some(2)}" for _ in range(each)],
        "in no text": [some(2)[::-1] + some(2)[::-1] for _ in range(each)],
    }


Opener = Callable[[], Callable[[str], BlockReader]]
"""Makes a fresh way to open the index's files."""


def mapped(folder: Path) -> Opener:
    return lambda: lambda name: MappedFile(folder / name)


def verified(folder: Path) -> Opener:
    """As from a drive: chunks of a store of 64 MiB, their digests known beforehand."""
    digests, keys = {}, {}
    for path in folder.iterdir():
        with path.open("rb") as file:
            digests[path.name] = [hashlib.sha256(block).digest() for block in iter(lambda: file.read(CHUNK), b"")]
            file.seek(0)
            keys[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    pools = DrivePools()

    def opener() -> Callable[[str], BlockReader]:
        store, cache = ChunkStore(64 * CHUNK), BlockCache()

        def opened(name: str) -> BlockReader:
            path = folder / name
            item = ServedItem(
                keys[name], path.stat().st_size, digests[name].__getitem__, partial(os.open, path, os.O_RDONLY), "d"
            )
            return VerifiedBlocks(name, item, store, pools, cache)

        return opened

    return opener


def slow(opener: Opener) -> Opener:
    """The same from a disk on which each read takes so long: two at a time, as a drive has two threads."""
    read = verified_blocks.read_exactly

    def read_slowly(descriptor: int, size: int, offset: int) -> bytes:
        time.sleep(A_SLOW_READ)
        return read(descriptor, size, offset)

    def slowed() -> Callable[[str], BlockReader]:
        verified_blocks.read_exactly = read_slowly
        return opener()

    return slowed


def ask(name: str, opener: Opener, folder: Path, records: int, asked: dict[str, list[str]]) -> None:
    every = [query for queries_ in asked.values() for query in queries_]
    started = time.perf_counter()
    _forget(folder)
    index = SectionIndex(opener(), records)
    print(f"{name}: opened cold in {(time.perf_counter() - started) * 1000:.0f} ms")
    cold(name, opener, folder, records, every)
    for query in every:  # twice: what is asked once is warm
        _answered(index, query)
    both, inexact = [], 0
    for kind, queries_ in asked.items():
        took = [_answered(index, query) for query in queries_]
        inexact += sum(not exact for *_, exact in took)
        both += took
        _row(f"{name}, warm, {kind}", took)
    _row(f"{name}, warm, all", both)
    print(f"    {inexact} of {len(every)} answers say “about”")


def cold(name: str, opener: Opener, folder: Path, records: int, every: list[str]) -> None:
    took = []
    for query in every[:: max(1, len(every) // 60)]:
        _forget(folder)
        fresh = SectionIndex(opener(), records)
        _forget(folder)
        took.append(_answered(fresh, query))
        fresh.close()
    _row(f"{name}, cold", took)
    print(f"    {sum(not exact for *_, exact in took)} of {len(took)} say “about”")


def _answered(index: SectionIndex, query: str) -> tuple[float, float, bool]:
    """Wall and CPU milliseconds of an answer with its excerpts, and whether its count is exact."""
    wall, cpu = time.perf_counter(), time.process_time()
    conditions = text_conditions(query)
    found, exact = NOTHING_INSIDE, False
    with contextlib.suppress(LateError), until(time.monotonic() + SECONDS):
        found = search_sections(index, conditions, Budget())
        exact = found.exact
    best = np.argsort(-found.scores, kind="stable")[:SHOWN]
    with until(time.monotonic() + SHOWN_SECONDS):
        excerpts(index, found.sections[best].tolist(), conditions)
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000, exact


def _forget(folder: Path) -> None:
    """Have the system drop what it keeps of the index's files."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _row(name: str, took: list[tuple[float, float, bool]]) -> None:
    wall, cpu, _ = (np.array(column) for column in zip(*took, strict=True))
    figures = " / ".join(f"{np.percentile(wall, q):.1f}" for q in (50, 95, 100))
    print(f"    {name}: ms p50 / p95 / max {figures}; CPU {np.percentile(cpu, 50):.1f} / {np.percentile(cpu, 95):.1f}")


def _tell(stats: SectionStats, size: int, letters: int, spent: float, peak: int, worker: int) -> None:
    print(
        f"{stats.sections:,} sections of {stats.texts:,} texts, {letters:,} characters, {size / 1e6:.0f} MB of texts:\n"
        f"    built in {stats.seconds:.0f} s ({stats.reading:.0f} s reading), CPU {spent:.0f} s; "
        f"{stats.size / 1e6:.0f} MB, {stats.size / size:.2f} of the texts; {stats.terms:,} terms, "
        f"{stats.postings:,} postings; peak {peak / 1024:.0f} MB, workers {worker / 1024:.0f} MB"
    )


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
