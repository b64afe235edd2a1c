"""Lists of libraries: every spreadsheet's encoding, every fault told by its line, nothing half done."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.box_members import Network, Support, Updates
from provisioning.errors import ListError
from provisioning.library_list import COLUMNS, Defaults, Listed, read_list
from tests.provisioning.desk import COUNTY, counties, write_csv

DEFAULTS = Defaults(Support("国家图书馆技术支持", "010-0000000"), Updates(("https://origin.example/library",)))


def read(path: Path) -> Listed:
    return read_list(path, DEFAULTS)


def refused(tmp_path: Path, **cells: str) -> str:
    with pytest.raises(ListError) as caught:
        read(write_csv(tmp_path / "list.csv", [{**COUNTY, **cells}]))
    (problem,) = caught.value.problems
    assert problem.startswith("第 2 行")
    return problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_of_spreadsheets_is_read(tmp_path: Path, encoding: str) -> None:
    (row,) = read(write_csv(tmp_path / "list.csv", [COUNTY], encoding)).rows
    assert (row.library.id, row.library.name, row.library.province) == ("CN-510726", "北川羌族自治县图书馆", "51")
    assert row.support == DEFAULTS.support
    assert row.updates == DEFAULTS.updates
    assert row.network == Network()


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_columns_are_parted_as_spreadsheets_part_them(tmp_path: Path, separator: str) -> None:
    text = separator.join(COUNTY) + "\r\n" + separator.join(COUNTY.values()) + "\r\n"
    (tmp_path / "list.csv").write_text(text, "utf-16")
    assert [row.library.id for row in read(tmp_path / "list.csv").rows] == ["CN-510726"]


def test_what_would_steer_a_terminal_is_told_as_a_mark(tmp_path: Path) -> None:
    told = refused(tmp_path, 馆名="\x1b]0;甲\x07\u202e馆", 馆号="\x1b[2J")
    assert told.isprintable() or told.replace("\u3000", "").isprintable()
    (tmp_path / "list.csv").write_text("馆名,行政区划代码,\x1b[31m红\n甲馆,110101,\n")
    assert read(tmp_path / "list.csv").unused == ("\ufffd[31m红",)


def test_every_cell_is_read(tmp_path: Path) -> None:
    cells = {
        "英文馆名": "Beichuan County Library", "开放时间": "9:00-18:00", "主机地址": "192.168.1.10/24",
        "网关": "192.168.1.1", "域名服务器": "192.168.1.1、192.168.1.2", "电话": "028", "技术支持": "省馆",
        "更新站点": "https://a.example https://b.example", "更新时段": "21：00-05：00", "每月流量": "20GB",
        "限速": "500KB", "按流量计费": "是",
    }  # fmt: skip
    (row,) = read(write_csv(tmp_path / "list.csv", [{**COUNTY, **cells}])).rows
    assert row.network == Network("static", "192.168.1.10/24", "192.168.1.1", ("192.168.1.1", "192.168.1.2"))
    assert row.updates == Updates(("https://a.example", "https://b.example"), "21:00-05:00", 20 * 10**9, 500_000, "yes")
    assert row.support == Support("省馆", "028")
    assert row.library.name_en == "Beichuan County Library"


def test_an_empty_id_is_made_of_the_place(tmp_path: Path) -> None:
    rows = [{**COUNTY, "馆号": ""}, {**COUNTY, "馆号": "cn-510726-2", "馆名": "北川分馆"}]
    found = read(write_csv(tmp_path / "list.csv", rows)).rows
    assert [row.library.id for row in found] == ["CN-510726", "CN-510726-2"]
    assert [row.line for row in found] == [2, 3]


def test_columns_that_say_nothing_are_told(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path / "list.csv", [{**COUNTY, "备注": "x", "邮编": "y"}])).unused == ("备注", "邮编")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"馆名": ""}, "没有写馆名"),
        ({"馆名": "馆" * 65}, "馆名太长"),
        ({"馆名": "馆\n名"}, "写在一行里"),
        ({"馆号": "北川"}, "只能有大写字母"),
        ({"行政区划代码": "51072"}, "不是六位数字"),
        ({"行政区划代码": "999999"}, "在现行的表里没有"),
        ({"行政区划代码": "110103"}, "崇文区，用到 2009 年"),
        ({"行政区划代码": "110103", "区划年份": "2011"}, "在 2011 年的表里没有"),
        ({"主机地址": "192.168.1.10"}, "要写成 192.168.1.10/24"),
        ({"主机地址": "192.168.1.255/24"}, "主机地址"),
        ({"主机地址": "192.168.1.10/24", "网关": "10.0.0.1"}, "不在主机地址的网段里"),
        ({"网关": "192.168.1.1"}, "却没有写主机地址"),
        ({"更新站点": "mirror.example"}, "要写成 https://"),
        ({"更新时段": "晚上"}, "要写成 22:00-06:00"),
        ({"按流量计费": "也许"}, "只能写"),
        ({"每月流量": "很多"}, "要写成 20GB"),
        ({"限速": "9999999T"}, "要按每秒写成 500KB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_cell_is_told_by_its_line(tmp_path: Path, cells: dict[str, str], told: str) -> None:
    assert told in refused(tmp_path, **cells)


def test_a_code_that_was_given_up_is_taken_with_its_year(tmp_path: Path) -> None:
    (row,) = read(write_csv(tmp_path / "a.csv", [{**COUNTY, "行政区划代码": "110103", "区划年份": "2008"}])).rows
    assert row.library.place == "110103"
    assert row.library.id == "CN-510726"  # it stays, whatever becomes of the place


def test_all_faults_are_told_at_once_and_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "list.csv", [COUNTY, {**COUNTY, "馆号": "B", "馆名": "两\n行"}, {}, {"馆名": "甲"}, COUNTY]
    )
    with pytest.raises(ListError) as caught:
        read(path)
    assert [problem.split("　")[0] for problem in caught.value.problems] == ["第 3 行", "第 6 行", "第 7 行"]
    assert caught.value.sentence == ""


def test_a_library_twice_has_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(ListError) as caught:
        read(write_csv(tmp_path / "list.csv", [COUNTY, {**COUNTY, "馆号": "510726"}]))
    assert caught.value.sentence == "desk.library.duplicate"
    assert caught.value.params == {"library": "北川羌族自治县图书馆", "row": 3}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "缺少"), ("馆名\n甲馆\n".encode(), "缺少这几列：行政区划代码"),
        ("馆名,name,行政区划代码\n".encode(), "两列写的是同一项"), ("馆名,行政区划代码\n".encode(), "没有一个馆"),
        ('馆名,行政区划代码\n"甲'.encode(), "读到第 2 行，读不下去：有一格的引号没有成对"),
        (b"\xff\xff\xff", "有读不出的文字"), (b"\xff\xfe\x00", "有读不出的文字"), (b"PK\x03\x04" + b"\0" * 9, "工作簿"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 9, "另存为"),
        (b"\0" * 40, "缺少"),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(ListError, match=told):
        read(tmp_path / "list.csv")


def test_a_line_with_more_cells_than_heads_is_told(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("馆名,行政区划代码\n北川,县图书馆,510726\n")
    with pytest.raises(ListError) as caught:
        read(tmp_path / "list.csv")
    assert "格数比表头多" in caught.value.problems[0]


@settings(max_examples=60)
@given(st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=5), st.sampled_from(["utf-8", "gb18030"]))
def test_any_cells_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, cells: list, encoding: str) -> None:
    path = tmp_path_factory.mktemp("list") / "list.csv"
    heads = ",".join(list(COLUMNS)[:5])
    text = "\n".join([heads, *(",".join(line) for line in cells)])
    path.write_bytes(text.encode(encoding, "replace"))
    with contextlib.suppress(ListError):
        assert read(path).rows


def test_a_whole_country_is_read(tmp_path: Path) -> None:
    assert len(read(write_csv(tmp_path / "list.csv", counties(2900))).rows) == 2900
