"""The pages of sound, film and periodicals, and captions, over HTTP without a browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.display import COOKIE, Display
from appliance.web.readers_captions import MAX_CUES, as_webvtt, chapters_of
from appliance.web.readers_issues import date_in
from appliance.web.readers_media import seconds_of
from indexer.peaks import load_peaks
from tests.appliance.web.holding import make_app
from tests.appliance.web.listening import SUBRIP, listening, swelling
from tests.appliance.web.reading import reading_world
from tests.hostile_amounts import srt_chapters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from tests.appliance.web.holding import World


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with reading_world(tmp_path_factory.mktemp("media"), listening()) as made:
        yield made


@pytest.fixture
def client(shelf: World) -> FlaskClient:
    return make_app(shelf).test_client()


def page_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def config_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="reader-config">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_media_page_brings_every_part_with_its_files(client: FlaskClient) -> None:
    config = config_of(page_of(client, "/read/m.short"))
    assert [part["label"] for part in config["parts"]] == ["甲", "乙", "丙"]
    first = config["parts"][0]
    assert [track["kind"] for track in first["tracks"]] == ["captions"]
    assert first["transcripts"][0]["label"] == "文字稿"
    assert config["parts"][1]["tracks"] == []
    assert config["asked"] is False


def test_media_page_of_an_alternate_opens_its_part_in_that_form(client: FlaskClient, shelf: World) -> None:
    other = next(i for i in shelf.records["m.forms"].items if i.role == "alternate")
    config = config_of(page_of(client, f"/read/m.forms?item={other.id}"))
    assert config["parts"][config["current"]]["sources"][0]["type"] == "audio/wav"


def test_media_page_starts_where_the_address_says(client: FlaskClient) -> None:
    page = page_of(client, "/read/m.chapters?at=t%3D0:25")
    assert config_of(page)["start"] == 25
    assert "#t=25" in page
    assert [c["start"] for c in config_of(page)["parts"][0]["chapters"]] == [0, 20]


def test_media_chapters_track_is_no_caption(client: FlaskClient) -> None:
    page = page_of(client, "/read/m.film")
    assert 'kind="chapters"' in page
    assert config_of(page)["parts"][0]["tracks"][1]["kind"] == "captions"


def test_media_page_names_the_peaks_of_each_part(client: FlaskClient) -> None:
    page = page_of(client, "/read/m.wave")
    first, second, third = (part["peaks"] for part in config_of(page)["parts"])
    assert first != second != third
    assert 'class="rseek__bar" data-wave' in page
    answer = client.get(first)
    assert answer.headers["Content-Type"] == "application/json"
    assert "immutable" in answer.headers["Cache-Control"]
    assert load_peaks(answer.data) == load_peaks(swelling(40))
    assert client.get(third).status_code == 404
    assert "data-wave" not in page_of(client, "/read/m.short")


def test_peaks_are_nothing_to_read(client: FlaskClient, shelf: World) -> None:
    items = shelf.records["m.wave"].items
    peaks = next(i for i in items if i.role == "peaks")
    assert client.get(f"/read/m.wave?item={peaks.id}").status_code == 404
    assert client.get(f"/read/m.wave/text/1?item={peaks.id}").status_code == 404
    assert client.get(f"/read/m.wave/peaks/{items[0].id}").status_code == 404
    page = page_of(client, "/resources/m.wave")
    assert not any(i.id in page for i in items if i.role == "peaks")
    assert all(i.id in page for i in items if i.role == "part")
    listed = client.get("/api/resources/m.wave").get_json()["items"]
    assert [i["role"] for i in listed].count("peaks") == 3


def test_peaks_of_a_work_that_is_closed_are_closed(client: FlaskClient, shelf: World) -> None:
    address = next(part["peaks"] for part in config_of(page_of(client, "/read/m.wave"))["parts"])
    client.set_cookie(COOKIE, Display(face="child").to_cookie())
    assert client.get(address).status_code == 403


def test_captions_subrip_is_served_as_webvtt(client: FlaskClient, shelf: World) -> None:
    item = next(i for i in shelf.records["m.short"].items if i.role == "caption")
    answer = client.get(f"/read/m.short/captions/{item.id}")
    assert answer.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert answer.get_data(as_text=True) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\n<i>第一句</i> 红 &amp; x\n\n"
        "00:00:01.000 --> 00:00:02.000\n第二句\n第二行\n"
    )
    sound = next(i for i in shelf.records["m.short"].items if i.role == "part")
    assert client.get(f"/read/m.short/captions/{sound.id}").status_code == 404


def test_captions_webvtt_loses_its_style_sheet() -> None:
    text = as_webvtt(
        b"\xef\xbb\xbfWEBVTT\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n00:00.000 --> 00:01.000\r\nhi\r\n"
    )
    assert "color" not in text
    assert "00:00.000 --> 00:01.000\nhi" in text


def test_captions_without_blank_lines_and_with_numbers_as_words_keep_them() -> None:
    text = as_webvtt(
        b"1\n0:00:01,5 --> 0:00:02,0\n1949\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n00:00:05,000 --> 00:00:06,000\nc"
    )
    assert "00:00:01.500 --> 00:00:02.000\n1949\n" in text
    assert text.count("-->") == 3


def test_captions_are_bounded() -> None:
    many = as_webvtt(b"0:0:0,0 --> 0:0:1,0\nx\n" * (MAX_CUES + 5))
    assert many.count("-->") == MAX_CUES


@given(st.binary(max_size=400) | st.text(alphabet="01:,-> \n<>&{}\\biaz", max_size=300).map(str.encode))
def test_captions_of_anything_hold_no_markup_but_plain(content: bytes) -> None:
    text = as_webvtt(SUBRIP + content)
    assert text.startswith("WEBVTT\n")
    for line in text.split("\n"):
        if "-->" not in line:
            assert not re.search(r"<(?!/?[biu]>)", line)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("725", 725), ("12:05", 725), ("1:02:05", 3725), ("t=9.5", 9), ("", 0), ("x", 0), ("-4", 0), ("1:2:3:4", 0)],
)
def test_seconds_of_every_way_to_write_a_place(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("RustMagazine-2021-01", (2021, 1, 0)),
        ("1949年10月1日", (1949, 10, 1)),
        ("人民日报 19491001", (1949, 10, 1)),
        ("2019年第3期", (2019, 0, 0)),
        ("2020-13-40", (2020, 0, 0)),
        ("1925-02-30", (1925, 2, 0)),
        ("第3期", (0, 0, 0)),
        ("123456789", (0, 0, 0)),
    ],
)
def test_date_in_a_label(text: str, date: tuple[int, int, int]) -> None:
    assert date_in(text) == date


def test_issues_of_a_journal_by_year(client: FlaskClient) -> None:
    page = page_of(client, "/read/p.journal/issues")
    assert "2018年第1期" in page
    assert "2019年第3期" not in page
    assert "2019年第3期" in page_of(client, "/read/p.journal/issues?year=2019")
    assert client.get("/read/p.journal").location.endswith("/read/p.journal/issues")


def test_issues_of_a_newspaper_stand_in_a_calendar(client: FlaskClient) -> None:
    page = page_of(client, "/read/p.news/issues")
    assert re.findall(r"<caption>(\d+月)", page) == ["9月", "10月"]
    assert re.search(r'href="/read/p\.n2" aria-label="1 日，第2号">1<', page)
    assert 'class="rcal__bare">2<' in page


def test_issues_of_parts_are_ordered_by_their_labels(client: FlaskClient) -> None:
    page = page_of(client, "/read/p.parts/issues?year=2021")
    assert page.index("月刊-2021-01") < page.index("月刊-2021-02")
    assert "/read/p.parts/issues" in page_of(client, "/resources/p.parts")


def test_issue_without_pages_says_so_and_leads_to_the_others(client: FlaskClient) -> None:
    answer = client.get("/read/p.nopages")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert "没有版面图像" in page
    assert "/read/p.news/issues" in page
    assert "没有版面图像" in page_of(client, "/resources/p.nopages")


def test_serial_page_leads_to_its_issues(client: FlaskClient) -> None:
    page = page_of(client, "/resources/p.news")
    assert "按年月选择" in page
    assert "仅有目录，馆内没有全文" not in page
    assert client.get("/read/p.nothing/issues").status_code == 404
    assert client.get("/read/m.short/issues").status_code == 404


def test_forms_of_one_work_lead_to_each_other(client: FlaskClient, shelf: World) -> None:
    part, other = shelf.records["m.mixed"].items
    assert f"/read/m.mixed?item={other.id}" in page_of(client, "/read/m.mixed")
    page = page_of(client, f"/read/m.mixed/text/1?item={other.id}")
    assert f"/read/m.mixed?item={part.id}" in page
    assert "换一种格式" in page


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"WEBVTT\n\n1\n00:00.000 --> 00:05.000\n<b>One</b> &amp; all\n\n01:02:05.500 --> 01:03:00.000\nTwo\nmore\n",
         [(0, "One & all"), (3725, "Two")]),
        ("1\n00:00:07,000 --> 00:00:09,000\n第二章\n\n2\n00:00:01,000 --> 00:00:02,000\n第一章\n".encode("gb18030"),
         [(1, "第一章"), (7, "第二章")]),
        (b"WEBVTT\n\n00:00.000 --> 00:05.000\n\n00:01.000 --> 00:05.000\nX", [(1, "X")]),
        (b"no captions", []),
        (b"", []),
    ],
)  # fmt: skip
def test_chapters_of_a_file_of_cues(content: bytes, found: list[tuple[int, str]]) -> None:
    assert chapters_of(content) == found


@given(st.text(alphabet="WEBVTT\n0123:.-> <b>&amp;章", max_size=80))
def test_chapters_of_any_text_never_raises(text: str) -> None:
    assert chapters_of(text.encode()) == sorted(set(chapters_of(text.encode())))


def test_chapters_of_a_large_file_are_those_of_its_beginning() -> None:
    found = chapters_of(srt_chapters())
    assert 500 <= len(found) < 3000
    assert found[0] == (0, "第1章")
