"""What the C library does with memory that the serving process has given back."""

from __future__ import annotations

import ctypes

ARENAS = 2
LARGE = 8 << 20
"""Bytes from which a piece goes back to the system by itself as soon as it is let go.

A search over a million records puts together some pieces of 1 to 8 MB; with 2 MiB here it takes twice the processor
time.
"""
SLACK = 16 << 20
"""Bytes at the end of a heap that wait for the next page; what is more goes back to the system."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def keep_little() -> bool:
    """Let all threads share few heaps that give back what they do not need. Whether the library does so (glibc).

    Call it before there are threads. Sixteen threads have sixteen heaps otherwise, each as large as the largest page
    that its thread ever put together. Without the other two bounds the library sets its own by the largest piece that
    it has met: at first it asks the system for every piece of 128 KiB anew, later it may keep 64 MiB for good.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    wanted = ((_M_ARENA_MAX, ARENAS), (_M_MMAP_THRESHOLD, LARGE), (_M_TRIM_THRESHOLD, SLACK))
    return all(mallopt(name, value) for name, value in wanted)
