"""The application factory: one Flask application from settings and services, nothing global."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from appliance.web import pages, security
from appliance.web.context import EXTENSION, Box
from appliance.web.damage import DamageBoard
from appliance.web.display import LANGUAGE
from appliance.web.glance import ACKNOWLEDGED, BOARD, OUTSIDE, Acknowledged, KeptOutside
from appliance.web.harm import HarmFinder
from appliance.web.seats import Seats

if TYPE_CHECKING:
    from appliance.settings import Settings
    from appliance.web.services import Services

MAX_BODY = 1 << 20
"""Bytes of a request's body; forms are small, and nothing is uploaded through pages yet."""


def create_app(settings: Settings, services: Services) -> Flask:
    """The web application of one box.

    Args:
        settings: of this box, frozen.
        services: everything the pages call; owned by the caller, which closes it.

    Raises:
        OSError: the session key can be neither read nor made.
    """
    app = Flask("appliance.web", static_folder="static", template_folder="templates")
    app.config.update(
        **{LANGUAGE: settings.language},
        SECRET_KEY=security.load_secret(settings.secret_path),
        SESSION_COOKIE_NAME="session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=100,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI="memory://",
        RATELIMIT_STRATEGY="moving-window",
    )
    app.extensions[EXTENSION] = Box(settings, services, Seats(services.clock))
    app.extensions[ACKNOWLEDGED] = Acknowledged()
    app.extensions[OUTSIDE] = KeptOutside()
    app.extensions[BOARD] = DamageBoard(
        HarmFinder(getattr(services, "renditions", None)),
        texts.holds if (texts := getattr(services, "texts", None)) is not None else lambda _sha256: False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    pages.register(app)
    app.wsgi_app = security.PlainHost(security.WholeAnswers(app.wsgi_app))  # type: ignore[method-assign]
    return app
