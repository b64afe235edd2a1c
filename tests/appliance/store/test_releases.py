"""Tests of appliance.store.releases."""

from __future__ import annotations

import json
import shutil

import pytest

from appliance.errors import StoreError
from appliance.store.releases import ReleaseStore, folder_name
from packager.format.files import RealFiles
from packager.format.release import Release
from tests.appliance.stock import Stock, store_at, verified
from tests.packager.format.simulated_files import SimulatedFiles, write_state


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    return Stock(tmp_path_factory.mktemp("stock"))


@pytest.fixture(scope="module")
def work(stock):
    return stock.work()


@pytest.fixture(scope="module")
def drive(stock, work):
    return stock.drive(work)


@pytest.fixture
def store(tmp_path):
    return store_at(tmp_path)


@pytest.fixture
def stored(store, stock, work, drive):
    admission = stock.admission(work)
    return store.add(verified(store, drive, admission), admission, {})


def test_add_release_stands_in_its_folder_and_is_found_again(store, stored, stock, work, tmp_path):
    release = stock.admission(work).release
    assert stored.folder == folder_name(release)
    assert stored.folder.startswith("national/1-")
    assert stored.release == release
    assert store.get(stored.folder) == stored
    assert store.all() == [stored]
    assert stored.samples == {1}
    assert store.sample(stored, 1)
    assert sorted(p.name for p in stored.path.iterdir()) == ["READY", "disks", "meta", "parts.json", "release.json"]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_start_removes_scratch_and_folders_without_ready(store, stored, tmp_path):
    half = tmp_path / "releases/national/9-000000000000"
    half.mkdir()
    (tmp_path / "scratch/rest").mkdir()
    store.start()
    assert not half.exists()
    assert list((tmp_path / "scratch").iterdir()) == []
    assert store.get(stored.folder) == stored


def test_start_makes_durable_what_a_killed_run_had_named(stock, work, drive, tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    store = store_at(files.root, files)
    admission = stock.admission(work)
    stored = store.add(verified(store, drive, admission, files), admission, {})
    begun = len(files.journal)
    store_at(files.root, files)
    synced = {path for what, path, _ in files.journal[begun:] if what == "fsync_dir"}
    folder = f"releases/{stored.folder}"
    assert synced >= {"releases", "releases/national", folder, f"{folder}/meta", f"{folder}/disks"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: (p / "READY").unlink(),
        lambda p: (p / "READY").write_bytes(b"{}"),
        lambda p: (p / "READY").write_bytes(b"[" * 100_000),
        lambda p: (p / "release.json").write_bytes(b"{}"),
        lambda p: (p / "meta/items.txt").write_bytes(b""),
        lambda p: (p / "meta/chunks.bin").unlink(),
        lambda p: p.rename(p.with_name("1-ffffffffffff")),
        lambda p: (p / "READY").write_bytes(b"x" * (2 << 20)),
    ],
)
def test_get_release_that_is_not_whole_is_nothing(store, stored, spoil):
    spoil(stored.path)
    assert store.get(stored.folder) is None
    assert store.all() == []


def test_add_same_release_again_keeps_the_first_and_takes_what_is_new(store, stored, stock, work, drive):
    admission = stock.admission(work)
    tags = verified(store, drive, admission)
    (tags.folder / "meta/catalogue.db").write_bytes(b"made elsewhere")
    again = store.add(tags, admission, {"catalogue": "meta/catalogue.db"})
    assert again.path == stored.path
    assert again.parts == {"catalogue": "meta/catalogue.1.db"}
    assert (again.path / "meta/catalogue.1.db").read_bytes() == b"made elsewhere"


def test_add_truth_of_another_size_is_an_error_and_nothing_is_visible(store, stock, work, drive):
    admission = stock.admission(work)
    tags = verified(store, drive, admission)
    tags.chunks.write_bytes(b"")
    with pytest.raises(StoreError, match=r"chunks\.bin"):
        store.add(tags, admission, {})
    assert store.all() == []


def test_adopt_gives_every_copy_a_new_name_and_the_old_is_outdated(store, stored, tmp_path):
    for n in (1, 2):
        made = store.stage("make") / "search"
        made.mkdir()
        (made / "toc.json").write_text(str(n))
        stored = store.adopt(stored, "search", made)
        assert stored.parts["search"] == f"meta/search.{n}"
    assert (stored.path / "meta/search.1").exists()
    assert store.get(stored.folder) == stored
    assert store.outdated(stored) == (stored.path / "meta/search.1",)
    RealFiles().discard(stored.path / "meta/search.1")
    assert store.outdated(stored) == ()
    assert sorted(p.name for p in (stored.path / "meta").iterdir()) == [
        "catalogue.jsonl", "chunks.bin", "items.txt", "search.2",
    ]  # fmt: skip


def test_adopt_for_a_release_that_was_dropped_is_an_error(store, stored):
    made = store.stage("make") / "catalogue.db"
    made.write_bytes(b"")
    store.drop(stored)
    with pytest.raises(StoreError, match="no longer here"):
        store.adopt(stored, "catalogue", made)
    assert store.all() == []


@pytest.mark.parametrize(
    "parts",
    [
        {"search": "meta/../../x"},
        {"search": "meta/search.x"},
        {"search": "other"},
        {"catalogue": "meta/catalogue.jsonl"},
        {"catalogue": 7},
        {"other": "meta/search"},
        {"search": "meta/search.9"},
        [],
    ],
)
def test_parts_record_that_makes_no_sense_means_none(store, stored, parts):
    (stored.path / "parts.json").write_text(json.dumps({"format": 1, "parts": parts}))
    found = store.get(stored.folder)
    assert found is not None
    assert dict(found.parts) == {}


def test_set_of_drives_shares_one_folder_and_remembers_who_carries_what(stock, store):
    work = stock.work(21, drives=2)
    first, second = stock.drives(work, "set")
    one, two = stock.admission(work, 1), stock.admission(work, 2)
    stored = store.add(verified(store, first, one), one, {})
    assert stored.samples == {1}
    stored = store.add(verified(store, second, two), two, {})
    assert stored.samples == {1, 2}
    assert len(store.all()) == 1
    assert len(store.sample(stored, 2)) == 3
    assert not set(store.sample(stored, 1)) & set(store.sample(stored, 2))


def test_unstage_and_free_space(store, tmp_path):
    store.stage("x")
    store.unstage("x")
    assert not (tmp_path / "scratch/x").exists()
    assert store.free_space() > 0


def test_add_power_cut_leaves_the_whole_release_or_nothing(stock, work, drive, tmp_path):
    """Every state that a power cut could leave while a release is taken in, put on a disk and read again."""
    files = SimulatedFiles(tmp_path / "live")
    store = store_at(files.root, files)
    admission = stock.admission(work)
    tags = verified(store, drive, admission, files)
    start = len(files.journal)
    store.add(tags, admission, {})
    outcomes = set()
    for n, (done, state) in enumerate(files.states(per_cut=3, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        again = ReleaseStore(folder / "releases", folder / "scratch", RealFiles())
        again.start()
        found = again.all()
        assert [s.release for s in found] in ([], [admission.release])
        if found:
            assert again.sample(found[0], 1)
            for name, digest in admission.release.truth.items():
                whole = RealFiles().copy_hashed(found[0].path / "meta" / name, tmp_path / "x", max_size=1 << 20)
                assert whole == (digest.sha256, digest.size)
        if done == len(files.journal):
            assert found
        outcomes.add(bool(found))
        shutil.rmtree(folder)
    assert outcomes == {False, True}


def without_records(stock, work, drive, files, root):
    """A release that lacks its records, and the records in the scratch folder."""
    store = store_at(root, files)
    admission = stock.admission(work)
    tags = verified(store, drive, admission, files)
    staged = store.stage("records") / "catalogue.jsonl"
    files.replace(tags.catalogue, staged)
    files.write_atomic(tags.folder / "meta/catalogue.db", b"a catalogue")
    return store, store.add(tags, admission, {"catalogue": "meta/catalogue.db"}), staged


def test_add_without_records_lacks_them_until_they_come(stock, work, drive, tmp_path):
    store, stored, records = without_records(stock, work, drive, RealFiles(), tmp_path)
    assert not stored.whole
    assert store.get(stored.folder) == stored
    whole = store.complete(stored, records)
    assert whole.whole
    assert store.get(stored.folder) == whole
    assert not records.exists()
    records.write_bytes(b"others")
    assert store.complete(stored, records) == whole
    assert records.exists()


def test_add_again_brings_the_records_that_were_lacking(stock, work, drive, tmp_path):
    store, stored, _ = without_records(stock, work, drive, RealFiles(), tmp_path)
    admission = stock.admission(work)
    assert store.add(verified(store, drive, admission), admission, {}).whole
    assert store.get(stored.folder).whole


def test_add_without_records_and_without_a_catalogue_is_an_error(store, stock, work, drive):
    admission = stock.admission(work)
    tags = verified(store, drive, admission)
    tags.catalogue.unlink()
    with pytest.raises(StoreError, match=r"catalogue\.jsonl"):
        store.add(tags, admission, {})
    assert store.all() == []


def test_complete_for_a_release_that_was_dropped_is_an_error(stock, work, drive, tmp_path):
    store, stored, records = without_records(stock, work, drive, RealFiles(), tmp_path)
    store.drop(stored)
    with pytest.raises(StoreError, match="no longer here"):
        store.complete(stored, records)


def test_complete_power_cut_leaves_all_records_or_none(stock, work, drive, tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    store, stored, records = without_records(stock, work, drive, files, files.root)
    start = len(files.journal)
    store.complete(stored, records)
    outcomes = set()
    for n, (done, state) in enumerate(files.states(per_cut=3, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        (found,) = ReleaseStore(folder / "releases", folder / "scratch", RealFiles()).all()
        if found.whole:
            assert found.catalogue_jsonl.read_bytes() == (drive / "bag/meta/catalogue.jsonl").read_bytes()
        if done == len(files.journal):
            assert found.whole
        outcomes.add(found.whole)
        shutil.rmtree(folder)
    assert outcomes == {False, True}


def test_drop_power_cut_leaves_the_whole_release_or_nothing(stock, work, drive, tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    store = store_at(files.root, files)
    admission = stock.admission(work)
    stored = store.add(verified(store, drive, admission, files), admission, {})
    start = len(files.journal)
    store.drop(stored)
    for n, (_done, state) in enumerate(files.states(per_cut=3, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        found = ReleaseStore(folder / "releases", folder / "scratch", RealFiles()).all()
        assert [s.release for s in found] in ([], [admission.release])
        shutil.rmtree(folder)


def test_set_parts_power_cut_never_names_what_is_not_there(stock, work, drive, tmp_path):
    files = SimulatedFiles(tmp_path / "live")
    store = store_at(files.root, files)
    admission = stock.admission(work)
    stored = store.add(verified(store, drive, admission, files), admission, {})
    made = store.stage("make") / "catalogue.db"
    files.write_atomic(made, b"all of it", durable=False)
    start = len(files.journal)
    store.adopt(stored, "catalogue", made)
    for n, (_done, state) in enumerate(files.states(per_cut=3, start=start)):
        folder = write_state(state, tmp_path / f"cut{n}")
        (found,) = ReleaseStore(folder / "releases", folder / "scratch", RealFiles()).all()
        if found.parts:
            assert (found.path / found.parts["catalogue"]).read_bytes() == b"all of it"
        shutil.rmtree(folder)


def test_release_document_of_the_format_room_is_what_is_kept(stored):
    assert Release.from_bytes((stored.path / "release.json").read_bytes()) == stored.release
