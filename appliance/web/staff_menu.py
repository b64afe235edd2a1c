"""The staff's menu: what stands in it, and which of it a page belongs to."""

from __future__ import annotations

MENU = (
    ("home", "staff.home", "home"),
    ("drives", "staff.drives", "drive"),
    ("health", "staff.health", "pulse"),
    ("updates", "staff.updates", "sync"),
    ("wishes", "staff.wishes", "chat"),
    ("how", "staff.how", "info"),
)
"""Label, endpoint and icon of each item."""
_BELOW = {
    "staff.place": "staff.home",
    "staff.people": "staff.home",
    "staff.add_person": "staff.home",
    "staff.change_person": "staff.home",
    "staff.withdrawn": "staff.health",
    "staff.diagnosis_page": "staff.health",
    "staff.device": "staff.health",
    "staff.reports": "staff.updates",
    "staff.update_titles": "staff.updates",
    "staff.update_undo": "staff.updates",
}
"""Pages that are reached from one of them."""


def marked(endpoint: str | None) -> tuple[str, str]:
    """The endpoint of the item to mark, and its `aria-current`: the page itself, or the part in which it lies."""
    if endpoint in _BELOW:
        return _BELOW[endpoint], "true"
    return endpoint or "", "page"
