"""Search pages over HTTP from a box with a drive of the same records, with one and with twenty clients.

Beside them a static file of the same box in the same run: on a busy machine only the ratio of the two says something.
Every answer under load is compared with the answer alone.
"""

from __future__ import annotations

import http.client
import itertools
import random
import re
import threading
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import national
from plug_in import anonymous_mb, build_drive, family, get, is_ready, running_box, wait_until
from search_records import collection

from search.figures import spread
from search.measuring import queries

CLIENTS = (1, 20)
PAGES = 400
"""Pages that are asked for in each measurement, whatever the number of clients."""
_VOLATILE = re.compile(rb'"took_ms": ?[0-9.]+|name="csrf_token"[^>]*|nonce="[^"]*"')
_STATIC = re.compile(r'href="(/static/[^"]*tokens\.css[^"]*)"')
"""A file of a few kilobytes that every page names."""


def measure(folder: Path, count: int) -> None:
    """Build the drive if there is none, plug it in, measure, print."""
    drive = folder / "http" / "drive"
    if not drive.is_dir():
        drive.parent.mkdir(parents=True)
        build_drive(drive.parent, national.records(count, collection=collection()), 1000)
    box, media = folder / "http-box", folder / "http-media"
    box.mkdir(exist_ok=True)
    media.mkdir(exist_ok=True)
    data = box / "data"
    with running_box(box, drive.parent / "keys" / "root.json", media, data, None) as (url, process):
        drive.rename(media / "drive")
        try:
            began = time.perf_counter()
            wait_until(lambda: is_ready(data), began)
            wait_until(lambda: get(f"{url}/api/search?q={urllib.parse.quote('明月')}") is not None, began)
            report(url, [one["text"] for one in queries(folder)])
            held = sum(anonymous_mb(pid) for pid in family(process.pid))
            print(f"anonymous memory of all processes of the box afterwards: {held:.0f} MB")
        finally:
            (media / "drive").rename(drive)


def report(url: str, texts: Sequence[str]) -> None:
    """The tables and the comparison."""
    host = url.removeprefix("http://")
    chosen = random.Random(3).sample(list(texts), min(PAGES, len(texts)))
    paths = [f"/search?q={urllib.parse.quote(text)}" for text in chosen]
    apis = [f"/api/search?q={urllib.parse.quote(text)}" for text in chosen]
    style = _STATIC.search((get(f"{url}/") or b"").decode())
    assert style, "the home page names no tokens.css"
    static = [style[1]] * len(paths)
    alone = {path: body for path, _, body in run(host, [*paths, *apis], 1)}
    print("\n| over HTTP | clients | wall ms p50 | p95 | max | a second | × static p50 | bytes | wrong answers |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for clients in CLIENTS:
        base = 0.0
        for name, wanted in (("static file", static), ("search page", paths), ("search API", apis)):
            began = time.perf_counter()
            answers = run(host, wanted, clients)
            rate = len(answers) / (time.perf_counter() - began)
            p50, p95, most = spread([took for _, took, _ in answers])
            base = base or p50
            wrong = sum(alone.get(path, body) != body for path, _, body in answers)
            size = sum(len(body) for _, _, body in answers) // len(answers)
            print(
                f"| {name} | {clients} | {p50:.1f} | {p95:.1f} | {most:.0f} | {rate:.0f} "
                f"| {p50 / base:.1f} | {size} | {wrong} |"
            )


def run(host: str, paths: Sequence[str], clients: int) -> list[tuple[str, float, bytes]]:
    """Ask for the paths with so many clients, each on a connection of its own; path, wall ms and body of each.

    Raises:
        AssertionError: an answer is not 200.
    """
    waiting, answers = itertools.count(), []
    lock = threading.Lock()
    failed: list[str] = []

    def client() -> None:
        connection = http.client.HTTPConnection(host, timeout=60)
        while (n := _next(waiting, lock)) < len(paths):
            started = time.perf_counter()
            connection.request("GET", paths[n])
            answer = connection.getresponse()
            body = answer.read()
            took = (time.perf_counter() - started) * 1000
            if answer.status != 200:
                failed.append(f"{answer.status} {paths[n]}")
            answers.append((paths[n], took, _VOLATILE.sub(b"", body)))
        connection.close()

    running = [threading.Thread(target=client) for _ in range(clients)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not failed, failed[:3]
    return answers


def _next(waiting: itertools.count[int], lock: threading.Lock) -> int:
    with lock:
        return next(waiting)
