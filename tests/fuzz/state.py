"""Targets: what stands on the box's own disk or comes from its kernel, and may come back otherwise."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import StoreError
from appliance.intake.journal import Journal
from appliance.intake.mounts import MAX_MOUNTS, parse_mountinfo
from appliance.serving.ranges import requested_range
from appliance.store.checks import CheckReader, CheckStore
from appliance.store.commands import COMMANDS, receive, send
from appliance.store.faults import FaultReader, FaultStore
from appliance.store.releases import ReleaseStore, folder_name
from appliance.store.repairs import Repaired, RepairReader, RepairStore, Report
from packager.format.release import Release
from tests.fuzz.lists import V1, outcome
from tests.fuzz.target import Target, scratch
from tests.simulator import FastFiles

KNOWN = V1 / "known/drive"


class _Still(Clock):
    def now(self) -> datetime:
        return datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def run_commands(data: bytes) -> bool:
    folder = scratch() / "commands"
    folder.mkdir(exist_ok=True)
    (folder / "20261126093000-1-0.json").write_bytes(data)
    send(folder, {"do": "rebuild"}, clock=_Still(), files=FastFiles())
    found = receive(folder, FastFiles())
    assert list(folder.iterdir()) == []
    assert found[-1] == {"do": "rebuild"}
    assert all(c["do"] in COMMANDS and all(map(str.isascii, c["do"])) for c in found)
    assert all(isinstance(value, str) for command in found for value in command.values())
    return len(found) == 2


def run_journal(data: bytes) -> bool:
    """Lines with their checksums put right, so that what stands in them is reached; one of them is left as it is."""
    path = scratch() / "journal.jsonl"
    first, *rest = data.split(b"\n")
    path.write_bytes(b"\n".join([first, *(hashlib.sha256(x).hexdigest()[:16].encode() + b" " + x for x in rest)]))
    journal = Journal(path, FastFiles(), _Still())
    before = list(journal.read())
    journal.add("plugged", {"drive": "k"})
    after = list(Journal(path, FastFiles(), _Still()).read())
    assert after[:-1] == before
    assert after[-1]["event"] == "plugged"
    assert all(after[-1]["n"] > line["n"] for line in before)
    return bool(before)


@functools.cache
def _release() -> tuple[Path, bytes]:
    """A release on the SSD: its folder, and its document."""
    content = next((KNOWN / "tuf/targets/releases").rglob("*.3.json")).read_bytes()
    release = Release.from_bytes(content)
    folder = scratch() / "releases" / folder_name(release)
    (folder / "meta").mkdir(parents=True)
    (folder / "disks").mkdir()
    for name in release.truth:
        (folder / "meta" / name).write_bytes((KNOWN / "bag/meta" / name).read_bytes())
    (folder / "meta/catalogue.1.db").touch()
    for name, body in _release_files(content).items():
        (folder / name).write_bytes(body)
    return folder, content


def _release_files(content: bytes) -> dict[str, bytes]:
    ready = {"format": 1, "release": hashlib.sha256(content).hexdigest()}
    parts = {"format": 1, "parts": {"catalogue": "meta/catalogue.1.db", "search": "meta/search.1"}}
    return {
        "READY": json.dumps(ready).encode(), "parts.json": json.dumps(parts).encode(), "release.json": content,
        "disks/1.sample": b'[["data/x", 7]]',
    }  # fmt: skip


def run_kept_release(data: bytes) -> bool:
    """One file of a release's folder replaced; a changed document with the READY that fits it."""
    folder, content = _release()
    files = _release_files(content)
    name = list(files)[data[0] % len(files) if data else 0]
    files[name] = data[1:]
    if name == "release.json":
        files["READY"] = _release_files(data[1:])["READY"]
    for place, body in files.items():
        (folder / place).write_bytes(body)
    store = ReleaseStore(scratch() / "releases", scratch() / "staging", FastFiles())
    found = store.get(f"{folder.parent.name}/{folder.name}")
    if found is None:
        assert name in {"READY", "release.json"}
        return False
    assert all((found.path / part).resolve().is_relative_to(folder.resolve()) for part in found.parts.values())
    assert all(isinstance(path, str) and type(size) is int for path, size in store.sample(found, 1))
    return True


_STORES = (
    lambda path: FaultStore(path, _Still()),
    CheckStore,
    RepairStore,
)


def run_databases(data: bytes) -> bool:
    """A database of the box with any bytes: who reads answers nothing, who writes says that it cannot be used."""
    kind, folder = data[0] % 3 if data else 0, scratch() / "databases"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path = folder / "box.db"
    path.write_bytes(data[1:])
    reader = (FaultReader, CheckReader, RepairReader)[kind](path)
    found: Sequence[object] = ()
    if isinstance(reader, FaultReader):
        found = reader.standing()
    elif isinstance(reader, CheckReader):
        found = [*reader.runs(), *reader.findings(0)]
    else:
        found = [*reader.repaired(0), *reader.latest(), *reader.reports(), *reader.attempts(), reader.epoch()]
    reader.changed()
    reader.close()
    store = outcome(lambda: _STORES[kind](path), StoreError)
    if store is not None:
        store.close()
    return bool(found) and store is not None


def run_mounts(data: bytes) -> bool:
    found = parse_mountinfo(data.decode("utf-8", "surrogateescape"))
    assert len(found) <= MAX_MOUNTS
    assert all(mount.folder == folder for folder, mount in found.items())
    return bool(found)


def run_range(data: bytes) -> bool:
    """The header of a patron's browser: `data` begins with the size of the item."""
    size = (0, 1, 10, 1 << 20, (1 << 43) - 1)[data[0] % 5 if data else 0]
    found = requested_range(data[1:].decode("latin-1"), size)
    if found is None:
        return False
    assert found.satisfiable == (found.content_range(size)[:7] != "bytes *")
    assert not found.satisfiable or 0 <= found.start < found.stop <= size
    return True


def _journal_seeds() -> Sequence[bytes]:
    path = scratch() / "seed.jsonl"
    journal = Journal(path, FastFiles(), _Still())
    journal.add("plugged", {"drive": "k", "n2": 5})
    first, body = path.read_bytes().rstrip(b"\n"), path.read_bytes().partition(b" ")[2].rstrip(b"\n")
    return [first + b"\n" + body, first, b"\n" + body.replace(b'"n":1', b'"n":7') + b"\n" + body]


def _kept_release_seeds() -> Sequence[bytes]:
    return [bytes([n]) + body for n, body in enumerate(_release_files(_release()[1]).values())]


def _database_seeds() -> Sequence[bytes]:
    found = []
    for kind in range(3):
        path = scratch() / f"seed-{kind}.db"
        store = _STORES[kind](path)
        if isinstance(store, FaultStore):
            store.record("a" * 64, 3, item_id="x", drive="k")
        elif isinstance(store, RepairStore):
            store.add([Repaired("a" * 64, 3, "b" * 64, 5, "x", "stick", "", "2026-11-26")])
            store.report(Report("list", "repair.list.saved", {"count": 1}, "2026-11-26"))
        store.close()
        found.append(bytes([kind]) + path.read_bytes())
    return found


_MOUNTS = (
    b"36 35 98:0 / /media/a\\040b rw,noatime master:1 - ext4 /dev/sdb1 rw\n",
    b"37 35 0:44 / /media/c ro shared:1 - exfat /dev/sdc1 ro\n38 36 0:45 /x /media/c rw - fuse.x y\\134 rw",
)
_RELEASE = (b'"parts":{', b'"catalogue":"meta/../../../x.db"', b'"search":"meta/search"', b"Infinity", b"[" * 3000)
STATE = (
    Target(
        "commands", "appliance.store.commands.receive",
        lambda: [b'{"do":"eject","drive":"k"}', b'{"do":"look-again","why":"sick"}', b"{}"],
        run_commands, (b'"do":"rebuild"', b'"part":"search"', b"[" * 3000),
    ),
    Target("journal", "appliance.intake.journal.Journal", _journal_seeds, run_journal, (b'"n":', b'"event":"x"')),
    Target(
        "kept-release", "appliance.store.releases.ReleaseStore.get", _kept_release_seeds, run_kept_release, _RELEASE,
        prefix=1,
    ),
    Target(
        "databases", "appliance.store.databases", _database_seeds, run_databases, (b"SQLite format 3\0",), 120_000,
        prefix=1, seconds=3,
    ),
    Target("mounts", "appliance.intake.mounts.parse_mountinfo", lambda: list(_MOUNTS), run_mounts, (b"\\040", b" - ")),
    Target(
        "range", "appliance.serving.ranges.requested_range",
        lambda: [bytes([n]) + x for n in range(5) for x in (b"bytes=0-4", b"bytes=5-", b"bytes=-3", b"bytes=1-2,4-5")],
        run_range, (b"bytes=", b"9" * 18), 200, prefix=1,
    ),
)  # fmt: skip
