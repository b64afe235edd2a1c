"""What the C library does with memory that the serving process has given back."""

from __future__ import annotations

import ctypes

ARENAS = 2
_M_ARENA_MAX = -8


def keep_few_arenas(count: int = ARENAS) -> bool:
    """Let all threads share `count` heaps; call it before there are threads. Whether the library does so (glibc).

    Sixteen threads have sixteen heaps otherwise, each as large as the largest page that its thread ever put together.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, count))
    except (OSError, AttributeError):  # another C library than glibc
        return False
