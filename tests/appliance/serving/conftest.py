"""A real server on a real socket, serving items made here; nothing is simulated but the disk's pace."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask, request

from appliance.errors import DamagedChunkError, DriveGoneError, SickDriveError
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools, PoolLimits
from appliance.serving.reaper import Patience
from appliance.serving.server import VerifyingServer, make_server
from appliance.serving.throttle import DownloadLimiter
from appliance.web.bytes import send_item
from packager.format.layout import CHUNK


def item_of(path: Path, content: bytes, *, drive: str = "disk", opened: Callable[[], int] | None = None) -> ServedItem:
    """The item whose signed bytes are `content` and whose file is `path`."""
    digests = [hashlib.sha256(content[i : i + CHUNK]).digest() for i in range(0, len(content), CHUNK)]
    return ServedItem(
        key=hashlib.sha256(content).hexdigest(),
        size=len(content),
        digest=lambda index: digests[index],
        open=opened or (lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC)),
        drive=drive,
    )


def slowed(item: ServedItem, opened: Callable[[Callable[[], int]], int]) -> ServedItem:
    """The item with `opened` wrapped around its opening."""
    return replace(item, open=lambda: opened(item.open))


@dataclass
class Bench:
    """A running server and what it serves."""

    server: VerifyingServer
    store: ChunkStore
    pools: DrivePools
    items: dict[str, ServedItem] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    damaged: list[tuple[str, int]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    limiter: DownloadLimiter | None = None
    runs: int = 0

    def connect(self, timeout: float = 20.0, receive_buffer: int = 0) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        try:
            sock.connect(("127.0.0.1", self.server.port))
        except OSError:
            sock.close()
            raise
        return sock

    def get(self, path: str, *headers: str, method: str = "GET", sock: socket.socket | None = None) -> Answer:
        kept = sock or self.connect()
        try:
            send_request(kept, path, *headers, method=method)
            return read_answer(kept, method=method)
        finally:
            if sock is None:
                kept.close()

    def open_connections(self) -> int:
        return len(self.server.active_channels)


@dataclass
class Answer:
    """What came over the socket: `body` may be shorter than `length` when the connection was cut."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "-1"))


def send_request(sock: socket.socket, path: str, *headers: str, method: str = "GET") -> None:
    lines = [f"{method} {path} HTTP/1.1", "Host: box", *headers, "", ""]
    sock.sendall("\r\n".join(lines).encode())


def read_answer(sock: socket.socket, *, method: str = "GET", most: int | None = None) -> Answer:
    """Read one answer; ConnectionError when it ends before its header does."""
    received = b""
    while b"\r\n\r\n" not in received:
        block = sock.recv(65536)
        if not block:
            raise ConnectionError("closed without an answer")
        received += block
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    status = int(first.split()[1])
    length = int(headers.get("content-length", "0"))
    if method == "HEAD" or status == 304:
        length = 0
    wanted = length if most is None else min(length, most)
    body = bytearray(rest)
    while len(body) < wanted:
        try:
            block = sock.recv(1 << 20)
        except ConnectionResetError:
            break
        if not block:
            break
        body += block
    return Answer(status, headers, bytes(body))


def make_app(bench: Bench) -> Flask:
    app = Flask("bench")

    @app.get("/page")
    def page() -> str:
        return "ok"

    @app.get("/big-page")
    def big_page() -> str:
        bench.runs += 1
        return "x" * (6 << 20)

    @app.route("/items/<name>", methods=["GET", "HEAD"])
    def item(name: str):
        bench.runs += 1
        return send_item(
            bench.items[name],
            request,
            request.args.get("type", "application/pdf"),
            f"{name}.pdf",
            "download" in request.args,
            store=bench.store,
            pools=bench.pools,
            bucket=bench.limiter.bucket(request.remote_addr or "") if bench.limiter is not None else None,
        )

    @app.get("/any-of/<first>/<second>")
    def any_of(first: str, second: str):
        bench.runs += 1
        for name in (first, second):
            try:
                return send_item(
                    bench.items[name], request, "application/pdf", name, store=bench.store, pools=bench.pools
                )
            except DamagedChunkError:
                continue
        return "none", 502

    @app.post("/upload/<path:_rest>")
    @app.post("/form")
    def upload(_rest: str = "") -> str:
        return str(len(request.get_data()))

    for error, status in ((DamagedChunkError, 502), (DriveGoneError, 410), (SickDriveError, 503)):

        def answer(reason: Exception, status: int = status):
            return f"{type(reason).__name__}: {reason}", status

        app.register_error_handler(error, answer)
    return app


@pytest.fixture
def bench_of() -> Iterator[Callable[..., Bench]]:
    """Start servers; all are closed, and checked to have closed, at the end."""
    running: list[tuple[Bench, threading.Thread]] = []

    def start(
        *, limits: PoolLimits | None = None, patience: Patience | None = None, store_bytes: int = 64 * CHUNK, **options
    ) -> Bench:
        bench = Bench(server=None, store=None, pools=DrivePools(limits))  # type: ignore[arg-type]
        bench.store = ChunkStore(
            store_bytes,
            on_damage=lambda item, index: bench.damaged.append((item.key, index)),
            on_gone=lambda item, _index, _error: bench.gone.append(item.drive),
        )
        options.setdefault("threads", 4)
        options.setdefault("per_client", 2000)
        bench.server = make_server(
            make_app(bench), host="127.0.0.1", port=0, patience=patience, maintenance_seconds=1, **options
        )
        thread = threading.Thread(target=bench.server.run)
        thread.start()
        running.append((bench, thread))
        return bench

    yield start
    for bench, thread in running:
        bench.server.close(grace=0.2)
        bench.pools.close()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def files(tmp_path: Path) -> Callable[[Bench, str, int], Path]:
    """Put a file of random bytes on the bench under a name."""

    def put(bench: Bench, name: str, size: int, *, drive: str = "disk") -> Path:
        content = random.Random(name).randbytes(size)
        path = tmp_path / name
        path.write_bytes(content)
        bench.items[name] = item_of(path, content, drive=drive)
        bench.content[name] = content
        return path

    return put


def read_to_the_end(sock: socket.socket) -> int:
    """Read until the other side closes or cuts; the number of bytes."""
    count = 0
    with contextlib.suppress(ConnectionError):
        while block := sock.recv(1 << 20):
            count += len(block)
    return count


def flip(path: Path, offset: int) -> None:
    """Change one byte of a file in place."""
    with path.open("r+b") as file:
        file.seek(offset)
        old = file.read(1)
        file.seek(offset)
        file.write(bytes([old[0] ^ 0x40]))
