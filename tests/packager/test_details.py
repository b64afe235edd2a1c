"""What stands in brackets below a refusal is Chinese, whichever refusal it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from packager.details import detail

ROOT = Path(__file__).parents[2]
KINDS = {
    "SigningError",
    "NumberDiffersError",
    "NotListedError",
    "SamePersonError",
    "OneSignatureError",
    "SequenceError",
}
MODULES = sorted((ROOT / "packager").glob("*.py"))


def said(node: ast.expr) -> str:
    """The text of a constant or f-string; each place is a number or, in quotes, a name."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join("'7'" if isinstance(part, ast.FormattedValue) and part.conversion == ord("r") else "7"
                   if isinstance(part, ast.FormattedValue) else said(part) for part in node.values)  # fmt: skip


def refusals() -> list[str]:
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                text = (
                    node.args[1:2] if node.func.id == "DriveError" else node.args[:1] if node.func.id in KINDS else []
                )
                found += [said(one) for one in text if isinstance(one, ast.Constant | ast.JoinedStr)]
    return found


def test_every_refusal_of_signing_and_of_drives_has_chinese_words() -> None:
    found = refusals()
    assert len(found) > 30
    assert [text for text in found if not re.search(r"[㐀-鿿]", detail(text)) or "技术支持" in detail(text)] == []


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("1 of 2 have signed", "须 2 人签发，已有 1 人"),
        ("release 11 of national is published already", "national 已发行到第 11 版"),
        ("x.lunyu、x.mulu", "x.lunyu、x.mulu"),
        ("2026.11（11）、2026.12（12）", "2026.11（11）、2026.12（12）"),
        ("something that nobody foresaw", "技术支持参考：something that nobody foresaw"),
    ],
)
def test_detail(reason: str, told: str) -> None:
    assert detail(reason) == told
