"""The list of withdrawn resources that two people sign: what the next one says, and proving that it follows.

`withdrawn/<bundle>.json` is kept by that bundle's desk (docs/format.md, 2). Resources are added to it, or lifted: taken
off it, and what the one-person notice says of them up to its present number no longer counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from indexer.model import is_resource_id
from packager.authority import Published
from packager.errors import NumberDiffersError, SigningError
from packager.format.errors import FormatError
from packager.format.listing import MAX_WITHDRAWN, read_listing
from packager.format.release import canonical_json, load_canonical
from packager.format.withdrawals import Notice

WITHDRAW, LIFT = "withdraw", "lift"
"""Kinds of changes of the list."""


def list_name(bundle: str) -> str:
    """Name of the target of a bundle's desk."""
    return f"withdrawn/{bundle}.json"


def withdrawn_contents(before: Published, bundle: str, resources: Iterable[str], day: str) -> dict[str, str]:
    """A bundle's list with more resources on it, as target content by name. One that is on it keeps its day.

    Raises:
        SigningError: one is no id of a resource, or the list would be longer than `MAX_WITHDRAWN`.
    """
    named, lifted = _members(before, bundle)
    for resource in resources:
        if not is_resource_id(resource):
            raise SigningError(f"{resource!r} is no id of a resource")
        named.setdefault(resource, day)
    return _contents(bundle, named, {name: lifted[name] for name in lifted if name not in named})


def lifted_contents(before: Published, bundle: str, resources: Iterable[str], notice: Notice | None) -> dict[str, str]:
    """A bundle's list with these resources lifted, as target content by name.

    Args:
        before: what was published.
        bundle: whose desk keeps the list.
        resources: ids; those that nothing withdraws which this desk may lift are passed over.
        notice: the newest one of the role that can only withdraw.

    Raises:
        SigningError: none of them is withdrawn by that list or the notice; or as `withdrawn_contents`.
    """
    named, lifted = _members(before, bundle)
    counting = {entry.id for entry in read_listing(_listed(before)).counting(notice)}
    wanted = {name for name in resources if name in named or name in counting}
    if not wanted:
        raise SigningError(f"nothing of this is withdrawn by the list of {bundle} or by a notice")
    if notice is not None:
        lifted.update(dict.fromkeys(wanted & counting, notice.version))
    return _contents(bundle, {name: named[name] for name in named if name not in wanted}, lifted)


def check_contents(
    kind: str, before: Published, bundle: str, day: str, contents: Mapping[str, str], notice: Notice | None
) -> None:
    """Prove that the list of a change is the one that follows from what was published.

    Args:
        kind: `WITHDRAW` or `LIFT`.
        before: what was published.
        bundle: whose desk keeps the list.
        day: of the change.
        contents: the list, as target content by name.
        notice: the newest one that this signer knows.

    Raises:
        NumberDiffersError: it is another list.
    """
    try:
        (text,) = contents.values()
        named, lifted = _parsed(text.encode())
        if kind == WITHDRAW:
            expected = withdrawn_contents(before, bundle, named, day)
        else:
            had, were = _members(before, bundle)
            fresh = {name for name in lifted if lifted[name] != were.get(name)}
            expected = lifted_contents(before, bundle, (had.keys() - named.keys()) | fresh, notice)
    except (SigningError, FormatError, ValueError, KeyError, TypeError) as error:
        raise NumberDiffersError(f"the list of withdrawn resources does not follow: {error}") from error
    if contents != expected:
        raise NumberDiffersError("the list of withdrawn resources is not the one that follows from the change")


def withdrawn_now(before: Published, notice: Notice | None) -> dict[str, frozenset[str]]:
    """Who withdraws each resource: the bundles whose desks do, and `""` for the notice."""
    found: dict[str, set[str]] = {}
    listed = _listed(before)
    for name, content in listed.items():
        if name.startswith("withdrawn/"):
            for resource in _parsed(content)[0]:
                found.setdefault(resource, set()).add(name.removeprefix("withdrawn/").removesuffix(".json"))
    for entry in read_listing(listed).counting(notice):
        found.setdefault(entry.id, set()).add("")
    return {name: frozenset(who) for name, who in found.items()}


def with_parts(wanted: Iterable[str], parents: Mapping[str, str]) -> list[str]:
    """These resources and all issues, volumes and parts below them, sorted; `parents` says whose part each one is."""
    below: dict[str, list[str]] = {}
    for resource, parent in parents.items():
        below.setdefault(parent, []).append(resource)
    found: dict[str, None] = {}
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in found:
            found[name] = None
            left += below.get(name, ())
    return sorted(found)


def withdrawn_above(resource: str, parents: Mapping[str, str], withdrawn: Collection[str]) -> str:
    """The nearest resource above one that is withdrawn and takes it along; empty when there is none."""
    seen = {resource}
    while (resource := parents.get(resource, "")) and resource not in seen:
        if resource in withdrawn:
            return resource
        seen.add(resource)
    return ""


def _listed(before: Published) -> Mapping[str, bytes]:
    return before.verified.listed if before.verified else {}


def _members(before: Published, bundle: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Withdrawn and lifted resources of a bundle's published list."""
    content = _listed(before).get(list_name(bundle))
    return _parsed(content) if content is not None else ({}, {})


def _parsed(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    document = load_canonical(content, MAX_WITHDRAWN, "withdrawn")
    return dict(document["resources"]), dict(document.get("lifted", {}))


def _contents(bundle: str, named: Mapping[str, Any], lifted: Mapping[str, Any]) -> dict[str, str]:
    document = {"bundle": bundle, "resources": named, **({"lifted": lifted} if lifted else {})}
    content = canonical_json(document)
    if len(content) > MAX_WITHDRAWN:
        raise SigningError(f"the list of withdrawn resources is longer than {MAX_WITHDRAWN} bytes")
    return {list_name(bundle): content.decode()}
