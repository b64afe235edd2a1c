"""Dates as printed, and the years they mean.

A date is tried against a closed list of forms, the first that fits counts. What fits none keeps its printed form
with certainty `unknown`: a wrong year is worse than none.

Certainty: `exact` for a stated day, month, year or range; `about` for 约, 间, 年代, 世纪,
a reign or a dynasty; `inferred` for
a year in brackets, a copyright year, one with a question mark, or one found inside other words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from indexer.model import PublicationDate
from indexer.text.dynasties import DYNASTIES, REIGNS, SEXAGENARY, Period, sexagenary_year, simplify
from indexer.text.numbers import CHINESE_DIGITS, parse_number

LONGEST = 200
_EARLIEST, _LATEST = -2100, 2999


def parse_date(printed: str) -> PublicationDate:
    """What a printed date means. Never raises.

    Args:
        printed: 清光绪二十三年, 民国26年, [19--], c1999, 公元前5世纪, 1978-1986; at most 200 characters are kept.
    """
    return _parse(" ".join(unicodedata.normalize("NFC", printed[: 4 * LONGEST]).split())[:LONGEST])


@lru_cache(maxsize=8192)
def _parse(printed: str) -> PublicationDate:
    text = _plain(printed)
    if not text:
        return PublicationDate(printed=printed)
    for form in _FORMS:
        found = form(text)
        if found and _sensible(found):
            return replace(found, printed=printed)
    return PublicationDate(printed=printed)


def dynasty_date(name: str) -> PublicationDate:
    """The range of a dynasty that a record names in a field of its own, without a printed date."""
    period = DYNASTIES.get(simplify(name.strip()))
    if period is None:
        return PublicationDate(dynasty=name.strip()[:20])
    return PublicationDate(year_from=period.first, year_to=period.last, certainty="inferred", dynasty=period.dynasty)


_BRACKETED_DYNASTY = re.compile(r"^[\[(〔【]\s*([^\[\]()〔〕【】\d]{1,4})\s*[\])〕】](?=\S)")


def _plain(printed: str) -> str:
    text = simplify(unicodedata.normalize("NFKC", printed))
    text = re.sub(r"[—–‒―−~〜～]+", "-", text)
    text = re.sub(r"(?<=[年\d])\s*至\s*(?![元正大治德和道顺宁])", "-", text)
    text = _BRACKETED_DYNASTY.sub(r"\1", text)
    return re.sub(r"\s*-\s*", "-", text).strip(" .,;。，；")


def _sensible(date: PublicationDate) -> bool:
    first, last = date.year_from, date.year_to
    if any(y is not None and not _EARLIEST <= y <= _LATEST for y in (first, last)):
        return False
    if first is not None and last is not None and first > last:
        return False
    return (date.month is None or 1 <= date.month <= 12) and (date.day is None or 1 <= date.day <= 31)


def _date(
    first: int | None, last: int | None, certainty: str = "exact", *, month: int | None = None, day: int | None = None,
    dynasty: str = "",
) -> PublicationDate:  # fmt: skip
    return PublicationDate(year_from=first, year_to=last, certainty=certainty, month=month, day=day, dynasty=dynasty)


_N = f"[0-9{CHINESE_DIGITS}元]"
_MARKS = re.compile(r"^[\[\](){}<>〔〕【】《》\s]*|[\[\](){}<>〔〕【】《》\s?]*$")
_ABOUT = re.compile(
    r"^(?:约|大约|ca?\.\s*|circa\s+|approximately\s+|about\s+)|(?:左右|前后|间|年间|\?)$", re.IGNORECASE
)
_COPYRIGHT = re.compile(r"^(?:c|©|\(c\)|copyright|cop\.|p|℗|\(p\))\s*(?=\d{4})", re.IGNORECASE)
_BCE = re.compile(r"^(?:公元前|西元前|纪元前|前|b\.?c\.?e?\.?\s*)|\s*b\.?c\.?e?\.?$", re.IGNORECASE)
_CE = re.compile(r"^(?:公元|西元|a\.?d\.?\s*|c\.e\.\s*)|\s*(?:a\.?d\.?|c\.?e\.?)$", re.IGNORECASE)


_FULL = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2})(?:[T ].*)?)?)?\Z")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)?\Z")
_CHINESE = re.compile(rf"({_N}{{1,6}})年(?:({_N}{{1,3}})月(?:({_N}{{1,4}})[日号])?)?(?:[版印刊出初重第].*)?\Z")


def _numeric(text: str) -> PublicationDate | None:
    """2019, 2019-03, 2019.3, 1925-02-13, 20190305, 二〇一九."""
    if len(text) == 4 and (year := parse_number(text)) and not text.isdigit() and "十" not in text:
        text = str(year)
    match = _FULL.match(text) or _COMPACT.match(text)
    if not match:
        return None
    year, month, day = (int(g) if g else None for g in match.groups())
    if month is not None and not 1 <= month <= 12:
        return None
    if not year:
        return None
    return _date(year, year, month=month, day=day or None)


def _chinese(text: str) -> PublicationDate | None:
    """2019年3月5日, 二〇一九年三月."""
    match = _CHINESE.match(text)
    if not match:
        return None
    year, month, day = (parse_number(g) if g else None for g in match.groups())
    if year is None or (year < 100 and not match[1].isdigit()) or year < 25:
        return None
    return _date(year, year, month=month, day=day)


_RANGE = re.compile(r"(.{1,40}?)年?-(.{0,40})\Z")


def _range(text: str) -> PublicationDate | None:
    """1978-1986, 1978年至1986年, 1978-86, 1978-, 前221-前206."""
    match = _RANGE.match(text)
    if not match:
        return None
    left, right = match[1], match[2]
    first = _single(left)
    if first is None or first.year_from is None:
        return None
    if not right or right in {"今", "现在", "?"}:
        return _date(first.year_from, None, first.certainty, month=first.month, dynasty=first.dynasty)
    if re.fullmatch(r"\d\d", right) and re.fullmatch(r"\d{4}", left):
        right = left[:2] + right
    last = _single(right)
    if last is None or last.year_to is None:
        return None
    certainty = "exact" if first.certainty == last.certainty == "exact" else "about"
    return _date(first.year_from, last.year_to, certainty, dynasty=first.dynasty)


def _single(text: str) -> PublicationDate | None:
    """One side of a range."""
    for form in (_numeric, _chinese, _before_christ, _year_only, _decade, _century, _republic, _reign, _dynasty):
        if found := form(text):
            return found
    return None


def _year_only(text: str) -> PublicationDate | None:
    text = _CE.sub("", text)
    if re.fullmatch(r"\d{1,4}年?", text) and (year := int(text.rstrip("年"))) and (year > 99 or text.endswith("年")):
        return _date(year, year)
    return None


def _before_christ(text: str) -> PublicationDate | None:
    """前221年, 221 BCE. 1 BCE is the year 0."""
    inner = _BCE.sub("", text, count=1)
    if inner == text:
        return None
    if (both := re.fullmatch(r"(\d{1,4})年?-(?:公元)?前?(\d{1,4})年?", inner)) and int(both[1]) >= int(both[2]):
        return _date(1 - int(both[1]), 1 - int(both[2]))
    match = re.fullmatch(rf"({_N}{{1,6}})年?", inner.strip())
    year = parse_number(match[1]) if match else None
    return _date(1 - year, 1 - year) if year else None


_DECADE = re.compile(
    rf"(?:({_N}{{1,3}})世纪)?({_N}{{1,4}})年代(?:初|中|末|初期|中期|末期|后期|前期)?\Z|(\d{{3}})0'?s\Z"
)


def _decade(text: str) -> PublicationDate | None:
    """20世纪30年代, 1930年代, 1930s."""
    match = _DECADE.match(text)
    if not match:
        return None
    if match[3]:
        first = int(match[3]) * 10
    else:
        decade = parse_number(match[2]) or 0
        century = parse_number(match[1]) if match[1] else None
        first = decade if century is None else (century - 1) * 100 + decade
    return _date(first, first + 9, "about") if first % 10 == 0 and first >= 100 else None


_CENTURY = re.compile(rf"(公元前|前|公元)?({_N}{{1,3}})世纪(初|上半叶|前期|早期|中叶|中期|下半叶|后期|晚期|末)?")
_CENTURY_EN = re.compile(r"(\d{1,2})(?:st|nd|rd|th)\s+cent(?:ury|\.)?(\s*b\.?c\.?e?\.?)?", re.IGNORECASE)
_PARTS = {"初": (0, 33), "早期": (0, 33), "前期": (0, 49), "上半叶": (0, 49), "中叶": (33, 66), "中期": (33, 66),
          "下半叶": (50, 99), "后期": (50, 99), "晚期": (66, 99), "末": (66, 99)}  # fmt: skip


def _century(text: str) -> PublicationDate | None:
    """公元前5世纪, 19世纪末, 6th cent."""
    if match := _CENTURY.fullmatch(text):
        number, before, part = parse_number(match[2]), (match[1] or "").endswith("前"), match[3] or ""
    elif match := _CENTURY_EN.fullmatch(text):
        number, before, part = int(match[1]), bool(match[2]), ""
    else:
        return None
    if not number:
        return None
    # The 20th century is taken as 1901-2000; its parts count from its first year.
    first = 1 - number * 100 if before else (number - 1) * 100 + 1
    start, end = _PARTS.get(part, (0, 99))
    return _date(first + start, first + end, "about")


_REPUBLIC = re.compile(
    rf"(?:中华)?民国?({_N}{{1,4}})年?(?:({_N}{{1,3}})月(?:({_N}{{1,4}})[日号])?)?(?:[版印刊出初重第刻].*)?\Z"
)


def _republic(text: str) -> PublicationDate | None:
    """民国26年, 民国二十六年三月."""
    match = _REPUBLIC.match(text)
    if not match:
        return None
    number, month, day = (parse_number(g) if g else None for g in match.groups())
    if not number or number > 110:
        return None
    return _date(1911 + number, 1911 + number, month=month, day=day, dynasty="民国")


_REIGN_NAMES = "|".join(sorted(REIGNS, key=len, reverse=True))
_DYNASTY_NAMES = "|".join(sorted([*DYNASTIES, "日本"], key=len, reverse=True))
_REIGN = re.compile(rf"(?:({_DYNASTY_NAMES})[朝代·\s]*)?({_REIGN_NAMES})[帝]?")
_REIGN_YEAR = re.compile(rf"({_N}{{1,4}})年(?:闰?({_N}{{1,3}}|正|冬|腊)月)?")
_STEM_YEAR = re.compile(rf"[(\s]*({'|'.join(SEXAGENARY)})")


def _reign(text: str) -> PublicationDate | None:
    """清光绪二十三年, 万历间, 康熙甲子, 昭和12年, 光绪二十三年-二十五年."""
    match = _REIGN.match(text)
    if not match:
        return None
    period = _which(REIGNS[match[2]], match[1])
    if period is None:
        return None
    rest = text[match.end() :]
    first, last, certainty = period.first, period.last, "about"
    years = [parse_number(m[1]) or 0 for m in _REIGN_YEAR.finditer(rest)][:2]
    # The last year of a reign runs on into the next one's first: 宣统三年, 光绪三十四年.
    if years and all(0 < y <= period.last - period.first + 2 for y in years):
        first, last, certainty = period.first + years[0] - 1, period.first + years[-1] - 1, "exact"
    elif (stem := _STEM_YEAR.match(rest)) and (year := sexagenary_year(stem[1], period)) is not None:
        first = last = year
        certainty = "exact"
    return _date(first, last, certainty, dynasty="" if period.dynasty == "日本" else period.dynasty)


def _which(periods: tuple[Period, ...], dynasty: str | None) -> Period | None:
    """The reign that is meant: two dynasties may share a name (正德: 明, 日本; 贞元: 唐, 金)."""
    if dynasty is None:
        return periods[0]
    if dynasty == "日本":
        return next((p for p in periods if p.dynasty == dynasty), None)
    stated = DYNASTIES[dynasty]
    for period in periods:
        home = DYNASTIES.get(period.dynasty)
        if home and (home.name == stated.name or (stated.first <= period.last and period.first <= stated.last)):
            return period
    return None


_DYNASTY_RANGE = re.compile(
    rf"({_DYNASTY_NAMES})(初|早期|前期|中叶|中期|末|晚期|后期|末年|初年)?(?:-?({_DYNASTY_NAMES}|民)(初|末)?)?"
    r"(?:[代朝]|时期|年?间|之际)?\s*(?:刻本|抄本|写本|钞本|刊本|印本|稿本|拓本|石印本|铅印本|活字本)?\Z"
)


def _dynasty(text: str) -> PublicationDate | None:
    """明, 清初, 清末民初, 元明间, 唐代, 明刻本."""
    match = _DYNASTY_RANGE.match(text)
    if not match or match[1] not in DYNASTIES:
        return None
    first = DYNASTIES[match[1]]
    last = DYNASTIES["民国" if match[3] == "民" else match[3]] if match[3] in {*DYNASTIES, "民"} else first
    start, end = _third(first, match[2] or "")
    if match[3]:
        end = _third(last, match[4] or "")[1]
    return _date(start, max(start, end), "about", dynasty=first.dynasty)


def _third(period: Period, part: str) -> tuple[int, int]:
    """The first, middle or last third of a dynasty."""
    third = max(1, (period.last - period.first) // 3)
    if part in {"初", "早期", "前期", "初年"}:
        return period.first, period.first + third
    if part in {"中叶", "中期"}:
        return period.first + third, period.last - third
    if part:
        return period.last - third, period.last
    return period.first, period.last


_HIDDEN = re.compile(r"(\d{2,3})([-?xX_*]{1,3})\??\Z")


def _hidden(text: str) -> PublicationDate | None:
    """[19--], 192-, 19xx, 199?."""
    inner = _MARKS.sub("", text) if text[:1] in "[(<" else text.rstrip("]) ")
    inner = re.sub(r"[\])>\s]", "", inner)
    inner = inner if _HIDDEN.match(inner) else re.sub(r"[\[\]()\s]", "", text)
    match = _HIDDEN.match(inner)
    # NFKC and the folding of dashes leave one "-" of two: 19- is 19--.
    if not match:
        return None
    span = 10 ** (4 - len(match[1]))
    return _date(int(match[1]) * span, int(match[1]) * span + span - 1, "inferred")


def _qualified(text: str) -> PublicationDate | None:
    """[1998], c1999, ©2010, 1998?, 约1900, 1900前后: the plain form inside, less certain."""
    inner = _MARKS.sub("", text)
    certainty = "inferred" if inner != text else ""
    for pattern, value in ((_COPYRIGHT, "inferred"), (_ABOUT, "about")):
        shorter = pattern.sub("", inner).strip()
        if shorter != inner:
            inner, certainty = shorter, value
    if not certainty or not inner:
        return None
    found = _range(inner) or _single(inner)
    return replace(found, certainty=certainty) if found else None


_YEAR_INSIDE = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")


def _inside(text: str) -> PublicationDate | None:
    """The years inside other words: 北京：1985年3月第2版, Spring 1999."""
    years = [int(y) for y in _YEAR_INSIDE.findall(text)[:4]]
    return _date(min(years), max(years), "inferred") if years else None


_FORMS: tuple[Callable[[str], PublicationDate | None], ...] = (
    _numeric, _chinese, _before_christ, _year_only, _decade, _century, _republic, _hidden, _range, _reign, _dynasty,
    _qualified,
    _inside,
)  # fmt: skip
