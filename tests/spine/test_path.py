"""The whole path, with nothing replaced: collection → bag → signed drive → plugged in → searched → read."""

from __future__ import annotations

import contextlib
import csv
import json
import socket
import subprocess
import time

import bagit
import pytest

from tests.box import Box, make_drive, make_keys, running, sign
from tests.generated import make_collection, pdf
from tests.spine.checks import assert_bytes_equal, holdings

pytestmark = pytest.mark.timeout(600)


def test_build_bad_rows_are_reported_with_line_and_reason_and_the_rest_builds(bench, drive, generated):
    problems = [json.loads(line) for line in (bench / "work/problems.jsonl").read_text().splitlines()]
    lines = {p["line"]: p for p in problems if not p["kept"]}
    assert set(generated.bad.values()) <= set(lines)
    assert all(p["reason"] for p in problems)
    reported = {p["id"] for p in problems}
    assert {"zj-outside", "zj-absent"} <= reported
    kept = [json.loads(line) for line in (bench / "work/bag/meta/catalogue.jsonl").read_text().splitlines()]
    assert {r["id"]: r["title"] for r in kept} == generated.good


def test_bag_is_valid_for_bagit_and_sha256sum(drive):
    bag = bagit.Bag(str(drive / "bag"))
    bag.validate(processes=1)
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "manifest-sha256.txt"], cwd=drive / "bag", check=False
    )
    assert done.returncode == 0


def test_build_same_input_gives_the_same_truth_even_after_an_interruption(bench, keys, generated):
    other = bench / "again"
    make_drive(generated.folder, other, keys, bench / "drive-again", "--workers", "1")
    for name in ("catalogue.jsonl", "items.txt", "chunks.bin"):
        assert (other / "bag/meta" / name).read_bytes() == (bench / "work/bag/meta" / name).read_bytes()


def test_box_finds_every_generated_resource_by_title_and_fragment(box, generated):
    for resource, title in generated.good.items():
        for words in (title, title[:2], title[-2:]):
            found = [hit["id"] for hit in box.search(words)["hits"]]
            assert resource in found, (resource, words, found)


def test_box_serves_the_exact_bytes_of_every_generated_item(box, generated):
    assert_bytes_equal(box, generated.folder, generated.files)


def test_api_bad_values_are_a_400_in_json(box):
    for query in ("page=0", "page=x", "type=nonsense", "sort=upside-down", "available=maybe", "year=soon", "clc=%3B"):
        answer = box.get("/api/search?" + query)
        assert answer.status == 400, query
        assert answer.json()["error"]["field"] == query.split("=")[0]


def test_second_release_of_a_changed_collection_replaces_the_first(tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    made, keys = make_collection(folder), make_keys(tmp_path / "keys")
    make_drive(folder, tmp_path / "work", keys, tmp_path / "drive")
    with running(Box(tmp_path / "box", keys / "root.json", [tmp_path / "drive"])) as box:
        box.wait_resources(len(made.good))
        (folder / "new.pdf").write_bytes(pdf(2))
        with (folder / "catalogue.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(["zj-new", "新到的书", "", "", "", "", "", "book", *[""] * 6, "new.pdf", "", ""])
        make_drive(folder, tmp_path / "work", keys, tmp_path / "drive")
        box.wait_resources(len(made.good) + 1)
        assert box.search("新到的书")["hits"][0]["id"] == "zj-new"
        assert [r["seq"] for r in holdings(box)["releases"] if r["live"]] == [2]


def test_build_unchanged_collection_stays_the_same_release(bench, keys, generated, drive):
    before = (bench / "work/release.json").read_bytes()
    make_drive(generated.folder, bench / "work", keys, bench / "drive")
    assert (bench / "work/release.json").read_bytes() == before
    sign(bench / "work", keys)


def test_four_stalled_readers_on_four_threads_leave_pages_answering(bench, drive, generated, tmp_path):
    with running(Box(tmp_path / "box", bench / "keys/root.json", [drive], threads=4)) as box:
        box.wait_resources(len(generated.good))
        record = box.get("/api/resources/zj-2024.002").json()
        url = next(i for i in record["items"] if i["role"] == "part")["url"]
        stalled = contextlib.ExitStack()
        for header, times in (("", 1), ("Range: bytes=0-\r\n", 1), ("", 2), ("Range: bytes=100-\r\n", 2)):
            connection = stalled.enter_context(contextlib.closing(socket.socket()))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", box.port))
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode() * times)
        with stalled:
            time.sleep(1)
            begun = time.monotonic()
            for path in ("/", "/search?q=%E5%B1%B1", "/resources/zj-2024.001", "/health"):
                assert box.get(path).status == 200, path
            assert time.monotonic() - begun < 60  # else they wait until a stalled reader is given up
