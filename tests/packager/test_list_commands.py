"""The commands that change the signed list, as two people use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.cli import DONE, NOT_DONE, main
from packager.format.trust import TrustStore
from provisioning.roles import key_names
from tests.simulator import Publisher, passphrase


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    publisher = Publisher(tmp_path / "national")
    publisher.release(1)
    publisher.release(2, supersedes=1)
    return publisher


def call(national: Publisher, command: str, *arguments: str) -> int:
    known = national.folder / "passphrases.txt"
    known.write_text("".join(f"{name}={passphrase(name)}\n" for name in key_names()))
    return main([command, *arguments, "--keys", str(national.keys), "--passphrases", str(known)])


def listed(national: Publisher, box: TrustStore) -> list[int]:
    return [release.seq for release in box.offer(national.keys / "tuf").releases]


def test_revoke_edition_takes_it_off_the_list_and_undo_lists_it_again(national, tmp_path, capsys) -> None:
    box = national.box(tmp_path / "state")
    assert call(national, "revoke", "2026.01") == DONE
    said = capsys.readouterr().out
    assert "收回 2026年1月版后，各馆将停用这一版的硬盘。" in said
    assert "已收回 2026年1月版" in said
    assert "涉及 1 块硬盘" in said
    assert listed(national, box) == [2]
    assert call(national, "revoke", "1", "--undo") == DONE
    assert "已重新列出 2026年1月版" in capsys.readouterr().out
    assert listed(national, box) == [1, 2]


def test_revoke_retire_by_two_people_in_turn(national, tmp_path, capsys) -> None:
    box = national.box(tmp_path / "state")
    turn = ["revoke", "2026.01", "--retire", "--work", str(tmp_path / "request"), "--by"]
    assert call(national, *turn, "targets-3") == DONE
    assert "只有 targets-3 一人签发" in capsys.readouterr().out
    assert listed(national, box) == [1, 2]
    assert call(national, *turn, "targets-1") == DONE
    assert "已停止提供 2026年1月版" in capsys.readouterr().out
    assert listed(national, box) == [2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2031.01"], "没有发行过 2031年1月版"),
        (["2026.01", "--bundle", "children"], "还没有发行过"),
        (["2026.01", "--undo"], "版次不是接着上一版的"),
    ],
)
def test_revoke_what_is_not_there_changes_nothing(national, tmp_path, capsys, arguments: list[str], said: str) -> None:
    assert call(national, "revoke", *arguments) == NOT_DONE
    assert said in capsys.readouterr().err
    assert listed(national, national.box(tmp_path / "state")) == [1, 2]


def test_revoke_undo_of_a_document_that_somebody_changed_is_refused(national, capsys) -> None:
    call(national, "revoke", "2026.01")
    (path,) = (national.keys / "tuf/targets/releases/national").glob("*.1.json")
    path.with_name(f"{'0' * 64}.1.json").write_bytes(path.read_bytes().replace(b"2026.01", b"2026.11"))
    assert call(national, "revoke", "1", "--undo") == NOT_DONE
    assert "several forms" in capsys.readouterr().err
