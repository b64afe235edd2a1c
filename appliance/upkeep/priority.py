"""Making a thread give way: to readers for the processor, to everybody for the disk."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import threading

_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_WHO_PROCESS = 1
_CLASS_IDLE = 3 << 13
_LOWEST = 19
_done = threading.local()


def give_way() -> None:
    """Run the calling thread with the lowest priority from now on; a second call does nothing.

    On Linux niceness and input-output priority belong to a thread. Where the system refuses, all goes on as before.
    """
    if getattr(_done, "lowered", False):
        return
    _done.lowered = True
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).syscall(number, _WHO_PROCESS, 0, _CLASS_IDLE)
