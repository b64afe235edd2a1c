"""An origin as it is published: whole for readers at every moment, nothing brought twice, cleaned up with grace."""

from __future__ import annotations

import hashlib
import shutil
from datetime import timedelta

import pytest

from packager.cli import DONE, NOT_DONE, main
from packager.errors import PublishError
from packager.format.errors import DigestError
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.origin import object_path
from packager.format.repository import reader_of_folder, verify
from packager.publishing.publish import TIMESTAMP, publish
from packager.publishing.sites import FolderSite
from packager.request import REVOKE
from packager.signing import change_release
from tests.packager.editions import FILES
from tests.simulator import DAY, passphrase


class Recorder(FolderSite):
    """A folder that writes down what is asked of it, and may break off after so many files."""

    def __init__(self, root, most=10**9):
        super().__init__(root, FILES)
        self.done, self.most = [], most

    def _note(self, name):
        if len(self.done) >= self.most:
            raise PublishError("the line is cut")
        self.done.append(name)

    def put(self, name, source, size, sha256):
        self._note(name)
        super().put(name, source, size, sha256)

    def write(self, name, content):
        self._note(name)
        super().write(name, content)


def newest(origin, root):
    """What a box makes of an origin: the numbers of its releases, with every list that they name in place."""
    with DriveLayout(origin / "tuf").opened() as folder:
        verified = verify(reader_of_folder(folder), root)
    return sorted(name for name in verified.listed if name.startswith("releases/")), verified


def test_origin_holds_lists_packs_items_and_signed_documents(published, tmp_path):
    publisher, _, work = published
    done = publish(work, publisher.keys, FolderSite(tmp_path, FILES), DAY)
    names, verified = newest(tmp_path, publisher.root)
    assert names == ["releases/national/1.json", "releases/national/2.json"]
    for line in read_items(work / "bag/meta/items.txt"):
        assert hashlib.sha256((tmp_path / object_path(line.sha256)).read_bytes()).hexdigest() == line.sha256
    for digest in done.release.truth.values():
        assert (tmp_path / object_path(digest.sha256)).stat().st_size == digest.size
    documents = list((tmp_path / "tuf/targets/deltas/national").iterdir())
    assert [p.name.split(".", 1)[1] for p in documents] == ["1-2.jsonl"]
    assert documents[0].name.split(".")[0] == hashlib.sha256(documents[0].read_bytes()).hexdigest()
    assert verified.versions["targets"] == 3
    assert (tmp_path / "tuf/metadata/1.root.json").exists()


def test_timestamp_comes_last_and_a_second_run_brings_no_object(published, tmp_path):
    publisher, _, work = published
    site = Recorder(tmp_path)
    first = publish(work, publisher.keys, site, DAY)
    at = site.done.index(TIMESTAMP)
    assert not any(name.startswith(("objects/", "tuf/")) for name in site.done[at + 1 :])
    kinds = [name.split("/")[0] + "/" + name.split("/")[1][:3] for name in site.done[: at + 1]]
    assert kinds == sorted(kinds, key=lambda kind: (kind.startswith("tuf"), kind != "tuf/tar"))
    again = Recorder(tmp_path)
    second = publish(work, publisher.keys, again, DAY)
    assert not [name for name in again.done if name.startswith("objects/")]
    assert (second.objects, second.there) == (0, first.objects + first.there)


def test_run_that_breaks_off_anywhere_leaves_the_old_state_or_the_new_one_and_goes_on(published, tmp_path):
    publisher, archive, work = published
    origin = tmp_path / "origin"
    before = Recorder(origin)
    shutil.copytree(archive / "tuf", tmp_path / "keys/tuf")
    shutil.copy(publisher.keys / "root.json", tmp_path / "keys/root.json")
    publish(archive, tmp_path / "keys", before, DAY)
    assert newest(origin, publisher.root)[0] == ["releases/national/1.json"]
    both = ["releases/national/1.json", "releases/national/2.json"]
    total = len(_names(work, publisher, shutil.copytree(origin, tmp_path / "count")))
    for cut in range(0, total, 3):
        trial = shutil.copytree(origin, tmp_path / f"cut-{cut}")
        with pytest.raises(PublishError):
            publish(work, publisher.keys, Recorder(trial, most=cut), DAY)
        assert newest(trial, publisher.root)[0] in (both[:1], both)
        publish(work, publisher.keys, FolderSite(trial, FILES), DAY)
        assert len(newest(trial, publisher.root)[0]) == 2
        assert not list(trial.rglob("*.tmp~"))
        shutil.rmtree(trial)


def _names(work, publisher, origin):
    site = Recorder(origin)
    publish(work, publisher.keys, site, DAY)
    return site.done[: site.done.index(TIMESTAMP) + 1]


def test_older_list_than_the_origin_has_is_not_published(published, tmp_path):
    publisher, archive, work = published
    publish(work, publisher.keys, FolderSite(tmp_path / "origin", FILES), DAY)
    shutil.copytree(archive / "tuf", tmp_path / "keys/tuf")
    shutil.copy(publisher.keys / "root.json", tmp_path / "keys/root.json")
    with pytest.raises(PublishError, match="has list"):
        publish(archive, tmp_path / "keys", FolderSite(tmp_path / "origin", FILES), DAY)


def test_item_damaged_in_the_work_folder_is_not_published(published, tmp_path):
    publisher, _, work = published
    copy = shutil.copytree(work, tmp_path / "work")
    victim = next(p for p in (copy / "bag/data").rglob("*") if p.is_file() and p.stat().st_size > 1000)
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    with pytest.raises(DigestError):
        publish(copy, publisher.keys, FolderSite(tmp_path / "origin", FILES), DAY)
    assert not (tmp_path / "origin" / TIMESTAMP).exists()


def test_what_nothing_names_any_more_goes_after_its_grace(published, tmp_path):
    publisher, archive, work = published
    keys = shutil.copytree(publisher.keys, tmp_path / "keys")
    work = shutil.copytree(work, tmp_path / "work")
    site = FolderSite(tmp_path / "origin", FILES)
    register = tmp_path / "register"
    shutil.copytree(archive / "tuf", register / "tuf")
    shutil.copy(keys / "root.json", register / "root.json")
    publish(archive, register, site, DAY)
    publish(work, keys, site, DAY)
    change_release(work, keys, passphrase, REVOKE, "national", 1, DAY, FILES)
    gone = {line.sha256 for line in read_items(archive / "bag/meta/items.txt")} - {
        line.sha256 for line in read_items(work / "bag/meta/items.txt")
    }
    first = publish(work, keys, site, DAY)
    assert first.waiting >= len(gone) >= 3
    assert publish(work, keys, site, DAY + timedelta(days=29)).removed == 0
    assert all((tmp_path / "origin" / object_path(sha256)).exists() for sha256 in gone)
    last = publish(work, keys, site, DAY + timedelta(days=30))
    assert (last.removed, last.waiting) == (first.waiting, 0)
    assert not any((tmp_path / "origin" / object_path(sha256)).exists() for sha256 in gone)
    assert publish(work, keys, site, DAY + timedelta(days=31)).removed == 0
    assert len(newest(tmp_path / "origin", publisher.root)[0]) == 1


def test_commands_say_what_was_done_in_words(published, tmp_path, capsys):
    publisher, archive, work = published
    keys = ["--keys", str(publisher.keys)]
    assert main(["publish", str(work), str(tmp_path / "origin"), *keys]) == DONE
    assert "2026年11月版已发布，各馆将陆续收到。" in capsys.readouterr().out
    assert main(["stick", str(work), str(tmp_path / "stick"), *keys]) == DONE
    assert "U盘已备好，可更新至 2026年11月版" in capsys.readouterr().out
    packs = [p for p in (tmp_path / "stick/objects").rglob("*") if p.is_file()]
    assert len(packs) == 1  # nothing but the pack of the delta
    assert (
        main(["publish", str(archive), str(tmp_path / "other"), *keys]) == DONE
    )  # listed too: an archive may be brought
    unsigned = shutil.copytree(work, tmp_path / "unsigned")
    release = unsigned / "release.json"
    release.write_bytes(release.read_bytes().replace(b"2026.11", b"2026.12"))
    assert main(["publish", str(unsigned), str(tmp_path / "third"), *keys]) == NOT_DONE
    assert "没有发布，各馆仍看到上一版。" in capsys.readouterr().err
