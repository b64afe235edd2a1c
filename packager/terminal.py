"""The builder's command line in Chinese: what `provisioning.terminal` has, and what is told only here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from packager.details import detail as brackets
from provisioning import terminal
from provisioning.terminal import DONE, INTERRUPTED, LEFT_OUT, NOT_DONE, failure, passphrases, say, today, words
from provisioning.words import Words

if TYPE_CHECKING:
    from provisioning.words.filling import Value

__all__ = [
    "DONE", "INTERRUPTED", "LEFT_OUT", "NOT_DONE", "Parser", "failure", "passphrases", "say", "say_not", "today",
    "words",
]  # fmt: skip

_FORMS = {
    "--issued": "请写成 2026-11-22",
    "--date": "请写成 2026-11-22",
    "--drive-size": "请写成 4TB，几块大小不同时写成 4TB,4TB,2TB",
    "--size": "请写成 4TB 或 500GB",
    "--bytes": "请写成 4TB 或 500GB",
    "--bundle": "代号用小写字母开头，只含小写字母、数字和 -，至多 32 位；给读者看的名称写在 --name",
    "--name": "名称至多 64 字，不能有换行",
    "--edition": "版次至多 64 字，如 2026.11",
    "--seq": "请写 1 以上的整数",
    "--listen": "请写成 127.0.0.1:8090",
    "--workers": "请写 1 至 64",
    "--state": "可写：写入、复检、装箱、发出、签收、启用、退换",
}
"""How the value of an option is written, told when it was written otherwise."""


class Parser(terminal.Parser):
    """The parser of the builder's commands."""

    forms: ClassVar[Mapping[str, str]] = _FORMS


def say_not(key: str, detail: str, **params: Value) -> int:
    """What was not done, with the reason for whoever helps; returns the exit code."""
    if isinstance(edition := params.get("edition"), str):
        params["edition"] = Words.raw("edition", edition)
    sentence = words().sentence(key, **params)
    print(f"{sentence.text}\n{sentence.second}\n下一步：{sentence.button}\n（{brackets(detail)}）", file=sys.stderr)
    return NOT_DONE
