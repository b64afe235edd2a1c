"""The real collection on three drives: built, signed and written by the commands, plugged in, pulled out, put back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from indexer.model import READABLE_ROLES
from packager.format.layout import DriveLayout
from packager.format.manifest import read_manifest
from tests.box import ISSUED, Box, command, make_keys, running, sign, wait_for
from tests.spine.checks import assert_bytes_equal, sentence, shown

pytestmark = pytest.mark.timeout(600)


def readable(box: Box) -> set[str]:
    """What search finds as readable here; its own figure agrees."""
    pages = [box.search(available="yes", page=n) for n in range(1, 7)]
    counts = {value["value"]: value["count"] for value in pages[0]["facets"]["available"]}
    ids = {hit["id"] for page in pages for hit in page["hits"]}
    assert counts.get("yes", 0) == len(ids)
    return ids


def test_collection_on_three_drives_is_read_byte_for_byte_pulled_out_and_put_back(collection, rows, tmp_path):
    keys, work, media = make_keys(tmp_path / "keys"), tmp_path / "work", tmp_path / "media"
    told = command(
        "packager.cli", "build", collection, "--work", work, "--issued", ISSUED, "--edition", "2026.11",
        "--name", "三盘版", "--drive-size", "70MB,70MB,70MB", expect=(0, 1),
    )  # fmt: skip
    assert "分成 3 块硬盘" in told
    sign(work, keys)
    shelf = [tmp_path / f"shelf-{n}" for n in (1, 2, 3)]
    for n, drive in enumerate(shelf, 1):
        command("packager.cli", "drive", work, drive, "--disk", str(n))
    parts = [{line.path for line in read_manifest(DriveLayout(drive).manifest)} for drive in shelf]
    assert not parts[0] & parts[1] | parts[1] & parts[2] | parts[2] & parts[0]
    media.mkdir()
    with running(Box(tmp_path / "box", keys / "root.json", drive_folders=[media])) as box:
        shelf[1].rename(media / "b")
        box.wait_resources(len(rows))
        owners = {}
        for row in rows:
            record = box.get(f"/api/resources/{row['id']}").json()
            paths = {item["id"] for item in record["items"]}
            owners[row["id"]] = next(
                n for n, part in enumerate(parts, 1) if any(Path(path).name.split(".")[0] in paths for path in part)
            )
            opens = any(item["role"] in READABLE_ROLES for item in record["items"])  # one has ALTO files only
            here = owners[row["id"]] == 2
            assert record["available"] == (opens and here), record
            assert record.get("drive") == (f"三盘版第 {owners[row['id']]} 块" if opens and not here else None)
        first, waits = readable(box), []
        for n, name in ((3, "c"), (1, "a")):
            begun = time.monotonic()
            shelf[n - 1].rename(media / name)
            one = next(row for row in owners if owners[row] == n)
            wait_for(lambda one=one: box.get(f"/api/resources/{one}").json()["available"], f"drive {n}", box.log)
            waits.append(time.monotonic() - begun)
        assert min(waits) < 3, waits  # a second on a box that does nothing else
        everything = readable(box)
        assert first == {row for row in everything if owners[row] == 2}
        files = {row["id"]: [f.strip() for f in row["files"].split(";")] for row in rows}
        assert_bytes_equal(box, collection, files)
        (media / "c").rename(tmp_path / "away")
        gone = next(row for row in owners if owners[row] == 3)
        wait_for(lambda: not box.get(f"/api/resources/{gone}").json()["available"], "the drive to be gone", box.log)
        words = sentence("intake.unplugged.idle")
        wait_for(lambda: words in shown(box, "/staff"), words, lambda: shown(box, "/staff"))
        left = {row for row in everything if owners[row] != 3}
        wait_for(lambda: readable(box) == left, "search without the drive", box.log)
        rest = {row: names for row, names in files.items() if owners[row] != 3}
        assert_bytes_equal(box, collection, rest)
        (tmp_path / "away").rename(media / "d")
        wait_for(lambda: box.get(f"/api/resources/{gone}").json()["available"], "the drive to be back", box.log)
        assert_bytes_equal(box, collection, {gone: files[gone]})
