"""The long form: `python -m tests.fuzz NAME --seconds 600 [--jobs 3] [--report docs/fuzzing.md]`; NAME may be `all`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.report import Result, write_report
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

HANGS = 300
"""Seconds after which an input that has not come back is a finding, however busy the machine is."""
_STATUS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")


@dataclass(frozen=True)
class Options:
    """seconds: for each target; artifacts: where inputs that are findings are kept."""

    seconds: int
    artifacts: Path


def fuzz(target: Target, options: Options) -> Result:
    """Run one target to its end, or to its first finding."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for n, seed in enumerate(target.seeds()):
            (corpus / f"seed-{n:03}").write_bytes(seed)
        stats = Path(folder) / "stats.json"
        command = [
            sys.executable, "-m", "tests.fuzz.child", target.name, str(stats), str(corpus),
            f"-max_total_time={options.seconds}", f"-max_len={target.max_len}", f"-rss_limit_mb={target.memory}",
            f"-timeout={HANGS}", f"-artifact_prefix={options.artifacts}/{target.name}-",
            "-print_final_stats=0", "-reload=0",
        ]  # fmt: skip
        code, said, cpu = _run(command, Path(folder) / "said")
        facts = json.loads(stats.read_text()) if stats.exists() else {}
    covered = _STATUS.findall(said) or [("0", "0", "0")]
    finding = "" if code == 0 else _finding(said)
    return Result(
        name=target.name,
        day=dt.datetime.now(dt.UTC).date().isoformat(),  # noqa: TID251
        seconds=round(facts.get("seconds", 0)),
        cpu=round(cpu),
        executions=facts.get("executions", 0),
        taken=facts.get("taken", 0),
        edges=int(covered[-1][0]),
        features=int(covered[-1][1]),
        corpus=int(covered[-1][2]),
        slowest=facts.get("slowest", 0.0),
        slowest_size=len(facts.get("input", "")) // 2,
        memory=facts.get("memory", 0),
        finding=finding,
    )


def _run(command: list[str], output: Path) -> tuple[int, str, float]:
    """Run a child to its end: its exit code, what it said, and the CPU seconds (user and system) that it spent."""
    with output.open("wb") as file:
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[2])
        _, status, usage = os.wait4(child.pid, 0)  # the one call that says what this child alone has spent
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, output.read_bytes().decode("utf-8", "replace"), usage.ru_utime + usage.ru_stime


def _finding(said: str) -> str:
    """The line that names what went wrong."""
    lines = [
        line
        for line in said.splitlines()
        if re.match(r"(\w+\.)*\w*(Error|Exception)\b|ERROR: libFuzzer|==\d+== ?ERROR", line)
    ]
    return (lines or said.strip().splitlines()[-1:] or ["ended"])[0][:200]


def main() -> int:
    """Run what is asked for; the exit code says whether there was a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="+", choices=[*TARGETS, "all"], metavar="NAME")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--jobs", type=int, default=1, help="targets side by side")
    parser.add_argument("--report", type=Path, help="write or renew the table of this document")
    parser.add_argument("--artifacts", type=Path, default=Path(tempfile.gettempdir()), help="where findings are kept")
    arguments = parser.parse_args()
    options = Options(arguments.seconds, arguments.artifacts)
    options.artifacts.mkdir(parents=True, exist_ok=True)
    names = [name for name in TARGETS if {name, "all"} & set(arguments.names)]
    found = False
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for done in as_completed([pool.submit(fuzz, TARGETS[name], options) for name in names]):
            result = done.result()
            sys.stdout.write(result.line() + "\n")
            sys.stdout.flush()
            found = found or bool(result.finding)
            if arguments.report is not None:
                write_report(arguments.report, [result])
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
