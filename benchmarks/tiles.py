"""Which form the tiles of large pages shall have: rate, bytes, likeness and unpacking of each, in one run side by side.

SHUXIANG_COLLECTION=… python benchmarks/tiles.py [--pages 2] [--width 6000] [--height 8000]

Pages are made up (see `benchmarks.scans`); the photograph is the collection's largest, when one is named. Every form is
cut on one and on two processes of one thread each. Likeness is that of the full-sized level to the page's luminance:
PSNR in decibels, and mean SSIM of blocks of 8 × 8. Unpacking is by Pillow, whose libraries are those of browsers.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

os.environ["VIPS_CONCURRENCY"] = "1"  # as in the confined children

import numpy as np
import scans
from PIL import Image

from indexer.renditions import libvips, tiles

Image.MAX_IMAGE_PIXELS = None
SHADED = (
    *(f".webp[Q=80,effort={effort},keep=none]" for effort in range(5)),
    ".webp[Q=80,effort=2,preset=text,keep=none]",
    ".jpeg[Q=65,optimize_coding,keep=none]",
    ".jpeg[Q=75,keep=none]",
    ".jpeg[Q=75,optimize_coding,keep=none]",
    ".jpeg[Q=80,optimize_coding,keep=none]",
    ".jpeg[Q=85,optimize_coding,keep=none]",
)
GREY = (
    ".webp[Q=80,effort=0,keep=none]",
    ".webp[Q=80,effort=2,keep=none]",
    ".jpeg[Q=75,keep=none]",
    ".jpeg[Q=75,optimize_coding,keep=none]",
)
BILEVEL = (
    ".webp[Q=80,effort=2,keep=none]",
    ".jpeg[Q=75,optimize_coding,keep=none]",
    ".webp[lossless,Q=0,effort=0,keep=none]",
    ".webp[lossless,Q=0,effort=1,keep=none]",
    ".webp[lossless,Q=25,effort=2,keep=none]",
    ".webp[lossless,effort=4,keep=none]",
    ".png[compression=6,keep=none]",
    ".png[bitdepth=4,compression=6,keep=none]",
)
FORMS = {"colour": SHADED, "grey": GREY, "bilevel": BILEVEL, "photograph": SHADED}
SIZES = (254, 510, 1022)
_BLOCK = 8


@dataclass(frozen=True)
class Job:
    """A page to cut: its file, the form of its tiles, their size, and below what spread of shades they are left out."""

    body: bytes
    suffix: str
    tile: int = tiles.TILE
    skip: int = -1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2)
    parser.add_argument("--width", type=int, default=6000)
    parser.add_argument("--height", type=int, default=8000)
    arguments = parser.parse_args()
    bodies = {kind: scans.page(kind, arguments.width, arguments.height) for kind in scans.KINDS}
    with pool(1) as one, pool(2) as two:
        for workers in (one, two):  # so that no figure holds the start of a process
            list(workers.map(seconds, [Job(bodies["bilevel"], tiles.BILEVEL)] * 4))
        print(
            f"pages of {arguments.width} × {arguments.height}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        for kind, body in bodies.items():
            print(f"\n{kind}, {len(body) / 1e6:.1f} MB as delivered\n")
            heading("form")
            for suffix in FORMS[kind]:
                row(suffix, Job(body, suffix), arguments.pages, one, two)
        for kind, suffix in (("colour", tiles.SHADED), ("bilevel", tiles.BILEVEL)):
            print(f"\n{kind}, {suffix}\n")
            heading("size of tiles")
            for size in SIZES:
                row(str(size), Job(bodies[kind], suffix, size), arguments.pages, one, two)
            row("510, blank ones left out", Job(bodies[kind], suffix, skip=5), arguments.pages, one, two)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def heading(what: str) -> None:
    print(
        f"| {what} | pages/s, 1 process | 2 | CPU s a page | MB | files | PSNR | SSIM | unpacking, CPU ms a megapixel |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")


def row(name: str, job: Job, pages: int, one: ProcessPoolExecutor, two: ProcessPoolExecutor) -> None:
    pack, cpu = next(iter(one.map(cut, [job])))
    alone = rate([job] * pages, one)
    both = rate([job] * pages * 2, two)
    files = sum(not name.endswith("/") for name in zipfile.ZipFile(io.BytesIO(pack)).namelist())
    psnr, ssim, unpack = next(iter(one.map(likeness, [job.body], [pack], [job.tile])))
    shown = "exact" if psnr == np.inf else f"{psnr:.1f}"
    print(
        f"| `{name}` | {alone:.2f} | {both:.2f} | {cpu:.2f} | {len(pack) / 1e6:.2f} | {files} | {shown} | {ssim:.3f} "
        f"| {unpack:.1f} |",
        flush=True,
    )


def rate(jobs: Sequence[Job], pool: ProcessPoolExecutor) -> float:
    """Pages a second of wall time."""
    start = time.perf_counter()
    list(pool.map(seconds, jobs))
    return len(jobs) / (time.perf_counter() - start)


def cut(job: Job) -> tuple[bytes, float]:
    """The pack of a page, and the CPU seconds that it took; the same calls as in the confined child."""
    start = time.process_time()
    picture = libvips.opened(io.BytesIO(job.body), 1)
    assert picture is not None
    pack = tiles.cut(libvips.plain(picture), job.suffix, job.tile, job.skip)
    return pack, time.process_time() - start


def seconds(job: Job) -> float:
    return cut(job)[1]


def likeness(body: bytes, pack: bytes, tile: int) -> tuple[float, float, float]:
    """PSNR and SSIM of the full-sized level, and the milliseconds that unpacking a megapixel of it takes."""
    page = np.asarray(Image.open(io.BytesIO(body)).convert("L"))
    shown = np.full_like(page, 255)
    took = 0.0
    for column, row_, encoded in full_size(pack):
        start = time.process_time()
        unpacked = Image.open(io.BytesIO(encoded)).convert("RGB")
        took += time.process_time() - start
        left, top = min(column, 1), min(row_, 1)  # the overlap with the tile before
        own = np.asarray(unpacked.convert("L"))[top : top + tile, left : left + tile]
        shown[row_ * tile : row_ * tile + own.shape[0], column * tile : column * tile + own.shape[1]] = own
    return *compared(page, shown), took * 1e3 / (page.size / 1e6)


def full_size(pack: bytes) -> Iterator[tuple[int, int, bytes]]:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        found = [re.fullmatch(r"t_files/(\d+)/(\d+)_(\d+)\.\w+", name) for name in archive.namelist()]
        places = [m for m in found if m]
        top = max(int(m[1]) for m in places)
        for m in places:
            if int(m[1]) == top:
                yield int(m[2]), int(m[3]), archive.read(m[0])


def compared(page: np.ndarray, shown: np.ndarray) -> tuple[float, float]:
    """PSNR and mean SSIM, a stripe of rows at a time."""
    squares, ssims = 0.0, []
    height, width = (side // _BLOCK * _BLOCK for side in page.shape)
    for top in range(0, height, _BLOCK * 64):
        a, b = (x[top : min(top + _BLOCK * 64, height), :width].astype(np.float32) for x in (page, shown))
        squares += float(((a - b) ** 2).sum(dtype=np.float64))
        a, b = (x.reshape(-1, _BLOCK, width // _BLOCK, _BLOCK).swapaxes(1, 2) for x in (a, b))
        means, others = a.mean((2, 3)), b.mean((2, 3))
        spread, other = a.var((2, 3)), b.var((2, 3))
        both = (a * b).mean((2, 3)) - means * others
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        alike = (2 * means * others + c1) * (2 * both + c2)
        ssims.append((alike / ((means**2 + others**2 + c1) * (spread + other + c2))).ravel())
    mean = squares / (height * width)
    return (float("inf") if not mean else 10 * np.log10(255**2 / mean)), float(np.concatenate(ssims).mean())


if __name__ == "__main__":
    main()
