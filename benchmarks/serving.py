"""How fast verified bytes leave, what they cost, and how long a page waits beside them.

    python benchmarks/serving.py [--megabytes 512] [--seconds 8] [--rounds 3]

Peers: Flask's `send_file` on plain waitress (nothing verified), and nginx with sendfile where it is installed (nothing
verified, no Python). The file lies in the page cache, so the figures are of the code, not of a disk. The slow disk of
the second table waits 12 ms for every MiB, one arm for all, while 50 films of 5 Mbit/s are taken from it. Everything
runs on this machine's cores, clients too. Processor time is that of the server's processes alone. A figure that misses
its aim is printed as missed. nginx is taken from /usr/sbin/nginx or from where `NGINX` says. For memory there is
`memory.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

import psutil
from flask import Flask, request, send_file
from waitress import serve

from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.memory import keep_little
from appliance.serving.pools import DrivePools
from appliance.serving.server import make_server, raise_descriptor_limit
from appliance.web.bytes import send_item
from packager.format.layout import CHUNK

SEEK = 0.012
STREAMS = 50
STREAM_RATE = 625_000
IDLE = 1100
THREADS = 16
NGINX = Path(os.environ.get("NGINX", "/usr/sbin/nginx"))
WAYS = ("whole file", "1 MiB, scattered", "64 KiB, in order")
AIM_COST, AIM_P99 = 1.2, 50.0
"""CPU seconds a GB of verified bytes, and ms of a tiny page beside fifty films from the slow disk."""
ARM = threading.Lock()


def digests_of(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [hashlib.sha256(block).digest() for block in iter(lambda: file.read(CHUNK), b"")]


def seek() -> None:
    with ARM:
        time.sleep(SEEK)


class SlowFile(FileIO):
    """A file on the slow disk, for `send_file`: a seek for every MiB."""

    chunk = -1

    def read(self, size: int | None = -1) -> bytes:
        """Read after the seek that a new MiB costs."""
        if self.tell() // CHUNK != self.chunk:
            self.chunk = self.tell() // CHUNK
            seek()
        return super().read(size)


def application(path: Path) -> tuple[Flask, Callable[[bool], ServedItem]]:
    app, digests = Flask("benchmark"), digests_of(path)

    def opened(slow: bool) -> int:
        if slow:
            seek()
        return os.open(path, os.O_RDONLY)

    def item(slow: bool) -> ServedItem:
        return ServedItem("0" * 64, path.stat().st_size, digests.__getitem__, lambda: opened(slow), f"disk-{slow}")

    @app.get("/page")
    def page() -> str:
        return "ok"

    return app, item


def serve_ours(path: Path, port: int) -> None:
    keep_little()  # as the box does
    app, item = application(path)
    store, pools = ChunkStore(128 * CHUNK), DrivePools()

    @app.get("/<any(fast,slow):pace>")
    def bytes_of(pace: str):
        return send_item(item(pace == "slow"), request, "video/mp4", "film.mp4", store=store, pools=pools)

    make_server(app, host="127.0.0.1", port=port, threads=THREADS, per_client=2 * IDLE).run()


def serve_flask(path: Path, port: int) -> None:
    app, _item = application(path)

    @app.get("/<any(fast,slow):pace>")
    def bytes_of(pace: str):
        if pace == "slow":
            return send_file(SlowFile(path), mimetype="video/mp4", conditional=True, download_name="film.mp4")
        return send_file(path, mimetype="video/mp4", conditional=True)

    serve(app, host="127.0.0.1", port=port, threads=THREADS, connection_limit=2000, asyncore_use_poll=True, _quiet=True)


def drink(port: int, path: str, seconds: float, size: int) -> None:
    """Fifty films from fifty places, each taken at its own rate; prints MB/s and how many kept their rate."""
    streams: list[socket.socket] = []
    for i in range(STREAMS):
        sock = socket.create_connection(("127.0.0.1", port))
        start = int(size * 0.9 * i / STREAMS)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: b\r\nRange: bytes={start}-\r\n\r\n".encode())
        sock.setblocking(False)
        streams.append(sock)
    taken, began = [0] * STREAMS, time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        for i, sock in enumerate(streams):
            wanted = int(STREAM_RATE * elapsed) - taken[i]
            if wanted > 0:
                try:
                    taken[i] += len(sock.recv(min(wanted, CHUNK)))
                except BlockingIOError:
                    continue
        time.sleep(0.04)
    kept = sum(count >= 0.9 * STREAM_RATE * elapsed for count in taken)
    print(f"{sum(taken) / elapsed / 1e6:.1f} {kept}")


@contextmanager
def running(kind: str, path: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        command = [sys.executable, __file__, "--serve", kind, "--file", str(path), "--port", str(port)]
        if kind == "nginx":
            command = nginx_command(Path(folder), path, port)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(port)
                yield port, psutil.Process(process.pid)
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()


def nginx_command(folder: Path, path: Path, port: int) -> list[str]:
    (folder / "www").mkdir()
    (folder / "www" / "fast").symlink_to(path)
    (folder / "www" / "page").write_text("ok")
    temporary = "".join(f"{k}_temp_path {folder};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log /dev/null;\nevents {{}}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; {temporary} keepalive_requests 100000;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}\n"
    )
    return [str(NGINX), "-p", str(folder), "-c", str(config)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


class Client:
    """One kept connection; counts bytes, keeps none."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._room = bytearray(CHUNK)

    def get(self, path: str, header: str = "") -> int:
        """Ask for `path` and read the answer to its end; its length."""
        self._sock.sendall(f"GET {path} HTTP/1.1\r\nHost: b\r\n{header}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            block = self._sock.recv(65536)
            if not block:
                raise ConnectionError("closed")
            head += block
        head, _, rest = head.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        left = length - len(rest)
        while left:
            left -= self._sock.recv_into(self._room, min(left, CHUNK)) or self._cut()
        return length

    def _cut(self) -> int:
        raise ConnectionError("cut short")

    def close(self) -> None:
        """End the connection."""
        self._sock.close()


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def asked(start: int, length: int) -> str:
    return f"Range: bytes={start}-{start + length - 1}\r\n"


def throughput(kind: str, path: Path) -> dict[str, tuple[float, float]]:
    """MB/s and CPU seconds a GB of the server, for each of `WAYS`."""
    size, rng, result = path.stat().st_size, random.Random(1), {}
    scattered = [rng.randrange(size - CHUNK) for _ in range(600)]
    ways = ([""] * 3, [asked(a, CHUNK) for a in scattered], [asked(a << 16, 1 << 16) for a in range(3000)])
    with running(kind, path) as (port, process):
        client = Client(port)
        client.get("/fast", "Range: bytes=0-99\r\n")
        for name, requests in zip(WAYS, ways, strict=True):
            before, began = cpu(process), time.monotonic()
            sent = sum(client.get("/fast", header) for header in requests)
            took = time.monotonic() - began
            result[name] = (sent / took / 1e6, (cpu(process) - before) / (sent / 1e9))
        client.close()
    return result


def best_of(rounds: list[dict[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Of each way the highest speed and the lowest cost: what other work on the machine took away least of."""
    return {way: (max(r[way][0] for r in rounds), min(r[way][1] for r in rounds)) for way in WAYS}


def judged(value: float, aim: float) -> str:
    return f"aim ≤ {aim:g}: {'met' if value <= aim else 'MISSED'}"


def latency(kind: str, path: Path, seconds: float, *, streams: bool, idle: int = 0) -> tuple[float, float, str]:
    """p50 and p99 of a tiny page in ms, and what the streams got meanwhile."""
    size, drinkers = path.stat().st_size, []
    with running(kind, path) as (port, process), ExitStack() as open_ones:
        for _ in range(idle):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", port)))
        if streams:
            command = [
                sys.executable,
                __file__,
                "--drink",
                str(seconds + 1.5),
                "--port",
                str(port),
                "--size",
                str(size),
            ]
            drinkers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            time.sleep(1)
        times, until = [], time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as sock:
                    sock.settimeout(5)
                    sock.sendall(b"GET /page HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
                    while sock.recv(4096):
                        pass
            except TimeoutError:
                pass
            times.append(time.monotonic() - began)
            time.sleep(0.01)
        got = ""
        for drinker in drinkers:
            rate, kept = drinker.communicate(timeout=30)[0].split()
            got = f"{rate} MB/s, {kept} of {STREAMS} kept 5 Mbit/s, RSS {process.memory_info().rss >> 20} MiB"
    times.sort()
    p50, p99 = (1000 * times[int(len(times) * q)] for q in (0.5, 0.99))
    return p50, p99, got


def report(path: Path, seconds: float, rounds: int) -> None:
    kinds = {"ours": "verified (ours)", "flask": "send_file", "nginx": "nginx"}
    if not NGINX.exists():
        print("nginx is not installed here: its rows are left out\n")
        del kinds["nginx"]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    began, blocks = time.monotonic(), path.stat().st_size // CHUNK
    digests_of(path)
    print(
        f"SHA-256 on this machine: {blocks * CHUNK / (time.monotonic() - began) / 1e6:.0f} MB/s a core, read included\n"
    )
    print(f"{'':18}" + "".join(f"{way:>20}" for way in WAYS) + f"{'CPU ours / this':>22}")
    print(f"{'':18}" + f"{'MB/s':>9}{'CPU s/GB':>11}" * len(WAYS))
    taken: dict[str, list[dict[str, tuple[float, float]]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):  # in turn, so that a busy minute hits all of them
        for kind in kinds:
            taken[kind].append(throughput(kind, path))
    rows = {kind: best_of(found) for kind, found in taken.items()}
    for kind, name in kinds.items():
        figures = "".join(f"{speed:9.0f}{cost:11.2f}" for speed, cost in rows[kind].values())
        ratios = " ".join(f"{rows['ours'][way][1] / max(rows[kind][way][1], 1e-3):.2f}" for way in WAYS)
        print(f"{name:18}{figures}{ratios:>22}", flush=True)
    for way in WAYS:
        cost = rows["ours"][way][1]
        print(f"{way}: {cost:.2f} CPU s/GB, {judged(cost, AIM_COST)}")
    print(f"\ntiny page, ms{'':5}{'p50':>8} {'p99':>9}")
    for kind, name in kinds.items():
        p50, p99, _ = latency(kind, path, seconds / 2, streams=False)
        print(f"{name + ', alone':28}{p50:8.1f} {p99:9.1f}", flush=True)
    raise_descriptor_limit()
    for idle in (0, IDLE):
        for kind in ("ours", "flask"):
            p50, p99, got = latency(kind, path, seconds, streams=True, idle=idle)
            name = kinds[kind] + (f", +{idle} idle" if idle else ", slow disk")
            aim = f"   {judged(p99, AIM_P99)}" if kind == "ours" else ""
            print(f"{name:28}{p50:8.1f} {p99:9.1f}   {got}{aim}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    for name, kind in (("serve", str), ("file", Path), ("port", int), ("drink", float), ("size", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        {"ours": serve_ours, "flask": serve_flask}[options.serve](options.file, options.port)
    elif options.drink:
        drink(options.port, "/slow", options.drink, options.size)
    else:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            path = Path(folder) / "film"
            with path.open("wb") as file:
                for _ in range(options.megabytes):
                    file.write(os.urandom(CHUNK))
            report(path, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
