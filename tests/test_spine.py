"""The whole path, with nothing replaced: collection → bag → signed drive → plugged in → verified → searched → read."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
from typing import TYPE_CHECKING

import bagit
import pytest

from packager.format.layout import CHUNK
from provisioning.words import Words
from tests.box import Box, copy_drive, make_drive, make_keys, running, sign, wait_for
from tests.generated import Generated, make_collection, pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)


def sentence(key: str) -> str:
    """The fixed beginning of a sentence, up to its first placeholder."""
    return re.split(r"[{]", Words.load("zh-Hans").template(key).text)[0]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for keys, work and drives of this module."""
    return tmp_path_factory.mktemp("spine")


@pytest.fixture(scope="module")
def keys(bench: Path) -> Path:
    """Demonstration keys."""
    return make_keys(bench / "keys")


@pytest.fixture(scope="module")
def generated(bench: Path) -> Generated:
    """The collection made on the spot."""
    folder = bench / "generated" / "collection"
    folder.mkdir(parents=True)
    return make_collection(folder)


@pytest.fixture(scope="module")
def drive(bench: Path, keys: Path, generated: Generated) -> Path:
    """A drive of the generated collection."""
    make_drive(generated.folder, bench / "work", keys, bench / "drive", expect=(1,))
    return bench / "drive"


@pytest.fixture(scope="module")
def box(bench: Path, drive: Path, generated: Generated) -> Iterator[Box]:
    """A box with that drive plugged in, serving."""
    with running(Box(bench / "box", bench / "keys/root.json", [drive])) as box:
        box.wait_resources(len(generated.good))
        yield box


# A second, generated collection passes


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


def assert_bytes_equal(box: Box, folder: Path, files: dict[str, list[str]]) -> None:
    """Every source file of every resource is served, whole and by ranges, with its own SHA-256."""
    for resource, names in files.items():
        record = box.get(f"/api/resources/{urllib.parse.quote(resource)}").json()
        wanted = sorted(hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names)
        originals = [i for i in record["items"] if i["role"] not in {"cover", "tilepack", "text"}]
        assert sorted(i["sha256"] for i in originals) == wanted, resource
        for item in record["items"]:
            answer = box.get(item["url"])
            assert answer.status == 200, (resource, item, answer.text[:500])
            assert hashlib.sha256(answer.body).hexdigest() == item["sha256"]
            assert len(answer.body) == item["size"]
            middle = box.get(item["url"], Range=f"bytes={item['size'] // 2}-{item['size'] // 2 + 99}")
            assert middle.status == 206
            assert middle.body == answer.body[item["size"] // 2 : item["size"] // 2 + 100]


def test_api_bad_values_are_a_400_in_json(box):
    for query in ("page=0", "page=x", "type=nonsense", "sort=upside-down", "available=maybe", "year=soon", "clc=%3B"):
        answer = box.get("/api/search?" + query)
        assert answer.status == 400, query
        assert answer.json()["error"]["field"] == query.split("=")[0]


# A million ways to be wrong: refused, nothing of it served, each with its own sentence


def spoil_tag_file(drive: Path) -> None:
    path = drive / "bag/manifest-sha256.txt"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))


def spoil_truth(drive: Path) -> None:
    path = drive / "bag/meta/catalogue.jsonl"
    path.write_bytes(path.read_bytes().replace("山".encode(), "水".encode(), 1))


def spoil_metadata(drive: Path) -> None:
    path = max((drive / "tuf/metadata").glob("*.targets.json"))
    path.write_bytes(
        path.read_bytes().replace(b'"national"', b'"regional"', 1).replace(b'"length": ', b'"length": 1', 1)
    )


def spoil_key(drive: Path) -> None:
    path = drive / "tuf/metadata/timestamp.json"
    text = json.loads(path.read_text())
    text["signatures"][0]["sig"] = text["signatures"][0]["sig"][::-1]
    path.write_text(json.dumps(text))


def drop_one_signature(drive: Path) -> None:
    path = max((drive / "tuf/metadata").glob("*.targets.json"))
    text = json.loads(path.read_text())
    text["signatures"] = text["signatures"][:1]
    path.write_text(json.dumps(text))


def truncate(drive: Path) -> None:
    path = drive / "bag/meta/items.txt"
    path.write_bytes(path.read_bytes()[:-20])


def empty(drive: Path) -> None:
    shutil.rmtree(drive)
    drive.mkdir()


def make_foreign(drive: Path) -> None:
    empty(drive)
    (drive / "电影").mkdir()
    (drive / "电影/假期.mp4").write_bytes(b"\0" * 1000)


def half_copy(drive: Path) -> None:
    (drive / "bag/tagmanifest-sha256.txt").unlink()


SPOILS = [
    (spoil_tag_file, "intake.refused.list_changed"),
    (spoil_truth, "intake.refused.list_changed"),
    (spoil_metadata, "intake.refused."),
    (spoil_key, "intake.refused."),
    (drop_one_signature, "intake.refused.one_signer"),
    (truncate, "intake.refused.half_copied"),
    (empty, "intake.refused.blank"),
    (make_foreign, "intake.refused.not_ours"),
    (half_copy, "intake.refused.half_copied"),
]


def holdings(box: Box) -> dict:
    return json.loads((box.data / "appliance/holdings.json").read_text())


@pytest.mark.parametrize(("spoil", "key"), SPOILS, ids=[s.__name__ for s, _ in SPOILS])
def test_spoiled_drive_is_refused_with_its_sentence_and_nothing_of_it_served(bench, drive, tmp_path, spoil, key):
    media = tmp_path / "media"
    media.mkdir()
    spoil(copy_drive(drive, media / "one"))
    with running(Box(tmp_path / "box", bench / "keys/root.json", [media / "one"])) as box:

        def refused():
            return any(d["state"] == "refused" for d in holdings(box)["drives"])

        wait_for(refused, "the refusal", lambda: f"{holdings(box)}\n{box.log()}", 30)
        [found] = holdings(box)["drives"]
        assert found["message"]["key"].startswith(key), found
        assert box.health()["resources"] == 0
        assert sentence(found["message"]["key"]) in box.get("/staff").text
        assert box.get("/").status == 200


def test_drive_of_another_issuer_is_refused(bench, generated, drive, tmp_path):
    others = make_keys(tmp_path / "keys")
    make_drive(generated.folder, tmp_path / "work", others, tmp_path / "drive")
    with running(Box(tmp_path / "box", bench / "keys/root.json", [tmp_path / "drive", drive])) as box:
        box.wait_resources(len(generated.good))
        states = {d["path"]: d for d in holdings(box)["drives"]}
        assert states[str(tmp_path / "drive")]["message"]["key"] == "intake.refused.unknown_issuer"
        assert states[str(drive)]["state"] == "ready"


# A flipped byte in the payload


def test_flipped_byte_never_leaves_and_the_page_says_what_is_damaged(bench, drive, generated, tmp_path):
    spoiled = copy_drive(drive, tmp_path / "drive")
    records = {}
    for line in (spoiled / "bag/meta/catalogue.jsonl").read_text().splitlines():
        record = json.loads(line)
        records[record["id"]] = record
    large = next(i for i in records["zj-2024.002"]["items"] if i["role"] == "part")
    small = next(i for i in records["zj-2024.001"]["items"] if i["role"] == "part")
    assert large["size"] > 2 * CHUNK > small["size"]
    for item, place in ((large, CHUNK + 5), (small, 7)):
        path = spoiled / "bag" / item["path"]
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
    original = (generated.folder / generated.files["zj-2024.002"][0]).read_bytes()
    with running(Box(tmp_path / "box", bench / "keys/root.json", [spoiled])) as box:
        box.wait_resources(len(generated.good))
        answer = box.get(f"/items/{small['id']}")
        assert answer.status in {502, 503, 500}
        assert sentence("reader.damaged.whole") in answer.text or "损坏" in answer.text
        received = read_raw(box, f"/items/{large['id']}")
        assert len(received) <= CHUNK
        assert original.startswith(received)
        assert box.get(f"/items/{large['id']}", Range=f"bytes={CHUNK + 5}-{CHUNK + 5}").status >= 500
        good = box.get(f"/items/{large['id']}", Range=f"bytes={2 * CHUNK}-{2 * CHUNK + 99}")
        assert (good.status, good.body) == (206, original[2 * CHUNK : 2 * CHUNK + 100])
        page = box.get("/resource/zj-2024.001").text
        assert "损坏" in page
        rest = {k: v for k, v in generated.files.items() if k not in {"zj-2024.001", "zj-2024.002"}}
        assert_bytes_equal(box, generated.folder, rest)


def read_raw(box: Box, path: str) -> bytes:
    """The body bytes that arrive before the connection ends."""
    with socket.create_connection(("127.0.0.1", box.port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while block := connection.recv(1 << 16):
            received += block
    head, _, body = received.partition(b"\r\n\r\n")
    return body if head.startswith(b"HTTP/1.1 200") else b""


# Prebuilt files deleted or of another version


@pytest.mark.parametrize("what", ["search", "catalogue.db", "both", "damaged"])
def test_prebuilt_files_missing_or_damaged_are_rebuilt_by_the_box(bench, drive, generated, tmp_path, what):
    poor = copy_drive(drive, tmp_path / "drive")
    meta = poor / "bag/meta"
    if what in {"search", "both"}:
        shutil.rmtree(meta / "search")
    if what in {"catalogue.db", "both"}:
        (meta / "catalogue.db").unlink()
    if what == "damaged":
        for path in [meta / "catalogue.db", *(p for p in (meta / "search").rglob("*") if p.is_file())]:
            path.write_bytes(path.read_bytes()[::-1])
    with running(Box(tmp_path / "box", bench / "keys/root.json", [poor])) as box:
        wait_for(lambda: box.health()["resources"] == len(generated.good), "browsing", box.log)
        assert "山居四要" in box.get("/").text
        box.wait_resources(len(generated.good))
        assert box.search("山居")["hits"][0]["id"] == "zj-2024.001"


# Stalled readers


def test_four_stalled_readers_on_four_threads_leave_pages_answering(bench, drive, generated, tmp_path):
    with running(Box(tmp_path / "box", bench / "keys/root.json", [drive], threads=4)) as box:
        box.wait_resources(len(generated.good))
        record = box.get("/api/resources/zj-2024.002").json()
        url = next(i for i in record["items"] if i["role"] == "part")["url"]
        stalled = []
        for header, times in (("", 1), ("Range: bytes=0-\r\n", 1), ("", 2), ("Range: bytes=100-\r\n", 2)):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", box.port))
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode() * times)
            stalled.append(connection)
        time.sleep(1)
        begun = time.monotonic()
        for path in ("/", "/search?q=%E5%B1%B1", "/resource/zj-2024.001", "/health"):
            assert box.get(path).status == 200
        assert time.monotonic() - begun < 5
        for connection in stalled:
            connection.close()


# A drive that comes and goes


def test_drive_folder_comes_and_goes_without_restart(bench, drive, generated, tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    with running(Box(tmp_path / "box", bench / "keys/root.json", drive_folders=[media])) as box:
        assert box.health()["resources"] == 0
        copy_drive(drive, media / "one")
        box.wait_resources(len(generated.good))
        url = box.get("/api/resources/zj-2024.001").json()["items"][0]["url"]
        assert box.get(url).status == 200
        (media / "one").rename(tmp_path / "away")
        wait_for(lambda: box.get(url).status == 503, "the drive to be gone", box.log)
        assert box.get("/resource/zj-2024.001").status == 200
        assert sentence("intake.unplugged.idle") in box.get("/staff").text
        (tmp_path / "away").rename(media / "one")
        wait_for(lambda: box.get(url).status == 200, "the drive to be back", box.log)


@pytest.mark.root
def test_ext4_image_appears_serves_and_disappears_while_serving(bench, drive, generated, tmp_path):
    image, media = tmp_path / "drive.img", tmp_path / "media"
    mount = media / "sdb2"
    mount.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(
        ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", str(drive), str(image)],
        check=True,
    )
    with running(Box(tmp_path / "box", bench / "keys/root.json", drive_folders=[media])) as box:
        assert box.health()["resources"] == 0
        mounted = subprocess.run(
            ["mount", "-o", "loop,ro,nosuid,nodev,noexec,noload", str(image), str(mount)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"this machine mounts no loop devices: {mounted.stderr.decode()}")
        try:
            begun = time.monotonic()
            box.wait_resources(len(generated.good))
            assert time.monotonic() - begun < 60
            item = next(i for i in box.get("/api/resources/zj-2024.002").json()["items"] if i["role"] == "part")
            assert hashlib.sha256(box.get(item["url"]).body).hexdigest() == item["sha256"]
            stalled = socket.create_connection(("127.0.0.1", box.port))
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.sendall(f"GET {item['url']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            time.sleep(0.5)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)
        wait_for(lambda: box.get(item["url"]).status == 503, "the drive to be gone", box.log)
        assert box.get("/").status == 200
        stalled.close()
        subprocess.run(["mount", "-o", "loop,ro,noload", str(image), str(mount)], check=True)
        try:
            wait_for(lambda: box.get(item["url"]).status == 200, "the drive to be back", box.log)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)


# The next release


def test_second_release_of_a_changed_collection_replaces_the_first(bench, keys, tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    made = make_collection(folder)
    make_drive(folder, tmp_path / "work", keys, tmp_path / "drive")
    with running(Box(tmp_path / "box", bench / "keys/root.json", [tmp_path / "drive"])) as box:
        box.wait_resources(len(made.good))
        (folder / "new.pdf").write_bytes(pdf(2))
        with (folder / "catalogue.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(["zj-new", "新到的书", "", "", "", "", "", "book", *[""] * 6, "new.pdf", "", ""])
        make_drive(folder, tmp_path / "work", keys, tmp_path / "drive")
        box.wait_resources(len(made.good) + 1)
        assert box.search("新到的书")["hits"][0]["id"] == "zj-new"
        assert [r["seq"] for r in box.health()["releases"]] == [2]


def test_build_unchanged_collection_stays_the_same_release(bench, keys, generated, drive):
    before = (bench / "work/release.json").read_bytes()
    make_drive(generated.folder, bench / "work", keys, bench / "drive")
    assert (bench / "work/release.json").read_bytes() == before
    sign(bench / "work", keys)


# The real collection


@pytest.fixture(scope="module")
def real(collection: Path, bench: Path, keys: Path) -> Iterator[Box]:
    """A box with a drive of the collection."""
    make_drive(collection, bench / "real-work", keys, bench / "real-drive")
    with running(Box(bench / "real-box", bench / "keys/root.json", [bench / "real-drive"])) as box:
        with (collection / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
            box.wait_resources(sum(1 for _ in csv.DictReader(file)))
        yield box


@pytest.fixture(scope="module")
def rows(collection: Path) -> list[dict[str, str]]:
    """The rows of the collection's catalogue."""
    with (collection / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_collection_every_resource_is_found_by_its_title_and_by_a_fragment(real, rows):
    for row in rows:
        title = row["title"]
        assert real.search(title)["hits"][0]["title"] == title or row["id"] in found_ids(real, title), row["id"]
        fragment = max(re.split(r"[（(）)·：:，,\s]", title), key=len)[:4]
        assert row["id"] in found_ids(real, fragment), (row["id"], fragment)


def found_ids(box: Box, q: str) -> list[str]:
    """Ids on all pages of a search, at most ten pages."""
    first = box.search(q)
    found = [hit["id"] for hit in first["hits"]]
    for page in range(2, min(10, -(-first["total"] // 20)) + 1):
        found += [hit["id"] for hit in box.search(q, page=page)["hits"]]
    return found


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
