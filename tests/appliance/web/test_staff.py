"""Staff: one light, one sentence, one button; sign-in; drives; damage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.store.holdings import HeldDrive, Message, Part
from tests.appliance.web.conftest import post
from tests.appliance.web.holding import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


def refused(key: str = "intake.refused.not_ours", name: str = "d2", since: str = "2026-11-22T05:00:00Z") -> HeldDrive:
    return HeldDrive(name, "/nowhere/secret", "第二块", "refused", Message(key), since=since)


def test_home_shows_light_and_sentence_to_anybody_but_no_button(client: FlaskClient, world: World) -> None:
    world.write(drives=(*world.holdings.drives, refused()))
    page = client.get("/staff/").get_data(as_text=True)
    assert "这不是书箱的资源硬盘，<wbr>没有采用。" in page
    assert "看辨认方法" not in page
    assert "馆员登录" in page
    assert "/nowhere" not in page


def test_home_signed_in_has_the_button_and_the_second_line(staff: FlaskClient, world: World) -> None:
    world.write(drives=(*world.holdings.drives, refused()))
    page = staff.get("/staff/").get_data(as_text=True)
    assert 'href="/staff/how#intake-refused-not_ours"' in page
    assert "盘上的内容没有改动" in page
    assert page.count("btn--seal") == 1


def test_home_lists_the_rest_below(staff: FlaskClient, world: World) -> None:
    item = world.records["x.odd"].items[0]
    world.faults.record(item.sha256, 0, item_id=item.id, drive="d1")
    world.write(drives=(*world.holdings.drives, refused()))
    page = staff.get("/staff/").get_data(as_text=True)
    assert "另有 1 项" in page
    assert "1 种资源有局部损坏" in page


@pytest.mark.parametrize("path", ["/staff/drives", "/staff/health", "/staff/password"])
def test_pages_with_buttons_ask_to_sign_in_first(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/staff/sign-in?next={path}"


def test_commands_need_sign_in(client: FlaskClient, world: World) -> None:
    answer = post(client, "/staff/command", "/staff/sign-in", do="eject", drive="d1")
    assert answer.status_code == 303
    assert world.commands == []


def test_eject_keep_and_look_again_reach_the_worker(staff: FlaskClient, world: World) -> None:
    for wanted in ("eject", "keep", "look-again"):
        assert post(staff, "/staff/command", "/staff/drives", do=wanted, drive="d1").status_code == 303
    assert [c["do"] for c in world.commands] == ["eject", "keep", "look-again"]
    assert post(staff, "/staff/command", "/staff/drives", do="format", drive="d1").status_code == 400
    assert post(staff, "/staff/command", "/staff/drives", do="eject", drive="unknown").status_code == 400
    assert len(world.commands) == 3


def test_rebuild_names_what_failed(staff: FlaskClient, world: World) -> None:
    broken = replace(world.holdings.releases[0], search=Part("failed"))
    world.write(releases=(broken,))
    assert "重新准备" in staff.get("/staff/").get_data(as_text=True)
    post(staff, "/staff/command", "/staff/drives", do="rebuild")
    assert world.commands == [{"do": "rebuild", "folder": broken.folder, "part": "search"}]


def test_drives_ready_one_can_be_ejected(staff: FlaskClient) -> None:
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert "硬盘“国家版”已接好，<wbr>读者可以使用。" in page
    assert 'name="do" value="eject"' in page
    assert "2026年11月版" in page
    assert "今天 09:00" in page


def test_drives_none_says_what_to_do(staff: FlaskClient, world: World) -> None:
    world.write(drives=())
    assert "请接上资源硬盘" in staff.get("/staff/drives").get_data(as_text=True)


def test_drives_never_show_a_path(staff: FlaskClient, world: World) -> None:
    world.write(drives=(*world.holdings.drives, refused("intake.refused.unreadable")))
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert "/nowhere" not in page
    assert str(world.root) not in page
    assert 'value="look-again"' in page


def test_put_away_hides_this_occurrence(staff: FlaskClient, world: World) -> None:
    world.write(drives=(*world.holdings.drives, refused("intake.refused.blank")))
    page = staff.get("/staff/").get_data(as_text=True)
    assert "知道了" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    post(staff, "/staff/put-away", "/staff/", token=token)
    assert "一切正常" in staff.get("/staff/").get_data(as_text=True)


def in_a_set(*times: str) -> tuple[HeldDrive, ...]:
    """Drives of which the last came at the last time; each of them says that the set is complete."""
    said = Message("intake.set.complete", {"bundle": "国家版", "edition": "2026.11", "total": 2, "count": 12})
    return tuple(
        HeldDrive(f"d{n}", "/nowhere", f"国家版第 {n} 块", "ready", said, since=since)
        for n, since in enumerate(times, 1)
    )


def test_home_says_once_what_several_drives_say(staff: FlaskClient, world: World) -> None:
    world.write(drives=in_a_set("2026-11-22T07:51:00Z", "2026-11-22T07:58:00Z"))
    page = staff.get("/staff/").get_data(as_text=True)
    assert page.count("已全部接上") == 1
    assert "另有" not in page


def test_put_away_hides_it_for_all_drives_that_say_it(staff: FlaskClient, world: World) -> None:
    back = [replace(d, message=Message("intake.trusted.back")) for d in in_a_set(*2 * ("2026-11-22T07:58:00Z",))]
    world.write(drives=tuple(back))
    page = staff.get("/staff/").get_data(as_text=True)
    post(staff, "/staff/put-away", "/staff/", token=page.split('name="token" value="')[1].split('"')[0])
    assert "一切正常" in staff.get("/staff/").get_data(as_text=True)


def test_drives_two_that_need_a_hand_keep_a_button_each(staff: FlaskClient, world: World) -> None:
    dumb = Message("intake.refused.unreadable")
    world.write(
        drives=tuple(replace(d, state="refused", message=dumb) for d in in_a_set(*2 * ("2026-11-22T07:58:00Z",)))
    )
    assert staff.get("/staff/").get_data(as_text=True).count('value="look-again"') == 2


def test_drives_only_the_last_of_a_set_says_the_news(staff: FlaskClient, world: World) -> None:
    world.write(drives=in_a_set("2026-11-22T07:51:00Z", "2026-11-22T07:58:00Z"))
    page = staff.get("/staff/drives").get_data(as_text=True)
    assert page.count("已全部接上") == 1
    assert "硬盘“国家版第 1 块”已接好" in page


def test_card_is_asked_for_and_empty_while_nothing_changed(staff: FlaskClient, world: World) -> None:
    page = staff.get("/staff/card").get_data(as_text=True)
    again = page.split('hx-get="')[1].split('"')[0]
    assert staff.get(again).status_code == 204
    world.write(drives=(*world.holdings.drives, refused()))
    assert staff.get(again).status_code == 200


def test_drives_are_asked_for_and_empty_while_nothing_changed(staff: FlaskClient, world: World) -> None:
    page = staff.get("/staff/drives").get_data(as_text=True)
    again = page.split('hx-get="')[1].split('"')[0]
    assert staff.get(again).status_code == 204
    world.write(drives=(*world.holdings.drives, refused()))
    assert staff.get(again).status_code == 200


def test_health_lists_damage_in_readers_words(staff: FlaskClient, world: World) -> None:
    assert "没有发现损坏的资源" in staff.get("/staff/health").get_data(as_text=True)
    whole, cover = world.records["x.odd"].items[0], world.records["x.lunyu"].cover
    assert cover is not None
    world.faults.record(whole.sha256, -1, item_id=whole.id, drive="d1")
    world.faults.record(cover.sha256, 0, item_id=cover.id, drive="d1")
    page = staff.get("/staff/health").get_data(as_text=True)
    assert "这份资源暂时打不开" in page
    assert "显示文字封面，正文完好" in page
    assert whole.id not in page
    assert "今天 16:00" in page


def test_sign_in_wrong_password_says_how_many_tries_are_left_then_rests(client: FlaskClient, world: World) -> None:
    world.accounts.first_start()
    name = world.accounts.all()[0].name
    wrong = post(client, "/staff/sign-in", "/staff/sign-in", name=name, password="不是这个密码吧")
    assert wrong.status_code == 422
    assert "账号或密码不对，还可再试 4 次。" in wrong.get_data(as_text=True)
    for _ in range(4):
        last = post(client, "/staff/sign-in", "/staff/sign-in", name=name, password="不是这个密码吧")
    assert last.status_code == 429
    assert "15 分钟后可再登录" in last.get_data(as_text=True)


def test_sign_in_is_limited_by_address(client: FlaskClient) -> None:
    answers = [
        post(client, "/staff/sign-in", "/staff/sign-in", name=f"n{n}", password="x").status_code for n in range(22)
    ]
    assert answers[-1] == 429
    assert 422 in answers


def test_sign_in_first_password_must_be_replaced(client: FlaskClient, world: World) -> None:
    given = world.accounts.first_start()
    assert given
    name = world.accounts.all()[0].name
    answer = post(client, "/staff/sign-in", "/staff/sign-in", name=name, password=given)
    assert answer.headers["Location"] == "/staff/password"
    assert client.get("/staff/drives").headers["Location"] == "/staff/password"
    short = post(client, "/staff/password", "/staff/password", password="短", again="短")
    assert "密码至少 10 位" in short.get_data(as_text=True)
    other = post(client, "/staff/password", "/staff/password", password=PASSWORD, again=PASSWORD + "x")
    assert "两次写的密码不一样" in other.get_data(as_text=True)
    done = post(client, "/staff/password", "/staff/password", password=PASSWORD, again=PASSWORD)
    assert done.headers["Location"] == "/staff/"
    assert client.get("/staff/drives").status_code == 200


def test_sign_in_goes_on_to_the_page_asked_for_but_never_elsewhere(client: FlaskClient, world: World) -> None:
    world.accounts.first_start()
    name = world.accounts.all()[0].name
    world.accounts.set_password(name, PASSWORD)
    form = {"name": name, "password": PASSWORD}
    away = post(client, "/staff/sign-in", "/staff/sign-in", next="https://evil.example", **form)
    assert away.headers["Location"] == "/"


def test_session_ends_after_idling_and_polling_does_not_count(staff: FlaskClient, world: World) -> None:
    world.clock.advance(14 * 60)
    staff.get("/staff/card?seen=x")
    staff.get("/staff/drives?seen=x")
    world.clock.advance(2 * 60)
    assert staff.get("/staff/drives").status_code == 303
    assert "较长时间没有操作" in staff.get("/staff/sign-in").get_data(as_text=True)


def test_session_ended_while_waiting_leads_the_whole_page_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/staff/drives?seen=x", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/staff/sign-in?next=/staff/drives")


def test_session_goes_on_while_something_is_done(staff: FlaskClient, world: World) -> None:
    for _ in range(4):
        world.clock.advance(10 * 60)
        assert staff.get("/staff/drives").status_code == 200


def test_session_ends_when_the_password_changes_elsewhere(staff: FlaskClient, world: World) -> None:
    world.accounts.set_password(world.accounts.all()[0].name, PASSWORD + "又一句")
    assert staff.get("/staff/drives").status_code == 303


def test_session_ends_on_sign_out(staff: FlaskClient) -> None:
    assert post(staff, "/staff/sign-out", "/staff/").status_code == 303
    assert staff.get("/staff/drives").status_code == 303


def copy_of(staff: FlaskClient) -> FlaskClient:
    """Another browser with a copy of the cookie, as one who listens in the network has it."""
    cookie, thief = staff.get_cookie("session"), staff.application.test_client()
    assert cookie is not None
    thief.set_cookie("session", cookie.value)
    return thief


@pytest.mark.parametrize("way_out", ["/staff/sign-out", "/end"])
def test_signing_out_ends_copies_of_the_cookie_too(staff: FlaskClient, world: World, way_out: str) -> None:
    thief = copy_of(staff)
    assert thief.get("/staff/drives").status_code == 200
    late = copy_of(staff)
    assert post(staff, way_out, "/staff/").status_code in {200, 303}
    for copied in (thief, late):
        assert copied.get("/staff/drives").headers["Location"].startswith("/staff/sign-in")
        assert post(copied, "/staff/command", "/staff/sign-in", do="eject", drive="d1").status_code == 303
    assert world.commands == []


def test_signing_out_ends_a_copy_that_went_on_while_the_owner_idled(staff: FlaskClient, world: World) -> None:
    page = staff.get("/staff/").get_data(as_text=True)
    thief = copy_of(staff)
    world.clock.advance(10 * 60)
    assert thief.get("/staff/drives").status_code == 200
    world.clock.advance(10 * 60)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    staff.post("/staff/sign-out", data={"csrf_token": token})
    assert thief.get("/staff/drives").status_code == 303


def test_signing_out_with_an_old_cookie_leaves_the_new_session_alone(staff: FlaskClient, world: World) -> None:
    old = copy_of(staff)
    page = old.get("/staff/").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    name = world.accounts.all()[0].name
    post(staff, "/staff/sign-out", "/staff/")
    post(staff, "/staff/sign-in", "/staff/sign-in", name=name, password=PASSWORD)
    old.post("/staff/sign-out", data={"csrf_token": token})
    assert staff.get("/staff/drives").status_code == 200


def test_changing_the_password_ends_copies_of_the_cookie(staff: FlaskClient) -> None:
    thief = copy_of(staff)
    other = PASSWORD + "又一句"
    assert post(staff, "/staff/password", "/staff/password", password=other, again=other).status_code == 303
    assert thief.get("/staff/drives").status_code == 303
    assert staff.get("/staff/drives").status_code == 200


def test_first_password_may_not_be_chosen_again(client: FlaskClient, world: World) -> None:
    given = world.accounts.first_start()
    assert given
    name = world.accounts.all()[0].name
    post(client, "/staff/sign-in", "/staff/sign-in", name=name, password=given)
    answer = post(client, "/staff/password", "/staff/password", password=given, again=given)
    assert answer.status_code == 422
    assert "新密码与原来的相同，请换一个。" in answer.get_data(as_text=True)
    assert client.get("/staff/drives").headers["Location"] == "/staff/password"


def test_how_explains_every_refusal(client: FlaskClient) -> None:
    page = client.get("/staff/how").get_data(as_text=True)
    assert 'id="intake-refused-not_ours"' in page
    assert "省馆技术支持 · 028-0000000" in page
