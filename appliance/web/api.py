"""The stable addresses for programs, documented in docs/api.md, behind the same gate as the pages."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, jsonify, request, url_for
from werkzeug.wrappers import Response

from appliance.web.context import gate, library
from appliance.web.display import current_display
from appliance.web.errors import Refused
from appliance.web.glance import outside
from appliance.web.hits import date_text
from appliance.web.inside import searched
from appliance.web.query import facet_value, parse_address, parse_query
from indexer.access import Decision
from indexer.model import Item, is_resource_id
from indexer.search_request import Collapsed

if TYPE_CHECKING:
    from appliance.library.model import Held

blueprint = Blueprint("api", __name__)
_ITEM_MEMBERS = (
    "label", "order", "of", "language", "credit", "licence", "pages", "duration", "width", "height", "flags",
)  # fmt: skip


@blueprint.get("/health")
def health() -> Response:
    """Whether the box answers, how it is, and what it holds; no cookie is read or set."""
    stats, shown = library().stats(), outside()
    return jsonify(
        ok=True,
        light=shown.light,
        sentence=shown.sentence,
        also=shown.also,
        version=version(),
        releases=stats.releases,
        resources=stats.resources,
        drives=stats.drives,
        edition=stats.edition,
        types=stats.types,
        search={"ready": stats.search_ready, "percent": stats.search_percent},
    )


@functools.cache
def version() -> str:
    """The product's version; 0 when it runs from a source tree that was never installed."""
    try:
        return metadata.version("shuxiang")
    except metadata.PackageNotFoundError:
        return "0"


@blueprint.get("/api/search")
def search() -> Response:
    """Twenty hits a page with facets. Bad values are a 400 that names the parameter; 503 while search is made."""
    found = searched(parse_address(request.args).request(current_display().gate_face, "offer")).found
    hits = [_hit(hit.held, hit.collapsed) for hit in found.hits if gate(hit.held.resource).listed]
    facets = {
        name: [{"value": facet_value(name, value), "count": count} for value, count in values]
        for name, values in found.facets.items()
    }
    return jsonify(
        total=found.total,
        total_exact=found.total_exact,
        too_broad=found.result.too_broad,
        resources=found.result.resources,
        entries=found.result.entries,
        took_ms=round(found.took_ms, 3),
        hits=hits,
        facets=facets,
        suggestion=found.result.suggestion,
    )


@blueprint.get("/api/suggest")
def suggest() -> Response:
    """What may be meant by what stands in the search box, at most eight; 503 while search is made."""
    found = library().suggest(parse_query(request.args.get("q", "")), current_display().gate_face)
    return jsonify(
        suggestions=[
            {"kind": one.kind, "text": one.text, "url": url_for("patrons.search", q=one.text)} for one in found
        ]
    )


def _hit(held: Held, collapsed: Collapsed | None) -> dict[str, Any]:
    record = held.resource
    out: dict[str, Any] = {
        "id": record.id,
        "title": record.title,
        "creator": "; ".join(c.name for c in record.creators) or record.statement,
        "type": record.type,
        "date": date_text(record),
        "url": url_for("patrons.detail", resource_id=record.id),
        "available": held.available,
    }
    if collapsed is not None:
        best = [part.id for part in collapsed.best if gate(part).listed]
        out["within"] = {
            "parent": collapsed.best[0].parent,
            "level": collapsed.level,
            "count": collapsed.count,
            "total": collapsed.total,
            "best": best,
        }
    return out


@blueprint.get("/api/resources/<resource_id>")
def resource(resource_id: str) -> Response:
    """One record with the addresses of its items' bytes."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    decision = gate(held.resource)
    if not decision.listed:
        raise Refused(decision.reason, held.resource)
    record: dict[str, Any] = held.resource.to_json()
    record["items"] = [_item(item) for item in held.resource.items]
    record["url"] = url_for("patrons.detail", resource_id=resource_id)
    record["available"] = held.available
    if held.missing_drive:
        record["drive"] = held.missing_drive
    record["usable"] = held.resource.usable
    record["use"] = _use(decision)
    return jsonify(record)


def _item(item: Item) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": item.id,
        "role": item.role,
        "media_type": item.media_type,
        "size": item.size,
        "sha256": item.sha256,
        "url": url_for("items.item", item_id=item.id),
    }
    return out | {name: value for name in _ITEM_MEMBERS if (value := getattr(item, name))}


def _use(decision: Decision) -> dict[str, Any]:
    return {"allowed": decision.allowed, "download": decision.download, "reason": decision.reason}
