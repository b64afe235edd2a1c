"""What damage, checks and repairs look like to staff and readers."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.serving.upkeep_view import UpkeepState
from appliance.store.checks import CheckRun
from appliance.store.holdings import HeldDrive, Message
from appliance.store.repairs import THE_LINE, Repaired, Report
from appliance.web.harm import Harm, HarmFinder, told_by_record
from appliance.web.renditions import RenditionService
from appliance.web.renditions_cache import RenditionCache
from indexer.model import Item
from packager.format.layout import CHUNK
from packager.format.repair_list import load_list
from tests.appliance.web.conftest import post
from tests.appliance.web.holding import NOW, make_world, one
from tests.generated_books import epub

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

TAG = "ab" * 32
NOW_TEXT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
EARLIER = f"{NOW - dt.timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"


def item(media_type: str, size: int, **members: object) -> Item:
    return Item("i" * 20, "part", 0, "data/ab/x", media_type, size, "ab" * 32, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "chunks", "expected"),
    [
        (item("application/pdf", 5 * CHUNK), [2], Harm("part")),
        (item("application/pdf", 5 * CHUNK), [0], Harm("whole")),
        (item("application/pdf", 5 * CHUNK), [4], Harm("whole")),
        (item("application/pdf", CHUNK), [0], Harm("whole")),
        (item("text/plain", 3 * CHUNK), [1], Harm("whole")),
        (item("image/tiff", 3 * CHUNK), [1], Harm("whole")),
        (item("audio/mpeg", 10 * CHUNK, duration=600), [5], Harm("minutes", start=300, end=360)),
        (item("audio/mpeg", 10 * CHUNK, duration=600), [5, 7], Harm("minutes", start=300, end=480)),
        (item("audio/mpeg", 10 * CHUNK), [5], Harm("part")),
        (item("video/mp4", 10 * CHUNK, duration=600), [0], Harm("whole")),
        (item("video/mp4", 10 * CHUNK, duration=600), [-1], Harm("whole")),
        (replace(item("image/jpeg", 3 * CHUNK), role="page", order=6), [1], Harm("pages", pages=(7,))),
        (replace(item("image/jpeg", 9), role="cover"), [0], Harm("aside")),
        (replace(item("application/jsonl", 9), role="text"), [0], Harm("aside")),
    ],
)
def test_what_the_record_says_of_damage(of: Item, chunks: list[int], expected: Harm) -> None:
    assert told_by_record(of, chunks) == expected


def tell(world: World, **parts: object) -> None:
    """What the worker says of checks and repairs."""
    state = UpkeepState(version=1, **parts)  # type: ignore[arg-type]
    object.__setattr__(world.services, "upkeep", lambda: state)
    world.write(drives=(replace(world.holdings.drives[0], tagmanifest=TAG, since="2026-11-22T01:00:00Z"),))


def run(state: str = "running", **members: object) -> CheckRun:
    values = {"done": 37, "total": 100, "resources": 13, "seconds_left": 9000, "started": NOW_TEXT, "changed": NOW_TEXT}
    return CheckRun(TAG, "d1", "国家版", "national/7-abcdef012345", state, **{**values, **members})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running", "正在后台检查硬盘，<wbr>已完成 37%。"),
        ("yielding", "读者正在使用，<wbr>后台检查先让路。"),
        ("paused", "后台检查已暂停，<wbr>读者可以使用。"),
        ("finished", "硬盘检查完毕，<wbr>没有发现损坏。"),
    ],
)
def test_home_says_how_far_the_check_is(staff: FlaskClient, world: World, state: str, words: str) -> None:
    tell(world, runs=(run(state),))
    page = staff.get("/staff/").get_data(as_text=True)
    assert words in page
    assert "k-ok" in page


def test_check_of_a_drive_that_is_gone_waits_for_it(staff: FlaskClient, world: World) -> None:
    tell(world, runs=(run(),))
    world.write(
        drives=(
            replace(
                world.holdings.drives[0],
                state="gone",
                message=Message("intake.unplugged.idle", {"drive": "国家版", "count": 3}),
            ),
        )
    )
    page = staff.get("/staff/").get_data(as_text=True)
    assert "后台检查停在 37%，接回硬盘后继续。" in page
    assert "硬盘“国家版”已断开，<wbr>请接回。" in page  # what matters more comes first


def test_finished_check_names_the_month_of_the_next(staff: FlaskClient, world: World) -> None:
    tell(world, runs=(run("finished"),))
    assert "共检查 13 种资源。下次检查约在 2027年2月。" in staff.get("/staff/health").get_data(as_text=True)


def test_health_has_a_button_for_every_state_of_a_check(staff: FlaskClient, world: World) -> None:
    for state, command in (("running", "check-pause"), ("paused", "check-resume"), ("finished", "check")):
        tell(world, runs=(run(state),))
        assert f'value="{command}"' in staff.get("/staff/health").get_data(as_text=True)
    tell(world)
    page = staff.get("/staff/health").get_data(as_text=True)
    assert "这块硬盘还没有检查过。" in page
    assert post(staff, "/staff/command", "/staff/health", do="check", drive="d1").status_code == 303
    assert world.commands == [{"do": "check", "drive": "d1"}]


def hurt(world: World, resource: str = "x.lunyu", role: str = "alternate", chunk: int = 1) -> tuple[str, int]:
    found = next(i for i in world.records[resource].items if i.role == role)
    world.faults.record(found.sha256, chunk, item_id=found.id, drive="d1")
    return found.sha256, chunk


def test_what_a_pressed_check_found_stands_before_older_good_news(staff: FlaskClient, world: World) -> None:
    hurt(world)
    for asked, first in ((1, "有一部分损坏"), (0, "已有一块相同的硬盘在用")):
        tell(world, runs=(run("finished", asked=asked, found=1),))
        news = replace(world.holdings.drives[0], message=Message("intake.duplicate"), since=EARLIER)
        world.write(drives=(news,))
        page = staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
        heard = {words: page.index(words) for words in ("有一部分损坏", "已有一块相同的硬盘在用") if words in page}
        assert len(heard) == 2
        assert min(heard, key=heard.__getitem__) == first


def test_one_damaged_title_is_named_with_what_it_lacks(staff: FlaskClient, world: World) -> None:
    hurt(world, "x.zhanguo", "page", 0)
    tell(world)
    assert "《戰國策校注 扫描件》第 1 页有损坏" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    page = staff.get("/staff/health").get_data(as_text=True)
    assert "第 1 页打不开，其余可看" in page
    assert "正在修复" in page


def test_several_damaged_titles_are_counted(staff: FlaskClient, world: World) -> None:
    hurt(world)
    hurt(world, "x.zhanguo", "page", 0)
    tell(world)
    assert "2 种资源有局部损坏" in staff.get("/staff/").get_data(as_text=True)


def test_damage_that_nobody_can_mend_asks_for_the_list(staff: FlaskClient, world: World) -> None:
    tell(world, attempts=frozenset({hurt(world)}))
    assert "1 处损坏要另取数据修复。" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    page = staff.get("/staff/health").get_data(as_text=True)
    assert "要另取数据" in page
    assert 'value="repair"' in page
    assert post(staff, "/staff/command", "/staff/health", do="repair").status_code == 303
    assert world.commands == [{"do": "repair"}]


@pytest.mark.parametrize(
    ("message", "sentence", "button"),
    [
        (Message("repair.waiting.window", {"time": "22:00"}), "1 处损坏等到 22:00 从网络修复。", 'value="repair"'),
        (Message("repair.waiting.cap", {"date": "2026-12-01"}), "本月流量已用完，1 处损坏", "/staff/updates#settings"),
        (Message("repair.waiting.metered"), "网络按流量计费，1 处损坏暂不修复。", 'value="repair"'),
        (Message("repair.waiting.paused"), "下载已暂停，1 处损坏也在等候修复。", 'value="update-resume"'),
    ],
    ids=lambda value: getattr(value, "key", ""),
)  # fmt: skip
def test_damage_that_waits_for_the_line_says_so_with_its_button(
    staff: FlaskClient, world: World, message: Message, sentence: str, button: str
) -> None:
    waits = Report(THE_LINE, message.key, message.params, NOW_TEXT)
    tell(world, reports=(waits,))
    assert "一切正常" in staff.get("/staff/").get_data(as_text=True)  # nothing is damaged
    tell(world, attempts=frozenset({hurt(world)}), reports=(waits,))
    page = staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    assert sentence in page
    assert button in page
    assert "要另取数据修复。" not in page


def test_repaired_title_is_named_with_its_source(staff: FlaskClient, world: World) -> None:
    found = world.records["x.lunyu"].items[0]
    row = Repaired(found.sha256, 0, "cd" * 32, 9, found.id, "drive", "少儿版", NOW_TEXT)
    tell(world, repaired=(row,))
    assert "《论语》已修复，数据取自“少儿版”。" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    tell(world, repaired=(replace(row, source="network", name="books.example"),))
    assert "数据取自 books.example。" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    later = f"{NOW - dt.timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    tell(world, repaired=(replace(row, at=later),))
    assert "一切正常" in staff.get("/staff/").get_data(as_text=True)


def test_stick_with_repairs_is_not_called_a_stranger(staff: FlaskClient, world: World) -> None:
    tell(world, reports=(Report("u1", "repair.done.stick", {"done": 5}, NOW_TEXT),))
    stranger = HeldDrive("u1", "/nowhere", "", "refused", Message("intake.refused.not_ours"), since=NOW_TEXT)
    world.write(drives=(*world.holdings.drives, stranger))
    for path in ("/staff/", "/staff/drives"):
        page = staff.get(path).get_data(as_text=True).replace("<wbr>", "")
        assert "已用 U盘修复 5 处，全部完成。" in page
        assert "这不是书箱的资源硬盘" not in page


def test_worn_drive_should_be_replaced(staff: FlaskClient, world: World) -> None:
    for chunk in range(60):
        world.faults.record("cd" * 32, chunk, item_id="nobody", drive="d1")
    tell(world)
    assert "硬盘“国家版”损坏较多，建议更换。" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")
    page = staff.get("/staff/how").get_data(as_text=True)
    assert 'id="repair-drive-replace"' in page


def test_drive_that_often_does_not_answer_should_be_replaced(staff: FlaskClient, world: World) -> None:
    for _ in range(3):
        world.faults.note_sick("d1")
    tell(world)
    assert "硬盘“国家版”有损坏的迹象，请尽早更换。" in staff.get("/staff/").get_data(as_text=True).replace("<wbr>", "")


def test_reader_is_told_what_is_damaged_and_may_read_the_rest(client: FlaskClient, world: World) -> None:
    hurt(world)
    page = client.get("/resources/x.lunyu").get_data(as_text=True)
    assert "有损坏" not in page  # the part is whole; another form of it is damaged in the middle
    hurt(world, "x.zhanguo", "page", 0)
    page = client.get("/resources/x.zhanguo").get_data(as_text=True)
    assert "第 1 页有损坏，已通知馆员。" in page
    assert 'class="btn btn--seal btn--big"' in page


def test_damage_is_gathered_once_until_something_changes(staff: FlaskClient, world: World, monkeypatch) -> None:
    hurt(world)
    tell(world)
    staff.get("/staff/")
    asked = []
    original = world.faults.standing
    monkeypatch.setattr(world.faults, "standing", lambda *a: (asked.append(1), original(*a))[1])
    for _ in range(3):
        staff.get("/staff/")
    assert asked == []
    hurt(world, "x.odd", "part", 0)
    staff.get("/staff/")
    assert asked == [1]


def test_repair_list_names_what_nobody_has_for_programs_and_for_people(staff: FlaskClient, world: World) -> None:
    sha256, _ = hurt(world)
    hurt(world, "x.zhanguo", "page", 0)  # still being repaired: not in the list
    tell(world, attempts=frozenset({(sha256, 1)}))
    (place,) = load_list(staff.get("/staff/repair-list.jsonl").data)
    assert (place.sha256, place.chunk, place.offset) == (sha256, 1, CHUNK)
    text = staff.get("/staff/repair-list.txt").get_data(as_text=True)
    assert "论语 节选：第 2 处" in text
    assert "共 1 处，约需 1 MB。" in text
    assert "戰國策" not in text


def test_repair_list_goes_to_a_plugged_stick(staff: FlaskClient, world: World) -> None:
    tell(world, attempts=frozenset({hurt(world)}))
    assert "先插入任意 U盘" in staff.get("/staff/health").get_data(as_text=True)
    blank = HeldDrive("u1", "/nowhere", "", "refused", Message("intake.refused.blank"), since=NOW_TEXT)
    world.write(drives=(*world.holdings.drives, blank))
    assert "存到 U盘" in staff.get("/staff/health").get_data(as_text=True)
    assert post(staff, "/staff/repair-list", "/staff/health", drive="u1").status_code == 303
    assert world.commands == [{"do": "repair-export", "drive": "u1"}]
    assert len(load_list((world.settings.repair_list_folder / "list.jsonl").read_bytes())) == 1
    post(staff, "/staff/repair-list", "/staff/health", drive="d1")  # a drive of ours is never written
    assert len(world.commands) == 1


def test_repair_list_needs_sign_in(client: FlaskClient) -> None:
    for path in ("/staff/repair-list.jsonl", "/staff/repair-list.txt"):
        assert client.get(path).status_code == 303


def test_file_that_was_looked_at_says_more_than_the_record(world: World) -> None:
    chapters = [(f"第{n}回", f"<p>{'字' * 10}</p>") for n in range(1, 4)]
    filler = {f"x{n}.bin": bytes(CHUNK) for n in range(3)}
    book = epub(chapters, extra=filler)
    record, files = one("x.book", "三回书", files=(("part", "b.epub", "application/epub+zip", book),))
    (world.root / "more").mkdir()
    with make_world(world.root / "more", [(record, files)]) as other:
        service = RenditionService(RenditionCache(other.root / "cache"), other.services.chunks, other.services.pools)
        finder = HarmFinder(service)
        held = other.keeper.library.item(record.items[0].id)
        last = held.item.size // CHUNK
        with zipfile.ZipFile(io.BytesIO(book)) as packed:
            hurt = next(e.header_offset // CHUNK for e in packed.infolist() if e.filename.startswith("x1"))
        assert finder.harm(held, [hurt]) == Harm("whole")  # as long as nobody has looked
        end = time.monotonic() + 60
        while not finder.version and time.monotonic() < end:
            time.sleep(0.05)
        assert finder.harm(held, [hurt]).kind in {"part", "chapters"}
        assert last >= 2
        service.close()
