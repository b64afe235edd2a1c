"""登记码: the code that is shown is what `provisioning enrol` takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.store.identity import device_key
from appliance.store.outbox import ReportRow
from provisioning.device_file import read_device
from tests.appliance.web.conftest import post
from tests.appliance.web.test_diagnosis import STICK, signed_in_to

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


def test_before_there_is_a_key_it_says_so_and_none_is_made(staff: FlaskClient, world: World) -> None:
    page = staff.get("/staff/device").get_data(as_text=True)
    assert "登记码还没有备好" in page
    assert 'class="qr"' not in page
    assert staff.get("/staff/device-file").status_code == 404
    assert not world.settings.device_key_file.exists()


def test_file_and_text_are_of_this_box_and_of_today(world: World) -> None:
    world.settings = replace(world.settings, library_id="CN-510726")
    key = device_key(world.settings.device_key_file)
    client = signed_in_to(world)
    answer = client.get("/staff/device-file")
    found = read_device(answer.data)
    assert (found.library, found.key, f"{found.made}") == ("CN-510726", key.public, "2026-11-22")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="CN-510726.device"'
    page = client.get("/staff/device").get_data(as_text=True)
    assert f'<p class="mono">{found.text}</p>' in page
    assert 'aria-label="这台书箱的登记码"' in page


def test_the_pages_that_say_it_is_not_registered_lead_there(world: World) -> None:
    row = ReportRow("CN-510726", "2026-10", 1, "2026-11-01T02:00:00Z", reason="report-unknown")
    world.services = replace(world.services, reports=lambda: (row,))
    client = signed_in_to(world)
    page = client.get("/staff/reports").get_data(as_text=True)
    assert '<a class="btn btn--seal btn--big" href="/staff/device">看登记码</a>' in page
    assert page.count('href="/staff/device"') == 1
    assert 'href="/staff/device"' in client.get("/staff/health").get_data(as_text=True)
    world.services = replace(world.services, reports=lambda: (replace(row, reason=""),))
    page = signed_in_to(world).get("/staff/reports").get_data(as_text=True)
    assert "这台书箱还没有登记" not in page
    assert '<a href="/staff/device">看登记码</a>' in page


def test_with_one_stick_the_button_beside_the_sentence_saves_and_stands_alone(world: World) -> None:
    row = ReportRow("CN-510726", "2026-11", 1, "2026-11-02T02:00:00Z")
    world.services = replace(world.services, reports=lambda: (row,))
    client = signed_in_to(world)
    sticks = [replace(STICK, key=key) for key in ("u1", "u2")]
    pages = []
    for count in range(3):
        world.write(drives=(*world.holdings.drives[:1], *sticks[:count]))
        pages.append(client.get("/staff/reports").get_data(as_text=True))
    assert [page.count('value="report-export"') for page in pages] == [0, 1, 2]
    assert 'href="/staff/reports#by-stick">存到 U盘</a>' in pages[0]
    assert '<button class="btn btn--seal btn--big">存到 U盘</button>' in pages[1]
    world.write(drives=(*world.holdings.drives[:1], replace(sticks[0], name="")))
    assert "没有书箱标签的盘" in client.get("/staff/drives").get_data(as_text=True)
    assert post(client, "/staff/reports", "/staff/reports", do="report-export", drive="u1").status_code == 303
