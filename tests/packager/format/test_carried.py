"""What a drive carries of a release: lists side by side."""

from __future__ import annotations

import pytest

from packager.format.carried import carried
from packager.format.errors import FormatError
from packager.format.layout import CHUNK

NAMES = [f"data/aa/{n:020}.txt" for n in range(3)]
SIZES = [5, CHUNK + 1, 3 * CHUNK]
DIGESTS = ["0" * 64, "1" * 64, "2" * 64]


def lists(folder, manifest):
    (folder / "items").write_text("".join(f"{d} {s} {n}\n" for d, s, n in zip(DIGESTS, SIZES, NAMES, strict=True)))
    (folder / "manifest").write_text("".join(f"{digest}  {name}\n" for digest, name in manifest))
    return folder / "manifest", folder / "items"


@pytest.mark.parametrize("kept", [(0, 1, 2), (0,), (1, 2), (2,), ()])
def test_counts_what_is_on_the_drive_and_the_digests_of_all(tmp_path, kept):
    found = carried(*lists(tmp_path, [(DIGESTS[n], NAMES[n]) for n in kept]))
    assert found == (len(kept), sum(SIZES[n] for n in kept), 2 + 3)


@pytest.mark.parametrize(
    "manifest",
    [
        [*zip(DIGESTS, NAMES, strict=True), ("0" * 64, "data/zz/stranger")],
        [("0" * 64, "data/a/stranger"), *zip(DIGESTS, NAMES, strict=True)],
        [(DIGESTS[0], NAMES[0]), ("f" * 64, NAMES[1]), (DIGESTS[2], NAMES[2])],
        list(zip(DIGESTS, NAMES, strict=True))[::-1],
    ],
    ids=["more at the end", "more at the beginning", "another digest", "another order"],
)
def test_manifest_that_is_no_part_is_refused(tmp_path, manifest):
    with pytest.raises(FormatError):
        carried(*lists(tmp_path, manifest))
