"""Debian packages: resolved and fetched with the mirrors that this host itself uses, kept as one small archive.

The tree is then made of that archive alone, so that a second build from the same cache takes the same packages.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from image.builder.commands import ALONE, run
from image.builder.plan import IMAGE, SUITE, BuildError, Plan

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
ESSENTIAL = "?and(?architecture(amd64),?essential)"
_INSTALLED = re.compile(r"^Inst (?P<name>\S+) \((?P<version>\S+) ")


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the cache: its names, its file, and its SHA-256 (hexadecimal)."""

    name: str
    version: str
    file: str
    sha256: str


def wanted(text: str) -> list[str]:
    """The names in `packages.txt`; `#` begins a comment."""
    return [line for line in (raw.split("#")[0].strip() for raw in text.splitlines()) if line]


def names() -> list[str]:
    """The packages that are asked for."""
    return wanted((IMAGE / "packages.txt").read_text())


def mirrors(plan: Plan) -> list[str]:
    """Lines of a sources list: Debian's own archives among those that this host uses.

    Raises:
        BuildError: it uses none of this release.
    """
    form = "$(REPO_URI)\t$(CODENAME)\t$(COMPONENT)"
    said = run(plan, ("apt-get", "indextargets", "--format", form, "Created-By: Packages", "Origin: Debian"))
    found = {tuple(line.split("\t")) for line in said.splitlines() if line.count("\t") == 2}
    suites = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
    lines = sorted(
        f"deb [signed-by={KEYS}] {uri} {name} main" for uri, name, part in found if name in suites and part == "main"
    )
    if not any(f" {SUITE} " in line for line in lines):
        raise BuildError(f"this host has no Debian {SUITE} among its apt sources; run apt-get update")
    return lines


def fetch(plan: Plan) -> None:
    """Bring the packages into the cache, proved by Debian's keys; `archive/` then holds exactly those of this build."""
    room = plan.cache / "apt"
    for folder in ("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "state/lists/partial", "debs/partial"):
        (room / folder).mkdir(parents=True, exist_ok=True)
    (room / "etc/sources.list").write_text("\n".join(mirrors(plan)) + "\n")
    (room / "status").write_text("")
    options = {
        "Dir::Etc": f"{room}/etc",
        "Dir::State": f"{room}/state",
        "Dir::State::status": f"{room}/status",
        "Dir::Cache": f"{room}",
        "Dir::Cache::archives": f"{room}/debs",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Check-Valid-Until": "true",
    }
    given = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    run(plan, ("apt-get", *given, "-q", "update"))
    install = ("install", "-y", ESSENTIAL, *names())
    run(plan, ("apt-get", *given, "-q", "--download-only", *install))
    _index(plan, room / "debs", resolved(run(plan, ("apt-get", *given, "-q", "--simulate", *install))))


def resolved(said: str) -> dict[str, str]:
    """Name → version of what a simulated installation would install."""
    return {match["name"]: match["version"] for match in map(_INSTALLED.match, said.splitlines()) if match}


def _index(plan: Plan, debs: Path, taken: dict[str, str]) -> None:
    """Make an archive that apt reads of the packages in `debs` that this build takes; older ones are removed."""
    blocks, lock = [], []
    for deb in sorted(debs.glob("*.deb")):
        control = run(plan, ("dpkg-deb", "-f", str(deb)))
        fields = dict(line.split(": ", 1) for line in control.splitlines() if re.match(r"[A-Z][A-Za-z-]*: ", line))
        if taken.get(fields["Package"]) != fields["Version"]:
            deb.unlink()
            continue
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        blocks.append(f"{control.rstrip()}\nFilename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")
        lock.append(Package(fields["Package"], fields["Version"], deb.name, digest))
    (debs / "Packages").write_text("\n".join(blocks))
    (debs / "Release").write_text(f"Suite: {SUITE}\nCodename: {SUITE}\nOrigin: Debian\n")
    values = [{"name": p.name, "version": p.version, "file": p.file, "sha256": p.sha256} for p in lock]
    (plan.cache / "packages.json").write_text(json.dumps(values, indent=1) + "\n")


def locked(plan: Plan) -> list[Package]:
    """The packages of the cache.

    Raises:
        BuildError: there is no cache yet.
    """
    try:
        return [Package(**values) for values in json.loads((plan.cache / "packages.json").read_bytes())]
    except OSError as error:
        raise BuildError("there are no packages yet: build once with the network") from error


def prove(plan: Plan) -> None:
    """Compare the cache with its list.

    Raises:
        BuildError: a package is another one than when it was fetched.
    """
    for package in locked(plan):
        deb = plan.cache / "apt/debs" / package.file
        if not deb.is_file() or hashlib.sha256(deb.read_bytes()).hexdigest() != package.sha256:
            raise BuildError(
                f"{package.file} of the cache is damaged; remove {plan.cache}/packages.json and build again"
            )


def unpack(plan: Plan) -> None:
    """Make the tree of the cached packages.

    Raises:
        BuildError: something is mounted below the last build's tree, or a package cannot be installed.
    """
    below = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    if any(Path(mount.encode().decode("unicode_escape")).is_relative_to(plan.tree) for mount in below):
        raise BuildError(f"something is mounted below {plan.tree}; unmount it first")
    shutil.rmtree(plan.tree, ignore_errors=True)
    debs = plan.cache / "apt/debs"
    paths = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/lintian/*")
    # Before the kernel is installed, so that its RAM disk is made once as it is wanted.
    settings = IMAGE / "overlay/etc/initramfs-tools/conf.d"
    hook = f'mkdir -p "$1/etc/initramfs-tools/conf.d" && cp {settings}/* "$1/etc/initramfs-tools/conf.d/"'
    run(
        plan,
        (
            *ALONE, "mmdebstrap", "--mode=root", "--variant=essential", "--architectures=amd64", "--format=directory",
            '--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"',
            *(f"--dpkgopt=path-exclude={path}" for path in paths),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            f"--include={','.join(names())}",
            f"--essential-hook={hook}",
            SUITE, str(plan.tree), f"deb [trusted=yes] copy:{debs}/ ./",
        ),
    )  # fmt: skip
