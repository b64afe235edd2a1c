"""The origin of the smoke run gives files and parts of them, and nothing that lies beside its folder."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from image.smoke.origin import serving


def test_files_and_parts_come_and_strangers_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "objects").mkdir(parents=True)
    (folder / "objects" / "one").write_bytes(bytes(range(200)))
    (tmp_path / "beside").write_bytes(b"secret")
    with serving(folder) as origin:
        base = f"http://127.0.0.1:{origin.server_port}/"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        assert opener.open(base + "objects/one").read() == bytes(range(200))
        part = opener.open(urllib.request.Request(base + "objects/one", headers={"Range": "bytes=10-19"}))
        assert (part.status, part.read(), part.headers["Content-Range"]) == (
            206,
            bytes(range(10, 20)),
            "bytes 10-19/200",
        )
        tail = opener.open(urllib.request.Request(base + "objects/one", headers={"Range": "bytes=190-"}))
        assert tail.read() == bytes(range(190, 200))
        for path in ("objects", "none", "../beside"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                opener.open(base + path)
        assert origin.asked[0] == "/objects/one"
