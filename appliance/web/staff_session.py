"""Who is signed in at this browser. The cookie names the account; whether it may still be used is asked every time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

from flask import abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from appliance.web.context import services, settings

if TYPE_CHECKING:
    from appliance.people.accounts import Account

_P = ParamSpec("_P")
POLLED = "seen"
"""Parameter of what a waiting page asks by itself; such a request does not count as an action."""


def begin(account: Account) -> None:
    """Start a session for an account; nothing of an earlier one stays."""
    session.clear()
    session["staff"], session["epoch"] = account.name, account.session
    session["acted"] = int(services().clock.monotonic())
    g.pop("staff", None)


def end() -> None:
    """End the session of this browser, and with it every copy of its cookie: a cookie alone cannot be called back."""
    name, epoch = session.get("staff"), session.get("epoch")
    session.clear()
    g.staff = None
    if isinstance(name, str) and isinstance(epoch, int):
        services().accounts.end_sessions(name, epoch)


def current_staff() -> Account | None:
    """The signed-in colleague, None when nobody is, the account was stopped, or nothing was done for too long."""
    if "staff" not in g:
        g.staff = _find()
    found: Account | None = g.staff
    return found


def _find() -> Account | None:
    name, acted = session.get("staff"), session.get("acted")
    if not isinstance(name, str) or not isinstance(acted, int):
        return None
    now = int(services().clock.monotonic())
    # After a restart of the machine the monotonic clock starts anew: such a session has ended.
    if not 0 <= now - acted <= settings().staff_idle_minutes * 60:
        session.clear()
        session["idle"] = True
        return None
    account = services().accounts.get(name)
    if account is None or account.session != session.get("epoch"):
        session.clear()
        return None
    if POLLED not in request.args:
        session["acted"] = now
    return account


def _to_sign_in() -> Response:
    """Lead to sign-in and back here; a page that asked by itself is told to go there as a whole."""
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": url_for("staff.sign_in", next=request.path)})
    back = request.full_path.rstrip("?") if request.method == "GET" else url_for("staff.home")
    return redirect(url_for("staff.sign_in", next=back), 303)


def for_role(role: str) -> Callable[[Callable[_P, Response]], Callable[_P, Response]]:
    """Let only colleagues through who may do what `role` may; others are told whose task it is."""

    def guard(view: Callable[_P, Response]) -> Callable[_P, Response]:
        @functools.wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Response:
            account = current_staff()
            if account is not None and not account.may(role):
                g.needed_role = role
                abort(403)
            return view(*args, **kwargs)

        return signed_in(guarded)

    return guard


def signed_in(view: Callable[_P, Response]) -> Callable[_P, Response]:
    """Let only signed-in colleagues through; others sign in first and come back.

    A password that was given out is changed before anything else.
    """

    @functools.wraps(view)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Response:
        account = current_staff()
        if account is None:
            return _to_sign_in()
        if account.must_change and request.endpoint != "staff.password":
            return redirect(url_for("staff.password"), 303)
        return view(*args, **kwargs)

    return guarded
