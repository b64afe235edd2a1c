"""What a verified list names; one bad document harms itself only."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from packager.format.errors import NeedsNewerBoxError, RetiredError
from packager.format.listing import Listing, read_listing
from packager.format.release import TRUTH_NAMES, Digest, Disk, Release, canonical_json

A, B, C = "a" * 64, "b" * 64, "c" * 64
FIRST = Release("national", 1, "2026-11-22", "2026.11", {n: Digest(A, 1) for n in TRUTH_NAMES}, (Disk(1, A, 1),))
SECOND = replace(FIRST, seq=2, disks=(Disk(1, B, 1), Disk(2, C, 1)), supersedes=1)


def listed(*releases: Release) -> dict[str, bytes]:
    return {release.target: release.to_bytes() for release in releases}


def test_read_listing_finds_drives_and_knows_the_newest() -> None:
    found = read_listing(listed(SECOND, FIRST, replace(FIRST, bundle="children", disks=(Disk(1, "d" * 64, 1),))))
    assert [(release.bundle, release.seq) for release in found.releases] == [
        ("children", 1),
        ("national", 1),
        ("national", 2),
    ]
    for tagmanifest, seq, n, newest in ((A, 1, 1, False), (B, 2, 1, True), (C, 2, 2, True)):
        admission = found.find(tagmanifest)
        assert admission is not None
        assert (admission.release.seq, admission.disk.n, admission.newest) == (seq, n, newest)
        assert found.lists(tagmanifest)
    assert found.find("e" * 64) is None
    assert not found.lists("e" * 64)


def test_read_listing_release_of_the_future_needs_a_newer_box() -> None:
    future = json.loads(SECOND.to_bytes())
    future["requires"] = ["chunks-v1", "magic-v2"]
    found = read_listing({**listed(FIRST), SECOND.target: canonical_json(future)})
    for _ in range(2):
        with pytest.raises(NeedsNewerBoxError):
            found.find(B)
    first = found.find(A)
    assert first is not None
    assert not first.newest


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"[]\n",
        b'{"disks":5,"requires":[]}\n',
        b'{"requires":["x"],"disks":[{"tagmanifest":"x"}]}\n',
    ],
)
def test_read_listing_malformed_release_harms_itself_only(content: bytes) -> None:
    found = read_listing({**listed(FIRST), SECOND.target: content})
    assert found.find(A) is not None
    assert found.find(B) is None


def test_read_listing_release_under_another_name_is_not_read() -> None:
    found = read_listing({"releases/national/7.json": FIRST.to_bytes()})
    assert found.releases == ()
    with pytest.raises(NeedsNewerBoxError):
        found.find(A)


def test_read_listing_retired_drive_is_told() -> None:
    found = read_listing(
        {"retired/national.json": canonical_json({"bundle": "national", "tagmanifests": {A: "2025.01", "x": "y"}})}
    )
    with pytest.raises(RetiredError) as caught:
        found.find(A)
    assert caught.value.params == {"edition": "2025.01"}
    assert set(found.retired) == {A}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("retired/national.json", b"x"),
        ("retired/national.json", b'{"tagmanifests":[]}\n'),
        ("retired/../x.json", b"{}\n"),
        ("releases/Up/1.json", b"{}\n"),
        ("releases/national/01.json", b"{}\n"),
    ],
)
def test_read_listing_other_names_and_shapes_are_passed_over(name: str, content: bytes) -> None:
    assert read_listing({name: content}) == Listing()


def test_read_listing_withdrawn_resources_of_all_lists_are_named() -> None:
    lists = {
        f"withdrawn/{bundle}.json": canonical_json({"bundle": bundle, "resources": dict.fromkeys(ids, "2026-11-22")})
        for bundle, ids in (("national", ["A0001", "b.2"]), ("children", ["c-3", "A0001"]))
    }
    found = read_listing({**listed(FIRST), **lists})
    assert found.withdrawn == {"A0001", "b.2", "c-3"}
    assert found.days == dict.fromkeys(found.withdrawn, "2026-11-22")


def test_read_listing_a_resource_is_away_since_the_first_desk_withdrew_it_whatever_a_day_is() -> None:
    days = {"national": "2026-11-22", "children": "2026-10-01", "sichuan": "some day"}
    lists = {
        f"withdrawn/{bundle}.json": canonical_json({"bundle": bundle, "resources": {"A0001": day, f"B.{bundle}": day}})
        for bundle, day in days.items()
    }
    found = read_listing(lists)
    assert found.days == {"A0001": "2026-10-01", "B.national": "2026-11-22", "B.children": "2026-10-01"}
    assert "B.sichuan" in found.withdrawn


def test_read_listing_of_several_desks_the_highest_number_lifts() -> None:
    lists = {
        f"withdrawn/{bundle}.json": canonical_json({"bundle": bundle, "lifted": {"A0001": number}, "resources": {}})
        for bundle, number in (("children", 3), ("national", 9), ("province", 5))
    }
    assert read_listing(lists).lifted == {"A0001": 9}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("withdrawn/national.json", b"[]\n"),
        ("withdrawn/national.json", b'{"resources":["A0001"]}\n'),
        ("withdrawn/national.json", b'{"resources": {"A0001":"2026-11-22"}}\n'),
        ("withdrawn/national.json", b'{"resources":{"../etc":"2026-11-22","":""}}\n'),
        ("withdrawn/x/y.json", b'{"resources":{"A0001":"2026-11-22"}}\n'),
        ("retired/national.json", b'{"resources":{"A0001":"2026-11-22"}}\n'),
    ],
)
def test_read_listing_what_is_no_list_of_withdrawals_withdraws_nothing(name: str, content: bytes) -> None:
    found = read_listing({**listed(FIRST), name: content})
    assert found.withdrawn == frozenset()
    assert found.releases == (FIRST,)
