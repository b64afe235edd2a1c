"""The other forms of an open work: the PDF of a book that is read as EPUB, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.detail_rows import form_name
from appliance.web.usable import PLAYED, kind_of_item, opens

if TYPE_CHECKING:
    from appliance.web.readers_work import Work


@dataclass(frozen=True, slots=True)
class Form:
    """Another form of the same part: its name and where it is read."""

    name: str
    url: str


def other_forms(work: Work) -> list[Form]:
    """The forms beside the open one that have a reader here; the player offers those of its own kind itself."""
    item, resource = work.item, work.resource
    parts = [i for i in resource.items if i.role == "part"]
    original = item.of or item.id
    if item.role == "alternate" and not item.of:
        original = parts[0].id if len(parts) == 1 else ""
    family = [i for i in parts if i.id == original] + [
        i for i in resource.items if i.role == "alternate" and (i.of == original or (not i.of and len(parts) == 1))
    ]
    if item.role not in {"part", "alternate"}:
        return []
    return [
        Form(form_name(other), url_for("readers.read", resource_id=resource.id, item=other.id))
        for other in family
        if other.id != item.id
        and opens(other)
        and not (work.item.usable and work.kind in PLAYED and kind_of_item(other) == work.kind)
    ]
