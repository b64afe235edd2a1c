"""States of updates for the tests of pages: editions beside the one of `holding.make_world`, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.store.changes import changes_path
from appliance.store.editions import STAGED, UNDONE
from appliance.store.preferences import Preferences
from appliance.store.updating import UpdateState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.store.holdings import HeldRelease
    from tests.appliance.web.holding import World

ORIGIN = "https://updates.example.org"
CHECKED = "2026-11-21T19:00:00Z"
TITLES = [("added", f"n{n}", f"新添的书之{n}") for n in range(60)]
TITLES += [("changed", "x.sanguo", "三國演義"), ("dropped", "x.kao", "考拉")]


def edition(world: World, seq: int, issued: str, **members: object) -> HeldRelease:
    """Another edition of the world's bundle."""
    here = world.holdings.releases[-1] if world.holdings.releases[0].seq != 7 else world.holdings.releases[0]
    folder = f"national/{seq}-{seq:012x}"
    made = replace(here, seq=seq, edition=issued[:7].replace("-", "."), issued=issued, folder=folder, live=False)
    return replace(made, **members)  # type: ignore[arg-type]


def staged(world: World, **members: object) -> HeldRelease:
    """The edition that waits."""
    return edition(world, 8, "2026-12-01", held_back=STAGED, **members)


def undone(world: World) -> HeldRelease:
    """The edition that staff went back from."""
    return edition(world, 8, "2026-12-01", held_back=UNDONE)


def before(world: World) -> HeldRelease:
    """The edition before the one that is here."""
    return edition(world, 6, "2026-10-20")


def list_changes(
    world: World, old: HeldRelease, new: HeldRelease, titles: Sequence[tuple[str, str, str]] = tuple(TITLES)
) -> None:
    """Write the list of what is new, as the worker would."""
    path = changes_path(world.settings.updates_folder, old.folder, new.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {kind: sum(k == kind for k, _, _ in titles) for kind in ("added", "changed", "dropped")}
    rows = [{"id": name, "kind": kind, "title": title} for kind, name, title in titles]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in (head, *rows)) + "\n", encoding="utf-8")


def tell(world: World, *, origins: bool = True, chosen: Preferences | None = None, **members: object) -> None:
    """What the worker tells of updates from now on; with origins, for the application that is made after."""
    state = UpdateState(**{"checked": CHECKED, "closing": "17:00", "month": "2026-11", **members})  # type: ignore[arg-type]
    object.__setattr__(world.services, "updates", lambda: state)
    object.__setattr__(world.services, "preferences", lambda: chosen or Preferences())
    world.settings = replace(world.settings, update_origins=(ORIGIN,) if origins else ())
