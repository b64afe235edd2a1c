"""Sizes of drives as people write them: 4TB, 931.5GiB, 4TB,4TB,2TB."""

from __future__ import annotations

import re

_UNITS = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,3}))?([kmgt]?i?b)?", re.IGNORECASE | re.ASCII)


def parse_sizes(text: str) -> tuple[int, ...]:
    """Bytes of each drive, separated by commas; decimal units as on the label (TB), binary ones as TiB.

    Raises:
        ValueError: it is not such a list.
    """
    return tuple(_parse(part.strip()) for part in text.replace("，", ",").split(","))


def _parse(text: str) -> int:
    match = _SIZE.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError(text)
    whole, part, unit = match[1], match[2] or "", (match[3] or "").lower()
    size: int = int(whole + part) * _UNITS[unit] // 10 ** len(part)
    if size < 1:
        raise ValueError(text)
    return size
