"""Which records can be read with the drives that are here: masks by row, of sets and of several releases."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.library import present
from appliance.library.present import ItemTable, Presence
from appliance.library.shelf import OpenRelease, Shelf
from appliance.store.disks import write_disk_items
from appliance.store.holdings import HeldDrive, HeldRelease, Message, Part
from indexer.catalogue_build import build_catalogue
from indexer.model import Item, Resource, dump_line, item_id
from packager.format.files import RealFiles
from packager.format.layout import item_path

FILES = RealFiles()


def item(resource: str, role: str, order: int, content: str) -> Item:
    identity = item_id(resource, role, str(order))
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Item(identity, role, order, item_path(identity, "txt"), "text/plain", len(content), digest)


def record(name: str, *roles: str, content: str = "") -> Resource:
    items = (item(name, role, n, f"{content}{name}{role}{n}") for n, role in enumerate(roles))
    return Resource(id=name, title=name, type="book", items=tuple(items))


def shelf(folder: Path, records: list[Resource], disks: Mapping[int, list[Item]] | None = None) -> Shelf:
    """A release in a folder; `disks` says which items are on which drive of its set."""
    (folder / "meta").mkdir(parents=True)
    (folder / "disks").mkdir()
    ordered = sorted(records, key=lambda r: r.id)
    items = sorted((i for r in records for i in r.items), key=lambda i: i.path)
    (folder / "meta/catalogue.jsonl").write_bytes(b"".join(map(dump_line, ordered)))
    (folder / "meta/items.txt").write_text("".join(f"{i.sha256} {i.size} {i.path}\n" for i in items))
    (folder / "meta/chunks.bin").write_bytes(b"")
    build_catalogue(folder / "meta/catalogue.jsonl", folder / "meta/items.txt", folder / "meta/catalogue.db")
    for disk, carried in (disks or {}).items():
        write_disk_items(folder / f"disks/{disk}.items", [i.path for i in carried], FILES)
    ready = Part("ready", "meta/catalogue.db")
    release = HeldRelease(
        bundle="national", seq=1, folder=folder.name, truth="0" * 64, count=len(records), edition="e",
        issued="2026-11-22", issuer="i", name="n", disks=len(disks or {1: []}), catalogue=ready, search=ready,
    )  # fmt: skip
    return Shelf(OpenRelease(folder, "meta/catalogue.db", set_of_drives=release.disks > 1), release)


def drive(of: Shelf, disk: int = 1, state: str = "ready") -> HeldDrive:
    key = f"{of.release.folder}-{disk}"
    return HeldDrive(key, "/nowhere", "", state, Message("intake.trusted"), folder=of.release.folder, disk=disk)


def told(masks: Mapping[str, present.Mask], of: Shelf) -> list[str] | None:
    """Ids of what can be read; None without a mask."""
    mask = masks.get(of.release.folder)
    return None if mask is None else [r.id for n, r in of.catalogue.all_lines() if mask[n]]


@pytest.fixture
def pair(tmp_path: Path) -> Shelf:
    """A set of two: a on the first, b on the second, c torn; of d only the cover is on the first."""
    a, b, c, d = (
        record("a", "part"), record("b", "part"), record("c", "part", "part"), record("d", "cover", "part"),
    )  # fmt: skip
    entry = record("e")
    return shelf(tmp_path / "pair", [a, b, c, d, entry],
                 {1: [a.items[0], c.items[0], d.items[0]], 2: [b.items[0], c.items[1], d.items[1]]})  # fmt: skip


@pytest.mark.parametrize(("disks", "readable"), [((), []), ((1,), ["a", "c"]), ((2,), ["b", "c", "d"]), ((1, 2), None)])
def test_masks_tell_what_the_drives_of_a_set_hold(pair: Shelf, disks: tuple[int, ...], readable) -> None:
    drives = [drive(pair, n) for n in disks]
    drives += [drive(pair, n, "gone") for n in {1, 2} - {*disks}]
    assert told(Presence().masks([pair], [], drives), pair) == readable


def test_masks_of_many_torn_records_count_what_is_here_of_them(pair: Shelf, monkeypatch) -> None:
    monkeypatch.setattr(present, "MOST_TORN", 1)
    assert told(Presence().masks([pair], [], [drive(pair, 1)]), pair) == ["a", "c", "d"]


def test_masks_take_the_same_bytes_from_drives_of_other_releases(tmp_path: Path) -> None:
    new = shelf(tmp_path / "new", [record("a", "part"), record("b", "part", content="new"), record("c", "part")])
    old = shelf(tmp_path / "old", [record("a", "part"), record("b", "part", content="old"), record("d", "part")])
    presence = Presence()
    assert told(presence.masks([new], [old], [drive(old)]), new) == ["a"]
    assert told(presence.masks([new], [old], [drive(old, state="sick")]), new) == []
    assert told(presence.masks([new, old], [], [drive(old), drive(new)]), new) is None
    first, second = record("a", "part"), record("c", "part")
    part = shelf(tmp_path / "part", [first, second], {1: [first.items[0]], 2: [second.items[0]]})
    assert told(presence.masks([new], [part], [drive(part, 2)]), new) == ["c"]


def test_masks_are_made_once_and_tables_with_them(pair: Shelf, monkeypatch) -> None:
    made = []
    of = ItemTable.of
    monkeypatch.setattr(ItemTable, "of", lambda shelf: made.append(shelf) or of(shelf))
    presence = Presence()
    assert presence.masks([pair], [], [drive(pair, 1)], known_only=True) == {}
    assert not presence.complete
    first = presence.masks([pair], [], [drive(pair, 1)])
    assert presence.complete
    again = presence.masks([pair], [], [drive(pair, 1)], known_only=True)
    assert presence.complete
    assert again["pair"] is first["pair"]
    presence.masks([pair], [], [drive(pair, 1), drive(pair, 2)])
    presence.masks([pair], [], [drive(pair, 2)])
    assert len(made) == 1
    assert presence.masks([pair], [], [], known_only=True)["pair"].tolist() == [False] * 5  # that takes no time
    assert presence.complete


def test_masks_of_items_that_do_not_agree_with_the_catalogue_are_left_out(pair: Shelf) -> None:
    lines = pair.items_file.read_text().splitlines(keepends=True)
    pair.items_file.write_text("".join(lines[1:]))
    assert Presence().masks([pair], [], [drive(pair, 1)]) == {}
