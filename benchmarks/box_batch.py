"""Box files of a whole country in one batch: seconds, processor seconds, whether anything is shared.

python benchmarks/box_batch.py [--libraries 2900] [--workers 2] [--again]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from provisioning import places
from provisioning.box_file import open_box
from provisioning.box_members import Library, Network, ReportTo, Support, Updates
from provisioning.derived import Secret
from provisioning.issuing import Entry, Planned, Terms, enter_made, plan_batch
from provisioning.keys import Key
from provisioning.ledger import Ledger
from provisioning.library_list import Row
from provisioning.making import write_boxes

DAY = date(2026, 11, 27)


def rows(count: int) -> list[Row]:
    """Libraries of today's counties; where there are fewer counties, second ones of the first."""
    codes = [f"{n:06}" for n in range(110000, 660000) if n % 100 and places.name_of(f"{n:06}")]
    found = []
    for n in range(count):
        again, code = divmod(n, len(codes))
        place = codes[code]
        name = f"{places.name_of(place)}图书馆"
        library = Library(f"CN-{place}" + (f"-{again + 1}" if again else ""), name, place)
        found.append(Row(n + 2, library, Support(), Updates(("https://origin.example/library",)), Network()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--libraries", type=int, default=2900)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--again", action="store_true", help="make it once more in another folder and compare")
    options = parser.parse_args()
    key, secret = Key.new(), Secret(secrets.token_bytes(32))
    root = json.dumps({"signatures": [], "signed": {"_type": "root", "filling": "x" * 4000}})
    terms = Terms(root, DAY, DAY + timedelta(days=730), DAY, ReportTo(), key.id, secret.id)
    listed = rows(options.libraries)
    with tempfile.TemporaryDirectory() as name, Ledger(Path(name) / "ledger.db") as ledger:
        folder = Path(name)

        def run(where: str) -> None:
            began, cpu = time.perf_counter(), time.process_time()
            planned = plan_batch(ledger, listed, terms, Entry("2026-11-27T02:00:00Z"))
            entered = time.perf_counter() - began
            tell = _progress(len(planned))
            made = write_boxes(planned, folder / where, key, secret, workers=options.workers, tell=tell)
            enter_made(ledger, made.files, Entry("2026-11-27T02:00:00Z"))
            seconds, used = time.perf_counter() - began, time.process_time() - cpu
            print(
                f"{where}: {len(planned):,} libraries, {made.kept:,} kept: {seconds:.1f} s, {used:.1f} s of processors "
                f"({1000 * used / len(planned):.0f} ms each), entered in {entered:.2f} s"
            )
            _compare(planned, folder / where, key, secret)

        run("first")
        run("first")
        if options.again:
            run("second")
            same = all(
                path.read_bytes() == (folder / "second" / path.relative_to(folder / "first")).read_bytes()
                for path in (folder / "first").rglob("*.*")
            )
            print(f"byte for byte the same: {same}")
        began = time.perf_counter()
        count, _ = ledger.check()
        print(f"ledger: {count:,} lines, chain compared in {time.perf_counter() - began:.2f} s")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


def _progress(total: int):
    def tell(done: int) -> None:
        if not done % 500 or done == total:
            print(f"  {done:,}", flush=True)

    return tell


def _compare(planned: list[Planned], folder: Path, key: Key, secret: Secret) -> None:
    boxes = [open_box(path.read_bytes(), [key.public]) for path in sorted((folder / "boxes").iterdir())]
    passwords = {secret.password(one.library, one.serial) for one in planned}
    hashes, keys = {box.staff.password_hash for box in boxes}, {box.recovery_key.raw for box in boxes}
    size = sum(len(box.content) for box in boxes)
    cards = sum(path.stat().st_size for path in (folder / "cards").iterdir())
    print(
        f"  files {len(boxes):,}, passwords {len(passwords):,}, hashes {len(hashes):,}, recovery keys {len(keys):,}; "
        f"{size:,} bytes of files, {cards:,} of cards"
    )
    assert len(boxes) == len(passwords) == len(hashes) == len(keys) == len(planned)


if __name__ == "__main__":
    main()
