"""Lists of parts: in order wherever they come from, light, and kept within bounds."""

from __future__ import annotations

import pytest

from appliance.library import parts as module
from appliance.library.parts import PartLists
from indexer.model import Item, Resource

ITEM = Item("i" * 20, "part", 0, "data/aa/x.pdf", "application/pdf", 1, "0" * 64)


def volume(name: str, *items: Item, **members: object) -> Resource:
    return Resource(id=f"v-{name}", title="丛编", type="book", parent="set", designation=name, items=items, **members)  # type: ignore[arg-type]


def test_parts_of_several_releases_stand_in_one_order_and_without_their_texts() -> None:
    found = PartLists().of(
        "set", lambda: [volume("卷十", ITEM, description="长"), volume("卷二"), volume("卷一", seq=1)]
    )
    assert [part.record.designation for part in found] == ["卷一", "卷二", "卷十"]
    assert [(part.readable, part.usable) for part in found] == [(False, False), (False, False), (True, True)]
    assert {part.record.description for part in found} == {""}


def test_parts_that_do_not_open_are_readable_and_not_usable() -> None:
    locked = Item(ITEM.id, "part", 0, ITEM.path, ITEM.media_type, 1, ITEM.sha256, flags=("encrypted",))
    [part] = PartLists().of("set", lambda: [volume("卷一", locked)])
    assert (part.readable, part.usable) == (True, False)


def test_lists_are_read_once_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 5)
    monkeypatch.setattr(module, "MAX_LISTS", 3)
    asked: list[str] = []
    lists = PartLists()

    def ask(parent: str, count: int) -> int:
        def read() -> list[Resource]:
            asked.append(parent)
            return [volume(f"卷{n}") for n in range(count)]

        return len(lists.of(parent, read))

    assert [ask("a", 2), ask("a", 2), ask("b", 3), ask("a", 2)] == [2, 2, 3, 2]
    assert asked == ["a", "b"]
    assert ask("c", 9) == 9
    assert ask("c", 9) == 9
    assert asked == ["a", "b", "c"]
    for empty in "defg":
        ask(empty, 0)
    ask("d", 0)
    assert asked == ["a", "b", "c", "d", "e", "f", "g", "d"]


def test_counts_are_found_once_and_forgotten_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COUNTS", 2)
    lists, asked = PartLists(), list[str]()

    def ask(parent: str) -> tuple[int, str]:
        return lists.count(parent, lambda: (asked.append(parent) or 3, "issue"))

    assert [ask(parent) for parent in "aab"] == [(3, "issue")] * 3
    ask("c")
    ask("a")
    assert asked == ["a", "b", "c", "a"]
