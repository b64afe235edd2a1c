"""Publishing to S3-compatible storage: a server in a process of its own (moto's, which speaks S3 over HTTP).

By name, where it is installed (it brings forty packages): `pip install 'moto[s3]' flask-cors`, then
`pytest -m slow tests/packager/test_publishing_s3.py`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
import urllib.request

import pytest

from packager.cli import DONE, NOT_DONE, main
from packager.errors import PublishError
from packager.format.errors import DigestError
from packager.publishing.publish import TIMESTAMP, publish
from packager.publishing.s3 import ACCESS_KEY, SECRET_KEY, open_s3
from packager.publishing.sites import FolderSite
from tests.box import free_port
from tests.packager.editions import FILES
from tests.simulator import DAY

pytest.importorskip("moto.server")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def storage():
    """The address of a server with an empty bucket."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{address}/moto-api/", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(ACCESS_KEY, "access")
            patch.setenv(SECRET_KEY, "secret-of-tests")
            site = open_s3(f"s3+http://{address}/county/national")
            site._client.make_bucket("county")
            yield address
    finally:
        server.kill()
        server.wait()


def test_storage_holds_the_same_tree_as_a_folder(published, storage, tmp_path):
    publisher, _, work = published
    site = open_s3(f"s3+http://{storage}/county/national")
    publish(work, publisher.keys, FolderSite(tmp_path / "folder", FILES), DAY)
    done = publish(work, publisher.keys, site, DAY)
    here = dict(site.names("objects")) | dict(site.names("tuf"))
    folder = tmp_path / "folder"
    assert here == {p.relative_to(folder).as_posix(): p.stat().st_size for p in folder.rglob("*/*") if p.is_file()}
    for name in here:
        site.fetch(name, tmp_path / "one")
        assert (tmp_path / "one").read_bytes() == (folder / name).read_bytes()
    assert publish(work, publisher.keys, site, DAY).there == done.objects + done.there


def test_what_is_missing_is_none_and_what_differs_is_not_kept(storage, tmp_path):
    site = open_s3(f"s3+http://{storage}/county/other")
    assert site.read(TIMESTAMP) is None
    assert not site.fetch("objects/aa/none", tmp_path / "none")
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(DigestError):
        site.put("objects/aa/x", tmp_path / "file", 7, "0" * 64)
    assert list(site.names("objects")) == []
    large = b"x" * (6 << 20)
    (tmp_path / "file").write_bytes(large)
    site.put("objects/aa/x", tmp_path / "file", len(large), hashlib.sha256(large).hexdigest())
    assert list(site.names("objects")) == [("objects/aa/x", len(large))]
    site.remove("objects/aa/x")
    site.remove("objects/aa/x")
    assert list(site.names("objects")) == []


def test_storage_that_is_away_or_an_address_that_is_none_is_told(published, storage, capsys, monkeypatch):
    publisher, _, work = published
    keys = ["--keys", str(publisher.keys)]
    assert main(["publish", str(work), f"s3+http://{storage}/county/by-command", *keys]) == DONE
    for address in ("s3+http://host", "s3+ftp://host/bucket"):
        with pytest.raises(PublishError, match="no address"):
            open_s3(address)
    assert main(["publish", str(work), f"s3+http://127.0.0.1:{free_port()}/county", *keys]) == NOT_DONE
    assert "没有发布，各馆仍看到上一版。" in capsys.readouterr().err
    monkeypatch.delenv(SECRET_KEY)
    with pytest.raises(PublishError, match="credentials"):
        open_s3(f"s3+http://{storage}/county")
