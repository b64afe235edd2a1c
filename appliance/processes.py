"""Starting processes of our own.

Not by `multiprocessing`: whoever starts processes with it gets one more, of 6 MB, that looks after semaphores and
shared memory, of which the box has none.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import signal
import subprocess
import sys
from collections.abc import Sequence

_log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def start(module: str, *arguments: str, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Run a module with this interpreter; it has no input, and the same output, folder and environment.

    Args:
        module: what stands under `if __name__ == "__main__"` there runs.
        arguments: its command line.
        keep: descriptors that stay open in it under the same numbers; all others are closed.

    Raises:
        OSError: the system cannot start another process.
    """
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, pass_fds=tuple(keep))


def ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a process has ended, waited for so long."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Tell a process to stop soon."""
    process.send_signal(signal.SIGINT)


def end(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Stop a process; kill it when it does not stop in time."""
    interrupt(process)
    if not ends(process, seconds):
        _log.warning("process %d does not stop and is killed", process.pid)
        process.kill()
        process.wait()


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, however that comes about.

    A parent that is gone already is not noticed. Without Linux nothing happens.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
