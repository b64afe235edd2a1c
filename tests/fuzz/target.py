"""What a fuzz target is."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A parser and what must hold for it whatever it reads.

    Attributes:
        name: on the command line.
        parser: what is fuzzed, as its place in the tree.
        seeds: inputs to begin with.
        run: reads one input; says whether it was taken. Any exception is a finding.
        tokens: words that mean something to the parser.
        max_len: most bytes of an input.
        seconds: most CPU time of one input, in code that is not instrumented.
        memory: most MiB of the whole process.
        prefix: bytes at the beginning that only say where the rest goes.
    """

    name: str
    parser: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes], bool]
    tokens: Sequence[bytes] = ()
    max_len: int = 8192
    seconds: float = 1.0
    memory: int = 768
    prefix: int = 0


@functools.cache
def scratch() -> Path:
    """A folder of this process, for parsers that read files."""
    memory = Path("/dev/shm")  # a file for every input would keep a disk busy
    folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if memory.is_dir() else None)
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def kept(name: str, data: bytes) -> Path:
    """`data` as a file."""
    path = scratch() / name
    path.write_bytes(data)
    return path
