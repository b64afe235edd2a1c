"""Targets: what libraries send up, and what they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from packager.format.errors import FormatError
from packager.format.release import canonical_json
from packager.format.reports import (
    MAX_LINES,
    Head,
    Report,
    make_receipt,
    make_report,
    read_receipt,
    read_report,
)
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target
from tests.vectors.known import known_key

_KEY = known_key(1)
_HEAD = Head("SC-511702", "2026-11", 2, "2026-11-27T02:00:00Z", "0.9")
_FACTS = [
    {"of": "edition", "bundle": "national", "live": True, "seq": 2, "truth": "ab" * 32},
    {"of": "drive", "bundle": "", "disk": 0, "seq": 0, "state": "gone", "tagmanifest": ""},
    {"of": "damage", "item": "abcdefghijabcdefghij", "places": 3},
    {"of": "update", "fetched": 4096, "state": "sync.current"},
    {"of": "mirror", "host": "mirror.example.org:8080", "state": "stale"},
    {"of": "withdrawn", "resource": "local:A0001"},
    {"of": "wish", "count": 12, "kind": "words", "resource": "", "words": "想看养蜂的书"},
]


def _signed(data: bytes) -> bytes:
    """Lines as if the device had said them, so that they are read to the end."""
    last = {"key": _KEY.id, "signature": _KEY.sign(b"shuxiang report 1\n" + data).hex()}
    return data + canonical_json(last)


def run_report(data: bytes) -> bool:
    outcome(lambda: read_report(data), FormatError)
    found: Report | None = outcome(lambda: read_report(_signed(data)), FormatError)
    if found is None:
        return False
    found.prove(_KEY.public)
    assert len(found.facts) <= MAX_LINES
    assert make_report(found.head, found.facts, _KEY).content == _signed(data)
    return True


def run_receipt(data: bytes) -> bool:
    found = outcome(lambda: read_receipt(data), FormatError)
    if found is None:
        return False
    outcome(lambda: found.prove(_KEY.public), FormatError)
    assert found.content == data
    return True


def _reports() -> Sequence[bytes]:
    made = [make_report(_HEAD, facts, _KEY).content for facts in (_FACTS, _FACTS[:1], [])]
    return [content[: content.rfind(b"\n", 0, -1) + 1] for content in made]


def _receipts() -> Sequence[bytes]:
    report = make_report(_HEAD, _FACTS, _KEY)
    return [make_receipt(report, datetime(2026, 11, 27, tzinfo=UTC), _KEY).content]


RETURNS = (
    Target(
        "report", "packager.format.reports.read_report", _reports, run_report,
        tokens=(b'"of":"wish"', b'"of":"edition"', b'"facts":', b'"words":"', b'"month":"2026-11"', b'"number":'),
    ),
    Target("receipt", "packager.format.reports.read_receipt", _receipts, run_receipt, tokens=(b'"at":"', b'"sha256":')),
)  # fmt: skip
