"""Editions that follow each other: serials, sets, gathered works and single ones, and what a delta changes in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from indexer.model import Access, Audience, ClassCode, Creator, PublicationDate, Resource
from tests.indexer.shelf import WORDS, generated, item, resource

_NAMES = ("人民日报", "北京日报", "农业技术", "Science News", "红楼梦")


def edition(count: int, seed: int) -> list[Resource]:
    """Single works, serials with issues, sets with volumes, works of a collection, what nobody lists, large items."""
    chance = random.Random(seed)
    single = generated(count // 2, seed)
    made = {r.id: r for r in (_member(chance, n, count) for n in range(count - len(single)))}
    return sorted([*single, *made.values()], key=_by_id)


def next_edition(resources: Sequence[Resource], seed: int, share: float = 0.1) -> list[Resource]:
    """Some records go, some change in one thing or another, some come."""
    chance = random.Random(seed)
    kept = [_changed(chance, r) if chance.random() < share else r for r in resources if chance.random() >= share / 2]
    known = {r.id for r in resources}
    size = max(4, len(resources))
    fresh = [_member(chance, chance.randrange(10 * size), size) for _ in range(int(size * share) + 1)]
    fresh += [
        replace(r, id="n" + r.id, items=tuple(item("n" + r.id) for _ in r.items))
        for r in generated(int(size * share) + 1, seed + 7)
    ]
    come = {r.id: r for r in fresh if r.id not in known}
    return sorted([*kept, *come.values()], key=_by_id)


def _by_id(one: Resource) -> bytes:
    return one.id.encode()


def _title(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return "长" * 150 + chance.choice(WORDS)
    return "".join(chance.choice(WORDS) for _ in range(chance.randint(1, 4)))


def _member(chance: random.Random, number: int, size: int) -> Resource:
    """A serial or set, one of its parts, or a work that something gathers; parents may be missing."""
    families = max(2, size // 10)
    family = chance.randrange(families)
    kind = chance.choice(["top", "part", "part", "part", "gathered", "large", "closed"])
    own = f"{'gpmz'[number % 4]}{number:05d}"
    year = 1950 + number % 60
    shared = {
        "first_release": 1 + number % 3,
        "audience": Audience(chance.choice(["children", "general"])),
        "subjects": (chance.choice(WORDS), chance.choice(WORDS)),
        "creators": (Creator(chance.choice(["曹雪芹", "李白", "王五", "鲁迅"])),),
        "classes": (ClassCode("clc", chance.choice(["I242.4", "I2", "K29", "S511"])), ClassCode("sibu", "集部")),
        "date": PublicationDate(printed=str(year), year_from=year, year_to=year),
    }
    parent = f"f{family:04d}"
    if kind == "top":
        level = chance.choice(["serial", "work", "collection"])
        return resource(
            parent, chance.choice(_NAMES) + str(family % 7), type="journal", readable=False, level=level, **shared
        )
    if kind == "part":
        level = chance.choice(["issue", "volume", "part"])
        seq = chance.choice([None, number % 9])
        title = f"{chance.choice(_NAMES)}{year}年第{number % 12 + 1}期"
        members = {
            **shared,
            "level": level,
            "parent": parent,
            "seq": seq,
            "designation": f"{year}年第{number % 12 + 1}期",
        }
        return resource(own, title, type="journal", readable=chance.random() < 0.8, **members)
    if kind == "gathered":
        spoken = chance.choice(["", "", "ren min te bao"])
        title = chance.choice([chance.choice(_NAMES), _title(chance)])
        return resource(own, title, parent=chance.choice([parent, own]), title_pinyin=spoken, **shared)
    if kind == "closed":
        made = resource(own, _title(chance), **shared)
        return replace(made, access=Access(scope=chance.choice(["none", "premises"])), title_pinyin="chang pian")
    made = resource(own, _title(chance), **shared)
    sizes = [chance.choice([10, (1 << 20) + 1, 5 << 20]) for _ in range(3)]
    return replace(made, items=tuple(item(own, size=size, name=f"{n}.pdf") for n, size in enumerate(sizes)))


def _changed(chance: random.Random, one: Resource) -> Resource:
    change = chance.randrange(7)
    if change == 0:
        return replace(one, title=one.title + chance.choice(WORDS))
    if change == 1:
        return replace(one, description=one.description + chance.choice(WORDS))
    if change == 2:
        return replace(one, audience=Audience(chance.choice(["children", "general"])))
    if change == 3:
        return replace(one, creators=(Creator(chance.choice(["李白", "冰心"])),), subjects=(chance.choice(WORDS),))
    if change == 4:
        return replace(one, level=chance.choice(["issue", "work", "volume"]) if one.parent else one.level)
    if change == 5:
        return replace(one, access=Access(scope=chance.choice(["open", "none"])))
    return replace(
        one, parent=f"f{chance.randrange(6):04d}" if one.level in {"issue", "volume", "part"} else one.parent
    )
