"""The golden cases of what the desk signs: what they say is what ours answers, and ours writes the same."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from provisioning.box_errors import BoxFileError, RecoveryFileError
from provisioning.box_file import make_box, read_box
from provisioning.device_file import make_device, read_device
from provisioning.errors import DeviceFileError, RegistryError
from provisioning.recovery_file import make_recovery, read_recovery
from provisioning.registry import make_registry, read_registry
from tests.vectors import boxes
from tests.vectors.boxes import BOX_KEY, DEVICE_KEY, FOLDER, RECOVERY_KEY, Case

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


@cases("devices")
def test_devices(case: Case) -> None:
    content = case["input"].encode()
    if not case["ok"]:
        with pytest.raises(DeviceFileError):
            read_device(content)
        return
    found = read_device(content)
    assert found == make_device(found.library, found.made, DEVICE_KEY)
    if content.startswith(b"{"):
        assert found.content == content
    else:
        assert found.text == case["input"].strip()


@cases("registries")
def test_registries(case: Case) -> None:
    content = case["input"].encode()
    if not case["ok"]:
        with pytest.raises(RegistryError):
            read_registry(content, [BOX_KEY.public])
        return
    found = read_registry(content, [BOX_KEY.public])
    assert make_registry(found.number, found.issued, found.devices, BOX_KEY).content == content
    said = json.loads(content)["signed"]["devices"]
    assert {(library, key.raw.hex()) for library, key in found.devices} == {(said[key], key) for key in said}
