"""馆员账号: the director's page of accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from appliance.errors import LockedError, NotMatchedError
from tests.appliance.web.conftest import post
from tests.appliance.web.holding import PASSWORD, make_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


def given(page: str) -> str:
    (found,) = re.findall(r'<dd class="mono">([^<]+)</dd>', page)
    return found


def test_a_colleague_gets_an_account_and_chooses_a_password(staff: FlaskClient, world: World) -> None:
    assert 'href="/staff/people">馆员账号</a>' in staff.get("/staff/").get_data(as_text=True)
    answer = post(staff, "/staff/people", "/staff/people", name=" 王秀兰 ", role="librarian")
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert "已为王秀兰开通馆员账号。" in page
    assert "还没有换过初始密码" in page
    assert given(page) not in staff.get("/staff/people").get_data(as_text=True)
    other = make_app(world).test_client()
    signed = post(other, "/staff/sign-in", "/staff/sign-in", name="王秀兰", password=given(page))
    assert signed.headers["Location"] == "/staff/password"
    post(other, "/staff/password", "/staff/password", password=PASSWORD + "一", again=PASSWORD + "一")
    assert "馆员账号" not in other.get("/staff/").get_data(as_text=True)
    assert other.get("/staff/people").status_code == 403
    assert post(other, "/staff/people", "/staff/", name="x", role="director").status_code == 403


def test_names_are_taken_once_and_are_not_empty(staff: FlaskClient, world: World) -> None:
    world.accounts.create("王秀兰", "librarian")
    page = post(staff, "/staff/people", "/staff/people", name="王秀兰", role="librarian")
    assert (page.status_code, "已有这个名字的账号" in page.get_data(as_text=True)) == (422, True)
    page = post(staff, "/staff/people", "/staff/people", name="  ", role="librarian")
    assert (page.status_code, "请写姓名" in page.get_data(as_text=True)) == (422, True)
    assert post(staff, "/staff/people", "/staff/people", name="y", role="root").status_code == 400
    page = post(staff, "/staff/people", "/staff/people", name="<b>李</b>", role="librarian").get_data(as_text=True)
    assert "<b>李" not in page


def test_password_stop_and_resume(staff: FlaskClient, world: World) -> None:
    first = world.accounts.create("王秀兰", "librarian")
    page = post(staff, "/staff/people/change", "/staff/people", name="王秀兰", do="password").get_data(as_text=True)
    assert "已为王秀兰换了初始密码。" in page
    with pytest.raises(NotMatchedError):
        world.accounts.sign_in("王秀兰", first)
    world.accounts.sign_in("王秀兰", given(page))
    page = post(staff, "/staff/people/change", "/staff/people", name="王秀兰", do="stop").get_data(as_text=True)
    assert "王秀兰的账号已停用" in page
    assert world.accounts.get("王秀兰") is None
    page = post(staff, "/staff/people/change", "/staff/people", name="王秀兰", do="resume").get_data(as_text=True)
    assert "王秀兰的账号可以使用了。" in page
    assert world.accounts.get("王秀兰") is not None


def test_a_rest_is_ended_before_its_time(staff: FlaskClient, world: World) -> None:
    world.accounts.create("王秀兰", "librarian")
    for _ in range(5):
        with pytest.raises((NotMatchedError, LockedError)):
            world.accounts.sign_in("王秀兰", "wrong wrong wrong")
    assert "密码多次不对，暂停登录" in staff.get("/staff/people").get_data(as_text=True)
    post(staff, "/staff/people/change", "/staff/people", name="王秀兰", do="unlock")
    assert not world.accounts.get("王秀兰").locked  # type: ignore[union-attr]


def test_nobody_changes_their_own_account_here_or_one_that_is_not(staff: FlaskClient, world: World) -> None:
    own = world.accounts.all()[0].name
    for name in (own, f" {own} ", "nobody"):
        for what in ("stop", "password"):
            assert post(staff, "/staff/people/change", "/staff/people", name=name, do=what).status_code == 400
    assert post(staff, "/staff/people/change", "/staff/people", name="nobody", do="delete").status_code == 400
    assert world.accounts.get(own) is not None
