"""What a careful desk runs into: files of the wrong kind, names that lie, dates to come, a progress's end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from provisioning.box_file import box_file_name
from provisioning.cli import main
from provisioning.errors import CommandError
from provisioning.flash.commands import _Progress
from provisioning.flash.writing import COMPARING, WRITING
from provisioning.ledger import Ledger
from provisioning.terminal import passphrases
from provisioning.verify_commands import verify_files
from provisioning.writing import read_bounded
from tests.provisioning.box_files import DAY, KEYS, box
from tests.provisioning.desk import COUNTY, ROOT, make_keys, write_csv


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    path = make_keys(tmp_path / "keys", monkeypatch)
    (tmp_path / "root.json").write_text(ROOT)
    monkeypatch.chdir(tmp_path)
    write_csv(Path("list.csv"), [COUNTY])
    return ["batch", "list.csv", "--root", "root.json", "--keys", "keys", "--passphrases", str(path), "--to", "out"]


def test_passphrases_of_a_spreadsheet_or_an_old_editor(tmp_path: Path) -> None:
    marked, foreign = tmp_path / "marked.txt", tmp_path / "foreign.txt"
    marked.write_bytes("\ufeffbox-1=correct horse\r\n".encode())
    assert passphrases(marked)("box-1") == "correct horse"
    foreign.write_bytes("box-1=密码密码\r\n".encode("gb18030"))
    with pytest.raises(CommandError, match="存成 UTF-8"):
        passphrases(foreign)


def test_a_folder_is_named_where_a_file_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as told:
        read_bounded(tmp_path, 10)
    assert told.value.filename == str(tmp_path)


def test_a_progress_does_not_begin_again_with_the_last_piece(capsys: pytest.CaptureFixture[str]) -> None:
    tell = _Progress(100)
    for phase, count in ((WRITING, 95), (COMPARING, 95), (WRITING, 5), (COMPARING, 5)):
        tell(phase, count)
    assert capsys.readouterr().err.count("0%") == 0


def test_a_box_file_under_the_name_of_another_library_is_told(tmp_path: Path) -> None:
    signed = box()
    own = box_file_name(signed.library.id)
    copy = own.replace(".box", " (1).box")
    names = [own, copy, "county-999999.box", own.replace(".box", "-KIDS.box"), "from-the-mail.box"]
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_bytes(signed.content)
    states = [one.state for one in verify_files(paths, KEYS, DAY, None)]
    assert states == ["valid", "valid", "misnamed", "misnamed", "valid"]


@pytest.mark.parametrize("floor", [date(2090, 1, 1), date(2028, 12, 1)])
def test_a_day_of_the_future_is_no_floor_of_clocks(
    desk: list[str], floor: date, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*desk, "--issued", "2026-11-27", "--expires", "2028-11-27", "--image-floor", f"{floor}"]) == 3
    assert f"--image-floor {floor} 晚于" in capsys.readouterr().err
    assert not Path("keys/ledger.db").exists() or Ledger(Path("keys/ledger.db")).lines("issued") == []


def test_what_a_batch_leaves_out_and_a_reissue_changes_is_told(
    desk: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(desk) == 0
    assert "1 个馆没有更新站点" in capsys.readouterr().out
    assert main(["reissue", COUNTY["馆号"], "--why", "recovery", *desk[4:]]) == 0
    out = capsys.readouterr().out
    assert "各人的密码不变" in out
    assert f"provisioning recovery {COUNTY['馆号']}" in out
    with pytest.raises(SystemExit):
        main(["reissue", "--help"])
    assert "replaced：更换主机" in capsys.readouterr().out.replace("\n" + " " * 22, "")
    assert main(["ledger", "keys", "--library", "CN-1"]) == 3
    assert "台账里没有这个馆：CN-1" in capsys.readouterr().err
