"""The golden cases of box files and recovery files: what they say is what ours answers, and ours writes the same."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from provisioning.box_errors import BoxFileError, RecoveryFileError
from provisioning.box_file import make_box, read_box
from provisioning.recovery_file import make_recovery, read_recovery
from tests.vectors import boxes
from tests.vectors.boxes import BOX_KEY, FOLDER, RECOVERY_KEY, Case

DAY = date(2026, 11, 27)


def cases(name: str) -> Any:
    found = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["name"])


@pytest.mark.parametrize("name", boxes.FILES)
def test_cases_are_made_again_byte_for_byte(name: str) -> None:
    assert (FOLDER / f"{name}.jsonl").read_bytes() == boxes.lines(name)


@cases("boxes")
def test_boxes(case: Case) -> None:
    content = case["input"].encode()
    if not case["ok"]:
        with pytest.raises(BoxFileError) as caught:
            read_box(content, [BOX_KEY.public], today=DAY, current=None)
        assert caught.value.code == case["code"]
        return
    found = read_box(content, [BOX_KEY.public], today=DAY, current=None)
    if len(json.loads(content)["signatures"]) == 1:
        assert make_box(found.facts, BOX_KEY).content == content


@cases("recoveries")
def test_recoveries(case: Case) -> None:
    content = case["input"].encode()
    if not case["ok"]:
        with pytest.raises(RecoveryFileError) as caught:
            read_recovery(content, RECOVERY_KEY.public, "CN-510726")
        assert caught.value.code == case["code"]
        return
    found = read_recovery(content, RECOVERY_KEY.public, "CN-510726")
    assert make_recovery(found.library, found.name, found.issued, found.serial, RECOVERY_KEY).content == content
