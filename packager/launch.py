"""The entry point of `packager`: Ctrl-C is answered calmly from the first moment, while the rest is still loading.

Loading takes seconds on a slow machine, and whoever stops it then should read the same kind of line as later.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
_STOPPED = "\n已停下。还没有开始办，什么都没有改动。\n"


def main() -> int:
    """Load the builder's command line and run one command; returns the exit code."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # started in the background, it may be told not to listen
        signal.signal(signal.SIGINT, _stop)
    from packager.cli import main as run

    signal.signal(signal.SIGINT, before)
    return run()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave at once: nothing was begun, and a library that is half loaded should clear up nothing."""
    os.write(sys.stderr.fileno(), _STOPPED.encode())
    os._exit(INTERRUPTED)
