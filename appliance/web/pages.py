"""Puts the pages together: blueprints, what templates may use, headers, form tokens, limits, error pages."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup, escape

from appliance.web import (
    advanced,
    api,
    browse,
    browse_names,
    browse_places,
    browse_serials,
    browse_times,
    detail,
    display,
    errors,
    items,
    leave,
    patrons,
    readers,
    results,
    security,
    staff,
    staff_branch,
    staff_device,
    staff_diagnosis,
    staff_people,
    staff_place,
    staff_recovery,
    staff_repair,
    staff_reports,
    staff_updates,
    staff_wishes,
    wishes,
)
from appliance.web.cards import ruby_pairs
from appliance.web.context import library, say, settings, words
from appliance.web.glance import public_status
from appliance.web.icons import LIGHT_CLASS, icon, light_shape
from appliance.web.staff_menu import MENU, marked
from appliance.web.staff_states import moment_text
from provisioning.words import CHINESE

if TYPE_CHECKING:
    from collections.abc import Callable

FURTHER_VIEWS = (
    results,
    advanced,
    browse,
    browse_names,
    browse_places,
    browse_serials,
    browse_times,
    detail,
    staff_branch,
    staff_device,
    staff_diagnosis,
    staff_people,
    staff_place,
    staff_recovery,
    staff_repair,
    staff_reports,
    staff_wishes,
    wishes,
    staff_updates,
)
"""Modules whose views stand on the patrons' or the staff's blueprint; importing them puts them there."""

SIGN_IN_LIMIT = "20 per minute"
"""Tries to sign in from one address; an account by itself rests after far fewer (`settings.sign_in_tries`)."""

_FONTS = ("vendor/fonts/sans.css", "vendor/fonts/serif.css")
_FACE_SUFFIX = {"std": "", "child": "_child", "elder": "_elder"}


def register(app: Flask) -> None:
    """Attach everything to a new application."""
    protect: Any = CSRFProtect
    protect(app)
    for blueprint in (
        patrons.blueprint,
        items.blueprint,
        display.blueprint,
        leave.blueprint,
        staff.blueprint,
        api.blueprint,
        readers.blueprint,
    ):
        app.register_blueprint(blueprint)
    errors.register(app)
    app.after_request(security.secure)
    app.context_processor(_page_values)
    app.jinja_env.globals.update(
        ruby_pairs=ruby_pairs,
        icon=icon,
        light_shape=light_shape,
        light_class=LIGHT_CLASS,
        menu=MENU,
        marked=marked,
        asset=_asset_maker(app),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = False
    static = Path(app.static_folder or "")
    app.jinja_env.globals.update(
        font_sheets=[name for name in _FONTS if (static / name).is_file()],
        has_htmx=(static / "vendor/htmx.js").is_file(),
    )
    app.jinja_env.filters.update(broken=broken, moment=moment_text)
    limiter = Limiter(get_remote_address, app=app, default_limits=[])
    limited: Any = limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
    for name in ("staff.sign_in", "staff.recovery"):
        app.view_functions[name] = limited(app.view_functions[name])


def broken(text: str) -> Markup:
    """`text` with places where a large sentence may break: after its inner punctuation."""
    return Markup("，<wbr>").join(escape(text).split("，"))


def _asset_maker(app: Flask) -> Callable[[str], str]:
    """Addresses of static files with a mark of their content, so that browsers may keep them for a year."""
    marks: dict[str, str] = {}
    folder = Path(app.static_folder or "")

    def asset(name: str) -> str:
        if name not in marks:
            content = (folder / name).read_bytes() if (folder / name).is_file() else b""
            marks[name] = hashlib.sha256(content).hexdigest()[:10]
        return url_for("static", filename=name, v=marks[name])

    return asset


def _page_values() -> dict[str, Any]:
    """What every template may use."""
    shown, spoken, made = display.current_display(), words(), settings()
    english = spoken.language != CHINESE
    return {
        "display": shown,
        "words": spoken,
        "t": spoken.label,
        "say": say,
        "site_name": (made.library_name_en if english and made.library_name_en else made.library_name),
        "settings": made,
        "here": request.full_path.rstrip("?") if request.method == "GET" else url_for("patrons.home"),
        "face_suffix": _FACE_SUFFIX[shown.face],
        "public_status": public_status(),
        "updated": updated(),
    }


def updated() -> date | None:
    """The month of the newest live release, None while there is none."""
    issued = library().stats().issued
    try:
        return date.fromisoformat(issued[:10])
    except ValueError:
        return None
