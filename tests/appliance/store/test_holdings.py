"""Tests of appliance.store.holdings."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import HoldingsError
from appliance.store.holdings import (
    MAX_BYTES,
    HeldDrive,
    HeldRelease,
    Holdings,
    Message,
    Part,
    WorkerState,
    read_holdings,
    write_holdings,
)
from packager.format.files import RealFiles
from tests.packager.format.simulated_files import SimulatedFiles, write_state


def release(bundle="national", seq=1, **values):
    folder = f"{bundle}/{seq}-{'0' * 12}"
    values = {"edition": "2026.11", "issued": "2026-11-22", "issuer": "国家图书馆", "name": "国家版", **values}
    return HeldRelease(bundle=bundle, seq=seq, folder=folder, truth="0" * 64, count=4, **values)


def drive(key="a", state="ready", **values):
    return HeldDrive(
        key=key, path=f"/media/{key}", name="国家版", state=state, message=Message("intake.trusted"), **values
    )


TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
MESSAGES = st.builds(Message, TEXT, st.dictionaries(TEXT, TEXT | st.integers(-(10**9), 10**9), max_size=3))
PARTS = st.builds(Part, TEXT, TEXT, st.integers(0, 100), st.integers(0, 10**6))
RELEASES = st.builds(
    HeldRelease, TEXT, st.integers(1, 9), TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.integers(0, 9), st.integers(1, 9),
    st.booleans(), PARTS, PARTS, st.lists(st.integers(0, 9), max_size=3).map(tuple),
)  # fmt: skip
DRIVES = st.builds(HeldDrive, TEXT, TEXT, TEXT, TEXT, MESSAGES, TEXT, st.integers(0, 9), TEXT, st.integers(0, 9))
HOLDINGS = st.builds(
    Holdings,
    st.integers(0, 9),
    TEXT,
    st.lists(RELEASES, max_size=3).map(tuple),
    st.lists(DRIVES, max_size=3).map(tuple),
    st.lists(MESSAGES, max_size=2).map(tuple),
    st.builds(WorkerState, st.integers(0, 9), TEXT, TEXT),
    st.lists(st.text("aB0.-", min_size=1), max_size=3).map(tuple),
)


@given(HOLDINGS)
def test_holdings_bytes_and_back_are_the_same(holdings):
    content = holdings.to_bytes()
    assert Holdings.from_bytes(content) == holdings
    assert Holdings.from_bytes(content).to_bytes() == content


@given(HOLDINGS, st.data())
def test_holdings_flipped_bit_is_refused_or_means_the_same(holdings, data):
    content = bytearray(holdings.to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(HoldingsError):
        assert Holdings.from_bytes(bytes(content)) == holdings


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"[]", b"{}", b'{"format":1}', b'{"format":2,"sha256":""}', b"[" * 100_000,
        b"x" * (MAX_BYTES + 1),
        b'{"format":1,"sha256":"","generation":true}',
    ],
)  # fmt: skip
def test_holdings_foreign_bytes_are_refused(content):
    with pytest.raises(HoldingsError):
        Holdings.from_bytes(content)


def test_holdings_unknown_member_or_wrong_type_with_right_checksum_is_refused():
    for change in ({"extra": 1}, {"generation": "1"}, {"drives": [{}]}):
        from appliance.store import holdings as module

        body = {**module._plain(Holdings()), **change}
        content = module._dump({**body, "format": 1, "sha256": module._checksum(body)})
        with pytest.raises(HoldingsError):
            Holdings.from_bytes(content)


def test_holdings_members_stand_at_the_top_of_the_document():
    document = json.loads(Holdings(generation=3, drives=(drive(),)).to_bytes())
    assert document["generation"] == 3
    assert document["drives"][0]["message"]["key"] == "intake.trusted"


def test_holdings_answers_live_releases_and_drives_by_key():
    old = release(seq=1, live=False)
    holdings = Holdings(releases=(release(seq=2), old), drives=(drive("a"), drive("b", "gone")))
    assert [r.seq for r in holdings.live()] == [2]
    assert holdings.drive("b") == drive("b", "gone")
    assert holdings.drive("c") is None
    assert [d.serves for d in holdings.drives] == [True, False]
    assert old.key == ("national", 1, "0" * 64)


def test_read_holdings_before_the_first_publication_is_empty(tmp_path):
    assert read_holdings(tmp_path / "holdings.json") == Holdings()


def test_write_holdings_power_cut_leaves_the_old_or_the_new(tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    files.root.mkdir()
    path = files.root / "holdings.json"
    old, new = Holdings(generation=1), Holdings(generation=2, drives=(drive(),))
    write_holdings(path, old, files)
    start = len(files.journal)
    write_holdings(path, new, files)
    seen = set()
    for n, (done, state) in enumerate(files.states(per_cut=4, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        found = read_holdings(folder / "holdings.json")
        assert found in (old, new)
        if done == len(files.journal):
            assert found == new
        seen.add(found.generation)
    assert seen == {1, 2}


def test_read_holdings_written_for_real_is_the_same(tmp_path):
    write_holdings(tmp_path / "h.json", Holdings(generation=7), RealFiles())
    assert read_holdings(tmp_path / "h.json").generation == 7
