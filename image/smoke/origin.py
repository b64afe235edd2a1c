"""A national origin for a box without any other network: a folder, behind an address that QEMU answers for."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS, PORT = "10.0.2.100", 8080
"""Where the box sees it."""
URL = f"http://{ADDRESS}:{PORT}/"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")


class Origin(ThreadingHTTPServer):
    """Serves a folder, parts of files too. asked: paths, in the order in which they were asked for."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        """Listen on a free port of this machine only."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.asked = folder.resolve(), list[str]()


class _Handler(BaseHTTPRequestHandler):
    server: Origin
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = (self.server.folder / self.path.lstrip("/")).resolve()
        self.server.asked.append(self.path)
        if not path.is_file() or not path.is_relative_to(self.server.folder):
            self.send_error(404)
            return
        size = path.stat().st_size
        part = _RANGE.match(self.headers.get("Range", ""))
        first, last = (int(part[1]), min(int(part[2] or size), size - 1)) if part else (0, size - 1)
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            left = last - first + 1
            while left > 0 and (block := file.read(min(1 << 20, left))):
                self.wfile.write(block)
                left -= len(block)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Origin]:
    """Serve a folder for a while."""
    origin = Origin(folder)
    thread = threading.Thread(target=origin.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        origin.shutdown()
        origin.server_close()
        thread.join(10)
