"""The resources of the golden drive: together they use every member of a record and every role of an item."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from indexer.model import (
    Access,
    Audience,
    ClassCode,
    ContentsEntry,
    Creator,
    ExtraField,
    Identifier,
    Item,
    Provenance,
    PublicationDate,
    RareBook,
    Resource,
    item_id,
)
from indexer.peaks import Peaks, dump_peaks
from indexer.sections import Section, dump_section
from packager.format.layout import CHUNK, item_path

BIG = bytes(range(256)) * (CHUNK // 256) + b"the last, short chunk"
"""The one file of more than 1 MiB. It is not kept in the tree: it is the bytes 0 to 255, 4,096 times, and the text."""

Record = tuple[Resource, Mapping[str, bytes]]

_FILES: dict[str, tuple[str, str, str, bytes]] = {
    # source: role, extension, media type, bytes
    "第一回.txt": ("part", "txt", "text/plain", "甄士隐梦幻识通灵\n".encode()),
    "第一回.html": ("alternate", "html", "text/html", "<p>甄士隐梦幻识通灵</p>\n".encode()),
    "读.mp3": ("part", "mp3", "audio/mpeg", b"not really a recording\n"),
    "读.vtt": ("caption", "vtt", "text/vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\n甄士隐\n".encode()),
    "读.文.txt": ("transcript", "txt", "text/plain", "甄士隐\n".encode()),
    "页1.jpg": ("page", "jpg", "image/jpeg", b"not really a picture\n"),
    "页1.xml": ("ocr", "xml", "application/alto+xml", b"<alto/>\n"),
    "marc.mrc": ("metadata", "mrc", "application/marc", b"not really MARC\n"),
    "封面.jpg": ("cover", "jpg", "image/jpeg", b"not really a cover\n"),
    "图.png": ("figure", "png", "image/png", b"not really a figure\n"),
    "第一回.txt#text": (
        "text", "jsonl", "application/jsonl",
        dump_section(Section(1, "chapter", "第一回", "0", "甄士隐梦幻识通灵")),
    ),
    "页1.jpg#tilepack": ("tilepack", "zip", "application/zip", b"PK\5\6" + bytes(18)),
    "读.mp3#peaks": ("peaks", "json", "application/json", dump_peaks(Peaks(8000, 800, (-3, 4, -128, 127)))),
}  # fmt: skip
_OF = {
    "第一回.html": ("第一回.txt", "part"), "读.vtt": ("读.mp3", "part"), "读.文.txt": ("读.mp3", "part"),
    "页1.xml": ("页1.jpg", "page"), "图.png": ("第一回.html", "alternate"), "第一回.txt#text": ("第一回.txt", "part"),
    "页1.jpg#tilepack": ("页1.jpg", "page"), "读.mp3#peaks": ("读.mp3", "part"),
}  # fmt: skip
_MORE: dict[str, dict[str, object]] = {
    "第一回.txt": {"label": "第一回", "language": "zh-Hans", "credit": "某馆", "licence": "CC0-1.0"},
    "读.mp3": {"order": 1, "label": "第一回 朗读", "duration": 2, "flags": ("codec-unplayable", "damaged")},
    "页1.jpg": {"width": 600, "height": 800},
    "第一回.html": {"pages": 1},
    "第一回.txt#text": {"tool": "sections 1"},
    "页1.jpg#tilepack": {"tool": "tilepack 2"},
    "读.mp3#peaks": {"tool": "peaks 1"},
}


def _whole() -> Record:
    identity = "Whole.1_a-b"
    items, payload = [], {}
    for source, (role, extension, media_type, content) in _FILES.items():
        made = item_id(identity, role, source)
        path = item_path(made, extension)
        payload[path] = content
        owner = item_id(identity, _OF[source][1], _OF[source][0]) if source in _OF else ""
        values: dict[str, object] = {"order": 0, "of": owner, **_MORE.get(source, {})}
        items.append(_item(made, role, path, media_type, content, values))
    part = items[0].id
    record = Resource(
        id=identity, title="红楼梦", type="book", subtype="小说", level="volume", parent="set", seq=1,
        designation="第一册", identifiers=(Identifier("isbn", "9787020002207"), Identifier("uri", "https://example.org/1")),
        title_alt=("石头记",), title_sort="红楼梦 1", title_pinyin="hóng lóu mèng", statement="（清）曹雪芹 著",
        creators=(Creator("曹雪芹", "著", "清", "约1715-约1763"), Creator("某译者", "译", country="美")),
        publisher="某出版社", place="北京", edition="初版", extent="1册",
        date=PublicationDate("清乾隆五十六年十一月", 1791, 1792, 11, 5, "about", "清"), subjects=("章回小说", "清代"),
        classes=(ClassCode("clc", "I242.4"), ClassCode("sibu", "集部")), places=("110000@2020",), period="清",
        language=("zh-Hans", "lzh"), audience=Audience("children", 9, 12),
        rare=RareBook("刻本", "清乾隆", "一百二十卷", "存八十卷", "某馆", "0001"),
        access=Access("seats", 2, "2026-01-01", "2027-12-31", download=False), rights="公有领域", licence="CC0-1.0",
        source="某馆", description="第一行\n第二行",
        contents=(ContentsEntry("第一回", f"{part}#0"), ContentsEntry("后记")),
        first_release=1, replaced_by="set", provenance=(Provenance("title", "marc"),),
        extra=(ExtraField("馆藏地", "二楼"),),
        items=tuple(items),
    )  # fmt: skip
    return record, payload


def _item(identity: str, role: str, path: str, media_type: str, content: bytes, values: dict[str, object]) -> Item:
    return Item(
        id=identity, role=role, path=path, media_type=media_type, size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), **values,  # type: ignore[arg-type]
    )  # fmt: skip


def _big() -> Record:
    made = item_id("big", "part", "big.bin")
    path = item_path(made, "bin")
    item = _item(made, "part", path, "application/octet-stream", BIG, {"order": 0})
    return Resource(id="big", title="大地图", type="image", items=(item,)), {path: BIG}


RECORDS: tuple[Record, ...] = (
    _whole(),
    _big(),
    (Resource(id="entry", title="只有目录", type="journal", level="serial"), {}),
    (Resource(id="set", title="红楼梦（全两册）", type="book", level="collection"), {}),
)
