"""The answer's status, headers and bytes, under any WSGI server (here: the test client, which has no event loop)."""

from __future__ import annotations

import os
import random
import threading
from dataclasses import replace

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from appliance.errors import DamagedChunkError, DriveGoneError
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.serving.server import make_server
from appliance.serving.throttle import TokenBucket
from appliance.web.bytes import ITEM_POLICY, content_disposition, send_item
from packager.format.layout import CHUNK
from tests.appliance.serving.conftest import flip, item_of

SIZE = 2 * CHUNK + 100


@pytest.fixture
def site(tmp_path):
    """A client, the item's content, and a way to change what is served."""
    content = random.Random(3).randbytes(SIZE)
    path = tmp_path / "file"
    path.write_bytes(content)
    pools, store, app = DrivePools(), ChunkStore(), Flask("site")
    app.testing = True

    class Site:
        item = item_of(path, content)
        media_type, filename, download, bucket = "application/pdf", "书.pdf", False, None

    Site.content, Site.path, Site.client, Site.store = content, path, app.test_client(), store
    site = Site()

    @app.route("/item", methods=["GET", "HEAD"])
    def item():
        return send_item(
            site.item,
            request,
            site.media_type,
            site.filename,
            site.download,
            store=store,
            pools=pools,
            bucket=site.bucket,
        )

    yield site
    pools.close()


def test_get_whole_item(site):
    answer = site.client.get("/item")
    assert answer.status_code == 200
    assert answer.data == site.content
    assert answer.headers["ETag"] == f'"{site.item.key}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        (f"bytes={CHUNK - 1}-{CHUNK}", CHUNK - 1, CHUNK + 1),
        ("bytes=-10", SIZE - 10, SIZE),
        (f"bytes={SIZE - 1}-999999999", SIZE - 1, SIZE),
    ],
)
def test_get_range_is_partial(site, header, start, stop):
    answer = site.client.get("/item", headers={"Range": header})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(stop - start)
    assert answer.data == site.content[start:stop]


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=9-5", "pages=1-2", "nonsense", ""])
def test_get_several_or_malformed_ranges_are_answered_whole(site, header):
    answer = site.client.get("/item", headers={"Range": header})
    assert (answer.status_code, len(answer.data)) == (200, SIZE)


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=-0"])
def test_get_range_outside_is_416(site, header):
    answer = site.client.get("/item", headers={"Range": header})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert answer.data == b""


def test_get_range_of_empty_item_is_the_empty_item(site, tmp_path):
    site.item = item_of(tmp_path / "none", b"")
    answer = site.client.get("/item", headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", "0")


def test_head_tells_the_whole_length_and_reads_nothing(site):
    site.item = replace(site.item, open=lambda: pytest.fail("read"))
    answer = site.client.head("/item", headers={"Range": "bytes=0-5"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["ETag"] == f'"{site.item.key}"'


@pytest.mark.parametrize("tag", ['"{key}"', 'W/"{key}"', "*", '"other", "{key}"'])
def test_if_none_match_of_this_item_is_304_and_reads_nothing(site, tag):
    site.item = replace(site.item, open=lambda: pytest.fail("read"))
    answer = site.client.get("/item", headers={"If-None-Match": tag.format(key=site.item.key), "Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == f'"{site.item.key}"'
    assert "Content-Length" not in answer.headers


def test_if_none_match_of_another_is_answered(site):
    assert site.client.get("/item", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"{key}"', 206),
        ('W/"{key}"', 200),
        ('"other"', 200),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 200),
        ("", 200),
    ],
)
def test_if_range_decides_between_part_and_whole(site, condition, status):
    headers = {"Range": "bytes=0-4", "If-Range": condition.format(key=site.item.key)}
    assert site.client.get("/item", headers=headers).status_code == status


@pytest.mark.parametrize(("tag", "status"), [('"{key}"', 200), ("*", 200), ('"other"', 412), ('W/"{key}"', 412)])
def test_if_match_decides_whether_to_answer(site, tag, status):
    assert site.client.get("/item", headers={"If-Match": tag.format(key=site.item.key)}).status_code == status


def test_damage_in_the_first_chunk_needed_is_raised_before_any_header(site):
    flip(site.path, CHUNK + 5)
    with pytest.raises(DamagedChunkError):
        site.client.get("/item", headers={"Range": f"bytes={CHUNK}-"})
    assert site.client.get("/item", headers={"Range": f"bytes=0-{CHUNK - 1}"}).data == site.content[:CHUNK]


def gathered(got, part):
    got += part
    return ()


def test_damage_later_breaks_off_the_body(site):
    flip(site.path, CHUNK + 5)
    answer = site.client.get("/item", buffered=False)
    assert answer.status_code == 200
    got = bytearray()
    with pytest.raises(DamagedChunkError):
        got.extend(byte for part in answer.response for byte in gathered(got, part))
    assert got == site.content[: len(got)]
    assert len(got) <= CHUNK
    answer.close()


def test_vanished_file_is_raised(site):
    site.path.unlink()
    with pytest.raises(DriveGoneError):
        site.client.get("/item")


@pytest.mark.parametrize(
    "media_type",
    ["image/png", "audio/mpeg", "video/mp4", "application/pdf", "application/epub+zip", "text/plain; charset=utf-8"],
)
def test_type_that_cannot_run_is_shown(site, media_type):
    site.media_type = media_type
    answer = site.client.head("/item")
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"].startswith("inline;")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; ") != media_type.startswith(("audio", "video"))
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "allow-" not in policy


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "text/html; charset=utf-8",
        "image/svg+xml",
        "application/xhtml+xml",
        "application/xml",
        "text/xml",
        "text/javascript",
        "multipart/related",
        "application/octet-stream",
        "TEXT/HTML",
        "image/png;x=text/html",
        "image/svg+xml\r\nX: y",
        "",
        "图",
    ],
)
def test_type_that_could_run_is_an_attachment_in_a_sandbox(site, media_type):
    site.media_type = media_type
    answer = site.client.get("/item")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert policy == ITEM_POLICY
    assert "sandbox" in policy.split("; ")


def test_download_is_an_attachment(site):
    site.download = True
    assert site.client.get("/item").headers["Content-Disposition"].startswith("attachment;")


def test_refusals_carry_the_safe_headers_too(site):
    site.media_type = "text/html"
    answer = site.client.get("/item", headers={"Range": "bytes=-0"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("query", "immutable"), [("?v={full}", True), ("?v={short}", True), ("", False), ("?v=0123", False), ("?v=", False)]
)
def test_cache_is_immutable_only_when_the_address_holds_the_digest(site, query, immutable):
    query = query.format(full=site.item.key, short=site.item.key[:16])
    control = site.client.get("/item" + query).headers["Cache-Control"]
    assert control.startswith("private")
    assert ("immutable" in control) == immutable
    assert ("no-cache" in control) != immutable


def test_cache_of_a_stale_digest_in_the_address_is_not_immutable(site):
    other = "0" * 64
    assert "immutable" not in site.client.get(f"/item?v={other}").headers["Cache-Control"]


def test_bucket_is_charged_with_what_went_out(site):
    site.bucket = TokenBucket(1, 10 * CHUNK)
    site.client.get("/item").get_data()
    assert site.bucket._level == pytest.approx(10 * CHUNK - SIZE, abs=CHUNK)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pdf", 'inline; filename="a.pdf"'),
        ("红楼梦.pdf", "inline; filename=\"___.pdf\"; filename*=UTF-8''%E7%BA%A2%E6%A5%BC%E6%A2%A6.pdf"),
        ("../../etc/passwd", 'inline; filename="_.._etc_passwd"'),
        ('a"b;c.pdf', 'inline; filename="a_b;c.pdf"'),
        ("a\r\nSet-Cookie: x.pdf", 'inline; filename="a__Set-Cookie_ x.pdf"'),
        ("photo\u202egnp.exe", 'inline; filename="photo_gnp.exe"'),
        ("", 'inline; filename="file"'),
        ("...", 'inline; filename="file"'),
        (".pdf", 'inline; filename="pdf"'),
        ("100%.pdf", "inline; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
    ],
)
def test_content_disposition_table(name, expected):
    assert content_disposition(name, inline=True) == expected


def test_content_disposition_long_name_keeps_its_ending():
    value = content_disposition("很" * 500 + ".epub", inline=False)
    assert parse_options_header(value)[1]["filename"] == "很" * 100 + ".epub"


@given(st.text(max_size=300))
def test_content_disposition_any_name_is_one_safe_header(name):
    value = content_disposition(name, inline=False)
    assert value.isascii()
    assert value.isprintable()
    assert len(value) < 1500
    kind, options = parse_options_header(value)
    assert kind == "attachment"
    assert options["filename"]
    assert not set(options["filename"]) & set('/\\:*?"<>|\r\n\0')
    assert not options["filename"].startswith(".")


def test_descriptors_are_not_left_open(site):
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        site.client.get("/item", headers={"Range": "bytes=5-9"}).close()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


HOSTILE = {
    "text/html": b"""<body>shown<script>fetch("/hit?script")</script>
        <img src="/hit?img" onerror="fetch('/hit?onerror')">
        <iframe src="/hit?frame"></iframe><link rel=stylesheet href="/hit?style"><style>@import "/hit?import";</style>
        <video src="/hit?video"></video><object data="/hit?object"></object>
        <meta http-equiv=refresh content="0;url=/hit?refresh"><form id=f action="/hit?form"></form>""",
    "image/svg+xml": b"""<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("/hit?script")</script>
        <image href="/hit?image"/><rect width="9" height="9" onload="fetch('/hit?onload')"/></svg>""",
    "application/xhtml+xml": b"""<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">
        <body><script>fetch("/hit?script")</script><img src="/hit?img"/></body></html>""",
}


@pytest.mark.browser
def test_hostile_item_opened_by_itself_does_nothing_in_a_browser(site, tmp_path, browser):
    """Even where something else shows it inline and by its type: no script, no load, no request of its tricks."""
    hits, app = [], site.client.application

    @app.route("/hit")
    def hit():
        hits.append(request.query_string.decode())
        return ""

    @app.after_request
    def inline(response):
        response.headers.pop("Content-Disposition", None)
        response.headers["Content-Type"] = site.media_type
        return response

    server = make_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        for media_type, content in HOSTILE.items():
            path = tmp_path / "hostile"
            path.write_bytes(content)
            site.item, site.media_type = item_of(path, content), media_type
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.port}/item")
            page.wait_for_timeout(300)
            page.close()
    finally:
        server.close()
        thread.join()
    assert hits == []
