"""Numbers as Chinese prints them: 二十三, 廿三, 一九三七, 〇, 元, １２, IV is left alone."""

from __future__ import annotations

_DIGITS = {
    "〇": 0, "○": 0, "零": 0, "一": 1, "壹": 1, "弌": 1, "二": 2, "贰": 2, "貳": 2, "两": 2, "兩": 2, "三": 3, "叁": 3,
    "參": 3,
    "四": 4, "肆": 4, "五": 5, "伍": 5, "六": 6, "陆": 6, "陸": 6, "七": 7, "柒": 7, "八": 8, "捌": 8, "九": 9, "玖": 9,
}  # fmt: skip
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS = {"廿": 20, "卄": 20, "卅": 30, "卌": 40}
CHINESE_DIGITS = "〇○零一二两兩三四五六七八九十百千万萬廿卄卅卌"
_LONGEST = 18


def parse_number(text: str) -> int | None:
    """The value of a number in Arabic or Chinese digits, None when `text` is no number.

    Positional (一九三七) and worded (二十三, 一千二百零五, 廿三) forms are read, at most 18 characters. 元 is 1,
    as in 元年.
    """
    if not text or len(text) > _LONGEST:
        return None
    if text.isdecimal():
        return int(text)
    if text == "元":
        return 1
    if len(text) > 1 and all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    return _worded(text)


def _worded(text: str) -> int | None:
    total = section = digit = 0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _UNITS:
            section += (digit or 1) * _UNITS[c]
            digit = 0
        elif c in _TENS:
            section += _TENS[c]
            digit = 0
        elif c in "万萬":
            total += (section + digit) * 10_000
            section = digit = 0
        else:
            return None
    return total + section + digit
