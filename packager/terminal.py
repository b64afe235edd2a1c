"""The builder's command line in Chinese: help, wrong arguments, and what the system says when a file fails."""

from __future__ import annotations

import argparse
import errno
import re
from typing import Any, NoReturn

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
    (r"argument .*invalid choice: (.*) \(choose from (.*)\)", r"没有 \1 这个命令，可用：\2"),
    (r"argument (.*): invalid .* value: (.*)", r"\1 不能是 \2"),
    (r"argument (.*): expected .* argument.*", r"\1 后面还缺一项"),
    (r"unrecognized arguments: (.*)", r"不认识：\1"),
)


class _Help(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """An argument parser whose own words are Chinese; commands below it are of the same class."""

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
        self.exit(2, f"{self.format_usage()}{message}。\n看说明：{self.prog} --help\n")


def failure(error: Exception) -> str:
    """What failed, in words: for errors of the system the file and the reason, else the error's own text."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    reason = _REASONS.get(error.errno, error.strerror or str(error))
    return f"{error.filename}：{reason}" if error.filename else reason
