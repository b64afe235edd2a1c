"""Command lines of the national desks in Chinese: help, wrong arguments, passphrases, sentences, failures."""

from __future__ import annotations

import argparse
import datetime as dt
import errno
import getpass
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from provisioning.errors import CommandError
from provisioning.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.words.filling import Value

DONE, LEFT_OUT, NOT_DONE, INTERRUPTED = 0, 1, 3, 130
"""Exit codes: done; done, but rows or files were left out; not done; stopped by the user. 2: wrong arguments."""

Passphrases = Callable[[str], str]
"""Gives the passphrase of a key by the key's name (`targets-1`)."""

_REASONS = {
    errno.ENOENT: "没有找到",
    errno.EEXIST: "已经有了",
    errno.EACCES: "没有读写的权限",
    errno.EPERM: "没有读写的权限",
    errno.ENOSPC: "空间不够",
    errno.EDQUOT: "空间不够",
    errno.EROFS: "所在的盘只能读",
    errno.EIO: "所在的盘读写不了，请换一块盘再试",
    errno.ENOTDIR: "不是文件夹",
    errno.EISDIR: "是文件夹",
}
_MISTAKES = (
    (r"the following arguments are required: (.*)", r"还缺：\1"),
    (r"argument 命令: invalid choice: '(.*)' \(choose from '(.*)'\)", r"没有“\1”这个命令，可用：\2"),
    (r"argument (.*): invalid choice: (.*) \(choose from '?(.*?)'?\)", r"\1 不能是 \2，可用：\3"),
    (r"argument (.*): invalid .* value: (.*)", r"\1 不能是 \2"),
    (r"argument (.*): expected .* argument.*", r"\1 后面还缺一项"),
    (r"unrecognized arguments: (.*)", r"不认识：\1"),
)


class _Help(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """An argument parser whose own words are Chinese; commands below it are of the same class.

    Attributes:
        forms: how the value of an option is written, told when it was written otherwise.
    """

    forms: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **options: Any) -> None:
        """Takes what `argparse.ArgumentParser` takes."""
        super().__init__(add_help=False, formatter_class=_Help, allow_abbrev=False, **options)
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示这一页")

    def error(self, message: str) -> NoReturn:
        """Say what is missing or unknown, show the usage, and leave with 2."""
        for pattern, words in _MISTAKES:
            if re.fullmatch(pattern, message):
                message = re.sub(pattern, words, message)
                break
        message = re.sub(r"'([^']*)'", r"“\1”", message.replace("', '", "、"))
        form = next((form for name, form in self.forms.items() if message.startswith(f"{name} 不能是")), "")
        message = f"{message}；{form}" if form else message
        self.exit(2, f"{self.format_usage()}{message}。\n看说明：{self.prog} --help\n")


def failure(error: Exception) -> str:
    """What failed, in words: for errors of the system the file and the reason, else the error's own text."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    reason = _REASONS.get(error.errno, error.strerror or str(error))
    return f"{error.filename}：{reason}" if error.filename else reason


def printable(text: str) -> str:
    """A stranger's text for a terminal: what would steer it instead of being seen becomes a mark."""
    return "".join(one if one.isprintable() or one == "\u3000" else "\ufffd" for one in text)


def passphrases(path: Path | None, *, new: bool = False) -> Passphrases:
    """Passphrases from a file of `name=passphrase` lines, or asked for one by one."""
    if path is None:

        def ask(name: str) -> str:
            if not sys.stdin.isatty():
                raise CommandError("这里不能输入密码，请在终端执行，或用 --passphrases 给出密码文件")
            first = getpass.getpass(f"钥匙 {name} 的密码：")
            if new and getpass.getpass("再输入一次：") != first:
                raise CommandError("两次输入的密码不同")
            return first

        return ask
    try:
        text = path.read_text(encoding="utf-8-sig")  # with the mark that some editors write
    except UnicodeDecodeError as error:
        raise CommandError(f"{path.name} 里有读不出的文字。请存成 UTF-8，每行写“名字=密码”") from error
    known = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def look_up(name: str) -> str:
        if name not in known:
            raise CommandError(f"{path.name} 里没有钥匙 {name} 的密码")
        return known[name]

    return look_up


def today() -> dt.date:
    """The day at this machine."""
    # The command line is where the clock is read: everything below is told the day.
    return dt.datetime.now(dt.UTC).astimezone().date()  # noqa: TID251


def words() -> Words:
    """The reviewed words that are printed."""
    return Words.load("zh-Hans")


def say(key: str, **params: Value) -> None:
    """Three lines: what happened; what was kept; what comes next."""
    sentence = words().sentence(key, **params)
    print(sentence.text)
    if sentence.second:
        print(sentence.second)
    if sentence.button:
        print(f"下一步：{sentence.button}")
