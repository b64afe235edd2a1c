"""A process that turns parts of a truth file, or files of sections, into runs of an index.

`indexer.build_workers` starts it. It reads tasks from its standard input, a JSON object a line, and answers each with
one: the runs, or what went wrong. It ends when its input ends, so it never outlives the process that started it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from indexer.build_runs import Run, write_runs
from indexer.errors import IndexFormatError
from indexer.sections_runs import TextFile, write_section_runs
from indexer.truth_lines import MAX_LINE, read_record_lines


def serve() -> None:
    """Do tasks until there are no more."""
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"runs": [asdict(run) for run in (_of_texts(task) if "texts" in task else _of_records(task))]}
    except IndexFormatError as error:
        return {"path": error.path, "reason": error.reason}
    except Exception as error:  # noqa: BLE001 - what it was is told and raised by the other side
        return {"trouble": f"{type(error).__name__}: {error}"[:500]}


def _of_records(task: dict[str, Any]) -> Iterator[Run]:
    path = Path(task["path"])
    lines = _part(path, task["offset"], task["size"])
    records = (resource for resource, _ in read_record_lines(lines, path.name, task["line"]))
    return write_runs(records, Path(task["scratch"]), f"run-{task['line']}")


def _of_texts(task: dict[str, Any]) -> Iterator[Run]:
    texts = (TextFile(resource, item, Path(path), 0) for resource, item, path in task["texts"])
    return write_section_runs(texts, Path(task["scratch"]), f"run-{task['part']}")


def _part(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """The lines of a part of a file."""
    with path.open("rb") as file:
        file.seek(offset)
        while size > 0 and (line := file.readline(MAX_LINE + 1)):
            if len(line) > MAX_LINE:
                raise IndexFormatError(path.name, f"has a line of more than {MAX_LINE} bytes")
            size -= len(line)
            yield line
