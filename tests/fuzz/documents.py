"""Targets: signed documents, and what the box keeps of them."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from appliance.errors import HoldingsError
from appliance.store.holdings import HeldDrive, HeldRelease, Holdings, Message
from packager.format.errors import FormatError, TrustError
from packager.format.floors import Floors, TwoCopies
from packager.format.listing import read_listing
from packager.format.release import Release, canonical_json, load_canonical
from packager.format.repository import Verified, reader_of_mapping, verify
from packager.format.trust import TrustStore
from tests.fuzz.lists import V1, outcome, seeds, vectors
from tests.fuzz.target import Target, scratch
from tests.simulator import EARLIEST, FastFiles
from tests.vectors.known import known_key

KNOWN = V1 / "known"
_HASH = b"0" * 64


def run_release(data: bytes) -> bool:
    found = outcome(lambda: Release.from_bytes(data), FormatError)
    if found is None:
        return False
    written = found.to_bytes()
    assert Release.from_bytes(written) == found
    # What comes out is what went in, but for members that this version does not know.
    before, after = json.loads(data), json.loads(written)
    assert (
        {name: before[name] for name in after} == after
        or set(before["truth"]["items.txt"]) > {"sha256", "size"}
        or (_known(before) == after)
    )
    return True


def _known(document: dict[str, object]) -> object:
    """A release document without the members that this version passes over; a count of 0 is one that is not told."""
    kept = {"sha256", "size", "tool", "format", "n", "tagmanifest", "bytes", "count"}
    nested = {"accelerators", "truth"}
    found = {}
    for name, value in document.items():
        if name in nested and isinstance(value, dict):
            found[name] = {k: {m: v[m] for m in v if m in kept} for k, v in value.items()}
        elif name == "disks" and isinstance(value, list):
            found[name] = [{m: v[m] for m in v if m in kept and (m, v[m]) != ("count", 0)} for v in value]
        elif name in _RELEASE:
            found[name] = value
    return found


_RELEASE = {
    "accelerators", "bundle", "count", "disks", "edition", "issued", "name", "requires", "seq", "supersedes", "truth",
}  # fmt: skip


def run_listing(data: bytes) -> bool:
    """A signed list is read whatever its targets hold: one that cannot be read harms itself only."""
    content = data[1:]
    names = ("releases/national/11.json", "retired/national.json", "withdrawn/national.json")
    name = names[data[0] % 3 if data else 0]
    whole = (V1 / "release.json").read_bytes()
    listing = read_listing({"releases/national/2.json": whole, name: content})
    assert [release.seq for release in listing.releases][:1] == [2]
    assert all(type(number) is int and number > 0 for number in listing.lifted.values())
    return len(listing.releases) > 1 or bool(listing.retired) or bool(listing.withdrawn) or bool(listing.lifted)


def run_floors(data: bytes) -> bool:
    found = outcome(lambda: Floors.from_bytes(data), FormatError)
    if found is None:
        return False
    assert Floors.from_bytes(found.to_bytes()) == found
    for role in ("root", "timestamp", "snapshot", "targets"):
        versions = dict.fromkeys(("root", "timestamp", "snapshot", "targets"), 1)
        found.below(versions, dict.fromkeys(versions, ("k",)), dict.fromkeys(versions, 1))
        assert role in versions
    return True


def run_copies(data: bytes) -> bool:
    """Two copies cut anywhere: `data` is `<a>` FF `<b>`."""
    a, _, b = data.partition(b"\xff")
    folder = scratch() / "copies"
    folder.mkdir(exist_ok=True)
    (folder / "floor.a").write_bytes(a)
    (folder / "floor.b").write_bytes(b)
    copies = TwoCopies(folder, "floor", FastFiles())
    found = copies.read()
    assert found is None or any(copy.endswith(found) for copy in (a, b))
    assert (found is None) == (copies.newest_first() == [])
    return found is not None


def run_trusted(data: bytes) -> bool:
    """Kept metadata that the SSD gives back otherwise: the box opens, with what can be proved or with nothing."""
    logging.disable(logging.CRITICAL)
    state = scratch() / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    head = f"trusted 7 {hashlib.sha256(data).hexdigest()}\n".encode()
    (state / "trusted.a").write_bytes(head + data)
    store = TrustStore(state, (KNOWN / "root.json").read_bytes(), FastFiles(), earliest=EARLIEST)
    versions = store.current().versions
    assert not versions or dict(versions) == _verified().versions
    return bool(versions)


def run_holdings(data: bytes) -> bool:
    """A document whose checksum is right, so that what stands in it is reached."""
    found = outcome(lambda: Holdings.from_bytes(data), HoldingsError)
    if found is None:
        found = outcome(lambda: Holdings.from_bytes(_sealed(data)), HoldingsError)
    if found is None:
        return False
    assert Holdings.from_bytes(found.to_bytes()) == found
    return True


def _sealed(data: bytes) -> bytes:
    try:
        body = json.loads(data)
        body.pop("sha256", None)
        body.pop("format", None)
        text = canonical_json(body)
        return canonical_json({**body, "format": 1, "sha256": hashlib.sha256(text).hexdigest()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return data


@functools.cache
def _tuf_files() -> dict[str, bytes]:
    tuf = KNOWN / "drive/tuf"
    return {p.relative_to(tuf).as_posix(): p.read_bytes() for p in sorted(tuf.rglob("*.json"))}


@functools.cache
def _verified() -> Verified:
    return verify(reader_of_mapping(_tuf_files()), (KNOWN / "root.json").read_bytes())


def run_tuf(data: bytes) -> bool:
    """One file of the signed metadata replaced: it is refused with its own error, or nothing that counts changed."""
    names = list(_tuf_files())
    name = names[data[0] % len(names) if data else 0]
    files = {**_tuf_files(), name: data[1:]}
    found = outcome(lambda: verify(reader_of_mapping(files), (KNOWN / "root.json").read_bytes()), TrustError)
    if found is None:
        return False
    assert found.versions == _verified().versions
    assert found.listed == _verified().listed
    return True


_SIGNERS = {"root": (1, 2, 3), "targets": (9, 5), "snapshot": (8,), "timestamp": (8,)}
"""Numbers of the known keys that sign for each role under the second root."""
_CHAIN = ("targets", "snapshot", "timestamp")


def run_signed(data: bytes) -> bool:
    """Metadata that says anything at all, signed by the right keys: what thieves of keys, or faulty tools, can do."""
    files = dict(_tuf_files())
    role = ("timestamp", "snapshot", "targets", "root")[data[0] % 4 if data else 0]
    changed = signed_by(data[1:], *_SIGNERS[role])
    if role == "root":
        files["metadata/3.root.json"] = changed
    else:
        files[_name(role)] = changed
        for below, above in pairwise(_CHAIN[_CHAIN.index(role) :]):
            files[_name(above)] = pointing(files[_name(above)], f"{below}.json", files[_name(below)], *_SIGNERS[above])
    found = outcome(lambda: verify(reader_of_mapping(files), (KNOWN / "root.json").read_bytes()), TrustError)
    if found is None:
        return False
    read_listing(found.listed)
    Floors({}).raised(found.versions, found.keys, EARLIEST).below(found.versions, found.keys, found.thresholds)
    return True


def _name(role: str) -> str:
    return "metadata/timestamp.json" if role == "timestamp" else f"metadata/5.{role}.json"


def signed_by(content: bytes, *keys: int) -> bytes:
    """Metadata whose signed part is `content`, signed by these known keys if it can be read at all."""
    try:
        document = json.loads(content)
        metadata: Metadata[Root] = Metadata.from_dict({"signatures": [], "signed": document})
        for number in keys:
            metadata.sign(CryptoSigner(known_key(number).private), append=True)
        return metadata.to_bytes()
    except (RepositoryError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return b'{"signatures":[],"signed":' + content + b"}"


def pointing(above: bytes, name: str, content: bytes, *keys: int) -> bytes:
    """`above` with the digest of `content`, signed again."""
    signed = json.loads(above)["signed"]
    signed["meta"][name].update(hashes={"sha256": hashlib.sha256(content).hexdigest()}, length=len(content))
    return signed_by(canonical_json(signed), *keys)


def _signed_seeds() -> Sequence[bytes]:
    files = _tuf_files()
    names = (_name("timestamp"), _name("snapshot"), _name("targets"), "metadata/2.root.json")
    parts = [json.loads(files[name])["signed"] for name in names]
    parts[3]["version"] = 3
    return [bytes([n]) + canonical_json(part) for n, part in enumerate(parts)]


def run_canonical(data: bytes) -> bool:
    found = outcome(lambda: load_canonical(data, 8192, "document"), FormatError)
    assert found is None or canonical_json(found) == data
    return found is not None


def _tuf_seeds() -> Sequence[bytes]:
    return [bytes([n]) + content for n, content in enumerate(_tuf_files().values())]


def _listing_seeds() -> Sequence[bytes]:
    retired = next((KNOWN / "drive/tuf/targets/retired").iterdir()).read_bytes()
    withdrawn = b'{"bundle":"national","resources":{"A0001":"2026-11-22"}}\n'
    return [*(b"\0" + text for text in vectors("releases")), b"\1" + retired, b"\2" + withdrawn,
            *(b"\2" + text for text in vectors("withdrawn"))]  # fmt: skip


def _copies_seeds() -> Sequence[bytes]:
    found = [json.loads(line) for line in (V1 / "copies.jsonl").read_text("utf-8").splitlines()]
    return [(case["a"] or "").encode() + b"\xff" + (case["b"] or "").encode() for case in found]


def _trusted_seeds() -> Sequence[bytes]:
    state: Path = scratch() / "seeds"
    store = TrustStore(state, (KNOWN / "root.json").read_bytes(), FastFiles(), earliest=EARLIEST)
    store.offer(KNOWN / "drive/tuf")
    return [TwoCopies(state, "trusted", FastFiles()).read() or b""]


def _holdings_seeds() -> Sequence[bytes]:
    release = HeldRelease("national", 1, "2026.11", "2026-11-22", "国家图书馆", "国家版", "national/1-abc", "t", 9)
    drive = HeldDrive("k", "/media/x", "国家版", "ready", Message("intake.trusted", {"issuer": "国家图书馆", "n": 1}))
    holdings = Holdings(5, "2026-11-22T00:00:00+00:00", (release,), (drive,), (Message("home.no_drive"),))
    return [Holdings().to_bytes(), holdings.to_bytes()]


_TUF = (b'"signed"', b'"version":', b'"keyids":[', b'"threshold":1', b'"expires":"2026-01-01T00:00:00Z"', _HASH)
DOCUMENTS = (
    Target(
        "release",
        "packager.format.release.Release",
        seeds("releases", V1 / "release.json"),
        run_release,
        (b'"requires":["x"]', _HASH),
    ),
    Target(
        "canonical",
        "packager.format.release.load_canonical",
        seeds("releases", V1 / "floors.jsonl"),
        run_canonical,
        (b"1.0", b"-0", b"NaN"),
    ),
    Target(
        "listing",
        "packager.format.listing.read_listing",
        _listing_seeds,
        run_listing,
        (b'"tagmanifests":{', _HASH),
        prefix=1,
    ),
    Target("tuf", "packager.format.repository.verify", _tuf_seeds, run_tuf, _TUF, prefix=1, seconds=3),
    Target(
        "signed",
        "packager.format.repository.verify",
        _signed_seeds,
        run_signed,
        (*_TUF, b"2026-11-22T00:00:00Z", b'"meta":{'),
        prefix=1,
        seconds=3,
    ),
    Target(
        "floors",
        "packager.format.floors.Floors",
        seeds("floors"),
        run_floors,
        (b'"roles":{', b'"version":', b"0001-01-01T00:00:00+23:00"),
    ),
    Target("copies", "packager.format.floors.TwoCopies", _copies_seeds, run_copies, (b"floor 8 ", _HASH)),
    Target(
        "trusted",
        "packager.format.trust.TrustStore",
        _trusted_seeds,
        run_trusted,
        (b'"anchor":"', b'"files":{'),
        60_000,
        seconds=3,
    ),
    Target(
        "holdings", "appliance.store.holdings.Holdings", _holdings_seeds, run_holdings, (b'"releases":[', b'"drives":[')
    ),
)
