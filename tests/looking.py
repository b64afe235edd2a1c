"""Looking at folders in which a process or thread is at work: what went away meanwhile is looked at anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def looked_again(look: Callable[[], T], seconds: float = 60) -> T:
    """What `look` finds, once nothing disappears under its eyes.

    Raises:
        FileNotFoundError: something did every time, for so many seconds.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return look()
        except FileNotFoundError:
            if time.monotonic() > end:
                raise
