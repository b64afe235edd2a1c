"""The programs of the system that make file systems, always run in one environment, so that they make one result."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from packager.production.errors import ProgramError

PACKAGES = {
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "dumpe2fs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "mformat": "mtools",
    "mcopy": "mtools",
}
"""Program → Debian package that has it."""
_PLACES = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))


def find(program: str) -> str:
    """Where a program lies.

    Raises:
        ProgramError: it is not installed; the sentence names the package.
    """
    found = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{_PLACES}")
    if found is None:
        raise ProgramError("desk.program.missing", f"{program} is not installed", word=PACKAGES[program])
    return found


def environment(moment: int) -> dict[str, str]:
    """The environment of every program: C locale, UTC, no settings of this machine, and one time for everything.

    Args:
        moment: seconds since 1970 that are written wherever a time is kept.
    """
    time = str(moment)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "TZ": "UTC",
        "MKE2FS_CONFIG": os.devnull,
        "MTOOLSRC": os.devnull,
        "E2FSPROGS_FAKE_TIME": time,
        "SOURCE_DATE_EPOCH": time,
    }


def run(program: str, arguments: list[str], moment: int, *, folder: Path | None = None) -> str:
    """Run a program to its end; returns what it printed.

    Raises:
        ProgramError: it is missing, or its exit code is not 0.
    """
    done = subprocess.run(
        [find(program), *arguments], env=environment(moment), cwd=folder, capture_output=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[-500:]
        raise ProgramError("desk.program.fault", f"{program}: exit code {done.returncode}: {said}", word=program)
    return done.stdout.decode("utf-8", "replace")


def said(program: str, arguments: list[str], moment: int) -> str:
    """What a program prints on both streams, whatever its exit code: for asking its version."""
    done = subprocess.run([find(program), *arguments], env=environment(moment), capture_output=True, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")
