"""The cases of tuf-conformance, by its names, against our strict client over HTTP (docs/tuf-conformance.md)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import tuf.ngclient._internal.trusted_metadata_set as tuf_time

from packager.conformance import main
from tests.packager.tuf_site import SOON, Client, Site, client, site

__all__ = ["client", "site"]

NOW = SOON - timedelta(days=30)
PAST = NOW - timedelta(days=5)


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, _tz=None):
            return NOW + timedelta(days=days)

    monkeypatch.setattr(tuf_time.datetime, "datetime", Later)


# --- test_basic ---------------------------------------------------------------------------------------------------


def test_basic_init_and_refresh(site: Site, client: Client) -> None:
    assert client.refresh() == 0
    assert site.asked == [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]
    assert client.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_implicit_refresh(site: Site, client: Client) -> None:
    assert client.download("nonexistent artifact") == 1
    assert site.asked == [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]
    assert client.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


@pytest.mark.parametrize("fault", ["no version", "signature", "no json"])
def test_invalid_or_unsigned_initial_root(site: Site, client: Client, fault: str) -> None:
    document = json.loads(site.published["root"][0])
    if fault == "no version":
        del document["signed"]["version"]
    document["signatures"][0]["sig"] = "30" * 32
    client.init(b"{" if fault == "no json" else json.dumps(document).encode())
    assert client.refresh() == 1
    assert site.asked == []


@pytest.mark.parametrize("name", ["timestamp_content_changes", "timestamp_eq_versions_check"])
def test_timestamp_of_the_same_version_is_not_taken(site: Site, client: Client, name: str) -> None:
    assert client.refresh() == 0
    kept = (client.metadata / "timestamp.json").read_bytes()
    site.timestamp.snapshot_meta.version = 100
    site.publish("timestamp", bump=False)
    client.refresh()
    assert (client.metadata / "timestamp.json").read_bytes() == kept, name


def test_new_targets_hash_mismatch(site: Site, client: Client) -> None:
    site.hashes = True
    site.update()
    assert client.refresh() == 0
    site.targets.unrecognized_fields["x"] = "changed"
    described = site.snapshot.meta["targets.json"]
    site.publish("targets")
    described.version = site.targets.version
    site.snapshot.meta["targets.json"] = described
    site.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.versions() == {"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2}


def test_new_targets_version_mismatch(site: Site, client: Client) -> None:
    site.snapshot.meta["targets.json"].version = 2  # the list of version 2 says that it is 1
    site.publish("snapshot", "timestamp")
    site.published["targets"].append(site.published["targets"][0])
    assert client.refresh() == 1
    assert "targets" not in client.versions()


def test_custom_fields(site: Site, client: Client) -> None:
    assert client.refresh() == 0
    site.root.unrecognized_fields["custom-field"] = "value"
    site.root.keys[site.root.roles["root"].keyids[0]].unrecognized_fields["extra-field"] = {"a": 1, "b": 2}
    site.root.roles["root"].unrecognized_fields["another-field"] = "value"
    site.publish("root")
    assert client.refresh() == 0
    assert client.versions()["root"] == 2


# --- test_rollback ------------------------------------------------------------------------------------------------


def test_simple_snapshot_rollback(site: Site, client: Client) -> None:
    site.update()
    assert client.refresh() == 0
    site.published["snapshot"].pop()
    assert client.refresh() == 0  # the timestamp names the version that the client has
    assert client.versions()["snapshot"] == 2
    assert site.asked[-1] == ("timestamp", None)


def test_new_timestamp_version_rollback(site: Site, client: Client) -> None:
    site.publish("timestamp")
    assert client.refresh() == 0
    site.timestamp.version = 1
    site.publish("timestamp", bump=False)
    assert client.refresh() == 1
    assert client.versions()["timestamp"] == 2


@pytest.mark.parametrize("hashes", [False, True])
def test_snapshot_rollback(site: Site, client: Client, hashes: bool) -> None:
    site.hashes = hashes
    site.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    site.snapshot.version = 1
    site.publish("snapshot", bump=False)
    site.publish("timestamp")
    assert client.refresh() == 1
    assert (client.versions()["timestamp"], client.versions()["snapshot"]) == (2, 2)
    assert site.asked[-1] == ("timestamp", None)


@pytest.mark.parametrize("hashes", [False, True])
def test_targets_rollback(site: Site, client: Client, hashes: bool) -> None:
    site.hashes = hashes
    site.update()
    assert client.refresh() == 0
    site.targets.version = 1
    site.publish("targets", bump=False)
    site.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert (client.versions()["snapshot"], client.versions()["targets"]) == (2, 2)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_fast_forward_recovery(site: Site, client: Client, role: str) -> None:
    site.signed[role].version = 99_998
    site.update()
    if role == "timestamp":
        site.timestamp.version = 99_999
        site.publish("timestamp", bump=False)
    assert client.refresh() == 0
    assert client.versions()[role] == 99_999
    for number, rotated in ((10, "timestamp"), (11, "snapshot")):
        site.let(rotated, [number])
    site.publish("root")
    site.signed[role].version = 0
    site.update()
    assert client.refresh() == 0
    assert client.versions()[role] == 1


def test_new_snapshot_version_mismatch(site: Site, client: Client) -> None:
    site.timestamp.snapshot_meta.version = 5
    site.publish("timestamp")
    assert client.refresh() == 1
    assert client.versions() == {"root": 1, "timestamp": 2}
    assert site.asked[-1] == ("snapshot", 5)


# --- test_expiration, test_delegated_expiration -------------------------------------------------------------------


def test_root_expired(site: Site, client: Client) -> None:
    assert client.refresh() == 0
    site.root.expires = PAST
    site.publish("root")
    site.update()
    assert client.refresh() == 1
    assert client.versions() == {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 1}
    site.root.expires = SOON  # an expired root is a step on the way to a good one
    site.publish("root")
    assert client.refresh() == 0
    assert client.versions()["root"] == 3


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_role_expired(site: Site, client: Client, role: str) -> None:
    assert client.refresh() == 0
    site.signed[role].expires = PAST
    site.update()
    assert client.refresh() == 1
    assert client.versions()[role] == 1


def test_expired_metadata(site: Site, client: Client, monkeypatch) -> None:
    """Local metadata that has expired is still good for the checks against rollback."""
    site.timestamp.expires = NOW + timedelta(days=7)
    site.publish("timestamp")
    assert client.refresh() == 0
    site.timestamp.expires = NOW + timedelta(days=21)
    site.update()
    days_later(monkeypatch, 18)
    assert client.refresh() == 0
    assert client.versions() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}
    days_later(monkeypatch, 22)
    assert client.refresh() == 1


@pytest.mark.parametrize("case", ["expired at first sight", "expired meanwhile", "expired and renewed"])
def test_delegated_targets_expired(site: Site, client: Client, monkeypatch, case: str) -> None:
    at = PAST if case == "expired at first sight" else NOW + timedelta(days=7)
    role = site.delegate("targets", "delegated", paths=["delegatedpath/*"], expires=at)
    for name in ("first", "second"):
        site.add("delegated", f"delegatedpath/{name}", name.encode())
    site.publish("delegated", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    if case == "expired at first sight":
        assert client.download("delegatedpath/first") == 1
        assert "delegated" not in client.versions()
        return
    assert client.download("delegatedpath/first") == 0
    if case == "expired and renewed":
        role.expires = NOW + timedelta(days=21)
        site.publish("delegated", "snapshot", "timestamp")
    days_later(monkeypatch, 18)
    assert client.download("delegatedpath/second") == (0 if case == "expired and renewed" else 1)


# --- test_file_download -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["target_file.txt", "path/to/a/target_file.txt"])
def test_client_downloads_expected_file_once(site: Site, client: Client, path: str) -> None:
    site.add("targets", path, b"target file contents")
    site.update()
    assert client.refresh() == 0
    assert client.downloaded() == []
    assert client.download(path) == 0
    assert client.download(path) == 0
    assert client.downloaded() == [b"target file contents"]
    assert len(site.taken) == 1


def test_repository_substitutes_target_file(site: Site, client: Client) -> None:
    for name in ("one", "two"):
        site.add("targets", name, name.encode())
    site.update()
    assert client.download("one") == 0
    site.content |= {"one": b"malicious", "two": b"malicious data, longer"}
    client.download("one")
    assert client.download("two") == 1
    assert client.downloaded() == [b"one"]


def test_multiple_changes_to_target(site: Site, client: Client) -> None:
    for n in range(6):
        site.add("targets", "file", b"content %d" % n)
        site.update()
        if n % 2 == 0:
            assert client.download("file") == 0
            assert client.downloaded() == [b"content %d" % n]
            site.content["file"] = b"malicio %d" % n
            site.update()
            client.download("file")
            assert client.downloaded() == [b"content %d" % n]


def test_large_target_is_downloaded(site: Site, client: Client) -> None:
    site.add("targets", "large", bytes(5 << 20))
    site.update()
    assert client.download("large") == 0
    assert [len(content) for content in client.downloaded()] == [5 << 20]


# --- ours: what the suite leaves out ------------------------------------------------------------------------------


def test_site_that_is_gone_or_no_web_address_is_not_done(site: Site, tmp_path: Path, capsys) -> None:
    for url in ("http://127.0.0.1:9", "file:///etc"):
        client = Client(tmp_path, url)
        client.init(site.published["root"][0])
        assert client.refresh() == 1
    assert "no address of a web server" in capsys.readouterr().err


def test_answer_that_is_too_large_or_an_error_is_not_done(site: Site, client: Client, monkeypatch) -> None:
    site.published["timestamp"][-1] += b" " * 20_000
    assert client.refresh() == 1
    assert "timestamp" not in client.versions()


def test_executable_is_installed_and_runs(site: Site, tmp_path: Path) -> None:
    path = shutil.which("shuxiang-tuf-conformance", path=str(Path(sys.executable).parent))
    command = [path] if path else [sys.executable, "-m", "packager.conformance"]
    (tmp_path / "root.json").write_bytes(site.published["root"][0])
    done = subprocess.run([*command, "--metadata-dir", tmp_path / "m", "init", tmp_path / "root.json"], check=False)
    assert done.returncode == 0
    assert (tmp_path / "m/root.json").read_bytes() == site.published["root"][0]
    with pytest.raises(SystemExit):
        main(["--metadata-dir", str(tmp_path), "nothing"])
