"""Our reading of signed metadata, in strict mode, as a client for the conformance suite of TUF (tuf-conformance).

    shuxiang-tuf-conformance --metadata-dir DIR init ROOT
    shuxiang-tuf-conformance --metadata-dir DIR --metadata-url URL refresh
    shuxiang-tuf-conformance --metadata-dir DIR --metadata-url URL --target-name NAME --target-base-url URL
        --target-dir DIR download

It follows TUF's client workflow to the letter: expiry by the machine's clock, no admission of older drives, no floors,
no notices. What it shares with a box is the code that reads: the bounds, the fetcher that looks at everything first,
the scratch folder from which only what was proved is kept, and our durable writer (docs/tuf-conformance.md).
"""

from __future__ import annotations

import argparse
import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.exceptions import DownloadError, RepositoryError

from packager.format.errors import TrustError, UnreadableError
from packager.format.files import RealFiles
from packager.format.repository import Read
from packager.format.strict import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 30.0
_DONE, _NOT_DONE = 0, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, or 1 when any part of it was not done."""
    arguments = _parser().parse_args(argv)
    files = RealFiles()
    files.make_dir(arguments.metadata_dir)
    if arguments.command == "init":
        files.write_atomic(arguments.metadata_dir / "root.json", arguments.trusted_root.read_bytes())
        return _DONE
    try:
        read = _reader(arguments.metadata_url, arguments.target_base_url)
        client = Client(arguments.metadata_dir, read, files)
        if arguments.command == "refresh":
            client.refresh()
        else:
            client.download(arguments.target_name, arguments.target_dir)
    except (TrustError, RepositoryError, DownloadError, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return _NOT_DONE
    return _DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shuxiang-tuf-conformance", allow_abbrev=False)
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url", default="")
    parser.add_argument("--target-name", default="")
    parser.add_argument("--target-base-url", default="")
    parser.add_argument("--target-dir", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("trusted_root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


def _reader(metadata_url: str, targets_url: str) -> Read:
    """Read `metadata/…` and `targets/…` over HTTP; names are sent as they are, whoever made them quoted them."""
    bases = {"metadata": metadata_url, "targets": targets_url}
    for base in filter(None, bases.values()):
        if urllib.parse.urlsplit(base).scheme not in {"http", "https"}:
            raise ValueError(f"{base} is no address of a web server")

    def read(name: str, max_size: int) -> bytes:
        kind, _, rest = name.partition("/")
        try:
            with urllib.request.urlopen(f"{bases[kind].rstrip('/')}/{rest}", timeout=_TIMEOUT) as answer:  # noqa: S310
                content: bytes = answer.read(max_size + 1)
        except urllib.error.HTTPError as error:
            if error.code in {403, 404}:
                raise FileNotFoundError(name) from error
            raise UnreadableError(f"cannot be read: {error}", path=name) from error
        except (OSError, http.client.HTTPException) as error:
            raise UnreadableError(f"cannot be read: {error}", path=name) from error
        if len(content) > max_size:
            raise UnreadableError("is too large", path=name, expected=f"at most {max_size} bytes")
        return content

    return read


if __name__ == "__main__":
    sys.exit(main())
