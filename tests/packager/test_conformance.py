"""The cases of tuf-conformance, by its names, against our strict client over HTTP (docs/tuf-conformance.md)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import tuf.ngclient._internal.trusted_metadata_set as tuf_time
from tuf.api.metadata import Key as TufKey

from packager.conformance import main
from tests.packager.tuf_site import KEYS, SOON, Client, Site, served

NOW = SOON - timedelta(days=30)
PAST = NOW - timedelta(days=5)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def client(site: Site, tmp_path: Path) -> Iterator[Client]:
    with served(site) as url:
        made = Client(tmp_path, url)
        assert made.init(site.published["root"][0]) == 0
        yield made


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


# --- test_keys, test_updater_key_rotations ------------------------------------------------------------------------


def test_snapshot_threshold_is_asked_for_and_root_is_kept(site: Site, client: Client) -> None:
    assert client.refresh() == 0
    site.let("snapshot", [5, 6, 7], threshold=3, sign=[5, 6])
    site.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert (client.versions()["root"], client.versions()["snapshot"]) == (2, 1)
    site.let("snapshot", [5, 6, 7], threshold=3)
    site.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.versions()["snapshot"] == 3


def test_root_has_keys_but_not_snapshot(site: Site, client: Client) -> None:
    assert client.refresh() == 0
    site.let("snapshot", [5, 6, 7, 8, 9], threshold=5, sign=[5, 6, 7])
    site.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert (client.versions()["root"], client.versions()["snapshot"]) == (2, 1)


def test_duplicate_keys_root(site: Site, client: Client) -> None:
    """Six names for one key are one signature."""
    assert client.refresh() == 0
    site.let("snapshot", [5], sign=[5])
    key = KEYS[5].public_key
    for n in range(6):
        twin = TufKey.from_dict(f"{n}" * 64, key.to_dict())
        site.root.keys[twin.keyid] = twin
        site.root.roles["snapshot"].keyids.append(twin.keyid)
    site.root.roles["snapshot"].threshold = 3
    site.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.versions()["snapshot"] == 1


def test_wrong_hashing_algorithm_of_a_key_is_no_matter(site: Site, client: Client) -> None:
    site.root.keys[site.root.roles["snapshot"].keyids[0]].unrecognized_fields["keyid_hash_algorithms"] = ["md5"]
    site.publish("root")
    site.update()
    assert client.refresh() == 0
    assert client.versions()["root"] == 2


ROTATIONS = {
    "1-of-1-key-rotation": ([([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])], True),
    "1-of-1-unused-signatures": ([([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])], True),
    "3-of-5-different-keycombos": ([([0, 1, 2, 3, 4], 3, s) for s in ([0, 2, 4], [0, 4, 1], [0, 1, 3])], True),
    "3-of-5-one-key-rotated": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])], True),
    "3-of-5-all-keys-rotated": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7])], True),
    "threshold-increase": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])], True),
    "threshold-decrease": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])], True),
    "fail-not-signed-with-old-key": ([([1], 1, [1]), ([2], 1, [2, 3, 4])], False),
    "fail-not-signed-with-new-key": ([([1], 1, [1]), ([2], 1, [1, 3, 4])], False),
    "fail-3-of-5-new-keys": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])], False),
    "fail-3-of-5-old-keys": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])], False),
    "fail-new-threshold-not-reached": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])], False),
    "fail-old-threshold-not-reached": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1])], False),
}


@pytest.mark.parametrize(("versions", "good"), ROTATIONS.values(), ids=ROTATIONS)
def test_root_rotation(site: Site, client: Client, versions, good: bool) -> None:
    site.published["root"].clear()
    site.root.version = 0
    for keys, threshold, sign in versions:
        site.let("root", keys, threshold=threshold, sign=sign)
        site.publish("root")
    client.init(site.published["root"][0])
    assert client.refresh() == (0 if good else 1)
    assert (client.metadata / "root.json").read_bytes() == site.published["root"][-1 if good else -2]


NON_ROOT = {
    "1-of-1-key-rotation": ([2], 1, [2], True),
    "1-of-1-unused-signatures": ([1], 1, [3, 1, 4], True),
    "1-of-1-fail-not-signed-with-new-key": ([2], 1, [1, 3, 4], False),
    "3-of-5-one-key-wrong": ([0, 1, 3, 4, 5], 3, [0, 2, 4], False),
    "2-of-5-threshold-not-reached": ([0, 1, 3, 4, 5], 3, [0, 4], False),
    "3-of-5-sign-combo": ([0, 1, 2, 3, 4], 3, [1, 2, 3], True),
}


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize(("keys", "threshold", "sign", "good"), NON_ROOT.values(), ids=NON_ROOT)
def test_non_root_rotations(site: Site, client: Client, role: str, keys, threshold, sign, good) -> None:
    site.let(role, keys, threshold=threshold, sign=sign)
    site.publish("root")
    site.update()
    assert client.refresh() == (0 if good else 1)
    if good:
        assert (client.metadata / f"{role}.json").read_bytes() == site.published[role][-1]


# --- test_updater_delegation_graphs, test_quoting_issues ----------------------------------------------------------

GRAPHS = {
    "basic-delegation": ("targets>A", "A"),
    "single-level-delegations": ("targets>A targets>B", "A B"),
    "two-level-delegations": ("targets>A targets>B B>C", "A B C"),
    "two-level-DFS": ("targets>A targets>B A>C A>D", "A C D B"),
    "three-level-DFS": ("targets>A targets>B A>C C>D", "A C D B"),
    "two-level-terminating": ("targets>A targets>B A>C! A>D", "A C"),
    "three-level-terminating": ("targets>A targets>B A>C! C>D", "A C D"),
    "two-level-not-matching-paths": ("targets>A? targets>B A>C", "B"),
    "three-level-not-matching-paths": ("targets>A targets>B A>C? C>D", "A B"),
    "cyclic-graph": ("targets>A targets>B B>C C>D D>B", "A B C D"),
    "two-roles-delegating-to-a-third": ("targets>A targets>B B>C A>C", "A C B"),
    "two-roles-different-paths": ("targets>A targets>B B>C A>C?", "A B C"),
}


@pytest.mark.parametrize(("edges", "visited"), GRAPHS.values(), ids=GRAPHS)
def test_graph_traversal(site: Site, client: Client, edges: str, visited: str) -> None:
    roles = {}
    for edge in edges.split():
        by, _, to = edge.rstrip("!?").partition(">")
        site.delegate(by, to, paths=["*.py"] if edge.endswith("?") else ["*"], terminating=edge.endswith("!"))
        roles[to] = True
    site.publish(*roles, "targets", "snapshot", "timestamp")
    assert client.download("missingpath") == 1
    assert site.asked[4:] == [(role, 1) for role in visited.split()]


TREE = {
    "targetfile": (True, ""), "README.md": (True, "A"), "releases/x/x_v1": (True, "B C"),
    "releases/y/y_v1.zip": (True, "B D"), "releases/z/z_v1.zip": (False, "B"),
}  # fmt: skip


@pytest.mark.parametrize("path", TREE)
def test_targetfile_search(site: Site, client: Client, path: str) -> None:
    site.delegate("targets", "A", paths=["*.doc", "*.md"])
    site.delegate("targets", "B", paths=["releases/*/*"])
    site.delegate("B", "C", paths=["releases/x/*"])
    site.delegate("B", "D", paths=["releases/y/*.zip"])
    for role, name in (("targets", "targetfile"), ("A", "README.md"), ("C", "releases/x/x_v1"),
                       ("D", "releases/y/y_v1.zip"), ("D", "releases/z/z_v1.zip")):  # fmt: skip
        site.add(role, name, f"{name} by {role}".encode())
    site.publish("A", "B", "C", "D", "targets", "snapshot", "timestamp")
    found, visited = TREE[path]
    assert client.download(path) == (0 if found else 1)
    assert client.downloaded() == ([site.content[path]] if found else [])
    assert site.asked[4:] == [(role, 1) for role in visited.split()]


@pytest.mark.parametrize(
    ("role", "quoted"), [("?", "%3F"), ("#", "%23"), ("/role", "%2Frole"), ("../role", "..%2Frole")]
)
def test_unusual_role_name(site: Site, client: Client, role: str, quoted: str) -> None:
    site.delegate("targets", role)
    site.publish(role, "targets", "snapshot", "timestamp")
    assert client.download("nonexistent target") == 1
    assert (quoted, 1) in site.asked
    assert len(client.versions()) == 5
    assert {p.parent for p in client.metadata.parent.rglob("*.json")} <= {client.metadata, client.metadata.parent}


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
