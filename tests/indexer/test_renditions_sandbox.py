"""The sandbox: one file, bounded, killable; and what a confined process can no longer do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import BytesSource, FileSource, Limits, Renditions, Sandbox
from tests.indexer.rendition_files import looping_pdf, plain_pdf

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


class CountingSource(BytesSource):
    """Counts the bytes asked for."""

    asked = 0

    def read_at(self, offset: int, n: int) -> bytes:
        self.asked += n
        return super().read_at(offset, n)


class BrokenSource(BytesSource):
    """A drive that goes away."""

    def __init__(self, body: bytes, error: Exception) -> None:
        super().__init__(body)
        self._error = error

    def read_at(self, offset: int, n: int) -> bytes:
        raise self._error


def test_run_reads_only_what_it_needs(sandbox):
    source = CountingSource(plain_pdf(pages=3, padding=8 << 20))
    values = sandbox.run("pdf.page_count", source).values
    assert values["pages"] == 3
    assert source.asked < 1 << 20


def test_run_unknown_task_is_an_error(sandbox):
    with pytest.raises(RenditionError, match="no task"):
        sandbox.run("os.system", BytesSource(b""))


@pytest.mark.parametrize("error", [OSError("gone"), TimeoutError("slow"), BrokenPipeError("pipe"), KeyError("x")])
def test_run_source_raises_reaches_the_caller_unchanged(sandbox, error):
    with pytest.raises(type(error)) as caught:
        sandbox.run("pdf.page_count", BrokenSource(plain_pdf(), error))
    assert caught.value is error


def test_run_source_shorter_than_it_says_is_an_error(sandbox):
    class Short(BytesSource):
        @property
        def size(self) -> int:
            return 1 << 20

    with pytest.raises(RenditionError):
        sandbox.run("pdf.page_count", Short(plain_pdf()))


def test_run_endless_drawing_is_killed_in_time(sandbox):
    started = time.monotonic()
    with pytest.raises(RenditionLimitError):
        sandbox.run("pdf.page_image", BytesSource(looping_pdf()), {"page": 1, "width": 400}, limits=Limits(wall=1.0))
    assert time.monotonic() - started < 30
    assert _alive_children(sandbox) == 0
    assert sandbox.run("pdf.page_count", BytesSource(plain_pdf())).values["pages"] == 1


def _alive_children(sandbox: Sandbox) -> int:
    """Children of the waiting process that still run, after a moment for the kernel to end them."""
    for _ in range(400):
        children = psutil.Process(sandbox._process.pid).children()
        alive = sum(1 for child in children if child.status() != psutil.STATUS_ZOMBIE)
        if not alive:
            break
        time.sleep(0.05)
    return alive


def test_run_processor_time_ends_before_wall_time(sandbox):
    with pytest.raises(RenditionLimitError, match="died"):
        sandbox.run("pdf.page_image", BytesSource(looping_pdf()), {"page": 1, "width": 400}, limits=Limits(cpu=1))


def test_run_output_over_the_limit_is_refused(sandbox):
    with pytest.raises(RenditionLimitError, match="more than 1000 bytes"):
        sandbox.run("pdf.page_image", BytesSource(plain_pdf()), {"page": 1, "width": 400}, limits=Limits(output=1000))


def test_run_too_little_memory_is_a_limit(sandbox):
    with pytest.raises(RenditionError):
        sandbox.run(
            "pdf.page_image", BytesSource(plain_pdf()), {"page": 1, "width": 4000}, limits=Limits(memory=96 << 20)
        )


def test_run_sink_takes_the_body_in_order(sandbox):
    pieces: list[bytes] = []
    made = sandbox.run("pdf.page_image", BytesSource(plain_pdf()), {"page": 1, "width": 400}, sink=pieces.append)
    assert made.body == b""
    assert b"".join(pieces).startswith(b"\xff\xd8")


def test_run_from_many_threads_each_gets_its_own(sandbox):
    sources = [BytesSource(plain_pdf(pages=n)) for n in range(1, 9)]
    found: dict[int, int] = {}

    def ask(n: int) -> None:
        found[n] = sandbox.run("pdf.page_count", sources[n - 1]).values["pages"]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(1, 9)}


def test_run_waiting_process_killed_starts_anew():
    with Sandbox() as box:
        box.warm()
        assert box._process is not None
        box._process.kill()
        box._process.wait()
        assert box.run("pdf.page_count", BytesSource(plain_pdf())).values["pages"] == 1


def test_run_queue_full_is_a_limit():
    with Sandbox(jobs=1, queue_seconds=0.05) as box:
        box.warm()
        slow = threading.Thread(target=lambda: _ignore(box), daemon=True)
        slow.start()
        while box._turns._value:  # type: ignore[attr-defined]
            time.sleep(0.01)
        with pytest.raises(RenditionLimitError, match="too many"):
            box.run("pdf.page_count", BytesSource(plain_pdf()))
        slow.join()


def _ignore(box: Sandbox) -> None:
    with pytest.raises(RenditionLimitError):
        box.run("pdf.page_image", BytesSource(looping_pdf()), {"page": 1, "width": 400}, limits=Limits(wall=1.0))


def test_close_leaves_no_process_and_no_descriptor():
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Sandbox() as box:
        box.run("pdf.page_count", BytesSource(plain_pdf()))
        pid = box._process.pid
    assert not Path(f"/proc/{pid}").exists()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before  # what earlier tests left may be closed meanwhile


def test_file_source_does_not_follow_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("real")
    with FileSource(tmp_path / "real") as source:
        assert (source.size, source.read_at(1, 10)) == (3, b"bc")
    with pytest.raises(OSError, match=r"symbolic|Too many"):
        FileSource(tmp_path / "link")


def test_renditions_foreign_values_from_a_child_are_refused():
    class Liar(Sandbox):
        def run(self, *_args, **_more):
            from indexer.renditions.sandbox import Made

            return Made({"pages": "many", "found": True, "media_type": "text/html", "width": 1, "height": 1}, b"<p>")

    with Renditions(Liar()) as made:
        with pytest.raises(RenditionError):
            made.pdf_page_count(BytesSource(b""))
        with pytest.raises(RenditionError):
            made.cover(BytesSource(b""), "application/pdf")


PROBE = """
import os, resource, socket, sys
sys.path.insert(0, sys.argv[1])
from indexer.renditions.confine import confine
held = confine(memory=1 << 29, cpu=5)
print("held", *held)
tries = {
    "files": lambda: open("/etc/passwd").read(),
    "calls socket": socket.socket,
    "calls fork": os.fork,
    "calls exec": lambda: os.execv("/bin/true", ["true"]),
    "calls kill": lambda: os.kill(os.getppid(), 0),
    "calls limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (100, 100)),
    "limits memory": lambda: bytearray(1 << 30),
    "limits file": lambda: open(sys.argv[2], "w").write("x" * 10),
}
for name, attempt in tries.items():
    try:
        attempt()
        print("done", name)
    except (OSError, MemoryError, ValueError):
        print("refused", name)
"""


def test_layers_are_told(sandbox):
    assert {"limits", "quiet"} <= set(sandbox.layers())


def test_confine_takes_away_files_calls_and_memory(tmp_path):
    target = tmp_path / "made"
    command = [sys.executable, "-I", "-c", PROBE, str(ROOT), str(target)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()
    held = set(lines[0].split()[1:])
    assert {"limits", "quiet"} <= held
    for line in lines[1:]:
        outcome, layer = line.split()[:2]
        if layer in held:
            assert outcome == "refused", line
    assert not target.exists() or target.stat().st_size == 0
