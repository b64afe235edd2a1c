"""How fast facts, text, peaks, covers and tiles are taken from files, on one and two workers, and what that needs.

SHUXIANG_COLLECTION=… python benchmarks/extraction.py [--megabytes 100] [--pages 8] [--rounds 1] [--only text]

Every kind of file: the collection's own, made-up ones where it has none, repeated until there are enough of them for a
figure. PDFs and EPUBs again and again until `--megabytes` were read, beside `pdftotext` where poppler-utils is
installed. Tile packs of `--pages` made-up pages of 48 megapixels of each sort. At last one large book and the whole
collection are built. Beside each figure stands what reading and hashing the same bytes takes, for no packager does
less. Of several rounds the best of each counts, one worker and two in turn: on a shared machine the others say what
else was going on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import scans
from gauge import Job, Rate, measured, plainly, read_and_hash
from kinds import Sample, find_samples, repeated

from indexer.errors import RenditionError
from indexer.renditions import FileSource, Renditions
from indexer.renditions.api import TILE_LIMITS
from indexer.renditions.extraction import FACT_LIMITS, PEAKS_LIMITS, PEAKS_TYPES, TEXT_LIMITS, TEXT_TYPES, Extraction
from indexer.renditions.sandbox import Limits
from packager.build import BuildOptions, build
from packager.cutting import Cutter, Sheet
from packager.derivatives import COVERABLE
from packager.facts import learn_facts
from packager.format.files import RealFiles

PARTS = ("kinds", "text", "peaks", "covers", "tiles", "build")
ENOUGH_FILES, ENOUGH_BYTES = 60, 20_000_000
ROUNDS = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    arguments = parser.parse_args()
    global ROUNDS
    ROUNDS = arguments.rounds
    named = os.environ.get("SHUXIANG_COLLECTION")
    collection = Path(named) if named else None
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    show_bounds()
    with tempfile.TemporaryDirectory(prefix="extraction-") as folder:
        scratch = Path(folder)
        samples = find_samples(collection / "files" if collection else None, scratch / "made")
        if "kinds" in arguments.only:
            show_kinds(samples)
        if "text" in arguments.only:
            show_text(samples, arguments.megabytes * 1_000_000)
        if "peaks" in arguments.only:
            show_peaks(samples)
        if "covers" in arguments.only:
            show_covers(samples)
        if "tiles" in arguments.only:
            show_tiles(scratch, arguments.pages)
        if "build" in arguments.only:
            show_build(collection, scratch, arguments.pages)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def show_bounds() -> None:
    bounds = {
        "facts": FACT_LIMITS,
        "text": TEXT_LIMITS,
        "peaks": PEAKS_LIMITS,
        "covers": Limits(),
        "tiles": TILE_LIMITS,
    }
    told = (f"{name} {limit.memory >> 20} MB and {limit.cpu} s of CPU" for name, limit in bounds.items())
    print("a child may have: " + "; ".join(told))


def heading(title: str) -> None:
    print(f"\n{title}\n")
    print(
        "| what | files | MB | a second, 1 worker | 2 | ratio | MB/s, 1 | 2 | CPU ms each | hashing alone, MB/s "
        "| largest child, MB | all children, MB |\n|---|" + "---:|" * 11
    )


def row(what: str, samples: Sequence[Sample], work: Callable[[Sample, Renditions], int]) -> None:
    """Measure `work` on the samples and print the line."""
    jobs: list[Job] = [(lambda renditions, s=s: work(s, renditions)) for s in samples]
    plain, _ = best(lambda workers: plainly(read_and_hash, [s.path for s in samples], workers))
    line(what, sum(s.size for s in samples), best(lambda workers: measured(jobs, workers)), plain)


def best(run: Callable[[int], Rate]) -> tuple[Rate, Rate]:
    """The quickest rounds with one and with two workers."""
    rounds = [(run(1), run(2)) for _ in range(ROUNDS)]
    one, two = (min(rates, key=lambda rate: rate.wall) for rates in zip(*rounds, strict=True))
    return one, two


def line(what: str, size: int, rates: tuple[Rate, Rate], plain: Rate | None = None) -> None:
    one, two = rates
    letters = f", {two.letters / two.wall / 1e6:.1f} million letters/s" if two.letters else ""
    hashing = f"{size / plain.wall / 1e6:.0f}" if plain else ""
    memory = f"{two.largest >> 20} | {two.together >> 20}" if two.largest else " | "
    print(
        f"| {what}{letters} | {two.jobs} | {size / 1e6:.1f} | {one.jobs / one.wall:.2f} | {two.jobs / two.wall:.2f} "
        f"| {one.wall / two.wall:.2f} | {size / one.wall / 1e6:.1f} | {size / two.wall / 1e6:.1f} "
        f"| {one.cpu / one.jobs * 1e3:.0f} | {hashing} | {memory} |",
        flush=True,
    )


def enough(samples: Sequence[Sample]) -> list[Sample]:
    """The samples in turn, so many that their time can be taken."""
    found = list(samples)
    while len(found) < ENOUGH_FILES and sum(s.size for s in found) < ENOUGH_BYTES:
        found += samples
    return found


def facts_and_text(sample: Sample, renditions: Renditions) -> int:
    """What the packager asks of a file; the number of letters."""
    learn_facts(sample.path, sample.media_type, renditions)
    return text(sample, renditions) if sample.media_type in TEXT_TYPES else 0


def text(sample: Sample, renditions: Renditions) -> int:
    with FileSource(sample.path) as source:
        found = Extraction(renditions.sandbox).text(source, sample.media_type)
    return sum(len(section.text) for section in found.sections)


def show_kinds(samples: dict[str, tuple[list[Sample], bool]]) -> None:
    heading("facts, and text where there is any")
    for kind, (some, made_up) in samples.items():
        row(f"{kind}{' (made up)' if made_up else ''}", enough(some), facts_and_text)


def show_text(samples: dict[str, tuple[list[Sample], bool]], size: int) -> None:
    heading("text alone")
    for kind in ("PDF", "EPUB"):
        if kind in samples:
            row(kind, repeated(samples[kind][0], size), text)
    program = shutil.which("pdftotext")
    if program is None:
        print("left out: pdftotext is not installed (poppler-utils)")
    elif "PDF" in samples:
        some = repeated(samples["PDF"][0], size)
        paths = [s.path for s in some]

        def other(path: Path) -> int:
            done = subprocess.run([program, "-q", path, "-"], stdout=subprocess.PIPE, check=False)
            return len("".join(done.stdout.decode("utf-8", "replace").split()))

        line("PDF by pdftotext", sum(s.size for s in some), best(lambda n: plainly(other, paths, n)))


def show_peaks(samples: dict[str, tuple[list[Sample], bool]]) -> None:
    def peaks(sample: Sample, renditions: Renditions) -> int:
        with FileSource(sample.path) as source:
            Extraction(renditions.sandbox).peaks(source, sample.media_type)
        return 0

    heading("peaks of recordings")
    for kind, (some, made_up) in samples.items():
        usable = [s for s in some if s.media_type in PEAKS_TYPES]
        if usable:
            row(f"{kind}{' (made up)' if made_up else ''}", enough(usable), peaks)


def show_covers(samples: dict[str, tuple[list[Sample], bool]]) -> None:
    def cover(sample: Sample, renditions: Renditions) -> int:
        with FileSource(sample.path) as source:
            renditions.cover(source, sample.media_type)
        return 0

    heading("covers")
    for kind, (some, made_up) in samples.items():
        usable = [s for s in some if s.media_type.startswith(COVERABLE)]
        if usable:
            row(f"{kind}{' (made up)' if made_up else ''}", enough(usable), cover)


def show_tiles(scratch: Path, pages: int) -> None:
    """Pages a second of packs as the packager writes them."""
    heading("tile packs, pages of 6000 × 8000")
    for kind in (*scans.KINDS, scans.JPEG_2000):
        path = scratch / f"{kind}.scan"
        path.write_bytes(scans.page(kind))

        def packed(workers: int, path: Path = path) -> Job:
            def write(renditions: Renditions) -> int:
                with Cutter(renditions, scratch, workers, kept=0) as cutter, (scratch / "pack").open("wb") as out:
                    cutter.write((Sheet(str(number), 1, path) for number in range(pages)), out)
                return 0

            return write

        size = path.stat().st_size * pages
        paths = [path] * pages
        plain, _ = best(lambda n, paths=paths: plainly(read_and_hash, paths, n))
        rates = best(lambda n, packed=packed: replace(measured([packed(n)], n), jobs=pages))
        tiles = (scratch / "pack").stat().st_size / pages / 1e6
        line(f"{kind}, {tiles:.2f} MB of tiles a page", size, rates, plain)


def show_build(collection: Path | None, scratch: Path, pages: int) -> None:
    """Whole builds with one and with two workers, and once more when nothing changed."""
    book = scratch / "book"
    book.mkdir()
    body = scans.page("colour")
    names = [f"{number:03d}.jpg" for number in range(pages)]
    for number, name in enumerate(names):
        (book / name).write_bytes(body + bytes(number))  # other bytes, or it would be cut once
    (book / "catalogue.csv").write_text(f"id,title,type,files\nb,大书,book,{';'.join(names)}\n", encoding="utf-8")
    sources = {f"one book of {pages} pages of 6000 × 8000": book}
    if collection:
        sources["the collection"] = collection
    print("\n| build | workers | wall s | resources | payload, MB | items.txt |\n|---|---:|---:|---:|---:|---|")
    for name, source in sources.items():
        for workers, work in ((1, "one"), (2, "two"), (2, "two")):
            options = BuildOptions("bench", "2026-11-22", "2026.11", workers=workers, quiet=True)
            start = time.perf_counter()
            made = build(source, scratch / f"{source.name}-{work}", options, RealFiles())
            took = f"{time.perf_counter() - start:.1f}"
            digest = made.release.truth["items.txt"].sha256[:12]
            print(f"| {name} | {workers} | {took} | {made.resources} | {made.size / 1e6:.0f} | {digest} |", flush=True)


if __name__ == "__main__":
    try:
        main()
    except RenditionError as error:
        raise SystemExit(f"a file of the collection could not be used: {error}") from error
