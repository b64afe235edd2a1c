"""The dynasties that a catalogue is divided by, and which of them a record belongs to: by name and by its years.

`indexer.text.dynasties` knows every dynasty; here are those that readers choose from, each year in one of the main line
at least. 辽, 西夏 and 金 stood beside 宋: only their names count, or every book of the 宋 would be one of theirs.
"""

from __future__ import annotations

from functools import lru_cache

from indexer.text.dynasties import find_dynasty

# Name; first and last year, or nothing when only names count; other dynasties that belong to it.
_TABLE: tuple[tuple[str, tuple[int, int] | None, str], ...] = (
    ("先秦", (-2069, -220), "夏 商 周 西周 东周 春秋 战国"),
    ("秦", (-220, -206), ""),
    ("汉", (-205, 220), "西汉 新 东汉"),
    ("三国", (220, 280), "魏 蜀 吴 六朝 魏晋 魏晋南北朝"),
    ("晋", (266, 420), "西晋 东晋 十六国 前秦 后秦 后赵 前凉 北凉 六朝 魏晋 魏晋南北朝"),
    ("南北朝", (420, 589), "南朝 南朝宋 南朝齐 南朝梁 南朝陈 北朝 北魏 东魏 西魏 北齐 北周 六朝 魏晋南北朝"),
    ("隋", (581, 618), "隋唐"),
    ("唐", (618, 907), "隋唐 武周"),
    ("五代十国", (907, 960), "五代 十国 后梁 后唐 后晋 后周 南唐 前蜀 后蜀 吴越 闽 南汉 楚 北汉"),
    ("宋", (960, 1279), "北宋 南宋 大理 宋元"),
    ("辽", None, ""),
    ("西夏", None, ""),
    ("金", None, ""),
    ("元", (1271, 1368), "蒙古 宋元"),
    ("明", (1368, 1644), "南明 明清"),
    ("清", (1644, 1911), "明清 太平天国 近代"),
    ("民国", (1912, 1949), "近代 现代"),
    ("当代", (1949, 2099), ""),
)

MAIN_DYNASTIES = tuple(name for name, _, _ in _TABLE)
"""In the order of time."""

_BY_NAME: dict[str, tuple[str, ...]] = {}
for _name, _, _others in _TABLE:
    for _other in (_name, *_others.split()):
        _BY_NAME[_other] = (*_BY_NAME.get(_other, ()), _name)


@lru_cache(maxsize=8192)
def main_dynasties(names: tuple[str, ...], first: int | None, last: int | None) -> tuple[str, ...]:
    """The main dynasties of a record, in the order of time.

    A dynasty that the years only touch does not count: a book of 1368 to 1644 is one of the 明, and not of the 元 and
    the 清 as well. A single year at a turn counts in both.

    Args:
        names: dynasties as printed, of the work and of who made it; those that are none are passed over.
        first: first year, astronomical; None for no years.
        last: last year.
    """
    found = {main for name in names if (period := find_dynasty(name)) for main in _BY_NAME.get(period.name, ())}
    if first is not None and last is not None and first <= last:
        found.update(_of_years(first, last))
    return tuple(name for name in MAIN_DYNASTIES if name in found)


def _of_years(first: int, last: int) -> set[str]:
    shared = {name: min(last, years[1]) - max(first, years[0]) + 1 for name, years, _ in _TABLE if years is not None}
    held = {name for name, years in shared.items() if years > 1}
    return held or {name for name, years in shared.items() if years == 1}
