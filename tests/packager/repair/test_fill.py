"""Tests of packager.repair.fill: from a work folder, a folder of objects, a server; what does not match is left."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from contextlib import contextmanager

import pytest

from packager.cli import DONE, LEFT_OUT, NOT_DONE, main
from packager.format.layout import CHUNK
from packager.format.origin import object_path
from packager.format.repair_list import dump_list, lacking
from packager.repair.fill import fill
from tests.simulator import SMALL, FastFiles, Publisher

MAP = SMALL["big-map"][1]["map.bin"]
SHA = hashlib.sha256(MAP).hexdigest()
CHUNKS = [MAP[n : n + CHUNK] for n in range(0, len(MAP), CHUNK)]
PLACES = [lacking(SHA, len(MAP), n, hashlib.sha256(c).digest()) for n, c in enumerate(CHUNKS)]


@contextmanager
def served(folder):
    """A plain server of static files that knows ranges no better than the standard library: not at all."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args):
            pass

        def do_GET(self):
            path = folder / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            content = path.read_bytes()
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(last + 1 - first))
            self.end_headers()
            self.wfile.write(content[first : last + 1])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def written(target):
    return {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}


EXPECTED = {f"repair/{object_path(p.digest)}": c for p, c in zip(PLACES, CHUNKS, strict=True)}


def test_fill_from_a_work_folder(tmp_path):
    work = Publisher(tmp_path / "publisher").release(sign=False)
    made = fill(PLACES, str(work), tmp_path / "stick", FastFiles())
    assert (made.done, made.left, made.wrong, made.size) == (2, 0, 0, len(MAP))
    assert written(tmp_path / "stick") == EXPECTED


def test_fill_from_objects_in_a_folder_and_from_a_server(tmp_path):
    path = tmp_path / "origin" / object_path(SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(MAP)
    fill(PLACES, str(tmp_path / "origin"), tmp_path / "one", FastFiles())
    with served(tmp_path / "origin") as address:
        made = fill(PLACES, address, tmp_path / "two", FastFiles())
        lost = fill([lacking("cd" * 32, 5, 0, bytes(32))], address, tmp_path / "two", FastFiles())
    assert written(tmp_path / "one") == written(tmp_path / "two") == EXPECTED
    assert (made.left, lost.left) == (0, 1)


def test_other_bytes_are_not_taken_and_another_source_goes_on(tmp_path):
    path = tmp_path / "origin" / object_path(SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * CHUNK + MAP[CHUNK:])
    made = fill(PLACES, str(tmp_path / "origin"), tmp_path / "stick", FastFiles())
    assert (made.done, made.left, made.wrong) == (1, 1, 1)
    path.write_bytes(MAP)
    assert fill(PLACES, str(tmp_path / "origin"), tmp_path / "stick", FastFiles()).done == 2
    assert written(tmp_path / "stick") == EXPECTED


def test_links_in_a_source_are_not_followed(tmp_path):
    path = tmp_path / "origin" / object_path(SHA)
    path.parent.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(MAP)
    path.symlink_to(tmp_path / "secret")
    assert fill(PLACES, str(tmp_path / "origin"), tmp_path / "stick", FastFiles()).left == 2


@pytest.mark.parametrize("whole", [True, False])
def test_command_says_what_was_found_and_what_comes_next(tmp_path, capsys, whole):
    path = tmp_path / "origin" / object_path(SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(MAP if whole else MAP[:CHUNK])
    asked = tmp_path / "list.jsonl"
    asked.write_bytes(dump_list(PLACES))
    code = main(["repair-fill", str(asked), "--from", str(tmp_path / "origin"), "--to", str(tmp_path / "stick")])
    said = capsys.readouterr().out
    assert code == (DONE if whole else LEFT_OUT)
    assert f"清单共 2 处，已取到 {2 if whole else 1} 处" in said
    assert ("还缺 1 处" in said) is not whole


def test_command_refuses_what_is_no_list(tmp_path, capsys):
    asked = tmp_path / "list.jsonl"
    asked.write_bytes(b"hello\n")
    assert main(["repair-fill", str(asked), "--from", str(tmp_path), "--to", str(tmp_path / "stick")]) == NOT_DONE
    assert "list.jsonl 不是书箱的修复清单" in capsys.readouterr().err


def test_command_that_finds_nothing_sends_nobody_to_the_box(tmp_path, capsys):
    asked = tmp_path / "list.jsonl"
    asked.write_bytes(dump_list(PLACES))
    (tmp_path / "empty").mkdir()
    assert main(["repair-fill", str(asked), "--from", str(tmp_path / "empty"), "--to", str(tmp_path / "s")]) == LEFT_OUT
    said = capsys.readouterr().out
    assert "这个来源里一处也没有取到" in said
    assert "插回书箱" not in said
