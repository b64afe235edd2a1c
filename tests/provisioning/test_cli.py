"""The commands of the provisioning desk, as staff see them."""

from __future__ import annotations

import errno
import re
import stat
from pathlib import Path

import pytest

from provisioning.box_file import open_box
from provisioning.cli import main
from provisioning.desk_keys import trusted_keys
from provisioning.ledger import Ledger
from provisioning.recovery_file import read_recovery
from tests.provisioning.desk import COUNTY, ROOT, counties, make_keys, write_csv


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments that name keys and passphrases; `root.json` lies in the working folder."""
    path = make_keys(tmp_path / "keys", monkeypatch)
    (tmp_path / "root.json").write_text(ROOT)
    monkeypatch.chdir(tmp_path)
    return ["--keys", "keys", "--passphrases", str(path), "--to", "out"]


def run(*arguments: str) -> int:
    return main(list(arguments))


def test_keys_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("keys", str(tmp_path / "k"), "--demonstration") == 0
    assert "secret 丢了" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "k").iterdir()}
    assert names == {
        "box-1.pem", "box-1.pem.pub", "box-2.pem", "box-2.pem.pub", "secret.pem", "demonstration-passphrases.txt",
    }  # fmt: skip
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o700
    assert len(trusted_keys(tmp_path / "k")) == 2
    assert run("keys", str(tmp_path / "k"), "--demonstration") == 3
    assert "钥匙从不覆盖" in capsys.readouterr().err


def test_weak_passphrases_make_no_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p").write_text("box-1=long enough\nbox-2=long enough\nsecret=aaaaaaaaaa\n")
    assert run("keys", str(tmp_path / "k"), "--passphrases", str(tmp_path / "p")) == 3
    assert "钥匙 secret 的密码太弱" in capsys.readouterr().err
    assert not (tmp_path / "k").exists()


def test_batch_reissue_and_recovery(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("list.csv"), counties(3))
    batch = ["batch", "list.csv", "--root", "root.json", *desk, "--origin", "https://o.example/library", "--by", "王敏"]
    assert run(*batch) == 0
    out = capsys.readouterr().out
    assert "新生成 3 份" in out
    assert "已生成 3 个馆的开通文件和开通卡。\n每馆密码各不相同，只印在卡上。\n下一步：打印开通卡" in out
    assert run(*batch) == 0
    assert "原已生成 3 份" in capsys.readouterr().out

    assert (
        run("reissue", "CN-110101", "--why", "lost", "--note", "丢失", "--report-url", "https://r.example", *desk) == 0
    )
    out = capsys.readouterr().out
    assert "东城区图书馆　第 2 份（开通 U盘或开通卡遗失）" in out
    box = open_box(Path("out/boxes/county-110101.box").read_bytes(), trusted_keys(Path("keys")))
    assert box.serial == 2
    assert box.report.url == "https://r.example"
    assert box.updates.origins == ("https://o.example/library",)

    assert run("recovery", "CN-110101", *desk[:4], "--to", "sticks") == 0
    assert "请交馆长以外的一位同事保管" in capsys.readouterr().out
    assert read_recovery(Path("sticks/CN-110101.recovery").read_bytes(), box.recovery_key, "CN-110101")
    with Ledger(Path("keys/ledger.db")) as ledger:
        ledger.check()
        assert [line["by"] for line in ledger.lines("issued")] == ["王敏"] * 3 + [""]


def test_a_list_for_a_reissue_changes_what_it_says_and_nothing_else(desk: list[str]) -> None:
    write_csv(Path("list.csv"), [COUNTY])
    terms = ["--origin", "https://o.example/library", "--window", "01:00-05:00", "--support", "省馆", "--phone", "028"]
    assert run("batch", "list.csv", "--root", "root.json", *desk, *terms) == 0
    write_csv(Path("list.csv"), [{**COUNTY, "主机地址": "192.168.7.10/24", "电话": "029"}])
    assert run("reissue", COUNTY["馆号"], "--why", "changed", "--list", "list.csv", *desk) == 0
    box = open_box(Path("out/boxes/county-510726.box").read_bytes(), trusted_keys(Path("keys")))
    assert (box.serial, box.network.address) == (2, "192.168.7.10/24")
    assert (box.updates.origins, box.updates.window) == (("https://o.example/library",), "01:00-05:00")
    assert (box.support.name, box.support.phone) == ("省馆", "029")


def test_wrong_lists_are_told_line_by_line(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("list.csv"), [COUNTY, {**COUNTY, "馆名": ""}, {**COUNTY, "馆号": "B", "行政区划代码": "1"}])
    assert run("batch", "list.csv", "--root", "root.json", *desk) == 3
    err = capsys.readouterr().err
    assert "  第 3 行　　没有写馆名\n  第 4 行　北川羌族自治县图书馆　行政区划代码“1”不是六位数字\n" in err
    assert err.endswith("没有办成：名单里有几行不对，整批都没有生成。请照上面逐行改好，再执行同一命令。\n")
    assert not Path("out").exists()
    assert not Path("keys/ledger.db").exists()


def test_duplicates_and_places_have_their_sentences(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("list.csv"), [COUNTY, COUNTY])
    assert run("batch", "list.csv", "--root", "root.json", *desk) == 3
    assert "北川羌族自治县图书馆在名单里出现了两次，没有生成。" in capsys.readouterr().err
    write_csv(Path("list.csv"), [{**COUNTY, "行政区划代码": "110103"}])
    assert run("batch", "list.csv", "--root", "root.json", *desk) == 3
    assert "行政区划代码 110103 不在所用的年份表里。" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "还缺：命令"),
        (["batch"], "还缺：名单"),
        (["reissue", "CN-1", "--why", "because"], "--why 不能是"),
        (["recovery", "--to", "x", "--keys", "k", "--workers", "1"], "不认识：--workers"),
        (["batch", "l", "--root", "r", "--to", "o", "--keys", "k", "--origin", "ftp://x"], "请写成 https://…"),
        (["batch", "l", "--root", "r", "--to", "o", "--keys", "k", "--report-key", "x"], "64 位十六进制数字"),
        (["batch", "l", "--root", "r", "--to", "o", "--keys", "k", "--issued", "1.1.2026"], "请写成 2026-11-27"),
    ],
)
def test_wrong_arguments_are_told_in_chinese(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.startswith("用法：provisioning")


def test_what_cannot_be_done_is_told(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("list.csv"), [COUNTY])
    assert run("batch", "list.csv", "--root", "none.json", *desk) == 3
    assert "没有办成：none.json：没有找到" in capsys.readouterr().err
    Path("root.json").write_text("{}")
    assert run("batch", "list.csv", "--root", "root.json", *desk) == 3
    assert "root.json 不是资源签发用的 root.json" in capsys.readouterr().err
    Path("root.json").write_text(ROOT)
    Path("wrong").write_text("box-1=wrong passphrase\nsecret=wrong passphrase\n")
    assert run("batch", "list.csv", "--root", "root.json", *desk[:3], "wrong", "--to", "out") == 3
    assert "下一步" in capsys.readouterr().err
    assert run("recovery", *desk) == 3
    assert "请写馆号，或写 --all" in capsys.readouterr().err


def test_cards_of_a_reissue_leave_those_of_the_province(desk: list[str], tmp_path: Path) -> None:
    write_csv(tmp_path / "list.csv", counties(3))
    assert run("batch", "list.csv", *desk, "--root", "root.json") == 0
    (sheet,) = Path("out/cards").iterdir()
    before = sheet.read_bytes()
    library = open_box(next(iter(sorted(Path("out/boxes").iterdir()))).read_bytes(), trusted_keys(Path("keys"))).library
    assert run("reissue", library.id, "--why", "lost", *desk) == 0
    assert sheet.read_bytes() == before
    (again,) = set(Path("out/cards").iterdir()) - {sheet}
    assert again.name == f"cards-{library.id.removeprefix('CN-')}-2.html"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--issued", "2026-12-01", "--expires", "2026-12-01"], "最晚的开通日 2026-12-01 不在签发日 2026-12-01 之后"),
        (["--issued", "1999-12-01"], "日期要在 2020 年至 2100 年之间"),
        (["--root", "list.csv"], "list.csv 不是资源签发用的 root.json"),
        ([text for n in range(9) for text in ("--origin", f"https://o{n}.example")], "更新站点最多写 8 个"),
    ],
    ids=range(4),
)
def test_what_no_file_can_say_is_told_before_the_ledger_is_touched(
    desk: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    write_csv(tmp_path / "list.csv", [COUNTY])
    assert run("batch", "list.csv", *desk, "--root", "root.json", *arguments) == 3
    err = capsys.readouterr().err
    assert told in err
    assert not set(re.findall("-*[a-z][a-z.]*", err)) - {"list.csv", "root.json", "packager", "keys", "--expires"}
    with Ledger(Path("keys/ledger.db")) as ledger:
        assert ledger.check()[0] == 0


def test_a_full_disk_is_told_with_what_stays(
    desk: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "list.csv", [COUNTY])
    monkeypatch.setattr("os.fchmod", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    assert run("batch", "list.csv", *desk, "--root", "root.json") == 3
    told = capsys.readouterr().err
    assert told.startswith("没有办成：out/boxes/county-510726.box：空间不够\n做完的都保留。")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert run("batch", "list.csv", *desk, "--root", "root.json") == 0


def test_names_on_a_stick_do_not_steer_the_terminal(desk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("stick").mkdir()
    for ending in ("box", "device"):
        Path(f"stick/\x1b[2J.{ending}").write_bytes(b"nothing")
    write_csv(Path("list.csv"), [COUNTY])
    assert run("batch", "list.csv", *desk, "--root", "root.json") == 0
    assert run("verify", "stick", "--trust", "keys") == 1
    assert run("enrol", "stick", *desk[:4], "--to", "registry") == 3
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\ufffd[2J.box" in said.out
    assert "\ufffd[2J.device" in said.err
