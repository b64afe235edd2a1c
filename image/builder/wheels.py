"""The appliance in the image: a virtual environment of locked wheels, installed without network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pip

from image.builder.commands import run_inside
from image.builder.plan import PROJECT, BuildError, Plan

PLACE = "opt/shuxiang/venv"
LOCK = PROJECT / "requirements/runtime.txt"


def _pip(plan: Plan, *words: str) -> None:
    """Run this environment's pip with its own settings: where packages come from is this host's matter."""
    command = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words)
    done = subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": str(plan.epoch)}, check=False)
    if done.returncode != 0:
        raise BuildError(f"pip {words[0]} failed")


def fetch(plan: Plan) -> None:
    """Bring the locked wheels into the cache, each proved by its hash; again only when the lock has changed."""
    folder, stamp = plan.cache / "wheels", plan.cache / "wheels.lock"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    _pip(plan, "wheel", "--require-hashes", "--no-deps", "-r", str(LOCK), "-w", str(folder))
    stamp.write_text(wanted)


def build_own(plan: Plan) -> Path:
    """Make the project's own wheel; return where it is."""
    folder = plan.work / "own"
    shutil.rmtree(folder, ignore_errors=True)
    _pip(plan, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(PROJECT))
    return next(folder.glob("shuxiang-*.whl"))


def install(plan: Plan) -> list[Path]:
    """Make the environment in the tree and return the wheels that it is of, the project's own last.

    Raises:
        BuildError: a wheel is missing or does not fit.
    """
    wheels = [*sorted((plan.cache / "wheels").glob("*.whl")), build_own(plan)]
    inside = plan.tree / "tmp/wheels"
    inside.mkdir(parents=True)
    for wheel in wheels:
        shutil.copyfile(wheel, inside / wheel.name)
    # pip is lent to the tree for the time of the installation, it does not stay.
    shutil.copytree(Path(pip.__file__).parent, plan.tree / "tmp/lent/pip", ignore=shutil.ignore_patterns("__pycache__"))
    python = f"/{PLACE}/bin/python"
    run_inside(plan, ("/usr/bin/python3", "-m", "venv", "--without-pip", f"/{PLACE}"))
    words = (
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-compile",
        "--no-cache-dir",
        "--root-user-action=ignore",
    )
    files = [f"/tmp/wheels/{wheel.name}" for wheel in wheels]  # noqa: S108 -- in the tree
    lent = ("/usr/bin/env", "PYTHONPATH=/tmp/lent", "PYTHONDONTWRITEBYTECODE=1")
    run_inside(plan, (*lent, python, "-m", "pip", "--disable-pip-version-check", *words, *files))
    _prune(plan.tree / PLACE)
    shutil.rmtree(plan.tree / "tmp/wheels")
    shutil.rmtree(plan.tree / "tmp/lent")
    return wheels


def _prune(place: Path) -> None:
    """Leave out what a county has no use for: the builder's side of the project, pip, other packages' commands."""
    site = place / "lib/python3.11/site-packages"
    for path in [*(site / "packager").iterdir(), *site.glob("pip"), *site.glob("pip-*")]:
        if path.name not in ("__init__.py", "format"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (place / "bin").iterdir():
        if path.name not in ("appliance", "python", "python3", "python3.11"):
            path.unlink()
