"""The release document: canonical, bounded, refused when it asks for more than this version knows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.format.errors import FormatError, NeedsNewerBoxError, TooLargeError
from packager.format.release import (
    MAX_RELEASE,
    TRUTH_NAMES,
    Accelerator,
    Digest,
    Disk,
    Release,
    build_number,
    canonical_json,
    load_canonical,
)

A, B = "a" * 64, "b" * 64
TRUTH = {name: Digest(A, 10) for name in TRUTH_NAMES}
RELEASE = Release("national", 11, "2026-11-22", "2026年11月版", TRUTH, (Disk(1, B, 5), Disk(2, A, 7)),
                  {"search/MAIN_1.seg": Accelerator(B, 9, "whoosh 2.7.4", "1")}, 10, count=3)  # fmt: skip

HEX = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
SIZE = st.integers(min_value=0, max_value=1 << 53)
LABEL = st.from_regex(r"[0-9A-Za-z一-龥. -]{1,64}", fullmatch=True)


@st.composite
def releases(draw: Any) -> Release:
    seq = draw(st.integers(min_value=1, max_value=(1 << 31) - 1))
    disks = draw(st.lists(st.tuples(HEX, SIZE, SIZE), min_size=1, max_size=4))
    names = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}(/[A-Za-z0-9_-]{1,9})?", fullmatch=True)
    return Release(
        draw(st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)),
        seq,
        draw(st.dates()).isoformat(),
        draw(LABEL),
        {name: Digest(draw(HEX), draw(SIZE)) for name in TRUTH_NAMES},
        tuple(Disk(n, *disk) for n, disk in enumerate(disks, 1)),
        draw(st.dictionaries(names, st.builds(Accelerator, HEX, SIZE, LABEL, LABEL), max_size=4)),
        draw(st.none() | st.integers(min_value=1, max_value=seq - 1)) if seq > 1 else None,
        count=draw(SIZE),
        name=draw(st.just("") | LABEL),
    )


@settings(max_examples=40)
@given(releases())
def test_release_bytes_come_back_as_the_same_value(release: Release) -> None:
    assert Release.from_bytes(release.to_bytes()) == release
    assert Release.from_bytes(release.to_bytes()).to_bytes() == release.to_bytes()


def test_release_document_is_canonical() -> None:
    data = RELEASE.to_bytes()
    assert data == canonical_json(json.loads(data))
    assert "年".encode() in data
    assert RELEASE.target == "releases/national/11.json"


def test_release_without_name_and_counts_is_as_it_always_was() -> None:
    data = RELEASE.to_bytes()
    assert b'"name"' not in data
    assert data.count(b'"count"') == 1
    told = replace(RELEASE, name="四川版", disks=(Disk(1, B, 5, 2), Disk(2, A, 7, 1)))
    assert json.loads(told.to_bytes())["name"] == "四川版"
    assert [disk["count"] for disk in json.loads(told.to_bytes())["disks"]] == [2, 1]


@pytest.mark.parametrize("name", [7, None, "x" * 65, "a\nb", "\u202eb", "e\u0301"])
def test_release_bad_name_is_refused(name: object) -> None:
    with pytest.raises(FormatError):
        Release.from_bytes(document(name=name))


def test_release_disk_of_finds_by_tagmanifest() -> None:
    assert RELEASE.disk_of(A) == Disk(2, A, 7)
    assert RELEASE.disk_of("c" * 64) is None


def document(**changes: Any) -> bytes:
    return canonical_json({**json.loads(RELEASE.to_bytes()), **changes})


def test_from_bytes_unknown_member_is_ignored() -> None:
    assert Release.from_bytes(document(colour="red")) == RELEASE


def test_from_bytes_unknown_feature_needs_a_newer_box() -> None:
    with pytest.raises(NeedsNewerBoxError) as caught:
        Release.from_bytes(document(requires=["chunks-v1", "sections-v9"], truth="another shape altogether"))
    assert caught.value.found == "sections-v9"
    assert caught.value.params == {"edition": "2026年11月版"}
    assert caught.value.sentence == "intake.refused.needs_newer_box"
    with pytest.raises(NeedsNewerBoxError):
        Release.from_bytes(document(requires=["x"], edition=5))


@pytest.mark.parametrize(
    "changes",
    [
        {"bundle": "National"},
        {"bundle": "../x"},
        {"bundle": ""},
        {"bundle": 5},
        {"seq": 0},
        {"seq": -1},
        {"seq": True},
        {"seq": "1"},
        {"seq": 1 << 31},
        {"issued": "2026-13-01"},
        {"issued": "20261122"},
        {"issued": 5},
        {"edition": ""},
        {"edition": "x" * 65},
        {"edition": "a\nb"},
        {"edition": "e\u0301"},
        {"truth": {}},
        {"truth": {**json.loads(RELEASE.to_bytes())["truth"], "x": {"sha256": A, "size": 1}}},
        {"truth": {name: {"sha256": "A" * 64, "size": 1} for name in TRUTH_NAMES}},
        {"truth": {name: {"sha256": A, "size": -1} for name in TRUTH_NAMES}},
        {"truth": {name: {"sha256": A} for name in TRUTH_NAMES}},
        {"truth": []},
        {"truth": dict.fromkeys(TRUTH_NAMES, 5)},
        {"disks": []},
        {"disks": [{"n": 2, "tagmanifest": A, "bytes": 1}]},
        {"disks": [{"n": True, "tagmanifest": A, "bytes": 1}]},
        {"disks": [{"n": 1, "tagmanifest": "x", "bytes": 1}]},
        {"disks": [{"n": n, "tagmanifest": A, "bytes": 1} for n in range(1, 1001)]},
        {"disks": 7},
        {"accelerators": {"../x": {"sha256": A, "size": 1, "tool": "t", "format": "1"}}},
        {"accelerators": {"items.txt": {"sha256": A, "size": 1, "tool": "t", "format": "1"}}},
        {"accelerators": {"x": {"sha256": A, "size": 1, "tool": "", "format": "1"}}},
        {"accelerators": {"x": {"sha256": A, "size": 1, "tool": "t", "format": 1}}},
        {"accelerators": {f"x{n}": {"sha256": A, "size": 1, "tool": "t", "format": "1"} for n in range(1001)}},
        {"supersedes": 11},
        {"supersedes": 0},
        {"supersedes": "10"},
        {"requires": None},
        {"requires": [5]},
        {"requires": ["chunks-v1", "chunks-v1"]},
        {"count": -1},
        {"count": None},
    ],
)  # fmt: skip
def test_from_bytes_bad_member_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        Release.from_bytes(document(**changes))


@pytest.mark.parametrize("member", sorted(json.loads(RELEASE.to_bytes())))
def test_from_bytes_missing_member_is_refused(member: str) -> None:
    kept = {name: value for name, value in json.loads(RELEASE.to_bytes()).items() if name != member}
    with pytest.raises(FormatError):
        Release.from_bytes(canonical_json(kept))


def test_release_feature_of_another_shape_is_refused() -> None:
    with pytest.raises(FormatError):
        replace(RELEASE, requires=("Chunks V1",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]\n",
        b"null\n",
        b'{"a":1,"a":1}\n',
        b'{"b":1,"a":1}\n',
        b'{"a": 1}\n',
        b'{"a":1.5}\n',
        b'{"a":NaN}\n',
        b'{"a":Infinity}\n',
        b'{"a":"\\u00e9"}\n',
        b'{"a":"\\ud800"}\n',
        b'{"a":' + b"9" * 5000 + b"}\n",
        b"[" * 100_000,
        b'{"a":"\xff"}\n',
        RELEASE.to_bytes()[:-1],
        RELEASE.to_bytes()[:-2],
        b"\xef\xbb\xbf" + RELEASE.to_bytes(),
    ],
)
def test_from_bytes_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Release.from_bytes(data)


@given(st.binary(max_size=200))
def test_load_canonical_any_bytes_are_canonical_or_an_error(data: bytes) -> None:
    try:
        found = load_canonical(data, 1000, "x")
    except FormatError:
        return
    assert canonical_json(found) == data


def test_release_too_large_is_refused_both_ways() -> None:
    many = {f"search/{n:03}-" + "x" * 180: Accelerator(A, 1, "t" * 60, "1") for n in range(1000)}
    with pytest.raises(TooLargeError):
        replace(RELEASE, accelerators=many).to_bytes()
    with pytest.raises(TooLargeError):
        Release.from_bytes(b"x" * (MAX_RELEASE + 1))


def test_build_number_depends_on_the_truth_only() -> None:
    number = build_number(TRUTH)
    assert number == RELEASE.number == replace(RELEASE, seq=12, edition="x").number
    assert [len(group) for group in number.split(" ")] == [4] * 6
    assert number.replace(" ", "").isdigit()
    assert build_number(dict(reversed(TRUTH.items()))) == number
    for name in TRUTH_NAMES:
        assert build_number({**TRUTH, name: Digest(B, 10)}) != number
        assert build_number({**TRUTH, name: Digest(A, 11)}) != number
