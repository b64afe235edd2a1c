"""While bombs are being drawn the box answers everybody else, stays small, and lets go of its children afterwards."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.appliance.web.holding import one, picture
from tests.box import Box, running, wait_for
from tests.generated import pdf
from tests.hostile_drive import hostile_drive
from tests.hostile_files import formatting_bomb
from tests.indexer.rendition_files import looping_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulator import Record

MIB = 1 << 20
THREADS = 2
SECONDS = 10.0
"""Longest answer of another page; a machine that does other things needs most of it."""
OTHERS = ("/", "/resources/good", "/read/good/text/1", "/api/search?q=", "/health", "/covers/good")


def bombs(identity: str, depth: int, fan: int, count: int) -> Record:
    """A work of `count` documents, each of `fan` to the power of `depth` rectangles."""
    files = tuple(("part", f"{n}.pdf", "application/pdf", looping_pdf(depth, fan) + b"%%%d" % n) for n in range(count))
    return one(identity, "反复嵌套", "journal", files=files, labels=[f"第{n}期" for n in range(count)])


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder = tmp_path_factory.mktemp("bombs")
    text = "第一章 开头\n\n学而时习之。".encode()
    good = one(
        "good", "好书", files=(("part", "a.txt", "text/plain", text), ("cover", "c.jpg", "image/jpeg", picture("navy")))
    )
    records = [
        good,
        one("drawn", "好文件", files=(("part", "a.pdf", "application/pdf", pdf(3)),)),
        one("swells", "一千倍", files=(("part", "a.html", "text/html", formatting_bomb()),)),
        bombs("slow", 4, 52, 6),
        bombs("endless", 5, 52, 12),
    ]
    drive = hostile_drive(folder, records)
    with running(Box(folder / "box", drive.root_file, [drive.path], threads=THREADS)) as box:
        box.wait_resources(len(records), 120)
        for path in (*OTHERS, *pages_of(box, "drawn")):
            assert box.get(path).status == 200, path
        time.sleep(1)
        assert box.process is not None
        known_processes(box.process.pid)
        yield box


def pages_of(box: Box, identity: str) -> list[str]:
    """The first page of every document of a work, as a picture."""
    items = box.get(f"/api/resources/{identity}").json()["items"]
    return [f"/read/{identity}/pages/{item['id']}/1" for item in items if item["role"] == "part"]


def slowest(box: Box, until: threading.Event) -> tuple[float, int]:
    """The longest answer to a page of another work until then, and how many were asked."""
    longest, count = 0.0, 0
    while not until.is_set():
        for path in OTHERS:
            started = time.monotonic()
            assert box.get(path).status == 200, path
            longest, count = max(longest, time.monotonic() - started), count + 1
    return longest, count


def answers(box: Box, paths: list[str], done: threading.Event) -> list[int]:
    """Ask for all of them at once, as many readers would."""
    with ThreadPoolExecutor(len(paths)) as readers:
        found = list(readers.map(lambda path: box.get(path).status, paths))
    done.set()
    return found


def family(box: Box) -> list[psutil.Process]:
    assert box.process is not None
    first = psutil.Process(box.process.pid)
    return [first, *first.children(recursive=True)]


@cache
def known_processes(pid: int) -> frozenset[int]:
    """Those that live as long as the box, as they were when it had drawn one good page."""
    first = psutil.Process(pid)
    return frozenset(p.pid for p in (first, *first.children(recursive=True)))


def assert_well(box: Box) -> None:
    """No child lives on, nothing is left over, and the serving process is small."""

    assert box.process is not None
    known = known_processes(box.process.pid)
    wait_for(lambda: {p.pid for p in family(box)} <= known, "children to end", lambda: str(family(box)))
    assert max(p.memory_info().rss for p in family(box)) < 500 * MIB
    assert list((box.data / "appliance/cache").rglob(".new-*")) == []


def test_bombs_hold_no_thread_that_answers_readers(box: Box) -> None:
    done, statuses = threading.Event(), []
    paths = pages_of(box, "slow")
    asking = threading.Thread(target=lambda: statuses.extend(answers(box, paths, done)))
    asking.start()
    time.sleep(0.3)
    longest, count = slowest(box, done)
    asking.join()
    assert longest < SECONDS
    assert count >= len(OTHERS)
    assert set(statuses) <= {0, 200, 422}
    assert_well(box)


def test_bomb_of_markup_is_read_as_words_and_the_box_stays_small(box: Box) -> None:
    answer = box.get("/read/swells/text/1")
    assert answer.status == 200
    assert "x" in answer.text
    assert_well(box)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_bombs_without_end_are_given_up_and_good_works_are_drawn_again(box: Box) -> None:
    done, statuses = threading.Event(), []
    paths = pages_of(box, "endless")
    asking = threading.Thread(target=lambda: statuses.extend(answers(box, paths, done)))
    asking.start()
    time.sleep(0.3)
    longest, _ = slowest(box, done)
    asking.join()
    assert longest < SECONDS
    started = time.monotonic()
    assert box.get(pages_of(box, "drawn")[0].removesuffix("1") + "2").status == 200
    assert box.get(paths[-1]).status == 422
    assert time.monotonic() - started < SECONDS
    assert_well(box)
