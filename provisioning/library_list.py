"""The list of libraries that a batch is made for: a spreadsheet's CSV file, as spreadsheets in China write it.

Every line is looked at before anything is made; what is wrong is told by line and reason, all of it at once.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioning import places
from provisioning.box_file import box_file_name
from provisioning.box_members import (
    LIBRARY,
    MAX_DNS,
    MAX_LINE,
    MAX_NAME,
    MAX_ORIGINS,
    WINDOW,
    Library,
    Network,
    Support,
    Updates,
    is_host,
    is_line,
    is_static,
    is_url,
)
from provisioning.errors import ListError
from provisioning.terminal import printable
from provisioning.writing import read_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COLUMNS = {
    "馆号": "id", "馆名": "name", "英文馆名": "name_en", "行政区划代码": "place", "区划年份": "year",
    "开放时间": "opening_hours", "主机地址": "address", "网关": "gateway", "域名服务器": "dns", "更新站点": "origins",
    "更新时段": "window", "每月流量": "cap_bytes", "限速": "rate", "按流量计费": "metered",
    "技术支持": "support", "电话": "phone",
}  # fmt: skip
"""Heading → what it is. 馆名 and 行政区划代码 must be there; headings may also be the English names."""
_NEEDED = ("name", "place")
MAX_BYTES = 16 << 20
MAX_ROWS = 20_000
_METERED = {"": "", "自动": "auto", "是": "yes", "否": "no", "auto": "auto", "yes": "yes", "no": "no"}
_SIZE = re.compile(r"([0-9]{1,9})\s*(K|M|G|T|)B?(?:/s)?\Z", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BETWEEN = re.compile(r"[\s、,，;；]+")
_WHOLE_DAY = "全天"
_WRONG = "名单里有几行不对，整批都没有生成。请照上面逐行改好，再执行同一命令"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAVE_AS = "请在表格软件里另存为“CSV UTF-8（逗号分隔）”"
_SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Row:
    """One library of the list. line: of the file, for what is told about it."""

    line: int
    library: Library
    support: Support
    updates: Updates
    network: Network


@dataclass(frozen=True, slots=True)
class Listed:
    """A list without fault. unused: headings that say nothing to this program."""

    rows: tuple[Row, ...]
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a cell is empty."""

    support: Support = field(default_factory=Support)
    updates: Updates = field(default_factory=Updates)


class _CellError(Exception):
    """Why a line cannot be taken, in Chinese; with the sentence for it where there is one."""

    def __init__(self, reason: str, sentence: str = "", **params: str | int) -> None:
        self.sentence, self.params = sentence, params
        super().__init__(reason)


def read_list(path: Path, defaults: Defaults, before: Mapping[str, Defaults] | None = None) -> Listed:
    """The libraries of a CSV file, in its order.

    Args:
        path: of the file.
        defaults: what holds where a cell is empty.
        before: by library id, what holds there instead: what these libraries have already.

    Raises:
        ListError: it is no such file, or some lines are wrong; `problems` names every one.
        OSError: it cannot be read.
    """
    content = read_bounded(path, MAX_BYTES)
    if len(content) > MAX_BYTES:
        raise ListError(f"{path.name} 太大")
    try:
        text = _decode(path.name, content)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
        heads = [cell.strip() for cell in next(rows, [])]
        names = [COLUMNS.get(head, head if head in COLUMNS.values() else "") for head in heads]
        missing = [head for head, name in COLUMNS.items() if name in _NEEDED and name not in names]
        if missing:
            told = f"第一行要写各列的名字，可用：{'、'.join(COLUMNS)}"
            raise ListError(f"{path.name} 缺少这几列：{'、'.join(missing)}。{told}")
        twice = [head for head, name in zip(heads, names, strict=True) if name and names.count(name) > 1]
        if twice:
            raise ListError(f"{path.name} 有两列写的是同一项：{'、'.join(twice)}")
        found = _rows(rows, names, defaults, before or {})
    except csv.Error as error:
        told = "有一格的引号没有成对，或太长"
        raise ListError(f"{path.name} 读到第 {rows.line_num:,} 行，读不下去：{told}。{_SAVE_AS}") from error
    if not found:
        raise ListError(f"{path.name} 里没有一个馆")
    unused = (printable(head)[:40] for head, name in zip(heads, names, strict=True) if head and not name)
    return Listed(tuple(found), tuple(unused))


def _decode(name: str, content: bytes) -> str:
    """UTF-16 with a mark, UTF-8 with or without one; else GB18030, which spreadsheets in China write."""
    if content.startswith(_WORKBOOKS):
        raise ListError(f"{name} 是表格软件的工作簿，不是 CSV 文件。{_SAVE_AS}")
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise ListError(f"{name} 里有读不出的文字，不是 CSV 文件，或存的时候坏了。{_SAVE_AS}")


def _separator(text: str) -> str:
    """What parts the headings: a comma; a tab in a spreadsheet's "Unicode text", a semicolon where regions differ."""
    first = text.partition("\n")[0]
    return max(_SEPARATORS, key=first.count)


def _rows(
    rows: csv._reader,  # type: ignore[name-defined]
    names: Sequence[str],
    defaults: Defaults,
    before: Mapping[str, Defaults],
) -> list[Row]:
    found: list[Row] = []
    problems: list[str] = []
    faults: list[_CellError] = []
    known: dict[str, int] = {}
    last = 1
    for cells in rows:
        line, last = last + 1, rows.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(found) + len(problems) >= MAX_ROWS:
            raise ListError(f"一批最多 {MAX_ROWS:,} 个馆")
        values = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        told = printable(values.get("name", ""))[:20]
        try:
            row = _row(line, cells, names, values, defaults, before)
            _check_new(row, known)
        except _CellError as error:
            problems.append(f"第 {line} 行　{told}　{printable(str(error))}")
            faults.append(error)
        else:
            found.append(row)
    if faults:
        alike = len({error.sentence for error in faults}) == 1
        sentence, params = (faults[0].sentence, faults[0].params) if alike else ("", {})
        raise ListError(_WRONG, tuple(problems), sentence=sentence, params=params)
    return found


def _check_new(row: Row, known: dict[str, int]) -> None:
    before = known.setdefault(box_file_name(row.library.id), row.line)
    if before != row.line:
        told = f"馆号 {row.library.id} 与第 {before} 行相同（一县有两个馆的，请在“馆号”一列另写一个）"
        raise _CellError(told, "desk.library.duplicate", library=row.library.name, row=row.line)


def _row(
    line: int,
    cells: Sequence[str],
    names: Sequence[str],
    values: Mapping[str, str],
    defaults: Defaults,
    before: Mapping[str, Defaults],
) -> Row:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        raise _CellError("格数比表头多，可能漏了引号")
    cell = {name: values.get(name, "") for name in COLUMNS.values()}
    place = _place(cell["place"], cell["year"])
    library = Library(
        id=(cell["id"] or f"CN-{place}").upper(),
        name=_line("馆名", cell["name"], MAX_NAME, needed=True),
        place=place,
        name_en=_line("英文馆名", cell["name_en"], MAX_LINE),
        opening_hours=_line("开放时间", cell["opening_hours"], MAX_LINE),
    )
    if not LIBRARY.match(library.id):
        raise _CellError(f"馆号“{library.id[:40]}”只能有大写字母、数字和 -，至多 32 位")
    defaults = before.get(library.id, defaults)
    support = Support(
        _line("技术支持", cell["support"], MAX_NAME) or defaults.support.name,
        _line("电话", cell["phone"], MAX_NAME) or defaults.support.phone,
    )
    return Row(line, library, support, _updates(cell, defaults.updates), _network(cell))


def _line(head: str, text: str, most: int, *, needed: bool = False) -> str:
    if needed and not text:
        raise _CellError(f"没有写{head}")
    if not is_line(most, empty=True)(text):
        raise _CellError(f"{head}太长，或有不能显示的字符（至多 {most} 字，写在一行里）")
    return text


def _place(code: str, year: str) -> str:
    code = code.removesuffix(".0")  # a spreadsheet took it for a number
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise _CellError(f"行政区划代码“{code[:20]}”不是六位数字")
    if year:
        if not (year.isascii() and year.isdigit() and places.name_in(code, int(year))):
            raise _CellError(f"行政区划代码 {code} 在 {year[:8]} 年的表里没有", "desk.library.place", item=code)
    elif not places.name_of(code):
        name, last = places.last_name(code)
        told = f"（{name}，用到 {last} 年；确要用请写明区划年份）" if 0 < last < 9999 else ""
        raise _CellError(f"行政区划代码 {code} 在现行的表里没有{told}", "desk.library.place", item=code)
    return code


def _updates(cell: Mapping[str, str], defaults: Updates) -> Updates:
    origins = tuple(filter(None, _BETWEEN.split(cell["origins"])))
    if len(origins) > MAX_ORIGINS or len(set(origins)) < len(origins) or not all(map(is_url, origins)):
        raise _CellError(f"更新站点要写成 https://…，至多 {MAX_ORIGINS} 个，各不相同")
    window = cell["window"].replace("：", ":").replace("—", "-").replace("－", "-")
    if window not in {"", _WHOLE_DAY} and not WINDOW.match(window):
        raise _CellError(f"更新时段“{window[:20]}”要写成 22:00-06:00，或“{_WHOLE_DAY}”")
    metered = _METERED.get(cell["metered"])
    if metered is None:
        raise _CellError("按流量计费只能写：是、否、自动")
    made = replace(defaults, origins=origins) if origins else defaults
    made = replace(made, window="" if window == _WHOLE_DAY else window) if window else made
    made = replace(made, metered=metered) if metered else made
    made = (
        replace(made, cap_bytes=_size("每月流量", cell["cap_bytes"], 1 << 50, "写成 20GB 这样，至多 1125TB"))
        if cell["cap_bytes"]
        else made
    )
    return (
        replace(made, rate=_size("限速", cell["rate"], 10**10, "按每秒写成 500KB 这样，至多 10GB"))
        if cell["rate"]
        else made
    )


def _size(head: str, text: str, most: int, form: str) -> int:
    found = _SIZE.match(text)
    size = int(found[1]) * _UNITS[found[2].lower()] if found else most + 1
    if size > most:
        raise _CellError(f"{head}“{text[:20]}”要{form}")
    return size


def _network(cell: Mapping[str, str]) -> Network:
    address, gateway = cell["address"], cell["gateway"]
    dns = tuple(filter(None, _BETWEEN.split(cell["dns"])))
    if not address:
        if gateway or dns:
            raise _CellError("写了网关或域名服务器，却没有写主机地址")
        return Network()
    if not is_static(address, ""):
        raise _CellError(f"主机地址“{address[:40]}”要写成 192.168.1.10/24（/24 是网段），且能作一台机器的地址")
    if not is_static(address, gateway):
        raise _CellError(f"网关“{gateway[:40]}”不在主机地址的网段里，或就是主机地址")
    if len(dns) > MAX_DNS or len(set(dns)) < len(dns) or not all(map(is_host, dns)):
        raise _CellError(f"域名服务器要写成 IP 地址，至多 {MAX_DNS} 个")
    return Network("static", address, gateway, dns)
