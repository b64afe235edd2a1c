"""Two network namespaces with a cable between them: the origin's and the county's. Needs root and `ip`."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

ORIGIN, COUNTY = "10.77.0.1", "10.77.0.2"
_NEW_NET = 0x40000000
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Cable:
    """origin, county: names of the namespaces."""

    origin: str
    county: str

    def cut(self) -> None:
        """The line is gone."""
        ip("-n", self.origin, "link", "set", "line", "down")

    def mend(self) -> None:
        """It is back."""
        ip("-n", self.origin, "link", "set", "line", "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(name: str) -> list[str]:
    """What to put before a command to run it in a namespace."""
    return ["ip", "netns", "exec", name]


@contextmanager
def cable() -> Iterator[Cable]:
    """Make both and lay the cable; skip where this machine does not let us."""
    made = Cable(f"sxo-{os.getpid()}", f"sxc-{os.getpid()}")
    try:
        for name in (made.origin, made.county):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", made.origin, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", made.county)
        for name, address in ((made.origin, ORIGIN), (made.county, COUNTY)):
            ip("-n", name, "address", "add", f"{address}/30", "dev", "line")
            ip("-n", name, "link", "set", "line", "up")
    except (OSError, subprocess.CalledProcessError) as error:
        _remove(made)
        pytest.skip(f"this machine makes no network namespaces: {getattr(error, 'stderr', error)!r}")
    try:
        yield made
    finally:
        _remove(made)


def _remove(made: Cable) -> None:
    for name in (made.origin, made.county):
        with suppress(OSError, subprocess.CalledProcessError):
            ip("netns", "delete", name)


def within(name: str, do: Callable[[], _Answer]) -> _Answer:
    """Do something in a namespace, in a thread of its own: sockets that it makes are there."""
    found: list[Any] = []

    def run() -> None:
        try:
            descriptor = os.open(Path("/run/netns") / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEW_NET):
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(descriptor)
            found.append(do())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    answer: _Answer = found[0]
    return answer
