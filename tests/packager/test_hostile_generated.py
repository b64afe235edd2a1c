"""Hostile files made on the spot as sources of a build: packed or refused by name and reason, within bounds."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from indexer.checks import sniff
from indexer.model import ITEM_FLAGS
from packager.file_claims import named_otherwise, program_of
from tests.hostile_books import MARK
from tests.hostile_files import Target, hostile_files, strange_names
from tests.packager.hostile_builds import Build, left_behind, watched_build
from tests.packager.wording import foreign_words

FILES = [*hostile_files(Target()), *strange_names()]
MIB = 1 << 20


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return watched_build(tmp_path_factory.mktemp("hostile"), [(file.name, file.content) for file in FILES])


def test_generated_build_goes_on_to_its_end_within_bounds(build: Build) -> None:
    assert build.code == 1, build.said
    assert "封装完成" in build.said
    assert len(build.records) == len(FILES)
    assert build.seconds < 60
    assert build.memory < 2560 * MIB
    assert build.temporary < 64 * MIB
    sources = sum(len(file.content) for file in FILES)
    bag = sum(p.stat().st_size for p in (build.folder / "work").rglob("*") if p.is_file())
    assert bag < 2 * sources


def test_generated_build_leaves_nothing_outside_its_folder(build: Build) -> None:
    assert left_behind(build) == set()
    assert not Path(MARK).exists()
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(build.folder) in " ".join(p.info["cmdline"] or ())]


def test_generated_file_that_is_not_packed_is_named_with_a_reason(build: Build) -> None:
    for identity, name in build.files.items():
        record = build.records[identity]
        told = build.problems.get(identity, [])
        assert record.items or told, name
        assert all(problem["reason"] for problem in told)
        for item in record.items:
            assert set(item.flags) <= set(ITEM_FLAGS)
            if item.flags:
                assert any(name in problem["field"] and problem["reason"] for problem in told), name


def test_generated_build_tells_its_reasons_in_chinese(build: Build) -> None:
    reasons = {problem["reason"] for told in build.problems.values() for problem in told}
    assert len(reasons) > 10
    assert {reason: left for reason in reasons if (left := foreign_words(reason))} == {}


def kept(build: Build, name: str) -> tuple[str, str]:
    """Media type of the file's own item, empty when it was refused, and what was said."""
    identity = next(i for i, other in build.files.items() if other == name)
    items = [item for item in build.records[identity].items if not item.tool]
    return items[0].media_type if items else "", " ".join(p["reason"] for p in build.problems.get(identity, []))


@pytest.mark.parametrize(
    ("name", "media_type", "said"),
    [
        ("program.exe", "", "Windows 程序"),
        ("program.exe.pdf", "", "Windows 程序"),
        ("shortcut.lnk.pdf", "", "Windows 快捷方式"),
        ("html-as.jpg", "application/xhtml+xml", "名字是 .jpg"),
        ("html-as.pdf", "application/xhtml+xml", "名字是 .pdf"),
        ("html-as.epub", "application/xhtml+xml", "名字是 .epub"),
        ("playlist.mp4", "text/plain", "名字是 .mp4"),
        ("drawing.jpg", "image/svg+xml", ""),
        ("entity-bomb.epub", "application/epub+zip", "内容读不出"),
        ("zip-bomb.epub", "application/epub+zip", "没有取出文字"),
        ("claim.png", "image/png", "2147483647×2147483647"),
        ("giant-tag.mp3", "audio/mpeg", "内容读不出"),
        ("actions.pdf", "application/pdf", ""),
        ("everything.epub", "application/epub+zip", ""),
        ("two\nlines.txt", "", "没有找到这个文件"),
        ("photo\u202egpj.exe", "text/plain", ""),
    ],
)
def test_generated_file_is_judged_by_its_bytes(build: Build, name: str, media_type: str, said: str) -> None:
    found, reasons = kept(build, name)
    assert found == media_type
    assert said in reasons if said else not reasons


def test_generated_text_in_the_bag_holds_no_markup(build: Build) -> None:
    identity = next(i for i, name in build.files.items() if name == "everything.html")
    text = next(item for item in build.records[identity].items if item.role == "text")
    words = (build.folder / "work/bag" / text.path).read_text("utf-8")
    assert "这一句无害。" in words
    assert "__pwned" not in words
    assert "203.0.113.9" not in words


@pytest.mark.parametrize("head", [b"MZ is how this text begins, and it goes on.", b"", b"M", b"\x7fEL", b"%PDF-1.4"])
def test_program_of_what_is_none_is_empty(head: bytes) -> None:
    assert program_of(head) == ""


def test_named_otherwise_keeps_quiet_of_honest_files() -> None:
    honest = {
        "a.PDF": b"%PDF-1.4",
        "b.jpeg": b"\xff\xd8\xff\xe0",
        "c.m4a": b"\0\0\0\x18ftypM4A ",
        "d.txt": b"<html>",
        "noext": b"x",
    }
    assert [named_otherwise(name, sniff(head, name)) for name, head in honest.items()] == [""] * len(honest)
