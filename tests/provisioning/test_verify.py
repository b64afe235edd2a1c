"""What `provisioning verify` and `provisioning ledger` say, to people and to programs."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from provisioning.cli import main
from tests.provisioning.desk import ROOT, counties, make_keys, write_csv

VERIFY = ["verify", "out", "--trust", "keys", "--today", "2026-11-28"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Three libraries, the first of which got a second file in `new`; arguments of the desk."""
    path = make_keys(tmp_path / "keys", monkeypatch)
    monkeypatch.chdir(tmp_path)
    Path("root.json").write_text(ROOT)
    write_csv(Path("list.csv"), counties(3))
    desk = ["--keys", "keys", "--passphrases", str(path), "--issued", "2026-11-27"]
    assert main(["batch", "list.csv", "--root", "root.json", "--to", "out", *desk]) == 0
    assert (
        main(["reissue", "CN-110101", "--why", "replaced", "--note", "主板坏", "--by", "王敏", "--to", "new", *desk])
        == 0
    )
    capsys.readouterr()
    return desk


def test_files_that_hold(made: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(VERIFY) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "  ✓ county-110101.box　东城区图书馆（CN-110101）第 1 份，2026-11-27 签发，可用来开通到 2028-11-27"
    )
    assert lines[-1] == "共 3 份，有效 3 份。"


def test_files_that_do_not_hold_are_told_apart(made: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(Path("out/boxes").iterdir())
    paths[1].write_bytes(paths[1].read_bytes().replace("西城区".encode(), "东城区".encode()))
    paths[2].write_bytes(b"x" * 70_000)
    assert main([*VERIFY, "--ledger", "keys/ledger.db", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in found["files"]] == ["older", "box.tampered", "box.size"]
    assert found["files"][0]["library"] == "CN-110101"
    assert found["files"][0]["serial"] == 1
    assert found["valid"] == 0
    assert main(["verify", "new", "--trust", "keys", "--ledger", "keys/ledger.db", "--today", "2029-01-01"]) == 1
    assert "已过有效期" in capsys.readouterr().out
    assert main(["verify", "new/boxes/county-110101.box", "--trust", "keys", "--ledger", "keys/ledger.db"]) == 0


def test_files_of_another_desk_are_strangers(
    made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_keys(tmp_path / "other", monkeypatch)
    assert main(["verify", "out", "--trust", "other"]) == 1
    assert "不是这些钥匙签的" in capsys.readouterr().out
    assert main(["verify", "keys", "--trust", "keys"]) == 3
    assert "没有开通文件" in capsys.readouterr().err
    assert main(["verify", "out", "--trust", "out"]) == 3


def test_the_ledger_is_listed_and_compared(made: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "keys", "--library", "CN-110101"]) == 0
    out = capsys.readouterr().out
    assert "签发第 2 份：更换主机，主板坏　王敏" in out
    assert "开通台账核对无误，共 9 行。" in out
    assert "记有 3 个馆的开通文件。" in out
    database = sqlite3.connect("keys/ledger.db")
    database.executescript("DROP TRIGGER line_stays; UPDATE line SET body = replace(body, '主板坏', '遗失');")
    database.close()
    assert main(["ledger", "keys"]) == 3
    assert "对不上，可能被改动过" in capsys.readouterr().err
