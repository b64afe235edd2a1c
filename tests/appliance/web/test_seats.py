"""Seats: the register by itself, and what readers of a licensed resource meet."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from typing import TYPE_CHECKING

import pytest

from appliance.clock import FixedClock
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.serving.pools import DrivePools
from appliance.serving.verified import VerifiedFile
from appliance.web.seats import REST_SECONDS, Seats
from tests.appliance.web.conftest import post, set_display

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World

LIMITED = "x.zhanguo"  # two seats
DETAIL = f"/resources/{LIMITED}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def seats(clock: FixedClock) -> Seats:
    return Seats(clock)


def test_take_gives_no_more_than_there_are_and_keeps_what_one_has(seats: Seats) -> None:
    assert seats.take("r", ["a"], 2)
    assert seats.take("r", ["b"], 2)
    assert not seats.take("r", ["c"], 2)
    assert seats.take("r", ["a"], 2)
    assert seats.take("other", ["c"], 2)
    assert (seats.taken("r"), seats.taken("r", but=["a"]), seats.taken("r", but=["c"])) == (2, 1, 2)


def test_take_with_a_first_cookie_moves_the_seat_of_the_address(seats: Seats) -> None:
    assert seats.take("r", ["address"], 1)
    assert seats.take("r", ["mark", "address"], 1)
    assert seats.taken("r") == 1
    assert not seats.take("r", ["address"], 1)


def test_seat_lapses_ten_minutes_after_the_last_use(seats: Seats, clock: FixedClock) -> None:
    seats.take("r", ["a"], 1)
    clock.advance(REST_SECONDS - 1)
    assert seats.take("r", ["a"], 1)
    clock.advance(REST_SECONDS - 1)
    seats.keep("r", "a")
    clock.advance(REST_SECONDS - 1)
    assert not seats.take("r", ["b"], 1)
    clock.advance(1)
    assert seats.take("r", ["b"], 1)
    seats.keep("r", "a")  # too late: it is no longer theirs
    assert seats.taken("r") == 1


def test_keep_and_taken_of_what_nobody_has_remember_nothing(seats: Seats) -> None:
    seats.keep("r", "a")
    assert seats.taken("r") == 0
    assert seats._held == {}


def test_give_back_frees_all_seats_of_one_reader(seats: Seats) -> None:
    for resource in ("r", "s"):
        seats.take(resource, ["a"], 2)
    seats.take("r", ["b"], 2)
    seats.give_back(["a", "address"])
    assert (seats.taken("r"), seats.taken("s"), len(seats)) == (1, 0, 1)


def test_lapsed_seats_are_forgotten_although_nobody_asks_for_them(seats: Seats, clock: FixedClock) -> None:
    seats.take("r", ["a"], 1)
    clock.advance(REST_SECONDS)
    seats.forget()
    assert seats._held == {}


def test_seats_of_all_resources_together_are_bounded(clock: FixedClock) -> None:
    seats = Seats(clock, most=3)
    assert [seats.take(f"r{n}", ["a"], 10**12) for n in range(5)] == [True, True, True, False, False]
    assert seats.take("r0", ["a"], 10**12)
    clock.advance(REST_SECONDS)
    assert seats.take("r4", ["a"], 10**12)
    assert len(seats) == 1


def test_take_by_many_at_once_gives_each_seat_once(seats: Seats) -> None:
    gate, given = threading.Barrier(16), []

    def come(name: str) -> None:
        gate.wait()
        if seats.take("r", [name], 5):
            given.append(name)

    threads = [threading.Thread(target=come, args=(f"reader {n}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(given), seats.taken("r")) == (5, 5)


def test_bytes_on_their_way_keep_the_seat(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "film").write_bytes(content)
    digest = hashlib.sha256(content)
    item = ServedItem(
        digest.hexdigest(), len(content), lambda _: digest.digest(), lambda: os.open(tmp_path / "film", 0), "d1"
    )
    sent: list[int] = []
    pools = DrivePools()
    file = VerifiedFile(item, ChunkStore(8 << 20), pools, on_sent=lambda: sent.append(1))
    assert b"".join(iter(file.read, b"")) == content
    assert len(sent) == 4
    file.close()
    pools.close()


# What readers meet


def address_of(world: World, order: int = 0) -> str:
    return f"/items/{world.records[LIMITED].items[order].id}"


def text(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True).replace("<wbr>", "")


def come(app: Flask) -> FlaskClient:
    """Another reader at the same address, as through one router: only the cookie tells them apart."""
    client = app.test_client()
    assert client.get(DETAIL).status_code == 200
    return client


def test_third_reader_of_two_seats_is_told_to_wait(app: Flask, world: World) -> None:
    first, second, third = come(app), come(app), come(app)
    assert first.get(f"/read/{LIMITED}").status_code == 200
    assert second.get(address_of(world)).status_code == 200
    for path in (f"/read/{LIMITED}", address_of(world), address_of(world, 1), f"/read/{LIMITED}/pages/1"):
        answer = third.get(path)
        assert answer.status_code == 503, path
        assert "同时阅读的人数已满，请稍后再看。" in answer.get_data(as_text=True).replace("<wbr>", "")
    for reader in (first, second):
        assert reader.get(address_of(world, 1)).status_code == 200


def test_detail_counts_the_seats_that_are_left(app: Flask) -> None:
    first, second, third = come(app), come(app), come(app)
    assert "现在还可 2 人同时阅读" in text(third, DETAIL)
    first.get(f"/read/{LIMITED}")
    assert "现在还可 1 人同时阅读" in text(third, DETAIL)
    assert "现在还可 2 人同时阅读" in text(first, DETAIL)
    second.get(f"/read/{LIMITED}")
    page = text(third, DETAIL)
    assert "同时阅读的人数已满，请稍后再看。" in page
    assert f'href="/read/{LIMITED}' not in page
    assert "现在还可 1 人同时阅读" in text(second, DETAIL)


def test_detail_and_record_take_no_seat_and_stay_while_all_are_taken(app: Flask, world: World) -> None:
    readers = [come(app) for _ in range(4)]
    for reader in readers[:2]:
        assert reader.get(f"/read/{LIMITED}").status_code == 200
    record = readers[3].get(f"/api/resources/{LIMITED}")
    assert record.status_code == 200
    assert record.json["use"] == {"allowed": False, "download": False, "reason": "rights.seats.full"}
    assert any(hit["id"] == LIMITED for hit in readers[3].get("/api/search?q=戰國策校注").json["hits"])
    assert "戰國策校注" in text(readers[3], "/search?q=戰國策校注")
    assert len(app.extensions["shuxiang"].seats) == 2


def test_seat_is_free_after_ten_minutes_without_a_request(app: Flask, world: World) -> None:
    first, second, third = come(app), come(app), come(app)
    first.get(f"/read/{LIMITED}")
    second.get(f"/read/{LIMITED}")
    world.clock.advance(9 * 60)
    assert first.get(address_of(world)).status_code == 200
    world.clock.advance(60)
    assert third.get(f"/read/{LIMITED}").status_code == 200
    assert second.get(address_of(world)).status_code == 503
    assert first.get(address_of(world)).status_code == 200


def test_seat_is_free_at_once_after_leaving(app: Flask, world: World) -> None:
    first, second, third = come(app), come(app), come(app)
    first.get(f"/read/{LIMITED}")
    second.get(f"/read/{LIMITED}")
    assert third.get(f"/read/{LIMITED}").status_code == 503
    assert post(first, "/end", "/end").status_code == 200
    assert third.get(f"/read/{LIMITED}").status_code == 200


def test_first_request_without_a_cookie_takes_one_seat_only(app: Flask, world: World) -> None:
    client = app.test_client()
    for _ in range(3):
        assert client.get(f"/read/{LIMITED}").status_code == 200
        assert client.get(address_of(world)).status_code == 200
    assert len(app.extensions["shuxiang"].seats) == 1


def test_readers_who_refuse_cookies_are_told_apart_by_address(app: Flask) -> None:
    def status(address: str) -> int:
        client = app.test_client(use_cookies=False)
        return client.get(f"/read/{LIMITED}", environ_base={"REMOTE_ADDR": address}).status_code

    addresses = ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3", "10.0.0.2")
    assert [status(a) for a in addresses] == [200, 200, 200, 503, 200]


def test_mark_that_was_not_signed_here_is_no_other_reader(app: Flask) -> None:
    for n in range(5):
        client = app.test_client(use_cookies=False)
        answer = client.get(f"/read/{LIMITED}", headers={"Cookie": f"session=eyJzZWF0IjoiYWJjIn0.aaaaaa.forged{n}"})
        assert answer.status_code == 200
    assert len(app.extensions["shuxiang"].seats) == 1


def test_what_a_seat_lets_through_is_asked_for_again_at_every_use(app: Flask, world: World) -> None:
    first = come(app)
    item = world.records[LIMITED].items[0]
    path = f"/items/{item.id}?v={item.sha256[:16]}"
    answer = first.get(path)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = {"If-None-Match": answer.headers["ETag"]}
    assert first.get(path, headers=again).status_code == 304
    for reader in (come(app), come(app)):
        world.clock.advance(REST_SECONDS / 2)
        reader.get(path)
    assert first.get(path, headers=again).status_code == 503
    free = world.records["x.lunyu"].items[0]
    assert "immutable" in first.get(f"/items/{free.id}?v={free.sha256[:16]}").headers["Cache-Control"]


def test_open_works_take_no_seat_and_set_no_mark(app: Flask, world: World) -> None:
    client = app.test_client()
    answer = client.get(f"/items/{world.records['x.lunyu'].items[0].id}")
    assert "Set-Cookie" not in answer.headers
    assert len(app.extensions["shuxiang"].seats) == 0


@pytest.mark.parametrize(("face", "said"), [("elder", "现在看的人满了"), ("std", "同时阅读的人数已满，请稍后再看")])
def test_full_is_said_in_the_words_of_the_face(app: Flask, face: str, said: str) -> None:
    for _ in range(2):
        come(app).get(f"/read/{LIMITED}")
    client = app.test_client()
    set_display(client, face=face)
    assert said in text(client, DETAIL)
    assert said in text(client, f"/read/{LIMITED}")


def test_session_cookie_holds_a_random_mark_and_nothing_of_the_reader(app: Flask) -> None:
    client = come(app)
    with client.session_transaction() as kept:
        assert set(kept) <= {"seat", "csrf_token"}
        assert re.fullmatch(r"[0-9a-f]{32}", kept["seat"])
