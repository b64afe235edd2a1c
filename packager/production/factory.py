"""What a duplicating house gets: the image, its digest, numbers and labels for a lot, and how the lot will be judged.

The house copies the whole image byte by byte, so its drives differ only by their printed labels. Which drives will be
checked is drawn apart and never goes to the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.format.release import canonical_json
from packager.production.image import ImageOptions, make_image
from packager.production.label import Label, label_page
from packager.production.sampling import SamplingPlan, chance_of_acceptance, draw
from packager.production.serials import following, spaced
from provisioning.words import CHINESE, Words, numbers

if TYPE_CHECKING:
    from pathlib import Path

    from packager.format.files import Files
    from packager.production.facts import ImageFacts


@dataclass(frozen=True, slots=True)
class Lot:
    """An order to a duplicating house.

    Attributes:
        first: number of the first drive. plan: how the lot is judged. aql, level: what the plan was made from.
        sample: file for the drawn numbers, None for no drawing.
    """

    first: str
    plan: SamplingPlan
    aql: str
    level: str
    sample: Path | None = None


def make_package(work: Path, out: Path, options: ImageOptions, lot: Lot, files: Files) -> ImageFacts:
    """Make the folder for a duplicating house.

    Args:
        work: a signed work folder.
        out: the folder, made when absent.
        options: of the image.
        lot: the order.
        files: the writer.

    Raises:
        DriveError: as `image.make_image`.
        ValueError: the numbers do not suffice.
        OSError: the disk is full or does not answer.
    """
    serials = following(lot.first, lot.plan.lot)
    files.make_dir(out)
    image = out / "drive.img"
    facts = make_image(work, image, options, files)
    files.write_atomic(out / "SHA256SUMS", f"{facts.sha256}  {image.name}\n".encode("ascii"))
    lines = "".join(f"{n},{spaced(serial)}\r\n" for n, serial in enumerate(serials, 1))
    files.write_atomic(out / "serials.csv", ("\ufeff序号,编号\r\n" + lines).encode())
    labels = (Label(facts.release, facts.disk.n, serial, options.sender) for serial in serials)
    files.write_atomic(out / "labels.html", label_page(labels))
    files.write_atomic(out / "sampling.json", _plan_document(facts, lot))
    files.write_atomic(out / "instructions.txt", _instructions(facts, lot))
    if lot.sample is not None:
        drawn = "".join(f"{spaced(serial)}\n" for serial in draw(serials, lot.plan))
        files.write_atomic(lot.sample, drawn.encode("ascii"))
    return facts


def _plan_document(facts: ImageFacts, lot: Lot) -> bytes:
    plan = lot.plan
    return canonical_json(
        {
            "accept": plan.accept,
            "aql": lot.aql,
            "chance_of_acceptance_permille": {
                f"{percent}%": round(1000 * chance_of_acceptance(plan, plan.lot * percent // 100))
                for percent in (1, 2, 3, 5, 10)
            },
            "check": plan.size,
            "code_letter": plan.letter,
            "format": "shuxiang-sampling-1",
            "image_sha256": facts.sha256,
            "level": lot.level,
            "lot": plan.lot,
            "reject": plan.reject,
            "standard": "ISO 2859-1, single sampling, normal inspection",
        }
    )


def _instructions(facts: ImageFacts, lot: Lot) -> bytes:
    """instructions.txt: UTF-8 with byte order mark and CR LF."""
    words, plan = Words.load(CHINESE), lot.plan
    first, last = (spaced(serial) for serial in (lot.first, following(lot.first, plan.lot)[-1]))
    values: dict[str, str | int] = {
        "free": f"{facts.size:,}", "digest": facts.sha256, "first": first, "last": last, "count": plan.lot,
        "total": plan.size, "n": plan.accept, "left": plan.reject,
    }  # fmt: skip
    lines = [
        words.label("factory.title", edition=words.edition(facts.release.edition)),
        "",
        *(words.label(f"factory.step_{n}", **values) for n in range(1, 9)),
        "",
        words.label("factory.size", size=numbers.size(facts.size), bytes=f"{facts.size:,}"),
    ]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()
