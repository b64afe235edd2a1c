"""Tile packs are cut side by side: the same bytes for any number of workers, a shared page once, nothing left."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from indexer.errors import RenditionError
from indexer.renditions import Renditions, Sandbox, TilepackIndex
from packager.cutting import Cutter, Sheet
from tests.generated import picture


@pytest.fixture(scope="module")
def renditions():
    with Renditions(Sandbox(jobs=3)) as made:
        yield made


class Counting:
    """Renditions that remember what they were asked for, and may be slow."""

    def __init__(self, renditions: Renditions, seconds: float = 0.0) -> None:
        self.inner, self.seconds = renditions, seconds
        self.asked: list[int] = []
        self.most = self._now = 0
        self._lock = threading.Lock()

    def tiles(self, source, sink, page=1):
        with self._lock:
            self.asked.append(source.size)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            time.sleep(self.seconds)
            return self.inner.tiles(source, sink, page)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture
def sheets(tmp_path: Path) -> list[Sheet]:
    made = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        path.write_bytes(picture(700 + number, 300, shade=20 * number))
        made.append(Sheet(hashlib.sha256(path.read_bytes()).hexdigest(), 1, path))
    return made


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def pack(cutter: Cutter, sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    cutter.write(sheets, out)
    return out.getvalue()


def test_pack_is_the_same_for_any_number_of_workers(renditions, sheets, tmp_path):
    packs = set()
    for workers in (1, 2, 5):
        with Cutter(renditions, tmp_path, workers) as cutter:
            packs.add(pack(cutter, sheets))
    assert len(packs) == 1
    body = packs.pop()
    index = TilepackIndex(lambda offset, n: body[offset : offset + n], len(body))
    assert index.pictures == 6
    for number in range(6):
        offset, length = index.entry(f"{number + 1:04d}.dzi")
        assert f'Width="{700 + number}"'.encode() in body[offset : offset + length]


def test_pages_of_one_pack_are_cut_side_by_side(renditions, sheets, tmp_path):
    counting = Counting(renditions, 0.3)
    with Cutter(counting, tmp_path, 2) as cutter:
        pack(cutter, sheets)
    assert counting.most == 2


def test_page_that_packs_share_is_cut_once(renditions, sheets, tmp_path):
    counting = Counting(renditions, 0.05)
    copies = []
    for sheet in reversed(sheets):
        path = sheet.path.with_suffix(".copy")
        path.write_bytes(sheet.path.read_bytes())
        copies.append(Sheet(sheet.sha256, 1, path))
    with Cutter(counting, tmp_path, 2) as cutter:
        alone = pack(cutter, [sheets[0], copies[-1]])
        both: list[bytes] = []
        threads = [threading.Thread(target=lambda s=s: both.append(pack(cutter, s))) for s in (sheets, copies)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(counting.asked) == 6
    with Cutter(renditions, tmp_path, 1) as cutter:
        assert {pack(cutter, sheets), pack(cutter, sheets[::-1])} == set(both)
        assert pack(cutter, [sheets[0], sheets[0]]) == alone


def test_tiles_that_are_kept_are_bounded_and_nothing_is_left(renditions, sheets, tmp_path):
    counting = Counting(renditions)
    with Cutter(counting, tmp_path, 1, kept=0) as cutter:
        first = pack(cutter, sheets)
        before = open_files()
        assert pack(cutter, sheets) == first
        assert open_files() <= before
    assert len(counting.asked) == 12, "kept nothing, so cut again"
    assert {p.suffix for p in tmp_path.iterdir()} == {".png"}


def test_damaged_page_ends_its_pack_only_and_is_asked_again(renditions, sheets, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    bad = Sheet("0" * 64, 1, broken)
    counting = Counting(renditions)
    with Cutter(counting, tmp_path, 2) as cutter:
        for _ in range(2):
            with pytest.raises(RenditionError):
                pack(cutter, [sheets[0], bad, sheets[1]])
        assert pack(cutter, sheets[:2])
    assert counting.asked.count(broken.stat().st_size) == 2


def test_closed_cutter_ends_packs_that_are_written(renditions, sheets, tmp_path):
    counting = Counting(renditions, 1.0)
    cutter = Cutter(counting, tmp_path, 1)
    ended: list[BaseException] = []

    def write() -> None:
        try:
            pack(cutter, sheets)
        except (CancelledError, RuntimeError) as error:
            ended.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    while not counting.asked:
        time.sleep(0.01)
    cutter.close()
    thread.join(60)
    assert len(ended) == 1
    assert len(counting.asked) < 6
