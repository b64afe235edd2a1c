"""登记码: what this box says of itself to be enrolled, as a code to photograph, as text and as a file."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import abort, make_response, render_template

from appliance.errors import StoreError
from appliance.store.identity import device_of, known_key
from appliance.web.bytes import content_disposition
from appliance.web.context import local_now, settings, today, words
from appliance.web.qr import qr
from appliance.web.staff import blueprint
from appliance.web.staff_session import current_staff, signed_in

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from provisioning.device_file import DeviceFile

_log = logging.getLogger(__name__)


@blueprint.get("/device")
@signed_in
def device() -> Response:
    """The code; while the box has no key yet, that it comes by itself."""
    found = _device()
    code = qr(found.text, words().label("staff.device_qr")) if found is not None else ""
    page = make_response(render_template("staff/device.html", device=found, code=code, staff=current_staff()))
    page.headers["Cache-Control"] = "no-store"
    return page


@blueprint.get("/device-file")
@signed_in
def device_file() -> Response:
    """The same as a file for `provisioning enrol`."""
    found = _device()
    if found is None:
        abort(404)
    response = make_response(found.content)
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = content_disposition(found.file_name, inline=False)
    response.headers["Cache-Control"] = "no-store"
    return response


def _device() -> DeviceFile | None:
    """Made anew each time, of today; where the clock is not believed, of the day that is surely past."""
    made = settings()
    day = today() or max(min(local_now(), made.horizon), made.earliest).date()
    try:
        return device_of(made, known_key(made), day)
    except (StoreError, OSError) as error:
        _log.info("this box cannot say who it is: %s", error)
        return None
