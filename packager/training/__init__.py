"""The training resources that every drive carries: the project's own manuals, sheets and samples.

`write_training` makes an ordinary source folder (catalogue.csv and files) with one resource of every kind that a
box must show: books as EPUB and PDF of one work, large pictures, a sequence of pictures, columns from right to
left, a children's book, a catalogue entry and a resource for the premises. The manuals are docs/staff-handbook.md
and docs/patrons-guide.md; the pictures are drawn. The same fonts and the same version give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from packager.training.contents import write_source
from packager.training.errors import TrainingError

__all__ = ["TrainingError", "write_training"]


def write_training(folder: Path, fonts: Path) -> Path:
    """Write the training resources as a source folder.

    Args:
        folder: made if it is missing; files of an earlier run are replaced, nothing else is touched.
        fonts: a folder that holds the web font slices of Noto Sans SC and Noto Serif SC (`*.woff2`), at any depth.

    Returns:
        `folder`, ready for `packager build`: catalogue.csv and files/<resource id>/.

    Raises:
        TrainingError: the fonts or the manuals' texts are missing.
        OSError: the folder cannot be written.
    """
    write_source(folder, fonts)
    return folder
