"""The list of the role that can only withdraw, as values: which resources, why, since when (docs/format.md, 2.4).

One person signs it with a key that can do nothing else, so it needs no ceremony. It travels with the rest of the signed
metadata, or alone: a notice of a few hundred bytes that somebody brings on a phone.
"""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from indexer.model import is_resource_id
from packager.format.errors import FormatError, TooLargeError
from packager.format.release import canonical_json, load_canonical

ROLE = "withdrawals"
"""The delegated role."""
TARGET = "withdrawals/list.json"
"""The one target that it may sign."""
PATTERN = "withdrawals/*"
"""What the delegation gives it."""
NOTICE = "withdrawals.json"
"""Name of a notice that travels alone, in the root of a stick or in its `tuf` folder."""
PLACES = (NOTICE, f"tuf/{NOTICE}")
"""Where a notice may stand on a carrier, the likelier first."""

MAX_LIST = 1 << 20
"""Most bytes in a list."""
MAX_WITHDRAWALS = 10_000
"""Most resources in a list."""
MAX_METADATA = 64 << 10
"""Most bytes in the metadata of the role."""
MAX_NOTICE = 3 << 20
"""Most bytes in a notice: both of the above, as text in JSON."""
MAX_TEXT = 200
"""Longest title and reason, in characters."""


@dataclass(frozen=True, slots=True, order=True)
class Withdrawal:
    """One withdrawn resource.

    Attributes:
        id: of the resource. title: as staff know it; may be empty. reason: for staff, as the issuer gave it.
        since: ISO date of the notice that withdrew it first.
    """

    id: str
    title: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A list with what proves it.

    Attributes:
        version: of the role's metadata; the highest one counts.
        metadata: bytes of the role's metadata. content: bytes of the list.
        withdrawn: what it names, sorted by id.
    """

    version: int
    metadata: bytes
    content: bytes
    withdrawn: tuple[Withdrawal, ...]

    def to_bytes(self) -> bytes:
        """The notice as it travels alone."""
        return canonical_json({"list": self.content.decode(), "metadata": self.metadata.decode()})


def is_text(value: object) -> bool:
    """Whether `value` may be a title or a reason: printable, NFC, at most 200 characters."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    return (not value or value.isprintable()) and unicodedata.is_normalized("NFC", value)


def write_list(withdrawn: Iterable[Withdrawal]) -> bytes:
    """The canonical list of these resources, whatever their order.

    Raises:
        FormatError: one is not what it may be, or there twice.
        TooLargeError: they are too many.
    """
    found = sorted(withdrawn)
    content = canonical_json(
        {"withdrawn": [{"id": w.id, "reason": w.reason, "since": w.since, "title": w.title} for w in found]}
    )
    read_list(content)
    return content


def read_list(content: bytes) -> tuple[Withdrawal, ...]:
    """The resources of a canonical list. Members that this version does not know are passed over.

    Raises:
        FormatError: it is not such a list.
        TooLargeError: it is longer than `MAX_LIST`, or names more than `MAX_WITHDRAWALS`.
    """
    document = load_canonical(content, MAX_LIST, TARGET)
    entries = document.get("withdrawn")
    if not isinstance(entries, list):
        raise FormatError("has no list of resources", path=TARGET)
    if len(entries) > MAX_WITHDRAWALS:
        raise TooLargeError("names too many resources", path=TARGET, expected=f"at most {MAX_WITHDRAWALS}")
    found = tuple(map(_withdrawal, entries))
    if any(a.id >= b.id for a, b in itertools.pairwise(found)):
        raise FormatError("is not sorted, or names a resource twice", path=TARGET)
    return found


def _withdrawal(entry: Any) -> Withdrawal:
    try:
        found = Withdrawal(entry["id"], entry["title"], entry["reason"], entry["since"])
        right = isinstance(found.id, str) and is_resource_id(found.id) and is_text(found.title)
        right = right and is_text(found.reason) and date.fromisoformat(found.since).isoformat() == found.since
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"has an entry of another shape: {error}", path=TARGET) from error
    if not right:
        raise FormatError("has an entry that is not what it may be", path=TARGET, found=repr(entry)[:200])
    return found


def open_notice(content: bytes) -> tuple[bytes, bytes]:
    """The metadata and the list in a notice that travelled alone; nothing is proved.

    Raises:
        TooLargeError: it is longer than `MAX_NOTICE`, or what is in it than its bound.
        FormatError: it is no notice. A notice that lost its form (a phone's editor) is one all the same: its
            signature is over what is in it.
    """
    if len(content) > MAX_NOTICE:
        raise TooLargeError("is too large", path=NOTICE, expected=f"at most {MAX_NOTICE} bytes")
    try:
        document: Mapping[str, Any] = json.loads(content)
        metadata, listed = document["metadata"].encode(), document["list"].encode()
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"is no notice: {error}", path=NOTICE) from error
    if len(metadata) > MAX_METADATA or len(listed) > MAX_LIST:
        raise TooLargeError("holds too much", path=NOTICE)
    return metadata, listed
