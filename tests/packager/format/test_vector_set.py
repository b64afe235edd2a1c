"""The golden set of two drives: what disks.bin says of it, who may withdraw, and which notices a box takes after it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Targets

from packager.audit.verify import Options, verify_drive
from packager.format.bag import READY, read_candidate, verify_tag_files
from packager.format.delegation import check_delegations, delegated_keys
from packager.format.disktable import read_disk_table
from packager.format.errors import FormatError
from packager.format.layout import DriveLayout
from packager.format.manifest import read_manifest
from packager.format.repository import reader_of_mapping, verify
from packager.format.trust import TrustStore
from packager.format.withdrawals import read_list, write_list
from tests.packager.format.test_vector_cases import V1, Case, answers, cases, content, files_below
from tests.simulator import EARLIEST, FastFiles

SET = V1 / "set"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TABLE = "meta/disks.bin"


def box(state: Path) -> TrustStore:
    """A box that has taken the set's metadata."""
    made = TrustStore(state, (SET / "root.json").read_bytes(), FastFiles(), earliest=EARLIEST)
    made.offer(SET / "1/tuf")
    return made


@pytest.mark.parametrize("disk", [1, 2])
def test_drive_of_the_golden_set_is_sound_and_is_taken(disk: int, tmp_path: Path) -> None:
    report = verify_drive(SET / str(disk), Options((SET / "root.json").read_bytes(), strict=True), NOW)
    assert (report.findings.kept, report.verdict, report.proof) == ([], "sound", "root")
    drive = DriveLayout(SET / str(disk))
    admission = box(tmp_path / "state").admit_drive(drive.tuf, read_candidate(drive).tagmanifest)
    assert (admission.release.seq, admission.disk.n, len(admission.release.disks)) == (2, disk, 2)
    taken = verify_tag_files(drive, admission, FastFiles(), tmp_path / "dest")
    assert taken.accelerators == {"disks.bin": READY}


def test_drives_of_the_golden_set_carry_what_their_table_says() -> None:
    first, second = (SET / str(disk) / "bag" for disk in (1, 2))
    assert (first / TABLE).read_bytes() == (second / TABLE).read_bytes()
    items = [line.split()[2].decode() for line in (first / "meta/items.txt").read_bytes().splitlines()]
    numbers = list(read_disk_table(first / TABLE, 2))
    for disk, bag in ((1, first), (2, second)):
        carried = [line.path for line in read_manifest(bag / "manifest-sha256.txt")]
        assert carried == [path for path, number in zip(items, numbers, strict=True) if number == disk]


def test_golden_set_withdraws_a_resource_by_one_key(tmp_path: Path) -> None:
    trusted = box(tmp_path / "state").current()
    assert [(w.id, w.since) for w in trusted.withdrawals] == [("two-parts", "2026-11-22")]
    verified = verify(reader_of_mapping(files_below(SET / "2/tuf")), (SET / "root.json").read_bytes())
    assert len(delegated_keys(verified.metadata["targets"])) == 2
    assert verified.notice is not None
    assert verified.notice.version == 2


@cases("disks")
def test_disk_tables(case: Case, tmp_path: Path) -> None:
    """What the strictest reader finds when drive 1 has this table: its digest aside, which is another finding."""
    drive = shutil.copytree(SET / "1", tmp_path / "drive")
    (drive / "bag" / TABLE).write_bytes(content(case))
    report = verify_drive(drive, Options(), NOW)
    found = {f.code for f in report.findings.kept if f.path == f"bag/{TABLE}"} - {"digest"}
    assert found == ({case["code"]} if not case["ok"] else set())
    read = allowed(drive / "bag" / TABLE)
    assert read is None or case.get("code") != "form"
    assert not case["ok"] or read == case["numbers"]


def allowed(path: Path) -> list[int] | None:
    try:
        return list(read_disk_table(path, 2))
    except FormatError:
        return None


@cases("withdrawals")
def test_lists_of_withdrawn_resources(case: Case) -> None:
    found = answers(case, lambda: read_list(content(case)))
    assert found is None or [withdrawal.id for withdrawal in found] == case["resources"]
    assert found is None or b"colour" in content(case) or write_list(found) == content(case)


@cases("delegations")
def test_delegations(case: Case) -> None:
    targets = Targets.from_dict(json.loads(content(case)))
    answers(case, lambda: check_delegations(targets))
    if case["ok"]:
        roles = (targets.delegations.roles or {}) if targets.delegations else {}
        assert sorted(key for role in roles.values() for key in role.keyids) == case["keys"]


NOTICES = [json.loads(line) for line in (SET / "notices.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", NOTICES, ids=lambda case: case["name"])
def test_notices(case: dict[str, Any], tmp_path: Path) -> None:
    trusting = box(tmp_path / "state")
    found = answers(case, lambda: trusting.offer_notice(content(case)))
    expected = case["withdrawn"] if case["ok"] else ["two-parts"]
    assert [withdrawal.id for withdrawal in trusting.current().withdrawals] == expected
    assert found is None or sorted(found.withdrawn) == expected
    again = TrustStore(tmp_path / "state", (SET / "root.json").read_bytes(), FastFiles(), earliest=EARLIEST)
    assert [withdrawal.id for withdrawal in again.current().withdrawals] == expected
