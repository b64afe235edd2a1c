"""Building large pictures: the same truth for any number of workers and after a kill, little memory, nothing left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PIL import Image

from indexer.renditions import libvips
from packager.build import BuildOptions, build
from packager.format.files import RealFiles
from tests.generated import picture
from tests.looking import looked_again

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)
TRUTH = ("catalogue.jsonl", "items.txt", "chunks.bin")
PAGES = 6


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A book of large pages, a G4 volume, and a second book that shares pages with the first."""
    folder = tmp_path / "collection"
    folder.mkdir()
    for number in range(1, PAGES + 1):
        (folder / f"{number}.png").write_bytes(picture(900, 2200, shade=40 * number))
    leaves = [Image.new("1", (900, 2500), 1) for _ in range(3)]
    for number, leaf in enumerate(leaves):
        leaf.paste(0, (100, 100, 300 + 200 * number, 2000))
    leaves[0].save(folder / "g4.tif", compression="group4", save_all=True, append_images=leaves[1:])
    pages = ";".join(f"{number}.png" for number in range(1, PAGES + 1))
    rows = f"b1,大书,book,{pages}\nb2,合刊,journal,2.png;3.png\nb3,善本,book,g4.tif\n"
    (folder / "catalogue.csv").write_text(f"id,title,type,files\n{rows}")
    return folder


def truth(work: Path) -> dict[str, bytes]:
    return {name: (work / "bag/meta" / name).read_bytes() for name in TRUTH}


def items(work: Path) -> dict[str, list[dict[str, object]]]:
    lines = (work / "bag/meta/catalogue.jsonl").read_text().splitlines()
    return {record["id"]: record["items"] for record in map(json.loads, lines)}


def test_build_gives_the_same_truth_for_any_number_of_workers(volume, tmp_path):
    for workers in (1, 3):
        build(volume, tmp_path / f"work{workers}", replace(OPTIONS, workers=workers), RealFiles())
    assert truth(tmp_path / "work1") == truth(tmp_path / "work3")
    packs = [item for some in items(tmp_path / "work1").values() for item in some if item["role"] == "tilepack"]
    assert len(packs) == 3
    with zipfile.ZipFile(tmp_path / "work1/bag" / str(packs[-1]["path"])) as archive:
        descriptors = [name for name in archive.namelist() if name.endswith(".dzi")]
        assert descriptors == ["0001.dzi", "0002.dzi", "0003.dzi"]


def test_build_killed_while_tiles_are_cut_goes_on_and_gives_the_same_truth(volume, tmp_path):
    build(volume, tmp_path / "whole", OPTIONS, RealFiles())
    work = tmp_path / "work"
    command = [
        sys.executable, "-m", "packager.cli", "build", str(volume), "--work", str(work), "--issued", "2026-11-22",
        "--edition", "2026.11",
    ]  # fmt: skip
    for moment in (0.05, 0.4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(looked_again(lambda: list((work / "bag/data").rglob("*.png")))) < PAGES:
            time.sleep(0.005)
        time.sleep(moment)
        others = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert psutil.wait_procs(others, timeout=60)[1] == [], "no child outlives the build"
    assert {p.name for p in work.iterdir()} <= {"bag", "build.db", "build.db-wal", "build.db-shm"}
    result = build(volume, work, OPTIONS, RealFiles())
    assert result.resumed
    assert truth(work) == truth(tmp_path / "whole")
    assert {p.name for p in work.iterdir()} == {p.name for p in (tmp_path / "whole").iterdir()}


def test_build_again_cuts_nothing(volume, tmp_path, monkeypatch):
    work = tmp_path / "work"
    first = build(volume, work, OPTIONS, RealFiles())
    monkeypatch.setattr("packager.cutting.Cutter.write", None)
    (volume / "1.png").touch()
    assert build(volume, work, OPTIONS, RealFiles()).release == first.release


@pytest.mark.slow
def test_build_of_300_megapixels_and_of_2_gigabytes_keeps_within_memory(tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    leaf = Image.effect_noise((2000, 1500), 60).convert("RGB")
    leaf.save(tmp_path / "leaf.png")
    pyvips = libvips.pyvips
    base = pyvips.Image.new_from_file(str(tmp_path / "leaf.png"))
    base.replicate(10, 10).jpegsave(str(folder / "300mp.jpg"), Q=85)
    base.replicate(14, 17).tiffsave(str(folder / "2gb.tif"), bigtiff=True)
    assert (folder / "2gb.tif").stat().st_size > 2_000_000_000
    (folder / "catalogue.csv").write_text("id,title,type,files\na,大图,image,300mp.jpg\nb,大地图,image,2gb.tif\n")
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    peak[0] = max(peak[0], child.memory_info().rss)
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = build(folder, tmp_path / "work", OPTIONS, RealFiles())
    over.set()
    watcher.join()
    assert result.problems == ()
    for some in items(tmp_path / "work").values():
        assert sorted(str(item["role"]) for item in some) == ["cover", "part", "tilepack"]
    assert peak[0] < 800 << 20
