"""The origin of the smoke run gives files and parts of them, and nothing that lies beside its folder."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from image.smoke.origin import serving


def test_files_and_parts_come_and_strangers_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "objects").mkdir(parents=True)
    (folder / "objects" / "one").write_bytes(bytes(range(200)))
    (tmp_path / "beside").write_bytes(b"secret")
    with serving(folder) as origin:

        def get(path: str, **headers: str) -> tuple[int, bytes, str | None]:
            connection = HTTPConnection("127.0.0.1", origin.server_port, timeout=20)
            with closing(connection):
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.headers["Content-Range"]

        whole = bytes(range(200))
        assert get("/objects/one") == (200, whole, None)
        assert get("/objects/one", Range="bytes=10-19") == (206, whole[10:20], "bytes 10-19/200")
        assert get("/objects/one", Range="bytes=190-") == (206, whole[190:], "bytes 190-199/200")
        assert [get(path)[0] for path in ("/objects", "/none", "/../beside", "//etc/hostname")] == [404] * 4
        assert origin.asked[0] == "/objects/one"
