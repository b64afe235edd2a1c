"""What blkid and the kernel say of a device."""

from __future__ import annotations

import pytest

from image.drive.probe import describe, parse_blkid

SAID = """\
ID_FS_LABEL=LIBRARY_047
ID_FS_LABEL_ENC=LIBRARY\\x20047\\x0a
ID_FS_UUID=1f2e
ID_FS_UUID_ENC=1f2e
ID_FS_TYPE=ext4
ID_FS_USAGE=filesystem
ID_PART_ENTRY_NAME=books
ID_PART_ENTRY_TYPE=0FC63DAF-8483-4772-8E79-3D69D8477DE4
"""


@pytest.fixture
def sysfs(tmp_path):
    disk = tmp_path / "devices/sdb"
    for name in ("sdb1", "sdb2"):
        (disk / name).mkdir(parents=True)
        (disk / name / "partition").write_text("1\n")
        (disk / name / "size").write_text("2048\n")
    (disk / "queue").mkdir()
    (disk / "size").write_text("8192\n")
    return tmp_path / "devices"


def test_a_partition_is_described(sysfs):
    found = describe(sysfs / "sdb/sdb1", parse_blkid(SAID))
    assert (found.size, found.partition, found.siblings) == (1 << 20, True, 2)
    assert (found.usage, found.kind, found.label, found.uuid) == ("filesystem", "ext4", "LIBRARY 047\n", "1f2e")
    assert (found.name, found.type_id) == ("books", "0fc63daf-8483-4772-8e79-3d69d8477de4")


def test_a_disk_knows_of_its_partitions(sysfs):
    found = describe(sysfs / "sdb", {})
    assert (found.size, found.partition, found.siblings, found.usage) == (4 << 20, False, 2, "")


def test_a_device_that_has_gone_is_an_error(sysfs):
    with pytest.raises(FileNotFoundError):
        describe(sysfs / "sdc", {})


def test_a_label_of_broken_letters_does_not_break_anything():
    assert parse_blkid("ID_FS_LABEL_ENC=\\xff\\xfe\nnonsense\n")["ID_FS_LABEL_ENC"] == "��"


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_a_label_says_nothing_but_its_own_name(sign):
    label = f"书{sign}ID_PART_ENTRY_NAME=shuxiang-"  # as blkid gives a label of NTFS, letter for letter
    found = parse_blkid(f"ID_FS_LABEL={label}\nID_FS_LABEL_ENC={label}\nID_FS_TYPE=ntfs\nID_FS_USAGE=filesystem\n")
    assert found == {
        "ID_FS_LABEL": label, "ID_FS_LABEL_ENC": label, "ID_FS_TYPE": "ntfs", "ID_FS_USAGE": "filesystem"
    }  # fmt: skip
