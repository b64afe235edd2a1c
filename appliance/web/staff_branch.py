"""给分馆做一份: asking the worker for a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for

from appliance.web.context import library, services
from appliance.web.staff import blueprint
from appliance.web.staff_copies import copy_choices
from appliance.web.staff_session import signed_in

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@blueprint.post("/branch-copy")
@signed_in
def branch_copy() -> Response:
    """Copy what was chosen to the disk that it was chosen for."""
    what, drive = request.form.get("what", ""), request.form.get("drive", "")
    if what not in dict(copy_choices()) or library().holdings.drive(drive) is None:
        abort(400)
    kind, _, name = what.partition(":")
    bundle, _, disk = name.partition(":")
    wanted = {"source": name} if kind == "drive" else {"bundle": bundle} | ({"disk": disk} if disk else {})
    services().command({"do": "branch-copy", "drive": drive, **wanted})
    return redirect(url_for("staff.home"), 303)
