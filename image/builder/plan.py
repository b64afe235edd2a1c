"""What one build makes, and where."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
IMAGE = PROJECT / "image"
SUITE = "bookworm"
USER = "shuxiang"
USER_ID = 700
"""The same in every build: it owns files of /var that outlive the system."""


class BuildError(Exception):
    """A step failed, or what was built is not what it must be."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One build.

    Attributes:
        work: folder of the build. cache: packages and wheels, kept between builds.
        epoch: seconds since 1970 that stand for "now" in everything that is built.
        version: number of the system, grows. source: the commit.
        trust: folder with `root.json` and `box-*.pub`; None: an authority for trials is made.
        offline: nothing is fetched; the cache has all.
    """

    work: Path
    cache: Path
    epoch: int
    version: int
    source: str
    trust: Path | None
    offline: bool

    @property
    def tree(self) -> Path:
        """The root file system as a folder."""
        return self.work / "root"

    @property
    def made(self) -> str:
        """The day that the system is of."""
        return datetime.fromtimestamp(self.epoch, UTC).date().isoformat()

    @property
    def environment(self) -> dict[str, str]:
        """For every command that is run."""
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/nonexistent",
            "SOURCE_DATE_EPOCH": str(self.epoch),
            "TZ": "UTC",
        }


def commit() -> tuple[str, int]:
    """The last commit of the checkout and its time in seconds since 1970; a tree with changes is marked.

    Raises:
        BuildError: this is no checkout.
    """
    git = ("git", "-C", str(PROJECT))
    try:
        said = subprocess.run((*git, "log", "-1", "--format=%H %ct"), capture_output=True, text=True, check=True).stdout
        changed = subprocess.run((*git, "status", "--porcelain"), capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError("the image is built from a git checkout") from error
    name, seconds = said.split()
    return name + ("-changed" if changed.strip() else ""), int(seconds)


def version_of(epoch: int) -> int:
    """The number of a system, from the time of its commit: YYYYMMDDHHMM."""
    return int(datetime.fromtimestamp(epoch, UTC).strftime("%Y%m%d%H%M"))
