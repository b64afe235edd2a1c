"""The serving process asks the C library for few heaps."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_THREADS = """
import threading
from appliance.serving.memory import keep_little
assert keep_little()
hold, done = threading.Barrier(17), threading.Barrier(17)
def work():
    kept = [bytes(600) for _ in range(2000)]
    hold.wait()
    done.wait()
for _ in range(16):
    threading.Thread(target=work).start()
hold.wait()
heaps = sum("rw-p 00000000 00:00 0" in line for line in open("/proc/self/maps"))
done.wait()
print(heaps)
"""


@pytest.mark.skipif("glibc" not in os.confstr("CS_GNU_LIBC_VERSION"), reason="heaps are glibc's")
def test_threads_share_few_heaps() -> None:
    few = int(subprocess.check_output([sys.executable, "-c", _THREADS]))
    many = int(subprocess.check_output([sys.executable, "-c", _THREADS.replace("assert keep", "# keep")]))
    assert few < many - 8


_PIECES = """
from appliance.serving.memory import LARGE, SLACK, keep_little
assert keep_little()
def held():
    return next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("RssAnon"))
before = held()
kept = []
for size in (LARGE - 4096, 2 * LARGE):  # the first are taken from the heap, the others from the system
    pieces = [b"\\1" * size for _ in range(4)]
    assert held() - before > 3 * size
    del pieces
    kept.append(held() - before)
print(max(kept) - SLACK)
"""


@pytest.mark.skipif("glibc" not in os.confstr("CS_GNU_LIBC_VERSION"), reason="heaps are glibc's")
def test_memory_let_go_goes_back_to_the_system() -> None:
    assert int(subprocess.check_output([sys.executable, "-c", _PIECES])) < 2 << 20
