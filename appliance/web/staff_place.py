"""本馆所在地: staff choose the county whose books readers find first in 地区."""

from __future__ import annotations

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.store.home_place import write_home_place
from appliance.web.context import settings
from appliance.web.place_names import home_place, is_place, place_in_full, place_text
from appliance.web.staff import blueprint
from appliance.web.staff_session import current_staff, signed_in
from indexer.text.places import is_given_up, places_called
from packager.format.files import RealFiles

_MOST = 30
_LONGEST = 20


@blueprint.get("/place")
@signed_in
def place() -> Response:
    """What is chosen, and the places that are called as `q` says."""
    query = request.args.get("q", "").strip()[:_LONGEST]
    found = places_called(query, _MOST) if query else []
    page = render_template(
        "staff/place.html",
        query=query,
        chosen=place_in_full(home_place()) if home_place() else "",
        found=[(code, place_in_full(code), is_given_up(code)) for code in found],
        staff=current_staff(),
    )
    return make_response(page)


@blueprint.post("/place")
@signed_in
def choose_place() -> Response:
    """Choose a place, or none."""
    code = request.form.get("place", "")
    if code and not (is_place(code) and place_text(code)):
        abort(400)
    write_home_place(settings().home_place_file, code, RealFiles())
    return redirect(url_for("staff.place"), 303)
