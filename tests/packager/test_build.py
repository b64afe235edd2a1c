"""Building: what is kept across interruptions, what is reported, what a changed source does."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import pytest
from PIL import Image

from indexer.class_names import read_classes
from indexer.codec_files import MappedFile
from indexer.sections_index import SectionIndex
from packager.build import BuildOptions, build, last_signed
from packager.copying import copy_in
from packager.errors import BuildSpaceError, SourceChangedError
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from packager.journal import BuildJournal
from tests.generated import make_collection, pdf, picture
from tests.looking import looked_again

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)
TRUTH = ("catalogue.jsonl", "items.txt", "chunks.bin")


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "outer" / "collection"
    folder.mkdir(parents=True)
    return make_collection(folder)


def truth(work):
    return {name: (work / "bag/meta" / name).read_bytes() for name in TRUTH}


def bag_files(work):
    """Files of the bag by name."""
    return {p.relative_to(work / "bag").as_posix() for p in (work / "bag").rglob("*") if p.is_file()}


def test_build_generated_collection_describes_itself(made, tmp_path):
    result = build(made.folder, tmp_path / "work", OPTIONS, RealFiles())
    assert result.resources == result.release.count == len(made.good)
    assert result.release.seq == 1
    assert result.release.supersedes is None
    assert {"catalogue.db"} < set(result.release.accelerators)
    assert result.release.disks[0].bytes == result.size
    assert not result.resumed


def test_build_twice_takes_over_what_is_unchanged_and_gives_the_same_bytes(made, tmp_path):
    work = tmp_path / "work"
    first = build(made.folder, work, OPTIONS, RealFiles())
    before = {p: p.stat().st_mtime_ns for p in (work / "bag/data").rglob("*") if p.is_file()}
    second = build(made.folder, work, OPTIONS, RealFiles())
    assert second.release == first.release
    assert {p: p.stat().st_mtime_ns for p in (work / "bag/data").rglob("*") if p.is_file()} == before


def test_build_changed_and_removed_files_leave_nothing_behind(made, tmp_path):
    work = tmp_path / "work"
    build(made.folder, work, OPTIONS, RealFiles())
    changed = made.folder / made.files["zj-multi"][0]
    changed.write_bytes(pdf(2))
    catalogue = made.folder / "catalogue.csv"
    lines = catalogue.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    catalogue.write_text("".join(line for line in lines if not line.startswith("zj-wav")), encoding="utf-8-sig")
    build(made.folder, work, OPTIONS, RealFiles())
    records = [json.loads(line) for line in (work / "bag/meta/catalogue.jsonl").read_text().splitlines()]
    assert "zj-wav" not in {r["id"] for r in records}
    named = {item["path"] for r in records for item in r.get("items", ())}
    present = {p.relative_to(work / "bag").as_posix() for p in (work / "bag/data").rglob("*") if p.is_file()}
    assert {path for path in present if not path.startswith("data/index/")} == named
    toc = json.loads((work / "bag/data/index/sections-1/toc.json").read_bytes())
    assert {path for path in present if path.startswith("data/index/")} == {
        f"data/index/sections-1/{name}" for name in ("toc.json", *toc["files"])
    }
    fresh = tmp_path / "fresh"
    build(made.folder, fresh, OPTIONS, RealFiles())
    assert truth(fresh) == truth(work)


def test_build_killed_at_any_moment_goes_on_and_gives_the_same_truth(made, tmp_path):
    build(made.folder, tmp_path / "whole", OPTIONS, RealFiles())
    command = [
        sys.executable, "-m", "packager.cli", "build", str(made.folder), "--work", str(tmp_path / "work"),
        "--issued", "2026-11-22", "--edition", "2026.11",
    ]  # fmt: skip
    for wanted in (1, 3, 6, 10):  # files in the bag when the kill comes: another moment each time, however fast
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None and len(looked_again(lambda: bag_files(tmp_path / "work"))) < wanted:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    result = build(made.folder, tmp_path / "work", OPTIONS, RealFiles())
    assert truth(tmp_path / "work") == truth(tmp_path / "whole")
    assert result.resumed
    assert bag_files(tmp_path / "work") == bag_files(tmp_path / "whole")


def test_build_leftovers_of_a_kill_and_of_another_type_are_not_in_the_bag(made, tmp_path):
    build(made.folder, tmp_path / "work", OPTIONS, RealFiles())
    clean = bag_files(tmp_path / "work")
    bag = tmp_path / "work/bag"
    for left in ("meta/catalogue.db-journal", "data/aa/x.tmp~", "data/zz/stranger.pdf"):
        (bag / left).parent.mkdir(parents=True, exist_ok=True)
        (bag / left).write_bytes(b"left over")
    name = made.folder / made.files["zj-multi"][0]
    name.write_bytes(picture(80, 60))
    build(made.folder, tmp_path / "work", OPTIONS, RealFiles())
    found = bag_files(tmp_path / "work")
    assert not {f for f in found - clean if f.endswith((".tmp~", "-journal", "stranger.pdf"))}
    lines = (bag / "manifest-sha256.txt").read_text().splitlines()
    assert {f for f in found if f.startswith("data/")} == {line.split("  ")[1] for line in lines}


def test_build_unreadable_payload_row_is_lost_when_the_bag_lost_it(made, tmp_path):
    work = tmp_path / "work"
    build(made.folder, work, OPTIONS, RealFiles())
    victim = next(p for p in (work / "bag/data").rglob("*.pdf"))
    victim.unlink()
    build(made.folder, work, OPTIONS, RealFiles())
    assert victim.is_file()


def test_copy_in_file_that_changes_meanwhile_is_refused_and_removed(tmp_path):
    source = tmp_path / "growing"
    source.write_bytes(b"x" * 1000)

    class Meddling(RealFiles):
        def copy_hashed(self, *args, **kwargs):
            result = super().copy_hashed(*args, **kwargs)
            with source.open("ab") as file:
                file.write(b"y")
            return result

    with pytest.raises(SourceChangedError, match="growing"):
        copy_in(source, tmp_path / "bag/data/x", Meddling())
    assert not (tmp_path / "bag/data/x").exists()


def test_build_full_work_disk_stops_with_the_missing_bytes(made, tmp_path, monkeypatch):
    monkeypatch.setattr("packager.build._BATCH_RECORDS", 1)

    class Full(RealFiles):
        def free_space(self, folder):
            return 1000

    with pytest.raises(BuildSpaceError) as caught:
        build(made.folder, tmp_path / "work", OPTIONS, Full())
    assert caught.value.missing > 0
    with BuildJournal(tmp_path / "work/build.db") as journal:
        assert journal.totals()[0] > 0
    assert build(made.folder, tmp_path / "work", OPTIONS, RealFiles()).resumed


def test_last_signed_without_signatures_is_none(tmp_path):
    assert last_signed(DriveLayout(tmp_path), "national") is None


def test_build_large_pictures_get_one_tile_pack_and_covers(tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(2500, 1200))
    scans = [Image.open(io.BytesIO(picture(300, 200, shade=shade))) for shade in (10, 200)]
    scans[0].save(folder / "b.tif", save_all=True, append_images=scans[1:])
    (folder / "small.png").write_bytes(picture(300, 200))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing follows")
    rows = "id,title,type,files\np1,两幅,image,a.png;b.tif\np2,小图,image,small.png\np3,坏书,book,broken.pdf\n"
    (folder / "catalogue.csv").write_text(rows)
    work = tmp_path / "work"
    result = build(folder, work, OPTIONS, RealFiles())
    records = [json.loads(line) for line in (work / "bag/meta/catalogue.jsonl").read_text().splitlines()]
    roles = {r["id"]: sorted(i["role"] for i in r["items"]) for r in records}
    assert roles == {"p1": ["cover", "part", "part", "tilepack"], "p2": ["cover", "part"], "p3": ["part"]}
    pack = next(i for i in records[0]["items"] if i["role"] == "tilepack")
    with zipfile.ZipFile(work / "bag" / pack["path"]) as tiles:
        descriptors = [n for n in tiles.namelist() if n.endswith(".dzi")]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in tiles.infolist())
    assert descriptors == ["0001.dzi", "0002.dzi", "0003.dzi"]
    assert {p.id for p in result.problems} == {"p3"}
    again = build(folder, work, OPTIONS, RealFiles())
    assert again.release == result.release
    assert again.problems == result.problems


def test_each_drive_of_a_set_has_the_index_of_its_own_texts(made, tmp_path):
    work = tmp_path / "work"
    one = build(made.folder, work, OPTIONS, RealFiles())
    size = one.size + (8 << 20)
    result = build(made.folder, tmp_path / "set", replace(OPTIONS, drive_sizes=(size, size)), RealFiles())
    records = [json.loads(line) for line in (tmp_path / "set/bag/meta/catalogue.jsonl").read_text().splitlines()]
    texts = {item["path"] for r in records for item in r.get("items", ()) if item["role"] == "text"}
    seen = set()
    for disk in result.release.disks:
        manifest = (tmp_path / f"set/disks/{disk.n}/manifest-sha256.txt").read_text()
        carried = {line.split("  ")[1] for line in manifest.splitlines()}
        here = texts & carried
        indexes = {path.split("/")[2] for path in carried if path.startswith("data/index/")}
        assert indexes == ({f"sections-{disk.n}"} if here else set())
        if not here:
            continue
        folder = tmp_path / f"set/bag/data/index/sections-{disk.n}"
        index = SectionIndex(lambda name, folder=folder: MappedFile(folder / name), len(records))
        own = {index.item_of(row) for row in range(index.sections)}
        assert {records[row]["items"][place]["path"] for row, place in own} == here
        index.close()
        seen |= here
    assert seen == texts
    assert len(texts) > 1


def test_build_takes_the_names_of_classes_and_reports_what_it_cannot_take(made, tmp_path):
    (made.folder / "classes.csv").write_text(
        "分类法,类号,类名,上位类\nsibu,,四部,\nsibu,集,集部,\nsibu,集1,楚辞类,集\nsibu,集2,,集\n", encoding="gb18030"
    )
    result = build(made.folder, tmp_path / "work", OPTIONS, RealFiles())
    assert result.release.accelerators["classes.jsonl"].format == "1"
    names = read_classes(tmp_path / "work/bag/meta/classes.jsonl")
    assert names.names == {"sibu:": "四部", "sibu:集": "集部", "sibu:集1": "楚辞类"}
    assert names.parents == {"sibu:集1": "sibu:集"}
    assert [(p.line, p.kept) for p in result.problems if p.field == "classes.csv"] == [(5, False)]
    (made.folder / "classes.csv").unlink()
    assert "classes.jsonl" not in build(made.folder, tmp_path / "work", OPTIONS, RealFiles()).release.accelerators
