"""Systems for boxes: two people sign one, it is brought to a site, and stays there while it is listed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.authority import read_published
from packager.cli import DONE, NOT_DONE, main
from packager.errors import NumberDiffersError, SequenceError, SystemFolderError
from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.origin import delta_document, object_path
from packager.format.release import Digest
from packager.format.systems import MAX_SYSTEMS, System, listed_systems
from packager.publishing.cleaning import clean
from packager.publishing.sites import FolderSite
from packager.signing import approve
from packager.systems.commands import request_system, sign_system
from packager.systems.making import read_system
from packager.systems.publishing import publish_system
from tests.packager.system_folders import system_folder
from tests.simulator import DAY, Publisher, passphrase

if TYPE_CHECKING:
    from pathlib import Path

FILES = RealFiles()
SYSTEM = System(7, "2026-11-26", Digest("a" * 64, 1), Digest("b" * 64, 2), Digest("c" * 64, 3), "ro quiet")


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    publisher = Publisher(tmp_path / "national")
    publisher.release(1)
    return publisher


def listed(publisher: Publisher) -> dict[int, Digest]:
    before = read_published((publisher.keys / "tuf",), publisher.root)
    return listed_systems(before.verified.metadata["targets"]) if before.verified else {}


def test_commands_sign_a_system_one_after_the_other_and_bring_it(national: Publisher, tmp_path: Path, capsys) -> None:
    folder = system_folder(tmp_path / "system")
    secrets = tmp_path / "passphrases.txt"
    secrets.write_text("".join(f"{n}={passphrase(n)}\n" for n in ("targets-1", "targets-3", "online")))
    signing = ["system", "sign", str(folder), "--keys", str(national.keys), "--passphrases", str(secrets), "--by"]
    assert main([*signing, "targets-1"]) == DONE
    assert listed(national) == {}
    assert main([*signing, "targets-3"]) == DONE
    assert "书箱系统第 4 版已由 targets-1、targets-3 签发。" in capsys.readouterr().out
    publishing = ["system", "publish", str(folder), str(tmp_path / "site"), "--keys", str(national.keys)]
    assert main(publishing) == DONE
    assert "书箱系统第 4 版已备好" in capsys.readouterr().out
    system = read_system(folder)
    assert listed(national) == {4: Digest(hashlib.sha256(system.to_bytes()).hexdigest(), len(system.to_bytes()))}
    for _, part in system.parts():
        content = (tmp_path / "site" / object_path(part.sha256)).read_bytes()
        assert Digest(hashlib.sha256(content).hexdigest(), len(content)) == part
    document = tmp_path / "site" / delta_document(system.target, listed(national)[4].sha256)
    assert System.from_bytes(document.read_bytes()) == system
    assert main(["system", "publish", str(tmp_path), str(tmp_path / "site"), "--keys", str(national.keys)]) == NOT_DONE
    (folder / "vmlinuz").write_bytes(b"changed")
    assert main(publishing) == NOT_DONE
    assert "还没有签发，或签发后改动过" in capsys.readouterr().err


def test_nobody_signs_another_system_than_the_one_at_hand(national: Publisher, tmp_path: Path) -> None:
    folder = system_folder(tmp_path / "system")
    request_system(folder, national.keys, read_system(folder), DAY, FILES)
    (folder / "initrd").write_bytes(b"changed")
    with pytest.raises(NumberDiffersError):
        approve(folder, national.keys, national.key("targets-1"), FILES)


def test_systems_grow_and_few_are_listed(national: Publisher, tmp_path: Path) -> None:
    for version in range(3, 9):
        sign_system(system_folder(tmp_path / f"s{version}", version), national.keys, passphrase, DAY, FILES)
    assert sorted(listed(national)) == list(range(9 - MAX_SYSTEMS, 9))
    sign_system(tmp_path / "s8", national.keys, passphrase, DAY, FILES)
    with pytest.raises(SequenceError):
        sign_system(tmp_path / "s3", national.keys, passphrase, DAY, FILES)


def test_what_a_system_names_stays_at_the_origin_while_it_is_listed(national: Publisher, tmp_path: Path) -> None:
    folder, site = system_folder(tmp_path / "system"), FolderSite(tmp_path / "site", FILES)
    sign_system(folder, national.keys, passphrase, DAY, FILES)
    publish_system(folder, national.keys, site)
    before = replace(read_published((national.keys / "tuf",), national.root))
    for day in (DAY, DAY + timedelta(days=90)):
        clean(site, before, day, 30)
    assert all((tmp_path / "site" / object_path(part.sha256)).exists() for _, part in read_system(folder).parts())


def test_a_box_learns_of_systems_with_its_lists(national: Publisher, tmp_path: Path) -> None:
    box = national.box(tmp_path / "state")
    sign_system(system_folder(tmp_path / "system"), national.keys, passphrase, DAY, FILES, minimum=2)
    assert box.offer(national.keys / "tuf").systems == listed(national)
    assert box.repository()["metadata/timestamp.json"]


@pytest.mark.parametrize("name", ["system.json", "root.squashfs", "vmlinuz", "initrd"])
def test_a_folder_that_lacks_something_is_none(tmp_path: Path, name: str) -> None:
    folder = system_folder(tmp_path / "system")
    (folder / name).unlink()
    with pytest.raises(SystemFolderError):
        read_system(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0}, {"version": True}, {"version": 10**15}, {"minimum": 8}, {"made": "2026-13-01"},
        {"root": Digest("a" * 63, 1)}, {"kernel": Digest("a" * 64, 0)}, {"initrd": Digest("a" * 64, 1 << 40)},
        {"options": "root=/dev/sda"}, {"options": "a\nlinux /evil"}, {"options": "x" * 1001}, {"options": None},
    ],
)  # fmt: skip
def test_members_are_what_they_may_be(change: dict) -> None:
    with pytest.raises(FormatError):
        replace(SYSTEM, **change)


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.sampled_from(["schema", "version", "root", "x"]), st.integers() | st.text()).map(
        lambda d: json.dumps(d).encode()
    )
)
def test_no_other_bytes_are_a_system(content: bytes) -> None:
    with pytest.raises(FormatError):
        System.from_bytes(content)


def test_a_document_is_read_as_written_and_with_no_other_member() -> None:
    assert System.from_bytes(SYSTEM.to_bytes()) == SYSTEM
    with pytest.raises(FormatError):
        System.from_bytes(SYSTEM.to_bytes().replace(b'"made"', b'"also":1,"made"'))
