"""诊断文件: what is in it, and that nothing else ever is."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.box.state import BoxState, RecoveryStick
from appliance.intake.journal import Journal
from appliance.people.recoveries import RecoveryLog
from appliance.service.troubles import SERVING, TOLD, keep_troubles
from appliance.serving.upkeep_view import UpkeepState
from appliance.settings import Settings
from appliance.store.checks import CheckRun
from appliance.store.diary import Line
from appliance.store.holdings import HeldDrive, Message
from appliance.store.identity import device_key
from appliance.store.starts import Start, Starts
from appliance.web import diagnosis, staff_diagnosis
from appliance.web.diagnosis_settings import IN_PART, WITHHELD, server_of
from appliance.web.diagnosis_settings import TOLD as TOLD_SETTINGS
from packager.format.files import RealFiles
from tests.appliance.web.conftest import post, set_display, token_of
from tests.appliance.web.holding import NOW, PASSWORD, make_app

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

STICK = HeldDrive(
    "u1", "/nowhere/张三的盘", "张三的盘", "refused", Message("intake.refused.not_ours"), since="2026-11-22"
)
QUERY, WISH, READER, TOKEN = "寻找走失的猫", "想看避孕的书", "198.51.100.77", "s3cr3t-t0ken"


def read(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/staff/diagnosis.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_it_tells_how_the_box_is(staff: FlaskClient, world: World) -> None:
    world.settings = replace(world.settings, library_id="CN-510726", update_origins=("https://o.example.org/a/",))
    item = world.records["x.odd"].items[0]
    world.faults.record(item.sha256, 0, item_id=item.id, drive="d1")
    world.write(drives=(*world.holdings.drives, STICK))
    run = CheckRun(
        "ab", "d1", "国家版", world.holdings.releases[0].folder, done=50, total=200, found=1, started="2026-11-22"
    )
    world.services = replace(
        world.services,
        upkeep=lambda: UpkeepState(runs=(run,), version=1),
        starts=lambda: Starts(unwanted=(Start("power", "2026-11-21T03:00:00Z"),)),
        happened=lambda: (
            Line("2026-11-22T07:00:00Z", "attention", "repair.drive.replace", {"drive": "国家版", "count": 9}),
        ),
    )
    Journal(world.settings.journal_file, RealFiles(), world.clock).add(
        "ready", {"drive": "d1", "release": "national/7"}
    )
    found = read(signed_in_to(world))
    assert found["format"] == "shuxiang-diagnosis-1"
    assert found["library"]["id"] == "CN-510726"
    assert found["clock"] == {
        "now": "2026-11-22T08:00:00Z", "believed": True, "image_date": "2026-11-01",
        "newest_signed": "2026-11-20T00:00:00+00:00", "utc_offset_minutes": 480,
    }  # fmt: skip
    assert {
        "light": "attention",
        "key": "intake.refused.not_ours",
        "text": "这不是书箱的资源硬盘，没有采用。",
        "drive": "u1",
        "since": "2026-11-22",
    } in found["says"]
    drive, stick = found["drives"]
    assert (drive["name"], drive["state"], drive["seq"], drive["damaged"], drive["sick"]) == (
        "国家版",
        "ready",
        7,
        1,
        False,
    )
    assert (stick["name"], stick["says"]) == ("", "intake.refused.not_ours")
    assert found["releases"][0]["search"] == ["ready", 100]
    assert found["checks"][0]["percent"] == 25
    assert found["faults"] == [
        {"sha256": item.sha256, "chunk": 0, "kind": "damaged", "drive": "d1", "day": "2026-11-22"}
    ]
    assert found["starts"] == [{"kind": "power", "at": "2026-11-21T03:00:00Z"}]
    assert "国家版" in found["diary"][0]["text"]
    assert found["intake"][0]["event"] == "ready"
    assert found["settings"]["update_origins"] == ["https://o.example.org"]
    assert found["settings"]["listen_port"] == 80
    assert found["disk"]["free"] > 0
    assert found["machine"]["memory_kib"]["MemTotal"] > 0
    assert "shortened" not in found


def signed_in_to(world: World) -> FlaskClient:
    """A client of a box as the world is now."""
    client = make_app(world).test_client()
    if not world.accounts.all():
        world.accounts.first_start()
        world.accounts.set_password(world.accounts.all()[0].name, PASSWORD)
    post(client, "/staff/sign-in", "/staff/sign-in", name=world.accounts.all()[0].name, password=PASSWORD)
    return client


def test_nothing_of_readers_and_no_secret_gets_out(world: World, tmp_path: Path) -> None:
    origins = (f"https://{TOKEN}:x@o.example.org/{TOKEN}/?key={TOKEN}#{TOKEN}",)
    recoveries = RecoveryLog(world.settings.data_folder, world.clock, RealFiles())
    world.settings = replace(
        world.settings, update_origins=origins, repair_origins=origins, report_url=origins[0], report_key="ee" * 32,
        secret_file=tmp_path / "planted-place-of-the-key", premises_networks=("198.51.100.0/24",),
    )  # fmt: skip
    box = BoxState(known=True, configured=True, library="清溪", staff="planted-director",
                   recovery=(RecoveryStick("usable", "cd" * 16, 1, "2026-11-22T07:59:00Z"),))  # fmt: skip
    world.services = replace(world.services, box=lambda: box, recoveries=recoveries)
    key = device_key(world.settings.device_key_file)
    world.write(drives=(*world.holdings.drives, STICK))
    keep_troubles(world.settings.data_folder, SERVING)
    handler = logging.getLogger().handlers[-1]
    client = signed_in_to(world)
    try:
        far = {"REMOTE_ADDR": READER}
        for path in (f"/search?q={QUERY}", "/resources/x.lunyu", "/read/x.lunyu", "/resources/x.zhanguo"):
            client.get(path, environ_overrides=far)
        set_display(client, face="std")
        store = world.services.wishes
        assert store is not None
        store.add(
            "words", WISH, WISH, who=READER, day=NOW.date(), at=f"{NOW:%Y-%m-%dT%H:%M:%SZ}", note="电话 13900001111"
        )
        world.accounts.create("王秀兰", "librarian")
        recoveries.take("cd" * 16, serial=1, address=READER)
        log = logging.getLogger("appliance.web.errors")
        try:
            raise ValueError(QUERY)
        except ValueError:
            log.exception("%s on %s for %s", "1234-5678", QUERY, READER, extra={TOLD: {"number": "1234-5678"}})
        text = json.dumps(read(client), ensure_ascii=False)
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    with client.session_transaction() as session:
        kept = [str(value) for value in session.values() if len(str(value)) > 8]
    secrets = [
        QUERY, WISH, READER, "198.51.100", TOKEN, "ee" * 32, "planted-place-of-the-key", "planted-director", "cd" * 16,
        PASSWORD, "argon2", "PRIVATE KEY", key.public.raw.hex(), key.id, "张三", "论语", "x.lunyu", "028-0000000",
        "王秀兰", "13900001111", (tmp_path / "planted-place-of-the-key").read_bytes().hex(), *kept,
    ]  # fmt: skip
    assert [one for one in secrets if one and one in text] == []
    assert "1234-5678" in text  # what a reader reads out is found


def test_every_setting_is_told_or_withheld_by_decision() -> None:
    assert {f.name for f in fields(Settings)} == TOLD_SETTINGS | set(IN_PART) | WITHHELD
    assert not TOLD_SETTINGS & WITHHELD


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("https://name:token@o.example.org:8443/x?key=1#y", "https://o.example.org:8443"),
        ("http://[2001:db8::1]/x", "http://2001:db8::1"),
        ("https://o:port/", ""),
    ],
)
def test_of_an_address_only_the_server_is_told(address: str, server: str) -> None:
    assert server_of(address) == server


def test_a_part_that_is_broken_leaves_the_others(staff: FlaskClient, world: World) -> None:
    world.faults.close()
    found = read(staff)
    assert found["faults"] == {"failed": "ProgrammingError"}
    assert found["clock"]["believed"] is True


def test_it_stays_small_whatever_there_is(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"n": n, "text": "长" * 5000} for n in range(4000)]
    monkeypatch.setitem(diagnosis.PARTS, "intake", lambda: lines)
    answer = staff.get("/staff/diagnosis.json")
    assert len(answer.data) <= diagnosis.MAX_BYTES
    found = json.loads(answer.data)
    assert found["shortened"] == ["intake"]
    assert found["intake"][-1] == {"n": 3999, "text": "长" * diagnosis.MAX_TEXT}


def test_texts_from_outside_have_no_signs_that_a_terminal_obeys(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(diagnosis.PARTS, "intake", lambda: [{"a\x1b[2J": "x\u202ey\n"}])
    assert read(staff)["intake"] == [{"a [2J": "x y "}]


def test_it_is_for_staff(client: FlaskClient, world: World) -> None:
    for path in ("/staff/diagnosis", "/staff/diagnosis.json", "/staff/device", "/staff/device-file"):
        assert client.get(path).status_code == 303
    assert post(client, "/staff/diagnosis", "/staff/sign-in", drive="u1").status_code == 303
    assert world.commands == []


def test_where_nobody_can_sign_in_whoever_stands_in_the_library_may_have_it(world: World) -> None:
    world.services = replace(world.services, accounts_away=True, degraded="unwritable")
    client = make_app(world).test_client()
    home = client.get("/staff/").get_data(as_text=True)
    assert "现在备份" not in home
    assert 'href="/staff/diagnosis">导出诊断文件</a>' in home
    assert read(client)["software"]["accounts_away"] is True
    outside = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/staff/diagnosis.json", environ_overrides=outside).status_code == 403


def test_a_stick_gets_the_newest_file_and_nothing_else_is_kept(staff: FlaskClient, world: World) -> None:
    assert "这里会出现“存到 U盘”" in staff.get("/staff/diagnosis").get_data(as_text=True)
    assert post(staff, "/staff/diagnosis", "/staff/diagnosis", drive="u1").status_code == 400
    world.write(drives=(*world.holdings.drives, STICK))
    folder = world.settings.diagnosis_folder
    folder.mkdir(parents=True)
    (folder / "书箱诊断 未登记 2026-10-01.json").write_text("old")
    assert post(staff, "/staff/diagnosis", "/staff/diagnosis", drive="u1").status_code == 303
    assert world.commands == [{"do": "diagnosis-export", "drive": "u1"}]
    (path,) = folder.iterdir()
    assert path.name == "书箱诊断未登记 2026-11-22.json"
    assert json.loads(path.read_bytes())["format"] == "shuxiang-diagnosis-1"


def test_a_button_that_is_pressed_twice_saves_one_whole_file(
    staff: FlaskClient, world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(drives=(*world.holdings.drives, STICK))
    meeting = threading.Barrier(2)

    class Slow(RealFiles):
        def _sync(self, handle: int) -> None:
            super()._sync(handle)
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(0.5)  # two that write at once meet here

    monkeypatch.setattr(staff_diagnosis, "RealFiles", Slow)
    form = {"drive": "u1", "csrf_token": token_of(staff, "/staff/diagnosis")}
    cookie = staff.get_cookie("session")
    assert cookie is not None

    def press() -> int:
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        return client.post("/staff/diagnosis", data=form).status_code

    with ThreadPoolExecutor(2) as two:
        assert [one.result() for one in [two.submit(press), two.submit(press)]] == [303, 303]
    (path,) = world.settings.diagnosis_folder.iterdir()
    assert json.loads(path.read_bytes())["format"] == "shuxiang-diagnosis-1"


@pytest.mark.parametrize("key", ["box.degraded", "box.system.fell_back", "sync.refused.untrusted"])
def test_the_sentences_that_offer_it_lead_to_it(staff: FlaskClient, world: World, key: str) -> None:
    world.write(notices=(Message(key),))
    page = staff.get("/staff/").get_data(as_text=True)
    assert 'href="/staff/diagnosis">导出诊断文件</a>' in page
