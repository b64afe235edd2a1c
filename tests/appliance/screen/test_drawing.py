"""The drawn screen: nothing leaves it, at any size; its light shows without colour; its code is the address."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from appliance.screen.drawing import PAPER, draw_plain, draw_screen
from appliance.screen.fonts import find_faces
from appliance.screen.lines import balanced, broken
from appliance.screen.view import View

SIZES = [(640, 480), (800, 600), (1024, 768), (1366, 768), (1920, 1080), (2560, 1080), (1080, 1920), (3840, 2160)]
VIEW = View(
    light="normal", word="正常", sentence="一切正常，读者可以使用。", library="清溪县图书馆",
    hint="手机扫码，或在浏览器输入", address="library.local",
    code="http://library.local/", more="另有 2 项", hours="周二至周日 8:30—17:30",
    updated="内容更新至 2026年11月", numbers="打不开时输入 192.168.1.10", day="2026年11月27日", time="14:05",
)  # fmt: skip
LONG = replace(
    VIEW, light="attention", word="需要处理",
    sentence="《清平县志续编附录地方文献资料汇…》第 12 至 15 页有损坏，正在修复。" * 2,
    library="内蒙古自治区锡林郭勒盟苏尼特右旗民族文化宫附设公共图书馆" * 2,
    address="a-very-long-name.library.example.local",
    hours="周一闭馆，周二至周五 8:30—17:30，周六周日及法定假日 9:00—16:00" * 2,
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", [VIEW, LONG], ids=["short", "long"])
def test_edges_stay_paper_at_every_size(size: tuple[int, int], view: View) -> None:
    image = draw_screen(view, size, find_faces())
    assert image.size == size
    edge = round(min(size[0] / 100, size[1] / 56.25))
    width, height = size
    for box in (
        (0, 0, width, edge),
        (0, height - edge, width, height),
        (0, 0, edge, height),
        (width - edge, 0, width, height),
    ):
        assert image.crop(box).getcolors() == [(abs(box[2] - box[0]) * abs(box[3] - box[1]), (0xF8, 0xF5, 0xEE))]


def test_lights_differ_without_colour() -> None:
    grey = [
        draw_plain(light, (400, 300)).convert("L").point(lambda v: 255 * (v > 128))
        for light in ("normal", "working", "attention")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        differing = ImageChops.difference(grey[one], grey[other]).histogram()[255]
        assert differing > 4000


def test_code_is_read_as_the_address() -> None:
    """Without a reader of codes here: the modules are those of the code, in whole pixels."""
    import segno

    image = draw_screen(VIEW, (1366, 768), find_faces())
    rows = [list(row) for row in segno.make(VIEW.code, error="m", micro=False).matrix]
    side = (len(rows) + 8) * 6
    left, top = 1366 - 41 - side, 768 - 41 - side
    read = [
        [image.getpixel((left + (x + 4) * 6 + 3, top + (y + 4) * 6 + 3)) == (0, 0, 0) for x in range(len(rows))]
        for y in range(len(rows))
    ]
    assert read == [[bool(dark) for dark in row] for row in rows]


def test_what_cannot_be_known_leaves_no_gap_that_fails() -> None:
    bare = replace(VIEW, more="", hours="", updated="", numbers="", day="", time="", library="")
    assert draw_screen(bare, (800, 600), find_faces()).size == (800, 600)


def test_font_of_the_settings_comes_first_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert find_faces(tmp_path / "broken.ttf")(20).getname() == find_faces()(20).getname()


def fits(count: int):
    return lambda text: len(text) <= count


def test_sentence_of_two_phrases_stands_in_two_lines() -> None:
    assert balanced("一切正常，读者可以使用。", fits(40)) == ["一切正常，", "读者可以使用。"]
    assert broken("正在识别硬盘，约需 1 分钟，请勿拔出。", fits(16)) == ["正在识别硬盘，约需 1 分钟，", "请勿拔出。"]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="一二三读者，。：“”《》（） 12" + string.ascii_letters, max_size=60), st.integers(6, 20))
def test_lines_hold_all_of_the_text_in_order(text: str, most: int) -> None:
    lines = broken(text, fits(most))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line for line in lines)
    for line in lines[1:]:
        assert line[0] not in "，。：" or not lines


def test_plain_screen_needs_no_font() -> None:
    image = draw_plain("working", (320, 200))
    assert image.getpixel((0, 0)) == Image.new("RGB", (1, 1), PAPER).getpixel((0, 0))
