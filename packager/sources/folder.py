"""A source folder: `catalogue.csv` or `catalogue.jsonl`, and beside it the files that it names.

Reading streams: only digests of the ids are held (about 10 bytes each, at most 5 million), and the first 10,000
problems. What cannot be taken is reported with its line, and the rest goes on:

    a row without id or title, with a used id, or unreadable      not kept
    a column, word or number that is not understood               kept, reported
    a file that is missing, empty, a folder, a link, outside      the resource is kept with its other files
    all files of a row missing                                    kept as a catalogue entry (目录)

Ids are compared without case. `local:` ids belong to the libraries and are refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.columns import column_name, unknown_column
from indexer.errors import RecordError
from indexer.model import Resource
from indexer.records import SourceRecord, object_to_record, row_to_record
from packager.errors import SourceError
from packager.sources.files import FileRefusedError, FolderFiles, SourceFile
from packager.sources.id_set import IdSet
from packager.sources.tables import RawRow, read_csv, read_jsonl, table_encoding

__all__ = ["MAX_PROBLEMS", "MAX_RECORDS", "Problem", "Source", "SourceEntry", "SourceFile", "open_source"]

MAX_RECORDS = 5_000_000
MAX_PROBLEMS = 10_000
_NAMES = ("catalogue.csv", "catalogue.jsonl")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the source that a person should look at.

    Attributes:
        line: 1-based physical line of the catalogue, 0 when the file as a whole is meant.
        id: of the resource, empty when unknown. field: column or file name, empty for the row.
        reason: one sentence for the people who keep the catalogue.
        kept: whether the resource is packed all the same.
    """

    line: int
    id: str
    field: str
    reason: str
    kept: bool


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A resource of the source with its files, in the order of the row; without files it is a catalogue entry."""

    resource: Resource
    files: tuple[SourceFile, ...] = ()
    warnings: tuple[str, ...] = ()
    line: int = 0


class Source:
    """The resources of a source folder, read anew by each iteration.

    Attributes:
        folder: the folder. catalogue: its catalogue file.
        problems: the first `MAX_PROBLEMS` of the last iteration, in the order of the lines.
        problem_count: how many there were.
    """

    def __init__(self, folder: Path, catalogue: Path) -> None:
        """Use `open_source`."""
        self.folder, self.catalogue = folder, catalogue
        self.encoding = table_encoding(catalogue)
        self.problems: list[Problem] = []
        self.problem_count = 0
        self._files = FolderFiles(folder)
        self._ids = IdSet()
        self._reported: set[str] = set()

    def __iter__(self) -> Iterator[SourceEntry]:
        """The resources in the order of the catalogue.

        Raises:
            SourceError: the catalogue has no usable header, or more than `MAX_RECORDS` records.
            OSError: the catalogue cannot be read.
        """
        self.problems, self.problem_count = [], 0
        self._ids, self._reported = IdSet(), set()
        self._files = FolderFiles(self.folder)
        for record in self._csv_records() if self.catalogue.suffix == ".csv" else self._json_records():
            identity = record.resource.id.casefold()
            if record.resource.id.startswith("local:"):
                self._report(record.line, record.resource.id, "id", "“local:”开头的编号留给各馆自己使用", kept=False)
            elif not self._ids.add(identity):
                self._report(record.line, record.resource.id, "id", "编号重复（不分大小写），只收第一条", kept=False)
            elif len(self._ids) > MAX_RECORDS:
                raise SourceError(f"{self.catalogue.name}：超过 {MAX_RECORDS:,} 条，请分成几个目录")
            else:
                yield self._entry(record)

    def _report(self, line: int, identity: str, field: str, reason: str, *, kept: bool) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, _shown(identity), _shown(field), _shown(reason), kept))

    def _csv_records(self) -> Iterator[SourceRecord]:
        header: list[str] | None = None
        for raw in read_csv(self.catalogue, self.encoding):
            if header is None:
                header = self._header(raw)
            elif raw.fault:
                self._report(raw.line, "", "", raw.fault, kept=False)
            elif any(cell.strip() for cell in raw.value):
                yield from self._record(raw, self._row(raw, header))

    def _header(self, raw: RawRow) -> list[str]:
        if raw.fault:
            raise SourceError(f"{self.catalogue.name}：第一行（栏目名）读不出：{raw.fault}")
        header = [column_name(cell[:200]) for cell in raw.value[:500]]
        for name in ("id", "title"):
            if name not in header:
                raise SourceError(f"{self.catalogue.name}：第一行里没有“{name}”栏")
        return header

    def _row(self, raw: RawRow, header: list[str]) -> dict[str, str]:
        """Column → cell. Cells of one column twice are joined; cells beyond the header are reported."""
        row: dict[str, str] = {}
        for name, cell in zip(header, raw.value, strict=False):
            if cell and name:
                row[name] = f"{row[name]};{cell}" if name in row else cell
        if any(cell.strip() for cell in raw.value[len(header) :]):
            self._report(raw.line, row.get("id", "")[:80], "", "这一行的格数比栏目多，多出的没有收", kept=True)
        elif len(raw.value) < len(header):
            self._report(raw.line, row.get("id", "")[:80], "", "这一行的格数比栏目少，缺的按空白处理", kept=True)
        return row

    def _json_records(self) -> Iterator[SourceRecord]:
        for raw in read_jsonl(self.catalogue, self.encoding):
            if raw.fault:
                self._report(raw.line, "", "", raw.fault, kept=False)
            else:
                yield from self._record(raw, raw.value)

    def _record(self, raw: RawRow, data: object) -> Iterator[SourceRecord]:
        """The record of a row, or nothing and a problem."""
        identity = str(data.get("id", ""))[:80] if isinstance(data, Mapping) else ""
        try:
            record = (
                row_to_record(data, raw.line)
                if self.catalogue.suffix == ".csv" and isinstance(data, Mapping)
                else object_to_record(data, raw.line)
            )
        except RecordError as error:
            self._report(raw.line, identity, error.field, error.reason, kept=False)
            return
        if raw.note:
            self._report(raw.line, record.resource.id, "", raw.note, kept=True)
        self._warnings(record)
        yield record

    def _warnings(self, record: SourceRecord) -> None:
        """Report a record's warnings; a column that is not known only the first time."""
        unknown = {unknown_column(e.name): e.name for e in record.resource.extra}
        for warning in record.warnings:
            name = unknown.get(warning)
            if name is None:
                self._report(record.line, record.resource.id, "", warning, kept=True)
            elif name not in self._reported and len(self._reported) < MAX_PROBLEMS:
                self._reported.add(name)
                self._report(record.line, record.resource.id, name, warning, kept=True)

    def _entry(self, record: SourceRecord) -> SourceEntry:
        files: dict[str, SourceFile] = {}
        for name in record.files:
            for found in self._find(record, name):
                if found.name in files:
                    self._report(record.line, record.resource.id, name[:200], "同一个文件写了两次", kept=True)
                files.setdefault(found.name, found)
        if record.files and not files:
            self._report(record.line, record.resource.id, "files", "所列文件一个也没有，只作目录收入", kept=True)
        return SourceEntry(record.resource, tuple(files.values()), record.warnings, record.line)

    def _find(self, record: SourceRecord, name: str) -> list[SourceFile]:
        """The file of a name, or the files of a name with full-width semicolons when no file has that whole name."""
        try:
            return [self._files.find(name)]
        except FileRefusedError as error:
            parts = [p.strip() for p in name.split("；") if p.strip()]
            if len(parts) > 1:
                return [file for part in parts for file in self._find(record, part)]
            self._report(record.line, record.resource.id, name[:200], str(error), kept=True)
            return []


def _shown(text: str) -> str:
    """A text of the source as it can be written down: lone surrogates, controls and direction marks as escapes."""
    return "".join(c if c.isprintable() or c == "\u3000" else ascii(c)[1:-1] for c in text[:500])


def open_source(folder: Path) -> Source:
    """The source in `folder`.

    Raises:
        SourceError: there is no catalogue in it, or it is a link.
        OSError: the folder cannot be read.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}：不是文件夹")
    found = {p.name.lower(): p for p in sorted(folder.iterdir(), reverse=True) if p.name.lower() in _NAMES}
    for name in _NAMES:
        if name in found:
            if found[name].is_symlink() or not found[name].is_file():
                raise SourceError(f"{name}：不是普通文件")
            return Source(folder, found[name])
    raise SourceError(f"{folder}：里面没有 catalogue.csv 或 catalogue.jsonl")
