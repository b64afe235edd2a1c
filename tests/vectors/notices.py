"""Notices that travel alone, good and bad, for a box that knows the golden set, with what it must make of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tuf.api.metadata import Delegations, Metadata, TargetFile, Targets

from packager.authority import add_signature
from packager.format.withdrawals import TARGET
from provisioning.keys import Key
from tests.notices import notice
from tests.simulator import Publisher

Case = dict[str, Any]
_KNOWN = ["two-parts"]


def notices(publisher: Publisher, before: Publisher) -> Iterator[Case]:
    """The cases; every one is held to a box that has taken the set and nothing since.

    Args:
        publisher: as it was when the set was signed.
        before: as it was before the withdrawal that the set carries.
    """
    published = (publisher.keys / "withdrawals.json").read_bytes()
    first = (before.keys / "withdrawals.json").read_bytes()
    other = notice(before, "red-chamber")
    newer = notice(publisher, "red-chamber")
    key, online = publisher.key("withdrawals-1"), publisher.key("online")

    def good(name: str, content: bytes, withdrawn: list[str]) -> Case:
        return {"name": name, "input": content.decode(), "ok": True, "withdrawn": withdrawn}

    def bad(name: str, content: bytes | str, code: str) -> Case:
        text = content if isinstance(content, str) else content.decode()
        return {"name": name, "input": text, "ok": False, "code": code}

    def changed(change: Callable[[Targets], None], by: Key = key) -> bytes:
        return _changed(newer, change, by)

    both = ["red-chamber", "two-parts"]
    yield good("the one that is known", published, _KNOWN)
    yield good("one more is withdrawn", newer, both)
    yield good("laid out anew", json.dumps(json.loads(newer), indent=4).encode(), both)
    yield good("of the other key", notice(publisher, "entry-only", key="withdrawals-2"), sorted([*both, "entry-only"]))
    yield good("everything is given back", notice(publisher, *both, "entry-only", undo=True), [])
    yield good("expired", changed(lambda signed: setattr(signed, "expires", signed.expires.replace(year=2027))), both)
    yield good("a number that nobody reaches", changed(lambda signed: setattr(signed, "version", 1 << 30)), both)
    yield bad("an older number", first, "retired")
    yield bad("the same number, another list", other, "list-changed")
    yield bad("another list than was signed", newer.replace(b"red-chamber", b"red-chambre"), "list-changed")
    yield bad(
        "another number than was signed", _members(newer, lambda m: m["signed"].update(version=4)), "list-changed"
    )
    yield bad("signed by the online key", changed(lambda _: None, online), "unknown-issuer")
    yield bad("signed by who signs releases", changed(lambda _: None, publisher.key("targets-1")), "unknown-issuer")
    yield bad("signed by nobody", _members(newer, lambda m: m.update(signatures=[])), "unknown-issuer")
    yield bad("a release beside the list", changed(_reach), "list-changed")
    yield bad("the list under another name", changed(_elsewhere), "list-changed")
    yield bad(
        "a delegation of its own", changed(lambda s: setattr(s, "delegations", Delegations({}, {}))), "list-changed"
    )
    yield bad("metadata of another role", _of_root(newer, publisher), "unknown-issuer")
    yield bad("metadata cut short", _texts(newer, lambda d: d.update(metadata=d["metadata"][:200])), "half-copied")
    yield bad("no metadata", _texts(newer, lambda d: d.pop("metadata")), "list-changed")
    yield bad("no list", _texts(newer, lambda d: d.pop("list")), "list-changed")
    yield bad("the list as an object", _texts(newer, lambda d: d.update(list=json.loads(d["list"]))), "list-changed")
    yield bad("empty", "", "list-changed")
    yield bad("a list of both", "[]", "list-changed")
    yield {**bad("too large", newer.decode()[:-2] + ',"more":"~"}', "list-changed"), "expand": 3 << 20}


def _changed(content: bytes, change: Callable[[Targets], None], key: Key) -> bytes:
    """A notice with what its metadata says changed, signed by `key`."""
    document = json.loads(content)
    metadata: Metadata[Targets] = Metadata.from_bytes(document["metadata"].encode())
    change(metadata.signed)
    metadata.signatures.clear()
    document["metadata"] = add_signature(metadata.to_bytes(), key).decode()
    return _text(document)


def _members(content: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = json.loads(content)
    metadata = json.loads(document["metadata"])
    change(metadata)
    return _text({**document, "metadata": json.dumps(metadata)})


def _texts(content: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = json.loads(content)
    change(document)
    return _text(document)


def _of_root(content: bytes, publisher: Publisher) -> bytes:
    return _texts(content, lambda d: d.update(metadata=publisher.root.decode()))


def _text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _reach(signed: Targets) -> None:
    name = "releases/national/9.json"
    signed.targets[name] = TargetFile.from_data(name, b"{}", ["sha256"])


def _elsewhere(signed: Targets) -> None:
    signed.targets["withdrawals/other.json"] = signed.targets.pop(TARGET)
