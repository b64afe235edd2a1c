"""What `packager inspect` and `packager verify` say of a drive, how they print it and how they end."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packager.audit.document import EXITS, Report
from packager.audit.findings import FAULTS, MAX_KEPT, NOTES, Findings, printable
from packager.audit.verify import Options, inspect_drive, verify_drive
from packager.cli import main
from provisioning.words import LANGUAGES, Words
from tests.simulator import Publisher, flip
from tests.vectors.records import RECORDS

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    return Publisher(tmp_path_factory.mktemp("national"))


@pytest.fixture(scope="module")
def good(national: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = national.release(1, meta={"catalogue.db": b"an accelerator"})
    return national.drive(work, tmp_path_factory.mktemp("good"))


@pytest.fixture
def drive(good: Path, tmp_path: Path) -> Path:
    shutil.copytree(good, tmp_path / "drive")
    return tmp_path / "drive"


def code(drive: Path, national: Publisher, now: datetime = NOW, **options: bool) -> set[str]:
    return set(verify_drive(drive, Options(national.root, **options), now).findings.counts)


def test_inspect_says_what_a_drive_is_without_its_payload(drive: Path) -> None:
    shutil.rmtree(drive / "bag/data")
    report = inspect_drive(drive)
    said = report.to_json()
    assert (report.verdict, said["findings"]) == ("sound", [])
    assert {k: said["release"][k] for k in ("bundle", "seq", "edition", "issued", "requires")} == {
        "bundle": "national", "seq": 1, "edition": "2026.01", "issued": "2026-11-22", "requires": ["chunks-v1"],
    }  # fmt: skip
    assert (said["disk"], said["number"]) == (1, "5952 3372 9496 9650 1827 7827")
    assert (said["files"], said["bytes"], said["accelerators"]) == (4, 1_048_647, {"catalogue.db": True})
    assert said["contents"] == {
        "bytes": 1_048_647, "entries": 1, "items": 4, "levels": {"work": 4}, "records": 4,
        "roles": {"part": {"bytes": 1_048_647, "items": 4}}, "types": {"book": 4},
    }  # fmt: skip
    facts = said["metadata"]["targets"]
    assert (facts["version"], len(facts["signatures"]), facts["threshold"], facts["keys"]) == (1, 2, 2, 3)
    assert facts["expires"] == "2036-11-19T00:00:00Z"


def test_inspect_names_a_feature_that_is_not_known(national: Publisher, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("packager.format.release.FEATURES", frozenset({"chunks-v1", "chunks-v9"}))
        work = national.release(7, bundle="later", requires=("chunks-v1", "chunks-v9"))
    drive = national.drive(work, tmp_path / "drive")
    report = inspect_drive(drive)
    assert (report.unknown_features, report.admission, report.release["edition"]) == (["chunks-v9"], None, "2026.07")
    assert set(report.findings.counts) == {"needs-newer-box"}
    assert "needs-newer-box" in code(drive, national)


@pytest.mark.parametrize("name", ["manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "meta/items.txt"])
def test_inspect_and_verify_survive_any_missing_list(drive: Path, name: str) -> None:
    (drive / "bag" / name).unlink()
    assert inspect_drive(drive).exit_code in {0, 1}
    assert verify_drive(drive, Options(), NOW).exit_code == 1


@pytest.mark.parametrize("gone", ["tuf", "bag", "tuf/metadata", "tuf/targets", "tuf/metadata/timestamp.json"])
def test_drive_without_a_part_is_half_copied(drive: Path, national: Publisher, gone: str) -> None:
    shutil.rmtree(drive / gone) if (drive / gone).is_dir() else (drive / gone).unlink()
    assert code(drive, national) & {"half-copied", "missing"}


def test_verify_knows_a_stranger_by_the_root(drive: Path, national: Publisher, tmp_path: Path) -> None:
    other = Publisher(tmp_path / "other")
    report = verify_drive(drive, Options(other.root), NOW)
    assert (set(report.findings.counts), report.proof) == ({"unknown-issuer"}, "no")
    report = verify_drive(drive, Options(), NOW)
    assert (set(report.findings.counts), report.proof, report.verdict) == ({"unproved"}, "itself", "sound")


@pytest.mark.parametrize(("retire", "expected"), [(True, "retired"), (False, "list-changed")])
def test_verify_a_release_that_was_taken_off_the_list(tmp_path: Path, retire: bool, expected: str) -> None:
    publisher = Publisher(tmp_path / "publisher")
    work = publisher.release(1)
    drive = publisher.drive(work, tmp_path / "drive")
    publisher.revoke(work, retire=retire)
    publisher.refresh(drive / "tuf")
    assert code(drive, publisher) == {expected}


def test_verify_one_signer_is_too_few(drive: Path, national: Publisher) -> None:
    national.fork(drive.parent / "fork").forge(drive / "tuf", signers=("targets-1",))
    assert code(drive, national) == {"one-signer"}


def test_verify_changed_metadata_and_targets_are_found(drive: Path, national: Publisher) -> None:
    flip(next((drive / "tuf/targets").rglob("*.json")), 20)
    assert code(drive, national) >= {"digest", "list-changed"}


def test_verify_strict_counts_what_a_box_tolerates(drive: Path, national: Publisher) -> None:
    (drive / "README.txt").write_text("read me")
    later = datetime(2029, 1, 1, tzinfo=UTC)
    assert code(drive, national, later) == {"outside", "expired"}
    assert verify_drive(drive, Options(national.root), later).verdict == "sound"
    assert verify_drive(drive, Options(national.root, strict=True), later).verdict == "faults"


def test_verify_quick_reads_no_payload(drive: Path, national: Publisher) -> None:
    flip(next((drive / "bag/data").rglob("*.bin")), 9)
    assert code(drive, national, quick=True) == set()
    assert code(drive, national) == {"digest", "chunk"}


def test_verify_goes_on_after_a_fault_and_names_the_stretch(drive: Path, national: Publisher) -> None:
    for path in (drive / "bag/data").rglob("*.*"):
        if path.is_file():
            flip(path, -1)
    report = verify_drive(drive, Options(national.root), NOW)
    assert report.findings.counts == {"digest": 4, "chunk": 1}
    assert [f.detail for f in report.findings.kept if f.code == "chunk"] == ["MiB 1, counted from 0"]


@pytest.mark.parametrize("role", ["text", "peaks", "tilepack"])
def test_verify_reads_the_files_whose_form_is_set(national: Publisher, tmp_path: Path, role: str) -> None:
    record, payload = RECORDS[0]
    spoilt = {i.path: b"not in its form" for i in record.items if i.role == role}
    items = tuple(
        replace(i, size=len(spoilt[i.path]), sha256=hashlib.sha256(spoilt[i.path]).hexdigest())
        if i.path in spoilt
        else i
        for i in record.items
    )
    work = national.release(records=[(record.with_items(items), {**payload, **spoilt})], bundle=f"of-{role}")
    drive = national.drive(work, tmp_path / "drive")
    found = verify_drive(drive, Options(national.root), NOW).findings
    assert [(f.code, f.path) for f in found.kept] == [("form", f"bag/{path}") for path in spoilt]


def test_two_drives_of_a_set_have_each_their_part(national: Publisher, drive: Path) -> None:
    """A manifest may name a part of the items when the set has more drives."""
    bag = drive / "bag"
    content = (bag / "bag-info.txt").read_bytes()
    (bag / "bag-info.txt").write_bytes(content.replace(b"1 of 1", b"1 of 2"))
    (bag / "manifest-sha256.txt").write_bytes((bag / "manifest-sha256.txt").read_bytes().split(b"\n", 1)[1])
    found = verify_drive(drive, Options(quick=True), NOW).findings
    assert not any("only drive" in f.detail for f in found.kept)


def test_findings_are_bounded_and_counted() -> None:
    findings = Findings()
    for n in range(MAX_KEPT + 50):
        findings.add("stranger", f"bag/data/{n}")
    assert (len(findings.kept), findings.faults, findings.omitted) == (MAX_KEPT, MAX_KEPT + 50, 50)


def test_the_same_finding_twice_is_one() -> None:
    findings = Findings()
    for _ in range(2):
        findings.add("missing", "bag/meta/items.txt")
    assert (len(findings.kept), findings.counts) == (1, {"missing": 1})


def test_verify_without_room_for_its_temporary_file_says_so(drive: Path, capsys, monkeypatch) -> None:
    def full(*_arguments: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("packager.audit.ledger.Ledger.list_payload", full)
    assert main(["verify", str(drive)]) == 3
    assert "临时文件" in capsys.readouterr().err


def test_findings_never_hold_what_a_terminal_obeys() -> None:
    assert printable(b"a\x1b[31m\xff\n") == "a\\x1b[31m\\udcff\\n"
    assert len(printable("x" * 10_000)) < 400


def test_finding_codes_have_words_in_every_language() -> None:
    for language in LANGUAGES:
        assert all(Words.load(language).label(f"finding.{name}") for name in (*FAULTS, *NOTES))


def members(document: str) -> set[str]:
    table = document.split("| document | value |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| (\w+) \|", table, re.M))


def test_document_has_the_members_that_are_documented() -> None:
    found = set(Report("verify", Findings()).to_json())
    assert found == members((ROOT / "docs/operations.md").read_text("utf-8"))


def test_exit_codes_are_those_documented() -> None:
    table = (ROOT / "docs/operations.md").read_text("utf-8").split("| exit code | of both commands |", 1)[1]
    documented = {int(n) for n in re.findall(r"^\| (\d+) \|", table.split("\n\n", 1)[0], re.M)}
    assert documented == {*EXITS.values(), 2, 130}


def test_commands_print_chinese_and_end_with_the_verdict(
    drive: Path, national: Publisher, tmp_path: Path, capsys
) -> None:
    (tmp_path / "root.json").write_bytes(national.root)
    assert main(["inspect", str(drive)]) == 0
    said = capsys.readouterr().out
    assert "核对码　5952 3372 9496 9650 1827 7827" in said
    assert "版次　国家版　第 " in said
    assert main(["verify", str(drive), "--root", str(tmp_path / "root.json")]) == 0
    assert "没有发现问题：4 个文件" in capsys.readouterr().out
    flip(next((drive / "bag/data").rglob("*.txt")))
    assert main(["verify", str(drive)]) == 1
    said = capsys.readouterr().out
    assert "▲ 内容不对　bag/data/" in said
    assert "发现 1 处问题" in said


def test_commands_tell_a_blank_a_foreign_and_an_unreadable_drive(tmp_path: Path, capsys) -> None:
    assert main(["verify", str(tmp_path)]) == 4
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    assert main(["inspect", str(tmp_path), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["verdict"] == "not-ours"
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "nowhere")]) == 3
    assert "nowhere：没有找到" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path / "holiday.jpg")]) == 3
    assert "holiday.jpg：不是文件夹" in capsys.readouterr().err


@pytest.mark.parametrize("root", ["nowhere", "holiday.jpg"])
def test_verify_with_a_root_that_is_none_is_a_wrong_command_line(tmp_path: Path, root: str, capsys) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    assert main(["verify", str(tmp_path), "--root", str(tmp_path / root)]) == 2
    told = "没有找到" if root == "nowhere" else "不是签发单位的根目录文件"
    assert told in capsys.readouterr().err


def test_verify_document_is_the_same_every_time(drive: Path, national: Publisher, tmp_path: Path, capsys) -> None:
    (drive / "bag/data/stranger").write_bytes(b"x")
    found = []
    for _ in range(2):
        assert main(["verify", str(drive), "--json"]) == 1
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]
    assert json.loads(found[0])["counts"] == {"mismatch": 1, "stranger": 1, "unproved": 1}
