"""A holding whose books, documents, pages and texts the packager itself has indexed, served from its work folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from appliance.clock import FixedClock
from appliance.library.keeper import LibraryKeeper
from appliance.people.accounts import Accounts
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.serving.texts import TextSearch
from appliance.serving.texts_made import MadeIndexes
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.holdings import Holdings, Part, write_holdings
from appliance.web.renditions import RenditionService
from appliance.web.renditions_cache import RenditionCache
from appliance.web.services import Services
from indexer.model import load_line
from packager.build import BuildOptions, build
from packager.format.files import RealFiles
from tests.appliance.web.holding import NOW, World, holdings_of
from tests.appliance.web.reading import LAST, document, epub, xhtml

BOOK = "沧浪之水清兮，可以濯吾缨"
PAGE = "落霞与孤鹜齐飞，秋水共长天一色"
TEXT = "大漠孤烟直，长河落日圆"
SHUT = "馆外不能看的句子甲乙丙"
OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)


def book(sentence: str = BOOK) -> bytes:
    """An EPUB whose third chapter holds the sentence, below a screenful of others."""
    filler = "".join(f"<p>这是第 {n} 段，说些别的事。</p>" for n in range(40))
    bodies = [filler, filler, f"{filler}<p>{sentence}。</p>{filler}"]
    names = ("上篇", "中篇", "下篇")
    return epub([(name, xhtml(name, f"<h1>{name}</h1>{body}")) for name, body in zip(names, bodies, strict=True)])


def web_page() -> bytes:
    """A web page of several of a reader's pages; the sentence stands near its end, once before in other words."""
    filler = "".join(f"<p>网页的第 {n} 段，写着山川草木和鸟兽虫鱼，并不相干。</p>" for n in range(600))
    return f"<html><head><title>网页</title></head><body><h1>游记</h1>{filler}<p>{PAGE}。</p></body></html>".encode()


def plain_text() -> bytes:
    """A long text; the sentence stands far behind its beginning."""
    return ("\n\n".join(f"第 {n} 段。{'平平淡淡的话。' * 8}" for n in range(900)) + f"\n\n{TEXT}。\n").encode("gb18030")


FILES = {
    "i.book": ("a.epub", book),
    "i.pdf": ("a.pdf", document),
    "i.web": ("a.html", web_page),
    "i.text": ("a.txt", plain_text),
    "i.shut": ("b.epub", lambda: book(SHUT)),
    "i.title": ("c.epub", lambda: book("与题名无关的话")),
}
RECORDS = [
    {"id": "i.book", "title": "楚辞选读", "type": "book", "language": ["zh-Hans"]},
    {"id": "i.pdf", "title": "文件一种", "type": "book", "language": ["zh-Hans"]},
    {"id": "i.web", "title": "网页一种", "type": "book", "language": ["zh-Hans"]},
    {"id": "i.text", "title": "长文一种", "type": "book", "language": ["zh-Hans"]},
    {"id": "i.shut", "title": "不开放的书", "type": "book", "access": {"scope": "accessible-only"}},
    {"id": "i.title", "title": "大漠孤烟直", "type": "book", "language": ["zh-Hans"]},
]


def source(folder: Path) -> Path:
    """The source folder of the packager."""
    folder.mkdir(parents=True)
    lines = []
    for record in RECORDS:
        name, made = FILES[record["id"]]
        (folder / record["id"]).mkdir()
        (folder / record["id"] / name).write_bytes(made())
        lines.append(json.dumps({**record, "files": [f"{record['id']}/{name}"]}, ensure_ascii=False) + "\n")
    (folder / "catalogue.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def holdings_for(world_root: Path, count: int) -> Holdings:
    """The holdings of a box that has the work folder plugged in as its drive."""
    found = holdings_of(world_root / "drive", count)
    parts = {"catalogue": Part("ready", "meta/catalogue.db"), "search": Part("ready", "meta/search")}
    return replace(found, releases=(replace(found.releases[0], **parts),))  # type: ignore[arg-type]


def without_index(bag: Path) -> None:
    """Take the index of texts off a drive, and out of its lists: none of its files is over 1 MiB."""
    shutil.rmtree(bag / "data/index")
    lines = (bag / "meta/items.txt").read_bytes().splitlines(keepends=True)
    (bag / "meta/items.txt").write_bytes(b"".join(line for line in lines if b" data/index/" not in line))


@contextmanager
def inside_world(root: Path, *, indexed: bool = True) -> Iterator[World]:
    """Everything the application needs; `world.services.texts.refresh()` opens what a change of drives brings.

    Without `indexed` the drive brings no index of its texts.
    """
    build(source(root / "source"), root / "drive", OPTIONS, RealFiles())
    if not indexed:
        without_index(root / "drive/bag")
    lines = (root / "drive/bag/meta/catalogue.jsonl").read_bytes().splitlines(keepends=True)
    records = {r.id: r for r in (load_line(line, n) for n, line in enumerate(lines, 1))}
    (root / "root.json").write_text("{}")
    settings = Settings(data_folder=root / "data", root_file=root / "root.json", library_name="清溪县图书馆")
    holdings = holdings_for(root, len(records))
    shutil.copytree(root / "drive/bag/meta", settings.releases_folder / holdings.releases[0].folder / "meta")
    write_holdings(settings.holdings_file, holdings, RealFiles())
    clock = FixedClock(NOW)
    keeper = LibraryKeeper(settings.holdings_file, settings.releases_folder)
    faults, accounts = FaultStore(settings.faults_file, clock), Accounts(settings.accounts_file, clock)
    pools, found = DrivePools(), []
    chunks = ChunkStore(16 << 20, on_damage=lambda item, index: found.append((item.key, index)))
    renditions = RenditionService(RenditionCache(settings.cache_folder), chunks, pools)
    texts = TextSearch(lambda: keeper.library, chunks, pools, made=MadeIndexes(settings.texts_folder))
    texts.refresh()
    services = Services(
        keeper=keeper, clock=clock, faults=faults, accounts=accounts, chunks=chunks, pools=pools,
        command=lambda _command: None, renditions=renditions, texts=texts,
    )  # fmt: skip
    try:
        yield World(root, settings, clock, keeper, faults, accounts, services, holdings, records, found)
    finally:
        texts.close()
        renditions.close()
        keeper.close()
        pools.close()
        accounts.close()
        faults.close()


__all__ = ["BOOK", "LAST", "PAGE", "SHUT", "TEXT", "inside_world"]
