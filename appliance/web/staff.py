"""The staff's first pages: one light, one sentence, one button; drives; damage; sign-in.

The light and its sentence are visible to anybody; what changes something needs a signed-in colleague.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, session, url_for

from appliance.errors import LockedError, NoAccountError, NotMatchedError, PasswordError
from appliance.web.context import library, local_now, say, services, settings, words
from appliance.web.display import safe_next
from appliance.web.glance import ACKNOWLEDGED, damages, public_status, status
from appliance.web.qr import qr
from appliance.web.staff_copies import copy_choices
from appliance.web.staff_health import check_cards, damage_rows, happenings
from appliance.web.staff_how import cases
from appliance.web.staff_session import POLLED, begin, current_staff, end, signed_in
from appliance.web.staff_sets import bundle_sets
from appliance.web.staff_states import drive_cards, said, told_once
from appliance.web.staff_withdrawn import lifted_rows, withdrawn_list

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from provisioning.words import Sentence

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
_COMMANDS = frozenset({"eject", "keep", "look-again", "check", "check-pause", "check-resume"})
_MAX_TOKEN = 300
STICKS = ("intake.refused.not_ours", "intake.refused.blank")
"""What is said of a plugged stick that is no drive: a list may be saved there."""


@blueprint.get("/")
def home() -> str:
    """管理首页: the state of the box, figures, how patrons connect."""
    return render_template(
        "staff/home.html",
        **_card_values(),
        now=local_now(),
        address=_address(),
        address_qr=qr(_address(), words().label("staff.connect_qr")),
    )


@blueprint.get("/card")
def card() -> Response:
    """The state card alone, asked for every two seconds; 204 while nothing changed."""
    values = _card_values()
    if request.args.get(POLLED) == values["mark"]:
        return make_response("", 204)
    return make_response(render_template("staff/card.html", **values))


def _card_values() -> dict[str, object]:
    shown = status() if current_staff() else public_status()
    first, *rest = told_once([said(state) for state in shown.all])
    stats, damaged = library().stats(), len(damages())
    told = [(s.state.token, s.sentence.text, s.sentence.second) for s in (first, *rest)]
    return {
        "stats": stats,
        "drives": stats.drives,
        "damaged": damaged,
        "first": first,
        "rest": rest,
        "staff": current_staff(),
        "mark": mark_of([told, stats, damaged]),
    }


def mark_of(shown: object) -> str:
    """Names what is shown, so that a page that asks again learns whether anything is new."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _address() -> str:
    return f"http://{settings().address}"


@blueprint.get("/drives")
@signed_in
def drives() -> Response:
    """插入硬盘: every drive, its state, its one button; asked for again and again, 204 while nothing changed."""
    cards, sets = drive_cards(), bundle_sets()
    mark = mark_of([(card.said.state, card.said.sentence.text, card.since) for card in cards] + list(sets))
    if request.args.get(POLLED) == mark:
        return make_response("", 204)
    copies = copy_choices() if any(card.can_copy for card in cards) else ()
    return make_response(
        render_template("staff/drives.html", cards=cards, sets=sets, mark=mark, copies=copies, staff=current_staff())
    )


@blueprint.get("/health")
@signed_in
def health() -> Response:
    """健康: the checks of the drives, and damaged titles in readers' words; asked again and again as `drives`."""
    checks, rows = check_cards(), damage_rows(damages())
    sticks = [d.key for d in library().holdings.drives if d.state == "refused" and d.message.key in STICKS]
    lines = happenings()
    mark = mark_of([checks, rows, sticks, lines])
    if request.args.get(POLLED) == mark:
        return make_response("", 204)
    lacking = sum(damage.tried for damage in damages())
    page = render_template(
        "staff/health.html",
        checks=checks,
        rows=rows,
        lacking=lacking,
        sticks=sticks,
        lines=lines,
        mark=mark,
        staff=current_staff(),
    )
    return make_response(page)


@blueprint.get("/withdrawn")
@signed_in
def withdrawn() -> Response:
    """下架名单: what the issuer withdraws and what it gave back; fit for printing."""
    rows, count, pages = withdrawn_list()
    page = render_template(
        "staff/withdrawn.html", rows=rows, count=count, pages=pages, lifted=lifted_rows(), staff=current_staff()
    )
    return make_response(page)


@blueprint.get("/how")
def how() -> str:
    """接盘方法 and what to do with a drive that was not taken."""
    return render_template("staff/how.html", cases=cases(), staff=current_staff())


@blueprint.post("/command")
@signed_in
def command() -> Response:
    """Ask the worker to let go of a drive, keep it, look again, check it, repair, or make search ready again."""
    wanted, drive = request.form.get("do", ""), request.form.get("drive", "")
    if wanted == "rebuild":
        for release in library().holdings.live():
            for part in ("catalogue", "search"):
                if getattr(release, part).state == "failed":
                    services().command({"do": "rebuild", "folder": release.folder, "part": part})
    elif wanted in {"repair", "branch-stop"}:
        services().command({"do": wanted})
    elif wanted in _COMMANDS and library().holdings.drive(drive) is not None:
        services().command({"do": wanted, "drive": drive})
    else:
        abort(400)
    return redirect(safe_next(request.form.get("next", url_for("staff.home"))), 303)


@blueprint.post("/put-away")
@signed_in
def put_away() -> Response:
    """知道了: this occurrence need not be shown any more."""
    token = request.form.get("token", "")
    if not token or len(token) > _MAX_TOKEN:
        abort(400)
    known = status().all
    message = next((state.message for state in known if state.token == token), None)
    # Several drives may say the same, which is shown once.
    for name in {token, *(state.token for state in known if state.message == message)}:
        current_app.extensions[ACKNOWLEDGED].add(name)
    return redirect(safe_next(request.form.get("next", url_for("staff.home"))), 303)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """馆员登录. What failed is said without telling which of the two was wrong."""
    onward = safe_next(request.values.get("next", url_for("staff.home")))
    if services().accounts_away:
        return _sign_in_page(say("box.degraded"), onward, status=503)
    if request.method == "GET":
        if current_staff() is not None:
            return redirect(onward, 303)
        idle = session.pop("idle", False)
        return _sign_in_page(say("account.idle" if idle else "account.sign_in"), onward)
    try:
        account = services().accounts.sign_in(request.form.get("name", ""), request.form.get("password", ""))
    except NotMatchedError as error:
        return _sign_in_page(say("account.not_matched", count=error.left), onward, status=422)
    except LockedError as error:
        return _sign_in_page(say("account.locked", minutes=error.minutes), onward, status=429)
    begin(account)
    return redirect(url_for("staff.password") if account.must_change else onward, 303)


def _sign_in_page(sentence: Sentence, onward: str, *, status: int = 200) -> Response:
    page = render_template("staff/sign_in.html", sentence=sentence, onward=onward, wrong=status != 200, staff=None)
    return make_response(page, status)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """退出登录."""
    end()
    return redirect(url_for("staff.home"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@signed_in
def password() -> Response:
    """Choose a password of one's own; asked for at the first sign-in."""
    account = current_staff()
    if account is None:
        abort(401)
    if request.method == "GET":
        return _password_page("", 200)
    chosen = request.form.get("password", "")
    if chosen != request.form.get("again", ""):
        return _password_page(words().label("staff.password_differs"), 422)
    try:
        begin(services().accounts.set_password(account.name, chosen, session=account.session))
    except NoAccountError:  # while it was chosen somebody else ended this session
        return redirect(url_for("staff.sign_in"), 303)
    except PasswordError as error:
        problem = say(error.sentence)
        return _password_page(f"{problem.text}{problem.second}", 422)
    return redirect(url_for("staff.home"), 303)


def _password_page(problem: str, status: int) -> Response:
    return make_response(render_template("staff/password.html", problem=problem, staff=current_staff()), status)
