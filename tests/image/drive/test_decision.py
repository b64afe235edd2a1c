"""What is done with each kind of device that somebody may plug in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.drive.decision import OPTIONS, Decision, decide
from image.drive.probe import Found

MSR = "e3c9e316-0b5c-4db8-817d-f92df00215ae"
EFI = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


def found(**values) -> Found:
    return Found(**({"device": "sdb1", "size": 1 << 30, "partition": True, "siblings": 1} | values))


@pytest.mark.parametrize("kind", ["ext4", "exfat", "vfat"])
def test_drives_and_sticks_are_mounted_for_reading_only(kind):
    decision = decide(found(usage="filesystem", kind=kind))
    assert decision.act == "mount"
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(decision.options.split(","))


def test_a_journal_that_is_not_empty_is_not_replayed():
    assert "noload" in OPTIONS["ext4"].split(",")


@pytest.mark.parametrize("kind", ["ntfs", "btrfs", "xfs", "hfsplus", "iso9660", "squashfs", "apfs"])
def test_other_file_systems_are_refused(kind):
    assert decide(found(usage="filesystem", kind=kind)) == Decision("refused", reason="file_system")


@pytest.mark.parametrize("kind", ["crypto_LUKS", "BitLocker"])
def test_locked_disks_are_refused(kind):
    assert decide(found(usage="crypto", kind=kind)) == Decision("refused", reason="file_system")


def test_a_disk_without_anything_is_unreadable():
    blank = found(device="sdb", partition=False, siblings=0)
    assert decide(blank) == Decision("unreadable", reason="no_file_system")
    assert decide(found()) == Decision("unreadable", reason="no_file_system")


def test_a_whole_disk_with_a_file_system_is_mounted():
    assert decide(found(device="sdb", partition=False, siblings=0, usage="filesystem", kind="exfat")).act == "mount"


@pytest.mark.parametrize(
    "values",
    [
        {"size": 0},
        {"device": "sdb", "partition": False, "siblings": 2},
        {"name": "shuxiang-data", "usage": "filesystem", "kind": "ext4"},
        {"name": "shuxiang-root-b"},
        {"type_id": MSR},
        {"type_id": EFI, "siblings": 2, "usage": "filesystem", "kind": "vfat"},
        {"type_id": "0x5"},
    ],
)
def test_staff_hear_nothing_of_what_holds_no_files_of_theirs(values):
    assert decide(found(**values)) == Decision("ignore")


def test_a_stick_with_nothing_but_an_efi_partition_is_read():
    assert decide(found(type_id=EFI, usage="filesystem", kind="vfat")).act == "mount"


USAGES = st.sampled_from(["filesystem", "crypto", "raid", ""]) | st.text(max_size=12)
KINDS = st.sampled_from([*OPTIONS, "ntfs"]) | st.text(max_size=12)


@given(st.builds(found, usage=USAGES, kind=KINDS, name=st.text(max_size=12)))
def test_nothing_is_ever_mounted_for_writing(thing):
    decision = decide(thing)
    assert decision.act != "mount" or (decision.options.startswith("ro,") and "rw" not in decision.options.split(","))
