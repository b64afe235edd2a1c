"""The box step: which box file counts, what it makes, and what it says of those that it does not take."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box.command import lines
from appliance.box.state import NAME, read_box_state
from appliance.box.system_state import read_system_state
from appliance.settings import load_settings
from packager.format.files import RealFiles
from provisioning.box_file import make_box
from provisioning.box_members import Network, Updates
from provisioning.keys import Key
from tests.appliance.box.making import HASH, Machine, box_file, facts, recovery_file, root

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_a_box_file_the_box_answers_and_says_so(machine: Machine) -> None:
    state = machine.apply().state
    settings = load_settings(machine.places.run / "settings.toml")
    assert not state.configured
    assert settings.library_name == "图书馆"
    assert settings.root_file.read_text() == root()
    assert settings.box_folder == machine.places.run
    assert read_box_state(settings.box_folder) == state
    assert "DHCP=yes" in (machine.places.networkd / "10-shuxiang.network").read_text()
    assert lines(state) == ["书箱还没有开通，请插入开通 U盘。"]


def test_a_stick_configures_the_box_and_the_next_boot_needs_none(machine: Machine) -> None:
    machine.stick(
        box_file(
            updates=Updates(("https://example.org/library",), "23:00-05:00", 7 << 30, 125_000, "yes"),
            network=Network("static", "192.168.1.10/24", "192.168.1.1", ("192.168.1.1",)),
        ).content
    )
    for state in (machine.apply().state, machine.boot().state):
        assert (state.library_id, state.serial, state.kept, state.refused) == ("CN-510726", 1, True, ())
        settings = load_settings(machine.places.run / "settings.toml")
        assert (settings.library_name, settings.library_id, settings.home_place) == (
            "北川县图书馆",
            "CN-510726",
            "510726",
        )
        assert settings.update_origins == settings.repair_origins == ("https://example.org/library",)
        assert (settings.update_window, settings.update_cap_bytes, settings.update_rate) == (
            "23:00-05:00",
            7 << 30,
            125_000,
        )
        assert (settings.update_metered, settings.support_phone) == ("yes", "028-0000000")
        assert settings.address == "192.168.1.10"
        assert settings.image_date == date(2026, 11, 20)
        network = (machine.places.networkd / "10-shuxiang.network").read_text()
        assert "Address=192.168.1.10/24\nGateway=192.168.1.1\nDNS=192.168.1.1\n" in network
        assert "DHCP" not in network
    assert json.loads((machine.places.run / "staff.json").read_text())["password_hash"] == HASH


def test_no_secret_is_readable_by_others(machine: Machine) -> None:
    machine.stick(box_file().content)
    machine.apply()
    for path in machine.places.run.iterdir():
        if path.is_file() and HASH in path.read_text():
            assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path
    assert HASH not in (machine.places.run / NAME).read_text()


def damaged() -> bytes:
    content = bytearray(box_file(2).content)
    content[content.index("北川".encode())] ^= 1
    return bytes(content)


REFUSED = {
    "other_library": lambda: box_file(1, "CN-110101", "东城区图书馆").content,
    "tampered": damaged,
    "tampered by a stranger": lambda: make_box(facts(2), Key.new()).content,
    "tampered, large": lambda: b"x" * (65 << 10),
    "tampered, empty": lambda: b"",
    "expired": lambda: box_file(2, expires=date(2026, 11, 30)).content,
    "older": lambda: box_file(1, issued=date(2026, 11, 26)).content,
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_taken_changes_nothing_and_goes_with_its_stick(machine: Machine, why: str) -> None:
    name = why.split()[0].strip(",")
    machine.stick(box_file().content).rename(machine.places.efi / "county.box")
    machine.apply()
    before = {p: p.read_bytes() for p in machine.places.run.iterdir() if p.is_file() and p.name != NAME}
    stick = machine.stick(REFUSED[why](), "sdc1-x.BOX")
    (refusal,) = machine.apply().state.refused
    assert (refusal.code, refusal.sentence, refusal.file) == (f"box.{name}", f"box.file.{name}", "sdc1-x.BOX")
    assert (refusal.library == "东城区图书馆") == (name == "other_library")
    assert {p: p.read_bytes() for p in machine.places.run.iterdir() if p.is_file() and p.name != NAME} == before
    stick.unlink()
    assert machine.apply().state.refused == ()


def test_expiry_bounds_only_the_first_application(machine: Machine) -> None:
    content = box_file(expires=date(2026, 12, 31)).content
    machine.stick(content)
    machine.apply()
    machine.clock.at = datetime(2031, 1, 1, tzinfo=UTC)
    assert machine.boot().state.configured
    machine.stick(content)
    state = machine.apply().state
    assert state.configured
    assert state.refused == ()


@pytest.mark.parametrize("year", [2001, 2060])
def test_a_clock_that_cannot_be_right_counts_for_nothing(machine: Machine, year: int) -> None:
    machine.clock.at = datetime(year, 1, 1, tzinfo=UTC)
    machine.stick(box_file(expires=date(2026, 12, 31)).content)
    assert machine.apply().state.configured


@pytest.mark.parametrize("floor", ["made", "signed"])
def test_a_slow_clock_is_not_below_what_is_known(machine: Machine, floor: str) -> None:
    machine.clock.at = datetime(2001, 1, 1, tzinfo=UTC)
    if floor == "made":
        machine.places.system.write_text('{"schema":1,"version":3,"made":"2028-01-01","source":""}')
    else:
        machine.places.data.mkdir()
        (machine.places.data / "holdings.json").write_text('{"reference_time":"2028-01-01T00:00:00+00:00"}')
    machine.stick(box_file().content)
    (refusal,) = machine.apply().state.refused
    assert refusal.code == "box.expired"


def test_files_of_the_boot_partition_are_told_of_only_while_none_counts(machine: Machine) -> None:
    (machine.places.efi / "a.box").write_bytes(b"{}")
    assert [r.code for r in machine.apply().state.refused] == ["box.tampered"]
    machine.stick(box_file().content)
    assert machine.apply().state.refused == ()


def test_the_inbox_comes_before_the_boot_partition(machine: Machine) -> None:
    (machine.places.efi / "a.box").write_bytes(box_file(1, "CN-110101", "东城区图书馆").content)
    machine.stick(box_file().content)
    assert machine.apply().state.library_id == "CN-510726"


def test_a_new_file_asks_the_running_service_to_start_anew(machine: Machine) -> None:
    (machine.places.run / "settings.toml").write_text("# the image's own\n")
    assert not machine.apply().restart
    assert not (machine.places.run / "network-changed").exists()
    machine.stick(box_file().content)
    assert machine.apply().restart
    marker = machine.places.run / "restart"
    marker.unlink()
    assert not machine.apply().restart
    assert not marker.exists()
    machine.stick(box_file(2, network=Network("static", "10.0.0.5/8")).content)
    assert machine.apply().restart
    assert (machine.places.run / "network-changed").exists()


class NoState(RealFiles):
    """A disk for /var that takes nothing."""

    def _open_new(self, path: Path) -> int:
        if "state" in path.parts:
            raise OSError(30, "read-only file system")
        return super()._open_new(path)


def test_a_box_that_can_keep_nothing_uses_the_file_for_this_boot(tmp_path: Path) -> None:
    machine = Machine(tmp_path, files=NoState())
    stick = machine.stick(box_file().content)
    state = machine.apply().state
    assert (state.configured, state.kept) == (True, False)
    stick.unlink()
    assert machine.apply().state.configured
    assert not machine.boot().state.configured


def test_a_kept_copy_that_was_changed_is_not_believed(machine: Machine) -> None:
    machine.stick(box_file().content)
    machine.apply()
    kept = machine.places.state / "box" / "current.box"
    kept.write_bytes(kept.read_bytes().replace("北川".encode(), "南川".encode()))
    assert not machine.boot().state.configured


def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(box_file().content)
    (machine.places.inbox / "a.box").symlink_to(tmp_path / "secret")
    os.mkfifo(machine.places.inbox / "b.box")
    (machine.places.inbox / "c.box").mkdir()
    state = machine.apply().state
    assert not state.configured
    assert [r.code for r in state.refused] == ["box.tampered"] * 3


def test_few_of_very_many_files_are_read(machine: Machine) -> None:
    for n in range(100):
        machine.stick(b"{}", f"sdb1-{n:03d}.box")
    assert len(machine.apply().state.refused) == 16


def test_signed_values_that_the_settings_do_not_permit_are_refused(machine: Machine, monkeypatch) -> None:
    made = box_file(root='{"signed":{"_type":"root"}}').content
    machine.stick(made)
    (refusal,) = machine.apply().state.refused
    assert refusal.code == "box.schema"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda: recovery_file(), "usable"),
        (lambda: recovery_file("CN-110101"), "other_library"),
        (lambda: recovery_file(key=Key.new()), "unusable"),
        (lambda: b"", "unusable"),
    ],
)
def test_a_recovery_stick_is_told_of_while_it_is_in(machine: Machine, content, expected: str) -> None:
    machine.stick(box_file().content)
    stick = machine.stick(content(), "sdb1-CN-510726.recovery")
    (seen,) = machine.apply().state.recovery
    assert seen.state == expected
    assert machine.apply().state.recovery == (seen,)
    stick.unlink()
    assert machine.apply().state.recovery == ()
    machine.stick(content(), "sdb1-CN-510726.recovery")
    assert machine.apply().state.recovery[0].token != seen.token


def test_no_recovery_before_the_box_knows_its_library(machine: Machine) -> None:
    machine.stick(recovery_file(), "sdb1-CN-510726.recovery")
    assert machine.apply().state.recovery[0].state == "unusable"


def test_the_state_is_read_as_written_and_nothing_else_is(machine: Machine) -> None:
    machine.stick(box_file().content)
    state = machine.apply().state
    path = machine.places.run / NAME
    for content in (b"", b"[]", b'{"schema":1}', path.read_bytes().replace(b'"serial": 1', b'"serial": "1"')):
        path.write_bytes(content)
        assert not read_box_state(machine.places.run).known
    path.write_bytes(state.to_bytes())
    assert read_box_state(machine.places.run) == state
    assert not read_box_state(None).known


@given(st.binary(max_size=400), st.sampled_from(["a.box", "a.recovery", "A.BOX"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_on_a_stick_bring_the_step_down(machine: Machine, content: bytes, name: str) -> None:
    stick = machine.stick(content, name)
    state = machine.apply().state
    assert not state.configured
    assert len(state.refused) + len(state.recovery) == 1
    stick.unlink()


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_state_brings_readers_down(machine: Machine, content: bytes) -> None:
    machine.places.run.mkdir(exist_ok=True)
    for name in (NAME, "system.json"):
        (machine.places.run / name).write_bytes(content)
    assert not read_box_state(machine.places.run).known
    assert read_system_state(machine.places.run).running == 0
