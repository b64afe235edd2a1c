"""Golden bytes: drives that are in the field must be read, and made again byte for byte, by every later version."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import bagit
import pytest

from indexer.model import item_id, load_line
from packager.audit.verify import Options, verify_drive
from packager.format.bag import BAGIT, READY, read_candidate, verify_tag_files
from packager.format.chunks import ChunkTable
from packager.format.files import RealFiles
from packager.format.items import ItemLine, item_lines, read_items
from packager.format.layout import TRUTH_NAMES, DriveLayout, item_path
from packager.format.release import Release
from packager.format.trust import TrustStore
from packager.recompute import check_release
from tests import simulator
from tests.simulator import EARLIEST, FastFiles, build_work
from tests.vectors.make import SOURCES

TAG_FILES = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
LISTS = (*(f"meta/{name}" for name in TRUTH_NAMES), *TAG_FILES)
V1 = Path(__file__).parents[2] / "vectors" / "v1"


def first_item_path(identity: str, extension: str) -> str:
    """Where items stood in the first days: in two levels of folders."""
    path = item_path(identity, extension)
    return f"{path[:8]}{identity[2:4]}/{path[8:]}"


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same release made again by today's code, its items where they stood then."""
    folder = tmp_path_factory.mktemp("rebuilt")
    with patch.object(simulator, "item_path", first_item_path):
        build_work(
            folder, SOURCES, bundle="national", seq=2, issued="2026-11-22", edition="2026.02", requires=("chunks-v1",),
            meta={"catalogue.db": b"an accelerator"}, supersedes=1, files=FastFiles(),
        )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("resource", "role", "source", "identity"),
    [
        ("red-chamber", "part", "红楼梦.txt", "xt4rk3aa7z56ytnxneid"),
        ("big-map", "part", "map.bin", "sx6qczrszomptrpnr6zh"),
        ("two-parts", "part", "a.txt", "s55eq4ij2s4ed3ajgd5p"),
        ("two-parts", "part", "b.txt", "sb7syszpr22sapmfszu5"),
    ],
)
def test_v1_item_ids_are_permanent(resource: str, role: str, source: str, identity: str) -> None:
    assert item_id(resource, role, source) == identity


def test_v1_paths_follow_from_item_ids() -> None:
    lines = list(read_items(V1 / "drive/bag/meta/items.txt"))
    assert [line.path for line in lines] == sorted(line.path for line in lines)
    for line in lines:
        identity, _, extension = line.path.rpartition("/")[2].partition(".")
        assert first_item_path(identity, extension) == line.path


@pytest.mark.parametrize("name", LISTS)
def test_v1_lists_are_made_again_byte_for_byte(rebuilt: Path, name: str) -> None:
    assert (rebuilt / "bag" / name).read_bytes() == (V1 / "drive/bag" / name).read_bytes()


def test_v1_release_document_is_read_and_written_again() -> None:
    content = (V1 / "release.json").read_bytes()
    release = Release.from_bytes(content)
    assert release.to_bytes() == content
    assert release.number == "3932 1227 3496 3116 4754 4191"
    assert (release.bundle, release.seq, release.supersedes, release.count) == ("national", 2, 1, 4)


def test_v1_items_txt_and_chunks_bin_have_their_bytes() -> None:
    first = (V1 / "drive/bag/meta/items.txt").read_bytes().split(b"\n")[0]
    sha256 = "b640e840b19d378660b32fb51ae18d67dccb4a8596a29e7bd72c1b2ae5928f41"
    assert first + b"\n" == ItemLine(sha256, 6, "data/s5/5e/s55eq4ij2s4ed3ajgd5p.txt").to_bytes()
    with ChunkTable(V1 / "drive/bag/meta/chunks.bin") as table:
        assert table.count == 2
        assert table.digest(0).hex() == "fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83"
    assert (V1 / "drive/bag/bagit.txt").read_bytes() == BAGIT


def test_v1_catalogue_lines_are_read_and_give_the_items() -> None:
    lines = (V1 / "drive/bag/meta/catalogue.jsonl").read_bytes().splitlines()
    resources = [load_line(line, n) for n, line in enumerate(lines, 1)]
    assert [resource.id for resource in resources] == ["big-map", "entry-only", "red-chamber", "two-parts"]
    assert item_lines(resources) == list(read_items(V1 / "drive/bag/meta/items.txt"))


def test_v1_drive_is_trusted_and_its_lists_are_taken(tmp_path: Path) -> None:
    drive = DriveLayout(V1 / "drive")
    box = TrustStore(tmp_path / "state", (V1 / "root.json").read_bytes(), RealFiles(), earliest=EARLIEST)
    admission = box.admit_drive(drive.tuf, read_candidate(drive).tagmanifest)
    assert (admission.release.seq, admission.newest) == (2, True)
    assert box.current().versions == {"root": 2, "timestamp": 3, "snapshot": 3, "targets": 3}
    taken = verify_tag_files(drive, admission, RealFiles(), tmp_path / "dest")
    assert (taken.count, taken.bytes, taken.accelerators) == (4, 1048647, {"catalogue.db": READY})


def test_v1_drive_with_its_payload_is_a_valid_bag(rebuilt: Path, tmp_path: Path) -> None:
    shutil.copytree(V1 / "drive", tmp_path / "drive")
    shutil.copytree(rebuilt / "bag/data", tmp_path / "drive/bag/data")
    bagit.Bag(str(tmp_path / "drive/bag")).validate()
    command = ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"]
    subprocess.run(command, cwd=tmp_path / "drive/bag", check=True)
    release = Release.from_bytes((V1 / "release.json").read_bytes())
    assert check_release(tmp_path / "drive", release, full=True) == release.number
    found = verify_drive(tmp_path / "drive", Options((V1 / "root.json").read_bytes()), EARLIEST + timedelta(days=1))
    assert [finding for finding in found.findings.kept if finding.fault] == []
