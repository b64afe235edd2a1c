"""The number on a drive's label: `SX26 1104 0372`.

SX, two digits of the year, seven digits counted up through the year, and a check digit (ISO/IEC 7064, MOD 11,10) over
the nine digits before it, which finds every single wrong digit and nearly every pair of swapped ones: numbers are read
out over the telephone and typed from labels.
"""

from __future__ import annotations

import re

_SERIAL = re.compile(r"SX([0-9]{2})([0-9]{7})([0-9])\Z")
MAX_COUNT = 9_999_999
"""Highest number of a year."""


def check_digit(digits: str) -> int:
    """The check digit of a string of decimal digits."""
    rest = 10
    for digit in digits:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return (11 - rest) % 10


def serial(year: int, count: int) -> str:
    """The number of the drive `count` (1 to 9,999,999) of a year, without spaces.

    Raises:
        ValueError: out of these bounds.
    """
    if not 0 < count <= MAX_COUNT or year < 0:
        raise ValueError(f"no number for drive {count} of {year}")
    digits = f"{year % 100:02}{count:07}"
    return f"SX{digits}{check_digit(digits)}"


def parse_serial(text: str) -> str:
    """A number as people write it (spaces, small letters), checked, without spaces.

    Raises:
        ValueError: it has another shape or its check digit is wrong.
    """
    bare = "".join(text.split()).upper()
    match = _SERIAL.match(bare)
    if match is None or check_digit(match[1] + match[2]) != int(match[3]):
        raise ValueError(f"{text[:40]!r} is no drive's number")
    return bare


def meant(text: str) -> str:
    """The number with these digits before the last and the right last one; empty when the shape is another."""
    match = _SERIAL.match("".join(text.split()).upper())
    return serial(int(match[1]), int(match[2])) if match is not None and int(match[2]) else ""


def wrong_serial(text: str) -> str:
    """Why a number that staff chose for the first drive is none, and which it would be."""
    right = meant(text)
    if not right:
        return f"编号 {text} 不对，请写成 {spaced(serial(26, 1))} 的样子：SX、两位年份、七位顺序号、一位核对数字"
    return f"编号 {text} 的末位不对：末位由前面的数字算出。前面没有写错的话，应是 {spaced(right)}"


def following(first: str, count: int) -> list[str]:
    """`count` numbers in a row, beginning with `first`.

    Raises:
        ValueError: `first` is none, or the year's numbers do not suffice.
    """
    match = _SERIAL.match(parse_serial(first))
    assert match is not None  # noqa: S101 - parse_serial matched the same pattern
    return [serial(int(match[1]), int(match[2]) + n) for n in range(count)]


def count_of(text: str) -> int:
    """How many drives of its year a number counts, its own included.

    Raises:
        ValueError: it is none.
    """
    match = _SERIAL.match(parse_serial(text))
    assert match is not None  # noqa: S101 - parse_serial matched the same pattern
    return int(match[2])


def spaced(text: str) -> str:
    """As it is printed: in groups of four."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
