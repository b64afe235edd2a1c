"""Mounting, by the first process: its mounts are everybody's, and this one needs no right to mount."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
import time
from pathlib import Path

MEDIA = Path("/run/media/shuxiang")
MOUNT_SECONDS = 60
TRIES = 2
FREE_SECONDS = 8.0
_BLKROSET = 0x125D


def mount(device: str, kind: str, options: str) -> tuple[bool, str]:
    """Mount a device below `MEDIA`; it is let go of as soon as it is unplugged.

    What had the same name before may still be on its way out: it is shown the door, and it is tried again.

    Returns:
        Whether it is mounted, and what went wrong.
    """
    command = (
        "/usr/bin/systemd-mount", "--quiet", "--collect", "--no-ask-password", "--fsck=no",
        f"--type={kind}", f"--options={options}",
        f"--property=BindsTo=dev-{device}.device", "--property=LazyUnmount=yes", "--property=ForceUnmount=yes",
        f"/dev/{device}", str(MEDIA / device),
    )  # fmt: skip
    detail = ""
    for _ in range(TRIES):
        done, detail = _run(command)
        if done:
            return True, ""
        unmount(device)
    return False, detail


def unmount(device: str) -> None:
    """Let go of it, and wait until that is done."""
    _run(("/usr/bin/systemd-umount", "--no-ask-password", str(MEDIA / device)))


def sync(device: str) -> None:
    """Have what was written reach the disk."""
    _run(("/usr/bin/sync", "--file-system", str(MEDIA / device)))


def is_free(device: str, seconds: float = FREE_SECONDS) -> bool:
    """Wait until nothing of what was mounted is left: whoever had a file open there holds it a little longer."""
    until = time.monotonic() + seconds
    while True:
        try:
            os.close(os.open(f"/dev/{device}", os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > until:
                return False
            time.sleep(0.2)
        else:
            return True


def is_read_only(device: str) -> bool:
    """Whether what is mounted cannot be written: asked for writing, a stick with a switch is mounted all the same.

    Raises:
        OSError: it has gone.
    """
    return bool(os.statvfs(MEDIA / device).f_flag & os.ST_RDONLY)


def protect(device: str, *, on: bool) -> None:
    """Have the kernel refuse every write to a block device, or let them through again.

    Raises:
        OSError: the device has gone.
    """
    descriptor = os.open(f"/dev/{device}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _BLKROSET, struct.pack("i", on))
    finally:
        os.close(descriptor)


def _run(command: tuple[str, ...]) -> tuple[bool, str]:
    try:
        done = subprocess.run(command, capture_output=True, timeout=MOUNT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False, "it took too long"
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")
