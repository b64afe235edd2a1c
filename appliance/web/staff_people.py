"""馆员账号: the director gives colleagues accounts and first passwords, stops accounts and ends their rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, make_response, render_template, request
from werkzeug.wrappers import Response

from appliance.errors import AccountExistsError, LastDirectorError, NoAccountError
from appliance.people.passwords import clean_name
from appliance.web.context import say, services, words
from appliance.web.staff import blueprint
from appliance.web.staff_session import current_staff, for_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioning.words import Sentence

ROLES = ("librarian", "director")
"""Roles that are given out here."""


@blueprint.get("/people")
@for_role("director")
def people() -> Response:
    """Everyone, and the form for one more."""
    return _page()


@blueprint.post("/people")
@for_role("director")
def add_person() -> Response:
    """Make an account; its first password is shown once."""
    name, role = request.form.get("name", ""), request.form.get("role", "")
    if role not in ROLES:
        abort(400)
    try:
        password = services().accounts.create(name, role)
    except (AccountExistsError, ValueError) as error:
        taken = isinstance(error, AccountExistsError)
        problem = words().label("staff.people_taken" if taken else "staff.people_no_name")
        return _page(problem=problem, name=name, status=422)
    done = say("account.created", name=name, role=words().label(f"staff.role_{role}"))
    return _page(done=done, given=(name, password))


@blueprint.post("/people/change")
@for_role("director")
def change_person() -> Response:
    """Give out a new password, stop an account, let it be used again, or end its rest."""
    accounts, name = services().accounts, request.form.get("name", "")
    account = current_staff()
    wanted = request.form.get("do", "")
    changes: dict[str, Callable[[str], object]] = {
        "password": accounts.reset_password, "stop": accounts.stop, "resume": accounts.resume,
        "unlock": accounts.unlock,
    }  # fmt: skip
    if wanted not in changes or account is None or clean_name(name) == account.name:
        abort(400)
    try:
        found = changes[wanted](name)
    except NoAccountError:
        abort(400)
    except LastDirectorError:
        return _page(done=say("account.last_director"), status=409)
    if wanted == "password":
        return _page(done=say("account.password.given", name=name), given=(name, str(found)))
    return _page(done=say({"stop": "account.stopped"}.get(wanted, "account.resumed"), name=name))


def _page(
    *, done: Sentence | None = None, given: tuple[str, str] = ("", ""), problem: str = "", name: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    page = render_template(
        "staff/people.html",
        everyone=services().accounts.all(),
        roles=ROLES,
        done=done,
        given=given,
        problem=problem,
        name=name,
        staff=current_staff(),
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
