"""Targets: what the role that can only withdraw signs, alone or with the rest, and what a stick brings of it."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Targets

from appliance.intake.carrying import carries_lists_only, read_notice
from packager.format.delegation import delegated_keys, prove_notice
from packager.format.errors import FormatError, TrustError
from packager.format.release import canonical_json
from packager.format.repository import reader_of_mapping, verify
from packager.format.trust import TrustStore
from packager.format.withdrawals import NOTICE, TARGET, open_notice, read_list, write_list
from tests.fuzz.documents import pointing, signed_by
from tests.fuzz.lists import outcome, seeds
from tests.fuzz.target import Target, scratch
from tests.notices import delegate, notice
from tests.simulator import EARLIEST, FastFiles, Publisher
from tests.vectors.known import known_key
from tests.vectors.make import known_keys

_ROLE, _ONLINE, _SIGNERS = 8, 7, (4, 5)
"""Numbers of the known keys: of the role, the online one, and the two who sign targets."""


@functools.cache
def _published() -> tuple[bytes, dict[str, bytes], bytes]:
    """The root, the files of a repository whose targets delegate, and a notice that goes further than theirs."""
    with known_keys():
        national = Publisher(scratch() / "publisher")
        national.release(1)
        delegate(national)
        notice(national, "red-chamber", publish=True)
    tuf = national.keys / "tuf"
    files = {p.relative_to(tuf).as_posix(): p.read_bytes() for p in sorted(tuf.rglob("*.json"))}
    return national.root, files, notice(national, "big-map", "two-parts")


def _newest(role: str) -> str:
    return max(
        (name for name in _published()[1] if name.startswith("metadata/") and name.endswith(f".{role}.json")),
        key=lambda name: int(name.split("/")[1].split(".")[0]),
    )


def _list() -> bytes:
    """The list that the newest metadata of the role names."""
    _, files, _ = _published()
    target = json.loads(files[_newest("withdrawals")])["signed"]["targets"][TARGET]
    return files[f"targets/withdrawals/{target['hashes']['sha256']}.list.json"]


def run_withdrawals(data: bytes) -> bool:
    found = outcome(lambda: read_list(data), FormatError)
    if found is None:
        return False
    written = write_list(reversed(found))
    assert read_list(written) == found
    # The same list: only members that this version does not know are left out.
    kept = {"id", "reason", "since", "title"}
    before = [{name: entry[name] for name in kept} for entry in json.loads(data)["withdrawn"]]
    assert before == json.loads(written)["withdrawn"]
    return True


def run_notice(data: bytes) -> bool:
    """A stick with anything under the name of a notice, held to a box that trusts the publisher."""
    stick, store = scratch() / "stick", _box()
    (stick / "tuf").mkdir(parents=True, exist_ok=True)
    path = stick / (NOTICE if data[:1] < b"\x80" else f"tuf/{NOTICE}")
    path.write_bytes(data[1:])
    try:
        assert carries_lists_only(stick)
        content = read_notice(stick)
        assert content == data[1:]
        opened = outcome(lambda: open_notice(content), FormatError)
        taken = outcome(lambda: store.offer_notice(content), TrustError)
    finally:
        path.unlink()
    assert opened is not None or taken is None
    assert store.current().withdrawn in ({"red-chamber"}, {"red-chamber", "big-map", "two-parts"})
    return taken is not None


@functools.cache
def _box() -> TrustStore:
    logging.disable(logging.CRITICAL)
    root, files, _ = _published()
    tuf: Path = scratch() / "register"
    for name, content in files.items():
        (tuf / name).parent.mkdir(parents=True, exist_ok=True)
        (tuf / name).write_bytes(content)
    store = TrustStore(scratch() / "box", root, FastFiles(), earliest=EARLIEST)
    store.offer(tuf)
    return store


def run_delegation(data: bytes) -> bool:
    """Anything at all, signed by those who may: the role's metadata, its list, or the targets that delegate."""
    kind, content = data[0] % 4 if data else 0, data[1:]
    root, files, _ = _published()
    listed = _list()
    targets, metadata = files[_newest("targets")], files[_newest("withdrawals")]
    if kind == 2:
        changed = {**files, _newest("targets"): signed_by(content, *_SIGNERS)}
        names = (_newest("targets"), _newest("snapshot"), "metadata/timestamp.json")
        for below, above in pairwise(names):
            role = below.rsplit(".", 2)[1]
            changed[above] = pointing(changed[above], f"{role}.json", changed[below], _ONLINE)
        verified = outcome(lambda: verify(reader_of_mapping(changed), root), TrustError)
        if verified is not None:
            assert list(delegated_keys(verified.metadata["targets"])) == sorted(delegated_keys(changed[names[0]]))
        return verified is not None
    if kind == 0:
        metadata = signed_by(content, _ROLE)
    elif kind == 1:
        listed, metadata = content, _for(content, metadata)
    else:
        metadata = content
    found = outcome(lambda: prove_notice(targets, metadata, listed), TrustError)
    if found is None:
        return False
    assert found.withdrawn == read_list(listed)
    assert outcome(lambda: prove_notice(targets, metadata, listed + b" "), TrustError) is None
    return True


def _for(content: bytes, metadata: bytes) -> bytes:
    """The role's metadata for another list, signed again."""
    parsed: Metadata[Targets] = Metadata.from_bytes(metadata)
    parsed.signed.targets[TARGET] = parsed.signed.targets[TARGET].from_data(TARGET, content, ["sha256"])
    parsed.sign(CryptoSigner(known_key(_ROLE).private))
    return parsed.to_bytes()


def _delegation_seeds() -> Sequence[bytes]:
    _, files, _ = _published()
    role, targets = files[_newest("withdrawals")], files[_newest("targets")]
    parts = [canonical_json(json.loads(content)["signed"]) for content in (role, targets)]
    return [b"\0" + parts[0], b"\1" + _list(), b"\2" + parts[1], b"\3" + role]


def _notice_seeds() -> Sequence[bytes]:
    _, files, content = _published()
    old = {"list": "{}", "metadata": files[_newest("withdrawals")].decode()}
    laid_out = json.dumps(json.loads(content), indent=4).encode()
    return [b"\0" + content, b"\xff" + laid_out, b"\0" + canonical_json(old), b"\0{}"]


_MEMBERS = (b'"withdrawn":[', b'"since":"2026-02-30"', b'"id":"local:a"', b'"title":"e\xcc\x81"', b'"reason":null')
_ROLE_MEMBERS = (b'"delegations":{', b'"succinct_roles":{', b'"targets":{', b'"paths":["*"]', b'"terminating":false')
NOTICES = (
    Target("withdrawals", "packager.format.withdrawals.read_list", seeds("withdrawals"), run_withdrawals, _MEMBERS),
    Target(
        "notice", "appliance.intake.carrying.read_notice", _notice_seeds, run_notice, (b'"list":"', b'"metadata":"'),
        prefix=1, seconds=3,
    ),
    Target(
        "delegation", "packager.format.delegation.prove_notice", _delegation_seeds, run_delegation,
        (*_ROLE_MEMBERS, b'"threshold":0', b'"keyids":[]'), prefix=1, seconds=3,
    ),
)  # fmt: skip
