"""Peaks at build time: which recordings get them, under what name, and that the same bytes are decoded once."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile

from indexer.errors import RenditionLimitError
from indexer.peaks import load_peaks
from indexer.renditions.extraction import Extraction
from packager.build import BuildOptions, build
from packager.format.files import RealFiles
from tests.generated import sound

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)


def tone(form, codec):
    out = io.BytesIO()
    soundfile.write(out, 0.5 * np.sin(np.arange(16_000) / 3).astype(np.float32), 8000, format=form, subtype=codec)
    return out.getvalue()


MP3 = tone("MP3", "MPEG_LAYER_III")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "collection"
    made.mkdir()
    files = {
        "a1.wav": sound(2),
        "a2.mp3": MP3,
        "b.m4a": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\0\0\0\0",
        "b.ogg": tone("OGG", "VORBIS"),
        "c.mp3": MP3[:40],
        "d.txt": "有字。".encode(),
    }
    for name, body in files.items():
        (made / name).write_bytes(body)
    rows = ("a,两集,audio,a1.wav;a2.mp3", "b,两种格式,audio,b.m4a;b.ogg", "c,残缺,audio,c.mp3", "d,书,book,d.txt")
    (made / "catalogue.csv").write_text("\n".join(("id,title,type,files", *rows, "")))
    return made


def records(work):
    lines = (work / "bag/meta/catalogue.jsonl").read_text().splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


def peaks_of(work, resource_id):
    """Media type of the recording → its peaks."""
    items = {item["id"]: item for item in records(work)[resource_id]["items"]}
    made = [item for item in items.values() if item["role"] == "peaks"]
    assert [item.get("order", 0) for item in made] == list(range(len(made)))
    assert all(item["media_type"] == "application/json" and " peaks " in item["tool"] for item in made)
    return {items[i["of"]]["media_type"]: load_peaks((work / "bag" / i["path"]).read_bytes()) for i in made}


def test_build_recordings_get_peaks_and_other_works_none(folder, tmp_path):
    result = build(folder, tmp_path / "work", OPTIONS, RealFiles())
    found = peaks_of(tmp_path / "work", "a")
    assert set(found) == {"audio/wav", "audio/mpeg"}
    assert set(found["audio/wav"].data) == {0}
    assert max(found["audio/mpeg"].data) == pytest.approx(64, abs=8)
    assert set(peaks_of(tmp_path / "work", "b")) == {"audio/ogg"}
    assert peaks_of(tmp_path / "work", "c") == peaks_of(tmp_path / "work", "d") == {}
    assert not [problem for problem in result.problems if "波形" in problem.reason]


def test_build_same_recording_is_decoded_once_and_a_slow_one_again(folder, tmp_path, monkeypatch):
    work, asked = tmp_path / "work", []
    whole = Extraction.peaks

    def counted(self, source, media_type):
        asked.append(media_type)
        if media_type == "audio/wav":
            raise RenditionLimitError("took longer than 1 s")
        return whole(self, source, media_type)

    monkeypatch.setattr(Extraction, "peaks", counted)
    first = build(folder, work, OPTIONS, RealFiles())
    assert sorted(asked) == ["audio/mpeg", "audio/ogg", "audio/wav"]
    assert set(peaks_of(work, "a")) == {"audio/mpeg"}
    (folder / "a2.mp3").rename(folder / "a2 again.mp3")
    catalogue = folder / "catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace("a2.mp3", "a2 again.mp3"))
    asked.clear()
    second = build(folder, work, OPTIONS, RealFiles())
    assert asked == ["audio/wav"]
    assert set(peaks_of(work, "a")) == {"audio/mpeg"}
    assert not [p for p in (*first.problems, *second.problems) if p.id == "a"]
