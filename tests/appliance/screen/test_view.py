"""What the attached screen shows, from answers of the box and facts of the machine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from appliance.clock import FixedClock
from appliance.screen.command import Looker
from appliance.screen.view import STARTING_SECONDS, View, is_linked, view_of
from appliance.service.asking import Health
from appliance.settings import Settings

WELL = Health("normal", "一切正常，读者可以使用。", (), "2026.11")
NOW = dt.datetime(2026, 11, 27, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=8)))
SETTINGS = Settings(data_folder=Path("data"), root_file=Path("root.json"), library_name="清溪县图书馆")


def view(health: Health | None = WELL, *, silent: float = 0, linked: bool = True, number: str = "") -> View:
    return view_of(SETTINGS, health, NOW, silent=silent, linked=linked, number=number)


def test_answer_of_the_box_is_what_stands_there() -> None:
    shown = view(number="192.168.1.10")
    assert (shown.light, shown.word, shown.sentence) == ("normal", "正常", WELL.sentence)
    assert (shown.library, shown.address, shown.code) == ("清溪县图书馆", "library.local", "http://library.local/")
    assert shown.hint == "手机扫码，或在浏览器输入"
    assert shown.numbers == "打不开时输入 192.168.1.10"
    assert (shown.updated, shown.day, shown.time) == ("内容更新至 2026年11月", "2026年11月27日", "14:05")
    assert shown.more == ""


def test_other_matters_are_counted() -> None:
    assert view(Health("attention", "空间已满。", ("一", "二"))).more == "另有 2 项"


def test_box_without_a_cable_says_so_unless_it_is_at_work() -> None:
    assert "没有接上馆内网络" in view(linked=False).sentence
    assert view(linked=False).light == "attention"
    busy = Health("working", "正在识别硬盘，请勿拔出。")
    assert view(busy, linked=False).sentence == busy.sentence


@pytest.mark.parametrize(("silent", "light", "words"), [
    (0.0, "working", "正在启动"), (STARTING_SECONDS + 1, "attention", "没有应答"),
])  # fmt: skip
def test_box_that_does_not_answer_is_starting_and_then_needs_somebody(silent: float, light: str, words: str) -> None:
    shown = view(None, silent=silent)
    assert shown.light == light
    assert words in shown.sentence


@pytest.mark.parametrize("edition", ["", "2026", "2026.13", "spring.1", "2026.11.2"])
def test_edition_that_is_no_month_is_left_out(edition: str) -> None:
    assert view(Health("normal", "好。", (), edition)).updated == ""


def test_last_answer_counts_for_how_long_the_box_is_silent() -> None:
    clock, answers = FixedClock(), [WELL, None, None]
    looker = Looker(SETTINGS, clock, lambda: answers.pop(0))
    assert looker.view().light == "normal"
    clock.advance(STARTING_SECONDS - 1)
    assert "正在启动" in looker.view().sentence
    clock.advance(2)
    assert "没有应答" in looker.view().sentence


def interface(folder: Path, name: str, carrier: str | None, *, real: bool = True) -> None:
    (folder / name).mkdir(parents=True)
    if carrier is not None:
        (folder / name / "carrier").write_text(carrier)
    if real:
        (folder / name / "device").mkdir()


@pytest.mark.parametrize(("interfaces", "linked"), [
    ([("eth0", "1\n")], True),
    ([("eth0", "0\n")], False),
    ([("eth0", None)], False),
    ([("eth0", "0\n"), ("eth1", "1\n")], True),
    ([], True),
])  # fmt: skip
def test_carrier_of_real_interfaces_counts(tmp_path: Path, interfaces: list[tuple[str, str]], linked: bool) -> None:
    interface(tmp_path, "lo", "1\n", real=False)
    for name, carrier in interfaces:
        interface(tmp_path, name, carrier)
    if interfaces:
        interface(tmp_path, "veth0", "1\n", real=False)
    assert is_linked(tmp_path) is linked


def test_machine_without_that_folder_counts_as_linked(tmp_path: Path) -> None:
    assert is_linked(tmp_path / "none")
