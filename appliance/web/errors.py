"""Pages for what cannot be shown: a sentence and a way on, never a number. JSON for `/api`.

The kinds of section 13 of the sentences: not found, not allowed, please sign in, too large, too fast, the form is
old, busy, the drive does not answer, something inside.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, g, jsonify, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from appliance.errors import SearchNotReadyError
from appliance.service.troubles import TOLD
from appliance.web.cards import cards_of
from appliance.web.context import gate, library, say, settings, words
from appliance.web.display import current_display
from appliance.web.shelves import openable
from appliance.web.wishes import offer_for
from indexer.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.library.model import Held
    from appliance.web.wishes import Offer
    from indexer.model import Resource
    from provisioning.words.filling import Value

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 10
OFFERED = 4
"""Resources that a page offers instead of one that is closed."""
_KEYS = {
    401: "error.signin",
    403: "error.forbidden",
    404: "error.notfound",
    413: "error.too_large",
    429: "error.too_fast",
    503: "error.busy",
}


class Refused(Exception):  # noqa: N818 - the gate's answer, not a mistake
    """The gate refuses a resource; `reason` is the key of its sentence."""

    def __init__(self, reason: str, resource: Resource) -> None:
        """Keep the reason and the resource."""
        self.reason, self.resource = reason, resource
        super().__init__(f"{resource.id}: {reason}")


@dataclass(frozen=True, slots=True)
class Way:
    """A button: its words and where it leads."""

    text: str
    url: str


def wants_json() -> bool:
    """Whether the answer is read by a program: everything under `/api`, and `/health`."""
    return request.path.startswith("/api/") or request.path == "/health"


def register(app: Flask) -> None:
    """Attach the handlers."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(CSRFError, form_error)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(SearchNotReadyError, search_not_ready)
    app.register_error_handler(QueryError, bad_query)
    app.register_error_handler(Exception, inside_error)


def http_error(error: HTTPException) -> Response:
    """An error that Flask or a view raised by its number."""
    code = error.code or 500
    if code < 400 and error.response is not None:
        return make_response(error.get_response())
    if wants_json():
        return _json(code, {"reason": error.name})
    key = _KEYS.get(code, "error.notfound" if code < 500 else "error.inside")
    params: dict[str, Value] = {}
    if code == 429:
        params["count"] = 60
    if code == 413:
        params["size"] = 1_000_000
    if code == 403 and (role := g.get("needed_role")) is not None:
        key, params["role"] = "error.forbidden.staff", words().label(f"staff.role_{role}")
    if code == 404 and request.path.startswith(("/resources/", "/read/", "/items/", "/api/resources/")):
        key = "error.notfound.resource"
    response = page(key, code, params)
    if code == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def form_error(_error: CSRFError) -> Response:
    """A form without its token: the page stood open too long, or another site sent it."""
    if wants_json():
        return _json(400, {"reason": "the form's token is missing"})
    return page("error.form_expired", 400)


def refused(error: Refused) -> Response:
    """The gate's refusal, with similar resources as the way on."""
    if wants_json() or request.path.startswith("/covers/"):
        return _json(_status_of(error.reason), {"reason": error.reason})
    decision = gate(error.resource)
    similar = openable(error.resource, OFFERED) if decision.listed else []
    parent = error.resource.parent if error.reason == "reader.no_pages" else ""
    url = url_for("readers.issues", resource_id=parent) if parent and library().resource(parent) else ""
    key = refusal_key(error.reason)
    held = library().resource(error.resource.id)
    offer = offer_for(held, decision) if held is not None else None
    status = _status_of(error.reason)
    return page(key, status, refusal_values(error.resource), similar=similar, url=url, offer=offer)


def seconds_left(error: Exception) -> int:
    """How long search will be away, an estimate; a minute when nobody knows."""
    return error.seconds_left if isinstance(error, SearchNotReadyError) else 60


def search_not_ready(error: SearchNotReadyError) -> Response:
    """No index is ready yet; browsing works meanwhile."""
    left = max(_RETRY_SECONDS, seconds_left(error))
    if wants_json():
        response = _json(503, {"reason": "the search index is being made", "percent": error.percent})
    else:
        response = page("patron.search.preparing", 503, {"minutes": -(-left // 60)})
    response.headers["Retry-After"] = str(min(left, 600))
    return response


def bad_query(error: QueryError) -> Response:
    """A filter that is not one of those offered."""
    if wants_json():
        return _json(400, {"field": error.field, "reason": error.reason})
    return page("error.notfound", 400)


def inside_error(error: Exception) -> Response:
    """A mistake of ours: written down with a short number that staff can read out."""
    number = f"{secrets.randbelow(10**8):08}"
    number = f"{number[:4]}-{number[4:]}"
    told = {"number": number, "page": request.endpoint or ""}
    _log.error("%s on %s", number, request.endpoint, exc_info=error, extra={TOLD: told})
    if wants_json():
        return _json(500, {"reason": "not answered; written down", "number": number})
    try:
        return page("error.inside", 500, number=number)
    except Exception:  # noqa: BLE001 - whatever happens, the reader gets an answer
        _log.exception("%s: the error page itself", number)
        return make_response("这一页没有打开，请返回首页。", 500)


def page(
    key: str,
    status: int,
    params: Mapping[str, Value] | None = None,
    *,
    number: str = "",
    similar: Sequence[Held] = (),
    url: str = "",
    offer: Offer | None = None,
) -> Response:
    """The page of a sentence, with one way on.

    Args:
        key: of the sentence.
        status: of the answer.
        params: values for the sentence.
        number: what staff can look up.
        similar: resources to offer instead.
        url: where the way on leads when the key alone does not say it.
        offer: what asks for the resource that is closed.
    """
    sentence = say(key, **(params or {}))
    way = _way(key, sentence.button or words().label("error.home"))
    body = render_template(
        "error.html",
        sentence=sentence,
        way=Way(way.text, url) if url else way,
        number=number,
        similar=cards_of(similar),
        offer=offer,
        resource_url=url_for("patrons.detail", resource_id=offer.of) if offer else "",
    )
    return make_response(body, status)


def refusal_key(reason: str) -> str:
    """The sentence of a refusal; when a seat will be free nobody can tell, and the general sentence says no time."""
    unknown = reason == "rights.seats.full" and current_display().gate_face == "standard"
    return f"{reason}.unknown" if unknown else reason


def refusal_values(resource: Resource) -> dict[str, Value]:
    """Values for the sentences about the use of a resource."""
    spoken = words()
    raw = spoken.raw
    rare = resource.rare
    made = settings()
    held = library().resource(resource.id)
    return {
        "from": raw("from", resource.access.from_),
        "to": raw("to", resource.access.until),
        "count": resource.access.seats or 0,
        "issuer": held.release.issuer if held else made.issuer_name,
        "item": (rare.holder if rare else "") or made.opening_hours,
        "minutes": 10,
    }


def _way(key: str, text: str) -> Way:
    if key.endswith(("busy", "disconnected", "inside", "too_fast", "form_expired", "drive_gone")):
        return Way(text, request.full_path.rstrip("?") if request.method == "GET" else url_for("patrons.home"))
    if "preparing" in key or "similar" in text:
        return Way(text, url_for("patrons.browse"))
    if key == "error.signin":
        return Way(text, url_for("staff.sign_in"))
    if key.startswith(("rights.", "child.rights.", "elder.rights.", "reader.")):
        return Way(text, url_for("patrons.browse"))
    return Way(text, url_for("patrons.home"))


def _status_of(reason: str) -> int:
    if reason == "rights.withdrawn":
        return 410
    return 503 if reason in {"rights.not_plugged", "rights.seats.full"} else 403


def _json(status: int, error: dict[str, object]) -> Response:
    return make_response(jsonify(error=error), status)
