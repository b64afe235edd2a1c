"""Mounting, by the first process: its mounts are everybody's, and this one needs no right to mount."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEDIA = Path("/run/media/shuxiang")
MOUNT_SECONDS = 120


def mount(device: str, kind: str, options: str) -> tuple[bool, str]:
    """Mount a device below `MEDIA`; it is let go of as soon as it is unplugged.

    Returns:
        Whether it is mounted, and what went wrong.
    """
    command = (
        "/usr/bin/systemd-mount", "--quiet", "--collect", "--no-ask-password", "--fsck=no",
        f"--type={kind}", f"--options={options}",
        f"--property=BindsTo=dev-{device}.device", "--property=LazyUnmount=yes", "--property=ForceUnmount=yes",
        f"/dev/{device}", str(MEDIA / device),
    )  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=MOUNT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False, "it took too long"
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")


def unmount(device: str) -> None:
    """Let go of it, when it has not been already."""
    command = ("/usr/bin/systemd-umount", "--no-ask-password", "--no-block", str(MEDIA / device))
    subprocess.run(command, capture_output=True, timeout=MOUNT_SECONDS, check=False)
