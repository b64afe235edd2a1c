"""地区: provinces, prefectures, counties, the library's own first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from appliance.errors import SettingsError
from appliance.settings import settings_from
from appliance.store.home_place import read_home_place
from tests.appliance.web.conftest import post
from tests.appliance.web.holding import make_app, make_world, one
from tests.appliance.web.test_browse import links, main_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

_PLACES = {
    "双流县志": "510122@2010", "双流水利": "510116@2020", "成都竹枝词": "510100@2020", "四川方言": "510000@2020",
    "北京胡同": "110105@2020", "济源县志": "419001@2020", "浙江潮": "330000@2020", "没有名字的地方": "998877@2020",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = [one(f"p{n}", title, places=(code,)) for n, (title, code) in enumerate(_PLACES.items())]
    with make_world(tmp_path, made) as made_world:
        yield made_world


def test_places_are_browsed_down_to_counties(world: World) -> None:
    client = make_app(world).test_client()
    page = main_of(client, "/browse/places")
    assert "本地" not in page
    found = links(page)
    assert found["四川4种"] == "/browse/places?in=510000"
    assert found["北京1种"] == "/browse/places?in=110000"
    assert found["浙江1种"] == "/search?place=330000"
    assert "998877" not in page
    found = links(main_of(client, "/browse/places?in=510000"))
    assert found["四川全部4种"] == "/search?place=510000"
    assert found["成都市3种"] == "/browse/places?in=510100"
    assert "双流区1种" not in found
    page = main_of(client, "/browse/places?in=510100")
    found = links(page)
    assert (found["双流区1种"], found["双流县1种"]) == ("/search?place=510116", "/search?place=510122")
    assert found["四川"] == "/browse/places?in=510000"
    # A level that only holds counties together is passed over.
    assert links(main_of(client, "/browse/places?in=110000"))["朝阳区1种"] == "/search?place=110105"
    assert links(main_of(client, "/browse/places?in=410000"))["济源市1种"] == "/search?place=419001"


@pytest.mark.parametrize("wrong", ["51", "998877", "x", "五一〇〇〇〇", "110100"])
def test_places_that_nobody_named_are_not_found(world: World, wrong: str) -> None:
    assert make_app(world).test_client().get(f"/browse/places?in={quote(wrong)}").status_code == 404


def test_the_place_of_the_library_stands_first(world: World) -> None:
    world.settings = replace(world.settings, home_place="510116")
    page = main_of(make_app(world).test_client(), "/browse/places")
    local, others = page.split("各省")
    assert list(links(local))[-3:] == ["双流区1种", "成都市3种", "四川4种"]
    assert "北京1种" in links(others)


def test_filters_call_places_by_their_names(world: World) -> None:
    page = main_of(make_app(world).test_client(), "/search?place=510100")
    assert "四川 成都市" in page  # the chip says where it is
    assert "双流区" in page
    assert "998877" in main_of(make_app(world).test_client(), "/search?place=998877")


def test_staff_choose_the_place_by_its_name(staff: FlaskClient, world: World) -> None:
    page = main_of(staff, "/staff/place?q=双流")
    assert "四川 双流区" in page
    assert "还没有选" in page
    assert post(staff, "/staff/place", "/staff/place", place="510116").status_code == 303
    assert "不设本地" in main_of(staff, "/staff/place")
    assert "双流区1种" in links(main_of(staff, "/browse/places").split("各省")[0])
    for wrong in ("998877", "51", "x"):
        assert post(staff, "/staff/place", "/staff/place", place=wrong).status_code == 400
    post(staff, "/staff/place", "/staff/place", place="")
    assert "本地" not in main_of(staff, "/browse/places")
    world.settings.home_place_file.write_bytes(b"\xff" * 99)
    assert read_home_place(world.settings.home_place_file) is None
    assert "没有叫“无此地”的地方" in main_of(staff, "/staff/place?q=无此地")


@pytest.mark.parametrize("wrong", ["51", "成都", "5101160"])
def test_a_setting_that_is_no_place_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="home_place"):
        settings_from({"data_folder": "d", "root_file": "r", "home_place": wrong}, base=tmp_path)
