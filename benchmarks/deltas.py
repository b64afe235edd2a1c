"""Bytes of a delta for really edited files, beside the floor and other ways, and the cost of a whole delta.

    SHUXIANG_COLLECTION=… python benchmarks/deltas.py [--records 20000] [--fresh 200]

Edits: a chapter of an EPUB, a PDF with an update at its end and one written anew, a comment in a JPEG, the header of
an MP4, the catalogue and the list of items when 1 % changed. For each: the whole file; rsync-like (blocks of 2 KiB of
the old file found anywhere in the new one, the rest sent as it is); content-defined chunks of 16 KiB on the mean;
`zstd -19 --long=27 --patch-from`, the floor; ours. Before that two editions of many records, 1 % of the records
changed, 1 % of the payload edited or replaced by new items.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2

from packager.build import BuildOptions, build
from packager.delta.editions import edition_of
from packager.delta.making import make_delta
from packager.format.delta_apply import PackStream, apply_list
from packager.format.deltas import read_delta
from packager.format.files import RealFiles
from packager.format.patches import make_frame, windows_of

BLOCK = 2048
MEAN = 16 << 10
LARGE = 150_000_000
FILES = RealFiles()
OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.10", quiet=True, workers=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--each", type=int, default=8, help="files of a kind, the largest first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deltas-") as name:
        lists = editions(Path(name) / "edits", options.records, "edits")
        editions(Path(name) / "new-items", options.records, "new items")
        if folder := os.environ.get("SHUXIANG_COLLECTION"):
            print()
            edited_files(Path(folder), Path(name), options.each, lists)


# — edited files —


def edited_files(collection: Path, scratch: Path, each: int, lists: dict[str, tuple[bytes, bytes, int]]) -> None:
    kinds: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
        "EPUB, a chapter": ("*.epub", edited_epub),
        "PDF, an update at its end": ("*.pdf", lambda old: old + b"\n% an incremental update\n" + bytes(600)),
        "PDF, written anew": ("*.pdf", rewritten_pdf),
        "JPEG, a comment": ("*.jpg", lambda old: old[:2] + b"\xff\xfe" + struct.pack(">H", 402) + b"x" * 400 + old[2:]),
        "MP4, its header": ("*.mp4", edited_mp4),
    }
    print(
        "| edited | files | whole | rsync-like | chunks by content | zstd --patch-from | ours | ours : floor | CPU s |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    total: dict[str, int] = defaultdict(int)
    for kind, (pattern, edit) in kinds.items():
        found: dict[str, int] = defaultdict(int)
        spent = 0.0
        paths = sorted((collection / "files").rglob(pattern), key=lambda path: (-path.stat().st_size, path.name))
        for path in paths[:each]:
            old = path.read_bytes()
            try:
                new = edit(old)
            except Exception as error:  # noqa: BLE001 - hostile samples are among them
                print(f"left out: {path.name}: {error}", file=sys.stderr)
                continue
            began = time.process_time()
            ours = patch_size(old, new)
            spent += time.process_time() - began
            add(found, old, new, ours, scratch)
        row(kind, found, spent)
        for name, count in found.items():
            total[name] += count
    for kind, (old, new, ours) in lists.items():
        found = defaultdict(int)
        add(found, old, new, ours, scratch)
        row(kind, found, 0.0)
        for name, count in found.items():
            total[name] += count
    row("all, up to 64 MiB", total, 0.0)
    old, found = random.Random(9).randbytes(LARGE), defaultdict(int)
    new = old[:50] + b"title" * 60 + old[50 : LARGE // 2] + old[LARGE // 2 + 5000 :] + bytes(100_000)
    began = time.process_time()
    ours = patch_size(old, new)
    spent = time.process_time() - began
    add(found, old, new, ours, scratch, others=False)  # these would take gigabytes of memory
    row("larger: 150 MB, header, a cut, an end", found, spent)


def add(found: dict[str, int], old: bytes, new: bytes, ours: int, scratch: Path, *, others: bool = True) -> None:
    found["files"] += 1
    found["whole"] += len(new)
    found["rsync"] += rsync_like(old, new) if others else 0
    found["chunks"] += by_content(old, new) if others else 0
    found["floor"] += floor(old, new, scratch)
    found["ours"] += ours


def patch_size(old: bytes, new: bytes) -> int:
    """Bytes of our frames, window by window."""
    found = 0
    for first, size, start, count in windows_of(len(new), len(old)):
        found += min(size, len(make_frame(new[first : first + size], old[start : start + count])))
    return found


def row(kind: str, found: dict[str, int], spent: float) -> None:
    cells = [f"{found[name]:,}" for name in ("files", "whole", "rsync", "chunks", "floor", "ours")]
    print(f"| {kind} | {' | '.join(cells)} | {found['ours'] / max(1, found['floor']):.3f} | {spent:.1f} |", flush=True)


def edited_epub(old: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(old)) as before, zipfile.ZipFile(out, "w") as after:
        pages = [info for info in before.infolist() if info.filename.endswith((".xhtml", ".html", ".htm"))]
        chosen = max(pages, key=lambda info: info.file_size).filename
        for info in before.infolist():
            content = before.read(info)
            if info.filename == chosen:
                middle = content.find(b"</p>", len(content) // 2)
                content = content[:middle] + "改正的一句。".encode() + content[middle:]
            after.writestr(info, content, info.compress_type)
    return out.getvalue()


def rewritten_pdf(old: bytes) -> bytes:
    document = pypdfium2.PdfDocument(old)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def edited_mp4(old: bytes) -> bytes:
    """A free box of 300 bytes behind `ftyp`, as a tool does that writes a title."""
    end = struct.unpack(">I", old[:4])[0]
    return old[:end] + struct.pack(">I", 300) + b"free" + bytes(292) + old[end:]


def floor(old: bytes, new: bytes, scratch: Path) -> int:
    before, after, out = scratch / "old", scratch / "new", scratch / "patch"
    before.write_bytes(old)
    after.write_bytes(new)
    command = ["zstd", "-qq", "-f", "-19", "--long=27", f"--patch-from={before}", str(after), "-o", str(out)]
    subprocess.run(command, check=True)
    return out.stat().st_size


def rsync_like(old: bytes, new: bytes) -> int:
    known = {old[at : at + BLOCK] for at in range(0, len(old) - BLOCK + 1, BLOCK)}
    sums = {weak(np.frombuffer(block, "u1"))[0] for block in known}
    if len(new) < BLOCK:
        return len(new)
    candidates = np.flatnonzero(np.isin(weak(np.frombuffer(new, "u1")), np.fromiter(sums, "u8", len(sums))))
    sent, at = 0, 0
    for place in candidates.tolist():
        if place >= at and new[place : place + BLOCK] in known:
            sent += place - at + 8
            at = place + BLOCK
    return sent + len(new) - at


def weak(data: np.ndarray) -> np.ndarray:
    """A rolling sum of every stretch of `BLOCK` bytes: of the bytes, and of the bytes by their place."""
    wide = data.astype("u8")
    one = np.concatenate((np.zeros(1, "u8"), np.cumsum(wide, dtype="u8")))
    two = np.concatenate((np.zeros(1, "u8"), np.cumsum(wide * np.arange(len(wide), dtype="u8"), dtype="u8")))
    first = np.arange(len(wide) - BLOCK + 1, dtype="u8")
    plain = one[BLOCK:] - one[:-BLOCK]
    return (plain << np.uint64(32)) ^ (two[BLOCK:] - two[:-BLOCK] - first * plain)


def by_content(old: bytes, new: bytes) -> int:
    known = set(chunks(old))
    return sum(len(chunk) for chunk in chunks(new) if chunk not in known) + 32 * len(new) // MEAN


def chunks(data: bytes) -> Iterator[bytes]:
    table = np.random.default_rng(1).integers(0, 1 << 63, 256, dtype="u8")
    values = table[np.frombuffer(data, "u1")]
    rolled = np.zeros(len(data), "u8")
    for place in range(48):
        rolled[place:] ^= (values[: len(data) - place] << np.uint64(place)) if place < len(data) else 0
    cuts = np.flatnonzero((rolled >> np.uint64(20)) % np.uint64(MEAN) == 0) + 1
    at = 0
    for cut in (*cuts.tolist(), len(data)):
        if cut - at >= MEAN // 4 or cut == len(data):
            yield data[at:cut]
            at = cut


# — editions —


def editions(folder: Path, records: int, kind: str) -> dict[str, tuple[bytes, bytes, int]]:
    """Two editions of `records` records, one in ten with a file of 64 KiB that no packing helps.

    Returns:
        Their lists, as they were and are, with the bytes of our patches.
    """
    chance = random.Random(7)
    source, work = folder / "source", folder / "work"
    source.mkdir(parents=True)
    names = [f"r{n:07d}" for n in range(records)]
    for name in names[::10]:
        (source / f"{name}.dat").write_bytes(chance.randbytes(64 << 10))
    write_catalogue(source, names, {})
    build(source, work, OPTIONS, FILES)
    archive = Path(shutil.copytree(work, folder / "archive"))
    touched = dict.fromkeys(chance.sample(names, records // 100), "，增订本")
    for name in chance.sample(names[::10], max(1, records // 1000)):
        path = source / f"{name}.dat"
        if kind == "edits":
            content = bytearray(path.read_bytes())
            content[30_000:30_200] = chance.randbytes(200)
            path.write_bytes(content)
        else:
            path.write_bytes(chance.randbytes(64 << 10))
    write_catalogue(source, names, touched)
    build(source, work, replace(OPTIONS, edition="2026.11", seq=2), FILES)
    old, new = edition_of([archive]), edition_of([work])
    began, cpu = time.perf_counter(), time.process_time()
    head, _ = make_delta(old, new, folder / "delta", FILES, workers=2)
    spent = time.perf_counter() - began, time.process_time() - cpu
    document = (folder / "delta/delta.jsonl").stat().st_size
    payload = new.release.disks[0].bytes
    truth = sum(digest.size for digest in new.release.truth.values())
    all_ = head.size + document
    print(f"\n{records:,} records, {kind}: payload {payload:,}, lists {truth:,}; delta {all_:,}", end=" ")
    print(
        f"({100 * all_ / (payload + truth):.2f} % of all): catalogue {head.catalogue:,}, items {head.items:,},", end=" "
    )
    print(f"document {document:,}; made in {spent[0]:.1f} s, {spent[1]:.1f} CPU s")
    began, cpu = time.perf_counter(), time.process_time()
    with PackStream(sorted((folder / "delta").glob("pack-*"))) as stream:
        for name, size in (("catalogue.jsonl", head.catalogue), ("items.txt", head.items)):
            apply_list(stream, size, old.layout.meta_file(name), folder / name, new.release.truth[name], FILES)
    print(f"  lists applied in {time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} CPU s", end="; ")
    if kind == "edits":
        patched = floor((old.layout.catalogue).read_bytes(), new.layout.catalogue.read_bytes(), folder)
        print(f"zstd over the whole catalogue: {patched:,}")
    assert list(read_delta(folder / "delta/delta.jsonl")[1])
    return {
        f"catalogue, {records:,} records, 1 %": (
            old.layout.catalogue.read_bytes(), new.layout.catalogue.read_bytes(), head.catalogue,
        ),
        "list of items": (old.layout.items.read_bytes(), new.layout.items.read_bytes(), head.items),
    }  # fmt: skip


def write_catalogue(source: Path, names: list[str], touched: dict[str, str]) -> None:
    chance = random.Random(3)
    letters = "天地人和春夏秋冬山水风月书画琴棋诗词歌赋农林牧渔工商学医"
    with (source / "catalogue.csv").open("w", encoding="utf-8") as out:
        out.write("id,title,type,creator,subject,description,files\n")
        for name in names:
            words = ["".join(chance.choices(letters, k=n)) for n in (6, 3, 4, 60)]
            file = f"{name}.dat" if (source / f"{name}.dat").exists() else ""
            out.write(f"{name},{words[0]}{touched.get(name, '')},book,{words[1]},{words[2]},{words[3]},{file}\n")


if __name__ == "__main__":
    main()
