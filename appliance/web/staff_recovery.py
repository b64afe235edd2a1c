"""重设馆长密码 with the recovery stick: while it is in, and once each time that it is plugged in."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import make_response, render_template, request

from appliance.box.state import RecoveryStick, box_messages
from appliance.errors import PasswordError
from appliance.people.accounts import DIRECTOR
from appliance.people.passwords import check_password
from appliance.web.context import reader, say, services, words
from appliance.web.staff import blueprint
from appliance.web.staff_session import current_staff
from appliance.web.status import as_time

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from provisioning.words import Sentence

OPEN = dt.timedelta(minutes=30)
"""So long after it was plugged in a recovery stick counts; then it is to be plugged in again."""
_SLACK = dt.timedelta(minutes=5)


@blueprint.route("/recovery", methods=["GET", "POST"])
def recovery() -> Response:
    """The form while a recovery stick of this library is in; else how to go about it."""
    stick, log = _stick(), services().recoveries
    if stick is None or log is None:
        return _page(_how(), status=200 if request.method == "GET" else 409)
    if log.is_used(stick.token):
        return _page(say("account.recovery.used"), status=200 if request.method == "GET" else 409)
    if request.method == "GET":
        return _page(say("account.recovery.stick_read"), form=True)
    name, chosen = services().box().staff or DIRECTOR, request.form.get("password", "")
    problem = _problem(name, chosen)
    if problem:
        return _page(say("account.recovery.stick_read"), form=True, problem=problem, status=422)
    if not log.take(stick.token, serial=stick.serial, address=request.remote_addr or ""):
        return _page(say("account.recovery.used"), status=409)
    services().accounts.recover(name, chosen)
    return _page(say("account.recovery.done"), name=name)


def _stick() -> RecoveryStick | None:
    """The stick that counts now, for whoever stands in the library."""
    stick = services().box().usable_recovery
    at = as_time(stick.at) if stick is not None else None
    if at is None or reader().zone != "premises":
        return None
    return stick if -_SLACK <= services().clock.now() - at <= OPEN else None


def _how() -> Sentence:
    """What to do; or why a stick that is in is not taken."""
    state = services().box()
    seen = [m for m, _ in box_messages(state, director_waits=False) if m.key.startswith("account.recovery.")]
    other = next((m.key for m in seen if m.key != "account.recovery.stick_read"), "account.recovery.how")
    return say(other)


def _problem(name: str, chosen: str) -> str:
    if chosen != request.form.get("again", ""):
        return words().label("staff.password_differs")
    try:
        check_password(chosen, name=name)
    except PasswordError as error:
        sentence = say(error.sentence)
        return f"{sentence.text}{sentence.second}"
    return ""


def _page(sentence: Sentence, *, form: bool = False, problem: str = "", name: str = "", status: int = 200) -> Response:
    page = render_template(
        "staff/recovery.html", sentence=sentence, form=form, problem=problem, name=name, staff=current_staff()
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
