"""`classes.csv` of a source folder: what the catalogue's classifications call their places, and how these stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indexer.class_names import MAX_CLASSES, ClassName
from packager.sources.folder import Problem
from packager.sources.tables import read_csv, table_encoding

CLASSES_TABLE = "classes.csv"
_COLUMNS = {
    "scheme": "scheme", "code": "code", "name": "name", "parent": "parent",
    "分类法": "scheme", "类号": "code", "类名": "name", "上位类": "parent",
}  # fmt: skip


def read_class_table(folder: Path, problems: list[Problem]) -> Iterator[ClassName]:
    """The places of a folder's `classes.csv`, in its order; none without the file.

    Args:
        folder: the source folder.
        problems: what cannot be taken is added.
    """
    path = folder / CLASSES_TABLE
    if path.is_symlink() or not path.is_file():
        return
    header: list[str] = []
    taken = 0
    for row in read_csv(path, table_encoding(path)):
        cells = [str(cell).strip() for cell in row.value] if isinstance(row.value, list | tuple) else []
        if not header:
            header = [_COLUMNS.get(cell.strip("\ufeff").lower(), "") for cell in cells]
            continue
        members = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        one = ClassName(*(members.get(name, "") for name in ("scheme", "code", "name", "parent")))
        if row.fault or not one.fits or taken >= MAX_CLASSES:
            reason = row.fault or "分类法、类号或类名缺少、太长或太多，没有收入"
            problems.append(Problem(line=row.line, id=one.code[:64], field=CLASSES_TABLE, reason=reason, kept=False))
            continue
        taken += 1
        yield one
