"""From a plugged drive to the first verified byte and the first search, beside only reading and hashing its tag files.

    SHUXIANG_COLLECTION=… python benchmarks/plug_in.py [--records 1000 10000 100000] [--share 10] [--rounds 3]
    python benchmarks/plug_in.py --drives /folder/million    # with what `build_drive` left there before

For each size one drive is built, signed and written by the packager's own commands; one record in `--share` carries a
file; beyond the collection's records they come again under other ids. Then, in turn and each time with an empty page
cache where that is permitted: the tag files are read and hashed; they are copied durably to a folder, as a box copies
them; a box with an empty data folder starts, the drive's folder is renamed into the folder that it watches, and the
clock runs until the drive is ready, until an item's verified bytes arrive, and until a search answers. Last, the same
box with the drive taken out and put in again. Times are medians of the rounds. The verdict: until an item's verified
bytes it may take `AIM` times as long as reading and hashing, from `LARGE` records on.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard
from search_records import collection

from indexer.catalogue import read_records
from indexer.errors import RecordError
from indexer.records import object_to_record
from packager.format.copies import Copies
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0
AIM = 1.5
LARGE = 100_000
MEASURES = ("ready", "first item", "first search")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--drives", type=Path, nargs="+", help="folders with `drive` and `keys`; nothing is built")
    parser.add_argument("--share", type=int, default=10, help="one record in so many carries a file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep-logs", type=Path, help="folder for the box's logs")
    options = parser.parse_args()
    if not options.drives:
        collection()
    print(f"page cache dropped before each measurement: {'yes' if drop_cache() else 'no, not permitted'}")
    results = []
    for folder in options.drives or ():
        results.append({**measure(folder, options), "build": 0.0})
        print_rows(results)
    for count in () if options.drives else options.records:
        with tempfile.TemporaryDirectory(prefix="plug-benchmark-") as scratch:
            records = itertools.islice(usable(), count)
            _, building = timed(lambda at=scratch, some=records: build_drive(Path(at), some, options.share))
            results.append({**measure(Path(scratch), options), "build": building})
            print_rows(results)
    print_verdict(results)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """All figures of the drive in a folder; seconds unless the name says otherwise."""
    drive = folder / "drive"
    with DriveLayout(drive).catalogue.open("rb") as lines:
        count = sum(1 for _ in lines)
    item = first_item(drive)
    tags = tag_files(drive)
    rounds: list[dict[str, float]] = []
    for n in range(options.rounds):
        drop_cache()
        cpu = time.process_time()
        _, hashing = timed(lambda: hash_files(tags))
        hashing_cpu = time.process_time() - cpu
        drop_cache()
        _, copying = timed(lambda n=n: copy_files(tags, folder / f"copy-{n}"))
        shutil.rmtree(folder / f"copy-{n}")
        drop_cache()
        plugged = plug(folder / f"box-{n}", folder / "keys" / "root.json", drive, item, options.keep_logs)
        rounds.append({"hash": hashing, "hash CPU": hashing_cpu, "durable copy": copying, **plugged})
    found = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    return {"records": count, "tag MB": sum(p.stat().st_size for p in tags) / 1e6, **found}


def build_drive(folder: Path, records: Iterable[dict[str, Any]], share: int) -> Path:
    """A signed drive of these records."""
    source, work, keys, drive = (folder / name for name in ("source", "work", "keys", "drive"))
    write_source(source, records, share)
    packager("keys", "init", keys, "--demonstration")
    packager("build", source, "--work", work, "--issued", "2026-11-22")
    packager("sign", work, "--keys", keys, "--passphrases", keys / "demonstration-passphrases.txt")
    packager("drive", work, drive)
    shutil.rmtree(work)
    os.sync()
    return drive


def write_source(source: Path, records: Iterable[dict[str, Any]], share: int) -> None:
    """The records as they are, one in `share` with a small file of its own words."""
    source.mkdir()
    page = "床前明月光，疑是地上霜。举头望明月，低头思故乡。\n" * 200
    (source / "page.txt").write_text(page, encoding="utf-8")
    with (source / "catalogue.jsonl").open("w", encoding="utf-8") as out:
        for n, record in enumerate(records):
            files = {"files": ["page.txt"]} if n % share == 0 else {}
            out.write(json.dumps({**record, **files}, ensure_ascii=False) + "\n")


def usable() -> Iterator[dict[str, Any]]:
    for turn in itertools.count():
        for record in once():
            yield {**record, "id": f"{record['id']}-{turn}"} if turn else record


def once() -> Iterator[dict[str, Any]]:
    """Every usable record of the collection."""
    with (collection() / "records" / "records.jsonl.zst").open("rb") as raw:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")
        for number, line in enumerate(stream, 1):
            record = json.loads(line)
            try:
                object_to_record(record, number)
            except RecordError:
                continue
            yield record


def packager(*words: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", "packager.cli", *map(str, words)], cwd=ROOT, capture_output=True)
    if done.returncode not in {0, 1}:
        sys.exit(f"packager {words[0]}: {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")


def first_item(drive: Path) -> tuple[str, str, str]:
    """Id and digest of an item on the drive, and its resource's title to search for."""
    for resource in read_records(DriveLayout(drive).meta / "catalogue.jsonl"):
        if resource.items:
            return resource.items[0].id, resource.items[0].sha256, resource.title[:8]
    sys.exit("the drive carries no item")


def tag_files(drive: Path) -> list[Path]:
    layout = DriveLayout(drive)
    return [p for p in sorted(layout.bag.iterdir()) + sorted(layout.meta.rglob("*")) if p.is_file()]


def hash_files(paths: list[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")


def copy_files(paths: list[Path], target: Path) -> None:
    """What any box has to do at least: hash and keep the files so that a power cut does not take them."""
    (files := RealFiles()).make_dir(target)
    with Copies(files) as copies:
        for n, path in enumerate(paths):
            copies.copy(path, target / str(n), max_size=path.stat().st_size)


def plug(
    folder: Path, root_file: Path, drive: Path, item: tuple[str, str, str], logs: Path | None = None
) -> dict[str, float]:
    """Start a box without the drive, make it appear, wait; then out and in again."""
    item_id, sha256, words = item
    media, data = folder / "media", folder / "data"
    media.mkdir(parents=True)
    with running_box(folder, root_file, media, data, logs) as (url, process):

        def item_is_right() -> bool:
            body = get(f"{url}/items/{item_id}")
            return body is not None and hashlib.sha256(body).hexdigest() == sha256

        def search_finds() -> bool:
            body = get(f"{url}/api/search?q={urllib.request.quote(words)}")
            return body is not None and json.loads(body)["total"] > 0

        checks = dict(zip(MEASURES, (lambda: is_ready(data), item_is_right, search_finds), strict=True))
        cpu = cpu_seconds(process.pid)
        found = appear(drive, media / "drive", checks)
        found["box CPU"] = cpu_seconds(process.pid) - cpu
        memory = sorted(anonymous_mb(p) for p in family(process.pid))
        found["memory of both, MB"] = sum(memory)
        found["worker's peak, MB"] = status(worker_of(data), "VmHWM") / 1024
        (media / "drive").rename(drive)
        wait_until(lambda: not is_ready(data) and get(f"{url}/items/{item_id}") is None, time.perf_counter())
        found["again"] = appear(drive, media / "drive", {"first item": item_is_right})["first item"]
        (media / "drive").rename(drive)
    shutil.rmtree(folder)
    return found


def appear(drive: Path, place: Path, checks: dict[str, Callable[[], bool]]) -> dict[str, float]:
    """Make the drive appear; the moments after it at which each check first holds, in seconds."""
    found: dict[str, float] = {}
    start = time.perf_counter()
    drive.rename(place)
    waiting = [
        threading.Thread(target=lambda n=name, c=check: found.__setitem__(n, wait_until(c, start)))
        for name, check in checks.items()
    ]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    return found


def wait_until(holds: Callable[[], bool], start: float) -> float:
    """Asked thirty times a second, so that asking costs the box little."""
    while time.perf_counter() - start < PATIENCE:
        if holds():
            return time.perf_counter() - start
        time.sleep(0.03)
    sys.exit(f"waited {PATIENCE} s in vain")


def is_ready(data: Path) -> bool:
    try:
        return any(d["state"] == "ready" for d in json.loads((data / "holdings.json").read_bytes())["drives"])
    except (OSError, ValueError, KeyError):
        return False


def get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own box
            return answer.read() if answer.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None


@contextmanager
def running_box(
    folder: Path, root_file: Path, media: Path, data: Path, logs: Path | None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    settings = folder / "settings.toml"
    settings.write_text(
        f'data_folder = "{data}"\nroot_file = "{root_file}"\nlisten_host = "127.0.0.1"\nlisten_port = {port}\n'
        f'drive_folders = ["{media}"]\n'
    )
    url = f"http://127.0.0.1:{port}"
    with ((logs or folder) / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings)],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: get(f"{url}/health") is not None, time.perf_counter())
        wait_until(lambda: (data / "holdings.json").exists(), time.perf_counter())
        time.sleep(2)  # its start is over
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """The box's first process and the processes that it started: one serves, one works."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for path in children for child in path.read_text().split())]


def status(pid: int, name: str) -> int:
    """A line of /proc/PID/status in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def anonymous_mb(pid: int) -> float:
    return status(pid, "RssAnon") / 1024


def worker_of(data: Path) -> int:
    """The worker's process; its highest resident size holds mapped files too."""
    pid: int = json.loads((data / "holdings.json").read_text())["worker"]["pid"]
    return pid


def cpu_seconds(pid: int) -> float:
    """Of all threads of the processes so far."""
    total = 0.0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def drop_cache() -> bool:
    """Forget what the system holds of files and folders, so that reading reads; needs root."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def print_rows(results: list[dict[str, float]]) -> None:
    last = results[-1]
    names = [name for name in last if name != "records"]
    print(f"\n  {'':<20}" + "".join(f"{r['records']:>12,.0f}{'ratio':>8}" for r in results) + f"{'growth':>9}")
    for name in names:
        cells = "".join(
            f"{r[name]:>12.2f}" + (f"{r[name] / r['hash']:>8.1f}" if name in RATIOS else " " * 8) for r in results
        )
        growth = f"{last[name] / results[-2][name]:>9.1f}" if len(results) > 1 and results[-2][name] else ""
        print(f"  {name:<20}{cells}{growth}")


def print_verdict(results: list[dict[str, float]]) -> None:
    print()
    for result in results:
        if result["records"] >= LARGE:
            ratio = result["first item"] / result["hash"]
            verdict = "met" if ratio <= AIM else "MISSED"
            print(f"  {result['records']:,.0f} records: first item after {ratio:.2f} x hashing; aim {AIM}: {verdict}")


RATIOS = ("durable copy", "again", *MEASURES)

if __name__ == "__main__":
    main()
