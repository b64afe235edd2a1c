"""`python -m provisioning.flash`, where the command stands alone."""

from __future__ import annotations

import argparse
import sys

from provisioning.flash.commands import add_flash_command, run


def main(argv: list[str] | None = None) -> int:
    """Write one disk; returns the exit code."""
    parser = argparse.ArgumentParser(prog="provisioning")
    add_flash_command(parser.add_subparsers(required=True, metavar="命令"))
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
