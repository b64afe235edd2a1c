"""Scans and pictures of every shape, made here: what the tests of the picture reader open."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from indexer.model import ContentsEntry
from tests.appliance.web.holding import one
from tests.appliance.web.reading import tilepack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.model import Resource

File = tuple[str, str, str, bytes]
UPRIGHT, LEAF, FOLDED_OUT = (600, 800), (1200, 800), (1700, 800)


def drawn(number: int, size: tuple[int, int] = UPRIGHT, mode: str = "RGB") -> Image.Image:
    """A page with ruled lines and its number as so many blocks."""
    page = Image.new("RGB", size, "#efe6d2")
    draw = ImageDraw.Draw(page)
    draw.rectangle((20, 20, size[0] - 20, size[1] - 20), outline="#302820", width=5)
    for x in range(60, size[0] - 40, 40):
        draw.line((x, 40, x, size[1] - 40), fill="#b09a80", width=2)
    for n in range(number % 40):
        left, top = 60 + n % 8 * 60, 100 + n // 8 * 80
        draw.rectangle((left, top, left + 36, top + 50), fill="#2a2420")
    return page.convert(mode)


def encoded(page: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    """The file of a page."""
    out = io.BytesIO()
    page.save(out, form, **options)
    return out.getvalue()


def pages(count: int, wide: Sequence[int] = ()) -> list[File]:
    """Upright pages as JPEG, those whose number is in `wide` folded out."""
    return [
        ("page", f"{n:04}.jpg", "image/jpeg", encoded(drawn(n, FOLDED_OUT if n in wide else UPRIGHT)))
        for n in range(1, count + 1)
    ]


def group4(count: int) -> bytes:
    """A TIFF of black and white pages, CCITT Group 4, as scanners write them."""
    first, *rest = [drawn(n, mode="1") for n in range(1, count + 1)]
    return encoded(first, "TIFF", save_all=True, append_images=rest, compression="group4")


def odd_pictures() -> list[tuple[str, str, bytes]]:
    """(name, media type, file) of kinds that need the box's help, or the browser's care."""
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.new("I;16", (60, 80))
    deep.putdata([n * 13 for n in range(4800)])
    frames = [drawn(n, (120, 160)) for n in (1, 9)]
    return [
        ("g4.tif", "image/tiff", group4(2)),
        ("a.jp2", "image/jp2", encoded(drawn(3), "JPEG2000")),
        ("a.bmp", "image/bmp", encoded(drawn(4), "BMP")),
        ("cmyk.jpg", "image/jpeg", encoded(drawn(5, mode="CMYK"))),
        ("deep.png", "image/png", encoded(deep, "PNG")),
        ("moving.gif", "image/gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200)),
        ("turned.jpg", "image/jpeg", encoded(drawn(7, (200, 100)), exif=turned)),
        ("huge.png", "image/png", encoded(Image.new("1", (9_000, 9_000)), "PNG")),
    ]


def scanned_works() -> list[tuple[Resource, dict[str, bytes]]]:
    """Scans from either side, with a fold-out, as a TIFF, of whole leaves; odd kinds; a collection of pictures."""
    zh = ("zh-Hans",)
    ltr, sizes = _sized(one("s.ltr", "扫描的书", files=pages(9), language=zh))
    targets = [(3, ""), (6, "1"), (8, "")]
    ids = [item.id for item in ltr.items]
    contents = tuple(ContentsEntry(f"第{k}章", f"{ids[n - 1]}#{place}") for k, (n, place) in enumerate(targets, 1))
    ltr = replace(ltr, contents=(*contents, ContentsEntry("跋")))
    large = [encoded(drawn(n, (1500, 2000))) for n in (1, 2, 3)]
    pack = ("tilepack", "p.zip", "application/zip", tilepack(large))
    odd = [("part", name, kind, content) for name, kind, content in odd_pictures()]
    works = [
        (ltr, sizes),
        _sized(one("s.rtl", "刻本書影", files=pages(6), language=("lzh",))),
        _sized(one("s.folded", "附圖", files=pages(7, wide=(4,)), language=zh)),
        one("s.unsized", "未量的附圖", files=pages(7, wide=(4,)), language=zh),
        _sized(one("s.leaf", "整葉", language=("lzh",), files=[
            ("page", f"{n}.jpg", "image/jpeg", encoded(drawn(n, LEAF))) for n in range(1, 4)])),
        one("s.tiff", "扫描的册页", files=(("page", "a.tif", "image/tiff", group4(5)),), language=zh),
        one("s.tiled", "大幅扫描", language=zh, files=(
            *(("page", f"{n}.jpg", "image/jpeg", c) for n, c in enumerate(large)),
            pack)),
        one("s.other-tiles", "别的分片", language=zh, files=(
            *(("page", f"{n}.jpg", "image/jpeg", c) for n, c in enumerate(large[:2])),
            pack)),
        _sized(one("s.odd", "各种图片", "image", files=odd, language=zh)),
        one("s.read", "已识别的扫描", language=zh, files=[
            *pages(4), ("ocr", "0001.xml", "application/alto+xml", b"<alto/>")]),
        one("s.hall", "图片专题", "exhibition", files=(), language=zh, level="collection"),
    ]  # fmt: skip
    for n in range(1, 5):
        content = encoded(drawn(n, LEAF))
        files = (("part", f"{n}.jpg", "image/jpeg", content),) if n != 3 else ()
        works.append(one(f"s.hall{n}", f"第{n}号藏品", "image", files=files, language=zh, parent="s.hall", seq=n))
    return works


def long_work(count: int, size: tuple[int, int] = UPRIGHT) -> tuple[Resource, dict[str, bytes]]:
    """A scanned book of many pages; each is the same picture with a tail of its own."""
    content = encoded(drawn(5, size))
    files = [("page", f"{n:05}.jpg", "image/jpeg", content + n.to_bytes(4, "big")) for n in range(1, count + 1)]
    return _sized(one("s.long", "長編", files=files, language=("lzh",)))


def _sized(made: tuple[Resource, dict[str, bytes]]) -> tuple[Resource, dict[str, bytes]]:
    """The same with the size of every page in the record, as the packager finds it."""
    resource, contents = made
    items = []
    for item in resource.items:
        with Image.open(io.BytesIO(contents[item.path])) as picture:
            width, height = picture.size
            pages = getattr(picture, "n_frames", 1) if item.media_type == "image/tiff" else 0
        items.append(replace(item, width=width, height=height, pages=pages))
    return replace(resource, items=tuple(items)), contents
