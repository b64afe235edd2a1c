"""Which drive carries what: everything once, nothing too much, as before where it can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import DrivesTooSmallError, ItemTooLargeError
from packager.production.geometry import FAT_AT, MIB, MIN_FAT, TAIL_ROOM, demand, ext4_size
from packager.spread import Piece, Placement, footprint, room, spread

MB = 10**6


def no_pieces(name):
    raise AssertionError(f"{name} was to stay whole")


def volumes(count, size):
    """Pieces of a set of `count` volumes."""
    return lambda name: [Piece(f"{n}.pdf", (f"data/{name}/{n}",), (size,)) for n in range(count)]


def used(loads, placement):
    """Bytes on each drive; resources that are whole only."""
    found = [0] * placement.disks
    for name, disk in placement.whole.items():
        found[disk - 1] += loads[name]
    return found


sizes = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 1000), min_size=1, max_size=60)


@given(sizes, st.integers(1000, 5000))
def test_spread_keeps_every_resource_whole_on_one_drive_and_none_too_full(loads, each):
    placement = spread(loads, [each], no_pieces, Placement())
    assert set(placement.whole) == set(loads)
    assert not placement.split
    filled = used(loads, placement)
    assert max(filled) <= each
    assert len(filled) <= 2 * sum(loads.values()) // each + 1
    if max(loads.values()) * 4 < each:
        assert max(filled) - min(filled) <= max(loads.values())


@given(sizes, sizes, st.integers(1000, 5000))
def test_spread_next_release_moves_nothing_that_can_stay(first, more, each):
    before = spread(first, [each], no_pieces, Placement())
    both = {**more, **first}  # what is new beside what was there
    after = spread(both, [each], no_pieces, before)
    assert {name: after.whole[name] for name in first} == before.whole
    assert after.disks >= before.disks
    assert spread(both, [each], no_pieces, before) == after
    fewer = {name: size for name, size in first.items() if name not in more}
    if fewer:
        kept = spread(fewer, [each], no_pieces, before)
        assert kept.whole == {name: before.whole[name] for name in fewer}


@given(st.permutations([(f"r{n}", 100 + n % 3) for n in range(12)]))
def test_spread_does_not_depend_on_the_order_of_the_source(rows):
    expected = spread({f"r{n}": 100 + n % 3 for n in range(12)}, [500], no_pieces, Placement())
    assert spread(dict(rows), [500], no_pieces, Placement()) == expected


def test_spread_resource_that_grows_out_of_its_drive_moves_alone():
    before = spread({"a": 40, "b": 40, "c": 15}, [60, 60], no_pieces, Placement())
    after = spread({"a": 40, "b": 40, "c": 21}, [60, 65], no_pieces, before)
    assert before.whole["c"] == 1
    assert after.whole == {**before.whole, "c": 2}


def test_spread_on_given_drives_fills_each_by_its_size():
    loads = {f"r{n:02d}": 10 for n in range(30)}
    assert used(loads, spread(loads, [400, 200], no_pieces, Placement())) == [200, 100]


def test_spread_given_drives_are_filled_anew_when_nothing_else_helps():
    before = Placement(2, {"a": 1, "b": 2})
    after = spread({"a": 30, "b": 30, "c": 70}, [70, 60], no_pieces, before)
    assert after.whole == {"a": 2, "b": 2, "c": 1}


def test_spread_resource_larger_than_a_drive_goes_by_files_in_its_order():
    placement = spread({"set": 10 * MB, "small": 1000}, [4 * MB], volumes(10, MB - 4600), Placement())
    assert placement.disks == 3
    disks = [placement.split["set"][f"data/set/{n}"] for n in range(10)]
    assert disks == sorted(disks)
    assert set(disks) == {1, 2, 3}
    again = spread({"set": 10 * MB, "small": 1000, "new": 2000}, [4 * MB], volumes(10, MB - 4600), placement)
    assert again.split == placement.split


def test_spread_what_belongs_to_a_file_stays_beside_it_unless_that_is_too_large():
    film = Piece("film.mp4", ("data/film", "data/captions"), (2 * MB, 1000))
    small = Piece("more.mp4", ("data/more",), (2 * MB,))
    placement = spread({"set": 6 * MB}, [3 * MB], lambda _name: [film, small], Placement())
    assert placement.split["set"] == {"data/film": 1, "data/captions": 1, "data/more": 2}
    huge = Piece("film.mp4", ("data/film", "data/other"), (2 * MB, 2 * MB))
    placement = spread({"set": 6 * MB}, [3 * MB], lambda _name: [huge], Placement())
    assert sorted(placement.split["set"].values()) == [1, 2]


def test_spread_given_drives_too_full_for_it_whole_take_it_by_files():
    loads = {"a": 3 * MB, "b": 3 * MB, "c": 4 * MB}
    placement = spread(loads, [5 * MB, 5 * MB + MB // 2], volumes(3, MB - 4600), Placement())
    assert placement.whole == {"c": 1, "a": 2}
    assert set(placement.split["b"].values()) == {1, 2}
    with pytest.raises(DrivesTooSmallError):
        spread(loads, [5 * MB, 5 * MB], volumes(4, MB - 4600), Placement())


def test_spread_file_larger_than_a_drive_is_named():
    with pytest.raises(ItemTooLargeError) as caught:
        spread({"set": 9 * MB}, [4 * MB], volumes(2, 4 * MB), Placement())
    assert (caught.value.id, caught.value.name, caught.value.size) == ("set", "0.pdf", 4 * MB)


@pytest.mark.parametrize("rooms", [[50, 40], [0], [-5, 500]])
def test_spread_drives_that_do_not_hold_it_say_how_much_is_missing(rooms):
    with pytest.raises(DrivesTooSmallError) as caught:
        spread({"a": 60, "b": 31}, rooms, no_pieces, Placement())
    assert caught.value.missing >= 1


def test_room_leaves_space_for_the_file_system_and_the_lists():
    assert room(4 * 10**12, 10**9) == 4 * 10**12 - 4 * 10**9 - 96 * (1 << 20) - 10**9
    assert room(2 * MB, 1000) == 2 * MB - 2 * MB // 1000 - 2 * MB // 20 - 1000
    assert footprint(1) == footprint(4096) == 4096 + 512
    assert footprint(4097) == 8192 + 512


@pytest.mark.parametrize("size", [2 * 10**9, 64 * 10**9, 500 * 10**9, 4 * 10**12, 20 * 10**12])
@pytest.mark.parametrize("files", [1, 300, 100_000, 1_000_000])
def test_what_fills_the_room_of_a_drive_fits_into_an_image_for_it(size, files):
    each = (room(size, 0) // files - 512) // 4096 * 4096
    if each <= 0:
        pytest.skip("smaller than a block each")
    assert footprint(each) * files <= room(size, 0)
    wanted = demand((f"bag/data/{n * 256 // files:02x}/{n:020d}.pdf", each) for n in range(files))
    assert FAT_AT + MIN_FAT <= 64 * MIB
    assert 64 * MIB + ext4_size(wanted) + TAIL_ROOM <= size
