"""Reading catalogue.jsonl: what kinds of resources there are, and, when asked, whether every line is canonical."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from indexer.errors import RecordError
from indexer.model import (
    ITEM_FLAGS,
    ITEM_ROLES,
    LEVELS,
    SCOPES,
    TYPES,
    Item,
    Resource,
    dump_line,
    is_resource_id,
    load_line,
)
from indexer.truth_lines import MAX_LINE
from packager.audit.findings import Findings
from packager.audit.forms import form_of
from packager.audit.ledger import Ledger
from packager.audit.lists import CATALOGUE, open_tag_file, read_lines
from packager.format.errors import FormatError
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import check_payload_path
from packager.format.release import is_sha256

_WHERE = f"bag/{CATALOGUE}"


@dataclass
class Contents:
    """What the catalogue holds, counted.

    Attributes:
        records: resources. entries: those of them without a file.
        types: resources by type. levels: by level.
        items: files by role. bytes: of them, by role.
    """

    records: int = 0
    entries: int = 0
    types: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """As it stands in the document."""
        return {
            "bytes": sum(self.bytes.values()),
            "entries": self.entries,
            "items": sum(self.items.values()),
            "levels": dict(self.levels),
            "records": self.records,
            "roles": {role: {"bytes": self.bytes[role], "items": n} for role, n in self.items.items()},
            "types": dict(self.types),
        }


def count_records(root: int, findings: Findings) -> Contents:
    """Count the resources of the catalogue; lines are taken at their word. Time: about 20 s a million."""
    contents = Contents()
    for number, line in _lines(root, findings):
        try:
            data = json.loads(line)
            items = [(str(item["role"]), _size(item["size"])) for item in data.get("items", ())]
            kind, level = str(data["type"]), str(data.get("level", "work"))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            findings.add("record", _WHERE, repr(error), number)
            continue
        _count(contents, kind, level, items)
    return contents


def _size(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_ITEM_SIZE:
        raise ValueError(f"{value!r:.40} is no size")
    return value


def check_records(root: int, ledger: Ledger, findings: Findings) -> Contents:
    """Read every line as a record, compare it with its canonical form and enter its items into the ledger."""
    contents, before = Contents(), b""
    for number, line in _lines(root, findings):
        try:
            resource = load_line(line, number)
            canonical = dump_line(resource) == line
        except (RecordError, ValueError) as error:
            findings.add("record", _WHERE, getattr(error, "reason", str(error)), number)
            continue
        if not canonical:
            findings.add("canonical", _WHERE, f"the record {resource.id} has another canonical form", number)
        identity = resource.id.encode()
        if not ledger.record_id(resource.id) or identity <= before:
            findings.add("order", _WHERE, f"names {resource.id}", number)
        before = max(before, identity)
        _check_resource(resource, number, ledger, findings)
        _count(contents, resource.type, resource.level, [(item.role, item.size) for item in resource.items])
    return contents


def _lines(root: int, findings: Findings) -> Iterator[tuple[int, bytes]]:
    try:
        with open_tag_file(root, CATALOGUE) as file:
            for number, line in read_lines(file, MAX_LINE):
                if line is None:
                    findings.add("too-large", _WHERE, f"is a line of more than {MAX_LINE} bytes", number)
                elif not line.endswith(b"\n"):
                    findings.add("line", _WHERE, "is cut short: its last line has no line feed", number)
                else:
                    yield number, line
    except (FormatError, OSError) as error:
        findings.add_error(error, _WHERE)


def _count(contents: Contents, kind: str, level: str, items: list[tuple[str, int]]) -> None:
    contents.records += 1
    contents.entries += not items
    # Names are the drive's own words; a hostile catalogue must not fill the memory with them.
    contents.types[kind if kind in TYPES else "other"] += 1
    contents.levels[level if level in LEVELS else "other"] += 1
    for role, size in items:
        known = role if role in ITEM_ROLES else "other"
        contents.items[known] += 1
        contents.bytes[known] += size


def _check_resource(resource: Resource, number: int, ledger: Ledger, findings: Findings) -> None:
    if not is_resource_id(resource.id) or not resource.title:
        findings.add("record", _WHERE, f"{resource.id!r} has an id or a title that no record may have", number)
    for word, known in ((resource.type, TYPES), (resource.level, LEVELS), (resource.access.scope, SCOPES)):
        if word not in known:
            findings.add("unknown", _WHERE, f"{resource.id} has {word!r}", number)
    ids = {item.id for item in resource.items}
    if len(ids) != len(resource.items):
        findings.add("record", _WHERE, f"{resource.id} has an item id twice", number)
    for item in resource.items:
        name = f"{resource.id}, item {item.id}"
        if item.of and item.of not in ids:
            findings.add("record", _WHERE, f"{name} belongs to {item.of!r}, which is no item of it", number)
        _check_item(item, name, number, ledger, findings)


def _check_item(item: Item, name: str, number: int, ledger: Ledger, findings: Findings) -> None:
    if item.role not in ITEM_ROLES or not set(item.flags) <= set(ITEM_FLAGS):
        findings.add("unknown", _WHERE, f"{name} has the role {item.role!r} and flags {item.flags!r}", number)
    if not _is_place(item.path, item.id) or not is_sha256(item.sha256) or item.size < 0:
        findings.add("record", _WHERE, f"{name} has a path, digest or size that no item may have", number)
    if not ledger.record_item(item.path, item.sha256, item.size, number):
        findings.add("record", _WHERE, f"{name} has the path of another item", number)
    if form := form_of(item.role, item.media_type):
        ledger.record_form(item.path, form)


def _is_place(path: str, identity: str) -> bool:
    """Whether a path is that of the item with this id, in one level of folders or, as in the first days, in two."""
    try:
        check_payload_path(path)
    except FormatError:
        return False
    parts = path.split("/")
    stem = parts[-1].partition(".")[0]
    places = (["data", identity[:2]], ["data", identity[:2], identity[2:4]])
    return parts[:-1] in places and stem == identity
