"""What the builder's command line says of wrong arguments and failing files."""

import errno

import pytest

from packager.cli import main
from packager.terminal import failure


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "还缺：命令"),
        (["biuld"], "没有“biuld”这个命令，可用：keys、build、sign"),
        (["build", "folder"], "还缺：--work"),
        (["build", "folder", "--work", "w", "--seq", "one"], "--seq 不能是 “one”；请写 1 以上的整数"),
        (["build", "folder", "--work", "w", "--workers", "0"], "--workers 不能是 “0”；请写 1 至 64"),
        (["build", "folder", "--work", "w", "--bundle", "国家"], "--bundle 不能是 “国家”；代号用小写字母开头"),
        (["build", "folder", "--work", "w", "--seq", "0"], "--seq 不能是 “0”"),
        (["build", "folder", "--work", "w", "--name", "四川\n版"], "名称至多 64 字"),
        (["build", "folder", "--work", "w", "--issued", "22.11.2026"], "请写成 2026-11-22"),
        (["build", "folder", "--work", "w", "--drive-size", "sixty"], "请写成 4TB"),
        (["ledger", "enter", "l", "S", "--by", "王", "--state", "飞走"], "可写：写入、复检"),
        (["drive", "w", "d", "--fast"], "不认识：--fast"),
    ],
)
def test_wrong_arguments_are_told_in_chinese(arguments, words, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert words in said
    assert said.startswith("用法：packager")
    assert "error" not in said


@pytest.mark.parametrize("command", [[], ["keys"], ["keys", "init"], ["build"], ["sign"], ["drive"], ["training"]])
def test_help_is_chinese(command, capsys):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    said = capsys.readouterr().out
    assert "显示这一页" in said
    assert not [word for word in ("usage", "positional", "options", "show this") if word in said]


def test_failure_of_a_file_names_it_and_the_reason():
    assert failure(FileNotFoundError(errno.ENOENT, "No such file", "keys/root.json")) == "keys/root.json：没有找到"
    assert failure(OSError(errno.ENOSPC, "No space left")) == "空间不够"
    assert failure(ValueError("别的")) == "别的"


def test_passphrases_without_a_terminal_are_not_asked_for(tmp_path, capsys):
    assert main(["keys", "init", str(tmp_path / "keys")]) == 3
    assert "请在终端执行" in capsys.readouterr().err
