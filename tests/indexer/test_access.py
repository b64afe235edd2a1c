"""The gate: every scope against every reader, and that nothing unknown opens a door."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.access import Decision, ReaderContext, decide, is_understood
from indexer.model import SCOPES, Access, Audience, Item, Resource

DAY = dt.date(2026, 11, 22)
HERE = ReaderContext(zone="premises")
OUTSIDE = ReaderContext(zone="outside")
ENTITLED = ReaderContext(zone="premises", accessible=True)
CHILD = ReaderContext(zone="premises", face="child")
ITEM = Item(
    id="a" * 20, role="part", order=0, path="data/aa/a.pdf", media_type="application/pdf", size=1, sha256="0" * 64
)


def resource(access: Access | None = None, *, audience: str = "unknown", items: tuple[Item, ...] = (ITEM,)) -> Resource:
    return Resource(
        id="A1", title="论语", type="book", access=access or Access(), audience=Audience(group=audience), items=items
    )


@pytest.mark.parametrize(
    ("access", "reader", "expected"),
    [
        (Access(), HERE, Decision(True, True, True, "rights.open")),
        (Access(), OUTSIDE, Decision(True, True, True, "rights.open")),
        (Access(download=False), HERE, Decision(True, True, False, "rights.read_only")),
        (Access("premises"), HERE, Decision(True, True, False, "rights.premises")),
        (Access("premises"), OUTSIDE, Decision(False, True, False, "rights.premises.outside")),
        (Access("premises"), ReaderContext(zone="home"), Decision(False, True, False, "rights.premises.outside")),
        (Access("seats", seats=2, download=False), HERE, Decision(True, True, False, "rights.seats")),
        (Access("seats", seats=2), HERE, Decision(True, True, False, "rights.seats")),
        (Access("seats"), HERE, Decision(False, True, False, "rights.unknown")),
        (Access("seats", seats=0), HERE, Decision(False, True, False, "rights.unknown")),
        (Access("accessible-only"), HERE, Decision(False, True, False, "rights.accessible_only")),
        (Access("accessible-only"), ENTITLED, Decision(True, True, True, "rights.accessible_only")),
        (Access("none"), HERE, Decision(False, True, False, "rights.catalogue_only")),
        (Access("vip"), HERE, Decision(False, True, False, "rights.unknown")),
        (Access(""), HERE, Decision(False, True, False, "rights.unknown")),
        (Access(unknown=("region:44",)), HERE, Decision(False, True, False, "rights.unknown")),
        (Access(from_="2026-11-22"), HERE, Decision(True, True, True, "rights.open")),
        (Access(from_="2026-11-23"), HERE, Decision(False, True, False, "rights.from")),
        (Access(until="2026-11-22"), HERE, Decision(True, True, True, "rights.until")),
        (Access(until="2026-11-21"), HERE, Decision(False, True, False, "rights.ended")),
        (Access(until="20261231"), HERE, Decision(False, True, False, "rights.unknown")),
        (Access(until="2026-02-30"), HERE, Decision(False, True, False, "rights.unknown")),
        (Access(from_="2027-01-01", until="2026-01-01"), HERE, Decision(False, True, False, "rights.unknown")),
        (Access("premises", until="2026-11-21"), HERE, Decision(False, True, False, "rights.ended")),
    ],
)
def test_decide_scope_and_reader_gives_decision(access: Access, reader: ReaderContext, expected: Decision) -> None:
    assert decide(resource(access), reader, day=DAY) == expected


@pytest.mark.parametrize(("taken", "allowed"), [(0, True), (1, True), (2, False), (9, False)])
@pytest.mark.parametrize("scope", ["seats", "open", "premises"])
def test_decide_seats_bind_under_every_scope(scope: str, taken: int, allowed: bool) -> None:
    decision = decide(resource(Access(scope, seats=2)), HERE, day=DAY, seats_taken=taken)
    assert decision.allowed is allowed
    assert decision.reason != "rights.seats.full" or not allowed


def test_decide_no_plausible_day_holds_dated_resources_only() -> None:
    assert decide(resource(Access(until="2099-01-01")), HERE, day=None).reason == "rights.date_unknown"
    assert decide(resource(Access(from_="2000-01-01")), HERE, day=None).allowed is False
    assert decide(resource(), HERE, day=None).allowed is True


def test_decide_withdrawn_or_suspended_hides_before_all_else() -> None:
    assert decide(resource(Access("vip")), HERE, day=DAY, withdrawn=True) == Decision(
        False, False, False, "rights.withdrawn"
    )
    assert decide(resource(), HERE, day=DAY, suspended=True) == Decision(False, False, False, "rights.suspended")
    assert decide(resource(), HERE, day=DAY, withdrawn=True, suspended=True).reason == "rights.withdrawn"


@pytest.mark.parametrize(
    ("group", "shown"),
    [("children", True), ("general", False), ("scholar", False), ("unknown", False), ("teens", False)],
)
@pytest.mark.parametrize("face", ["child", "", "future-face"])
def test_decide_childrens_face_shows_only_what_is_marked_for_children(face: str, group: str, shown: bool) -> None:
    decision = decide(resource(audience=group), ReaderContext(zone="premises", face=face), day=DAY)
    assert (decision.allowed, decision.listed) == (shown, shown)


def test_decide_childrens_face_lists_a_childrens_catalogue_entry() -> None:
    entry = resource(audience="children", items=())
    assert decide(entry, CHILD, day=DAY) == Decision(False, True, False, "rights.catalogue_only")


def test_decide_without_items_is_a_catalogue_entry() -> None:
    assert decide(resource(items=()), HERE, day=DAY) == Decision(False, True, False, "rights.catalogue_only")


accesses = st.builds(
    Access,
    scope=st.one_of(st.sampled_from(SCOPES), st.text(max_size=12)),
    seats=st.one_of(st.none(), st.integers(-3, 3)),
    from_=st.one_of(st.just(""), st.dates().map(str), st.text(max_size=12)),
    until=st.one_of(st.just(""), st.dates().map(str), st.text(max_size=12)),
    download=st.booleans(),
    unknown=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)
readers = st.builds(
    ReaderContext,
    zone=st.one_of(st.sampled_from(["premises", "outside"]), st.text(max_size=6)),
    face=st.one_of(st.sampled_from(["standard", "child", "elder"]), st.text(max_size=6)),
    card=st.booleans(),
    accessible=st.booleans(),
)


@given(accesses, readers, st.one_of(st.none(), st.dates()), st.integers(0, 5), st.sampled_from(["children", "unknown"]))
def test_decide_any_values_never_allows_what_it_does_not_understand(
    access: Access, reader: ReaderContext, day: dt.date | None, taken: int, audience: str
) -> None:
    decision = decide(resource(access, audience=audience), reader, day=day, seats_taken=taken)
    assert decision.reason.startswith("rights.")
    assert decision.allowed or not decision.download
    if decision.allowed:
        assert is_understood(access)
        assert access.scope in SCOPES
        assert access.scope != "none"
        assert not access.unknown
        assert access.scope != "premises" or reader.zone == "premises"
        assert access.scope != "accessible-only" or reader.accessible
        assert access.seats is None or taken < access.seats
        assert day is not None or not (access.from_ or access.until)
        assert reader.face in {"standard", "elder"} or audience == "children"
    if not is_understood(access):
        hidden = reader.face not in {"standard", "elder"} and audience != "children"
        assert decision == Decision(False, not hidden, False, "rights.adults" if hidden else "rights.unknown")


def test_decide_terms_not_understood_stay_hidden_from_the_face_of_children() -> None:
    assert decide(resource(Access("vip"), audience="children"), CHILD, day=DAY).reason == "rights.unknown"
    assert decide(resource(Access("vip")), CHILD, day=DAY) == Decision(False, False, False, "rights.adults")
