"""The golden cases: what tests/vectors says a reader must answer is what ours answer; the files are made again."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import IndexerError, RecordError
from indexer.model import dump_line, item_id, load_line
from indexer.peaks import load_peaks
from indexer.sections import read_sections
from packager.audit.verify import Options, verify_drive
from packager.format.bag import READY, read_candidate, verify_tag_files
from packager.format.baginfo import BagInfo
from packager.format.chunks import ChunkHasher, chunk_count
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.floors import Floors, TwoCopies
from packager.format.items import read_items
from packager.format.layout import DriveLayout, check_payload_path, check_tag_path, item_path
from packager.format.listing import read_listing
from packager.format.manifest import parse_tagmanifest, read_manifest
from packager.format.release import Release
from packager.format.trust import TrustStore
from packager.format.withdrawals import Notice, Withdrawal
from tests.simulator import EARLIEST, FastFiles
from tests.vectors import make
from tests.vectors.records import BIG, RECORDS

V1 = Path(__file__).parents[2] / "vectors" / "v1"
Case = dict[str, Any]


def cases(name: str) -> Any:
    found = [json.loads(line) for line in (V1 / f"{name}.jsonl").read_text("utf-8").splitlines()]
    assert found
    return pytest.mark.parametrize("case", found, ids=lambda case: ascii(case["name"])[:40])


def content(case: Case) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    text: str = case["input"]
    return (text.replace("~", "x" * case["expand"]) if "expand" in case else text).encode()


def answers(case: Case, read: Callable[[], Any]) -> Any:
    """The value that a reader gives for a good case; of a bad one the code of its error is compared."""
    if case["ok"]:
        return read()
    with pytest.raises((FormatError, IndexerError)) as caught:
        read()
    assert caught.value.code == case["code"]
    return None


def allowed(check: Callable[[str], str], text: str) -> bool:
    try:
        return check(text) == text
    except FormatError:
        return False


@cases("paths")
def test_paths(case: Case) -> None:
    assert allowed(check_payload_path, case["input"]) == case["payload"]
    assert allowed(check_tag_path, case["input"]) == case["tag"]


@cases("item-ids")
def test_item_ids(case: Case) -> None:
    assert item_id(case["resource"], case["role"], case["source"]) == case["id"]
    assert item_path(case["id"], case["ext"]) == case["path"]


@cases("manifest")
def test_manifests(case: Case, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content(case))
    lines = answers(case, lambda: list(read_manifest(tmp_path / "list")))
    assert lines is None or b"".join(line.to_bytes() for line in lines) == content(case)
    assert lines is None or len(lines) == case["lines"]


@cases("tagmanifest")
def test_tagmanifests(case: Case) -> None:
    found = answers(case, lambda: parse_tagmanifest(content(case)))
    assert found is None or len(found) == case["lines"]


@cases("items")
def test_items(case: Case, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content(case))
    lines = answers(case, lambda: list(read_items(tmp_path / "list")))
    assert lines is None or b"".join(line.to_bytes() for line in lines) == content(case)
    assert lines is None or sum(chunk_count(line.size) for line in lines) == case["chunks"]


@cases("chunks")
def test_chunks(case: Case) -> None:
    pattern = bytes.fromhex(case["pattern"])
    hasher = ChunkHasher()
    hasher.update((pattern * (case["size"] // len(pattern) + 1))[: case["size"]])
    assert hasher.digests().hex() == "".join(case["digests"])


@cases("bag-info")
def test_bag_infos(case: Case) -> None:
    info = answers(case, lambda: BagInfo.from_bytes(content(case)))
    assert info is None or info.to_bytes() == content(case)


@cases("releases")
def test_releases(case: Case) -> None:
    release = answers(case, lambda: Release.from_bytes(content(case)))
    assert release is None or release.number == case["number"]


@cases("withdrawn")
def test_withdrawn(case: Case) -> None:
    found = read_listing({"withdrawn/national.json": content(case)})
    named = tuple(Withdrawal(name, "", "", "2026-11-22") for name in case["named"])
    counting = found.counting(Notice(case["notice"], b"", b"", named) if case["notice"] else None)
    assert sorted(found.withdrawn | {entry.id for entry in counting}) == case["withdrawn"]


@cases("floors")
def test_floors(case: Case) -> None:
    floors = answers(case, lambda: Floors.from_bytes(content(case)))
    assert floors is None or floors.to_bytes() == content(case)


@cases("copies")
def test_two_copies(case: Case, tmp_path: Path) -> None:
    for suffix in ("a", "b"):
        if case[suffix] is not None:
            (tmp_path / f"floor.{suffix}").write_text(case[suffix])
    found = TwoCopies(tmp_path, "floor", RealFiles()).read()
    assert found == (None if case["content"] is None else case["content"].encode())


@cases("catalogue")
def test_catalogue_lines(case: Case) -> None:
    line = content(case)
    if not case["ok"]:
        with pytest.raises(RecordError):
            load_line(line)
        return
    assert (dump_line(load_line(line)) == line) == case["canonical"]


@cases("sections")
def test_sections(case: Case) -> None:
    answers(case, lambda: list(read_sections(BytesIO(content(case)))))


@cases("peaks")
def test_peaks(case: Case) -> None:
    answers(case, lambda: load_peaks(content(case)))


# — the drive with known keys —


def files_below(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Path]:
    """The golden drive, with the one large file put in its place."""
    shutil.copytree(V1 / "known/drive", tmp_path / "drive")
    for payload in (payload for _, payload in RECORDS):
        for path, body in payload.items():
            if body == BIG:
                (tmp_path / "drive/bag" / path).parent.mkdir(parents=True)
                (tmp_path / "drive/bag" / path).write_bytes(body)
    return tmp_path / "drive"


def test_vectors_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    make.write(tmp_path)
    made = files_below(tmp_path)
    once = ("drive/", "delta/", "root.json", "release.json")
    kept = {name: body for name, body in files_below(V1).items() if not name.startswith(once)}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []
    assert sum(map(len, made.values())) < 600_000
    assert sum(len(body) for name, body in made.items() if name.startswith("known/")) < 200_000
    assert sum(len(body) for name, body in made.items() if name.startswith("set/")) < 60_000


def test_known_drive_is_sound_to_the_strictest_reader(known: Path) -> None:
    root = (V1 / "known/root.json").read_bytes()
    report = verify_drive(known, Options(root, strict=True), datetime(2026, 11, 22, tzinfo=UTC))
    assert (report.findings.kept, report.verdict, report.proof) == ([], "sound", "root")
    assert report.release["edition"] == "2026年11月版"
    assert report.contents is not None
    assert (report.contents.records, report.contents.entries, sum(report.contents.items.values())) == (4, 2, 14)


def test_known_drive_is_taken_by_a_box(known: Path, tmp_path: Path) -> None:
    drive, root = DriveLayout(known), (V1 / "known/root.json").read_bytes()
    box = TrustStore(tmp_path / "state", root, FastFiles(), earliest=EARLIEST)
    admission = box.admit_drive(drive.tuf, read_candidate(drive).tagmanifest)
    assert (admission.release.seq, admission.newest) == (3, True)
    taken = verify_tag_files(drive, admission, FastFiles(), tmp_path / "dest")
    assert taken.accelerators == {"catalogue.db": READY, "search/MAIN_1.seg": READY}
    assert taken.count == 14


def test_known_drive_uses_every_member_of_a_record() -> None:
    record, _ = RECORDS[0]
    assert [name for name, value in record.to_json().items() if not value and value != 0] == []
    assert {f.name for f in fields(record)} == set(record.to_json())
    assert {f.name.rstrip("_") for f in fields(record.access)} - {"unknown"} == set(record.to_json()["access"])
