"""报送: which months' reports were made, which were received, and the way by stick where no line is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import abort, make_response, redirect, render_template, request, url_for

from appliance.store.commands import STICKS
from appliance.web.context import library, services, settings, today, words
from appliance.web.glance import status
from appliance.web.report_states import REASONS, report_standing
from appliance.web.staff import blueprint, mark_of
from appliance.web.staff_session import POLLED, current_staff, signed_in
from appliance.web.staff_states import said

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from appliance.store.holdings import HeldDrive
    from appliance.web.staff_states import Said

MONTHS = 12
"""Months that are listed."""
BY_STICK = frozenset({"report.waiting_network", "report.waiting_stick", "report.not_saved"})
"""Sentences whose button is about saving on a stick."""
UNKNOWN = "report-unknown"
"""Why a report is not taken of a box that is not enrolled."""
KINDS = ("edition", "drive", "damage", "withdrawn", "wish")
"""Of the facts of a report those that are counted for staff."""


@blueprint.get("/reports")
@signed_in
def reports() -> Response:
    """The page; asked for again and again, 204 while nothing changed."""
    rows, sticks = services().reports(), _sticks()
    first, rest = _spoken(sticks)
    told = [(s.sentence.text, s.sentence.second) for s in (first, *rest)]
    mark = mark_of([told, rows, [stick.key for stick in sticks]])
    if request.args.get(POLLED) == mark:
        return make_response("", 204)
    counts = [(kind, rows[0].told[kind]) for kind in KINDS if rows and rows[0].told.get(kind)]
    waits = any(not row.received for row in rows)
    page = render_template(
        "staff/reports.html",
        first=first,
        rest=rest,
        rows=rows[:MONTHS],
        months={row.month: words().month(dt.date(int(row.month[:4]), int(row.month[5:]), 1)) for row in rows},
        reasons=REASONS,
        counts=counts,
        library=rows[0].library if rows else settings().library_id,
        sticks=sticks,
        saves=first.button is not None and first.button.command == "report-export",
        sends=bool(settings().report_url) and waits,
        unknown=any(not row.received and row.reason == UNKNOWN for row in rows),
        mark=mark,
        staff=current_staff(),
    )
    return make_response(page)


@blueprint.post("/reports")
@signed_in
def report_command() -> Response:
    """Ask the worker to save what waits on a stick, or to send it now."""
    wanted, drive = request.form.get("do", ""), request.form.get("drive", "")
    if wanted == "report-export" and any(stick.key == drive for stick in _sticks()):
        services().command({"do": wanted, "drive": drive})
    elif wanted == "report-send" and settings().report_url:
        services().command({"do": wanted})
    else:
        abort(400)
    return redirect(url_for("staff.reports"), 303)


def _sticks() -> list[HeldDrive]:
    """What is plugged in and carries no drive of ours."""
    return [drive for drive in library().holdings.drives if drive.state in STICKS]


def _spoken(sticks: list[HeldDrive]) -> tuple[Said, list[Said]]:
    """What is said of reports, what somebody must do first; then how the others stand.

    A button that leads to the way by stick saves at once while one stick is in; of a box that is not enrolled it leads
    to its code.
    """
    found = [state for state in status().all if state.message.key.startswith("report.")]
    usual = report_standing(
        services().reports(), sends=bool(settings().report_url), now=services().clock.now(), today=today()
    )
    spoken = [
        _with_button(said(state), sticks) for state in found if usual is None or state.message.key != usual.message.key
    ]
    if usual is not None:
        standing = _with_button(said(usual), sticks)
        if standing.button is not None and standing.button.token:
            standing = replace(standing, button=None)  # it stands as long as it is so
        spoken.append(standing)
    first, *rest = spoken or [said(status().first)]  # a report was received or sent back a moment ago
    return first, rest


def _with_button(spoken: Said, sticks: list[HeldDrive]) -> Said:
    button, key = spoken.button, spoken.state.message.key
    if button is None:
        return spoken
    if key == "report.returned" and any(not row.received and row.reason == UNKNOWN for row in services().reports()):
        to_code = replace(button, text=words().label("staff.device_see"), url=url_for("staff.device"))
        return replace(spoken, button=to_code)
    if key == "report.overdue" and not settings().report_url:  # what it leads to elsewhere is this page
        by_stick = url_for("staff.reports", _anchor="by-stick")
        button = replace(button, text=words().label("staff.reports_save"), url=by_stick)
        spoken = replace(spoken, button=button)
    if len(sticks) == 1 and (key in BY_STICK or button.url.endswith("#by-stick")):
        url, drive = url_for("staff.report_command"), sticks[0].key
        return replace(spoken, button=replace(button, url=url, command="report-export", drive=drive))
    return spoken
