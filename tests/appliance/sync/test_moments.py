"""Each box has its own moments; a metered line is spared; withdrawals count within a minute of being reachable."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.sync.line import BUSCTL, asked, has_line, is_metered
from appliance.sync.own_seed import own_seed
from appliance.sync.schedule import HOUR, Window, share_of, until_own
from packager.format.files import RealFiles
from packager.signing import withdraw_resources
from tests.appliance.sync.test_updater import boxes, origin, tree  # noqa: F401 - fixtures
from tests.simulator import DAY, passphrase

FILES = RealFiles()
BOXES = 2900
NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@given(st.binary(min_size=1, max_size=64), st.datetimes(timezones=st.just(UTC)), st.sampled_from([60.0, HOUR]))
def test_own_moment_comes_once_in_every_period(box, now, period):
    share = share_of(box)
    assert 0 <= share < 1
    left = until_own(now, share, period)
    assert 1 <= left < period + 1
    at = (now.timestamp() + left) % period
    assert min(abs(at - share * period), period - abs(at - share * period)) < 0.01
    assert until_own(now + timedelta(seconds=left), share, period) > period - 0.01


@pytest.mark.parametrize("ids", [
    [random.Random(n).randbytes(16) for n in range(BOXES)],
    [b"%d" % n for n in range(BOXES)],
    [f"5101{n:08d}".encode() for n in range(BOXES)],
])  # fmt: skip
def test_boxes_are_spread_evenly_over_the_hour_and_the_window(ids):
    minutes = Counter(
        int(until_own(NOON, share_of(box)) // 60) % 60 for box in ids
    )  # the moment itself is an hour away
    assert len(minutes) == 60
    assert 15 < min(minutes.values()) < BOXES / 60 < max(minutes.values()) < 90
    seconds = Counter(int(until_own(NOON, share_of(box), 60.0)) for box in ids)
    assert len(seconds) == 60
    assert max(seconds.values()) < 90
    starts = Counter(Window.parse("22:00-06:00").own(share_of(box)).start for box in ids)
    assert set(starts) == set(range(22 * 60, 23 * 60))
    assert max(starts.values()) < 90


@given(st.integers(0, 1439), st.integers(0, 1439), st.floats(0, 1, exclude_max=True))
def test_own_window_lies_in_the_window_and_ends_with_it(start, end, share):
    window = Window(start, end)
    own = window.own(share)
    assert (own.start - start) % 1440 <= min(60, window.minutes // 4)
    assert own.end == end
    assert own.minutes == window.minutes - (own.start - start) % 1440
    if window.minutes == 1440:
        assert own == window


def test_seed_is_kept(tmp_path):
    found = own_seed(tmp_path / "updates", FILES)
    assert len(found) == 16
    assert own_seed(tmp_path / "updates", FILES) == found
    (tmp_path / "updates/seed").write_bytes(b"short")
    again = own_seed(tmp_path / "updates", FILES)
    assert again not in {found, b"short"}
    (tmp_path / "file").write_bytes(b"")
    assert len(own_seed(tmp_path / "file/updates", FILES)) == 16  # it cannot be kept, and is made all the same


@pytest.mark.parametrize(
    ("setting", "busctl", "nmcli", "metered"),
    [
        ("auto", "u 1\n", "", True),
        ("auto", "u 3\n", "", True),
        ("auto", "u 2\n", "GENERAL.METERED:yes\n", False),
        ("auto", "u 4\n", "", False),
        ("auto", "u 0\n", "", False),
        ("auto", "", "GENERAL.METERED:no (guessed)\nGENERAL.METERED:yes (guessed)\n", True),
        ("auto", "", "GENERAL.METERED:unknown\n\nGENERAL.METERED:no\n", False),
        ("auto", "", "", False),
        ("auto", "u many\n", "nonsense", False),
        ("yes", "u 2\n", "", True),
        ("no", "u 1\n", "", False),
    ],
)
def test_metered(setting, busctl, nmcli, metered):
    assert is_metered(setting, lambda command: busctl if command == BUSCTL else nmcli) == metered


def test_asking_ends(monkeypatch):
    monkeypatch.setattr("appliance.sync.line.ASK_SECONDS", 0.2)
    began = time.monotonic()
    assert asked(("sleep", "30")) == ""
    assert time.monotonic() - began < 20
    assert asked(("this-command-is-nowhere",)) == ""
    assert asked(("false",)) == ""
    assert asked(("echo", "u 1")) == "u 1\n"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "line"),
    [
        ("eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0", "", True),
        ("eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0", "", False),
        ("lo 00000000 00000000 0003 0 0 0 00000000 0 0 0", "", False),
        ("eth0 00000000 010200C0 0002 0 0 0 00000000 0 0 0", "", False),
        ("", f"{'0' * 32} 00 {'0' * 32} 00 {'f' * 32} 00000400 1 0 00450003 eth0", True),
        ("", f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 1 0 00200200 lo", False),
        ("", f"fe80{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 00000100 1 0 00000001 eth0", False),
        ("x " * 11, "y " * 10, False),
    ],
)
def test_line(tmp_path, ipv4, ipv6, line):
    for name, text in (("four", ipv4), ("six", ipv6)):
        (tmp_path / name).write_text(f"Iface Destination …\n{text}\n", encoding="utf-8")
    assert has_line((tmp_path / "four", tmp_path / "six")) == line
    assert has_line((tmp_path / "none",))  # where nothing is known, the server is to blame


def test_metered_line_brings_lists_only_unless_staff_say_so(boxes, origin):  # noqa: F811
    box = boxes(update_metered="yes")
    said = box.updater.turn()
    assert said.key == "sync.paused.metered"
    assert said.params["size"] > 1_000_000  # what it will cost is said
    assert not [name for name in origin.asked if name.startswith("objects/")]
    assert box.updater._board.state.metered
    origin.asked.clear()
    box.updater._next = box.updater._clock.monotonic() + 1000
    box.updater._glanced()
    assert origin.asked == []  # no glances on it either
    box.updater.command({"do": "update-now"})
    assert box.updater.turn().key == "sync.applied"


def test_staff_pause_and_go_on(boxes, origin):  # noqa: F811
    box = boxes()
    box.updater.command({"do": "update-pause"})
    assert box.updater.turn().key == "sync.paused.staff"
    assert not [name for name in origin.asked if name.startswith("objects/")]
    box.updater.command({"do": "update-resume"})
    assert box.updater.turn().key == "sync.applied"


def test_withdrawal_is_gone_from_lists_and_bytes_within_a_minute(boxes, published, tmp_path, origin):  # noqa: F811
    box = boxes(update_glance_seconds=2)
    assert box.updater.turn().key == "sync.applied"
    item = box.keeper.library.resource("stays").resource.items[0]
    assert not box.keeper.library.is_withdrawn("stays")
    box.updater.start()
    publisher, _, work = published
    keys, again = shutil.copytree(publisher.keys, tmp_path / "keys"), shutil.copytree(work, tmp_path / "work")
    withdraw_resources(again, keys, passphrase, "national", ["stays"], DAY, FILES)
    after = shutil.copytree(origin.folder, tmp_path / "origin")
    shutil.copytree(again / "tuf", after / "tuf", dirs_exist_ok=True)
    origin.folder = after
    began = time.monotonic()
    box.until(lambda holdings: "stays" in holdings.withdrawn)
    took = time.monotonic() - began
    assert took < 60
    library = box.keeper.library
    assert library.is_withdrawn("stays")
    assert library.item(item.id).resource.id == "stays"  # the gate refuses it (tests/appliance/web)
    assert "stays" not in [held.resource.id for held in library.newest()]
