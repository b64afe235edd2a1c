"""What an update of one record in a hundred costs a box, with many records: bytes, time, processor, memory, writing.

    SHUXIANG_COLLECTION=… python benchmarks/update_at_scale.py [--records 30000 300000]

A real box (`appliance serve`) has the first edition's drive, catalogue and index; then it is started with an origin
that has the second (`large_editions.py`), and brings it without a limit of rate, at once. Stages are told apart by what
is on its SSD and by what the server was asked for, looked at fifty times a second. Memory is what the worker, and
beside it the processes that it starts, hold for themselves (anonymous); bytes written are those of the kernel's record
of the worker and of what it waited for, page cache that was never flushed aside.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from large_editions import Editions, make_editions
from plug_in import free_port, get, wait_until

from tests.faulty_server import FaultyServer

ROOT = Path(__file__).resolve().parent.parent
LOOK = 0.02
STAGES = (
    "lists", "document of the delta", "packs", "lists and items made", "catalogue laid", "index laid", "told",
    "an answer over HTTP",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--share", type=float, default=0.01)
    options = parser.parse_args()
    results = []
    for count in options.records:
        with tempfile.TemporaryDirectory(prefix="update-at-scale-") as scratch:
            made = make_editions(Path(scratch) / "editions", count, options.share)
            results.append(measure(Path(scratch), made, count))
            print_rows(results)


def measure(folder: Path, made: Editions, count: int) -> dict[str, float]:
    """All figures of one size."""
    data = folder / "box"
    with box(folder, made, data, ""):
        wait_until(lambda: live(data) == 1, time.perf_counter())
        time.sleep(3)
    server = FaultyServer(made.origin)
    try:
        with box(folder, made, data, server.address) as address:
            return {"records": count, **sizes(made), **brought(data, server, address, made)}
    finally:
        server.close()


def sizes(made: Editions) -> dict[str, float]:
    whole = made.payload + made.lists
    return {
        "payload and lists, MB": whole / 1e6,
        "update, kB": (made.delta.size + made.document) / 1e3,
        "of it the catalogue's patch, kB": made.delta.catalogue / 1e3,
        "of it the items' patch, kB": made.delta.items / 1e3,
        "of it the document, kB": made.document / 1e3,
        "update, % of all": 100 * (made.delta.size + made.document) / whole,
        "made by the packager, CPU s": made.seconds,
    }


@contextlib.contextmanager
def box(folder: Path, made: Editions, data: Path, origin: str) -> Any:
    """A box with the drive, and perhaps an origin; gives its address."""
    port, settings = free_port(), folder / "settings.toml"
    lines = [
        f'data_folder = "{data}"', f'root_file = "{made.root_file}"', 'listen_host = "127.0.0.1"',
        f"listen_port = {port}", f'drive_paths = ["{made.drive}"]', 'update_apply = "at-once"',
        "check_after_seconds = 86400", "reserve_bytes = 0",
    ]  # fmt: skip
    settings.write_text("\n".join([*lines, f'update_origins = ["{origin}"]' if origin else "", ""]))
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance.cli", "serve", "--settings", str(settings)],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def holdings(data: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((data / "holdings.json").read_bytes())
        return found
    return {}


def live(data: Path) -> int:
    """Number of the edition that can be searched by readers; 0: none."""
    found = (r for r in holdings(data).get("releases", ()) if r["live"] and r["search"]["state"] == "ready")
    return next((r["seq"] for r in found), 0)


def stage(data: Path, server: FaultyServer) -> int:
    """How many of `STAGES` are over, the last aside."""
    names = [name for name, _ in server.asked]
    made = next(iter((data / "releases").glob("*/2-*/READY")), None)
    if made is None:
        if (data / "scratch/update").exists():
            return 3
        if any(name.startswith("objects/") for name in names):
            return 2
        return int(any("deltas/" in name for name in names))
    parts = json.loads((made.parent / "parts.json").read_bytes())["parts"]
    if "search" in parts:
        return 7 if live(data) == 2 else 6
    return 5 if "catalogue" in parts else 4


def brought(data: Path, server: FaultyServer, address: str, made: Editions) -> dict[str, float]:
    """Follow the update from the first question to the server until a new record is answered."""
    wait_until(lambda: bool(server.asked), time.perf_counter())
    began = time.perf_counter()
    wait_until(lambda: holdings(data).get("worker", {}).get("pid") in psutil.pids(), began)
    worker = psutil.Process(_worker(data))
    first = cpu(worker)
    wrote = written(worker.pid)
    ends: list[tuple[float, float]] = []
    most = {"worker": 0.0, "children": 0.0}
    looked = 0.0
    while len(ends) < len(STAGES):
        now = time.perf_counter()
        reached = stage(data, server)
        if reached == 7 and get(f"{address}/api/resources/{made.new_id}") is not None:
            reached = 8
        ends += [(now - began, cpu(worker) - first)] * (reached - len(ends))
        if now - looked > 0.1:
            looked = now
            most["worker"] = max(most["worker"], anonymous(worker.pid))
            most["children"] = max(most["children"], sum(anonymous(c.pid) for c in worker.children(recursive=True)))
        time.sleep(LOOK)
    found: dict[str, float] = {}
    before = (0.0, 0.0)
    for name, end in zip(STAGES, ends, strict=True):
        found[f"{name}, s"], found[f"{name}, CPU s"] = end[0] - before[0], end[1] - before[1]
        before = end
    found |= {"all, s": before[0], "all, CPU s": before[1]}
    found |= {f"most memory, {name}, MB": size for name, size in most.items()}
    time.sleep(6)  # what readers do not wait for
    found["written, MB"] = (written(worker.pid) - wrote) / 1e6
    found["fetched, kB"] = sum(server.sent.values()) / 1e3
    found["on the SSD more, MB"] = _on_disk(data)
    return found


def _worker(data: Path) -> int:
    return int(holdings(data)["worker"]["pid"])


def cpu(process: psutil.Process) -> float:
    """Processor seconds of it, of children that it waited for and of those that run."""
    total = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:4])
    return total


def anonymous(pid: int) -> float:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)
    return 0.0


def written(pid: int) -> int:
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _on_disk(data: Path) -> float:
    """Megabytes of the second edition that no other has (files with one name), and of items that came."""
    folders = [*(data / "releases").glob("*/2-*"), data / "carried"]
    files = (path.stat() for folder in folders for path in folder.rglob("*") if path.is_file())
    return sum(facts.st_size for facts in files if facts.st_nlink == 1) / 1e6


def print_rows(results: list[dict[str, float]]) -> None:
    last = results[-1]
    print(f"\nload {os.getloadavg()[0]:.0f}")
    print("| | " + " | ".join(f"{r['records']:,.0f}" for r in results) + " | growth |")
    print("|---|" + "---:|" * (len(results) + 1))
    for name in list(last)[1:]:
        cells = " | ".join(f"{result[name]:,.2f}" for result in results)
        before = results[0][name]
        print(f"| {name} | {cells} | {f'× {last[name] / before:.1f}' if before else ''} |", flush=True)


if __name__ == "__main__":
    main()
