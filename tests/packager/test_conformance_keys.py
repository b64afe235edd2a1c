"""The cases of tuf-conformance about keys and delegations, by its names (docs/tuf-conformance.md)."""

from __future__ import annotations

import pytest
from tuf.api.metadata import Key as TufKey

from tests.packager.tuf_site import KEYS, Client, Site, client, site

__all__ = ["client", "site"]


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
