"""What a build finds in files and says of them: text, contents, seconds, flags; and that it finds it once."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import wave

import pytest

from indexer.sections import read_sections
from packager.build import BuildOptions, build
from packager.format.files import RealFiles
from tests.generated import epub, pdf, picture
from tests.indexer.media_files import m4b, webm
from tests.indexer.test_renditions_extraction import font_pdf

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)


def wav(seconds):
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000 * seconds)
    return out.getvalue()


def alto(*words):
    line = "".join(f'<String CONTENT="{word}"/>' for word in words)
    return (
        '<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout><Page>'
        f"<TextLine>{line}</TextLine></Page></Layout></alto>"
    ).encode()


class Shelf:
    """A source folder and its work folder."""

    def __init__(self, folder):
        self.source, self.work = folder / "source", folder / "work"
        self.source.mkdir()
        self.rows = {}

    def put(self, record_id, type_, **files):
        for name, body in files.items():
            path = self.source / name.replace("__", ".")
            path.write_bytes(body)
        self.rows[record_id] = (type_, [name.replace("__", ".") for name in files])

    def build(self):
        with (self.source / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["id", "title", "type", "files"])
            rows.writerows([i, f"题名{i}", t, ";".join(names)] for i, (t, names) in self.rows.items())
        result = build(self.source, self.work, OPTIONS, RealFiles())
        lines = (self.work / "bag/meta/catalogue.jsonl").read_text(encoding="utf-8").splitlines()
        self.records = {record["id"]: record for record in map(json.loads, lines)}
        self.problems = {problem.id: problem.reason for problem in result.problems}
        return self

    def items(self, record_id, role):
        return [i for i in self.records[record_id].get("items", ()) if i["role"] == role]

    def sections(self, record_id):
        (item,) = self.items(record_id, "text")
        with (self.work / "bag" / item["path"]).open("rb") as file:
            return [(s.target, s.text) for s in read_sections(file)]


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_build_takes_text_once_and_contents_from_the_book(shelf):
    shelf.put("b1", "book", a__epub=epub("书", ["甲", "乙"]), a__pdf=pdf(2))
    shelf.build()
    (text,) = shelf.items("b1", "text")
    (part,) = shelf.items("b1", "part")
    assert (text["of"], text["media_type"]) == (part["id"], "application/jsonl")
    assert shelf.sections("b1") == [("1", "第1章\n甲"), ("2", "第2章\n乙")]
    assert shelf.records["b1"]["contents"] == [
        {"title": "第1章", "target": f"{part['id']}#1"},
        {"title": "第2章", "target": f"{part['id']}#2"},
    ]


def test_build_pages_of_alto_become_one_text_with_the_numbers_of_their_pages(shelf):
    shelf.put(
        "n1", "newspaper",
        p1__png=picture(40, 60), p2__png=picture(40, 60), p10__png=picture(40, 60),
        p2__xml=alto("二"), p10__xml=alto("三"),
    )  # fmt: skip
    shelf.build()
    assert shelf.sections("n1") == [("2", "二"), ("3", "三")]


def test_build_recordings_carry_seconds_and_what_no_browser_plays_is_flagged(shelf):
    adpcm = bytearray(wav(2))
    adpcm[20:22] = b"\x02\0"  # Microsoft ADPCM
    shelf.put("a1", "audio", one__wav=wav(2))
    shelf.put("a2", "audio", two__wav=bytes(adpcm))
    shelf.build()
    assert shelf.items("a1", "part")[0]["duration"] == 2
    assert "flags" not in shelf.items("a1", "part")[0]
    assert shelf.items("a2", "part")[0]["flags"] == ["codec-unplayable"]
    assert "a1" not in shelf.problems
    assert "请改交 MP3" in shelf.problems["a2"]


def test_build_documents_without_fonts_or_damaged_are_flagged_and_kept(shelf):
    shelf.put("f1", "book", f__pdf=font_pdf(b"SimSun"))
    shelf.put("d1", "book", d__pdf=b"%PDF-1.7 nothing")
    shelf.build()
    assert shelf.items("f1", "part")[0]["flags"] == ["fonts-missing"]
    assert shelf.items("d1", "part")[0]["flags"] == ["damaged"]
    assert "SimSun" in shelf.problems["f1"]
    assert "内容读不出" in shelf.problems["d1"]
    assert shelf.items("f1", "cover")
    assert shelf.items("d1", "cover") == []


def test_build_renamed_file_is_copied_but_not_parsed_again(shelf):
    shelf.put("b1", "book", old__pdf=pdf(3))
    before = shelf.build().sections("b1")
    cover = shelf.items("b1", "cover")[0]["sha256"]
    with sqlite3.connect(shelf.work / "build.db") as journal:  # a mark that parsing would wipe out
        journal.execute("UPDATE made SET facts = replace(facts, '\"pages\": 3', '\"pages\": 77')")
    (shelf.source / "old.pdf").rename(shelf.source / "new.pdf")
    shelf.rows["b1"] = ("book", ["new.pdf"])
    shelf.build()
    assert shelf.items("b1", "part")[0]["pages"] == 77
    assert shelf.sections("b1") == before
    assert shelf.items("b1", "cover")[0]["sha256"] == cover
    held = {i["path"] for i in shelf.records["b1"]["items"]}
    present = {p.relative_to(shelf.work / "bag").as_posix() for p in (shelf.work / "bag/data").rglob("*.*")}
    assert {path for path in present if not path.startswith("data/index/")} == held


def test_build_derivative_damaged_on_the_work_disk_is_made_again(shelf):
    shelf.put("b1", "book", a__pdf=pdf(1))
    shelf.build()
    path = shelf.work / "bag" / shelf.items("b1", "text")[0]["path"]
    good = path.read_bytes()
    path.write_bytes(b"x" * len(good))
    shelf.build()
    assert path.read_bytes() == good


def test_build_of_an_earlier_journal_learns_what_it_did_not_know(shelf):
    shelf.put("b1", "book", a__epub=epub("书", ["甲", "乙"]))
    shelf.build()
    truth = shelf.records
    with sqlite3.connect(shelf.work / "build.db") as journal:
        journal.execute("DROP TABLE made")
        journal.execute(
            """UPDATE item SET facts = '{"media_type": "application/epub+zip", "pages": 0}' WHERE tool = ''"""
        )
    assert shelf.build().records == truth


def test_build_with_one_worker_or_four_gives_the_same_bytes(shelf, tmp_path):
    for n in range(6):
        shelf.put(f"b{n}", "book", **{f"f{n}__epub": epub("书", [f"甲{n}"] * 3), f"f{n}__txt": "第一回\n文".encode()})
    shelf.build()
    truth = (shelf.work / "bag/meta/items.txt").read_bytes()
    shutil.rmtree(shelf.work)
    for workers in (1, 4):
        options = BuildOptions(bundle="x", issued="2026-11-22", edition="1", quiet=True, workers=workers)
        build(shelf.source, tmp_path / f"w{workers}", options, RealFiles())
        assert (tmp_path / f"w{workers}/bag/meta/items.txt").read_bytes() == truth


def test_build_takes_contents_from_the_chapters_of_recordings(shelf):
    first, second = ((0, "一"), (61.9, "二")), ((0, "三"), (3700, "四"))
    shelf.put("r1", "audio", r1__m4b=m4b(first))
    shelf.put("r2", "audio", r2a__m4b=m4b(first), r2b__webm=webm(second))
    shelf.put("r3", "audio", r3a__m4b=m4b(first), r3b__m4b=m4b(()))
    shelf.put("r4", "audio", r4__m4b=m4b(((0, "只有一章"),)))
    shelf.build()
    (one,), (two, three) = shelf.items("r1", "part"), shelf.items("r2", "part")
    assert shelf.records["r1"]["contents"] == [
        {"target": f"{one['id']}#0", "title": "一"},
        {"target": f"{one['id']}#61", "title": "二"},
    ]
    assert [line["target"] for line in shelf.records["r2"]["contents"]] == [
        f"{two['id']}#0", f"{two['id']}#61", f"{three['id']}#0", f"{three['id']}#3700",
    ]  # fmt: skip
    assert "contents" not in shelf.records["r3"]
    assert "contents" not in shelf.records["r4"]
