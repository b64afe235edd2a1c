"""The newest signed lists of an origin, brought to a scratch folder and proved on the way."""

from __future__ import annotations

from pathlib import Path

from packager.format.errors import UnreadableError
from packager.format.origin import OriginError, get
from packager.format.repository import Read, verify

DEADLINE_SECONDS = 30.0
"""For one file."""


def fetch_lists(address: str, root: bytes, scratch: Path, *, deadline: float = DEADLINE_SECONDS) -> Path:
    """Bring the signed metadata of an origin to `scratch`/tuf, where the trust store takes it.

    Args:
        address: of the origin.
        root: bytes of a root that this box trusts, to begin at.
        scratch: an empty folder of our own.
        deadline: seconds for one file.

    Returns:
        The folder.

    Raises:
        UnreadableError: the origin cannot be reached, or sends what no origin sends.
        TrustError: what it sends is refused.
        OSError: our own disk is full or does not answer.
    """
    verified = verify(reader_of(address, deadline), root)
    folder = scratch / "tuf"
    for name, content in verified.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def reader_of(address: str, deadline: float) -> Read:
    """Read a repository below `<address>/tuf`."""

    def read(name: str, most: int) -> bytes:
        try:
            content = get(address, f"tuf/{name}", most, deadline)
        except (OriginError, OSError) as error:
            raise UnreadableError(f"cannot be fetched: {error}", path=name) from error
        if content is None:
            raise FileNotFoundError(name)
        return content

    return read
