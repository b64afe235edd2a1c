"""What a box writes on disks: a copy for a branch, a diagnosis. Looked at after they were pulled."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from image.smoke.checks_open import director_signs_in, said
from image.smoke.disk import check_ext4
from image.smoke.errors import CheckError
from image.smoke.media import empty_disk, run, stick, taken_out
from image.smoke.releases import packager

if TYPE_CHECKING:
    from image.smoke.box import VirtualBox
    from image.smoke.run import Run

DRIVES, DIAGNOSIS = "/staff/drives", "/staff/diagnosis"
_STICK = re.compile(r'action="/staff/diagnosis".*?name="drive" value="(?P<drive>[^"]+)"', re.S)
_MEGABYTES = 600
_FORM = re.compile(
    r'action="/staff/branch-copy">.*?name="drive" value="(?P<drive>[^"]+)".*?<option value="(?P<what>[^"]+)">', re.S
)


def branch_copy(run_: Run, box: VirtualBox) -> str:
    """An empty ext4 disk becomes a drive for a branch: whole, signed as the first one is, and sound."""
    director_signs_in(run_, box)
    disk = empty_disk(run_.scratch / "branch.img", "ext4", _MEGABYTES)
    box.plug("branch", disk, writable=True)
    try:
        form = _offered(box, DRIVES, _FORM, "the offer to copy")
        answer = box.client.post("/staff/branch-copy", DRIVES, **form)
        if answer.status != 200:
            raise CheckError(f"the button answered {answer.status}")
        seen = said(box, "branch.copied", "/staff/", 900)
    finally:
        box.unplug("branch")
    return f"{seen}; {_whole(run_)}"


def diagnosis(run_: Run, box: VirtualBox) -> str:
    """A FAT stick gets the diagnosis file and can be pulled: the file is whole, the stick is sound."""
    image = stick(run_.scratch / "diagnosis.img", {"别的.txt": b"of somebody"})
    box.plug("diagnosis", image, writable=True)
    try:
        form = _offered(box, DIAGNOSIS, _STICK, "the stick on the page")
        answer = box.client.post(DIAGNOSIS, DIAGNOSIS, **form)
        if answer.status != 200:
            raise CheckError(f"the button answered {answer.status}")
        seen = said(box, "box.diagnosis.ready", DIAGNOSIS, 180)
    finally:
        box.unplug("diagnosis")
    partition = taken_out(image, run_.scratch / "diagnosis.part")
    run("fsck.vfat", "-n", partition)
    names = run("mdir", "-b", "-i", partition, "::").decode().split("\n")
    (name,) = (found.strip() for found in names if found.strip().endswith(".json"))
    told = json.loads(run("mtype", "-i", partition, name))
    partition.unlink()
    return f"{seen}; {name.removeprefix('::/')}, {len(told)} members, the stick is sound"


def _offered(box: VirtualBox, page: str, pattern: re.Pattern[str], what: str) -> dict[str, str]:
    """The fields of a form, as soon as a page has it."""
    form: dict[str, str] = {}

    def there() -> bool:
        found = pattern.search(box.client.get(page).body.decode())
        form.update(found.groupdict() if found else {})
        return bool(form)

    box.wait(there, what, 180)
    return form


def _whole(run_: Run) -> str:
    """What is on the disk after it was pulled."""
    partition = taken_out(run_.scratch / "branch.img", run_.scratch / "branch.part")
    check_ext4(partition)
    folder = run_.scratch / "branch.tree"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run("debugfs", "-R", f"rdump / {folder}", partition)
    shutil.rmtree(folder / "lost+found", ignore_errors=True)
    told = packager("verify", folder, "--root", run_.authority / "keys/root.json", expect=(0,))
    shutil.rmtree(folder)
    partition.unlink()
    return told.strip().splitlines()[-1]
