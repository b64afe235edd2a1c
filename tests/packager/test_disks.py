"""A release on several drives: one payload, the lists of each drive, what signers and writers make of them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import replace

import pytest

from packager.build import BuildOptions, build
from packager.cli import DONE, NOT_DONE, main
from packager.disks import disk_layout
from packager.drives import write_drive
from packager.errors import DriveError, NumberDiffersError
from packager.format.disktable import read_disk_table
from packager.format.files import RealFiles
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.manifest import read_manifest
from packager.format.release import Release
from packager.format.tagfiles import verify_tag_files
from packager.recompute import check_release
from packager.signing import sign_release
from tests.simulator import Publisher, passphrase

OPTIONS = BuildOptions(
    bundle="sichuan", name="四川版", issued="2026-11-22", edition="2026.11", quiet=True, workers=1,
    drive_sizes=(1_300_000, 1_300_000, 1_300_000),
)  # fmt: skip


def write_source(folder, rows):
    """A source of plain files: id → file name → size."""
    folder.mkdir(exist_ok=True)
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "title", "type", "files"])
        for identity, files in rows.items():
            for name, size in files.items():
                with suppress(FileExistsError), (folder / name).open("xb") as file:
                    file.write(hashlib.sha256(name.encode()).digest() * (size // 32))
            writer.writerow([identity, f"题名 {identity}", "book", ";".join(files)])
    return folder


ROWS = {f"r{n:02d}": {f"{n}.dat": 40_000} for n in range(20)} | {
    "map": {"map.dat": (1 << 20) // 2}, "none": {}, "set": {f"v{n}.dat": 30_000 for n in range(3)},
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A publisher, a source and a signed work folder with three drives."""
    folder = tmp_path_factory.mktemp("disks")
    publisher = Publisher(folder / "publisher")
    source, work = write_source(folder / "source", ROWS), folder / "work"
    release = build(source, work, OPTIONS, RealFiles()).release
    sign_release(work, publisher.keys, passphrase, RealFiles(), full=True)
    return folder, publisher, release


def carried(work, release):
    """Payload paths of each drive."""
    return [{line.path for line in read_manifest(disk_layout(work, release, d.n).manifest)} for d in release.disks]


def test_build_spreads_every_item_once_and_keeps_one_payload(made):
    folder, _, release = made
    parts = carried(folder / "work", release)
    items = {line.path: line.size for line in read_items(folder / "work/bag/meta/items.txt")}
    assert len(parts) == 3
    assert sorted(path for part in parts for path in part) == sorted(items)
    assert [sum(items[path] for path in part) for part in parts] == [disk.bytes for disk in release.disks]
    payload = [p for p in (folder / "work").rglob("data/*/*") if p.is_file()]
    assert len(payload) == len(items)
    assert all(p.stat().st_nlink == 1 for p in payload)
    assert sum(disk.count for disk in release.disks) == len(ROWS) - 1
    assert not (folder / "work/bag/manifest-sha256.txt").exists()
    assert release.name == "四川版"


def test_build_tells_the_drive_of_every_item(made):
    folder, _, release = made
    parts = carried(folder / "work", release)
    items = [line.path for line in read_items(folder / "work/bag/meta/items.txt")]
    told = list(read_disk_table(folder / "work/bag/meta/disks.bin", 3))
    assert [path in parts[n - 1] for path, n in zip(items, told, strict=True)] == [True] * len(items)


def test_build_keeps_a_resource_on_one_drive(made):
    folder, _, release = made
    parts = carried(folder / "work", release)
    for line in (folder / "work/bag/meta/catalogue.jsonl").read_text().splitlines():
        paths = {item["path"] for item in json.loads(line).get("items", [])}
        assert not paths or any(paths <= part for part in parts)


def test_drive_of_a_set_is_a_bag_of_its_own_and_is_admitted(made, tmp_path):
    folder, publisher, release = made
    box = publisher.box(tmp_path / "box")
    sums = []
    for disk in release.disks:
        drive = tmp_path / f"drive-{disk.n}"
        written = write_drive(folder / "work", drive, RealFiles(), disk=disk.n, quiet=True)
        assert written.size == disk.bytes
        tagmanifest = hashlib.sha256((drive / "bag/tagmanifest-sha256.txt").read_bytes()).hexdigest()
        admission = box.admit_drive(drive / "tuf", tagmanifest)
        assert admission.disk == disk
        tags = verify_tag_files(DriveLayout(drive), admission, RealFiles(), tmp_path / f"tags-{disk.n}")
        assert set(tags.accelerators.values()) == {"ready"}
        files = {p.relative_to(drive / "bag").as_posix() for p in (drive / "bag/data").rglob("*") if p.is_file()}
        assert files == {line.path for line in read_manifest(DriveLayout(drive).manifest)}
        assert f"Bag-Count: {disk.n} of 3\n" in (drive / "bag/bag-info.txt").read_text()
        sums.append(len(files))
    again = write_drive(folder / "work", tmp_path / "drive-1", RealFiles(), disk=1, quiet=True)
    assert (again.copied, again.kept) == (0, sums[0])
    with pytest.raises(DriveError) as refused:
        write_drive(folder / "work", tmp_path / "drive-1", RealFiles(), disk=2, quiet=True)
    assert (refused.value.sentence, refused.value.params) == ("desk.drive.other", {"item": "sichuan 第 1 块，共 3 块"})
    assert files_of(tmp_path / "drive-1") == sums[0]
    other = write_drive(folder / "work", tmp_path / "drive-1", RealFiles(), disk=2, quiet=True, replace=True)
    assert (other.copied, other.kept) == (sums[1], 0)


def files_of(drive):
    return sum(path.is_file() for path in (drive / "bag/data").rglob("*"))


class CountingFiles(RealFiles):
    """Counts the folders that are made durable one by one."""

    def __init__(self):
        self.synced = []

    def fsync_dir(self, folder):
        self.synced.append(folder)
        super().fsync_dir(folder)


def test_drive_folders_of_payload_are_made_durable_all_at_once(made, tmp_path):
    files = CountingFiles()
    drive = tmp_path / "drive"
    write_drive(made[0] / "work", drive, files, disk=1, quiet=True)
    assert [p for p in files.synced if p.is_relative_to(drive / "bag" / "data")] == []
    assert drive / "bag" in files.synced


def test_drive_that_carried_more_loses_what_the_new_lists_do_not_name(made, tmp_path):
    drive = tmp_path / "drive"
    write_drive(made[0] / "work", drive, RealFiles(), disk=1, quiet=True)
    left = drive / "bag/data/zz/left.pdf"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of an older release")
    carried = {line.path for line in read_manifest(DriveLayout(drive).manifest)}
    write_drive(made[0] / "work", drive, RealFiles(), disk=1, quiet=True, replace=True)
    present = {p.relative_to(drive / "bag").as_posix() for p in (drive / "bag/data").rglob("*") if p.is_file()}
    assert present == carried


@pytest.mark.parametrize("disk", [0, 4, -1])
def test_drive_that_is_not_named_or_not_there_is_not_written(made, tmp_path, disk):
    with pytest.raises(DriveError):
        write_drive(made[0] / "work", tmp_path / "drive", RealFiles(), disk=disk)
    assert not (tmp_path / "drive").exists()


def test_build_again_is_the_signed_release(made):
    folder, _, release = made
    again = build(folder / "source", folder / "work", OPTIONS, RealFiles())
    assert again.release == release


def linked(folder, tmp_path):
    """The work folder again, with hard links for the payload."""
    for path in (folder / "work").rglob("*"):
        target = tmp_path / "work" / path.relative_to(folder / "work")
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif "data" in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "work"


def test_next_release_changes_few_drives(made, tmp_path):
    folder, _, release = made
    before = carried(folder / "work", release)
    work = linked(folder, tmp_path)
    rows = {**ROWS, "new": {"new.dat": 20_000}}
    del rows["r03"]
    source = write_source(tmp_path / "source", rows)
    second = build(source, work, replace(OPTIONS, issued="2026-12-22"), RealFiles()).release
    assert (second.seq, second.supersedes) == (2, 1)
    after = carried(work, second)
    changed = [len(old ^ new) for old, new in zip(before, after, strict=True)]
    assert sum(changed) == 2
    assert sum(map(bool, changed)) <= 2


def test_signer_finds_a_drive_that_lacks_or_repeats_an_item(made, tmp_path):
    folder, _, release = made
    work = linked(folder, tmp_path)
    assert check_release(work, release, full=True) == release.number
    (work / "disks/2/manifest-sha256.txt").write_bytes((work / "disks/1/manifest-sha256.txt").read_bytes())
    with pytest.raises(NumberDiffersError, match="manifest-sha256"):
        check_release(work, release)
    for disk in (1, 2):
        layout = disk_layout(work, release, disk)
        lines = layout.manifest.read_bytes().splitlines(keepends=True)
        layout.manifest.write_bytes(b"".join(lines))
    forged = forge(work, release)
    with pytest.raises(NumberDiffersError, match="together"):
        check_release(work, forged)


def forge(work, release):
    """A release whose second drive is the first once more, every list of it right by itself."""
    layout = disk_layout(work, release, 2)
    lists = layout.tagmanifest.read_text().splitlines()
    digest = hashlib.sha256(layout.manifest.read_bytes()).hexdigest()
    lists = [f"{digest}  manifest-sha256.txt" if line.endswith("  manifest-sha256.txt") else line for line in lists]
    layout.tagmanifest.write_text("\n".join(lists) + "\n")
    tagmanifest = hashlib.sha256(layout.tagmanifest.read_bytes()).hexdigest()
    second = replace(release.disks[1], tagmanifest=tagmanifest, bytes=release.disks[0].bytes)
    return replace(release, disks=(release.disks[0], second, release.disks[2]))


def test_signer_finds_a_table_of_drives_that_is_wrong(tmp_path):
    source = write_source(tmp_path / "source", {f"r{n}": {f"{n}.dat": 9_000} for n in range(4)})
    options = replace(OPTIONS, drive_sizes=(700_000, 700_000))
    work = tmp_path / "work"

    def swapped(path, disks, files):
        return files.write_atomic(path, b"".join((3 - n).to_bytes(2) for n in disks))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("packager.disks.write_disk_table", swapped)
        release = build(source, work, options, RealFiles()).release
    with pytest.raises(NumberDiffersError, match=r"disks\.bin"):
        check_release(work, release)


def test_one_drive_that_holds_it_all_is_no_set(tmp_path):
    options = replace(OPTIONS, drive_sizes=(10**12,))
    source = write_source(tmp_path / "source", {"one": {"one.dat": 9_000}})
    release = build(source, tmp_path / "work", options, RealFiles()).release
    assert len(release.disks) == 1
    assert "disks.bin" not in release.accelerators
    assert b'"count"' not in json.dumps(json.loads(release.to_bytes())["disks"]).encode()
    assert check_release(tmp_path / "work", release) == release.number


def test_commands_say_in_words_what_is_where_and_what_is_lacking(made, capsys, tmp_path):
    folder = made[0]
    source, work = write_source(tmp_path / "source", ROWS | {"big": {f"b{n}.dat": 400_000 for n in range(3)}}), "w"
    command = ["build", str(source), "--work", str(tmp_path / work), "--issued", "2026-11-22", "--name", "四川版"]
    assert main([*command, "--drive-size", "300kB,300kB"]) == NOT_DONE
    assert "硬盘装不下这一版" in capsys.readouterr().err
    assert main([*command, "--drive-size", "600kB"]) == NOT_DONE
    assert "一块硬盘放不下" in capsys.readouterr().err
    assert main([*command, "--drive-size", "1.4MB"]) == DONE
    said = capsys.readouterr().out
    assert "《题名 big》一块硬盘放不下，按文件分在第 1、2" in said
    assert "第 1 块　" in said
    release = Release.from_bytes((tmp_path / work / "release.json").read_bytes())
    assert f"分成 {len(release.disks)} 块硬盘" in said
    with pytest.raises(SystemExit):
        main([*command, "--drive-size", "many"])
    assert "--drive-size 不能是" in capsys.readouterr().err
    assert main(["drive", str(folder / "work"), str(tmp_path / "d")]) == NOT_DONE
    assert "没有写明是第几块" in capsys.readouterr().err
    assert main(["drive", str(folder / "work"), str(tmp_path / "d"), "--disk", "9"]) == NOT_DONE
    assert "没有第 9 块" in capsys.readouterr().err
    assert main(["drive", str(folder / "work"), str(tmp_path / "d"), "--disk", "3"]) == DONE


def test_withdraw_command_publishes_a_list_that_drives_bring(made, capsys, tmp_path):
    folder, publisher, release = made
    work, keys = linked(folder, tmp_path), publisher.fork(tmp_path / "fork").keys
    words = tmp_path / "words"
    words.write_text("".join(f"{name}={passphrase(name)}\n" for name in ("targets-1", "targets-2", "online")))
    command = ["withdraw", str(work), "--bundle", "sichuan", "--keys", str(keys), "--passphrases", str(words)]
    assert main([*command, "r03", "r99"]) == NOT_DONE
    said = capsys.readouterr().err
    assert "没有记录号 r99，没有下架任何资源" in said
    assert "r09" in said
    assert main([*command, "r03", "map", "--by", "targets-1"]) == DONE
    assert "只有 targets-1 一人签发" in capsys.readouterr().out
    signing = ["sign", str(work), "--keys", str(keys), "--passphrases", str(words), "--by", "targets-2"]
    assert main(signing) == NOT_DONE
    assert "还有另一份申请没有签完" in capsys.readouterr().err
    assert main([*command, "r03", "map", "--by", "targets-2"]) == DONE
    assert "下架通知已备好，共 2 种" in capsys.readouterr().out
    assert main([*command, "r04", "r04"]) == DONE
    write_drive(work, tmp_path / "drive", RealFiles(), disk=1, quiet=True)
    box = publisher.box(tmp_path / "box")
    assert box.offer(tmp_path / "drive/tuf").withdrawn == {"r03", "map", "r04"}
    assert build(folder / "source", work, OPTIONS, RealFiles()).release == release
