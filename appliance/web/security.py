"""The headers that every answer carries, the names a request may call the box, and the key that signs sessions."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from flask import g, request
from werkzeug.wrappers import Response

from appliance.web.context import SEATED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECRET_BYTES = 32
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Of every page that does not set its own. A reader that needs more sets the header on its own answer alone."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(self), camera=(), display-capture=(), fullscreen=(self), geolocation=(), "
        "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}

_HOST = re.compile(
    r"(?=.{1,255}\Z)(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)(?::[0-9]{1,5})?\Z"
)
"""A host name or address with a port; what it is called does not matter, for no address is made from it."""


_IN_PIECES = re.compile("/items/|/read/[^/]+/sounds/")


class PlainHost:
    """Around the application: a request whose Host is no name or address is answered 400 before anything reads it."""

    def __init__(self, app: WSGIApplication) -> None:
        """Stand before `app`."""
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        host = environ.get("HTTP_HOST", "")
        if not host or _HOST.match(host):
            return self._app(environ, start_response)
        refusal = Response("400 Bad Request: Host\n", status=400, mimetype="text/plain")
        return refusal(environ, start_response)


class WholeAnswers:
    """Around the application: only files of works, by `appliance.web.bytes`, and sounds of books are sent in pieces.

    What Flask sends in pieces a thread reads out for the client, into memory and temporary files.
    """

    def __init__(self, app: WSGIApplication) -> None:
        """Stand before `app`."""
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not _IN_PIECES.match(environ.get("PATH_INFO", "")):
            environ.pop("HTTP_RANGE", None)
        return self._app(environ, start_response)


def secure(response: Response) -> Response:
    """Add the headers that an answer does not set itself; pages are never kept by the browser.

    Terminals are shared: after 结束使用 nobody may go back to what another reader saw.
    """
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)
    if "Location" in response.headers:
        # Every redirect stays here; without the host, which is whatever the request called us.
        response.headers["Location"] = urlunsplit(("", "", *urlsplit(response.headers["Location"])[2:]))
    if SEATED in g and "Cache-Control" in response.headers:
        # A copy may be kept, but at every use the gate is asked: that keeps the seat, or refuses when it is lost.
        response.headers["Cache-Control"] = "private, no-cache"
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def load_secret(path: Path) -> bytes:
    """The session key, made on this box at first start: 32 random bytes, readable by the service alone.

    Durable on return.

    Raises:
        OSError: it can be neither read nor made.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) == SECRET_BYTES:
        return key
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(SECRET_BYTES)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(0o600)
    with new.open("wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key
