"""Two people list the deltas of a release, in the same three steps as a release (`packager.signing`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packager.authority import Passphrases, read_published
from packager.delta.listing import unlisted
from packager.request import DELTAS, Change, Request, write_request
from packager.signing import SIGNERS, approve, finish
from provisioning.keys import load_key
from provisioning.roles import ONLINE_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from packager.format.files import Files
    from packager.format.release import Release


def request_deltas(work: Path, keys: Path, release: Release, day: date, files: Files) -> Request | None:
    """Ask for signatures on the deltas to `release` that stand in `work`; None when there is nothing to sign.

    Args:
        work: the work folder with the deltas.
        keys: a folder with `root.json` and the register.
        release: the release that they lead to, published.
        day: today.
        files: the writer.

    Raises:
        FormatError: a delta is malformed.
        TrustError: what was published before is not what was signed.
        OSError: a disk is full or does not answer.
    """
    before = read_published((keys / "tuf", work / "tuf"), (keys / "root.json").read_bytes())
    deltas = unlisted(work, before, release)
    if not deltas:
        return None
    change = Change(DELTAS, release.bundle, release.seq, day.isoformat(), deltas=deltas)
    return write_request(work, before, change, files)


def sign_deltas(
    work: Path,
    keys: Path,
    passphrases: Passphrases,
    release: Release,
    day: date,
    files: Files,
    *,
    signers: Sequence[str] = SIGNERS,
) -> int:
    """Request, approve and finish on one machine; arguments as `request_deltas` and `signing.sign_release`.

    Returns:
        How many deltas were listed.

    Raises:
        SigningError, PassphraseError, KeyFileError, TrustError, FormatError, OSError: as there.
    """
    request = request_deltas(work, keys, release, day, files)
    if request is None:
        return 0
    for name in signers:
        approve(work, keys, load_key(keys / f"{name}.pem", passphrases(name)), files)
    finish(work, keys, load_key(keys / f"{ONLINE_KEY}.pem", passphrases(ONLINE_KEY)), files)
    return len(request.change.deltas)
