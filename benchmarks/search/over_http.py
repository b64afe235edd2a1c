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
_WARM = urllib.parse.quote("明月")
_VOLATILE = re.compile(rb'"took_ms": ?[0-9.]+|name="csrf_token"[^>]*|nonce="[^"]*"')
_STATIC = re.compile(r'href="(/static/[^"]*tokens\.css[^"]*)"')
"""A file of a few kilobytes that every page names."""


def measure(folder: Path, count: int) -> None:
    """Build the drive if there is none, plug it in, measure, print.

    The box starts anew for each number of clients, and pages and API are asked different questions: it keeps answers,
    and an answer that is kept says nothing of searching.
    """
    drive = folder / "http" / "drive"
    if not drive.is_dir():
        drive.parent.mkdir(parents=True)
        build_drive(drive.parent, national.records(count, collection=collection()), 1000)
    box, media = folder / "http-box", folder / "http-media"
    box.mkdir(exist_ok=True)
    media.mkdir(exist_ok=True)
    texts = random.Random(3).sample([one["text"] for one in queries(folder)], 2 * PAGES)
    alone: dict[str, bytes] = {}
    print("\n| over HTTP | clients | wall ms p50 | p95 | max | a second | × static p50 | bytes | refused | wrong |")
    print(f"|---|{'---:|' * 9}")
    drive.rename(media / "drive")
    try:
        for clients in CLIENTS:
            root, data = drive.parent / "keys" / "root.json", box / "data"
            with running_box(box, root, media, data, None) as (url, process):
                began = time.perf_counter()
                wait_until(lambda data=data: is_ready(data), began)
                wait_until(lambda url=url: get(f"{url}/api/search?q={_WARM}") is not None, began)
                report(url, texts, clients, alone)
                held = sum(anonymous_mb(pid) for pid in family(process.pid))
                print(
                    f"| anonymous MB of all processes afterwards | {clients} | {held:.0f} | | | | | | | |", flush=True
                )
    finally:
        (media / "drive").rename(drive)


def report(url: str, texts: Sequence[str], clients: int, alone: dict[str, bytes]) -> None:
    """The lines of one number of clients; what one client got is kept in `alone` and compared with from then on."""
    style = _STATIC.search((get(f"{url}/") or b"").decode())
    assert style, "the home page names no tokens.css"
    asked = [urllib.parse.quote(text) for text in texts]
    wanted = {
        "static file": [style[1]] * PAGES,
        "search page": [f"/search?q={text}" for text in asked[:PAGES]],
        "search API": [f"/api/search?q={text}" for text in asked[PAGES:]],
    }
    base = 0.0
    for name, paths in wanted.items():
        began = time.perf_counter()
        answers = run(url.removeprefix("http://"), paths, clients)
        refused = len(paths) - len(answers)
        rate = len(answers) / (time.perf_counter() - began)
        p50, p95, most = spread([took for _, took, _ in answers])
        base = base or p50
        wrong = sum(alone.setdefault(path, body) != body for path, _, body in answers)
        size = sum(len(body) for _, _, body in answers) // len(answers)
        print(
            f"| {name} | {clients} | {p50:.1f} | {p95:.1f} | {most:.0f} | {rate:.0f} "
            f"| {p50 / base:.1f} | {size} | {refused} | {wrong} |",
            flush=True,
        )


def run(host: str, paths: Sequence[str], clients: int) -> list[tuple[str, float, bytes]]:
    """Ask for the paths with so many clients, each on a connection of its own; path, wall ms and body of each.

    What the box refuses because it is busy (503) is left out.

    Raises:
        AssertionError: another answer is not 200.
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
            if answer.status == 503:
                continue
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
