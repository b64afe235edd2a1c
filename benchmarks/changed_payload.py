"""What an update costs in bytes when 1 % of a release's payload changes: edited in place, and as new items.

    SHUXIANG_COLLECTION=… python benchmarks/changed_payload.py [--bytes 1100000000] [--share 0.01]

The payload is the collection's files, once each and as they are, and beyond them files of random bytes of 0.2 to 24
MB, which no packing helps. Edited: in files drawn by chance, stretches of 16 KiB that together are a tenth of each
are written over with random bytes, until that is the share. New: files of random bytes take the place of others until
they are the share. An update is its packs, its document and the new release's; the signed lists of a day (some 10 kB)
are not in it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from search_records import collection

from packager.build import BuildOptions, build
from packager.delta.editions import edition_of
from packager.delta.making import make_delta
from packager.format.files import RealFiles

FILES = RealFiles()
OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.10", quiet=True, workers=2)
STRETCH = 16 << 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=1_100_000_000)
    parser.add_argument("--share", type=float, default=0.01)
    options = parser.parse_args()
    print("| changed | payload | changed bytes | lists | update | of all | of what changed | made in, CPU s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for kind, change in (("edited in place", edit), ("new items", renew)):
        with tempfile.TemporaryDirectory(prefix="changed-payload-") as name:
            folder = Path(name)
            names = write_source(folder / "source", options.bytes)
            build(folder / "source", folder / "work", OPTIONS, FILES)
            shutil.copytree(folder / "work", folder / "archive", copy_function=os.link)
            changed = change(folder / "source", names, int(options.bytes * options.share))
            write_records(folder / "source", names, changed)
            build(folder / "source", folder / "work", replace(OPTIONS, edition="2026.11", seq=2), FILES)
            row(kind, folder, sum(changed.values()))


def write_source(source: Path, size: int) -> list[str]:
    """Names of files, the collection's first."""
    chance, names, total = random.Random(7), [], 0
    source.mkdir()
    found = sorted(path for path in (collection() / "files").rglob("*") if path.is_file() and path.stat().st_size)
    while total < size:
        name = f"f{len(names):05d}.dat"
        if len(names) < len(found):
            shutil.copyfile(found[len(names)], source / name)
        else:
            (source / name).write_bytes(chance.randbytes(int(chance.uniform(0.2e6, 24e6))))
        names.append(name)
        total += (source / name).stat().st_size
    write_records(source, names, {})
    return names


def write_records(source: Path, names: list[str], changed: dict[str, int]) -> None:
    with (source / "catalogue.csv").open("w", encoding="utf-8") as out:
        out.write("id,title,type,description,files\n")
        for name in names:
            more = "，增订本" if name in changed else ""
            out.write(f"{name[:-4]},第{name[1:-4]}种资料{more},book,一种资料的说明，各种各不相同：{name}。,{name}\n")


def edit(source: Path, names: list[str], size: int) -> dict[str, int]:
    """Write over; file → bytes that changed."""
    chance, changed = random.Random(5), dict[str, int]()
    for name in chance.sample(names, len(names)):
        content = bytearray((source / name).read_bytes())
        places = range(0, max(1, len(content) - STRETCH), STRETCH)
        for at in chance.sample(places, max(1, len(places) // 10)):
            content[at : at + STRETCH] = chance.randbytes(min(STRETCH, len(content) - at))
            changed[name] = changed.get(name, 0) + min(STRETCH, len(content) - at)
            if sum(changed.values()) >= size:
                break
        _put(source / name, bytes(content))
        if sum(changed.values()) >= size:
            break
    return changed


def renew(source: Path, names: list[str], size: int) -> dict[str, int]:
    """Put others in their places; file → bytes of the new one."""
    chance, changed = random.Random(5), dict[str, int]()
    for name in chance.sample(names, len(names)):
        left = size - sum(changed.values())
        if left <= 0:
            break
        changed[name] = min(left, (source / name).stat().st_size)
        _put(source / name, chance.randbytes(changed[name]))
    return changed


def _put(path: Path, content: bytes) -> None:
    path.unlink()  # the archive has the old bytes under another name
    path.write_bytes(content)


def row(kind: str, folder: Path, changed: int) -> None:
    old, new = edition_of([folder / "archive"]), edition_of([folder / "work"])
    began = time.process_time()
    head, _ = make_delta(old, new, folder / "delta", FILES, workers=2)
    spent = time.process_time() - began
    cost = head.size + (folder / "delta/delta.jsonl").stat().st_size + len(new.release.to_bytes())
    payload = sum(disk.bytes for disk in new.release.disks)
    lists = sum(digest.size for digest in new.release.truth.values())
    all_ = payload + lists
    print(
        f"| {kind} | {payload:,} | {changed:,} ({100 * changed / payload:.2f} %) | {lists:,} | {cost:,} "
        f"| {100 * cost / all_:.3f} % | {cost / changed:.3f} × | {spent:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
