"""A small real holding for the tests of pages: truth on the SSD, a drive folder with the bytes, a keeper over both."""

from __future__ import annotations

import atexit
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import argon2
from PIL import Image

from appliance.app import create_app
from appliance.clock import FixedClock
from appliance.library.keeper import LibraryKeeper
from appliance.people.accounts import Accounts
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.holdings import HeldDrive, HeldRelease, Holdings, Message, Part, WorkerState, write_holdings
from appliance.store.wishes import WishStore
from appliance.web.services import Services
from indexer.build import build_index
from indexer.catalogue import build_catalogue
from indexer.class_names import CLASSES_NAME, ClassName, dump_classes
from indexer.model import (
    Access,
    Audience,
    ClassCode,
    ContentsEntry,
    Creator,
    Item,
    PublicationDate,
    Resource,
    dump_line,
    item_id,
)
from packager.format.chunks import ChunkHasher, ChunkWriter
from packager.format.files import RealFiles
from packager.format.items import item_lines, write_items
from packager.format.layout import item_path

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
READY = Part("ready", "catalogue.db")
PASSWORD = "山高月小水落石出清溪"
_MADE: dict[tuple[Resource, ...], Path] = {}
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def picture(colour: str, size: tuple[int, int] = (120, 160)) -> bytes:
    """A small JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def one(
    resource_id: str,
    title: str,
    type_: str = "book",
    *,
    files: Sequence[tuple[str, str, str, bytes]] = (("part", "a.epub", "application/epub+zip", b"EPUB"),),
    labels: Sequence[str] = (),
    **members: object,
) -> tuple[Resource, dict[str, bytes]]:
    """A record with its bytes; files are (role, source name, media type, content)."""
    items, contents, orders = [], {}, dict.fromkeys((f[0] for f in files), 0)
    for number, (role, name, media_type, content) in enumerate(files):
        own = item_id(resource_id, role, name)
        path = item_path(own, name.rpartition(".")[2])
        label = labels[number] if number < len(labels) else ""
        digest = hashlib.sha256(content).hexdigest()
        items.append(Item(own, role, orders[role], path, media_type, len(content), digest, label=label))
        orders[role] += 1
        contents[path] = content
    return Resource(id=resource_id, title=title, type=type_, items=tuple(items), **members), contents  # type: ignore[arg-type]


def collection() -> list[tuple[Resource, dict[str, bytes]]]:
    """Records of every kind that the pages tell apart."""
    zh, hant = ("zh-Hans",), ("zh-Hant",)
    pages = [("page", f"{n}.jpg", "image/jpeg", picture(f"#{n}0a080")) for n in range(1, 5)]
    lectures = [("part", f"{n}.mp4", "video/mp4", b"film%d" % n) for n in range(1, 6)]
    return [
        one(
            "x.lunyu",
            "论语",
            creators=(Creator("孔子弟子", "撰", "春秋"),),
            subjects=("国学", "经典"),
            classes=(ClassCode("clc", "B222.22"),),
            language=zh,
            description="语录体散文，20 篇。记孔子及弟子言行，以“仁”“礼”为要，与《大学》《中庸》《孟子》并称“四书”。",
            rights="公有领域",
            contents=tuple(ContentsEntry(f"{name}篇") for name in ("学而", "为政", "八佾", "里仁", "公冶长", "雍也")),
            files=(
                ("part", "lunyu.epub", "application/epub+zip", b"EPUB of lunyu"),
                ("alternate", "lunyu.pdf", "application/pdf", b"%PDF-1.4 lunyu" + bytes(2_500_000)),
                ("cover", "cover.jpg", "image/jpeg", picture("navy")),
            ),
            labels=("横排简体", "节选"),
            first_release=1,
        ),
        one("x.sanguo", "三國演義", creators=(Creator("羅貫中", "撰", "明"),), classes=(ClassCode("clc", "I242.4"),),
            language=hant, audience=Audience("general"), first_release=2),
        one("x.kao", "考拉", "image", files=(("part", "k.jpg", "image/jpeg", picture("gray", (160, 120))),
            ("cover", "c.jpg", "image/jpeg", picture("gray", (160, 120)))), audience=Audience("children"),
            creators=(Creator("王小明", "摄"),), classes=(ClassCode("clc", "Q95"),), first_release=2),
        one("x.sanzijing", "三字经（有声读物）", "audio", audience=Audience("children"), language=zh,
            title_pinyin="sān zì jīng yǒu shēng dú wù",
            files=(("part", "1.mp3", "audio/mpeg", b"sound"),),
            classes=(ClassCode("clc", "H194.1"),), first_release=2),
        one("x.tangshi", "唐诗赏读五讲", "course", files=lectures,
            labels=[f"第{n}讲" for n in range(1, 6)],
            classes=(ClassCode("clc", "I207.2"),), language=zh, first_release=2),
        one("x.qikan", "农业科技月刊 2019年第3期", "journal", designation="2019年第3期",
            classes=(ClassCode("clc", "S-1"),),
            date=PublicationDate("2019", 2019, 2019, month=3, certainty="exact"), language=zh, first_release=2,
            files=(("part", "3.pdf", "application/pdf", b"%PDF-1.4"),)),
        one("x.ribao", "人民日报", "newspaper", files=pages, classes=(ClassCode("clc", "D6"),), language=zh,
            access=Access("premises", download=False), first_release=1),
        one("x.zhanguo", "戰國策校注 扫描件", files=pages, creators=(Creator("鮑彪", "校", "宋"),),
            classes=(ClassCode("clc", "K231.04"),), language=hant,
            access=Access("seats", seats=2), first_release=1),
        one("x.mulu", "清溪县志（民国二十六年本）", files=(), access=Access("none"),
            classes=(ClassCode("clc", "K295"),),
            date=PublicationDate("民国26年", 1937, 1937, certainty="exact"), language=zh, first_release=1),
        one("x.later", "明年才开放的图录", access=Access(from_="2027-01-01"), language=zh, first_release=1),
        one("x.blind", "大字无障碍读本", access=Access("accessible-only"), language=zh, first_release=1),
        one("x.english", "A Very Long English Title about Rivers, Lakes and the People who Live beside Them",
            creators=(Creator("Jane Smith", "著"),), classes=(ClassCode("clc", "P343"),), language=("en",),
            date=PublicationDate("1932", 1932, 1932, certainty="exact"), first_release=1),
        one("x.odd", "<script>alert(1)</script>&“引号”", description="<b>not bold</b>", language=zh, first_release=1),
    ]  # fmt: skip


@dataclass
class World:
    """Where everything is, and how to change it.

    Attributes:
        root: its folder. settings, services, keeper, clock, faults, accounts: as the application got them.
        commands: what was asked of the worker. holdings: the document as last written.
    """

    root: Path
    settings: Settings
    clock: FixedClock
    keeper: LibraryKeeper
    faults: FaultStore
    accounts: Accounts
    services: Services
    holdings: Holdings
    records: dict[str, Resource]
    commands: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def drive(self) -> Path:
        """The drive's folder."""
        return self.root / "drive"

    def write(self, **changes: object) -> None:
        """Publish other holdings, as the worker would."""
        self.holdings = replace(self.holdings, generation=self.holdings.generation + 1, **changes)  # type: ignore[arg-type]
        write_holdings(self.settings.holdings_file, self.holdings, RealFiles())
        self.keeper.refresh()

    def item_path(self, resource_id: str, role: str = "part", order: int = 0) -> Path:
        """The file of an item on the drive."""
        items = [i for i in self.records[resource_id].items if i.role == role]
        return self.drive / "bag" / items[order].path


def write_truth(folder: Path, records: Sequence[Resource], contents: Mapping[str, bytes]) -> None:
    """The truth of a release, its catalogue and its index in `folder`."""
    meta = folder / "meta"
    meta.mkdir(parents=True)
    ordered = sorted(records, key=lambda r: r.id.encode())
    (meta / "catalogue.jsonl").write_bytes(b"".join(dump_line(r) for r in ordered))
    lines = item_lines(ordered)
    write_items(meta / "items.txt", lines, RealFiles())
    with ChunkWriter(meta / "chunks.bin", RealFiles()) as writer:
        for line in lines:
            hasher = ChunkHasher()
            hasher.update(contents[line.path])
            writer.add(line, hasher.digests())
    build_catalogue(meta / "catalogue.jsonl", meta / "items.txt", folder / "catalogue.db")
    build_index(ordered, folder / "search")


def _copy_of_everything(root: Path, release: Path, records: Sequence[Resource], contents: Mapping[str, bytes]) -> None:
    """The truth and the drive's bytes; made once a process for the same records and copied after that."""
    kept = tuple(records)
    if kept not in _MADE:
        made = Path(tempfile.mkdtemp(prefix="holding-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        write_truth(made / "release", records, contents)
        for path, content in contents.items():
            target = made / "drive" / "bag" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        _MADE[kept] = made
    release.parent.mkdir(parents=True)
    shutil.copytree(_MADE[kept] / "release", release)
    shutil.copytree(_MADE[kept] / "drive", root / "drive")


def holdings_of(drive: Path, count: int) -> Holdings:
    """One ready drive with one release."""
    folder, truth = "national/7-abcdef012345", "ab" * 32
    release = HeldRelease(
        bundle="national",
        seq=7,
        edition="2026.11",
        issued="2026-11-20",
        issuer="国家图书馆",
        name="国家版",
        folder=folder,
        truth=truth,
        count=count,
        catalogue=READY,
        search=Part("ready", "search"),
    )
    params = {"issuer": "国家图书馆", "bundle": "国家版", "edition": "2026.11", "count": count}
    drive_state = HeldDrive(
        key="d1",
        path=str(drive),
        name="国家版",
        state="ready",
        message=Message("intake.trusted", params),
        bundle="national",
        seq=7,
        folder=folder,
        disk=1,
        since="2026-11-22T01:00:00+00:00",
    )
    worker = WorkerState(pid=1, started="2026-11-22T01:00:00+00:00", beat="2026-11-22T08:00:00+00:00")
    return Holdings(1, "2026-11-20T00:00:00+00:00", (release,), (drive_state,), (), worker)


@contextmanager
def make_world(
    root: Path,
    made: Sequence[tuple[Resource, dict[str, bytes]]] | None = None,
    classes: Sequence[ClassName] = (),
) -> Iterator[World]:
    """Everything the application needs, made from `collection()` or from other records; closed at the end."""
    made = collection() if made is None else made
    records = {r.id: r for r, _ in made}
    contents = {path: content for _, files in made for path, content in files.items()}
    (root / "root.json").write_text("{}")
    settings = Settings(
        data_folder=root / "data",
        root_file=root / "root.json",
        library_name="清溪县图书馆",
        library_name_en="Qingxi County Library",
        address="library.local",
        support_name="省馆技术支持",
        support_phone="028-0000000",
    )
    holdings = holdings_of(root / "drive", len(records))
    _copy_of_everything(root, settings.releases_folder / holdings.releases[0].folder, list(records.values()), contents)
    if classes:
        folder = settings.releases_folder / holdings.releases[0].folder
        (folder / "meta" / CLASSES_NAME).write_bytes(b"".join(dump_classes(classes)))
    write_holdings(settings.holdings_file, holdings, RealFiles())
    clock = FixedClock(NOW)
    keeper = LibraryKeeper(settings.holdings_file, settings.releases_folder)
    faults = FaultStore(settings.faults_file, clock)
    accounts = Accounts(settings.accounts_file, clock, hasher=_CHEAP)
    commands: list[Mapping[str, str]] = []
    pools, chunks = DrivePools(), ChunkStore(16 << 20)
    services = Services(
        keeper=keeper,
        clock=clock,
        faults=faults,
        accounts=accounts,
        chunks=chunks,
        pools=pools,
        command=commands.append,
        wishes=(wishes := WishStore(settings.wishes_file, renew=True)),
    )
    try:
        yield World(root, settings, clock, keeper, faults, accounts, services, holdings, records, commands)
    finally:
        pools.close()
        accounts.close()
        faults.close()
        wishes.close()


def make_app(world: World):
    """The application of that world."""
    app = create_app(world.settings, world.services)
    app.testing = True
    return app
