"""One connection of the box to a port of this machine: QEMU starts this for each and speaks to its standard files.

A standalone script, started as `python -I -S relay.py PORT`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

_BLOCK = 1 << 16


def main() -> None:
    """Carry bytes both ways until either side ends."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30) as there:
        there.settimeout(None)
        threading.Thread(target=_up, args=(there,), daemon=True).start()
        while block := there.recv(_BLOCK):
            _write(block)


def _up(there: socket.socket) -> None:
    while block := os.read(0, _BLOCK):
        there.sendall(block)
    there.shutdown(socket.SHUT_WR)


def _write(block: bytes) -> None:
    while block:
        block = block[os.write(1, block) :]


if __name__ == "__main__":
    main()
