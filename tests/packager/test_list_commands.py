"""The commands that change the signed list, as two people use them."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from indexer.model import Resource
from packager import catalogue_lookup, list_commands
from packager.cli import DONE, NOT_DONE, main
from packager.format.trust import TrustStore
from provisioning.keys import save_key
from provisioning.roles import key_names, withdrawal_key_names
from tests.notices import delegate
from tests.simulator import COST, Publisher, passphrase


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    publisher = Publisher(tmp_path / "national")
    publisher.release(1)
    publisher.release(2, supersedes=1)
    return publisher


def call(national: Publisher, command: str, *arguments: str) -> int:
    known = national.folder / "passphrases.txt"
    known.write_text("".join(f"{name}={passphrase(name)}\n" for name in (*key_names(), *withdrawal_key_names())))
    keys = [str(national.keys)] if command == "keys" else ["--keys", str(national.keys)]
    return main([command, *arguments, *keys, "--passphrases", str(known)])


def listed(national: Publisher, box: TrustStore) -> list[int]:
    return [release.seq for release in box.offer(national.keys / "tuf").releases]


def test_revoke_edition_takes_it_off_the_list_and_undo_lists_it_again(national, tmp_path, capsys) -> None:
    box = national.box(tmp_path / "state")
    assert call(national, "revoke", "2026.01") == DONE
    said = capsys.readouterr().out
    assert "两人确认后收回" not in said, "with the passphrases at hand nobody is asked any more"
    assert "已收回 2026年1月版" in said
    assert "涉及 1 块硬盘" in said
    assert listed(national, box) == [2]
    assert call(national, "revoke", "1", "--undo") == DONE
    assert "已重新列出 2026年1月版" in capsys.readouterr().out
    assert listed(national, box) == [1, 2]


def test_revoke_asks_two_people_where_passphrases_are_typed(national, monkeypatch, capsys) -> None:
    monkeypatch.setattr(list_commands, "passphrases", lambda _path: passphrase)
    assert main(["revoke", "2026.01", "--keys", str(national.keys)]) == DONE
    said = capsys.readouterr().out
    assert said.index("两人确认后收回") < said.index("已收回 2026年1月版")


def test_catalogue_is_read_as_a_stream(monkeypatch) -> None:
    records = (
        Resource(id=f"b.{n:06}", title=f"书 {n}", type="book", parent="b.000000" if n % 3 == 1 else "")
        for n in range(30_000)
    )
    monkeypatch.setattr(catalogue_lookup, "read_catalogue", lambda _layout: records)
    present, parents = catalogue_lookup.parents_of(None, {"b.000007", "nothing"})
    assert present == {"b.000007"}
    assert len(parents) == 10_000
    assert len({id(parent) for parent in parents.values()}) == 1


def test_near_names_are_found_among_many(monkeypatch) -> None:
    records = [Resource(id=f"b.{n:06}", title="书", type="book") for n in range(25_000)]
    monkeypatch.setattr(catalogue_lookup, "read_catalogue", lambda _layout: iter(records))
    found = catalogue_lookup.near(None, "b.02499")
    assert len(found) == 5
    assert all(difflib.SequenceMatcher(None, "b.02499", name).ratio() > 0.9 for name in found)


def test_revoke_retire_by_two_people_in_turn(national, tmp_path, capsys) -> None:
    box = national.box(tmp_path / "state")
    turn = ["revoke", "2026.01", "--retire", "--work", str(tmp_path / "request"), "--by"]
    assert call(national, *turn, "targets-3") == DONE
    assert "只有 targets-3 一人签发" in capsys.readouterr().out
    assert listed(national, box) == [1, 2]
    assert call(national, *turn, "targets-1") == DONE
    assert "已停止提供 2026年1月版" in capsys.readouterr().out
    assert listed(national, box) == [2]


def test_request_that_another_list_overtook_is_made_again_and_signed_by_both(national, tmp_path, capsys) -> None:
    box = national.box(tmp_path / "state")
    turn = ["revoke", "2026.01", "--work", str(tmp_path / "request"), "--by"]
    assert call(national, *turn, "targets-1") == DONE
    assert call(national, "revoke", "2", "--retire") == DONE
    capsys.readouterr()
    assert call(national, *turn, "targets-2") == DONE
    said = capsys.readouterr().out
    assert "另一份名单先发行了，这份申请已重新提出。" in said
    assert "只有 targets-2 一人签发" in said
    assert call(national, *turn, "targets-1") == DONE
    assert "已收回 2026年1月版" in capsys.readouterr().out
    assert listed(national, box) == []


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
    assert "存有几个样子，或有损坏" in capsys.readouterr().err


def withdrawn(national: Publisher, state: Path) -> list[str]:
    return sorted(national.box(state).offer(national.keys / "tuf").withdrawn)


def test_withdraw_by_one_key_publishes_a_small_notice_and_undo_gives_back(
    national, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(
        "packager.withdrawing.save_key", lambda key, path, word, **_: save_key(key, path, word, cost=COST)
    )
    work = str(national.folder / "work-national-2")
    alone = ["--key", "withdrawals-2"]
    assert call(national, "keys", "withdrawals") == DONE
    assert "只能办理下架和恢复" in capsys.readouterr().out
    assert call(national, "withdraw", work, "red-chamber", "big-map", *alone, "--reason", "版权到期") == DONE
    said = capsys.readouterr().out
    assert "下架通知已备好，共 2 种。" in said
    assert "withdrawals.json" in said
    found = national.box(tmp_path / "a").offer(national.keys / "tuf").withdrawals
    assert [(w.id, w.title, w.reason) for w in found] == [
        ("big-map", "大地图", "版权到期"), ("red-chamber", "红楼梦", "版权到期"),
    ]  # fmt: skip
    assert call(national, "withdraw", work, "big-map", *alone, "--undo") == DONE
    assert "恢复通知已备好，共 1 种。" in capsys.readouterr().out
    assert withdrawn(national, tmp_path / "b") == ["red-chamber"]
    assert call(national, "withdraw", work, "two-parts", *alone, "--offline") == DONE
    assert withdrawn(national, tmp_path / "c") == ["red-chamber"]
    assert call(national, "withdraw", work, "two-part", *alone) == NOT_DONE
    assert "没有记录号 two-part" in capsys.readouterr().err
    assert call(national, "withdraw", work, "entry-only", "--key", "targets-1") == NOT_DONE
    assert "不在签发人名单里" in capsys.readouterr().err
    assert call(national, "withdraw", work, "entry-only", "--undo") == NOT_DONE
    assert "entry-only 没有下架" in capsys.readouterr().err
    assert call(national, "withdraw", work, "entry-only", "--offline") == NOT_DONE
    assert "须与 --key 同用" in capsys.readouterr().err
    assert call(national, "keys", "withdrawals", "--replace") == DONE
    assert withdrawn(national, tmp_path / "d") == ["red-chamber", "two-parts"]  # all of it, signed anew


@pytest.fixture
def serial(national: Publisher) -> str:
    """A work folder with a serial, its issue, a part of that and something else; one person may withdraw."""
    records = [(Resource(id=name, title=name, type="journal", parent=parent), {}) for name, parent in
               (("serial", ""), ("issue-1", "serial"), ("part-1", "issue-1"), ("other", ""))]  # fmt: skip
    work = national.release(3, supersedes=2, records=records)
    delegate(national)
    return str(work)


@pytest.mark.parametrize("how", [["--key", "withdrawals-1"], []], ids=["one person", "two people"])
def test_withdraw_a_serial_withdraws_its_issues_and_undo_gives_them_back(
    national, serial, tmp_path, capsys, how: list[str]
) -> None:
    assert call(national, "withdraw", serial, "serial", *how) == DONE
    assert "共 3 种" in capsys.readouterr().out
    assert withdrawn(national, tmp_path / "a") == ["issue-1", "part-1", "serial"]
    assert call(national, "withdraw", serial, "issue-1", *how, "--undo") == NOT_DONE
    assert "issue-1 所属的资源仍在下架" in capsys.readouterr().err
    assert call(national, "withdraw", serial, "serial", *how, "--undo") == DONE
    assert "共 3 种" in capsys.readouterr().out
    assert withdrawn(national, tmp_path / "b") == []


def test_withdraw_undo_by_two_people_lifts_what_one_withdrew_for_good(national, serial, tmp_path, capsys) -> None:
    box, alone = national.box(tmp_path / "box"), ["--key", "withdrawals-2"]
    call(national, "withdraw", serial, "other", *alone)
    call(national, "withdraw", serial, "other")
    assert call(national, "withdraw", serial, "other", *alone, "--undo") == DONE
    assert "other 还在两人签发的名单里，仍然下架" in capsys.readouterr().out
    call(national, "withdraw", serial, "other", "issue-1", *alone)
    by = ["withdraw", serial, "other", "--undo", "--by"]
    assert call(national, *by, "targets-1") == DONE
    assert "只有 targets-1 一人签发" in capsys.readouterr().out
    assert box.offer(national.keys / "tuf").withdrawn == {"issue-1", "part-1", "other"}
    assert call(national, *by, "targets-3") == DONE
    assert "恢复提供已签发，共 1 种。" in capsys.readouterr().out
    found = box.offer(national.keys / "tuf")
    assert found.withdrawn == {"issue-1", "part-1"}
    assert [entry.id for entry in found.withdrawals] == ["issue-1", "part-1"]
    call(national, "withdraw", serial, "serial", *alone)  # the next notice does not bring it back
    assert "other" not in box.offer(national.keys / "tuf").withdrawn
    call(national, "withdraw", serial, "other", *alone)  # a later act of one person counts again
    assert "other" in box.offer(national.keys / "tuf").withdrawn


def test_withdraw_undo_tells_of_another_desk_that_withdraws_the_same(national, serial, tmp_path, capsys) -> None:
    national.withdraw("other", bundle="children")
    call(national, "withdraw", serial, "other")
    capsys.readouterr()
    assert call(national, "withdraw", serial, "other", "--undo") == DONE
    assert "--bundle children" in capsys.readouterr().out
    assert withdrawn(national, tmp_path / "a") == ["other"]
    assert call(national, "withdraw", serial, "other", "--undo") == NOT_DONE


def test_withdraw_undo_gives_back_what_the_catalogue_no_longer_names(national, serial, tmp_path) -> None:
    national.withdraw("of-an-older-release")
    assert call(national, "withdraw", serial, "of-an-older-release", "--undo") == DONE
    assert withdrawn(national, tmp_path / "a") == []
