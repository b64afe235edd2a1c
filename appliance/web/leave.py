"""结束使用: everything this terminal remembers of the reader is wiped."""

from __future__ import annotations

from flask import Blueprint, g, make_response, render_template, request
from werkzeug.wrappers import Response

from appliance.web.context import box, say, seat_names
from appliance.web.display import COOKIE, Display, current_display, safe_next
from appliance.web.staff_session import end as end_staff

blueprint = Blueprint("leave", __name__)


@blueprint.get("/end")
def ask() -> str:
    """Ask first: the way back is one of the two answers."""
    came_from = safe_next(request.args.get("from", ""))
    return render_template("leave_ask.html", say_ask=say("session.end.ask"), came_from=came_from)


@blueprint.post("/end")
def end() -> Response:
    """Wipe: seats, the session, the display cookie, and all storage and caches of this site where the browser obeys.

    A colleague who was signed in here is signed out.
    """
    language = current_display().language
    box().seats.give_back(seat_names())
    end_staff()
    # The answer is already the next reader's page: standard face, the library's language kept.
    g.display = Display(language=language)
    response = make_response(render_template("leave_done.html", done=say("session.end.done")))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response
