"""Deltas are listed by two people, beside the releases that they join."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from tuf.api.metadata import Metadata, Targets

from packager.build import BuildOptions, build
from packager.cli import DONE, NOT_DONE, main
from packager.delta.listing import delta_folder
from packager.delta.signing import request_deltas, sign_deltas
from packager.errors import NumberDiffersError, SequenceError
from packager.format.files import RealFiles
from packager.request import REVOKE
from packager.signing import approve, change_release, sign_release
from provisioning.keys import load_key
from tests.packager.editions import NEW, OLD, write_source
from tests.simulator import DAY, Publisher, passphrase

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.10", quiet=True, workers=1)
FILES = RealFiles()


@pytest.fixture
def desk(tmp_path):
    """A publisher, an archive of release 1 and a signed work folder of release 2; passphrases in a file."""
    publisher = Publisher(tmp_path / "publisher")
    source, work = tmp_path / "source", tmp_path / "work"
    build(write_source(source, OLD), work, OPTIONS, FILES)
    sign_release(work, publisher.keys, passphrase, FILES)
    archive = shutil.copytree(work, tmp_path / "archive")
    shutil.rmtree(source)
    release = build(write_source(source, NEW), work, replace(OPTIONS, edition="2026.11"), FILES).release
    secrets = tmp_path / "passphrases.txt"
    names = ("root-1", "root-2", "root-3", "targets-1", "targets-2", "targets-3", "online")
    secrets.write_text("".join(f"{name}={passphrase(name)}\n" for name in names))
    return publisher, archive, work, release, secrets


def listed(work):
    path = max((work / "tuf/metadata").glob("*.targets.json"), key=lambda p: int(p.name.split(".")[0]))
    targets = Metadata[Targets].from_bytes(path.read_bytes()).signed.targets
    return {name: target for name, target in targets.items() if name.startswith("deltas/")}


def test_commands_make_a_delta_tell_it_in_words_and_sign_it(desk, capsys):
    publisher, archive, work, _, secrets = desk
    keys = ["--keys", str(publisher.keys), "--passphrases", str(secrets)]
    assert main(["delta", str(archive), "--work", str(work)]) == DONE
    out = capsys.readouterr().out
    assert "由 2026年10月版到 2026年11月版的更新已备好" in out
    assert "新增 1 种，更新 4 种，下架 1 种。" in out
    assert "新增　新书" in out
    assert main(["sign", str(work), *keys]) == DONE  # the release itself first
    assert not listed(work)
    assert main(["sign", str(work), *keys]) == DONE
    assert "1 份更新可以发布" in capsys.readouterr().out
    found = listed(work)
    document = delta_folder(work, "national", 1, 2) / "delta.jsonl"
    assert {name: target.length for name, target in found.items()} == {
        "deltas/national/1-2.jsonl": document.stat().st_size
    }
    assert main(["sign", str(work), *keys]) == DONE  # nothing more to do, nothing changes
    assert listed(work) == found


def test_two_people_sign_one_after_the_other(desk, capsys):
    publisher, archive, work, _, secrets = desk
    sign_release(work, publisher.keys, passphrase, FILES)
    main(["delta", str(archive), "--work", str(work)])
    by = ["sign", str(work), "--keys", str(publisher.keys), "--passphrases", str(secrets), "--by"]
    assert main([*by, "targets-1"]) == DONE
    assert not listed(work)
    assert main([*by, "targets-2"]) == DONE
    assert len(listed(work)) == 1
    assert "1 份更新可以发布" in capsys.readouterr().out


def test_base_that_is_not_there_is_told_in_words(desk, tmp_path, capsys):
    *_, work, _, _ = desk
    assert main(["delta", str(tmp_path / "nowhere"), "--work", str(work)]) == NOT_DONE
    assert "找不到作为起点的" in capsys.readouterr().err
    assert main(["delta", str(work), "--work", str(work)]) == NOT_DONE
    assert "这两版不能接成更新" in capsys.readouterr().err


def test_delta_of_a_release_that_is_not_listed_is_not_signed(desk):
    publisher, archive, work, release, _ = desk
    main(["delta", str(archive), "--work", str(work)])
    assert request_deltas(work, publisher.keys, release, DAY, FILES) is None


def test_delta_changed_after_the_request_is_signed_by_nobody(desk):
    publisher, archive, work, release, _ = desk
    sign_release(work, publisher.keys, passphrase, FILES)
    main(["delta", str(archive), "--work", str(work)])
    assert request_deltas(work, publisher.keys, release, DAY, FILES) is not None
    document = delta_folder(work, "national", 1, 2) / "delta.jsonl"
    document.write_bytes(document.read_bytes().replace(b'"added":1', b'"added":2'))
    key = load_key(publisher.keys / "targets-1.pem", passphrase("targets-1"))
    with pytest.raises(NumberDiffersError):
        approve(work, publisher.keys, key, FILES)
    document.write_bytes(document.read_bytes().replace(b'"seq":1}', b'"seq":9}'))
    request = request_deltas(work, publisher.keys, release, DAY, FILES)
    assert request is None  # it begins with a release that nobody signed


def test_taking_a_release_back_takes_its_deltas_off_the_list(desk):
    publisher, archive, work, release, _ = desk
    sign_release(work, publisher.keys, passphrase, FILES)
    main(["delta", str(archive), "--work", str(work)])
    assert sign_deltas(work, publisher.keys, passphrase, release, DAY, FILES) == 1
    assert listed(work)
    change_release(work, publisher.keys, passphrase, REVOKE, "national", 2, DAY, FILES)
    assert not listed(work)
    with pytest.raises(SequenceError):
        change_release(work, publisher.keys, passphrase, REVOKE, "national", 2, DAY, FILES)
