"""The report, the digest of the inputs, and the words of a page."""

from __future__ import annotations

import json

from image.smoke.client import words_of
from image.smoke.inputs import Booted, digest_of, last_booted
from image.smoke.report import Report, Result


def test_report_says_date_digest_and_every_check():
    report = Report("shuxiang-1.raw", "ab" * 32, "2026-11-27", "Two cores.")
    report.add("Boot", Result("first page", True, "after 124 s", 124.4))
    report.add("Drives", Result("NTFS", False, "said | nothing\nat all", 3))
    report.add("Drives", Result("exFAT", None, "mkfs.exfat is missing", 0))
    said = report.markdown("Smoke")
    assert "2026-11-27" in said
    assert "ab" * 32 in said
    assert "1 passed, 1 failed, 1 not made. Two cores." in said
    assert "| NTFS | **no** | said \\| nothing at all | 3 |" in said
    assert report.failed == 1


def test_digest_changes_with_content_and_name_only(tmp_path):
    (tmp_path / "image/smoke").mkdir(parents=True)
    (tmp_path / "image/a").write_text("1")
    (tmp_path / "image/b").write_text("2")
    (tmp_path / "image/smoke/x").write_text("3")
    first = digest_of(tmp_path, ["image/a", "image/b", "image/smoke/x"])
    assert digest_of(tmp_path, ["image/b", "image/a", "image/gone"]) == first
    (tmp_path / "image/a").write_text("changed")
    assert digest_of(tmp_path, ["image/a", "image/b"]) != first


def test_record_of_the_last_boot_is_read_or_counts_as_none(tmp_path):
    path = tmp_path / "booted.json"
    assert last_booted(path) is None
    booted = Booted("aa", "bb", "2026-11-27")
    path.write_text(booted.to_text())
    assert last_booted(path) == booted
    for text in ("{", "[]", json.dumps({"inputs": "aa"})):
        path.write_text(text)
        assert last_booted(path) is None


def test_words_of_a_page_are_what_a_reader_sees():
    page = "<head><title>x</title></head><body><h1>书箱&amp;</h1><script>no()</script>\n<p>可以<b>使用</b></p>"
    assert words_of(page) == "书箱& 可以 使用"
