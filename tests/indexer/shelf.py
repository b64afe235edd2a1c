"""Small catalogues and indexes made from real records of the model, for the tests of searching."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from indexer.build import build_index
from indexer.catalogue import Catalogue, build_catalogue
from indexer.model import (
    Audience,
    ClassCode,
    Creator,
    Identifier,
    Item,
    PublicationDate,
    Resource,
    dump_line,
    item_id,
)
from indexer.search import Part, Searcher

WORDS = (  # noqa: SIM905
    "人民 日报 红楼 红楼梦 山水 明月 江南 春秋 左传 儿童 故事 科学 技术 农业 水稻 种植 北京 上海 地方 县志 中国 古代 "
    "诗歌 唐诗 宋词 abc 3月 2019年 gb18030 第3期 𠀋𠀌"
).split()
TYPES = ("book", "journal", "image", "video")


def item(resource_id: str, *, role: str = "part", size: int = 10, name: str = "a.pdf") -> Item:
    own = item_id(resource_id, role, name)
    return Item(own, role, 0, f"data/{own[:2]}/{own[2:4]}/{own}.pdf", "application/pdf", size, "0" * 64)


def resource(resource_id: str, title: str, *, readable: bool = True, **members: object) -> Resource:
    items = (item(resource_id),) if readable else ()
    return Resource(id=resource_id, title=title, type=str(members.pop("type", "book")), items=items, **members)  # type: ignore[arg-type]


def generated(count: int, seed: int = 1) -> list[Resource]:
    """Records from a small vocabulary, so that terms meet often; the same for the same seed."""
    chance = random.Random(seed)

    def some(low: int, high: int) -> str:
        return "".join(
            chance.choice(WORDS) + chance.choice(["", "", " ", "，"]) for _ in range(chance.randint(low, high))
        )

    return [
        resource(
            f"r{number:05d}",
            some(1, 3) or "无题",
            readable=chance.random() < 0.7,
            type=chance.choice(TYPES),
            creators=(
                Creator(chance.choice(["曹雪芹", "李白", "张三", "Smith"]), dynasty=chance.choice(["", "清", "唐"])),
            ),
            subjects=tuple(chance.sample(WORDS, 2)),
            classes=(ClassCode("clc", chance.choice(["I222", "TP3", "K29", "S5"])),),
            language=(chance.choice(["zh-Hans", "zh-Hant", "en"]),),
            identifiers=(Identifier("isbn", f"978{number:010d}"),),
            date=PublicationDate(year_from=1900 + number % 120, year_to=1900 + number % 120 + number % 7),
            audience=Audience(chance.choice(["children", "general", "unknown"])),
            description=some(0, 20),
            first_release=1 + number % 3,
        )
        for number in range(count)
    ]


def write_truth(folder: Path, resources: Sequence[Resource]) -> tuple[Path, Path]:
    """catalogue.jsonl and items.txt of these records."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(resources, key=lambda r: r.id.encode())
    catalogue, items = folder / "catalogue.jsonl", folder / "items.txt"
    catalogue.write_bytes(b"".join(map(dump_line, ordered)))
    lines = sorted((i.path, f"{i.sha256} {i.size} {i.path}\n") for r in ordered for i in r.items)
    items.write_text("".join(line for _, line in lines))
    return catalogue, items


def make_part(folder: Path, resources: Sequence[Resource], hidden: frozenset[int] = frozenset()) -> Part:
    """Build catalogue and index of these records under `folder`."""
    truth = write_truth(folder, resources)
    build_catalogue(*truth, folder / "catalogue.db")
    build_index(sorted(resources, key=lambda r: r.id.encode()), folder / "search")
    return Part(folder / "search", Catalogue(folder / "catalogue.db"), hidden)


def make_searcher(folder: Path, *shelves: Sequence[Resource]) -> Searcher:
    return Searcher([make_part(folder / str(number), shelf) for number, shelf in enumerate(shelves)])
