"""What a box writes on disks that are plugged in: a copy for a branch. Looked at on the disk after it was pulled."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from image.smoke.checks_open import director_signs_in, said
from image.smoke.disk import check_ext4
from image.smoke.errors import CheckError
from image.smoke.media import empty_disk, run, taken_out
from image.smoke.releases import packager

if TYPE_CHECKING:
    from image.smoke.box import VirtualBox
    from image.smoke.run import Run

DRIVES = "/staff/drives"
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
        form: dict[str, str] = {}

        def offered() -> bool:
            found = _FORM.search(box.client.get(DRIVES).body.decode())
            form.update(found.groupdict() if found else {})
            return bool(form)

        box.wait(offered, "the offer to copy", 180)
        answer = box.client.post("/staff/branch-copy", DRIVES, **form)
        if answer.status != 200:
            raise CheckError(f"the button answered {answer.status}")
        seen = said(box, "branch.copied", "/staff/", 900)
    finally:
        box.unplug("branch")
    return f"{seen}; {_whole(run_)}"


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
