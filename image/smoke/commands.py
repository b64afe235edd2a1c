"""`python -m image.smoke`: the shipped image, looked at from outside. `--one` is the one boot of every change."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
from pathlib import Path

from image.smoke.box import missing_programs
from image.smoke.boxes import make_boxes
from image.smoke.errors import MachineError
from image.smoke.inputs import BOOTED, Booted, inputs_digest
from image.smoke.releases import ROOT, make_releases
from image.smoke.report import Report, file_digest
from image.smoke.run import TITLE, Run
from image.smoke.stories import ALL, STORIES

BUILD = ROOT / "build/image"
CANNOT = 3
"""Exit code: nothing was looked at, for want of an image or of tools."""


def main(argv: list[str] | None = None) -> int:
    """Run the checks; 0 when all found what they must, 1 when one did not, 3 when none could be made."""
    arguments = _parser().parse_args(argv)
    stories = ["one"] if arguments.one else arguments.stories or list(ALL)
    if missing := missing_programs():
        print(f"not looked at: these are missing: {' '.join(missing)}", file=sys.stderr)
        return CANNOT
    image = arguments.image or next(iter(sorted(BUILD.glob("*.img"))), None)
    if image is None or not image.is_file():
        print(f"not looked at: no image; make image builds one into {BUILD}", file=sys.stderr)
        return CANNOT
    scratch = arguments.scratch or Path(tempfile.mkdtemp(prefix="shuxiang-smoke-"))
    scratch.mkdir(parents=True, exist_ok=True)
    # The command line is where the clock is read.
    today = dt.datetime.now(dt.UTC).date().isoformat()  # noqa: TID251
    report = Report(image.name, file_digest(image), today, f"{os.cpu_count()} cores, software emulation.")
    inputs = inputs_digest()
    try:
        authority = scratch / "authority"
        if not authority.exists():  # the tools note in it what they signed
            shutil.copytree(arguments.authority or image.parent / "authority", authority)
        releases = make_releases(scratch / "releases", authority / "keys")
        boxes = make_boxes(scratch / "boxes", authority)
    except (MachineError, OSError) as error:
        print(f"drives and box files could not be made: {error}", file=sys.stderr)
        return 1
    pictures = arguments.pictures or scratch / "pictures"
    run = Run(image, scratch, authority, boxes, releases, report, pictures, arguments.newer, arguments.report)
    for name in stories:
        STORIES[name](run)
    print(report.markdown(TITLE))
    if not report.failed and arguments.note:
        BOOTED.write_text(Booted(inputs, report.sha256, report.date).to_text(), encoding="utf-8")
    if not arguments.scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m image.smoke", description=__doc__)
    parser.add_argument("stories", nargs="*", choices=[*STORIES, []], help="which; all but `one` by default")
    parser.add_argument("--one", action="store_true", help="the one boot of every change")
    parser.add_argument("--image", type=Path, help="the raw image; by default the one in build/image")
    parser.add_argument("--authority", type=Path, help="keys that the image trusts; by default beside the image")
    parser.add_argument("--scratch", type=Path, help="folder for disks, kept; what is in it is used again")
    parser.add_argument("--newer", type=Path, help="folder `system` of a newer build, for the update of the system")
    parser.add_argument("--pictures", type=Path, help="folder for pictures")
    parser.add_argument("--report", type=Path, help="write the report there, as Markdown")
    parser.add_argument("--note", action="store_true", help="when all is well, note the inputs as booted")
    return parser
