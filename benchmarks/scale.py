"""A drive of up to a million items and 4 TB: source, build, sign, write, check, plug in, serve, beside smaller ones.

    SHUXIANG_COLLECTION=… python benchmarks/scale.py [--records 10000 100000 1000000] [--size 4000000] [--rounds 3]

Every record has one film of `--size` bytes; the bytes are shared (`shared_payload.py`), so what is measured is all that
a drive of so many real files costs but reading, hashing and writing its payload: `hash_rate.py` measures the rate of
that, and the last lines compute from `--rate` what it adds. Every step is a process of its own; memory is the most
that it and its children held for themselves (anonymous), looked at five times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from national import records
from plug_in import (
    anonymous_mb,
    copy_files,
    cpu_seconds,
    drop_cache,
    family,
    first_item,
    hash_files,
    plug,
    tag_files,
    timed,
)
from search_records import collection
from shared_payload import Sharing, write_source

from packager import cli

ROOT = Path(__file__).resolve().parent.parent
_LOOKS = 0.2
_AIM = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--size", type=int, default=4_000_000, help="bytes of each film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.0, help="MB/s of reading and hashing, from hash_rate.py")
    parser.add_argument("--folder", type=Path, help="keep the drives here; what is there is used again")
    parser.add_argument("--step", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        sys.exit(step(options.step))
    collection()
    print(f"page cache dropped before each measurement: {'yes' if drop_cache() else 'no, not permitted'}")
    results = []
    with tempfile.TemporaryDirectory(prefix="scale-benchmark-") as scratch:
        for count in options.records:
            folder = (options.folder or Path(scratch)) / str(count)
            results.append(measure(folder, count, options))
            print_rows(results, options)
            if options.folder is None:
                shutil.rmtree(folder)


def step(words: list[str]) -> int:
    """One step in this process."""
    if words[0] == "source":
        return 0 if write_source(Path(words[1]), records(int(words[2]), collection=collection()), int(words[3])) else 1
    with Sharing() as sharing:
        code = cli.main(words)
    if sharing.named:
        print(f"read and hashed {sharing.hashed / 1e9:.1f} GB for {sharing.named / 1e12:.2f} TB")
    return code


def measure(folder: Path, count: int, options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one size."""
    source, work, keys, drive = (folder / name for name in ("source", "work", "keys", "drive"))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"payload TB": count * options.size / 1e12}
    if not (drive / "tuf").is_dir():
        phrases = keys / "demonstration-passphrases.txt"
        steps = {
            "source": ("source", source, count, options.size),
            "keys": ("keys", "init", keys, "--demonstration"),
            "build": ("build", source, "--work", work, "--issued", "2026-11-22"),
            "sign": ("sign", work, "--keys", keys, "--passphrases", phrases),
            "write": ("drive", work, drive),
        }
        for name, words in steps.items():
            if name in {"source", "keys"} and (folder / name).is_dir():
                continue
            found[name] = run(words)
        for left in (work, source):
            shutil.rmtree(left)
    found["inspect"] = run(("inspect", drive))
    found["verify --quick"] = run(("verify", drive, "--quick", "--root", keys / "root.json"))
    return {**found, **plugged(folder, drive, options.rounds)}


def run(words: tuple[Any, ...]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and the most anonymous MB of a step in a process of its own."""
    drop_cache()
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--step", *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
    reader.start()
    most = cpu = 0.0
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):  # a child ended between two looks
            most, cpu = max(most, sum(map(anonymous_mb, family(process.pid)))), cpu_seconds(process.pid)
        time.sleep(_LOOKS)
    wall = time.perf_counter() - start
    reader.join()
    if process.returncode not in {0, 1}:
        sys.exit(f"{words[0]}: {process.returncode}\n{b''.join(said).decode(errors='replace')[-2000:]}")
    told = [line for line in said if line.startswith(b"read and hashed")]
    print(f"  {words[0]}: {wall:.1f} s, {cpu:.1f} CPU s, {most:.0f} MB {b''.join(told).decode().strip()}", flush=True)
    return wall, cpu, most


def plugged(folder: Path, drive: Path, rounds: int) -> dict[str, float]:
    """Reading and hashing the tag files, copying them durably, and plugging in, in turn; medians."""
    tags, item = tag_files(drive), first_item(drive)
    each: list[dict[str, float]] = []
    for n in range(rounds):
        drop_cache()
        _, hashing = timed(lambda: hash_files(tags))
        drop_cache()
        _, copying = timed(lambda n=n: copy_files(tags, folder / f"copy-{n}"))
        shutil.rmtree(folder / f"copy-{n}")
        drop_cache()
        box = plug(folder / f"box-{n}", folder / "keys" / "root.json", drive, item)
        each.append({"read and hash tag files": hashing, "keep them durably": copying, **box})
    medians = {name: statistics.median(one[name] for one in each) for name in each[0]}
    return {"tag files MB": sum(path.stat().st_size for path in tags) / 1e6, **medians}


def print_rows(results: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """The sizes side by side; of a step wall seconds, CPU seconds and MB."""
    heads = "".join(f"{result['payload TB'] * 1e12 / options.size:>24,.0f}" for result in results)
    print(f"\n{'records':28}{heads}" + f"{'growth':>9}")
    for name in results[-1]:
        cells = [cell(result.get(name), result, name) for result in results]
        print(f"{name:28}" + "".join(f"{text:>24}" for text in cells) + growth(results, name))
    last = results[-1]
    ratio = last["first item"] / last["read and hash tag files"]
    verdict = "met" if ratio <= _AIM else "MISSED"
    print(f"first verified bytes after {ratio:.2f} × reading and hashing the tag files; aim {_AIM}: {verdict}")
    if options.rate:
        payload = last["payload TB"]
        hours = payload * 1e6 / options.rate / 3600
        print(
            f"computed: reading and hashing {payload:.1f} TB of payload at {options.rate:.0f} MB/s takes {hours:.1f} h"
        )


def cell(value: Any, result: dict[str, Any], name: str) -> str:
    if isinstance(value, tuple):
        return f"{value[0]:.1f} s {value[1]:.1f} CPU {value[2]:.0f} MB"
    if value is None:
        return "-"
    if name in {"ready", "first item", "first search", "again", "keep them durably"}:
        return f"{value:.2f} ({value / result['read and hash tag files']:.2f} ×)"
    return f"{value:,.2f}"


def growth(results: list[dict[str, Any]], name: str) -> str:
    if len(results) < 2:
        return ""
    before, after = (r.get(name) for r in results[-2:])
    if isinstance(before, tuple) and isinstance(after, tuple):
        return f"{after[1] / before[1]:>9.1f}" if before[1] else ""
    return f"{after / before:>9.1f}" if before and after else ""


if __name__ == "__main__":
    main()
