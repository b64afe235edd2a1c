"""诊断文件 and 登记码 in a real Chromium, on both screens; the code is decoded from the picture and enrolled."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image

from appliance.serving.upkeep_view import UpkeepState
from appliance.store.holdings import HeldDrive, Message
from appliance.store.identity import device_key
from appliance.store.repairs import Report
from packager.format.reports import moment_text
from provisioning.cli import main
from provisioning.device_file import read_device
from tests.appliance.web.holding import NOW, PASSWORD, World, make_app, make_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.test_updates_states import plain, sign_in
from tests.provisioning.desk import ROOT, counties, make_keys, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
LIBRARY = "CN-110101"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path) as made:
        made.settings = replace(made.settings, library_id=LIBRARY)
        made.accounts.first_start()
        made.accounts.set_password(made.accounts.all()[0].name, PASSWORD)
        yield made


def look(page: Page, name: str, viewport: tuple[int, int], folder: Path) -> None:
    assert violations(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0], name
    page.screenshot(path=folder / f"{name}-{viewport[0]}.png", full_page=True)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_file_is_downloaded_or_saved_on_a_stick(
    browser: Browser, world: World, viewport: tuple[int, int], tmp_path: Path
) -> None:
    told: list[Report] = []
    world.services = replace(world.services, upkeep=lambda: UpkeepState(reports=tuple(told), version=1))
    with serving(make_app(world)) as base, opened(browser, base, viewport) as page:
        sign_in(page, world)
        page.goto("/staff/health")
        look(page, "health", viewport, tmp_path)
        page.get_by_role("link", name="导出诊断文件").click()
        page.wait_for_url("**/staff/diagnosis")
        look(page, "diagnosis", viewport, tmp_path)
        with page.expect_download() as saved:
            page.get_by_role("link", name="下载文件").click()
        assert saved.value.suggested_filename == f"书箱诊断 {LIBRARY} 2026-11-22.json"
        assert json.loads(Path(saved.value.path()).read_bytes())["library"]["id"] == LIBRARY
        drive = HeldDrive("u1", "/nowhere", "", "refused", Message("intake.refused.not_ours"), since=moment_text(NOW))
        world.write(drives=(*world.holdings.drives, drive))
        page.get_by_role("button", name="存到 U盘").click()  # the page follows by itself
        page.wait_for_url("**/staff/diagnosis")
        assert world.commands == [{"do": "diagnosis-export", "drive": "u1"}]
        told.append(Report("u1", "box.diagnosis.ready", {}, moment_text(NOW)))
        page.get_by_text("可以拔出").wait_for()
        assert plain(page.locator("#state .say h2").inner_text()) == "诊断文件已存到 U盘，可以拔出。"
        look(page, "diagnosis-saved", viewport, tmp_path)
        page.goto("/staff/drives")
        assert "诊断文件已存到 U盘，可以拔出。" in plain(page.locator("main").inner_text())


@pytest.mark.parametrize(
    ("viewport", "script"), [(DESKTOP, True), (PHONE, True), (DESKTOP, False)], ids=["desktop", "phone", "plain"]
)
def test_the_code_scans_and_enrols_this_box(
    browser: Browser, world: World, viewport: tuple[int, int], script: bool, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    key = device_key(world.settings.device_key_file)
    with serving(make_app(world)) as base, opened(browser, base, viewport, script=script) as page:
        sign_in(page, world)
        page.goto("/staff/device")
        if script:
            look(page, "device", viewport, tmp_path)
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    text = zxingcpp.read_barcode(picture, formats=zxingcpp.BarcodeFormat.QRCode).text
    assert read_device(text.encode()).key == key.public
    if script:
        return
    path = make_keys(tmp_path / "keys", monkeypatch)
    monkeypatch.chdir(tmp_path)
    Path("root.json").write_text(ROOT)
    write_csv(Path("list.csv"), counties(1))
    keys = ["--keys", "keys", "--passphrases", str(path)]
    assert main(["batch", "list.csv", "--root", "root.json", "--to", "out", *keys]) == 0
    assert main(["enrol", "--text", text, "--to", "devices.registry", *keys]) == 0
    assert f"{LIBRARY}　设备 {key.public.raw.hex()[:16]}" in capsys.readouterr().out
