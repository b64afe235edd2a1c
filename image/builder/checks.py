"""What must hold of every tree that is shipped: nobody can sign in, no key, no console, no way around."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from image.builder.plan import IMAGE, BuildError, Plan
from image.builder.tree import OPTIONS

MAX_EXPOSURE = 20
"""Tenths, as `systemd-analyze security` counts how much a unit can reach."""
UNITS = IMAGE / "overlay/usr/lib/systemd/system"
ENABLED = frozenset(
    {
        "avahi-daemon.service", "nftables.service", "remote-fs.target", "shuxiang-box.service", "shuxiang-changed.path",
        "shuxiang-grow.service", "shuxiang-screen.service", "shuxiang-slot.path", "shuxiang-writable.path",
        "shuxiang.service", "systemd-networkd.service", "usbguard.service",
    }
)  # fmt: skip
"""What `multi-user.target` wants; anything else has come in by a package and is to be looked at."""
_SHELLS = ("/usr/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync")
_FORBIDDEN = (
    "usr/sbin/sshd", "usr/bin/ssh", "usr/bin/sudo", "usr/sbin/agetty-debug", "etc/apt/sources.list", "root/.ssh",
    "usr/bin/telnet", "usr/sbin/telnetd", "usr/bin/dropbear",
)  # fmt: skip
_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_DEBUG = re.compile(r"ttyS|ttyUSB|hvc0|debug-shell|/dev/console|systemd\.debug", re.IGNORECASE)
_EXEC = re.compile(r"^Exec\w+=([^\s]+)", re.MULTILINE)
_KEY_PLACES = ("etc", "root", "home", "usr/share/shuxiang", "usr/lib/shuxiang", "srv", "boot")


def complaints(tree: Path) -> list[str]:
    """What is wrong with a tree; empty when it may be shipped."""
    found = [*_accounts(tree), *_files(tree), *_keys(tree), *_consoles(tree), *_enabled(tree), *_commands(tree)]
    return [*found, *(f"the kernel is told {word}" for word in OPTIONS.split() if _bad_option(word))]


def _bad_option(word: str) -> bool:
    return (word.startswith("console=") and word != "console=tty0") or "debug" in word or word.startswith("init=")


def _accounts(tree: Path) -> Iterator[str]:
    for line in (tree / "etc/shadow").read_text().splitlines():
        name, password = line.split(":")[:2]
        if not password.startswith(("*", "!")):
            yield f"account {name} has a password, or needs none"
    for line in (tree / "etc/passwd").read_text().splitlines():
        name, _, user, _, _, _, shell = line.split(":")
        if user == "0" and name != "root":
            yield f"account {name} is root"
        if shell not in _SHELLS:
            yield f"account {name} has the shell {shell}"


def _files(tree: Path) -> Iterator[str]:
    for name in _FORBIDDEN:
        if (tree / name).exists():
            yield f"/{name} is there"
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            yield f"/{path.relative_to(tree)} runs as another account"
        if path.name in ("authorized_keys", "ssh_host_rsa_key", "ssh_host_ed25519_key"):
            yield f"/{path.relative_to(tree)} is there"


def _keys(tree: Path) -> Iterator[str]:
    for place in _KEY_PLACES:
        for path in (tree / place).rglob("*"):
            if path.is_file() and not path.is_symlink() and _PRIVATE.search(path.read_bytes()):
                yield f"/{path.relative_to(tree)} holds a private key"


def _consoles(tree: Path) -> Iterator[str]:
    for name in ("getty@.service", "serial-getty@.service", "console-getty.service", "debug-shell.service"):
        link = tree / "etc/systemd/system" / name
        if not link.is_symlink() or str(link.readlink()) != "/dev/null":
            yield f"{name} is not masked"
    own = [*(tree / "usr/lib/systemd/system").glob("shuxiang*"), *(tree / "etc/systemd/system").rglob("*")]
    for path in own:
        if path.is_file() and not path.is_symlink() and _DEBUG.search(path.read_text()):
            yield f"{path.name} speaks to a console"


def _enabled(tree: Path) -> Iterator[str]:
    wants = {path.name for path in (tree / "etc/systemd/system/multi-user.target.wants").iterdir()}
    yield from (f"{name} starts, and nobody decided so" for name in sorted(wants - ENABLED))
    if not (tree / "etc/systemd/system/boot-complete.target.requires/shuxiang-healthy.service").is_symlink():
        yield "nothing proves that the system serves before it is blessed"


def _commands(tree: Path) -> Iterator[str]:
    for unit in sorted((tree / "usr/lib/systemd/system").glob("shuxiang*.service")):
        for command in _EXEC.findall(unit.read_text()):
            if not (tree / command.lstrip("/")).is_file():
                yield f"{unit.name} calls {command}, which is not there"


def exposures(units: Path = UNITS) -> dict[str, bool]:
    """Unit → whether it stays within `MAX_EXPOSURE`, as systemd on this host counts.

    Raises:
        OSError: `systemd-analyze` is not there.
    """
    found = {}
    for unit in sorted(units.glob("*.service")):
        command = (
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={MAX_EXPOSURE}",
            "--no-pager",
            str(unit),
        )
        found[unit.name] = subprocess.run(command, capture_output=True, check=False).returncode == 0
    return found


def demand(plan: Plan) -> None:
    """Check the tree and the units.

    Raises:
        BuildError: something is not as it must be.
    """
    found = complaints(plan.tree)
    found += [f"{name} can reach more than it may" for name, fits in exposures().items() if not fits]
    if found:
        raise BuildError("the tree may not be shipped:\n  " + "\n  ".join(found))
