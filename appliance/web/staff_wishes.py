"""读者需求: what readers asked for, by how many; staff say what is dealt with, and take the list along as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.errors import StoreError
from appliance.store.wishes import MOST_WISHES, RESOURCE, Wish, WishStore
from appliance.web.bytes import content_disposition
from appliance.web.context import gate, library, local_now, say, services, settings, words
from appliance.web.heading_addresses import words_url
from appliance.web.paging import pages
from appliance.web.staff import blueprint
from appliance.web.staff_session import current_staff, signed_in

if TYPE_CHECKING:
    from provisioning.words import Sentence

_log = logging.getLogger(__name__)

PAGE = 50
"""Wishes on a page of the list."""
_MOST_NUMBER = 12
"""Digits of a wish's number."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet would take for the beginning of a formula; some take the wide signs for it too."""


@dataclass(frozen=True, slots=True)
class WishRow:
    """A wish as staff see it.

    Attributes:
        url: of the record, or of a search for the words. about: what kind of wish it is. last: its last day.
        here: whether the record can be read meanwhile.
    """

    wish: Wish
    url: str
    about: str
    last: dt.date
    here: bool


def calm(view: Callable[[], Response]) -> Callable[[], Response]:
    """Say calmly that wishes cannot be read or changed now. What is damaged, their store begins anew by itself."""

    @wraps(view)
    def wrapped() -> Response:
        try:
            return view()
        except StoreError as error:
            _log.error("the list of wishes: %s", error)
            page = render_template("staff/wishes_away.html", told=say("wish.unreadable"), staff=current_staff())
            return make_response(page, 503)

    return wrapped


@blueprint.get("/wishes")
@signed_in
@calm
def wishes() -> Response:
    """The list: open wishes, or those that were dealt with."""
    store, settled = _store(), request.args.get("settled") == "1"
    counts = (store.count(), store.count(settled=True))
    total = counts[settled]
    number = min(max(request.args.get("page", default=1, type=int), 1), max(1, -(-total // PAGE)))
    rows = [_row(one) for one in store.listed(settled=settled, limit=PAGE, offset=(number - 1) * PAGE)]

    def url(page: int) -> str:
        return url_for("staff.wishes", settled="1" if settled else None, page=page if page > 1 else None)

    page = render_template(
        "staff/wishes.html",
        rows=rows,
        settled=settled,
        counts=counts,
        news=store.news()[0],
        lost=_lost(store),
        pages=pages(number, total, PAGE, url, most=total),
        staff=current_staff(),
    )
    return make_response(page)


@blueprint.post("/wishes")
@signed_in
@calm
def change_wish() -> Response:
    """Deal with a wish, open it again or forget it; or say that all were looked at."""
    store, wanted, text = _store(), request.form.get("do", ""), request.form.get("wish", "")
    if wanted == "know":
        store.know()
        return redirect(url_for("staff.wishes"), 303)
    if wanted == "looked":
        store.looked()
        return redirect(url_for("staff.wishes"), 303)
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_NUMBER):
        abort(400)
    if wanted == "settle":
        store.settle(int(text), local_now().date())
    elif wanted == "open":
        store.settle(int(text), None)
    elif wanted == "remove":
        store.remove(int(text))
    else:
        abort(400)
    return redirect(url_for("staff.wishes", settled="1" if request.form.get("settled") == "1" else None), 303)


@blueprint.get("/wishes.csv")
@signed_in
@calm
def wishes_csv() -> Response:
    """The whole list for a spreadsheet: UTF-8 with the mark by which one knows it, no cell a formula."""
    store, spoken = _store(), words()
    out = io.StringIO()
    table = csv.writer(out)
    names = ("wanted", "number", "count", "first", "last", "notes", "settled")
    table.writerow([spoken.label(f"staff.wish_{name}") for name in names])
    for settled in (False, True):
        for one in store.listed(settled=settled, limit=MOST_WISHES):
            number = one.key if one.kind == RESOURCE else ""
            cells = (one.words, number, one.count, one.first, one.last, "；".join(one.notes), one.settled)
            table.writerow([_plain(cell) for cell in cells])
    answer = Response(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    name = spoken.label("staff.wish_file", date=f"{local_now().date():%Y-%m-%d}")
    answer.headers["Content-Disposition"] = content_disposition(name, inline=False)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _lost(store: WishStore) -> Sentence | None:
    """What is said when the database was damaged and another one begun, until staff say that they know."""
    day = store.lost()
    return words().message("wish.begun_anew", {"date": day, "support": settings().support_name}) if day else None


def _store() -> WishStore:
    return services().wishes or abort(404)


def _row(one: Wish) -> WishRow:
    held = library().resource(one.key) if one.kind == RESOURCE else None
    url = url_for("patrons.detail", resource_id=one.key) if held is not None else words_url(one.words)
    here = held is not None and (held.available or held.partly) and gate(held.resource).allowed
    about = words().label(f"staff.wish_of_{one.kind}")
    return WishRow(one, url, about, dt.date.fromisoformat(one.last), here)


def _plain(cell: str | int) -> str | int:
    """The cell, with a mark before what a spreadsheet would work out."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
