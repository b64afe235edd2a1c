"""导出诊断文件: what is in it, to download or to save on a stick."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.store.commands import STICKS
from appliance.store.identity import library_id_of
from appliance.web.bytes import content_disposition
from appliance.web.context import library, local_now, reader, services, settings, words
from appliance.web.diagnosis import diagnosis
from appliance.web.glance import status
from appliance.web.staff import blueprint, mark_of
from appliance.web.staff_session import POLLED, current_staff, signed_in
from appliance.web.staff_states import said, told_once
from packager.format.files import RealFiles

if TYPE_CHECKING:
    from appliance.store.holdings import HeldDrive

_WRITING = threading.Lock()
"""One at a time: a button that is pressed twice must not write the same file twice at once."""
TELLS = ("says", "drives", "box", "past", "errors")
"""What is in it, in words (labels `staff.diagnosis_tells_…`)."""


def _for_whoever_can(view: Callable[[], Response]) -> Callable[[], Response]:
    """Let signed-in colleagues through, and where nobody can sign in whoever stands in the library.

    Then the file is needed most, and it tells nothing of anybody.
    """
    guarded = signed_in(view)

    @functools.wraps(view)
    def admitted() -> Response:
        if services().accounts_away:
            return view() if reader().zone == "premises" else abort(403)
        return guarded()

    return admitted


@blueprint.get("/diagnosis")
@_for_whoever_can
def diagnosis_page() -> Response:
    """The page; asked for again and again, 204 while nothing changed."""
    sticks = _sticks()
    spoken = told_once([said(s) for s in status().all if s.message.key.startswith("box.diagnosis.")])
    mark = mark_of([[stick.key for stick in sticks], [one.state.token for one in spoken]])
    if request.args.get(POLLED) == mark:
        return make_response("", 204)
    page = render_template(
        "staff/diagnosis.html", sticks=sticks, spoken=spoken, tells=TELLS, mark=mark, staff=current_staff()
    )
    return make_response(page)


@blueprint.get("/diagnosis.json")
@_for_whoever_can
def diagnosis_file() -> Response:
    """The file itself."""
    response = make_response(diagnosis())
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = content_disposition(_name(), inline=False)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/diagnosis")
@_for_whoever_can
def save_diagnosis() -> Response:
    """Have the worker put it on a stick."""
    drive = request.form.get("drive", "")
    if not any(stick.key == drive for stick in _sticks()):
        abort(400)
    folder, files, name, content = settings().diagnosis_folder, RealFiles(), _name(), diagnosis()
    with _WRITING:
        files.make_dir(folder)
        files.write_atomic(folder / name, content)
        for other in folder.iterdir():
            if other.name != name:
                files.discard(other)
    services().command({"do": "diagnosis-export", "drive": drive})
    return redirect(url_for("staff.diagnosis_page"), 303)


def _name() -> str:
    """书箱诊断 CN-510726 2026-11-22.json: no sign in it that a stick cannot have."""
    whose = library_id_of(settings()) or words().label("staff.diagnosis_unknown")
    return words().label("staff.diagnosis_file", library=whose, date=f"{local_now():%Y-%m-%d}")


def _sticks() -> list[HeldDrive]:
    """What is plugged in and carries no drive of ours, if it can be written on."""
    return [drive for drive in library().holdings.drives if drive.state in STICKS and drive.path]
