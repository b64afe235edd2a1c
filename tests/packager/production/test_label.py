"""The printed label: what it says, that nothing is cut off, that its code can be read, that it prints on its size."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import segno

from packager.format.release import Digest, Disk, Release
from packager.production.label import Label, label_page
from packager.production.readme import Sender, readme

FONTS = Path(__file__).parents[3] / "appliance/web/static/vendor/fonts"
TRUTH = {name: Digest("a" * 64, 1) for name in ("catalogue.jsonl", "chunks.bin", "items.txt")}
RELEASE = Release("national", 11, "2026-11-22", "2026.11", TRUTH, (Disk(1, "b" * 64, 5),), count=338_120)
PAIR = dataclasses.replace(RELEASE, bundle="children", disks=(Disk(1, "b" * 64, 5, 70), Disk(2, "c" * 64, 5, 1234)))
SENDER = Sender(support="四川省图书馆技术支持中心", phone="028-00000000")
LABELS = [Label(RELEASE, 1, "SX2611040372", SENDER), Label(PAIR, 2, "SX2600000020", Sender())]


def test_label_says_what_the_design_asks_for():
    text = re.sub(r"<[^>]+>", " ", label_page(LABELS).decode())
    for words in (
        "书箱　资源硬盘", "国家版", "2026年11月版", "全套 1 块", "本套共 2 块　第 2 块", "1,234 种资源",
        "SX26 1104 0372", "33.8 万种资源", "国家图书馆签发", "请接书箱主机使用；", "电脑提示格式化时，请选“取消”。",
        "028-00000000", "收到日期",
    ):  # fmt: skip
        assert words in text


def test_code_holds_the_number_only():
    page = label_page(LABELS[:1]).decode()
    side = int(re.search(r'viewBox="0 0 (\d+)', page)[1])
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", page)}
    expected = segno.make("SX2611040372", error="m", micro=False).matrix
    assert side == len(expected) + 2
    assert dark == {(x + 1, y + 1) for y, row in enumerate(expected) for x, bit in enumerate(row) if bit}


def test_names_from_outside_are_text():
    page = label_page([Label(RELEASE, 1, "SX2611040372", Sender("<script>alert(1)</script>", "&", "<b>"))]).decode()
    assert "<script>" not in page
    assert "<b><" not in page


def test_readme_tells_number_and_set():
    text = readme(PAIR, 2, SENDER, "SX2600000020").decode()
    assert text.startswith("\ufeff")
    assert "少儿版　2026年11月版　本套共 2 块　第 2 块\r\n编号：SX26 0000 0020\r\n" in text
    assert "Drive 2 of 2" in text
    assert "见硬盘标签" in readme(PAIR, 2, SENDER).decode()
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.browser
def test_label_fits_its_paper_and_nothing_is_cut(browser, tmp_path):
    path = tmp_path / "labels.html"
    path.write_bytes(label_page(LABELS))
    page = browser.new_page(viewport={"width": 1080, "height": 420})
    try:
        page.goto(path.as_uri())
        for name in ("sans.css", "serif.css"):
            page.add_style_tag(url=(FONTS / name).as_uri())
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(300)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('section')].flatMap(section => {
                const card = section.getBoundingClientRect(), list = [...section.querySelectorAll('*')];
                return list.filter(e => { const r = e.getBoundingClientRect(), range = document.createRange();
                    range.selectNodeContents(e); const t = range.getBoundingClientRect();
                    return r.bottom > card.bottom + 1 || t.right > card.right - 4 }).map(e => e.textContent) })"""
        )
        assert cut == []
        height = page.evaluate("document.querySelector('.number b').getBoundingClientRect().height")
        assert height > 20, "the number is read at arm's length"
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type /Page\b", pdf)) == 4
    finally:
        page.close()
