"""结束使用: everything this terminal remembers of the reader is wiped."""

from __future__ import annotations

from flask import Blueprint, g, make_response, render_template, request, session
from werkzeug.wrappers import Response

from appliance.web.context import say
from appliance.web.display import COOKIE, Display, current_display, safe_next

blueprint = Blueprint("leave", __name__)


@blueprint.get("/end")
def ask() -> str:
    """Ask first: the way back is one of the two answers."""
    came_from = safe_next(request.args.get("from", ""))
    return render_template("leave_ask.html", say_ask=say("session.end.ask"), came_from=came_from)


@blueprint.post("/end")
def end() -> Response:
    """Wipe: the session, the display cookie, and all storage and caches of this site where the browser obeys."""
    language = current_display().language
    session.clear()
    # The answer is already the next reader's page: standard face, the library's language kept.
    g.display = Display(language=language)
    response = make_response(render_template("leave_done.html", done=say("session.end.done")))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response
