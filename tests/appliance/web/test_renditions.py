"""Views made on demand of verified bytes: once for all who ask, from the next drive when one is damaged."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.errors import DamagedChunkError, DriveGoneError
from appliance.library.model import HeldItem, Place
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.store.holdings import HeldRelease
from appliance.web.renditions import RenditionService, VerifiedSource
from appliance.web.renditions_cache import RenditionCache
from indexer.errors import RenditionError
from indexer.model import Item, Resource
from indexer.renditions import Picture, Renditions

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
RELEASE = HeldRelease("national", 1, "2026.11", "2026-11-20", "国家图书馆", "国家版", "f", "t", 1)


class FolderItem(HeldItem):
    """An item whose copies lie in the places' folders under its id."""

    __slots__ = ()

    def open(self, place: Place) -> int:
        import os

        return os.open(place.root / self.item.id, os.O_RDONLY)


def held(content: bytes, *folders: Path, media_type: str = "image/tiff") -> HeldItem:
    """`content` as an item that every folder carries."""
    item = Item("abc", "part", 0, "data/x", media_type, len(content), hashlib.sha256(content).hexdigest())
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / "abc").write_bytes(content)

    def digest(index: int) -> bytes:
        return hashlib.sha256(content[index * MIB : (index + 1) * MIB]).digest()

    places = tuple(Place(folder.name, folder) for folder in folders)
    return FolderItem(Resource("r", "题", "image", items=(item,)), item, RELEASE, places, digest)


class CountingMaker(Renditions):
    """Makes nothing but a count; the pictures are their own page number."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()

    def image_page(self, source, page=1, width=1600, form="jpeg"):
        self.gate.wait(60)
        self.calls += 1
        if page > 3:
            raise RenditionError("no such page")
        return Picture("image/jpeg", width, 10, b"page %d of %d" % (page, len(source.read_at(0, source.size))))


@pytest.fixture
def pools() -> Iterator[DrivePools]:
    made = DrivePools()
    yield made
    made.close()


@pytest.fixture
def maker() -> Iterator[CountingMaker]:
    with CountingMaker() as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, pools: DrivePools, maker: CountingMaker) -> RenditionService:
    return RenditionService(RenditionCache(tmp_path / "cache"), ChunkStore(), pools, maker)


def test_source_reads_across_chunks(tmp_path: Path, pools: DrivePools) -> None:
    content = bytes(range(256)) * 10_000
    source = VerifiedSource(held(content, tmp_path / "d1"), ChunkStore(), pools)
    for offset, size in ((0, 10), (MIB - 5, 10), (MIB, MIB), (len(content) - 3, 100), (0, len(content))):
        assert source.read_at(offset, size) == content[offset : offset + size]


def test_source_damaged_chunk_comes_from_the_next_drive(tmp_path: Path, pools: DrivePools) -> None:
    content = bytes(3 * MIB)
    item = held(content, tmp_path / "d1", tmp_path / "d2")
    (tmp_path / "d1" / "abc").write_bytes(content[:MIB] + b"\1" * MIB + content[2 * MIB :])
    source = VerifiedSource(item, ChunkStore(), pools)
    assert source.read_at(0, 3 * MIB) == content


def test_source_damaged_everywhere_raises(tmp_path: Path, pools: DrivePools) -> None:
    item = held(b"right", tmp_path / "d1")
    (tmp_path / "d1" / "abc").write_bytes(b"wrong")
    with pytest.raises(DamagedChunkError):
        VerifiedSource(item, ChunkStore(), pools).read_at(0, 5)


def test_source_without_a_drive_is_gone(service: RenditionService) -> None:
    with pytest.raises(DriveGoneError):
        service.source(held(b"content"))


def test_page_image_is_made_once_for_all_who_ask(
    tmp_path: Path, service: RenditionService, maker: CountingMaker
) -> None:
    item = held(b"content", tmp_path / "d1")
    maker.gate.clear()
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(service.page_image(item, 2, 800).view.read())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    maker.gate.set()
    for thread in threads:
        thread.join()
    assert answers == [b"page 2 of 7"] * 4
    assert maker.calls == 1


@pytest.mark.parametrize(("wished", "made"), [(1, 160), (160, 160), (161, 320), (1400, 1400), (99_999, 3000)])
def test_page_image_widths_are_few(
    tmp_path: Path, service: RenditionService, maker: CountingMaker, wished: int, made: int
) -> None:
    item = held(b"content", tmp_path / "d1")
    assert service.page_image(item, 1, wished).tag == service.page_image(item, 1, made).tag
    assert maker.calls == 1


def test_page_image_other_content_has_another_name(tmp_path: Path, service: RenditionService) -> None:
    first = service.page_image(held(b"content", tmp_path / "d1"), 1, 800)
    second = service.page_image(held(b"changed", tmp_path / "d1"), 1, 800)
    assert first.view != second.view


def test_page_image_failure_is_remembered_for_these_bytes(
    tmp_path: Path, service: RenditionService, maker: CountingMaker
) -> None:
    item = held(b"content", tmp_path / "d1")
    for _ in range(2):
        with pytest.raises(RenditionError):
            service.page_image(item, 4, 800)
    assert maker.calls == 1


def test_tile_no_pack_is_a_rendition_error(tmp_path: Path, service: RenditionService) -> None:
    with pytest.raises(RenditionError):
        service.tile(held(b"no zip at all, but long enough", tmp_path / "d1"), "0001.dzi")
