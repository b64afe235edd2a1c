"""How numbers, times and sizes are written, by section 20 of sentences.md.

Pure functions over values. Chinese puts half a space between Chinese and digits; that is done where a sentence
is filled (`provisioning.words.filling`), not here.
"""

from __future__ import annotations

import math
from datetime import date

CHINESE = "zh-Hans"
_MYRIAD_FROM = 100_000
_MEGABYTE = 1_000_000
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"))
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def number(value: int, language: str = CHINESE) -> str:
    """An integer: 312, 3,120; in Chinese from 100,000 on as 33.8万 (the space is put in when filling)."""
    if language == CHINESE and abs(value) >= _MYRIAD_FROM:
        text = f"{math.floor(value / 1000) / 10:,.1f}".removesuffix(".0")
        return f"{text} 万"
    return f"{value:,}"


def size(count: int, language: str = CHINESE) -> str:
    """Bytes in decimal units as on the drive's label: 3.2 GB; below one megabyte only that it is less."""
    if count < _MEGABYTE:
        return "不到 1 MB" if language == CHINESE else "less than 1 MB"
    unit, name = next((u, n) for u, n in _UNITS if count >= u)
    value = count / unit
    text = f"{value:.1f}".removesuffix(".0") if value < 100 else f"{value:.0f}"
    return f"{text} {name}"


def rate(count: int, language: str = CHINESE) -> str:
    """Bytes a second: 每秒 1.2 MB, 每秒 320 KB."""
    text = size(count, language) if count >= _MEGABYTE else f"{max(1, count // 1000)} KB"
    return f"每秒 {text}" if language == CHINESE else f"{text} a second"


def duration(seconds: float, language: str = CHINESE) -> str:
    """A length of time, rounded up: 不到 1 分钟, 约 20 分钟, 约 1 个半小时, 约 3 小时, 约 2 天.

    Below 90 minutes by the minute, below a day by the half hour, from then on by the day; never by the second.
    """
    minutes = math.ceil(seconds / 60)
    halves = math.ceil(seconds / 1800)
    days = math.ceil(seconds / 86400)
    chinese = language == CHINESE
    if seconds < 60:
        return "不到 1 分钟" if chinese else "less than a minute"
    if minutes < 90:
        return f"约 {minutes} 分钟" if chinese else f"about {minutes} minutes"
    if halves <= 48:
        whole, half = divmod(halves, 2)
        if chinese:
            return f"约 {whole} 个半小时" if half else f"约 {whole} 小时"
        return f"about {whole}½ hours" if half else f"about {whole} hours"
    return f"约 {days} 天" if chinese else f"about {days} days"


def position(seconds: int) -> str:
    """A place in a recording: 12:05, 1:02:05."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def day(value: date, today: date | None = None, language: str = CHINESE) -> str:
    """A date: 2026年11月22日, or 11月22日, 昨天, 今天, 明天 when `today` is given and near."""
    if today is not None:
        near = _NEAR[language == CHINESE].get((value - today).days)
        if near:
            return near
    same_year = today is not None and value.year == today.year
    if language == CHINESE:
        return f"{value.month}月{value.day}日" if same_year else f"{value.year}年{value.month}月{value.day}日"
    text = f"{value.day} {_MONTHS[value.month - 1]}"
    return text if same_year else f"{text} {value.year}"


_NEAR = (
    {-1: "yesterday", 0: "today", 1: "tomorrow"},
    {-1: "昨天", 0: "今天", 1: "明天"},
)


def month(value: date, language: str = CHINESE) -> str:
    """A month: 2026年11月, November 2026."""
    if language == CHINESE:
        return f"{value.year}年{value.month}月"
    return f"{_MONTHS[value.month - 1]} {value.year}"


def year(value: int, language: str = CHINESE) -> str:
    """An astronomical year as readers write it: 1897年, 公元前551年; 1897, 551 BCE."""
    if language == CHINESE:
        return f"{value}年" if value > 0 else f"公元前{1 - value}年"
    return str(value) if value > 0 else f"{1 - value} BCE"


def pages(numbers: list[int], language: str = CHINESE) -> str:
    """Page numbers, runs joined: 12; 12 至 15; 12、30、31; from four places on the first three and the count."""
    runs = _runs(sorted(set(numbers)))
    join, until = ("、", " 至 ") if language == CHINESE else (", ", "–")
    texts = [str(a) if a == b else f"{a}{until}{b}" for a, b in runs]
    if len(texts) <= 3:
        return join.join(texts)
    rest = f" 等 {len(set(numbers))} " if language == CHINESE else f" and more ({len(set(numbers))} in all)"
    return join.join(texts[:3]) + rest.rstrip()


def _runs(values: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs
