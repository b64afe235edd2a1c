"""The same on the real collection."""

from __future__ import annotations

import re
import threading

import pytest

from tests.spine.checks import assert_bytes_equal, found_ids

pytestmark = pytest.mark.timeout(600)


def test_collection_every_resource_is_found_by_its_title_and_by_a_fragment(real, rows):
    for row in rows:
        title = row["title"]
        assert real.search(title)["hits"][0]["title"] == title or row["id"] in found_ids(real, title), row["id"]
        fragment = max(re.split(r"[（(）)·：:，,\s]", title), key=len)[:4]
        assert row["id"] in found_ids(real, fragment), (row["id"], fragment)


def test_collection_every_item_has_the_bytes_of_its_source(real, rows, collection):
    assert_bytes_equal(real, collection, {r["id"]: [f.strip() for f in r["files"].split(";")] for r in rows})


def test_collection_pages_answer_under_eight_threads_at_once(real, rows):
    faults: list[object] = []
    alone = {r["title"]: [h["id"] for h in real.search(r["title"])["hits"]] for r in rows[:20]}

    def read() -> None:
        for title, expected in alone.items():
            found = [h["id"] for h in real.search(title)["hits"]]
            if found != expected:
                faults.append((title, expected, found))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
