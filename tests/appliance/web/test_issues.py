"""A daily paper of three years, a journal, a bound volume: by year, month and day, and from issue to issue."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from appliance.library import parts
from appliance.library.parts import light
from appliance.web.readers_issues import date_in
from indexer.model import Audience, PublicationDate
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.reading import reading_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from indexer.model import Resource

FIRST = dt.date(1949, 1, 1)
DAYS = 1096
BARE = dt.date(1950, 1, 1)
"""An issue of which nothing but its description is held."""


def paper() -> list[tuple[Resource, dict[str, bytes]]]:
    """A serial and an issue a day; on the first of October there are two."""
    made = [one("daily", "清溪日报", "newspaper", files=(), level="serial")]
    for day in (FIRST + dt.timedelta(n) for n in range(DAYS)):
        for extra in ("", "号外")[: 1 + ((day.month, day.day) == (10, 1))]:
            name = f"{day.year}年{day.month}月{day.day}日{extra}"
            files = [("page", "1.png", "image/png", name.encode())] if day != BARE else []
            date = PublicationDate(name, day.year, day.year, day.month, day.day, "exact")
            members = {"parent": "daily", "level": "issue", "designation": name, "date": date}
            issue, contents = one(
                f"d{day:%Y%m%d}{'x' if extra else ''}", f"清溪日报 {name}", "newspaper", files=files, **members
            )
            made.append((issue, contents))
    return made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    grown = {"audience": Audience("general"), "level": "issue", "parent": "mixed"}
    others = [
        one("mixed", "月刊", "journal", files=(), level="serial"),
        *(one(f"m{n}", f"月刊 {n}期", "journal", designation=f"2019年第{n}期",
              files=[("part", "a.txt", "text/plain", b"a")], **grown) for n in (1, 2)),
        one("bound", "合订本", "journal", labels=("2019年第2期", "二〇一九年第10期", "2020年1月", "无年月"),
            files=[("part", f"{n}.txt", "text/plain", b"%d" % n) for n in range(4)]),
    ]  # fmt: skip
    with reading_world(tmp_path_factory.mktemp("issues"), [*paper(), *others]) as world:
        yield make_app(world).test_client()


def page(client: FlaskClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.get_data(as_text=True)


def test_daily_paper_of_three_years_is_read_and_ordered_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = ("/resources/daily", "/read/daily/issues?year=1950", "/resources/d19500615")
    for address in addresses:
        page(client, address)
    ordered: list[int] = []
    monkeypatch.setattr(parts, "light", lambda resource: ordered.append(1) or light(resource))
    for address in addresses:
        page(client, address)
    assert ordered == []


def test_daily_paper_shows_one_year_by_months(client: FlaskClient) -> None:
    text = page(client, "/read/daily/issues?year=1950")
    assert len(re.findall(r'href="/read/d1950\d{4}"', text)) == 365 + 1 - 1
    assert not re.search(r'href="/read/d19(49|51)', text)
    for month in range(1, 13):
        assert f'href="#m{month}"' in text
        assert f'id="m{month}"' in text
    assert re.search(r'rel="prev" href="[^"]*year=1949', text)
    assert re.search(r'rel="next" href="[^"]*year=1951', text)
    assert "共 1,099 期" in text


def test_daily_paper_days_with_two_issues_list_both_and_bare_ones_say_so(client: FlaskClient) -> None:
    text = page(client, "/read/daily/issues?year=1950")
    listed = text[text.index('id="d10"') :]
    assert listed.index("d19501001") < listed.index("d19501001x")
    bare = re.search(r'<a href="/read/d19500101"[^>]*>', text)
    assert bare
    assert "rcal__bare" in bare[0]


def test_daily_paper_page_shows_the_latest_and_the_way_to_all(client: FlaskClient) -> None:
    text = page(client, "/resources/daily")
    shown = re.findall(r'href="/resources/(d\d{8}x?)"', text)
    last = FIRST + dt.timedelta(DAYS - 1)
    assert shown == [f"d{last - dt.timedelta(n):%Y%m%d}" for n in range(12)]
    assert "看全部各期" in text


def test_neighbours_pass_over_what_cannot_be_read(client: FlaskClient) -> None:
    text = page(client, "/read/d19491231")
    assert re.search(r'rel="prev" href="/read/d19491230"', text)
    assert re.search(r'rel="next" href="/read/d19500102"', text)
    assert "year=1949" in text
    first = page(client, f"/read/d{FIRST:%Y%m%d}")
    assert 'rel="prev" href="/read/d' not in first


def test_child_sees_no_issues_that_are_not_for_children(client: FlaskClient) -> None:
    client.set_cookie("display", "child.paper.2.zh-Hans")
    try:
        assert client.get("/read/mixed/issues").status_code == 403
        assert client.get("/read/daily/issues").status_code == 403
    finally:
        client.delete_cookie("display")


def test_search_for_an_issue_that_is_not_held_says_so_and_leads_to_the_others(client: FlaskClient) -> None:
    found = page(client, "/search?q=《月刊》2019年第9期").replace("<wbr>", "")
    assert "没有查到这一期，下面先列“月刊”的其他各期。" in found
    assert 'href="/resources/mixed"' in found
    assert "literal=1" in found
    assert "没有查到这一期" not in page(client, "/search?q=《月刊》2019年第2期")
    assert "没有查到“《周刊》2019年第9期”" in page(client, "/search?q=《周刊》2019年第9期").replace("<wbr>", "")


def test_bound_volume_lists_its_parts_by_their_years(client: FlaskClient) -> None:
    text = page(client, "/read/bound/issues?year=2019")
    assert re.findall(r"<b>([^<]*)</b>", text[text.index("<main") :]) == ["2019年第2期", "二〇一九年第10期", "无年月"]
    assert "未注年月" in text


@pytest.mark.parametrize(
    ("label", "when"),
    [
        ("2021-01", (2021, 1, 0)), ("1949年10月1日", (1949, 10, 1)), ("19491001", (1949, 10, 1)),
        ("2019年第3期", (2019, 0, 0)), ("2019年第3-4期合刊", (2019, 0, 0)), ("二〇一九年第三期", (2019, 0, 0)),
        ("民国二十六年一月号", (1937, 0, 0)), ("1949-13-40", (1949, 0, 0)), ("第4号", (0, 0, 0)), ("", (0, 0, 0)),
    ],
)  # fmt: skip
def test_date_in_labels(label: str, when: tuple[int, int, int]) -> None:
    assert date_in(label) == when
