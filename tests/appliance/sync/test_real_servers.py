"""Updates from servers that are really used: Debian's nginx, and storage that speaks S3, each a process of its own.

By name: `pytest -m slow tests/appliance/sync/test_real_servers.py`. nginx is the one that is installed, or the package
is fetched into a scratch folder (`apt-get download`); the storage is `s3rver` of npm, installed into a scratch folder,
or moto's server where that is installed. Nothing of it is ours, and nothing is kept. What cannot be had is skipped.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from appliance.sync import incoming
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.s3 import ACCESS_KEY, SECRET_KEY, open_s3
from packager.publishing.sites import FolderSite
from tests.appliance.sync.updating import UpdatedBox
from tests.box import free_port
from tests.simulator import DAY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

S3RVER = "s3rver@3.7.1"
PIECE = 256 << 10
NGINX = """
daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port}; root {root};
        location /objects/ {{ limit_rate {rate}; }}
        location /away/ {{ return 302 http://127.0.0.1:{port}/away/; }}
        location /busy/ {{ add_header Retry-After 1200 always; return 503; }}
    }}
}}
"""


def said(words, **options):
    """Whether a program ran well."""
    try:
        return subprocess.run(words, capture_output=True, check=False, timeout=300, **options).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """The program."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found:
        return found
    folder = tmp_path_factory.mktemp("nginx")
    if not said(["apt-get", "download", "nginx"], cwd=folder):
        pytest.skip("there is no nginx, and none can be fetched")
    (package,) = folder.glob("nginx_*.deb")
    if not said(["dpkg-deb", "-x", package, folder / "tree"]) or not said([folder / "tree/usr/sbin/nginx", "-v"]):
        pytest.skip("the nginx of this system does not run here")
    return str(folder / "tree/usr/sbin/nginx")


@pytest.fixture
def served(published, nginx, tmp_path):
    """Serves an origin; gives its address and the folder of its logs."""
    publisher, _, work = published
    publish(work, publisher.keys, FolderSite(tmp_path / "origin", RealFiles()), DAY)
    tmp_path.chmod(0o755)
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    text = NGINX.format(folder=folder, port=port, root=tmp_path / "origin", rate="2m")
    if Path("/proc/self/status").read_text().split("Uid:")[1].split()[0] == "0":
        text = "user root;" + text
    (folder / "conf").write_text(text)
    server = subprocess.Popen(
        [nginx, "-p", folder, "-c", folder / "conf", "-e", folder / "error.log"], stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        answers(f"{address}/tuf/metadata/timestamp.json", server)
        yield address, folder
    finally:
        server.terminate()
        server.wait(60)


def answers(address, server):
    """Wait until a server answers, whatever it says."""
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            time.sleep(0.1)
            continue
        return
    raise AssertionError(address)


@pytest.fixture
def box(published, tmp_path, monkeypatch):
    monkeypatch.setattr(incoming, "PIECE", PIECE)

    def made(*addresses):
        return UpdatedBox(tmp_path / "data", published[0].root, published[1], addresses)

    return made


def test_update_comes_from_nginx_in_ranges(served, box, published):
    address, logs = served
    updated = box(address)
    assert updated.updater.turn().key == "sync.applied"
    assert updated.has(published[2])
    asked = (logs / "access.log").read_text()
    assert asked.count("objects/") == asked.count(" 206 ") > 3
    assert updated.updater.turn().key == "sync.current"


def test_nginx_that_compresses_leads_away_or_is_busy(served, box, published):
    address, _ = served
    for below in ("away", "busy", "none"):
        updated = box(f"{address}/{below}")
        assert updated.updater.turn().key in {"sync.unreachable", "sync.no_network"}, below
        if below == "busy":
            assert updated.updater._next >= updated.clock.monotonic() + 1200
    assert box(f"{address}/none", address).updater.turn().key == "sync.applied"


# — storage —


@pytest.fixture(scope="module", params=["s3rver", "moto"])
def storage(request, tmp_path_factory):
    """(host:port, access key, secret) of storage that speaks S3."""
    folder, port = tmp_path_factory.mktemp(request.param), free_port()
    if request.param == "moto":
        if importlib.util.find_spec("moto") is None:
            pytest.skip("moto is not installed")
        words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        keys = "access", "secret-of-tests"
    else:
        if not said(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", S3RVER]):
            pytest.skip("there is no npm, or it has no s3rver for us")
        words = [
            "node",
            str(folder / "node_modules/.bin/s3rver"),
            "-d",
            str(folder),
            "-a",
            "127.0.0.1",
            "-p",
            str(port),
        ]
        keys = "S3RVER", "S3RVER"
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        answers(f"http://127.0.0.1:{port}/", server)
        yield f"127.0.0.1:{port}", *keys
    finally:
        server.terminate()
        server.wait(60)


def test_update_comes_from_storage_that_was_published_to(storage, box, published, monkeypatch, tmp_path):
    publisher, _, work = published
    host, access, secret = storage
    monkeypatch.setenv(ACCESS_KEY, access)
    monkeypatch.setenv(SECRET_KEY, secret)
    site = open_s3(f"s3+http://{host}/county/national")
    if not site._client.bucket_exists("county"):
        site._client.make_bucket("county")
    done = publish(work, publisher.keys, site, DAY)
    assert done.objects > 5
    again = publish(work, publisher.keys, site, DAY)
    assert (again.objects, again.there) == (0, done.objects + done.there)
    updated = box(f"http://{host}/county/national")
    assert updated.updater.turn().key == "sync.applied"
    assert updated.has(published[2])
