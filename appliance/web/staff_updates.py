"""更新: what edition is here, what waits and what is new in it, when updates are fetched; the buttons for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, g, make_response, redirect, render_template, request, url_for

from appliance.store.changes import MAX_LISTED, changes_path, read_changes
from appliance.store.editions import MAX_DROPPED, STAGED, UNDONE, edition_before, edition_undone
from appliance.store.preferences import SPAN
from appliance.web.context import library, local_now, say, services, settings, words
from appliance.web.glance import status
from appliance.web.paging import Pages, pages
from appliance.web.staff import blueprint, mark_of
from appliance.web.staff_session import POLLED, current_staff, for_role, signed_in
from appliance.web.staff_states import moment_text, said
from appliance.web.update_states import standing

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from appliance.store.changes import Changed, Changes
    from appliance.store.holdings import HeldRelease
    from appliance.web.staff_states import Said
    from appliance.web.status import State

ASKED = ("update-check", "update-now", "update-pause", "update-resume", "update-apply", "update-again", "system-apply")
"""What staff may ask for with one button; going back is asked for on a page of its own."""
FIRST = 8
PAGE = 50
GIGABYTE = 1_000_000_000
MOST_GIGABYTES = 100_000
HALF_HOURS = tuple(f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30))
_ABOUT = ("box.system.", "sync.", "space.update_waits", "power.recovered.kept_old")


@dataclass(frozen=True, slots=True)
class EditionRow:
    """A bundle and its editions.

    Attributes:
        live: what readers have. since: since when, in words. before: what staff may go back to.
        undone: what they went back from. staged: what waits, with `changes` and how much of its search is ready.
    """

    live: HeldRelease
    since: str
    before: HeldRelease | None
    undone: HeldRelease | None
    staged: HeldRelease | None
    changes: Changes | None
    percent: int


@blueprint.get("/updates")
@signed_in
def updates() -> Response:
    """The page; asked for again and again, 204 while nothing changed."""
    first, rest, rows = *_spoken(), _rows()
    state, chosen = services().updates(), services().preferences()
    told = [(s.sentence.text, s.sentence.second) for s in (first, *rest)]
    mark = mark_of([told, rows, state, chosen])
    if request.args.get(POLLED) == mark:
        return make_response("", 204)
    used = state.used if state.month == f"{local_now():%Y-%m}" else 0
    page = render_template(
        "staff/updates.html",
        first=first,
        rest=rest,
        rows=rows,
        state=state,
        chosen=chosen,
        used=used,
        checked=moment_text(state.checked),
        span=tuple(chosen.window.split("-")) if chosen.window else (),
        half_hours=HALF_HOURS,
        gigabytes=-(-chosen.cap // GIGABYTE),
        gigabyte=GIGABYTE,
        mark=mark,
        staff=current_staff(),
        system=str(services().system().running or ""),
        director=_may("director"),
        librarian=_may("librarian"),
    )
    return make_response(page)


def _may(role: str) -> bool:
    account = current_staff()
    return account is not None and account.may(role)


def _spoken() -> tuple[Said, list[Said]]:
    """What is said of updates, the most pressing first; when there is nothing, how things stand."""
    found = [state for state in status().all if state.message.key.startswith(_ABOUT)]
    state = services().updates()
    usual = standing(library().holdings, state, origins=bool(settings().update_origins), now=local_now())
    ordered = sorted(found, key=_urgency)
    first, *rest = [*ordered, usual] if not ordered or ordered[0].message.key in _ASIDE else ordered
    if first.message.key in _ASIDE:
        first, rest = usual, [state for state in ordered if state is not usual]
    return said(first), [said(one) for one in rest if one is not usual]


_ASIDE = frozenset(
    {
        "sync.mirror.stale",
        "sync.mirror.bad_data",
        "sync.withdrawn",
        "sync.lifted",
        "sync.withdrawn.file",
        "box.system.updated",
    }
)
"""Said beside how things stand, not instead."""
_LAST = ("sync.stale.notice", "sync.undone", "sync.applied")


def _urgency(state: State) -> tuple[int, int]:
    """What somebody must do, what is under way, what waits for a button, what was done."""
    key = state.message.key
    light = {"attention": 0, "working": 1}.get(state.light, 2)
    return light, (9 if key in _ASIDE else 8 if key.startswith(_LAST) else 0 if key == "sync.staged" else 5)


def _rows() -> list[EditionRow]:
    holdings, state = library().holdings, services().updates()
    rows = []
    for live in sorted(holdings.live(), key=lambda release: release.bundle):
        own = [release for release in holdings.releases if release.bundle == live.bundle]
        staged = max((r for r in own if r.held_back == STAGED), key=lambda r: r.seq, default=None)
        parts = (staged.catalogue, staged.search) if staged is not None else ()
        rows.append(
            EditionRow(
                live,
                moment_text(state.lives.get(live.folder, "")),
                edition_before(holdings.releases, live.bundle),
                edition_undone(holdings.releases, live.bundle),
                staged,
                _changes(live, staged, 0, FIRST) if staged is not None else None,
                min((100 if part.state == "ready" else part.percent for part in parts), default=100),
            )
        )
    return rows


def _changes(old: HeldRelease, new: HeldRelease, start: int, count: int) -> Changes | None:
    return read_changes(changes_path(settings().updates_folder, old.folder, new.folder), start, count)


@blueprint.get("/updates/titles")
@signed_in
def update_titles() -> Response:
    """新内容的题名: what is added, changed and dropped, page by page."""
    pair = _pair(request.args.get("bundle", ""), request.args.get("of", ""))
    number = max(1, request.args.get("page", default=1, type=int))
    found = _changes(*pair, (number - 1) * PAGE, PAGE) if pair is not None else None
    if pair is None or found is None:
        abort(404)
    of, bundle = request.args["of"], request.args["bundle"]

    def url(page: int) -> str:
        return url_for("staff.update_titles", bundle=bundle, of=of, page=page if page > 1 else None)

    total = _listed(found)
    links: Pages = pages(number, total, PAGE, url, most=max(1, -(-total // PAGE)))
    if number > links.count:
        abort(404)
    rows = [(one, _is_shown(one)) for one in found.listed]
    page = render_template(
        "staff/update_titles.html", rows=rows, counts=found, edition=pair[1], pages=links, staff=current_staff()
    )
    return make_response(page)


def _listed(found: Changes) -> int:
    return min(found.added, MAX_LISTED) + min(found.changed, MAX_LISTED) + min(found.dropped, MAX_DROPPED)


def _is_shown(one: Changed) -> bool:
    """Whether readers have it now, so that its title may lead there."""
    return not library().is_withdrawn(one.id) and library().resource(one.id) is not None


def _pair(bundle: str, of: str) -> tuple[HeldRelease, HeldRelease] | None:
    """The two editions between which changes are shown: what waits, what is here, or what was undone."""
    releases = library().holdings.releases
    live = next((r for r in releases if r.bundle == bundle and r.live), None)
    if live is None:
        return None
    if of == "live":
        before = edition_before(releases, bundle)
        return (before, live) if before is not None else None
    if of == UNDONE:
        undone = edition_undone(releases, bundle)
        return (live, undone) if undone is not None else None
    waiting = (r for r in releases if r.bundle == bundle and r.held_back == STAGED)
    staged = max(waiting, key=lambda release: release.seq, default=None)
    return (live, staged) if of == STAGED and staged is not None else None


@blueprint.post("/updates/command")
@for_role("librarian")
def update_command() -> Response:
    """Ask the worker to look, fetch, rest, apply, or go forward again."""
    wanted, bundle = request.form.get("do", ""), request.form.get("bundle", "")
    if wanted not in ASKED:
        abort(400)
    if wanted == "system-apply" and not _may("director"):
        g.needed_role = "director"
        abort(403)
    if wanted == "update-again":
        if edition_undone(library().holdings.releases, bundle) is None:
            abort(400)
        services().command({"do": wanted, "bundle": bundle})
    else:
        services().command({"do": wanted})
    return redirect(url_for("staff.updates"), 303)


@blueprint.route("/updates/undo", methods=["GET", "POST"])
@for_role("director")
def update_undo() -> Response:
    """退回上一版: asked first, then done."""
    bundle = request.values.get("bundle", "")
    releases = library().holdings.releases
    before = edition_before(releases, bundle)
    live = next((r for r in releases if r.bundle == bundle and r.live), None)
    if before is None or live is None:
        page = render_template("staff/update_undo.html", ask=say("sync.undo.none"), bundle="", staff=current_staff())
        return make_response(page, 200 if request.method == "GET" else 409)
    if request.method == "POST":
        services().command({"do": "update-undo", "bundle": bundle})
        return redirect(url_for("staff.updates"), 303)
    found = _changes(before, live, 0, 0)
    added = found.added if found is not None else services().updates().counts.get(live.folder, (0, 0, 0))[0]
    key = "sync.undo.ask" if added else "sync.undo.ask.none"
    ask = words().message(key, {"edition": before.edition, "added": added})
    page = render_template("staff/update_undo.html", ask=ask, bundle=bundle, changes=found, staff=current_staff())
    return make_response(page)


@blueprint.post("/updates/settings")
@for_role("director")
def update_settings() -> Response:
    """更新时段 and the traffic of a month, for the director."""
    window = ""
    if request.form.get("hours") == "some":
        window = f"{request.form.get('from', '')}-{request.form.get('to', '')}"
        if not SPAN.match(window):
            abort(400)
    gigabytes = request.form.get("cap", "").strip() or "0"
    if not gigabytes.isascii() or not gigabytes.isdecimal() or int(gigabytes) > MOST_GIGABYTES:
        abort(400)
    services().command({"do": "update-set", "window": window, "cap": str(int(gigabytes) * GIGABYTE)})
    return redirect(url_for("staff.updates", _anchor="settings"), 303)
