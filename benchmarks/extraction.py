"""How fast facts, text and tiles are taken from files, on one and two workers, and what the child processes need.

    SHUXIANG_COLLECTION=… python benchmarks/extraction.py [--megabytes 100] [--pages 6] [--hostile]

Every file of the collection is asked for its facts and its text, as the packager does; PDFs and EPUBs again and again
until `--megabytes` were read; tile packs of `--pages` made-up pages of 6000 × 8000 pixels. `--hostile` builds the
collection's hostile files and EPUB tests instead and says what became of them. Memory is the largest child's peak.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import psutil
from PIL import Image

from indexer.checks import HEAD_SIZE, sniff
from indexer.errors import RenditionError
from indexer.model import load_line
from indexer.renditions import BytesSource, FileSource, Renditions, Sandbox
from indexer.renditions.extraction import TEXT_TYPES, Extraction
from packager.build import BuildOptions, build
from packager.facts import learn_facts
from packager.format.files import RealFiles

WORKERS = (1, 2)


@dataclass(frozen=True)
class Sample:
    """A file and its media type."""

    path: Path
    media_type: str
    size: int

    @property
    def kind(self) -> str:
        """The line of the table that it belongs to."""
        top, _, rest = self.media_type.partition("/")
        return {"application/pdf": "PDF", "application/epub+zip": "EPUB"}.get(
            self.media_type, {"audio": "audio", "video": "video", "image": "pictures"}.get(top, rest)
        )


@dataclass(frozen=True)
class Rate:
    """What a run took: files, bytes, wall seconds, letters of text, peak bytes of the largest child."""

    files: int
    size: int
    wall: float
    letters: int
    peak: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--hostile", action="store_true")
    arguments = parser.parse_args()
    collection = Path(os.environ["SHUXIANG_COLLECTION"])
    if arguments.hostile:
        show_hostile(collection)
        return
    samples = find_samples(collection / "files")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| what | files | MB | workers | files/s | MB/s | largest child, MB |\n|---|---|---|---|---|---|---|")
    for kind in sorted({s.kind for s in samples}):
        some = [s for s in samples if s.kind == kind]
        for workers in WORKERS:
            show(f"facts and text, {kind}", workers, run(some, workers))
    for kind in ("PDF", "EPUB"):
        some = repeated([s for s in samples if s.kind == kind], arguments.megabytes << 20)
        for workers in WORKERS:
            show(f"text, {kind} repeated", workers, run(some, workers, facts=False))
    page = made_up_page()
    for workers in WORKERS:
        show("tile packs, 6000 × 8000", workers, run_tiles(page, arguments.pages, workers))


def find_samples(folder: Path) -> list[Sample]:
    samples = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            media_type = sniff(file.read(HEAD_SIZE), path.name)
        samples.append(Sample(path, media_type, path.stat().st_size))
    return [s for s in samples if s.media_type in TEXT_TYPES or s.media_type.startswith(("audio/", "video/", "image/"))]


def repeated(samples: Sequence[Sample], size: int) -> list[Sample]:
    found, total = [], 0
    for sample in cycle(samples):
        if total >= size:
            break
        found.append(sample)
        total += sample.size
    return found


def run(samples: Sequence[Sample], workers: int, *, facts: bool = True) -> Rate:
    def work(sample: Sample, renditions: Renditions) -> int:
        if facts:
            learn_facts(sample.path, sample.media_type, renditions)
        if sample.media_type not in TEXT_TYPES:
            return 0
        with FileSource(sample.path) as source:
            found = Extraction(renditions.sandbox).text(source, sample.media_type)
        return sum(len(section.text) for section in found.sections)

    return measured([(lambda r, s=s: work(s, r)) for s in samples], workers, sum(s.size for s in samples))


def run_tiles(page: bytes, pages: int, workers: int) -> Rate:
    def work(renditions: Renditions) -> int:
        renditions.make_tilepack([BytesSource(page)], io.BytesIO())
        return 0

    return measured([work] * pages, workers, len(page) * pages)


def measured(jobs: Sequence[Callable[[Renditions], int]], workers: int, size: int) -> Rate:
    with Renditions(Sandbox(jobs=workers)) as renditions, Peak() as peak, ThreadPoolExecutor(workers) as pool:
        renditions.warm()
        start = time.perf_counter()
        letters = sum(pool.map(lambda job: job(renditions), jobs))
        return Rate(len(jobs), size, time.perf_counter() - start, letters, peak.most)


class Peak:
    """Watches this process's descendants, 50 times a second, for the largest resident set."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(0.02):
            for child in own.children(recursive=True):
                try:
                    self.most = max(self.most, child.memory_info().rss)
                except psutil.Error:
                    continue


def show(what: str, workers: int, rate: Rate) -> None:
    letters = f", {rate.letters / rate.wall / 1e6:.1f} M letters/s" if rate.letters else ""
    print(
        f"| {what}{letters} | {rate.files} | {rate.size / 1e6:.1f} | {workers} | {rate.files / rate.wall:.1f} "
        f"| {rate.size / 1e6 / rate.wall:.1f} | {rate.peak >> 20} |",
        flush=True,
    )


def made_up_page() -> bytes:
    """A page with the grain of a scan: a JPEG of about the size that a scanner gives."""
    grain = Image.effect_noise((1500, 2000), 40).resize((6000, 8000), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    grain.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def show_hostile(collection: Path) -> None:
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
    try:
        main()
    except RenditionError as error:
        raise SystemExit(f"a file of the collection could not be used: {error}") from error
