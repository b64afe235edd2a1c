"""A provisioning desk for tests: keys that open fast, a cheap hash, lists of libraries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import argon2

from provisioning import desk_keys
from provisioning.box_members import ReportTo
from provisioning.derived import Secret
from provisioning.issuing import Entry, Terms
from tests.provisioning.box_files import BOX_KEY, DAY

ROOT = json.dumps({"signatures": [], "signed": {"_type": "root"}})
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SECRET = Secret(bytes(range(32)), CHEAP)
ENTRY = Entry("2026-11-27T02:00:00Z", "王敏")
PASSPHRASE = "correct horse"
HEADS = ("馆号", "馆名", "行政区划代码", "主机地址", "网关", "更新站点", "技术支持", "电话")
COUNTY = {"馆号": "CN-510726", "馆名": "北川羌族自治县图书馆", "行政区划代码": "510726"}


def terms(**changes: Any) -> Terms:
    told = {
        "root": ROOT, "issued": DAY, "expires": date(2028, 11, 27), "image_floor": DAY, "report": ReportTo(),
        "keyid": BOX_KEY.id, "secret": SECRET.id,
    }  # fmt: skip
    return Terms(**{**told, **changes})


def write_csv(path: Path, rows: Iterable[dict[str, str]], encoding: str = "utf-8-sig") -> Path:
    rows = list(rows)
    heads = [*HEADS, *sorted({head for row in rows for head in row} - set(HEADS))]
    lines = [heads, *([row.get(head, "") for head in heads] for row in rows)]
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    path.write_bytes("\r\n".join(quoted).encode(encoding))
    return path


def counties(count: int) -> list[dict[str, str]]:
    """So many libraries of today's counties, in the order of the codes."""
    from provisioning.places import _today

    codes = [code for code in sorted(_today()) if not code.endswith("00")]
    return [
        {
            "馆号": f"CN-{codes[n % len(codes)]}" + (f"-{n // len(codes)}" if n >= len(codes) else ""),
            "馆名": f"{_today()[codes[n % len(codes)]]}图书馆",
            "行政区划代码": codes[n % len(codes)],
        }
        for n in range(count)
    ]


def make_keys(folder: Path, monkeypatch: Any) -> Path:
    """A folder of keys for commands, with a file of passphrases; keys and passwords cost little."""
    desk_keys.make_desk_keys(folder, lambda _name: PASSPHRASE, cost=2)
    path = folder / "passphrases.txt"
    path.write_text("".join(f"{name}={PASSPHRASE}\n" for name in desk_keys.NAMES))
    monkeypatch.setattr("provisioning.derived.argon2.PasswordHasher", lambda: CHEAP)
    return path
