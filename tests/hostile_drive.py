"""A validly signed drive of hostile files, made past everything that the packager checks: any bytes under any claim.

drive = hostile_drive(folder, Target(outside=…, box=…))
drive.path, drive.root_file      what a box is given
drive.records                    what stands in its catalogue
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.model import (
    Audience,
    ClassCode,
    ContentsEntry,
    Creator,
    ExtraField,
    Identifier,
    PublicationDate,
    RareBook,
    Resource,
    item_id,
)
from tests.appliance.web.holding import one, picture
from tests.generated import sound
from tests.hostile_files import HostileFile, Target, attack, hostile_files, web_page
from tests.simulator import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.simulator import Record

SCRIPT = "script.js"
SCRIPT_ITEM = item_id(SCRIPT, "part", SCRIPT)
"""An item that is a script and says so: what every attack tries to have run."""
CLAIMS = (
    "image/png", "image/jpeg", "image/svg+xml", "image/svg+xml;charset=utf-8", "image/x-evil+xml", "text/html",
    "text/html;charset=utf-7", "text/plain", "text/xml", "application/xml", "application/xhtml+xml",
    "application/rss+xml", "text/css", "text/javascript", "application/javascript", "application/json", "text/vtt",
    "application/pdf", "application/epub+zip", "application/zip", "audio/mpeg", "audio/pwned+xml", "video/mp4",
    "video/svg+xml", "font/woff2", "multipart/related", "message/rfc822", "application/x-shockwave-flash",
    "application/wasm", "text/event-stream", "application/manifest+json", "text/x-evil", "nonsense", "",
    "text/html\r\nSet-Cookie: pwned=1", "text/html;x=\"", "*/*",
)  # fmt: skip
"""Media types under which a web page stands on the drive."""
_KINDS = {"image": "image", "audio": "audio", "video": "video"}
_DATE = PublicationDate("2026", 2026, 2026, certainty="exact")


@dataclass(frozen=True)
class HostileDrive:
    """Where it is, what a box trusts, what stands on it."""

    path: Path
    root_file: Path
    records: dict[str, Resource]


def hostile_drive(folder: Path, records: Sequence[Record]) -> HostileDrive:
    """Sign these records and write their drive."""
    publisher = Publisher(folder / "publisher")
    work = publisher.release(records=records)
    root = folder / "root.json"
    root.write_bytes(publisher.root)
    return HostileDrive(publisher.drive(work, folder / "drive"), root, {record.id: record for record, _ in records})


def all_records(target: Target) -> list[Record]:
    """One record a hostile file, and those that are hostile by what they say."""
    return [*(record_of(file) for file in hostile_files(target)), *_claims(target), *_covers(target), *_sayings(target)]


def record_of(file: HostileFile, number: int | None = None) -> Record:
    """A record that holds one file, beside what its role needs to be used at all."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", file.name).lstrip("-")[:50]
    identity = name if number is None else f"{number:03}-{name}"
    part = (file.role, file.name if "." in file.name else f"{file.name}.bin", file.media_type, file.content)
    kind = _KINDS.get(file.media_type.partition("/")[0], "book")
    beside = {
        "caption": (("part", "good.wav", "audio/wav", sound(1.0)),),
        "tilepack": tuple(("part", f"{n}.png", "image/png", picture("navy", (90 + n, 90))) for n in range(1, 8)),
        "ocr": (("page", "good.png", "image/png", picture("navy")),),
        "metadata": (("page", "good.png", "image/png", picture("navy")),),
        "text": (("page", "good.png", "image/png", picture("navy")),),
    }.get(file.role, ())
    if file.role == "caption":
        kind = "audio"
    return one(identity, f"恶意 {name}", kind, files=(*beside, part), language=("zh-Hans",), date=_DATE)


def _claims(target: Target) -> Iterator[Record]:
    page = web_page(target)
    files = tuple(("part", f"{n}.bin", claim, page + b"<!-- %d -->" % n) for n, claim in enumerate(CLAIMS))
    yield one("evil.claims", "同一网页，各种名目", files=files, labels=[f"第{n}种" for n in range(len(CLAIMS))])
    captions = tuple(("caption", f"{n}.bin", claim, page) for n, claim in enumerate(CLAIMS))
    yield one("evil.captions", "网页作字幕", "video", files=(("part", "a.mp4", "video/mp4", b"no film"), *captions))


def _covers(target: Target) -> Iterator[Record]:
    files = {file.name: file for file in hostile_files(target)}
    for name, claim in (
        ("everything.html", "text/html"), ("everything.html", "image/webp"), ("script.svg", "image/svg+xml"),
        ("bomb.svg", "image/svg+xml"), ("bomb.png", "image/png"), ("bomb.webp", "image/webp"),
        ("claim.gif", "image/gif"),
        ("script.js", "text/javascript"),
    ):  # fmt: skip
        identity = f"evil.cover-{name}-{claim.partition('/')[2]}".replace("+", "-")
        parts = (("part", "a.txt", "text/plain", b"x"), ("cover", name, claim, files[name].content))
        yield one(identity, f"恶意封面 {name}", files=parts)


def _sayings(target: Target) -> Iterator[Record]:
    """Records whose words are attacks."""
    js = attack(target)
    evil = f'"\'><script>{js}</script><img src=x onerror="{js}">{{{{7*7}}}}${{7*7}}</title>\u202e\u2028</script>'
    record, contents = one(
        "evil.words", evil, "audio", labels=(evil, evil), subtype=evil, designation=evil, statement=evil,
        publisher=evil,
        place=evil, edition=evil, extent=evil, subjects=(evil, "a:b OR *"), period=evil, title_alt=(evil,),
        title_pinyin=evil, title_sort=evil, rights=evil, licence=evil, source=evil, description=evil,
        creators=(Creator(evil, "著", "明", evil, evil),), classes=(ClassCode("clc", evil), ClassCode(evil, evil)),
        identifiers=(Identifier("uri", f"javascript:{js}"), Identifier(evil, evil), Identifier("doi", target.outside)),
        date=PublicationDate(evil, -(10**12), 10**12, 99, 99, evil, evil), language=(evil, "zh-Hans"),
        audience=Audience("children", -(10**9), 10**9), rare=RareBook(evil, evil, evil, evil, evil, evil),
        places=("110000@2020", evil), extra=(ExtraField(evil, evil),),
        files=(("part", "a.wav", "audio/wav", sound(0.3)), ("part", "b.wav", "audio/wav", sound(0.4))),
    )  # fmt: skip
    own = record.items[0].id
    targets = (
        f"javascript:{js}",
        f"{own}#javascript:{js}",
        f'{own}#"><script>',
        "//203.0.113.9/x",
        f"{own}#{'9' * 400}",
    )
    items = tuple(
        replace(
            i,
            language=evil,
            credit=evil,
            licence=evil,
            tool=evil,
            of=evil,
            duration=10**12,
            width=-1,
            height=10**15,
            pages=-5,
        )
        for i in record.items
    )
    lines = tuple(ContentsEntry(evil, line) for line in targets)
    yield replace(record, items=items, contents=lines, parent="evil.words", seq=-(2**52), first_release=10**9), contents
    scans = tuple(("page", f"{n}.tif", "image/tiff", b"II*\0") for n in range(40))
    record, contents = one(
        "evil.pages", "页数是假的", files=(("part", "a.pdf", "application/pdf", b"%PDF-1.4"), *scans)
    )
    yield replace(record, items=tuple(replace(i, pages=0) for i in record.items)), contents
    record, contents = one("evil.count", "九亿页", "image", files=(("part", "a.tif", "image/tiff", b"II*\0nothing"),))
    yield replace(record, items=tuple(replace(i, pages=900_000_000) for i in record.items)), contents
