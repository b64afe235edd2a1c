"""A library with a serial, for tests of what is withdrawn and what was given back."""

from __future__ import annotations

from appliance.store.holdings import Lifted, Withdrawn
from indexer.model import Access
from tests.appliance.web.holding import collection, one

SERIAL = "w.monthly"
ISSUES = tuple(f"{SERIAL}.{n}" for n in (1, 2, 3))
GONE = (Withdrawn("x.unheard-of", "没有见过的书", "授权到期", "2026-11-22"),)
BACK = (
    Lifted("x.lunyu", "", "2026-11-26T08:00:00Z"),
    Lifted("x.given-back", "旧版地方志选编", "2026-11-25T08:00:00Z"),
)


def records():
    """The usual collection, a serial of three issues, the last a part of the second, and two parents of each other."""
    serial = one(SERIAL, "江北月刊", "journal", files=(), level="serial", access=Access("none"))
    parents = (SERIAL, SERIAL, ISSUES[1])
    issues = [
        one(name, f"江北月刊 第{n}期", "journal", parent=parent, level="issue", seq=n, designation=f"第{n}期")
        for n, (name, parent) in enumerate(zip(ISSUES, parents, strict=True), 1)
    ]
    ring = [one("x.ring-a", "环甲", "book", parent="x.ring-b"), one("x.ring-b", "环乙", "book", parent="x.ring-a")]
    return [*collection(), serial, *issues, *ring]
