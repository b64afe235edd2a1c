"""Tests of appliance.store.wishes."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from appliance.errors import DamagedError, StoreError, WishLimitError
from appliance.store import wishes as module
from appliance.store.wishes import RESOURCE, WORDS, Asked, MonthlyWish, WishStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 11, 22)
AT = "2026-11-22T08:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WishStore]:
    with closing(WishStore(tmp_path / "wishes.db")) as made:
        yield made


def _number(store: WishStore, sql: str) -> int:
    return int(store._connection.execute(sql).fetchone()[0])


def add(store: WishStore, key: str, who: str = "a", day: date = DAY, note: str = "", kind: str = WORDS) -> Asked:
    return store.add(kind, key, f"《{key}》", who=who, day=day, at=AT, note=note)


def test_add_counts_the_same_wish_together_and_survives_reopening(store: WishStore, tmp_path: Path) -> None:
    assert add(store, "红楼梦") == Asked(0)
    assert add(store, "红楼梦", "b") == Asked(1)
    assert add(store, "红楼梦", kind=RESOURCE) == Asked(0)
    store.close()
    with closing(WishStore(tmp_path / "wishes.db")) as again:
        first, second = again.listed()
        assert (first.key, first.kind, first.count, first.words) == ("红楼梦", WORDS, 2, "《红楼梦》")
        assert (second.kind, second.count, second.last) == (RESOURCE, 1, "2026-11-22")
        assert again.count() == 2


def test_add_one_terminal_counts_once_a_day_and_again_on_the_next(store: WishStore) -> None:
    add(store, "水浒传")
    assert add(store, "水浒传") == Asked(0, again=True)
    assert add(store, "水浒传", day=date(2026, 12, 1)) == Asked(1)
    assert store.listed()[0].count == 2
    assert _number(store, "SELECT count(*) FROM asked") == 1  # nothing of the day before


def test_add_a_terminal_and_a_day_have_their_bounds(store: WishStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_TERMINAL", 2)
    monkeypatch.setattr(module, "PER_DAY", 3)
    for key in ("a", "b"):
        add(store, key)
    with pytest.raises(WishLimitError):
        add(store, "c")
    assert add(store, "a") == Asked(0, again=True)  # what was registered is still said to be
    add(store, "c", "b")
    with pytest.raises(WishLimitError):
        add(store, "d", "c")
    assert add(store, "d", "c", date(2026, 11, 23)) == Asked(0)


def test_add_without_room_what_was_dealt_with_goes_first(store: WishStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WISHES", 2)
    add(store, "a", note="一")
    add(store, "b")
    with pytest.raises(WishLimitError):
        add(store, "c", "b")
    assert store.count() == 2
    store.settle(next(one.number for one in store.listed() if one.key == "a"), DAY)
    add(store, "c", "b")
    assert [one.key for one in store.listed()] == ["b", "c"]
    assert store.count(settled=True) == 0
    assert _number(store, "SELECT count(*) FROM note") == 0


@pytest.mark.parametrize(
    "change",
    [{"kind": "other"}, {"key": ""}, {"key": "x" * 201}, {"words": "x" * 201}, {"note": "x" * 101}, {"who": ""}],
)
def test_add_out_of_bounds_is_refused(store: WishStore, change: dict[str, str]) -> None:
    values = {"kind": WORDS, "key": "k", "words": "w", "who": "a", "note": ""} | change
    with pytest.raises(ValueError, match="bounds"):
        store.add(
            values["kind"], values["key"], values["words"], who=values["who"], day=DAY, at=AT, note=values["note"]
        )
    assert store.count() == 0


def test_notes_are_kept_once_each_and_few(store: WishStore) -> None:
    for n in range(9):
        add(store, "a", f"{n}", note=f"线索{n // 2}")
    assert store.listed()[0].notes == ("线索0", "线索1", "线索2", "线索3", "线索4")


def test_settle_and_news(store: WishStore) -> None:
    add(store, "a")
    add(store, "b")
    assert store.news() == (2, AT)
    store.looked()
    assert store.news() == (0, "")
    add(store, "a", "b")
    assert store.news()[0] == 1
    number = store.listed()[0].number
    store.settle(number, DAY)
    assert store.news()[0] == 0
    assert [(one.key, one.settled) for one in store.listed(settled=True)] == [("a", "2026-11-22")]
    assert add(store, "a", "c") == Asked(2)  # it goes on counting where it stands
    assert store.count(settled=True) == 1
    store.settle(number, None)
    assert store.count() == 2
    store.remove(number)
    assert [one.key for one in store.listed()] == ["b"]


def test_for_report_is_of_the_month_alone(store: WishStore) -> None:
    add(store, "r1", kind=RESOURCE, day=date(2026, 10, 31))
    add(store, "r1", "b", kind=RESOURCE, day=date(2026, 11, 1))
    add(store, "r1", "c", kind=RESOURCE, day=date(2026, 11, 30))
    add(store, "词", note="要大字的")
    assert store.for_report("2026-11") == [
        MonthlyWish(RESOURCE, "r1", "《r1》", 2, 3),
        MonthlyWish(WORDS, "", "《词》", 1, 1, ("要大字的",)),
    ]
    assert store.for_report("2026-10") == [MonthlyWish(RESOURCE, "r1", "《r1》", 1, 3)]
    assert store.for_report("2026-09") == []


def test_add_from_many_threads_counts_each(store: WishStore) -> None:
    threads = [threading.Thread(target=add, args=(store, "a", f"{n}")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.listed()[0].count == 20


def test_damaged_database_is_told_and_begun_anew_by_the_one_who_writes(tmp_path: Path) -> None:
    (tmp_path / "wishes.db").write_bytes(b"x" * 5000)
    with pytest.raises(DamagedError):
        WishStore(tmp_path / "wishes.db")
    with closing(WishStore(tmp_path / "wishes.db", renew=True)) as store:
        assert store.count() == 0
        assert store.lost()
        assert (tmp_path / "wishes.db.damaged-1").read_bytes() == b"x" * 5000
        add(store, "采茶戏", "1")
        store.know()
        assert (store.lost(), store.count()) == ("", 1)
    assert (tmp_path / "wishes.db.damaged-1.known").read_bytes() == b"x" * 5000


def test_damage_that_shows_later_costs_one_question_and_loses_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "wishes.db"
    store = WishStore(path, renew=True)
    for spoiled in (1, 2):
        add(store, "采茶戏", "1")
        store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        store._connection.close()
        store._connection = sqlite3.connect(path, isolation_level=None)
        assert store.listed() == []
        assert len(list(tmp_path.glob("wishes.db.damaged-?"))) == spoiled
    add(store, "采茶戏", "1")
    assert store.count() == 1
    store.close()


def test_lock_or_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    store = WishStore(tmp_path / "wishes.db", renew=True)
    add(store, "采茶戏", "1")
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages}")

    def fill() -> None:
        for n in range(50):
            store.add(WORDS, f"{n}" * 50, "长" * 200, who=f"{n}", day=DAY, at=AT, note="长" * 100)

    with pytest.raises(StoreError, match="full"):
        fill()
    assert store.count() >= 1
    store.close()
    assert not list(tmp_path.glob("*.damaged*"))
