"""The receiver as a WSGI application: POST a report, get a receipt; anything else is told why not, in one small answer.

    200  received, now or before: the receipt         409  report-older
    400  report, format                                413  too-large
    403  report-signature, report-unknown              422  report-time
    429  busy: too many from there; Retry-After        503  not kept: the disk

Nothing else is served. What came is not written down but as reports that hold.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from packager.format.errors import (
    FormatError,
    OlderReportError,
    ReportSignatureError,
    ReportTimeError,
    TooLargeError,
    UnknownDeviceError,
)
from packager.format.release import canonical_json
from packager.format.reports import MAX_REPORT

if TYPE_CHECKING:
    from packager.returns.store import ReturnStore

_log = logging.getLogger(__name__)

PER_HOUR = 60
"""Reports that one address may hand in, an hour."""
MAX_ADDRESSES = 10_000
"""Addresses that are remembered; the one that was heard of longest ago is forgotten first."""
HOUR = 3600.0
_STATUS: tuple[tuple[type[FormatError], str], ...] = (
    (TooLargeError, "413 Content Too Large"),
    (OlderReportError, "409 Conflict"),
    (ReportTimeError, "422 Unprocessable Content"),
    (ReportSignatureError, "403 Forbidden"),
    (UnknownDeviceError, "403 Forbidden"),
    (FormatError, "400 Bad Request"),
)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Receiver:
    """See above. Thread-safe."""

    def __init__(self, store: ReturnStore, monotonic: Callable[[], float], *, per_hour: int = PER_HOUR) -> None:
        """Name the store; `monotonic` is for the rate."""
        self._store, self._monotonic, self._per_hour = store, monotonic, per_hour
        self._heard: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, body, more = self._answer(environ)
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *more]
        start_response(status, [*fields, ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, bytes, list[tuple[str, str]]]:
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed", _refusal("method"), [("Allow", "POST")]
        wait = self._wait(str(environ.get("REMOTE_ADDR", "")))
        if wait:
            return "429 Too Many Requests", _refusal("busy"), [("Retry-After", str(wait))]
        try:
            kept = self._store.take(_body(environ))
        except FormatError as error:
            _log.warning("a report is not taken (%s): %s", error.code, error)
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            return status, _refusal(error.code), []
        except OSError:
            _log.exception("a report could not be kept")
            return "503 Service Unavailable", _refusal("not-kept"), [("Retry-After", "3600")]
        _log.info("%s %s", kept.report.file_name, "came again" if kept.again else "received")
        return "200 OK", kept.receipt.content, []

    def _wait(self, address: str) -> int:
        """Seconds that an address has to wait; 0: it may hand in. A bucket that fills by `per_hour` an hour."""
        now = self._monotonic()
        with self._lock:
            left, at = self._heard.pop(address, (float(self._per_hour), now))
            left = min(self._per_hour, left + (now - at) * self._per_hour / HOUR)
            allowed = left >= 1
            self._heard[address] = (left - allowed, now)
            while len(self._heard) > MAX_ADDRESSES:
                self._heard.popitem(last=False)
        return 0 if allowed else 1 + int((1 - left) * HOUR / self._per_hour)


def _body(environ: dict[str, Any]) -> bytes:
    """What was sent, bounded.

    Raises:
        TooLargeError: it is longer than a report, or does not say how long it is.
        FormatError: it ends before it should.
    """
    told = str(environ.get("CONTENT_LENGTH") or "")
    if not told.isascii() or not told.isdecimal() or len(told) > 9 or int(told) > MAX_REPORT:
        raise TooLargeError("is too large", path="report", expected=f"at most {MAX_REPORT} bytes")
    body: bytes = environ["wsgi.input"].read(int(told))
    if len(body) != int(told):
        raise FormatError("is cut short", path="report")
    return body


def _refusal(code: str) -> bytes:
    return canonical_json({"code": code, "format": 1})
