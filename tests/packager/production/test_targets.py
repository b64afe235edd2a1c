"""Which disks are refused: the system's own, those in use, those with something on them."""

from __future__ import annotations

import pytest

from packager.production.errors import TargetError
from packager.production.geometry import MIB
from packager.production.targets import Permission, check_identities, judge
from provisioning.disks.machine import Machine
from tests.provisioning.disks.fake_machine import FakeMachine

SIZE = 80 * MIB
NEEDED = 60 * MIB


@pytest.fixture
def machine(tmp_path):
    """sda: the system (partitions, one encrypted); sdb: a USB disk."""
    machine = FakeMachine(tmp_path)
    machine.disk_at("sda", "8:0", SIZE, bus="ata1", partitions=3, serial="SYSTEM")
    machine.disk_at("sdb", "8:16", SIZE, serial="WD-1234 5678")
    machine.mount("8:1", "/boot")
    return machine


def refused(machine, path, permission=Permission(), **more):  # noqa: B008 - frozen
    with pytest.raises(TargetError) as error:
        judge(path, machine, NEEDED, permission, **{"own": False, **more})
    return error.value.sentence


def test_blank_usb_disk_may_be_written(machine):
    target = judge(machine.device("sdb"), machine, NEEDED, Permission(), own=False)
    assert (target.device, target.size, target.model, target.identity) == (
        True,
        SIZE,
        "WD Elements 25A3",
        "WD-1234 5678",
    )


@pytest.mark.parametrize("folder", ["/", "/boot", "/boot/efi", "/usr", "/var", "/home"])
def test_system_disk_is_refused_by_any_of_its_folders(tmp_path, folder):
    machine = FakeMachine(tmp_path)
    machine.disk_at("sda", "8:0", SIZE, partitions=2)
    machine.mount("8:2", folder)
    everything = Permission(replace=frozenset({"WX1"}), fixed=True)
    assert refused(machine, machine.device("sda"), everything) == "desk.drive.system_disk"


def test_system_on_encrypted_raid_is_found_through_its_layers(machine):
    machine.mapped("md0", "9:0", "sda2")
    machine.mapped("dm-0", "253:0", "md0")
    machine.mount("253:0", "/")
    assert machine.used_by_system() == {"sda"}
    assert refused(machine, machine.device("sda"), Permission(fixed=True)) == "desk.drive.system_disk"


def test_system_on_btrfs_is_found_by_its_source(machine):
    machine.mount("0:31", "/", source=str(machine.device("sdb")), kind="btrfs")
    assert refused(machine, machine.device("sdb")) == "desk.drive.system_disk"


def test_swap_makes_a_disk_the_systems(machine):
    machine.swap(machine.device("sda3"))
    assert "sda" in machine.used_by_system()


def test_mounted_disk_and_disk_held_by_a_volume_group_are_in_use(machine):
    machine.disk_at("sdc", "8:32", SIZE, partitions=1)
    machine.mount("8:33", "/media/with\\040space")
    assert refused(machine, machine.device("sdc")) == "desk.drive.in_use"
    machine.disk_at("sdd", "8:48", SIZE, partitions=1)
    machine.mapped("dm-1", "253:1", "sdd1")
    assert refused(machine, machine.device("sdd")) == "desk.drive.in_use"


def test_partition_folder_and_missing_device_are_no_disk(machine, tmp_path):
    assert refused(machine, machine.device("sda1")) == "desk.drive.not_disk"
    assert refused(machine, tmp_path) == "desk.drive.not_disk"
    assert refused(machine, tmp_path / "no/such/file") == "desk.drive.absent"


def test_dev_is_no_place_for_new_files(machine):
    from pathlib import Path

    assert refused(machine, Path("/dev/sdz-not-plugged-in")) == "desk.drive.absent"


def test_built_in_disk_is_refused_without_the_flag(machine):
    machine.disk_at("sdc", "8:32", SIZE, bus="ata2")
    assert refused(machine, machine.device("sdc")) == "desk.drive.not_removable"
    assert judge(machine.device("sdc"), machine, NEEDED, Permission(fixed=True), own=False).device
    machine.disk_at("sdd", "8:48", SIZE, bus="ata3", removable=1)
    assert judge(machine.device("sdd"), machine, NEEDED, Permission(), own=False).device


def test_small_disk_and_disk_with_large_sectors_are_refused(machine):
    machine.disk_at("sdc", "8:32", NEEDED - 512)
    assert refused(machine, machine.device("sdc")) == "desk.drive.small"
    machine.disk_at("sdd", "8:48", SIZE, sector=4096)
    assert refused(machine, machine.device("sdd")) == "desk.drive.sector"


@pytest.mark.parametrize("at", [0, 510, 1024, MIB + 3, 64 * MIB + 1024, SIZE - 1])
def test_disk_with_anything_on_it_is_refused_unless_its_number_is_named(machine, at):
    path = machine.device("sdb")
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\x01")
    assert refused(machine, path) == "desk.drive.not_empty"
    assert refused(machine, path, Permission(replace=frozenset({"WD-0000"}))) == "desk.drive.not_empty"
    assert judge(path, machine, NEEDED, Permission(replace=frozenset({"wd-12345678"})), own=False)
    assert judge(path, machine, NEEDED, Permission(), own=True), "an unfinished run of ours"


def test_file_may_be_a_target_and_its_name_is_its_number(machine, tmp_path):
    path = tmp_path / "target.img"
    assert judge(path, machine, NEEDED, Permission(), own=False).size == 0
    path.write_bytes(b"x")
    assert refused(machine, path) == "desk.drive.small"
    path.write_bytes(b"x" * NEEDED)
    assert refused(machine, path) == "desk.drive.not_empty"
    assert judge(path, machine, NEEDED, Permission(replace=frozenset({"target.img"})), own=False)


def test_disk_without_any_number_cannot_be_named(machine):
    path = machine.disk_at("sdc", "8:32", SIZE, serial="")
    path.write_bytes(b"\1" * SIZE)
    assert refused(machine, path, Permission(replace=frozenset({""}))) == "desk.drive.not_empty"


def test_number_that_fits_no_target_stops_everything(machine):
    target = judge(machine.device("sdb"), machine, NEEDED, Permission(), own=False)
    check_identities([target], Permission(replace=frozenset({"WD-12345678"})))
    with pytest.raises(TargetError) as error:
        check_identities([target], Permission(replace=frozenset({"OTHER"})))
    assert error.value.sentence == "desk.drive.wrong_disk"
    with pytest.raises(TargetError, match="twice"):
        check_identities([target, target], Permission())


def test_serial_comes_from_the_bridge_or_the_page_when_the_disk_has_none(machine):
    machine.disk_at("sdc", "8:32", SIZE, serial="")
    place = (machine.root / "sys/block/sdc").resolve()
    (place / "device/vpd_pg80").write_bytes(b"\0\x80\0\x08WD-PAGE1")
    assert machine.disk("8:32").serial == "WD-PAGE1"
    (place / "device/vpd_pg80").unlink()
    bridge = next(p for p in place.parents if p.name == "1-4")
    (bridge / "idVendor").write_text("1058\n")
    (bridge / "serial").write_text("57584431\n")
    assert machine.disk("8:32").serial == "57584431"


def test_the_real_machine_answers_and_its_root_is_never_offered():
    machine = Machine()
    used = machine.used_by_system()
    for name in used:
        assert machine.used() >= {name}
