"""Bytes of items and of covers, after the gate. The address holds ids only; paths come from the signed catalogue."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request, send_file

from appliance.errors import ServingError
from appliance.serving.chunks import ServedItem
from appliance.web.bytes import MAX_SHOWN_PIXELS, SHOWN_PICTURES, inert, send_item
from appliance.web.context import browser, enter, gate, keep_seat, library, mark_reader, services
from appliance.web.errors import Refused
from appliance.web.readers_work import renditions
from indexer.checks import extension_for
from indexer.errors import RenditionError
from indexer.model import is_resource_id

if TYPE_CHECKING:
    from appliance.library.model import HeldItem, Place

blueprint = Blueprint("items", __name__)
_log = logging.getLogger(__name__)
_COVER_AGE = 3600
_COVER_BYTES, _COVER_PIXELS, _COVER_WIDTH = 4 << 20, 4_000_000, 480
_LONGEST_ID = 64
_CLEAR = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
"""A GIF of one pixel that is not seen."""


@blueprint.get("/items/<item_id>")
def item(item_id: str) -> Response:
    """The exact bytes of an item: GET and HEAD, with Range."""
    held = library().item(item_id) if len(item_id) <= _LONGEST_ID and item_id.isalnum() else None
    if held is None:
        abort(404)
    decision = enter(held.resource)
    if not decision.allowed:
        raise Refused(decision.reason, held.resource)
    return _sent(held, as_download=False)


@blueprint.get("/items/<item_id>/download")
def download(item_id: str) -> Response:
    """The same, to be kept; only where the gate lets it be taken home."""
    held = library().item(item_id) if len(item_id) <= _LONGEST_ID and item_id.isalnum() else None
    if held is None:
        abort(404)
    decision = enter(held.resource)
    if not decision.download:
        raise Refused("rights.read_only" if decision.allowed else decision.reason, held.resource)
    mark_reader()  # so that the next file counts against this browser, not against all behind its address
    return _sent(held, as_download=True)


@blueprint.get("/covers/<resource_id>")
def cover(resource_id: str) -> Response:
    """The picture of a resource's cover; 404 when there is none, so that the page's own cover shows.

    A cover is shown wherever the record may be listed.
    """
    found = library().resource(resource_id) if is_resource_id(resource_id) else None
    if found is None or found.resource.cover is None or not gate(found.resource).listed:
        return _no_cover()
    held = library().item(found.resource.cover.id)
    if held is None or held.item.media_type not in SHOWN_PICTURES:
        return _no_cover()
    try:
        response = _cover_of(held)
    except (ServingError, RenditionError, Refused):
        return _no_cover()
    response.headers["Cache-Control"] = f"private, max-age={_COVER_AGE}"
    return response


def _no_cover() -> Response:
    """404 with a clear picture: else a browser puts its sign of a broken one on the cover that the page draws."""
    return inert(Response(_CLEAR, status=404, mimetype="image/gif"))


def _cover_of(held: HeldItem) -> Response:
    """The picture itself when it is small, else a small one of it: a page of results shows twenty at once."""
    if held.item.size <= _COVER_BYTES:
        response = _sent(held, as_download=False, max_pixels=_COVER_PIXELS)
        if response.status_code != HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            return response
    made = renditions().page_image(held, 1, _COVER_WIDTH)
    return inert(send_file(made.view.for_sending(), mimetype=made.media_type, conditional=True, etag=made.tag))


def _sent(held: HeldItem, *, as_download: bool, max_pixels: int = MAX_SHOWN_PIXELS) -> Response:
    """The bytes from the first drive that gives them; a damaged copy is passed over when another drive has it too."""
    if not held.places:
        raise Refused("rights.not_plugged", held.resource)
    for place in held.places[:-1]:
        try:
            return _from(held, place, as_download=as_download, max_pixels=max_pixels)
        except ServingError as error:
            _log.warning("item %s: %s; trying another drive", held.item.id, error)
    return _from(held, held.places[-1], as_download=as_download, max_pixels=max_pixels)


def _from(held: HeldItem, place: Place, *, as_download: bool, max_pixels: int) -> Response:
    box, record = services(), held.item
    served = ServedItem(
        key=record.sha256,
        size=record.size,
        digest=held.digest,
        open=lambda: held.open(place),
        drive=place.drive,
    )
    response: Response = send_item(
        served,
        request,
        record.media_type,
        file_name(held),
        as_download,
        store=box.chunks,
        pools=box.pools,
        bucket=box.shares.bucket(browser(), download=as_download) if box.shares is not None else None,
        on_sent=keep_seat(),
        max_pixels=max_pixels,
    )
    return response


def file_name(held: HeldItem) -> str:
    """What the browser calls a saved file: the title, the part's name, the ending of its form.

    The ending follows from the media type alone: nothing leaves under an ending that a computer would start.
    """
    ending = extension_for(held.item.media_type.partition(";")[0])
    label = held.item.label if held.item.label and held.item.label != held.resource.title else ""
    stem = f"{held.resource.title} {label}".strip()
    return f"{stem}.{ending}"
