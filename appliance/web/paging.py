"""The row of page numbers under a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_AROUND = 2


@dataclass(frozen=True, slots=True)
class Pages:
    """Links to pages; a link of None is a gap.

    Attributes:
        current, count: page numbers from 1. links: (number, address or None) in order.
        previous, next: addresses, empty at the ends.
    """

    current: int
    count: int
    links: tuple[tuple[int, str | None], ...]
    previous: str = ""
    next: str = ""


def pages(current: int, total: int, size: int, url: Callable[[int], str], *, most: int = 500) -> Pages:
    """The links of a list.

    Args:
        current: page shown, from 1.
        total: how many entries there are.
        size: entries a page.
        url: address of a page by its number.
        most: pages offered at most; deeper ones are reached by narrowing the list.
    """
    count = min(max(1, -(-total // size)), most)
    wanted = {1, count} | set(range(max(1, current - _AROUND), min(count, current + _AROUND) + 1))
    links: list[tuple[int, str | None]] = []
    last = 0
    for number in sorted(wanted):
        if number > last + 1:
            links.append((last + 1, None))
        links.append((number, url(number)))
        last = number
    return Pages(
        current=current,
        count=count,
        links=tuple(links),
        previous=url(current - 1) if current > 1 else "",
        next=url(current + 1) if current < count else "",
    )
