"""给分馆做一份: the form beside an empty disk, what it asks of the worker, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import HeldDrive, Message
from appliance.store.placement import table_of
from provisioning.words import CHINESE, Words
from tests.appliance.web.conftest import post
from tests.appliance.web.test_damage import NOW_TEXT

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

WORDS = Words.load(CHINESE)


def plug(world: World, key: str = "intake.refused.blank") -> None:
    blank = HeldDrive("u1", "/nowhere", "", "refused", Message(key), since=NOW_TEXT)
    world.write(drives=(*world.holdings.drives, blank))


def test_empty_disk_has_the_form_and_the_library_is_the_first_choice(staff: FlaskClient, world: World) -> None:
    assert "给分馆做一份" not in staff.get("/staff/drives").get_data(as_text=True)
    plug(world)
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert page.count("给分馆做一份") == 1
    live = world.holdings.live()[0]
    assert f'<option value="bundle:{live.bundle}">本馆现有的{live.name} {WORDS.edition(live.edition)}</option>' in page
    answer = post(staff, "/staff/branch-copy", "/staff/drives", drive="u1", what=f"bundle:{live.bundle}")
    assert answer.status_code == 303
    assert world.commands == [{"do": "branch-copy", "drive": "u1", "bundle": live.bundle}]


@pytest.mark.parametrize(
    "form", [{"drive": "u1", "what": "drive:u1"}, {"drive": "u1"}, {"drive": "x", "what": "bundle:national"}]
)
def test_what_is_not_offered_is_not_asked_for(staff: FlaskClient, world: World, form: dict[str, str]) -> None:
    plug(world)
    assert post(staff, "/staff/branch-copy", "/staff/drives", **form).status_code == 400
    assert world.commands == []


def test_set_is_offered_whole_and_drive_by_drive_when_it_is_known_what_is_where(
    staff: FlaskClient, world: World
) -> None:
    plug(world)
    live = replace(world.holdings.live()[0], disks=2)
    old = replace(live, seq=live.seq - 1, folder="national/0-older", live=False, disks=1)
    drives = [replace(d, folder=old.folder) if d.serves else d for d in world.holdings.drives]
    world.write(releases=(live, old), drives=tuple(drives))
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert f"bundle:{live.bundle}" not in page
    table_of(world.settings.releases_folder / live.folder).write_bytes(b"")
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert f'<option value="bundle:{live.bundle}">本馆现有的{live.name} ' in page
    assert "全套 2 块放在一块大盘上" in page
    assert f'<option value="disk:{live.bundle}:2">{live.name}第 2 块 ' in page
    post(staff, "/staff/branch-copy", "/staff/drives", drive="u1", what=f"disk:{live.bundle}:2")
    assert world.commands == [{"do": "branch-copy", "drive": "u1", "bundle": live.bundle, "disk": "2"}]


def test_stick_with_photographs_has_no_form(staff: FlaskClient, world: World) -> None:
    plug(world, "intake.refused.not_ours")
    assert "给分馆做一份" not in staff.get("/staff/drives").get_data(as_text=True)


def test_copy_that_is_being_made_is_told_and_can_be_stopped(staff: FlaskClient, world: World) -> None:
    world.write(notices=(Message("branch.copying", {"duration": 5400, "percent": 10}),))
    page = staff.get("/staff/").get_data(as_text=True)
    assert "正在为分馆复制" in page
    assert "停止复制" in page
    post(staff, "/staff/command", "/staff/", do="branch-stop")
    assert world.commands == [{"do": "branch-stop"}]


def test_copy_needs_sign_in(client: FlaskClient, world: World) -> None:
    plug(world)
    answer = post(client, "/staff/branch-copy", "/", drive="u1", what="bundle:national")
    assert "/staff/sign-in" in answer.headers["Location"]
    assert world.commands == []
