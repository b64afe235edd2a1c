"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packager.capacity import parse_sizes
from packager.production.image import CAPACITY
from packager.production.readme import Sender

if TYPE_CHECKING:
    import argparse


def parse_size(text: str) -> int:
    """Bytes of one size: 4TB, 64MiB, 4000787030016.

    Raises:
        ValueError: it is none, or several.
    """
    (size,) = parse_sizes(text)
    return size


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of an image."""
    parser.add_argument("--disk", metavar="块号", type=int, help="套内第几块；只有一块时不用写")
    parser.add_argument(
        "--size", metavar="容量", type=parse_size, default=CAPACITY, help="同批最小一块硬盘的容量，如 4TB；映像不会更大"
    )
    add_sender(parser)


def add_sender(parser: argparse.ArgumentParser) -> None:
    """Add the options that say who stands behind a drive."""
    sender = Sender()
    parser.add_argument("--issuer", metavar="单位", default=sender.issuer, help="签发单位，印在标签和说明上")
    parser.add_argument("--support", metavar="单位", default=sender.support, help="技术支持的单位；不写则留空待填")
    parser.add_argument("--phone", metavar="电话", default=sender.phone, help="技术支持的电话")


def sender_of(arguments: argparse.Namespace) -> Sender:
    """Who stands behind the drives of a command."""
    return Sender(arguments.issuer, arguments.support, arguments.phone)
