"""Signed releases for the smoke run, made by the real tools: the sample bundle, and one long recording to pull away."""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

from image.smoke.errors import MachineError

ROOT = Path(__file__).resolve().parents[2]
RECORDING, NEWS = "SMOKE-1", "SMOKE-2"
"""Ids of the long recording, and of one that only the newer edition has."""
_RECORDING_MB, _NEWS_MB = 96, 24


@dataclass(frozen=True, slots=True)
class Releases:
    """Disk images of whole drives.

    Attributes:
        older, newer: two editions of one bundle, signed by the box's issuer.
        stranger: the older one, signed by somebody else.
        count: resources in the newer one. title: of one of them. recording, news: bytes of the two recordings' files.
        work, work_older: the work folders of both editions.
        update: folder of what lies on a stick that leads from the older edition to the newer one.
    """

    older: Path
    newer: Path
    stranger: Path
    title: str
    recording: bytes
    news: bytes
    work: Path
    work_older: Path
    update: Path


def packager(*arguments: str | Path, expect: tuple[int, ...] = (0, 1)) -> str:
    """Run the builder's command line.

    Raises:
        MachineError: it did not do it.
    """
    command = [sys.executable, "-m", "packager.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in expect:
        raise MachineError(f"packager {arguments[0]}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def make_releases(folder: Path, keys: Path) -> Releases:
    """Build, sign and image two editions, and one of a stranger; what is there already is kept.

    Args:
        folder: where; a gigabyte is enough.
        keys: the issuer's keys with their demonstration passphrases, whose root the box trusts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source"
    if not (source / "catalogue.csv").exists():
        fonts = ROOT / "appliance/web/static/vendor/fonts"
        packager("training", source, "--fonts", fonts)
        _add_recording(source, "smoke.wav", RECORDING, "试运行录音", _RECORDING_MB)
    work = folder / "work"
    images = {name: folder / f"drive-{name}.img" for name in ("older", "newer", "stranger")}
    if not images["older"].exists():
        _release(source, work, "2026-10-22", "2026.10", keys)
        packager("image", work, images["older"])
        shutil.copytree(work, folder / "work-older")
    if not images["stranger"].exists():
        strange = folder / "stranger"
        if not strange.exists():
            packager("keys", "init", strange, "--demonstration")
        other = folder / "work-stranger"
        shutil.rmtree(other, ignore_errors=True)
        _release(source, other, "2026-10-22", "2026.10", strange)
        packager("image", other, images["stranger"])
    if not images["newer"].exists():
        if not (source / "news.wav").exists():
            _add_recording(source, "news.wav", NEWS, "试运行新到录音", _NEWS_MB)
        _release(source, work, "2026-11-22", "2026.11", keys)
        packager("image", work, images["newer"])
    update = folder / "update"
    if not update.exists():
        packager("delta", folder / "work-older", "--work", work)
        packager("sign", work, "--keys", keys, "--passphrases", keys / "demonstration-passphrases.txt")
        packager("stick", work, update, "--keys", keys)
    rows = _rows(source)
    recording, news = (source / "smoke.wav").read_bytes(), (source / "news.wav").read_bytes()
    return Releases(
        images["older"],
        images["newer"],
        images["stranger"],
        rows[0]["title"],
        recording,
        news,
        work,
        folder / "work-older",
        update,
    )


def _release(source: Path, work: Path, issued: str, edition: str, keys: Path) -> None:
    packager("build", source, "--work", work, "--issued", issued, "--edition", edition, "--workers", "2")
    packager("sign", work, "--keys", keys, "--passphrases", keys / "demonstration-passphrases.txt")


def _rows(source: Path) -> list[dict[str, str]]:
    with (source / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _write(source: Path, rows: list[dict[str, str]]) -> None:
    with (source / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _add_recording(source: Path, name: str, resource: str, title: str, megabytes: int) -> None:
    """A recording of noise: nothing in it can be compressed, so it takes as long as a film to send."""
    chance = random.Random(megabytes)  # noqa: S311 - the same noise every time
    with wave.open(str(source / name), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(48_000)
        for _ in range(megabytes):
            out.writeframes(chance.randbytes(1 << 20))
    rows = _rows(source)
    row = {
        **rows[0], "id": resource, "title": title, "type": "audio", "files": name, "description": "",
        "creator": "", "contributor": "", "subject": "", "clc": "",
    }  # fmt: skip
    _write(source, [*rows, row])
