"""接盘方法: whatever button leads there finds what it is about, and what stands there helps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import Message
from appliance.web.staff_how import HOW, STEPS, anchor_of
from appliance.web.staff_states import said
from appliance.web.status import state_of
from provisioning.words import CHINESE, Words
from tests.appliance.web.conftest import set_display
from tests.appliance.web.test_diagnosis import signed_in_to

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

ROOT = Path(__file__).parents[3]
ROOMS = ("appliance", "packager/format")
APART = {"status.py", "staff_states.py", "staff_how.py"}
"""Modules that weigh sentences and do not say them."""
ELSEWHERE = frozenset({"screen.no_lan", "account.recovery.done", "account.recovery.used", "wish.unreadable"})
"""Said on the attached screen, or on a page that has its own button."""
VALUES = {"month": "2026-11", "date": "2026-11-22", "from": "2026-11-22", "to": "2026-11-22", "edition": "2026.11"}


def keys_that_are_said() -> list[str]:
    """Keys of sentences with a light and a button that the box says, by what its modules name."""
    sources = [p for room in ROOMS for p in (ROOT / room).rglob("*.py") if p.name not in APART]
    named = {key for path in sources for key in re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', path.read_text())}
    words = Words.load(CHINESE)
    table = (ROOT / "provisioning/words/sentences.md").read_text()
    rows = [key for key in re.findall(r"^\| ([a-z_.]+) \|", table, re.MULTILINE) if words.has(key)]
    found = [key for key in rows if key in named or key.removesuffix(".edition") in named]
    shown = [(key, words.template(key)) for key in found if key not in ELSEWHERE]
    return [key for key, row in shown if row.light and row.button not in {"", "—"}]


def buttons(world: World) -> dict[str, str]:
    """Where the button of every sentence that is said leads."""
    places = {}
    client = signed_in_to(world)
    with client.application.test_request_context("/staff/"):
        for key in keys_that_are_said():
            row = Words.load(CHINESE).template(key)
            names = re.findall(r"\{([a-z_]+)", f"{row.text}{row.second}")
            params = {name: VALUES.get(name, 2) for name in names}
            spoken = said(state_of(Message(key, params), drive="d1", since="2026-11-22T08:00:00Z"))
            if spoken.button is not None:
                places[key] = spoken.button.url
    return places


def test_every_button_that_leads_to_the_page_finds_its_row_or_the_steps_of_plugging_in(world: World) -> None:
    places = buttons(world)
    assert len(places) > 60
    leading = {key: url.partition("#")[2] for key, url in places.items() if url.startswith("/staff/how")}
    page = signed_in_to(world).get("/staff/how").get_data(as_text=True)
    assert [key for key, anchor in leading.items() if f'id="{anchor}"' not in page] == []
    on_steps = {key for key, anchor in leading.items() if anchor == STEPS}
    assert on_steps == {"home.no_drive", "intake.set.missing", "intake.set.missing.edition", "sync.needs_drive"}
    assert {Words.load(CHINESE).template(key).button for key in on_steps} == {"看接盘方法"}


def test_a_progress_or_an_edition_is_not_looked_for_there(world: World) -> None:
    places = buttons(world)
    assert places["power.recovered.continues"] == "/staff/drives"
    assert places["sync.stick.gap"] == "/staff/updates#by-stick"


@pytest.mark.parametrize("key", ["space.full", "space.update_waits", "space.intake_waits"])
def test_where_there_is_no_room_staff_learn_that_they_need_delete_nothing(
    client: FlaskClient, world: World, key: str
) -> None:
    for page, signed in ((client.get("/staff/how"), False), (signed_in_to(world).get("/staff/how"), True)):
        row = re.search(f'<tr id="{anchor_of(key)}">.*?</tr>', page.get_data(as_text=True), re.DOTALL)
        assert row is not None
        assert "馆员没有要自己删的东西" in row[0]
        assert "交给省馆技术支持" in row[0]
        assert "清理" not in row[0]
        assert ('href="/staff/diagnosis"' in row[0]) is signed


def test_a_drive_that_is_gone_is_explained_in_whatever_words_it_is_told() -> None:
    assert anchor_of("intake.unplugged.edition") == anchor_of("intake.unplugged.idle") == "intake-unplugged-idle"


def test_rows_leave_no_place_open_and_say_more_only_of_what_is_explained() -> None:
    words = Words.load(CHINESE)
    more = {key.removeprefix("how_more.") for key in words.label_keys() if key.startswith("how_more.")}
    assert more <= {key.replace(".", "_") for key in HOW}


def test_every_row_is_said_in_both_languages_without_open_places(client: FlaskClient) -> None:
    for language in ("zh-Hans", "en"):
        set_display(client, language=language)
        page = client.get("/staff/how").get_data(as_text=True)
        rows = re.findall(r"<tr id=.*?</tr>", page, re.DOTALL)
        assert len(rows) == len(HOW)
        assert not any("{" in row for row in rows)
        assert ("There is nothing that staff should delete" in page) is (language == "en")
