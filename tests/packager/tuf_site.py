"""A small TUF repository behind a web server, and the client of `packager.conformance` that is run against it."""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib import parse

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from packager.conformance import main

TOP = ("root", "timestamp", "snapshot", "targets")
KEYS = [CryptoSigner.generate_ed25519() for _ in range(14)]
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)  # noqa: TID251 - the client asks the real clock


class Site:
    """Signs and serves; a test changes `signed` and publishes.

    Attributes:
        signed: the parts as they are now, by role. published: bytes of every version, by role.
        keys: numbers of the keys that sign a role. targets: content by path.
        asked: (role, version) of every request for metadata. taken: path of every request for a target.
        hashes: whether snapshot and timestamp name digests and lengths.
    """

    def __init__(self) -> None:
        self.published: dict[str, list[bytes]] = {}
        self.keys: dict[str, list[int]] = {}
        self.content: dict[str, bytes] = {}
        self.asked: list[tuple[str, int | None]] = []
        self.taken: list[str] = []
        self.hashes = False
        self.root, self.timestamp = Root(expires=SOON), Timestamp(expires=SOON)
        self.snapshot, self.targets = Snapshot(expires=SOON), Targets(expires=SOON)
        self.signed: dict[str, Root | Timestamp | Snapshot | Targets] = {
            "root": self.root, "timestamp": self.timestamp, "snapshot": self.snapshot, "targets": self.targets,
        }  # fmt: skip
        for number, role in enumerate(TOP):
            self.let(role, [number])
        self.publish("targets", "snapshot", "timestamp", "root")

    def let(self, role: str, keys: Sequence[int], *, threshold: int = 1, sign: Sequence[int] | None = None) -> None:
        """Name other keys for a top-level role, and who signs it."""
        self.root.roles[role].keyids.clear()
        for number in keys:
            self.root.add_key(copy.deepcopy(KEYS[number].public_key), role)
        self.root.roles[role].threshold = threshold
        self.keys[role] = list(keys if sign is None else sign)

    def delegate(
        self, by: str, role: str, key: int = 9, *, paths: Sequence[str] = ("*",), terminating: bool = False,
        expires: datetime = SOON,
    ) -> Targets:  # fmt: skip
        """Delegate to a role, which is made when it is new."""
        delegator = self.signed[by]
        assert isinstance(delegator, Targets)
        if delegator.delegations is None:
            delegator.delegations = Delegations({}, roles={})
        assert delegator.delegations.roles is not None
        delegator.delegations.roles[role] = DelegatedRole(role, [], 1, terminating, list(paths))
        delegator.add_key(KEYS[key].public_key, role)
        self.keys[role] = [key]
        made = self.signed.setdefault(role, Targets(expires=expires))
        assert isinstance(made, Targets)
        return made

    def add(self, role: str, path: str, content: bytes) -> None:
        """List a target."""
        signed = self.signed[role]
        assert isinstance(signed, Targets)
        signed.targets[path] = TargetFile.from_data(path, content, ["sha256"])
        self.content[path] = content

    def publish(self, *roles: str, bump: bool = True) -> None:
        """Sign the next version of each role in order and make it public."""
        for role in roles:
            signed = self.signed[role]
            if bump and role in self.published:
                signed.version += 1
            metadata = Metadata(signed)
            for number in self.keys[role]:
                metadata.sign(KEYS[number], append=True)
            content = metadata.to_bytes()
            self.published.setdefault(role, []).append(content)
            described = MetaFile(
                signed.version,
                len(content) if self.hashes else None,
                {"sha256": hashlib.sha256(content).hexdigest()} if self.hashes else None,
            )
            if role == "snapshot":
                self.timestamp.snapshot_meta = described
            elif role not in TOP or role == "targets":
                self.snapshot.meta[f"{role}.json"] = described

    def update(self) -> None:
        """Publish all that changes with a list."""
        self.publish("targets", "snapshot", "timestamp")

    def fetch(self, path: str) -> bytes:
        """What is asked for.

        Raises:
            LookupError: nothing is there.
        """
        kind, _, name = path.partition("/")
        if kind == "targets":
            self.taken.append(name)
            folder, sep, last = name.rpartition("/")
            digest, _, rest = last.partition(".")
            listed = [t for s in self.signed.values() if isinstance(s, Targets) for t in s.targets.values()]
            if not any(t.path == f"{folder}{sep}{rest}" and t.hashes["sha256"] == digest for t in listed):
                raise LookupError(name)
            return self.content[f"{folder}{sep}{rest}"]
        stem = name.removesuffix(".json")
        number, _, quoted = stem.partition(".")
        if stem == "timestamp":
            self.asked.append(("timestamp", None))
            return self.published["timestamp"][-1]
        role = parse.unquote(quoted)
        self.asked.append((quoted, int(number)))
        found = [c for c in self.published[role] if Metadata.from_bytes(c).signed.version == int(number)]
        return found[-1]


class Client:
    """The executable, with folders of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.metadata, self.targets, self.url = folder / "metadata", folder / "targets", url

    def run(self, *arguments: str) -> int:
        """Run a command."""
        return main(["--metadata-dir", str(self.metadata), "--metadata-url", f"{self.url}/metadata/", *arguments])

    def init(self, root: bytes) -> int:
        """Begin with a root."""
        path = self.metadata.with_name("initial.json")
        path.write_bytes(root)
        return self.run("init", str(path))

    def refresh(self) -> int:
        """Bring metadata up to date."""
        return self.run("refresh")

    def download(self, name: str) -> int:
        """Bring a target."""
        base = f"{self.url}/targets"
        return self.run("--target-name", name, "--target-dir", str(self.targets), "--target-base-url", base, "download")

    def versions(self) -> dict[str, int]:
        """Version by role, of what is trusted."""
        return {
            parse.unquote(p.name.removesuffix(".json")): Metadata.from_bytes(p.read_bytes()).signed.version
            for p in self.metadata.glob("*.json")
        }

    def downloaded(self) -> list[bytes]:
        """What was downloaded, sorted."""
        return sorted(p.read_bytes() for p in self.targets.rglob("*") if p.is_file()) if self.targets.exists() else []


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The address of a site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                content = site.fetch(self.path.lstrip("/"))
            except (LookupError, ValueError):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def client(site: Site, tmp_path: Path) -> Iterator[Client]:
    with served(site) as url:
        made = Client(tmp_path, url)
        assert made.init(site.published["root"][0]) == 0
        yield made
