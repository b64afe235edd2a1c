"""How a scanned book of thousands of pages opens and turns: the box's answers, and a real Chromium.

    python benchmarks/scanned_book.py [--pages 2000] [--width 1800] [--turns 40]

A book of pages of `--width` pixels, each a file of its own, is served by the product's own server on this machine. The
box's time is processor time of this process; the browser's is wall time from pressing a key to the pages being seen,
with a second of reading between turns, and without one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.appliance.web.holding import make_app
from tests.appliance.web.reading import reading_world
from tests.appliance.web.scanning import long_work
from tests.browser.conftest import serving

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import CDPSession, Page

BOOK = "s.long"
SHOWN = "(n) => document.getElementById('stage').dataset.shown === String(n)"


def box(client: FlaskClient, item_id: str, mark: str) -> None:
    """What the box does for the page, for a page without scripts, and for one file."""
    for name, path in (
        ("the reader's page", f"/read/{BOOK}?page=1000"),
        ("a page without scripts", f"/read/{BOOK}/pages/1000"),
        ("one file", f"/items/{item_id}?v={mark}"),
    ):
        times, size = [], 0
        for _ in range(8):
            start = time.process_time()
            size = len(client.get(path, buffered=True).data)
            times.append((time.process_time() - start) * 1000)
        print(
            f"{name}: {size:,} bytes; {times[0]:.0f} ms of CPU the first time, {statistics.median(times[1:]):.1f} after"
        )


def renderer_megabytes() -> int:
    """Memory (RSS) of the largest renderer below this process."""
    sizes = []
    for process in psutil.Process(os.getpid()).children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                sizes.append(process.memory_info().rss >> 20)
        except psutil.Error:
            continue
    return max(sizes, default=0)


def busy(session: CDPSession) -> float:
    """Seconds of processor time that the page's main thread has used."""
    return next(m["value"] for m in session.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration")


def turns(page: Page, session: CDPSession, first: int, count: int, pause: float) -> str:
    """Times of turning `count` openings from page `first` on."""
    times, before = [], busy(session)
    for n in range(count):
        page.wait_for_timeout(pause * 1000)
        start = time.perf_counter()
        page.keyboard.press("PageDown")
        page.wait_for_function(SHOWN, arg=first + 2 * n + 2)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    worked = (busy(session) - before) / count * 1000
    p95 = times[int(len(times) * 0.95)]
    return f"p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms, main thread {worked:.0f} ms of CPU a turn"


def browser(base: str, count: int) -> None:
    """Opening in the middle, turning with and without reading, and what is left behind."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, base_url=base)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for n in range(3):
            start = time.perf_counter()
            page.goto(f"/read/{BOOK}?page=1000")
            page.wait_for_function(SHOWN, arg=1000)
            took, which = time.perf_counter() - start, "first" if n == 0 else "again"
            print(f"opened at page 1,000 ({which}): {took:.2f} s, main thread {busy(session):.2f} s of CPU")
        print(f"elements: {page.evaluate('document.querySelectorAll(`*`).length')}; renderer {renderer_megabytes()} MB")
        for name, first, pause in (("with a second of reading", 1000, 1.0), ("at once", 1000 + 2 * count, 0.0)):
            print(f"turning {name}: {turns(page, session, first, count, pause)}; renderer {renderer_megabytes()} MB")
        viewer = "OpenSeadragon.getViewer('view')"
        held = page.evaluate(f"[{viewer}.world.getItemCount(), {viewer}.tileCache.numTilesLoaded()]")
        print(f"pictures in the viewer, tiles: {json.dumps(held)}")
        chromium.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--width", type=int, default=1800)
    parser.add_argument("--turns", type=int, default=40)
    options = parser.parse_args()
    book = long_work(options.pages, (options.width, options.width * 4 // 3))
    item = book[0].items[options.pages // 2]
    print(
        f"{options.pages:,} pages of {options.width} pixels, {item.size >> 10} KiB each; load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder, reading_world(Path(folder), [book]) as world:
        app = make_app(world)
        box(app.test_client(), item.id, item.sha256[:16])
        with serving(app) as base:
            browser(base, options.turns)


if __name__ == "__main__":
    main()
