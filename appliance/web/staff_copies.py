"""给分馆做一份: what may be copied to an empty disk."""

from __future__ import annotations

from appliance.web.context import library, words


def copy_choices() -> tuple[tuple[str, str], ...]:
    """What may be copied now: value of the choice, and its words.

    First the library as it is, by bundle, where it is one drive; then drives whose edition it is not.
    """
    holdings = library().holdings
    whole = {release.folder: release for release in holdings.live() if release.disks == 1}
    found = [
        (
            f"bundle:{release.bundle}",
            words().label("staff.branch_library", bundle=release.name, edition=words().edition(release.edition)),
        )
        for release in whole.values()
    ]
    editions = {release.folder: release.edition for release in holdings.releases}
    for drive in holdings.drives:
        if drive.serves and not drive.duplicate and drive.folder not in whole:
            edition = words().edition(editions.get(drive.folder, ""))
            found.append((f"drive:{drive.key}", words().label("staff.branch_drive", drive=drive.name, edition=edition)))
    return tuple(found)
