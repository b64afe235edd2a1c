"""A connection that QEMU hands to the relay reaches the origin and comes back whole."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from image.smoke import relay
from image.smoke.origin import serving

SIZE = 300_000


def test_answers_come_whole_and_the_relay_ends_with_them(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * SIZE)
    ours, theirs = socket.socketpair()
    with serving(tmp_path) as origin, ours:
        with theirs:
            command = [sys.executable, "-I", "-S", relay.__file__, str(origin.server_port)]
            process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())
        ours.settimeout(60)
        ours.sendall(b"GET /one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while block := ours.recv(65536):
            answer += block
        assert process.wait(60) == 0
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"x" * SIZE
