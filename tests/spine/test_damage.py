"""What is damaged never leaves, and what is missing is made again."""

from __future__ import annotations

import json
import shutil

import pytest

from packager.format.layout import CHUNK
from tests.box import Box, copy_drive, running, wait_for
from tests.spine.checks import assert_bytes_equal, read_raw, sentence

pytestmark = pytest.mark.timeout(600)


def test_flipped_byte_never_leaves_and_the_page_says_what_is_damaged(bench, drive, generated, tmp_path):
    spoiled = copy_drive(drive, tmp_path / "drive")
    records = {}
    for line in (spoiled / "bag/meta/catalogue.jsonl").read_text().splitlines():
        record = json.loads(line)
        records[record["id"]] = record
    large = next(i for i in records["zj-2024.002"]["items"] if i["role"] == "part")
    small = next(i for i in records["zj-2024.001"]["items"] if i["role"] == "part")
    assert large["size"] > 2 * CHUNK > small["size"]
    for item, place in ((large, CHUNK + 5), (small, 7)):
        path = spoiled / "bag" / item["path"]
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
    original = (generated.folder / generated.files["zj-2024.002"][0]).read_bytes()
    with running(Box(tmp_path / "box", bench / "keys/root.json", [spoiled])) as box:
        box.wait_resources(len(generated.good))
        answer = box.get(f"/items/{small['id']}")
        assert answer.status in {502, 503, 500}
        assert sentence("reader.damaged.whole") in answer.text or "损坏" in answer.text
        received = read_raw(box, f"/items/{large['id']}")
        assert len(received) <= CHUNK
        assert original.startswith(received)
        assert box.get(f"/items/{large['id']}", Range=f"bytes={CHUNK + 5}-{CHUNK + 5}").status >= 500
        good = box.get(f"/items/{large['id']}", Range=f"bytes={2 * CHUNK}-{2 * CHUNK + 99}")
        assert (good.status, good.body) == (206, original[2 * CHUNK : 2 * CHUNK + 100])
        page = box.get("/resources/zj-2024.001").text
        assert "损坏" in page
        rest = {k: v for k, v in generated.files.items() if k not in {"zj-2024.001", "zj-2024.002"}}
        assert_bytes_equal(box, generated.folder, rest)


@pytest.mark.parametrize("what", ["search", "catalogue.db", "both", "damaged"])
def test_prebuilt_files_missing_or_damaged_are_rebuilt_by_the_box(bench, drive, generated, tmp_path, what):
    poor = copy_drive(drive, tmp_path / "drive")
    meta = poor / "bag/meta"
    if what in {"search", "both"}:
        shutil.rmtree(meta / "search")
    if what in {"catalogue.db", "both"}:
        (meta / "catalogue.db").unlink()
    if what == "damaged":
        for path in [meta / "catalogue.db", *(p for p in (meta / "search").rglob("*") if p.is_file())]:
            path.write_bytes(path.read_bytes()[::-1])
    with running(Box(tmp_path / "box", bench / "keys/root.json", [poor])) as box:
        wait_for(lambda: box.health()["resources"] == len(generated.good), "browsing", box.log)
        assert "山居四要" in box.get("/browse/list?type=book").text
        box.wait_resources(len(generated.good))
        assert box.search("山居")["hits"][0]["id"] == "zj-2024.001"
