"""The builder's commands as staff use them: what they print, how they end."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from packager import cli
from packager.cli import DONE, INTERRUPTED, LEFT_OUT, NOT_DONE, main
from packager.sources.folder import Problem
from tests.generated import make_collection


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with keys and a built work folder."""
    place = tmp_path_factory.mktemp("cli")
    folder = place / "outer/collection"
    folder.mkdir(parents=True)
    make_collection(folder)
    assert main(["keys", "init", str(place / "keys"), "--demonstration"]) == DONE
    assert main(["build", str(folder), "--work", str(place / "work"), "--issued", "2026-11-22"]) == LEFT_OUT
    return place


def sign(place, *more):
    passphrases = str(place / "keys/demonstration-passphrases.txt")
    return main(["sign", str(place / "work"), "--keys", str(place / "keys"), "--passphrases", passphrases, *more])


def test_build_bad_rows_are_told_with_line_and_reason(place, capsys):
    assert main(["build", str(place / "outer/collection"), "--work", str(place / "work")]) == LEFT_OUT
    said = capsys.readouterr().out
    assert "第 13 行" in said
    assert "没有收入" in said
    assert "封装完成：11 种" in said
    assert "下一步：" in said


@pytest.mark.parametrize(("kept", "name"), [(True, "核对清单"), (False, "退回清单")])
def test_build_calls_its_list_by_what_became_of_the_rows(capsys, tmp_path, kept, name):
    problem = Problem(line=2, id="b.1", field="title", reason="题名有乱码", kept=kept)
    cli._print_problems(SimpleNamespace(problems=[problem], resources=3), tmp_path / "problems.jsonl")
    assert f"{name}：" in capsys.readouterr().out


def test_drive_not_signed_is_refused(place, capsys, tmp_path):
    assert main(["drive", str(place / "work"), str(tmp_path / "drive")]) == NOT_DONE
    assert "还没有两人签发" in capsys.readouterr().err


def test_sign_wrong_passphrase_is_refused_and_nothing_is_signed(place, capsys, tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("targets-1=not the right one\ntargets-2=neither this one\nonline=nor this one\n")
    assert main(["sign", str(place / "work"), "--keys", str(place / "keys"), "--passphrases", str(wrong)]) == NOT_DONE
    assert "密码不对" in capsys.readouterr().err
    assert not (place / "work/tuf/metadata/timestamp.json").exists()


def test_keys_init_never_overwrites_a_key(place, capsys):
    before = (place / "keys/root-1.pem").read_bytes()
    passphrases = str(place / "keys/demonstration-passphrases.txt")
    assert main(["keys", "init", str(place / "keys"), "--passphrases", passphrases]) == NOT_DONE
    assert "里已有钥匙，没有改动" in capsys.readouterr().err
    assert (place / "keys/root-1.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("lines", "said"),
    [("root-1=a long enough one\n", "里没有钥匙 root-2 的密码"), ("root-1=short\n", "钥匙 root-1 的密码太弱")],
)
def test_keys_init_makes_all_keys_or_none(capsys, tmp_path, lines, said):
    words = tmp_path / "words.txt"
    words.write_text(lines)
    assert main(["keys", "init", str(tmp_path / "keys"), "--passphrases", str(words)]) == NOT_DONE
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("keys/*.pem"))


def test_sign_by_one_then_the_other_publishes_and_the_drive_is_written(place, capsys, tmp_path):
    assert sign(place, "--by", "targets-1") == DONE
    assert "只有 targets-1 一人签发" in capsys.readouterr().out
    assert main(["drive", str(place / "work"), str(tmp_path / "drive")]) == NOT_DONE
    assert sign(place, "--by", "targets-1") == NOT_DONE
    assert "同一把钥匙" in capsys.readouterr().err
    assert sign(place, "--by", "targets-3") == DONE
    assert "签发人：targets-1、targets-3。" in capsys.readouterr().out
    assert sign(place, "--by", "targets-2") == DONE
    assert "2026年11月版已由两人签发，不用再签。" in capsys.readouterr().out
    assert main(["drive", str(place / "work"), str(tmp_path / "drive")]) == DONE
    first = capsys.readouterr().out
    assert "已在盘上" not in first
    victim = next((tmp_path / "drive/bag/data").rglob("*.pdf"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    (tmp_path / "drive/bag/data/stranger").write_bytes(b"x")
    assert main(["drive", str(place / "work"), str(tmp_path / "drive")]) == DONE
    assert "写入 1 个文件" in capsys.readouterr().out
    assert not (tmp_path / "drive/bag/data/stranger").exists()


def test_drive_is_not_written_among_other_files(place, capsys, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "信.txt").write_text("x")
    assert sign(place) == DONE
    command = ["drive", str(place / "work"), str(folder)]
    assert main(command) == NOT_DONE
    said = capsys.readouterr().err
    assert "这个文件夹里另有内容，没有写入。\n里面有信.txt，没有改动。" in said
    assert [path.name for path in folder.iterdir()] == ["信.txt"]
    assert main([*command, "--replace"]) == DONE
    assert (folder / "信.txt").exists()


def test_drive_payload_spoiled_in_the_work_folder_is_not_written(place, capsys, tmp_path):
    sign(place)
    victim = next((place / "work/bag/data").rglob("*.pdf"))
    content = victim.read_bytes()
    victim.write_bytes(content[:-1] + b"!")
    try:
        assert main(["drive", str(place / "work"), str(tmp_path / "drive")]) == NOT_DONE
    finally:
        victim.write_bytes(content)
    assert not (tmp_path / "drive/bag/tagmanifest-sha256.txt").exists()


def test_build_folder_without_catalogue_is_not_done(tmp_path, capsys):
    assert main(["build", str(tmp_path), "--work", str(tmp_path / "work")]) == NOT_DONE
    assert "catalogue.csv" in capsys.readouterr().err


def test_training_without_fonts_is_not_done(tmp_path, capsys):
    (tmp_path / "fonts").mkdir()
    assert main(["training", str(tmp_path / "out"), "--fonts", str(tmp_path / "fonts")]) == NOT_DONE
    assert "Noto Sans SC" in capsys.readouterr().err


def test_problems_file_holds_every_problem_as_json(place):
    lines = (place / "work/problems.jsonl").read_text(encoding="utf-8").splitlines()
    assert all({"line", "id", "field", "reason", "kept"} == set(json.loads(line)) for line in lines)
    assert len(lines) >= 6


def test_drive_named_by_a_relative_path_is_written_and_written_again(place, capsys, tmp_path, monkeypatch):
    if not (place / "work/tuf/metadata/timestamp.json").exists():
        assert sign(place) == DONE
    monkeypatch.chdir(tmp_path)
    assert main(["drive", str(place / "work"), "drive"]) == DONE
    assert "新写入" in capsys.readouterr().out
    assert main(["drive", str(place / "work"), "drive"]) == DONE
    said = capsys.readouterr().out
    assert "原已在盘上" in said
    assert "新写入" not in said


def test_build_stopped_by_the_user_says_how_to_go_on(place, capsys, monkeypatch):
    def stopped(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("packager.cli.build", stopped)
    assert main(["build", str(place / "outer/collection"), "--work", str(place / "work")]) == INTERRUPTED
    assert "接着做" in capsys.readouterr().err
