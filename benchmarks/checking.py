"""What it takes to look at a drive and to check every byte of it, by `packager inspect` and `packager verify`.

    python benchmarks/checking.py [--items 1000 100000] [--large 512]

For each size a drive is made of records with one small file each and one large file (MiB); then each command runs in a
process of its own: seconds, CPU seconds and peak memory. Beside it: hashing the same files with sha256sum.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from indexer.model import Item, Resource, item_id
from packager.format.layout import item_path
from tests.simulator import FastFiles, Publisher

ROOT = Path(__file__).resolve().parent.parent
PACKAGER = (sys.executable, "-m", "packager.cli")
COMMANDS = {
    "sha256sum -c": ("sh", "-c", "cd {drive}/bag && sha256sum --status -c tagmanifest-sha256.txt manifest-sha256.txt"),
    "packager inspect": (*PACKAGER, "inspect", "{drive}", "--json"),
    "packager verify --quick": (*PACKAGER, "verify", "{drive}", "--root", "{root}", "--quick", "--json"),
    "packager verify": (*PACKAGER, "verify", "{drive}", "--root", "{root}", "--json"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--large", type=int, default=512, help="MiB of the one large file")
    options = parser.parse_args()
    print("| items | command | s | CPU s | peak MiB |")
    print("|---:|---|---:|---:|---:|")
    for count in options.items:
        with tempfile.TemporaryDirectory(prefix="check-benchmark-") as scratch:
            drive = build(Path(scratch), count, options.large << 20)
            for name, command in COMMANDS.items():
                words = [w.format(drive=drive, root=Path(scratch) / "root.json") for w in command]
                begun, cpu = time.monotonic(), children()
                done = subprocess.run(["/usr/bin/env", "python3", "-c", PEAK, *words], cwd=ROOT, capture_output=True)
                if done.returncode:
                    sys.exit(f"{name}: {done.stderr.decode()[-500:]}{done.stdout.decode()[-500:]}")
                peak = int(done.stderr.split()[-1]) >> 10
                print(
                    f"| {count:,} | `{name}` | {time.monotonic() - begun:.1f} | {children() - cpu:.1f} | {peak} |",
                    flush=True,
                )


PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def build(folder: Path, count: int, large: int) -> Path:
    """A signed drive of `count` records with a file of 200 bytes each, and one with a large file."""
    records = [record(n, f"{n:08}".encode() * 25) for n in range(count)]
    records.append(record(count, bytes(large)))
    publisher = Publisher(folder / "national", files=FastFiles())
    (folder / "root.json").write_bytes(publisher.root)
    work = publisher.release(records=records)
    drive = folder / "drive"
    work.rename(drive)
    return drive


def record(number: int, content: bytes) -> tuple[Resource, dict[str, bytes]]:
    identity = f"r{number:08}"
    made = item_id(identity, "part", "a.txt")
    path = item_path(made, "txt")
    item = Item(made, "part", 0, path, "text/plain", len(content), hashlib.sha256(content).hexdigest())
    return Resource(id=identity, title=f"第{number}种", type="book", items=(item,)), {path: content}


if __name__ == "__main__":
    main()
