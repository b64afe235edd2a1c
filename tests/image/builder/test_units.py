"""Units that wait for a file wait for one that somebody writes, and in a way in which they hear of it."""

from __future__ import annotations

import re
from pathlib import Path

from appliance.box.offered import ASKED
from appliance.box.places import Places

UNITS = Path(__file__).parents[3] / "image/overlay/usr/lib/systemd/system"


def waits(unit: str) -> list[tuple[str, str]]:
    return re.findall(r"^(Path\w+|DirectoryNotEmpty)=(.+)$", (UNITS / unit).read_text(), re.M)


def test_no_unit_waits_for_a_pattern() -> None:
    """Of a pattern systemd watches only what stands before its first star: what comes below is not heard."""
    paths = sorted(UNITS.glob("*.path"))
    assert paths
    for path in paths:
        assert waits(path.name)
        assert all("*" not in place and kind != "PathExistsGlob" for kind, place in waits(path.name)), path


def test_slot_step_starts_when_the_service_asks() -> None:
    assert ("PathExists", str(Places().data / "system" / ASKED)) in waits("shuxiang-slot.path")


def test_looking_at_a_device_may_end_at_any_moment_without_a_fault() -> None:
    """A device is pulled when it likes, before the first line of the program that looks at it has run, too."""
    assert "SuccessExitStatus=TERM" in (UNITS / "shuxiang-blocked@.service").read_text().splitlines()
