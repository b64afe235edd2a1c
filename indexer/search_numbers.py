"""Years, issues and volumes in a query, and the other ways of writing the same: 第三期 = 第3期 = 3期 = no. 3.

Only what cannot be meant otherwise is taken: years of reigns anywhere, other years, issues and volumes at the end of an
unbroken stretch (读者2019年第3期). What stands before stays one stretch.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from indexer.text.dates import parse_date
from indexer.text.dynasties import DYNASTIES, REIGNS, simplify
from indexer.text.numbers import parse_number

_LONGEST_NAMED = 80
"""Characters of a query that names an issue."""

MAX_FORMS = 4
"""Numbers of one stretch that are looked for in other ways too."""

CHINESE_DIGITS = frozenset("〇零一二两三四五六七八九十百千万廿卅卌")
"""Folded digits that make another number beside a number: 三期 is not in 十三期."""

_N = "[0-9〇○零一二两兩三四五六七八九十百千廿卄卅卌元]"
_ISSUE_UNITS = "期卷册冊辑輯集号號回"
_REIGN_NAMES = "|".join(sorted(REIGNS, key=len, reverse=True))
_DYNASTY_NAMES = "|".join(sorted(DYNASTIES, key=len, reverse=True))
_ERA = rf"(?:(?:{_DYNASTY_NAMES})朝?)?(?:{_REIGN_NAMES})(?:{_N}{{1,4}})年|(?:中华)?民国{_N}{{1,4}}年"
_BEFORE = rf"(?:公元|西元)前{_N}{{1,5}}(?:年|世纪)"
_WESTERN = r"(?:(?<![0-9])[12][0-9]{3}|(?<![〇○零一二三四五六七八九十百千])[一二][〇○零一二三四五六七八九]{3})年"
_DAY = rf"(?:{_WESTERN})[0-9一二三四五六七八九十]{{1,2}}月(?:[0-9一二三四五六七八九十]{{1,3}}[日号])?"
_ISSUE = (
    rf"第{_N}{{1,6}}[{_ISSUE_UNITS}]|(?<![0-9{''.join(sorted(CHINESE_DIGITS))}]){_N}{{1,5}}[期卷册冊辑輯]"
    rf"|卷[之第]?{_N}{{1,4}}|[上中下][册冊卷]|(?<![A-Za-z])(?:no|nos|issue|vol|volume)\.?[0-9]{{1,5}}"
)
_ANYWHERE = re.compile(rf"{_ERA}|{_BEFORE}")
_ENDS = re.compile(rf"(?:{_DAY}|{_WESTERN}|{_ISSUE})+\Z", re.IGNORECASE)
_ONE = re.compile(rf"{_ERA}|{_BEFORE}|{_DAY}|{_WESTERN}|{_ISSUE}", re.IGNORECASE)
_ASKS_ISSUE = re.compile(rf"(?:{_ISSUE})(?=[\s\"”)）]|\Z)", re.IGNORECASE)
_PARTS = re.compile(rf"第?({_N}+)([{_ISSUE_UNITS}])\Z")
_COUNT = re.compile(rf"(?<!第)(?<!{_N}){_N}{{1,4}}卷\Z")
_JUAN = re.compile(rf"卷[之第]?({_N}+)\Z")
_LATIN = re.compile(r"(no|nos|issue|vol|volume)\.?([0-9]+)\Z", re.IGNORECASE)
_DIGITS = re.compile(r"[12][0-9]{3}\Z")
_ISSUE_OF_SERIAL = rf"(?:第?{_N}{{1,5}}卷\s*)?(?:[总總]?第?{_N}{{1,6}}[期号號]|no\.?\s*[0-9]{{1,5}})"
_OF_SERIAL = re.compile(
    rf"\s*(?:《(?P<quoted>[^《》]{{1,40}})》|(?P<plain>[^\s《》]{{2,24}}?))\s*"
    rf"(?:(?:{_WESTERN}|[12][0-9]{{3}})\s*)?(?:{_ISSUE_OF_SERIAL}|(?P<day>{_DAY}))\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Form:
    """A number and how it may be written.

    Attributes:
        texts: the ways, that which was typed first.
        alone: those of them beside which no further Chinese digit may stand.
        years: years that are meant, which a record may have without any of the texts; None for none.
    """

    texts: tuple[str, ...]
    alone: frozenset[str] = frozenset()
    years: tuple[int, int] | None = None


Meant: TypeAlias = "str | Form"


def issue_in(text: str) -> bool:
    """Whether an issue or a volume is asked for: 读者 第3期, 三国演义 卷三, Nature no.3."""
    return _ASKS_ISSUE.search(_plain(text)) is not None


def serial_in(text: str) -> str:
    """The serial of which an issue is asked for by its number, or a quoted one by its day; empty for anything else.

    《读者》2019年第3期 and 读者 第3期 ask for one of 读者; a day alone may be that of an event.
    """
    match = _OF_SERIAL.match(_plain(text)[:_LONGEST_NAMED])
    if match is None or (match["day"] and not match["quoted"]):
        return ""
    name: str = (match["quoted"] or match["plain"]).strip()
    return "" if has_number(name) else name


def meant_by(word: str, *, issue: bool = False) -> list[Meant] | None:
    """The stretches and numbers of a word in order; None when there is no number in it to be read.

    Args:
        word: no spaces in it.
        issue: whether the query asks for an issue, so that a bare 2019 is a year.
    """
    text = _plain(word)
    if issue and _DIGITS.match(text):
        return [Form((text,), years=(int(text), int(text)))]
    found: list[Meant] = []
    start = 0
    ends = _ENDS.search(text)
    tail = ends.start() if ends else len(text)
    spans = [match.span() for match in _ANYWHERE.finditer(text, 0, tail)]
    spans += [match.span() for match in _ONE.finditer(text, tail)]
    for first, last in spans[:MAX_FORMS]:
        form = _form(text[first:last])
        if form is None:
            continue
        if first > start:
            found.append(text[start:first])
        found.append(form)
        start = last
    if not any(isinstance(one, Form) for one in found):
        return None
    return [*found, text[start:]] if start < len(text) else found


def has_number(word: str) -> bool:
    """Whether a year, an issue or a volume is in it: 光绪二十三年 is no words apart, and no other year is near it."""
    return any(isinstance(meant, Form) for meant in meant_by(word) or ())


def names_number(word: str) -> bool:
    """As `has_number`, but for how many 卷 a title ends with (随笔一百卷), which is a part of the title."""
    return has_number(_COUNT.sub("", word))


def _plain(text: str) -> str:
    return simplify(unicodedata.normalize("NFKC", text))


def _form(text: str) -> Form | None:
    return _issue(text) or _juan(text) or _latin(text) or _volume(text) or _date(text)


def _issue(text: str) -> Form | None:
    match = _PARTS.match(text)
    number = parse_number(match[1]) if match else None
    if match is None or number is None:
        return None
    unit, named = match[2], text.startswith("第")
    unit = {"冊": "册", "輯": "辑", "號": "号"}.get(unit, unit)
    arabic, chinese = f"{number}{unit}", f"{chinese_number(number)}{unit}"
    # 八卷 is how many there are; 第八卷 and 卷八 is which.
    which = "第" if named and unit != "期" else ""
    ways = [text, which + arabic, which + chinese]
    if unit == "卷":
        ways += [f"卷{chinese_number(number)}", f"卷{number}"]
    if unit in "期号":
        ways.append(f"no {number}")
    if unit in "卷辑":
        ways.append(f"vol {number}")
    return _ways(ways)


def _juan(text: str) -> Form | None:
    match = _JUAN.match(text)
    number = parse_number(match[1]) if match else None
    if number is None:
        return None
    chinese = chinese_number(number)
    return _ways([text, f"卷{chinese}", f"卷{number}", f"第{chinese}卷", f"第{number}卷", f"vol {number}"])


def _latin(text: str) -> Form | None:
    match = _LATIN.match(text)
    if match is None:
        return None
    number = int(match[2])
    word = match[1].lower()
    if word.startswith("v"):
        return _ways([f"{word} {number}", f"vol {number}", f"第{number}卷", f"第{chinese_number(number)}卷"])
    return _ways([f"{word} {number}", f"no {number}", f"{number}期", f"{chinese_number(number)}期"])


def _volume(text: str) -> Form | None:
    if len(text) != 2 or text[0] not in "上中下":
        return None
    other = text[0] + ("卷" if text[1] in "册冊" else "册")
    return _ways([text, other, f"卷{text[0]}"])


def _date(text: str) -> Form | None:
    date = parse_date(text)
    if date.year_from is None or date.year_to is None or date.certainty == "inferred":
        return None
    ways = [text]
    if date.month is not None:
        day = "" if date.day is None else f" {date.day}"
        ways.append(f"{date.year_from} {date.month}{day}")
        ways.append(f"{date.year_from} {date.month:02}" + ("" if date.day is None else f" {date.day:02}"))
        unit = "" if date.day is None else f"{date.day}日"
        ways.append(f"{date.year_from}年{date.month}月{unit}")
        return _ways(ways)
    match = re.fullmatch(rf"(.*?)({_N}+)年", text)
    number = parse_number(match[2]) if match else None
    if match and match[1] and number is not None:
        first = "元" if number == 1 else chinese_number(number)
        ways += [f"{match[1]}{first}年", f"{match[1]}{number}年"]
        if 20 < number < 40:
            ways.append(f"{match[1]}{'廿' if number < 30 else '卅'}{first[2:]}年")
    return _ways(ways, years=(date.year_from, date.year_to))


def _ways(ways: list[str], *, years: tuple[int, int] | None = None) -> Form:
    texts = tuple(dict.fromkeys(ways))
    alone = frozenset(text for text in texts if text[0] in CHINESE_DIGITS or text[-1] in CHINESE_DIGITS)
    return Form(texts, alone, years)


def chinese_number(number: int) -> str:
    """A number from 0 to 9,999 in Chinese digits as they are read: 一百零五, 十二; beyond, digit by digit."""
    digits = "零一二三四五六七八九"
    if number > 9999:
        return "".join(digits[int(one)] for one in str(number))
    if number < 10:
        return digits[number]
    said, gap = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // size % 10
        if digit == 0:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + digits[digit] + unit
        gap = False
    return said.removeprefix("一") if 10 <= number < 20 else said
