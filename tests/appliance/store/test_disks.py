"""Tests of appliance.store.disks."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import StoreError
from appliance.store import samples
from appliance.store.disks import DiskItems, write_disk_items, write_told_items
from appliance.store.samples import read_sample, write_sample
from packager.format.disktable import write_disk_table
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.items import ItemLine, write_items
from packager.format.manifest import ManifestLine

PATHS = st.sets(st.from_regex(r"data/[a-z2-7]{2}/[a-z2-7]{2}/[a-z2-7]{20}\.pdf", fullmatch=True), max_size=40)


@given(PATHS, PATHS)
def test_disk_items_hold_what_was_written_and_nothing_else(tmp_path_factory, here, elsewhere):
    path = tmp_path_factory.mktemp("disks") / "1.items"
    assert write_disk_items(path, here, RealFiles()) == len(here)
    items = DiskItems(path)
    assert all(items.holds(p) for p in here)
    assert not any(items.holds(p) for p in elsewhere - here)
    asked = sorted(here | elsewhere)
    assert items.among(asked).tolist() == [p in here for p in asked]


def test_disk_items_are_looked_up_where_they_lie(tmp_path):
    paths = [f"data/aa/aa/{n:020d}.pdf" for n in range(50_000)]
    write_disk_items(tmp_path / "1.items", paths, RealFiles())
    items = DiskItems(tmp_path / "1.items")
    asked = [paths[7], "data/zz/zz/elsewhere.pdf", paths[-1]]
    tracemalloc.start()
    assert items.among(asked).tolist() == [True, False, True]
    assert items.holds(paths[49])
    assert tracemalloc.get_traced_memory()[1] < 50_000  # of 400,000 bytes
    tracemalloc.stop()
    some = paths[::97]
    assert items.among([*some, *(path + "x" for path in some[:200])]).tolist() == [True] * len(some) + [False] * 200
    assert items.among([path + "x" for path in paths]).sum() == 0


def test_disk_items_cut_short_or_absent_is_an_error(tmp_path):
    (tmp_path / "1.items").write_bytes(b"1234567")
    with pytest.raises(StoreError, match="no list"):
        DiskItems(tmp_path / "1.items")
    with pytest.raises(StoreError):
        DiskItems(tmp_path / "2.items")


def lines(count):
    return [ItemLine("ab" * 32, n, f"data/aa/{n:04d}aaaaaaaaaaaaaaaa.bin") for n in range(count)]


def write_lists(folder, every, part):
    """items.txt of `every`, and a manifest of `part`."""
    write_items(folder / "items.txt", every, RealFiles())
    (folder / "manifest").write_bytes(b"".join(ManifestLine(i.sha256, i.path).to_bytes() for i in part))
    return folder / "manifest", folder / "items.txt", len(part), RealFiles()


def test_sample_of_a_part_of_the_items_has_their_sizes(tmp_path):
    every = lines(9)
    write_sample(tmp_path / "s", *write_lists(tmp_path, every, every[2:7:2]))
    assert read_sample(tmp_path / "s") == tuple((i.path, i.size) for i in every[2:7:2])


def test_sample_of_an_unknown_item_is_an_error(tmp_path):
    lists = write_lists(tmp_path, lines(2), [ItemLine("ab" * 32, 1, "data/zz")])
    with pytest.raises(FormatError, match=r"not in items\.txt"):
        write_sample(tmp_path / "s", *lists)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("many", [0, 1600])
@pytest.mark.parametrize("count", [0, 1, 3, 7, 8, 100])
def test_sample_is_bounded_and_holds_first_and_last(tmp_path, monkeypatch, count, many):
    monkeypatch.setattr(samples, "SAMPLE", 7)
    monkeypatch.setattr(samples, "_MANY", many)
    every = lines(count)
    write_sample(tmp_path / "s", *write_lists(tmp_path, every, every))
    sample = read_sample(tmp_path / "s")
    assert len(sample) <= 8
    assert set(sample) <= {(i.path, i.size) for i in every}
    if count:
        assert (sample[0], sample[-1]) == ((every[0].path, 0), (every[-1].path, count - 1))


@pytest.mark.parametrize("block", [97, 1 << 20])
def test_sample_of_many_items_is_as_large_as_it_may_be(tmp_path, monkeypatch, block):
    monkeypatch.setattr(samples, "_BLOCK", block)
    every = lines(2000)
    write_sample(tmp_path / "s", *write_lists(tmp_path, every, every[::2] + every[-1:]))
    few = read_sample(tmp_path / "s")
    write_sample(tmp_path / "s", *write_lists(tmp_path, every, every))
    many = read_sample(tmp_path / "s")
    assert samples.SAMPLE // 2 <= len(few) <= samples.SAMPLE + 1
    assert len(set(many)) == samples.SAMPLE + 1
    assert set(many) <= {(i.path, i.size) for i in every}


@pytest.mark.parametrize("content", [b"", b"{", b"[[1]]", b"7", b'[["a","b"]]', b'[["a",1e999]]', b"[" * 99_999])
def test_read_sample_damaged_is_empty(tmp_path, content):
    (tmp_path / "s").write_bytes(content)
    assert read_sample(tmp_path / "s") == ()


def table(folder, numbers):
    write_disk_table(folder / "disks.bin", numbers, RealFiles())
    return folder / "disks.bin"


def test_told_items_are_what_the_table_says(tmp_path):
    every = lines(7)
    write_items(tmp_path / "items.txt", every, RealFiles())
    numbers = [1, 2, 3, 2, 2, 1, 3]
    write_told_items(tmp_path, table(tmp_path, numbers), tmp_path / "items.txt", [2, 3, 4], 4, RealFiles())
    for disk in (2, 3, 4):
        items = DiskItems(tmp_path / f"{disk}.items")
        expected = [number == disk for number in numbers]
        assert [items.holds(i.path) for i in every] == list(items.among([i.path for i in every])) == expected
    assert not (tmp_path / "1.items").exists()


@pytest.mark.parametrize("numbers", [[1], [1, 1, 1], [1, 9]])
def test_told_items_of_a_table_that_does_not_fit_are_not_written(tmp_path, numbers):
    write_items(tmp_path / "items.txt", lines(2), RealFiles())
    with pytest.raises(FormatError):
        write_told_items(tmp_path, table(tmp_path, numbers), tmp_path / "items.txt", [1, 2], 2, RealFiles())
    assert not list(tmp_path.glob("*.items"))
