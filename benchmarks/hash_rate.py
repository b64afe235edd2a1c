"""The rate of reading and hashing payload that no cache holds: building, writing, verifying, beside a plain loop.

    python benchmarks/hash_rate.py [--distinct 10.5] [--rounds 5]

`--distinct` GB of random bytes in films of 4 MB are built, signed and written to a drive by `packager`; then, in turn
and each time with the page cache dropped, a plain loop reads and hashes the drive's payload and `packager verify`
checks it. With the defaults the loop reads 52 GB and `verify` as much. All rates are of payload, 1 MB = 10⁶ bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plug_in import drop_cache, hash_files
from shared_payload import film

ROOT = Path(__file__).resolve().parent.parent
FILM = 4_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distinct", type=float, default=10.5, help="GB of distinct payload")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"page cache dropped before each measurement: {'yes' if drop_cache() else 'no, not permitted'}")
    count = round(options.distinct * 1e9 / FILM)
    size = count * FILM
    with tempfile.TemporaryDirectory(prefix="hash-rate-") as scratch:
        folder = Path(scratch)
        source, work, keys, drive = (folder / name for name in ("source", "work", "keys", "drive"))
        write_source(source, count)
        packager("keys", "init", keys, "--demonstration")
        rates: dict[str, list[tuple[float, float]]] = {}

        def note(name: str, work: Callable[[], object]) -> None:
            drop_cache()
            rates.setdefault(name, []).append(timed(work))
            wall, cpu = rates[name][-1]
            print(f"  {name}: {size / wall / 1e6:.0f} MB/s, {cpu / size * 1e9:.2f} CPU s/GB", flush=True)

        note("packager build", lambda: packager("build", source, "--work", work, "--issued", "2026-11-22"))
        shutil.rmtree(source)
        packager("sign", work, "--keys", keys, "--passphrases", keys / "demonstration-passphrases.txt")
        note("packager drive", lambda: packager("drive", work, drive))
        shutil.rmtree(work)
        payload = sorted(path for path in (drive / "bag" / "data").rglob("*") if path.is_file())
        for _ in range(options.rounds):
            note("plain loop", lambda: hash_files(payload))
            note("packager verify", lambda: packager("verify", drive, "--root", keys / "root.json"))
    load = os.getloadavg()[0]
    print(f"\n{count:,} films, {size / 1e9:.1f} GB; medians of {options.rounds} rounds; load {load:.1f}")
    print(f"{'':18}{'MB/s':>8}{'CPU s/GB':>10}{'4 TB, h':>9}{'GB read':>9}")
    for name, found in rates.items():
        rate = size / statistics.median(wall for wall, _ in found) / 1e6
        cpu = statistics.median(cpu for _, cpu in found) / size * 1e9
        read = len(found) * size / 1e9
        print(f"{name:18}{rate:>8.0f}{cpu:>10.2f}{4e6 / rate / 3600:>9.1f}{read:>9.0f}")


def write_source(source: Path, count: int) -> None:
    """catalogue.jsonl and one film of random bytes for each record."""
    source.mkdir()
    with (source / "catalogue.jsonl").open("w", encoding="utf-8") as out:
        for n in range(count):
            (source / f"{n}.mp4").write_bytes(film(FILM, os.urandom(FILM)))
            record = {"id": f"film-{n:06}", "title": f"讲座 {n}", "type": "video", "files": [f"{n}.mp4"]}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def packager(*words: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", "packager.cli", *map(str, words)], cwd=ROOT, capture_output=True)
    if done.returncode not in {0, 1}:
        said = (done.stdout + done.stderr).decode(errors="replace")
        sys.exit(f"packager {words[0]}: {done.returncode}\n{said[-2000:]}")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and CPU seconds of this process and of children that have ended."""
    before, start = cpu_seconds(), time.perf_counter()
    work()
    os.sync()
    return time.perf_counter() - start, cpu_seconds() - before


def cpu_seconds() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


if __name__ == "__main__":
    main()
