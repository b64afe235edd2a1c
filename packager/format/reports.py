"""What a library tells the issuer (docs/format.md, "Reports"), and the receipt that it gets.

A report is canonical JSON lines: a head, one line a fact, and at last the signature of the device over all bytes before
it. It says what the box holds and what became of it, and nothing about readers. Whoever reads one has bytes of a
stranger: it is bounded first, then parsed, then its signature is compared, and only then is it believed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packager.format.errors import FormatError, ReportSignatureError, TooLargeError
from packager.format.release import BUNDLE, MAX_BYTES, MAX_SEQ, canonical_json, is_sha256, load_canonical

if TYPE_CHECKING:
    from provisioning.keys import Key, PublicKey

FORMAT = 1
MAX_REPORT = 1 << 20
"""Most bytes of a report."""
MAX_LINES = 10_000
"""Most facts in a report."""
MAX_LINE = 4 << 10
MAX_RECEIPT = 4 << 10
MAX_WORDS = 200
"""Most characters of what readers wish for."""
MAX_NUMBER = 1_000_000
"""Highest number of a report of one month."""
LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}\Z")
MONTH = re.compile(r"20[0-9]{2}-[01][0-9]\Z")
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,32}\Z")
_KEY = re.compile(r"[a-z][a-z0-9_.]{0,63}\Z")
_ITEM = re.compile(r"[a-z2-7]{20}\Z")
_RESOURCE = re.compile(r"(?:local:)?[A-Za-z0-9._-]{1,64}\Z")
_HOST = re.compile(r"[0-9A-Za-z.:-]{1,255}\Z")
_SIGNATURE = re.compile(r"[0-9a-f]{128}\Z")
_SAID, _RECEIVED = b"shuxiang report 1\n", b"shuxiang receipt 1\n"
"""Before what is signed, so that no signature means anything else."""

Fact = Mapping[str, Any]
_Check = Callable[[Any], bool]


def _text(pattern: re.Pattern[str], *, empty: bool = False) -> _Check:
    return lambda value: isinstance(value, str) and (bool(pattern.match(value)) or (empty and not value))


def _between(low: int, high: int) -> _Check:
    return lambda value: type(value) is int and low <= value <= high


def _is_month(value: Any) -> bool:
    return isinstance(value, str) and bool(MONTH.match(value)) and 1 <= int(value[5:]) <= 12


def _is_digest(value: Any) -> bool:
    return is_sha256(value) or value == ""


def _is_wish(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORDS and value.isprintable()


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


FACTS: dict[str, dict[str, _Check]] = {
    "edition": {
        "bundle": _text(BUNDLE), "live": _is_flag, "seq": _between(1, MAX_SEQ), "truth": is_sha256,
    },
    "drive": {
        "bundle": _text(BUNDLE, empty=True), "disk": _between(0, 999), "seq": _between(0, MAX_SEQ),
        "state": _text(_KEY), "tagmanifest": _is_digest,
    },
    "damage": {"item": _text(_ITEM), "places": _between(1, MAX_BYTES)},
    "update": {"fetched": _between(0, MAX_BYTES), "state": _text(_KEY)},
    "withdrawn": {"resource": _text(_RESOURCE)},
    "mirror": {"host": _text(_HOST), "state": _text(_KEY)},
    "wish": {
        "count": _between(1, MAX_BYTES), "kind": _text(_KEY), "resource": _text(_RESOURCE, empty=True),
        "words": _is_wish,
    },
}  # fmt: skip
"""What may be told: kinds of facts (`of`) with their members."""


@dataclass(frozen=True, slots=True)
class Head:
    """Whose report it is.

    Attributes:
        library: id under which the device is enrolled. month: `2026-11`.
        number: of the report in its month, from 1; a higher one replaces a lower one.
        made: moment, UTC, `2026-11-27T02:00:00Z`. version: of the box's software.
    """

    library: str
    month: str
    number: int
    made: str
    version: str

    def __post_init__(self) -> None:
        """Check every member.

        Raises:
            FormatError: one is not what it may be.
        """
        _must(_text(LIBRARY)(self.library), "library")
        _must(_is_month(self.month), "month")
        _must(_between(1, MAX_NUMBER)(self.number), "number")
        _must(_text(_VERSION)(self.version), "version")
        self.moment()

    def moment(self) -> datetime:
        """When it was made.

        Raises:
            FormatError: there is no such moment.
        """
        return _moment(self.made, "made")


@dataclass(frozen=True, slots=True)
class Report:
    """A report with its signature. content: all of its bytes; key: id of the one that signed; facts: sorted."""

    head: Head
    facts: tuple[Fact, ...]
    key: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Names it: the same report comes by wire and by stick."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def file_name(self) -> str:
        """Of the file in which it travels."""
        return f"{self.head.library}-{self.head.month}-{self.head.number}.report"

    def prove(self, key: PublicKey) -> None:
        """Compare the signature.

        Raises:
            ReportSignatureError: it is not by this key.
        """
        said, last = _split(self.content)
        if key.id != self.key or not key.verify(bytes.fromhex(last["signature"]), _SAID + said):
            raise ReportSignatureError("is not signed by the key that it names", path="report", expected=key.id)


def make_report(head: Head, facts: Iterable[Fact], key: Key) -> Report:
    """Write a report and sign it.

    Raises:
        FormatError: a fact is none of `FACTS`.
        TooLargeError: there are more than a report holds.
    """
    lines = sorted(map(canonical_json, facts))
    first = canonical_json(
        {
            "facts": len(lines), "format": FORMAT, "library": head.library, "made": head.made, "month": head.month,
            "number": head.number, "version": head.version,
        }
    )  # fmt: skip
    said = b"".join((first, *lines))
    last = canonical_json({"key": key.id, "signature": key.sign(_SAID + said).hex()})
    return read_report(said + last)


def read_report(content: bytes) -> Report:
    """The report in some bytes; its signature is not compared yet (`Report.prove`).

    Raises:
        TooLargeError: it, a line of it, or their number is over its bound.
        FormatError: it is no report.
    """
    if len(content) > MAX_REPORT:
        raise TooLargeError("is too large", path="report", expected=f"at most {MAX_REPORT} bytes")
    said, last = _split(content)
    lines = said.splitlines(keepends=True)
    if len(lines) > MAX_LINES + 1:
        raise TooLargeError("says too much", path="report", expected=f"at most {MAX_LINES} facts")
    first = load_canonical(lines[0] if lines else b"", MAX_LINE, "report")
    _must(set(first) == {"facts", "format", "library", "made", "month", "number", "version"}, "head")
    _must(type(first["format"]) is int and first["format"] == FORMAT, "format")
    head = Head(*(first[name] for name in ("library", "month", "number", "made", "version")))
    _must(type(first["facts"]) is int and first["facts"] == len(lines) - 1, "facts")
    _must(lines[1:] == sorted(set(lines[1:])), "order")
    return Report(head, tuple(map(_fact, lines[1:])), last["key"], content)


def _split(content: bytes) -> tuple[bytes, dict[str, str]]:
    """What is signed, and the line of the signature."""
    if not content.endswith(b"\n"):
        raise FormatError("is cut short", path="report")
    end = content.rfind(b"\n", 0, -1) + 1
    last: dict[str, Any] = dict(load_canonical(content[end:], MAX_LINE, "report"))
    _must(set(last) == {"key", "signature"} and is_sha256(last["key"]), "key")
    _must(_text(_SIGNATURE)(last["signature"]), "signature")
    return content[:end], last


def _fact(line: bytes) -> Fact:
    found = dict(load_canonical(line, MAX_LINE, "report"))
    kind: Any = found.get("of")
    _must(isinstance(kind, str) and kind in FACTS, "of")
    members = FACTS[kind]
    _must(set(found) == {"of", *members}, kind)
    for name, check in members.items():
        _must(check(found[name]), f"{kind}, {name}")
    return found


@dataclass(frozen=True, slots=True)
class Receipt:
    """What says that a report has been received.

    Attributes:
        library, month, number: of the report. sha256: of its bytes. at: moment, UTC.
        key: id of the one that signed. content: all of its bytes.
    """

    library: str
    month: str
    number: int
    sha256: str
    at: str
    key: str
    content: bytes = field(repr=False)

    def prove(self, key: PublicKey) -> None:
        """Compare the signature.

        Raises:
            ReportSignatureError: it is not by this key.
        """
        found = dict(load_canonical(self.content, MAX_RECEIPT, "receipt"))
        signature = bytes.fromhex(found.pop("signature"))
        if key.id != self.key or not key.verify(signature, _RECEIVED + canonical_json(found)):
            raise ReportSignatureError("is not signed by the key that it names", path="receipt", expected=key.id)

    def is_for(self, report: Report) -> bool:
        """Whether it is about this report, byte for byte."""
        return self.sha256 == report.sha256


def make_receipt(report: Report, at: datetime, key: Key) -> Receipt:
    """The receipt of a report that was kept at `at`."""
    head = report.head
    said = {
        "at": moment_text(at), "format": FORMAT, "key": key.id, "library": head.library, "month": head.month,
        "number": head.number, "sha256": report.sha256,
    }  # fmt: skip
    signature = key.sign(_RECEIVED + canonical_json(said)).hex()
    return read_receipt(canonical_json({**said, "signature": signature}))


def read_receipt(content: bytes) -> Receipt:
    """The receipt in some bytes; its signature is not compared yet.

    Raises:
        TooLargeError: it is over its bound.
        FormatError: it is no receipt.
    """
    found = dict(load_canonical(content, MAX_RECEIPT, "receipt"))
    names = {"at", "format", "key", "library", "month", "number", "sha256", "signature"}
    _must(set(found) == names and type(found["format"]) is int and found["format"] == FORMAT, "format")
    for name, check in (
        ("library", _text(LIBRARY)), ("month", _is_month), ("number", _between(1, MAX_NUMBER)),
        ("sha256", is_sha256), ("key", is_sha256), ("signature", _text(_SIGNATURE)),
    ):  # fmt: skip
        _must(check(found[name]), name)
    _moment(found["at"], "at")
    library, month, number = found["library"], found["month"], found["number"]
    return Receipt(library, month, number, found["sha256"], found["at"], found["key"], content)


def moment_text(at: datetime) -> str:
    """A moment as reports have it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: Any, member: str) -> datetime:
    _must(_text(_MOMENT)(text), member)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError("has a moment that there is not", path=f"report, {member}") from error


def _must(right: bool, member: str) -> None:
    if not right:
        raise FormatError("has a member that is not what it may be", path=f"report, {member}")
