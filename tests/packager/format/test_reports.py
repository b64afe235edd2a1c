"""Reports and receipts: what is written is read again, anything else is refused with one of our own errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.format.errors import FormatError, ReportSignatureError, TooLargeError
from packager.format.release import canonical_json
from packager.format.reports import (
    MAX_LINES,
    MAX_REPORT,
    Head,
    make_receipt,
    make_report,
    read_receipt,
    read_report,
)
from provisioning.keys import Key

KEY, OTHER = Key.new(), Key.new()
HEAD = Head("SC-511702", "2026-11", 2, "2026-11-27T02:00:00Z", "0.9")
DIGEST = "ab" * 32
FACTS = [
    {"of": "edition", "bundle": "national", "live": True, "seq": 2, "truth": DIGEST},
    {"of": "drive", "bundle": "national", "disk": 1, "seq": 2, "state": "ready", "tagmanifest": DIGEST},
    {"of": "damage", "item": "abcdefghijabcdefghij", "places": 3},
    {"of": "update", "fetched": 4096, "state": "sync.current"},
    {"of": "mirror", "host": "mirror.example.org:8080", "state": "stale"},
    {"of": "withdrawn", "resource": "A0001"},
    {"of": "wish", "count": 12, "kind": "words", "resource": "", "words": "想看养蜂的书"},
]
MADE = datetime(2026, 11, 27, 3, tzinfo=UTC)


def report(**changes):
    return make_report(HEAD, changes.get("facts", FACTS), changes.get("key", KEY))


def signed(*lines):
    """Bytes that are signed, whatever they say."""
    said = b"".join(lines)
    last = {"key": KEY.id, "signature": KEY.sign(b"shuxiang report 1\n" + said).hex()}
    return said + canonical_json(last)


def head(**members):
    found = {"facts": 0, "format": 1, "library": "a", "made": "2026-11-27T02:00:00Z", "month": "2026-11", "number": 1,
             "version": "1"}  # fmt: skip
    return canonical_json({**found, **members})


def test_report_that_was_written_is_read_and_proved():
    made = report()
    again = read_report(made.content)
    assert again == made
    assert (again.head, len(again.facts)) == (HEAD, len(FACTS))
    again.prove(KEY.public)
    assert made.file_name == "SC-511702-2026-11-2.report"
    assert report().content == made.content  # the same facts, the same bytes


def test_changed_byte_or_other_key_is_found():
    made = report()
    with pytest.raises(ReportSignatureError):
        made.prove(OTHER.public)
    for at in range(0, len(made.content), 7):
        content = bytearray(made.content)
        content[at] ^= 1
        with pytest.raises(FormatError):
            read_report(bytes(content)).prove(KEY.public)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n",
        head(),
        signed(head(facts=1)),
        signed(head(format=2)),
        signed(head(format=True)),
        signed(head(library="../a")),
        signed(head(library="a/b")),
        signed(head(library="馆")),
        signed(head(library="")),
        signed(head(library="a" * 33)),
        signed(head(month="2026-13")),
        signed(head(month="2026-1")),
        signed(head(made="2026-02-30T00:00:00Z")),
        signed(head(made="2026-11-27T02:00:00+08:00")),
        signed(head(number=0)),
        signed(head(number=1.0)),
        signed(head(number=True)),
        signed(head(colour="red")),
        signed(head(facts=1), canonical_json({"of": "reader", "name": "张三"})),
        signed(head(facts=1), canonical_json({"of": "withdrawn", "resource": "../x"})),
        signed(head(facts=1), canonical_json({"of": "withdrawn", "resource": "a", "more": 1})),
        signed(head(facts=1), canonical_json({**FACTS[6], "words": "a\nb"})),
        signed(head(facts=1), canonical_json({**FACTS[6], "words": "字" * 201})),
        signed(head(facts=1), canonical_json({**FACTS[2], "places": True})),
        signed(head(facts=2), canonical_json(FACTS[5]), canonical_json(FACTS[5])),
        signed(head(facts=2), canonical_json(FACTS[5]), canonical_json(FACTS[2])),
        signed(head(facts=1), b'{"of": "withdrawn","resource":"a"}\n'),
        signed(head())[:-1],
        signed(head()) + b"\n",
        signed(head()) + signed(head()),
        signed(b"[" * 2000 + b"\n"),
    ],
)
def test_anything_else_is_refused(content):
    with pytest.raises(FormatError):
        read_report(content)


def test_bounds_hold():
    with pytest.raises(TooLargeError):
        read_report(b" " * (MAX_REPORT + 1))
    many = [{"of": "withdrawn", "resource": f"a{n:05d}"} for n in range(MAX_LINES + 1)]
    with pytest.raises(TooLargeError):
        report(facts=many)
    report(facts=many[1:])


def test_receipt_is_for_one_report_and_signed():
    made = report()
    receipt = make_receipt(made, MADE, OTHER)
    again = read_receipt(receipt.content)
    assert again == receipt
    assert again.is_for(made)
    assert not again.is_for(report(facts=FACTS[:2]))
    again.prove(OTHER.public)
    with pytest.raises(ReportSignatureError):
        again.prove(KEY.public)
    for at in range(0, len(receipt.content), 5):
        content = bytearray(receipt.content)
        content[at] ^= 1
        with pytest.raises(FormatError):
            read_receipt(bytes(content)).prove(OTHER.public)


def test_signature_of_a_report_is_none_of_a_receipt():
    said = json.loads(make_receipt(report(), MADE, KEY).content)
    said.pop("signature")
    line = canonical_json(said)
    forged = canonical_json({**said, "signature": KEY.sign(b"shuxiang report 1\n" + line).hex()})
    with pytest.raises(ReportSignatureError):
        read_receipt(forged).prove(KEY.public)


_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.binary(max_size=400))
def test_parser_ends_in_its_own_errors(content):
    for read in (read_report, read_receipt):
        with pytest.raises(FormatError):
            read(content)


@given(st.sampled_from(FACTS), st.sampled_from(["of", "bundle", "words", "count", "item", "host", "more"]), _value)
def test_facts_with_any_value_are_taken_the_same_or_refused(fact, name, value):
    changed = {**fact, name: value}
    try:
        made = report(facts=[changed])
    except FormatError:
        return
    assert [dict(found) for found in made.facts] == [changed]
    assert read_report(made.content) == made
